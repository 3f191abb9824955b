//! Flights (RFC 6347 section 4.2.4): what is sent together, and again until the far end goes on.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::record::{HEADER, OVERHEAD, Records};

/// Bytes of a datagram at most, so that it fits any path.
const MAX_DATAGRAM: usize = 1200;
/// Datagrams that wait to be sent at most; a flight makes one or two.
const MAX_WAITING: usize = 8;
/// How long the far end has to answer at first; twice as long each time. Someone waits to be heard, so it is less than the
/// second of RFC 6347 section 4.2.4.1.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// How long it has at most.
const LONGEST_WAIT: Duration = Duration::from_secs(4);
/// A flight goes out again for the far end's sake no sooner than this.
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// A record before its number is known.
#[derive(Clone, Debug)]
struct Piece {
    content: u8,
    epoch: u16,
    body: Vec<u8>,
}

/// The last flight of ours.
#[derive(Debug, Default)]
pub(super) struct Flight {
    pieces: Vec<Piece>,
    sent_at: Option<Instant>,
    wait: Duration,
    again_at: Option<Instant>,
    waiting: VecDeque<Vec<u8>>,
}

impl Flight {
    /// Begins another flight.
    pub fn begin(&mut self) {
        self.pieces.clear();
        self.again_at = None;
    }

    /// Adds a record to it.
    pub fn add(&mut self, content: u8, epoch: u16, body: Vec<u8>) {
        self.pieces.push(Piece { content, epoch, body });
    }

    /// Sends it. `awaits`: it goes out again until something new comes.
    pub fn send(&mut self, now: Instant, awaits: bool, records: &mut Records) {
        self.wait = FIRST_WAIT;
        self.again_at = awaits.then_some(now + FIRST_WAIT);
        self.write(now, records);
    }

    /// The far end went on: nothing is to be sent again by the clock.
    pub const fn was_heard(&mut self) {
        self.again_at = None;
    }

    /// Sends it again where that is due.
    pub fn run(&mut self, now: Instant, records: &mut Records) {
        if self.again_at.is_some_and(|at| at <= now) {
            self.wait = (self.wait * 2).min(LONGEST_WAIT);
            self.again_at = Some(now + self.wait);
            self.write(now, records);
        }
    }

    /// The far end sent its own flight again: it did not get this one.
    pub fn repeat(&mut self, now: Instant, records: &mut Records) {
        if self.sent_at.is_none_or(|at| now.saturating_duration_since(at) >= AGAIN_AFTER) {
            self.write(now, records);
        }
    }

    /// When [`Self::run`] is needed next.
    pub const fn next_timeout(&self) -> Option<Instant> {
        self.again_at
    }

    /// The next datagram to send.
    pub fn poll(&mut self) -> Option<Vec<u8>> {
        self.waiting.pop_front()
    }

    fn write(&mut self, now: Instant, records: &mut Records) {
        self.sent_at = Some(now);
        let mut datagram = Vec::new();
        for piece in &self.pieces {
            let size = HEADER + OVERHEAD + piece.body.len();
            if !datagram.is_empty() && datagram.len() + size > MAX_DATAGRAM {
                push(&mut self.waiting, std::mem::take(&mut datagram));
            }
            if records.write(piece.content, piece.epoch, &piece.body, &mut datagram).is_none() {
                return;
            }
        }
        push(&mut self.waiting, datagram);
    }
}

fn push(waiting: &mut VecDeque<Vec<u8>>, datagram: Vec<u8>) {
    if !datagram.is_empty() && waiting.len() < MAX_WAITING {
        waiting.push_back(datagram);
    }
}
