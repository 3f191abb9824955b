//! The wait between our wish to end a call and BYE, for a peer that is still to hear how its REFER went.
//!
//! RFC 5589 6 has the final NOTIFY before BYE: many a phone forgets the subscription with the call (RFC 5057 4.1 would keep
//! it), answers a later NOTIFY by 481 and shows that the transfer failed.

use std::time::{Duration, Instant};

use super::Endpoint;
use crate::flow::Flow;
use crate::session::Phase;
use crate::timer::Timer;

/// How long BYE waits for the answer to the final NOTIFY.
const OUTCOME_WAIT: Duration = Duration::from_secs(2);

impl Endpoint {
    /// Sends BYE, at once or when the peer knows how its REFER went. Where that is not decided yet nothing is waited for.
    pub(super) fn leave(&mut self, now: Instant, id: u64) {
        let Some(session) = self.invites.get(&id) else { return };
        if matches!(session.phase, Phase::Leaving) {
            return;
        }
        if !session.referral.is_some_and(|refer| self.owes_outcome(refer)) {
            return self.send_bye(now, id);
        }
        if let Some(session) = self.invites.get_mut(&id) {
            session.phase = Phase::Leaving;
        }
        self.leaving.insert(id);
        self.wire.timers.set(now, Timer::Outcome(id), OUTCOME_WAIT);
    }

    /// The last NOTIFY was answered, or refused, or given up: nothing keeps BYE any more.
    pub(super) fn outcome_told(&mut self, now: Instant, id: u64) {
        if self.invites.get(&id).is_some_and(|session| matches!(session.phase, Phase::Leaving)) {
            self.send_bye(now, id);
        }
    }

    /// The peer answered no NOTIFY in time. One that could not go out yet because of that goes before BYE all the same.
    pub(super) fn outcome_wait_over(&mut self, now: Instant, id: u64) {
        if let Some(refer) = self.invites.get(&id).and_then(|session| session.referral) {
            self.hurry_outcome(now, refer);
        }
        self.outcome_told(now, id);
    }

    /// A phone is called anew: it may have one line, so that BYE of a call we are done with goes first.
    pub(super) fn clear_line(&mut self, now: Instant, flow: Flow) {
        let is_there = |id: &&u64| {
            let dialog = self.invites.get(id).map(|session| &session.dialog);
            dialog.is_some_and(|dialog| dialog.flow == flow || dialog.request_flow() == flow)
        };
        let there: Vec<u64> = self.leaving.iter().filter(is_there).copied().collect();
        for id in there {
            self.outcome_wait_over(now, id);
        }
    }

    /// BYE is on its way, or the session is over.
    pub(super) fn stop_waiting(&mut self, id: u64) {
        if self.leaving.remove(&id) {
            self.wire.timers.cancel(Timer::Outcome(id));
        }
    }
}
