//! The audio codecs a leg can speak, and what RTP says of them (RFC 3551, RFC 7587).

use crate::g711::Law;

/// An audio codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// G.711, 8 kHz.
    G711(Law),
    /// G.722 at 64 kbit/s, 16 kHz.
    G722,
    /// Opus (RFC 6716), decoded and encoded at 8 or 16 kHz, mono.
    Opus,
}

impl Codec {
    /// All of them, in the order of our offers: what needs no work first.
    pub const ALL: [Self; 4] = [Self::G711(Law::Mu), Self::G711(Law::A), Self::G722, Self::Opus];

    /// The encoding name in an `a=rtpmap`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::G711(law) => law.name(),
            Self::G722 => "G722",
            Self::Opus => "opus",
        }
    }

    /// The RTP clock in Hz. G.722 samples at 16 kHz and counts 8000 a second all the same (RFC 3551 section 4.5.2);
    /// Opus counts 48000 whatever it carries (RFC 7587 section 4.1).
    #[must_use]
    pub const fn clock(self) -> u32 {
        match self {
            Self::G711(_) | Self::G722 => 8000,
            Self::Opus => 48_000,
        }
    }

    /// Channels in an `a=rtpmap`; Opus always writes two (RFC 7587 section 7).
    #[must_use]
    pub const fn channels(self) -> u8 {
        match self {
            Self::G711(_) | Self::G722 => 1,
            Self::Opus => 2,
        }
    }

    /// The payload type that needs no `a=rtpmap` (RFC 3551 table 4).
    #[must_use]
    pub const fn static_payload_type(self) -> Option<u8> {
        match self {
            Self::G711(law) => Some(law.static_payload_type()),
            Self::G722 => Some(9),
            Self::Opus => None,
        }
    }

    /// The codec an `a=rtpmap` names.
    #[must_use]
    pub fn named(encoding: &str, clock_rate: u32, channels: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| {
            encoding.eq_ignore_ascii_case(codec.name()) && clock_rate == codec.clock() && channels == codec.channels()
        })
    }

    /// Whether packets of one go to a listener of the other without being decoded: the same codec, or the two laws of
    /// G.711, which a table translates.
    #[must_use]
    pub fn forwards_to(self, other: Self) -> bool {
        self == other || matches!((self, other), (Self::G711(_), Self::G711(_)))
    }

    /// How long a payload lasts, in units of [`Self::clock`]; `None` when it cannot be read.
    #[must_use]
    pub fn duration(self, payload: &[u8]) -> Option<u32> {
        match self {
            Self::G711(_) | Self::G722 => payload.len().try_into().ok(),
            Self::Opus => opus_pure::packet::samples_48k(payload).ok()?.try_into().ok(),
        }
    }

    /// How long a payload lasts in milliseconds, rounded down.
    #[must_use]
    pub fn milliseconds(self, payload: &[u8]) -> Option<u32> {
        Some(self.duration(payload)? / (self.clock() / 1000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rtpmaps_name_codecs() {
        assert_eq!(Codec::named("OPUS", 48_000, 2), Some(Codec::Opus));
        assert_eq!(Codec::named("opus", 48_000, 1), None);
        assert_eq!(Codec::named("g722", 8000, 1), Some(Codec::G722));
        assert_eq!(Codec::named("G722", 16_000, 1), None);
        assert_eq!(Codec::named("pcma", 8000, 1), Some(Codec::G711(Law::A)));
        assert_eq!(Codec::named("G729", 8000, 1), None);
    }

    #[test]
    fn durations_follow_the_payload() {
        assert_eq!(Codec::G711(Law::A).milliseconds(&[0; 240]), Some(30));
        assert_eq!(Codec::G722.milliseconds(&[0; 160]), Some(20));
        // Hybrid fullband 20 ms, one frame; then two frames of it; then a count of none.
        assert_eq!(Codec::Opus.milliseconds(&[0x78, 1, 2]), Some(20));
        assert_eq!(Codec::Opus.milliseconds(&[0x79, 1, 2]), Some(40));
        assert_eq!(Codec::Opus.milliseconds(&[0x7b, 0]), None);
        assert_eq!(Codec::Opus.milliseconds(&[]), None);
    }
}
