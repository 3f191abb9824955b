//! What a voice is carried in. G.711 is the tests' own; G.722 is the product's, which its own tests hold against others'.

use crate::tone::{self, Oscillator};
use media::g722;

/// Samples in 20 ms at 8 kHz, and bytes in a packet of any of these codecs.
const FRAME: usize = 160;

/// A codec with a payload type of its own (RFC 3551 table 4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Codec {
    /// G.711, µ-law.
    #[default]
    Pcmu,
    /// G.711, A-law.
    Pcma,
    /// G.722, 64 kbit/s.
    G722,
}

impl Codec {
    /// Its payload type.
    pub fn payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
            Self::G722 => 9,
        }
    }

    /// The codec of a payload type.
    pub fn of(payload_type: u8) -> Option<Self> {
        [Self::Pcmu, Self::Pcma, Self::G722].into_iter().find(|codec| codec.payload_type() == payload_type)
    }
}

/// Makes packets of tones, one after the other.
#[derive(Default)]
pub struct Mouth {
    oscillator: Oscillator,
    g722: g722::Encoder,
}

impl Mouth {
    /// The next 20 ms of the sum of `hertz`, each at `level` of full scale.
    pub fn next(&mut self, codec: Codec, hertz: &[f64], level: f64) -> Vec<u8> {
        let oscillator = &mut self.oscillator;
        match codec {
            Codec::Pcmu => (0..FRAME).map(|_| tone::to_mulaw(oscillator.next(hertz, level))).collect(),
            Codec::Pcma => (0..FRAME).map(|_| tone::to_alaw(oscillator.next(hertz, level))).collect(),
            Codec::G722 => {
                // At twice the rate half the frequency is the same tone.
                let halves: Vec<f64> = hertz.iter().map(|hertz| hertz / 2.0).collect();
                let samples: Vec<i16> = (0..FRAME * 2).map(|_| oscillator.next(&halves, level)).collect();
                let mut bytes = Vec::with_capacity(FRAME);
                self.g722.encode(&samples, &mut bytes);
                bytes
            }
        }
    }
}

/// Makes samples at 8 kHz of packets.
#[derive(Default)]
pub struct Ear {
    g722: g722::Decoder,
}

impl Ear {
    /// What a packet says.
    pub fn hear(&mut self, codec: Codec, payload: &[u8]) -> Vec<i16> {
        match codec {
            Codec::Pcmu => payload.iter().map(|byte| tone::from_mulaw(*byte)).collect(),
            Codec::Pcma => payload.iter().map(|byte| tone::from_alaw(*byte)).collect(),
            Codec::G722 => {
                let mut samples = Vec::with_capacity(payload.len() * 2);
                self.g722.decode(payload, &mut samples);
                // The tones of the tests are far below 4 kHz, so every second sample says all.
                samples.into_iter().step_by(2).collect()
            }
        }
    }
}

#[test]
fn a_tone_survives_each_codec() {
    for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722] {
        let (mut mouth, mut ear) = (Mouth::default(), Ear::default());
        let heard: Vec<i16> = (0..20).flat_map(|_| ear.hear(codec, &mouth.next(codec, &[440.0], 0.25))).collect();
        assert!(tone::is_tone(&heard[FRAME..], 440.0, tone::RATE), "{codec:?}");
        assert_eq!(Codec::of(codec.payload_type()), Some(codec));
    }
}
