//! Playing a little faster or slower without changing the pitch: one period is left out or said twice, with a smooth seam.

use crate::encoder::Rate;
use crate::pitch::Period;

/// A voice must repeat at least so well to be spliced.
const ALIKE: f32 = 0.8;
/// Periods that are left out or doubled, in milliseconds.
const LONGEST_MS: u32 = 10;
/// Audio quieter than this (root mean square, about −60 dBm0) may be spliced anywhere.
const QUIET: f32 = 25.0;

/// Leaves a period of the beginning of `samples` out, `anywhere` or in quiet only; how many samples went. 20 ms are looked at;
/// shorter ones stay.
pub fn shorten(samples: &mut Vec<i16>, rate: Rate, anywhere: bool) -> usize {
    let Some(period) = splice_period(samples, rate, anywhere) else {
        return 0;
    };
    // The first period fades into the second, which then stands in its place.
    for index in 0..period {
        samples[index] = blend(samples[index], samples[index + period], index, period);
    }
    samples.drain(period..2 * period);
    period
}

/// Says a period of the beginning of `samples` twice; how many samples came.
pub fn lengthen(samples: &mut Vec<i16>, rate: Rate) -> usize {
    let Some(period) = splice_period(samples, rate, true) else {
        return 0;
    };
    let before = samples.len();
    samples.resize(before + period, 0);
    samples.copy_within(period..before, 2 * period);
    // Room for a period after the first one: from the second back into the first.
    for index in 0..period {
        let second = samples.get(index + 2 * period).copied().unwrap_or(0);
        let first = samples[index];
        samples[index + period] = blend(second, first, index, period);
    }
    // What follows is the second period again.
    period
}

fn blend(from: i16, to: i16, index: usize, length: usize) -> i16 {
    let weight = (index as f32 + 0.5) / length as f32;
    (f32::from(from) * (1.0 - weight) + f32::from(to) * weight).round() as i16
}

/// A period at which the beginning can be cut, if there is one.
fn splice_period(samples: &[i16], rate: Rate, anywhere: bool) -> Option<usize> {
    let stretch = samples.get(..rate.samples(2 * LONGEST_MS))?;
    let power = stretch.iter().map(|s| f32::from(*s).powi(2)).sum::<f32>() / stretch.len() as f32;
    if power < QUIET * QUIET {
        return Some(rate.samples(LONGEST_MS / 2));
    }
    if !anywhere {
        return None;
    }
    let stretch: Vec<f32> = stretch.iter().map(|s| f32::from(*s)).collect();
    let best = best_period(&stretch, rate);
    (best.likeness >= ALIKE).then_some(best.samples)
}

/// The period at which the beginning repeats best.
fn best_period(samples: &[f32], rate: Rate) -> Period {
    let mut best = Period { samples: 1, likeness: 0.0 };
    for period in rate.samples(5) / 2..=rate.samples(LONGEST_MS) {
        let (mut both, mut first_power, mut second_power) = (0.0_f32, 1.0_f32, 1.0_f32);
        for (first, second) in samples.iter().zip(samples.iter().skip(period)).take(rate.samples(LONGEST_MS)) {
            both += first * second;
            first_power += first * first;
            second_power += second * second;
        }
        let likeness = both / (first_power * second_power).sqrt();
        if likeness > best.likeness {
            best = Period { samples: period, likeness };
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tones::{amplitude, level_dbm0, sine};

    fn smooth(samples: &[i16], frequency: f64, rate: Rate) -> bool {
        let natural = std::f64::consts::TAU * frequency / f64::from(rate.hz()) * amplitude(-10.0);
        samples.windows(2).all(|pair| (f64::from(pair[1]) - f64::from(pair[0])).abs() < natural * 1.3 + 2.0)
    }

    #[test]
    fn a_tone_is_cut_and_doubled_without_a_seam() {
        for rate in [Rate::Narrow, Rate::Wide] {
            for frequency in [200.0, 300.0, 700.0, 1000.0] {
                let said = sine(frequency, -10.0, rate.hz(), rate.samples(60));
                let (mut short, mut long) = (said.clone(), said.clone());
                let (went, came) = (shorten(&mut short, rate, true), lengthen(&mut long, rate));
                assert!(went > 0 && came > 0, "{rate:?} {frequency}");
                assert_eq!((short.len(), long.len()), (said.len() - went, said.len() + came));
                for spliced in [&short, &long] {
                    assert!(smooth(spliced, frequency, rate), "{rate:?} {frequency}");
                    let scaled = if rate == Rate::Wide { frequency / 2.0 } else { frequency };
                    let level = level_dbm0(spliced, scaled);
                    assert!((level + 10.0).abs() < 0.6, "{rate:?} {frequency}: {level}");
                }
            }
        }
    }

    #[test]
    fn noise_is_left_alone_and_silence_is_not() {
        let mut seed = crate::seed::Seed::new(1);
        let noise: Vec<i16> = (0..480).map(|_| (seed.next_number() >> 50) as i16 - 8192).collect();
        assert_eq!(shorten(&mut noise.clone(), Rate::Narrow, true), 0);
        assert_eq!(shorten(&mut vec![0; 160], Rate::Narrow, false), 40);
        assert_eq!(shorten(&mut vec![0; 159], Rate::Narrow, true), 0);
        assert_eq!(lengthen(&mut vec![0; 160], Rate::Narrow), 40);
    }
}
