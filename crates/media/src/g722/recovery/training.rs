//! What `scripts/train-g722-recovery` trains the network on: speech, of which each stretch between two packets might be lost,
//! and so each state before and after it is known.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "reads recordings and writes a file")]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::{DOUBLING, INPUTS, LOOKED_AT, ONE, OUTPUTS, inputs};
use crate::encoder::{Converter, Rate};
use crate::g722::{Decoder, Encoder};
use crate::seed::Seed;
use crate::tones::sine;

/// Texts that are not learned from: tests score the first two, and what was learned is checked on the others.
const TESTED: [&str; 6] =
    ["demo-instruct", "demo-congrats", "vm-msginstruct", "screen-callee-options", "tt-monkeys", "dir-intro-fn"];
/// Shorter recordings are left out, in samples at 16 kHz.
const SHORTEST: usize = 12_000;
/// Recordings are taken together and cut into pieces of so many samples at 16 kHz, each with a level and a noise of its own.
const PIECE: usize = 288_000;
/// Seconds of tones, which keys and networks say.
const TONES: usize = 2400;
/// Losses in packets: at most, and the chance in percent that one goes on.
const LONGEST: usize = 8;
const GOES_ON: u64 = 60;

/// Inputs, outputs, and the logarithm of the true scale factor.
type Row = [f32; INPUTS + OUTPUTS + 1];

/// Environment: `SORI_TRAINING_SOUNDS`, folders separated by `:` with recordings (`.wav` at 8 kHz, `.g722`), and
/// `SORI_TRAINING_ROWS`, the file to be written, of little-endian 32-bit floats.
#[test]
#[ignore = "writes what scripts/train-g722-recovery trains on"]
fn write_rows() {
    let sounds = std::env::var("SORI_TRAINING_SOUNDS").expect("SORI_TRAINING_SOUNDS");
    let rows = std::env::var("SORI_TRAINING_ROWS").expect("SORI_TRAINING_ROWS");
    let mut rows = BufWriter::new(File::create(rows).expect("a file for the rows"));
    let mut seed = Seed::new(722);
    let mut write = |samples: &[i16], seed: &mut Seed| {
        for row in rows_of(samples, seed) {
            let bytes: Vec<u8> = row.iter().flat_map(|value| value.to_le_bytes()).collect();
            rows.write_all(&bytes).expect("room for the rows");
        }
    };
    let tones = tones(&mut seed);
    write(&tones, &mut seed);
    for folder in sounds.split(':') {
        let mut files = Vec::new();
        find(Path::new(folder), &mut files);
        files.sort();
        let samples: Vec<i16> = files.iter().map(|file| read(file)).filter(|s| s.len() >= SHORTEST).flatten().collect();
        for piece in samples.chunks(PIECE) {
            let piece = changed(piece, &mut seed);
            write(&piece, &mut seed);
        }
    }
}

fn find(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in folder.read_dir().expect("a folder of recordings").flatten() {
        let path = entry.path();
        let named =
            |part: Option<&std::ffi::OsStr>, names: &[&str]| names.iter().any(|name| part == Some(name.as_ref()));
        if path.is_dir() {
            find(&path, into);
        } else if named(path.extension(), &["wav", "g722"]) && !named(path.file_stem(), &TESTED) {
            into.push(path);
        }
    }
}

/// Samples of a recording at 16 kHz.
fn read(path: &Path) -> Vec<i16> {
    let bytes = std::fs::read(path).expect("a recording");
    let mut samples = Vec::new();
    if path.extension() == Some("g722".as_ref()) {
        Decoder::default().decode(&bytes, &mut samples);
    } else {
        let wav = crate::wav::Wav::parse(&bytes).expect("a WAV file");
        assert_eq!(wav.sample_rate, 8000, "{path:?}");
        Converter::default().run(&wav.samples, Rate::Narrow, Rate::Wide, &mut samples);
    }
    samples
}

/// Tones of one or two frequencies, each of 40 to 400 ms, some after silence, some another one at another level.
fn tones(seed: &mut Seed) -> Vec<i16> {
    let mut chance = || (seed.next_number() >> 40) as f64 / (1_u64 << 24) as f64;
    let mut all = Vec::new();
    let mut frequencies = [440.0; 2];
    while all.len() < TONES * 16_000 {
        let length = (640.0 + chance() * 5760.0) as usize;
        if chance() < 0.5 {
            frequencies = frequencies.map(|_| 200.0 + chance() * 3200.0);
        }
        let level = if chance() < 0.2 { -90.0 } else { -45.0 + chance() * 42.0 };
        let second = if chance() < 0.5 { level } else { -90.0 };
        let [first, second] = [(frequencies[0], level), (frequencies[1], second)];
        let second = sine(second.0, second.1, 16_000, length);
        all.extend(
            sine(first.0, first.1, 16_000, length).iter().zip(second).map(|(one, other)| one.saturating_add(other)),
        );
    }
    all
}

/// Speech at another level (−22 to +4 dB), or as it is, and every third time with noise.
fn changed(piece: &[i16], seed: &mut Seed) -> Vec<i16> {
    let mut chance = || (seed.next_number() >> 40) as f32 / (1_u64 << 24) as f32;
    let gain = if chance() < 0.4 { 1.0 } else { 10_f32.powf((chance() * 26.0 - 22.0) / 20.0) };
    let noise = if chance() < 0.7 { 0.0 } else { 10_f32.powf(chance() * 1.5 + 0.5) };
    let mut change = |sample: &i16| f32::from(*sample) * gain + noise * 2.0 * (chance() + chance() + chance() - 1.5);
    piece.iter().map(|sample| change(sample) as i16).collect()
}

/// Rows of losses here and there.
fn rows_of(samples: &[i16], seed: &mut Seed) -> Vec<Row> {
    let (mut bytes, mut heard) = (Vec::new(), Vec::new());
    Encoder::default().encode(samples, &mut bytes);
    let (packets, _) = bytes.as_chunks::<LOOKED_AT>();
    let mut decoder = Decoder::default();
    let mut states = Vec::new();
    for packet in packets {
        states.push(decoder.clone());
        heard.clear();
        decoder.decode(packet, &mut heard);
    }
    let (mut rows, mut at) = (Vec::new(), 10);
    loop {
        at += 1 + (seed.next_number() % 4) as usize;
        let lost = 1 + (1..LONGEST).take_while(|_| seed.next_number() % 100 < GOES_ON).count();
        let Some(packet) = packets.get(at + lost) else {
            return rows;
        };
        rows.push(row(&states[at], &states[at + lost], packet, lost as u32 * 20));
    }
}

fn row(before: &Decoder, truth: &Decoder, packet: &[u8; LOOKED_AT], lost_ms: u32) -> Row {
    let led_to = before.led_to(packet).low;
    let truth = &truth.0.low;
    let told = inputs(&before.0.low, &led_to, packet, lost_ms).into_iter();
    let coefficients = truth.poles.iter().chain(&truth.zeros).map(|coefficient| *coefficient as f32 / ONE);
    let doublings = (truth.scale_log - led_to.scale_log) as f32 / DOUBLING;
    let mut values = told.chain(coefficients).chain([doublings, truth.scale_log as f32 / DOUBLING]);
    std::array::from_fn(|_| values.next().expect("a value a place"))
}
