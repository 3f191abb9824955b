//! A customer calls: who is turned away, and what the others hear first.

use crate::announcement;
use crate::call::{Call, MAX_CALL_MS, State, Target, caller_text, outside};
use crate::customer::language_for;
use crate::pbx::Pbx;
use crate::record::{CallState, Direction};
use crate::routing::{self, Route};
use crate::timer::Timer;
use crate::{CallId, Caller, Cause, Command, E164, MissedReason, Record, UnixMillis, Withdrawal};
use std::sync::Arc;

impl Pbx {
    /// A customer's call came in.
    pub(crate) fn call_arrived(
        &mut self,
        id: CallId,
        from: Caller,
        to: Option<E164>,
        dialled: &str,
        diverted_from: Option<E164>,
        now: UnixMillis,
    ) {
        let call = self.arriving(id, from, to, dialled, diverted_from, now);
        let refusal = self.refusal(&call, to);
        if let Some((cause, reason)) = refusal {
            return self.reject(call, cause, reason, now);
        }
        let mut call = Box::new(call);
        self.command(Command::Answer { call: id });
        self.start_timer(&mut call, Timer::Length, now.plus_ms(MAX_CALL_MS));
        self.begin(&mut call, now);
        self.keep(call, now);
    }

    fn arriving(
        &mut self,
        id: CallId,
        from: Caller,
        to: Option<E164>,
        dialled: &str,
        diverted_from: Option<E164>,
        now: UnixMillis,
    ) -> Call {
        let mut call = Call::new(id, Direction::Inbound, Arc::clone(&self.settings), from, now);
        let brief = self.customers.find(&call.caller);
        call.language = language_for(brief, &call.caller, self.settings.language);
        call.record.customer_id = brief.map(|brief| brief.id);
        call.record.from = caller_text(&call.caller);
        call.record.to = to.map_or_else(|| outside(dialled), |number| number.to_string());
        call.record.number_id = to.and_then(|number| self.settings.number_by_e164.get(&number).copied());
        call.trace(now, "arrived", call.record.to.clone());
        if let Some(number) = diverted_from {
            call.trace(now, "diverted_from", number);
        }
        call
    }

    /// Why a call is not taken at all, and what the caller is told.
    fn refusal(&self, call: &Call, to: Option<E164>) -> Option<(Cause, MissedReason)> {
        if call.number().is_none() {
            let released = to.is_some_and(|number| self.settings.released.contains(&number));
            let reason = if released { MissedReason::ReleasedNumber } else { MissedReason::UnregisteredNumber };
            return Some((Cause::UnknownNumber, reason));
        }
        if self.customers.find(&call.caller).is_some_and(|brief| brief.blocked) {
            return Some((Cause::Declined, MissedReason::BlockedCustomer));
        }
        if self.draining {
            return Some((Cause::Shutdown, MissedReason::RateLimited));
        }
        self.is_full().then_some((Cause::Overload, MissedReason::RateLimited))
    }

    /// Turned away: the call alone is recorded, nothing enters the inbox.
    fn reject(&mut self, mut call: Call, cause: Cause, reason: MissedReason, now: UnixMillis) {
        call.trace(now, "rejected", reason.as_str());
        call.record.missed_reason = Some(reason);
        call.record.ended_at = Some(now);
        call.show(CallState::Ended);
        self.command(Command::Reject { call: call.id, cause });
        self.record(Record::Call(Box::new(call.record)));
    }

    fn begin(&mut self, call: &mut Call, now: UnixMillis) {
        let settings = Arc::clone(&call.settings);
        let number = call.record.number_id.and_then(|id| settings.numbers.get(&id));
        let Some(number) = number else { return self.end(call, now) };
        let route = routing::route(&settings, number);
        if let Route::Ring(target) = route {
            self.assign_by_routing(call, target);
        }
        if !routing::is_open(&settings, number, now) {
            return self.announce_out_of_hours(call, now);
        }
        match route {
            Route::Ring(target) => self.greet(call, target, now),
            Route::Workflow(revision) => self.start_workflow(call, revision, now),
            Route::Echo => self.introduce_echo(call, now),
        }
    }

    /// R84: routing decides whose conversation it is.
    fn assign_by_routing(&mut self, call: &mut Call, target: Target) {
        match target {
            Target::Manager(id) => call.assignment.manager = Some(id),
            Target::Team(id) => call.assignment.team = Some(id),
            Target::UnassignedAlert | Target::Everyone => {}
        }
    }

    fn greet(&mut self, call: &mut Call, target: Target, now: UnixMillis) {
        let Some(audio) = announcement::greeting(call) else { return self.start_ringing(call, target, now) };
        call.trace(now, "greeting", "");
        let playback = self.say(call, vec![audio], now);
        call.state = State::Greeting { playback, target };
    }

    /// The customer hung up, or the leg was lost.
    pub(crate) fn customer_hung_up(&mut self, call: &mut Call, cause: Cause, now: UnixMillis) {
        call.trace(now, "customer_left", cause_word(cause));
        match call.state {
            State::Greeting { .. } => {
                // The number alone said whom the customer wanted: somebody should call back.
                self.open_conversation(call, now);
                self.miss(call, MissedReason::CustomerLeft, now);
                self.end(call, now);
            }
            State::Workflow { stage, .. } => self.customer_left_workflow(call, stage, now),
            State::Ringing(_) => {
                self.withdraw_all(call, Withdrawal::CallerLeft);
                self.miss(call, MissedReason::CustomerLeft, now);
                self.end(call, now);
            }
            State::EchoIntro { .. } => {
                self.miss(call, MissedReason::CustomerLeft, now);
                self.end(call, now);
            }
            State::Announcing { .. }
            | State::Echoing
            | State::Engaged { .. }
            | State::Forwarded
            | State::HandingOver(_) => self.end(call, now),
            State::Dialling { .. } => self.dial_failed(call, cause, now),
            State::CallingDialler { .. }
            | State::CallingColleague { .. }
            | State::Colleagues { .. }
            | State::Excusing { .. }
            | State::Deciding
            | State::Ended => {}
        }
    }
}

fn cause_word(cause: Cause) -> &'static str {
    match cause {
        Cause::Normal => "normal",
        Cause::Media => "media",
        other => crate::ring::failure_word(other),
    }
}
