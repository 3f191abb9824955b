//! A brake on guessing passwords: some tries per address and e-mail address, then a pause.

use pbx::UnixMillis;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Wrong passwords in a row before the pause.
const TRIES: u32 = 10;

/// The pause, and how long wrong passwords are remembered, in milliseconds.
const WINDOW_MS: u64 = 5 * 60_000;

/// Pairs remembered at most; over it the oldest is forgotten.
const MOST_PAIRS: usize = 10_000;

#[derive(Clone, Copy, Debug)]
struct Wrong {
    count: u32,
    last: UnixMillis,
}

/// Come back later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany {
    /// In so many seconds, at least 1.
    pub retry_seconds: u64,
}

/// Remembers wrong passwords.
#[derive(Debug, Default)]
pub struct Attempts {
    wrong: Mutex<BTreeMap<(IpAddr, String), Wrong>>,
}

impl Attempts {
    /// May this pair try now?
    ///
    /// # Errors
    /// When it has tried too often.
    pub fn check(&self, address: IpAddr, email: &str, now: UnixMillis) -> Result<(), TooMany> {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        match wrong.get(&(address, email.to_owned())) {
            Some(w) if w.count >= TRIES && now.since_ms(w.last) < WINDOW_MS => {
                Err(TooMany { retry_seconds: (WINDOW_MS - now.since_ms(w.last)).div_ceil(1000).max(1) })
            }
            _ => Ok(()),
        }
    }

    /// The password was wrong.
    pub fn was_wrong(&self, address: IpAddr, email: &str, now: UnixMillis) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if wrong.len() >= MOST_PAIRS {
            wrong.retain(|_, w| now.since_ms(w.last) < WINDOW_MS);
        }
        if wrong.len() >= MOST_PAIRS
            && let Some(oldest) = wrong.iter().min_by_key(|(_, w)| w.last).map(|(pair, _)| pair.clone())
        {
            wrong.remove(&oldest);
        }
        let entry = wrong.entry((address, email.to_owned())).or_insert(Wrong { count: 0, last: now });
        entry.count = if now.since_ms(entry.last) < WINDOW_MS { entry.count + 1 } else { 1 };
        entry.last = now;
    }

    /// The password was right.
    pub fn was_right(&self, address: IpAddr, email: &str) {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).remove(&(address, email.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_wrong_ones_and_a_pause() {
        let attempts = Attempts::default();
        let (a, b): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        for i in 0..TRIES {
            assert!(attempts.check(a, "x@y.zz", UnixMillis(1000 + u64::from(i))).is_ok());
            attempts.was_wrong(a, "x@y.zz", UnixMillis(1000 + u64::from(i)));
        }
        assert_eq!(attempts.check(a, "x@y.zz", UnixMillis(1009)), Err(TooMany { retry_seconds: 300 }));
        assert!(attempts.check(b, "x@y.zz", UnixMillis(1009)).is_ok(), "another address");
        assert!(attempts.check(a, "x@y.zz", UnixMillis(1009 + WINDOW_MS)).is_ok(), "after the pause");
        attempts.was_right(a, "x@y.zz");
        assert!(attempts.check(a, "x@y.zz", UnixMillis(1010)).is_ok());
    }
}
