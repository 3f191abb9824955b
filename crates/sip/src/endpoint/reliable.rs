//! Reliable provisional responses of ours, and the PRACKs of the peer (RFC 3262 3, 5).

use std::time::Instant;

use super::incoming::body_of;
use super::{Endpoint, ServerUser};
use crate::ability::Reliability;
use crate::early::{MAX_WAITING, UnackedProvisional};
use crate::event::{EndCause, Event, InviteId};
use crate::flow::Flow;
use crate::print;
use crate::reply::{Body, Reply};
use crate::request::Request;
use crate::scan;
use crate::session::{Carrier, Exchange, Phase};
use crate::timer::{Timer, Timing};

/// Largest number a first RSeq is drawn from: later ones must not wrap around (RFC 3262 3).
const MAX_FIRST_RSEQ: u64 = 0x3fff_ffff;

impl Endpoint {
    /// Sends a provisional response 101–199 (180, 183 with early media); it is repeated each minute. With a session
    /// description it is sent reliably when the caller can acknowledge it, without one when the caller must. While one
    /// waits to be acknowledged others wait too, the latest four of them. A description in a response to an INVITE
    /// without an offer is an offer: it is left out where the caller does not insist on reliable responses, for an
    /// unreliable one cannot carry it, and phones that merely support them were seen to ignore an offer there and to
    /// ring until they gave up; they get it with the 200. So is one after a reliable one.
    pub fn ring(&mut self, now: Instant, id: InviteId, status: u16, body: Option<Body>) {
        if !(101..=199).contains(&status) || self.waiting_invite(id).is_none() {
            return;
        }
        let Some(session) = self.invites.get_mut(&id.0) else { return };
        if let Some(reliable) = &mut session.reliable
            && reliable.unacked.is_some()
        {
            if reliable.accept.is_some() {
                return;
            }
            if reliable.waiting.len() >= MAX_WAITING {
                reliable.waiting.pop_front();
            }
            return reliable.waiting.push_back((status, body));
        }
        self.ring_now(now, id.0, status, body);
    }

    fn ring_now(&mut self, now: Instant, id: u64, status: u16, body: Option<Body>) {
        let Some(transaction) = self.waiting_invite(InviteId(id)) else { return };
        let Some(session) = self.invites.get_mut(&id) else { return };
        let reliability = session.ability.reliability;
        let may_describe = !session.is_late || reliability == Reliability::Required;
        let has_described = session.reliable.as_ref().is_some_and(|reliable| reliable.has_described);
        let body = body.filter(|_| may_describe && !has_described);
        let is_reliable = match reliability {
            Reliability::No => false,
            Reliability::Supported => body.is_some(),
            Reliability::Required => true,
        };
        session.ringing = Some(transaction);
        self.wire.timers.set(now, Timer::RingAgain(id), Timing::RING_AGAIN);
        if is_reliable {
            self.ring_reliably(now, (id, transaction), status, body);
        } else {
            self.answer_in_dialog(now, id, transaction, status, &[], body.as_ref());
        }
    }

    fn ring_reliably(&mut self, now: Instant, id_transaction: (u64, u64), status: u16, body: Option<Body>) {
        let (id, transaction) = id_transaction;
        let first = 1 + u32::try_from(self.wire.random.below(MAX_FIRST_RSEQ)).unwrap_or(0);
        let Some(session) = self.invites.get_mut(&id) else { return };
        let is_late = session.is_late;
        let reliable = session.reliable.get_or_insert_default();
        reliable.rseq = if reliable.rseq == 0 { first } else { reliable.rseq.wrapping_add(1) };
        let mut lines = Vec::new();
        lines.extend_from_slice(b"Require: 100rel\r\nRSeq: ");
        print::number(&mut lines, u64::from(reliable.rseq));
        lines.extend_from_slice(b"\r\n");
        reliable.has_described |= body.is_some();
        if body.is_some() {
            // The answer stands; an offer of ours is answered by the PRACK.
            session.early.done = !is_late;
            session.local.clone_from(&body);
        }
        self.answer_in_dialog(now, id, transaction, status, &lines, body.as_ref());
        let Some(server) = self.servers.get(&transaction) else { return };
        let (flow, bytes) = (server.transaction.flow, server.transaction.last().to_vec());
        let (pause, limit) = (self.wire.timing.t1, self.wire.timing.limit());
        if let Some(reliable) = self.invites.get_mut(&id).and_then(|session| session.reliable.as_mut()) {
            reliable.unacked = Some(UnackedProvisional { bytes, flow, pause, has_description: body.is_some() });
        }
        self.wire.timers.set(now, Timer::ProvisionalAgain(id), pause);
        self.wire.timers.set(now, Timer::NoPrack(id), limit);
    }

    /// Sends the reliable provisional response once more; the pause doubles without a cap (RFC 3262 3).
    pub(super) fn provisional_again(&mut self, now: Instant, id: u64) {
        let Some(reliable) = self.invites.get_mut(&id).and_then(|session| session.reliable.as_mut()) else { return };
        let Some(unacked) = &mut reliable.unacked else { return };
        self.wire.totals.retransmissions += 1;
        self.wire.send_copy(unacked.flow, &unacked.bytes);
        unacked.pause *= 2;
        self.wire.timers.set(now, Timer::ProvisionalAgain(id), unacked.pause);
    }

    /// No PRACK ever came: the INVITE is refused (RFC 3262 3).
    pub(super) fn no_prack(&mut self, now: Instant, id: u64) {
        let Some(transaction) = self.waiting_invite(InviteId(id)) else { return };
        self.refuse(now, transaction, 504);
        self.tell_end(id, Event::Ended { id: InviteId(id), cause: EndCause::Timeout, reason: None });
        self.remove_invite(now, id);
    }

    /// Must the 2xx wait, because a description of ours was not acknowledged (RFC 3262 3)? It is kept then.
    pub(super) fn hold_accept(&mut self, id: u64, body: &Body) -> bool {
        let Some(reliable) = self.invites.get_mut(&id).and_then(|session| session.reliable.as_mut()) else {
            return false;
        };
        reliable.waiting.clear();
        let must_wait = reliable.unacked.as_ref().is_some_and(|unacked| unacked.has_description);
        if must_wait {
            reliable.accept = Some(body.clone());
        }
        must_wait
    }

    pub(super) fn receive_prack(&mut self, now: Instant, flow: Flow, request: &Request, id_key: (u64, u64)) {
        let (id, key) = id_key;
        let numbers = request.header("RAck").and_then(rack);
        let Some(session) = self.invites.get_mut(&id) else { return };
        let is_its = |rseq: u32| numbers == Some((rseq, session.invite_cseq));
        let reliable = session.reliable.as_mut().filter(|reliable| is_its(reliable.rseq));
        let Some(unacked) = reliable.and_then(|reliable| reliable.unacked.take()) else {
            return self.answer_stateless(flow, request.raw(), &Reply::new(481));
        };
        let answers_ours = unacked.has_description && session.is_late;
        let body = body_of(request);
        session.early.done |= answers_ours && body.is_some();
        self.wire.timers.cancel(Timer::ProvisionalAgain(id));
        self.wire.timers.cancel(Timer::NoPrack(id));
        self.start_server(now, flow, request, key, ServerUser::Nobody);
        match body {
            Some(offer) if !answers_ours => {
                self.receive_prack_offer(now, (id, key), request.cseq(), offer);
            }
            body => {
                self.note_remote(id, body.as_deref());
                self.refuse(now, key, 200);
                if answers_ours {
                    self.tell(id, Event::OfferAnswered { id: InviteId(id), body });
                }
            }
        }
        self.ring_on(now, id);
    }

    /// An offer in a PRACK is answered in its 200 (RFC 3262 5).
    fn receive_prack_offer(&mut self, now: Instant, id_key: (u64, u64), cseq: u32, offer: std::sync::Arc<[u8]>) {
        let (id, key) = id_key;
        let Some(session) = self.invites.get_mut(&id) else { return };
        if session.told {
            return self.refuse(now, key, 481);
        }
        if !session.early.done || !matches!(session.exchange, Exchange::Idle) {
            return self.refuse(now, key, 491);
        }
        session.exchange = Exchange::Received { transaction: key, carrier: Carrier::Prack, has_offer: true, cseq };
        self.note_remote(id, Some(&offer));
        self.tell(id, Event::Offer { id: InviteId(id), body: Some(offer) });
    }

    /// What waited for a PRACK goes out.
    fn ring_on(&mut self, now: Instant, id: u64) {
        let Some(session) = self.invites.get_mut(&id) else { return };
        let is_incoming = matches!(session.phase, Phase::Incoming { .. });
        let Some(reliable) = session.reliable.as_mut().filter(|_| is_incoming) else { return };
        if let Some(body) = reliable.accept.take() {
            return self.accept(now, InviteId(id), body);
        }
        // Until one of them has to be acknowledged again.
        while let Some(reliable) = self.invites.get_mut(&id).and_then(|session| session.reliable.as_mut())
            && reliable.unacked.is_none()
            && let Some((status, body)) = reliable.waiting.pop_front()
        {
            self.ring_now(now, id, status, body);
        }
        self.run_queued(now, id);
    }
}

/// RSeq and CSeq of a RAck header (RFC 3262 7.2); `None` when it is broken or of another method.
fn rack(value: &[u8]) -> Option<(u32, u32)> {
    let mut parts = value.split(|byte| scan::is_space(*byte)).filter(|part| !part.is_empty());
    let mut number = || u32::try_from(scan::number(parts.next()?, u64::from(u32::MAX))?).ok();
    let numbers = (number()?, number()?);
    (parts.next() == Some(b"INVITE") && parts.next().is_none()).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::rack;

    #[test]
    fn rack_forms() {
        assert_eq!(rack(b"776656 1 INVITE"), Some((776_656, 1)));
        assert_eq!(rack(b" 1 \t 2  INVITE "), Some((1, 2)));
        for bad in [&b""[..], b"1", b"1 2", b"1 2 BYE", b"1 2 INVITE 3", b"4294967296 2 INVITE", b"-1 2 INVITE"] {
            assert_eq!(rack(bad), None);
        }
    }
}
