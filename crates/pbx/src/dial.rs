//! Dialling through the API: the manager's own device rings first, then the customer (R85–R87).

use crate::call::{Call, MAX_CALL_MS, State, caller_text};
use crate::pbx::Pbx;
use crate::record::{CallState, ConversationRecord, Direction};
use crate::routing;
use crate::settings::{Manager, RingDevice, RingDevices, Settings};
use crate::timer::Timer;
use crate::{CallId, Caller, CarrierId, E164, ManagerId, NumberId, UnixMillis};
use std::fmt;
use std::sync::Arc;

/// How long the device of the manager who asked for a call rings.
pub(crate) const DIALLER_RING_MS: u64 = 30_000;

/// A call a manager asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct DialRequest {
    /// Who calls.
    pub manager: ManagerId,
    /// The number as typed.
    pub to: String,
    /// The number to show; by R101 when `None`.
    pub from_number: Option<NumberId>,
    /// The conversation to stack the call in (R86, R87); a new one when `None`.
    pub conversation: Option<ConversationRecord>,
    /// Only this kind of device rings; the manager's chosen ones when `None`.
    pub device: Option<RingDevice>,
}

/// Why a call cannot be dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialRefusal {
    /// The workspace has no such manager.
    UnknownManager,
    /// The manager has no operator seat.
    NoSeat,
    /// The manager has as many calls up as allowed.
    OnCall,
    /// No device of the manager is reachable.
    NoDevice,
    /// `to` is no telephone number.
    InvalidNumber,
    /// `from_number` is none of the workspace's numbers.
    UnknownFromNumber,
    /// There is no number to show.
    NoNumber,
    /// The number to show has no carrier.
    NoCarrier,
    /// As many calls are up as the workspace may have.
    TooManyCalls,
    /// The server is stopping.
    Draining,
}

impl DialRefusal {
    /// The field of the request that is wrong, where it is one.
    #[must_use]
    pub fn field(self) -> Option<&'static str> {
        match self {
            Self::InvalidNumber => Some("to"),
            Self::UnknownFromNumber | Self::NoNumber | Self::NoCarrier => Some("from_number_id"),
            _ => None,
        }
    }

    /// The code for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::UnknownManager => "unknown_manager",
            Self::NoSeat => "no_seat",
            Self::OnCall => "on_call",
            Self::NoDevice => "no_device",
            Self::InvalidNumber => "invalid_number",
            Self::UnknownFromNumber => "unknown_number",
            Self::NoNumber => "no_number",
            Self::NoCarrier => "no_carrier",
            Self::TooManyCalls => "too_many_calls",
            Self::Draining => "draining",
        }
    }
}

impl fmt::Display for DialRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownManager => "there is no such manager",
            Self::NoSeat => "the manager has no operator seat and may not call",
            Self::OnCall => "the manager is on a call",
            Self::NoDevice => "no device of the manager is signed in: open the console or link a phone",
            Self::InvalidNumber => "to: not a telephone number, such as 01012345678 or +821012345678",
            Self::UnknownFromNumber => "from_number_id: none of the workspace's numbers",
            Self::NoNumber => "there is no number to show: make one the default number",
            Self::NoCarrier => "from_number_id: the number has no carrier to call through",
            Self::TooManyCalls => "as many calls are up as the workspace may have",
            Self::Draining => "the server is stopping and takes no new calls",
        })
    }
}
impl std::error::Error for DialRefusal {}

/// How to reach the customer, once the manager is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DialPlan {
    pub to: E164,
    pub number: NumberId,
    pub carrier: CarrierId,
    pub show: E164,
}

/// Works out through which carrier and under which number a manager calls `dialled`.
pub(crate) fn plan(
    settings: &Settings,
    manager: &Manager,
    dialled: &str,
    chosen: Option<NumberId>,
) -> Result<DialPlan, DialRefusal> {
    let missing = if chosen.is_some() { DialRefusal::UnknownFromNumber } else { DialRefusal::NoNumber };
    let id = routing::number_for(settings, manager, chosen).ok_or(missing)?;
    let number = settings.numbers.get(&id).ok_or(missing)?;
    let to = E164::dialled(dialled, number.country).map_err(|_| DialRefusal::InvalidNumber)?;
    let carrier = number.carrier_id.ok_or(DialRefusal::NoCarrier)?;
    Ok(DialPlan { to, number: id, carrier, show: routing::shown(number) })
}

impl Pbx {
    /// Is there room for one more outbound call of this manager?
    pub(crate) fn may_dial(&self, manager: ManagerId) -> Result<&Manager, DialRefusal> {
        if self.draining {
            return Err(DialRefusal::Draining);
        }
        if self.is_full() {
            return Err(DialRefusal::TooManyCalls);
        }
        let manager = self.settings.managers.get(&manager).ok_or(DialRefusal::UnknownManager)?;
        if !manager.seat {
            return Err(DialRefusal::NoSeat);
        }
        if !self.lines.has_free_line(manager) && !self.may_consult(manager) {
            return Err(DialRefusal::OnCall);
        }
        Ok(manager)
    }

    /// Who holds every call they have may make one more, to ask before they hand on.
    fn may_consult(&self, manager: &Manager) -> bool {
        let mut own = self.calls.values().filter(|call| call.has_line_of(manager.id));
        self.lines.up(manager.id) <= manager.max_calls.max(1) && own.all(|call| call.record.held)
    }

    /// Rings the manager's own device, then dials the customer.
    ///
    /// # Errors
    /// When the call cannot be made; nothing has happened then.
    pub fn dial(&mut self, request: DialRequest, now: UnixMillis) -> Result<CallId, DialRefusal> {
        let manager = self.may_dial(request.manager)?;
        let plan = plan(&self.settings, manager, &request.to, request.from_number)?;
        let devices = devices_to_ring(manager.ring_devices, request.device);
        if !self.lines.reaches(manager.id, devices) {
            return Err(DialRefusal::NoDevice);
        }
        if !self.lines.has_room(manager) {
            return Err(DialRefusal::OnCall);
        }
        let id = self.new_call_id(now);
        let mut call = Box::new(self.outbound_call(id, &plan, now));
        if let Some(conversation) = request.conversation {
            self.join_conversation(&mut call, conversation, now);
        }
        self.call_dialler(&mut call, request.manager, plan, devices, now);
        self.keep(call, now);
        self.settle(now);
        Ok(id)
    }

    fn outbound_call(&mut self, id: CallId, plan: &DialPlan, now: UnixMillis) -> Call {
        let mut call = Call::new(id, Direction::Outbound, Arc::clone(&self.settings), Caller::Number(plan.to), now);
        self.start_timer(&mut call, Timer::Length, now.plus_ms(MAX_CALL_MS));
        adopt_plan(&mut call, plan);
        call
    }

    fn call_dialler(
        &mut self,
        call: &mut Call,
        manager: ManagerId,
        plan: DialPlan,
        devices: RingDevices,
        now: UnixMillis,
    ) {
        self.start_timer(call, Timer::Stage, now.plus_ms(DIALLER_RING_MS));
        let presentation = self.ring_manager(call, manager, devices, true, now);
        call.presentation = Some(presentation);
        call.show(CallState::Ringing);
        call.state = State::CallingDialler { presentation, manager, plan };
    }
}

/// Writes a plan's numbers into the call.
pub(crate) fn adopt_plan(call: &mut Call, plan: &DialPlan) {
    call.caller = Caller::Number(plan.to);
    call.record.number_id = Some(plan.number);
    call.record.from = plan.show.to_string();
    call.record.to = caller_text(&call.caller);
    call.changed = true;
}

fn devices_to_ring(chosen: RingDevices, only: Option<RingDevice>) -> RingDevices {
    match only {
        None => chosen,
        Some(device) => RingDevices {
            desktop: device == RingDevice::Desktop,
            mobile: device == RingDevice::Mobile,
            desk_phone: device == RingDevice::DeskPhone,
        },
    }
}
