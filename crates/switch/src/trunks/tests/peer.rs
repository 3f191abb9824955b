//! A virtual carrier's proxy: it answers each method as it was told, the last answer for ever.

use std::collections::{BTreeMap, VecDeque};

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// It is answered.
    Answers,
    /// It is lost.
    Silent,
    /// It cannot be sent.
    Refuses,
}

/// One answer.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    status: &'static str,
    headers: String,
}

impl Answer {
    pub(super) fn new(status: &'static str) -> Self {
        Self { status, headers: String::new() }
    }

    pub(super) fn with(mut self, header: &str) -> Self {
        self.headers.push_str(header);
        self.headers.push_str("\r\n");
        self
    }
}

/// The challenge of every registrar here.
pub(super) fn challenge() -> Answer {
    Answer::new("401 Unauthorized").with("WWW-Authenticate: Digest realm=\"carrier\", nonce=\"abc\", qop=\"auth\"")
}

/// A 200 to REGISTER that grants this.
pub(super) fn granted(seconds: u32) -> Answer {
    Answer::new("200 OK").with(&format!("CONTACT;expires={seconds}"))
}

/// One proxy.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) manner: Manner,
    answers: BTreeMap<String, VecDeque<Answer>>,
}

impl Default for Peer {
    fn default() -> Self {
        Self { manner: Manner::Answers, answers: BTreeMap::new() }
    }
}

impl Peer {
    /// How a method is answered from now on.
    pub(super) fn on(&mut self, method: &str, answers: impl IntoIterator<Item = Answer>) -> &mut Self {
        self.answers.insert(method.to_owned(), answers.into_iter().collect());
        self
    }

    /// The response to a request; none to ACK and to what it was not told to answer.
    pub(super) fn answer(&mut self, request: &str) -> Option<String> {
        let method = request.split(' ').next()?;
        let answers = self.answers.get_mut(method)?;
        let answer = if answers.len() > 1 { answers.pop_front()? } else { answers.front()?.clone() };
        let field = |name: &str| request.split("\r\n").find(|line| line.starts_with(name)).unwrap_or_default();
        let contact = field("Contact: ").to_owned();
        let headers = answer.headers.replace("CONTACT", &contact);
        let tag = if field("To: ").contains(";tag=") { "" } else { ";tag=carrier" };
        let copied = ["Via: ", "From: ", "Call-ID: ", "CSeq: "].map(|name| format!("{}\r\n", field(name))).concat();
        let to = field("To: ");
        // Of what it answers to an INVITE the switch reads no more than that it is there.
        let body = if headers.contains("BODY") { "v=0\r\n" } else { "" };
        let headers = headers.replace("BODY\r\n", "");
        let length = body.len();
        Some(format!(
            "SIP/2.0 {}\r\n{copied}{to}{tag}\r\n{headers}Content-Length: {length}\r\n\r\n{body}",
            answer.status
        ))
    }
}
