//! Registering at the carrier, so that it knows where to deliver calls (RFC 3261 10.2).

use super::Leaving;
use super::binding::{Next, retry_after};
use super::request::Sent;
use super::target::{Target, in_order};
use super::timer::TrunkTimer;
use crate::settings::{CarrierAccount, Registration};
use crate::switch::{Now, Switch};
use pbx::CarrierId;
use sip::{Method, NameAddrText, OutOfDialog, Response};
use std::time::Duration;

/// How long un-registering may take.
const LEAVE_WITHIN: Duration = Duration::from_secs(2);

/// `sip:user@domain`, with the user escaped where RFC 3261 25.1 asks for it.
pub(super) fn address_of_record(account: &CarrierAccount, registration: &Registration) -> String {
    let mut user = String::new();
    for byte in registration.user.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&byte) {
            user.push(char::from(byte));
        } else {
            user.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("sip:{user}@{}", account.host)
}

impl Switch {
    /// Registers now, unless an answer is waited for or nothing is known to send to.
    pub(super) fn register_now(&mut self, carrier: CarrierId, now: Now) {
        if self.trunks.leaving != Leaving::No {
            return;
        }
        let Some(trunk) = self.trunks.trunks.get_mut(&carrier) else { return };
        let registered = trunk.registered_at(now.instant);
        let target = in_order(&trunk.targets, registered, now.instant).first().copied();
        let Some(registering) = trunk.registering.as_mut().filter(|r| r.asking.is_none()) else { return };
        let Some(target) = target else { return };
        registering.asked = Some(target);
        let expires = registering.asked_seconds;
        let Some(request) = self.register_request(carrier, target, expires) else { return };
        let transaction = self.send_own(request, Sent::Register(carrier), now);
        if let Some(registering) = self.trunks.trunks.get_mut(&carrier).and_then(|t| t.registering.as_mut()) {
            registering.asking = Some(transaction);
        }
    }

    /// Registers when the trunk has no binding and does not pause.
    pub(super) fn register_if_due(&mut self, carrier: CarrierId, now: Now) {
        if !self.trunks.timers.is_set(TrunkTimer::Register(carrier)) {
            self.register_now(carrier, now);
        }
    }

    fn register_request(&mut self, carrier: CarrierId, target: Target, expires: u32) -> Option<OutOfDialog> {
        let flow = self.flow_to(target);
        let trunk = self.trunks.trunks.get_mut(&carrier)?;
        let registration = trunk.account.registration.as_ref()?;
        let registering = trunk.registering.as_mut()?;
        let party = NameAddrText { display: String::new(), uri: address_of_record(&trunk.account, registration) };
        Some(OutOfDialog {
            from: party.clone(),
            to: party,
            contact_user: Some(registration.contact_user.clone()),
            call_id: Some(registering.call_id.clone()),
            cseq: Some(registering.next_cseq()),
            headers: vec![("Expires", expires.to_string())],
            credentials: trunk.account.sip_credentials(),
            ..OutOfDialog::new(flow, Method::Register, &format!("sip:{}", trunk.account.host))
        })
    }

    /// The registrar answered, or did not.
    pub(super) fn registered(&mut self, carrier: CarrierId, response: Option<&Response>, now: Now) {
        let Some(trunk) = self.trunks.trunks.get_mut(&carrier) else { return };
        let Some(registering) = trunk.registering.as_mut() else { return };
        registering.asking = None;
        if let (Some(target), true) = (registering.asked, response.is_some()) {
            trunk.answered(target, false);
        }
        let next = match response.map(|response| (response.status(), response)) {
            Some((200..=299, response)) => trunk.take_grant(response, now.instant),
            Some((423, response)) if trunk.raise_expiry(response) => Next::At(Duration::ZERO),
            Some((status, response)) => trunk.take_refusal(status, retry_after(response), now.instant),
            None => trunk.take_silence(now.instant),
        };
        self.plan_register(carrier, next, now);
        self.tell_trunk(carrier, now);
    }

    fn plan_register(&mut self, carrier: CarrierId, next: Next, now: Now) {
        let chance = &mut self.trunks.chance;
        let after = match next {
            Next::At(Duration::ZERO) => return self.register_now(carrier, now),
            Next::At(after) => after,
            Next::Pause { longest, least } => chance.up_to(longest).max(least),
        };
        let bound = self.trunks.trunks.get(&carrier).and_then(|trunk| trunk.registering.as_ref()?.bound);
        if let Some((_, until)) = bound {
            self.trunks.timers.set(TrunkTimer::Expire(carrier), until);
        }
        self.trunks.timers.set(TrunkTimer::Register(carrier), now.instant + after);
    }

    /// Takes the binding back, so that the carrier delivers calls elsewhere. Nobody waits long for the answer.
    pub(super) fn unregister(&mut self, carrier: CarrierId, now: Now) {
        let Some(trunk) = self.trunks.trunks.get(&carrier) else { return };
        let bound = trunk.registered_at(now.instant);
        let asked = trunk.registering.as_ref().filter(|r| r.asking.is_some()).and_then(|r| r.asked);
        let Some(target) = bound.or(asked) else { return };
        let Some(request) = self.register_request(carrier, target, 0) else { return };
        self.send_own(request, Sent::Leave, now);
        self.trunks.timers.set(TrunkTimer::Left, now.instant + LEAVE_WITHIN);
    }

    /// Un-registers all trunks for good: the server is stopping. [`Switch::trunks_left`] says when that is done.
    pub fn leave_trunks(&mut self, now: Now) {
        if self.trunks.leaving != Leaving::No {
            return;
        }
        let carriers: Vec<CarrierId> = self.trunks.trunks.keys().copied().collect();
        self.trunks.leaving = Leaving::Asked;
        for carrier in carriers {
            self.trunks.timers.cancel_carrier(carrier);
            self.unregister(carrier, now);
            self.trunks.forget_requests_of(carrier);
        }
        self.pump(now);
    }

    /// Has [`Switch::leave_trunks`] been answered, or waited for long enough? At most two seconds.
    #[must_use]
    pub fn trunks_left(&self) -> bool {
        let waits = self.trunks.timers.is_set(TrunkTimer::Left);
        !waits || !self.trunks.requests.values().any(|sent| matches!(sent, Sent::Leave))
    }
}
