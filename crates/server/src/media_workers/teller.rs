//! What a worker tells the control thread, without ever waiting for it: packets must go on.

use media::Event;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

/// Events of all workers that may wait for the control thread; at 20 events a call that is some thousand calls' worth.
pub(crate) const MAX_WAITING_EVENTS: usize = 65_536;
/// Events one worker keeps when those are all taken.
const MAX_KEPT: usize = 65_536;
/// From then on what a call can go without (keys, signs of life and of silence) is not kept any more.
const KEPT_OF_ALL_KINDS: usize = MAX_KEPT / 2;

/// See the module. The control thread being slow, events wait here in their order; it being lost, they are dropped and counted.
pub(crate) struct Teller {
    out: Sender<Event>,
    kept: VecDeque<Event>,
    dropped: Arc<AtomicU64>,
}

impl Teller {
    pub(crate) fn new(out: Sender<Event>, dropped: Arc<AtomicU64>) -> Self {
        Self { out, kept: VecDeque::new(), dropped }
    }

    /// Tells, now or as soon as there is room.
    pub(crate) fn send(&mut self, event: Event) {
        if self.kept.is_empty() {
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

    /// Hands on what waits, as far as there is room; `true` when something waits still.
    pub(crate) fn catch_up(&mut self) -> bool {
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
        assert!(teller.catch_up());
        for expected in 0..3 {
            assert!(matches!(inbox.try_recv(), Ok(Event::Failed { leg }) if leg == LegId(expected)));
            teller.catch_up();
        }
        assert!(!teller.catch_up() && inbox.try_recv().is_err());
        for leg in 0..=KEPT_OF_ALL_KINDS as u64 + 1 {
            teller.send(Event::Key { leg: LegId(leg), key: '1' });
        }
        assert_eq!(dropped.load(Ordering::Relaxed), 1, "one went out, the bound is kept, one is lost");
        teller.send(Event::Failed { leg: LegId(9) });
        assert_eq!(dropped.load(Ordering::Relaxed), 1, "an end is kept all the same");
    }
}
