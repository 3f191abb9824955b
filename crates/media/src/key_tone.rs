//! Keys sent in-band, for far ends without telephone-event.

use std::f64::consts::TAU;

use crate::prompt::FRAME;
use crate::tones::{amplitude, key_frequencies};

/// A key being sounded in frames of 20 ms.
#[derive(Clone, Copy, Debug)]
pub struct KeyTone {
    key: char,
    low: f64,
    high: f64,
    sample: u32,
    frames: u16,
}

impl KeyTone {
    /// `duration_ms` is kept between 40 and 8000 and rounded up to frames. `None` when it is no key.
    #[must_use]
    pub fn new(key: char, duration_ms: u16) -> Option<Self> {
        let (low, high) = key_frequencies(key)?;
        Some(Self {
            key: key.to_ascii_uppercase(),
            low,
            high,
            sample: 0,
            frames: duration_ms.clamp(40, 8000).div_ceil(20),
        })
    }

    /// Which key it is.
    #[must_use]
    pub const fn key(&self) -> char {
        self.key
    }

    /// The next frame at 8 kHz; `None` when the key is done. Low group −9, high group −7 dBm0 (ITU-T Q.24: high a little louder).
    pub fn next_frame(&mut self) -> Option<[i16; FRAME]> {
        self.frames = self.frames.checked_sub(1)?;
        let mut frame = [0; FRAME];
        for sample in &mut frame {
            let t = f64::from(self.sample) / 8000.0;
            let low = (TAU * self.low * t).sin() * amplitude(-9.0);
            let high = (TAU * self.high * t).sin() * amplitude(-7.0);
            *sample = (low + high) as i16;
            self.sample += 1;
        }
        Some(frame)
    }
}
