//! Ringing managers for an inbound call: all at once, first answer wins, the ring time as limit (R74–R77).

use crate::announcement;
use crate::availability::Outlook;
use crate::call::{Call, State, Target, caller_text};
use crate::command::{Audio, Repeat};
use crate::fact::Party;
use crate::pbx::Pbx;
use crate::record::CallState;
use crate::routing;
use crate::settings::{RingDevice, RingDevices};
use crate::timer::Timer;
use crate::{Caller, Cause, Command, ManagerId, MissedReason, PresentationId, UnixMillis, Withdrawal};
use std::collections::{BTreeMap, BTreeSet};

/// Managers that ring for one call at the same time; further ones join when a place comes free.
pub(crate) const MAX_PRESENTED_AT_ONCE: usize = 200;
/// Presentations of one call in all; a phone that comes and goes cannot ring on without end.
pub(crate) const MAX_PRESENTATIONS: u16 = 1_000;
/// Ring time's limits in seconds (R74).
const RING_SECONDS: std::ops::RangeInclusive<u16> = 10..=120;
/// Ring time of a number without a setting (R149).
const DEFAULT_RING_SECONDS: u16 = 30;

/// A call's ringing.
#[derive(Debug, Default)]
pub(crate) struct Ring {
    /// Who may answer, ascending.
    pub targets: Vec<ManagerId>,
    /// Who rings now.
    pub open: BTreeMap<PresentationId, ManagerId>,
    /// Who refused; they do not ring again for this call.
    refused: BTreeSet<ManagerId>,
    /// Whose devices turned out to be out of reach; they ring again when one comes back.
    gone: BTreeSet<ManagerId>,
    made: u16,
}

impl Ring {
    fn is_presented(&self, manager: ManagerId) -> bool {
        self.open.values().any(|presented| *presented == manager)
    }

    fn may_present(&self, manager: ManagerId) -> bool {
        self.open.len() < MAX_PRESENTED_AT_ONCE
            && self.made < MAX_PRESENTATIONS
            && !self.is_out(manager)
            && !self.is_presented(manager)
    }

    fn is_out(&self, manager: ManagerId) -> bool {
        self.refused.contains(&manager) || self.gone.contains(&manager)
    }

    /// Targets that may still answer.
    fn hopeful(&self) -> Vec<ManagerId> {
        self.targets.iter().copied().filter(|manager| !self.is_out(*manager)).collect()
    }
}

impl Call {
    /// Does this call ring, or wait to ring, this manager?
    pub(crate) fn rings_for(&self, manager: ManagerId) -> bool {
        match &self.state {
            State::Ringing(ring) => ring.targets.binary_search(&manager).is_ok(),
            State::HandingOver(hand_over) => hand_over.rung().is_some_and(|(_, rung)| rung == manager),
            State::CallingColleague { colleague, .. } => *colleague == manager,
            _ => false,
        }
    }

    /// Does this call ring managers, so that a change of their lines counts for it?
    pub(crate) fn rings(&self) -> bool {
        matches!(self.state, State::Ringing(_) | State::HandingOver(_) | State::CallingColleague { .. })
    }

    /// How long managers ring for it, within [`RING_SECONDS`] (R74).
    pub(crate) fn ring_ms(&self) -> u64 {
        let seconds = self.number().map_or(DEFAULT_RING_SECONDS, |number| number.ring_seconds);
        u64::from(seconds.clamp(*RING_SECONDS.start(), *RING_SECONDS.end())) * 1000
    }
}

impl Pbx {
    /// What a call can expect of a target now.
    pub(crate) fn outlook(&self, call: &Call, target: Target) -> Outlook {
        self.lines.outlook(&self.settings, &routing::managers_of(&call.settings, target))
    }

    /// Rings the target's managers, or says that nobody can answer.
    pub(crate) fn start_ringing(&mut self, call: &mut Call, target: Target, now: UnixMillis) {
        self.stop_timer(call, Timer::Workflow);
        self.open_conversation(call, now);
        if let Outlook::Nobody(reason) = self.outlook(call, target) {
            return self.announce_all_busy(call, reason, now);
        }
        let ringback = announcement::ringback(call.number());
        self.play(call, Party::Customer, vec![Audio::Ringback(ringback)], Repeat::Forever, now);
        self.start_timer(call, Timer::Stage, now.plus_ms(call.ring_ms()));
        call.record.ringing_at = Some(now);
        call.show(CallState::Ringing);
        let targets = routing::managers_of(&call.settings, target);
        call.state = State::Ringing(Ring { targets: targets.clone(), ..Ring::default() });
        for manager in targets {
            self.present_if_available(call, manager, now);
        }
    }

    fn present_if_available(&mut self, call: &mut Call, manager: ManagerId, now: UnixMillis) {
        let State::Ringing(ring) = &mut call.state else { return };
        if !ring.may_present(manager) || self.lines.obstacle(&self.settings, manager).is_some() {
            return;
        }
        let Some(devices) = self.settings.managers.get(&manager).map(|m| m.ring_devices) else { return };
        ring.made = ring.made.saturating_add(1);
        let presentation = self.ring_manager(call, manager, devices, false, now);
        if let State::Ringing(ring) = &mut call.state {
            ring.open.insert(presentation, manager);
        }
    }

    /// Rings a manager's devices for the call, as a presenting of its own.
    pub(crate) fn ring_manager(
        &mut self,
        call: &mut Call,
        manager: ManagerId,
        devices: RingDevices,
        auto_answer: bool,
        now: UnixMillis,
    ) -> PresentationId {
        let presentation = self.new_presentation_id(now);
        self.lines.presented(manager);
        call.note_talking(manager);
        call.trace(now, "presented", manager);
        let display = self.display(&call.caller);
        self.command(Command::Present {
            call: call.id,
            presentation,
            manager,
            devices,
            display,
            from: call.caller.clone(),
            to: call.number().map(|number| number.e164),
            auto_answer,
        });
        presentation
    }

    /// What a ringing device shows: the customer's name, else the number as people dial it.
    pub(crate) fn display(&self, caller: &Caller) -> Box<str> {
        match (self.customers.find(caller), caller) {
            (Some(brief), _) if !brief.name.is_empty() => brief.name.as_str().into(),
            (_, Caller::Number(number)) => number.national().into(),
            (_, other) => caller_text(other).into(),
        }
    }

    /// A manager's lines changed: the call may ring there now or no longer, or has nobody left to wait for.
    pub(crate) fn line_changed(&mut self, call: &mut Call, manager: ManagerId, now: UnixMillis) {
        self.receiver_line_changed(call, manager, now);
        self.colleague_line_changed(call, manager, now);
        self.withdraw_if_on_call(call, manager, now);
        self.present_if_available(call, manager, now);
        self.give_up_if_hopeless(call, now);
    }

    /// A large team does not ring all at once: who had no place does when one comes free.
    fn fill_free_place(&mut self, call: &mut Call, now: UnixMillis) {
        let State::Ringing(ring) = &call.state else { return };
        if ring.targets.len() > MAX_PRESENTED_AT_ONCE {
            for manager in ring.hopeful() {
                self.present_if_available(call, manager, now);
            }
        }
    }

    /// Who dials while a call rings has no line left to answer it with: it stops ringing there, and does so again when
    /// the line comes free.
    fn withdraw_if_on_call(&mut self, call: &mut Call, manager: ManagerId, now: UnixMillis) {
        let State::Ringing(ring) = &mut call.state else { return };
        if self.settings.managers.get(&manager).is_none_or(|m| self.lines.has_free_line(m)) {
            return;
        }
        let Some(presentation) = ring.open.iter().find(|(_, m)| **m == manager).map(|(p, _)| *p) else { return };
        ring.open.remove(&presentation);
        self.lines.unpresented(manager);
        call.record.manager_ids.retain(|presented| *presented != manager);
        call.trace(now, "withdrawn", manager);
        // Whom the manager calls instead is the manager's choice: no missed call may show.
        self.command(Command::Withdraw { call: call.id, presentation, why: Withdrawal::AnsweredElsewhere });
    }

    /// When nobody rings and nobody is about to come free, the customer is told.
    fn give_up_if_hopeless(&mut self, call: &mut Call, now: UnixMillis) {
        let State::Ringing(ring) = &call.state else { return };
        if ring.open.is_empty()
            && (ring.made >= MAX_PRESENTATIONS
                || matches!(self.lines.outlook(&self.settings, &ring.hopeful()), Outlook::Nobody(_)))
        {
            self.announce_all_busy(call, MissedReason::NoOperator, now);
        }
    }

    /// How many devices of a kind reach a manager changed. One that came back lets waiting calls ring there again.
    pub(crate) fn reachable(&mut self, manager: ManagerId, device: RingDevice, count: u16) {
        if !self.lines.set_reachable(manager, device, count) {
            return;
        }
        for id in &self.ringing {
            if let Some(State::Ringing(ring)) = self.calls.get_mut(id).map(|call| &mut call.state) {
                ring.gone.remove(&manager);
            }
        }
    }

    /// A device of a presented manager rings.
    pub(crate) fn presentation_rang(&mut self, call: &mut Call, presentation: PresentationId, now: UnixMillis) {
        let manager = match &call.state {
            State::Ringing(ring) => ring.open.get(&presentation).copied(),
            State::CallingDialler { presentation: own, manager, .. } if *own == presentation => Some(*manager),
            State::CallingColleague { theirs, colleague, .. } if *theirs == presentation => Some(*colleague),
            State::HandingOver(hand_over) if hand_over.rung().is_some_and(|(rung, _)| rung == presentation) => {
                return self.receiver_rang(call, now);
            }
            _ => None,
        };
        if let Some(manager) = manager {
            call.trace(now, "rang", manager);
        }
    }

    /// The first to answer gets the call; who comes too late is let go without a missed call.
    pub(crate) fn presentation_answered(
        &mut self,
        call: &mut Call,
        presentation: PresentationId,
        device: RingDevice,
        now: UnixMillis,
    ) {
        if matches!(call.state, State::CallingDialler { presentation: own, .. } if own == presentation) {
            return self.dialler_answered(call, device, now);
        }
        if self.receiver_answered(call, presentation, device, now) || self.colleague_answered(call, presentation, now) {
            return;
        }
        let winner = match &mut call.state {
            State::Ringing(ring) => ring.open.remove(&presentation),
            _ => None,
        };
        let Some(manager) = winner else {
            if !call.is_talking(presentation) {
                self.command(Command::HangUp {
                    call: call.id,
                    party: Party::Manager(presentation),
                    cause: Cause::Normal,
                });
            }
            return;
        };
        self.lines.unpresented(manager);
        self.withdraw_all(call, Withdrawal::AnsweredElsewhere);
        self.take_line(call, manager, now);
        call.presentation = Some(presentation);
        call.record.device = Some(device);
        call.trace(now, "answered", manager);
        self.engage(call, presentation, manager, now);
    }

    /// Every device of the manager refused or failed.
    pub(crate) fn presentation_failed(
        &mut self,
        call: &mut Call,
        presentation: PresentationId,
        cause: Cause,
        now: UnixMillis,
    ) {
        if self.receiver_failed(call, presentation, cause, now) || self.colleague_failed(call, presentation, cause, now)
        {
            return;
        }
        match &mut call.state {
            State::Ringing(ring) => {
                let Some(manager) = ring.open.remove(&presentation) else { return };
                if cause == Cause::Unreachable {
                    ring.gone.insert(manager)
                } else {
                    ring.refused.insert(manager)
                };
                self.lines.unpresented(manager);
                call.record.manager_ids.retain(|presented| *presented != manager);
                call.trace(now, "not_answered", format_args!("{manager} {}", failure_word(cause)));
                self.fill_free_place(call, now);
                self.give_up_if_hopeless(call, now);
            }
            State::CallingDialler { presentation: own, manager, .. } if *own == presentation => {
                self.lines.unpresented(*manager);
                call.state = State::Deciding;
                self.dialler_left(call, now);
            }
            _ => {}
        }
    }

    /// The ring time is over (R75).
    pub(crate) fn ring_time_over(&mut self, call: &mut Call, now: UnixMillis) {
        self.withdraw_all(call, Withdrawal::RingTimeOver);
        self.announce_all_busy(call, MissedReason::RingTimeOver, now);
    }

    /// Stops all ringing of a call.
    pub(crate) fn withdraw_all(&mut self, call: &mut Call, why: Withdrawal) {
        let State::Ringing(ring) = &mut call.state else { return };
        for (presentation, manager) in std::mem::take(&mut ring.open) {
            self.lines.unpresented(manager);
            self.command(Command::Withdraw { call: call.id, presentation, why });
        }
        call.record.manager_ids.clear();
        call.changed = true;
    }

    /// A manager refuses a ringing call through the API.
    pub(crate) fn decline(&mut self, call: &mut Call, manager: ManagerId, now: UnixMillis) -> bool {
        let State::Ringing(ring) = &call.state else { return false };
        let Some(presentation) = ring.open.iter().find(|(_, m)| **m == manager).map(|(p, _)| *p) else { return false };
        // The other devices of the manager must not show a missed call.
        self.command(Command::Withdraw { call: call.id, presentation, why: Withdrawal::AnsweredElsewhere });
        self.presentation_failed(call, presentation, Cause::Declined, now);
        true
    }
}

/// The word for a cause in records and traces.
pub(crate) fn failure_word(cause: Cause) -> &'static str {
    match cause {
        Cause::Busy => "busy",
        Cause::Declined => "declined",
        Cause::NoAnswer => "no_answer",
        Cause::Normal
        | Cause::Unreachable
        | Cause::UnknownNumber
        | Cause::Media
        | Cause::Overload
        | Cause::Shutdown => "unreachable",
    }
}
