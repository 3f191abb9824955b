//! What a worker tells the control thread, without ever waiting for it: packets must go on.

use media::Event;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

/// Tellings of all workers that may wait for the control thread, each of what one wake-up brought: mostly one event, seldom more
/// than a few.
pub(crate) const MAX_TELLINGS: usize = 16_384;
/// Events one worker keeps when those are all taken.
const MAX_KEPT: usize = 65_536;
/// From then on what a call can go without (keys, signs of life and of silence) is not kept any more.
const KEPT_OF_ALL_KINDS: usize = MAX_KEPT / 2;

/// How long what nobody waits for may wait for company, so that the control thread wakes once for several.
const PATIENCE: Duration = Duration::from_millis(20);
/// Where events wait for room, it is tried again after this.
const CATCH_UP: Duration = Duration::from_millis(5);

/// See the module. The control thread being slow, events wait here in their order; it being lost, they are dropped and counted.
pub(crate) struct Teller {
    out: Sender<Vec<Event>>,
    kept: Vec<Event>,
    /// Some of `kept` are waited for.
    urgent: bool,
    /// When the first of `kept` came, while all of them only wait for company.
    patient_since: Option<Instant>,
    dropped: Arc<AtomicU64>,
}

impl Teller {
    pub(crate) fn new(out: Sender<Vec<Event>>, dropped: Arc<AtomicU64>) -> Self {
        Self { out, kept: Vec::new(), urgent: false, patient_since: None, dropped }
    }

    /// Adds to what is told next.
    pub(crate) fn add(&mut self, event: Event) {
        if !matches!(event, Event::Closed { .. }) {
            self.urgent = true;
        } else if self.kept.is_empty() {
            self.patient_since = Some(Instant::now());
        }
        let dispensable = matches!(event, Event::Key { .. } | Event::Flowing { .. } | Event::Quiet { .. });
        let room = if dispensable { KEPT_OF_ALL_KINDS } else { MAX_KEPT };
        if self.kept.len() < room {
            self.kept.push(event);
        } else {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Tells what was added, in one go so that the control thread wakes once; that a leg's media is over only together with
    /// something else. When there is no room, it waits for [`Self::catch_up`].
    pub(crate) fn tell(&mut self) {
        if self.urgent {
            self.hand_on();
        }
    }

    /// Hands on what has waited long enough, if there is room; when to be asked again, if something waits still.
    pub(crate) fn catch_up(&mut self, now: Instant) -> Option<Duration> {
        if !self.urgent {
            match PATIENCE.checked_sub(now.saturating_duration_since(self.patient_since?)) {
                Some(left) if !left.is_zero() => return Some(left),
                _ => {}
            }
        }
        self.hand_on();
        (!self.kept.is_empty()).then_some(CATCH_UP)
    }

    fn hand_on(&mut self) {
        if self.kept.is_empty() {
            return;
        }
        match self.out.try_send(std::mem::take(&mut self.kept)) {
            Ok(()) | Err(TrySendError::Closed(_)) => (self.urgent, self.patient_since) = (false, None),
            Err(TrySendError::Full(kept)) => (self.kept, self.urgent) = (kept, true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use media::LegId;
    use tokio::sync::mpsc::channel;

    fn legs(told: Option<Vec<Event>>) -> Vec<u64> {
        let leg = |event: &Event| match event {
            Event::Failed { leg } | Event::Key { leg, .. } | Event::Closed { leg, .. } => leg.0,
            other => panic!("{other:?}"),
        };
        told.into_iter().flatten().map(|event| leg(&event)).collect()
    }

    #[test]
    fn what_finds_no_room_waits_in_order_and_keys_give_way_first() {
        let (out, mut inbox) = channel(1);
        let dropped = Arc::new(AtomicU64::new(0));
        let mut teller = Teller::new(out, Arc::clone(&dropped));
        for leg in 0..3 {
            teller.add(Event::Failed { leg: LegId(leg) });
            teller.tell();
        }
        let now = Instant::now();
        assert!(teller.catch_up(now).is_some());
        assert_eq!(legs(inbox.try_recv().ok()), [0]);
        assert!(teller.catch_up(now).is_none());
        assert_eq!(legs(inbox.try_recv().ok()), [1, 2]);
        assert!(inbox.try_recv().is_err());
        for leg in 0..=KEPT_OF_ALL_KINDS as u64 {
            teller.add(Event::Key { leg: LegId(leg), key: '1' });
        }
        assert_eq!(dropped.load(Ordering::Relaxed), 1, "the bound is kept, one is lost");
        teller.add(Event::Failed { leg: LegId(9) });
        assert_eq!(dropped.load(Ordering::Relaxed), 1, "an end is kept all the same");
    }

    #[test]
    fn that_a_leg_is_over_waits_for_company() {
        let (out, mut inbox) = channel(8);
        let mut teller = Teller::new(out, Arc::default());
        let over = |leg| Event::Closed { leg: LegId(leg), figures: media::Figures::default() };
        for leg in [1, 2] {
            teller.add(over(leg));
            teller.tell();
        }
        assert!(teller.catch_up(Instant::now()).is_some_and(|left| left <= PATIENCE) && inbox.try_recv().is_err());
        teller.add(Event::Failed { leg: LegId(3) });
        teller.tell();
        assert_eq!(legs(inbox.try_recv().ok()), [1, 2, 3], "one wake-up for all of them");
        // Alone it waits no longer than that.
        teller.add(over(4));
        teller.tell();
        assert_eq!(teller.catch_up(Instant::now() + PATIENCE), None);
        assert_eq!(legs(inbox.try_recv().ok()), [4]);
    }
}
