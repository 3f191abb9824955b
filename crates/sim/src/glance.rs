//! A look at a SIP message as it passes, by plain text, so that the code under test does not read its own writing.

use crate::plain;

/// What a person would read off a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    /// Request or response.
    pub start: Start,
    /// `Call-ID`.
    pub call_id: String,
    /// Number of `CSeq`.
    pub cseq: u32,
    /// Method of `CSeq`.
    pub method: String,
    /// Value of `Reason` (RFC 3326), empty without one.
    pub reason: String,
    /// The To header has a tag: the request is within a dialog.
    pub in_dialog: bool,
    /// Tag of From, empty without one.
    pub from_tag: String,
    /// Tag of To, empty without one.
    pub to_tag: String,
    /// The direction of the session description, empty without one.
    pub direction: &'static str,
}

/// The start line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// The Request-URI.
    Request(String),
    /// The status.
    Response(u16),
}

impl Glance {
    /// Reads a message; `None` when it has no start line, `Call-ID` or `CSeq`.
    #[must_use]
    pub fn at(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.split("\r\n");
        let mut words = lines.next()?.split(' ');
        let start = match (words.next()?, words.next()?) {
            ("SIP/2.0", status) => Start::Response(status.parse().ok()?),
            (_, uri) => Start::Request(uri.to_owned()),
        };
        let header = |name: &str| {
            head.split("\r\n").skip(1).find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
            })
        };
        let (cseq, method) = header("CSeq")?.split_once(' ')?;
        Some(Self {
            start,
            call_id: header("Call-ID")?.to_owned(),
            cseq: cseq.parse().ok()?,
            method: method.trim().to_owned(),
            reason: header("Reason").unwrap_or_default().to_owned(),
            in_dialog: header("To")?.contains(";tag="),
            from_tag: header("From").and_then(plain::tag).unwrap_or_default().to_owned(),
            to_tag: header("To").and_then(plain::tag).unwrap_or_default().to_owned(),
            direction: direction(body),
        })
    }

    /// Is it a request with this method?
    #[must_use]
    pub fn is_request(&self, method: &str) -> bool {
        matches!(self.start, Start::Request(_)) && self.method == method
    }

    /// The status of a response.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.start {
            Start::Response(status) => Some(status),
            Start::Request(_) => None,
        }
    }
}

fn direction(body: &str) -> &'static str {
    if !body.starts_with("v=0") {
        return "";
    }
    ["sendonly", "recvonly", "inactive"]
        .into_iter()
        .find(|word| body.lines().any(|line| line.trim().strip_prefix("a=") == Some(word)))
        .unwrap_or("sdp")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_request_and_its_response() {
        let request = "BYE sip:a@h SIP/2.0\r\ncall-id: x@h\r\nTo: <sip:b@h>;tag=1\r\nCSeq: 7 BYE\r\nReason: SIP;cause=200\r\n\r\n";
        let glance = Glance::at(request.as_bytes()).unwrap();
        assert!(glance.is_request("BYE") && glance.in_dialog);
        assert_eq!((glance.call_id.as_str(), glance.cseq, glance.reason.as_str()), ("x@h", 7, "SIP;cause=200"));
        let response = "SIP/2.0 200 OK\r\nCall-ID: x\r\nTo: <sip:b@h>\r\nCSeq: 1 INVITE\r\n\r\nv=0\r\na=sendonly\r\n";
        let glance = Glance::at(response.as_bytes()).unwrap();
        assert_eq!((glance.status(), glance.direction, glance.in_dialog), (Some(200), "sendonly", false));
        assert_eq!(Glance::at(b"\r\n\r\n"), None);
    }
}
