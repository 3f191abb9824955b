//! Talking and ending: the one place where a call's lines, timers and ringing are given back.

use crate::call::{Call, State};
use crate::fact::Party;
use crate::pbx::Pbx;
use crate::record::{CallState, Direction};
use crate::settings::RingDevice;
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
        // Handed on, it was engaged before, and who talked stays in the record.
        if call.record.engaged_at.is_none() {
            call.record.engaged_at = Some(now);
            call.record.manager_ids.clear();
        }
        call.note_talking(manager);
        call.record.answered_by = Some(manager);
        call.record.held = false;
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
                self.presentation_failed(call, presentation, declined_if_normal(cause), now);
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
            State::HandingOver(ref hand_over) if hand_over.leg == Some(presentation) => {
                self.giver_left(call, presentation, now);
            }
            State::HandingOver(_) => {
                self.receiver_failed(call, presentation, declined_if_normal(cause), now);
            }
            State::CallingColleague { presentation: own, .. } if own == presentation => self.dialler_left(call, now),
            State::CallingColleague { .. } => {
                self.colleague_failed(call, presentation, declined_if_normal(cause), now);
            }
            State::Colleagues { caller, called } if [caller, called].contains(&presentation) => {
                call.trace(now, "manager_left", "");
                self.end(call, now);
            }
            _ => {}
        }
    }

    /// A party holds the other, or takes it back.
    pub(crate) fn held(&mut self, call: &mut Call, party: Party, held: bool, now: UnixMillis) {
        let who = match party {
            Party::Customer => "customer",
            Party::Manager(presentation) if call.is_talking(presentation) => "manager",
            Party::Manager(_) => return,
            Party::Third => "third",
        };
        let by_manager = matches!(call.state, State::Engaged { .. } | State::HandingOver(_) | State::Colleagues { .. });
        if who == "manager" && by_manager {
            call.record.held = held;
        }
        call.trace(now, if held { "held" } else { "resumed" }, who);
        if who == "manager" && !held {
            self.taken_back(call, now);
        }
    }

    /// The third party hung up.
    pub(crate) fn third_hung_up(&mut self, call: &mut Call, cause: Cause, now: UnixMillis) {
        if matches!(call.state, State::Forwarded) {
            call.trace(now, "third_left", "");
            self.end(call, now);
        } else {
            self.third_failed(call, cause, now);
        }
    }

    /// A manager went on with another device of their own.
    pub(crate) fn device_changed(
        &mut self,
        call: &mut Call,
        presentation: PresentationId,
        device: RingDevice,
        now: UnixMillis,
    ) {
        if call.is_talking(presentation) {
            call.record.device = Some(device);
            call.trace(now, "device_changed", device_word(device));
        }
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
            State::CallingDialler { .. } | State::Dialling { .. } | State::CallingColleague { .. } => {
                return self.dialler_left(call, now);
            }
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
        self.drop_hand_over(call);
        self.drop_colleague(call);
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

impl Call {
    /// Is this the leg of a manager who dials or talks in the call?
    pub(crate) fn is_talking(&self, presentation: PresentationId) -> bool {
        self.presentation == Some(presentation)
            || matches!(self.state, State::Colleagues { called, .. } if called == presentation)
    }

    /// Does it take up a line of this manager?
    pub(crate) fn has_line_of(&self, manager: ManagerId) -> bool {
        self.on_line == Some(manager) || self.colleague_on_line == Some(manager)
    }
}

/// Who hangs up a phone that rings says no.
fn declined_if_normal(cause: Cause) -> Cause {
    if cause == Cause::Normal { Cause::Declined } else { cause }
}

fn device_word(device: RingDevice) -> &'static str {
    match device {
        RingDevice::Desktop => "desktop",
        RingDevice::Mobile => "mobile",
        RingDevice::DeskPhone => "desk_phone",
    }
}
