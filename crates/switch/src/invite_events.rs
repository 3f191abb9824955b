//! What the far ends of invite sessions do: ring, answer, refuse, offer anew, hang up.

use crate::call::{LegState, Progress, Renegotiation, Role};
use crate::cause;
use crate::info_key::{self, Info};
use crate::key_ways::Way;
use crate::protection::protects;
use crate::switch::{Now, Switch};
use media::{Command, LegId, Profile};
use pbx::{Cause, Fact, Key, Party};
use sip::{EndCause, InviteId, Reason, Reply, Request, ServerTransactionId};
use std::sync::Arc;
use std::time::Duration;

/// After the ACK a browser's media is taken as heard this much later at the latest, packets or not.
const ASSUME_FLOWING: Duration = Duration::from_secs(2);

impl Switch {
    pub(crate) fn on_rang(&mut self, id: InviteId, body: Option<Arc<[u8]>>, now: Now) {
        let Some(leg_id) = self.invites.get(&id).copied() else { return };
        let Some(leg) = self.legs.get_mut(&leg_id) else { return };
        let LegState::Inviting { rang, early_media } = &mut leg.state else { return };
        let first = !std::mem::replace(rang, true);
        let first_media = body.is_some() && !std::mem::replace(early_media, true);
        let (call, role, early) = (leg.call, leg.role, *early_media);
        if let Some(sdp) = body {
            // Each branch of a forked call has an answer of its own; the one that came last is heard.
            self.media(call, Command::Answer { leg: leg_id, sdp });
        }
        match role {
            Role::Presented(presentation, _) => {
                let presenting = self.calls.get_mut(&call).and_then(|c| c.presenting(presentation));
                if first && presenting.is_some_and(|p| !std::mem::replace(&mut p.rang, true)) {
                    self.pbx.handle_fact(Fact::PresentationRang { call, presentation }, now.unix);
                }
            }
            Role::Customer => {
                if first_media {
                    self.hear_early_media(call, leg_id, now);
                }
                if first || first_media {
                    self.pbx.handle_fact(Fact::DialRang { call, early_media: early }, now.unix);
                }
            }
            // A customer who is handed on hears our ringback, whatever the far network plays.
            Role::Third if first => {
                self.pbx.handle_fact(Fact::DialRang { call, early_media: early }, now.unix);
            }
            Role::Third | Role::Dialler => {}
        }
    }

    /// Lets the manager hear what the carrier plays before the customer answers.
    fn hear_early_media(&mut self, call: pbx::CallId, customer: LegId, now: Now) {
        let Some(manager) = self.calls.get(&call).and_then(|c| c.any_manager_leg()) else { return };
        self.progress_dialler(manager, Progress::Sounds, now);
        self.media(call, Command::Bridge { a: customer, b: manager });
    }

    pub(crate) fn on_answered(&mut self, id: InviteId, body: Option<Arc<[u8]>>, now: Now) {
        let Some(leg_id) = self.invites.get(&id).copied() else { return };
        let Some(leg) = self.legs.get_mut(&leg_id) else { return };
        let LegState::Inviting { early_media, .. } = leg.state else { return };
        let (call, role) = (leg.call, leg.role);
        if body.is_none() && !early_media {
            return self.fail_leg(leg_id, Cause::Media, now);
        }
        leg.state = LegState::Up;
        leg.flowing |= leg.profile != Profile::WebRtc;
        if !leg.flowing {
            self.assumed_flowing.insert((now.instant + ASSUME_FLOWING, leg_id));
        }
        // After early media the 200 repeats its answer (RFC 3261 13.2.1), which changes nothing, or comes from another
        // branch with an answer of its own.
        if let Some(sdp) = body {
            self.media(call, Command::Answer { leg: leg_id, sdp });
        }
        self.offer_was_taken(leg_id);
        match role {
            Role::Presented(presentation, device) => {
                self.presented_device_answered(call, presentation, device, leg_id, now)
            }
            Role::Customer | Role::Third => self.pbx.handle_fact(Fact::DialAnswered { call }, now.unix),
            Role::Dialler => {}
        }
        self.flush_if_heard(leg_id);
    }

    pub(crate) fn on_refused(&mut self, id: InviteId, status: u16, now: Now) {
        let Some(leg_id) = self.invites.remove(&id) else { return };
        let presented = self.legs.get(&leg_id).is_some_and(|leg| matches!(leg.role, Role::Presented(..)));
        let cause = if presented { cause::from_device(status) } else { cause::from_status(status) };
        self.sip_side_over(leg_id, cause, now);
    }

    pub(crate) fn on_ended(&mut self, id: InviteId, ended: EndCause, now: Now) {
        let Some(leg_id) = self.invites.remove(&id) else { return };
        let cause = match ended {
            EndCause::Bye | EndCause::Cancelled | EndCause::Local => Cause::Normal,
            EndCause::NoAck | EndCause::Transport | EndCause::Timeout | EndCause::SessionExpired => Cause::Unreachable,
        };
        self.sip_side_over(leg_id, cause, now);
    }

    /// The SIP side of a leg is gone; unless we wished it so, the business hears of it.
    fn sip_side_over(&mut self, leg_id: LegId, cause: Cause, now: Now) {
        let Some(leg) = self.legs.get_mut(&leg_id) else { return };
        leg.sip_over = true;
        let was = std::mem::replace(&mut leg.state, LegState::Ending);
        self.close_media(leg_id);
        if !matches!(was, LegState::Ending) {
            self.tell_leg_lost(leg_id, &was, cause, now);
        }
        self.free_if_over(leg_id);
    }

    /// Ends a leg for a reason of its own (media refused, ICE failed) and tells the business.
    pub(crate) fn fail_leg(&mut self, leg_id: LegId, cause: Cause, now: Now) {
        self.fail_leg_because(leg_id, cause, None, now);
    }

    /// The same, and its far end hears why (RFC 3326).
    pub(crate) fn fail_leg_because(&mut self, leg_id: LegId, cause: Cause, reason: Option<Reason>, now: Now) {
        let Some(leg) = self.legs.get_mut(&leg_id) else { return };
        let was = std::mem::replace(&mut leg.state, LegState::Ending);
        self.end_sip(leg_id, &was, cause, reason, now);
        self.close_media(leg_id);
        if !matches!(was, LegState::Ending) {
            self.tell_leg_lost(leg_id, &was, cause, now);
        }
        self.free_if_over(leg_id);
    }

    fn tell_leg_lost(&mut self, leg_id: LegId, was: &LegState, cause: Cause, now: Now) {
        let Some(leg) = self.legs.get(&leg_id).filter(|leg| !leg.is_understudy()) else { return };
        let (call, role) = (leg.call, leg.role);
        let fact = match role {
            Role::Third => {
                let dialled = matches!(was, LegState::Inviting { .. } | LegState::Preparing(_));
                Self::third_lost(call, dialled, cause)
            }
            Role::Customer if matches!(was, LegState::Inviting { .. } | LegState::Preparing(_)) => {
                Fact::DialFailed { call, cause }
            }
            Role::Customer => Fact::HungUp { call, party: Party::Customer, cause },
            Role::Presented(presentation, _) if matches!(was, LegState::Up | LegState::Accepted) => {
                Fact::HungUp { call, party: Party::Manager(presentation), cause }
            }
            Role::Presented(presentation, _) => {
                return self.presented_device_failed(call, presentation, leg_id, cause, now);
            }
            Role::Dialler => match self.pbx.presentation_of_dialler(call) {
                Some(presentation) => Fact::HungUp { call, party: Party::Manager(presentation), cause },
                None => return,
            },
        };
        self.pbx.handle_fact(fact, now.unix);
    }

    pub(crate) fn on_confirmed(&mut self, id: InviteId, body: Option<Arc<[u8]>>, now: Now) {
        let Some(leg_id) = self.invites.get(&id).copied() else { return };
        let Some(leg) = self.legs.get_mut(&leg_id) else { return };
        let call = leg.call;
        if matches!(leg.state, LegState::Accepted) {
            if leg.renegotiation.is_some() && body.is_none() {
                // Our offer was never answered (RFC 3261 13.2.1): nobody would hear anything.
                return self.fail_leg(leg_id, Cause::Media, now);
            }
            leg.state = LegState::Up;
            if leg.profile != Profile::WebRtc {
                leg.flowing = true;
            } else if !leg.flowing {
                self.assumed_flowing.insert((now.instant + ASSUME_FLOWING, leg_id));
            }
        }
        if let (Some(Renegotiation::OurOffer), Some(sdp)) = (leg.renegotiation, body) {
            leg.renegotiation = None;
            self.media(call, Command::Answer { leg: leg_id, sdp });
        }
        self.flush_if_heard(leg_id);
    }

    pub(crate) fn on_offer(&mut self, id: InviteId, body: Option<Arc<[u8]>>, now: Now) {
        let leg_id = self.invites.get(&id).copied();
        let Some((leg_id, leg)) = leg_id.and_then(|l| self.legs.get_mut(&l).map(|leg| (l, leg))) else {
            return self.endpoint.refuse_offer(now.instant, id, 481);
        };
        if leg.moving {
            return self.endpoint.refuse_offer(now.instant, id, 491);
        }
        if leg.must_protect && body.as_deref().is_some_and(|sdp| !protects(sdp)) {
            return self.endpoint.refuse_offer(now.instant, id, 488);
        }
        let call = leg.call;
        let (kind, command) = match body {
            Some(sdp) => (Renegotiation::TheirOffer, Command::Reoffer { leg: leg_id, sdp }),
            None => (Renegotiation::OurOffer, Command::MakeOffer { leg: leg_id }),
        };
        leg.renegotiation = Some(kind);
        self.media(call, command);
    }

    /// An INFO request within a call: a key, as some phones send it, or a sign of life.
    pub(crate) fn on_info(&mut self, id: InviteId, transaction: ServerTransactionId, request: &Request, now: Now) {
        let content_type = request.header_str("Content-Type").unwrap_or_default();
        let said = info_key::read(&content_type, request.body());
        let status = match said {
            Info::Key(..) => 200,
            Info::Wrong => 400,
            // RFC 6086 4.2.2: an INFO without a body is a sign of life.
            Info::Other if request.body().is_empty() => 200,
            Info::Other => 415,
        };
        self.endpoint.respond(now.instant, transaction, Reply::new(status));
        if let (Info::Key(key, duration_ms), Some(leg)) = (said, self.invites.get(&id).copied())
            && self.on_key(leg, key, Way::Info, now)
            && let Some(call) = self.legs.get(&leg).map(|held| held.call)
        {
            self.media(call, Command::PassKey { leg, key, duration_ms });
        }
    }

    /// A key was pressed; `false` when it is one that the other way told before.
    pub(crate) fn on_key(&mut self, leg_id: LegId, key: char, way: Way, now: Now) -> bool {
        let Some(leg) = self.legs.get_mut(&leg_id) else { return false };
        let Some(key) = Key::new(key).filter(|_| leg.keys.take(key, way, now.instant)) else { return false };
        let call = leg.call;
        if let Some(party) = self.party_of(leg_id) {
            self.pbx.handle_fact(Fact::KeyPressed { call, party, key }, now.unix);
        }
        true
    }

    /// Which party of its call a leg is.
    pub(crate) fn party_of(&self, leg_id: LegId) -> Option<Party> {
        let leg = self.legs.get(&leg_id)?;
        match leg.role {
            Role::Customer => Some(Party::Customer),
            Role::Third => Some(Party::Third),
            Role::Presented(presentation, _) => Some(Party::Manager(presentation)),
            Role::Dialler => self.pbx.presentation_of_dialler(leg.call).map(Party::Manager),
        }
    }
}
