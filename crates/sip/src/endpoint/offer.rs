//! The peer changes the session description: re-INVITE and UPDATE (RFC 3261 14.2, RFC 3311).

use std::time::Instant;

use super::incoming::body_of;
use super::{Endpoint, ServerUser};
use crate::event::{Event, InviteId};
use crate::flow::Flow;
use crate::method::Method;
use crate::reply::{Body, Reply};
use crate::request::Request;
use crate::session::{Carrier, Exchange, Phase};
use crate::timer::Timer;

impl Endpoint {
    pub(super) fn receive_offer(&mut self, now: Instant, flow: Flow, request: &Request, id_key: (u64, u64)) {
        let (id, key) = id_key;
        let carrier = if request.method() == Method::Update { Carrier::Update } else { Carrier::Invite };
        let user = if carrier == Carrier::Update { ServerUser::Nobody } else { ServerUser::Offer(id) };
        self.start_server(now, flow, request, key, user);
        let Some(session) = self.invites.get_mut(&id) else { return };
        let body = body_of(request);
        let is_plain_update = carrier == Carrier::Update && body.is_none() && !session.told;
        let refusal = session.refusal_of_offer(carrier).filter(|_| !is_plain_update);
        let mut ability = session.ability;
        ability.learn(request);
        if let Some(reply) = refusal.map(|status| self.not_now(status)).or_else(|| self.too_small(request, ability)) {
            return self.reply(now, key, &reply);
        }
        let Some(session) = self.invites.get_mut(&id) else { return };
        session.ability = ability;
        session.timer.take_request(request, ability);
        session.dialog.refresh(request.contact());
        if is_plain_update {
            return self.answer_change(now, id, key, None);
        }
        if let Exchange::Glare { change } = &session.exchange {
            // The peer was first; our own change comes after its.
            session.queued.get_or_insert(change.clone());
            self.wire.timers.cancel(Timer::Glare(id));
        }
        let (has_offer, cseq) = (body.is_some(), request.cseq());
        session.exchange = Exchange::Received { transaction: key, carrier, has_offer, cseq };
        self.note_remote(id, body.as_deref());
        self.tell(id, Event::Offer { id: InviteId(id), body });
    }

    /// 500 says when to come again (RFC 3261 14.2, RFC 3311 5.2).
    fn not_now(&mut self, status: u16) -> Reply {
        let again = self.wire.random.below(10).to_string();
        let reply = Reply::new(status);
        if status == 500 { reply.with_header("Retry-After", again) } else { reply }
    }

    /// 200 to a re-INVITE or UPDATE: what refreshes the session, too.
    fn answer_change(&mut self, now: Instant, id: u64, transaction: u64, body: Option<&Body>) {
        let mut lines = self.wire.buffer();
        let Some(session) = self.invites.get(&id) else { return };
        let is_early = session.is_early();
        session.timer.response_lines(&mut lines);
        self.answer_in_dialog(now, id, transaction, 200, &lines, body);
        self.wire.recycle(lines);
        if !is_early {
            self.restart_session_timer(now, id);
        }
    }

    /// Answers [`Event::Offer`], or sends the ACK to the 2xx (the PRACK to the provisional response) of an INVITE of ours
    /// without a body.
    pub fn answer_offer(&mut self, now: Instant, id: InviteId, body: Body) {
        let Some(session) = self.session(id) else { return };
        if matches!(session.phase, Phase::AckOwed(_)) {
            if let Phase::AckOwed(owed) = std::mem::replace(&mut session.phase, Phase::Up) {
                session.local = Some(body.clone());
                self.send_ack(id.0, &owed, Some(&body));
            }
            return self.run_queued(now, id.0);
        }
        let Some(exchange) = session.take_asking() else { return };
        session.local = Some(body.clone());
        session.early.remote = None;
        match exchange {
            Exchange::AckOwed(owed) => self.send_ack(id.0, &owed, Some(&body)),
            Exchange::PrackOwed { rseq, cseq } => {
                session.early.done = true;
                self.send_prack(now, id.0, (rseq, cseq), Some(&body));
            }
            Exchange::Received { transaction, carrier: Carrier::Prack, .. } => {
                self.answer_in_dialog(now, id.0, transaction, 200, &[], Some(&body));
            }
            Exchange::Received { transaction, carrier, has_offer, cseq } => {
                self.answer_change(now, id.0, transaction, Some(&body));
                if carrier == Carrier::Invite {
                    self.await_ack(now, id.0, transaction, cseq, !has_offer);
                }
            }
            _ => {}
        }
        self.run_queued(now, id.0);
    }

    /// Refuses [`Event::Offer`] with a status 300–699 (488, say); the call goes on as before. An offer that came with a response
    /// to our first INVITE cannot be refused: the call is ended.
    pub fn refuse_offer(&mut self, now: Instant, id: InviteId, status: u16) {
        let Some(session) = self.session(id) else { return };
        if matches!(session.phase, Phase::AckOwed(_)) {
            return self.end(now, id, None);
        }
        match session.take_asking() {
            Some(Exchange::AckOwed(owed)) => self.send_ack(id.0, &owed, None),
            Some(Exchange::PrackOwed { .. }) => return self.end(now, id, None),
            Some(Exchange::Received { transaction, .. }) => self.refuse(now, transaction, status.clamp(300, 699)),
            _ => return,
        }
        self.run_queued(now, id.0);
    }
}
