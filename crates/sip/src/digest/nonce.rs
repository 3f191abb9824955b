//! Nonces that need no memory until they are used: number, time and a keyed hash over both.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::hash;

/// Most nonces whose use is remembered; the oldest goes first and is stale from then on.
const MAX_NONCES: usize = 65_536;
/// How far behind the highest count a late one may be (reordered requests).
const WINDOW: u32 = 64;
/// Hexadecimal digits of number, time and hash.
const LENGTH: usize = 16 + 8 + 32;

/// Which counts of one nonce were used.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    highest: u32,
    /// Bit n: `highest - n` was used.
    used: u64,
}

impl Window {
    /// Marks a count; false when it was used or is too old.
    fn mark(&mut self, count: u32) -> bool {
        if count == 0 {
            return false;
        }
        if count > self.highest {
            let shift = count - self.highest;
            self.used = self.used.checked_shl(shift).unwrap_or(0) | 1;
            self.highest = count;
            return true;
        }
        let behind = self.highest - count;
        let bit = 1_u64.checked_shl(behind).unwrap_or(0);
        if behind >= WINDOW || self.used & bit != 0 {
            return false;
        }
        self.used |= bit;
        true
    }
}

#[derive(Debug)]
pub(super) struct Nonces {
    key: [u8; 32],
    lifetime: Duration,
    /// Time zero of the nonces.
    start: Option<Instant>,
    count: u64,
    used: BTreeMap<u64, Window>,
    /// Nonces up to this number were forgotten.
    floor: u64,
}

impl Nonces {
    pub(super) fn new(key: [u8; 32], lifetime: Duration) -> Self {
        Self { key, lifetime, start: None, count: 0, used: BTreeMap::new(), floor: 0 }
    }

    fn seconds(&mut self, now: Instant) -> u64 {
        let start = *self.start.get_or_insert(now);
        now.saturating_duration_since(start).as_secs()
    }

    /// A new one.
    pub(super) fn issue(&mut self, now: Instant) -> String {
        let seconds = self.seconds(now) & 0xffff_ffff;
        self.count += 1;
        let mut nonce = format!("{:016x}{seconds:08x}", self.count);
        let mac = hash::hmac(&self.key, nonce.as_bytes());
        nonce.extend(hash::to_hex(&mac).into_iter().take(32).map(char::from));
        nonce
    }

    /// Number of a nonce of ours that has not expired.
    pub(super) fn check(&mut self, now: Instant, nonce: &[u8]) -> Option<u64> {
        if nonce.len() != LENGTH {
            return None;
        }
        let (head, mac) = nonce.split_at_checked(LENGTH - 32)?;
        let expected = hash::to_hex(&hash::hmac(&self.key, head));
        if !hash::same(expected.get(..32)?, mac) {
            return None;
        }
        let number = hex_number(head.get(..16)?)?;
        let issued = hex_number(head.get(16..)?)?;
        let age = self.seconds(now).saturating_sub(issued);
        (age <= self.lifetime.as_secs() && number > self.floor).then_some(number)
    }

    /// Marks a count as used; false when it was used before.
    pub(super) fn mark(&mut self, number: u64, count: u32) -> bool {
        let fresh = self.used.entry(number).or_default().mark(count);
        if self.used.len() > MAX_NONCES
            && let Some((oldest, _)) = self.used.pop_first()
        {
            self.floor = oldest;
        }
        fresh
    }

    /// How many are remembered.
    pub(super) fn remembered(&self) -> usize {
        self.used.len()
    }
}

fn hex_number(digits: &[u8]) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods, reason = "any instant will do to count from")]
    fn forged_expired_and_counted() {
        let now = Instant::now();
        let mut nonces = Nonces::new([7; 32], Duration::from_secs(60));
        let nonce = nonces.issue(now);
        assert_eq!(nonces.check(now + Duration::from_secs(60), nonce.as_bytes()), Some(1));
        assert_eq!(nonces.check(now + Duration::from_secs(61), nonce.as_bytes()), None);
        let mut forged = nonce.clone().into_bytes();
        forged[20] ^= 1;
        assert_eq!(nonces.check(now, &forged), None);
        assert_eq!(nonces.check(now, b"short"), None);
        assert_eq!(Nonces::new([8; 32], Duration::from_secs(60)).check(now, nonce.as_bytes()), None);
    }

    #[test]
    fn window() {
        let mut window = Window::default();
        assert!(window.mark(1));
        assert!(!window.mark(1));
        assert!(window.mark(70));
        assert!(window.mark(69));
        assert!(!window.mark(69));
        assert!(!window.mark(6), "64 behind");
        assert!(window.mark(7));
        assert!(!window.mark(0));
        assert!(window.mark(u32::MAX));
    }

    #[test]
    fn memory_is_bounded() {
        let mut nonces = Nonces::new([1; 32], Duration::from_secs(60));
        for number in 1..=(MAX_NONCES as u64 + 10) {
            nonces.mark(number, 1);
        }
        assert_eq!(nonces.remembered(), MAX_NONCES);
        assert_eq!(nonces.floor, 10);
    }
}
