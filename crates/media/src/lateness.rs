//! How much later than the quickest ones packets come, and how long audio should wait for them.

use std::time::Duration;

/// Width of a class of lateness, in milliseconds.
const CLASS_MS: u32 = 5;
/// Classes: up to 200 ms.
const CLASSES: usize = 40;
/// A packet's share of the memory: half of it is older than 170 packets.
const SHARE: f32 = 1.0 / 250.0;
/// The share of packets that may be too late.
const TOO_LATE: f32 = 0.01;
/// Bounds of the wait, in milliseconds.
pub const LEAST_MS: u32 = 20;
/// See [`LEAST_MS`].
pub const MOST_MS: u32 = 200;
/// The quickest packet is looked for among those of this time and the last such time, so that drifting clocks are followed.
const WINDOW: Duration = Duration::from_secs(5);

/// Lateness of the packets of one source.
#[derive(Clone, Debug)]
pub struct Lateness {
    /// The least transit time (arrival minus timestamp, microseconds) of this window and of the last one.
    quickest: Option<(i64, i64)>,
    window_ends: Duration,
    shares: [f32; CLASSES],
}

impl Default for Lateness {
    fn default() -> Self {
        Self { quickest: None, window_ends: Duration::ZERO, shares: [0.0; CLASSES] }
    }
}

impl Lateness {
    /// A packet came at `now`; `media_us` is its time by its own clock, in microseconds.
    pub fn arrive(&mut self, now: Duration, media_us: i64) {
        let transit = now.as_micros() as i64 - media_us;
        let (mut newer, mut older) = self.quickest.unwrap_or((transit, transit));
        if now >= self.window_ends {
            (older, newer) = (newer, transit);
            self.window_ends = now + WINDOW;
        }
        newer = newer.min(transit);
        self.quickest = Some((newer, older));
        let late_ms = (transit - newer.min(older)) / 1000;
        let class = usize::try_from(late_ms / i64::from(CLASS_MS)).unwrap_or(0).min(CLASSES - 1);
        for (index, share) in self.shares.iter_mut().enumerate() {
            let here = if index == class { 1.0 } else { 0.0 };
            *share += (here - *share) * SHARE;
        }
    }

    /// The source went on at another time: transit times before mean nothing now.
    pub fn forget_clock(&mut self) {
        self.quickest = None;
        self.window_ends = Duration::ZERO;
    }

    /// How much later than the quickest packet's arrival a media time is played now, in microseconds.
    #[must_use]
    pub fn delay_us(&self, now: Duration, media_us: i64) -> Option<i64> {
        let (newer, older) = self.quickest?;
        Some(now.as_micros() as i64 - media_us - newer.min(older))
    }

    /// How long audio should wait, in milliseconds: [`LEAST_MS`] to [`MOST_MS`].
    #[must_use]
    pub fn target_ms(&self) -> u32 {
        let mut later: f32 = self.shares.iter().sum();
        for (index, share) in self.shares.iter().enumerate() {
            later -= share;
            if later < TOO_LATE {
                return ((index as u32 + 1) * CLASS_MS).clamp(LEAST_MS, MOST_MS);
            }
        }
        MOST_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(late_ms: impl Fn(u64) -> u64, packets: u64) -> u32 {
        let mut lateness = Lateness::default();
        for n in 0..packets {
            lateness.arrive(Duration::from_millis(1000 + n * 20 + late_ms(n)), n as i64 * 20_000);
        }
        lateness.target_ms()
    }

    #[test]
    fn the_wait_follows_the_jitter() {
        assert_eq!(after(|_| 0, 500), LEAST_MS);
        assert_eq!(after(|_| 300, 500), LEAST_MS, "a long way is no jitter");
        assert_eq!(after(|n| if n % 10 == 0 { 58 } else { 0 }, 1000), 60);
        assert_eq!(after(|n| if n % 7 == 0 { 900 } else { 0 }, 1000), MOST_MS);
        // One bad second, long ago.
        assert_eq!(after(|n| if n < 50 { 100 + n % 3 * 10 } else { 0 }, 3000), LEAST_MS);
    }

    #[test]
    fn drifting_clocks_are_no_jitter() {
        for drift_ppm in [-500_i64, -200, 200, 500] {
            let mut lateness = Lateness::default();
            for n in 0..180_000_i64 {
                let now = Duration::from_micros((n * 20_000 + 1_000_000) as u64);
                lateness.arrive(now, n * 20_000 * (1_000_000 + drift_ppm) / 1_000_000);
                assert!(lateness.target_ms() <= 25, "{drift_ppm} ppm, packet {n}: {}", lateness.target_ms());
            }
        }
    }
}
