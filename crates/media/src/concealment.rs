//! What is played for lost audio: the last pitch periods go on, fade, and give way smoothly to what comes next. The plan is
//! that of ITU-T G.711 Appendix I (repeat one, then two, then three periods; overlap at the seams), with a pitch search of
//! our own, a slower fade, and, where what follows the gap is here already, a fade into it from both sides.

use crate::encoder::Rate;
use crate::pitch::{Period, find_period};

/// History that is kept, in milliseconds: three of the longest periods and a seam.
const HISTORY_MS: u32 = 60;
/// A loss plays on at full level for this long, in milliseconds.
const FULL_MS: u32 = 5;
/// And is silent from here on.
const SILENT_MS: u32 = 70;
/// A period more is taken into the cycle each time so much has passed, in milliseconds.
const CYCLE_MS: u32 = 10;
/// The seam to what comes after a loss: at least so long, and at most, in milliseconds.
const SEAM_MS: (u32, u32) = (4, 10);

/// Conceals the losses of one stream of samples.
pub struct Concealer {
    rate: Rate,
    /// What was played last, newest at the end; always of the same length.
    history: Vec<f32>,
    run: Option<Run>,
    spare: Vec<f32>,
}

/// A loss being concealed.
#[derive(Clone, Copy)]
struct Run {
    period: Period,
    /// Samples made so far.
    made: usize,
    /// Periods in the cycle, 1 to 3, and where in it we are.
    periods: usize,
    at: usize,
    /// The step at the seam, taken out over a quarter period.
    step: f32,
}

impl Concealer {
    /// For samples at `rate`.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        Self { rate, history: vec![0.0; rate.samples(HISTORY_MS)], run: None, spare: Vec::new() }
    }

    /// Whether the last samples were made up.
    #[must_use]
    pub const fn is_concealing(&self) -> bool {
        self.run.is_some()
    }

    /// Takes samples that were decoded. After a loss, their beginning is blended with what would have gone on.
    pub fn heard(&mut self, samples: &mut [i16]) {
        if let Some(run) = self.run {
            let length = self.rate.samples(SEAM_MS.0) + run.made.saturating_sub(self.rate.samples(CYCLE_MS)) * 2 / 5;
            let length = length.min(self.rate.samples(SEAM_MS.1)).min(samples.len());
            let mut ending = std::mem::take(&mut self.spare);
            ending.clear();
            self.make(length, &mut ending);
            for (index, (sample, old)) in samples.iter_mut().zip(&ending).enumerate() {
                let weight = (index as f32 + 0.5) / length as f32;
                *sample = to_sample(f32::from(*sample) * weight + old * (1.0 - weight));
            }
            self.spare = ending;
            self.run = None;
        }
        self.remember(samples);
    }

    /// Takes samples that something else made for a loss.
    pub fn concealed_elsewhere(&mut self, samples: &[i16]) {
        self.run = None;
        self.remember(samples);
    }

    /// Appends `count` samples for a loss.
    pub fn conceal(&mut self, count: usize, into: &mut Vec<i16>) {
        let mut made = std::mem::take(&mut self.spare);
        made.clear();
        self.make(count, &mut made);
        into.extend(made.iter().map(|sample| to_sample(*sample)));
        self.spare = made;
    }

    /// What comes next is not blended: [`Self::fade_back`] will do it better.
    pub const fn end(&mut self) {
        self.run = None;
    }

    /// Fades the end of `gap`, which was made up, into the past of `next`, which follows it: the last part of a gap sounds
    /// more like what comes than like what was.
    pub fn fade_back(&self, gap: &mut [i16], next: &[i16]) {
        let forward: Vec<f32> = next.iter().rev().map(|sample| f32::from(*sample)).collect();
        let shortest = self.rate.samples(3);
        if gap.is_empty() || forward.len() < 2 * shortest {
            return;
        }
        // Seen backwards the future is a past, and is prolonged like one.
        let mut back = Self { rate: self.rate, history: forward, run: None, spare: Vec::new() };
        let mut made = Vec::new();
        back.make(gap.len(), &mut made);
        let length = gap.len() as f32;
        for (index, (sample, back)) in gap.iter_mut().zip(made.iter().rev()).enumerate() {
            let weight = (index as f32 + 0.5) / length;
            *sample = to_sample(f32::from(*sample) * (1.0 - weight) + back * weight);
        }
    }

    fn remember(&mut self, samples: &[i16]) {
        let kept = self.history.len();
        let newest = samples.get(samples.len().saturating_sub(kept)..).unwrap_or_default();
        self.history.copy_within(newest.len().., 0);
        let place = self.history.get_mut(kept - newest.len()..).unwrap_or_default();
        for (place, sample) in place.iter_mut().zip(newest) {
            *place = f32::from(*sample);
        }
    }

    fn make(&mut self, count: usize, into: &mut Vec<f32>) {
        let mut run = self.run.unwrap_or_else(|| self.begin());
        for _ in 0..count {
            into.push(self.next(&mut run));
        }
        self.run = Some(run);
    }

    fn begin(&self) -> Run {
        let period = find_period(&self.history, self.rate);
        let newest = self.history.len() - 1;
        // The sample before the cycle's first one should have been the newest one.
        let step = self.history[newest] - self.history[newest.saturating_sub(period.samples)];
        Run { period, made: 0, periods: 1, at: 0, step }
    }

    fn next(&self, run: &mut Run) -> f32 {
        let seam = (run.period.samples / 4).max(1);
        let mut sample = self.cycle(run.periods, run.at, run.period.samples, seam);
        if run.made < seam {
            sample += run.step * (1.0 - run.made as f32 / seam as f32);
        }
        let gain = self.gain(run);
        run.made += 1;
        run.at += 1;
        if run.at == run.periods * run.period.samples {
            run.at = 0;
            // A longer cycle from here on, if it is time and the history has it.
            let wanted = 1 + run.made / self.rate.samples(CYCLE_MS);
            let possible = (self.history.len() - seam) / run.period.samples;
            run.periods = wanted.min(3).min(possible).max(1);
        }
        sample * gain
    }

    /// The sample at `at` of the last `periods` periods, whose end is blended into the time before their beginning.
    fn cycle(&self, periods: usize, at: usize, period: usize, seam: usize) -> f32 {
        let end = self.history.len();
        let length = periods * period;
        let newer = self.history.get(end - length + at).copied().unwrap_or(0.0);
        let left = length - at;
        if left > seam {
            return newer;
        }
        let older = (end + at).checked_sub(2 * length).and_then(|place| self.history.get(place));
        // Without so much history the period before the last one does.
        let older = older.or_else(|| self.history.get((end + at).saturating_sub(length + period)));
        let weight = (left as f32 - 0.5) / seam as f32;
        newer * weight + older.copied().unwrap_or(newer) * (1.0 - weight)
    }

    fn gain(&self, run: &Run) -> f32 {
        let (full, silent) = (self.rate.samples(FULL_MS), self.rate.samples(SILENT_MS));
        silent.saturating_sub(run.made.max(full)) as f32 / (silent - full) as f32
    }
}

fn to_sample(value: f32) -> i16 {
    value.round().clamp(-32768.0, 32767.0) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tones::{level_dbm0, sine};

    /// Says a tone with frames of 20 ms, of which those in `lost` are.
    fn with_loss(rate: Rate, frequency: f64, lost: &[usize]) -> Vec<i16> {
        let said = sine(frequency, -10.0, rate.hz(), rate.samples(1000));
        let mut concealer = Concealer::new(rate);
        let mut heard = Vec::new();
        for (number, frame) in said.chunks(rate.samples(20)).enumerate() {
            if lost.contains(&number) {
                concealer.conceal(frame.len(), &mut heard);
            } else {
                let mut frame = frame.to_vec();
                concealer.heard(&mut frame);
                heard.extend(frame);
            }
        }
        heard
    }

    /// The largest step between neighbours beyond what a tone of this frequency makes.
    fn click(heard: &[i16], rate: Rate, frequency: f64) -> f64 {
        let natural = std::f64::consts::TAU * frequency / f64::from(rate.hz()) * crate::tones::amplitude(-10.0);
        let step = heard.windows(2).map(|pair| (f64::from(pair[1]) - f64::from(pair[0])).abs()).fold(0.0, f64::max);
        step / natural
    }

    #[test]
    fn a_lost_frame_of_a_tone_is_hardly_missed() {
        for rate in [Rate::Narrow, Rate::Wide] {
            for frequency in [100.0, 210.0, 333.0, 440.0, 1000.0] {
                let heard = with_loss(rate, frequency, &[10, 25]);
                assert_eq!(heard.len(), rate.samples(1000));
                let gap = &heard[rate.samples(200)..rate.samples(220)];
                let scaled = if rate == Rate::Wide { frequency / 2.0 } else { frequency };
                let level = level_dbm0(gap, scaled);
                assert!((level + 10.0).abs() < 1.5, "{rate:?} {frequency} Hz: {level}");
                let click = click(&heard, rate, frequency);
                assert!(click < 1.6, "{rate:?} {frequency} Hz clicks: {click}");
            }
        }
    }

    #[test]
    fn a_long_loss_fades_to_silence_and_comes_back() {
        let lost: Vec<usize> = (10..30).collect();
        let heard = with_loss(Rate::Narrow, 300.0, &lost);
        let at = |from: usize| level_dbm0(&heard[from * 8..(from + 20) * 8], 300.0);
        assert!(at(200) > -12.0, "{}", at(200));
        assert!((-35.0..-17.0).contains(&at(250)), "{}", at(250));
        assert!(heard[310 * 8..600 * 8].iter().all(|sample| *sample == 0));
        assert!(at(620) > -10.5, "{}", at(620));
    }

    #[test]
    fn a_loss_at_the_very_beginning_is_silence() {
        let mut concealer = Concealer::new(Rate::Narrow);
        let mut heard = Vec::new();
        concealer.conceal(480, &mut heard);
        assert_eq!(heard, [0; 480]);
        let mut frame = [1000; 160];
        concealer.heard(&mut frame);
        assert!(frame[0] < 100 && frame[159] == 1000);
    }

    #[test]
    fn the_end_of_a_gap_fades_into_what_follows() {
        let (before, after) = (sine(200.0, -10.0, 8000, 480), sine(500.0, -10.0, 8000, 160));
        let mut concealer = Concealer::new(Rate::Narrow);
        concealer.heard(&mut before.clone());
        let mut gap = Vec::new();
        concealer.conceal(320, &mut gap);
        concealer.fade_back(&mut gap, &after);
        assert!(level_dbm0(&gap[..80], 200.0) > level_dbm0(&gap[..80], 500.0) + 3.0);
        assert!(level_dbm0(&gap[240..], 500.0) > level_dbm0(&gap[240..], 200.0) + 3.0);
    }
}
