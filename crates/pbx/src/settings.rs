//! The workspace's settings as one immutable snapshot, swapped whole when something is changed.

use crate::command::Language;
use crate::workflow::Revision;
use crate::{AudioId, CarrierId, Country, E164, HoursId, ManagerId, NumberId, PhoneId, TeamId, UnixMillis, WorkflowId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A kind of ring device: where a manager's calls ring (R63).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RingDevice {
    /// The browser on a computer.
    Desktop,
    /// The browser on a mobile.
    Mobile,
    /// A registered phone.
    DeskPhone,
}

/// The kinds a manager chose; all by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct RingDevices {
    pub desktop: bool,
    pub mobile: bool,
    pub desk_phone: bool,
}

impl Default for RingDevices {
    fn default() -> Self {
        Self { desktop: true, mobile: true, desk_phone: true }
    }
}

impl RingDevices {
    /// Is this kind chosen?
    #[must_use]
    pub fn has(self, device: RingDevice) -> bool {
        match device {
            RingDevice::Desktop => self.desktop,
            RingDevice::Mobile => self.mobile,
            RingDevice::DeskPhone => self.desk_phone,
        }
    }
}

/// What a manager is doing now; only `Waiting` and `Chat` get calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum OperatorStatus {
    #[default]
    Waiting,
    Chat,
    Call,
    PostCall,
    Meet,
    Eat,
    Rest,
    InMeeting,
    Education,
    OtherWork,
    Off,
    Vacation,
}

/// What a person may do in the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Role {
    Manager,
    Admin,
    Owner,
}

/// A person who answers calls.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Manager {
    pub id: ManagerId,
    pub name: String,
    pub role: Role,
    pub team_ids: Vec<TeamId>,
    pub language: Language,
    /// What the manager chose to be; `Call` is derived by the business while a call is up.
    pub status: OperatorStatus,
    pub ring_devices: RingDevices,
    /// Rings for calls that nobody is assigned to (R100).
    pub unassigned_call_alert: bool,
    /// May take calls at all (operator seat).
    pub seat: bool,
    /// Calls this manager may have up at once, 1–1000; 1 unless the phone has more lines.
    pub max_calls: u16,
}

/// Managers who share work.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Team {
    pub id: TeamId,
    pub name: String,
    pub manager_ids: Vec<ManagerId>,
    pub hours_id: Option<HoursId>,
}

/// Where a call on a number goes (R95).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routing {
    /// Nobody in particular (R100, R151).
    None,
    /// A manager's direct line.
    Manager(ManagerId),
    /// A team.
    Team(TeamId),
    /// A workflow (IVR).
    Workflow(WorkflowId),
    /// Plays what it hears back to the caller.
    Echo,
}

/// What is said in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoken {
    /// The recording that ships with sori.
    Default,
    /// An audio of the workspace (spoken text or an uploaded file).
    Audio(AudioId),
}

/// An announcement in its languages (R105); a language that is missing uses English's, then the default recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announcement {
    /// Is it played at all? (A greeting may be switched off.)
    pub off: bool,
    /// What each language says.
    pub spoken: BTreeMap<Language, Spoken>,
}

/// Which ringback a number plays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RingbackChoice {
    /// The soft loop.
    #[default]
    Loop,
    /// By the number's country.
    National,
    /// The workspace's own.
    Custom(AudioId),
}

/// A number's rule for continuing the previous conversation (R82).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContinueConversation {
    /// Every call opens a new conversation.
    #[default]
    Off,
    /// Always the latest one.
    Always,
    /// Within this many milliseconds of its closing.
    WithinMs(u64),
}

/// A phone number issued to the workspace.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Number {
    pub id: NumberId,
    pub e164: E164,
    pub country: Country,
    pub carrier_id: Option<CarrierId>,
    pub is_default: bool,
    /// 10–120 (R74).
    pub ring_seconds: u16,
    pub ringback: RingbackChoice,
    pub continue_conversation: ContinueConversation,
    pub routing: Routing,
    pub greeting: Announcement,
    pub all_busy: Announcement,
    pub out_of_hours: Announcement,
    pub hours_id: Option<HoursId>,
    /// The approved caller id to show instead of the number (R29).
    pub caller_id: Option<E164>,
}

/// Opening hours, worked out by the server for the days ahead (time zones and holidays are its work).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hours {
    /// Ascending, not overlapping: open from the first (inclusive) to the second (exclusive).
    pub open: Vec<(UnixMillis, UnixMillis)>,
}

impl Hours {
    /// Are they open at `now`?
    #[must_use]
    pub fn is_open(&self, now: UnixMillis) -> bool {
        let after = self.open.partition_point(|span| span.0 <= now);
        after > 0 && now < self.open[after - 1].1
    }
}

/// A virtual phone, as far as the business cares.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Phone {
    pub id: PhoneId,
    pub name: String,
    pub manager_id: ManagerId,
}

/// A live workflow at its place in the list.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct LiveWorkflow {
    pub id: WorkflowId,
    pub revision: std::sync::Arc<Revision>,
}

/// The snapshot.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Settings {
    pub name: String,
    pub language: Language,
    pub managers: BTreeMap<ManagerId, Manager>,
    pub teams: BTreeMap<TeamId, Team>,
    pub numbers: BTreeMap<NumberId, Number>,
    pub number_by_e164: BTreeMap<E164, NumberId>,
    /// Numbers the workspace once had (missed reason `released_number`).
    pub released: BTreeSet<E164>,
    pub hours: BTreeMap<HoursId, Hours>,
    pub phones: BTreeMap<PhoneId, Phone>,
    /// In list order (R130).
    pub workflows: Vec<LiveWorkflow>,
    /// Calls in progress above which new ones are refused (`rate_limited`); 0 leaves only the machine's own bound.
    pub max_calls: u32,
}
