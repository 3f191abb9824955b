//! The workspace simulations run in, much like the demo's: the same numbers, one manager with two phones and one with two lines.

use media::{Library, Prompt};
use pbx::command::{BuiltIn, Language};
use pbx::settings::{
    Announcement, ContinueConversation, Hours, LiveWorkflow, Manager, Number, OperatorStatus, Phone, RingDevices,
    RingbackChoice, Role, Routing, Team,
};
use pbx::workflow::{Action, Assignee, Revision, Speech, Star, Step, Trigger};
use pbx::{CarrierId, Country, E164, HoursId, ManagerId, NumberId, PhoneId, RevisionId, TeamId, WorkflowId};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, OnceLock};
use switch::{CarrierAccount, CarrierTrust, IpPrefix, PhoneAccount};

/// Digest realm.
pub const REALM: &str = "sim";
/// Every phone's password.
pub const PASSWORD: &str = "correct horse";
const SUPPORT: TeamId = TeamId(21);
const SALES: TeamId = TeamId(22);
const NEVER: HoursId = HoursId(31);
const DEMO: CarrierId = CarrierId(41);
const IVR: WorkflowId = WorkflowId(51);

/// A manager: name, id, team, lines.
pub const MANAGERS: [(&str, ManagerId, TeamId, u16); 4] = [
    ("minji", ManagerId(11), SUPPORT, 1),
    ("jun", ManagerId(12), SUPPORT, 1),
    ("hana", ManagerId(13), SUPPORT, 2),
    ("sora", ManagerId(14), SALES, 1),
];

/// A phone: name, id, manager. The names it signs in with are `u<id>` and `d<id>`.
pub const PHONES: [(&str, PhoneId, ManagerId); 5] = [
    ("minji", PhoneId(61), ManagerId(11)),
    ("jun", PhoneId(62), ManagerId(12)),
    ("hana", PhoneId(63), ManagerId(13)),
    ("sora", PhoneId(64), ManagerId(14)),
    ("minji2", PhoneId(65), ManagerId(11)),
];

/// How many seconds each recording takes here; short, so that runs are.
const RECORDINGS: [(BuiltIn, u64); 10] = [
    (BuiltIn::Greeting, 2),
    (BuiltIn::AllBusy, 2),
    (BuiltIn::OutOfHours, 6),
    (BuiltIn::EchoIntro, 1),
    (BuiltIn::DemoMenu, 3),
    (BuiltIn::VoicemailIntro, 1),
    (BuiltIn::InvalidKey, 1),
    (BuiltIn::Goodbye, 1),
    (BuiltIn::CannotConnect, 2),
    (BuiltIn::HoldMusic, 5),
];

fn manager(name: &str, id: ManagerId, team: TeamId, max_calls: u16) -> Manager {
    Manager {
        id,
        name: name.to_owned(),
        role: Role::Manager,
        team_ids: vec![team],
        language: Language::Ko,
        status: OperatorStatus::Waiting,
        ring_devices: RingDevices::default(),
        unassigned_call_alert: true,
        seat: true,
        max_calls,
    }
}

fn number(nth: u64, routing: Routing) -> Number {
    Number {
        id: NumberId(nth),
        e164: e164(nth),
        country: Country::Kr,
        carrier_id: Some(DEMO),
        is_default: nth == 3,
        ring_seconds: 20,
        ringback: RingbackChoice::Loop,
        continue_conversation: ContinueConversation::Off,
        routing,
        greeting: Announcement::default(),
        all_busy: Announcement::default(),
        out_of_hours: Announcement::default(),
        hours_id: (nth == 4).then_some(NEVER),
        caller_id: None,
    }
}

fn e164(nth: u64) -> E164 {
    E164::from_digits(&format!("82704000000{nth}")).expect("a number by its writing")
}

fn speech(built_in: BuiltIn) -> Speech {
    Speech { built_in: Some(built_in), ..Speech::default() }
}

fn ring(name: &str, team: TeamId) -> Step {
    let actions = vec![Action::Assign { to: Assignee::Team(team) }, Action::TryConnect { unavailable: None }];
    Step { name: name.to_owned(), actions }
}

/// 1 support, 2 sales, 3 voicemail, star again.
fn ivr() -> Revision {
    let keys = [('1', "support"), ('2', "sales"), ('3', "voicemail")];
    let menu = Action::Keys {
        speech: speech(BuiltIn::DemoMenu),
        keys: keys.into_iter().map(|(key, step)| (key, step.to_owned())).collect(),
        star: Star::Repeat,
    };
    let voicemail = Action::Voicemail { speech: speech(BuiltIn::VoicemailIntro), limit_seconds: 20 };
    Revision {
        id: RevisionId(52),
        name: "demo IVR".to_owned(),
        trigger: Trigger::CustomerCalled { repeat_count: 2 },
        steps: vec![
            Step { name: "menu".to_owned(), actions: vec![menu] },
            ring("support", SUPPORT),
            ring("sales", SALES),
            Step { name: "voicemail".to_owned(), actions: vec![voicemail] },
        ],
    }
}

fn business(without_seat: Option<ManagerId>) -> pbx::Settings {
    let numbers = [
        number(1, Routing::Team(SUPPORT)),
        number(2, Routing::Workflow(IVR)),
        number(3, Routing::Manager(ManagerId(11))),
        number(4, Routing::Team(SUPPORT)),
        number(5, Routing::Echo),
    ];
    let members = |team| MANAGERS.iter().filter(|m| m.2 == team).map(|m| m.1).collect();
    let team = |id, name: &str| (id, Team { id, name: name.to_owned(), manager_ids: members(id), hours_id: None });
    let managers = MANAGERS.iter().map(|(name, id, team, lines)| {
        let manager = manager(name, *id, *team, *lines);
        (*id, Manager { seat: without_seat != Some(*id), ..manager })
    });
    pbx::Settings {
        name: "sim".to_owned(),
        managers: managers.collect(),
        teams: BTreeMap::from([team(SUPPORT, "support"), team(SALES, "sales")]),
        number_by_e164: numbers.iter().map(|n| (n.e164, n.id)).collect(),
        numbers: numbers.into_iter().map(|n| (n.id, n)).collect(),
        hours: BTreeMap::from([(NEVER, Hours::default())]),
        phones: PHONES
            .iter()
            .map(|(name, id, manager_id)| (*id, Phone { id: *id, name: (*name).to_owned(), manager_id: *manager_id }))
            .collect(),
        workflows: vec![LiveWorkflow { id: IVR, revision: Arc::new(ivr()) }],
        ..pbx::Settings::default()
    }
}

/// Who may answer a call to this number at once; nobody where a workflow asks first.
#[must_use]
pub fn managers_of(number: &str) -> Vec<ManagerId> {
    let ring = |wanted: fn(&(&str, ManagerId, TeamId, u16)) -> bool| {
        MANAGERS.iter().filter(|m| wanted(m)).map(|m| m.1).collect()
    };
    match number.strip_prefix("+82704000000") {
        Some("1") => ring(|m| m.2 == SUPPORT),
        Some("3") => ring(|m| m.1 == ManagerId(11)),
        _ => Vec::new(),
    }
}

/// What a manager is called.
#[must_use]
pub fn name_of(manager: ManagerId) -> &'static str {
    MANAGERS.iter().find(|m| m.1 == manager).map_or("?", |m| m.0)
}

/// The two names a phone signs in with.
#[must_use]
pub fn names(phone: PhoneId) -> [String; 2] {
    [format!("u{}", phone.0), format!("d{}", phone.0)]
}

/// The settings of a switch whose carrier takes outgoing calls at `proxy`, with everybody but one having a seat.
#[must_use]
pub fn settings(proxy: std::net::SocketAddr, without_seat: Option<ManagerId>) -> switch::Settings {
    let phone = |(_, id, manager_id): &(&str, PhoneId, ManagerId)| {
        let [user_id, device_address] = names(*id);
        PhoneAccount { id: *id, manager_id: *manager_id, user_id, device_address, password: PASSWORD.to_owned() }
    };
    let carriers = IpPrefix { address: Ipv4Addr::new(10, 9, 0, 0).into(), bits: 16 };
    switch::Settings {
        business: Arc::new(business(without_seat)),
        phones: PHONES.iter().map(phone).collect(),
        carriers: vec![CarrierAccount::plain(DEMO, "demo", CarrierTrust::Addresses(vec![carriers]), Some(proxy))],
        country: Some(Country::Kr),
    }
}

/// The recordings, made once: a hum of 200 Hz, so that nobody takes them for a voice or for silence.
#[must_use]
pub fn library() -> Arc<Library> {
    static LIBRARY: OnceLock<Arc<Library>> = OnceLock::new();
    Arc::clone(LIBRARY.get_or_init(|| {
        let mut library = Library::default();
        for (what, seconds) in RECORDINGS {
            let samples: Vec<i16> = (0..seconds * 8000).map(|n| if n % 40 < 20 { 6000 } else { -6000 }).collect();
            let prompt = Arc::new(Prompt::from_pcm(&samples, 8000).expect("a hum can be encoded"));
            for language in [Language::Ko, Language::En] {
                library.insert(switch::prompt_key_of_built_in(what, language), Arc::clone(&prompt));
            }
        }
        Arc::new(library)
    }))
}

/// The recording behind a library's key, for ladders.
#[must_use]
pub fn recording(key: media::PromptKey) -> String {
    let named = RECORDINGS.iter().find(|(what, _)| {
        [Language::Ko, Language::En].iter().any(|language| switch::prompt_key_of_built_in(*what, *language) == key)
    });
    named.map_or_else(|| format!("{key:?}"), |(what, _)| spaced(&format!("{what:?}")))
}

/// `AllBusy` as `all busy`.
fn spaced(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push(' ');
        }
        out.extend(c.to_lowercase());
    }
    out
}
