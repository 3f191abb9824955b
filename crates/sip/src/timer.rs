//! All timers of the endpoint, one variant each, and when they are due.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::time::{Duration, Instant};

/// What is due. Letters are those of RFC 3261 17 and RFC 6026; the number is that of its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

impl Timer {
    /// Which of the kinds it is that only end what lingers in case something comes again (RFC 3261 17, RFC 6026).
    fn lingers(self) -> Option<usize> {
        match self {
            Self::D(_) => Some(0),
            Self::I(_) => Some(1),
            Self::J(_) => Some(2),
            Self::K(_) => Some(3),
            Self::L(_) => Some(4),
            Self::M(_) => Some(5),
            _ => None,
        }
    }
}

/// How much later a transaction that only lingers may go, so that many go together and wake the server once.
const LINGER_SLACK: Duration = Duration::from_millis(100);
/// Timers in the queue beyond twice those that are armed, before it is made anew.
const MAX_STALE: usize = 64;

/// Spreads the numbers of timers, which are handed out here, by a fixed multiplication.
#[derive(Default)]
pub(crate) struct TimerHasher(u64);

impl Hasher for TimerHasher {
    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u64(number as u64);
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(5);
    }
}

/// The armed timers, by time. Most are disarmed before they are due: those stay in the queue until they come to its head.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    /// Its head is always an armed one.
    queue: BinaryHeap<Reverse<(Instant, Timer)>>,
    armed: HashMap<Timer, Instant, BuildHasherDefault<TimerHasher>>,
    /// When the latest of each kind of lingering timer is due.
    lingering: [Option<Instant>; 6],
}

impl Timers {
    /// Arms it; an earlier arming of the same timer is forgotten. One that only ends what lingers may be due up to
    /// 100 ms later.
    pub(crate) fn set(&mut self, now: Instant, timer: Timer, after: Duration) {
        let due = match timer.lingers() {
            Some(kind) => self.together(kind, now + after),
            None => now + after,
        };
        self.armed.insert(timer, due);
        self.queue.push(Reverse((due, timer)));
        self.tidy();
    }

    /// When several of a kind go together of which one is due then.
    fn together(&mut self, kind: usize, due: Instant) -> Instant {
        let Some(latest) = self.lingering.get_mut(kind) else { return due };
        match latest {
            Some(latest) if *latest >= due && *latest <= due + LINGER_SLACK => *latest,
            _ => *latest.insert(due + LINGER_SLACK),
        }
    }

    /// Disarms it, if armed.
    pub(crate) fn cancel(&mut self, timer: Timer) {
        if self.armed.remove(&timer).is_some() {
            self.tidy();
        }
    }

    /// Drops what is not armed any more from the head of the queue, and from all of it when that is much.
    fn tidy(&mut self) {
        if self.queue.len() > 2 * self.armed.len() + MAX_STALE {
            self.queue = self.armed.iter().map(|(timer, due)| Reverse((*due, *timer))).collect();
        }
        while let Some(Reverse((due, timer))) = self.queue.peek()
            && self.armed.get(timer) != Some(due)
        {
            self.queue.pop();
        }
    }

    /// Takes out one that is due.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Timer> {
        let timer = self.queue.peek().filter(|Reverse((due, _))| *due <= now).map(|Reverse((_, timer))| *timer)?;
        self.queue.pop();
        self.cancel(timer);
        Some(timer)
    }

    /// When the next is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.queue.peek().map(|Reverse((due, _))| *due)
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

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "any instant will do to count from")]
mod tests {
    use super::*;

    #[test]
    fn come_in_order_and_not_when_disarmed() {
        let (now, mut timers) = (Instant::now(), Timers::default());
        let ms = Duration::from_millis;
        for id in 0..1_000 {
            timers.set(now, Timer::A(id), ms(500));
            timers.set(now, Timer::B(id), ms(100 + id));
            timers.cancel(Timer::A(id));
            timers.set(now, Timer::B(id), ms(2_000 - id));
        }
        assert_eq!((timers.len(), timers.next()), (1_000, Some(now + ms(1_001))));
        assert!(timers.queue.len() <= 2 * timers.len() + MAX_STALE + 1, "{} in the queue", timers.queue.len());
        assert_eq!(timers.take_due(now + ms(1_000)), None);
        let due: Vec<Timer> = std::iter::from_fn(|| timers.take_due(now + ms(2_000))).collect();
        assert_eq!(due, (0..1_000).rev().map(Timer::B).collect::<Vec<_>>());
        assert_eq!((timers.len(), timers.next()), (0, None));
    }

    #[test]
    fn what_lingers_goes_together() {
        let (now, mut timers) = (Instant::now(), Timers::default());
        for id in 0..100 {
            timers.set(now + Duration::from_millis(id), Timer::L(id), Duration::from_secs(32));
        }
        timers.set(now, Timer::K(100), Timing::T4);
        assert_eq!(timers.next(), Some(now + Timing::T4 + LINGER_SLACK));
        let at = now + Duration::from_secs(32) + LINGER_SLACK;
        assert_eq!(std::iter::from_fn(|| timers.take_due(at)).count(), 101);
    }
}
