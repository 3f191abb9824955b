//! Tones as linear samples at 8 kHz.

use std::f64::consts::TAU;

use crate::command::ToneKind;
use crate::country_tones::{Signal, samples};
use crate::resample::PLAY_RATE;

/// Amplitude of a sine of 0 dBm0: 3.17 dB below µ-law's full scale (ITU-T G.711 table 5).
pub const AMPLITUDE_0_DBM0: f64 = 22_302.0;

/// The amplitude of a sine of this level.
#[must_use]
pub fn amplitude(dbm0: f64) -> f64 {
    AMPLITUDE_0_DBM0 * 10_f64.powf(dbm0 / 20.0)
}

/// The low and high frequency of a key in Hz (ITU-T Q.23).
#[must_use]
pub fn key_frequencies(key: char) -> Option<(f64, f64)> {
    const ROWS: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
    const COLUMNS: [f64; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
    let at = "123A456B789C*0#D".find(key.to_ascii_uppercase())?;
    Some((*ROWS.get(at / 4)?, COLUMNS[at % 4]))
}

/// A tone of the library, and whether it goes on for ever.
#[must_use]
pub fn tone(kind: ToneKind) -> (Vec<i16>, bool) {
    match kind {
        ToneKind::RingbackLoop => (ringback_loop(), true),
        ToneKind::RingbackKorea => {
            let on = render(1.0, |t| cosine_pair(440.0, 480.0, t) * amplitude(-19.0));
            (padded(on, 3.0), true)
        }
        ToneKind::RingbackJapan => {
            let on = render(1.0, |t| {
                let envelope = (1.0 + 0.85 * (TAU * 16.0 * t).sin()) / 1.85;
                (TAU * 400.0 * t).sin() * envelope * amplitude(-12.0)
            });
            (padded(on, 3.0), true)
        }
        ToneKind::Beep => (render(0.4, |t| (TAU * 1000.0 * t).sin() * amplitude(-12.0)), false),
        ToneKind::Ringback(country) => (samples(country, Signal::Ringback), true),
        ToneKind::Busy(country) => (samples(country, Signal::Busy), true),
        ToneKind::Congestion(country) => (samples(country, Signal::Congestion), true),
        ToneKind::Dial(country) => (samples(country, Signal::Dial), true),
    }
}

fn cosine_pair(low: f64, high: f64, t: f64) -> f64 {
    (TAU * low * t).sin() + (TAU * high * t).sin()
}

/// Our own ringback: two soft notes a fourth apart, struck twice, then rest. Four seconds.
fn ringback_loop() -> Vec<i16> {
    const NOTES: [(f64, f64); 4] = [(0.0, 523.25), (0.24, 698.46), (1.0, 523.25), (1.24, 698.46)];
    let note = |frequency: f64, age: f64| {
        if age < 0.0 {
            return 0.0;
        }
        // A bell-like body: the octave dies sooner than the ground note.
        let attack = (age / 0.012).min(1.0);
        let ground = (TAU * frequency * age).sin() * (-age * 4.5).exp();
        let octave = (TAU * 2.0 * frequency * age).sin() * (-age * 9.0).exp() * 0.25;
        attack * (ground + octave)
    };
    render(4.0, |t| {
        let sum: f64 = NOTES.iter().map(|(at, frequency)| note(*frequency, t - at)).sum();
        sum * amplitude(-12.0)
    })
}

/// Samples of `seconds`, with ramps of 5 ms at both ends so nothing clicks.
pub(crate) fn render(seconds: f64, wave: impl Fn(f64) -> f64) -> Vec<i16> {
    let length = (seconds * f64::from(PLAY_RATE)) as usize;
    let ramp = 40.0;
    (0..length)
        .map(|n| {
            let edge = (n as f64).min((length - 1 - n) as f64);
            let gain = (edge / ramp).min(1.0);
            (wave(n as f64 / f64::from(PLAY_RATE)) * gain).round().clamp(-32_768.0, 32_767.0) as i16
        })
        .collect()
}

fn padded(mut samples: Vec<i16>, seconds: f64) -> Vec<i16> {
    samples.resize((seconds * f64::from(PLAY_RATE)) as usize, 0);
    samples
}

/// A sine, for tests and measuring: `dbm0` is its level, `rate` in Hz.
#[must_use]
pub fn sine(frequency: f64, dbm0: f64, rate: u32, length: usize) -> Vec<i16> {
    let gain = amplitude(dbm0);
    (0..length).map(|n| ((TAU * frequency * n as f64 / f64::from(rate)).sin() * gain).round() as i16).collect()
}

/// The level in dBm0 of one frequency in samples at 8 kHz (a Goertzel filter over all of them).
#[must_use]
pub fn level_dbm0(samples: &[i16], frequency: f64) -> f64 {
    let turn = TAU * frequency / f64::from(PLAY_RATE);
    let coefficient = 2.0 * turn.cos();
    let (mut s1, mut s2) = (0.0, 0.0);
    for sample in samples {
        let s0 = f64::from(*sample) + coefficient * s1 - s2;
        s2 = s1;
        s1 = s0;
    }
    let power = s1 * s1 + s2 * s2 - coefficient * s1 * s2;
    let amplitude = 2.0 * power.max(0.0).sqrt() / samples.len().max(1) as f64;
    20.0 * (amplitude.max(1e-9) / AMPLITUDE_0_DBM0).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn national_tones_are_the_nations() {
        let (korea, forever) = tone(ToneKind::RingbackKorea);
        assert!(forever);
        assert_eq!(korea.len(), 24_000);
        for frequency in [440.0, 480.0] {
            assert!((level_dbm0(&korea[..8000], frequency) + 19.0).abs() < 0.3);
        }
        assert!(korea[8000..].iter().all(|sample| *sample == 0));

        let (japan, _) = tone(ToneKind::RingbackJapan);
        let carrier = level_dbm0(&japan[..8000], 400.0);
        for side in [384.0, 416.0] {
            let side = level_dbm0(&japan[..8000], side);
            assert!((5.0..9.0).contains(&(carrier - side)), "{carrier} {side}");
        }
        assert!(japan[8000..].iter().all(|sample| *sample == 0));
    }

    #[test]
    fn the_beep_ends_and_the_loop_is_soft() {
        let (beep, forever) = tone(ToneKind::Beep);
        assert!(!forever);
        assert_eq!(beep.len(), 3200);
        assert!((level_dbm0(&beep, 1000.0) + 12.0).abs() < 0.3);
        let (ringback, forever) = tone(ToneKind::RingbackLoop);
        assert!(forever);
        let peak = ringback.iter().map(|sample| sample.unsigned_abs()).max().unwrap();
        assert!((3000..16_000).contains(&peak), "{peak}");
        assert_eq!((ringback[0], ringback[ringback.len() - 1]), (0, 0));
    }

    #[test]
    fn a_sine_measures_as_made() {
        assert!((level_dbm0(&sine(1000.0, -12.0, 8000, 8000), 1000.0) + 12.0).abs() < 0.05);
        assert_eq!(key_frequencies('#'), Some((941.0, 1477.0)));
        assert_eq!(key_frequencies('x'), None);
    }
}
