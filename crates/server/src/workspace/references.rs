//! Whether the ids that things name are there, and whether what must be unique is.

use super::Workspace;
use super::manager::ManagerFields;
use super::mistake::Mistakes;
use super::number::{NumberFields, RouteKind};
use pbx::settings::{Role, Routing};
use pbx::{HoursId, ManagerId, NumberId, PhoneId, TeamId, WorkflowId};

/// Who names a thing that somebody wants to delete.
pub type Users = Vec<String>;

impl Workspace {
    /// Checks what a number names.
    pub fn check_number(&self, fields: &NumberFields, mistakes: &mut Mistakes) {
        if let Some(id) = fields.hours_id {
            mistakes.exists("hours_id", self.hours.contains_key(&id), "opening hours", "운영 시간");
        }
        match fields.routing.business() {
            Some(Routing::Manager(id)) => {
                mistakes.exists("routing.id", self.managers.contains_key(&id), "manager", "매니저")
            }
            Some(Routing::Team(id)) => mistakes.exists("routing.id", self.teams.contains_key(&id), "team", "팀"),
            Some(Routing::Workflow(id)) => {
                mistakes.exists("routing.id", self.workflows.contains_key(&id), "workflow", "워크플로우")
            }
            Some(Routing::None | Routing::Echo) | None => {}
        }
    }

    /// Checks what a manager names, and that nobody else has the e-mail address.
    pub fn check_manager(&self, id: Option<ManagerId>, fields: &ManagerFields, mistakes: &mut Mistakes) {
        for (place, team) in fields.team_ids.iter().enumerate() {
            mistakes.exists(format!("team_ids[{place}]"), self.teams.contains_key(team), "team", "팀");
        }
        let email = fields.email.trim().to_lowercase();
        if self.managers.values().any(|m| Some(m.id) != id && m.fields.email == email) {
            mistakes.add(
                "email",
                "not_unique",
                "another manager has this e-mail address",
                "다른 매니저가 쓰는 이메일입니다",
            );
        }
    }

    /// Checks a phone's manager and that no other phone has its name (R39, R40).
    pub fn check_phone(
        &self,
        id: Option<PhoneId>,
        path: &str,
        fields: &super::phone::PhoneFields,
        mistakes: &mut Mistakes,
    ) {
        mistakes.exists(
            format!("{path}manager_id"),
            self.managers.contains_key(&fields.manager_id),
            "manager",
            "매니저",
        );
        if self.phones.values().any(|p| Some(p.id) != id && p.fields.name == fields.name) {
            mistakes.add(
                format!("{path}name"),
                "not_unique",
                "another phone has this name",
                "같은 이름의 전화기가 있습니다",
            );
        }
    }

    /// Checks a team's managers and hours, and that no other team has its name.
    pub fn check_team(&self, id: Option<TeamId>, fields: &super::manager::TeamFields, mistakes: &mut Mistakes) {
        for (place, manager) in fields.manager_ids.iter().enumerate() {
            mistakes.exists(format!("manager_ids[{place}]"), self.managers.contains_key(manager), "manager", "매니저");
        }
        if let Some(hours) = fields.hours_id {
            mistakes.exists("hours_id", self.hours.contains_key(&hours), "opening hours", "운영 시간");
        }
        if self.teams.values().any(|t| Some(t.id) != id && t.name == fields.name) {
            mistakes.add("name", "not_unique", "another team has this name", "같은 이름의 팀이 있습니다");
        }
    }

    /// Is this the only owner?
    #[must_use]
    pub fn is_last_owner(&self, id: ManagerId) -> bool {
        !self.managers.values().any(|m| m.id != id && m.fields.role == Role::Owner)
    }

    fn routed_to(&self, kind: RouteKind, id: &str) -> impl Iterator<Item = String> {
        self.numbers
            .values()
            .filter(move |n| n.fields.routing.kind == kind && n.fields.routing.id.as_deref() == Some(id))
            .map(|n| n.e164.to_string())
    }

    /// The numbers and phones that name a manager.
    #[must_use]
    pub fn users_of_manager(&self, id: ManagerId) -> Users {
        let phones = self.phones.values().filter(|p| p.fields.manager_id == id).map(|p| p.fields.name.clone());
        phones.chain(self.routed_to(RouteKind::Manager, &id.to_string())).collect()
    }

    /// The numbers that name a team.
    #[must_use]
    pub fn users_of_team(&self, id: TeamId) -> Users {
        self.routed_to(RouteKind::Team, &id.to_string()).collect()
    }

    /// The numbers that name a workflow.
    #[must_use]
    pub fn users_of_workflow(&self, id: WorkflowId) -> Users {
        self.routed_to(RouteKind::Workflow, &id.to_string()).collect()
    }

    /// The numbers and teams that name opening hours.
    #[must_use]
    pub fn users_of_hours(&self, id: HoursId) -> Users {
        let numbers = self.numbers.values().filter(|n| n.fields.hours_id == Some(id)).map(|n| n.e164.to_string());
        let teams = self.teams.values().filter(|t| t.hours_id == Some(id)).map(|t| t.name.clone());
        numbers.chain(teams).collect()
    }

    /// The number to take the default's place when `leaving` goes: the oldest of the others.
    #[must_use]
    pub fn next_default(&self, leaving: NumberId) -> Option<NumberId> {
        self.numbers.keys().copied().find(|id| *id != leaving)
    }
}
