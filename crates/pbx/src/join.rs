//! Joining two calls of one manager ("attended"): the other parties of both talk with each other, the manager's two legs
//! end. The call that stays is the one the manager asked in, except that a customer's call stays before one between
//! managers, whose record would be about nobody. The other call ends with a record of its own.

use crate::call::{Call, State};
use crate::fact::Party;
use crate::pbx::Pbx;
use crate::transfer::{TransferNews, TransferRefusal};
use crate::{CallId, Cause, Command, ManagerId, PresentationId, TransferId, UnixMillis};

/// One of the two calls, as the manager who joins them sees it.
struct Half<'a> {
    call: &'a mut Call,
    /// The manager's own leg.
    own: PresentationId,
    /// With whom the manager talks.
    with: Party,
}

impl Pbx {
    pub(crate) fn join(
        &mut self,
        call: &mut Call,
        by: PresentationId,
        other: CallId,
        transfer: Option<TransferId>,
        now: UnixMillis,
    ) -> Result<(), TransferRefusal> {
        let manager = call.talking(by).ok_or(TransferRefusal::NotTalking)?;
        let (own, with) = call.talk_of(manager).ok_or(TransferRefusal::NotTalking)?;
        // The call asked in stands outside the map, so that it is not found a second time.
        let mut second = self.calls.remove(&other).ok_or(TransferRefusal::NotYourCall)?;
        let Some((second_own, second_with)) = second.talk_of(manager) else {
            self.calls.insert(other, second);
            return Err(TransferRefusal::NotYourCall);
        };
        if call.colleague_of(manager).is_some() && call.colleague_of(manager) == second.colleague_of(manager) {
            self.calls.insert(other, second);
            return Err(TransferRefusal::ToOneself);
        }
        self.tell_transfer(call, transfer, TransferNews::Accepted);
        self.tell_transfer(call, transfer, TransferNews::Done);
        let asked_in = Half { call, own, with };
        let second_half = Half { call: &mut second, own: second_own, with: second_with };
        if asked_in.with != Party::Customer && second_half.with == Party::Customer {
            self.merge(second_half, asked_in, manager, now);
        } else {
            self.merge(asked_in, second_half, manager, now);
        }
        self.keep(second, now);
        Ok(())
    }

    fn merge(&mut self, stays: Half<'_>, goes: Half<'_>, manager: ManagerId, now: UnixMillis) {
        let (stays_id, goes_id) = (stays.call.id, goes.call.id);
        stays.call.trace(now, "joined", goes_id);
        goes.call.trace(now, "joined", stays_id);
        let comes_as = match goes.with {
            Party::Customer | Party::Third => Party::Third,
            Party::Manager(presentation) => Party::Manager(presentation),
        };
        self.command(Command::HangUp { call: stays_id, party: Party::Manager(stays.own), cause: Cause::Normal });
        self.command(Command::TakeOver { call: stays_id, from: goes_id, party: goes.with, comes_as });
        stays.call.record.held = false;
        let colleague = goes.call.colleague_of(manager);
        match (stays.with, comes_as) {
            (Party::Customer, Party::Manager(presentation)) => {
                self.command(Command::Join { call: stays_id, a: Party::Customer, b: comes_as });
                self.give_line_back(stays.call, now);
                stays.call.on_line = colleague;
                if let Some(colleague) = colleague {
                    goes.call.give_up_line_of(colleague);
                    self.taken_over_by(stays.call, presentation, colleague, now);
                }
            }
            (Party::Manager(first), Party::Manager(second)) => {
                self.command(Command::Join { call: stays_id, a: stays.with, b: comes_as });
                let stays_on = stays.call.colleague_of(manager);
                stays.call.give_up_line_of(manager);
                self.line_down(manager, now);
                (stays.call.on_line, stays.call.colleague_on_line) = (stays_on, colleague);
                if let Some(colleague) = colleague {
                    goes.call.give_up_line_of(colleague);
                    stays.call.note_talking(colleague);
                }
                stays.call.state = State::Colleagues { caller: first, called: second };
                stays.call.presentation = Some(first);
            }
            // Customer with customer.
            _ => self.forward(stays.call, now),
        }
        self.end(goes.call, now);
    }

    /// A colleague talks with the customer from now on.
    fn taken_over_by(&mut self, call: &mut Call, presentation: PresentationId, manager: ManagerId, now: UnixMillis) {
        call.state = State::Engaged { presentation };
        call.presentation = Some(presentation);
        call.record.answered_by = Some(manager);
        call.note_talking(manager);
        self.conversation_answered(call, manager, now);
    }
}

impl Call {
    /// The other one of two managers who talk.
    fn colleague_of(&self, manager: ManagerId) -> Option<ManagerId> {
        match (self.on_line, self.colleague_on_line) {
            (Some(one), other) if one == manager => other,
            (one, Some(other)) if other == manager => one,
            _ => None,
        }
    }

    /// The manager's line is counted elsewhere from now on.
    fn give_up_line_of(&mut self, manager: ManagerId) {
        for line in [&mut self.on_line, &mut self.colleague_on_line] {
            if *line == Some(manager) {
                *line = None;
            }
        }
    }

    /// One more manager talks, or has talked, in this call.
    pub(crate) fn note_talking(&mut self, manager: ManagerId) {
        if !self.record.manager_ids.contains(&manager) {
            self.record.manager_ids.push(manager);
        }
        self.changed = true;
    }
}
