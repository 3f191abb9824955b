//! How long and how hard, from the environment.

use crate::user_agent::REGISTERED_FOR;
use std::time::Duration;

/// Calls when nothing else is said.
const CALLS: u64 = 100_000;
/// Calls a second when nothing else is said.
const RATE: u64 = 100;
/// Calls a second at most: what one SIPp makes reliably.
const MAX_RATE: u64 = 1_000;

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Calls in all.
    pub calls: u64,
    /// Calls a second.
    pub rate: u64,
}

impl Settings {
    /// Reads `SORI_SOAK_CALLS` and `SORI_SOAK_RATE` by `get`.
    ///
    /// # Errors
    /// A sentence about the one that cannot be.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let number = |name: &str, usual: u64, most: u64| match get(name) {
            None => Ok(usual),
            Some(text) => text
                .parse()
                .ok()
                .filter(|value| (1..=most).contains(value))
                .ok_or_else(|| format!("{name} is {text:?}; it must be a number from 1 to {most}")),
        };
        let rate = number("SORI_SOAK_RATE", RATE, MAX_RATE)?;
        // The phone registers once.
        let calls = number("SORI_SOAK_CALLS", CALLS, rate * (REGISTERED_FOR - 60))?;
        Ok(Self { calls, rate })
    }

    /// How long calls begin.
    pub fn duration(&self) -> Duration {
        Duration::from_secs(self.calls.div_ceil(self.rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_counts_and_must_make_sense() {
        assert_eq!(Settings::read(|_| None).unwrap(), Settings { calls: 100_000, rate: 100 });
        let short = Settings::read(|name| (name == "SORI_SOAK_CALLS").then(|| "2000".to_owned())).unwrap();
        assert_eq!((short.calls, short.duration()), (2_000, Duration::from_secs(20)));
        for wrong in ["", "0", "-1", "many", "354001"] {
            let told = Settings::read(|name| (name == "SORI_SOAK_CALLS").then(|| wrong.to_owned())).unwrap_err();
            assert!(told.contains("SORI_SOAK_CALLS") && told.contains("354000"), "{told}");
        }
    }
}
