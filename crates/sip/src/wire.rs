//! What every part of the endpoint writes to: the messages to send, the timers, the random numbers, the totals.

use std::collections::VecDeque;

use crate::flow::Flow;
use crate::random::Random;
use crate::timer::{Timers, Timing};

/// Most buffers kept for the next messages.
const MAX_POOL: usize = 256;
/// A buffer that grew beyond this is not kept, bytes.
const MAX_POOLED_BUFFER: usize = 8 * 1024;
/// Room a new buffer has, bytes.
const USUAL_MESSAGE: usize = 1024;
/// Most messages waiting to be sent; beyond it they are lost as a full socket would lose them.
const MAX_OUTBOX: usize = 65_536;

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Where to.
    pub flow: Flow,
    /// The whole message; give it back by [`crate::endpoint::Endpoint::recycle`].
    pub bytes: Vec<u8>,
}

/// Counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Messages that were not understood.
    pub malformed: u64,
    /// Messages we sent again because nothing came back.
    pub retransmissions: u64,
    /// Messages that came again.
    pub repeated: u64,
    /// Requests refused or dropped because a table was full.
    pub overload: u64,
    /// Responses and ACKs that belong to nothing.
    pub stray: u64,
    /// Messages not sent because too many were waiting.
    pub unsent: u64,
}

pub(crate) struct Wire {
    pub(crate) timers: Timers,
    pub(crate) timing: Timing,
    pub(crate) random: Random,
    pub(crate) totals: Totals,
    outbox: VecDeque<Transmit>,
    pool: Vec<Vec<u8>>,
}

impl Wire {
    pub(crate) fn new(timing: Timing, seed: u64) -> Self {
        Self {
            timers: Timers::default(),
            timing,
            random: Random::new(seed),
            totals: Totals::default(),
            outbox: VecDeque::new(),
            pool: Vec::new(),
        }
    }

    /// An empty buffer.
    pub(crate) fn buffer(&mut self) -> Vec<u8> {
        self.pool.pop().unwrap_or_else(|| Vec::with_capacity(USUAL_MESSAGE))
    }

    /// Takes a buffer back.
    pub(crate) fn recycle(&mut self, mut bytes: Vec<u8>) {
        if self.pool.len() < MAX_POOL && bytes.capacity() > 0 && bytes.capacity() <= MAX_POOLED_BUFFER {
            bytes.clear();
            self.pool.push(bytes);
        }
    }

    /// Sends a message that need not be kept.
    pub(crate) fn send(&mut self, flow: Flow, bytes: Vec<u8>) {
        if self.outbox.len() == MAX_OUTBOX {
            self.totals.unsent += 1;
            return self.recycle(bytes);
        }
        self.outbox.push_back(Transmit { flow, bytes });
    }

    /// Sends a copy of a message that is kept.
    pub(crate) fn send_copy(&mut self, flow: Flow, bytes: &[u8]) {
        let mut copy = self.buffer();
        copy.extend_from_slice(bytes);
        self.send(flow, copy);
    }

    pub(crate) fn poll(&mut self) -> Option<Transmit> {
        self.outbox.pop_front()
    }
}
