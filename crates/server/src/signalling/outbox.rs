//! Where what the switch says goes: sockets, media workers, the store, live screens.

use crate::control::{Link, Live, LiveChange as Told};
use crate::media_workers::MediaWorkers;
use crate::store::{Writer, Written};
use pbx::UnixMillis;
use sip::{Flow, Transport};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use switch::{LiveChange, Now, Output, Switch};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

/// The control thread's ways out.
pub(crate) struct Outbox {
    pub(crate) udp: Arc<UdpSocket>,
    pub(crate) connections: HashMap<u64, mpsc::Sender<Vec<u8>>>,
    pub(crate) media: MediaWorkers,
    pub(crate) writer: Writer,
    pub(crate) live: Arc<Live>,
    failed: Vec<Flow>,
    records: Vec<Written>,
}

impl Outbox {
    pub(crate) fn new(udp: Arc<UdpSocket>, media: MediaWorkers, writer: Writer, live: Arc<Live>) -> Self {
        Self { udp, connections: HashMap::new(), media, writer, live, failed: Vec::new(), records: Vec::new() }
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
                    Output::Live(change) => self.tell(change, now.unix),
                    Output::Resolve { .. } => {}
                }
            }
            if self.failed.is_empty() {
                break;
            }
            for flow in std::mem::take(&mut self.failed) {
                switch.handle_send_failed(now, flow);
            }
        }
        if !self.records.is_empty() {
            self.writer.send(std::mem::take(&mut self.records));
        }
    }

    fn send(&mut self, switch: &mut Switch, flow: Flow, bytes: Vec<u8>) {
        if flow.transport == Transport::Udp {
            match self.udp.try_send_to(&bytes, flow.remote) {
                Ok(_) => {}
                // A full buffer loses a datagram as the network would; SIP sends it again.
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => self.failed.push(flow),
            }
            return switch.recycle(bytes);
        }
        let sent = self.connections.get(&flow.connection).is_some_and(|writes| writes.try_send(bytes).is_ok());
        if !sent {
            self.connections.remove(&flow.connection);
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
