//! Making payloads of samples, in any codec.

use opus_pure::{Application, OpusEncoder, RateControl, Signal};

use crate::codec::Codec;
use crate::g722;
use crate::half_band::{Doubler, Halver};

/// The largest payload of our own in bytes: 60 ms of G.711 or G.722.
pub const MAX_PAYLOAD: usize = 480;
/// What Opus is given, in bit/s: RFC 7587 section 3.1.1 has 8 to 12 thousand at 8 kHz and 16 to 20 at 16 kHz as the least that
/// sounds well; this much survives a second coding and keeps tones within 1.2 dB of their level.
const BITS: i32 = 40_000;
/// Opus's effort, 0 to 10: 8 takes half as long again and wavers in level by 0.1 dB less.
const EFFORT: i32 = 5;
/// The loss that Opus prepares for with in-band FEC, in percent.
const EXPECTED_LOSS: i32 = 10;

/// The sample rate of audio on its way through us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rate {
    /// 8 kHz.
    Narrow,
    /// 16 kHz.
    Wide,
}

impl Rate {
    /// In Hz.
    #[must_use]
    pub const fn hz(self) -> u32 {
        match self {
            Self::Narrow => 8000,
            Self::Wide => 16_000,
        }
    }

    /// Samples of so many milliseconds.
    #[must_use]
    pub const fn samples(self, ms: u32) -> usize {
        (self.hz() / 1000 * ms) as usize
    }
}

/// An encoder of one outgoing stream.
#[allow(clippy::large_enum_variant, reason = "encoders are boxed with what surrounds them")]
pub enum Encoder {
    /// G.711 has no state.
    G711(crate::g711::Law),
    /// G.722.
    G722(g722::Encoder),
    /// Opus, which takes either rate.
    Opus(Box<OpusEncoder>, Rate),
}

impl Encoder {
    /// An encoder for audio at `rate`; `None` when Opus cannot be made.
    #[must_use]
    pub fn new(codec: Codec, rate: Rate) -> Option<Self> {
        Some(match codec {
            Codec::G711(law) => Self::G711(law),
            Codec::G722 => Self::G722(g722::Encoder::default()),
            Codec::Opus => {
                let mut opus = OpusEncoder::new(rate.hz() as i32, 1, Application::Voip).ok()?;
                opus.bitrate_bps = BITS;
                opus.complexity = EFFORT;
                opus.rate_control = RateControl::ConstrainedVbr;
                opus.signal_type = Some(Signal::Voice);
                opus.use_inband_fec = true;
                opus.packet_loss_perc = EXPECTED_LOSS;
                Self::Opus(Box::new(opus), rate)
            }
        })
    }

    /// The rate it takes samples at.
    #[must_use]
    pub const fn rate(&self) -> Rate {
        match self {
            Self::G711(_) => Rate::Narrow,
            Self::G722(_) => Rate::Wide,
            Self::Opus(_, rate) => *rate,
        }
    }

    /// Encodes samples at [`Self::rate`], 10, 20, 40 or 60 ms of them, as one payload of at most [`MAX_PAYLOAD`] bytes.
    /// An empty payload means that there is nothing to send.
    pub fn encode(&mut self, samples: &[i16], payload: &mut Vec<u8>) {
        payload.clear();
        match self {
            Self::G711(law) => payload.extend(samples.iter().map(|sample| law.encode(*sample))),
            Self::G722(g722) => g722.encode(samples, payload),
            Self::Opus(opus, _) => {
                payload.resize(MAX_PAYLOAD, 0);
                let length = opus.encode_s16(samples, samples.len(), payload).unwrap_or(0);
                payload.truncate(length);
            }
        }
    }
}

/// Samples of either rate at the rate an encoder wants.
#[derive(Default)]
pub struct Converter {
    doubler: Option<Box<Doubler>>,
    halver: Option<Box<Halver>>,
}

impl Converter {
    /// Appends `samples`, which are at `from`, to `into` at `to`.
    pub fn run(&mut self, samples: &[i16], from: Rate, to: Rate, into: &mut Vec<i16>) {
        match (from, to) {
            (Rate::Narrow, Rate::Wide) => self.doubler.get_or_insert_default().run(samples, into),
            (Rate::Wide, Rate::Narrow) => self.halver.get_or_insert_default().run(samples, into),
            (Rate::Narrow, Rate::Narrow) | (Rate::Wide, Rate::Wide) => into.extend_from_slice(samples),
        }
    }
}
