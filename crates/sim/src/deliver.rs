//! How messages, packets, orders and tellings get from one part of the world to another.

use crate::description;
use crate::glance::Glance;
use crate::ladder::End;
use crate::network::{Lane, Parcel};
use crate::workspace;
use crate::world::{SERVER, World};
use media::{Command, Source};
use sip::{Flow, Transmit, Transport};
use std::time::Duration;
use switch::Output;

/// The switch hears of a broken connection within this, milliseconds.
const BROKEN_WITHIN_MS: u64 = 20_000;

impl World {
    pub(crate) fn deliver(&mut self, parcel: Parcel) -> Result<(), String> {
        let now = self.clock.now();
        match parcel {
            Parcel::ToSwitch(agent, flow, bytes) => {
                if let Some(glance) = Glance::at(&bytes) {
                    let is_phone = self.agents.get(agent).is_some_and(|agent| agent.is_phone());
                    self.wire.arrived(self.clock.elapsed(), agent, is_phone, &glance);
                }
                self.switch.handle_message(now, flow, &bytes);
                self.flush_switch()
            }
            Parcel::ToAgent(n, connection, bytes) => {
                let Some(agent) = self.agents.get_mut(n).filter(|agent| agent.connection == connection) else {
                    return Ok(());
                };
                agent.handle_message(now.instant, &bytes);
                self.flush_agent(n);
                Ok(())
            }
            Parcel::ToEngine(from, to, mut bytes) => {
                if let Some((leg, channel)) = self.sockets.leg_at(to) {
                    self.engine.handle_packet(now.instant, leg, channel, from, &mut bytes, &mut self.sockets);
                    self.flush_engine();
                }
                Ok(())
            }
            Parcel::Heard(n, at, bytes) => {
                if let Some(agent) = self.agents.get_mut(n) {
                    agent.handle_packet(now.instant, at, &bytes);
                }
                Ok(())
            }
            Parcel::Command(_, command) => {
                self.command(command);
                Ok(())
            }
            Parcel::Told(event) => {
                self.switch.handle_media(now, event);
                self.flush_switch()
            }
            Parcel::Closed(agent, connection) => {
                self.wire.lost(agent);
                self.switch.handle_connection_closed(now, connection);
                self.flush_switch()
            }
            Parcel::Unsent(flow) => {
                if let Some(agent) = self.by_address.get(&flow.remote) {
                    self.wire.lost(*agent);
                }
                self.switch.handle_send_failed(now, flow);
                self.flush_switch()
            }
        }
    }

    fn command(&mut self, command: Command) {
        let now = self.clock.instant();
        let leg = command.leg();
        let local = matches!(command, Command::Open { .. }).then(|| self.sockets.open(leg));
        let closes = matches!(command, Command::Close { .. });
        self.engine.handle_command(now, command, local, &mut self.sockets);
        self.flush_engine();
        if closes {
            self.sockets.close(leg);
        }
    }

    pub(crate) fn flush_switch(&mut self) -> Result<(), String> {
        let now = self.clock.instant();
        while let Some(transmit) = self.switch.poll_transmit() {
            self.carry_to_agent(transmit)?;
        }
        let mut records = Vec::new();
        while let Some(output) = self.switch.poll_output() {
            match output {
                Output::Media(call, command) => {
                    self.note(&command);
                    self.network.send_in_order(now, &self.setup.inside, Lane::Orders, Parcel::Command(call, command));
                }
                Output::Record(record) => records.push(record),
                Output::Live(_) | Output::Trace(_) | Output::Resolve { .. } => {}
            }
        }
        let all_there = self.everybody_is_there();
        self.calls.take(records, all_there, now)
    }

    fn carry_to_agent(&mut self, transmit: Transmit) -> Result<(), String> {
        let (now, flow) = (self.clock.instant(), transmit.flow);
        let Some(glance) = Glance::at(&transmit.bytes) else {
            return Err(format!("the switch sent what is no SIP: {}", String::from_utf8_lossy(&transmit.bytes)));
        };
        let Some(n) = self.by_address.get(&flow.remote).copied() else {
            return Err(format!("the switch sent to {}, where nobody is: {glance:?}", flow.remote));
        };
        let agent = &self.agents[n];
        let (gone, lines) = (agent.gone || agent.connection != flow.connection, lines(&agent.setup.name));
        let bytes = transmit.bytes;
        let will_arrive = if flow.transport == Transport::Udp {
            self.network.send(now, &self.setup.sip, Parcel::ToAgent(n, flow.connection, bytes.clone()))
        } else {
            let lane = Lane::Down(flow.connection);
            self.network.send_in_order(now, &self.setup.sip, lane, Parcel::ToAgent(n, flow.connection, bytes.clone()));
            true
        };
        self.ladder.arrow(self.clock.elapsed(), End::Sori, End::Agent(n), &glance, gone || !will_arrive);
        if gone && flow.transport == Transport::Udp && self.rng.chance(self.setup.unsent) {
            self.network.send_in_order(now, &self.setup.sip, Lane::Orders, Parcel::Unsent(flow));
        }
        self.switch.recycle(bytes);
        self.wire.sent(self.clock.elapsed(), n, &glance, lines)
    }

    pub(crate) fn flush_engine(&mut self) {
        let now = self.clock.instant();
        while let Some(event) = self.engine.poll_event() {
            self.network.send_in_order(now, &self.setup.inside, Lane::Tellings, Parcel::Told(event));
        }
        for (_, to, bytes) in self.sockets.sent.drain(..) {
            if let Some(n) = self.by_ip.get(&to.ip()) {
                self.network.send(now, &self.setup.media, Parcel::Heard(*n, to, bytes));
            }
        }
    }

    pub(crate) fn flush_agent(&mut self, n: usize) {
        let now = self.clock.instant();
        let Some(agent) = self.agents.get_mut(n) else { return };
        while let Some((from, to, bytes)) = agent.media.pop_front() {
            self.network.send(now, &self.setup.media, Parcel::ToEngine(from, to, bytes));
        }
        let connection = agent.connection;
        let flow = Flow { transport: agent.setup.transport, local: SERVER, remote: agent.setup.address, connection };
        while let Some(bytes) = agent.poll_transmit() {
            let glance = Glance::at(&bytes);
            let parcel = Parcel::ToSwitch(n, flow, bytes);
            let will_arrive = if flow.transport == Transport::Udp {
                self.network.send(now, &self.setup.sip, parcel)
            } else {
                self.network.send_in_order(now, &self.setup.sip, Lane::Up(connection), parcel);
                true
            };
            if let Some(glance) = glance {
                self.ladder.arrow(self.clock.elapsed(), End::Agent(n), End::Sori, &glance, !will_arrive);
            }
        }
        if let Some(broken) = agent.broken.take() {
            let link = crate::network::Link { loss: 0, duplicate: 0, delay_ms: 1..BROKEN_WITHIN_MS };
            self.network.send(now, &link, Parcel::Closed(n, broken));
        }
        for deed in agent.noted.drain(..) {
            self.ladder.note(self.clock.elapsed(), format!("{} {deed}", agent.setup.name));
        }
    }

    /// Draws what a media order means to people.
    fn note(&mut self, command: &Command) {
        self.learn_name(command);
        let name = |leg| self.leg_names.get(leg).map_or("?", String::as_str);
        let text = match command {
            Command::Play { leg, sources, .. } => {
                let what: Vec<String> = sources.iter().map(source).collect();
                format!("sori plays {} to {}", what.join(", "), name(leg))
            }
            Command::StopPlaying { leg } => format!("sori stops playing to {}", name(leg)),
            Command::Bridge { a, b } => format!("sori connects {} and {}", name(a), name(b)),
            Command::Echo { leg } => format!("sori echoes {}", name(leg)),
            Command::Record { leg, .. } => format!("sori records {}", name(leg)),
            _ => return,
        };
        self.ladder.note(self.clock.elapsed(), text);
    }

    /// A leg is called by the agent whose address stands in its session description.
    fn learn_name(&mut self, command: &Command) {
        let (Command::Open { leg, offer: Some(sdp), .. } | Command::Answer { leg, sdp }) = command else { return };
        let agent =
            description::read(sdp).and_then(|far| self.by_ip.get(&far.to.ip())).and_then(|n| self.agents.get(*n));
        if let Some(agent) = agent {
            self.leg_names.insert(*leg, agent.setup.name.clone());
        }
    }

    /// Time since the start of the run.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }
}

fn source(source: &Source) -> String {
    match source {
        Source::Prompt(key) => workspace::recording(*key),
        Source::Tone(tone) => match tone {
            media::ToneKind::Beep => "beep".to_owned(),
            _ => "ringback".to_owned(),
        },
        Source::Silence(_) => "silence".to_owned(),
    }
}

/// Calls the manager of a phone may have at once; carriers have as many as they like.
fn lines(phone: &str) -> usize {
    let manager = workspace::PHONES.iter().find(|p| p.0 == phone).map(|p| p.2);
    let lines = workspace::MANAGERS.iter().find(|m| Some(m.1) == manager).map(|m| m.3);
    lines.map_or(usize::MAX, usize::from)
}
