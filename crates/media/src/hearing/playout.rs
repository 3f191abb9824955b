//! The beat: which packet is decoded when, and what is played in place of one that is not there.

use std::time::Duration;

use super::{BEAT_MS, Beat, Hearing, State};
use crate::comfort_noise::ComfortNoise;
use crate::encoder::Rate;
use crate::jitter_buffer::{Content, Waiting};
use crate::time_scale::{lengthen, shorten};

/// A far end that sends nothing for this long is silent; what comes then is a new talkspurt. In milliseconds.
const DRY_MS: i64 = 120;
/// Losses up to this, in milliseconds, are made up at once, so that they can be faded into what follows.
const WHOLE_MS: i64 = 80;
/// Losses longer than this, in milliseconds, are cut out instead of being made up.
const LONG_LOSS_MS: i64 = 200;
/// The wait may be this much longer or shorter than wanted, in milliseconds, before audio is spliced.
const TOO_LONG_MS: i64 = 20;
const TOO_SHORT_MS: i64 = 12;
/// Beyond this the wait is shortened also where somebody speaks, not in pauses alone.
const MUCH_TOO_LONG_MS: i64 = 50;
/// The wait is far too long beyond this: audio is cut without looking for a good place.
const FAR_TOO_LONG_MS: i64 = 150;
/// Milliseconds between two splices.
const SPLICE_PAUSE_MS: u32 = 100;
/// Lost packets of one jump that count at most.
const MAX_LOSSES: u16 = 5;
/// Steps of one beat at most: packets of a millisecond, and some that are dropped.
const MAX_STEPS: usize = 64;

impl Hearing {
    /// Runs a beat: 20 ms of samples at [`Self::rate`] replace those in `beat`.
    pub fn beat(&mut self, since_start: Duration, beat: &mut Vec<i16>) -> Beat {
        beat.clear();
        let wanted = self.rate().samples(BEAT_MS);
        self.gather(since_start, wanted);
        if self.keep_the_wait() {
            self.gather(since_start, wanted);
        }
        if self.ready.is_empty() && self.noise.is_none() {
            return Beat::Nothing;
        }
        let taken = self.ready.len().min(wanted);
        beat.extend(self.ready.drain(..taken));
        if taken < wanted {
            let missing = wanted - taken;
            self.fill(missing, beat);
        }
        Beat::Audio
    }

    /// Decodes or makes up until `wanted` samples are ready.
    fn gather(&mut self, since_start: Duration, wanted: usize) {
        for _ in 0..MAX_STEPS {
            if self.ready.len() >= wanted || !self.step(since_start) {
                return;
            }
        }
    }

    /// Decodes or makes up a little; false when nothing is to be done.
    fn step(&mut self, since_start: Duration) -> bool {
        match self.state {
            State::Idle => false,
            State::Gathering(since) => self.begin(since_start, since),
            State::Playing { next, dry } => match self.buffer.first().map(|first| (first.time, first.duration)) {
                Some((time, duration)) if time + i64::from(duration) <= next && duration > 0 => {
                    self.counts.late += 1;
                    self.drop_first();
                    true
                }
                Some((time, _)) if time <= next => self.play_first(since_start, None),
                Some((time, _)) => self.bridge(since_start, next, time),
                None => self.run_dry(next, dry),
            },
        }
    }

    /// A talkspurt begins once its first packet has waited long enough.
    fn begin(&mut self, since_start: Duration, since: Duration) -> bool {
        let Some(first) = self.buffer.first().map(|first| first.time) else {
            self.state = State::Idle;
            return false;
        };
        // The first packet may be a late one itself; then it waited already.
        let waited = self.lateness.delay_us(since_start, self.microseconds(first)).unwrap_or(0) / 1000;
        let waited = waited.max(since_start.saturating_sub(since).as_millis() as i64);
        if waited < i64::from(self.wait_ms()) {
            return false;
        }
        self.state = State::Playing { next: first, dry: 0 };
        self.last_sequence = None;
        true
    }

    fn drop_first(&mut self) {
        if let Some(waiting) = self.buffer.take() {
            self.buffer.recycle(waiting);
        }
    }

    /// Decodes the first packet, whose time has come. `gap`: the samples that wait from there on were made up for what is
    /// missing before it, and lead over to it.
    fn play_first(&mut self, since_start: Duration, gap: Option<usize>) -> bool {
        let Some(waiting) = self.buffer.take() else {
            return false;
        };
        if let Some(last) = self.last_sequence.replace(waiting.sequence) {
            let missing = waiting.sequence.wrapping_sub(last).wrapping_sub(1);
            if missing > 0 {
                self.decoder.catch_up(&waiting.payload, missing);
            }
            for _ in 0..missing.min(MAX_LOSSES) {
                self.note_loss(true);
            }
        }
        self.note_loss(false);
        match waiting.content {
            Content::Noise => self.take_noise(since_start, &waiting),
            Content::Audio(codec) => {
                self.noise = None;
                self.waited_us = self.lateness.delay_us(since_start, self.microseconds(waiting.time));
                let before = self.ready.len();
                let taken = self.decoder.decode(codec, &waiting.payload, &mut self.ready);
                if taken {
                    self.join(gap, before);
                    self.state = State::Playing { next: waiting.time + i64::from(waiting.duration), dry: 0 };
                }
                // What makes no sense is taken out, and its time made up like that of a lost one.
            }
        }
        self.buffer.recycle(waiting);
        true
    }

    fn take_noise(&mut self, since_start: Duration, waiting: &Waiting) {
        match &mut self.noise {
            Some(noise) => _ = noise.update(&waiting.payload),
            None => self.noise = ComfortNoise::new(&waiting.payload, waiting.time.cast_unsigned()),
        }
        if self.noise.is_some() {
            self.concealer.end();
            // Silence from here on: the next audio is a talkspurt of its own.
            let more = self.buffer.first().is_some();
            self.state = if more { State::Gathering(since_start) } else { State::Idle };
        }
    }

    /// The next packet is later than what is to be played: a loss, or a pause of a far end that sends no silence.
    fn bridge(&mut self, since_start: Duration, next: i64, time: i64) -> bool {
        let gap = time - next;
        let unit = i64::from(self.clock) / 1000;
        let first_sequence = self.buffer.first().map(|first| first.sequence);
        let pause =
            self.last_sequence.is_some() && self.last_sequence.map(|last| last.wrapping_add(1)) == first_sequence;
        let spare_us = self.lateness.delay_us(since_start, self.microseconds(time)).unwrap_or(0);
        let due = spare_us / 1000 >= i64::from(self.wait_ms());
        if gap > LONG_LOSS_MS * unit || (pause && due) {
            self.state = State::Playing { next: time, dry: 0 };
            return true;
        }
        let whole = !pause && gap <= WHOLE_MS * unit;
        let piece = if whole { gap } else { gap.min(i64::from(BEAT_MS) * unit) };
        let count = self.samples(piece);
        if count == 0 {
            // Less than a sample: timestamps that are a little off.
            self.state = State::Playing { next: time, dry: 0 };
            return true;
        }
        let before = self.ready.len();
        self.make_up(count, whole);
        self.state = State::Playing { next: next + piece, dry: 0 };
        if whole {
            self.play_first(since_start, Some(before));
            // It was decoded before its time; that says nothing of the wait.
            self.waited_us = None;
        }
        true
    }

    /// Joins the samples that were just decoded, from `fresh` on, to what is before them.
    fn join(&mut self, gap: Option<usize>, fresh: usize) {
        let bridged = gap.filter(|_| self.concealer.is_concealing());
        let doubtful = self.rate().samples(self.decoder.doubtful_ms());
        let Some((before, fresh)) = self.ready.split_at_mut_checked(fresh) else {
            return;
        };
        match bridged.and_then(|gap| before.get_mut(gap..)) {
            Some(gap) => self.concealer.bridge(gap, fresh, doubtful),
            None => self.concealer.heard(fresh),
        }
    }

    /// Nothing waits: it may be late or lost or never been sent.
    fn run_dry(&mut self, next: i64, dry: i64) -> bool {
        let unit = i64::from(self.clock) / 1000;
        if dry >= DRY_MS * unit {
            self.state = State::Idle;
            return false;
        }
        let piece = i64::from(BEAT_MS) * unit;
        self.make_up(self.samples(piece), false);
        self.state = State::Playing { next: next + piece, dry: dry + piece };
        true
    }

    /// Makes `count` samples up. `last`: the packet that follows them is here.
    fn make_up(&mut self, count: usize, last: bool) {
        self.counts.concealed_ms += count as u64 * 1000 / u64::from(self.rate().hz());
        let before = self.ready.len();
        let next = self.buffer.first().filter(|_| last).map(|first| first.payload.as_slice());
        if self.decoder.conceal(next, count, &mut self.ready) {
            if let Some(made) = self.ready.get(before..) {
                self.concealer.concealed_elsewhere(made);
            }
            return;
        }
        self.concealer.conceal(count, &mut self.ready);
    }

    /// Fills the rest of a beat where nothing is played: noise if the far end told its noise, else silence.
    fn fill(&mut self, missing: usize, beat: &mut Vec<i16>) {
        let from = beat.len();
        beat.resize(from + missing, 0);
        let (Some(noise), Some(place)) = (self.noise.as_mut(), beat.get_mut(from..)) else {
            return;
        };
        match self.decoder.rate() {
            Rate::Narrow => noise.fill(place),
            // Noise is told of 8 kHz: each sample twice keeps its band and nearly its level.
            Rate::Wide => {
                for pair in place.chunks_mut(2) {
                    let mut sample = [0];
                    noise.fill(&mut sample);
                    pair.fill(sample[0]);
                }
            }
        }
    }

    /// Leaves a period out or says one twice where the wait has become too long or too short: jitter changed, or the clocks
    /// of both ends differ. True when audio was spliced.
    fn keep_the_wait(&mut self) -> bool {
        self.since_splice = self.since_splice.saturating_add(BEAT_MS);
        let (State::Playing { next, dry: 0 }, Some(waited_us)) = (self.state, self.waited_us.take()) else {
            return false;
        };
        let wanted = self.rate().samples(BEAT_MS);
        if self.since_splice < SPLICE_PAUSE_MS || self.ready.len() < wanted || self.concealer.is_concealing() {
            return false;
        }
        // What is left out must be followed by something.
        let goes_on = self.buffer.first().is_some_and(|first| first.time <= next);
        let excess_ms = waited_us / 1000 - i64::from(self.wait_ms());
        let spliced = if excess_ms > FAR_TOO_LONG_MS && goes_on {
            self.ready.drain(..wanted);
            wanted
        } else if excess_ms > TOO_LONG_MS && goes_on {
            let anywhere = excess_ms > MUCH_TOO_LONG_MS;
            shorten(&mut self.ready, self.decoder.rate(), anywhere)
        } else if excess_ms < -TOO_SHORT_MS {
            lengthen(&mut self.ready, self.decoder.rate())
        } else {
            0
        };
        if spliced > 0 {
            self.since_splice = 0;
            self.counts.spliced += 1;
        }
        spliced > 0
    }
}
