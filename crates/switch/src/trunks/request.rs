//! The trunks' own requests, REGISTER and OPTIONS, and their answers.

use super::Trunks;
use super::target::Target;
use crate::switch::{Now, Switch};
use pbx::CarrierId;
use sip::{ClientTransactionId, Flow, OutOfDialog, Response};

/// What a request of a trunk was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// To register or to refresh.
    Register(CarrierId),
    /// To un-register; nobody looks at the answer but who waits for the end.
    Leave,
    /// To see whether a target lives.
    Probe(CarrierId, Target),
    /// The same, but the time in which it counts as answered is over. Late is still alive.
    LateProbe(CarrierId, Target),
}

impl Switch {
    /// The flow to a target. Its connection, where it needs one, is found or made by whoever sends.
    pub(crate) fn flow_to(&self, target: Target) -> Flow {
        let Target { transport, address } = target;
        Flow { transport, local: self.local_towards(transport, address), remote: address, connection: 0 }
    }

    pub(super) fn send_own(&mut self, request: OutOfDialog, sent: Sent, now: Now) -> ClientTransactionId {
        let transaction = self.endpoint.send(now.instant, request);
        self.trunks.requests.insert(transaction, sent);
        transaction
    }

    /// The final response to a request of the switch's own, or none.
    pub(crate) fn on_own_response(&mut self, id: ClientTransactionId, response: Option<&Response>, now: Now) {
        match self.trunks.requests.remove(&id) {
            Some(Sent::Register(carrier)) => self.registered(carrier, response, now),
            Some(Sent::Probe(carrier, target)) => self.probed(carrier, target, response.is_some(), now),
            Some(Sent::LateProbe(carrier, target)) if response.is_some() => self.probed(carrier, target, true, now),
            Some(Sent::LateProbe(..) | Sent::Leave) | None => {}
        }
    }
}

impl Trunks {
    /// Answers to what a carrier was asked before are of no interest any more, except to un-registering.
    pub(super) fn forget_requests_of(&mut self, carrier: CarrierId) {
        self.requests.retain(|_, sent| match sent {
            Sent::Leave => true,
            Sent::Register(id) | Sent::Probe(id, _) | Sent::LateProbe(id, _) => *id != carrier,
        });
        self.queries.retain(|_, query| query.carrier != carrier);
    }
}
