//! Keys waiting to be sent to a leg, one after the other.

use std::collections::VecDeque;

use crate::key_tone::KeyTone;
use crate::telephone_event::{Sender, code_of};

/// Keys that wait at most; more are not taken.
const MAX_WAITING: usize = 64;
/// Frames of silence between two keys: 60 ms.
const PAUSE_FRAMES: u8 = 3;

/// Keys to send.
#[derive(Clone, Debug, Default)]
pub struct KeyQueue {
    waiting: VecDeque<(char, u16)>,
    /// The key being sent.
    pub current: Option<Sending>,
}

/// A key being sent.
#[derive(Clone, Copy, Debug)]
pub enum Sending {
    /// By telephone-event; `first` until its first packet went.
    Event {
        /// The packets to come.
        sender: Sender,
        /// No packet went yet.
        first: bool,
    },
    /// In-band.
    Tone(KeyTone),
    /// The silence after a key, in frames.
    Pause(u8),
}

impl KeyQueue {
    /// Adds a key; false when it is not one of the sixteen or too many wait.
    pub fn push(&mut self, key: char, duration_ms: u16) -> bool {
        let taken = code_of(key).is_some() && self.waiting.len() < MAX_WAITING;
        if taken {
            self.waiting.push_back((key, duration_ms));
        }
        taken
    }

    /// Nothing is being sent and nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.current.is_none() && self.waiting.is_empty()
    }

    /// Sees to it that a key is current if one waits. `event_clock`: of the far end's telephone-event in Hz, where it has one.
    pub fn advance(&mut self, event_clock: Option<u32>) {
        if self.current.is_none()
            && let Some((key, duration_ms)) = self.waiting.pop_front()
        {
            self.current = match event_clock {
                Some(clock) => code_of(key)
                    .map(|code| Sending::Event { sender: Sender::with_clock(code, duration_ms, clock), first: true }),
                None => KeyTone::new(key, duration_ms).map(Sending::Tone),
            };
        }
    }

    /// The current key is done.
    pub fn pause(&mut self) {
        self.current = Some(Sending::Pause(PAUSE_FRAMES));
    }
}
