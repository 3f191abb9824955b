//! Phones that watch: a real endpoint signs in, subscribes and hears of calls and of who can be called.

use crate::settings::{PhoneAccount, Settings};
use crate::switch::{Configuration, Now, Switch};
use crate::tests::business;
use pbx::settings::{OperatorStatus, RingDevice};
use pbx::{CallId, Cause, Fact, ManagerId, Party, PhoneId, UnixMillis};
use sip::{Config, Credentials, Endpoint, Event, Flow, Method, OutOfDialog, Request, Response, Transport};
use std::sync::Arc;
use std::time::{Duration, Instant};

const MINJI: ManagerId = ManagerId(1);

fn phone(id: u64, manager_id: ManagerId) -> PhoneAccount {
    let (user_id, device_address) = (format!("u{id}"), format!("d{id}"));
    PhoneAccount { id: PhoneId(id), manager_id, user_id, device_address, password: "secret".to_owned() }
}

fn settings(phones: &[(u64, ManagerId)], status: OperatorStatus) -> Arc<Settings> {
    let mut business = business();
    let mut other = business.managers[&MINJI].clone();
    other.id = ManagerId(2);
    business.managers.insert(other.id, other);
    if let Some(minji) = business.managers.get_mut(&MINJI) {
        minji.status = status;
    }
    let phones = phones.iter().map(|(id, manager)| phone(*id, *manager)).collect();
    Arc::new(Settings { business: Arc::new(business), phones, carriers: Vec::new(), ..Settings::default() })
}

/// A switch, and the phone `u2` of another manager that watches.
struct Office {
    switch: Switch,
    phone: Endpoint,
    now: Now,
    answers: Vec<Response>,
    /// Subscription-State and body of each NOTIFY.
    heard: Vec<(String, String)>,
    /// The presenting that rang last.
    rung: Option<pbx::PresentationId>,
}

impl Office {
    #[allow(clippy::disallowed_methods, reason = "any instant will do to count from")]
    fn new() -> Self {
        let configuration = Configuration {
            realm: "sori".to_owned(),
            offer_sha256: false,
            host: "sori.test".to_owned(),
            udp: "192.0.2.1:5060".parse().unwrap(),
            seed: 1,
            nonce_key: [7; 32],
            max_transactions: 1000,
        };
        let phones = [(1, MINJI), (2, ManagerId(2))];
        let switch = Switch::new(configuration, settings(&phones, OperatorStatus::Waiting), pbx::Directory::default());
        let now = Now { instant: Instant::now(), unix: UnixMillis(1_700_000_000_000) };
        let phone = Endpoint::new(Config::default(), 2);
        Self { switch, phone, now, answers: Vec::new(), heard: Vec::new(), rung: None }
    }

    /// Lets messages go to and fro until nobody has anything to say.
    fn settle(&mut self) {
        let here = Flow {
            transport: Transport::Udp,
            local: "192.0.2.1:5060".parse().unwrap(),
            remote: "192.0.2.9:5060".parse().unwrap(),
            connection: 0,
        };
        let there = Flow { local: here.remote, remote: here.local, ..here };
        loop {
            let mut quiet = true;
            while let Some(sent) = self.phone.poll_transmit() {
                self.switch.handle_message(self.now, here, &sent.bytes);
                quiet = false;
            }
            while let Some(sent) = self.switch.poll_transmit() {
                match Request::parse(&sent.bytes) {
                    Ok(notify) => {
                        let answer = self.hear(&notify);
                        self.switch.handle_message(self.now, here, answer.as_bytes());
                    }
                    Err(_) => self.phone.handle_message(self.now.instant, there, &sent.bytes),
                }
                quiet = false;
            }
            while let Some(event) = self.phone.poll_event() {
                self.told(event);
                quiet = false;
            }
            if quiet {
                return;
            }
        }
    }

    /// Notes a NOTIFY; the phone's 200. (An endpoint is no subscriber: to it the dialog is nobody's.)
    fn hear(&mut self, notify: &Request) -> String {
        assert_eq!(notify.method(), Method::Notify);
        let state = notify.header_str("Subscription-State").unwrap();
        self.heard.push((state, String::from_utf8(notify.body().to_vec()).unwrap()));
        let copied = ["Via", "From", "To", "Call-ID", "CSeq"].map(|name| {
            let value = notify.header_str(name).unwrap();
            format!("{name}: {value}\r\n")
        });
        format!("SIP/2.0 200 OK\r\n{}Content-Length: 0\r\n\r\n", copied.concat())
    }

    fn told(&mut self, event: Event) {
        match event {
            Event::Response { response: Some(response), .. } => self.answers.push(response),
            other => panic!("{other:?}"),
        }
    }

    fn pass(&mut self, ms: u64) {
        self.now = Now { instant: self.now.instant + Duration::from_millis(ms), unix: self.now.unix.plus_ms(ms) };
        self.phone.handle_timeout(self.now.instant);
        self.switch.handle_timeout(self.now);
        self.settle();
    }

    /// `u2` (or who is named) sends a SUBSCRIBE for `user`; the status of the answer.
    fn subscribe(&mut self, from: &str, user: &str, lines: &[(&'static str, &str)]) -> Response {
        let flow = Flow {
            transport: Transport::Udp,
            local: "192.0.2.9:5060".parse().unwrap(),
            remote: "192.0.2.1:5060".parse().unwrap(),
            connection: 0,
        };
        let mut request = OutOfDialog::new(flow, Method::Subscribe, &format!("sip:{user}@sori.test"));
        request.from.uri = format!("sip:{from}@sori.test");
        request.contact_user = Some(from.to_owned());
        request.headers = lines.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        request.credentials = Some(Credentials { username: from.to_owned(), password: "secret".to_owned() });
        self.phone.send(self.now.instant, request);
        self.settle();
        self.answers.pop().expect("an answer")
    }

    /// Tells the business a fact; what it orders is not carried out, for there are no legs.
    fn fact(&mut self, fact: Fact) {
        self.switch.pbx.handle_fact(fact, self.now.unix);
        while let Some(command) = self.switch.pbx.poll_command() {
            if let pbx::Command::Present { presentation, .. } = command {
                self.rung = Some(presentation);
            }
        }
        self.switch.pump(self.now);
        self.settle();
    }

    fn reaches_minji(&mut self, count: u16) {
        let device = RingDevice::DeskPhone;
        if count == 0 {
            self.switch.reachable.remove(&(MINJI, device));
        } else {
            self.switch.reachable.insert((MINJI, device), count);
        }
        self.switch.manager_changed(MINJI);
        self.fact(Fact::Reachable { manager: MINJI, device, count });
    }

    fn minji_dials(&mut self) -> CallId {
        let call = self.switch.pbx.new_call_id(self.now.unix);
        let dialled = "01011112222".into();
        self.fact(Fact::ManagerDialled {
            call,
            manager: MINJI,
            device: RingDevice::DeskPhone,
            dialled,
            from_number: None,
        });
        call
    }

    fn last(&self) -> &str {
        &self.heard.last().expect("a NOTIFY").1
    }

    fn kept(&self) -> usize {
        let kept = &self.switch.subscriptions;
        kept.watches.len() + kept.by_manager.len() + kept.by_watcher.len() + kept.dialogs.len() + kept.managers_of.len()
    }
}

#[test]
fn a_lamp_follows_the_calls_of_a_manager() {
    let mut office = Office::new();
    let call = office.minji_dials();
    let ok = office.subscribe("u2", "d1", &[("Event", "dialog"), ("Expires", "60")]);
    assert_eq!((ok.status(), ok.expires()), (200, Some(60)));
    assert_eq!(office.heard.len(), 1);
    assert!(office.last().contains("version=\"0\" state=\"full\" entity=\"sip:d1@sori.test\""), "{}", office.last());
    assert!(office.last().contains("direction=\"initiator\"><state>early</state>"), "a call that was up before");
    office.pass(1000);
    office.fact(Fact::DialAnswered { call });
    assert!(office.last().contains("version=\"1\"") && office.last().contains("<state>confirmed</state>"));
    office.pass(1000);
    let presentation = office.switch.pbx.presentation_of_dialler(call).unwrap();
    office.fact(Fact::HungUp { call, party: Party::Manager(presentation), cause: Cause::Normal });
    assert!(office.last().contains("<state>terminated</state>"), "{}", office.last());
    assert_eq!(office.heard.len(), 3);
    office.pass(60_000);
    assert_eq!(office.heard.last().unwrap().0, "terminated;reason=timeout");
    assert_eq!((office.kept(), office.switch.counts().sip.subscriptions), (0, 0));
}

#[test]
fn calls_that_come_and_go_within_a_second_are_one_notify() {
    let mut office = Office::new();
    office.subscribe("u2", "u1", &[("Event", "dialog"), ("Expires", "60")]);
    for _ in 0..5 {
        let call = office.minji_dials();
        office.fact(Fact::DialFailed { call, cause: Cause::Busy });
        let presentation = office.switch.pbx.presentation_of_dialler(call).unwrap();
        office.fact(Fact::HungUp { call, party: Party::Manager(presentation), cause: Cause::Normal });
    }
    let call = office.minji_dials();
    assert_eq!(office.heard.len(), 1, "a second has not passed");
    office.pass(1000);
    assert_eq!(office.heard.len(), 2);
    assert!(
        office.last().contains(&format!("<dialog id=\"{call}\"")) && office.last().matches("<dialog id").count() == 1
    );
}

#[test]
fn presence_is_open_while_a_call_could_be_presented() {
    let mut office = Office::new();
    let ok = office.subscribe("u2", "u1", &[("Event", "presence"), ("Accept", "application/pidf+xml")]);
    assert_eq!((ok.status(), ok.expires()), (200, Some(3600)));
    assert!(office.last().contains("<basic>closed</basic>"), "no ring device");
    office.pass(1000);
    office.reaches_minji(1);
    assert!(office.last().contains("<basic>open</basic>"));
    office.pass(1000);
    // Signing in again changes nothing.
    office.reaches_minji(1);
    office.reaches_minji(2);
    office.pass(5000);
    assert_eq!(office.heard.len(), 2);
    let call = office.minji_dials();
    office.fact(Fact::DialAnswered { call });
    assert!(office.last().contains("<basic>closed</basic>"), "the only line is taken");
    office.pass(1000);
    let presentation = office.switch.pbx.presentation_of_dialler(call).unwrap();
    office.fact(Fact::HungUp { call, party: Party::Manager(presentation), cause: Cause::Normal });
    assert!(office.last().contains("<basic>open</basic>"));
    office.pass(1000);
    office.switch.handle_settings(office.now, settings(&[(1, MINJI), (2, ManagerId(2))], OperatorStatus::Rest));
    office.settle();
    assert!(office.last().contains("<basic>closed</basic>"), "at rest");
}

/// Both ends of a call between colleagues are on the phone, and each sees who the other is.
#[test]
fn colleagues_who_talk_are_both_busy() {
    let mut office = Office::new();
    office.subscribe("u2", "u1", &[("Event", "dialog")]);
    office.subscribe("u2", "u2", &[("Event", "dialog")]);
    for manager in [MINJI, ManagerId(2)] {
        office.fact(Fact::Reachable { manager, device: RingDevice::DeskPhone, count: 1 });
    }
    office.pass(1000);
    let call = office.switch.pbx.new_call_id(office.now.unix);
    let (device, colleague) = (RingDevice::DeskPhone, ManagerId(2));
    office.fact(Fact::ManagerCalled { call, manager: MINJI, device, colleague });
    let of = |office: &Office, user: &str, words: &str| {
        let entity = format!("entity=\"sip:{user}@");
        office.heard.iter().any(|(_, body)| body.contains(&entity) && body.contains(words))
    };
    assert!(of(&office, "u1", "direction=\"initiator\"><state>early</state>"), "{:?}", office.heard);
    assert!(of(&office, "u2", "direction=\"recipient\"><state>early</state>"), "{:?}", office.heard);
    office.pass(1000);
    let presentation = office.rung.expect("the colleague's phone rings");
    office.fact(Fact::PresentationAnswered { call, presentation, device });
    assert!(of(&office, "u1", "direction=\"initiator\"><state>confirmed</state>"), "{:?}", office.heard);
    assert!(of(&office, "u2", "direction=\"recipient\"><state>confirmed</state>"), "{:?}", office.heard);
}

#[test]
fn messages_are_told_to_their_owner_alone() {
    let mut office = Office::new();
    let ok = office.subscribe("u2", "d2", &[("Event", "message-summary"), ("Expires", "10")]);
    assert_eq!((ok.status(), ok.expires()), (200, Some(10)));
    assert_eq!(
        office.last(),
        "Messages-Waiting: no\r\nMessage-Account: sip:d2@sori.test\r\nVoice-Message: 0/0 (0/0)\r\n"
    );
    assert_eq!(office.subscribe("u2", "u1", &[("Event", "message-summary")]).status(), 403);
}

#[test]
fn what_cannot_be_watched() {
    let mut office = Office::new();
    let unknown = office.subscribe("u2", "u1", &[("Event", "as-feature-event")]);
    assert_eq!((unknown.status(), unknown.header_str("Allow-Events").unwrap().as_str()), (489, super::ALLOW_EVENTS));
    let type_wanted = office.subscribe("u2", "u1", &[("Event", "dialog"), ("Accept", "text/plain")]);
    assert_eq!(
        (type_wanted.status(), type_wanted.header_str("Accept").unwrap().as_str()),
        (406, "application/dialog-info+xml")
    );
    assert_eq!(office.subscribe("u2", "nobody", &[("Event", "dialog")]).status(), 404);
    let brief = office.subscribe("u2", "u1", &[("Event", "dialog"), ("Expires", "9")]);
    assert_eq!((brief.status(), brief.header_str("Min-Expires").unwrap().as_str()), (423, "10"));
    assert_eq!(office.subscribe("stranger", "u1", &[("Event", "dialog")]).status(), 403);
    assert_eq!((office.heard.len(), office.kept()), (0, 0));
}

#[test]
fn four_pairings_of_names_may_watch() {
    for from in ["u2", "d2"] {
        for username in ["u2", "d2"] {
            let mut office = Office::new();
            let flow = Flow {
                transport: Transport::Udp,
                local: "192.0.2.9:5060".parse().unwrap(),
                remote: "192.0.2.1:5060".parse().unwrap(),
                connection: 0,
            };
            let mut request = OutOfDialog::new(flow, Method::Subscribe, "sip:u1@sori.test");
            request.from.uri = format!("sip:{from}@sori.test");
            request.contact_user = Some(from.to_owned());
            request.headers = vec![("Event", "dialog".to_owned())];
            request.credentials = Some(Credentials { username: username.to_owned(), password: "secret".to_owned() });
            office.phone.send(office.now.instant, request);
            office.settle();
            assert_eq!(office.answers[0].status(), 200, "{from} as {username}");
        }
    }
}

#[test]
fn who_is_cut_off_or_moved_hears_of_it() {
    let mut office = Office::new();
    office.subscribe("u2", "u1", &[("Event", "dialog")]);
    let moved = settings(&[(1, ManagerId(2)), (2, ManagerId(2))], OperatorStatus::Waiting);
    office.switch.handle_settings(office.now, moved);
    office.settle();
    assert_eq!(office.heard.pop().unwrap().0, "terminated;reason=deactivated");
    office.subscribe("u2", "u1", &[("Event", "presence")]);
    office.switch.handle_settings(office.now, settings(&[(2, ManagerId(2))], OperatorStatus::Waiting));
    office.settle();
    assert_eq!(office.heard.pop().unwrap().0, "terminated;reason=noresource");
    office.subscribe("u2", "u2", &[("Event", "message-summary")]);
    office.switch.handle_settings(office.now, settings(&[], OperatorStatus::Waiting));
    office.settle();
    assert_eq!(office.heard.pop().unwrap().0, "terminated;reason=rejected");
    assert_eq!(office.kept(), 0);
}

#[test]
fn one_account_has_so_many_lamps_and_no_more() {
    let mut office = Office::new();
    for _ in 0..super::MAX_PER_ACCOUNT {
        assert_eq!(office.subscribe("u2", "u1", &[("Event", "dialog")]).status(), 200);
    }
    assert_eq!(office.subscribe("u2", "u1", &[("Event", "dialog")]).status(), 403);
    assert_eq!(office.subscribe("u1", "u1", &[("Event", "dialog")]).status(), 200, "others still may");
}
