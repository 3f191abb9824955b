//! Talking and ending: the one place where a call's lines, timers and ringing are given back.

use crate::call::{Call, State};
use crate::fact::Party;
use crate::pbx::Pbx;
use crate::record::{CallState, Direction};
use crate::{CallId, Cause, Command, ManagerId, MissedReason, PresentationId, UnixMillis, Withdrawal};

impl Pbx {
    /// Customer and manager talk from now on.
    pub(crate) fn engage(
        &mut self,
        call: &mut Call,
        presentation: PresentationId,
        manager: ManagerId,
        now: UnixMillis,
    ) {
        self.stop_timer(call, crate::timer::Timer::Stage);
        self.command(Command::Connect { call: call.id, presentation });
        call.state = State::Engaged { presentation };
        call.record.engaged_at = Some(now);
        call.record.answered_by = Some(manager);
        call.record.manager_ids = vec![manager];
        call.show(CallState::Engaged);
        self.conversation_answered(call, manager, now);
    }

    /// A manager's leg ended.
    pub(crate) fn manager_hung_up(
        &mut self,
        call: &mut Call,
        presentation: PresentationId,
        cause: Cause,
        now: UnixMillis,
    ) {
        match call.state {
            State::Ringing(_) => {
                let cause = if cause == Cause::Normal { Cause::Declined } else { cause };
                self.presentation_failed(call, presentation, cause, now);
            }
            State::Engaged { presentation: own } if own == presentation => {
                call.trace(now, "manager_left", "");
                self.end(call, now);
            }
            State::CallingDialler { presentation: own, .. } | State::Dialling { presentation: own }
                if own == presentation =>
            {
                self.dialler_left(call, now);
            }
            State::Excusing { presentation: own, .. } if own == presentation => self.end(call, now),
            _ => {}
        }
    }

    /// A party holds the other, or takes it back.
    pub(crate) fn held(&mut self, call: &mut Call, party: Party, held: bool, now: UnixMillis) {
        let who = match party {
            Party::Customer => "customer",
            Party::Manager(presentation) if call.presentation == Some(presentation) => "manager",
            Party::Manager(_) => return,
        };
        if who == "manager" && matches!(call.state, State::Engaged { .. }) {
            call.record.held = held;
        }
        call.trace(now, if held { "held" } else { "resumed" }, who);
    }

    /// Hangs a call up on somebody's order: `by` a manager through the API, or the system. A manager whom the call only
    /// rings declines it and it rings on elsewhere. False when the call is unknown or over.
    pub fn hang_up(&mut self, call: CallId, by: Option<ManagerId>, now: UnixMillis) -> bool {
        let known = self.with_call(call, now, |pbx, call| {
            let declined = by.is_some_and(|manager| pbx.decline(call, manager, now));
            if !declined {
                let who = by.map_or_else(|| "system".to_owned(), |manager| manager.to_string());
                call.trace(now, "hung_up", who);
                pbx.cut(call, now);
            }
        });
        self.settle(now);
        known.is_some()
    }

    /// Ends a call in whatever state from our side, with a reason where nobody had answered.
    pub(crate) fn cut(&mut self, call: &mut Call, now: UnixMillis) {
        match call.state {
            State::Ended => return,
            State::Ringing(_) => self.withdraw_all(call, Withdrawal::CallerLeft),
            State::CallingDialler { .. } | State::Dialling { .. } => return self.dialler_left(call, now),
            _ => {}
        }
        if call.record.direction == Direction::Inbound && !call.was_answered() {
            if !matches!(call.state, State::Workflow { .. } | State::EchoIntro { .. }) || !call.assignment.is_empty() {
                self.open_conversation(call, now);
            }
            self.miss(call, MissedReason::ManagerLeft, now);
        }
        self.end(call, now);
    }

    /// The call is missed, with the first reason that was found; its conversation too (R88).
    pub(crate) fn miss(&mut self, call: &mut Call, reason: MissedReason, now: UnixMillis) {
        if call.was_answered() || call.record.missed_reason.is_some() {
            return;
        }
        call.record.missed_reason = Some(reason);
        call.trace(now, "missed", reason.as_str());
        self.conversation_missed(call, reason, now);
    }

    /// Ends every leg that is left and gives everything back.
    pub(crate) fn end(&mut self, call: &mut Call, now: UnixMillis) {
        self.end_for(call, Cause::Normal, now);
    }

    /// The same, with the cause for legs that were not answered.
    pub(crate) fn end_for(&mut self, call: &mut Call, cause: Cause, now: UnixMillis) {
        if matches!(call.state, State::Ended) {
            return;
        }
        self.withdraw_all(call, Withdrawal::CallerLeft);
        if let State::CallingDialler { presentation, manager, .. } = call.state {
            self.lines.unpresented(manager);
            self.command(Command::Withdraw { call: call.id, presentation, why: Withdrawal::CallerLeft });
        }
        self.timers.stop_all(call.id, &mut call.timers);
        self.give_line_back(call, now);
        self.command(Command::End { call: call.id, cause });
        call.state = State::Ended;
        call.record.held = false;
        call.record.ended_at = Some(now);
        call.trace(now, "ended", "");
        call.show(CallState::Ended);
    }
}
