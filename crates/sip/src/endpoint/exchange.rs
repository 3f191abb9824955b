//! We change the session description: re-INVITE and UPDATE, glare, credentials (RFC 3261 14.1, RFC 3311 5.1).

use std::time::{Duration, Instant};

use super::ack::login_lines;
use super::call::retry_after_of;
use super::incoming::body_of;
use super::{ALLOW, ClientUser, Endpoint, MAX_ATTEMPTS, MAX_GLARES, SUPPORTED};
use crate::derive::{self, Again};
use crate::dialog::{InDialog, Role};
use crate::digest::Login;
use crate::event::{EndCause, Event, InviteId};
use crate::method::Method;
use crate::print;
use crate::reply::Body;
use crate::response::Response;
use crate::session::{Change, Exchange, InviteSession, OwedAck};
use crate::timer::Timer;

/// Longest Retry-After that is waited for before a change is tried again, seconds (RFC 3261 14.2: at most 10).
const MAX_RETRY_AFTER: u32 = 10;

impl Endpoint {
    /// Sends a re-INVITE with an offer, or without one to ask the peer for its. While another change is under way it waits;
    /// of several that wait the latest is sent. [`Event::OfferAnswered`], [`Event::OfferRefused`] or (without a body)
    /// [`Event::Offer`] follows.
    pub fn reinvite(&mut self, now: Instant, id: InviteId, body: Option<Body>) {
        self.want(now, id, Change { body, is_refresh: false, may_be_early: false });
    }

    /// Offers a new session description as soon as the call allows: before it is answered by UPDATE, when the peer takes that
    /// and the first offer and answer were exchanged reliably; else when it is up. The events are those of
    /// [`Endpoint::reinvite`].
    pub fn change(&mut self, now: Instant, id: InviteId, body: Body) {
        self.want(now, id, Change { body: Some(body), is_refresh: false, may_be_early: true });
    }

    fn want(&mut self, now: Instant, id: InviteId, change: Change) {
        if let Some(session) = self.session(id) {
            session.queued = Some(change);
            self.run_queued(now, id.0);
        }
    }

    /// Sends the change that waits, when nothing else is under way.
    pub(super) fn run_queued(&mut self, now: Instant, id: u64) {
        let Some(session) = self.invites.get_mut(&id) else { return };
        let (is_quiet, may_update) = (session.is_quiet(), session.may_update_early());
        let may_go = |change: &mut Change| is_quiet || (may_update && change.may_be_early);
        if let Some(change) = session.queued.take_if(may_go) {
            session.attempts = 0;
            session.glares = 0;
            self.send_change(now, id, change);
        }
    }

    fn send_change(&mut self, now: Instant, id: u64, mut change: Change) {
        let Some(session) = self.invites.get_mut(&id) else { return };
        if change.is_refresh {
            // The peer may have changed what stands since.
            change.body.clone_from(&session.local);
        }
        let method = if session.is_early() { Method::Update } else { Method::Invite };
        let branch = self.new_branch();
        let cseq = self.next_early_cseq(id);
        let Some(session) = self.invites.get_mut(&id) else { return };
        let mut lines = login_lines(session, method.as_str(), branch.1);
        print::header(&mut lines, "Allow", ALLOW.as_bytes());
        print::header(&mut lines, "Supported", SUPPORTED.as_bytes());
        // Without them the peer takes session timers as switched off (RFC 4028 9).
        session.timer.request_lines(&mut lines);
        let request = InDialog {
            method: method.as_str().as_bytes(),
            cseq,
            branch,
            lines: &lines,
            contact_user: Some(&session.contact_user),
            body: change.body.as_ref().map(Body::parts),
        };
        let bytes = session.dialog.request(&request, &self.config.user_agent, self.wire.buffer());
        let flow = session.dialog.request_flow();
        session.exchange = Exchange::Sent { change, transaction: branch.0 };
        self.start_client(now, branch, method, flow, bytes, ClientUser::Change { id });
    }

    /// The final response to our re-INVITE or UPDATE.
    pub(super) fn change_done(&mut self, now: Instant, id: u64, transaction: u64, response: &Response) {
        let Some(session) = self.invites.get_mut(&id) else { return };
        let Some(change) = session.change_sent(transaction) else { return };
        let may_wait = !session.told && session.glares < MAX_GLARES;
        let retry_after = retry_after_of(response).filter(|seconds| *seconds <= MAX_RETRY_AFTER);
        match (response.status(), retry_after) {
            (200..=299, _) => self.change_accepted(now, (id, transaction), change, response),
            (491, _) if may_wait => self.wait_after_glare(now, id, change, None),
            (500, Some(seconds)) if may_wait => self.wait_after_glare(now, id, change, Some(seconds)),
            (401 | 407, _) if self.change_again(now, id, transaction, response) => {}
            (405 | 501, _) if response.method() == Method::Update => self.update_is_unknown(now, id, change),
            // The peer knows nothing of the call any more (12.2.1.2).
            (408 | 481, _) => self.change_found_nobody(now, (id, transaction), response.status()),
            (422, _) if may_wait && self.takes_longer(id, response) => self.send_change(now, id, change),
            (status, _) => self.change_refused(now, id, status),
        }
    }

    /// Our change did not come about: the session goes on as before. A refresh was nobody's wish.
    fn change_refused(&mut self, now: Instant, id: u64, status: u16) {
        let Some(session) = self.invites.get_mut(&id) else { return };
        match std::mem::take(&mut session.exchange) {
            Exchange::Sent { change, .. } if change.is_refresh => self.refresh_refused(now, id),
            _ => self.tell(id, Event::OfferRefused { id: InviteId(id), status }),
        }
        self.run_queued(now, id);
    }

    fn change_accepted(&mut self, now: Instant, id_transaction: (u64, u64), change: Change, response: &Response) {
        let (id, transaction) = id_transaction;
        let is_invite = response.method() == Method::Invite;
        let Some(session) = self.invites.get_mut(&id) else { return };
        session.exchange = Exchange::Idle;
        session.attempts = 0;
        session.ability.learn(response);
        session.dialog.refresh(response.contact());
        if is_invite {
            session.timer.take_response(response);
            self.restart_session_timer(now, id);
        }
        let (key, body) = (InviteId(id), body_of(response));
        let owed = is_invite.then(|| OwedAck {
            transaction,
            cseq: response.cseq(),
            tag: response.to().tag().unwrap_or_default().to_vec(),
        });
        let Some(session) = self.invites.get_mut(&id) else { return };
        if change.body.is_none() && body.is_some() && !session.told {
            let Some(owed) = owed else { return };
            if let Some(client) = self.clients.get_mut(&transaction) {
                client.transaction.keep_ack(&owed.tag, session.dialog.flow, Vec::new());
            }
            session.exchange = Exchange::AckOwed(owed);
            self.note_remote(id, body.as_deref());
            return self.tell(id, Event::Offer { id: key, body });
        }
        session.local = change.body.or(session.local.take());
        session.early.remote = None;
        if let Some(owed) = owed {
            self.send_ack(id, &owed, None);
        }
        let is_new = self.note_remote(id, body.as_deref());
        if is_new || !change.is_refresh {
            self.tell(id, Event::OfferAnswered { id: key, body });
        }
        self.run_queued(now, id);
    }

    /// Who chose the Call-ID waits 2.1 to 4 s, the other 0 to 2 s, in steps of 10 ms (14.1), or as long as the peer asks.
    fn wait_after_glare(&mut self, now: Instant, id: u64, change: Change, seconds: Option<u32>) {
        let Some(session) = self.invites.get_mut(&id) else { return };
        session.glares += 1;
        session.exchange = Exchange::Glare { change };
        let pause = match (seconds, session.dialog.role) {
            (Some(seconds), _) => Duration::from_secs(u64::from(seconds)),
            (None, Role::Uac) => Duration::from_millis(2100 + 10 * self.wire.random.below(191)),
            (None, Role::Uas) => Duration::from_millis(10 * self.wire.random.below(201)),
        };
        self.wire.timers.set(now, Timer::Glare(id), pause);
    }

    /// The pause after 491 is over.
    pub(super) fn glare_over(&mut self, now: Instant, id: u64) {
        let Some(session) = self.invites.get_mut(&id).filter(|session| !session.told) else { return };
        if !matches!(session.exchange, Exchange::Glare { .. }) {
            session.select(|fork| matches!(fork.exchange, Exchange::Glare { .. }));
        }
        match std::mem::take(&mut session.exchange) {
            Exchange::Glare { change } => {
                // A later wish takes its place.
                session.queued.get_or_insert(change);
                let glares = session.glares;
                self.run_queued(now, id);
                if let Some(session) = self.invites.get_mut(&id) {
                    session.glares = glares;
                }
            }
            other => session.exchange = other,
        }
    }

    fn change_again(&mut self, now: Instant, id: u64, transaction: u64, response: &Response) -> bool {
        let method = response.method();
        let Some((bytes, branch)) = self.with_login(id, transaction, method.as_str(), response) else {
            return false;
        };
        let Some(session) = self.invites.get_mut(&id) else { return false };
        if let Exchange::Sent { transaction, .. } = &mut session.exchange {
            *transaction = branch.0;
        }
        let flow = session.dialog.request_flow();
        self.start_client(now, branch, method, flow, bytes, ClientUser::Change { id });
        true
    }

    /// The peer wants a longer session interval (RFC 4028 7.4); false when it said so before.
    pub(super) fn takes_longer(&mut self, id: u64, response: &Response) -> bool {
        let Some(session) = self.invites.get_mut(&id) else { return false };
        session.glares = session.glares.saturating_add(1);
        session.glares <= MAX_GLARES && session.timer.take_too_small(response)
    }

    /// A peer that refuses UPDATE gets a re-INVITE when the call is up.
    fn update_is_unknown(&mut self, now: Instant, id: u64, change: Change) {
        let Some(session) = self.invites.get_mut(&id) else { return };
        session.ability.update = false;
        session.exchange = Exchange::Idle;
        session.queued.get_or_insert(change);
        self.run_queued(now, id);
    }

    /// Nobody answered our change: of an early dialog the INVITE will tell what becomes of it, an answered call is over.
    pub(super) fn change_found_nobody(&mut self, now: Instant, id_transaction: (u64, u64), status: u16) {
        let (id, transaction) = id_transaction;
        let Some(session) = self.invites.get_mut(&id) else { return };
        let Some(change) = session.change_sent(transaction) else { return };
        if session.is_early() {
            return self.change_refused(now, id, status);
        }
        let cause = match status {
            503 => EndCause::Transport,
            _ if change.is_refresh => EndCause::SessionExpired,
            _ => EndCause::Timeout,
        };
        self.call_is_gone(now, id, cause);
    }

    /// The peer knows nothing of the call any more: it is told as ended, and BYE goes out all the same.
    pub(super) fn call_is_gone(&mut self, now: Instant, id: u64, cause: EndCause) {
        let Some(session) = self.invites.get(&id) else { return };
        let is_closing = matches!(session.phase, crate::session::Phase::Closing);
        self.tell_end(id, Event::Ended { id: InviteId(id), cause, reason: None });
        if !is_closing {
            self.refuse_open_offer(now, id);
            self.send_bye(now, id);
        }
    }

    /// A request of the session again, with credentials for the challenge in `response`; `None` when that is of no use.
    pub(super) fn with_login(
        &mut self,
        id: u64,
        transaction: u64,
        method: &str,
        response: &Response,
    ) -> Option<(Vec<u8>, (u64, u64))> {
        let branch = self.new_branch();
        let session: &mut InviteSession = self.invites.get_mut(&id)?;
        let credentials = session.credentials.as_ref()?;
        let mut login = Login::of(response)?;
        if session.attempts >= MAX_ATTEMPTS {
            return None;
        }
        session.attempts += 1;
        let header = login.header(method, session.dialog.request_uri(), credentials, branch.1);
        session.login = Some(login);
        let flow = session.dialog.request_flow();
        let cseq = self.next_early_cseq(id);
        let client = self.clients.get(&transaction)?;
        let new = Again { flow: &flow, id: branch.0, random: branch.1, cseq };
        let bytes = derive::again(&client.transaction.request, new, (header.0, &header.1), self.wire.buffer());
        Some((bytes, branch))
    }

    /// Remembers the peer's session description; is it another one than before?
    pub(super) fn note_remote(&mut self, id: u64, body: Option<&[u8]>) -> bool {
        let Some(body) = body else { return false };
        let hash = self.wire.random.hash(&[body]);
        let Some(session) = self.invites.get_mut(&id) else { return false };
        std::mem::replace(&mut session.remote_hash, hash) != hash
    }
}
