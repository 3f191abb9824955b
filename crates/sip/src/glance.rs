//! What a message is and which call it belongs to, seen without parsing it whole: for a call's trace, which looks at every
//! message that comes and goes.

use crate::method::Method;
use crate::scan;

/// Header lines looked at; what stands behind them is not found.
const MAX_LINES: usize = 64;

/// A message at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glance<'a> {
    /// Of a request, and of the request that a response answers.
    pub method: Method,
    /// 100–699 of a response.
    pub status: Option<u16>,
    /// Value of Call-ID.
    pub call_id: &'a [u8],
}

impl<'a> Glance<'a> {
    /// `None` when start line, Call-ID or (in a response) CSeq cannot be made out.
    #[must_use]
    pub fn of(bytes: &'a [u8]) -> Option<Self> {
        let mut lines = Lines(bytes);
        let start = lines.next()?;
        let status = status_of(start);
        let mut method = match status {
            Some(_) => None,
            None => Some(Method::of(start.get(..scan::find(b' ', start)?)?)),
        };
        let mut call_id = None;
        for line in lines.take(MAX_LINES) {
            let Some(colon) = scan::find(b':', line) else { break };
            let (name, value) = (scan::trim(&line[..colon]), scan::trim(&line[colon + 1..]));
            match name.len() {
                1 if name.eq_ignore_ascii_case(b"i") => call_id = Some(value),
                7 if name.eq_ignore_ascii_case(b"Call-ID") => call_id = Some(value),
                4 if method.is_none() && name.eq_ignore_ascii_case(b"CSeq") => {
                    method = value.rsplit(|byte| scan::is_space(*byte)).next().map(Method::of);
                }
                _ => {}
            }
            if let (Some(method), Some(call_id)) = (method, call_id) {
                return Some(Self { method, status, call_id });
            }
        }
        None
    }
}

fn status_of(start: &[u8]) -> Option<u16> {
    let digits = start.strip_prefix(b"SIP/2.0 ")?.get(..3)?;
    std::str::from_utf8(digits).ok()?.parse().ok().filter(|status| (100..700).contains(status))
}

/// Lines up to the empty one, without their ends.
struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let end = scan::find(b'\n', self.0)?;
        let line = self.0[..end].strip_suffix(b"\r").unwrap_or(&self.0[..end]);
        self.0 = &self.0[end + 1..];
        (!line.is_empty()).then_some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_requests_and_responses() {
        let invite = b"INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c\r\nCALL-ID : x1@c \r\nCSeq: 1 INVITE\r\n\r\n";
        assert_eq!(Glance::of(invite), Some(Glance { method: Method::Invite, status: None, call_id: b"x1@c" }));
        let ok = b"SIP/2.0 200 OK\r\nCSeq: 2  BYE\r\ni: x1@c\r\n\r\nbody";
        assert_eq!(Glance::of(ok), Some(Glance { method: Method::Bye, status: Some(200), call_id: b"x1@c" }));
    }

    #[test]
    fn sees_nothing_in_what_is_no_message() {
        let cases: [&[u8]; 5] = [
            b"",
            b"\r\n\r\n",
            b"INVITE",
            b"SIP/2.0 200 OK\r\nCall-ID: x\r\n\r\nCSeq: 1 BYE\r\n",
            b"INVITE sip:a@b SIP/2.0\r\n\r\ni: x\r\n",
        ];
        for bytes in cases {
            assert_eq!(Glance::of(bytes), None, "{}", bytes.escape_ascii());
        }
    }
}
