//! Between 8 and 16 kHz, sample by sample as they come: a half-band filter (pass to 3.4 kHz, −60 dB from 4.6 kHz).

use std::f64::consts::PI;

/// Taps beside the middle one that are not zero, on each side.
const SIDE: usize = 14;
/// The Kaiser window's shape: a stop band of −62 dB.
const SHAPE: f64 = 6.0;
/// Delay in samples of 8 kHz.
#[cfg(test)]
const DELAY: usize = SIDE;

/// The taps at odd distances 1, 3, 5 … from the middle; the others are zero. They add up to 1/4.
fn taps() -> [f32; SIDE] {
    let mut taps = [0.0_f64; SIDE];
    for (index, tap) in taps.iter_mut().enumerate() {
        let distance = 2.0 * index as f64 + 1.0;
        let sinc = (PI * distance / 2.0).sin() / (PI * distance);
        let place = distance / (2.0 * SIDE as f64);
        *tap = sinc * bessel(SHAPE * (1.0 - place * place).sqrt()) / bessel(SHAPE);
    }
    let sum: f64 = taps.iter().sum();
    taps.map(|tap| (tap * 0.25 / sum) as f32)
}

/// The modified Bessel function of order 0, by its series; good for arguments up to 10.
fn bessel(x: f64) -> f64 {
    let terms = (1..30).scan(1.0, |term, n| {
        *term *= (x / 2.0 / f64::from(n)).powi(2);
        Some(*term)
    });
    1.0 + terms.sum::<f64>()
}

fn to_sample(value: f32) -> i16 {
    value.round().clamp(-32768.0, 32767.0) as i16
}

/// From 8 to 16 kHz.
#[derive(Clone, Debug)]
pub struct Doubler {
    taps: [f32; SIDE],
    /// The newest samples, oldest first.
    line: [f32; 2 * SIDE],
}

impl Default for Doubler {
    fn default() -> Self {
        Self { taps: taps(), line: [0.0; 2 * SIDE] }
    }
}

impl Doubler {
    /// Appends twice as many samples as there are in `samples`, fourteen samples of 8 kHz late.
    pub fn run(&mut self, samples: &[i16], into: &mut Vec<i16>) {
        for sample in samples {
            self.line.copy_within(1.., 0);
            self.line[2 * SIDE - 1] = f32::from(*sample);
            let (before, after) = self.line.split_at(SIDE);
            let pairs = before.iter().rev().zip(after);
            let between: f32 = pairs.zip(self.taps).map(|((before, after), tap)| tap * (before + after)).sum();
            into.push(to_sample(before[SIDE - 1]));
            into.push(to_sample(2.0 * between));
        }
    }
}

/// From 16 to 8 kHz.
#[derive(Clone, Debug)]
pub struct Halver {
    taps: [f32; SIDE],
    /// The newest samples in odd places, oldest first, and those in even places.
    odd: [f32; 2 * SIDE],
    even: [f32; SIDE],
}

impl Default for Halver {
    fn default() -> Self {
        Self { taps: taps(), odd: [0.0; 2 * SIDE], even: [0.0; SIDE] }
    }
}

impl Halver {
    /// Appends half as many samples as there are in `samples`; an odd last one is left out.
    pub fn run(&mut self, samples: &[i16], into: &mut Vec<i16>) {
        let (pairs, _) = samples.as_chunks::<2>();
        for pair in pairs {
            self.even.copy_within(1.., 0);
            self.even[SIDE - 1] = f32::from(pair[0]);
            self.odd.copy_within(1.., 0);
            self.odd[2 * SIDE - 1] = f32::from(pair[1]);
            let (before, after) = self.odd.split_at(SIDE);
            let pairs = before.iter().rev().zip(after);
            let sides: f32 = pairs.zip(self.taps).map(|((before, after), tap)| tap * (before + after)).sum();
            into.push(to_sample(0.5 * self.even[0] + sides));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tones::{level_dbm0, sine};

    #[test]
    fn a_tone_keeps_its_level_and_has_no_image() {
        for frequency in [200.0, 1000.0, 3000.0, 3400.0] {
            let mut wide = Vec::new();
            Doubler::default().run(&sine(frequency, -10.0, 8000, 8000), &mut wide);
            assert_eq!(wide.len(), 16_000);
            // The level reader counts at 8 kHz: half the frequency there.
            let level = level_dbm0(&wide[800..], frequency / 2.0);
            assert!((level + 10.0).abs() < 0.1, "{frequency} Hz: {level}");
            let image = level_dbm0(&wide[800..], (8000.0 - frequency) / 2.0);
            assert!(image < -60.0, "image of {frequency} Hz: {image}");
            let mut narrow = Vec::new();
            Halver::default().run(&wide, &mut narrow);
            let level = level_dbm0(&narrow[400..], frequency);
            assert!((level + 10.0).abs() < 0.1, "{frequency} Hz: {level}");
        }
    }

    #[test]
    fn what_8_khz_cannot_carry_is_gone() {
        for frequency in [4700.0, 6000.0, 7500.0] {
            let mut narrow = Vec::new();
            Halver::default().run(&sine(frequency, -10.0, 16_000, 16_000), &mut narrow);
            let level = level_dbm0(&narrow[400..], 8000.0 - frequency);
            assert!(level < -60.0, "{frequency} Hz: {level}");
        }
    }

    #[test]
    fn the_delay_is_known() {
        let mut impulse = [0_i16; 64];
        impulse[0] = 10_000;
        let (mut wide, mut narrow) = (Vec::new(), Vec::new());
        Doubler::default().run(&impulse, &mut wide);
        assert_eq!(wide[2 * DELAY], 10_000);
        Halver::default().run(&wide, &mut narrow);
        let peak = narrow.iter().enumerate().max_by_key(|(_, sample)| sample.unsigned_abs()).unwrap().0;
        assert_eq!(peak, 2 * DELAY - 1);
    }
}
