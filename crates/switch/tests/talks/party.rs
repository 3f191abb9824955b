//! A user agent written by hand: it answers what it must, and does what the test says.

use super::dialog::{Dialog, Stand, after, parts, tag_of, uri_in};
use md5::{Digest, Md5};
use std::net::SocketAddr;

/// What a phone signs in with; a carrier has nothing of it.
#[derive(Clone, Copy, Debug)]
pub struct Account {
    pub user: &'static str,
    pub password: &'static str,
}

/// Somebody beyond the network.
#[derive(Debug)]
pub struct Party {
    pub name: &'static str,
    pub address: SocketAddr,
    pub account: Option<Account>,
    pub calls: Vec<Dialog>,
    /// Does not answer anything any more.
    pub is_gone: bool,
    /// Answers INVITEs in a call with this status.
    pub refuses_offers: Option<u16>,
    /// What it supports and asks for in its INVITEs and answers.
    pub abilities: &'static str,
    /// What it offers and answers.
    pub formats: &'static str,
    /// Insists on this transport of media.
    pub transport: &'static str,
    nonce: Option<String>,
    nonce_count: u32,
    register_cseq: u32,
    made: u32,
    out: Vec<String>,
}

impl Party {
    pub fn new(name: &'static str, address: SocketAddr, account: Option<Account>) -> Self {
        Self {
            name,
            address,
            account,
            calls: Vec::new(),
            is_gone: false,
            refuses_offers: None,
            abilities: "",
            formats: "0",
            transport: "RTP/AVP",
            nonce: None,
            nonce_count: 0,
            register_cseq: 0,
            made: 0,
            out: Vec::new(),
        }
    }

    pub fn take_out(&mut self) -> Vec<String> {
        std::mem::take(&mut self.out)
    }

    fn authorization(&mut self, method: &str, uri: &str) -> String {
        let (Some(account), Some(nonce)) = (self.account, self.nonce.clone()) else { return String::new() };
        self.nonce_count += 1;
        let hash =
            |text: String| Md5::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let (user, count) = (account.user, format!("{:08x}", self.nonce_count));
        let ha1 = hash(format!("{user}:sori:{}", account.password));
        let ha2 = hash(format!("{method}:{uri}"));
        let response = hash(format!("{ha1}:{nonce}:{count}:c0:auth:{ha2}"));
        format!(
            "Authorization: Digest username=\"{user}\", realm=\"sori\", nonce=\"{nonce}\", uri=\"{uri}\", \
             response=\"{response}\", algorithm=MD5, cnonce=\"c0\", qop=auth, nc={count}\r\n"
        )
    }

    pub fn register(&mut self) {
        let Some(account) = self.account else { return };
        self.register_cseq += 1;
        let signed = self.authorization("REGISTER", "sip:sori");
        let (from, user, cseq) = (self.address, account.user, self.register_cseq);
        self.out.push(format!(
            "REGISTER sip:sori SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bKr{user}{cseq};rport\r\nFrom: <sip:{user}@sori>;tag=r\r\n\
             To: <sip:{user}@sori>\r\nCall-ID: reg-{user}\r\nCSeq: {cseq} REGISTER\r\nContact: <sip:{user}@{from}>\r\n\
             Expires: 3600\r\nMax-Forwards: 70\r\n{signed}Content-Length: 0\r\n\r\n"
        ));
    }

    fn new_dialog(&mut self, stand: Stand) -> Dialog {
        self.made += 1;
        let port = 4000 + 10 * u16::try_from(self.made).expect("few calls");
        Dialog {
            stand,
            call_id: format!("{}{}", self.name, self.made),
            local_tag: format!("t{}{}", self.name, self.made),
            remote_tag: String::new(),
            local_uri: String::new(),
            remote_uri: String::new(),
            target: String::new(),
            cseq: 0,
            invite: String::new(),
            is_late: false,
            media: SocketAddr::new(self.address.ip(), port),
            far: None,
            version: 1,
            formats: self.formats.to_owned(),
            transport: self.transport,
            direction: "sendrecv",
            spoken: 0,
            heard: Vec::new(),
            far_sdp: String::new(),
        }
    }

    /// Calls; without an offer when `offers` is false (RFC 3261 13.2.1).
    pub fn call(&mut self, to: &str, from: &str, headers: &str, offers: bool) {
        let mut dialog = self.new_dialog(Stand::Calling);
        dialog.local_uri = format!("sip:{from}@{}", self.address.ip());
        dialog.remote_uri = format!("sip:{to}@192.0.2.1");
        dialog.target = dialog.remote_uri.clone();
        let body = if offers { dialog.sdp() } else { String::new() };
        let signed = self.authorization("INVITE", &dialog.target);
        let headers = format!("{signed}{}{headers}", self.abilities);
        let invite = dialog.request("INVITE", self.address, &headers, &body).replace(";tag=\r\n", "\r\n");
        dialog.invite.clone_from(&invite);
        dialog.is_late = !offers;
        self.out.push(invite);
        self.calls.push(dialog);
    }

    /// Answers the INVITE that began a call.
    pub fn reply(&mut self, call: usize, status: &str, tag: &str, headers: &str, body: &str) {
        let abilities = if status.starts_with('2') { self.abilities } else { "" };
        let dialog = &self.calls[call];
        let message = response(&dialog.invite, status, tag, self.address, &format!("{abilities}{headers}"), body);
        self.out.push(message);
    }

    /// Rings, answers or refuses in the usual way.
    pub fn answer(&mut self, call: usize, status: &str) {
        let dialog = &mut self.calls[call];
        let is_success = status.starts_with('2');
        let tag = dialog.local_tag.clone();
        let body = if is_success { dialog.sdp() } else { String::new() };
        if is_success {
            dialog.stand = Stand::Up;
        } else if !status.starts_with('1') {
            dialog.stand = Stand::Over;
        }
        self.reply(call, status, &tag, "", &body);
    }

    /// A request in a call.
    pub fn ask(&mut self, call: usize, method: &str, headers: &str, body: &str) {
        let message = self.calls[call].request(method, self.address, headers, body);
        self.out.push(message);
    }

    /// Offers our description as it stands now.
    pub fn offer(&mut self, call: usize) {
        let dialog = &mut self.calls[call];
        dialog.version += 1;
        let body = dialog.sdp();
        self.ask(call, "INVITE", self.abilities, &body);
    }

    /// Asks for the far end's offer in mid-call.
    pub fn ask_for_offer(&mut self, call: usize) {
        self.calls[call].is_late = true;
        self.ask(call, "INVITE", self.abilities, "");
    }

    pub fn hang_up(&mut self, call: usize) {
        if self.calls[call].stand == Stand::Calling {
            let invite = self.calls[call].invite.clone();
            let line = |name: &str| format!("{name}{}\r\n", after(&invite, name).expect("a header"));
            let uri = invite.split(' ').nth(1).expect("a URI");
            let cancel = ["Via: ", "From: ", "To: ", "Call-ID: "].map(line).concat();
            self.out.push(format!(
                "CANCEL {uri} SIP/2.0\r\n{cancel}CSeq: 1 CANCEL\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
            ));
            return;
        }
        self.calls[call].stand = Stand::Over;
        self.ask(call, "BYE", "", "");
    }

    /// The dialog of a call, as sori knows it, for a Replaces header.
    pub fn replaces(&self, call: usize) -> String {
        let Dialog { call_id, local_tag, remote_tag, .. } = &self.calls[call];
        format!("{call_id};to-tag={remote_tag};from-tag={local_tag}")
    }

    /// Takes a message.
    pub fn receive(&mut self, message: &str) {
        if self.is_gone {
            return;
        }
        match message.strip_prefix("SIP/2.0 ") {
            Some(rest) => self.response(&rest[..3], message),
            None => self.request(message),
        }
    }

    fn find(&self, message: &str) -> Option<usize> {
        let call_id = after(message, "Call-ID: ")?;
        self.calls.iter().position(|dialog| dialog.call_id == call_id)
    }

    fn response(&mut self, status: &str, message: &str) {
        let cseq = after(message, "CSeq: ").unwrap_or_default();
        let (number, method) = cseq.split_once(' ').unwrap_or_default();
        if method == "REGISTER" {
            if status == "401" {
                self.nonce = after(message, "WWW-Authenticate: ")
                    .and_then(|line| line.split("nonce=\"").nth(1)?.split('"').next().map(str::to_owned));
                self.nonce_count = 0;
                self.register();
            }
            return;
        }
        let Some(call) = self.find(message) else { return };
        if method != "INVITE" || status == "100" {
            return;
        }
        let (_, body) = parts(message);
        let dialog = &mut self.calls[call];
        if !body.is_empty() {
            dialog.take_sdp(body);
        }
        if status.starts_with('1') {
            dialog.remote_tag = tag_of(after(message, "To: ").unwrap_or_default());
            if let Some(number_of) = after(message, "RSeq: ") {
                let rack = format!("RAck: {number_of} {cseq}\r\n");
                dialog.target = after(message, "Contact: ").map(uri_in).unwrap_or_default();
                self.ask(call, "PRACK", &rack, "");
            }
            return;
        }
        let own_cseq = std::mem::replace(&mut dialog.cseq, number.parse().expect("a number"));
        if status.starts_with('2') {
            dialog.remote_tag = tag_of(after(message, "To: ").unwrap_or_default());
            dialog.target = after(message, "Contact: ").map(uri_in).unwrap_or_default();
            dialog.stand = Stand::Up;
            let answer = if std::mem::take(&mut dialog.is_late) { dialog.sdp() } else { String::new() };
            self.ask(call, "ACK", "", &answer);
        } else {
            let to = after(message, "To: ").unwrap_or_default().to_owned();
            let is_first = dialog.stand == Stand::Calling;
            let invite = dialog.invite.clone();
            if is_first {
                dialog.stand = Stand::Over;
            }
            let via = after(message, "Via: ").unwrap_or_default();
            let from = after(message, "From: ").unwrap_or_default();
            let uri = invite.split(' ').nth(1).unwrap_or_default();
            let call_id = &dialog.call_id;
            self.out.push(format!(
                "ACK {uri} SIP/2.0\r\nVia: {via}\r\nFrom: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {number} ACK\r\n\
                 Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
            ));
        }
        let dialog = &mut self.calls[call];
        dialog.cseq = dialog.cseq.max(own_cseq);
    }

    fn request(&mut self, message: &str) {
        let method = message.split(' ').next().unwrap_or_default();
        let (_, body) = parts(message);
        let call = self.find(message);
        match (method, call) {
            ("INVITE", None) => self.called(message),
            ("ACK", Some(call)) => {
                if !body.is_empty() {
                    self.calls[call].take_sdp(body);
                }
            }
            ("INVITE" | "UPDATE", Some(call)) => self.offered(call, message, body),
            ("CANCEL", Some(call)) => {
                self.out.push(response(message, "200 OK", "", self.address, "", ""));
                if self.calls[call].stand == Stand::Ringing {
                    self.answer(call, "487 Request Terminated");
                }
            }
            ("BYE", Some(call)) => {
                self.calls[call].stand = Stand::Over;
                self.out.push(response(message, "200 OK", "", self.address, "", ""));
            }
            (_, None) => self.out.push(response(message, "481 Nothing", "x", self.address, "", "")),
            _ => self.out.push(response(message, "200 OK", "", self.address, "", "")),
        }
    }

    fn called(&mut self, message: &str) {
        let mut dialog = self.new_dialog(Stand::Ringing);
        dialog.call_id = after(message, "Call-ID: ").unwrap_or_default().to_owned();
        let (from, to) = (after(message, "From: ").unwrap_or_default(), after(message, "To: ").unwrap_or_default());
        dialog.remote_tag = tag_of(from);
        dialog.remote_uri = uri_in(from);
        dialog.local_uri = uri_in(to);
        dialog.target = after(message, "Contact: ").map(uri_in).unwrap_or_default();
        message.clone_into(&mut dialog.invite);
        dialog.take_sdp(parts(message).1);
        self.calls.push(dialog);
        let call = self.calls.len() - 1;
        let offers_another = !parts(message).1.is_empty() && !message.contains(&format!(" {} ", self.transport));
        self.answer(call, if offers_another { "488 Not Acceptable Here" } else { "180 Ringing" });
    }

    fn offered(&mut self, call: usize, message: &str, body: &str) {
        if let Some(status) = self.refuses_offers {
            self.out.push(response(message, &format!("{status} No"), "", self.address, "", ""));
            return;
        }
        let is_offer = !body.is_empty() || message.starts_with("INVITE");
        self.calls[call].take_sdp(body);
        let answer = if is_offer { self.calls[call].sdp() } else { String::new() };
        let abilities = self.abilities;
        self.out.push(response(message, "200 OK", "", self.address, abilities, &answer));
    }
}

/// A response to a request, with a To tag where it has none.
fn response(request: &str, status: &str, tag: &str, from: SocketAddr, headers: &str, body: &str) -> String {
    let line = |name: &str| after(request, name).map(|value| format!("{name}{value}\r\n")).unwrap_or_default();
    let copied = ["Via: ", "From: ", "Call-ID: ", "CSeq: "].map(line).concat();
    let to = after(request, "To: ").unwrap_or_default();
    let tag = if to.contains(";tag=") || tag.is_empty() { String::new() } else { format!(";tag={tag}") };
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "SIP/2.0 {status}\r\n{copied}To: {to}{tag}\r\nContact: <sip:me@{from}>\r\n{headers}{kind}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
