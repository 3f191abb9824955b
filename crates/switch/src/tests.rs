//! What the simulation cannot play: browsers that dial, and carriers whose 200 differs from their 183.

use crate::switch::{Configuration, Now, Output, Switch};
use crate::{Browser, BrowserUser, CarrierAccount, CarrierTrust, Settings};
use media::{Command, Event as Told, LegId, Profile};
use pbx::settings::{
    Announcement, ContinueConversation, Manager, Number, OperatorStatus, RingDevice, RingDevices, RingbackChoice, Role,
    Routing,
};
use pbx::{CarrierId, Country, ManagerId, NumberId, UnixMillis};
use sip::{Event, Flow, Transport};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

const MINJI: ManagerId = ManagerId(1);
const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub(crate) fn business() -> pbx::Settings {
    let manager = Manager {
        id: MINJI,
        name: "minji".to_owned(),
        role: Role::Manager,
        team_ids: Vec::new(),
        language: pbx::command::Language::Ko,
        status: OperatorStatus::Waiting,
        ring_devices: RingDevices::default(),
        unassigned_call_alert: false,
        seat: true,
        max_calls: 1,
    };
    let number = Number {
        id: NumberId(1),
        e164: "+827040000001".parse().unwrap(),
        country: Country::Kr,
        carrier_id: Some(CarrierId(1)),
        is_default: true,
        ring_seconds: 20,
        ringback: RingbackChoice::Loop,
        continue_conversation: ContinueConversation::Off,
        routing: Routing::None,
        greeting: Announcement::default(),
        all_busy: Announcement::default(),
        out_of_hours: Announcement::default(),
        hours_id: None,
        caller_id: None,
    };
    pbx::Settings {
        managers: BTreeMap::from([(MINJI, manager)]),
        number_by_e164: BTreeMap::from([(number.e164, number.id)]),
        numbers: BTreeMap::from([(number.id, number)]),
        ..pbx::Settings::default()
    }
}

struct World {
    switch: Switch,
    now: Now,
    sent: Vec<String>,
    media: Vec<Command>,
}

impl World {
    #[allow(clippy::disallowed_methods, reason = "any instant will do to count from")]
    fn new() -> Self {
        let configuration = Configuration {
            realm: "sori".to_owned(),
            offer_sha256: false,
            host: "192.0.2.1:5060".to_owned(),
            udp: address("192.0.2.1:5060"),
            seed: 1,
            nonce_key: [7; 32],
            max_transactions: 1000,
        };
        let settings = Settings {
            business: Arc::new(business()),
            phones: Vec::new(),
            carriers: vec![CarrierAccount::plain(
                CarrierId(1),
                "demo",
                CarrierTrust::Loopback,
                Some(address("192.0.2.7:5060")),
            )],
            country: Some(Country::Kr),
        };
        let now = Now { instant: Instant::now(), unix: UnixMillis(1_700_000_000_000) };
        let mut switch = Switch::new(configuration, Arc::new(settings), pbx::Directory::default());
        let browser = Browser {
            username: "b1".to_owned(),
            password: "p".to_owned(),
            user: BrowserUser::Manager(MINJI, RingDevice::Desktop),
            expires_at: now.unix.plus_ms(1000),
        };
        switch.add_browser(now, browser);
        Self { switch, now, sent: Vec::new(), media: Vec::new() }
    }

    fn collect(&mut self) {
        while let Some(transmit) = self.switch.poll_transmit() {
            self.sent.push(String::from_utf8(transmit.bytes).unwrap());
        }
        while let Some(output) = self.switch.poll_output() {
            if let Output::Media(_, command) = output {
                self.media.push(command);
            }
        }
    }

    /// Minji dials over this transport, as after a challenge that was met.
    fn dials(&mut self, transport: Transport) {
        self.dials_with(transport, "");
    }

    fn dials_with(&mut self, transport: Transport, lines: &str) {
        let flow =
            Flow { transport, local: address("192.0.2.1:8080"), remote: address("192.0.2.9:4242"), connection: 1 };
        let invite = format!(
            "INVITE sip:01011112222@sori SIP/2.0\r\nVia: SIP/2.0/{} 192.0.2.9:4242;branch=z9hG4bK1\r\n\
             From: <sip:b1@sori>;tag=1\r\nTo: <sip:01011112222@sori>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\
             Contact: <sip:b1@192.0.2.9:4242>\r\nMax-Forwards: 70\r\n{lines}Content-Type: application/sdp\r\n\
             Content-Length: {}\r\n\r\n{SDP}",
            transport.as_str(),
            SDP.len() + if transport == Transport::Ws { FINGERPRINT.len() } else { 0 }
        );
        let invite = if transport == Transport::Ws { invite + FINGERPRINT } else { invite };
        self.switch.endpoint.handle_message(self.now.instant, flow, invite.as_bytes());
        let Some(Event::Invite { id, request, flow }) = self.switch.endpoint.poll_event() else { panic!("no INVITE") };
        let key = self.switch.accounts.named("b1").unwrap();
        self.switch.account_called(id, &request, flow, key, self.now);
        self.switch.pump(self.now);
        self.collect();
    }

    /// The carrier on this machine brings a call with these header lines; the status of our last answer.
    fn customer_calls(&mut self, number: usize, lines: &str) -> u16 {
        let flow = Flow {
            transport: Transport::Udp,
            local: address("127.0.0.1:5060"),
            remote: address("127.0.0.1:5080"),
            connection: 0,
        };
        let invite = format!(
            "INVITE sip:07040000001@sori SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5080;branch=z9hG4bKc{number}\r\n\
             To: <sip:07040000001@sori>\r\nCall-ID: c{number}\r\nCSeq: 1 INVITE\r\nContact: <sip:127.0.0.1:5080>\r\n\
             {lines}\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{SDP}",
            SDP.len()
        );
        self.sent.clear();
        self.switch.handle_message(self.now, flow, invite.as_bytes());
        self.now.instant += Duration::from_millis(250);
        self.switch.handle_timeout(self.now);
        self.collect();
        let call_id = format!("\r\nCall-ID: c{number}\r\n");
        let answer = self.sent.iter().rfind(|message| message.contains(&call_id)).expect("a response");
        answer[8..11].parse().expect("a status")
    }

    fn opened(&self) -> Vec<(LegId, Profile)> {
        let open = |command: &Command| match command {
            Command::Open { leg, profile, .. } => Some((*leg, *profile)),
            _ => None,
        };
        self.media.iter().filter_map(open).collect()
    }

    fn media_tells(&mut self, event: Told) {
        self.switch.handle_media(self.now, event);
        self.collect();
    }

    /// The carrier answers our INVITE with this status and, where there is one, session description.
    fn carrier_says(&mut self, status: &str, tag: &str, sdp: &str) {
        let invite = self.sent.iter().rev().find(|message| message.starts_with("INVITE")).expect("an INVITE").clone();
        let copied: String = invite
            .split("\r\n")
            .filter(|line| ["Via:", "From:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name)))
            .map(|line| format!("{line}\r\n"))
            .collect();
        let kind = if sdp.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let response = format!(
            "SIP/2.0 {status}\r\n{copied}To: <sip:x@192.0.2.7>;tag={tag}\r\nContact: <sip:192.0.2.7:5060>\r\n{kind}\
             Content-Length: {}\r\n\r\n{sdp}",
            sdp.len()
        );
        let flow = Flow {
            transport: Transport::Udp,
            local: address("192.0.2.1:5060"),
            remote: address("192.0.2.7:5060"),
            connection: 0,
        };
        self.switch.handle_message(self.now, flow, response.as_bytes());
        self.collect();
    }

    /// The carrier's leg has its offer and the INVITE is out.
    fn carrier_is_called(&mut self) -> LegId {
        let leg = self.opened().last().expect("the customer's leg").0;
        self.media_tells(Told::LocalSdp { leg, sdp: SDP.as_bytes().into() });
        leg
    }

    fn answers_for(&self, leg: LegId) -> usize {
        self.media.iter().filter(|command| matches!(command, Command::Answer { leg: of, .. } if *of == leg)).count()
    }
}

const FINGERPRINT: &str = "a=ice-ufrag:abcd\r\na=fingerprint:sha-256 00:11\r\n";

#[test]
fn a_browsers_offer_waits_for_the_customers_answer() {
    let mut world = World::new();
    world.dials(Transport::Ws);
    assert_eq!(world.opened().iter().map(|o| o.1).collect::<Vec<_>>(), [Profile::Rtp], "the customer's leg alone");
    let customer = world.carrier_is_called();
    world.carrier_says("180 Ringing", "a", "");
    // Longer than ICE would wait for the browser.
    world.now.instant += Duration::from_secs(60);
    world.now.unix = world.now.unix.plus_ms(60_000);
    world.carrier_says("200 OK", "a", SDP);
    let [_, (browser, Profile::WebRtc)] = world.opened()[..] else { panic!("{:?}", world.opened()) };
    assert!(matches!(world.media.last(), Some(Command::Bridge { a, b }) if *a == customer && *b == browser));
    world.media_tells(Told::LocalSdp { leg: browser, sdp: SDP.as_bytes().into() });
    assert!(world.sent.last().is_some_and(|message| message.starts_with("SIP/2.0 200")), "{:?}", world.sent.last());
}

#[test]
fn a_browser_hears_what_the_carrier_plays_before_the_answer() {
    let mut world = World::new();
    world.dials(Transport::Ws);
    let customer = world.carrier_is_called();
    world.carrier_says("180 Ringing", "a", "");
    let rings = |world: &World| world.sent.iter().filter(|message| message.starts_with("SIP/2.0 180")).count();
    assert_eq!((rings(&world), world.opened().len()), (1, 1), "there is nothing to hear yet");
    world.carrier_says("183 Session Progress", "a", SDP);
    let [_, (browser, Profile::WebRtc)] = world.opened()[..] else { panic!("{:?}", world.opened()) };
    assert!(matches!(world.media.last(), Some(Command::Bridge { a, b }) if *a == customer && *b == browser));
    world.media_tells(Told::LocalSdp { leg: browser, sdp: SDP.as_bytes().into() });
    let told = world.sent.last().expect("a progress");
    assert!(told.starts_with("SIP/2.0 183") && told.ends_with(SDP), "{told}");
    world.carrier_says("183 Session Progress", "b", SDP);
    assert_eq!(world.opened().len(), 2, "another branch sounds: the browser's side stays");
    world.carrier_says("200 OK", "b", SDP);
    let told = world.sent.iter().rfind(|message| message.starts_with("SIP/2.0 200") && message.contains("INVITE"));
    assert!(told.is_some_and(|message| message.ends_with(SDP)), "the answer of the 183, again: {told:?}");
}

#[test]
fn an_answer_of_another_branch_than_the_early_media_counts() {
    let mut world = World::new();
    world.dials(Transport::Udp);
    let customer = world.carrier_is_called();
    world.carrier_says("183 Session Progress", "a", SDP);
    assert_eq!(world.answers_for(customer), 1);
    world.carrier_says("200 OK", "b", &SDP.replace("m=audio 4000", "m=audio 6000"));
    assert_eq!(world.answers_for(customer), 2);
}

#[test]
fn a_200_without_an_answer_fails_the_dialling() {
    let mut world = World::new();
    world.dials(Transport::Udp);
    world.carrier_is_called();
    world.carrier_says("200 OK", "a", "");
    assert!(world.sent.iter().any(|message| message.starts_with("BYE")), "{:?}", world.sent);
    let call = world.switch.business().live_calls().next().expect("the manager is told");
    assert_eq!(call.failure, Some("unreachable"));
    assert!(call.engaged_at.is_none());
}

#[test]
fn silence_before_the_answer_ends_nothing() {
    let mut world = World::new();
    world.dials(Transport::Udp);
    let dialler = world.opened()[0].0;
    world.media_tells(Told::LocalSdp { leg: dialler, sdp: SDP.as_bytes().into() });
    world.carrier_is_called();
    world.media_tells(Told::Quiet { leg: dialler, ms: 60_000 });
    assert_eq!(world.switch.counts().legs, 2);
    world.carrier_says("200 OK", "a", SDP);
    world.media_tells(Told::Quiet { leg: dialler, ms: 60_000 });
    assert_eq!(world.switch.business().live_calls().count(), 1, "what was told before the two were bridged is stale");
    world.now.instant += Duration::from_secs(60);
    world.now.unix = world.now.unix.plus_ms(60_000);
    world.media_tells(Told::Quiet { leg: dialler, ms: 60_000 });
    assert_eq!(world.switch.business().live_calls().count(), 0, "after it a phone that says nothing is gone");
}

#[test]
fn a_leg_without_keys_ends_and_its_far_end_hears_why() {
    let mut world = World::new();
    world.dials_with(Transport::Udp, "");
    let leg = world.carrier_is_called();
    world.carrier_says("200 OK", "a", SDP);
    world.media_tells(Told::HandshakeFailed { leg, why: "the certificate is another" });
    let bye = world.sent.iter().find(|message| message.starts_with("BYE")).expect("a BYE");
    assert!(bye.contains("\r\nReason: SIP;cause=488;text=\"the certificate is another\"\r\n"), "{bye}");
    assert!(world.media.iter().any(|command| matches!(command, Command::Close { leg: of } if *of == leg)));
    assert_eq!(world.switch.business().live_calls().count(), 0);
}

#[test]
fn a_hidden_number_is_told_to_the_carrier_alone() {
    let mut world = World::new();
    world.dials_with(Transport::Udp, "Privacy: id\r\n");
    world.carrier_is_called();
    let invite = world.sent.iter().find(|message| message.starts_with("INVITE")).expect("an INVITE");
    assert!(invite.contains("From: \"Anonymous\" <sip:anonymous@anonymous.invalid>;tag="), "{invite}");
    assert!(invite.contains("\r\nP-Asserted-Identity: <sip:+827040000001@") && invite.contains("\r\nPrivacy: id\r\n"));
    assert!(invite.contains("\r\nMax-Forwards: 69\r\n"), "one less than it came with");
}

#[test]
fn a_call_that_comes_round_and_round_is_refused() {
    let mut world = World::new();
    let from = "From: <sip:01011112222@c>;tag=1";
    assert_eq!(world.customer_calls(1, &format!("{from}\r\nMax-Forwards: 0")), 483);
    assert_eq!(world.customer_calls(2, &format!("{from}\r\nMax-Forwards: 70\r\nX-Sori-Passes: 4")), 482);
    assert_eq!(world.customer_calls(3, &format!("{from}\r\nMax-Forwards: 1\r\nX-Sori-Passes: 3")), 100);
    // A carrier that leaves nothing of ours but the numbers.
    let own: Vec<u16> = (10..15).map(|n| world.customer_calls(n, "From: <sip:07040000001@c>;tag=1")).collect();
    assert_eq!(own, [100, 100, 100, 100, 482]);
    assert_eq!(world.customer_calls(20, from), 100, "customers still get through");
}

#[test]
fn who_called_whom_at_first_is_taken_from_the_carrier() {
    let mut world = World::new();
    let lines = "From: <sip:trunk@c>;tag=1\r\nP-Asserted-Identity: <tel:+821033334444>\r\n\
                 Diversion: <sip:0212345678@c>;reason=no-answer, <sip:15881588@c>;reason=unconditional";
    assert_eq!(world.customer_calls(1, lines), 100);
    let call = world.switch.business().live_calls().next().expect("a call");
    assert_eq!(call.from, "+821033334444");
    let marks: Vec<_> = call.trace.iter().filter(|mark| mark.what.starts_with("divert")).collect();
    assert!(marks.iter().any(|mark| mark.detail == "+8215881588"), "{:?}", call.trace);
}

/// RFC 5626: two flows of one phone ring once; the newest is taken, and the other when an edge proxy says that it is gone.
#[test]
fn a_phone_rings_by_one_of_its_flows() {
    let mut world = World::new();
    let key = world.switch.accounts.named("b1").unwrap();
    let flow = |connection| Flow {
        transport: Transport::Tcp,
        local: address("192.0.2.1:5060"),
        remote: address("192.0.2.20:5060"),
        connection,
    };
    for number in [1, 2] {
        world.now.instant += Duration::from_secs(1);
        let register = format!(
            "REGISTER sip:sori SIP/2.0\r\nVia: SIP/2.0/TCP p;branch=z9hG4bK{number}\r\nFrom: <sip:b1@sori>;tag=1\r\n\
             To: <sip:b1@sori>\r\nCall-ID: r{number}\r\nCSeq: 1 REGISTER\r\nSupported: outbound\r\n\
             Contact: <sip:b1@10.0.0.7;ob>;reg-id={number};+sip.instance=\"<urn:uuid:1>\"\r\n\r\n"
        );
        let register = sip::Request::parse(register.as_bytes()).unwrap();
        let outcome = world.switch.registrar.register(world.now.instant, key, &register, flow(number));
        world.switch.on_binding_change(outcome.change.expect("a change"), world.now);
    }
    assert_eq!(world.switch.counts().bindings, 1, "one phone");
    let presentation = crate::present::Presentation {
        id: pbx::PresentationId(1),
        manager: MINJI,
        devices: RingDevices::default(),
        display: "".into(),
        from: pbx::Caller::Anonymous,
        to: None,
        auto_answer: false,
    };
    let call = world.switch.pbx.new_call_id(world.now.unix);
    world.switch.present(call, &presentation, world.now);
    world.collect();
    let [(leg, _)] = world.opened()[..] else { panic!("{:?}", world.opened()) };
    world.switch.handle_media(world.now, Told::LocalSdp { leg, sdp: SDP.as_bytes().into() });
    let by = |world: &mut World| {
        let sent = world.switch.poll_transmit().expect("an INVITE");
        (sent.flow.connection, String::from_utf8(sent.bytes).unwrap())
    };
    let (first, invite) = by(&mut world);
    assert_eq!(first, 2, "the newest flow");
    let gone: String = invite
        .split("\r\n")
        .filter(|line| ["Via:", "From:", "To:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name)))
        .map(|line| format!("{line}\r\n"))
        .collect();
    let gone = format!("SIP/2.0 430 Flow Failed\r\n{gone}Content-Length: 0\r\n\r\n");
    world.switch.handle_message(world.now, flow(2), gone.as_bytes());
    assert!(by(&mut world).1.starts_with("ACK"));
    let (second, invite) = by(&mut world);
    assert!(
        second == 1 && invite.starts_with("INVITE sip:b1@10.0.0.7;ob SIP/2.0") && invite.ends_with(SDP),
        "{invite}"
    );
    assert_eq!(world.switch.counts().legs, 1, "the business heard of nothing");
    world.switch.handle_connection_closed(world.now, 1);
    world.collect();
    assert!(world.media.iter().any(|command| matches!(command, Command::Close { .. })), "no flow is left");
}

/// A phone that signed in over TLS is offered SRTP; its 488 brings DTLS, then plain RTP on the same leg, unheard by the
/// business.
#[test]
fn a_phone_on_tls_that_knows_no_srtp_rings_with_plain_rtp() {
    let mut world = World::new();
    let key = world.switch.accounts.named("b1").unwrap();
    let flow = Flow {
        transport: Transport::Tls,
        local: address("192.0.2.1:5061"),
        remote: address("192.0.2.20:5061"),
        connection: 3,
    };
    let register = "REGISTER sip:sori SIP/2.0\r\nVia: SIP/2.0/TLS p;branch=z9hG4bK1\r\nFrom: <sip:b1@sori>;tag=1\r\n\
                    To: <sip:b1@sori>\r\nCall-ID: r1\r\nCSeq: 1 REGISTER\r\nContact: <sip:b1@192.0.2.20>\r\n\r\n";
    let register = sip::Request::parse(register.as_bytes()).unwrap();
    let outcome = world.switch.registrar.register(world.now.instant, key, &register, flow);
    world.switch.on_binding_change(outcome.change.expect("a change"), world.now);
    let presentation = crate::present::Presentation {
        id: pbx::PresentationId(1),
        manager: MINJI,
        devices: RingDevices::default(),
        display: "".into(),
        from: pbx::Caller::Anonymous,
        to: None,
        auto_answer: false,
    };
    let call = world.switch.pbx.new_call_id(world.now.unix);
    world.switch.present(call, &presentation, world.now);
    world.collect();
    let [(leg, Profile::Srtp)] = world.opened()[..] else { panic!("{:?}", world.opened()) };
    let offers = [(Profile::Srtp, "RTP/SAVP"), (Profile::Dtls, "UDP/TLS/RTP/SAVP"), (Profile::Rtp, "RTP/AVP")];
    for (number, (profile, transport)) in offers.into_iter().enumerate() {
        if number > 0 {
            let again = world.media.last();
            let wanted = |of: LegId, wish: Profile| of == leg && wish == profile;
            assert!(
                matches!(again, Some(Command::OfferAgain { leg, profile, .. }) if wanted(*leg, *profile)),
                "{again:?}"
            );
        }
        world.media_tells(Told::LocalSdp { leg, sdp: SDP.replace("RTP/AVP", transport).into_bytes().into() });
        let invite = world.sent.iter().rfind(|message| message.starts_with("INVITE")).expect("an INVITE").clone();
        assert!(invite.contains(&format!(" {transport} ")), "{invite}");
        let refused: String = invite
            .split("\r\n")
            .filter(|line| ["Via:", "From:", "To:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name)))
            .map(|line| format!("{line}\r\n"))
            .collect();
        let refused = format!("SIP/2.0 488 Not Acceptable Here\r\n{refused}Content-Length: 0\r\n\r\n");
        world.switch.handle_message(world.now, flow, refused.as_bytes());
        world.collect();
    }
    let invites = world.sent.iter().filter(|message| message.starts_with("INVITE")).count();
    assert_eq!(invites, 3, "the last refusal is one");
    assert!(world.media.iter().any(|command| matches!(command, Command::Close { leg: of } if *of == leg)));
}
