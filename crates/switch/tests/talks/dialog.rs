//! A dialog as a user agent written by hand keeps it: what it takes to send a request in it, well or badly.

use std::net::SocketAddr;

/// Where a dialog stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// We called.
    Calling,
    /// We are called.
    Ringing,
    /// Both agreed.
    Up,
    /// Over.
    Over,
}

/// One call of a party.
#[derive(Debug)]
pub struct Dialog {
    pub stand: Stand,
    pub call_id: String,
    pub local_tag: String,
    pub remote_tag: String,
    /// From and To of our requests, without tags.
    pub local_uri: String,
    pub remote_uri: String,
    /// Where our requests go: the far Contact.
    pub target: String,
    /// Of our last request.
    pub cseq: u32,
    /// Their INVITE, or ours, whole.
    pub invite: String,
    /// Our last INVITE had no offer: the answer goes in the ACK.
    pub is_late: bool,
    /// Where we take media.
    pub media: SocketAddr,
    /// Where the far end takes it.
    pub far: Option<SocketAddr>,
    /// Versions of our description so far.
    pub version: u32,
    /// What our description says: formats and direction.
    pub formats: String,
    /// What protects its media.
    pub transport: &'static str,
    pub direction: &'static str,
    /// Media packets sent so far.
    pub spoken: u16,
    /// Payloads heard since the last look, the last one last.
    pub heard: Vec<(u8, Vec<u8>)>,
    /// The far end's last description.
    pub far_sdp: String,
}

impl Dialog {
    /// Our description as it stands.
    pub fn sdp(&self) -> String {
        let Self { media, version, formats, transport, direction, .. } = self;
        let (ip, port) = (media.ip(), media.port());
        let keys = match *transport {
            "RTP/SAVP" => {
                "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n".to_owned()
            }
            "UDP/TLS/RTP/SAVP" => format!("a=fingerprint:sha-256 00{}\r\na=setup:active\r\n", ":00".repeat(31)),
            _ => String::new(),
        };
        format!(
            "v=0\r\no=- 1 {version} IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} {transport} {formats}\r\n{keys}a={direction}\r\n"
        )
    }

    /// A request in the dialog, with a new CSeq unless it is ACK.
    pub fn request(&mut self, method: &str, from: SocketAddr, headers: &str, body: &str) -> String {
        if method != "ACK" {
            self.cseq += 1;
        }
        let Self { target, call_id, local_tag, remote_tag, local_uri, remote_uri, cseq, .. } = self;
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{method}{call_id}{cseq};rport\r\n\
             From: <{local_uri}>;tag={local_tag}\r\nTo: <{remote_uri}>;tag={remote_tag}\r\nCall-ID: {call_id}\r\n\
             CSeq: {cseq} {method}\r\nMax-Forwards: 70\r\nContact: <sip:me@{from}>\r\n{headers}{kind}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    /// The far end's description of a message, if it has one: where it takes media.
    pub fn take_sdp(&mut self, body: &str) {
        let Some(port) = after(body, "m=audio ").and_then(|rest| rest.split(' ').next()?.parse().ok()) else { return };
        let ip = after(body, "c=IN IP4 ").and_then(|ip| ip.parse().ok());
        self.far = ip.map(|ip| SocketAddr::new(ip, port));
        body.clone_into(&mut self.far_sdp);
    }
}

/// The rest of the line that starts so.
pub fn after<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    text.split("\r\n").find_map(|line| line.strip_prefix(start))
}

/// The tag of a From or To.
pub fn tag_of(field: &str) -> String {
    field.split(";tag=").nth(1).and_then(|rest| rest.split(';').next()).unwrap_or_default().to_owned()
}

/// The URI in brackets.
pub fn uri_in(field: &str) -> String {
    field.split('<').nth(1).and_then(|rest| rest.split('>').next()).unwrap_or(field).to_owned()
}

/// Headers and body.
pub fn parts(message: &str) -> (&str, &str) {
    message.split_once("\r\n\r\n").unwrap_or((message, ""))
}
