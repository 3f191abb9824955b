//! The period of what was said last, for making more or less of it.

use crate::encoder::Rate;

/// Periods looked for, in milliseconds: 66 to 400 Hz.
const SHORTEST_MS: f32 = 2.5;
const LONGEST_MS: u32 = 15;
/// The stretch that is compared, in milliseconds.
const WINDOW_MS: u32 = 10;
/// A shorter period is taken if it fits nearly as well as the best one: multiples of a period fit too.
const NEARLY: f32 = 0.92;

/// A period, and how well it repeats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Period {
    /// Its length.
    pub samples: usize,
    /// Correlation of the last stretch with the one a period before, −1 to 1; 0 for silence.
    pub likeness: f32,
}

/// The period at the end of `history`, which should hold 35 ms; shorter ones are searched as far as they go.
#[must_use]
pub fn find_period(history: &[f32], rate: Rate) -> Period {
    let longest = rate.samples(LONGEST_MS).min(history.len() / 2).max(1);
    let shortest = ((rate.hz() as f32 / 1000.0 * SHORTEST_MS) as usize).min(longest);
    let window = rate.samples(WINDOW_MS).min(history.len() - longest);
    let coarse = if rate == Rate::Wide { 4 } else { 2 };
    let mut best = Period { samples: longest, likeness: 0.0 };
    for lag in (shortest..=longest).step_by(coarse) {
        let likeness = likeness(history, window, lag, coarse);
        if likeness > best.likeness {
            best = Period { samples: lag, likeness };
        }
    }
    best = refine(history, window, best, coarse, shortest, longest);
    // The same again at half and a third of it, where the fundamental may be.
    for part in [3, 2] {
        let lag = (best.samples + part / 2) / part;
        if lag >= shortest {
            let start = Period { samples: lag, likeness: 0.0 };
            let candidate = refine(history, window, start, coarse, shortest, longest);
            if candidate.likeness > best.likeness * NEARLY {
                return candidate;
            }
        }
    }
    best
}

fn refine(history: &[f32], window: usize, around: Period, by: usize, shortest: usize, longest: usize) -> Period {
    let from = around.samples.saturating_sub(by).max(shortest);
    let to = (around.samples + by).min(longest);
    let mut best = Period { likeness: 0.0, ..around };
    for lag in from..=to {
        let likeness = likeness(history, window, lag, 1);
        if likeness > best.likeness {
            best = Period { samples: lag, likeness };
        }
    }
    best
}

/// Normalized correlation of the last `window` samples with those `lag` before, of every `step`th sample.
fn likeness(history: &[f32], window: usize, lag: usize, step: usize) -> f32 {
    let end = history.len();
    let (Some(new), Some(old)) = (history.get(end - window..), history.get(end - window - lag..end - lag)) else {
        return 0.0;
    };
    let (mut both, mut power_new, mut power_old) = (0.0_f32, 0.0_f32, 0.0_f32);
    for (new, old) in new.iter().zip(old).step_by(step) {
        both += new * old;
        power_new += new * new;
        power_old += old * old;
    }
    // Below a level of about −70 dBm0 there is nothing to compare.
    let floor = 20.0 * window as f32 / step as f32;
    if power_new < floor || power_old < floor { 0.0 } else { both / (power_new * power_old).sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voices_have_their_period() {
        for rate in [Rate::Narrow, Rate::Wide] {
            for frequency in [80.0_f32, 110.0, 155.0, 220.0, 310.0] {
                let period = rate.hz() as f32 / frequency;
                // Pulses of many harmonics, as a voice makes.
                let history: Vec<f32> = (0..rate.samples(60))
                    .map(|n| {
                        (1..8).map(|k| (std::f32::consts::TAU * k as f32 * n as f32 / period).cos() * 1000.0).sum()
                    })
                    .collect();
                let found = find_period(&history, rate);
                assert!((found.samples as f32 - period).abs() <= 1.0, "{rate:?} {frequency}: {found:?} {period}");
                assert!(found.likeness > 0.9);
            }
        }
    }

    #[test]
    fn silence_has_none() {
        assert_eq!(find_period(&[0.0; 480], Rate::Narrow).likeness, 0.0);
        assert!(find_period(&[1.0, 2.0], Rate::Narrow).samples >= 1);
    }
}
