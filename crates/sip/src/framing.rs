//! Messages out of a byte stream (RFC 3261 18.3, RFC 5626 3.5.1 keep-alive).

use crate::header::HeaderName;
use crate::raw::{MAX_LINE, MAX_MESSAGE, Malformed};
use crate::scan;

/// Longest head (start line and header fields) of a message in a stream, bytes.
const MAX_HEAD: usize = MAX_MESSAGE;

/// What a stream holds next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// One whole message.
    Message(Vec<u8>),
    /// A keep-alive `\r\n\r\n`; [`PONG`] is to be sent back.
    Ping,
}

/// A keep-alive.
const PING: &[u8] = b"\r\n\r\n";
/// The answer to a keep-alive.
pub const PONG: &[u8] = b"\r\n";

/// Collects the bytes of one connection and hands out whole messages. Its buffer is bounded by
/// one message and one read: take all frames out after each push.
#[derive(Debug, Default)]
pub struct StreamFramer {
    buffer: Vec<u8>,
    read: usize,
    scanned: usize,
    /// Length of the message whose head is here already.
    total: Option<usize>,
}

impl StreamFramer {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes that were read.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.read > 0 {
            self.buffer.drain(..self.read);
            self.read = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Has a message (or a keep-alive) begun that is not whole yet? To be asked when [`Self::next_frame`] has nothing more.
    #[must_use]
    pub fn is_within_message(&self) -> bool {
        self.buffer.len() > self.read
    }

    /// The next frame; `Ok(None)` when more bytes are needed.
    ///
    /// # Errors
    /// When the stream cannot be followed any more (no usable Content-Length, a head or body too long): hand [`Self::rest`]
    /// to the endpoint, which answers 400 or 513 where it can be said to whom, and close the connection.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, Malformed> {
        if self.scanned == 0
            && let Some(found) = self.take_blank()
        {
            return Ok(found);
        }
        let rest = self.buffer.get(self.read..).unwrap_or_default();
        let total = match self.total {
            Some(total) => total,
            None => {
                let Some(head) = head_length(rest, self.scanned) else {
                    self.scanned = rest.len().saturating_sub(3);
                    if rest.len() > MAX_HEAD {
                        return Err(Malformed::too_large("message", "head is longer than 65535 bytes"));
                    }
                    return Ok(None);
                };
                let total = head.saturating_add(content_length(rest.get(..head).unwrap_or_default())?);
                if total > MAX_MESSAGE {
                    return Err(Malformed::too_large("Content-Length", "message is longer than 65535 bytes"));
                }
                *self.total.insert(total)
            }
        };
        let Some(message) = rest.get(..total) else {
            return Ok(None);
        };
        let message = message.to_vec();
        self.read += total;
        self.scanned = 0;
        self.total = None;
        Ok(Some(Frame::Message(message)))
    }

    /// What came of the message that could not be followed, at most one byte more than a message may have.
    #[must_use]
    pub fn rest(&self) -> &[u8] {
        let rest = self.buffer.get(self.read..).unwrap_or_default();
        rest.get(..MAX_MESSAGE + 1).unwrap_or(rest)
    }

    /// Line ends between messages: two are a ping; what may become one waits. Others, and bare ones, mean nothing
    /// (RFC 3261 7.5). One byte is passed over at a time, so that where the reads were cut makes no difference.
    fn take_blank(&mut self) -> Option<Option<Frame>> {
        loop {
            let rest = self.buffer.get(self.read..).unwrap_or_default();
            match rest {
                [..] if rest.starts_with(PING) => {
                    self.read += PING.len();
                    return Some(Some(Frame::Ping));
                }
                [b'\r' | b'\n', ..] if PING.starts_with(rest) => return Some(None),
                [b'\r' | b'\n', ..] => self.read += 1,
                _ => return None,
            }
        }
    }
}

/// Length of start line and header fields with the empty line.
fn head_length(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(found) = scan::find(b'\n', bytes.get(at..)?) {
        at += found + 1;
        match bytes.get(at..)? {
            [b'\r', b'\n', ..] => return Some(at + 2),
            [b'\n', ..] => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// Content-Length of a head; 0 when it does not stand (RFC 3261 18.3 demands it on streams, but peers forget it when there is no body).
fn content_length(head: &[u8]) -> Result<usize, Malformed> {
    let broken = |problem| Malformed::new("Content-Length", problem);
    let mut found: Option<u64> = None;
    for line in head.split(|b| *b == b'\n') {
        if line.len() > MAX_LINE {
            return Err(Malformed::too_large("header field", "longer than 16 KiB"));
        }
        let Some((name, value)) = scan::split_once(line, b':') else { continue };
        if HeaderName::of(scan::trim(name)) != HeaderName::ContentLength {
            continue;
        }
        let value = scan::trim(value.strip_suffix(b"\r").unwrap_or(value));
        let length = scan::number(value, u64::from(u32::MAX)).ok_or(broken("is no number"))?;
        if found.is_some_and(|other| other != length) {
            return Err(broken("stands twice with different values"));
        }
        found = Some(length);
    }
    usize::try_from(found.unwrap_or(0)).map_err(|_| broken("is too large"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &[u8] = b"OPTIONS sip:a SIP/2.0\r\nl: 3\r\n\r\nabc";

    fn frames(pieces: &[&[u8]]) -> Vec<Frame> {
        let mut framer = StreamFramer::new();
        let mut out = Vec::new();
        for piece in pieces {
            framer.push(piece);
            while let Some(frame) = framer.next_frame().unwrap() {
                out.push(frame);
            }
        }
        out
    }

    #[test]
    fn whole_split_and_joined() {
        let expected = vec![Frame::Message(ONE.to_vec()), Frame::Message(ONE.to_vec())];
        let both = [ONE, ONE].concat();
        assert_eq!(frames(&[&both]), expected);
        for cut in 0..both.len() {
            assert_eq!(frames(&[&both[..cut], &both[cut..]]), expected, "cut at {cut}");
        }
        let single: Vec<_> = both.chunks(1).collect();
        assert_eq!(frames(&single), expected);
    }

    #[test]
    fn keep_alive() {
        let mut stream = b"\r\n\r\n".to_vec();
        stream.extend_from_slice(ONE);
        assert_eq!(frames(&[&stream]), [Frame::Ping, Frame::Message(ONE.to_vec())]);
        assert_eq!(frames(&[b"\r\n", b"\r\n"]), [Frame::Ping]);
        let odd = [b"\r\n\r\r\r\n\r\n\r".as_slice(), ONE].concat();
        assert_eq!(frames(&[&odd]), [Frame::Ping, Frame::Message(ONE.to_vec())]);
        assert_eq!(frames(&odd.chunks(1).collect::<Vec<_>>()), frames(&[&odd]));
        let single = [b"\r\n".as_slice(), ONE].concat();
        assert_eq!(frames(&[&single]), [Frame::Message(ONE.to_vec())]);
    }

    #[test]
    fn refuses_what_cannot_be_followed() {
        for bad in [
            &b"X sip:a SIP/2.0\r\nContent-Length: -1\r\n\r\n"[..],
            b"X sip:a SIP/2.0\r\nContent-Length: 1\r\nl: 2\r\n\r\nab",
            b"X sip:a SIP/2.0\r\nContent-Length: 99999999\r\n\r\n",
        ] {
            let mut framer = StreamFramer::new();
            framer.push(bad);
            assert!(framer.next_frame().is_err());
        }
        let mut framer = StreamFramer::new();
        framer.push(&vec![b'a'; MAX_HEAD + 1]);
        assert!(framer.next_frame().is_err());
    }
}
