//! Managers and teams as they are stored and edited.

use super::mistake::{Checked, Mistakes};
use super::words;
use crate::sign_in::{LONGEST, SHORTEST};
use pbx::command::Language;
use pbx::settings::{OperatorStatus, RingDevices, Role};
use pbx::{HoursId, ManagerId, TeamId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A manager's editable fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ManagerFields {
    /// 1–60 characters.
    pub name: String,
    /// Signs in with it; unique, kept in lower case.
    pub email: String,
    /// What the manager may do. Only an owner makes owners.
    #[serde(default = "plain")]
    #[schema(value_type = words::Role)]
    pub role: Role,
    /// The teams the manager is in.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub team_ids: Vec<TeamId>,
    /// The console's language.
    #[serde(default)]
    #[schema(value_type = words::Language)]
    pub language: Language,
    /// What the manager chose to be doing; `call`, `post_call`, `meet` and `chat` come by themselves.
    #[serde(default)]
    #[schema(value_type = words::OperatorStatus)]
    pub status: OperatorStatus,
    /// Where the manager's calls ring (R63).
    #[serde(default)]
    #[schema(value_type = words::RingDevices)]
    pub ring_devices: RingDevices,
    /// Rings for calls that nobody is assigned to (R100).
    #[serde(default)]
    pub unassigned_call_alert: bool,
    /// May take calls at all.
    #[serde(default = "yes")]
    pub seat: bool,
    /// Calls up at once, 1–1000.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 1000)]
    pub max_calls: u16,
    /// At least 8 characters, never handed out. Needed for a new manager; changing it signs the manager out everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(write_only)]
    pub password: Option<String>,
}

fn plain() -> Role {
    Role::Manager
}
fn yes() -> bool {
    true
}
fn one() -> u16 {
    1
}

/// May a person choose this status?
#[must_use]
pub fn can_be_chosen(status: OperatorStatus) -> bool {
    !matches!(status, OperatorStatus::Chat | OperatorStatus::Call | OperatorStatus::PostCall | OperatorStatus::Meet)
}

impl Checked for ManagerFields {
    fn check(&self, mistakes: &mut Mistakes) {
        mistakes.text("name", &self.name, 1, 60);
        if !is_email(&self.email) {
            mistakes.add("email", "invalid", "must be an e-mail address", "이메일 주소여야 합니다");
        }
        mistakes.range("max_calls", self.max_calls.into(), 1, 1000);
        if !can_be_chosen(self.status) {
            mistakes.add(
                "status",
                "not_choosable",
                "this status comes by itself and cannot be chosen",
                "직접 선택할 수 없는 상태입니다",
            );
        }
        if let Some(password) = &self.password
            && (password.chars().count() < SHORTEST || password.len() > LONGEST)
        {
            mistakes.add("password", "length", "must have 8 to 256 characters", "8~256자여야 합니다");
        }
        if self.team_ids.len() > 200 {
            mistakes.add("team_ids", "too_many", "at most 200 teams", "팀은 최대 200개입니다");
        }
    }
}

/// Is it shaped like an e-mail address?
#[must_use]
pub fn is_email(text: &str) -> bool {
    let clean = text.len() <= 254 && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    clean
        && matches!(text.split_once('@'), Some((user, host)) if !user.is_empty() && !host.contains('@') && host.len() >= 3 && host.contains('.'))
}

/// A manager.
#[derive(Clone, Debug, PartialEq)]
pub struct Manager {
    /// Which one.
    pub id: ManagerId,
    /// What can be edited.
    pub fields: ManagerFields,
    /// The argon2id hash, in PHC form.
    pub password_hash: String,
}

impl Manager {
    /// As the business sees it.
    #[must_use]
    pub fn business(&self) -> pbx::settings::Manager {
        let f = &self.fields;
        pbx::settings::Manager {
            id: self.id,
            name: f.name.clone(),
            role: f.role,
            team_ids: f.team_ids.clone(),
            language: f.language,
            status: f.status,
            ring_devices: f.ring_devices,
            unassigned_call_alert: f.unassigned_call_alert,
            seat: f.seat,
            max_calls: f.max_calls,
        }
    }
}

/// A team's editable fields. Its managers are kept with the managers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamFields {
    /// 1–60 characters, unique.
    pub name: String,
    /// Who is in it.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub manager_ids: Vec<ManagerId>,
    /// Opening hours of calls routed to the team.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub hours_id: Option<HoursId>,
}

impl Checked for TeamFields {
    fn check(&self, mistakes: &mut Mistakes) {
        mistakes.text("name", &self.name, 1, 60);
        if self.manager_ids.len() > 10_000 {
            mistakes.add("manager_ids", "too_many", "at most 10000 managers", "매니저는 최대 10000명입니다");
        }
    }
}

/// A team.
#[derive(Clone, Debug, PartialEq)]
pub struct Team {
    /// Which one.
    pub id: TeamId,
    /// 1–60 characters.
    pub name: String,
    /// Opening hours, if it has its own.
    pub hours_id: Option<HoursId>,
}
