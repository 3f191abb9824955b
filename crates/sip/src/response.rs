//! Responses (RFC 3261 7.2).

use std::ops::Deref;

use crate::message::Message;
use crate::method::Method;
use crate::raw::{Malformed, Raw};
use crate::scan;
use crate::span::Span;

/// A response; what it shares with a request is reached through [`Message`].
#[derive(Clone, Debug)]
pub struct Response {
    message: Message,
    status: u16,
    reason: Span,
}

impl Response {
    /// Reads one whole response.
    ///
    /// # Errors
    /// The first wrong field (a wrong response is dropped, never answered).
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        Self::read(Raw::split(bytes)?).map_err(|(problem, _)| problem)
    }

    pub(crate) fn read(raw: Raw) -> Result<Self, (Malformed, Box<Raw>)> {
        match status_line(&raw) {
            Ok((status, reason)) => Ok(Self { message: Message::read(raw)?, status, reason }),
            Err(problem) => Err((problem, Box::new(raw))),
        }
    }

    /// 100–699.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }
    /// Reason phrase as written, any bytes, may be empty.
    #[must_use]
    pub fn reason_phrase(&self) -> &[u8] {
        self.message.raw().slice(self.reason)
    }
    /// Method of the request it answers.
    #[must_use]
    pub fn method(&self) -> Method {
        Method::of(self.cseq_method())
    }
}

impl Deref for Response {
    type Target = Message;

    fn deref(&self) -> &Message {
        &self.message
    }
}

/// Does a start line begin a response?
pub(crate) fn is_status_line(line: &[u8]) -> bool {
    line.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/"))
}

fn status_line(raw: &Raw) -> Result<(u16, Span), Malformed> {
    let broken = |problem| Malformed::new("start line", problem);
    let line = raw.slice(raw.start);
    let (version, rest) = scan::split_once(line, b' ').ok_or(broken("has no status"))?;
    if !version.eq_ignore_ascii_case(b"SIP/2.0") {
        return Err(Malformed { status: 505, ..broken("is of another SIP version") });
    }
    let (status, reason) = match scan::split_once(rest, b' ') {
        Some(parts) => parts,
        // The space before an empty reason phrase is often left out.
        None => (rest, rest.get(rest.len()..).unwrap_or_default()),
    };
    let number = scan::number(status, 699).filter(|number| *number >= 100 && status.len() == 3);
    let number = number.ok_or(broken("status is no number from 100 to 699"))?;
    let number = u16::try_from(number).map_err(|_| broken("status is no number from 100 to 699"))?;
    Ok((number, Span::of(&raw.bytes, reason)))
}
