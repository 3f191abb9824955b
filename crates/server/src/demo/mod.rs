//! The demo workspace, as the contract says: made at the first start, left alone after.

mod workflow;

use crate::clock::now;
use crate::configuration::{Configuration, StartProblem};
use crate::sign_in::Passwords;
use crate::store::Store;
use crate::workspace::carrier::{Carrier, CarrierFields, CarrierKind, FromUser, MediaProtection, NumberSpan};
use crate::workspace::hours::{Hours, HoursFields, Weekly};
use crate::workspace::manager::{Manager, ManagerFields, Team};
use crate::workspace::number::{Announcements, Number, NumberFields, RouteKind, RouteTo};
use crate::workspace::phone::PhoneFields;
use crate::workspace::workflow::{Workflow, WorkflowFields, WorkflowState};
use crate::workspace::{About, Workspace};
use pbx::command::Language;
use pbx::settings::{OperatorStatus, RingDevices, Role};
use pbx::{CarrierId, Country, E164, HoursId, ManagerId, NumberId, PhoneId, RevisionId, TeamId, WorkflowId};
use std::sync::Arc;

/// Everybody's password.
pub const PASSWORD: &str = "sori-demo";

/// Digits of the first of the carrier's numbers.
const FIRST_NUMBER: u64 = 827_040_000_001;

/// Makes the demo workspace in an empty store; in one that has managers it only keeps the carrier's address up to date.
///
/// # Errors
/// When the database cannot be read or written.
pub async fn seed(store: &Store, configuration: &Configuration) -> Result<(), StartProblem> {
    let failed = |why: sqlx::Error| {
        StartProblem(format!(
            "The demo workspace cannot be written to {} ({why}); name an empty folder with --data DIR.",
            configuration.database
        ))
    };
    let before = store.load_workspace().await.map_err(failed)?;
    let mut after = Workspace::clone(&before);
    if before.managers.is_empty() {
        // One hash for all: they share the password anyway, and hashing is slow on purpose.
        let hash = Passwords::default().hash(PASSWORD.to_owned()).await.unwrap_or_default();
        Seed { store, workspace: &mut after, hash }.make(configuration);
    }
    point_carrier(&mut after, configuration);
    let differences = before.differences(&after);
    store.write_differences(&differences, now()).await.map_err(failed)
}

/// `SORI_DEMO_CARRIER` may differ from start to start.
fn point_carrier(workspace: &mut Workspace, configuration: &Configuration) {
    let uri = format!("sip:{}", configuration.demo_carrier);
    for carrier in workspace.carriers.values_mut().filter(|c| c.fields.name == "demo") {
        if carrier.fields.outbound_uri.as_ref() != Some(&uri) {
            Arc::make_mut(carrier).fields.outbound_uri = Some(uri.clone());
        }
    }
}

struct Seed<'a> {
    store: &'a Store,
    workspace: &'a mut Workspace,
    hash: String,
}

impl Seed<'_> {
    fn id(&self) -> u64 {
        self.store.new_id(now())
    }

    fn make(mut self, configuration: &Configuration) {
        self.workspace.about = About { name: "sori demo".into(), language: Language::Ko };
        let support = self.team("support");
        let sales = self.team("sales");
        self.manager("Owner", "owner@demo.test", Role::Owner, &[]);
        let minji = self.manager("민지", "minji@demo.test", Role::Manager, &[support]);
        self.manager("준", "jun@demo.test", Role::Manager, &[support]);
        self.manager("소라", "sora@demo.test", Role::Manager, &[sales]);
        let carrier = self.carrier(configuration);
        let closed = self.closed_hours();
        let ivr = self.ivr(support, sales);
        self.number(1, carrier, RouteKind::Team, Some(support.to_string()), None);
        self.number(2, carrier, RouteKind::Workflow, Some(ivr.to_string()), None);
        self.number(3, carrier, RouteKind::Manager, Some(minji.to_string()), None);
        self.number(4, carrier, RouteKind::None, None, Some(closed));
        self.number(5, carrier, RouteKind::Echo, None, None);
        let id = PhoneId(self.id());
        let phone = crate::api::phones::new_phone(
            self.workspace,
            id,
            PhoneFields { name: "민지 전화기".into(), manager_id: minji },
        );
        self.workspace.phones.insert(id, Arc::new(phone));
    }

    fn team(&mut self, name: &str) -> TeamId {
        let id = TeamId(self.id());
        self.workspace.teams.insert(id, Arc::new(Team { id, name: name.to_owned(), hours_id: None }));
        id
    }

    fn manager(&mut self, name: &str, email: &str, role: Role, teams: &[TeamId]) -> ManagerId {
        let id = ManagerId(self.id());
        let fields = ManagerFields {
            name: name.to_owned(),
            email: email.to_owned(),
            role,
            team_ids: teams.to_vec(),
            language: Language::Ko,
            status: OperatorStatus::Waiting,
            ring_devices: RingDevices::default(),
            unassigned_call_alert: false,
            seat: true,
            max_calls: 1,
            password: None,
        };
        self.workspace.managers.insert(id, Arc::new(Manager { id, fields, password_hash: self.hash.clone() }));
        id
    }

    fn carrier(&mut self, configuration: &Configuration) -> CarrierId {
        let id = CarrierId(self.id());
        let number = |place: u64| E164::from_digits(&(FIRST_NUMBER + place).to_string());
        let numbers = match (number(0), number(98)) {
            (Ok(from), Ok(to)) => vec![NumberSpan { from, to }],
            _ => Vec::new(),
        };
        let fields = CarrierFields {
            name: "demo".into(),
            network: "SKB".into(),
            kind: CarrierKind::Address,
            enabled: true,
            proxy: None,
            proxies: Vec::new(),
            username: None,
            password: None,
            addresses: vec!["127.0.0.0/8".into(), "::1".into()],
            outbound_uri: Some(format!("sip:{}", configuration.demo_carrier)),
            numbers,
            from_user: FromUser::Number,
            media_protection: MediaProtection::default(),
            probe: None,
            country: Country::Kr,
        };
        self.workspace.carriers.insert(id, Arc::new(Carrier { id, fields }));
        id
    }

    fn closed_hours(&mut self) -> HoursId {
        let id = HoursId(self.id());
        let fields = HoursFields {
            name: "Always closed".into(),
            time_zone: "Asia/Seoul".into(),
            weekly: Weekly::default(),
            holidays: Vec::new(),
            manual_override: None,
        };
        self.workspace.hours.insert(id, Arc::new(Hours { id, fields }));
        id
    }

    fn ivr(&mut self, support: TeamId, sales: TeamId) -> WorkflowId {
        let id = WorkflowId(self.id());
        let (trigger, steps) = workflow::demo_ivr(support, sales);
        let fields = WorkflowFields { name: workflow::NAME.into(), trigger, steps, position: 0 };
        let mut workflow = Workflow { id, state: WorkflowState::Live, fields, latest: None, published_at: Some(now()) };
        workflow.latest = Some(Arc::new(workflow.revision(RevisionId(self.id()))));
        self.workspace.workflows.insert(id, Arc::new(workflow));
        id
    }

    fn number(
        &mut self,
        place: u64,
        carrier: CarrierId,
        kind: RouteKind,
        target: Option<String>,
        hours_id: Option<HoursId>,
    ) {
        let Ok(e164) = E164::from_digits(&(FIRST_NUMBER + place - 1).to_string()) else { return };
        let id = NumberId(self.id());
        // A direct line rings at once (R96); the others greet.
        let direct = kind == RouteKind::Manager;
        let mut announcements = Announcements::default();
        announcements.greeting.off = direct;
        let fields = NumberFields {
            is_default: place == 3,
            announcements,
            ring_seconds: 30,
            routing: RouteTo { kind, id: target },
            hours_id,
            ..NumberFields::default()
        };
        self.workspace
            .numbers
            .insert(id, Arc::new(Number { id, e164, carrier_id: Some(carrier), fields, created_at: now() }));
    }
}

#[cfg(test)]
mod tests;
