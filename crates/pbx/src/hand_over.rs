//! Handing a customer on unseen ("blind"): the target rings while the customer hears the ringback. Who hands on keeps the
//! customer until the target answers, has them back when it does not, and takes them back by resuming; who has left is rung
//! once more before the customer is told that nobody can answer.

use crate::announcement;
use crate::call::{Call, State};
use crate::command::{Audio, Repeat};
use crate::dial;
use crate::fact::Party;
use crate::outbound::MAX_DIAL_MS;
use crate::pbx::Pbx;
use crate::record::CallState;
use crate::ring::failure_word;
use crate::settings::RingDevice;
use crate::timer::Timer;
use crate::transfer::{TransferNews, TransferRefusal, TransferTarget};
use crate::{CallId, Cause, Command, ManagerId, MissedReason, PresentationId, TransferId, UnixMillis, Withdrawal};

/// Who is to take the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Receiver {
    /// A colleague rings.
    Manager { presentation: PresentationId, manager: ManagerId },
    /// A number outside rings.
    Number,
    /// Who handed on and left is rung again, since the target did not answer.
    Giver { presentation: PresentationId },
}

/// A handing on under way.
#[derive(Debug)]
pub(crate) struct HandOver {
    /// Who wants to hear of it; nobody when the console asked, or once its end was told.
    transfer: Option<TransferId>,
    /// The manager who hands on.
    giver: ManagerId,
    /// Their leg, until they hang up.
    pub(crate) leg: Option<PresentationId>,
    receiver: Receiver,
    /// The record's managers without the one who rings.
    talked: Vec<ManagerId>,
}

impl HandOver {
    /// The manager who rings, and for which presenting.
    pub(crate) fn rung(&self) -> Option<(PresentationId, ManagerId)> {
        match self.receiver {
            Receiver::Manager { presentation, manager } => Some((presentation, manager)),
            Receiver::Giver { presentation } => Some((presentation, self.giver)),
            Receiver::Number => None,
        }
    }

    /// Whose leg this is.
    pub(crate) fn manager_of(&self, presentation: PresentationId) -> Option<ManagerId> {
        let rung = self.rung().filter(|(rung, _)| *rung == presentation).map(|(_, manager)| manager);
        rung.or((self.leg == Some(presentation)).then_some(self.giver))
    }
}

impl Pbx {
    /// Rings a colleague for the customer; refused at once when the colleague could not be presented a call now.
    pub(crate) fn hand_to_manager(
        &mut self,
        call: &mut Call,
        by: PresentationId,
        to: ManagerId,
        transfer: Option<TransferId>,
        now: UnixMillis,
    ) -> Result<(), TransferRefusal> {
        let giver = giver(call, by)?;
        if to == giver {
            return Err(TransferRefusal::ToOneself);
        }
        if !self.settings.managers.contains_key(&to) {
            return Err(TransferRefusal::UnknownManager);
        }
        if let Some(obstacle) = self.lines.obstacle(&self.settings, to) {
            return Err(obstacle.into());
        }
        self.begin_hand_over(call, transfer, format_args!("manager {to}"), now);
        let talked = call.record.manager_ids.clone();
        let presentation = self.ring_receiver(call, to, now);
        let receiver = Receiver::Manager { presentation, manager: to };
        call.state = State::HandingOver(Box::new(HandOver { transfer, giver, leg: Some(by), receiver, talked }));
        Ok(())
    }

    /// Dials a number for the customer, through the carrier of the call's own number and under that number.
    pub(crate) fn hand_to_number(
        &mut self,
        call: &mut Call,
        by: PresentationId,
        dialled: &str,
        transfer: Option<TransferId>,
        now: UnixMillis,
    ) -> Result<(), TransferRefusal> {
        let giver = giver(call, by)?;
        let manager = self.settings.managers.get(&giver).ok_or(TransferRefusal::NotTalking)?;
        let own = call.record.number_id.ok_or(TransferRefusal::NoCarrier)?;
        let plan = dial::plan(&self.settings, manager, dialled, Some(own))?;
        self.begin_hand_over(call, transfer, plan.to, now);
        self.start_timer(call, Timer::Stage, now.plus_ms(MAX_DIAL_MS));
        self.command(Command::Dial { call: call.id, carrier: plan.carrier, to: plan.to, show: plan.show });
        let talked = call.record.manager_ids.clone();
        let receiver = Receiver::Number;
        call.state = State::HandingOver(Box::new(HandOver { transfer, giver, leg: Some(by), receiver, talked }));
        Ok(())
    }

    /// Whom another call of the manager's rings, where they dialled and nobody has answered yet.
    pub(crate) fn dialled_by(&self, manager: Option<ManagerId>, other: CallId) -> Option<TransferTarget> {
        let other = self.calls.get(&other).filter(|other| manager.is_some() && other.on_line == manager)?;
        match other.state {
            State::CallingColleague { colleague, .. } => Some(TransferTarget::Manager(colleague)),
            State::Dialling { .. } => Some(TransferTarget::Number { dialled: other.record.to.as_str().into() }),
            _ => None,
        }
    }

    /// Whom the manager's second call rings is to take the customer instead: that call is given up, and they ring anew.
    pub(crate) fn hand_to_rung(
        &mut self,
        call: &mut Call,
        by: PresentationId,
        (other, rung): (CallId, &TransferTarget),
        transfer: Option<TransferId>,
        now: UnixMillis,
    ) -> Result<(), TransferRefusal> {
        giver(call, by)?;
        // The call asked in stands outside the map, so that it is not found a second time.
        let mut second = self.calls.remove(&other).ok_or(TransferRefusal::NotYourCall)?;
        second.trace(now, "transfer", call.id);
        self.dialler_left(&mut second, now);
        self.keep(second, now);
        match rung {
            TransferTarget::Manager(to) => self.hand_to_manager(call, by, *to, transfer, now),
            TransferTarget::Number { dialled } => self.hand_to_number(call, by, dialled, transfer, now),
            TransferTarget::Call(_) => Err(TransferRefusal::NotYourCall),
        }
    }

    fn begin_hand_over(&mut self, call: &mut Call, transfer: Option<TransferId>, to: impl ToString, now: UnixMillis) {
        call.trace(now, "transfer", to);
        self.tell_transfer(call, transfer, TransferNews::Accepted);
        self.play_ringback(call, now);
    }

    fn play_ringback(&mut self, call: &Call, now: UnixMillis) {
        let tone = vec![Audio::Ringback(announcement::ringback(call.number()))];
        self.play(call, Party::Customer, tone, Repeat::Forever, now);
    }

    fn ring_receiver(&mut self, call: &mut Call, manager: ManagerId, now: UnixMillis) -> PresentationId {
        self.start_timer(call, Timer::Stage, now.plus_ms(call.ring_ms()));
        let devices = self.settings.managers.get(&manager).map(|m| m.ring_devices).unwrap_or_default();
        self.ring_manager(call, manager, devices, false, now)
    }

    /// The target's phone rings.
    pub(crate) fn receiver_rang(&mut self, call: &mut Call, now: UnixMillis) {
        let State::HandingOver(hand_over) = &call.state else { return };
        let transfer = hand_over.transfer;
        call.trace(now, "rang", "transfer");
        self.tell_transfer(call, transfer, TransferNews::Rang);
    }

    /// A colleague (or the giver again) answered; false when this presenting is none of the hand-over's.
    pub(crate) fn receiver_answered(
        &mut self,
        call: &mut Call,
        presentation: PresentationId,
        device: RingDevice,
        now: UnixMillis,
    ) -> bool {
        let State::HandingOver(hand_over) = &mut call.state else { return false };
        let Some((_, manager)) = hand_over.rung().filter(|(rung, _)| *rung == presentation) else { return false };
        let (transfer, leg, talked) = (hand_over.transfer.take(), hand_over.leg, std::mem::take(&mut hand_over.talked));
        self.lines.unpresented(manager);
        self.tell_transfer(call, transfer, TransferNews::Done);
        self.let_giver_go(call, leg);
        self.take_line(call, manager, now);
        call.presentation = Some(presentation);
        call.record.device = Some(device);
        call.record.manager_ids = talked;
        call.trace(now, "answered", manager);
        self.engage(call, presentation, manager, now);
        true
    }

    /// The number outside answered: the customer talks with somebody who is no manager.
    pub(crate) fn third_answered(&mut self, call: &mut Call, now: UnixMillis) {
        let State::HandingOver(hand_over) = &mut call.state else { return };
        if hand_over.receiver != Receiver::Number {
            return;
        }
        let (transfer, leg) = (hand_over.transfer.take(), hand_over.leg);
        self.stop_timer(call, Timer::Stage);
        self.tell_transfer(call, transfer, TransferNews::Done);
        self.let_giver_go(call, leg);
        call.trace(now, "answered", "transfer");
        self.forward(call, now);
    }

    /// Customer and third party talk from now on.
    pub(crate) fn forward(&mut self, call: &mut Call, now: UnixMillis) {
        self.command(Command::Join { call: call.id, a: Party::Customer, b: Party::Third });
        self.give_line_back(call, now);
        call.presentation = None;
        call.record.held = false;
        call.show(CallState::Engaged);
        call.state = State::Forwarded;
    }

    fn let_giver_go(&mut self, call: &Call, leg: Option<PresentationId>) {
        if let Some(leg) = leg {
            self.command(Command::HangUp { call: call.id, party: Party::Manager(leg), cause: Cause::Normal });
        }
    }

    /// Who hands on hung up: the customer is not theirs any more.
    pub(crate) fn giver_left(&mut self, call: &mut Call, leg: PresentationId, now: UnixMillis) {
        let State::HandingOver(hand_over) = &mut call.state else { return };
        if hand_over.leg != Some(leg) {
            return;
        }
        hand_over.leg = None;
        call.presentation = None;
        call.record.held = false;
        call.trace(now, "manager_left", "transfer");
        call.show(CallState::Ringing);
        self.give_line_back(call, now);
    }

    /// Does this presenting of the hand-over fail? False when it is another's.
    pub(crate) fn receiver_failed(
        &mut self,
        call: &mut Call,
        presentation: PresentationId,
        cause: Cause,
        now: UnixMillis,
    ) -> bool {
        let State::HandingOver(hand_over) = &call.state else { return false };
        let Some((_, manager)) = hand_over.rung().filter(|(rung, _)| *rung == presentation) else { return false };
        self.lines.unpresented(manager);
        self.hand_over_failed(call, cause, now);
        true
    }

    /// The number outside could not be reached.
    pub(crate) fn third_failed(&mut self, call: &mut Call, cause: Cause, now: UnixMillis) {
        if matches!(&call.state, State::HandingOver(hand_over) if hand_over.receiver == Receiver::Number) {
            self.hand_over_failed(call, cause, now);
        }
    }

    /// Neither answer nor refusal came in time.
    pub(crate) fn hand_over_took_too_long(&mut self, call: &mut Call, now: UnixMillis) {
        self.withdraw_receiver(call, Withdrawal::RingTimeOver);
        self.hand_over_failed(call, Cause::NoAnswer, now);
    }

    /// Who is rung dialled meanwhile and has no line left to answer with.
    pub(crate) fn receiver_line_changed(&mut self, call: &mut Call, manager: ManagerId, now: UnixMillis) {
        let State::HandingOver(hand_over) = &call.state else { return };
        let rung = hand_over.rung().is_some_and(|(_, rung)| rung == manager);
        if rung && self.settings.managers.get(&manager).is_some_and(|m| !self.lines.has_free_line(m)) {
            self.withdraw_receiver(call, Withdrawal::AnsweredElsewhere);
            self.hand_over_failed(call, Cause::Busy, now);
        }
    }

    /// Who hands on resumed their line: they want the customer back, who would hear the ringback and not them.
    pub(crate) fn taken_back(&mut self, call: &mut Call, now: UnixMillis) {
        if matches!(&call.state, State::HandingOver(hand_over) if hand_over.leg.is_some()) {
            self.withdraw_receiver(call, Withdrawal::CallerLeft);
            self.end_hand_over(call, Cause::NoAnswer, "taken_back", now);
        }
    }

    /// Takes back whom the manager `by` hands on, as the console asks for it.
    ///
    /// # Errors
    /// When the call is unknown or over, or this manager hands nobody on in it; nothing has happened then.
    pub fn take_back(&mut self, call: CallId, by: ManagerId, now: UnixMillis) -> Result<(), TransferRefusal> {
        let asked = self.with_call(call, now, |pbx, call| {
            let State::HandingOver(hand_over) = &call.state else { return Err(TransferRefusal::NotHandingOn) };
            if hand_over.giver != by || hand_over.leg.is_none() {
                return Err(TransferRefusal::NotHandingOn);
            }
            pbx.taken_back(call, now);
            Ok(())
        });
        self.settle(now);
        asked.unwrap_or(Err(TransferRefusal::UnknownCall))
    }

    fn withdraw_receiver(&mut self, call: &Call, why: Withdrawal) {
        let State::HandingOver(hand_over) = &call.state else { return };
        match hand_over.rung() {
            Some((presentation, manager)) => {
                self.lines.unpresented(manager);
                self.command(Command::Withdraw { call: call.id, presentation, why });
            }
            None => self.command(Command::HangUp { call: call.id, party: Party::Third, cause: Cause::NoAnswer }),
        }
    }

    /// The call ends while it is handed on.
    pub(crate) fn drop_hand_over(&mut self, call: &mut Call) {
        self.withdraw_receiver(call, Withdrawal::CallerLeft);
        let State::HandingOver(hand_over) = &mut call.state else { return };
        let transfer = hand_over.transfer.take();
        call.record.manager_ids = std::mem::take(&mut hand_over.talked);
        self.tell_transfer(call, transfer, TransferNews::Failed(Cause::Unreachable));
    }

    fn hand_over_failed(&mut self, call: &mut Call, cause: Cause, now: UnixMillis) {
        self.end_hand_over(call, cause, failure_word(cause), now);
    }

    fn end_hand_over(&mut self, call: &mut Call, cause: Cause, why: &str, now: UnixMillis) {
        let State::HandingOver(mut hand_over) = std::mem::replace(&mut call.state, State::Deciding) else { return };
        call.record.manager_ids = std::mem::take(&mut hand_over.talked);
        call.record.held = false;
        call.trace(now, "transfer_failed", why);
        self.stop_timer(call, Timer::Stage);
        self.tell_transfer(call, hand_over.transfer.take(), TransferNews::Failed(cause));
        if let Some(leg) = hand_over.leg {
            // The talk goes on as it was; who holds is told anew.
            self.command(Command::Connect { call: call.id, presentation: leg });
            call.state = State::Engaged { presentation: leg };
            return;
        }
        let comes_back = matches!(hand_over.receiver, Receiver::Giver { .. });
        if comes_back || self.lines.obstacle(&self.settings, hand_over.giver).is_some() {
            let reason = if cause == Cause::NoAnswer { MissedReason::RingTimeOver } else { MissedReason::NoOperator };
            return self.lose(call, reason, now);
        }
        let talked = call.record.manager_ids.clone();
        let presentation = self.ring_receiver(call, hand_over.giver, now);
        hand_over.receiver = Receiver::Giver { presentation };
        hand_over.talked = talked;
        call.state = State::HandingOver(hand_over);
    }

    /// Nobody took the customer who had been answered before: told so (R75), and missed all the same, for somebody should
    /// call back.
    fn lose(&mut self, call: &mut Call, reason: MissedReason, now: UnixMillis) {
        call.record.missed_reason = Some(reason);
        call.trace(now, "missed", reason.as_str());
        self.conversation_missed(call, reason, now);
        let audio = announcement::spoken(
            call.number().map(|number| &number.all_busy),
            call.language,
            crate::command::BuiltIn::AllBusy,
        );
        self.last_words(call, audio, "all_busy", now);
    }
}

/// The manager who hands on, while they talk with the customer.
fn giver(call: &Call, by: PresentationId) -> Result<ManagerId, TransferRefusal> {
    let giver = call.talking(by).ok_or(TransferRefusal::NotTalking)?;
    match call.state {
        State::Colleagues { .. } => Err(TransferRefusal::NoCustomer),
        _ => Ok(giver),
    }
}
