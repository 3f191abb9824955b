//! What the store, the inbox and the live screens must know. A record is the whole row as it stands now, so that
//! writing one twice or only the last of several is right.

use crate::command::Language;
use crate::fact::Key;
use crate::settings::RingDevice;
use crate::{CallId, ConversationId, CustomerId, E164, EntryId, ManagerId, NumberId, TeamId, UnixMillis};
use serde::{Deserialize, Serialize};

/// Which way a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// A customer called.
    Inbound,
    /// A manager called.
    Outbound,
}

/// Where a call stands (spec: `workflow|queued|ringing|engaged|ended`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// The customer hears a greeting, a workflow or an announcement.
    Workflow,
    /// Waiting in a team's queue.
    Queued,
    /// Managers (inbound) or the customer (outbound) ring.
    Ringing,
    /// Customer and manager talk.
    Engaged,
    /// Over.
    Ended,
}

/// Why a call was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum MissedReason {
    RingTimeOver,
    NoOperator,
    OutOfHours,
    AbandonedInQueue,
    ExceededQueue,
    CustomerLeft,
    Workflow,
    ManagerLeft,
    BlockedCustomer,
    ReleasedNumber,
    UnregisteredNumber,
    RateLimited,
    NoDevice,
}

impl MissedReason {
    /// The name outside, as in the contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RingTimeOver => "ring_time_over",
            Self::NoOperator => "no_operator",
            Self::OutOfHours => "out_of_hours",
            Self::AbandonedInQueue => "abandoned_in_queue",
            Self::ExceededQueue => "exceeded_queue",
            Self::CustomerLeft => "customer_left",
            Self::Workflow => "workflow",
            Self::ManagerLeft => "manager_left",
            Self::BlockedCustomer => "blocked_customer",
            Self::ReleasedNumber => "released_number",
            Self::UnregisteredNumber => "unregistered_number",
            Self::RateLimited => "rate_limited",
            Self::NoDevice => "no_device",
        }
    }
}

/// A key the customer pressed in a workflow (R90).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeyPress {
    /// The step that asked.
    pub step: String,
    /// The key.
    pub key: Key,
    /// When, Unix milliseconds.
    pub at_ms: u64,
}

/// A step of a call's life for its trace: a name and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceMark {
    /// When, Unix milliseconds.
    pub at_ms: u64,
    /// What, in a word: `arrived`, `greeting`, `step:support`, `presented`, `answered`, `held` …
    pub what: String,
    /// Whom or which.
    pub detail: String,
}

/// A call as it stands.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct CallRecord {
    pub id: CallId,
    pub direction: Direction,
    pub state: CallState,
    /// E.164 or the SIP user; empty when anonymous.
    pub from: String,
    /// E.164 or the dialled text.
    pub to: String,
    pub number_id: Option<NumberId>,
    pub customer_id: Option<CustomerId>,
    pub conversation_id: Option<ConversationId>,
    pub started_at: UnixMillis,
    /// When managers (or the customer, outbound) began to ring.
    pub ringing_at: Option<UnixMillis>,
    pub engaged_at: Option<UnixMillis>,
    pub ended_at: Option<UnixMillis>,
    pub missed_reason: Option<MissedReason>,
    /// For an outbound call that was not answered: `busy`, `declined`, `no_answer`, `unreachable`, `manager_left`.
    pub failure: Option<&'static str>,
    /// Managers presented now, then the ones who talked.
    pub manager_ids: Vec<ManagerId>,
    pub answered_by: Option<ManagerId>,
    pub device: Option<RingDevice>,
    /// The manager holds the customer now.
    pub held: bool,
    pub keys: Vec<KeyPress>,
    pub trace: Vec<TraceMark>,
    /// File name of the voicemail or recording.
    pub recording: Option<String>,
    pub recording_seconds: Option<u32>,
}

/// Where a conversation stands (R89).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum ConversationState {
    Open,
    Snoozed,
    Missed,
    Queued,
    Closed,
}

/// A conversation as it stands.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct ConversationRecord {
    pub id: ConversationId,
    pub state: ConversationState,
    pub customer_id: CustomerId,
    pub number_id: Option<NumberId>,
    pub team_id: Option<TeamId>,
    pub assignee_id: Option<ManagerId>,
    pub missed_reason: Option<MissedReason>,
    pub tags: Vec<String>,
    pub created_at: UnixMillis,
    pub last_activity_at: UnixMillis,
    pub closed_at: Option<UnixMillis>,
}

/// A customer as the business made or changed it (a lead for an unknown caller, R4).
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct CustomerRecord {
    pub id: CustomerId,
    /// Empty for a lead without a name.
    pub name: String,
    pub phone_numbers: Vec<E164>,
    /// Key of a caller without a number (`sip:u10000`), empty otherwise.
    pub alias: String,
    pub language: Option<Language>,
    pub is_lead: bool,
    pub blocked: bool,
    pub created_at: UnixMillis,
}

/// A line of a conversation's timeline that is neither a call nor a note (assigned, closed …).
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct EntryRecord {
    pub id: EntryId,
    pub conversation_id: ConversationId,
    /// `team_assigned`, `assignee_assigned`, `state_changed`.
    pub kind: &'static str,
    /// The id or word that goes with the kind.
    pub value: String,
    pub at: UnixMillis,
    /// Who did it; `None` is the system.
    pub by: Option<ManagerId>,
}

/// A record, in the order things happened.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Record {
    /// A call began or changed.
    Call(Box<CallRecord>),
    /// A conversation began or changed.
    Conversation(Box<ConversationRecord>),
    /// A customer came to be.
    Customer(Box<CustomerRecord>),
    /// A timeline line.
    Entry(Box<EntryRecord>),
    /// A manager's operator status changed by what the manager does (waiting, on call).
    OperatorStatus { manager: ManagerId, status: crate::settings::OperatorStatus, since: UnixMillis },
}
