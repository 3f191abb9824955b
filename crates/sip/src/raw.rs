//! A message split into lines: one copy of its bytes and where the header fields stand (RFC 3261 7.3).

use crate::header::HeaderName;
use crate::scan;
use crate::span::Span;

/// Longest message, bytes: what a UDP datagram can hold; the same for streams.
pub const MAX_MESSAGE: usize = 65_535;
/// Most header fields of one message.
pub const MAX_HEADERS: usize = 256;
/// Longest header field, bytes, folds included.
pub const MAX_LINE: usize = 16 * 1024;

/// Room made at once for the header fields of an ordinary message.
const USUAL_HEADERS: usize = 24;

/// Why a message was not understood, and the answer it deserves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Status of the response, when a request is answered: 400, 505 …
    pub status: u16,
    /// Which field is wrong: `CSeq`, `start line` …
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl Malformed {
    pub(crate) fn new(field: &'static str, problem: &'static str) -> Self {
        Self { status: 400, field, problem }
    }

    /// Beyond a bound of ours (RFC 3261 21.5.7).
    pub(crate) fn too_large(field: &'static str, problem: &'static str) -> Self {
        Self { status: 513, field, problem }
    }
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}: {}", self.field, self.problem)
    }
}

impl std::error::Error for Malformed {}

/// One header field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub(crate) name: HeaderName,
    pub(crate) label: Span,
    pub(crate) value: Span,
}

/// The lines and the body.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub(crate) bytes: Vec<u8>,
    pub(crate) start: Span,
    pub(crate) lines: Vec<Line>,
    pub(crate) body: Span,
    /// The first thing wrong with a line; the others were still read so that an answer can be built.
    pub(crate) problem: Option<Malformed>,
}

impl Raw {
    /// Splits `bytes`; empty lines in front are skipped (RFC 3261 7.5). Fails only when not even a start line stands.
    pub(crate) fn split(bytes: &[u8]) -> Result<Self, Malformed> {
        let skip = bytes.iter().take_while(|b| **b == b'\r' || **b == b'\n').count();
        let bytes = bytes.get(skip..).unwrap_or_default();
        let is_too_long = bytes.len() > MAX_MESSAGE;
        // Enough is kept of one that is too long to say so to its sender.
        let bytes = bytes.get(..MAX_MESSAGE).unwrap_or(bytes);
        let mut raw = Self {
            bytes: bytes.to_vec(),
            start: Span::default(),
            lines: Vec::with_capacity(USUAL_HEADERS),
            body: Span::default(),
            problem: is_too_long.then(|| Malformed::too_large("message", "longer than 65535 bytes")),
        };
        let Some((end, mut at)) = raw.line_at(0) else {
            return Err(Malformed::new("start line", "does not end"));
        };
        raw.start = Span::new(0, end);
        let mut last_end = end;
        loop {
            let Some((end, next)) = raw.line_at(at) else {
                // A datagram may end with its last header field; a torn one is refused.
                if at < raw.bytes.len() {
                    raw.note(Malformed::new("message", "no empty line ends the header fields"));
                }
                raw.body = Span::new(raw.bytes.len(), raw.bytes.len());
                return Ok(raw);
            };
            if end == at {
                raw.body = Span::new(next, raw.bytes.len());
                return Ok(raw);
            }
            if raw.bytes.get(at).is_some_and(|b| scan::is_space(*b)) {
                raw.fold(last_end, at, end);
            } else {
                raw.header(at, end);
            }
            last_end = end;
            at = next;
        }
    }

    /// End of the line at `at` without its line end, and where the next one begins.
    fn line_at(&self, at: usize) -> Option<(usize, usize)> {
        let rest = self.bytes.get(at..)?;
        let length = scan::find(b'\n', rest)?;
        let end = at + length;
        let has_return = length > 0 && self.bytes.get(end - 1) == Some(&b'\r');
        Some((end - usize::from(has_return), end + 1))
    }

    fn note(&mut self, problem: Malformed) {
        self.problem.get_or_insert(problem);
    }

    fn header(&mut self, at: usize, end: usize) {
        let line = self.bytes.get(at..end).unwrap_or_default();
        let Some((label, value)) = scan::split_once(line, b':') else {
            return self.note(Malformed::new("header field", "has no colon"));
        };
        let label = scan::trim(label);
        if !scan::is_token(label) {
            return self.note(Malformed::new("header field", "name is no token"));
        }
        if line.len() > MAX_LINE {
            return self.note(Malformed::too_large("header field", "longer than 16 KiB"));
        }
        if self.lines.len() == MAX_HEADERS {
            return self.note(Malformed::too_large("message", "more than 256 header fields"));
        }
        let line = Line {
            name: HeaderName::of(label),
            label: Span::of(&self.bytes, label),
            value: Span::of(&self.bytes, scan::trim(value)),
        };
        self.lines.push(line);
    }

    /// A line that begins with white space goes on with the one before (RFC 3261 7.3.1): the line end between
    /// becomes spaces, so that the value stays one piece.
    fn fold(&mut self, last_end: usize, at: usize, end: usize) {
        let Some(line) = self.lines.last_mut() else {
            return self.note(Malformed::new("header field", "folded line without a field before it"));
        };
        if let Some(gap) = self.bytes.get_mut(last_end..at) {
            gap.fill(b' ');
        }
        let start = line.value.start();
        let value = scan::trim(self.bytes.get(start..end).unwrap_or_default());
        let too_long = value.len() > MAX_LINE;
        // An empty value keeps its place, so that a later fold can still extend it.
        if !value.is_empty() {
            line.value = Span::of(&self.bytes, value);
        }
        if too_long {
            self.note(Malformed::too_large("header field", "longer than 16 KiB"));
        }
    }

    pub(crate) fn slice(&self, span: Span) -> &[u8] {
        span.get(&self.bytes)
    }

    /// Values of every line of that name, in their order.
    pub(crate) fn values(&self, name: HeaderName) -> impl Iterator<Item = &[u8]> {
        self.lines.iter().filter(move |line| line.name == name).map(|line| self.slice(line.value))
    }

    /// Writes the message again: canonical names, one line per field, one space after the colon.
    pub(crate) fn print(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.slice(self.start));
        out.extend_from_slice(b"\r\n");
        for line in &self.lines {
            match line.name {
                HeaderName::Other => out.extend_from_slice(self.slice(line.label)),
                name => out.extend_from_slice(name.as_str().as_bytes()),
            }
            out.extend_from_slice(b": ");
            out.extend_from_slice(self.slice(line.value));
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(self.slice(self.body));
    }
}
