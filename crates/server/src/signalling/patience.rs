//! How long a connection may say nothing, or drag out what it says.

use sip::{Glance, Method};
use std::time::{Duration, Instant};

/// Who connects has something whole to say within this; silent connections must not use up the places.
const FIRST_WITHIN: Duration = Duration::from_secs(30);
/// A message that was begun is whole within this, however slowly its bytes drip.
const MESSAGE_WITHIN: Duration = Duration::from_secs(30);
/// A peer that was never let in (no 2xx to a REGISTER or INVITE, nothing sent to it by us) may stay this long after each message.
const STRANGER: Duration = Duration::from_secs(120);
/// A peer that was let in may be silent this long; phones keep their connections alive (RFC 5626 4.4.1), carriers need not.
const KNOWN: Duration = Duration::from_secs(3 * 3600);

/// What is known of one connection's talk.
#[derive(Debug)]
pub(super) struct Patience {
    heard: Instant,
    part_since: Option<Instant>,
    spoke: bool,
    known: bool,
}

impl Patience {
    /// Of a peer that connected `now`.
    pub(super) fn with_stranger(now: Instant) -> Self {
        Self { heard: now, part_since: None, spoke: false, known: false }
    }

    /// Of a peer that we connected to.
    pub(super) fn with_known(now: Instant) -> Self {
        Self { known: true, spoke: true, ..Self::with_stranger(now) }
    }

    /// A whole message came.
    pub(super) fn message(&mut self, now: Instant) {
        self.spoke = true;
        self.heard = now;
        self.part_since = None;
    }

    /// A keep-alive came: it keeps the place of those who were let in.
    pub(super) fn keep_alive(&mut self, now: Instant) {
        if self.known {
            self.heard = now;
        }
        self.part_since = None;
    }

    /// All that came was looked at; is a message begun?
    pub(super) fn looked(&mut self, now: Instant, within_message: bool) {
        self.part_since = within_message.then(|| self.part_since.unwrap_or(now));
    }

    /// We send it something: a peer that was granted something, or is asked something, is no stranger any more.
    pub(super) fn answered(&mut self, message: &[u8]) {
        if !self.known && is_grant(message) {
            self.let_in();
        }
    }

    /// It is somebody.
    fn let_in(&mut self) {
        self.known = true;
    }

    /// When the connection is to be closed, if nothing changes.
    pub(super) fn deadline(&self) -> Instant {
        let idle = match (self.known, self.spoke) {
            (true, _) => KNOWN,
            (false, true) => STRANGER,
            (false, false) => FIRST_WITHIN,
        };
        let idle = self.heard + idle;
        self.part_since.map_or(idle, |since| idle.min(since + MESSAGE_WITHIN))
    }
}

/// A request of ours, or a 2xx to what only those get who may.
fn is_grant(message: &[u8]) -> bool {
    Glance::of(message).is_some_and(|seen| match seen.status {
        None => true,
        Some(status) => {
            (200..300).contains(&status) && matches!(seen.method, Method::Register | Method::Invite | Method::Subscribe)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_waited_for_less_than_those_let_in() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut peer = Patience::with_stranger(start);
        assert_eq!(peer.deadline(), at(30));
        peer.keep_alive(at(20));
        assert_eq!(peer.deadline(), at(30), "a keep-alive is nothing to say");
        peer.message(at(20));
        assert_eq!(peer.deadline(), at(140));
        peer.answered(b"SIP/2.0 200 OK\r\nCall-ID: a\r\nCSeq: 1 OPTIONS\r\n\r\n");
        peer.answered(b"SIP/2.0 403 Forbidden\r\nCall-ID: a\r\nCSeq: 1 REGISTER\r\n\r\n");
        assert_eq!(peer.deadline(), at(140), "nothing was granted");
        peer.answered(b"SIP/2.0 200 OK\r\nCall-ID: a\r\nCSeq: 2 REGISTER\r\n\r\n");
        peer.keep_alive(at(100));
        assert_eq!(peer.deadline(), at(100) + KNOWN);
    }

    #[test]
    fn dripping_bytes_do_not_prolong_a_message() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut peer = Patience::with_known(start);
        peer.looked(at(5), true);
        peer.looked(at(30), true);
        assert_eq!(peer.deadline(), at(35));
        peer.looked(at(31), false);
        assert_eq!(peer.deadline(), start + KNOWN);
    }
}
