//! What the user of the endpoint puts into responses and requests.

use std::sync::Arc;

use crate::print;

/// A body with its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// `application/sdp` …
    pub content_type: &'static str,
    /// The bytes, at most 64 KiB with the header fields.
    pub bytes: Arc<[u8]>,
}

impl Body {
    /// A session description.
    #[must_use]
    pub fn sdp(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self { content_type: "application/sdp", bytes: bytes.into() }
    }
    pub(crate) fn parts(&self) -> (&str, &[u8]) {
        (self.content_type, &self.bytes)
    }
}

/// A response to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// 100–699; a final one ends the transaction.
    pub status: u16,
    /// Reason phrase; the usual one when `None`.
    pub reason: Option<&'static str>,
    /// Further header fields.
    pub headers: Vec<(&'static str, String)>,
    /// Body.
    pub body: Option<Body>,
}

impl Reply {
    /// A response without further fields.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self { status, reason: None, headers: Vec::new(), body: None }
    }
    /// With one more header field.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
    /// With a body.
    #[must_use]
    pub fn with_body(mut self, body: Body) -> Self {
        self.body = Some(body);
        self
    }
}

/// Why a request ends something (RFC 3326), sent on CANCEL and BYE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Protocol `SIP` or `Q.850` and its cause: `("SIP", 200)`.
    pub protocol_cause: (&'static str, u16),
    /// For people: `Call completed elsewhere`.
    pub text: &'static str,
}

impl Reason {
    /// Somebody else answered: a phone shows no missed call.
    pub const COMPLETED_ELSEWHERE: Self = Self { protocol_cause: ("SIP", 200), text: "Call completed elsewhere" };

    /// The value of the header.
    pub(crate) fn value(&self) -> Vec<u8> {
        let (protocol, cause) = self.protocol_cause;
        let text: String = self.text.chars().filter(|c| !matches!(c, '"' | '\\')).collect();
        format!("{protocol};cause={cause};text=\"{text}\"").into_bytes()
    }
}

/// Writes header fields.
pub(crate) fn header_lines(out: &mut Vec<u8>, headers: &[(&'static str, String)]) {
    for (name, value) in headers {
        print::header(out, name, value.as_bytes());
    }
}
