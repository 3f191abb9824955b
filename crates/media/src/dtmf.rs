//! In-band keys (ITU-T Q.23, Q.24): two tones in G.711 audio.
//!
//! Blocks of 102 samples (12.75 ms) go through eight Goertzel filters. A press is two hits in a row whose phase advance
//! between the blocks gives both frequencies within 2.4 %, and whose two tones hold nearly all the energy: speech,
//! with harmonics and moving formants, does not do that. A release is two blocks in a row without even half of what was
//! held: a drop-out of 10 ms cannot do that, a pause of 40 ms always does.

use std::f32::consts::{PI, TAU};

use crate::g711::Law;

/// Samples of a block: 40 ms always hold two whole ones.
const BLOCK: usize = 102;
const RATE: f32 = 8000.0;
const TONES: [f32; 8] = [697.0, 770.0, 852.0, 941.0, 1209.0, 1336.0, 1477.0, 1633.0];
const KEYS: [[char; 4]; 4] = [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

/// Each tone is at least −31 dBm0: amplitude 629, power of the filter's output (amplitude · block / 2)².
const LEAST_POWER: f32 = {
    let output = 629.0 * (BLOCK as f32) / 2.0;
    output * output
};
/// Less energy than two such tones in a block cannot be a key.
const LEAST_ENERGY: f32 = 629.0 * 629.0 * (BLOCK as f32) / 2.0;
/// A tone must stand out from its group's others by 4.5 dB: the skirts of a tone 8 dB louder in the other group reach them.
const DOMINANCE: f32 = 2.8;
/// Share of the energy in both tones: a first sight, and when confirmed at the measured frequencies.
const SHARE_SEEN: f32 = 0.60;
const SHARE_CONFIRMED: f32 = 0.86;
/// Share that keeps a press going.
const SHARE_HELD: f32 = 0.25;
/// High over low group, with 1.5 dB of margin over +4 and −8 dB.
const TWIST: std::ops::RangeInclusive<f32> = 0.112..=3.55;
/// Tolerance of the frequency: accepts 1.5 %, refuses 3.5 %.
const TOLERANCE: f32 = 0.024;
/// Second harmonics stay 9 dB below their tone.
const HARMONIC: f32 = 0.126;
/// Power of a held tone, relative to its last hit, that keeps a press going through a drop-out: of two blocks with a gap
/// of 80 samples one has 62 of its 102, and with them a power of 0.37.
const HELD: f32 = 0.25;
/// Misses in a row that end a press.
const RELEASE: u8 = 2;

/// Detects keys in one direction of one leg.
#[derive(Clone, Debug)]
pub struct Detector {
    block: [f32; BLOCK],
    filled: usize,
    seen: Option<Sight>,
    held: Option<Held>,
    misses: u8,
}

/// The key that is down.
#[derive(Clone, Copy, Debug)]
struct Held {
    row: usize,
    column: usize,
    /// Powers of both tones at the last hit.
    powers: [f32; 2],
}

/// A block that looks like a key.
#[derive(Clone, Copy, Debug)]
struct Sight {
    row: usize,
    column: usize,
    /// Phases of both tones at the block's last sample.
    phases: [f32; 2],
    powers: [f32; 2],
    share: f32,
}

impl Default for Detector {
    fn default() -> Self {
        Self::new()
    }
}

impl Detector {
    /// A detector that heard nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { block: [0.0; BLOCK], filled: 0, seen: None, held: None, misses: 0 }
    }

    /// Audio is missing here: what is held ends.
    pub fn gap(&mut self) {
        self.filled = 0;
        self.seen = None;
        self.held = None;
    }

    /// Hears a payload; each press goes to `pressed` once, when it is confirmed.
    pub fn hear(&mut self, law: Law, payload: &[u8], mut pressed: impl FnMut(char)) {
        let mut rest = payload;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(BLOCK - self.filled));
            for (slot, byte) in self.block[self.filled..].iter_mut().zip(now) {
                *slot = f32::from(law.decode(*byte));
            }
            self.filled += now.len();
            rest = later;
            if self.filled == BLOCK {
                self.filled = 0;
                if let Some(key) = self.end_block() {
                    pressed(key);
                }
            }
        }
    }

    fn end_block(&mut self) -> Option<char> {
        let energy: f32 = self.block.iter().map(|sample| sample * sample).sum();
        let (s1, s2) = if energy < LEAST_ENERGY { ([0.0; 8], [0.0; 8]) } else { filters(&self.block) };
        let powers = std::array::from_fn(|tone| {
            s1[tone] * s1[tone] + s2[tone] * s2[tone] - COEFFICIENTS[tone] * s1[tone] * s2[tone]
        });
        let sight = look(energy, &powers, &s1, &s2);
        let before = std::mem::replace(&mut self.seen, sight);
        if self.goes_on(sight.as_ref(), &powers) {
            self.misses = 0;
            return None;
        }
        self.misses = self.misses.saturating_add(1);
        if self.misses >= RELEASE {
            self.held = None;
        }
        let (before, sight) = (before?, sight?);
        if self.confirm(&before, &sight, energy) {
            self.held = Some(Held { row: sight.row, column: sight.column, powers: sight.powers });
            self.misses = 0;
            return Some(KEYS[sight.row][sight.column]);
        }
        None
    }

    /// Whether the key that is held still is: seen again, or both its tones are there with half their amplitude.
    fn goes_on(&mut self, sight: Option<&Sight>, powers: &[f32; 8]) -> bool {
        let Some(held) = &mut self.held else {
            return false;
        };
        if let Some(sight) = sight.filter(|sight| (sight.row, sight.column) == (held.row, held.column)) {
            if sight.share >= SHARE_SEEN {
                held.powers = sight.powers;
            }
            return true;
        }
        powers[held.row] >= HELD * held.powers[0] && powers[held.column + 4] >= HELD * held.powers[1]
    }

    /// Whether two sights in a row are a key: frequencies, purity, twist, harmonics.
    fn confirm(&self, before: &Sight, now: &Sight, energy: f32) -> bool {
        if (before.row, before.column) != (now.row, now.column) || before.share < SHARE_SEEN || now.share < SHARE_SEEN {
            return false;
        }
        let measure = |tone: usize, which: usize| {
            let nominal = TONES[tone];
            let expected = TAU * nominal / RATE * BLOCK as f32;
            let difference = wrap(now.phases[which] - before.phases[which] - expected);
            nominal + difference / (TAU * BLOCK as f32) * RATE
        };
        let (low, high) = (measure(now.row, 0), measure(now.column + 4, 1));
        let off = |measured: f32, nominal: f32| (measured - nominal).abs() > TOLERANCE * nominal;
        if off(low, TONES[now.row]) || off(high, TONES[now.column + 4]) {
            return false;
        }
        let windowed: [f32; BLOCK] = std::array::from_fn(|n| self.block[n] * WINDOW[n]);
        let (low_power, high_power) = (power(&windowed, low), power(&windowed, high));
        let share = (low_power + high_power) / (energy * WINDOW_GAIN);
        share >= SHARE_CONFIRMED
            && TWIST.contains(&(high_power / low_power))
            && power(&windowed, 2.0 * high) < HARMONIC * high_power
            // The low tone's harmonic may fall on the high tone, where it says nothing.
            && ((2.0 * low - high).abs() < 160.0 || power(&windowed, 2.0 * low) < HARMONIC * low_power)
    }
}

/// What a block shows: one tone of each group, if they hold enough of the energy.
fn look(energy: f32, powers: &[f32; 8], s1: &[f32; 8], s2: &[f32; 8]) -> Option<Sight> {
    let row = dominant(powers, 0)?;
    let column = dominant(powers, 4)? - 4;
    let (low, high) = (powers[row], powers[column + 4]);
    let share = (low + high) / (energy * (BLOCK as f32) / 2.0);
    if low < LEAST_POWER || high < LEAST_POWER || share < SHARE_HELD {
        return None;
    }
    let phase = |tone: usize| {
        let angle = TAU * TONES[tone] / RATE;
        (s2[tone] * angle.sin()).atan2(s1[tone] - s2[tone] * angle.cos())
    };
    Some(Sight { row, column, phases: [phase(row), phase(column + 4)], powers: [low, high], share })
}

/// Power of one frequency in a block.
fn power(block: &[f32; BLOCK], frequency: f32) -> f32 {
    let coefficient = 2.0 * (TAU * frequency / RATE).cos();
    let (mut s1, mut s2) = (0.0, 0.0);
    for sample in block {
        let s0 = sample + coefficient * s1 - s2;
        s2 = s1;
        s1 = s0;
    }
    s1 * s1 + s2 * s2 - coefficient * s1 * s2
}

/// A Hamming window: a tone 8 dB below its neighbour is measured without the neighbour's skirts.
const WINDOW: [f32; BLOCK] = {
    // cos((2n + 1) π / 102) by its recurrence, since cosines are not constant.
    let (first, step) = (0.999525719713366, 2.0 * 0.998103328737044);
    let (mut before, mut now): (f64, f64) = (first, first);
    let mut window = [0.0; BLOCK];
    let mut n = 0;
    while n < BLOCK {
        window[n] = (0.54 - 0.46 * now) as f32;
        (before, now) = (now, step * now - before);
        n += 1;
    }
    window
};
/// Power of a windowed tone over its energy in the block: (0.54 · block)² / (2 · block).
const WINDOW_GAIN: f32 = 0.54 * 0.54 * (BLOCK as f32) / 2.0;

/// 2 cos(2π f / 8000) of the eight tones.
const COEFFICIENTS: [f32; 8] =
    [1.707_737_8, 1.645_281, 1.568_686_9, 1.478_204_6, 1.164_104, 0.996_370_2, 0.798_618_4, 0.568_532_7];

/// The eight filters side by side, so that they run in vector registers.
fn filters(block: &[f32; BLOCK]) -> ([f32; 8], [f32; 8]) {
    let (mut s1, mut s2) = ([0.0_f32; 8], [0.0_f32; 8]);
    for sample in block {
        for tone in 0..8 {
            let s0 = sample + COEFFICIENTS[tone] * s1[tone] - s2[tone];
            s2[tone] = s1[tone];
            s1[tone] = s0;
        }
    }
    (s1, s2)
}

/// The tone of the group of four from `first` that stands out.
fn dominant(powers: &[f32; 8], first: usize) -> Option<usize> {
    let group = first..first + 4;
    let best = group.clone().max_by(|a, b| powers[*a].total_cmp(&powers[*b]))?;
    let stands_out = group.filter(|tone| *tone != best).all(|tone| powers[tone] * DOMINANCE < powers[best]);
    stands_out.then_some(best)
}

fn wrap(phase: f32) -> f32 {
    let wrapped = phase.rem_euclid(TAU);
    if wrapped > PI { wrapped - TAU } else { wrapped }
}

#[cfg(test)]
mod marks;
#[cfg(test)]
mod tests;
