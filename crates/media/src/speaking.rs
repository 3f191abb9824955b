//! What is said to a far end in a codec of its own: samples in, payloads of the wanted length out.

use crate::codec::Codec;
use crate::encoder::{Converter, Encoder, Rate};

/// Converts, gathers and encodes one outgoing stream.
pub struct Speaking {
    codec: Codec,
    ptime_ms: u32,
    encoder: Encoder,
    converter: Converter,
    gathered: Vec<i16>,
    payload: Vec<u8>,
}

impl Speaking {
    /// For payloads of `ptime_ms` (10, 20, 40 or 60 for Opus; any from 10 to 60 otherwise). `rate`: of what will be said
    /// mostly; Opus is made for it. `None` when Opus cannot be made.
    #[must_use]
    pub fn new(codec: Codec, ptime_ms: u32, rate: Rate) -> Option<Self> {
        let encoder = Encoder::new(codec, rate)?;
        Some(Self {
            codec,
            ptime_ms,
            encoder,
            converter: Converter::default(),
            gathered: Vec::with_capacity(Rate::Wide.samples(80)),
            payload: Vec::with_capacity(crate::encoder::MAX_PAYLOAD),
        })
    }

    /// Whether it still makes what is wanted.
    #[must_use]
    pub fn suits(&self, codec: Codec, ptime_ms: u32) -> bool {
        self.codec == codec && self.ptime_ms == ptime_ms
    }

    /// How long each payload lasts, in units of the codec's RTP clock.
    #[must_use]
    pub const fn duration(&self) -> u32 {
        self.codec.clock() / 1000 * self.ptime_ms
    }

    /// Adds samples at `rate`.
    pub fn say(&mut self, samples: &[i16], rate: Rate) {
        self.converter.run(samples, rate, self.encoder.rate(), &mut self.gathered);
    }

    /// The next payload that is full; to be asked until `None`.
    pub fn next_payload(&mut self) -> Option<&[u8]> {
        let needed = self.encoder.rate().samples(self.ptime_ms);
        let samples = self.gathered.get(..needed)?;
        self.encoder.encode(samples, &mut self.payload);
        self.gathered.drain(..needed);
        Some(&self.payload)
    }

    /// Drops what does not fill a payload: what is said next has nothing to do with it.
    pub fn interrupt(&mut self) {
        self.gathered.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoder::Decoder;
    use crate::g711::Law;
    use crate::tones::{level_dbm0, sine};

    #[test]
    fn payloads_last_as_long_as_wanted_and_sound_right() {
        for codec in [Codec::G711(Law::Mu), Codec::G711(Law::A), Codec::G722, Codec::Opus] {
            for ptime in [10, 20, 30, 40, 60] {
                if codec == Codec::Opus && ptime == 30 {
                    continue;
                }
                for rate in [Rate::Narrow, Rate::Wide] {
                    let mut speaking = Speaking::new(codec, ptime, rate).unwrap();
                    let mut decoder = Decoder::new(codec, false).unwrap();
                    let mut heard = Vec::new();
                    let said = sine(440.0, -12.0, rate.hz(), rate.samples(1200));
                    for beat in said.chunks(rate.samples(20)) {
                        speaking.say(beat, rate);
                        let duration = speaking.duration();
                        while let Some(payload) = speaking.next_payload() {
                            assert_eq!(codec.duration(payload), Some(duration), "{codec:?} {ptime} {rate:?}");
                            assert!(decoder.decode(codec, payload, &mut heard));
                        }
                    }
                    let scaled = if decoder.rate() == Rate::Wide { 220.0 } else { 440.0 };
                    let level = level_dbm0(&heard[heard.len() / 2..], scaled);
                    assert!((level + 12.0).abs() < 0.5, "{codec:?} {ptime} {rate:?}: {level}");
                }
            }
        }
    }
}
