//! Transfers: a manager hands the party they talk with on to a colleague, to a number, or to the other party of a second
//! call of theirs.
//!
//! Only managers transfer. A customer's side that asks for it (a carrier sending REFER) is refused: it could have calls
//! made to any number at the workspace's expense.

use crate::availability::Obstacle;
use crate::call::{Call, State};
use crate::dial::DialRefusal;
use crate::fact::Party;
use crate::pbx::Pbx;
use crate::{CallId, Cause, Command, ManagerId, PresentationId, TransferId, UnixMillis};
use std::fmt;

/// To whom a party is handed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferTarget {
    /// A colleague, whose ring devices ring ("blind").
    Manager(ManagerId),
    /// Whoever answers at a number, through the carrier of the call's own number ("blind").
    Number {
        /// The number as typed.
        dialled: Box<str>,
    },
    /// The other party of another call of the same manager ("attended"); where nobody has answered there yet, whom that
    /// call rings ("semi-attended", RFC 5589 section 7.6): it is given up, and they ring for the party handed on.
    Call(CallId),
}

/// What becomes of a transfer. After [`TransferNews::Accepted`] exactly one of `Done` and `Failed` follows; `Refused` comes
/// alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferNews {
    /// It is tried.
    Accepted,
    /// The target rings.
    Rang,
    /// The target has the call; the leg of who handed on ends.
    Done,
    /// The target did not take it. Who handed on has the call still, or again, unless they left.
    Failed(Cause),
    /// It is not tried; nothing has changed.
    Refused(Cause),
}

/// Why a party cannot be handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferRefusal {
    /// The call is unknown or over.
    UnknownCall,
    /// The asking party does not talk in the call now, or is no manager.
    NotTalking,
    /// The call to be joined with is none of this manager's, or neither talked in nor dialled by them.
    NotYourCall,
    /// To the manager who has the call already.
    ToOneself,
    /// The workspace has no such manager.
    UnknownManager,
    /// The colleague has no seat, is away, or has no device signed in.
    Away,
    /// The colleague has as many calls as allowed.
    OnCall,
    /// `to` is no telephone number.
    InvalidNumber,
    /// The call's own number is gone or has no carrier to dial through.
    NoCarrier,
    /// The asking manager hands nobody on in this call now.
    NotHandingOn,
    /// A call between managers is no customer's call: it is not handed on to a number or a third colleague unseen.
    NoCustomer,
}

impl TransferRefusal {
    /// The field of the request that is wrong, where it is one.
    #[must_use]
    pub fn field(self) -> Option<&'static str> {
        match self {
            Self::InvalidNumber => Some("to"),
            Self::UnknownManager | Self::ToOneself | Self::Away | Self::OnCall => Some("manager_id"),
            Self::NotYourCall => Some("call_id"),
            Self::UnknownCall | Self::NotTalking | Self::NotHandingOn | Self::NoCarrier | Self::NoCustomer => None,
        }
    }

    /// The code for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::UnknownCall => "unknown_call",
            Self::NotTalking => "not_talking",
            Self::NotYourCall => "not_your_call",
            Self::ToOneself => "to_oneself",
            Self::UnknownManager => "unknown_manager",
            Self::Away => "away",
            Self::OnCall => "on_call",
            Self::InvalidNumber => "invalid_number",
            Self::NoCarrier => "no_carrier",
            Self::NotHandingOn => "not_handing_on",
            Self::NoCustomer => "no_customer",
        }
    }

    /// What the far end is told.
    #[must_use]
    pub fn cause(self) -> Cause {
        match self {
            Self::UnknownCall
            | Self::NotTalking
            | Self::NotHandingOn
            | Self::NotYourCall
            | Self::ToOneself
            | Self::NoCustomer => Cause::Declined,
            Self::UnknownManager | Self::InvalidNumber => Cause::UnknownNumber,
            Self::Away | Self::NoCarrier => Cause::Unreachable,
            Self::OnCall => Cause::Busy,
        }
    }
}

impl fmt::Display for TransferRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownCall => "the call is over",
            Self::NotTalking => "only a manager who talks in the call may transfer it, once at a time",
            Self::NotHandingOn => "only the manager whose transfer still rings may take the party back",
            Self::NotYourCall => "call_id: not a second call in which the same manager talks",
            Self::ToOneself => "manager_id: this manager has the call already",
            Self::UnknownManager => "manager_id: there is no such manager",
            Self::Away => "manager_id: the manager is away or has no device signed in",
            Self::OnCall => "manager_id: the manager is on a call",
            Self::InvalidNumber => "to: not a telephone number, such as 01012345678 or +821012345678",
            Self::NoCarrier => "the call's number has no carrier to call through",
            Self::NoCustomer => "a call between managers is not handed on unseen: join it with another call",
        })
    }
}
impl std::error::Error for TransferRefusal {}

impl From<DialRefusal> for TransferRefusal {
    fn from(refusal: DialRefusal) -> Self {
        match refusal {
            DialRefusal::InvalidNumber => Self::InvalidNumber,
            _ => Self::NoCarrier,
        }
    }
}

impl From<Obstacle> for TransferRefusal {
    fn from(obstacle: Obstacle) -> Self {
        match obstacle {
            Obstacle::Away | Obstacle::NoDevice => Self::Away,
            Obstacle::OnCall | Obstacle::RingsElsewhere => Self::OnCall,
        }
    }
}

impl Pbx {
    /// Hands on, for the manager `by` who talks in the call, as the console asks for it.
    ///
    /// # Errors
    /// When it cannot be tried; nothing has happened then.
    pub fn transfer(
        &mut self,
        call: CallId,
        by: ManagerId,
        to: TransferTarget,
        now: UnixMillis,
    ) -> Result<(), TransferRefusal> {
        let asked = self.with_call(call, now, |pbx, call| {
            let (presentation, _) = call.talk_of(by).ok_or(TransferRefusal::NotTalking)?;
            pbx.start_transfer(call, presentation, &to, None, now)
        });
        self.settle(now);
        asked.unwrap_or(Err(TransferRefusal::UnknownCall))
    }

    /// A name for a transfer that a [`crate::Fact::TransferAsked`] asks for.
    pub fn new_transfer_id(&mut self, now: UnixMillis) -> TransferId {
        TransferId(self.ids.next(now))
    }

    /// A party asked for a transfer with its own device.
    pub(crate) fn transfer_asked(
        &mut self,
        call: &mut Call,
        by: Party,
        transfer: TransferId,
        to: &TransferTarget,
        now: UnixMillis,
    ) {
        let started = match by {
            Party::Manager(presentation) => self.start_transfer(call, presentation, to, Some(transfer), now),
            Party::Customer | Party::Third => Err(TransferRefusal::NotTalking),
        };
        if let Err(refusal) = started {
            call.trace(now, "transfer_refused", refusal.code());
            self.tell_transfer(call, Some(transfer), TransferNews::Refused(refusal.cause()));
        }
    }

    fn start_transfer(
        &mut self,
        call: &mut Call,
        by: PresentationId,
        to: &TransferTarget,
        transfer: Option<TransferId>,
        now: UnixMillis,
    ) -> Result<(), TransferRefusal> {
        match to {
            TransferTarget::Call(other) => match self.dialled_by(call.talking(by), *other) {
                Some(rung) => self.hand_to_rung(call, by, (*other, &rung), transfer, now),
                None => self.join(call, by, *other, transfer, now),
            },
            TransferTarget::Manager(to) => self.hand_to_manager(call, by, *to, transfer, now),
            TransferTarget::Number { dialled } => self.hand_to_number(call, by, dialled, transfer, now),
        }
    }

    pub(crate) fn tell_transfer(&mut self, call: &Call, transfer: Option<TransferId>, news: TransferNews) {
        if let Some(transfer) = transfer {
            self.command(Command::Transfer { call: call.id, transfer, news });
        }
    }
}

impl Call {
    /// The leg of a manager who talks in this call, and with whom.
    pub(crate) fn talk_of(&self, manager: ManagerId) -> Option<(PresentationId, Party)> {
        let (on_line, colleague) = (self.on_line == Some(manager), self.colleague_on_line == Some(manager));
        match self.state {
            State::Engaged { presentation } if on_line => Some((presentation, Party::Customer)),
            State::Colleagues { caller, called } if on_line => Some((caller, Party::Manager(called))),
            State::Colleagues { caller, called } if colleague => Some((called, Party::Manager(caller))),
            _ => None,
        }
    }

    /// The manager whose leg this is, while they talk.
    pub(crate) fn talking(&self, presentation: PresentationId) -> Option<ManagerId> {
        match self.state {
            State::Engaged { presentation: own } if own == presentation => self.on_line,
            State::Colleagues { caller, .. } if caller == presentation => self.on_line,
            State::Colleagues { called, .. } if called == presentation => self.colleague_on_line,
            _ => None,
        }
    }
}

impl Pbx {
    /// Whose leg this is: of a manager who talks, dials or is rung in the call.
    #[must_use]
    pub fn manager_of(&self, call: CallId, presentation: PresentationId) -> Option<ManagerId> {
        let call = self.calls.get(&call)?;
        match &call.state {
            State::Ringing(ring) => ring.open.get(&presentation).copied(),
            State::HandingOver(hand_over) => hand_over.manager_of(presentation),
            State::CallingDialler { presentation: own, manager, .. } if *own == presentation => Some(*manager),
            State::CallingColleague { theirs, colleague, .. } if *theirs == presentation => Some(*colleague),
            State::Dialling { presentation: own } | State::CallingColleague { presentation: own, .. }
                if *own == presentation =>
            {
                call.on_line
            }
            _ => call.talking(presentation),
        }
    }
}
