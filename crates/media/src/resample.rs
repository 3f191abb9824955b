//! Sample-rate conversion to 8 kHz by a windowed-sinc low-pass, for prompts. Not for live audio.

use std::f64::consts::PI;

/// The rate everything is played at, in Hz.
pub const PLAY_RATE: u32 = 8000;
/// Zero crossings of the sinc on each side.
const CROSSINGS: f64 = 24.0;
/// The pass band's end as a share of the lower of the two rates.
const PASS: f64 = 0.45;
/// Phases of the filter at most; odd rates are rounded to the nearest phase (−66 dB).
const MAX_PHASES: u64 = 1024;

/// Converts samples at `rate` Hz to 8 kHz. `rate` must not be 0.
#[must_use]
pub fn to_play_rate(samples: &[i16], rate: u32) -> Vec<i16> {
    if rate == PLAY_RATE || rate == 0 {
        return samples.to_vec();
    }
    let filter = Filter::new(rate);
    let length = (samples.len() as u64 * u64::from(PLAY_RATE)).div_ceil(u64::from(rate));
    (0..length).map(|index| filter.sample(samples, index)).collect()
}

struct Filter {
    rate: u64,
    phases: u64,
    /// Input samples on each side of the output instant.
    half: usize,
    /// `phases` rows of `2 * half` taps.
    taps: Vec<f32>,
}

impl Filter {
    fn new(rate: u32) -> Self {
        let divisor = greatest_common_divisor(rate, PLAY_RATE);
        let phases = u64::from(PLAY_RATE / divisor).min(MAX_PHASES);
        // Cut-off in cycles per input sample.
        let cutoff = PASS * f64::from(rate.min(PLAY_RATE)) / f64::from(rate);
        let half = (CROSSINGS / (2.0 * cutoff)).ceil() as usize;
        let mut taps = Vec::with_capacity(phases as usize * 2 * half);
        for phase in 0..phases {
            let fraction = phase as f64 / phases as f64;
            let row = taps.len();
            // The tap at `half - 1` stands on the input sample at or just before the output instant.
            for tap in 0..2 * half {
                let distance = tap as f64 - (half as f64 - 1.0) - fraction;
                taps.push((2.0 * cutoff * sinc(2.0 * cutoff * distance) * window(distance / half as f64)) as f32);
            }
            // Every phase passes a constant unchanged.
            let sum: f32 = taps[row..].iter().sum();
            for tap in &mut taps[row..] {
                *tap /= sum;
            }
        }
        Self { rate: rate.into(), phases, half, taps }
    }

    fn sample(&self, samples: &[i16], index: u64) -> i16 {
        let position = index * self.rate;
        let (mut whole, rest) = (position / u64::from(PLAY_RATE), position % u64::from(PLAY_RATE));
        let mut phase = (rest * self.phases + u64::from(PLAY_RATE) / 2) / u64::from(PLAY_RATE);
        if phase == self.phases {
            phase = 0;
            whole += 1;
        }
        let width = 2 * self.half;
        let row = phase as usize * width;
        let first = whole as i64 - self.half as i64 + 1;
        let sum: f32 = self.taps[row..row + width]
            .iter()
            .zip(first..)
            .map(|(tap, at)| {
                let sample = usize::try_from(at).ok().and_then(|at| samples.get(at));
                tap * f32::from(sample.copied().unwrap_or(0))
            })
            .sum();
        sum.round().clamp(f32::from(i16::MIN), f32::from(i16::MAX)) as i16
    }
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-9 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// Blackman, zero outside −1 to 1.
fn window(x: f64) -> f64 {
    if x.abs() >= 1.0 { 0.0 } else { 0.42 + 0.5 * (PI * x).cos() + 0.08 * (2.0 * PI * x).cos() }
}

const fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tones::{level_dbm0, sine};

    #[test]
    fn a_tone_keeps_level_and_length() {
        for rate in [8000, 11025, 16000, 22050, 24000, 44100, 48000, 96000, 6000, 11127] {
            let input = sine(1000.0, -10.0, rate, rate as usize);
            let output = to_play_rate(&input, rate);
            assert!((7999..=8001).contains(&output.len()), "{rate}: {}", output.len());
            let level = level_dbm0(&output[400..7600], 1000.0);
            assert!((level + 10.0).abs() < 0.1, "{rate}: {level}");
        }
    }

    #[test]
    fn what_8_khz_cannot_carry_is_gone() {
        for rate in [16000, 44100, 48000] {
            // 5 kHz would fold to 3 kHz.
            let output = to_play_rate(&sine(5000.0, -3.0, rate, rate as usize), rate);
            let level = level_dbm0(&output[400..7600], 3000.0);
            assert!(level < -60.0, "{rate}: {level}");
        }
    }
}
