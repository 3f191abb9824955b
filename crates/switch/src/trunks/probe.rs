//! OPTIONS to each target, which tells whether it lives and keeps the way through a NAT open (RFC 3261 11.1).

use super::request::Sent;
use super::target::Target;
use super::timer::TrunkTimer;
use crate::switch::{Now, Switch};
use pbx::CarrierId;
use sip::{Method, NameAddrText, OutOfDialog};
use std::time::Duration;

/// How often a target is probed.
const PROBE_EVERY: Duration = Duration::from_secs(30);
/// The first probe after the start or a change comes within this.
const PROBE_SOON: Duration = Duration::from_secs(1);
/// A probe that is not answered within this counts as missed.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);

impl Switch {
    /// Arms the first probe of a trunk that is probed.
    pub(super) fn probe_soon(&mut self, carrier: CarrierId, now: Now) {
        let is_probed = self.trunks.trunks.get(&carrier).is_some_and(|trunk| trunk.account.probes);
        if is_probed && !self.trunks.timers.is_set(TrunkTimer::Probe(carrier)) {
            let at = now.instant + self.trunks.chance.up_to(PROBE_SOON);
            self.trunks.timers.set(TrunkTimer::Probe(carrier), at);
        }
    }

    /// Probes every target of a trunk, and again after a while.
    pub(super) fn probe_all(&mut self, carrier: CarrierId, now: Now) {
        let Some(trunk) = self.trunks.trunks.get(&carrier).filter(|trunk| trunk.account.probes) else { return };
        let targets: Vec<Target> = trunk.targets.iter().map(|state| state.target).collect();
        for target in targets {
            self.probe(carrier, target, now);
        }
        let at = now.instant + self.trunks.chance.around(PROBE_EVERY);
        self.trunks.timers.set(TrunkTimer::Probe(carrier), at);
    }

    fn probe(&mut self, carrier: CarrierId, target: Target, now: Now) {
        let Some(trunk) = self.trunks.trunks.get(&carrier) else { return };
        let uri = format!("sip:{}", trunk.account.host);
        let us = format!("sip:sori@{}", self.configuration.host);
        let request = OutOfDialog {
            from: NameAddrText { display: String::new(), uri: us },
            contact_user: Some(trunk.contact_user().to_owned()),
            headers: vec![("Accept", "application/sdp".to_owned())],
            ..OutOfDialog::new(self.flow_to(target), Method::Options, &uri)
        };
        self.send_own(request, Sent::Probe(carrier, target), now);
        self.trunks.timers.set(TrunkTimer::Missed(carrier, target), now.instant + ANSWER_WITHIN);
    }

    /// A probe was answered (with whatever status), or could not be sent.
    pub(super) fn probed(&mut self, carrier: CarrierId, target: Target, is_answered: bool, now: Now) {
        self.trunks.timers.cancel(TrunkTimer::Missed(carrier, target));
        let Some(trunk) = self.trunks.trunks.get_mut(&carrier) else { return };
        if is_answered {
            trunk.answered(target, true);
        } else if let Some(state) = trunk.target_mut(target) {
            state.unreachable();
        }
        self.doubt(carrier, target, now);
    }

    /// The time for the answer to a probe is over.
    pub(super) fn probe_missed(&mut self, carrier: CarrierId, target: Target, now: Now) {
        for sent in self.trunks.requests.values_mut() {
            if *sent == Sent::Probe(carrier, target) {
                *sent = Sent::LateProbe(carrier, target);
            }
        }
        if let Some(state) = self.trunks.trunks.get_mut(&carrier).and_then(|trunk| trunk.target_mut(target)) {
            state.missed_probe();
        }
        self.doubt(carrier, target, now);
    }

    /// One miss may be a lost packet: the next probe follows at once.
    fn doubt(&mut self, carrier: CarrierId, target: Target, now: Now) {
        let state = self.trunks.trunks.get_mut(&carrier).and_then(|trunk| trunk.target_mut(target));
        if state.is_some_and(|state| state.is_doubted()) {
            self.probe(carrier, target, now);
        }
        self.tell_trunk(carrier, now);
    }
}
