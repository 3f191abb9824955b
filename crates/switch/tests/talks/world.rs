//! A whole switch with its media, a carrier and four phones, on a network that loses nothing and takes no time.

use super::dialog::{Stand, after};
use super::media_side::{MUSIC, MediaSide};
use super::party::{Account, Party};
use media::g711::Law;
use pbx::record::{CallRecord, Record};
use pbx::settings::{
    Announcement, ContinueConversation, Manager, Number, OperatorStatus, RingDevices, RingbackChoice, Role, Routing,
};
use pbx::{CarrierId, Country, ManagerId, NumberId, PhoneId, UnixMillis};
use sip::{Flow, Transport};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use switch::{CarrierAccount, CarrierTrust, Configuration, Now, Output, PhoneAccount, Settings, Switch};

pub const CARRIER: usize = 0;
/// Minji's phone.
pub const MINJI: usize = 1;
pub const JUN: usize = 2;
/// A second phone of minji's.
pub const MINJI2: usize = 3;

/// Rounds of messages after one deed at most.
const MAX_ROUNDS: usize = 1_000;
/// Wake-ups of one wait at most; media ticks count.
const MAX_WAKE_UPS: usize = 4_000_000;

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn manager(id: u64, name: &str) -> Manager {
    Manager {
        id: ManagerId(id),
        name: name.to_owned(),
        role: Role::Manager,
        team_ids: Vec::new(),
        language: pbx::command::Language::Ko,
        status: OperatorStatus::Waiting,
        ring_devices: RingDevices::default(),
        unassigned_call_alert: false,
        seat: true,
        max_calls: 1,
    }
}

fn business() -> pbx::Settings {
    let number = Number {
        id: NumberId(1),
        e164: "+827040000001".parse().expect("a number"),
        country: Country::Kr,
        carrier_id: Some(CarrierId(1)),
        is_default: true,
        ring_seconds: 20,
        ringback: RingbackChoice::Loop,
        continue_conversation: ContinueConversation::Off,
        routing: Routing::Manager(ManagerId(1)),
        greeting: Announcement { off: true, ..Announcement::default() },
        all_busy: Announcement::default(),
        out_of_hours: Announcement::default(),
        hours_id: None,
        caller_id: None,
    };
    let managers = [manager(1, "minji"), manager(2, "jun"), manager(3, "sora")];
    pbx::Settings {
        managers: managers.into_iter().map(|manager| (manager.id, manager)).collect(),
        number_by_e164: BTreeMap::from([(number.e164, number.id)]),
        numbers: BTreeMap::from([(number.id, number)]),
        max_calls: 100,
        ..pbx::Settings::default()
    }
}

const PHONES: [(&str, &str, u64, &str); 4] = [
    ("minji", "u1", 1, "192.0.2.11:5060"),
    ("jun", "u2", 2, "192.0.2.12:5060"),
    ("minji2", "u3", 1, "192.0.2.13:5060"),
    ("sora", "u4", 3, "192.0.2.14:5060"),
];

pub struct World {
    pub switch: Switch,
    pub now: Now,
    pub parties: Vec<Party>,
    pub media: MediaSide,
    /// Calls that are over, by their last record.
    pub ended: Vec<CallRecord>,
    drawn: String,
}

impl World {
    #[allow(clippy::disallowed_methods, reason = "any instant will do to count from")]
    pub fn new() -> Self {
        let configuration = Configuration {
            realm: "sori".to_owned(),
            offer_sha256: false,
            host: "192.0.2.1:5060".to_owned(),
            udp: address("192.0.2.1:5060"),
            seed: 1,
            nonce_key: [7; 32],
            max_transactions: 1000,
        };
        let phones = PHONES.iter().enumerate().map(|(index, (_, user, manager, _))| PhoneAccount {
            id: PhoneId(index as u64 + 1),
            manager_id: ManagerId(*manager),
            user_id: (*user).to_owned(),
            device_address: format!("d-{user}"),
            password: "secret".to_owned(),
        });
        let trust = CarrierTrust::Addresses(vec!["203.0.113.1".parse().expect("a prefix")]);
        let settings = Settings {
            business: Arc::new(business()),
            phones: phones.collect(),
            carriers: vec![CarrierAccount::plain(CarrierId(1), "kt", trust, Some(address("203.0.113.1:5060")))],
            country: Some(Country::Kr),
        };
        let now = Now { instant: Instant::now(), unix: UnixMillis(1_700_000_000_000) };
        let mut parties = vec![Party::new("carrier", address("203.0.113.1:5060"), None)];
        parties.extend(
            PHONES.map(|(name, user, _, at)| Party::new(name, address(at), Some(Account { user, password: "secret" }))),
        );
        let switch = Switch::new(configuration, Arc::new(settings), pbx::Directory::default());
        let mut world = Self { switch, now, parties, media: MediaSide::new(), ended: Vec::new(), drawn: String::new() };
        for phone in [MINJI, JUN] {
            world.sign_in(phone);
        }
        world
    }

    pub fn sign_in(&mut self, phone: usize) {
        self.parties[phone].register();
        self.settle();
        self.drawn.clear();
    }

    /// Carries messages and media orders until nobody has anything to say.
    pub fn settle(&mut self) {
        for _ in 0..MAX_ROUNDS {
            let mut moved = false;
            while let Some(transmit) = self.switch.poll_transmit() {
                moved = true;
                let message = String::from_utf8(transmit.bytes).expect("text");
                let to = self.parties.iter().position(|party| party.address == transmit.flow.remote);
                let to = to.unwrap_or_else(|| panic!("a message to nobody: {message}"));
                self.draw(to, '<', &message);
                self.parties[to].receive(&message);
            }
            while let Some(output) = self.switch.poll_output() {
                moved = true;
                match output {
                    Output::Media(call, command) => self.media.command(self.now.instant, call, command),
                    Output::Record(Record::Call(call)) if call.ended_at.is_some() => self.ended.push(*call),
                    _ => {}
                }
            }
            while let Some(event) = self.media.poll_event() {
                moved = true;
                self.switch.handle_media(self.now, event);
            }
            for index in 0..self.parties.len() {
                for message in self.parties[index].take_out() {
                    moved = true;
                    self.draw(index, '>', &message);
                    let flow = Flow {
                        transport: Transport::Udp,
                        local: address("192.0.2.1:5060"),
                        remote: self.parties[index].address,
                        connection: 0,
                    };
                    self.switch.handle_message(self.now, flow, message.as_bytes());
                }
            }
            if !moved {
                return;
            }
        }
        panic!("nobody comes to rest\n{}", self.drawn);
    }

    fn draw(&mut self, party: usize, way: char, message: &str) {
        let cseq = after(message, "CSeq: ").unwrap_or_default();
        let method = cseq.split(' ').nth(1).unwrap_or_default();
        if method == "REGISTER" || message.starts_with("SIP/2.0 100") {
            return;
        }
        let what = match message.strip_prefix("SIP/2.0 ") {
            Some(rest) if method == "INVITE" => rest[..3].to_owned(),
            Some(rest) => format!("{} {method}", &rest[..3]),
            None => method.to_owned(),
        };
        let sdp = if message.contains("m=audio") { " sdp" } else { "" };
        let progress =
            message.split("\r\n\r\nSIP/2.0 ").nth(1).map_or_else(String::new, |rest| format!(" ({})", &rest[..3]));
        writeln!(self.drawn, "{} {way} {what}{sdp}{progress}", self.parties[party].name).expect("memory");
    }

    /// Compares what went over the wire since the last look.
    #[track_caller]
    pub fn check(&mut self, expected: &str) {
        let drawn = std::mem::take(&mut self.drawn);
        let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        assert!(drawn.lines().eq(expected.iter().copied()), "drawn\n{drawn}\nexpected\n{}\n", expected.join("\n"));
    }

    /// Forgets what went over the wire.
    pub fn skip(&mut self) {
        self.drawn.clear();
    }

    /// Time goes on.
    pub fn wait(&mut self, seconds: u64) {
        let end = self.now.instant + Duration::from_secs(seconds);
        self.settle();
        for _ in 0..MAX_WAKE_UPS {
            let due = [self.switch.next_timeout(self.now), self.media.next_timeout()].into_iter().flatten().min();
            let Some(due) = due.filter(|due| *due <= end) else {
                self.go_to(end);
                return;
            };
            self.go_to(due.max(self.now.instant));
            self.switch.handle_timeout(self.now);
            self.media.tick(self.now.instant);
            self.media.take_sent();
            self.settle();
        }
        panic!("too many wake-ups");
    }

    fn go_to(&mut self, instant: Instant) {
        let passed = instant.duration_since(self.now.instant);
        // What is less than a millisecond is kept by going in whole ones.
        let ms = u64::try_from(passed.as_micros().div_ceil(1000)).expect("a short time");
        self.now.unix = self.now.unix.plus_ms(ms);
        self.now.instant += Duration::from_millis(ms);
    }

    /// Time goes on while everybody says something now and then, so that nobody seems gone.
    pub fn wait_talking(&mut self, seconds: u64) {
        for _ in 0..seconds / 10 {
            self.wait(10);
            self.speak();
        }
    }

    /// Everybody speaks for 200 ms: who hears whom in the end, in the order of the parties.
    pub fn heard(&mut self) -> String {
        for party in &mut self.parties {
            party.calls.iter_mut().for_each(|call| call.heard.clear());
        }
        for _ in 0..10 {
            self.go_to(self.now.instant + Duration::from_millis(20));
            self.speak();
            self.switch.handle_timeout(self.now);
            self.media.tick(self.now.instant);
            self.settle();
            for (to, packet) in self.media.take_sent() {
                let call = self.parties.iter_mut().flat_map(|party| &mut party.calls).find(|call| call.media == to);
                if let (Some(call), Some(payload)) = (call, packet.get(12..)) {
                    call.heard.push((packet[1] & 0x7f, payload.to_vec()));
                }
            }
        }
        let mut told = Vec::new();
        for (name, index, call) in self.lines() {
            let heard = self.parties[name].calls[index].heard.last();
            let mut who = BTreeSet::new();
            if let Some((format, payload)) = heard {
                who.insert(self.name_of(*format, payload));
            }
            let who = who.into_iter().next().unwrap_or_else(|| "nothing".to_owned());
            told.push(format!("{call} hears {who}"));
        }
        told.join(", ")
    }

    /// Calls that are up: party, index and name.
    fn lines(&self) -> Vec<(usize, usize, String)> {
        let mut lines = Vec::new();
        for (place, party) in self.parties.iter().enumerate() {
            for (index, call) in party.calls.iter().enumerate().filter(|(_, call)| call.stand == Stand::Up) {
                let _ = call;
                lines.push((place, index, name(party.name, index)));
            }
        }
        lines
    }

    fn speak(&mut self) {
        for (place, index, _) in self.lines() {
            let party = &mut self.parties[place];
            let call = &mut party.calls[index];
            let Some(far) = call.far.filter(|_| !party.is_gone && call.direction.starts_with("send")) else { continue };
            let format: u8 = call.formats.split(' ').next().and_then(|f| f.parse().ok()).expect("a format");
            let law = if format == 8 { Law::A } else { Law::Mu };
            call.spoken += 1;
            let mut packet = vec![0x80, format];
            packet.extend(call.spoken.to_be_bytes());
            packet.extend((u32::from(call.spoken) * 160).to_be_bytes());
            packet.extend((place as u32 * 100 + index as u32 + 1).to_be_bytes());
            packet.extend([law.encode(level(place, index)); 160]);
            let from = call.media;
            self.media.packet(self.now.instant, from, far, packet);
        }
    }

    fn name_of(&self, format: u8, payload: &[u8]) -> String {
        let law = if format == 8 { Law::A } else { Law::Mu };
        let sample = payload.get(80).map_or(0, |byte| law.decode(*byte));
        let near = |level: i16| (i32::from(sample) - i32::from(level)).abs() < i32::from(level) / 24;
        if near(MUSIC) {
            return "music".to_owned();
        }
        let all = self.parties.iter().enumerate();
        let calls = all.flat_map(|(place, party)| (0..party.calls.len()).map(move |index| (place, index)));
        let closest = calls.min_by_key(|(place, index)| (i32::from(sample) - i32::from(level(*place, *index))).abs());
        if let Some((place, index)) = closest.filter(|(place, index)| near(level(*place, *index))) {
            return name(self.parties[place].name, index);
        }
        if payload.iter().all(|byte| law.decode(*byte).abs() < 16) { "silence".to_owned() } else { "a tone".to_owned() }
    }

    /// Everything is given back.
    #[track_caller]
    pub fn check_all_free(&mut self) {
        self.wait(40);
        let counts = self.switch.counts();
        assert_eq!((counts.calls, counts.switched, counts.legs, counts.swept), (0, 0, 0, 0), "{counts:?}");
        assert_eq!((counts.sip.invites, counts.sip.dialogs), (0, 0), "{counts:?}");
        assert_eq!((counts.sip.client_transactions, counts.sip.server_transactions, counts.sip.timers), (0, 0, 0));
        assert_eq!(self.media.legs(), 0, "media legs");
    }

    // What parties do.

    /// The customer calls and minji answers.
    pub fn customer_talks_to_minji(&mut self) {
        self.call(CARRIER, "07040000001", "01055556666");
        self.answer(MINJI, 0);
        assert_eq!(self.heard(), "carrier hears minji, minji hears carrier");
        self.skip();
    }

    pub fn call(&mut self, who: usize, to: &str, from: &str) {
        self.parties[who].call(to, from, "", true);
        self.settle();
    }

    /// Who hears whom before the call is answered.
    pub fn heard_early(&mut self, parties: [usize; 2]) -> String {
        let before = parties.map(|who| std::mem::replace(&mut self.parties[who].calls[0].stand, Stand::Up));
        let heard = self.heard();
        for (who, stand) in parties.into_iter().zip(before) {
            self.parties[who].calls[0].stand = stand;
        }
        heard
    }

    /// A phone calls, as itself.
    pub fn dial(&mut self, who: usize, to: &str) {
        let user = self.parties[who].account.expect("a phone").user;
        self.call(who, to, user);
    }

    pub fn answer(&mut self, who: usize, call: usize) {
        self.parties[who].answer(call, "200 OK");
        self.settle();
    }

    pub fn refuse(&mut self, who: usize, call: usize, status: &str) {
        self.parties[who].answer(call, status);
        self.settle();
    }

    pub fn hang_up(&mut self, who: usize, call: usize) {
        self.parties[who].hang_up(call);
        self.settle();
    }

    /// Offers with this direction: `sendonly` and `inactive` hold, `sendrecv` resumes.
    pub fn direct(&mut self, who: usize, call: usize, direction: &'static str) {
        self.parties[who].calls[call].direction = direction;
        self.parties[who].offer(call);
        self.settle();
    }

    pub fn refer(&mut self, who: usize, call: usize, to: &str) {
        self.parties[who].ask(call, "REFER", &format!("Refer-To: <{to}>\r\n"), "");
        self.settle();
    }

    /// An attended transfer: the other party of `call` to that of `other`.
    pub fn refer_to_call(&mut self, who: usize, call: usize, other: usize) {
        let replaces = self.parties[who].replaces(other).replace(';', "%3B").replace('=', "%3D");
        self.refer(who, call, &format!("sip:x@192.0.2.1?Replaces={replaces}"));
    }
}

/// How loud a party is in a call; nobody is as loud as another.
fn level(party: usize, call: usize) -> i16 {
    i16::try_from(4_500 + 5_200 * party + 900 * call).expect("a level")
}

fn name(party: &str, call: usize) -> String {
    if call == 0 { party.to_owned() } else { format!("{party}:{}", call + 1) }
}
