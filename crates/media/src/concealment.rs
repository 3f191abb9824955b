//! What is played for lost audio: the last pitch periods go on, fade, and give way smoothly to what comes next. The plan is
//! that of ITU-T G.711 Appendix I, with a longer fade, and, where what follows the gap is here already, a bridge: what was
//! goes on into the gap, what comes is prolonged back into it, and one fades into the other.

use crate::encoder::Rate;
use crate::extension::Extension;

/// History that is kept, in milliseconds: three of the longest periods and a seam.
const HISTORY_MS: u32 = 60;
/// A loss plays on at full level up to the first, and is silent from the second on, in milliseconds.
const FADE_MS: (u32, u32) = (10, 130);
/// The same for the two sides of a bridge; there it is the other side that replaces what fades.
const BRIDGE_FADE_MS: (u32, u32) = (5, 140);
/// The seam to what comes after a loss that was not bridged: at least so long, and at most, in milliseconds. It grows with the
/// loss from `SEAM_GROWS_MS` on.
const SEAM_MS: (u32, u32) = (4, 10);
const SEAM_GROWS_MS: u32 = 10;
/// What is prolonged back: so much of what follows, in milliseconds, and at least so much.
const FUTURE_MS: (u32, u32) = (6, 60);
/// Of what follows and is in doubt, loudness is looked at in steps of this, in milliseconds.
const STEP_MS: u32 = 5;

/// Conceals the losses of one stream of samples.
pub struct Concealer {
    rate: Rate,
    /// What was played last, newest at the end; always of the same length.
    history: Vec<f32>,
    /// The loss being concealed, and where it stood when its last piece was begun.
    run: Option<Extension>,
    piece: Option<Extension>,
    /// What follows a gap, seen backwards, and what is made of it: empty until the first loss.
    future: Vec<f32>,
    made: Vec<f32>,
}

impl Concealer {
    /// For samples at `rate`.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        let history = vec![0.0; rate.samples(HISTORY_MS)];
        Self { rate, history, run: None, piece: None, future: Vec::new(), made: Vec::new() }
    }

    /// Whether the last samples were made up.
    #[must_use]
    pub const fn is_concealing(&self) -> bool {
        self.run.is_some()
    }

    /// Takes samples that were decoded. After a loss, their beginning is blended with what would have gone on.
    pub fn heard(&mut self, samples: &mut [i16]) {
        if let Some(mut run) = self.run.take() {
            let grown = run.made().saturating_sub(self.rate.samples(SEAM_GROWS_MS)) * 2 / 5;
            let length = (self.rate.samples(SEAM_MS.0) + grown).min(self.rate.samples(SEAM_MS.1)).min(samples.len());
            for (index, sample) in samples.iter_mut().take(length).enumerate() {
                let gain = self.fade(run.made(), FADE_MS);
                let old = run.next(&self.history, self.rate) * gain;
                *sample = blend(old, *sample, index, length);
            }
        }
        self.remember(samples);
    }

    /// What comes next has nothing to do with what was lost.
    pub const fn end(&mut self) {
        self.run = None;
    }

    /// Takes samples that something else made for a loss.
    pub fn concealed_elsewhere(&mut self, samples: &[i16]) {
        self.run = None;
        self.remember(samples);
    }

    /// Appends `count` samples for a loss.
    pub fn conceal(&mut self, count: usize, into: &mut Vec<i16>) {
        let mut run = self.run.unwrap_or_else(|| Extension::of(&self.history, self.rate));
        self.piece = Some(run);
        for _ in 0..count {
            let gain = self.fade(run.made(), FADE_MS);
            into.push(to_sample(run.next(&self.history, self.rate) * gain));
        }
        self.run = Some(run);
    }

    /// Makes the last piece of a loss, `gap`, anew, now that `next`, which follows it, is here. Of that the first `doubtful`
    /// samples are not trusted: the bridge goes on over them and they are blended with it.
    pub fn bridge(&mut self, gap: &mut [i16], next: &mut [i16], doubtful: usize) {
        self.run = None;
        let doubtful = doubtful.min(next.len() / 2);
        if doubtful > 0 {
            self.soften(next);
        }
        let (doubted, future) = next.split_at_mut(doubtful);
        if let Some(piece) = self.piece.take()
            && future.len() >= self.rate.samples(FUTURE_MS.0)
        {
            self.make_bridge(piece, gap.len() + doubtful, future);
            for (sample, made) in gap.iter_mut().zip(&self.made) {
                *sample = to_sample(*made);
            }
            for (index, (sample, made)) in doubted.iter_mut().zip(self.made.iter().skip(gap.len())).enumerate() {
                *sample = blend(*made, *sample, index, doubtful);
            }
        }
        self.remember(gap);
        self.remember(next);
    }

    /// Fills `made` with `count` samples that lead from `before` to `future`.
    fn make_bridge(&mut self, mut before: Extension, count: usize, future: &[i16]) {
        let longest = self.rate.samples(FUTURE_MS.1);
        self.future.clear();
        self.future.extend(future.iter().take(longest).rev().map(|sample| f32::from(*sample)));
        self.made.clear();
        for index in 0..count {
            let gain = self.fade(before.made(), BRIDGE_FADE_MS);
            let weight = (index as f32 + 0.5) / count as f32;
            let sample = before.next(&self.history, self.rate) * gain * (1.0 - weight);
            self.made.push(sample);
        }
        // Seen backwards the future is a past, and goes on like one.
        let mut after = Extension::of(&self.future, self.rate);
        for index in (0..count).rev() {
            let gain = self.fade(after.made(), BRIDGE_FADE_MS);
            let weight = (index as f32 + 0.5) / count as f32;
            let sample = after.next(&self.future, self.rate) * gain * weight;
            if let Some(made) = self.made.get_mut(index) {
                *made += sample;
            }
        }
    }

    /// Lets the first two steps of `samples` be no louder than what was before the loss or what comes after them: a decoder
    /// that lost its state guesses loudness wrong, and too loud hurts more than too soft.
    fn soften(&self, samples: &mut [i16]) {
        let step = self.rate.samples(STEP_MS);
        let Some((first, rest)) = samples.split_at_checked(step).filter(|(_, rest)| rest.len() > 2 * step) else {
            return;
        };
        let (second, later) = rest.split_at(step);
        let past = self.history.get(self.history.len() - 2 * step..).unwrap_or_default();
        let most = power(later.iter().map(|sample| f32::from(*sample))).max(power(past.iter().copied()));
        let gain = |part: &[i16]| (most / power(part.iter().map(|sample| f32::from(*sample))).max(1.0)).sqrt().min(1.0);
        let gains = [gain(first), gain(first), gain(second), 1.0];
        for (index, sample) in samples.iter_mut().enumerate().take(3 * step) {
            let (at, part) = (index / step, (index % step) as f32 / step as f32);
            *sample = to_sample(f32::from(*sample) * (gains[at] * (1.0 - part) + gains[at + 1] * part));
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

    /// The level of what goes on after `made` samples: full up to the first time, nothing from the second on.
    fn fade(&self, made: usize, (full_ms, silent_ms): (u32, u32)) -> f32 {
        let (full, silent) = (self.rate.samples(full_ms), self.rate.samples(silent_ms));
        silent.saturating_sub(made.max(full)) as f32 / (silent - full) as f32
    }
}

/// Sample `index` of a seam of `length` samples from `old` to `new`.
fn blend(old: f32, new: i16, index: usize, length: usize) -> i16 {
    let weight = (index as f32 + 0.5) / length as f32;
    to_sample(f32::from(new) * weight + old * (1.0 - weight))
}

/// The mean square.
fn power(samples: impl ExactSizeIterator<Item = f32>) -> f32 {
    let count = samples.len().max(1) as f32;
    samples.map(|sample| sample * sample).sum::<f32>() / count
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
        assert!((-18.0..-14.0).contains(&at(250)), "{}", at(250));
        assert!((-21.0..-17.0).contains(&at(275)), "{}", at(275));
        assert!(heard[330 * 8..600 * 8].iter().all(|sample| *sample == 0));
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
        concealer.bridge(&mut gap, &mut after.clone(), 0);
        assert!(level_dbm0(&gap[..80], 200.0) > level_dbm0(&gap[..80], 500.0) + 3.0);
        assert!(level_dbm0(&gap[240..], 500.0) > level_dbm0(&gap[240..], 200.0) + 3.0);
    }

    #[test]
    fn what_is_in_doubt_is_blended_and_no_louder_than_what_is_around_it() {
        let said = sine(200.0, -20.0, 16_000, 1600);
        let mut concealer = Concealer::new(Rate::Wide);
        concealer.heard(&mut said[..960].to_vec());
        let (mut gap, mut next) = (Vec::new(), said[1280..1600].to_vec());
        concealer.conceal(320, &mut gap);
        for sample in &mut next[..80] {
            *sample *= 10;
        }
        concealer.bridge(&mut gap, &mut next, 48);
        let most = f64::from(gap.iter().chain(&next).map(|sample| sample.abs()).max().unwrap());
        assert!(most < 1.8 * crate::tones::amplitude(-20.0), "{most}");
        assert_eq!(next[240..], said[1520..], "what is not in doubt stays");
        let step = f64::from((i32::from(next[0]) - i32::from(gap[319])).abs());
        assert!(step < 0.4 * crate::tones::amplitude(-20.0), "{step}");
    }
}
