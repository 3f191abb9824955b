//! What is sent and how it is recognised: sine tones, G.711 µ-law and a Goertzel filter.

use std::f64::consts::TAU;

/// Samples per second of everything on a telephone line.
pub const RATE: f64 = 8_000.0;

/// One G.711 µ-law byte as a linear sample (ITU-T G.711).
pub fn from_mulaw(byte: u8) -> i16 {
    let bits = !byte;
    let exponent = i32::from((bits >> 4) & 7);
    let mantissa = i32::from(bits & 15);
    let size = (((mantissa << 3) + 132) << exponent) - 132;
    (if bits & 0x80 == 0 { size } else { -size }) as i16
}

/// A linear sample as G.711 µ-law.
pub fn to_mulaw(sample: i16) -> u8 {
    let size = i32::from(sample).abs().min(32_635) + 132;
    let exponent = (24 - size.leading_zeros() as i32).clamp(0, 7);
    let mantissa = (size >> (exponent + 3)) & 15;
    let sign = if sample < 0 { 0x80 } else { 0 };
    !(sign | (exponent << 4) as u8 | mantissa as u8)
}

/// One G.711 A-law byte as a linear sample (ITU-T G.711).
pub fn from_alaw(byte: u8) -> i16 {
    let bits = byte ^ 0x55;
    let exponent = i32::from((bits >> 4) & 7);
    let mantissa = i32::from(bits & 15) * 2 + 1;
    let size = if exponent == 0 { mantissa << 3 } else { (mantissa + 32) << (exponent + 2) };
    (if bits & 0x80 == 0 { -size } else { size }) as i16
}

/// A linear sample as G.711 A-law.
pub fn to_alaw(sample: i16) -> u8 {
    let size = i32::from(sample).abs().min(32_767);
    let exponent = (24 - size.leading_zeros() as i32).clamp(0, 7);
    let mantissa = (size >> if exponent == 0 { 4 } else { exponent + 3 }) & 15;
    let sign = if sample < 0 { 0 } else { 0x80 };
    (sign | (exponent << 4) as u8 | mantissa as u8) ^ 0x55
}

/// A sine generator that keeps its phase from frame to frame.
#[derive(Default)]
pub struct Oscillator {
    at: f64,
}

impl Oscillator {
    /// The next sample of the sum of `hertz`, each at `level` of full scale.
    pub fn next(&mut self, hertz: &[f64], level: f64) -> i16 {
        let sum: f64 = hertz.iter().map(|f| (TAU * f * self.at / RATE).sin()).sum();
        self.at += 1.0;
        (sum * level * 32_767.0).clamp(-32_768.0, 32_767.0) as i16
    }
}

/// Mean square of the samples, full scale being 1.
pub fn power(samples: &[i16]) -> f64 {
    let sum: f64 = samples.iter().map(|s| (f64::from(*s) / 32_768.0).powi(2)).sum();
    sum / samples.len().max(1) as f64
}

/// Mean square of the part of `samples` that is a sine of `hertz` (Goertzel's algorithm).
pub fn power_at(samples: &[i16], hertz: f64, rate: f64) -> f64 {
    let turn = 2.0 * (TAU * hertz / rate).cos();
    let (mut before, mut last) = (0.0, 0.0);
    for sample in samples {
        let now = f64::from(*sample) / 32_768.0 + turn * last - before;
        (before, last) = (last, now);
    }
    let energy = before * before + last * last - turn * before * last;
    2.0 * energy / (samples.len() as f64).powi(2)
}

/// Do the samples hold a tone of `hertz` and little else? At least −35 dB below full scale and 70 % of all that is heard.
pub fn is_tone(samples: &[i16], hertz: f64, rate: f64) -> bool {
    let all = power(samples);
    all > 10f64.powf(-3.5) && power_at(samples, hertz, rate) > 0.7 * all
}

#[test]
fn mulaw_keeps_what_it_can() {
    for sample in [0, 7, -7, 300, -300, 8_000, -8_000, 32_000, -32_000] {
        let back = from_mulaw(to_mulaw(sample));
        assert!(
            (i32::from(back) - i32::from(sample)).abs() <= 8 + i32::from(sample).abs() / 20,
            "{sample} came back as {back}"
        );
    }
}

#[test]
fn alaw_keeps_what_it_can() {
    for sample in [0, 7, -7, 300, -300, 8_000, -8_000, 32_000, -32_000] {
        let back = from_alaw(to_alaw(sample));
        assert!(
            (i32::from(back) - i32::from(sample)).abs() <= 8 + i32::from(sample).abs() / 20,
            "{sample} came back as {back}"
        );
        assert_eq!(to_alaw(back), to_alaw(sample));
    }
    // A byte for each, by the table of G.711: the largest of both signs, and zero as it goes over the line.
    assert_eq!((to_alaw(32_767), to_alaw(-32_768), to_alaw(0)), (0xaa, 0x2a, 0xd5));
}

#[test]
fn a_tone_is_told_from_its_neighbours() {
    let mut oscillator = Oscillator::default();
    let tone: Vec<i16> = (0..3_200).map(|_| oscillator.next(&[440.0], 0.25)).collect();
    assert!(is_tone(&tone, 440.0, RATE));
    assert!(!is_tone(&tone, 480.0, RATE));
    assert!(!is_tone(&[0; 3_200], 440.0, RATE));
}
