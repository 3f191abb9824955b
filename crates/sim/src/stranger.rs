//! Somebody on the internet who has no business here: sends rubbish, floods, and tries to be heard.

use crate::network::{Link, Parcel};
use crate::rng::Rng;
use crate::voice;
use crate::world::{SERVER, World};
use sip::{Flow, Transport};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

/// Where it sits.
const ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 66)), 5060);
/// For the network's parcels: none of the agents.
const NOBODY: usize = usize::MAX;
/// Header fields of a message that is too much.
const MANY_HEADERS: usize = 9_000;
/// Bytes of a body that is too much.
const HUGE_BODY: usize = 60_000;
/// What it says into media: louder than any party, so that it is told from all of them.
const LOUD: i16 = 15_000;
/// Packets it sends to each media port.
const VOICE_PACKETS: u16 = 5;

/// It sends them into calls that speak for so long.
const HEARD_FOR: Duration = Duration::from_secs(1);

/// What it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attack {
    /// Bytes that are no SIP, or were before somebody broke them.
    Garbage(u16),
    /// A message with nine thousand header fields.
    ManyHeaders,
    /// A message with a body as large as a datagram carries.
    HugeBody,
    /// Calls without and with wrong credentials.
    Calls(u16),
    /// Sign-ins likewise.
    SignIns(u16),
    /// OPTIONS, and methods nobody knows.
    Probes(u16),
    /// Requests and responses of calls that never were.
    Ghosts(u16),
    /// Voice packets to the media ports of calls that are up.
    Voice,
}

impl Attack {
    /// One of them, of some size.
    #[must_use]
    pub fn some(rng: &mut Rng) -> Self {
        let size = rng.of(&[3, 20, 200]);
        match rng.between(0..8) {
            0 => Self::Garbage(size),
            1 => Self::ManyHeaders,
            2 => Self::HugeBody,
            3 => Self::Calls(size),
            4 => Self::SignIns(size),
            5 => Self::Probes(size),
            6 => Self::Ghosts(size),
            _ => Self::Voice,
        }
    }
}

/// See the module.
#[derive(Debug)]
pub struct Stranger {
    rng: Rng,
    plans: BTreeMap<(Instant, usize), Attack>,
    sent: u64,
    heard: u64,
}

impl Stranger {
    /// Somebody who has done nothing yet.
    #[must_use]
    pub fn new(rng: Rng) -> Self {
        Self { rng, plans: BTreeMap::new(), sent: 0, heard: 0 }
    }

    /// To be done at that time.
    pub fn plan(&mut self, at: Instant, attack: Attack) {
        self.plans.insert((at, self.plans.len()), attack);
    }

    /// When it acts next.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.plans.first_key_value().map(|((at, _), _)| *at)
    }

    /// Does it sit there?
    #[must_use]
    pub fn is_at(&self, address: SocketAddr) -> bool {
        address.ip() == ADDRESS.ip()
    }

    /// The switch answers it.
    ///
    /// # Errors
    /// When it was told more often than it asked: who sends under a false address could aim the switch at somebody.
    pub fn hear(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.heard += 1;
        if self.heard > self.sent {
            return Err(format!("a stranger gets more than it sent: {}", String::from_utf8_lossy(bytes)));
        }
        Ok(())
    }

    fn take_due(&mut self, now: Instant) -> Option<Attack> {
        let first = self.plans.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    fn messages(&mut self, attack: Attack) -> Vec<Vec<u8>> {
        match attack {
            Attack::Garbage(size) => (0..size).map(|_| self.garbage()).collect(),
            Attack::ManyHeaders => {
                let many: String = (0..MANY_HEADERS).map(|n| format!("X-{n}: {n}\r\n")).collect();
                vec![self.message("OPTIONS", "OPTIONS", &many, "").into_bytes()]
            }
            Attack::HugeBody => {
                vec![self.message("INVITE", "INVITE", "", &"v=0\r\n".repeat(HUGE_BODY / 5)).into_bytes()]
            }
            Attack::Calls(size) => (0..size).map(|_| self.with_some_credentials("INVITE")).collect(),
            Attack::SignIns(size) => (0..size).map(|_| self.with_some_credentials("REGISTER")).collect(),
            Attack::Probes(size) => (0..size).map(|_| self.probe()).collect(),
            Attack::Ghosts(size) => (0..size).map(|_| self.ghost()).collect(),
            Attack::Voice => Vec::new(),
        }
    }

    /// A request from here; `cseq` is the method that CSeq names.
    fn message(&mut self, method: &str, cseq: &str, headers: &str, body: &str) -> String {
        let (call, user) = (self.rng.bits(), self.rng.of(&["u61", "d62", "sipvicious", "07040000001", "%00"]));
        let to = self.rng.of(&["07040000001", "u61", "00441234567890", ""]);
        format!(
            "{method} sip:{to}@{SERVER} SIP/2.0\r\nVia: SIP/2.0/UDP {ADDRESS};rport;branch=z9hG4bK{call:x}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{user}@{SERVER}>;tag={call:x}\r\nTo: <sip:{to}@{SERVER}>\r\n\
             Call-ID: {call:x}@stranger\r\nCSeq: 1 {cseq}\r\nContact: <sip:{user}@{ADDRESS}>\r\n{headers}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    fn garbage(&mut self) -> Vec<u8> {
        let mut bytes = self.message("INVITE", "INVITE", "", "v=0\r\n").into_bytes();
        match self.rng.between(0..3) {
            0 => bytes = (0..self.rng.between(1..400)).map(|_| self.rng.bits() as u8).collect(),
            1 => {
                let length = self.rng.between(1..bytes.len() as u64);
                bytes.truncate(usize::try_from(length).unwrap_or(1));
            }
            _ => {
                for _ in 0..4 {
                    let at = usize::try_from(self.rng.between(0..bytes.len() as u64)).unwrap_or(0);
                    bytes[at] = self.rng.bits() as u8;
                }
            }
        }
        bytes
    }

    fn with_some_credentials(&mut self, method: &str) -> Vec<u8> {
        let bits = self.rng.bits();
        let wrong = format!(
            "Authorization: Digest username=\"u61\", realm=\"sim\", nonce=\"{bits:x}\", uri=\"sip:sim\", \
             response=\"{bits:032x}\"\r\n"
        );
        let headers = if self.rng.chance(500) { wrong.as_str() } else { "" };
        self.message(method, method, headers, "").into_bytes()
    }

    fn probe(&mut self) -> Vec<u8> {
        let method = self.rng.of(&["OPTIONS", "MESSAGE", "SUBSCRIBE", "NOTIFY", "REFER", "PUBLISH", "DANCE", "UPDATE"]);
        self.message(method, method, "Event: presence\r\nRefer-To: <sip:u61@h>\r\n", "").into_bytes()
    }

    fn ghost(&mut self) -> Vec<u8> {
        let method = self.rng.of(&["BYE", "CANCEL", "ACK", "INVITE", "PRACK", "INFO", "REFER", "NOTIFY", "UPDATE"]);
        let text = self.message(method, method, "RAck: 1 1 INVITE\r\n", "");
        let text = text.replacen(">\r\nCall-ID", ">;tag=none\r\nCall-ID", 1);
        if self.rng.chance(300) {
            return format!("SIP/2.0 200 OK\r\n{}", text.split_once("\r\n").map_or("", |(_, rest)| rest)).into_bytes();
        }
        text.into_bytes()
    }
}

impl World {
    pub(crate) fn let_stranger_act(&mut self) {
        let now = self.clock.instant();
        let link = Link::perfect(5);
        while let Some(attack) = self.stranger.take_due(now) {
            self.ladder.note(self.clock.elapsed(), format!("a stranger sends {attack:?}"));
            let flow = Flow { transport: Transport::Udp, local: SERVER, remote: ADDRESS, connection: 0 };
            for bytes in self.stranger.messages(attack) {
                self.stranger.sent += 1;
                self.network.send(now, &link, Parcel::ToSwitch(NOBODY, flow, bytes));
            }
            if attack == Attack::Voice {
                self.shout(now);
            }
        }
    }

    /// The stranger sends voice to each port at which somebody is heard. Before the first packet of a call nobody can tell a
    /// stranger from a phone behind a box.
    fn shout(&mut self, now: Instant) {
        let ssrc = self.stranger.rng.bits() as u32;
        let calls = self.agents.iter().filter(|agent| !agent.gone).flat_map(|agent| agent.calls.values());
        let heard = calls.filter(|call| call.is_heard_since(now, HEARD_FOR)).filter_map(|call| call.far);
        for to in heard.map(|far| far.to) {
            for n in 0..VOICE_PACKETS {
                let packet = voice::packet(voice::PCMU, n, u32::from(n) * 160, ssrc, LOUD);
                let link = Link::perfect(5 + 20 * u64::from(n));
                self.network.send(now, &link, Parcel::ToEngine(ADDRESS, to, packet));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_attack_is_made_of_what_it_says() {
        let mut stranger = Stranger::new(Rng::new(1));
        for (attack, messages) in
            [(Attack::Garbage(3), 3), (Attack::ManyHeaders, 1), (Attack::Calls(5), 5), (Attack::Ghosts(9), 9)]
        {
            assert_eq!(stranger.messages(attack).len(), messages, "{attack:?}");
        }
        let many = String::from_utf8(stranger.messages(Attack::ManyHeaders).remove(0)).unwrap();
        assert_eq!(many.lines().filter(|line| line.starts_with("X-")).count(), MANY_HEADERS);
    }

    #[test]
    fn more_answers_than_questions_are_a_fault() {
        let mut stranger = Stranger::new(Rng::new(1));
        stranger.sent = 1;
        assert!(stranger.hear(b"SIP/2.0 401 No\r\n\r\n").is_ok());
        assert!(stranger.hear(b"SIP/2.0 401 No\r\n\r\n").is_err());
    }
}
