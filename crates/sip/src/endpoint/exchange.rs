//! We change the session description: re-INVITE, glare, credentials (RFC 3261 14.1).

use std::time::{Duration, Instant};

use super::ack::login_lines;
use super::incoming::body_of;
use super::{ALLOW, ClientUser, Endpoint, MAX_ATTEMPTS, MAX_GLARES};
use crate::derive::{self, Again};
use crate::dialog::{InDialog, Role};
use crate::digest::Login;
use crate::event::{EndCause, Event, InviteId};
use crate::method::Method;
use crate::print;
use crate::reply::Body;
use crate::response::Response;
use crate::session::{Exchange, InviteSession, OwedAck};
use crate::timer::Timer;

impl Endpoint {
    /// Sends a re-INVITE with an offer, or without one to ask the peer for its. While another change is under way it waits;
    /// of several that wait the latest is sent. [`Event::OfferAnswered`], [`Event::OfferRefused`] or (without a body)
    /// [`Event::Offer`] follows.
    pub fn reinvite(&mut self, now: Instant, id: InviteId, body: Option<Body>) {
        if let Some(session) = self.session(id) {
            session.queued = Some(body);
            self.run_queued(now, id.0);
        }
    }

    /// Sends the re-INVITE that waits, when nothing else is under way.
    pub(super) fn run_queued(&mut self, now: Instant, id: u64) {
        let Some(session) = self.invites.get_mut(&id).filter(|session| session.is_quiet()) else { return };
        if let Some(body) = session.queued.take() {
            session.attempts = 0;
            session.glares = 0;
            self.send_reinvite(now, id, body);
        }
    }

    fn send_reinvite(&mut self, now: Instant, id: u64, body: Option<Body>) {
        let branch = self.new_branch();
        let Some(session) = self.invites.get_mut(&id) else { return };
        let mut lines = login_lines(session, "INVITE", branch.1);
        print::header(&mut lines, "Allow", ALLOW.as_bytes());
        let cseq = session.dialog.next_cseq();
        let request = InDialog {
            method: b"INVITE",
            cseq,
            branch,
            lines: &lines,
            contact_user: Some(&session.contact_user),
            body: body.as_ref().map(Body::parts),
        };
        let bytes = session.dialog.request(&request, &self.config.user_agent, self.wire.buffer());
        let flow = session.dialog.request_flow();
        session.exchange = Exchange::Sent { body, cseq };
        self.start_client(now, branch, Method::Invite, flow, bytes, ClientUser::Reinvite { id });
    }

    /// The final response to our re-INVITE.
    pub(super) fn reinvite_done(&mut self, now: Instant, id: u64, transaction: u64, response: &Response) {
        let Some(session) = self.invites.get_mut(&id) else { return };
        let sent = match &session.exchange {
            Exchange::Sent { body, cseq } if *cseq == response.cseq() => body.clone(),
            _ => return,
        };
        let may_wait = !session.told && session.glares < MAX_GLARES;
        match response.status() {
            200..=299 => self.reinvite_accepted(now, (id, transaction), sent.is_none(), response),
            491 if may_wait => self.wait_after_glare(now, id, sent),
            401 | 407 if self.reinvite_again(now, id, transaction, response) => {}
            // The peer knows nothing of the call any more (12.2.1.2).
            408 | 481 => self.dialog_is_gone(now, id),
            status => {
                if let Some(session) = self.invites.get_mut(&id) {
                    session.exchange = Exchange::Idle;
                }
                self.tell(id, Event::OfferRefused { id: InviteId(id), status });
                self.run_queued(now, id);
            }
        }
    }

    fn reinvite_accepted(&mut self, now: Instant, id_transaction: (u64, u64), was_empty: bool, response: &Response) {
        let (id, transaction) = id_transaction;
        let tag = response.to().tag().unwrap_or_default().to_vec();
        let owed = OwedAck { transaction, cseq: response.cseq(), tag };
        let Some(session) = self.invites.get_mut(&id) else { return };
        session.exchange = Exchange::Idle;
        session.attempts = 0;
        session.dialog.refresh(response.contact());
        let (key, body) = (InviteId(id), body_of(response));
        if was_empty && body.is_some() && !session.told {
            if let Some(client) = self.clients.get_mut(&transaction) {
                client.transaction.keep_ack(&owed.tag, session.dialog.flow, Vec::new());
            }
            self.owe_ack(id, owed);
            return self.tell(id, Event::Offer { id: key, body });
        }
        self.send_ack(id, &owed, None);
        self.tell(id, Event::OfferAnswered { id: key, body });
        self.run_queued(now, id);
    }

    /// Who chose the Call-ID waits 2.1 to 4 s, the other 0 to 2 s, in steps of 10 ms (14.1).
    fn wait_after_glare(&mut self, now: Instant, id: u64, body: Option<Body>) {
        let Some(session) = self.invites.get_mut(&id) else { return };
        session.glares += 1;
        session.exchange = Exchange::Glare { body };
        let steps = match session.dialog.role {
            Role::Uac => 210 + self.wire.random.below(191),
            Role::Uas => self.wire.random.below(201),
        };
        self.wire.timers.set(now, Timer::Glare(id), Duration::from_millis(steps * 10));
    }

    /// The pause after 491 is over.
    pub(super) fn glare_over(&mut self, now: Instant, id: u64) {
        let Some(session) = self.invites.get_mut(&id) else { return };
        if session.told {
            return;
        }
        match std::mem::replace(&mut session.exchange, Exchange::Idle) {
            Exchange::Glare { body } => {
                // A later wish takes its place.
                let body = session.queued.take().unwrap_or(body);
                self.send_reinvite(now, id, body);
            }
            other => session.exchange = other,
        }
    }

    fn reinvite_again(&mut self, now: Instant, id: u64, transaction: u64, response: &Response) -> bool {
        let Some((bytes, branch, cseq)) = self.with_login(id, transaction, "INVITE", response) else { return false };
        let Some(session) = self.invites.get_mut(&id) else { return false };
        if let Exchange::Sent { cseq: sent, .. } = &mut session.exchange {
            *sent = cseq;
        }
        let flow = session.dialog.request_flow();
        self.start_client(now, branch, Method::Invite, flow, bytes, ClientUser::Reinvite { id });
        true
    }

    /// A request of the session again, with credentials for the challenge in `response`; `None` when that is of no use.
    pub(super) fn with_login(
        &mut self,
        id: u64,
        transaction: u64,
        method: &str,
        response: &Response,
    ) -> Option<(Vec<u8>, (u64, u64), u32)> {
        let branch = self.new_branch();
        let client = self.clients.get(&transaction)?;
        let session: &mut InviteSession = self.invites.get_mut(&id)?;
        let credentials = session.credentials.as_ref()?;
        let mut login = Login::of(response)?;
        if session.attempts >= MAX_ATTEMPTS {
            return None;
        }
        session.attempts += 1;
        let header = login.header(method, session.dialog.request_uri(), credentials, branch.1);
        session.login = Some(login);
        let cseq = session.dialog.next_cseq();
        let flow = session.dialog.request_flow();
        let new = Again { flow: &flow, id: branch.0, random: branch.1, cseq };
        let bytes = derive::again(&client.transaction.request, new, (header.0, &header.1), self.wire.buffer());
        Some((bytes, branch, cseq))
    }

    fn dialog_is_gone(&mut self, now: Instant, id: u64) {
        let key = InviteId(id);
        self.tell_end(id, Event::Ended { id: key, cause: EndCause::Timeout, reason: None });
        self.send_bye(now, id);
    }
}
