//! How messages, packets, orders and tellings get from one part of the world to another.

use crate::agent::Upset;
use crate::cast;
use crate::description;
use crate::glance::Glance;
use crate::ladder::End;
use crate::network::{Lane, Link, Parcel};
use crate::workspace;
use crate::world::{SERVER, World};
use media::{Command, Source};
use sip::{Flow, Transmit, Transport};
use std::time::Duration;
use switch::Output;

impl World {
    pub(crate) fn deliver(&mut self, parcel: Parcel) -> Result<(), String> {
        let now = self.clock.now();
        match parcel {
            Parcel::ToSwitch(agent, flow, bytes) => {
                if let (Some(glance), Some(sender)) = (Glance::at(&bytes), self.agents.get(agent)) {
                    self.wire.arrived(self.clock.elapsed(), agent, sender.is_phone(), &glance);
                    self.answers.arrived(self.clock.elapsed(), agent, &glance);
                    self.unheard.arrived(now.instant, &glance);
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
                self.answers.lost(agent);
                self.switch.handle_connection_closed(now, connection);
                self.flush_switch()
            }
            Parcel::Unsent(flow) => {
                if let Some(agent) = self.by_ip.get(&flow.remote.ip()) {
                    self.wire.lost(*agent);
                    self.answers.lost(*agent);
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
                _ => {}
            }
        }
        let all_there = self.everybody_is_there();
        self.calls.take(records, all_there, &self.agents, &self.unheard, now)
    }

    fn carry_to_agent(&mut self, transmit: Transmit) -> Result<(), String> {
        let (now, flow) = (self.clock.instant(), transmit.flow);
        if self.stranger.is_at(flow.remote) {
            self.stranger.hear(&transmit.bytes)?;
            self.switch.recycle(transmit.bytes);
            return Ok(());
        }
        let Some(glance) = Glance::at(&transmit.bytes) else {
            return Err(format!("the switch sent what is no SIP: {}", String::from_utf8_lossy(&transmit.bytes)));
        };
        let Some(n) = self.by_ip.get(&flow.remote.ip()).copied() else {
            return Err(format!("the switch sent to {}, where nobody is: {glance:?}", flow.remote));
        };
        let (agent, way) = (&self.agents[n], &self.ways[n]);
        let (gone, lines) = (agent.gone || agent.connection != flow.connection, lines(&agent.setup.name));
        let bytes = transmit.bytes;
        let will_arrive = if flow.transport == Transport::Udp {
            let is_open = !way.is_cut(now) && way.arrival(now, flow.local, flow.remote).is_some();
            let parcel = Parcel::ToAgent(n, flow.connection, bytes.clone());
            is_open && self.network.send(now, &self.setup.sip, parcel)
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
        self.answers.sent(self.clock.elapsed(), n, &glance);
        self.unheard.switch_sent(now, &glance);
        self.wire.sent(self.clock.elapsed(), n, &glance, lines)
    }

    pub(crate) fn flush_engine(&mut self) {
        let now = self.clock.instant();
        while let Some(event) = self.engine.poll_event() {
            self.network.send_in_order(now, &self.setup.inside, Lane::Tellings, Parcel::Told(event));
        }
        for (from, to, bytes) in self.sockets.sent.drain(..) {
            let Some(n) = self.by_ip.get(&to.ip()).copied() else { continue };
            let inside = self.ways.get(n).filter(|way| !way.is_cut(now)).and_then(|way| way.arrival(now, from, to));
            if let Some(at) = inside {
                self.network.send(now, &self.setup.media, Parcel::Heard(n, at, bytes));
            }
        }
    }

    pub(crate) fn flush_agent(&mut self, n: usize) {
        let now = self.clock.instant();
        self.suffer_upsets(n);
        let (Some(agent), Some(way)) = (self.agents.get_mut(n), self.ways.get_mut(n)) else { return };
        while let Some((from, to, bytes)) = agent.media.pop_front() {
            let source = way.source(now, from, to);
            if !way.is_cut(now) {
                self.network.send(now, &self.setup.media, Parcel::ToEngine(source, to, bytes));
            }
        }
        let (connection, address, transport) = (agent.connection, agent.setup.address, agent.setup.transport);
        while let Some(bytes) = agent.poll_transmit() {
            let remote = match transport {
                Transport::Udp => way.source(now, address, SERVER),
                _ => way.source_of_stream(now, connection, SERVER),
            };
            let flow = Flow { transport, local: SERVER, remote, connection };
            let glance = Glance::at(&bytes);
            let parcel = Parcel::ToSwitch(n, flow, bytes);
            let will_arrive = if flow.transport == Transport::Udp {
                !way.is_cut(now) && self.network.send(now, &self.setup.sip, parcel)
            } else {
                self.network.send_in_order(now, &self.setup.sip, Lane::Up(connection), parcel);
                true
            };
            if let Some(glance) = glance {
                self.unheard.agent_sent(now, &glance);
                self.ladder.arrow(self.clock.elapsed(), End::Agent(n), End::Sori, &glance, !will_arrive);
            }
        }
        for deed in agent.noted.drain(..) {
            self.ladder.note(self.clock.elapsed(), format!("{} {deed}", agent.setup.name));
        }
    }

    /// Lets happen to an agent's way what its deeds say.
    fn suffer_upsets(&mut self, n: usize) {
        let now = self.clock.instant();
        let (Some(agent), Some(way)) = (self.agents.get_mut(n), self.ways.get_mut(n)) else { return };
        for upset in std::mem::take(&mut agent.upsets) {
            match upset {
                Upset::Cut(time) => {
                    way.cut(now + time);
                    // A connection waits, and then brings everything in order.
                    self.network.hold(Lane::Up(agent.connection), now + time);
                    self.network.hold(Lane::Down(agent.connection), now + time);
                }
                Upset::Moved => {
                    self.moves += 1;
                    let public = cast::public_address(n, self.moves);
                    if way.restart(public) {
                        self.by_ip.insert(public, n);
                    }
                }
                Upset::Lost(connection) => {
                    let link = Link { loss: 0, duplicate: 0, delay_ms: self.setup.closed_within_ms.clone() };
                    self.network.send(now, &link, Parcel::Closed(n, connection));
                }
            }
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
