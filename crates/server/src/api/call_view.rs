//! Calls as the API shows them.

use super::caller::Caller;
use crate::clock::Time;
use crate::store::{CallRow, LastCall};
use crate::workspace::words;
use pbx::record::{CallState, Direction, KeyPress};
use pbx::settings::RingDevice;
use pbx::{CallId, ConversationId, CustomerId, ManagerId, MissedReason, NumberId, UnixMillis};
use serde::Serialize;
use utoipa::ToSchema;

/// A call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Call)]
#[allow(missing_docs)]
pub struct CallView {
    #[schema(value_type = String)]
    pub id: CallId,
    #[schema(value_type = words::Direction)]
    pub direction: Direction,
    /// `call`: by telephone.
    pub kind: &'static str,
    /// Who called: a number with `+`, a SIP user, or empty when withheld.
    pub from: String,
    /// Who was called: a number with `+`, or the dialled text.
    pub to: String,
    #[schema(value_type = words::CallState)]
    pub state: CallState,
    pub started_at: Time,
    /// When managers (outbound: the customer) began to ring.
    pub ringing_at: Option<Time>,
    pub engaged_at: Option<Time>,
    pub ended_at: Option<Time>,
    #[schema(value_type = Option<words::MissedReason>)]
    pub missed_reason: Option<MissedReason>,
    /// Why an outbound call was not answered: `busy`, `declined`, `no_answer`, `unreachable`, `manager_left`, `server_restarted`.
    pub failure: Option<String>,
    #[schema(value_type = Option<String>)]
    pub number_id: Option<NumberId>,
    #[schema(value_type = Option<String>)]
    pub customer_id: Option<CustomerId>,
    #[schema(value_type = Option<String>)]
    pub conversation_id: Option<ConversationId>,
    /// Managers presented now, then the ones who talked.
    #[schema(value_type = Vec<String>)]
    pub manager_ids: Vec<ManagerId>,
    #[schema(value_type = Option<String>)]
    pub answered_by: Option<ManagerId>,
    #[schema(value_type = Option<words::RingDevice>)]
    pub device: Option<RingDevice>,
    /// The manager holds the customer now.
    pub held: bool,
    /// Keys pressed in a workflow (R90).
    pub keys: Vec<KeyView>,
    pub recording: Option<RecordingView>,
    /// What the caller may do: `hang_up`, `transfer`, `trace`.
    pub actions: Vec<&'static str>,
}

/// A key the customer pressed.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyView {
    /// The step that asked.
    pub step: String,
    /// The key.
    pub key: String,
    /// When.
    pub at: Time,
}

/// A voicemail or recording.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordingView {
    /// Where it is, with ranges.
    pub url: String,
    /// Its length.
    pub seconds: u32,
}

/// What a list of conversations shows of the latest call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LastCall)]
#[allow(missing_docs)]
pub struct LastCallView {
    #[schema(value_type = String)]
    pub id: CallId,
    #[schema(value_type = words::Direction)]
    pub direction: Direction,
    #[schema(value_type = words::CallState)]
    pub state: CallState,
    #[schema(value_type = Option<words::MissedReason>)]
    pub missed_reason: Option<MissedReason>,
    pub started_at: Time,
    pub engaged_at: Option<Time>,
    pub ended_at: Option<Time>,
}

impl From<&LastCall> for LastCallView {
    fn from(call: &LastCall) -> Self {
        Self {
            id: call.id,
            direction: call.direction,
            state: call.state,
            missed_reason: call.missed_reason,
            started_at: Time(call.started_at),
            engaged_at: Time::some(call.engaged_at),
            ended_at: Time::some(call.ended_at),
        }
    }
}

/// Managers end calls they are in, admins any.
pub(super) fn may_hang_up(call: &CallRow, caller: &Caller) -> bool {
    call.state != CallState::Ended
        && (caller.is_admin() || call.manager_ids.contains(&caller.id) || call.answered_by == Some(caller.id))
}

/// Who talks in a call may hand it on.
pub(super) fn may_transfer(call: &CallRow, caller: &Caller) -> bool {
    call.state == CallState::Engaged && call.manager_ids.contains(&caller.id)
}

pub(super) fn call_view(call: &CallRow, caller: &Caller) -> CallView {
    let mut actions = vec!["trace"];
    if may_hang_up(call, caller) {
        actions.push("hang_up");
    }
    if may_transfer(call, caller) {
        actions.push("transfer");
    }
    let recording = call.recording.as_ref().map(|_| RecordingView {
        url: format!("/api/v1/calls/{}/recording", call.id),
        seconds: call.recording_seconds.unwrap_or(0),
    });
    CallView {
        id: call.id,
        direction: call.direction,
        kind: "call",
        from: call.from.clone(),
        to: call.to.clone(),
        state: call.state,
        started_at: Time(call.started_at),
        ringing_at: Time::some(call.ringing_at),
        engaged_at: Time::some(call.engaged_at),
        ended_at: Time::some(call.ended_at),
        missed_reason: call.missed_reason,
        failure: call.failure.clone(),
        number_id: call.number_id,
        customer_id: call.customer_id,
        conversation_id: call.conversation_id,
        manager_ids: call.manager_ids.clone(),
        answered_by: call.answered_by,
        device: call.device,
        held: call.held,
        keys: call.keys.iter().map(key_view).collect(),
        recording,
        actions,
    }
}

fn key_view(press: &KeyPress) -> KeyView {
    KeyView { step: press.step.clone(), key: press.key.as_char().to_string(), at: Time(UnixMillis(press.at_ms)) }
}
