//! One key press is counted once when it is heard in-band and by telephone-event at the same time, and not at all when it
//! is one of ours that the line sends back.

use std::time::{Duration, Instant};

/// How long an in-band press waits for its telephone-event.
const PAIR: Duration = Duration::from_millis(500);
/// How long after a telephone-event its tone may still be heard.
const TAIL: Duration = Duration::from_millis(250);
/// A telephone-event whose end was lost counts as held this long at most.
const HELD: Duration = Duration::from_secs(5);
/// How far apart the packets of one telephone-event may come: 50 ms and some jitter.
const SILENT: Duration = Duration::from_millis(150);
/// How long one press may take to come by signalling and by telephone-event.
const SIGNALLED: Duration = Duration::from_millis(1500);
/// How long after the end of a telephone-event a tone beside it may go on: three packets tell the end, 20 ms apart.
const RESIDUE: Duration = Duration::from_millis(60);
/// How long after a key that we sounded a line may still send it back.
const ECHO: Duration = Duration::from_millis(400);
/// In-band presses that wait for their telephone-event at most.
const WAITING: usize = 4;

/// Pairs the two ways a press is heard.
// In this order: what each packet asks for lies first.
#[repr(C)]
#[derive(Clone, Debug, Default)]
pub struct KeyFilter {
    event: Option<(char, Instant, Option<Instant>)>,
    /// When the last packet of a telephone-event came.
    told: Option<Instant>,
    in_band: [Option<(char, Instant)>; WAITING],
    /// The key we sounded last, and until when.
    ours: Option<(char, Instant)>,
    /// The key that signalling passed on last.
    passed: Option<(char, Instant)>,
}

impl KeyFilter {
    /// A telephone-event started. True when the press is new.
    pub fn event_pressed(&mut self, key: char, now: Instant) -> bool {
        self.event = Some((key, now, None));
        let pair = self.in_band.iter_mut().find(|waiting| {
            waiting.is_some_and(|(known, at)| known == key && now.saturating_duration_since(at) <= PAIR)
        });
        match pair {
            Some(waiting) => {
                *waiting = None;
                false
            }
            None => true,
        }
    }

    /// A telephone-event ended.
    pub fn event_released(&mut self, key: char, now: Instant) {
        if let Some((_, _, until)) = self.event.as_mut().filter(|(known, ..)| *known == key) {
            until.get_or_insert(now);
        }
    }

    /// A key came by signalling. True when it is to be passed on: no telephone-event told it before.
    pub fn pass(&mut self, key: char, now: Instant) -> bool {
        let told = self
            .event
            .is_some_and(|(known, since, _)| known == key && now.saturating_duration_since(since) <= SIGNALLED);
        if !told {
            self.passed = Some((key, now));
        }
        !told
    }

    /// Whether a press by telephone-event was passed on before, by signalling; asked once a press.
    pub fn was_passed(&mut self, key: char, now: Instant) -> bool {
        let passed = self.passed.take_if(|(known, _)| *known == key);
        passed.is_some_and(|(_, at)| now.saturating_duration_since(at) <= SIGNALLED)
    }

    /// Whether a key is down by telephone-event, or was until just now: its tone may be in the audio.
    pub fn is_down(&self, now: Instant) -> bool {
        self.event.is_some_and(|(_, since, until)| match until {
            Some(until) => now.saturating_duration_since(until) <= RESIDUE,
            // Whose ends were all lost is up when nothing more comes.
            None => self.told.is_some_and(|told| now.saturating_duration_since(told.max(since)) <= SILENT),
        })
    }

    /// A packet of a telephone-event came.
    pub const fn event_told(&mut self, now: Instant) {
        self.told = Some(now);
    }

    /// We sound a key to this far end.
    pub const fn sounded(&mut self, key: char, now: Instant) {
        self.ours = Some((key, now));
    }

    /// A tone was heard. True when the press is new.
    pub fn heard_in_band(&mut self, key: char, now: Instant) -> bool {
        if self.ours.is_some_and(|(ours, at)| ours == key && now.saturating_duration_since(at) <= ECHO) {
            return false;
        }
        if let Some((known, since, until)) = self.event
            && known == key
        {
            let covered = match until {
                Some(until) => now.saturating_duration_since(until) <= TAIL,
                None => now.saturating_duration_since(since) <= HELD,
            };
            if covered {
                return false;
            }
        }
        let oldest = self.in_band.iter_mut().min_by_key(|waiting| waiting.map(|(_, at)| at));
        if let Some(slot) = oldest {
            *slot = Some((key, now));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::disallowed_methods, reason = "an arbitrary start for a test")]
    fn clock() -> impl Fn(u64) -> Instant {
        let start = Instant::now();
        move |ms| start + Duration::from_millis(ms)
    }

    #[test]
    fn both_ways_in_either_order_count_once() {
        let at = clock();
        let mut filter = KeyFilter::default();
        assert!(filter.event_pressed('1', at(0)));
        assert!(!filter.heard_in_band('1', at(40)));
        filter.event_released('1', at(100));
        assert!(!filter.heard_in_band('1', at(200)));

        let mut filter = KeyFilter::default();
        assert!(filter.heard_in_band('1', at(0)));
        assert!(!filter.event_pressed('1', at(60)));
    }

    #[test]
    fn quick_repeats_count_each() {
        let at = clock();
        let mut filter = KeyFilter::default();
        for n in 0..6 {
            let start = n * 160;
            assert!(filter.event_pressed('7', at(start)), "{n}");
            assert!(!filter.heard_in_band('7', at(start + 35)), "{n}");
            filter.event_released('7', at(start + 80));
        }
        let mut filter = KeyFilter::default();
        for n in 0..6 {
            let start = n * 160;
            // The tone arrives first; after the first press the event's tail may swallow it, then the event counts.
            let tone = filter.heard_in_band('7', at(start));
            let event = filter.event_pressed('7', at(start + 20));
            assert!(tone ^ event, "{n}");
            filter.event_released('7', at(start + 90));
        }
    }

    #[test]
    fn one_way_alone_counts_every_press() {
        let at = clock();
        let mut filter = KeyFilter::default();
        assert!((0..10).all(|n| filter.heard_in_band('3', at(n * 100))));
        let mut filter = KeyFilter::default();
        assert!((0..10).all(|n| filter.event_pressed('3', at(n * 100))));
    }

    #[test]
    fn different_keys_do_not_hide_each_other() {
        let at = clock();
        let mut filter = KeyFilter::default();
        assert!(filter.event_pressed('1', at(0)));
        assert!(filter.heard_in_band('2', at(20)));
        assert!(filter.event_pressed('3', at(40)));
    }
}
