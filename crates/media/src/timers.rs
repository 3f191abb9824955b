//! When legs wake up: a few named timers per leg, and one heap over all legs.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

/// What a leg may wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// The next frame of a prompt or a key.
    Frame,
    /// The next RTCP report.
    Report,
    /// A silent frame that keeps a NAT open.
    KeepAlive,
    /// Nothing was heard for too long.
    Quiet,
    /// A recording reached its limit without audio.
    Recording,
    /// ICE and DTLS of a WebRTC leg.
    Transport,
    /// The next 20 ms of what the far end says, where it is decoded.
    Beat,
}

impl Timer {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Frame, Self::Report, Self::KeepAlive, Self::Quiet, Self::Recording, Self::Transport, Self::Beat];

    /// Nobody hears whether it goes off a little later.
    const fn may_wait(self) -> bool {
        matches!(self, Self::Report | Self::KeepAlive | Self::Quiet | Self::Recording)
    }
}

/// Timers that may wait go off at whole multiples of this, counted from where frames are counted from too: one wake-up serves all
/// of them, and often frames.
const ROUND: Duration = Duration::from_millis(50);

/// The first round at or after `at`.
fn round_up(at: Instant, start: Instant) -> Instant {
    let since = at.saturating_duration_since(start).as_nanos();
    let over = since % ROUND.as_nanos();
    if over == 0 { at } else { at + Duration::from_nanos((ROUND.as_nanos() - over) as u64) }
}

/// The timers of one leg.
#[derive(Clone, Debug, Default)]
pub struct Timers {
    at: [Option<Instant>; Timer::ALL.len()],
    /// The leg's entry in the heap.
    scheduled: Option<Instant>,
}

impl Timers {
    /// Sets a timer, replacing its former time.
    pub const fn set(&mut self, timer: Timer, at: Instant) {
        self.at[timer as usize] = Some(at);
    }

    /// Clears a timer.
    pub const fn clear(&mut self, timer: Timer) {
        self.at[timer as usize] = None;
    }

    /// When a timer goes off.
    #[must_use]
    pub const fn get(&self, timer: Timer) -> Option<Instant> {
        self.at[timer as usize]
    }

    /// Clears a timer that is due and says so.
    pub fn take_due(&mut self, timer: Timer, now: Instant) -> bool {
        let due = self.get(timer).is_some_and(|at| at <= now);
        if due {
            self.clear(timer);
        }
        due
    }

    /// Its wake-up was in another heap: it is to be scheduled anew.
    pub const fn forget_wake_up(&mut self) {
        self.scheduled = None;
    }

    /// Is an entry of the heap for that time the one the leg means?
    fn is_scheduled(&self, at: Instant) -> bool {
        self.scheduled == Some(at)
    }

    /// When the leg is to be woken, with rounds counted from `start`.
    fn wake_at(&self, start: Instant) -> Option<Instant> {
        let (mut exact, mut round) = (None, None);
        for (timer, at) in Timer::ALL.into_iter().zip(self.at) {
            let first = if timer.may_wait() { &mut round } else { &mut exact };
            *first = [*first, at].into_iter().flatten().min();
        }
        let round = round.filter(|at| exact.is_none_or(|exact| *at < exact)).map(|at| round_up(at, start));
        [exact, round].into_iter().flatten().min()
    }
}

/// A leg to be woken: its slot, generation and the entry's time.
pub type Due = (u32, u32, Instant);

/// Wake-ups of all legs, earliest first. An entry that a leg no longer means is skipped.
#[derive(Clone, Debug, Default)]
pub struct WakeUps {
    heap: BinaryHeap<Reverse<(Instant, u32, u32)>>,
}

impl WakeUps {
    /// Sees to it that the leg in `slot` is woken at its earliest timer, or in the round after it that is counted from `start`.
    /// An entry that stands earlier is left: waking for nothing is cheaper than a heap operation per packet.
    pub fn schedule(&mut self, slot: u32, generation: u32, timers: &mut Timers, start: Instant) {
        if let Some(at) = timers.wake_at(start)
            && timers.scheduled.is_none_or(|scheduled| at < scheduled)
        {
            timers.scheduled = Some(at);
            self.heap.push(Reverse((at, slot, generation)));
        }
    }

    /// The next leg to wake at or before `now`.
    pub fn pop_due(&mut self, now: Instant) -> Option<Due> {
        let Reverse((at, ..)) = self.heap.peek()?;
        if *at > now {
            return None;
        }
        self.heap.pop().map(|Reverse((at, slot, generation))| (slot, generation, at))
    }

    /// Takes a popped entry: false when the leg no longer means it.
    pub fn take(timers: &mut Timers, at: Instant) -> bool {
        if timers.is_scheduled(at) {
            timers.scheduled = None;
            true
        } else {
            false
        }
    }

    /// Drops entries in front that no leg means any more, such as those of closed legs: nobody is to wake for them.
    /// `timers` gives those of the leg in a slot, if it is still that generation's.
    pub fn drop_stale<'l>(&mut self, timers: impl Fn(u32, u32) -> Option<&'l Timers>) {
        while let Some(Reverse((at, slot, generation))) = self.heap.peek().copied()
            && !timers(slot, generation).is_some_and(|timers| timers.is_scheduled(at))
        {
            self.heap.pop();
        }
    }

    /// When to wake next. May be early, never late.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[allow(clippy::disallowed_methods, reason = "an arbitrary start for a test")]
    fn woken_after(timers: &[(Timer, u64)]) -> Option<Duration> {
        let start = Instant::now();
        let (mut own, mut wake_ups) = (Timers::default(), WakeUps::default());
        for (timer, after) in timers {
            own.set(*timer, start + ms(*after));
        }
        wake_ups.schedule(0, 0, &mut own, start);
        wake_ups.next().map(|at| at - start)
    }

    #[test]
    fn what_may_wait_waits_for_the_round_and_what_may_not_does_not() {
        assert_eq!(woken_after(&[]), None);
        assert_eq!(woken_after(&[(Timer::Frame, 1_001)]), Some(ms(1_001)));
        for timer in [Timer::Report, Timer::KeepAlive, Timer::Quiet, Timer::Recording] {
            assert_eq!(woken_after(&[(Timer::Quiet, 60_000), (timer, 1_001)]), Some(ms(1_050)), "{timer:?}");
            assert_eq!(woken_after(&[(timer, 1_050)]), Some(ms(1_050)), "{timer:?}");
            for exact in [Timer::Frame, Timer::Transport, Timer::Beat] {
                assert_eq!(woken_after(&[(timer, 1_001), (exact, 1_020)]), Some(ms(1_020)), "{timer:?}, {exact:?}");
                assert_eq!(woken_after(&[(timer, 1_001), (exact, 1_000)]), Some(ms(1_000)), "{timer:?}, {exact:?}");
            }
        }
    }
}
