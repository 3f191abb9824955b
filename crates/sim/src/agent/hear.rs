//! What the agent's endpoint tells.

use super::act::key_of;
use super::{Agent, Deed, Fault, KEEP_ALIVE, Stand};
use crate::description;
use crate::voice::Side;
use sip::{Body, ClientTransactionId, EndCause, Event, InviteId, Reply, Request, Response};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// After a sign-in that failed, the next is tried this much later.
const SIGN_IN_AGAIN: Duration = Duration::from_secs(5);

impl Agent {
    pub(super) fn on_event(&mut self, event: Event, now: Instant) {
        match event {
            Event::Invite { id, request, .. } => self.on_invite(id, &request, now),
            Event::Rang { id, body, .. } => self.take_description(id, body),
            Event::Answered { id, body } => {
                let offered = self.calls.get(&id).is_some_and(|call| call.far.is_none() && !call.offered);
                self.take_description(id, body);
                if offered {
                    self.answer_late(id, now);
                }
                self.is_up(id, now);
            }
            Event::OfferAnswered { id, body } => {
                self.take_description(id, body);
                if let Some(call) = self.calls.get_mut(&id) {
                    call.agreed_at = Some(now);
                }
            }
            Event::Confirmed { id, body } => self.take_description(id, body),
            Event::Offer { id, body } => self.on_offer(id, body, now),
            Event::OfferRefused { id, .. } => {
                // It stays as it was.
                if let Some(call) = self.calls.get_mut(&id) {
                    call.holds = !call.holds;
                    let (key, storms) = (call.key, call.faults.contains(&Fault::HoldsStormily));
                    if storms {
                        self.excuse(key, now);
                    }
                }
            }
            Event::Ended { id, cause, .. } => self.on_ended(id, cause, now),
            Event::Refused { id, .. } => self.forget(id),
            Event::Info { transaction, .. } | Event::Request { transaction, .. } => {
                self.endpoint.respond(now, transaction, Reply::new(200));
            }
            Event::Refer { refer, .. } => self.endpoint.refuse_refer(now, refer, 603),
            Event::Subscribe { id, .. } => self.endpoint.refuse_subscription(now, id, Reply::new(489)),
            Event::NotifyDue { .. } | Event::SubscriptionEnded { .. } => {}
            Event::Response { transaction, response } => self.on_response(transaction, response.as_ref(), now),
            Event::Malformed { flow } => panic!("{} was sent something that is no SIP by {flow:?}", self.setup.name),
        }
    }

    fn on_ended(&mut self, id: InviteId, cause: EndCause, now: Instant) {
        let call = self.calls.get(&id).map(|call| (call.key, call.faults.clone()));
        let (key, faults) = call.unwrap_or_default();
        if cause == EndCause::NoAck {
            self.unacknowledged += u32::from(!faults.iter().any(|fault| fault.loses_answers()));
        }
        if !matches!(cause, EndCause::Bye | EndCause::Cancelled | EndCause::Local) {
            // It gave the switch up, as whoever is not answered does.
            self.excuse(key, now);
        }
        self.forget(id);
    }

    fn forget(&mut self, id: InviteId) {
        if let Some(call) = self.calls.remove(&id).filter(|call| call.holds) {
            self.left_holding.insert(call.key);
        }
        self.offers.remove(&id);
    }

    fn on_invite(&mut self, id: InviteId, request: &Request, now: Instant) {
        // A phone is called by a customer; a carrier is asked to call one.
        let (user, side) = if self.is_phone() {
            (request.from().user().into_owned(), Side::Manager)
        } else {
            (request.uri().and_then(|uri| uri.user().map(|user| user.into_owned())).unwrap_or_default(), Side::Customer)
        };
        let at = self.new_media_address();
        let call = self.new_call(key_of(&user), side, Stand::Ringing, at);
        self.calls.insert(id, call);
        let call_id = String::from_utf8_lossy(request.call_id()).into_owned();
        let faults = self.setup.habit.faults(&mut self.rng, true);
        self.take_on(id, &call_id, faults);
        self.offers.insert(id, request.body().to_vec());
        let plans = self.setup.habit.on_called(&mut self.rng, id);
        self.plan_all(now, plans);
    }

    fn take_description(&mut self, id: InviteId, body: Option<Arc<[u8]>>) {
        if let (Some(call), Some(far)) = (self.calls.get_mut(&id), body.as_deref().and_then(description::read)) {
            call.far = Some(far);
        }
    }

    /// Answers the offer that came with the 200 to our INVITE without one.
    fn answer_late(&mut self, id: InviteId, now: Instant) {
        let Some(call) = self.calls.get(&id) else { return };
        let direction = call.far.map_or_else(|| call.direction(), |far| far.direction.answer());
        let sdp = description::write(call.at, call.version, self.setup.payload_type, direction);
        self.endpoint.answer_offer(now, id, Body::sdp(sdp));
    }

    fn on_offer(&mut self, id: InviteId, body: Option<Arc<[u8]>>, now: Instant) {
        self.take_description(id, body.clone());
        let Some(call) = self.calls.get_mut(&id) else { return self.endpoint.refuse_offer(now, id, 481) };
        call.version += 1;
        let asked = body.as_deref().and_then(description::read).map(|far| far.direction.answer());
        let direction = asked.unwrap_or_else(|| call.direction());
        let sdp = description::write(call.at, call.version, self.setup.payload_type, direction);
        self.endpoint.answer_offer(now, id, Body::sdp(sdp));
    }

    fn signed_in(&mut self, expires: u32, now: Instant) {
        self.later(now, Duration::from_secs(u64::from(expires) / 2), Deed::Register);
        if self.must_keep_alive() && !self.deeds.values().any(|deed| *deed == Deed::KeepAlive) {
            self.later(now, KEEP_ALIVE, Deed::KeepAlive);
        }
    }

    fn on_response(&mut self, transaction: ClientTransactionId, response: Option<&Response>, now: Instant) {
        let Some((_, expires)) = self.registering.filter(|(waited, _)| *waited == transaction) else { return };
        self.registering = None;
        match response.map(Response::status) {
            Some(200) if expires == 0 => {}
            Some(200) => self.signed_in(expires, now),
            _ if expires > 0 => self.later(now, SIGN_IN_AGAIN, Deed::Register),
            _ => {}
        }
    }
}
