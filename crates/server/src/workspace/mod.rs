//! The workspace: everything that people set, held in memory whole. A change is made to a copy, checked, written, and
//! only then takes the old one's place.

pub mod carrier;
pub mod hours;
pub mod manager;
pub mod mistake;
pub mod number;
pub mod phone;
pub mod proxy;
mod references;
mod snapshot;
pub mod words;
pub mod workflow;

pub use snapshot::snapshot;

use carrier::Carrier;
use hours::Hours;
use manager::{Manager, Team};
use number::Number;
use pbx::command::Language;
use pbx::{CarrierId, E164, HoursId, ManagerId, NumberId, PhoneId, TeamId, WorkflowId};
use phone::Phone;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use workflow::Workflow;

/// What the workspace calls itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its name.
    pub name: String,
    /// Its base language.
    pub language: Language,
}

impl Default for About {
    fn default() -> Self {
        Self { name: "sori".into(), language: Language::Ko }
    }
}

/// The workspace as it stands. Copies are cheap: the things themselves are shared.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct Workspace {
    pub about: About,
    pub managers: BTreeMap<ManagerId, Arc<Manager>>,
    pub teams: BTreeMap<TeamId, Arc<Team>>,
    pub numbers: BTreeMap<NumberId, Arc<Number>>,
    /// Numbers the workspace once had and has not now.
    pub released: BTreeSet<E164>,
    pub phones: BTreeMap<PhoneId, Arc<Phone>>,
    pub carriers: BTreeMap<CarrierId, Arc<Carrier>>,
    pub hours: BTreeMap<HoursId, Arc<Hours>>,
    pub workflows: BTreeMap<WorkflowId, Arc<Workflow>>,
}

/// A difference between two workspaces, as far as the store must know: `None` is gone.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Difference {
    About(About),
    Manager(ManagerId, Option<Arc<Manager>>),
    Team(TeamId, Option<Arc<Team>>),
    Number(NumberId, Option<Arc<Number>>),
    Phone(PhoneId, Option<Arc<Phone>>),
    Carrier(CarrierId, Option<Arc<Carrier>>),
    Hours(HoursId, Option<Arc<Hours>>),
    Workflow(WorkflowId, Option<Arc<Workflow>>),
}

fn differences<K: Copy + Ord, V: PartialEq>(
    old: &BTreeMap<K, Arc<V>>,
    new: &BTreeMap<K, Arc<V>>,
    make: impl Fn(K, Option<Arc<V>>) -> Difference,
    found: &mut Vec<Difference>,
) {
    for key in old.keys().filter(|key| !new.contains_key(key)) {
        found.push(make(*key, None));
    }
    for (key, value) in new {
        if !old.get(key).is_some_and(|before| Arc::ptr_eq(before, value) || before == value) {
            found.push(make(*key, Some(value.clone())));
        }
    }
}

impl Workspace {
    /// What must be written to come from `self` to `new`. Things that are gone come before things that are new of the
    /// same kind, so that a name may pass from one to the other.
    #[must_use]
    pub fn differences(&self, new: &Self) -> Vec<Difference> {
        let mut found = Vec::new();
        if self.about != new.about {
            found.push(Difference::About(new.about.clone()));
        }
        differences(&self.hours, &new.hours, Difference::Hours, &mut found);
        differences(&self.carriers, &new.carriers, Difference::Carrier, &mut found);
        differences(&self.teams, &new.teams, Difference::Team, &mut found);
        differences(&self.managers, &new.managers, Difference::Manager, &mut found);
        differences(&self.workflows, &new.workflows, Difference::Workflow, &mut found);
        differences(&self.numbers, &new.numbers, Difference::Number, &mut found);
        differences(&self.phones, &new.phones, Difference::Phone, &mut found);
        found
    }

    /// The managers of a team, by id.
    pub fn members(&self, team: TeamId) -> impl Iterator<Item = ManagerId> {
        self.managers.values().filter(move |m| m.fields.team_ids.contains(&team)).map(|m| m.id)
    }

    /// The manager who signs in with this e-mail address.
    #[must_use]
    pub fn manager_by_email(&self, email: &str) -> Option<&Arc<Manager>> {
        let email = email.trim().to_lowercase();
        self.managers.values().find(|m| m.fields.email == email)
    }

    /// The number that is issued as `e164`.
    #[must_use]
    pub fn number_by_e164(&self, e164: E164) -> Option<&Arc<Number>> {
        self.numbers.values().find(|n| n.e164 == e164)
    }

    /// Workflows in list order (R130).
    #[must_use]
    pub fn workflows_in_order(&self) -> Vec<&Arc<Workflow>> {
        let mut all: Vec<_> = self.workflows.values().collect();
        all.sort_by_key(|w| (w.fields.position, w.id));
        all
    }

    /// Puts managers into a team and takes all others out of it.
    pub fn set_members(&mut self, team: TeamId, members: &[ManagerId]) {
        for manager in self.managers.values_mut() {
            let (is, shall) = (manager.fields.team_ids.contains(&team), members.contains(&manager.id));
            if is != shall {
                let manager = Arc::make_mut(manager);
                manager.fields.team_ids.retain(|t| *t != team);
                if shall {
                    manager.fields.team_ids.push(team);
                }
            }
        }
    }

    /// Makes one number the default and no other.
    pub fn set_default_number(&mut self, default: NumberId) {
        for number in self.numbers.values_mut() {
            let shall = number.id == default;
            if number.fields.is_default != shall {
                Arc::make_mut(number).fields.is_default = shall;
            }
        }
    }
}
