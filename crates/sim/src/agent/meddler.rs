//! Stands between an agent's endpoint, which does everything right, and the wire, and does wrong what was chosen for a call.

use super::Fault;
use crate::plain;
use crate::rng::Rng;
use std::collections::BTreeMap;

/// Most calls of a run that one agent's meddler looks after; the oldest goes first.
const MAX_CALLS: usize = 200;
/// What a forked device's To tag begins with.
const FORK: &str = "fork";

/// What becomes of a message that came.
pub(super) enum Incoming {
    /// It goes on to the endpoint, as it is now, and these go back besides.
    Passes(Vec<u8>, Vec<Vec<u8>>),
    /// The endpoint never sees it. These go back.
    Taken(Vec<Vec<u8>>),
    /// It was a CANCEL that is not obeyed: the call of this Call-ID will be answered.
    Defies(String, Vec<Vec<u8>>),
}

/// A call with faults, as its messages tell of it.
#[derive(Debug, Default)]
struct Meddled {
    faults: Vec<Fault>,
    /// Our INVITE as last sent; empty when they called.
    invite: String,
    local: String,
    remote: String,
    target: String,
    contact: String,
    description: String,
    /// CSeq numbers of the endpoint's requests, as they go over the wire.
    numbers: BTreeMap<u32, u32>,
    /// Requests of ours that the endpoint knows nothing of, by their CSeq number.
    raw: BTreeMap<u32, String>,
    last: u32,
    acks_lost: u8,
    answered: bool,
    /// Our 200, until another device gives it too.
    answer: Option<String>,
    left: bool,
    forked: bool,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Meddler {
    calls: BTreeMap<String, Meddled>,
    order: std::collections::VecDeque<String>,
    rng: Rng,
}

impl Meddled {
    fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    /// The number the wire sees for the endpoint's.
    fn number(&mut self, own: u32) -> u32 {
        if let Some(known) = self.numbers.get(&own) {
            return *known;
        }
        let number = if self.raw.is_empty() { own } else { self.last + 1 };
        self.numbers.insert(own, number);
        self.last = self.last.max(number);
        number
    }

    fn own_number(&self, wire: u32) -> u32 {
        self.numbers.iter().find(|(_, number)| **number == wire).map_or(wire, |(own, _)| *own)
    }

    fn learn_sent(&mut self, text: &str) {
        let line = |name: &str| plain::header(text, name).map(str::to_owned);
        if let Some(contact) = line("Contact") {
            self.contact = contact;
        }
        let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        if body.starts_with("v=0") {
            self.description = body.to_owned();
        }
        let ours = plain::method(text).is_some();
        if let Some(local) = line(if ours { "From" } else { "To" }).filter(|value| plain::tag(value).is_some()) {
            self.local = local;
        }
    }

    fn learn_received(&mut self, text: &str) {
        let line = |name: &str| plain::header(text, name);
        let theirs = plain::method(text).is_some();
        if let Some(target) = line("Contact").and_then(plain::uri) {
            self.target = target.to_owned();
        }
        if let Some(remote) = line(if theirs { "From" } else { "To" }).filter(|value| plain::tag(value).is_some()) {
            self.remote = remote.to_owned();
        }
    }

    fn request(&mut self, branch: u64, method: &str, headers: &str, body: &str) -> Option<String> {
        if self.local.is_empty() || self.remote.is_empty() || self.target.is_empty() || self.left {
            return None;
        }
        self.last += 1;
        let content = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let host = self.contact.split_once('@').map_or("host", |(_, host)| host.trim_end_matches('>'));
        let host = host.split(';').next().unwrap_or(host);
        let text = format!(
            "{method} {} SIP/2.0\r\nVia: SIP/2.0/UDP {host};rport;branch=z9hG4bKodd{branch:x}\r\nMax-Forwards: 70\r\n\
             From: {}\r\nTo: {}\r\nCall-ID: \r\nCSeq: {} {method}\r\nContact: {}\r\n{headers}{content}\
             Content-Length: {}\r\n\r\n{body}",
            self.target,
            self.local,
            self.remote,
            self.last,
            self.contact,
            body.len(),
        );
        self.raw.insert(self.last, text.clone());
        Some(text)
    }
}

impl Meddler {
    pub(super) fn new(rng: Rng) -> Self {
        Self { calls: BTreeMap::new(), order: std::collections::VecDeque::new(), rng }
    }

    /// From now on it looks after this call.
    pub(super) fn begin(&mut self, call_id: &str, faults: Vec<Fault>) {
        if self.calls.len() >= MAX_CALLS
            && let Some(oldest) = self.order.pop_front()
        {
            self.calls.remove(&oldest);
        }
        self.order.push_back(call_id.to_owned());
        self.calls.insert(call_id.to_owned(), Meddled { faults, ..Meddled::default() });
    }

    /// Call-ID, remote and local tag of a dialog it looks after.
    pub(super) fn dialog(&self, call_id: &str) -> Option<(String, String, String)> {
        let call = self.calls.get(call_id)?;
        let tag = |value: &str| plain::tag(value).map(str::to_owned);
        Some((call_id.to_owned(), tag(&call.remote)?, tag(&call.local)?))
    }

    /// A request within a dialog that the endpoint knows nothing of.
    pub(super) fn request(&mut self, call_id: &str, method: &str, headers: &str) -> Option<Vec<u8>> {
        let branch = self.rng.bits();
        let call = self.calls.get_mut(call_id)?;
        call.request(branch, method, headers, "").map(|text| signed(&text, call_id))
    }

    /// A re-INVITE that the endpoint knows nothing of, with what was offered or answered last.
    pub(super) fn offer(&mut self, call_id: &str) -> Option<Vec<u8>> {
        let branch = self.rng.bits();
        let call = self.calls.get_mut(call_id)?;
        let body = call.description.clone();
        call.request(branch, "INVITE", "", &body).map(|text| signed(&text, call_id))
    }

    /// CANCEL for our first INVITE (RFC 3261 9.1).
    pub(super) fn cancel(&self, call_id: &str) -> Option<Vec<u8>> {
        let invite = &self.calls.get(call_id).filter(|call| !call.invite.is_empty())?.invite;
        let line = |name: &str| plain::header(invite, name).unwrap_or_default();
        let (number, _) = plain::cseq(invite)?;
        let uri = invite.split(' ').nth(1)?;
        let text = format!(
            "CANCEL {uri} SIP/2.0\r\nVia: {}\r\nMax-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {call_id}\r\n\
             CSeq: {number} CANCEL\r\nContent-Length: 0\r\n\r\n",
            line("Via"),
            line("From"),
            line("To"),
        );
        Some(text.into_bytes())
    }

    /// The endpoint sends: what goes over the wire instead.
    pub(super) fn outgoing(&mut self, bytes: Vec<u8>) -> Vec<Vec<u8>> {
        if self.calls.is_empty() {
            return vec![bytes];
        }
        let Some((text, call_id)) = read(&bytes) else { return vec![bytes] };
        let branch = self.rng.bits();
        let Some(call) = self.calls.get_mut(&call_id) else { return vec![bytes] };
        let sent = if plain::method(&text).is_some() { call.ask(&text, branch) } else { call.reply(&text) };
        sent.into_iter().map(|text| signed(&text, &call_id)).collect()
    }

    /// Something came: what the endpoint sees of it.
    pub(super) fn incoming(&mut self, bytes: &[u8]) -> Incoming {
        let passes = || Incoming::Passes(bytes.to_vec(), Vec::new());
        if self.calls.is_empty() {
            return passes();
        }
        let Some((text, call_id)) = read(bytes) else { return passes() };
        let branch = self.rng.bits();
        let Some(call) = self.calls.get_mut(&call_id) else { return passes() };
        let sign = |texts: Vec<String>| texts.iter().map(|text| signed(text, &call_id)).collect();
        if plain::method(&text).is_none() {
            return match call.answered_with(&text, branch) {
                Ok(text) => Incoming::Passes(text.into_bytes(), Vec::new()),
                Err(replies) => Incoming::Taken(sign(replies)),
            };
        }
        match call.asked(&text) {
            None => Incoming::Passes(bytes.to_vec(), sign(call.second_answer(&text))),
            Some(replies) if plain::method(&text) == Some("CANCEL") => Incoming::Defies(call_id.clone(), sign(replies)),
            Some(replies) => Incoming::Taken(sign(replies)),
        }
    }
}

/// What the endpoint sends.
impl Meddled {
    /// A request of the endpoint's.
    fn ask(&mut self, text: &str, branch: u64) -> Vec<String> {
        let Some((own, method)) = plain::cseq(text) else { return vec![text.to_owned()] };
        let number = self.number(own);
        let mut sent = plain::with_header(text, "CSeq", &format!("{number} {method}"));
        match method {
            "INVITE" if plain::header(text, "To").is_some_and(|to| plain::tag(to).is_none()) => {
                sent = self.call(&sent);
                self.learn_sent(&sent);
            }
            "INVITE" => self.learn_sent(&sent),
            "ACK" if self.answered && (self.has(Fault::NeverAcks) || self.loses_ack()) => return Vec::new(),
            "PRACK" if self.has(Fault::NeverPracks) => return Vec::new(),
            "PRACK" if self.has(Fault::PracksWrongly) => sent = plain::with_header(&sent, "RAck", "77 77 INVITE"),
            "UPDATE" if self.has(Fault::NeverRefreshes) => return Vec::new(),
            "BYE" => return self.bye(&sent, branch),
            _ => {}
        }
        if self.left && method != "ACK" { Vec::new() } else { vec![sent] }
    }

    fn call(&mut self, invite: &str) -> String {
        let mut sent = invite.to_owned();
        for fault in &self.faults {
            match fault {
                Fault::AsksForShortSession(seconds) if self.invite.is_empty() => {
                    sent = plain::with_header(&sent, "Session-Expires", &seconds.to_string());
                }
                Fault::NeverRefreshes => {
                    sent = plain::with_header(&sent, "Session-Expires", "90;refresher=uac");
                }
                _ => {}
            }
        }
        self.invite.clone_from(&sent);
        sent
    }

    fn loses_ack(&mut self) -> bool {
        let most = self.faults.iter().find_map(|fault| match fault {
            Fault::LosesAcks(most) => Some(*most),
            _ => None,
        });
        let loses = most.is_some_and(|most| self.acks_lost < most);
        self.acks_lost += u8::from(loses);
        loses
    }

    fn bye(&mut self, bye: &str, branch: u64) -> Vec<String> {
        if self.has(Fault::LeavesSilently) || self.has(Fault::LeavesAndForgets) {
            self.left = true;
            return Vec::new();
        }
        let mut sent = vec![bye.to_owned()];
        if self.has(Fault::ByesWithOldCseq) {
            sent = vec![plain::with_header(bye, "CSeq", "0 BYE")];
            if let Some((number, _)) = plain::cseq(bye) {
                self.numbers.insert(number, 0);
            }
        } else if self.has(Fault::ByesTwice) {
            sent.extend(self.request(branch, "BYE", "", ""));
        }
        sent
    }

    /// A response of the endpoint's.
    fn reply(&mut self, text: &str) -> Vec<String> {
        let (Some(status), Some((_, method))) = (plain::status(text), plain::cseq(text)) else {
            return vec![text.to_owned()];
        };
        if method != "INVITE" || status >= 300 {
            let hidden = self.left || method == "INVITE" && self.has(Fault::IsMute);
            return if hidden { Vec::new() } else { vec![text.to_owned()] };
        }
        if self.has(Fault::IsMute) {
            return Vec::new();
        }
        self.learn_sent(text);
        let mut sent = text.to_owned();
        if status >= 200 && self.has(Fault::AnswersWithoutContact) {
            sent = plain::without_header(&sent, "Contact");
        }
        if status >= 200 && self.has(Fault::AnswersTwice) && !std::mem::replace(&mut self.forked, true) {
            self.answer = Some(sent.clone());
        }
        let mut all = vec![sent];
        all.extend(self.forks(text, status));
        all
    }

    /// The same response as other devices would give it.
    fn forks(&mut self, text: &str, status: u16) -> Vec<String> {
        let early = self.faults.iter().find_map(|fault| match fault {
            Fault::ForksEarly(forks) => Some(*forks),
            _ => None,
        });
        let forks = match (status, early) {
            (101..=199, Some(forks)) if !std::mem::replace(&mut self.forked, true) => forks,
            _ => 0,
        };
        (1..=forks).filter_map(|nth| fork_of(text, nth)).collect()
    }
}

/// What comes for the endpoint.
impl Meddled {
    /// A request came: `None` lets it pass, else these go back.
    fn asked(&mut self, text: &str) -> Option<Vec<String>> {
        let (_, method) = plain::cseq(text)?;
        let to_tag = plain::header(text, "To").and_then(plain::tag).unwrap_or_default().to_owned();
        if to_tag.starts_with(FORK) && matches!(method, "ACK" | "BYE") {
            let replies = if method == "BYE" { vec![plain::response(text, 200, &to_tag)] } else { Vec::new() };
            return Some(replies);
        }
        if self.left {
            let answers = self.has(Fault::LeavesAndForgets) && method != "ACK";
            return Some(if answers { vec![plain::response(text, 481, "gone")] } else { Vec::new() });
        }
        match method {
            "INVITE" => {
                self.learn_received(text);
                None
            }
            "CANCEL" if self.has(Fault::IgnoresCancel) => Some(Vec::new()),
            "CANCEL" if self.has(Fault::AnswersCancelled) => Some(vec![plain::response(text, 200, "late")]),
            "UPDATE" => {
                let status = self.faults.iter().find_map(|fault| match fault {
                    Fault::RefusesUpdates(status) => Some(*status),
                    _ => None,
                })?;
                Some(vec![plain::response(text, status, &to_tag)])
            }
            "NOTIFY" => Some(vec![plain::response(text, 200, &to_tag)]),
            _ => None,
        }
    }

    /// When the first device is acknowledged, the second answers too.
    fn second_answer(&mut self, text: &str) -> Vec<String> {
        if plain::method(text) != Some("ACK") {
            return Vec::new();
        }
        let Some(answer) = self.answer.take() else { return Vec::new() };
        fork_of(&answer, 1).into_iter().collect()
    }

    /// A response came: as the endpoint sees it, or, when it asked for nothing like it, what goes back.
    fn answered_with(&mut self, text: &str, branch: u64) -> Result<String, Vec<String>> {
        let (Some(status), Some((number, method))) = (plain::status(text), plain::cseq(text)) else {
            return Ok(text.to_owned());
        };
        if let Some(request) = self.raw.get(&number) {
            let ack = (method == "INVITE" && status >= 200).then(|| ack(request, text, status, branch));
            return Err(ack.into_iter().collect());
        }
        if method == "INVITE" && (200..300).contains(&status) {
            self.answered = true;
            self.learn_received(text);
        }
        let own = self.own_number(number);
        Ok(if own == number { text.to_owned() } else { plain::with_header(text, "CSeq", &format!("{own} {method}")) })
    }
}

/// The same response as the `nth` further device would give it.
fn fork_of(text: &str, nth: u8) -> Option<String> {
    let to = plain::header(text, "To")?;
    let fork = to.replace(plain::tag(to)?, &format!("{FORK}{nth}"));
    Some(plain::with_header(text, "To", &fork))
}

/// The ACK to a final response: by the same branch to a refusal, by a new one to a 2xx (RFC 3261 17.1.1.3, 13.2.2.4).
fn ack(request: &str, response: &str, status: u16, branch: u64) -> String {
    let line = |text: &str, name: &str| plain::header(text, name).unwrap_or_default().to_owned();
    let via = line(request, "Via");
    let via = match via.split_once("branch=") {
        Some((before, _)) if status < 300 => format!("{before}branch=z9hG4bKodd{branch:x}"),
        _ => via,
    };
    let uri = request.split(' ').nth(1).unwrap_or_default();
    let number = plain::cseq(request).map_or(0, |(number, _)| number);
    format!(
        "ACK {uri} SIP/2.0\r\nVia: {via}\r\nMax-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\nCall-ID: \r\nCSeq: {number} ACK\r\n\
         Content-Length: 0\r\n\r\n",
        line(request, "From"),
        line(response, "To"),
    )
}

fn read(bytes: &[u8]) -> Option<(String, String)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let call_id = plain::header(text, "Call-ID")?;
    Some((text.to_owned(), call_id.to_owned()))
}

/// Messages made here leave their Call-ID open.
fn signed(text: &str, call_id: &str) -> Vec<u8> {
    if plain::header(text, "Call-ID") == Some("") {
        plain::with_header(text, "Call-ID", call_id).into_bytes()
    } else {
        text.as_bytes().to_vec()
    }
}
