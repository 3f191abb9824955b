//! A manager calls a colleague, to ask or to announce a customer. It is nobody's conversation and enters no inbox; its
//! record tells that it was.

use crate::call::{Call, MAX_CALL_MS, State, outside};
use crate::command::{Audio, Repeat, Ringback};
use crate::dial::{DIALLER_RING_MS, DialRefusal};
use crate::fact::Party;
use crate::pbx::Pbx;
use crate::record::{CallState, Direction};
use crate::ring::failure_word;
use crate::settings::RingDevice;
use crate::timer::Timer;
use crate::{CallId, Caller, Cause, Command, Country, ManagerId, PresentationId, UnixMillis, Withdrawal};
use std::sync::Arc;

impl Pbx {
    /// A manager dialled a colleague's phone; the dialling leg is up and waits.
    pub(crate) fn manager_called(
        &mut self,
        id: CallId,
        manager: ManagerId,
        device: RingDevice,
        colleague: ManagerId,
        now: UnixMillis,
    ) {
        let name = |id| self.settings.managers.get(&id).map_or(String::new(), |m| outside(&m.name));
        let (from, to) = (name(manager), name(colleague));
        let caller = Caller::Name(from.as_str().into());
        let mut call = Box::new(Call::new(id, Direction::Outbound, Arc::clone(&self.settings), caller, now));
        let presentation = self.new_presentation_id(now);
        call.presentation = Some(presentation);
        call.record.from = from;
        call.record.to = to;
        call.record.device = Some(device);
        call.record.manager_ids = vec![manager];
        call.show(CallState::Ringing);
        call.trace(now, "dialled", format_args!("manager {colleague}"));
        self.start_timer(&mut call, Timer::Length, now.plus_ms(MAX_CALL_MS));
        match self.may_ring_colleague(manager, colleague) {
            Ok(()) => self.ring_colleague(&mut call, presentation, manager, colleague, now),
            Err(failure) => self.excuse(&mut call, presentation, Some(manager), failure, now),
        }
        self.keep(call, now);
    }

    fn may_ring_colleague(&self, manager: ManagerId, colleague: ManagerId) -> Result<(), &'static str> {
        self.may_dial(manager).map_err(|refusal| match refusal {
            DialRefusal::OnCall => "busy",
            _ => "declined",
        })?;
        if manager == colleague {
            return Err("busy");
        }
        match self.lines.obstacle(&self.settings, colleague) {
            None => Ok(()),
            Some(obstacle) => Err(failure_word(crate::TransferRefusal::from(obstacle).cause())),
        }
    }

    fn ring_colleague(
        &mut self,
        call: &mut Call,
        presentation: PresentationId,
        manager: ManagerId,
        colleague: ManagerId,
        now: UnixMillis,
    ) {
        self.take_line(call, manager, now);
        self.start_timer(call, Timer::Stage, now.plus_ms(DIALLER_RING_MS));
        let country = self.settings.numbers.values().find(|n| n.is_default).map_or(Country::Kr, |n| n.country);
        let tone = vec![Audio::Ringback(Ringback::National(country))];
        self.play(call, Party::Manager(presentation), tone, Repeat::Forever, now);
        let devices = self.settings.managers.get(&colleague).map(|m| m.ring_devices).unwrap_or_default();
        call.record.ringing_at = Some(now);
        let theirs = self.ring_manager(call, colleague, devices, false, now);
        call.state = State::CallingColleague { presentation, theirs, colleague };
    }

    /// The colleague picked up; false when this presenting is none of such a call.
    pub(crate) fn colleague_answered(&mut self, call: &mut Call, theirs: PresentationId, now: UnixMillis) -> bool {
        let State::CallingColleague { presentation, theirs: rung, colleague } = call.state else { return false };
        if rung != theirs {
            return false;
        }
        self.lines.unpresented(colleague);
        self.stop_timer(call, Timer::Stage);
        self.command(Command::Join { call: call.id, a: Party::Manager(presentation), b: Party::Manager(theirs) });
        call.colleague_on_line = Some(colleague);
        self.line_up(colleague, now);
        call.trace(now, "answered", colleague);
        call.record.engaged_at = Some(now);
        call.record.answered_by = Some(colleague);
        call.show(CallState::Engaged);
        call.state = State::Colleagues { caller: presentation, called: theirs };
        true
    }

    /// The colleague refused or could not be reached; false when this presenting is none of such a call.
    pub(crate) fn colleague_failed(
        &mut self,
        call: &mut Call,
        theirs: PresentationId,
        cause: Cause,
        now: UnixMillis,
    ) -> bool {
        let State::CallingColleague { presentation, theirs: rung, colleague } = call.state else { return false };
        if rung != theirs {
            return false;
        }
        self.lines.unpresented(colleague);
        call.record.manager_ids.retain(|id| *id != colleague);
        self.excuse(call, presentation, call.on_line, failure_word(cause), now);
        true
    }

    /// The colleague lets it ring.
    pub(crate) fn colleague_took_too_long(&mut self, call: &mut Call, now: UnixMillis) {
        let State::CallingColleague { theirs, .. } = call.state else { return };
        self.command(Command::Withdraw { call: call.id, presentation: theirs, why: Withdrawal::RingTimeOver });
        self.colleague_failed(call, theirs, Cause::NoAnswer, now);
    }

    /// The call ends while the colleague rings.
    pub(crate) fn drop_colleague(&mut self, call: &mut Call) {
        let State::CallingColleague { theirs, colleague, .. } = call.state else { return };
        self.lines.unpresented(colleague);
        call.record.manager_ids.retain(|id| *id != colleague);
        self.command(Command::Withdraw { call: call.id, presentation: theirs, why: Withdrawal::CallerLeft });
    }

    /// Who is called dialled meanwhile and has no line left to answer with.
    pub(crate) fn colleague_line_changed(&mut self, call: &mut Call, manager: ManagerId, now: UnixMillis) {
        let State::CallingColleague { theirs, colleague, .. } = call.state else { return };
        if colleague == manager && self.settings.managers.get(&manager).is_some_and(|m| !self.lines.has_free_line(m)) {
            let why = Withdrawal::AnsweredElsewhere;
            self.command(Command::Withdraw { call: call.id, presentation: theirs, why });
            self.colleague_failed(call, theirs, Cause::Busy, now);
        }
    }
}
