//! What a phone without a sound card wrote of what it heard: a WAV file that still grows.

use crate::patience::{SOON, until};
use crate::tone;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The header of such a file; it is written at the end of the call, so nothing in it is looked at and everything behind it
/// counts: 16 bits, one channel, 8 kHz.
const HEADER: usize = 44;
/// How much is listened to.
const WINDOW: Duration = Duration::from_millis(400);
/// Samples in that.
const SAMPLES: usize = (WINDOW.as_millis() as f64 / 1_000.0 * tone::RATE) as usize;

/// Waits until 400 ms that were written after now to the file that `file` names are a tone of `hertz`; `who` says whose ears
/// they are.
#[track_caller]
pub fn wait_for_tone(who: &str, hertz: f64, file: impl Fn() -> Option<PathBuf>) {
    let start = file().map(|path| (read(&path).len(), path));
    until(&format!("{who} to hear {hertz} Hz"), SOON, || {
        let path = file()?;
        let before = start.as_ref().filter(|(_, first)| *first == path).map_or(0, |(length, _)| *length);
        let heard = read(&path);
        let fresh = heard.get(before..)?;
        let last = fresh.get(fresh.len().checked_sub(SAMPLES)?..)?;
        tone::is_tone(last, hertz, tone::RATE).then_some(())
    });
}

/// Waits until nothing of `hertz` was written to `file` for 400 ms, whatever else was.
#[track_caller]
pub fn wait_until_gone(who: &str, hertz: f64, file: &Path) {
    let mut since = (Instant::now(), read(file).len());
    until(&format!("{who} to hear {hertz} Hz no more"), SOON, || {
        if since.0.elapsed() < WINDOW {
            return None;
        }
        let heard = read(file);
        let mut fresh = heard.get(since.1..)?.to_vec();
        since = (Instant::now(), heard.len());
        // Where nothing comes nothing is written, which is silence too.
        fresh.resize(fresh.len().max(SAMPLES), 0);
        (tone::power_at(&fresh, hertz, tone::RATE) < 1e-6).then_some(())
    });
}

fn read(file: &Path) -> Vec<i16> {
    let bytes = std::fs::read(file).unwrap_or_default();
    let sound = bytes.get(HEADER..).unwrap_or_default();
    sound.chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect()
}
