//! When a media worker looks at its sockets. A wake-up is dear, so under load it does not wake for each packet.
//!
//! Packets come in two ways. In bursts, when many phones send at the same beat: the first packet wakes the worker while the
//! others are still on their way, so it looks again until nothing is there and then waits for the next burst. Or densely, at all
//! times: then it rests a while after each row of looks and takes what has come meanwhile together.

use std::time::{Duration, Instant};

/// Looks in a row at most when a burst comes; each costs a system call.
const BURST_LOOKS: u32 = 6;
/// The same where packets come densely: what comes meanwhile can wait for the next row.
const DENSE_LOOKS: u32 = 1;
/// Who waited longer than this was not woken by what had come meanwhile.
const AT_ONCE: Duration = Duration::from_micros(50);

/// The rhythm of one worker's looks.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// When the row of looks under way, or the last one, began.
    row: Option<Instant>,
    /// Looks of the row so far.
    looks: u32,
    /// Packets come at all times.
    is_dense: bool,
}

impl Pace {
    /// Something was there at `woken`, after the worker had waited since `since`: how long to rest before it looks. `tick` is the
    /// shortest time between two rows, nothing where few legs make rests needless.
    pub(crate) fn wake(&mut self, tick: Option<Duration>, since: Instant, woken: Instant) -> Option<Duration> {
        let at_once = woken.saturating_duration_since(since) < AT_ONCE;
        if self.looks > 0 && at_once {
            return None;
        }
        self.looks = 0;
        if self.is_dense {
            self.is_dense = at_once;
            return None;
        }
        let early = (self.row? + tick?).checked_duration_since(woken).filter(|rest| !rest.is_zero())?;
        self.is_dense = true;
        Some(early)
    }

    /// A look at `began` found something or not, and was worked off at `now`: how long to rest before the next wait.
    pub(crate) fn looked(
        &mut self,
        found: bool,
        tick: Option<Duration>,
        began: Instant,
        now: Instant,
    ) -> Option<Duration> {
        let Some(tick) = tick else {
            *self = Self::default();
            return None;
        };
        if found {
            if self.looks == 0 {
                self.row = Some(began);
            }
            self.looks += 1;
            if self.looks < if self.is_dense { DENSE_LOOKS } else { BURST_LOOKS } {
                return None;
            }
        }
        self.looks = 0;
        let row = self.row.filter(|_| self.is_dense && found)?;
        (row + tick).checked_duration_since(now).filter(|rest| !rest.is_zero())
    }

    /// Whether the last look went on with what the ones before it had begun.
    pub(crate) fn is_in_a_row(&self) -> bool {
        self.looks > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Option<Duration> = Some(Duration::from_micros(500));

    fn at(start: Instant, micros: u64) -> Instant {
        start + Duration::from_micros(micros)
    }

    #[test]
    fn a_burst_is_worked_off_as_it_comes() {
        let (start, mut pace) = (Instant::now(), Pace::default());
        for burst in 0..3 {
            let start = at(start, burst * 1_000);
            assert_eq!(pace.wake(TICK, start, at(start, 500)), None);
            let start = at(start, 500);
            assert_eq!(pace.looked(true, TICK, start, at(start, 20)), None);
            assert_eq!(pace.wake(TICK, at(start, 20), at(start, 21)), None);
            assert_eq!(pace.looked(true, TICK, at(start, 21), at(start, 90)), None);
            assert!(pace.is_in_a_row());
        }
    }

    #[test]
    fn what_comes_at_all_times_is_taken_once_a_tick() {
        let (start, mut pace) = (Instant::now(), Pace::default());
        for look in 1..=BURST_LOOKS {
            let now = at(start, u64::from(look));
            assert_eq!(pace.wake(TICK, now, now), None);
            assert_eq!(pace.looked(true, TICK, start, now), None);
        }
        // Woken again much too soon: from now on it rests before it waits.
        assert_eq!(pace.wake(TICK, at(start, 40), at(start, 60)), Some(Duration::from_micros(440)));
        assert_eq!(pace.looked(true, TICK, at(start, 500), at(start, 600)), Some(Duration::from_micros(400)));
        assert_eq!(pace.wake(TICK, at(start, 1_000), at(start, 1_001)), None);
        assert_eq!(pace.looked(true, TICK, at(start, 1_001), at(start, 1_200)), Some(Duration::from_micros(301)));
        // Nothing had come during the rest: bursts again.
        assert_eq!(pace.wake(TICK, at(start, 1_501), at(start, 1_700)), None);
        assert_eq!(pace.looked(true, TICK, at(start, 1_700), at(start, 1_720)), None);
    }

    #[test]
    fn few_legs_never_rest() {
        let (start, mut pace) = (Instant::now(), Pace::default());
        assert_eq!(pace.looked(true, None, start, at(start, 1)), None);
        assert_eq!(pace.wake(None, start, at(start, 2)), None);
        assert_eq!(pace.looked(true, None, at(start, 2), at(start, 3)), None);
    }
}
