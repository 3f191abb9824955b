//! The peer changes the session description: re-INVITE and UPDATE (RFC 3261 14.2, RFC 3311).

use std::time::Instant;

use super::incoming::body_of;
use super::{Endpoint, ServerUser};
use crate::event::{Event, InviteId};
use crate::flow::Flow;
use crate::method::Method;
use crate::reply::{Body, Reply};
use crate::request::Request;
use crate::session::{Exchange, OwedAck, Phase};

impl Endpoint {
    pub(super) fn receive_offer(&mut self, now: Instant, flow: Flow, request: &Request, id_key: (u64, u64)) {
        let (id, key) = id_key;
        let is_update = request.method() == Method::Update;
        self.start_server(now, flow, request, key, if is_update { ServerUser::Nobody } else { ServerUser::Offer(id) });
        let Some(session) = self.invites.get_mut(&id) else { return };
        let body = body_of(request);
        let is_plain_update = is_update && body.is_none();
        let busy = match (&session.phase, &session.exchange) {
            (_, _) if session.told => Some(481),
            (Phase::Closing, _) => Some(481),
            (_, _) if is_plain_update => None,
            (Phase::Up, Exchange::Idle | Exchange::Glare { .. }) if session.unacked.is_none() => None,
            (_, Exchange::Received { .. }) => Some(500),
            _ => Some(491),
        };
        if let Some(status) = busy {
            let again = self.wire.random.below(10).to_string();
            let reply = Reply::new(status);
            // RFC 3261 14.2: 500 says when to come again.
            let reply = if status == 500 { reply.with_header("Retry-After", again) } else { reply };
            return self.reply(now, key, &reply);
        }
        session.dialog.refresh(request.contact());
        if is_plain_update {
            return self.answer_in_dialog(now, id, key, 200, &[], None);
        }
        if let Exchange::Glare { body } = &session.exchange {
            // The peer was first; our own change comes after its.
            session.queued = Some(body.clone());
            self.wire.timers.cancel(crate::timer::Timer::Glare(id));
        }
        let (has_offer, cseq) = (body.is_some(), request.cseq());
        session.exchange = Exchange::Received { transaction: key, is_update, has_offer, cseq };
        self.tell(id, Event::Offer { id: InviteId(id), body });
    }

    /// Answers [`Event::Offer`], or sends the ACK to the 2xx of an INVITE of ours without a body.
    pub fn answer_offer(&mut self, now: Instant, id: InviteId, body: Body) {
        let Some(session) = self.session(id) else { return };
        if matches!(session.phase, Phase::AckOwed(_)) {
            if let Phase::AckOwed(owed) = std::mem::replace(&mut session.phase, Phase::Up) {
                self.send_ack(id.0, &owed, Some(&body));
            }
            return self.run_queued(now, id.0);
        }
        match std::mem::replace(&mut session.exchange, Exchange::Idle) {
            Exchange::AckOwed(owed) => {
                self.send_ack(id.0, &owed, Some(&body));
                self.run_queued(now, id.0);
            }
            Exchange::Received { transaction, is_update, has_offer, cseq } => {
                self.answer_in_dialog(now, id.0, transaction, 200, &[], Some(&body));
                if !is_update {
                    self.await_ack(now, id.0, transaction, cseq, !has_offer);
                }
                self.run_queued(now, id.0);
            }
            other => session.exchange = other,
        }
    }

    /// Refuses [`Event::Offer`] with a status 300–699 (488, say); the call goes on as before. An offer that came with a 2xx
    /// to the first INVITE cannot be refused: the call is acknowledged and ended.
    pub fn refuse_offer(&mut self, now: Instant, id: InviteId, status: u16) {
        let Some(session) = self.session(id) else { return };
        if matches!(session.phase, Phase::AckOwed(_)) {
            return self.end(now, id, None);
        }
        match std::mem::replace(&mut session.exchange, Exchange::Idle) {
            Exchange::AckOwed(owed) => self.send_ack(id.0, &owed, None),
            Exchange::Received { transaction, .. } => self.refuse(now, transaction, status.clamp(300, 699)),
            other => session.exchange = other,
        }
        self.run_queued(now, id.0);
    }

    /// The 2xx to our empty re-INVITE holds an offer: ACK waits.
    pub(super) fn owe_ack(&mut self, id: u64, owed: OwedAck) {
        if let Some(session) = self.invites.get_mut(&id) {
            session.exchange = Exchange::AckOwed(owed);
        }
    }
}
