//! Jitter from the seed, so that trunks that failed together do not all come back in the same moment.

use std::hash::{DefaultHasher, Hasher as _};
use std::time::Duration;

/// A keyed hash of a counter: the same seed gives the same numbers.
#[derive(Debug)]
pub(super) struct Chance {
    seed: u64,
    count: u64,
}

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, count: 0 }
    }

    pub(super) fn next(&mut self) -> u64 {
        self.count = self.count.wrapping_add(1);
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.seed);
        hasher.write_u64(self.count);
        // Not the numbers that tags and branches are made of.
        hasher.write(b"trunk");
        hasher.finish()
    }

    /// Nine to eleven tenths of `length`.
    pub(super) fn around(&mut self, length: Duration) -> Duration {
        length.mul_f64(0.9 + self.fraction() * 0.2)
    }

    /// Half of `length` to all of it.
    pub(super) fn up_to(&mut self, length: Duration) -> Duration {
        length.mul_f64(0.5 + self.fraction() * 0.5)
    }

    /// 0 to 1.
    fn fraction(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap_or(0)) / f64::from(u32::MAX)
    }
}
