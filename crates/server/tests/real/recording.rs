//! What a phone without a sound card wrote of what it heard: a WAV file that still grows.

use crate::patience::{SOON, until};
use crate::tone;
use std::path::{Path, PathBuf};

/// The header of such a file; it is written at the end of the call, so nothing in it is looked at and everything behind it counts.
const HEADER: usize = 44;
/// How much of the end is listened to, in seconds.
const WINDOW: f64 = 0.4;

/// Waits until the last 400 ms that `file` names hold a tone of `hertz`; `who` says whose ears they are.
#[track_caller]
pub fn wait_for_tone(who: &str, hertz: f64, file: impl Fn() -> Option<PathBuf>) {
    until(&format!("{who} to hear {hertz} Hz"), SOON, || {
        let samples = heard_last(&file()?)?;
        tone::is_tone(&samples, hertz, tone::RATE).then_some(())
    });
}

/// Waits until the last 400 ms that `file` names hold nothing of `hertz`, whatever else they do.
#[track_caller]
pub fn wait_until_gone(who: &str, hertz: f64, file: impl Fn() -> Option<PathBuf>) {
    until(&format!("{who} to hear {hertz} Hz no more"), SOON, || {
        let samples = heard_last(&file()?)?;
        (tone::power_at(&samples, hertz, tone::RATE) < 1e-6).then_some(())
    });
}

/// The last 400 ms of a recording of 16 bits and one channel at 8 kHz.
fn heard_last(file: &Path) -> Option<Vec<i16>> {
    let bytes = std::fs::read(file).ok()?;
    let sound = bytes.get(HEADER..)?;
    let samples: Vec<i16> = sound.chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect();
    let window = (tone::RATE * WINDOW) as usize;
    Some(samples[samples.len().saturating_sub(window)..].to_vec())
}
