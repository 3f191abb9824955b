//! A call as its messages tell of it: its tags, its CSeq numbers, and requests its endpoint knows nothing of.

use crate::agent::Fault;
use crate::plain;
use std::collections::BTreeMap;

/// A call with faults, as its messages tell of it.
#[derive(Debug, Default)]
pub(super) struct Meddled {
    pub(super) faults: Vec<Fault>,
    /// Our INVITE as last sent; empty when they called.
    pub(super) invite: String,
    pub(super) local: String,
    pub(super) remote: String,
    pub(super) target: String,
    pub(super) contact: String,
    pub(super) description: String,
    /// CSeq numbers of the endpoint's requests, as they go over the wire.
    pub(super) numbers: BTreeMap<u32, u32>,
    /// Requests of ours that the endpoint knows nothing of, by their CSeq number.
    pub(super) raw: BTreeMap<u32, String>,
    pub(super) last: u32,
    pub(super) acks_lost: u8,
    pub(super) answered: bool,
    /// Our 200, until another device gives it too.
    pub(super) answer: Option<String>,
    pub(super) left: bool,
    pub(super) forked: bool,
}

impl Meddled {
    pub(super) fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    /// The number the wire sees for the endpoint's.
    pub(super) fn number(&mut self, own: u32) -> u32 {
        if let Some(known) = self.numbers.get(&own) {
            return *known;
        }
        let number = if self.raw.is_empty() { own } else { self.last + 1 };
        self.numbers.insert(own, number);
        self.last = self.last.max(number);
        number
    }

    pub(super) fn own_number(&self, wire: u32) -> u32 {
        self.numbers.iter().find(|(_, number)| **number == wire).map_or(wire, |(own, _)| *own)
    }

    pub(super) fn learn_sent(&mut self, text: &str) {
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

    pub(super) fn learn_received(&mut self, text: &str) {
        let line = |name: &str| plain::header(text, name);
        let theirs = plain::method(text).is_some();
        if let Some(target) = line("Contact").and_then(plain::uri) {
            self.target = target.to_owned();
        }
        if let Some(remote) = line(if theirs { "From" } else { "To" }).filter(|value| plain::tag(value).is_some()) {
            self.remote = remote.to_owned();
        }
    }

    pub(super) fn request(&mut self, branch: u64, method: &str, headers: &str, body: &str) -> Option<String> {
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
