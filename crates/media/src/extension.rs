//! The last pitch periods go on: one, then two, then three of them by turns (ITU-T G.711 Appendix I), with smooth seams.

use crate::encoder::Rate;
use crate::pitch::find_period;

/// A period more is taken into the cycle each time so much has passed, in milliseconds.
const CYCLE_MS: u32 = 10;
/// Periods of a cycle at most.
const MOST_PERIODS: u32 = 3;

/// How a stretch of samples goes on. It is asked sample by sample, each time with the same stretch.
#[derive(Clone, Copy, Debug)]
pub struct Extension {
    period: u32,
    /// Samples made so far.
    made: u32,
    /// Periods in the cycle, and where in it we are.
    periods: u32,
    at: u32,
    /// The step at the seam, taken out over a quarter period.
    step: f32,
}

impl Extension {
    /// Of `past`, newest at the end, which should hold 35 ms; with less, only shorter periods are found.
    #[must_use]
    pub fn of(past: &[f32], rate: Rate) -> Self {
        let period = find_period(past, rate).samples.max(1);
        let back = |samples: usize| past.len().checked_sub(samples).and_then(|place| past.get(place)).copied();
        // The sample before the cycle's first one should have been the newest one.
        let step = back(1).unwrap_or(0.0) - back(1 + period).unwrap_or(0.0);
        Self { period: period as u32, made: 0, periods: 1, at: 0, step }
    }

    /// Samples made so far.
    #[must_use]
    pub const fn made(&self) -> usize {
        self.made as usize
    }

    /// The next sample.
    pub fn next(&mut self, past: &[f32], rate: Rate) -> f32 {
        let period = self.period as usize;
        let seam = (period / 4).max(1);
        let mut sample = self.cycle(past, period, seam);
        if self.made() < seam {
            sample += self.step * (1.0 - self.made as f32 / seam as f32);
        }
        self.made += 1;
        self.at += 1;
        if self.at == self.periods * self.period {
            self.at = 0;
            // A longer cycle from here on, if it is time and the past has it.
            let wanted = 1 + self.made / rate.samples(CYCLE_MS) as u32;
            let possible = (past.len().saturating_sub(seam) / period) as u32;
            self.periods = wanted.min(MOST_PERIODS).min(possible).max(1);
        }
        sample
    }

    /// Where we are in the last periods, whose end is blended into the time before their beginning.
    fn cycle(&self, past: &[f32], period: usize, seam: usize) -> f32 {
        let (end, at, length) = (past.len(), self.at as usize, self.periods as usize * period);
        let newer = (end + at).checked_sub(length).and_then(|place| past.get(place)).copied().unwrap_or(0.0);
        let left = length - at;
        if left > seam {
            return newer;
        }
        let older = (end + at).checked_sub(2 * length).and_then(|place| past.get(place));
        // Without so much of it the period before the last one does.
        let older = older.or_else(|| past.get((end + at).saturating_sub(length + period)));
        let weight = (left as f32 - 0.5) / seam as f32;
        newer * weight + older.copied().unwrap_or(newer) * (1.0 - weight)
    }
}
