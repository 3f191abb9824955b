//! The monotonic and the wall clock as one, so that the wall clock never runs backwards for the switch.

use pbx::UnixMillis;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use switch::Now;

/// A wall clock that was set forwards by more than this is followed.
const FOLLOW_MS: u64 = 500;

/// Both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Clocks {
    instant: Instant,
    unix: UnixMillis,
}

impl Default for Clocks {
    fn default() -> Self {
        Self { instant: Instant::now(), unix: wall_clock() }
    }
}

fn wall_clock() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

impl Clocks {
    /// The time now.
    #[must_use]
    pub fn now(&self) -> Now {
        let instant = Instant::now();
        let passed = instant.duration_since(self.instant).as_millis();
        Now { instant, unix: self.unix.plus_ms(u64::try_from(passed).unwrap_or(u64::MAX)) }
    }

    /// Follows a wall clock that was set forwards; one set backwards is waited for.
    pub fn follow(&mut self) {
        let now = self.now();
        let wall = wall_clock();
        if wall.since_ms(now.unix) > FOLLOW_MS {
            *self = Self { instant: now.instant, unix: wall };
        }
    }
}
