//! Prompts: audio encoded once per codec, then only copied.

use crate::g711::Law;
use crate::resample::to_play_rate;

/// Bytes of a frame: 20 ms of G.711.
pub const FRAME: usize = 160;
/// A prompt's length at most, in seconds.
pub const MAX_SECONDS: u32 = 3600;

/// Why samples do not make a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PromptError {
    /// The sample rate is not between 4 and 192 kHz.
    SampleRate(u32),
    /// Longer than [`MAX_SECONDS`].
    TooLong,
}

impl std::fmt::Display for PromptError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SampleRate(rate) => write!(f, "sample_rate: {rate} Hz is not between 4000 and 192000 Hz"),
            Self::TooLong => write!(f, "samples: longer than {MAX_SECONDS} s"),
        }
    }
}

impl std::error::Error for PromptError {}

/// Audio ready to play, in frames of 20 ms.
#[derive(Clone, PartialEq, Eq)]
pub struct Prompt {
    mu: Box<[u8]>,
    a: Box<[u8]>,
    forever: bool,
}

impl std::fmt::Debug for Prompt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prompt").field("frames", &self.frames()).field("forever", &self.forever).finish()
    }
}

impl Prompt {
    /// Makes a prompt of mono samples. The last frame is filled up with silence.
    ///
    /// # Errors
    /// [`PromptError`] names what is out of range.
    pub fn from_pcm(samples: &[i16], sample_rate: u32) -> Result<Self, PromptError> {
        if !(4000..=192_000).contains(&sample_rate) {
            return Err(PromptError::SampleRate(sample_rate));
        }
        if samples.len() as u64 > u64::from(MAX_SECONDS) * u64::from(sample_rate) {
            return Err(PromptError::TooLong);
        }
        Ok(Self::encoded(&to_play_rate(samples, sample_rate), false))
    }

    /// Encodes samples at 8 kHz.
    pub(crate) fn encoded(samples: &[i16], forever: bool) -> Self {
        let encode = |law: Law| {
            let mut bytes: Vec<u8> = samples.iter().map(|sample| law.encode(*sample)).collect();
            bytes.resize(samples.len().div_ceil(FRAME) * FRAME, law.silence());
            bytes.into_boxed_slice()
        };
        Self { mu: encode(Law::Mu), a: encode(Law::A), forever }
    }

    /// How many frames of 20 ms it has.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.mu.len() / FRAME
    }

    /// Whether it begins again by itself (ringback tones).
    #[must_use]
    pub const fn forever(&self) -> bool {
        self.forever
    }

    /// A frame; `None` beyond the end.
    #[must_use]
    pub fn frame(&self, law: Law, index: usize) -> Option<&[u8; FRAME]> {
        let bytes = match law {
            Law::Mu => &self.mu,
            Law::A => &self.a,
        };
        bytes.get(index.checked_mul(FRAME)?..)?.first_chunk()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tones::{level_dbm0, sine};

    #[test]
    fn a_prompt_has_whole_frames_in_both_laws() {
        let prompt = Prompt::from_pcm(&sine(1000.0, -10.0, 48_000, 48_000 + 100), 48_000).unwrap();
        assert_eq!(prompt.frames(), 51);
        for law in [Law::Mu, Law::A] {
            let heard: Vec<i16> =
                (5..45).flat_map(|n| prompt.frame(law, n).unwrap().map(|byte| law.decode(byte))).collect();
            assert!((level_dbm0(&heard, 1000.0) + 10.0).abs() < 0.15);
            assert_eq!(prompt.frame(law, 50).unwrap()[159], law.silence());
            assert_eq!(prompt.frame(law, 51), None);
        }
    }

    #[test]
    fn bad_rates_are_named() {
        assert_eq!(Prompt::from_pcm(&[], 0), Err(PromptError::SampleRate(0)));
        assert!(PromptError::SampleRate(7).to_string().contains("sample_rate"));
        assert_eq!(Prompt::from_pcm(&[], 8000).unwrap().frames(), 0);
    }
}
