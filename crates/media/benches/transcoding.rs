//! Times of transcoding, each pair of codecs: least of many runs, for a frame of 20 ms from one side to the other.
//! `cargo bench -p media --bench transcoding`.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use media::codec::Codec;
use media::encoder::Rate;
use media::hearing::{Beat, Hearing};
use media::jitter_buffer::Content;
use media::rtp::Header;
use media::speaking::Speaking;

/// Frames of a run.
const FRAMES: u32 = 100;

/// Something with the sound of a voice: pulses of 140 Hz through three resonances, louder and softer.
fn voice(samples: usize) -> Vec<i16> {
    let wave = |n: usize, f: f64| (std::f64::consts::TAU * f * n as f64 / 8000.0).sin();
    let sample = |n: usize| {
        let loud = 0.5 + 0.5 * wave(n, 3.0);
        let harmonics: f64 = (1..20).map(|k| wave(n, 140.0 * f64::from(k)) / f64::from(k)).sum();
        (4000.0 * loud * harmonics) as i16
    };
    (0..samples).map(sample).collect()
}

fn pair(from: Codec, to: Codec) -> Duration {
    let mut speaking = Speaking::new(from, 20, Rate::Narrow).expect("an encoder");
    let mut packets = Vec::new();
    for beat in voice(FRAMES as usize * 160).chunks(160) {
        speaking.say(beat, Rate::Narrow);
        while let Some(payload) = speaking.next_payload() {
            packets.push(payload.to_vec());
        }
    }
    let mut hearing = Hearing::new(from, to == Codec::G722).expect("a decoder");
    let mut speaking = Speaking::new(to, 20, hearing.rate()).expect("an encoder");
    let mut beat = Vec::new();
    let mut number = 0_u32;
    let mut least = Duration::MAX;
    for _ in 0..10 {
        let start = Instant::now();
        for payload in &packets {
            let at = Duration::from_millis(u64::from(number) * 20);
            let header = Header {
                marker: false,
                payload_type: 0,
                sequence: number as u16,
                timestamp: number.wrapping_mul(from.clock() / 50),
                ssrc: 1,
                payload: 0..0,
            };
            number += 1;
            hearing.take(at, &header, Content::Audio(from), payload);
            if hearing.beat(at, &mut beat) == Beat::Audio {
                speaking.say(&beat, hearing.rate());
                while let Some(payload) = speaking.next_payload() {
                    black_box(payload);
                }
            }
        }
        least = least.min(start.elapsed() / FRAMES);
    }
    least
}

fn main() {
    for from in Codec::ALL {
        for to in Codec::ALL {
            if !from.forwards_to(to) {
                let time = pair(from, to);
                println!("{:<5} to {:<5} {:>9.1} µs", from.name(), to.name(), time.as_nanos() as f64 / 1000.0);
            }
        }
    }
}
