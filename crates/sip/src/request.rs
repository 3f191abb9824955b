//! Requests (RFC 3261 7.1).

use std::ops::Deref;

use crate::message::Message;
use crate::method::Method;
use crate::raw::{Malformed, Raw};
use crate::scan;
use crate::span::Span;
use crate::uri::Uri;

/// A request; what it shares with a response is reached through [`Message`].
#[derive(Clone, Debug)]
pub struct Request {
    message: Message,
    method: Method,
    method_text: Span,
    uri: Span,
}

impl Request {
    /// Reads one whole request.
    ///
    /// # Errors
    /// The first wrong field and the status to answer; 400, 505 for another version, 513 when too long.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        Self::read(Raw::split(bytes)?).map_err(|(problem, _)| problem)
    }

    pub(crate) fn read(raw: Raw) -> Result<Self, (Malformed, Box<Raw>)> {
        let (method_text, uri) = match start_line(&raw) {
            Ok(parts) => parts,
            Err(problem) => return Err((problem, Box::new(raw))),
        };
        let message = Message::read(raw)?;
        let method = Method::of(message.raw().slice(method_text));
        let request = Self { message, method, method_text, uri };
        if request.cseq_method() != request.method_text() {
            let problem = Malformed::new("CSeq", "names another method than the start line");
            return Err((problem, Box::new(request.message.into_raw())));
        }
        Ok(request)
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }
    /// The method as written.
    #[must_use]
    pub fn method_text(&self) -> &[u8] {
        self.message.raw().slice(self.method_text)
    }
    /// The Request-URI as written.
    #[must_use]
    pub fn raw_uri(&self) -> &[u8] {
        self.message.raw().slice(self.uri)
    }
    /// The Request-URI taken apart; `None` when it is not understood (the endpoint has answered such a request with 400 or 416).
    #[must_use]
    pub fn uri(&self) -> Option<Uri<'_>> {
        Uri::parse(self.raw_uri())
    }
}

impl Deref for Request {
    type Target = Message;

    fn deref(&self) -> &Message {
        &self.message
    }
}

/// Method and Request-URI. White space must be exactly the two spaces (RFC 3261 7.1).
fn start_line(raw: &Raw) -> Result<(Span, Span), Malformed> {
    let broken = |problem| Malformed::new("start line", problem);
    let line = raw.slice(raw.start);
    let (method, rest) = scan::split_once(line, b' ').ok_or(broken("has no spaces"))?;
    let (uri, version) = scan::split_once(rest, b' ').ok_or(broken("has no version"))?;
    if !scan::is_token(method) {
        return Err(broken("method is no token"));
    }
    if !version.eq_ignore_ascii_case(b"SIP/2.0") {
        return Err(match is_version(version) {
            true => Malformed { status: 505, ..broken("is of another SIP version") },
            false => broken("has other parts than method, URI and version"),
        });
    }
    let uri_is_wrong = uri.is_empty() || scan::breaks_uri(uri);
    if uri_is_wrong {
        return Err(broken("Request-URI is empty or holds white space, <, > or a quote"));
    }
    Ok((Span::of(&raw.bytes, method), Span::of(&raw.bytes, uri)))
}

fn is_version(text: &[u8]) -> bool {
    text.get(..4).is_some_and(|name| name.eq_ignore_ascii_case(b"SIP/"))
        && text.get(4..).is_some_and(|rest| rest.iter().all(|b| b.is_ascii_digit() || *b == b'.'))
}
