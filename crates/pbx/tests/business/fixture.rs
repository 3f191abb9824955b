//! A small workspace, much like the demo's.

use pbx::settings::{
    Announcement, Hours, LiveWorkflow, Manager, Number, OperatorStatus, RingDevices, RingbackChoice, Role, Routing,
    Spoken, Team,
};
use pbx::settings::{ContinueConversation, Settings};
use pbx::workflow::Revision;
use pbx::{AudioId, CarrierId, Country, Directory, E164, HoursId, ManagerId, NumberId, TeamId, UnixMillis, WorkflowId};
use std::sync::Arc;

pub const START: UnixMillis = UnixMillis(1_795_000_000_000);
pub const MINJI: ManagerId = ManagerId(11);
pub const JUN: ManagerId = ManagerId(12);
pub const SORA: ManagerId = ManagerId(13);
pub const SUPPORT: TeamId = TeamId(21);
pub const SALES: TeamId = TeamId(22);
pub const NEVER: HoursId = HoursId(31);
pub const DEMO: CarrierId = CarrierId(41);
pub const IVR: WorkflowId = WorkflowId(51);

/// Managers by the name tests call them.
pub const MANAGERS: [(&str, ManagerId); 3] = [("minji", MINJI), ("jun", JUN), ("sora", SORA)];
/// Teams by name.
pub const TEAMS: [(&str, TeamId); 2] = [("support", SUPPORT), ("sales", SALES)];

pub fn number(text: &str) -> E164 {
    text.parse().unwrap()
}

fn manager(name: &str, id: ManagerId, teams: &[TeamId]) -> Manager {
    Manager {
        id,
        name: name.to_owned(),
        role: Role::Manager,
        team_ids: teams.to_vec(),
        language: pbx::command::Language::Ko,
        status: OperatorStatus::Waiting,
        ring_devices: RingDevices::default(),
        unassigned_call_alert: id == SORA,
        seat: true,
        max_calls: 1,
    }
}

fn numbered(nth: u64, routing: Routing) -> Number {
    Number {
        id: NumberId(nth),
        e164: number(&format!("+82704000000{nth}")),
        country: Country::Kr,
        carrier_id: Some(DEMO),
        is_default: nth == 3,
        ring_seconds: 30,
        ringback: RingbackChoice::Loop,
        continue_conversation: ContinueConversation::Off,
        routing,
        greeting: Announcement::default(),
        all_busy: Announcement::default(),
        out_of_hours: Announcement::default(),
        hours_id: None,
        caller_id: None,
    }
}

/// The demo IVR, with a short voice message for key 4 and a way out of a busy team for key 2.
pub const DEMO_IVR: &str = r##"[
    {"name":"menu","actions":[{"kind":"keys","speech":{"built_in":"demo_menu"},"keys":{"1":"support","2":"sales","3":"voicemail","4":"bye","5":"lost"},"star":"repeat"}]},
    {"name":"support","actions":[{"kind":"tag","tags":["support"]},{"kind":"assign","to":{"team":"000000000000n"}},{"kind":"try_connect","unavailable":null}]},
    {"name":"sales","actions":[{"kind":"assign","to":{"team":"000000000000p"}},{"kind":"try_connect","unavailable":"voicemail"}]},
    {"name":"voicemail","actions":[{"kind":"voicemail","speech":{},"limit_seconds":60}]},
    {"name":"bye","actions":[{"kind":"voice_message","speech":{"built_in":"goodbye"}}]},
    {"name":"lost","actions":[{"kind":"go","step":"nowhere"}]}]"##;

pub fn revision(steps: &str) -> Arc<Revision> {
    let json = format!(
        r#"{{"id":"000000000001k","name":"demo IVR","trigger":{{"kind":"customer_called","repeat_count":2}},"steps":{steps}}}"#
    );
    Arc::new(serde_json::from_str(&json).unwrap())
}

/// 1 support · 2 demo IVR · 3 minji, default · 4 always closed · 5 echo · 6 none.
pub fn settings() -> Settings {
    let mut settings = Settings { name: "test".to_owned(), max_calls: 100, ..Settings::default() };
    for (name, id, teams) in [("minji", MINJI, vec![SUPPORT]), ("jun", JUN, vec![SUPPORT]), ("sora", SORA, vec![SALES])]
    {
        settings.managers.insert(id, manager(name, id, &teams));
    }
    for (name, id, members) in [("support", SUPPORT, vec![MINJI, JUN]), ("sales", SALES, vec![SORA])] {
        settings.teams.insert(id, Team { id, name: name.to_owned(), manager_ids: members, hours_id: None });
    }
    settings.hours.insert(NEVER, Hours::default());
    let mut closed = numbered(4, Routing::Team(SUPPORT));
    closed.hours_id = Some(NEVER);
    closed.out_of_hours.spoken.insert(pbx::command::Language::En, Spoken::Audio(AudioId(7)));
    for number in [
        numbered(1, Routing::Team(SUPPORT)),
        numbered(2, Routing::Workflow(IVR)),
        numbered(3, Routing::Manager(MINJI)),
        closed,
        numbered(5, Routing::Echo),
        numbered(6, Routing::None),
    ] {
        settings.number_by_e164.insert(number.e164, number.id);
        settings.numbers.insert(number.id, number);
    }
    settings.released.insert(number("+827040000009"));
    settings.workflows.push(LiveWorkflow { id: IVR, revision: revision(DEMO_IVR) });
    settings
}

/// One blocked customer and one English-speaking one with a name.
pub fn directory() -> Directory {
    let mut directory = Directory::default();
    let mut add = |text: &str, id, name: &str, language, blocked| {
        let brief = pbx::CustomerBrief { id: pbx::CustomerId(id), name: name.to_owned(), language, blocked };
        directory.by_number.insert(number(text), brief);
    };
    add("+821066660000", 901, "Nuisance", None, true);
    add("+821077770000", 902, "Kim Hana", Some(pbx::command::Language::En), false);
    directory
}
