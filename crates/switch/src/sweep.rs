//! The sweep: each minute the switch looks whether every leg has its call, and none stands longer in a state than that
//! state can last. It finds nothing while all is well; what it finds is ended, and counted ([`crate::Counts::swept`]).
//!
//! Every state has a limit of its own elsewhere (timers of SIP, of the business, of the media engine). These here are longer
//! and catch what those miss: a media worker that died with its legs, an event that was lost.

use crate::call::{Leg, LegState, Renegotiation};
use crate::switch::{Now, Switch};
use media::LegId;
use pbx::{CallId, Cause};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How often it looks.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// Looks after which a leg still waits for its answer: the ring time, two announcements and a workflow fit in.
const MAX_ARRIVED: u16 = 30;
/// Looks after which our answer is still not acknowledged; SIP gives up after 32 s.
const MAX_ACCEPTED: u16 = 2;
/// Looks after which the media engine still makes our offer, a matter of milliseconds.
const MAX_PREPARING: u16 = 2;
/// Looks after which our INVITE is still not answered; SIP gives up after three minutes.
const MAX_INVITING: u16 = 5;
/// Looks after which a call is still up: twelve hours, and time for the business to end it.
const MAX_UP: u16 = 12 * 60 + 5;
/// Looks after which a leg that ended still has a dialog or media; SIP gives up after 32 s.
const MAX_ENDING: u16 = 3;
/// Looks after which media is still on its way to another worker, or makes an answer.
const MAX_IN_MEDIA: u16 = 2;

/// What the sweep saw of a leg.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    state: u8,
    looks: u16,
    looks_in_media: u16,
}

/// The sweep's own memory.
#[derive(Debug, Default)]
pub(crate) struct Sweep {
    due: Option<Instant>,
    /// Running calls that had no leg at the last look.
    legless: BTreeSet<CallId>,
    /// Legs and calls it had to end, since the start.
    pub(crate) found: u64,
}

impl Sweep {
    /// When it looks next; nothing while there is nothing to look at.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }
}

/// What is wrong with a leg.
enum Wrong {
    /// No call lists it.
    Stray,
    /// It stands in its state for too long.
    TooLong,
    /// It ended and is not freed.
    NotFreed,
    /// The media engine does not say anything.
    MediaSilent,
}

impl Switch {
    /// Looks from a minute after there is something on.
    pub(crate) fn arm_sweep(&mut self, now: Now) {
        if self.sweep.due.is_none() && !(self.legs.is_empty() && self.calls.is_empty()) {
            self.sweep.due = Some(now.instant + SWEEP_EVERY);
        }
    }

    pub(crate) fn sweep_if_due(&mut self, now: Now) {
        if self.sweep.due.is_none_or(|due| due > now.instant) {
            return;
        }
        self.sweep.due = None;
        let legs: Vec<LegId> = self.legs.keys().copied().collect();
        for id in legs {
            if let Some(wrong) = self.wrong_with(id) {
                self.sweep.found += 1;
                self.end_swept(id, &wrong, now);
            }
        }
        self.sweep_calls(now);
    }

    fn wrong_with(&mut self, id: LegId) -> Option<Wrong> {
        let leg = self.legs.get_mut(&id)?;
        let (state, limit) = standing(leg);
        if leg.seen.state != state {
            leg.seen = Seen { state, looks: 0, looks_in_media: 0 };
        }
        leg.seen.looks = leg.seen.looks.saturating_add(1);
        let waits = leg.moving || leg.renegotiation == Some(Renegotiation::TheirOffer);
        leg.seen.looks_in_media = if waits { leg.seen.looks_in_media.saturating_add(1) } else { 0 };
        let is_listed = self.calls.get(&leg.call).is_some_and(|call| call.legs.contains(&id));
        match leg.seen {
            seen if leg.is_ending() && (seen.looks > limit) => Some(Wrong::NotFreed),
            _ if leg.is_ending() => None,
            _ if !is_listed => Some(Wrong::Stray),
            seen if seen.looks_in_media > MAX_IN_MEDIA => Some(Wrong::MediaSilent),
            seen if seen.looks > limit => Some(Wrong::TooLong),
            _ => None,
        }
    }

    fn end_swept(&mut self, id: LegId, wrong: &Wrong, now: Now) {
        match wrong {
            Wrong::Stray => self.end_leg(id, Cause::Unreachable, None, now),
            Wrong::TooLong => self.fail_leg(id, Cause::Unreachable, now),
            Wrong::MediaSilent => {
                if let Some(leg) = self.legs.get_mut(&id) {
                    leg.moving = false;
                }
                self.fail_leg(id, Cause::Media, now);
            }
            Wrong::NotFreed => self.free_by_force(id),
        }
    }

    /// Neither SIP nor the media engine said the last word: what they hold they free by their own limits.
    fn free_by_force(&mut self, id: LegId) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        leg.sip_over = true;
        leg.media_over = true;
        leg.moving = false;
        let (call, invite, media_asked) = (leg.call, leg.invite, leg.media_asked);
        if let Some(invite) = invite {
            self.invites.remove(&invite);
        }
        if !media_asked {
            self.media(call, media::Command::Close { leg: id });
        }
        self.free_if_over(id);
    }

    /// Calls that are over and have no leg are forgotten; running ones without any are ended at the second look, for a call may
    /// wait for a voicemail's file when its caller has left.
    fn sweep_calls(&mut self, now: Now) {
        let empty = |call: &CallId| self.calls.get(call).is_none_or(|held| held.legs.is_empty());
        let forgotten: Vec<CallId> =
            self.calls.iter().filter(|(_, held)| held.over && held.legs.is_empty()).map(|(id, _)| *id).collect();
        let legless: BTreeSet<CallId> = self.pbx.live_calls().map(|call| call.id).filter(empty).collect();
        let unknown = |id: &CallId| self.pbx.call(*id).is_none();
        let disowned: Vec<CallId> =
            self.calls.iter().filter(|(id, held)| !held.over && unknown(id)).map(|(id, _)| *id).collect();
        for call in forgotten {
            self.sweep.found += 1;
            self.calls.remove(&call);
            self.traces.call_over(call);
        }
        for call in disowned {
            self.sweep.found += 1;
            self.end_call(call, Cause::Unreachable, now);
        }
        for call in legless.intersection(&std::mem::take(&mut self.sweep.legless)) {
            self.sweep.found += 1;
            self.pbx.hang_up(*call, None, now.unix);
        }
        self.sweep.legless = legless;
    }
}

/// A number for the state, and how many looks it may last.
fn standing(leg: &Leg) -> (u8, u16) {
    match leg.state {
        LegState::Arrived { .. } => (1, MAX_ARRIVED),
        LegState::Accepted => (2, MAX_ACCEPTED),
        LegState::Preparing(_) => (3, MAX_PREPARING),
        LegState::Inviting { .. } => (4, MAX_INVITING),
        LegState::Up => (5, MAX_UP),
        LegState::Ending => (6, MAX_ENDING),
    }
}
