//! An invite session the peer begins, and what the peer sends within one (RFC 3261 9.2, 12.2.2, 13.3, 15.1.2).

use std::sync::Arc;
use std::time::Instant;

use super::named::session_number;
use super::{Endpoint, ServerUser};
use crate::ability::Ability;
use crate::dialog::Dialog;
use crate::event::{EndCause, Event, InviteId, ServerTransactionId};
use crate::flow::Flow;
use crate::message::Message;
use crate::method::Method;
use crate::reply::Reply;
use crate::request::Request;
use crate::server_transaction;
use crate::session::{Exchange, InviteSession, Phase};
use crate::timer::Timer;

impl Endpoint {
    pub(super) fn receive_invite(&mut self, now: Instant, flow: Flow, request: Request, key: u64) {
        let from_tag = request.from().tag().unwrap_or_default();
        let merged = self.wire.random.hash(&[request.call_id(), from_tag, &request.cseq().to_be_bytes()]);
        if self.merged.contains_key(&merged) {
            return self.answer_stateless(flow, request.raw(), &Reply::new(482));
        }
        if self.invites.len() >= self.config.max_invites {
            self.wire.totals.overload += 1;
            return self.answer_stateless(flow, request.raw(), &super::receive::overloaded());
        }
        let ability = Ability::of(&request);
        if let Some(reply) = self.too_small(&request, ability) {
            return self.answer_stateless(flow, request.raw(), &reply);
        }
        let id = self.new_id();
        let tag = self.session_tag(id);
        self.start_server_with_tag(now, flow, &request, (key, &tag), ServerUser::Invite(id));
        if let Some(server) = self.servers.get_mut(&key) {
            server.merged = Some(merged);
            self.merged.insert(merged, key);
        }
        let user = request.uri().and_then(|uri| uri.user()).unwrap_or_default().into_owned();
        let dialog = Dialog::of_request(&request, flow, tag);
        let mut session = InviteSession::new(dialog, Phase::Incoming { transaction: key }, user, self.session_timer());
        session.ability = ability;
        session.timer.take_request(&request, ability);
        session.is_late = request.sdp().is_none();
        self.invites.insert(id, Box::new(session));
        self.note_remote(id, request.sdp());
        self.events.push_back(Event::Invite { id: InviteId(id), request, flow });
    }

    /// The session whose To tag a request has, if it really belongs there.
    pub(super) fn session_of(&mut self, request: &Request) -> Option<u64> {
        let id = session_number(request.to().tag()?)?;
        let session = self.invites.get_mut(&id)?;
        let is_its = session.dialog.owns(request) || session.select(|fork| fork.dialog.owns(request));
        is_its.then_some(id)
    }

    /// A request with a To tag; false when no session of ours has it.
    pub(super) fn receive_in_dialog(&mut self, now: Instant, flow: Flow, request: &Request, key: u64) -> bool {
        let Some(id) = self.session_of(request) else { return false };
        let method = request.method();
        let subscribes = method == Method::Subscribe;
        if !is_within(method) && !subscribes {
            return false;
        }
        self.adopt_flow(id, flow);
        let Some(session) = self.invites.get_mut(&id) else { return false };
        if !session.dialog.accept_cseq(request.cseq()) {
            self.answer_stateless(flow, request.raw(), &Reply::new(500));
            return true;
        }
        if subscribes {
            return self.receive_refer_subscribe(now, flow, request, (id, key));
        }
        match method {
            Method::Bye => self.receive_bye(now, flow, request, (id, key)),
            Method::Invite | Method::Update => self.receive_offer(now, flow, request, (id, key)),
            Method::Prack => self.receive_prack(now, flow, request, (id, key)),
            Method::Refer => self.receive_refer(now, flow, request, (id, key)),
            // Nobody is left to answer it.
            Method::Info if session.told => {
                let reply = Reply::new(session.refusal_at_end());
                self.answer_stateless(flow, request.raw(), &reply);
            }
            Method::Info => {
                self.start_server(now, flow, request, key, ServerUser::User);
                let (id, transaction) = (InviteId(id), ServerTransactionId(key));
                self.tell(id.0, Event::Info { id, transaction, request: request.clone() });
            }
            _ => {
                self.start_server(now, flow, request, key, ServerUser::Nobody);
                let reply = Reply::new(200).with_header("Allow", super::ALLOW).with_header("Accept", "application/sdp");
                let reply = reply.with_header("Supported", super::SUPPORTED);
                self.reply(now, key, &reply);
            }
        }
        true
    }

    /// A request of the peer shows where it is now: a new connection, or a new address behind NAT.
    fn adopt_flow(&mut self, id: u64, flow: Flow) {
        if let Some(session) = self.invites.get_mut(&id) {
            let dialog = &mut session.dialog;
            if dialog.flow.transport.is_reliable() || flow.transport.is_reliable() || dialog.stay {
                dialog.flow = flow;
            }
            self.wire.timers.cancel(Timer::FlowLost(id));
        }
    }

    fn receive_bye(&mut self, now: Instant, flow: Flow, request: &Request, id_key: (u64, u64)) {
        let (id, key) = id_key;
        self.start_server(now, flow, request, key, ServerUser::Nobody);
        let Some(session) = self.invites.get(&id) else { return };
        match session.phase {
            // A callee must not end an early dialog by BYE (15).
            Phase::Calling { .. } => return self.refuse(now, key, 481),
            // Our own BYE crosses it; its transaction frees the session.
            Phase::Closing => return self.refuse(now, key, 200),
            Phase::Incoming { transaction } => {
                self.refuse(now, key, 200);
                self.refuse(now, transaction, 487);
            }
            Phase::AckOwed(_) | Phase::Answered | Phase::Up | Phase::Leaving => {
                self.refuse_open_offer(now, id);
                self.refuse(now, key, 200);
            }
        }
        let (id, reason) = (InviteId(id), reason_of(request));
        self.tell_end(id.0, Event::Ended { id, cause: EndCause::Bye, reason });
        self.remove_invite(now, id.0);
    }

    /// Answers a re-INVITE, UPDATE or PRACK that still waits, because the call ends.
    pub(super) fn refuse_open_offer(&mut self, now: Instant, id: u64) {
        let Some(session) = self.invites.get_mut(&id) else { return };
        let exchange = std::mem::take(&mut session.exchange);
        match exchange {
            Exchange::Received { transaction, .. } => self.refuse(now, transaction, 487),
            Exchange::AckOwed(owed) => self.send_ack(id, &owed, None),
            _ => {}
        }
    }

    pub(super) fn receive_cancel(&mut self, now: Instant, flow: Flow, request: &Request, key: u64) {
        let invite = server_transaction::key(request, Method::Invite, &self.wire);
        let Some(user) = self.servers.get(&invite).map(|server| server.user) else {
            return self.answer_stateless(flow, request.raw(), &Reply::new(481));
        };
        if self.is_full() {
            // The session must end all the same; only the answer is not kept.
            self.answer_stateless(flow, request.raw(), &Reply::new(200));
        } else {
            self.start_server(now, flow, request, key, ServerUser::Nobody);
            self.refuse(now, key, 200);
        }
        if !self.servers.get(&invite).is_some_and(|server| server.transaction.is_open()) {
            return;
        }
        self.refuse(now, invite, 487);
        match user {
            ServerUser::Invite(id) => {
                let (id, reason) = (InviteId(id), reason_of(request));
                self.tell_end(id.0, Event::Ended { id, cause: EndCause::Cancelled, reason });
                self.remove_invite(now, id.0);
            }
            ServerUser::Offer(id) => {
                if let Some(session) = self.invites.get_mut(&id) {
                    session.exchange = Exchange::Idle;
                }
                self.run_queued(now, id);
            }
            ServerUser::User | ServerUser::Nobody => {}
        }
    }

    pub(super) fn receive_ack(&mut self, now: Instant, flow: Flow, request: &Request) {
        let Some(id) = self.session_of(request) else {
            self.wire.totals.stray += 1;
            return;
        };
        self.adopt_flow(id, flow);
        self.take_ack(now, id, request.cseq(), body_of(request));
    }
}

/// Methods that may come within an invite session.
fn is_within(method: Method) -> bool {
    matches!(
        method,
        Method::Invite | Method::Update | Method::Prack | Method::Bye | Method::Info | Method::Options | Method::Refer
    )
}

/// The session description of a message, to be handed up.
pub(super) fn body_of(message: &Message) -> Option<Arc<[u8]>> {
    message.sdp().map(Arc::from)
}

/// The Reason header as text.
pub(super) fn reason_of(message: &Message) -> Option<String> {
    message.header_str("Reason")
}
