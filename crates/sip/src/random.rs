//! Numbers nobody outside can guess, from one seed: tags, branches, back-off.

use std::hash::{DefaultHasher, Hasher};

/// A keyed hash of a counter (SipHash): the same seed gives the same numbers, and one number does not tell the next.
#[derive(Clone, Debug)]
pub(crate) struct Random {
    seed: u64,
    count: u64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, count: 0 }
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.count = self.count.wrapping_add(1);
        let count = self.count;
        self.hash(&[&count.to_le_bytes()])
    }

    /// A number below `bound`; 0 for a bound of 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or(0)
    }

    /// A hash of these parts that only the owner of the seed can foresee.
    pub(crate) fn hash(&self, parts: &[&[u8]]) -> u64 {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.seed);
        for part in parts {
            hasher.write(part);
            // A byte that no text holds keeps the parts apart.
            hasher.write_u8(0xff);
        }
        hasher.finish()
    }
}
