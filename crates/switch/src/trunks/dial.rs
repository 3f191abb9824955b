//! Dialling through a trunk: the targets one after the other, until one says something of the call (RFC 3263 4.3).

use super::redirect;
use super::target::{Target, in_order};
use super::timer::TrunkTimer;
use crate::call::{LegState, Role};
use crate::settings::{CarrierAccount, FromUser, MediaProtection};
use crate::switch::{Now, Switch};
use crate::trace::LegParty;
use media::LegId;
use pbx::{CallId, CarrierId, Cause, E164, Fact};
use sip::{Flow, Invite, InviteId, NameAddrText};
use std::collections::VecDeque;
use std::time::Duration;

/// A carrier that neither rings nor refuses is given up after this.
const DIAL_LIMIT: Duration = Duration::from_secs(120);
/// A target that says nothing at all, not even 100, is left for the next after this.
const SILENCE_LIMIT: Duration = Duration::from_secs(4);
/// Redirections that one call follows at most (RFC 3261 8.1.3.4).
const MAX_REDIRECTS: u8 = 3;
/// Places a call is tried at, at most.
const MAX_ATTEMPTS: usize = 16;

/// Where a call may be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) target: Target,
    /// The request URI a redirection asked for; else the usual one.
    pub(super) request_uri: Option<String>,
}

/// A dialled call that nobody answered, rang or refused for good.
#[derive(Debug)]
pub(crate) struct Dial {
    carrier: CarrierId,
    /// What goes out, with the offer once that is made.
    invite: Option<Invite>,
    current: Attempt,
    next: VecDeque<Attempt>,
    redirects: u8,
}

impl Switch {
    /// Orders an INVITE to the carrier. Where none of its targets lives, or none is known, the business hears so at once.
    pub(crate) fn dial(&mut self, call: CallId, carrier: CarrierId, to: E164, show: E164, now: Now) {
        let Some((account, mut attempts)) = self.attempts(carrier, now) else {
            return self.pbx.handle_fact(Fact::DialFailed { call, cause: Cause::Unreachable }, now.unix);
        };
        let Some(first) = attempts.pop_front() else { return };
        let invite = invite(account, &self.configuration.host, to, show, self.flow_to(first.target));
        let ways = self.ways_to_carrier(account, first.target.transport);
        let must_protect = account.protection == MediaProtection::Required;
        let leg = self.prepare_leg(call, Role::Customer, LegParty::Customer, ways, invite);
        if let Some(made) = self.legs.get_mut(&leg) {
            made.must_protect = must_protect;
        }
        self.trunks.dials.insert(leg, Dial { carrier, invite: None, current: first, next: attempts, redirects: 0 });
        if let Some(held) = self.calls.get_mut(&call) {
            held.customer = Some(leg);
        }
    }

    /// Where a call to this carrier is tried, the best first; `None` when it cannot be reached.
    fn attempts(&self, carrier: CarrierId, now: Now) -> Option<(&CarrierAccount, VecDeque<Attempt>)> {
        let trunk = self.trunks.trunks.get(&carrier).filter(|trunk| !trunk.is_down(now.instant))?;
        let order = in_order(&trunk.targets, trunk.registered_at(now.instant), now.instant);
        // The offer names an address of one family, and it is made before the first target is tried.
        let is_v6 = order.first()?.address.is_ipv6();
        let same_family = order.into_iter().filter(|target| target.address.is_ipv6() == is_v6);
        let attempts = same_family.take(MAX_ATTEMPTS).map(|target| Attempt { target, request_uri: None }).collect();
        Some((&trunk.account, attempts))
    }

    /// Sends the INVITE of a leg, and watches over it when a carrier is dialled.
    pub(crate) fn call_out(&mut self, leg: LegId, invite: Invite, now: Now) {
        if let Some(dial) = self.trunks.dials.get_mut(&leg) {
            dial.invite.get_or_insert_with(|| invite.clone());
            self.trunks.timers.set(TrunkTimer::Silence(leg), now.instant + SILENCE_LIMIT);
        }
        let invite = self.endpoint.invite(now.instant, invite);
        let Some(held) = self.legs.get_mut(&leg) else { return };
        held.invite = Some(invite);
        let call = held.call;
        self.invites.insert(invite, leg);
        if let Some(call_id) = self.endpoint.call_id(invite) {
            self.traces.name_leg(call, leg, call_id);
        }
    }

    /// Somebody rang or answered: from now on what this target says is final.
    pub(crate) fn dial_was_heard(&mut self, id: InviteId, now: Now) {
        if self.trunks.dials.is_empty() {
            return;
        }
        let Some(leg) = self.invites.get(&id).copied() else { return };
        if let Some(dial) = self.forget_dial(leg) {
            self.target_answered(dial.carrier, dial.current.target, now);
        }
    }

    /// The call was refused. `true` when it goes on at another place, so that nobody needs to hear of it.
    pub(crate) fn dial_goes_on(
        &mut self,
        id: InviteId,
        status: u16,
        contacts: &[String],
        retry_after: Option<u32>,
        now: Now,
    ) -> bool {
        if self.trunks.dials.is_empty() {
            return false;
        }
        let Some(leg) = self.invites.get(&id).copied() else { return false };
        let Some(dial) = self.trunks.dials.get(&leg) else { return false };
        let (carrier, target) = (dial.carrier, dial.current.target);
        let asked = retry_after.map(|seconds| Duration::from_secs(u64::from(seconds)));
        let may_try_next = match status {
            // Silence (408 by timer B), a transport that failed, or a target that wants no calls now.
            408 | 503 => {
                self.target_failed(carrier, target, asked, now);
                true
            }
            300..=399 => {
                self.target_answered(carrier, target, now);
                self.take_redirection(leg, contacts)
            }
            _ => {
                self.target_answered(carrier, target, now);
                if asked.is_some() && status < 600 {
                    self.target_failed(carrier, target, asked, now);
                }
                false
            }
        };
        let goes_on = may_try_next && self.try_next(leg, now);
        if !goes_on {
            self.forget_dial(leg);
        }
        goes_on
    }

    /// The offer was refused for what protects it: the next one goes to the target that said so.
    pub(crate) fn dial_offers_again(&mut self, leg: LegId, invite: &mut Invite, now: Now) {
        let Some(dial) = self.trunks.dials.get_mut(&leg) else { return };
        dial.invite = None;
        let (carrier, current) = (dial.carrier, dial.current.clone());
        self.trunks.timers.cancel(TrunkTimer::Silence(leg));
        invite.flow = self.flow_to(current.target);
        if let Some(uri) = current.request_uri {
            invite.request_uri = uri;
        }
        self.target_answered(carrier, current.target, now);
    }

    /// Nothing came for a while: the next target is tried, if there is one. Otherwise timer B decides (RFC 3261 17.1.1.2).
    pub(super) fn dial_is_silent(&mut self, leg: LegId, now: Now) {
        let Some(dial) = self.trunks.dials.get(&leg) else { return };
        let (carrier, target, has_next) = (dial.carrier, dial.current.target, !dial.next.is_empty());
        // A manager who gave up meanwhile waits for nothing.
        let waiting = self.legs.get(&leg).filter(|held| matches!(held.state, LegState::Inviting { rang: false, .. }));
        let Some(invite) = waiting.and_then(|held| held.invite) else { return };
        if self.endpoint.was_heard(invite) {
            return self.target_answered(carrier, target, now);
        }
        self.target_failed(carrier, target, None, now);
        if has_next && self.try_next(leg, now) {
            // A 100 or 200 that still comes is cancelled or hung up by the endpoint; nobody here hears of it.
            self.invites.remove(&invite);
            self.endpoint.end(now.instant, invite, None);
        }
    }

    fn try_next(&mut self, leg: LegId, now: Now) -> bool {
        let Some(dial) = self.trunks.dials.get_mut(&leg) else { return false };
        let Some(held) = self.legs.get_mut(&leg) else { return false };
        if !matches!(held.state, LegState::Inviting { rang: false, .. }) {
            return false;
        }
        let (Some(mut invite), Some(next)) = (dial.invite.clone(), dial.next.pop_front()) else { return false };
        dial.current = next.clone();
        invite.flow = self.flow_to(next.target);
        if let Some(uri) = next.request_uri {
            invite.request_uri = uri;
        }
        let before = self.legs.get_mut(&leg).and_then(|held| held.invite.take());
        if let Some(before) = before {
            self.invites.remove(&before);
        }
        self.call_out(leg, invite, now);
        true
    }

    /// Puts the contacts of a 3xx that are the carrier's own before the targets that are left.
    fn take_redirection(&mut self, leg: LegId, contacts: &[String]) -> bool {
        let Some(dial) = self.trunks.dials.get_mut(&leg) else { return false };
        let Some(trunk) = self.trunks.trunks.get(&dial.carrier) else { return false };
        dial.redirects += 1;
        if dial.redirects > MAX_REDIRECTS {
            return false;
        }
        let onward = redirect::onward(contacts, trunk, dial.current.target);
        // A redirection speaks for the carrier: the targets that are left would say the same.
        dial.next = onward.into_iter().take(MAX_ATTEMPTS).collect();
        !dial.next.is_empty()
    }

    fn target_answered(&mut self, carrier: CarrierId, target: Target, now: Now) {
        let trunk = self.trunks.trunks.get_mut(&carrier);
        if trunk.is_some_and(|trunk| trunk.answered(target, false)) {
            self.tell_trunk(carrier, now);
        }
    }

    fn target_failed(&mut self, carrier: CarrierId, target: Target, asked: Option<Duration>, now: Now) {
        let state = self.trunks.trunks.get_mut(&carrier).and_then(|trunk| trunk.target_mut(target));
        if let Some(state) = state {
            state.pause(now.instant, asked);
            if let Some(until) = state.rests_until() {
                self.trunks.timers.set(TrunkTimer::Rested(carrier), until);
            }
        }
        self.tell_trunk(carrier, now);
    }

    /// Nothing of the dialling is kept when the leg was answered, refused or ended.
    pub(crate) fn forget_dial(&mut self, leg: LegId) -> Option<Dial> {
        let dial = self.trunks.dials.remove(&leg)?;
        self.trunks.timers.cancel(TrunkTimer::Silence(leg));
        Some(dial)
    }
}

/// The INVITE to a carrier: the number that is shown stands in From, or only in P-Asserted-Identity where the carrier
/// wants its account in From (RFC 3325 9.1).
fn invite(account: &CarrierAccount, our_host: &str, to: E164, show: E164, flow: Flow) -> Invite {
    let domain = if account.registration.is_some() { account.host.as_str() } else { our_host };
    let user = match (&account.from_user, &account.registration, &account.credentials) {
        (FromUser::Number, ..) => show.to_string(),
        (FromUser::Account, Some(registration), _) => registration.user.clone(),
        (FromUser::Account, None, Some((username, _))) => username.clone(),
        (FromUser::Account, None, None) => show.to_string(),
    };
    let contact_user = account.registration.as_ref().map_or("sori", |registration| &registration.contact_user);
    Invite {
        flow,
        request_uri: format!("sip:{to}@{}", account.host),
        from: NameAddrText { display: String::new(), uri: format!("sip:{user}@{domain}") },
        to: NameAddrText { display: String::new(), uri: format!("sip:{to}@{}", account.host) },
        contact_user: contact_user.to_owned(),
        headers: vec![("P-Asserted-Identity", format!("<sip:{show}@{domain}>"))],
        route: Vec::new(),
        body: None,
        credentials: account.sip_credentials(),
        ring_limit: Some(DIAL_LIMIT),
        reliable: true,
        max_forwards: None,
    }
}
