//! A manager calls a customer: the manager's leg is up, the customer is dialled through a carrier, both talk or the
//! manager hears that it failed.

use crate::call::{Call, MAX_CALL_MS, State, outside};
use crate::command::{Audio, BuiltIn, Repeat, Ringback};
use crate::dial::{self, DialPlan, DialRefusal};
use crate::fact::Party;
use crate::pbx::Pbx;
use crate::record::{CallState, Direction};
use crate::ring::failure_word;
use crate::settings::RingDevice;
use crate::timer::Timer;
use crate::{CallId, Caller, Cause, Command, ManagerId, NumberId, PresentationId, UnixMillis};
use std::sync::Arc;

/// How long a dialled customer may ring when the carrier never gives up.
pub(crate) const MAX_DIAL_MS: u64 = 120_000;

impl Pbx {
    /// A manager dialled from a device; that leg is up. Its party is a fresh presenting, see
    /// [`Pbx::presentation_of_dialler`].
    pub(crate) fn manager_dialled(
        &mut self,
        id: CallId,
        manager: ManagerId,
        device: RingDevice,
        dialled: &str,
        chosen: Option<NumberId>,
        now: UnixMillis,
    ) {
        let mut call = Box::new(Call::new(id, Direction::Outbound, Arc::clone(&self.settings), Caller::Anonymous, now));
        let presentation = self.new_presentation_id(now);
        call.presentation = Some(presentation);
        call.record.to = outside(dialled);
        call.record.device = Some(device);
        call.record.manager_ids = vec![manager];
        call.show(CallState::Ringing);
        call.trace(now, "dialled", outside(dialled));
        self.start_timer(&mut call, Timer::Length, now.plus_ms(MAX_CALL_MS));
        let plan = self.may_dial(manager).and_then(|m| dial::plan(&self.settings, m, dialled, chosen));
        match plan {
            Ok(plan) => {
                dial::adopt_plan(&mut call, &plan);
                self.take_line(&mut call, manager, now);
                self.dial_customer(&mut call, presentation, manager, plan, now);
            }
            Err(refusal) => self.refuse_dialler(&mut call, presentation, manager, refusal, now),
        }
        self.keep(call, now);
    }

    fn refuse_dialler(
        &mut self,
        call: &mut Call,
        presentation: PresentationId,
        manager: ManagerId,
        refusal: DialRefusal,
        now: UnixMillis,
    ) {
        call.trace(now, "refused", refusal.code());
        let failure = match refusal {
            DialRefusal::OnCall => "busy",
            DialRefusal::NoSeat | DialRefusal::UnknownManager => "declined",
            _ => "unreachable",
        };
        if matches!(refusal, DialRefusal::TooManyCalls | DialRefusal::Draining) {
            // No room to explain it: the limit must hold for these calls too.
            self.fail(call, failure, now);
            let cause = if refusal == DialRefusal::Draining { Cause::Shutdown } else { Cause::Overload };
            return self.end_for(call, cause, now);
        }
        self.excuse(call, presentation, Some(manager), failure, now);
    }

    fn dial_customer(
        &mut self,
        call: &mut Call,
        presentation: PresentationId,
        manager: ManagerId,
        plan: DialPlan,
        now: UnixMillis,
    ) {
        call.record.customer_id =
            call.record.customer_id.or_else(|| self.customers.find(&call.caller).map(|brief| brief.id));
        call.assignment.manager = Some(manager);
        self.open_conversation(call, now);
        self.start_timer(call, Timer::Stage, now.plus_ms(MAX_DIAL_MS));
        self.command(Command::Dial { call: call.id, carrier: plan.carrier, to: plan.to, show: plan.show });
        // The tone a telephone user knows, not the customers' loop.
        if let Some(country) = call.number().map(|number| number.country) {
            let tone = vec![Audio::Ringback(Ringback::National(country))];
            self.play(call, Party::Manager(presentation), tone, Repeat::Forever, now);
        }
        call.record.ringing_at = Some(now);
        call.show(CallState::Ringing);
        call.state = State::Dialling { presentation };
    }

    /// The manager who asked for a call picked up.
    pub(crate) fn dialler_answered(&mut self, call: &mut Call, device: RingDevice, now: UnixMillis) {
        let State::CallingDialler { presentation, manager, plan } = call.state else { return };
        self.lines.unpresented(manager);
        call.record.device = Some(device);
        call.trace(now, "dialler_answered", manager);
        if self.settings.managers.get(&manager).is_some_and(|m| !self.lines.has_free_line(m)) {
            // Dialled by hand meanwhile: that call has the line.
            call.state = State::Deciding;
            return self.dialler_left(call, now);
        }
        self.take_line(call, manager, now);
        self.dial_customer(call, presentation, manager, plan, now);
    }

    /// The manager gave up before the customer answered, or did not pick up at all.
    pub(crate) fn dialler_left(&mut self, call: &mut Call, now: UnixMillis) {
        self.fail(call, "manager_left", now);
        self.end(call, now);
    }

    /// The customer's phone rings; with `early_media` the manager hears the carrier's own tone.
    pub(crate) fn dial_rang(&mut self, call: &mut Call, early_media: bool, now: UnixMillis) {
        let State::Dialling { presentation } = call.state else { return self.receiver_rang(call, now) };
        call.trace(now, "rang", if early_media { "early media" } else { "" });
        if early_media {
            self.command(Command::StopPlaying { call: call.id, party: Party::Manager(presentation) });
        }
    }

    /// The customer answered.
    pub(crate) fn dial_answered(&mut self, call: &mut Call, now: UnixMillis) {
        let State::Dialling { presentation } = call.state else { return self.third_answered(call, now) };
        let Some(manager) = call.on_line else { return self.dialler_left(call, now) };
        call.trace(now, "answered", "customer");
        self.engage(call, presentation, manager, now);
    }

    /// The customer could not be reached.
    pub(crate) fn dial_failed(&mut self, call: &mut Call, cause: Cause, now: UnixMillis) {
        let State::Dialling { presentation } = call.state else { return self.third_failed(call, cause, now) };
        self.excuse(call, presentation, call.on_line, failure_word(cause), now);
    }

    /// The carrier never said anything final.
    pub(crate) fn dial_took_too_long(&mut self, call: &mut Call, now: UnixMillis) {
        self.command(Command::HangUp { call: call.id, party: Party::Customer, cause: Cause::NoAnswer });
        self.dial_failed(call, Cause::NoAnswer, now);
    }

    /// Tells the manager that the call failed, then ends it.
    pub(crate) fn excuse(
        &mut self,
        call: &mut Call,
        presentation: PresentationId,
        manager: Option<ManagerId>,
        failure: &'static str,
        now: UnixMillis,
    ) {
        self.fail(call, failure, now);
        let language =
            manager.and_then(|id| self.settings.managers.get(&id)).map_or(self.settings.language, |m| m.language);
        let audio = vec![Audio::BuiltIn(BuiltIn::CannotConnect, language)];
        let playback = self.play(call, Party::Manager(presentation), audio, Repeat::Once, now);
        self.start_timer(call, Timer::Stage, now.plus_ms(crate::announcement::MAX_ANNOUNCEMENT_MS));
        call.state = State::Excusing { presentation, playback };
    }

    pub(crate) fn fail(&mut self, call: &mut Call, failure: &'static str, now: UnixMillis) {
        if call.record.failure.is_none() {
            call.record.failure = Some(failure);
            call.trace(now, "failed", failure);
        }
    }
}
