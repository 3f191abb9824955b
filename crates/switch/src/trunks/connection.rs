//! Connections to registrars: calls come over the one we registered by, so that a binding is made anew when it is gone.

use super::target::Target;
use crate::switch::{Now, Switch};
use pbx::CarrierId;
use sip::Flow;

/// Connections remembered at most; beyond them a lost one is noticed by the next refresh only.
const MAX_CONNECTIONS: usize = 256;

impl Switch {
    /// A message came: over a connection to a registrar its number is kept.
    pub(crate) fn note_trunk_connection(&mut self, flow: Flow) {
        if !flow.transport.is_reliable() || self.trunks.by_contact.is_empty() {
            return;
        }
        let target = Target { transport: flow.transport, address: flow.remote };
        let is_registrar = self
            .trunks
            .trunks
            .values()
            .any(|trunk| trunk.registering.is_some() && trunk.targets.iter().any(|state| state.target == target));
        if is_registrar && self.trunks.connections.len() < MAX_CONNECTIONS {
            self.trunks.connections.insert(flow.connection, target);
        }
    }

    /// A connection closed; trunks that were registered over it register again at once.
    pub(crate) fn trunk_connection_closed(&mut self, connection: u64, now: Now) {
        let Some(target) = self.trunks.connections.remove(&connection) else { return };
        let lost: Vec<CarrierId> = self
            .trunks
            .trunks
            .iter()
            .filter(|(_, trunk)| trunk.registered_at(now.instant) == Some(target))
            .map(|(id, _)| *id)
            .collect();
        for carrier in lost {
            self.register_now(carrier, now);
        }
    }
}
