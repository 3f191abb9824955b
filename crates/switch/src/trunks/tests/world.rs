//! A switch, its clock, and the proxies its messages go to.

use super::peer::{Manner, Peer};
use crate::settings::{CarrierAccount, CarrierTrust, Proxy, Registration};
use crate::switch::{Configuration, LiveChange, Now, Output, Switch};
use crate::tests::business;
use crate::trunks::{ResolveId, Target, TrunkCondition, TrunkReason, TrunkStatus};
use crate::{Browser, BrowserUser, Settings};
use media::{Command, Event as Told, LegId, Profile};
use pbx::settings::RingDevice;
use pbx::{CarrierId, Country, ManagerId, UnixMillis};
use sip::{Flow, Transport};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(super) const CARRIER: CarrierId = CarrierId(1);
pub(super) const SDP: &str =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
/// Inputs and wake-ups of one run at most.
const MAX_STEPS: usize = 20_000;

pub(super) fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// The target at an address, over UDP.
pub(super) fn udp(text: &str) -> Target {
    Target { transport: Transport::Udp, address: address(text) }
}

/// A carrier with these proxies that neither registers nor probes.
pub(super) fn carrier(proxies: &[&str]) -> CarrierAccount {
    let proxies = proxies.iter().map(|text| Proxy::at(address(text))).collect();
    let trust = CarrierTrust::Addresses(Vec::new());
    CarrierAccount { proxies, host: "carrier.test".to_owned(), ..CarrierAccount::plain(CARRIER, "kt", trust, None) }
}

/// The same, to register at as trunk1.
pub(super) fn registering(proxies: &[&str]) -> CarrierAccount {
    let registration = Registration { user: "trunk1".to_owned(), contact_user: "c0ffee".to_owned() };
    CarrierAccount {
        credentials: Some(("trunk1".to_owned(), "secret".to_owned())),
        registration: Some(registration),
        ..carrier(proxies)
    }
}

pub(super) struct World {
    pub(super) switch: Switch,
    pub(super) now: Now,
    start: Instant,
    pub(super) peers: BTreeMap<SocketAddr, Peer>,
    /// Every request that was sent for the first time, and every answer.
    pub(super) sent: Vec<String>,
    pub(super) ladder: Vec<String>,
    /// What the switch answered.
    pub(super) replies: Vec<String>,
    /// Calls as they were last told to be kept.
    pub(super) kept: BTreeMap<pbx::CallId, pbx::CallRecord>,
    branches: BTreeSet<String>,
    pub(super) told: Vec<TrunkStatus>,
    pub(super) questions: Vec<(ResolveId, String)>,
    pub(super) opened: Vec<(LegId, Profile)>,
}

impl World {
    #[allow(clippy::disallowed_methods, reason = "any instant will do to count from")]
    pub(super) fn new(account: CarrierAccount) -> Self {
        let configuration = Configuration {
            realm: "sori".to_owned(),
            offer_sha256: false,
            host: "192.0.2.1:5060".to_owned(),
            udp: address("192.0.2.1:5060"),
            seed: 1,
            nonce_key: [7; 32],
            max_transactions: 1000,
        };
        let now = Now { instant: Instant::now(), unix: UnixMillis(1_700_000_000_000) };
        let peers = account.proxies.iter().filter_map(|proxy| {
            let target = crate::trunks::resolve::numeric(proxy)?;
            Some((target.address, Peer::default()))
        });
        let peers = peers.collect();
        let mut switch = Switch::new(configuration, Arc::new(settings(vec![account])), pbx::Directory::default());
        let browser = Browser {
            username: "b1".to_owned(),
            password: "p".to_owned(),
            user: BrowserUser::Manager(ManagerId(1), RingDevice::Desktop),
            expires_at: UnixMillis(u64::MAX),
        };
        switch.add_browser(now, browser);
        Self {
            switch,
            now,
            start: now.instant,
            peers,
            sent: Vec::new(),
            ladder: Vec::new(),
            replies: Vec::new(),
            kept: BTreeMap::new(),
            branches: BTreeSet::new(),
            told: Vec::new(),
            questions: Vec::new(),
            opened: Vec::new(),
        }
    }

    pub(super) fn peer(&mut self, at: &str) -> &mut Peer {
        self.peers.entry(address(at)).or_default()
    }

    pub(super) fn change(&mut self, carriers: Vec<CarrierAccount>) {
        self.switch.handle_settings(self.now, Arc::new(settings(carriers)));
        self.collect();
    }

    fn flow(to: SocketAddr, transport: Transport) -> Flow {
        let connection = u64::from(transport.is_reliable());
        Flow { transport, local: address("192.0.2.1:5060"), remote: to, connection }
    }

    /// A message from somewhere, over UDP.
    pub(super) fn receive(&mut self, from: &str, message: &str) {
        self.switch.handle_message(self.now, Self::flow(address(from), Transport::Udp), message.as_bytes());
        self.collect();
    }

    /// Hands everything out to the peers and their answers back in.
    pub(super) fn collect(&mut self) {
        for _ in 0..MAX_STEPS {
            while let Some(output) = self.switch.poll_output() {
                self.take_output(output);
            }
            let Some(transmit) = self.switch.poll_transmit() else { return };
            let message = String::from_utf8(transmit.bytes).unwrap();
            self.carry(transmit.flow, &message);
        }
        panic!("the switch and its peers never come to rest");
    }

    fn take_output(&mut self, output: Output) {
        match output {
            Output::Live(LiveChange::Trunk { status: Some(status), .. }) => {
                let reason = status.reason.map_or_else(String::new, |reason| match reason {
                    TrunkReason::Status(code) => format!(", {code}"),
                    TrunkReason::NoAnswer => ", no answer".to_owned(),
                    TrunkReason::Unresolved => ", unresolved".to_owned(),
                });
                let line = format!("{} == {}{reason}", self.seconds(), status.condition.as_str());
                let before = self.told.last().map(|l| (l.condition, l.reason)).unwrap_or_default();
                if before != (status.condition, status.reason) {
                    self.ladder.push(line);
                }
                self.told.push(status);
            }
            Output::Live(LiveChange::Trunk { status: None, .. }) => {
                let line = format!("{} == gone", self.seconds());
                self.ladder.push(line);
            }
            Output::Resolve { query, host, .. } => {
                let line = format!("{} ?? {host}", self.seconds());
                self.ladder.push(line);
                self.questions.push((query, host));
            }
            Output::Media(_, Command::Open { leg, profile, .. }) => self.opened.push((leg, profile)),
            Output::Media(_, Command::OfferAgain { leg, profile, .. }) => {
                self.switch.handle_media(self.now, Told::LocalSdp { leg, sdp: offer(profile) });
            }
            Output::Record(pbx::Record::Call(record)) => drop(self.kept.insert(record.id, *record)),
            Output::Media(_, Command::Close { leg }) => {
                self.switch.handle_media(self.now, Told::Closed { leg, figures: media::Figures::default() });
            }
            _ => {}
        }
    }

    fn carry(&mut self, flow: Flow, message: &str) {
        let via = message.split("\r\n").find(|line| line.starts_with("Via: ")).unwrap_or_default();
        let method = message.split(' ').next().unwrap_or_default().to_owned();
        let is_new = self.branches.insert(format!("{method} {via}"));
        if method.starts_with("SIP/") {
            return self.replies.push(message.to_owned());
        }
        let Some(peer) = self.peers.get_mut(&flow.remote) else { return };
        let (manner, answer) = (peer.manner, peer.answer(message));
        if is_new {
            let note = notes(message);
            let line = format!("{} {method}{note} -> {}", self.seconds(), flow.remote.ip());
            self.ladder.push(line);
            self.sent.push(message.to_owned());
        }
        match (manner, answer) {
            (Manner::Refuses, _) => self.switch.handle_send_failed(self.now, flow),
            (Manner::Answers, Some(answer)) => {
                let status = answer.split(' ').nth(1).unwrap_or_default().to_owned();
                self.ladder.push(format!("  <- {status}"));
                self.sent.push(answer.clone());
                let back = Self::flow(flow.remote, flow.transport);
                self.switch.handle_message(self.now, back, answer.as_bytes());
            }
            (Manner::Silent, _) | (_, None) => {}
        }
    }

    fn seconds(&self) -> String {
        format!("{:.1}", self.now.instant.duration_since(self.start).as_secs_f64())
    }

    /// Time goes on for so long, from wake-up to wake-up.
    pub(super) fn run(&mut self, seconds: u64) {
        let end = self.now.instant + Duration::from_secs(seconds);
        self.collect();
        for _ in 0..MAX_STEPS {
            let Some(due) = self.switch.next_timeout(self.now).filter(|due| *due <= end) else { break };
            self.go_to(due.max(self.now.instant));
            self.switch.handle_timeout(self.now);
            self.collect();
        }
        self.go_to(end);
    }

    fn go_to(&mut self, instant: Instant) {
        let passed = instant.duration_since(self.now.instant).as_millis();
        self.now.unix = self.now.unix.plus_ms(u64::try_from(passed).unwrap());
        self.now.instant = instant;
    }

    /// A manager dials; the media engine has an offer for the carrier's leg at once, if there is such a leg.
    /// Whoever talks hangs up before.
    pub(super) fn dial(&mut self) {
        self.hang_up();
        let transport = Transport::Udp;
        let flow = Flow { remote: address("192.0.2.9:4242"), ..Self::flow(address("192.0.2.9:4242"), transport) };
        let number = self.branches.len();
        let invite = format!(
            "INVITE sip:01011112222@sori SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:4242;branch=z9hG4bK{number}\r\n\
             From: <sip:b1@sori>;tag=1\r\nTo: <sip:01011112222@sori>\r\nCall-ID: dial{number}\r\nCSeq: 1 INVITE\r\n\
             Contact: <sip:b1@192.0.2.9:4242>\r\nMax-Forwards: 70\r\nContent-Type: application/sdp\r\n\
             Content-Length: {}\r\n\r\n{SDP}",
            SDP.len()
        );
        let before = self.opened.len();
        self.switch.endpoint.handle_message(self.now.instant, flow, invite.as_bytes());
        let Some(sip::Event::Invite { id, request, flow }) = self.switch.endpoint.poll_event() else {
            panic!("no INVITE")
        };
        let key = self.switch.accounts.named("b1").unwrap();
        self.switch.account_called(id, &request, flow, key, self.now);
        self.switch.pump(self.now);
        self.collect();
        // The manager's own leg is opened first.
        if let Some((leg, profile)) = self.opened.get(before + 1).copied() {
            self.switch.handle_media(self.now, Told::LocalSdp { leg, sdp: offer(profile) });
            self.collect();
        }
    }

    /// All calls end; what is sent for that is not on the ladder.
    pub(super) fn hang_up(&mut self) {
        let calls: Vec<pbx::CallId> = self.switch.business().live_calls().map(|call| call.id).collect();
        let noted = self.ladder.len();
        for call in calls {
            let now = self.now;
            self.switch.with_business(now, |pbx| pbx.hang_up(call, None, now.unix));
            self.collect();
        }
        self.ladder.truncate(noted);
    }

    /// Why the call that was dialled last failed; none while it goes on.
    pub(super) fn failure(&self) -> Option<&'static str> {
        self.switch.business().live_calls().last().and_then(|call| call.failure)
    }

    pub(super) fn condition(&self) -> TrunkCondition {
        self.told.last().map(|status| status.condition).unwrap_or_default()
    }

    /// Compares the ladder since the last time.
    #[track_caller]
    pub(super) fn check(&mut self, expected: &str) {
        let got = std::mem::take(&mut self.ladder).join("\n");
        let expected: Vec<&str> = expected.lines().map(str::trim_end).filter(|line| !line.trim().is_empty()).collect();
        let margin = expected.iter().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
        let expected: Vec<&str> = expected.iter().map(|line| &line[margin..]).collect();
        assert_eq!(got, expected.join("\n"), "\n--- got\n{got}\n---");
    }
}

/// What the media engine would offer, as far as it matters here.
fn offer(profile: Profile) -> Arc<[u8]> {
    let transport = if profile == Profile::Srtp { "RTP/SAVP" } else { "RTP/AVP" };
    SDP.replace("RTP/AVP", transport).into_bytes().into()
}

/// What matters of a request besides its method.
fn notes(message: &str) -> String {
    let mut notes = String::new();
    if let Some(expires) = message.split("\r\n").find_map(|line| line.strip_prefix("Expires: ")) {
        notes.push_str(&format!(" {expires} s"));
    }
    if message.contains("\r\nAuthorization: ") || message.contains("\r\nProxy-Authorization: ") {
        notes.push_str(" signed");
    }
    if message.contains(" RTP/SAVP ") {
        notes.push_str(" srtp");
    }
    notes
}

fn settings(carriers: Vec<CarrierAccount>) -> Settings {
    Settings { business: Arc::new(business()), phones: Vec::new(), carriers, country: Some(Country::Kr) }
}
