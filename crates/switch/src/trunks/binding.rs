//! The binding at a carrier's registrar: what its answers mean, and when it is asked again (RFC 3261 10.2).

use super::Trunk;
use super::state::{TrunkCondition, TrunkReason};
use super::target::Target;
use sip::{ClientTransactionId, HeaderName, NameAddr, Response};
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
/// Where the registration of a trunk stands.
#[derive(Debug)]
pub(super) struct Registering {
    pub(super) asking: Option<ClientTransactionId>,
    /// The target that was asked last.
    pub(super) asked: Option<Target>,
    /// The target that granted a binding, and when that runs out.
    pub(super) bound: Option<(Target, Instant)>,
    is_refused: bool,
    reason: Option<TrunkReason>,
    pub(super) call_id: String,
    cseq: u32,
    pub(super) asked_seconds: u32,
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

    pub(super) fn next_cseq(&mut self) -> u32 {
        let cseq = self.cseq;
        self.cseq = cseq.wrapping_add(CSEQ_STEP) & 0x3fff_ffff;
        cseq.max(1)
    }
}

/// When the registration is tried next.
pub(super) enum Next {
    /// After exactly this.
    At(Duration),
    /// After half of `longest` to all of it, and not before `least`.
    Pause { longest: Duration, least: Duration },
}

/// A pause nobody asked for.
fn pause(longest: Duration) -> Next {
    Next::Pause { longest, least: Duration::ZERO }
}

impl Trunk {
    /// Where the trunk is registered now.
    pub(super) fn registered_at(&self, now: Instant) -> Option<Target> {
        self.registering.as_ref()?.bound.filter(|(_, until)| *until > now).map(|(target, _)| target)
    }

    pub(super) fn take_grant(&mut self, response: &Response, now: Instant) -> Next {
        let contact = self.account.registration.as_ref().map(|r| r.contact_user.as_str()).unwrap_or_default();
        let Some(registering) = self.registering.as_mut() else { return pause(LONGEST_PAUSE) };
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
    pub(super) fn raise_expiry(&mut self, response: &Response) -> bool {
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

    pub(super) fn take_refusal(&mut self, status: u16, retry_after: Option<Duration>, now: Instant) -> Next {
        let Some(registering) = self.registering.as_mut() else { return pause(LONGEST_PAUSE) };
        registering.reason = Some(TrunkReason::Status(status));
        // The account is wrong, or not wanted: another target of the carrier would say the same.
        if matches!(status, 401 | 403 | 404 | 407 | 600..=699) {
            registering.is_refused = true;
            registering.bound = None;
            registering.tried = 0;
            return pause(REFUSED_PAUSE);
        }
        self.try_next_target(retry_after, now)
    }

    pub(super) fn take_silence(&mut self, now: Instant) -> Next {
        if let Some(registering) = self.registering.as_mut() {
            registering.reason = Some(TrunkReason::NoAnswer);
        }
        self.try_next_target(None, now)
    }

    /// The next target at once, or a pause when each was tried.
    fn try_next_target(&mut self, asked: Option<Duration>, now: Instant) -> Next {
        let Some(registering) = self.registering.as_mut() else { return pause(LONGEST_PAUSE) };
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
        Next::Pause { longest: doubled.min(LONGEST_PAUSE), least: asked.unwrap_or_default().min(REFUSED_PAUSE) }
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
pub(super) fn retry_after(response: &Response) -> Option<Duration> {
    let text = response.header_str("Retry-After")?;
    let digits = text.trim().split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok().map(Duration::from_secs)
}
