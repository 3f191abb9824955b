//! Answering the peer's INVITE: ringing, 2xx until its ACK, refusal (RFC 3261 13.3).

use std::sync::Arc;
use std::time::Instant;

use super::{ALLOW, Endpoint, SUPPORTED, disarm};
use crate::event::{EndCause, Event, InviteId, ServerTransactionId};
use crate::flow::Flow;
use crate::print;
use crate::reply::{Body, Reply};
use crate::request::Request;
use crate::server_transaction::Answer;
use crate::session::{Phase, Unacked};
use crate::timer::Timer;

impl Endpoint {
    /// Accepts with 200; it is repeated until the ACK comes ([`Event::Confirmed`]). It waits until a session description in
    /// an earlier provisional response was acknowledged, and leaves its own out then, for that one stands (RFC 3262 3, 5).
    pub fn accept(&mut self, now: Instant, id: InviteId, body: Body) {
        let Some(transaction) = self.waiting_invite(id) else { return };
        if self.hold_accept(id.0, &body) {
            return;
        }
        let mut lines = self.wire.buffer();
        let Some(session) = self.invites.get_mut(&id.0) else { return };
        disarm(&mut self.wire.timers, id.0, session);
        session.ringing = None;
        let has_described = session.reliable.as_ref().is_some_and(|reliable| reliable.has_described);
        let body = (!has_described).then_some(body);
        session.timer.response_lines(&mut lines);
        let cseq = session.invite_cseq;
        self.answer_in_dialog(now, id.0, transaction, 200, &lines, body.as_ref());
        self.wire.recycle(lines);
        self.await_ack(now, id.0, transaction, cseq, false);
        if let Some(session) = self.session(id) {
            session.phase = Phase::Answered;
            session.local = body.or(session.local.take());
        }
        self.restart_session_timer(now, id.0);
    }

    /// Refuses with a final response 300–699. `Ended` follows with cause `Local`.
    pub fn reject(&mut self, now: Instant, id: InviteId, reply: Reply) {
        let Some(transaction) = self.waiting_invite(id) else { return };
        let status = reply.status.clamp(300, 699);
        self.reply(now, transaction, &Reply { status, ..reply });
        self.tell_end(id.0, Event::Ended { id, cause: EndCause::Local, reason: None });
        self.remove_invite(now, id.0);
    }

    /// Refuses an INVITE whose sender is not known yet and forgets it at once: a stranger costs no state, and one request
    /// gets one response (RFC 3261 26.3.2.4). A repeated INVITE is told as a new one; the ACK is ignored (8.2.7).
    pub fn challenge_invite(&mut self, id: InviteId, request: &Request, flow: Flow, reply: &Reply) {
        let Some(transaction) = self.waiting_invite(id) else { return };
        self.answer_stateless(flow, request.raw(), reply);
        self.remove_server(transaction);
        self.tell_end(id.0, Event::Ended { id, cause: EndCause::Local, reason: None });
        self.forget_invite(id.0);
    }

    /// The same for a request outside of calls.
    pub fn challenge(&mut self, transaction: ServerTransactionId, request: &Request, flow: Flow, reply: &Reply) {
        self.answer_stateless(flow, request.raw(), reply);
        self.remove_server(transaction.0);
    }

    pub(super) fn waiting_invite(&mut self, id: InviteId) -> Option<u64> {
        match self.session(id)?.phase {
            Phase::Incoming { transaction } => Some(transaction),
            _ => None,
        }
    }

    /// A response that makes or refreshes the dialog: with Contact and Allow.
    pub(super) fn answer_in_dialog(
        &mut self,
        now: Instant,
        id: u64,
        transaction: u64,
        status: u16,
        more: &[u8],
        body: Option<&Body>,
    ) {
        let Some(session) = self.invites.get(&id) else { return };
        let mut lines = self.wire.buffer();
        print::contact(&mut lines, &session.contact_user, &session.dialog.flow);
        print::header(&mut lines, "Allow", ALLOW.as_bytes());
        print::header(&mut lines, "Supported", SUPPORTED.as_bytes());
        print::header(&mut lines, "Server", self.config.user_agent.as_bytes());
        lines.extend_from_slice(more);
        let body = body.map(Body::parts);
        self.answer(now, transaction, &Answer { status, reason: None, lines: &lines, body });
        self.wire.recycle(lines);
    }

    /// Repeats the 2xx just sent until its ACK comes (13.3.1.4), over reliable transports too: a proxy behind may go on by UDP.
    pub(super) fn await_ack(&mut self, now: Instant, id: u64, transaction: u64, cseq: u32, is_late: bool) {
        let Some(server) = self.servers.get_mut(&transaction) else { return };
        let pause = self.wire.timing.t1;
        let (flow, bytes) = (server.transaction.flow, server.transaction.take_accepted());
        if let Some(session) = self.invites.get_mut(&id) {
            session.unacked = Some(Unacked { bytes, flow, cseq, pause, is_late });
        }
        let limit = self.wire.timing.limit();
        self.wire.timers.set(now, Timer::AnswerAgain(id), pause);
        self.wire.timers.set(now, Timer::NoAck(id), limit);
    }

    /// The ACK to a 2xx of ours came.
    pub(super) fn take_ack(&mut self, now: Instant, id: u64, cseq: u32, body: Option<Arc<[u8]>>) {
        let Some(session) = self.invites.get_mut(&id) else { return };
        if session.unacked.as_ref().is_none_or(|unacked| unacked.cseq != cseq) {
            self.wire.totals.repeated += 1;
            return;
        }
        let is_late = session.unacked.take().is_some_and(|unacked| {
            self.wire.recycle(unacked.bytes);
            unacked.is_late
        });
        self.wire.timers.cancel(Timer::AnswerAgain(id));
        self.wire.timers.cancel(Timer::NoAck(id));
        let was_answered = matches!(session.phase, Phase::Answered);
        if was_answered {
            session.phase = Phase::Up;
        }
        if session.told {
            return self.leave(now, id);
        }
        self.peer_was_late(now, id);
        let key = InviteId(id);
        self.note_remote(id, body.as_deref());
        if was_answered {
            self.tell(id, Event::Confirmed { id: key, body });
        } else if is_late {
            self.tell(id, Event::OfferAnswered { id: key, body });
        }
        self.run_queued(now, id);
    }

    /// Sends the 2xx once more.
    pub(super) fn answer_again(&mut self, now: Instant, id: u64) {
        let Some(unacked) = self.invites.get_mut(&id).and_then(|session| session.unacked.as_mut()) else { return };
        self.wire.totals.retransmissions += 1;
        self.wire.send_copy(unacked.flow, &unacked.bytes);
        unacked.pause = self.wire.timing.backed_off(unacked.pause);
        self.wire.timers.set(now, Timer::AnswerAgain(id), unacked.pause);
    }

    /// No ACK ever came: the call ends (13.3.1.4).
    pub(super) fn no_ack(&mut self, now: Instant, id: u64) {
        let key = InviteId(id);
        self.tell_end(id, Event::Ended { id: key, cause: EndCause::NoAck, reason: None });
        self.send_bye(now, id);
    }
}
