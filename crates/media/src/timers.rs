//! When legs wake up: a few named timers per leg, and one heap over all legs.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

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

    fn earliest(&self) -> Option<Instant> {
        self.at.iter().flatten().min().copied()
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
    /// Sees to it that the leg in `slot` is woken at its earliest timer. An entry that stands earlier is left:
    /// waking for nothing is cheaper than a heap operation per packet.
    pub fn schedule(&mut self, slot: u32, generation: u32, timers: &mut Timers) {
        if let Some(at) = timers.earliest()
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
