//! The only clock of a simulation: it stands still until it is told to go on.

use pbx::UnixMillis;
use std::time::{Duration, Instant};
use switch::Now;

/// The wall-clock time a run starts at, Unix milliseconds; a multiple of a second, so that both clocks tick together.
const START: UnixMillis = UnixMillis(1_795_000_000_000);

/// Both clocks of a run, driven by the world.
#[derive(Clone, Debug)]
pub struct Clock {
    start: Instant,
    now: Duration,
}

impl Default for Clock {
    /// A clock at zero. `Instant` has no zero of its own, so the moment of making serves as one; only differences to it
    /// are ever looked at, and a run is the same whenever it is made.
    fn default() -> Self {
        Self { start: Instant::now(), now: Duration::ZERO }
    }
}

impl Clock {
    /// The time as the switch wants it.
    #[must_use]
    pub fn now(&self) -> Now {
        let ms = u64::try_from(self.now.as_millis()).unwrap_or(u64::MAX);
        Now { instant: self.instant(), unix: START.plus_ms(ms) }
    }

    /// The monotonic time.
    #[must_use]
    pub fn instant(&self) -> Instant {
        self.start + self.now
    }

    /// Since the start of the run.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.now
    }

    /// Goes on to `at`; never back.
    pub fn advance(&mut self, at: Instant) {
        self.now = self.now.max(at.saturating_duration_since(self.start));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_clocks_go_on_together_and_never_back() {
        let mut clock = Clock::default();
        let before = clock.now();
        clock.advance(before.instant + Duration::from_millis(1500));
        assert_eq!(clock.now().unix.since_ms(before.unix), 1500);
        clock.advance(before.instant);
        assert_eq!(clock.elapsed(), Duration::from_millis(1500));
    }
}
