//! What a worker tells the control thread, without ever waiting for it: packets must go on.

use media::Event;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

/// Events of all workers that may wait for the control thread; at 20 events a call that is some thousand calls' worth.
pub(crate) const MAX_WAITING_EVENTS: usize = 65_536;
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
    out: Sender<Event>,
    kept: VecDeque<Event>,
    /// When the first of `kept` came, while all of them only wait for company.
    patient_since: Option<Instant>,
    dropped: Arc<AtomicU64>,
}

impl Teller {
    pub(crate) fn new(out: Sender<Event>, dropped: Arc<AtomicU64>) -> Self {
        Self { out, kept: VecDeque::new(), patient_since: None, dropped }
    }

    /// Tells, now or as soon as there is room; that a leg's media is over together with what comes next.
    pub(crate) fn send(&mut self, event: Event) {
        let is_patient = matches!(event, Event::Closed { .. });
        if is_patient && self.kept.is_empty() {
            self.patient_since = Some(Instant::now());
        } else if !is_patient && self.patient_since.take().is_some() {
            self.hand_on();
        }
        if self.kept.is_empty() && !is_patient {
            match self.out.try_send(event) {
                Ok(()) | Err(TrySendError::Closed(_)) => {}
                Err(TrySendError::Full(event)) => self.keep(event),
            }
        } else {
            self.keep(event);
        }
    }

    fn keep(&mut self, event: Event) {
        let dispensable = matches!(event, Event::Key { .. } | Event::Flowing { .. } | Event::Quiet { .. });
        let room = if dispensable { KEPT_OF_ALL_KINDS } else { MAX_KEPT };
        if self.kept.len() < room {
            self.kept.push_back(event);
        } else {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Hands on what has waited long enough, as far as there is room; when to be asked again, if something waits still.
    pub(crate) fn catch_up(&mut self, now: Instant) -> Option<Duration> {
        if let Some(since) = self.patient_since {
            match PATIENCE.checked_sub(now.saturating_duration_since(since)) {
                Some(left) if !left.is_zero() => return Some(left),
                _ => self.patient_since = None,
            }
        }
        self.hand_on().then_some(CATCH_UP)
    }

    /// Hands on what waits, as far as there is room; `true` when something waits still.
    fn hand_on(&mut self) -> bool {
        while let Some(event) = self.kept.pop_front() {
            if let Err(TrySendError::Full(event)) = self.out.try_send(event) {
                self.kept.push_front(event);
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use media::LegId;
    use tokio::sync::mpsc::channel;

    #[test]
    fn what_finds_no_room_waits_in_order_and_keys_give_way_first() {
        let (out, mut inbox) = channel(1);
        let dropped = Arc::new(AtomicU64::new(0));
        let mut teller = Teller::new(out, Arc::clone(&dropped));
        for leg in 0..3 {
            teller.send(Event::Failed { leg: LegId(leg) });
        }
        let now = Instant::now();
        assert!(teller.catch_up(now).is_some());
        for expected in 0..3 {
            assert!(matches!(inbox.try_recv(), Ok(Event::Failed { leg }) if leg == LegId(expected)));
            teller.catch_up(now);
        }
        assert!(teller.catch_up(now).is_none() && inbox.try_recv().is_err());
        for leg in 0..=KEPT_OF_ALL_KINDS as u64 + 1 {
            teller.send(Event::Key { leg: LegId(leg), key: '1' });
        }
        assert_eq!(dropped.load(Ordering::Relaxed), 1, "one went out, the bound is kept, one is lost");
        teller.send(Event::Failed { leg: LegId(9) });
        assert_eq!(dropped.load(Ordering::Relaxed), 1, "an end is kept all the same");
    }

    #[test]
    fn that_a_leg_is_over_waits_for_company() {
        let (out, mut inbox) = channel(8);
        let mut teller = Teller::new(out, Arc::default());
        let over = |leg| Event::Closed { leg: LegId(leg), figures: media::Figures::default() };
        teller.send(over(1));
        teller.send(over(2));
        assert!(teller.catch_up(Instant::now()).is_some_and(|left| left <= PATIENCE) && inbox.try_recv().is_err());
        teller.send(Event::Failed { leg: LegId(3) });
        let told: Vec<_> = std::iter::from_fn(|| inbox.try_recv().ok()).collect();
        assert!(matches!(told[..], [Event::Closed { .. }, Event::Closed { .. }, Event::Failed { .. }]), "{told:?}");
        // Alone it waits no longer than that.
        teller.send(over(4));
        assert_eq!(teller.catch_up(Instant::now() + PATIENCE), None);
        assert!(matches!(inbox.try_recv(), Ok(Event::Closed { leg: LegId(4), .. })));
    }
}
