//! An invite session we begin: INVITE and what its responses mean (RFC 3261 13.2, 9.1).

use std::time::Instant;

use super::ack::login_lines;
use super::incoming::{body_of, reason_of};
use super::{ALLOW, ClientUser, Endpoint, MAX_ATTEMPTS, MAX_FORWARDS, RING_LIMIT, SUPPORTED, SUPPORTED_UNRELIABLE};
use crate::derive::{self, Again};
use crate::dialog::Dialog;
use crate::digest::Login;
use crate::event::{Event, InviteId};
use crate::header::HeaderName;
use crate::invite::Invite;
use crate::method::Method;
use crate::name_addr::NameAddr;
use crate::print;
use crate::reply::{Body, header_lines};
use crate::response::Response;
use crate::scan;
use crate::session::{Cancel, Exchange, InviteSession, OwedAck, Phase};
use crate::timer::Timer;
use crate::uri::Uri;

/// Most contacts of a 3xx that are told.
const MAX_CONTACTS: usize = 8;

impl Endpoint {
    /// Calls. [`Event::Refused`] with 503 follows when the tables are full, with 400 when the parts make no INVITE.
    pub fn invite(&mut self, now: Instant, invite: Invite) -> InviteId {
        let id = self.new_id();
        let refused = |status| Event::refused(InviteId(id), status);
        if self.invites.len() >= self.config.max_invites || self.is_full() {
            self.wire.totals.overload += 1;
            self.events.push_back(refused(503));
            return InviteId(id);
        }
        self.clear_line(now, invite.flow);
        let branch = self.new_branch();
        let bytes = self.print_invite(id, branch, &invite);
        // A registered Contact that differs from where the phone was seen is behind NAT: all of the call stays on the flow.
        let address = Uri::parse(invite.request_uri.as_bytes()).and_then(|uri| uri.address());
        let stay = invite.route.is_empty() && address.is_some_and(|address| address != invite.flow.remote);
        let Some(dialog) = Dialog::of_invite(&bytes, invite.flow, stay) else {
            self.wire.recycle(bytes);
            self.events.push_back(refused(400));
            return InviteId(id);
        };
        let phase = Phase::Calling { transaction: branch.0, heard: false, cancel: Cancel::No };
        let mut session = InviteSession::new(dialog, phase, invite.contact_user, self.session_timer());
        session.is_late = invite.body.is_none();
        session.local = invite.body;
        session.credentials = invite.credentials;
        self.invites.insert(id, Box::new(session));
        self.wire.timers.set(now, Timer::C(id), invite.ring_limit.unwrap_or(RING_LIMIT));
        self.start_client(
            now,
            branch,
            Method::Invite,
            invite.flow,
            bytes,
            ClientUser::Invite { id, stay, last_cseq: 1 },
        );
        InviteId(id)
    }

    fn print_invite(&mut self, id: u64, branch: (u64, u64), invite: &Invite) -> Vec<u8> {
        let tag = self.session_tag(id);
        let call_id = [self.wire.random.next(), self.wire.random.next()];
        let mut out = self.wire.buffer();
        print::request_line(&mut out, b"INVITE", invite.request_uri.as_bytes());
        print::via(&mut out, &invite.flow, branch.0, branch.1);
        print::number_header(&mut out, "Max-Forwards", u64::from(invite.max_forwards.unwrap_or(MAX_FORWARDS)));
        for route in &invite.route {
            print::header(&mut out, "Route", route.as_bytes());
        }
        out.extend_from_slice(b"From: ");
        print::name_addr(&mut out, &invite.from.display, &invite.from.uri);
        out.extend_from_slice(b";tag=");
        out.extend_from_slice(&tag);
        out.extend_from_slice(b"\r\nTo: ");
        print::name_addr(&mut out, &invite.to.display, &invite.to.uri);
        out.extend_from_slice(b"\r\nCall-ID: ");
        for half in call_id {
            print::hex(&mut out, half);
        }
        out.extend_from_slice(b"\r\nCSeq: 1 INVITE\r\n");
        print::contact(&mut out, &invite.contact_user, &invite.flow);
        print::header(&mut out, "Allow", ALLOW.as_bytes());
        print::header(&mut out, "Supported", if invite.reliable { SUPPORTED } else { SUPPORTED_UNRELIABLE }.as_bytes());
        self.session_timer().first_lines(&mut out);
        print::header(&mut out, "User-Agent", self.config.user_agent.as_bytes());
        header_lines(&mut out, &invite.headers);
        print::body(&mut out, invite.body.as_ref().map(Body::parts));
        out
    }

    /// Has anything been heard of our INVITE, be it 100? False of a session that is not calling any more.
    #[must_use]
    pub fn was_heard(&self, id: InviteId) -> bool {
        self.invites.get(&id.0).is_some_and(|session| matches!(session.phase, Phase::Calling { heard: true, .. }))
    }

    /// The first 2xx to our INVITE.
    pub(super) fn call_answered(&mut self, now: Instant, id: u64, transaction: u64, response: &Response) {
        self.wire.timers.cancel(Timer::C(id));
        self.wire.timers.cancel(Timer::CancelLimit(id));
        if !self.invites.contains_key(&id) {
            return self.end_fork(now, transaction, response);
        }
        self.settle_fork(now, id, transaction, response);
        let tag = response.to().tag().unwrap_or_default().to_vec();
        let owed = OwedAck { transaction, cseq: response.cseq(), tag };
        let Some(session) = self.invites.get_mut(&id) else { return };
        session.attempts = 0;
        if session.told {
            // It crossed our CANCEL: the call is up and must be ended (9.1, 15).
            session.phase = Phase::Up;
            self.send_ack(id, &owed, None);
            return self.send_bye(now, id);
        }
        session.ability.learn(response);
        session.timer.take_response(response);
        let body = session.described_by(body_of(response));
        if session.is_late && !session.early.done {
            // The offer of a provisional response that was not answered yet is answered in the ACK.
            session.exchange = Exchange::Idle;
            if let Some(client) = self.clients.get_mut(&transaction) {
                client.transaction.keep_ack(&owed.tag, session.dialog.flow, Vec::new());
            }
            session.phase = Phase::AckOwed(owed);
        } else {
            session.phase = Phase::Up;
            self.send_ack(id, &owed, None);
        }
        self.note_remote(id, body.as_deref());
        self.restart_session_timer(now, id);
        self.tell(id, Event::Answered { id: InviteId(id), body });
        self.run_queued(now, id);
    }

    /// A final response other than 2xx to our INVITE; its ACK has gone out.
    pub(super) fn call_refused(&mut self, now: Instant, id: u64, transaction: u64, response: &Response) {
        let again = match response.status() {
            401 | 407 => self.call_with_login(now, id, transaction, response),
            422 => self.call_for_longer(now, id, transaction, response),
            _ => false,
        };
        if again {
            return;
        }
        let told = Event::Refused {
            id: InviteId(id),
            status: response.status(),
            reason: reason_of(response),
            contacts: contacts_of(response),
            retry_after: retry_after_of(response),
        };
        self.tell_end(id, told);
        self.remove_invite(now, id);
    }

    /// Calls again with credentials when the carrier asks for them (22.2).
    fn call_with_login(&mut self, now: Instant, id: u64, transaction: u64, response: &Response) -> bool {
        let Some(session) = self.invites.get_mut(&id) else { return false };
        let (Some(_), Some(login)) = (&session.credentials, Login::of(response)) else { return false };
        let may_try = session.attempts == 0 || (login.stale && session.attempts < MAX_ATTEMPTS);
        if session.told || !may_try {
            return false;
        }
        session.attempts += 1;
        session.login = Some(login);
        self.call_again(now, id, transaction, &[])
    }

    /// Calls again with the session interval the callee insists on (RFC 4028 7.3).
    fn call_for_longer(&mut self, now: Instant, id: u64, transaction: u64, response: &Response) -> bool {
        let is_over = self.invites.get(&id).is_none_or(|session| session.told);
        !is_over
            && self.takes_longer(id, response)
            && self.call_again(now, id, transaction, &[HeaderName::SessionExpires, HeaderName::MinSe])
    }

    /// The INVITE once more in a new transaction, with new credentials and without what is to be put anew.
    fn call_again(&mut self, now: Instant, id: u64, transaction: u64, without: &[HeaderName]) -> bool {
        self.forget_early(now, id, transaction);
        let branch = self.new_branch();
        let (Some(session), Some(client)) = (self.invites.get_mut(&id), self.clients.get(&transaction)) else {
            return false;
        };
        let mut lines = login_lines(session, "INVITE", branch.1);
        if !without.is_empty() {
            session.timer.first_lines(&mut lines);
        }
        let cseq = session.dialog.next_cseq();
        session.invite_cseq = cseq;
        let (flow, stay) = (client.transaction.flow, session.dialog.stay);
        let new = Again { flow: &flow, id: branch.0, random: branch.1, cseq };
        let bytes = derive::again_with(&client.transaction.request, new, without, &lines, self.wire.buffer());
        session.phase = Phase::Calling { transaction: branch.0, heard: false, cancel: Cancel::No };
        let user = ClientUser::Invite { id, stay, last_cseq: cseq };
        self.start_client(now, branch, Method::Invite, flow, bytes, user);
        true
    }
}

/// Where else to try, of a 3xx: best first (RFC 3261 8.1.3.4, 20.10).
fn contacts_of(response: &Response) -> Vec<String> {
    if !matches!(response.status(), 300..=399) {
        return Vec::new();
    }
    let addresses = response.list(HeaderName::Contact).filter_map(NameAddr::parse).take(MAX_CONTACTS);
    let mut rated: Vec<(u16, String)> =
        addresses.map(|contact| (thousandths(contact.params().get("q")), scan::text(contact.raw_uri()))).collect();
    rated.sort_by_key(|(quality, _)| std::cmp::Reverse(*quality));
    rated.into_iter().map(|(_, uri)| uri).collect()
}

/// `0.7` is 700; what cannot be read counts as 1.
fn thousandths(quality: Option<&[u8]>) -> u16 {
    let read = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<f32>().ok().filter(|q| (0.0..=1.0).contains(q));
    // At most 1000, never negative.
    quality.and_then(read).map_or(1000, |quality| (quality * 1000.0) as u16)
}

/// Seconds of Retry-After, without its comment and parameters.
pub(super) fn retry_after_of(response: &Response) -> Option<u32> {
    let value = scan::trim(response.known(HeaderName::RetryAfter)?);
    let end = value.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(value.len());
    u32::try_from(scan::number(value.get(..end)?, u64::from(u32::MAX))?).ok()
}
