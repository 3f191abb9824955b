//! The trunks' timers: one of each kind and owner, found by either.

use super::target::Target;
use media::LegId;
use pbx::CarrierId;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TrunkTimer {
    /// A proxy's name is to be resolved again.
    Resolve(CarrierId, usize),
    /// The trunk is to register, or to refresh.
    Register(CarrierId),
    /// What the registrar granted is over.
    Expire(CarrierId),
    /// The targets are to be probed.
    Probe(CarrierId),
    /// A probe should have been answered by now.
    Missed(CarrierId, Target),
    /// A target's pause is over: the state that is shown changes.
    Rested(CarrierId),
    /// A dialled carrier should have said something by now.
    Silence(LegId),
    /// The registrars had time enough to hear that we leave.
    Left,
}

/// Armed timers.
#[derive(Debug, Default)]
pub(super) struct TrunkTimers {
    due: BTreeSet<(Instant, TrunkTimer)>,
    at: BTreeMap<TrunkTimer, Instant>,
}

impl TrunkTimers {
    /// Arms a timer, or moves it.
    pub(super) fn set(&mut self, timer: TrunkTimer, at: Instant) {
        self.cancel(timer);
        self.at.insert(timer, at);
        self.due.insert((at, timer));
    }

    pub(super) fn cancel(&mut self, timer: TrunkTimer) {
        if let Some(at) = self.at.remove(&timer) {
            self.due.remove(&(at, timer));
        }
    }

    pub(super) fn is_set(&self, timer: TrunkTimer) -> bool {
        self.at.contains_key(&timer)
    }

    /// Disarms all of a carrier.
    pub(super) fn cancel_carrier(&mut self, carrier: CarrierId) {
        let of_it = |timer: &TrunkTimer| match timer {
            TrunkTimer::Resolve(id, _) | TrunkTimer::Missed(id, _) => *id == carrier,
            TrunkTimer::Register(id) | TrunkTimer::Expire(id) | TrunkTimer::Probe(id) | TrunkTimer::Rested(id) => {
                *id == carrier
            }
            TrunkTimer::Silence(_) | TrunkTimer::Left => false,
        };
        self.at.retain(|timer, _| !of_it(timer));
        self.due.retain(|(_, timer)| !of_it(timer));
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Takes the next timer that is due.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<TrunkTimer> {
        let (at, timer) = self.due.first().copied().filter(|(at, _)| *at <= now)?;
        self.due.remove(&(at, timer));
        self.at.remove(&timer);
        Some(timer)
    }

    pub(super) fn len(&self) -> usize {
        self.at.len()
    }
}
