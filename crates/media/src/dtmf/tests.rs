//! The detector against ITU-T Q.24 and against what is no key.

use super::*;
use crate::seed::Seed;
use crate::tones::{amplitude, key_frequencies};

pub(super) const ALL: &str = "0123456789*#ABCD";

/// How a press is made.
#[derive(Clone, Copy)]
pub(super) struct Press {
    pub on_ms: usize,
    pub off_ms: usize,
    pub low_dbm0: f64,
    pub high_dbm0: f64,
    pub low_off: f64,
    pub high_off: f64,
    /// Noise below the two tones together, in dB.
    pub noise_db: Option<f64>,
    /// Samples before the press, so that blocks meet it anywhere.
    pub shift: usize,
    /// Of the noise.
    pub seed: u64,
}

pub(super) const PLAIN: Press = Press {
    on_ms: 40,
    off_ms: 40,
    low_dbm0: -10.0,
    high_dbm0: -10.0,
    low_off: 0.0,
    high_off: 0.0,
    noise_db: None,
    shift: 0,
    seed: 7,
};

fn noise(seed: &mut Seed) -> f64 {
    // Twelve uniform numbers make a normal one.
    (0..12).map(|_| seed.next_number() as f64 / u64::MAX as f64).sum::<f64>() - 6.0
}

pub(super) fn presses(key: char, times: usize, press: Press) -> Vec<i16> {
    let (low, high) = key_frequencies(key).unwrap();
    let (low, high) = (low * (1.0 + press.low_off), high * (1.0 + press.high_off));
    let (low_gain, high_gain) = (amplitude(press.low_dbm0), amplitude(press.high_dbm0));
    let power = (low_gain * low_gain + high_gain * high_gain) / 2.0;
    let noise_gain = press.noise_db.map_or(0.0, |db| (power / 10_f64.powf(db / 10.0)).sqrt());
    let mut seed = Seed::new(press.seed);
    let mut samples = vec![0.0; press.shift];
    for _ in 0..times {
        for n in 0..press.on_ms * 8 {
            let t = n as f64 / 8000.0;
            samples.push(
                (std::f64::consts::TAU * low * t).sin() * low_gain
                    + (std::f64::consts::TAU * high * t).sin() * high_gain,
            );
        }
        samples.extend(std::iter::repeat_n(0.0, press.off_ms * 8));
    }
    samples.extend(std::iter::repeat_n(0.0, 800));
    samples.iter().map(|sample| (sample + noise(&mut seed) * noise_gain).clamp(-32_768.0, 32_767.0) as i16).collect()
}

pub(super) fn heard(samples: &[i16], law: Law) -> String {
    let mut detector = Detector::new();
    let mut keys = String::new();
    for frame in samples.chunks(160) {
        let payload: Vec<u8> = frame.iter().map(|sample| law.encode(*sample)).collect();
        detector.hear(law, &payload, |key| keys.push(key));
    }
    keys
}

/// Every key, pressed three times at four places in the blocks, is heard just so.
fn all_heard(press: Press, what: &str) {
    for law in [Law::Mu, Law::A] {
        for key in ALL.chars() {
            for shift in [0, 25, 51, 77] {
                let keys = heard(&presses(key, 3, Press { shift, ..press }), law);
                assert_eq!(keys, String::from_iter([key; 3]), "{what}: {key} {law:?} {shift}");
            }
        }
    }
}

fn none_heard(press: Press, what: &str) {
    for key in ALL.chars() {
        for shift in [0, 25, 51, 77] {
            let keys = heard(&presses(key, 3, Press { shift, ..press }), Law::Mu);
            assert_eq!(keys, "", "{what}: {key} {shift}");
        }
    }
}

#[test]
fn all_keys_at_all_levels() {
    for level in [0.0, -3.0, -10.0, -20.0, -25.0] {
        all_heard(Press { low_dbm0: level, high_dbm0: level, ..PLAIN }, &format!("{level} dBm0"));
    }
}

#[test]
fn all_keys_with_noise_20_db_below() {
    for level in [-3.0, -10.0, -25.0] {
        all_heard(
            Press { low_dbm0: level, high_dbm0: level, noise_db: Some(20.0), ..PLAIN },
            &format!("{level} dBm0 in noise"),
        );
    }
}

#[test]
fn twist_within_limits_is_accepted_and_beyond_is_not() {
    all_heard(Press { low_dbm0: -12.0, high_dbm0: -8.0, ..PLAIN }, "high +4 dB");
    all_heard(Press { low_dbm0: -8.0, high_dbm0: -16.0, ..PLAIN }, "high -8 dB");
    none_heard(Press { low_dbm0: -18.0, high_dbm0: -8.0, ..PLAIN }, "high +10 dB");
    none_heard(Press { low_dbm0: -6.0, high_dbm0: -20.0, ..PLAIN }, "high -14 dB");
}

#[test]
fn frequencies_off_by_1_5_percent_are_accepted_and_by_3_5_are_not() {
    for sign in [-1.0, 1.0] {
        all_heard(Press { low_off: 0.015 * sign, high_off: 0.015 * sign, ..PLAIN }, "both off 1.5 %");
        all_heard(Press { low_off: 0.015 * sign, high_off: -0.015 * sign, ..PLAIN }, "apart 1.5 %");
        for on_ms in [40, 100] {
            none_heard(Press { low_off: 0.035 * sign, on_ms, ..PLAIN }, "low off 3.5 %");
            none_heard(Press { high_off: 0.035 * sign, on_ms, ..PLAIN }, "high off 3.5 %");
            none_heard(
                Press { high_off: 0.035 * sign, low_dbm0: -6.0, high_dbm0: -14.0, on_ms, ..PLAIN },
                "high off 3.5 %, twisted",
            );
        }
    }
}

#[test]
fn long_presses_and_dropouts_count_once() {
    all_heard(Press { on_ms: 1000, off_ms: 60, ..PLAIN }, "a second");
    for key in ALL.chars() {
        // One lost packet of 20 ms in the middle: the rest follows at once, with a jump of phase.
        let mut samples = presses(key, 1, Press { on_ms: 200, ..PLAIN });
        samples.drain(700..860);
        assert_eq!(heard(&samples, Law::Mu), key.to_string());
        // A gap of 8 ms does not end a press.
        let mut samples = presses(key, 1, Press { on_ms: 200, ..PLAIN });
        samples[700..764].fill(0);
        assert_eq!(heard(&samples, Law::Mu), key.to_string());
    }
}

#[test]
fn too_short_too_soft_and_single_tones_are_nothing() {
    none_heard(Press { on_ms: 12, off_ms: 60, ..PLAIN }, "12 ms");
    none_heard(Press { low_dbm0: -40.0, high_dbm0: -40.0, on_ms: 100, ..PLAIN }, "-40 dBm0");
    none_heard(Press { high_dbm0: -60.0, on_ms: 100, ..PLAIN }, "low alone");
    none_heard(Press { low_dbm0: -60.0, on_ms: 100, ..PLAIN }, "high alone");
}

/// Vowels: harmonics of a gliding pitch, shaped by gliding formants, with breath noise.
fn speech_like(seconds: usize, seed: u64) -> Vec<i16> {
    let mut seed = Seed::new(seed);
    let mut random = move |low: f64, high: f64| low + (high - low) * (seed.next_number() as f64 / u64::MAX as f64);
    let mut samples = Vec::with_capacity(seconds * 8000);
    let mut phase = 0.0;
    while samples.len() < seconds * 8000 {
        let length = random(60.0, 350.0) as usize * 8;
        let (pitch, glide) = (random(85.0, 320.0), random(-0.25, 0.25));
        let formants = [(random(250.0, 900.0), 90.0), (random(800.0, 2400.0), 120.0), (random(2200.0, 3200.0), 180.0)];
        let shift = random(-0.2, 0.2);
        let loudness = random(1500.0, 9000.0);
        for n in 0..length {
            let progress = n as f64 / length as f64;
            let pitch = pitch * (1.0 + glide * progress);
            phase += std::f64::consts::TAU * pitch / 8000.0;
            let envelope = (std::f64::consts::PI * progress).sin();
            let voice: f64 = (1..)
                .map(|harmonic| (harmonic, f64::from(harmonic) * pitch))
                .take_while(|(_, frequency)| *frequency < 3600.0)
                .map(|(harmonic, frequency)| {
                    let gain: f64 = formants
                        .iter()
                        .map(|(centre, width)| {
                            1.0 / (1.0 + ((frequency - centre * (1.0 + shift * progress)) / width).powi(2))
                        })
                        .sum();
                    gain * (phase * f64::from(harmonic)).sin()
                })
                .sum();
            samples.push((voice * envelope * loudness + random(-60.0, 60.0)).clamp(-32_768.0, 32_767.0) as i16);
        }
        samples.extend(std::iter::repeat_n(0, random(0.0, 120.0) as usize * 8));
    }
    samples
}

#[test]
fn speech_is_no_key() {
    let keys: String = (0..6).map(|seed| heard(&speech_like(60, seed), Law::Mu)).collect();
    assert!(keys.is_empty(), "talked off in six minutes: {keys}");
}

#[test]
fn call_progress_tones_and_noise_are_no_keys() {
    for pair in [
        (440.0, 480.0),
        (350.0, 440.0),
        (480.0, 620.0),
        (400.0, 1200.0),
        (1000.0, 2000.0),
        (1100.0, 2100.0),
        (697.0, 941.0),
        (1209.0, 1633.0),
    ] {
        let samples: Vec<i16> = (0..16_000)
            .map(|n| {
                let t = std::f64::consts::TAU * f64::from(n) / 8000.0;
                (((t * pair.0).sin() + (t * pair.1).sin()) * 6000.0) as i16
            })
            .collect();
        assert_eq!(heard(&samples, Law::A), "", "{pair:?}");
    }
    let mut seed = Seed::new(3);
    let hiss: Vec<i16> = (0..80_000).map(|_| (noise(&mut seed) * 4000.0) as i16).collect();
    assert_eq!(heard(&hiss, Law::Mu), "");
}
