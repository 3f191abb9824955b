//! A leg goes to another engine: two calls that lived in different media workers become one.

use std::time::Instant;

use super::Engine;
use crate::command::{Event, LegId};
use crate::leg::Leg;

/// A leg between two engines, with all it has agreed and counted.
pub struct MovedLeg(Box<Leg>);

impl Engine {
    /// Takes a leg out, for [`Self::put_leg`] of another engine. Its bridge or echo ends, what plays to it goes on there.
    /// `None` when it is not open.
    pub fn take_leg(&mut self, leg: LegId) -> Option<MovedLeg> {
        let slot = self.legs.slot(leg)?;
        self.unbridge(slot);
        let mut leg = self.legs.remove(slot)?;
        // Its jitter buffer counts from this engine's first instant.
        leg.forget_decoding();
        leg.timers.forget_wake_up();
        self.drop_stale_wake_ups();
        Some(MovedLeg(leg))
    }

    /// Takes a leg over, also above the limit of legs: it is in a call already. [`Event::Arrived`] follows, for one that
    /// was not open too, so that who waits for it can go on.
    pub fn put_leg(&mut self, now: Instant, leg: LegId, moved: Option<MovedLeg>) {
        self.since_start(now);
        if let Some(moved) = moved.filter(|_| self.legs.slot(leg).is_none()) {
            let slot = self.legs.insert(*moved.0);
            self.arm(slot);
        }
        self.events.push_back(Event::Arrived { leg });
    }

    /// The leg's new call lives here too: only its bridge ends.
    pub(super) fn stay(&mut self, leg: LegId) {
        if let Some(slot) = self.legs.slot(leg) {
            self.unbridge(slot);
        }
        self.events.push_back(Event::Arrived { leg });
    }
}
