//! PRACK of ours: we acknowledge the reliable provisional responses to our INVITE (RFC 3262 4, 5).

use std::time::Instant;

use super::ack::login_lines;
use super::incoming::body_of;
use super::{ClientUser, Endpoint};
use crate::ability;
use crate::dialog::InDialog;
use crate::event::{Event, InviteId};
use crate::header::HeaderName;
use crate::method::Method;
use crate::print;
use crate::reply::Body;
use crate::response::Response;
use crate::scan;
use crate::session::{Cancel, Exchange, Phase};

/// What a provisional response is, by its RSeq.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sequence {
    /// Not reliable.
    None,
    /// Reliable and the next one.
    Next(u32),
    /// Reliable, but came before, or one before it is missing.
    Other,
}

impl Endpoint {
    /// A provisional response to our INVITE.
    pub(super) fn call_rang(&mut self, now: Instant, id: u64, response: &Response) {
        let Some(session) = self.invites.get_mut(&id) else { return };
        if let Phase::Calling { heard, cancel, .. } = &mut session.phase {
            *heard = true;
            if matches!(cancel, Cancel::Held(_)) {
                return self.send_cancel(now, id);
            }
        }
        if response.status() == 100 || session.told || !self.select_fork(id, response) {
            return;
        }
        let sequence = self.sequence_of(id, response);
        if sequence == Sequence::Other {
            self.wire.totals.repeated += 1;
            return;
        }
        let Some(session) = self.invites.get_mut(&id) else { return };
        session.ability.learn(response);
        let body = body_of(response).filter(|_| !session.early.done);
        let key = InviteId(id);
        let told = Event::Rang { id: key, status: response.status(), body: body.clone().filter(|_| !session.is_late) };
        match (sequence, body) {
            (Sequence::Next(rseq), Some(offer)) if session.is_late => {
                session.exchange = Exchange::PrackOwed { rseq, cseq: response.cseq() };
                self.tell(id, told);
                self.tell(id, Event::Offer { id: key, body: Some(offer) });
            }
            (Sequence::Next(rseq), body) => {
                session.early.done |= body.is_some();
                session.early.remote = body.or(session.early.remote.take());
                self.send_prack(now, id, (rseq, response.cseq()), None);
                self.tell(id, told);
            }
            // An offer must not come in a response that may be lost (RFC 3262 5).
            (_, _) if session.is_late => self.tell(id, told),
            (_, body) => {
                session.early.remote = body.or(session.early.remote.take());
                self.tell(id, told);
            }
        }
    }

    /// In order or not (RFC 3262 4); a first one may have any number.
    fn sequence_of(&mut self, id: u64, response: &Response) -> Sequence {
        let rseq = response.header("RSeq").and_then(|value| scan::number(scan::trim(value), u64::from(u32::MAX)));
        let rseq = rseq.filter(|_| ability::names(response, HeaderName::Require, "100rel"));
        let Some(rseq) = rseq.and_then(|rseq| u32::try_from(rseq).ok()) else { return Sequence::None };
        let Some(session) = self.invites.get_mut(&id) else { return Sequence::Other };
        // A dialog without a tag cannot be acknowledged in.
        if session.dialog.remote_tag.is_empty() {
            return Sequence::None;
        }
        let is_next = session.early.rseq.is_none_or(|last| last.checked_add(1) == Some(rseq));
        // The next one is not looked at before the offer in this one is answered, nor is that of another fork.
        let must_wait =
            matches!(session.exchange, Exchange::PrackOwed { .. }) || (session.is_late && session.is_asked_elsewhere());
        if !is_next || must_wait {
            return Sequence::Other;
        }
        session.early.rseq = Some(rseq);
        Sequence::Next(rseq)
    }

    /// Sends PRACK for the response of these numbers (RSeq, CSeq), with the answer to its offer.
    pub(super) fn send_prack(&mut self, now: Instant, id: u64, numbers: (u32, u32), body: Option<&Body>) {
        let branch = self.new_branch();
        let cseq = self.next_early_cseq(id);
        let Some(session) = self.invites.get_mut(&id) else { return };
        session.early.pracks = session.early.pracks.saturating_add(1);
        session.attempts = 0;
        let mut lines = login_lines(session, "PRACK", branch.1);
        lines.extend_from_slice(b"RAck: ");
        print::number(&mut lines, u64::from(numbers.0));
        lines.push(b' ');
        print::number(&mut lines, u64::from(numbers.1));
        lines.extend_from_slice(b" INVITE\r\n");
        let prack =
            InDialog { method: b"PRACK", cseq, branch, lines: &lines, contact_user: None, body: body.map(Body::parts) };
        let bytes = session.dialog.request(&prack, &self.config.user_agent, self.wire.buffer());
        let flow = session.dialog.request_flow();
        self.start_client(now, branch, Method::Prack, flow, bytes, ClientUser::Prack { id });
    }

    /// The final response to our PRACK. A refusal changes nothing: the INVITE will get its own.
    pub(super) fn prack_done(&mut self, now: Instant, id: u64, transaction: u64, response: &Response) {
        let tag = response.to().tag().unwrap_or_default();
        let Some(session) = self.invites.get_mut(&id) else { return };
        if !session.select_tag(tag) || session.told {
            return;
        }
        let asks = matches!(response.status(), 401 | 407);
        if asks && let Some((bytes, branch)) = self.with_login(id, transaction, "PRACK", response) {
            let Some(session) = self.invites.get(&id) else { return };
            let flow = session.dialog.request_flow();
            return self.start_client(now, branch, Method::Prack, flow, bytes, ClientUser::Prack { id });
        }
        if let Some(session) = self.invites.get_mut(&id) {
            session.early.pracks = session.early.pracks.saturating_sub(1);
        }
        self.run_queued(now, id);
    }
}
