//! Stands between an agent's endpoint, which does everything right, and the wire, and does wrong what was chosen for a call.

use super::Fault;
mod meddled;
mod received;
mod sent;

use crate::plain;
use crate::rng::Rng;
use meddled::Meddled;
use std::collections::{BTreeMap, VecDeque};

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

/// See the module.
#[derive(Debug)]
pub(super) struct Meddler {
    calls: BTreeMap<String, Meddled>,
    order: VecDeque<String>,
    rng: Rng,
}

impl Meddler {
    pub(super) fn new(rng: Rng) -> Self {
        Self { calls: BTreeMap::new(), order: VecDeque::new(), rng }
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
