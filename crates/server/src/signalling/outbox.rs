//! Where what the switch says goes: sockets, media workers, the store, live screens.

use super::connector::Connector;
use super::rfc3263::Question;
use super::udp::UdpSockets;
use super::{Resolver, Signalling};
use crate::control::{Link, Live, LiveChange as Told};
use crate::media_workers::MediaWorkers;
use crate::store::{Writer, Written};
use pbx::UnixMillis;
use sip::{Flow, Transport};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use switch::{LiveChange, Now, Output, Switch};
use tokio::sync::mpsc;

/// The ways to far ends.
pub(crate) struct Network {
    pub(crate) udp: UdpSockets,
    /// Connections by number, theirs and ours.
    pub(crate) connections: HashMap<u64, mpsc::Sender<Vec<u8>>>,
    /// Those that we make.
    pub(crate) connector: Connector,
}

/// The way to the name servers.
pub(crate) struct Questions {
    pub(crate) resolver: Resolver,
    pub(crate) signalling: Signalling,
    pub(crate) pool: tokio::runtime::Handle,
}

impl Questions {
    fn ask(&self, query: switch::trunks::ResolveId, question: Question) {
        self.pool.spawn(self.resolver.clone().answer(query, question, self.signalling.clone()));
    }
}

impl Network {
    /// Hands a message to the connection of `flow`; `false` when there is none that takes it. One that takes nothing any more
    /// is cut off: its peer reads too slowly.
    fn hand_over(&mut self, flow: Flow, bytes: Vec<u8>) -> bool {
        if flow.connection == 0 {
            return self.connector.send(flow, bytes);
        }
        let taken = self.connections.get(&flow.connection).is_some_and(|writes| writes.try_send(bytes).is_ok());
        if !taken {
            self.connections.remove(&flow.connection);
        }
        taken
    }
}

/// The control thread's ways out.
pub(crate) struct Outbox {
    pub(crate) network: Network,
    questions: Questions,
    pub(crate) media: MediaWorkers,
    pub(crate) writer: Writer,
    pub(crate) live: Arc<Live>,
    failed: Vec<Flow>,
    records: Vec<Written>,
}

impl Outbox {
    pub(crate) fn new(
        network: Network,
        questions: Questions,
        media: MediaWorkers,
        writer: Writer,
        live: Arc<Live>,
    ) -> Self {
        Self { network, questions, media, writer, live, failed: Vec::new(), records: Vec::new() }
    }

    /// Empties the switch. What cannot be sent is told back to it, which may make it say more.
    pub(crate) fn flush(&mut self, switch: &mut Switch, now: Now) {
        loop {
            while let Some(transmit) = switch.poll_transmit() {
                self.send(switch, transmit.flow, transmit.bytes);
            }
            while let Some(output) = switch.poll_output() {
                match output {
                    Output::Media(call, command) => self.media.send(call, command),
                    Output::Record(record) => self.records.push(record.into()),
                    Output::Trace(trace) => self.records.push(Written::Trace(trace)),
                    Output::Resolve { query, host, port, transport, secure } => {
                        self.questions.ask(query, Question { host, port, transport, secure });
                    }
                    Output::Live(change) => self.tell(change, now.unix),
                }
            }
            if self.failed.is_empty() {
                break;
            }
            for flow in std::mem::take(&mut self.failed) {
                switch.handle_send_failed(now, flow);
            }
        }
        self.media.wake(now.instant);
        if !self.records.is_empty() {
            self.writer.send(std::mem::take(&mut self.records));
        }
    }

    fn send(&mut self, switch: &mut Switch, flow: Flow, bytes: Vec<u8>) {
        if flow.transport == Transport::Udp {
            match self.network.udp.send(&flow, &bytes) {
                Ok(_) => {}
                // A full buffer loses a datagram as the network would; SIP sends it again.
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => self.failed.push(flow),
            }
            return switch.recycle(bytes);
        }
        if !self.network.hand_over(flow, bytes) {
            self.failed.push(flow);
        }
    }

    fn tell(&self, change: LiveChange, at: UnixMillis) {
        let told = match change {
            LiveChange::Phone { phone, linked, user_agent, address } => {
                let mut links = self.live.links.write().unwrap_or_else(PoisonError::into_inner);
                let before = links.get(&phone);
                let same = before.is_some_and(|l| {
                    l.linked == linked && (!linked || (l.user_agent == user_agent && l.address == address))
                });
                if same || (before.is_none() && !linked) {
                    return;
                }
                let since = before.filter(|l| l.linked == linked).map_or(at, |l| l.since);
                links.insert(phone, Link { linked, since, user_agent, address });
                Told::Phone(phone)
            }
            LiveChange::Reachable { manager, device, count } => {
                let mut reachable = self.live.reachable.write().unwrap_or_else(PoisonError::into_inner);
                if count == 0 {
                    reachable.remove(&(manager, device));
                } else {
                    reachable.insert((manager, device), count);
                }
                Told::Manager(manager)
            }
            LiveChange::Trunk { carrier, status } => {
                let mut trunks = self.live.trunks.write().unwrap_or_else(PoisonError::into_inner);
                match status {
                    Some(status) => drop(trunks.insert(carrier, status)),
                    None => drop(trunks.remove(&carrier)),
                }
                Told::Carrier(carrier)
            }
        };
        // Nobody listening is no fault.
        let _ = self.live.changes.send(told);
    }
}
