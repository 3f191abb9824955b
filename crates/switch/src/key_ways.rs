//! A key that comes by INFO and in the media is one key: some phones send it both ways.

use std::time::{Duration, Instant};

/// How long the same press may take to come the other way. A phone tells INFO when the key is let go.
const PAIR: Duration = Duration::from_millis(1500);
/// Presses that wait for their other way at most; an older one gives way.
const WAITING: usize = 8;

/// How a key came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// SIP INFO (RFC 6086, `application/dtmf-relay`).
    Info,
    /// Telephone-event or tones; the media engine pairs those two.
    Media,
}

/// The presses of one leg that came one way only so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KeyWays {
    waiting: [Option<(char, Way, Instant)>; WAITING],
}

impl KeyWays {
    /// A key came. True when the press is new, false when it is known from the other way.
    pub(crate) fn take(&mut self, key: char, way: Way, now: Instant) -> bool {
        let of_other_way = |slot: &&mut Option<(char, Way, Instant)>| {
            slot.is_some_and(|(known, by, at)| known == key && by != way && now.saturating_duration_since(at) <= PAIR)
        };
        // The oldest of them, as keys come in order.
        let pair = self.waiting.iter_mut().filter(of_other_way).min_by_key(|slot| slot.map(|(.., at)| at));
        if let Some(pair) = pair {
            *pair = None;
            return false;
        }
        if let Some(oldest) = self.waiting.iter_mut().min_by_key(|slot| slot.map(|(.., at)| at)) {
            *oldest = Some((key, way, now));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::disallowed_methods, reason = "any instant will do to count from")]
    fn clock() -> impl Fn(u64) -> Instant {
        let start = Instant::now();
        move |ms| start + Duration::from_millis(ms)
    }

    #[test]
    fn each_press_counts_once_by_both_ways_in_any_order() {
        let at = clock();
        let mut ways = KeyWays::default();
        let mut counted = 0;
        // 40 ms pressed, 40 ms apart; INFO follows a while later and not evenly.
        let mut came: Vec<(u64, Way)> = Vec::new();
        for press in 0..20_u64 {
            came.push((press * 80, Way::Media));
            came.push((press * 80 + 30 + press % 3 * 45, Way::Info));
        }
        came.sort_by_key(|(ms, _)| *ms);
        for (ms, way) in came {
            counted += u32::from(ways.take('5', way, at(ms)));
        }
        assert_eq!(counted, 20);
    }

    #[test]
    fn one_way_alone_counts_every_press() {
        let at = clock();
        for way in [Way::Info, Way::Media] {
            let mut ways = KeyWays::default();
            assert!((0..50).all(|n| ways.take('1', way, at(n * 80))));
        }
    }

    #[test]
    fn other_keys_and_late_ones_are_presses_of_their_own() {
        let at = clock();
        let mut ways = KeyWays::default();
        assert!(ways.take('1', Way::Media, at(0)));
        assert!(ways.take('2', Way::Info, at(10)));
        assert!(ways.take('1', Way::Info, at(2000)));
    }
}
