//! What a far end says as an even stream of samples: packets wait in a jitter buffer, are decoded on a beat of 20 ms, and what
//! is missing is made up. Only legs whose audio must be decoded have one.

mod playout;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::codec::Codec;
use crate::comfort_noise::ComfortNoise;
use crate::concealment::Concealer;
use crate::decoder::Decoder;
use crate::encoder::Rate;
use crate::jitter_buffer::{Content, JitterBuffer, Put};
use crate::lateness::Lateness;
use crate::rtp::Header;

/// The beat, in milliseconds.
pub const BEAT_MS: u32 = 20;

/// Audio of a lossy path waits at least so long, in milliseconds: what follows a loss is then here in time to fade into.
const LOSSY_WAIT_MS: u32 = 45;
/// A path is lossy above this share of lost packets, each packet's share of the memory being [`LOSS_MEMORY`].
const LOSSY: f32 = 0.005;
const LOSS_MEMORY: f32 = 1.0 / 500.0;

/// Counts of what was done to a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Milliseconds that were made up for what did not come in time.
    pub concealed_ms: u64,
    /// Packets that came too late to be played.
    pub late: u64,
    /// Times a period was left out or said twice, to keep the wait right.
    pub spliced: u64,
}

/// The jitter buffer, decoder and concealment of one leg.
pub struct Hearing {
    decoder: Decoder,
    buffer: JitterBuffer,
    lateness: Lateness,
    concealer: Concealer,
    noise: Option<ComfortNoise>,
    state: State,
    /// Samples decoded and not played yet.
    ready: Vec<i16>,
    /// Share of the packets that were lost lately; a path counts as lossy until it has shown for some seconds that it is not.
    lost: f32,
    /// Sequence number of the last packet decoded.
    last_sequence: Option<u16>,
    /// How long the packet decoded last had waited by then, had it come as quickly as the quickest, in microseconds.
    waited_us: Option<i64>,
    since_splice: u32,
    clock: u32,
    counts: Heard,
}

/// Where playing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing came for some time, or never.
    Idle,
    /// A talkspurt began at this time; it waits for as long as its packets may be late.
    Gathering(Duration),
    /// Decoding goes on at `next` in timestamp units; so much of what is just before it was made up because nothing was there.
    Playing { next: i64, dry: i64 },
}

/// What a beat brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    /// Samples to be passed on.
    Audio,
    /// The far end is silent: nothing to pass on, and nothing will come until its next packet.
    Nothing,
}

impl Hearing {
    /// For a stream of `codec`. `wide`: whoever listens takes 16 kHz, so Opus is to be decoded to that.
    /// `None` when Opus cannot be made.
    #[must_use]
    pub fn new(codec: Codec, wide: bool) -> Option<Self> {
        let decoder = Decoder::new(codec, wide)?;
        let rate = decoder.rate();
        Some(Self {
            decoder,
            buffer: JitterBuffer::default(),
            lateness: Lateness::default(),
            concealer: Concealer::new(rate),
            noise: None,
            state: State::Idle,
            ready: Vec::with_capacity(rate.samples(2 * crate::decoder::MAX_PAYLOAD_MS)),
            lost: 2.0 * LOSSY,
            last_sequence: None,
            waited_us: None,
            since_splice: 0,
            clock: codec.clock(),
            counts: Heard::default(),
        })
    }

    /// The rate of its samples.
    #[must_use]
    pub const fn rate(&self) -> Rate {
        self.decoder.rate()
    }

    /// Whether it is right for a stream of `codec` and for listeners of this width.
    #[must_use]
    pub fn suits(&self, codec: Codec, wide: bool) -> bool {
        self.decoder.takes(codec) && (codec != Codec::Opus || wide == (self.rate() == Rate::Wide))
    }

    /// Whether what comes is G.711.
    #[must_use]
    pub const fn is_g711(&self) -> bool {
        matches!(self.decoder, Decoder::G711(_))
    }

    /// What was done so far.
    #[must_use]
    pub const fn counts(&self) -> Heard {
        self.counts
    }

    /// How long audio waits for late packets now, in milliseconds.
    #[must_use]
    pub fn wait_ms(&self) -> u32 {
        let least = if self.lost > LOSSY { LOSSY_WAIT_MS } else { 0 };
        self.lateness.target_ms().max(least)
    }

    /// Remembers the fate of a packet.
    fn note_loss(&mut self, lost: bool) {
        let fate = if lost { 1.0 } else { 0.0 };
        self.lost += (fate - self.lost) * LOSS_MEMORY;
    }

    /// Nothing waits and nothing plays: no beat is needed until the next packet.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.state == State::Idle && self.ready.is_empty()
    }

    /// Takes a packet that is no duplicate. `since_start` is its arrival; it may be late or out of order. A payload whose
    /// length cannot be read is not taken (false).
    pub fn take(&mut self, since_start: Duration, header: &Header, content: Content, payload: &[u8]) -> bool {
        let duration = match content {
            Content::Noise => Some(0),
            Content::Audio(codec) => codec.duration(payload),
        };
        let Some(duration) =
            duration.filter(|duration| *duration <= self.clock / 1000 * crate::decoder::MAX_PAYLOAD_MS)
        else {
            return false;
        };
        let put = self.buffer.put(header.ssrc, header.sequence, header.timestamp, (content, duration), payload);
        let Some(newest) = self.buffer.newest() else {
            return false;
        };
        if put == Put::Restarted {
            self.lateness.forget_clock();
            self.last_sequence = None;
            self.state = State::Gathering(since_start);
        }
        let time = newest + i64::from(header.timestamp.wrapping_sub(newest as u32).cast_signed());
        self.lateness.arrive(since_start, self.microseconds(time));
        match self.state {
            State::Idle => self.state = State::Gathering(since_start),
            // It comes while its place is being made up: it is played after all, and all that follows later.
            State::Playing { next, dry } if dry > 0 && time < next && time >= next - dry => {
                self.state = State::Playing { next: time, dry: 0 };
            }
            State::Gathering(_) | State::Playing { .. } => {}
        }
        true
    }

    fn microseconds(&self, time: i64) -> i64 {
        time * 1_000_000 / i64::from(self.clock)
    }

    /// Samples of a stretch of timestamp units.
    fn samples(&self, units: i64) -> usize {
        usize::try_from(units * i64::from(self.rate().hz()) / i64::from(self.clock)).unwrap_or(0)
    }
}
