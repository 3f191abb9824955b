//! Session timers: we refresh, or end what was not refreshed (RFC 4028 7.2, 7.4, 10).

use std::time::Instant;

use super::ack::login_lines;
use super::{ALLOW, ClientUser, Endpoint, SUPPORTED};
use crate::ability::Ability;
use crate::dialog::InDialog;
use crate::event::{EndCause, Event, InviteId};
use crate::method::Method;
use crate::print;
use crate::reply::Reply;
use crate::request::Request;
use crate::response::Response;
use crate::session::{Change, InviteSession, Phase};
use crate::session_timer::{Refresher, SessionExpires, SessionTimer};
use crate::timer::Timer;

impl Endpoint {
    /// As it is before anything was heard of the peer's wishes.
    pub(super) fn session_timer(&self) -> SessionTimer {
        SessionTimer::new(self.config.session_expires_s, self.config.min_se_s)
    }

    /// The answer to a request whose session interval is too short (RFC 4028 9); a sender that does not know session
    /// timers would not understand it.
    pub(super) fn too_small(&self, request: &Request, ability: Ability) -> Option<Reply> {
        let least = self.session_timer().min_se;
        let asked = SessionExpires::of(request).filter(|asked| asked.seconds < least && ability.timer)?;
        let shown = asked.seconds.to_string();
        let reply = Reply::new(422).with_header("Min-SE", least.to_string());
        Some(reply.with_header("Warning", format!("399 sori \"Session-Expires {shown} is too short\"")))
    }

    /// The session was set up or refreshed.
    pub(super) fn restart_session_timer(&mut self, now: Instant, id: u64) {
        let Some(session) = self.invites.get_mut(&id).filter(|session| !session.told) else { return };
        let pause = session.timer.restart(now);
        self.wire.timers.set(now, Timer::Session(id), pause);
    }

    /// The peer repeats the UPDATE that was answered, so that answer had not reached it: where it refreshes, it counts from a
    /// later one than we did, and would find the call ended before its next refresh (RFC 4028 10).
    pub(super) fn session_began_later(&mut self, now: Instant, update: &Request) {
        let Some(id) = self.session_of(update) else { return };
        self.peer_was_late(now, id);
    }

    /// The same where the ACK to a 2xx of ours comes.
    pub(super) fn peer_was_late(&mut self, now: Instant, id: u64) {
        let counts_from_now =
            |session: &InviteSession| session.timer.refresher == Refresher::Peer && session.timer.runs();
        if self.invites.get(&id).is_some_and(|session| counts_from_now(session)) {
            self.restart_session_timer(now, id);
        }
    }

    /// It is time to refresh, or too late.
    pub(super) fn session_due(&mut self, now: Instant, id: u64) {
        let Some(session) = self.invites.get(&id).filter(|session| !session.told) else { return };
        let Some(pause) = session.timer.look_again(now) else {
            let key = InviteId(id);
            self.tell_end(id, Event::Ended { id: key, cause: EndCause::SessionExpired, reason: None });
            return self.close(now, id, None);
        };
        let refresher = session.timer.refresher;
        self.wire.timers.set(now, Timer::Session(id), pause);
        if refresher == Refresher::Us {
            self.refresh(now, id);
        }
    }

    /// By UPDATE without a body where the peer takes it, else by a re-INVITE with what stands. A change of ours that
    /// waits or is under way refreshes too.
    fn refresh(&mut self, now: Instant, id: u64) {
        let Some(session) = self.invites.get_mut(&id) else { return };
        if !matches!(session.phase, Phase::Up) || session.queued.is_some() {
            return;
        }
        match session.local.clone().filter(|_| !session.ability.update) {
            Some(body) => {
                session.queued = Some(Change { body: Some(body), is_refresh: true, may_be_early: false });
                self.run_queued(now, id);
            }
            None => self.send_refresh(now, id),
        }
    }

    fn send_refresh(&mut self, now: Instant, id: u64) {
        let branch = self.new_branch();
        let Some(session) = self.invites.get_mut(&id) else { return };
        let mut lines = login_lines(session, "UPDATE", branch.1);
        print::header(&mut lines, "Allow", ALLOW.as_bytes());
        print::header(&mut lines, "Supported", SUPPORTED.as_bytes());
        session.timer.request_lines(&mut lines);
        let update = InDialog {
            method: b"UPDATE",
            cseq: session.dialog.next_cseq(),
            branch,
            lines: &lines,
            contact_user: Some(&session.contact_user),
            body: None,
        };
        let bytes = session.dialog.request(&update, &self.config.user_agent, self.wire.buffer());
        let flow = session.dialog.request_flow();
        self.start_client(now, branch, Method::Update, flow, bytes, ClientUser::Refresh { id });
    }

    /// The final response to an UPDATE that only refreshes.
    pub(super) fn refresh_done(&mut self, now: Instant, id: u64, transaction: u64, response: &Response) {
        let Some(session) = self.invites.get_mut(&id).filter(|session| !session.told) else { return };
        match response.status() {
            200..=299 => {
                session.attempts = 0;
                session.glares = 0;
                session.dialog.refresh(response.contact());
                session.timer.take_response(response);
                self.restart_session_timer(now, id);
            }
            408 | 481 => self.call_is_gone(now, id, EndCause::SessionExpired),
            405 | 501 => {
                session.ability.update = false;
                if session.local.is_some() {
                    self.refresh(now, id);
                } else {
                    self.refresh_refused(now, id);
                }
            }
            422 if self.takes_longer(id, response) => self.send_refresh(now, id),
            401 | 407 => match self.with_login(id, transaction, "UPDATE", response) {
                Some((bytes, branch)) => {
                    let Some(session) = self.invites.get(&id) else { return };
                    let flow = session.dialog.request_flow();
                    self.start_client(now, branch, Method::Update, flow, bytes, ClientUser::Refresh { id });
                }
                None => self.refresh_refused(now, id),
            },
            _ => self.refresh_refused(now, id),
        }
    }

    /// A refresh was refused by a peer that still knows the call. Without an agreement that is all we wanted to know;
    /// with one the timer tries again until the session expires.
    pub(super) fn refresh_refused(&mut self, now: Instant, id: u64) {
        if self.invites.get(&id).is_some_and(|session| !session.timer.is_agreed) {
            self.restart_session_timer(now, id);
        }
    }
}
