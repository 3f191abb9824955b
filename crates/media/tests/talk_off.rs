//! Recorded speech and music hold no key (ITU-T Q.24: talk-off): more than 30 minutes of speech in five languages and 10
//! of music, heard a hundred times faster than they last.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a test reads recordings from files")]

mod recordings;

use std::fs;
use std::path::{Path, PathBuf};

use media::dtmf::Detector;
use media::g711::Law;

use recordings::{are_here, folder, samples};

const SPEECH_SECONDS: usize = 30 * 60;
const MUSIC_SECONDS: usize = 10 * 60;
/// Each recording as it is, and 12 dB softer, as it comes back from a line that echoes our own prompts.
const HEARD: [(Law, i32); 2] = [(Law::Mu, 1), (Law::A, 4)];

fn find(folder: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            find(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "wav") {
            into.push(path);
        }
    }
}

/// What the detector takes for keys, and how long it listened.
fn keys(files: &[PathBuf]) -> (Vec<String>, usize) {
    let (mut found, mut heard) = (Vec::new(), 0);
    for path in files {
        let samples = samples(path);
        heard += samples.len();
        for (law, softer) in HEARD {
            let mut detector = Detector::new();
            let payload: Vec<u8> =
                samples.iter().map(|sample| law.encode((i32::from(*sample) / softer) as i16)).collect();
            for (number, frame) in payload.chunks(160).enumerate() {
                detector.hear(law, frame, |key| {
                    found.push(format!("{key} at {} ms of {}, 1/{softer}", number * 20, path.display()));
                });
            }
        }
    }
    (found, heard / 8000)
}

#[test]
fn recorded_speech_and_music_hold_no_key() {
    let folder = folder();
    if !are_here(&[&folder]) {
        return;
    }
    let mut all = Vec::new();
    find(&folder, &mut all);
    let (music, speech): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|path| path.components().any(|part| part.as_os_str() == "moh"));
    let halves = speech.split_at(speech.len() / 2);
    let (found, heard) = std::thread::scope(|scope| {
        let other = scope.spawn(|| keys(halves.1));
        let (mut found, heard) = keys(halves.0);
        let (more, seconds) = other.join().unwrap();
        found.extend(more);
        (found, heard + seconds)
    });
    assert!(heard >= SPEECH_SECONDS, "only {heard} s of speech");
    let (in_music, heard) = keys(&music);
    assert!(heard >= MUSIC_SECONDS, "only {heard} s of music");
    assert!(found.is_empty() && in_music.is_empty(), "{}\n{}", found.join("\n"), in_music.join("\n"));
}
