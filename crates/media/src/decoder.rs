//! Making samples of payloads, in any codec.

use opus_pure::OpusDecoder;

use crate::codec::Codec;
use crate::encoder::Rate;
use crate::g711::Law;
use crate::g722;

/// The longest payload of any codec in milliseconds (RFC 7587 section 3.1; G.711 in larger packets does not occur).
pub const MAX_PAYLOAD_MS: u32 = 120;

/// A decoder of one incoming stream.
#[allow(clippy::large_enum_variant, reason = "decoders are boxed with what surrounds them")]
pub enum Decoder {
    /// G.711 has no state.
    G711(Law),
    /// G.722.
    G722(g722::Decoder),
    /// Opus, decoded to either rate, and the samples of its last packet.
    Opus(Box<OpusDecoder>, Rate, usize),
}

impl Decoder {
    /// A decoder. `wide` asks Opus for 16 kHz; the others have rates of their own. `None` when Opus cannot be made.
    #[must_use]
    pub fn new(codec: Codec, wide: bool) -> Option<Self> {
        let rate = if wide { Rate::Wide } else { Rate::Narrow };
        Some(match codec {
            Codec::G711(law) => Self::G711(law),
            Codec::G722 => Self::G722(g722::Decoder::default()),
            Codec::Opus => Self::Opus(Box::new(OpusDecoder::new(rate.hz() as i32, 1).ok()?), rate, rate.samples(20)),
        })
    }

    /// The rate of its samples.
    #[must_use]
    pub const fn rate(&self) -> Rate {
        match self {
            Self::G711(_) => Rate::Narrow,
            Self::G722(_) => Rate::Wide,
            Self::Opus(_, rate, _) => *rate,
        }
    }

    /// What it decodes. G.711's laws are one: a payload names its own.
    #[must_use]
    pub const fn takes(&self, codec: Codec) -> bool {
        matches!(
            (self, codec),
            (Self::G711(_), Codec::G711(_)) | (Self::G722(_), Codec::G722) | (Self::Opus(..), Codec::Opus)
        )
    }

    /// Appends a payload's samples; false, with nothing appended, when the payload makes no sense.
    pub fn decode(&mut self, codec: Codec, payload: &[u8], into: &mut Vec<i16>) -> bool {
        match (self, codec) {
            (Self::G711(law), Codec::G711(spoken)) => {
                *law = spoken;
                into.extend(payload.iter().map(|byte| spoken.decode(*byte)));
                true
            }
            (Self::G722(g722), Codec::G722) => {
                g722.decode(payload, into);
                true
            }
            (Self::Opus(opus, rate, last), Codec::Opus) => {
                let room = rate.samples(MAX_PAYLOAD_MS);
                let taken = with_room(into, room, |room_for| opus.decode_s16(payload, room, room_for).ok());
                *last = taken.unwrap_or(*last);
                taken.is_some()
            }
            _ => false,
        }
    }

    /// How much of what follows a loss is in doubt, in milliseconds: the time in which a decoder that has lost its state finds
    /// it again for the most part.
    #[must_use]
    pub const fn doubtful_ms(&self) -> u32 {
        match self {
            Self::G722(_) => g722::DOUBTFUL_MS,
            Self::G711(_) | Self::Opus(..) => 0,
        }
    }

    /// What follows a loss of `lost` packets like it is about to be decoded.
    pub fn catch_up(&mut self, payload: &[u8], lost: u16) {
        if let Self::G722(g722) = self {
            g722.catch_up(payload, u32::from(lost) * (payload.len() as u32 / 8));
        }
    }

    /// Appends what Opus makes of a loss of `samples`: out of the `next` packet's redundancy if that is here, by its own
    /// concealment otherwise. False for the other codecs, which conceal outside.
    pub fn conceal(&mut self, next: Option<&[u8]>, samples: usize, into: &mut Vec<i16>) -> bool {
        let Self::Opus(opus, ..) = self else {
            return false;
        };
        with_room(into, samples, |room| match next {
            Some(next) => opus.decode_fec_s16(next, samples, room).ok(),
            None => opus.decode_s16(&[], samples, room).ok(),
        })
        .is_some()
    }
}

/// Makes room for `room` samples at the end of `into`, and keeps those that `fill` says it made.
fn with_room(into: &mut Vec<i16>, room: usize, fill: impl FnOnce(&mut [i16]) -> Option<usize>) -> Option<usize> {
    let before = into.len();
    into.resize(before + room, 0);
    let made = into.get_mut(before..).and_then(fill).map(|made| made.min(room));
    into.truncate(before + made.unwrap_or(0));
    made
}
