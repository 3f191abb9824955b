//! A stream of samples whatever the network and the clocks do.

use super::*;
use crate::encoder::Encoder;
use crate::g711::Law;
use crate::tones::{amplitude, level_dbm0, sine};

const CODEC: Codec = Codec::G711(Law::A);

/// A far end that says a tone in packets of 20 ms by a clock of its own.
struct Source {
    encoder: Encoder,
    said: Vec<i16>,
    number: u32,
    payload: Vec<u8>,
}

impl Source {
    /// A tone of whole periods in a packet's time, so that it goes on evenly.
    fn new(frequency: f64) -> Self {
        let encoder = Encoder::new(CODEC, Rate::Narrow).unwrap();
        Self { encoder, said: sine(frequency, -10.0, 8000, 160), number: 0, payload: Vec::new() }
    }

    fn put(&mut self, hearing: &mut Hearing, at: Duration) {
        let n = self.number;
        self.number += 1;
        self.encoder.encode(&self.said, &mut self.payload);
        let header = Header {
            marker: false,
            payload_type: 8,
            sequence: n as u16,
            timestamp: n.wrapping_mul(160),
            ssrc: 1,
            payload: 0..0,
        };
        assert!(hearing.take(at, &header, Content::Audio(CODEC), &self.payload));
    }

    /// Its next packet is lost.
    fn skip(&mut self) {
        self.number += 1;
    }
}

/// The largest step between two samples, over what the tone makes.
fn click(samples: &[i16], last: &mut i16, frequency: f64) -> f64 {
    let natural = std::f64::consts::TAU * frequency / 8000.0 * amplitude(-10.0);
    let step = samples.iter().map(|sample| {
        let step = f64::from(*sample) - f64::from(*last);
        *last = *sample;
        step.abs()
    });
    step.fold(0.0, f64::max) / natural
}

/// Hears a far end for `seconds`, each packet `late` by so many milliseconds, its clock `ppm` fast; what is heard goes to
/// `each`.
fn listen(seconds: u64, ppm: i64, late: impl Fn(u64) -> u64, mut each: impl FnMut(u64, &[i16])) -> Hearing {
    let mut hearing = Hearing::new(CODEC, false).unwrap();
    let mut source = Source::new(400.0);
    let mut waiting = std::collections::BinaryHeap::new();
    let mut beat = Vec::new();
    let mut packet = 0_u64;
    let sent_us = |packet: u64| 1_000_000 + packet * 20_000 * 1_000_000 / 1_000_000_u64.saturating_add_signed(ppm);
    for number in 0..seconds * 50 {
        let now_us = 1_007_000 + number * 20_000;
        // Packets that have been sent by now arrive in the order of their arrival.
        while sent_us(packet) <= now_us {
            waiting.push(std::cmp::Reverse((sent_us(packet) + late(packet) * 1000, packet)));
            packet += 1;
        }
        while waiting.peek().is_some_and(|std::cmp::Reverse((at, _))| *at <= now_us) {
            let Some(std::cmp::Reverse((at, which))) = waiting.pop() else { break };
            source.number = which as u32;
            source.put(&mut hearing, Duration::from_micros(at));
        }
        if hearing.beat(Duration::from_micros(now_us), &mut beat) == Beat::Audio {
            assert_eq!(beat.len(), 160);
            each(number, &beat);
        }
    }
    hearing
}

#[test]
fn an_hour_of_drifting_clocks_has_no_click_and_no_growing_wait() {
    for ppm in [-200, 200] {
        let mut last = 0;
        let mut worst = 0.0_f64;
        let mut beats = 0_u64;
        let hearing = listen(
            3600,
            ppm,
            |_| 0,
            |number, beat| {
                let click = click(beat, &mut last, 400.0);
                if number > 5 {
                    worst = worst.max(click);
                }
                beats += 1;
            },
        );
        assert!(worst < 1.4, "{ppm} ppm: {worst}");
        assert!(beats > 3600 * 50 - 10, "{ppm} ppm: {beats} beats");
        let counts = hearing.counts();
        // 720 ms an hour, some milliseconds at a time.
        assert!((60..=300).contains(&counts.spliced), "{ppm} ppm: {counts:?}");
        assert!(counts.concealed_ms <= 400, "{ppm} ppm: {counts:?}");
        assert!(hearing.wait_ms() <= 45);
    }
}

#[test]
fn jitter_is_waited_for_and_the_wait_shrinks_again() {
    // 0 to 80 ms late for ten seconds, then even.
    let late = |n: u64| if n < 500 { n * 7919 % 81 } else { 0 };
    let mut concealed_at = Vec::new();
    let mut silent = 0;
    let hearing = listen(60, 0, late, |number, beat| {
        if beat.iter().all(|sample| sample.unsigned_abs() < 100) {
            silent += 1;
        }
        concealed_at.push((number, beat.len()));
    });
    let counts = hearing.counts();
    assert!(silent < 10, "{silent} silent beats, {counts:?}");
    assert!(counts.concealed_ms < 800, "{counts:?}");
    assert!(hearing.wait_ms() <= 25, "{}", hearing.wait_ms());
}

#[test]
fn bursts_of_loss_keep_the_time_and_nearly_the_level() {
    let mut hearing = Hearing::new(CODEC, false).unwrap();
    let mut source = Source::new(400.0);
    let mut heard = Vec::new();
    let mut beat = Vec::new();
    for number in 0..500_u64 {
        let at = Duration::from_millis(1000 + number * 20);
        if matches!(number % 50, 30..=32) {
            source.skip()
        } else {
            source.put(&mut hearing, at)
        }
        if hearing.beat(at + Duration::from_millis(3), &mut beat) == Beat::Audio {
            heard.extend_from_slice(&beat);
        }
    }
    assert!(heard.len() >= 495 * 160);
    assert_eq!(hearing.counts().concealed_ms, 600);
    for (number, piece) in heard[800..].chunks_exact(160).enumerate() {
        let level = level_dbm0(piece, 400.0);
        assert!(level > -20.0, "frame {number}: {level}");
    }
}

#[test]
fn a_stream_that_stops_falls_silent_and_one_that_comes_back_is_heard() {
    let mut hearing = Hearing::new(CODEC, false).unwrap();
    let mut source = Source::new(400.0);
    let mut beat = Vec::new();
    let mut audible = |from: u64, to: u64, sends: bool, hearing: &mut Hearing, source: &mut Source| {
        let mut beats = 0;
        for number in from..to {
            let at = Duration::from_millis(1000 + number * 20);
            if sends {
                source.put(hearing, at);
            }
            beats += usize::from(hearing.beat(at + Duration::from_millis(3), &mut beat) == Beat::Audio);
        }
        beats
    };
    assert!(audible(0, 50, true, &mut hearing, &mut source) >= 46);
    // 120 ms are made up, then there is nothing.
    assert!((3..=9).contains(&audible(50, 100, false, &mut hearing, &mut source)));
    assert!(hearing.is_idle());
    source.number += 50;
    assert!(audible(100, 150, true, &mut hearing, &mut source) >= 46);
    // Another source takes over at another time.
    source.number = 1_000_000;
    assert!(audible(150, 200, true, &mut hearing, &mut source) >= 46);
}

#[test]
fn packets_that_make_no_sense_are_refused() {
    let mut hearing = Hearing::new(Codec::Opus, false).unwrap();
    let header = Header { marker: false, payload_type: 96, sequence: 1, timestamp: 0, ssrc: 1, payload: 0..0 };
    for payload in [&[][..], &[0x7b, 0], &[0x7b, 63, 1, 2]] {
        assert!(!hearing.take(Duration::ZERO, &header, Content::Audio(Codec::Opus), payload), "{payload:?}");
    }
    let mut seed = crate::seed::Seed::new(4);
    let mut beat = Vec::new();
    for number in 0..3000_u16 {
        let payload: Vec<u8> = (0..seed.next_number() % 60).map(|_| seed.next_number() as u8).collect();
        let header = Header { sequence: number, timestamp: u32::from(number) * 960, ..header.clone() };
        let at = Duration::from_millis(u64::from(number) * 20);
        hearing.take(at, &header, Content::Audio(Codec::Opus), &payload);
        hearing.beat(at, &mut beat);
    }
}
