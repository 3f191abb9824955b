//! Wake-ups of the calls: one enum variant per timer, in one ordered set.

use crate::{CallId, UnixMillis};
use std::collections::BTreeSet;

/// A timer of a call. A call has each of them at most once, which bounds the set at three per call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// What the call's state waits for takes too long: ring time, an announcement's end, a key.
    Stage,
    /// The workflow as a whole takes too long.
    Workflow,
    /// The call takes too long.
    Length,
}

impl Timer {
    pub(crate) const ALL: [Self; 3] = [Self::Stage, Self::Workflow, Self::Length];
}

/// When each timer of one call fires; kept in the call so that stopping one needs no search.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CallTimers {
    stage: Option<UnixMillis>,
    workflow: Option<UnixMillis>,
    length: Option<UnixMillis>,
}

impl CallTimers {
    fn slot(&mut self, timer: Timer) -> &mut Option<UnixMillis> {
        match timer {
            Timer::Stage => &mut self.stage,
            Timer::Workflow => &mut self.workflow,
            Timer::Length => &mut self.length,
        }
    }
}

/// All running timers, earliest first.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    due: BTreeSet<(UnixMillis, CallId, Timer)>,
}

impl Timers {
    /// Starts `timer` anew, to fire at `at`.
    pub(crate) fn start(&mut self, call: CallId, own: &mut CallTimers, timer: Timer, at: UnixMillis) {
        self.stop(call, own, timer);
        *own.slot(timer) = Some(at);
        self.due.insert((at, call, timer));
    }

    /// Stops `timer`, if it runs.
    pub(crate) fn stop(&mut self, call: CallId, own: &mut CallTimers, timer: Timer) {
        if let Some(at) = own.slot(timer).take() {
            self.due.remove(&(at, call, timer));
        }
    }

    /// Stops all timers of a call.
    pub(crate) fn stop_all(&mut self, call: CallId, own: &mut CallTimers) {
        for timer in Timer::ALL {
            self.stop(call, own, timer);
        }
    }

    /// When the next one fires.
    pub(crate) fn next(&self) -> Option<UnixMillis> {
        self.due.first().map(|entry| entry.0)
    }

    /// The timers that are due at `now`, taken out. Those started while they are worked off wait for the next wake-up,
    /// so that a wake-up always ends.
    pub(crate) fn take_due(&mut self, now: UnixMillis) -> Vec<(CallId, Timer)> {
        let mut taken = Vec::new();
        while let Some(&(at, call, timer)) = self.due.first() {
            if at > now {
                break;
            }
            self.due.pop_first();
            taken.push((call, timer));
        }
        taken
    }

    /// Is this timer still to fire by `now`, or was it stopped while others fired? Marks it as fired.
    pub(crate) fn fire(own: &mut CallTimers, timer: Timer, now: UnixMillis) -> bool {
        let slot = own.slot(timer);
        let fires = slot.is_some_and(|at| at <= now);
        if fires {
            *slot = None;
        }
        fires
    }

    /// How many run.
    pub(crate) fn len(&self) -> usize {
        self.due.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restarted_timer_fires_once() {
        let (mut timers, mut own) = (Timers::default(), CallTimers::default());
        let call = CallId(1);
        timers.start(call, &mut own, Timer::Stage, UnixMillis(10));
        timers.start(call, &mut own, Timer::Stage, UnixMillis(20));
        assert_eq!(timers.next(), Some(UnixMillis(20)));
        assert!(timers.take_due(UnixMillis(19)).is_empty());
        assert_eq!(timers.take_due(UnixMillis(20)), [(call, Timer::Stage)]);
        assert!(Timers::fire(&mut own, Timer::Stage, UnixMillis(20)));
        assert!(!Timers::fire(&mut own, Timer::Stage, UnixMillis(20)));
        assert_eq!(timers.len(), 0);
    }
}
