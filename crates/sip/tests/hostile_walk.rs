//! A peer that sends whatever comes to its mind within calls, forks included. Whatever it is: no panic, each session ends once,
//! and nothing is left.

use sip::{Event, InviteId, Reply, Transport};

use crate::net::sdp;
use crate::peer::{INVITE, Peer, of_callee, with_sdp, within};
use crate::print_again::Dice;

/// Most messages of ours that the peer remembers to answer or to speak of.
const MEMORY: usize = 12;

struct Walk {
    peer: Peer,
    dice: Dice,
    ids: Vec<InviteId>,
    /// Requests of ours, INVITEs of ours, responses of ours with a To tag.
    requests: Vec<String>,
    invites: Vec<String>,
    responses: Vec<String>,
    begun: usize,
    ended: usize,
    count: u32,
    /// First words of everything that was sent, to see what a walk came by.
    seen: String,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let transport = if seed.is_multiple_of(3) { Transport::Tcp } else { Transport::Udp };
        Self {
            peer: Peer::new(transport),
            dice: Dice(seed * 2 + 1),
            ids: Vec::new(),
            requests: Vec::new(),
            invites: Vec::new(),
            responses: Vec::new(),
            begun: 0,
            ended: 0,
            count: 0,
            seen: String::new(),
        }
    }

    /// Header lines that may stand anywhere, and perhaps a session description.
    fn dress(&mut self, message: &str) -> String {
        let mut text = message.to_owned();
        for _ in 0..self.dice.below(4) {
            let number = self.dice.below(6);
            let line = [
                "Supported: 100rel, timer",
                "Require: 100rel",
                "Contact: <sip:x@192.0.2.2:5070>",
                "Allow: INVITE, ACK, BYE, UPDATE",
                &format!("RSeq: {number}"),
                &format!("RAck: {number} {} INVITE", self.dice.below(3)),
                &format!("Session-Expires: {};refresher={}", number * 100, ["uac", "uas"][number % 2]),
                &format!("Min-SE: {}", number * 700),
                &format!("Retry-After: {number}"),
                "Record-Route: <sip:192.0.2.2;lr>",
                "Refer-To: <sip:7@h>",
                "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\", stale=true",
            ][self.dice.below(12)]
            .to_owned();
            text = format!("{text}\n{line}");
        }
        if self.dice.below(3) == 0 { with_sdp(&text, "sdp") } else { text }
    }

    fn speak(&mut self) {
        self.count += 1;
        let branch = format!("w{}", self.count);
        let cseq = if self.dice.below(8) == 0 { self.dice.below(20) as u32 } else { 20 + self.count };
        let tag = ["b", "c", "d"][self.dice.below(3)];
        let methods = ["ACK", "BYE", "UPDATE", "INVITE", "PRACK", "INFO", "OPTIONS", "REFER", "NOTIFY", "SUBSCRIBE"];
        let method = methods[self.dice.below(methods.len())];
        let text = match self.dice.below(8) {
            0 => INVITE.replace("i1", &branch).replace("one@", &format!("{branch}@")),
            1 | 2 if !self.responses.is_empty() => {
                let response = self.responses[self.dice.below(self.responses.len())].clone();
                let cseq = if method == "ACK" { 10 } else { cseq };
                let text = within(&response, method, cseq, &branch);
                let rseq = response.lines().find_map(|line| line.strip_prefix("RSeq: "));
                match (method, rseq) {
                    ("SUBSCRIBE", _) => format!("{text}\nEvent: refer\nExpires: 0"),
                    ("REFER", _) => format!("{text}\nRefer-To: <sip:7@h>"),
                    ("PRACK", Some(rseq)) => format!("{text}\nRAck: {rseq} 10 INVITE"),
                    _ => text,
                }
            }
            3 if !self.invites.is_empty() => {
                let invite = self.invites[self.dice.below(self.invites.len())].clone();
                of_callee(&invite, tag, method, cseq, &branch)
            }
            4 => INVITE.replace("INVITE", "CANCEL").replace("i1", &format!("w{}", self.dice.below(40))),
            _ if !self.requests.is_empty() => {
                let request = self.requests[self.dice.below(self.requests.len())].clone();
                let statuses =
                    [100, 180, 183, 183, 183, 199, 200, 200, 200, 302, 401, 407, 408, 422, 481, 486, 491, 500, 501];
                let status = format!("{} x", statuses[self.dice.below(statuses.len())]);
                let lines = self.dress("X: y");
                return self.peer.respond(&request, &status, tag, &lines);
            }
            _ => return,
        };
        let text = self.dress(&text);
        self.peer.feed(&text);
    }

    fn act(&mut self) {
        let now = self.peer.now;
        if self.ids.is_empty() || self.dice.below(6) == 0 {
            if self.begun < 6 {
                let empty = self.dice.below(2) == 0;
                let (id, invite) = self.peer.call_with(|invite| {
                    if empty {
                        invite.body = None;
                    }
                });
                self.begun += 1;
                self.ids.push(id);
                self.remember(invite);
            }
            return;
        }
        let id = self.ids[self.dice.below(self.ids.len())];
        let endpoint = &mut self.peer.endpoint;
        match self.dice.below(12) {
            0 => endpoint.ring(now, id, 180, None),
            1 | 2 => endpoint.ring(now, id, 183, Some(sdp("early"))),
            3 | 4 => endpoint.accept(now, id, sdp("answer")),
            5 => endpoint.change(now, id, sdp("change")),
            6 => endpoint.reinvite(now, id, None),
            7 | 8 => endpoint.answer_offer(now, id, sdp("ok")),
            9 => endpoint.refuse_offer(now, id, 488),
            10 if self.dice.below(4) == 0 => endpoint.reject(now, id, Reply::new(486)),
            11 if self.dice.below(4) == 0 => endpoint.end(now, id, None),
            _ => {}
        }
    }

    fn remember(&mut self, text: String) {
        let keep = |list: &mut Vec<String>| {
            if list.len() == MEMORY {
                list.remove(0);
            }
            list.push(text.clone());
        };
        self.seen.push_str(text.split(' ').next().unwrap_or_default());
        match text.split(' ').next() {
            Some("SIP/2.0") if text.lines().any(|line| line.starts_with("To: ") && line.contains("tag=")) => {
                self.seen.push_str(&text[7..12]);
                keep(&mut self.responses);
            }
            Some("SIP/2.0" | "ACK" | "CANCEL") => {}
            Some("INVITE") => {
                keep(&mut self.invites);
                keep(&mut self.requests);
            }
            _ => keep(&mut self.requests),
        }
    }

    /// What was sent is remembered, what was told is counted, and questions are answered.
    fn look(&mut self) {
        for text in self.peer.sent() {
            self.remember(text);
        }
        let now = self.peer.now;
        for event in self.peer.told() {
            match event {
                Event::Invite { id, .. } => {
                    self.begun += 1;
                    self.ids.push(id);
                }
                Event::Ended { .. } | Event::Refused { .. } => self.ended += 1,
                Event::Info { transaction, .. } | Event::Request { transaction, .. } => {
                    self.peer.endpoint.respond(now, transaction, Reply::new(200));
                }
                Event::Refer { refer, .. } => match self.dice.below(3) {
                    0 => self.peer.endpoint.refuse_refer(now, refer, 603),
                    1 => self.peer.endpoint.accept_refer(now, refer),
                    _ => {}
                },
                _ => {}
            }
        }
    }

    fn run(mut self) -> String {
        for _ in 0..self.dice.below(120) + 20 {
            if self.dice.below(3) == 0 {
                self.act()
            } else {
                self.speak()
            }
            self.look();
            let ms = [0, 0, 0, 100, 2000, 10_000, 40_000][self.dice.below(7)];
            self.peer.pass(ms);
            self.look();
        }
        for id in std::mem::take(&mut self.ids) {
            self.peer.endpoint.end(self.peer.now, id, None);
        }
        self.look();
        self.peer.assert_nothing_left();
        self.look();
        assert_eq!(self.begun, self.ended);
        self.seen
    }
}

#[test]
fn a_hostile_peer_leaves_nothing() {
    let seen: String = (0..400).map(|seed| Walk::new(seed).run()).collect();
    for word in ["PRACK", "UPDATE", "NOTIFY", "BYE", "CANCEL", " 422", " 481", " 487", " 491", " 500", " 504", " 202"] {
        assert!(seen.contains(word), "no walk has {word}");
    }
}
