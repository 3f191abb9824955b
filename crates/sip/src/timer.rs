//! All timers of the endpoint, one variant each, and when they are due.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// What is due. Letters are those of RFC 3261 17 and RFC 6026; the number is that of its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// INVITE client, unreliable: send the request again (17.1.1.2).
    A(u64),
    /// INVITE client: nobody answered.
    B(u64),
    /// Invite session: rang long enough; for a caller what timer C is for a proxy (16.6).
    C(u64),
    /// INVITE client, completed: final responses may still be repeated.
    D(u64),
    /// Non-INVITE client, unreliable: send the request again (17.1.2.2).
    E(u64),
    /// Non-INVITE client: nobody answered.
    F(u64),
    /// INVITE server, unreliable: send the final response again (17.2.1).
    G(u64),
    /// INVITE server: no ACK came.
    H(u64),
    /// INVITE server, confirmed: ACKs may still be repeated.
    I(u64),
    /// Non-INVITE server, completed: the request may still be repeated (17.2.2).
    J(u64),
    /// Non-INVITE client, completed: responses may still be repeated.
    K(u64),
    /// INVITE server, accepted: the INVITE may still be repeated (RFC 6026 7.1).
    L(u64),
    /// INVITE client, accepted: 2xx may still be repeated, or others come (RFC 6026 7.2).
    M(u64),
    /// INVITE server: 200 ms without a response, 100 goes out (17.2.1).
    Trying(u64),
    /// Invite session: send the last provisional response again, each minute (13.3.1.1).
    RingAgain(u64),
    /// Invite session: send the 2xx again until ACK (13.3.1.4).
    AnswerAgain(u64),
    /// Invite session: no ACK to the 2xx came (13.3.1.4).
    NoAck(u64),
    /// Invite session: no final response after CANCEL (9.1).
    CancelLimit(u64),
    /// Invite session: try the re-INVITE again after 491 (14.1).
    Glare(u64),
    /// Invite session: send the reliable provisional response again until PRACK (RFC 3262 3).
    ProvisionalAgain(u64),
    /// Invite session: no PRACK came.
    NoPrack(u64),
    /// Invite session: refresh it, or end it that was not refreshed (RFC 4028 10).
    Session(u64),
    /// REFER: its user did not answer it, or what it asked for takes too long to be told.
    Refer(u64),
    /// Invite session: BYE waited long enough for the peer to take in how its REFER went.
    Outcome(u64),
    /// Invite session: its connection closed and no new one came.
    FlowLost(u64),
    /// Subscription: it was not refreshed (RFC 6665 4.2.2).
    SubscriptionEnd(u64),
    /// Subscription: the next NOTIFY may go out.
    NotifyPause(u64),
}

/// The armed timers, by time.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    queue: BTreeSet<(Instant, Timer)>,
    armed: BTreeMap<Timer, Instant>,
}

impl Timers {
    /// Arms it; an earlier arming of the same timer is forgotten.
    pub(crate) fn set(&mut self, now: Instant, timer: Timer, after: Duration) {
        let due = now + after;
        if let Some(old) = self.armed.insert(timer, due) {
            self.queue.remove(&(old, timer));
        }
        self.queue.insert((due, timer));
    }

    /// Disarms it, if armed.
    pub(crate) fn cancel(&mut self, timer: Timer) {
        if let Some(due) = self.armed.remove(&timer) {
            self.queue.remove(&(due, timer));
        }
    }

    /// Takes out one that is due.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Timer> {
        let (due, timer) = *self.queue.first()?;
        if due > now {
            return None;
        }
        self.queue.pop_first();
        self.armed.remove(&timer);
        Some(timer)
    }

    /// When the next is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.queue.first().map(|(due, _)| *due)
    }

    /// How many are armed.
    pub(crate) fn len(&self) -> usize {
        self.armed.len()
    }
}

/// T1, T2, T4 and what follows from them (RFC 3261 17.1.1.1, appendix A).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    pub(crate) t1: Duration,
}

impl Timing {
    /// Longest time between repeated requests.
    pub(crate) const T2: Duration = Duration::from_secs(4);
    /// How long a message may stay in the network.
    pub(crate) const T4: Duration = Duration::from_secs(5);
    /// Timer D over unreliable transports: at least 32 s.
    pub(crate) const D: Duration = Duration::from_secs(32);
    /// 100 goes out when nothing else did.
    pub(crate) const TRYING: Duration = Duration::from_millis(200);
    /// Provisional responses are repeated so often.
    pub(crate) const RING_AGAIN: Duration = Duration::from_secs(60);

    /// How long a transaction waits: 64 × T1.
    pub(crate) fn limit(self) -> Duration {
        self.t1 * 64
    }

    /// The next pause between repeats: doubled up to T2.
    pub(crate) fn backed_off(self, pause: Duration) -> Duration {
        (pause * 2).min(Self::T2)
    }
}
