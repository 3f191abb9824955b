//! Registering at the carrier, so that it knows where to deliver calls (RFC 3261 10.2).

use super::request::Sent;
use super::state::{TrunkCondition, TrunkReason};
use super::target::{Target, in_order};
use super::timer::TrunkTimer;
use super::{Leaving, Trunk};
use crate::settings::{CarrierAccount, Registration};
use crate::switch::{Now, Switch};
use pbx::CarrierId;
use sip::{ClientTransactionId, HeaderName, Method, NameAddr, NameAddrText, OutOfDialog, Response};
use std::time::{Duration, Instant};

/// What is asked for. Short, so that a carrier forgets a machine that burnt down.
const ASKED_SECONDS: u32 = 600;
/// More is never asked for, whatever Min-Expires says.
const LONGEST_SECONDS: u32 = 86_400;
/// A binding is refreshed when this share of it has passed.
const REFRESH_AT: f64 = 0.8;
/// The soonest refresh, for a registrar that grants a second or two.
const SOONEST_REFRESH: Duration = Duration::from_secs(2);
/// The first pause after no target took the registration; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_secs(4);
/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// An account that is refused is tried this seldom: who asks more often is locked out by many carriers.
const REFUSED_PAUSE: Duration = Duration::from_secs(600);
/// How often 423 may raise the expiry before it counts as a failure.
const MAX_RAISES: u8 = 2;
/// Each REGISTER leaves room in CSeq for being repeated with credentials.
const CSEQ_STEP: u32 = 8;
/// How long un-registering may take.
const LEAVE_WITHIN: Duration = Duration::from_secs(2);

/// Where the registration of a trunk stands.
#[derive(Debug)]
pub(super) struct Registering {
    pub(super) asking: Option<ClientTransactionId>,
    /// The target that was asked last.
    asked: Option<Target>,
    /// The target that granted a binding, and when that runs out.
    bound: Option<(Target, Instant)>,
    is_refused: bool,
    reason: Option<TrunkReason>,
    call_id: String,
    cseq: u32,
    asked_seconds: u32,
    raises: u8,
    /// Targets that failed since the last success or pause.
    tried: usize,
    pauses: u32,
}

impl Registering {
    pub(super) fn new(random: [u64; 2]) -> Self {
        Self {
            asking: None,
            asked: None,
            bound: None,
            is_refused: false,
            reason: None,
            call_id: format!("{:016x}{:016x}", random[0], random[1]),
            cseq: 1,
            asked_seconds: ASKED_SECONDS,
            raises: 0,
            tried: 0,
            pauses: 0,
        }
    }

    pub(super) fn condition(&self, now: Instant) -> (TrunkCondition, Option<TrunkReason>) {
        if self.bound.is_some_and(|(_, until)| until > now) {
            (TrunkCondition::Registered, None)
        } else if self.is_refused {
            (TrunkCondition::Refused, self.reason)
        } else {
            (TrunkCondition::Unregistered, self.reason)
        }
    }

    fn next_cseq(&mut self) -> u32 {
        let cseq = self.cseq;
        self.cseq = cseq.wrapping_add(CSEQ_STEP) & 0x3fff_ffff;
        cseq.max(1)
    }
}

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
            Next::Pause(longest) => chance.up_to(longest),
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

/// When the registration is tried next.
enum Next {
    /// After exactly this.
    At(Duration),
    /// After half of this to all of it.
    Pause(Duration),
}

impl Trunk {
    /// Where the trunk is registered now.
    pub(super) fn registered_at(&self, now: Instant) -> Option<Target> {
        self.registering.as_ref()?.bound.filter(|(_, until)| *until > now).map(|(target, _)| target)
    }

    fn take_grant(&mut self, response: &Response, now: Instant) -> Next {
        let contact = self.account.registration.as_ref().map(|r| r.contact_user.as_str()).unwrap_or_default();
        let Some(registering) = self.registering.as_mut() else { return Next::Pause(LONGEST_PAUSE) };
        let granted = granted_seconds(response, contact).unwrap_or(registering.asked_seconds).min(LONGEST_SECONDS);
        if granted == 0 {
            return self.take_refusal(response.status(), None, now);
        }
        let granted = Duration::from_secs(u64::from(granted));
        registering.bound = registering.asked.map(|target| (target, now + granted));
        registering.is_refused = false;
        registering.reason = None;
        (registering.raises, registering.tried, registering.pauses) = (0, 0, 0);
        Next::At(granted.mul_f64(REFRESH_AT).max(SOONEST_REFRESH))
    }

    /// 423 says the least expiry the registrar takes (RFC 3261 10.2.8).
    fn raise_expiry(&mut self, response: &Response) -> bool {
        let least = response.header_str("Min-Expires").and_then(|text| text.trim().parse().ok());
        let Some(registering) = self.registering.as_mut() else { return false };
        let Some(least) = least.filter(|least| (registering.asked_seconds + 1..=LONGEST_SECONDS).contains(least))
        else {
            return false;
        };
        registering.asked_seconds = least;
        registering.raises += 1;
        registering.raises <= MAX_RAISES
    }

    fn take_refusal(&mut self, status: u16, retry_after: Option<Duration>, now: Instant) -> Next {
        let Some(registering) = self.registering.as_mut() else { return Next::Pause(LONGEST_PAUSE) };
        registering.reason = Some(TrunkReason::Status(status));
        // The account is wrong, or not wanted: another target of the carrier would say the same.
        if matches!(status, 401 | 403 | 404 | 407 | 600..=699) {
            registering.is_refused = true;
            registering.bound = None;
            registering.tried = 0;
            return Next::Pause(REFUSED_PAUSE);
        }
        self.try_next_target(retry_after, now)
    }

    fn take_silence(&mut self, now: Instant) -> Next {
        if let Some(registering) = self.registering.as_mut() {
            registering.reason = Some(TrunkReason::NoAnswer);
        }
        self.try_next_target(None, now)
    }

    /// The next target at once, or a pause when each was tried.
    fn try_next_target(&mut self, asked: Option<Duration>, now: Instant) -> Next {
        let Some(registering) = self.registering.as_mut() else { return Next::Pause(LONGEST_PAUSE) };
        registering.tried += 1;
        let failed = registering.asked;
        if let Some(state) = self.targets.iter_mut().find(|state| Some(state.target) == failed) {
            state.pause(now, asked);
        }
        if registering.tried < self.targets.len() {
            return Next::At(Duration::ZERO);
        }
        registering.tried = 0;
        registering.pauses = registering.pauses.saturating_add(1);
        let doubled = FIRST_PAUSE.saturating_mul(1_u32.checked_shl(registering.pauses - 1).unwrap_or(u32::MAX));
        Next::Pause(doubled.max(asked.unwrap_or_default()).min(LONGEST_PAUSE))
    }
}

/// What a 2xx grants our Contact: its `expires`, else the Expires header (RFC 3261 10.2.4). A carrier may write the
/// Contact's host anew, so that only the user part tells ours from others.
fn granted_seconds(response: &Response, contact_user: &str) -> Option<u32> {
    let ours =
        response.list(HeaderName::Contact).filter_map(NameAddr::parse).find(|contact| contact.user() == contact_user);
    let of_contact =
        ours.and_then(|contact| std::str::from_utf8(contact.params().get("expires")?).ok()?.trim().parse().ok());
    of_contact.or(response.expires())
}

/// Retry-After in seconds, before a comment or parameters (RFC 3261 20.33).
fn retry_after(response: &Response) -> Option<Duration> {
    let text = response.header_str("Retry-After")?;
    let digits = text.trim().split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok().map(Duration::from_secs)
}
