use super::*;
use crate::g722::{Decoder, Encoder};
use crate::seed::Seed;

/// Something like a voice at 16 kHz: pulses and breath through two resonances, other ones and louder or softer each 100 ms.
fn voice(samples: usize) -> Vec<i16> {
    let mut seed = Seed::new(3);
    let mut chance = || (seed.next_number() >> 40) as f64 / (1_u64 << 24) as f64;
    let mut resonances = [[0.0_f64; 2]; 2];
    let (mut turns, mut loud, mut phase) = ([0.0; 2], 0.0, 0.0);
    let sample = |n: usize| {
        if n.is_multiple_of(1600) {
            let turn = |hz: f64| 2.0 * 0.97 * (std::f64::consts::TAU * hz / 16_000.0).cos();
            turns = [turn(300.0 + 500.0 * chance()), turn(900.0 + 1600.0 * chance())];
            loud = 100.0 + 900.0 * chance();
        }
        phase += 140.0 / 16_000.0;
        let pulse = if phase >= 1.0 { 2.0 } else { 0.0 };
        phase %= 1.0;
        let mut sum = loud * (pulse + 0.1 * (chance() - 0.5));
        for (state, turn) in resonances.iter_mut().zip(turns) {
            sum += turn * state[0] - 0.97 * 0.97 * state[1];
            *state = [sum, state[0]];
        }
        (sum * 0.2).clamp(-30_000.0, 30_000.0) as i16
    };
    (0..samples).map(sample).collect()
}

/// The response of a band's predictor, in dB, at frequencies of the telephone band.
fn response(band: &Band) -> Vec<f64> {
    let sum = |of: &[i32], turn: f64| {
        let part = |index: usize| (f64::from(of[index]) / f64::from(ONE), turn * (index + 1) as f64);
        let parts = (0..of.len()).map(part);
        parts.fold((0.0, 0.0), |(x, y), (size, angle)| (x + size * angle.cos(), y + size * angle.sin()))
    };
    let at = |hz: u32| {
        let turn = std::f64::consts::TAU * f64::from(hz) / 8000.0;
        let (poles, zeros) = (sum(&band.poles, turn), sum(&band.zeros, turn));
        20.0 * ((1.0 + zeros.0).hypot(zeros.1) / (1.0 - poles.0).hypot(poles.1)).log10()
    };
    (200..3600).step_by(200).map(at).collect()
}

/// How far two responses differ, in dB.
fn distance(one: &Band, other: &Band) -> f64 {
    let (one, other) = (response(one), response(other));
    let off = one.iter().zip(&other).map(|(one, other)| (one - other).powi(2));
    (off.sum::<f64>() / one.len() as f64).sqrt()
}

#[test]
fn the_state_after_a_loss_is_found_better_than_by_keeping_it_or_by_the_codes_alone() {
    let (mut bytes, mut heard) = (Vec::new(), Vec::new());
    Encoder::default().encode(&voice(160_000), &mut bytes);
    let (packets, _) = bytes.as_chunks::<LOOKED_AT>();
    let mut decoder = Decoder::default();
    let mut states = Vec::new();
    for packet in packets {
        states.push(decoder.clone());
        decoder.decode(packet, &mut heard);
    }
    for lost in [3, 5] {
        let (mut kept, mut by_codes, mut recovered) = (0.0, 0.0, 0.0);
        for at in 10..packets.len() - lost {
            let (before, truth) = (&states[at], &states[at + lost].0.low);
            kept += distance(&before.0.low, truth);
            by_codes += distance(&before.led_to(&packets[at + lost]).low, truth);
            let mut after = before.clone();
            after.catch_up(&packets[at + lost], lost as u32 * 20);
            recovered += distance(&after.0.low, truth);
        }
        let best = f64::min(kept, by_codes);
        assert!(recovered < 0.96 * best, "{lost} lost: {recovered}, kept {kept}, by codes {by_codes}");
    }
}

#[test]
fn whatever_comes_the_state_is_one_that_a_decoder_can_have() {
    let mut seed = Seed::new(5);
    let mut decoder = Decoder::default();
    let mut heard = Vec::new();
    for round in 0..500 {
        // Of all lengths, some of one code alone.
        let length = (seed.next_number() % 400) as usize;
        let one = (round % 3 == 0).then(|| seed.next_number() as u8);
        let bytes: Vec<u8> = (0..length).map(|_| one.unwrap_or_else(|| seed.next_number() as u8)).collect();
        decoder.catch_up(&bytes, (seed.next_number() >> 32) as u32);
        let low = &decoder.0.low;
        assert!((0..=18_432).contains(&low.scale_log) && low.scale > 0, "{low:?}");
        assert!(low.poles[1].abs() <= 12_288 && low.poles[0].abs() <= 15_360 - low.poles[1], "{low:?}");
        assert!(low.zeros.iter().all(|zero| zero.abs() <= 32_768), "{low:?}");
        decoder.decode(&bytes, &mut heard);
    }
}

#[test]
fn weights_are_those_of_a_network_that_was_trained() {
    let (weights, _) = WEIGHTS.as_chunks::<2>();
    let small = weights.iter().filter(|weight| i16::from_le_bytes(**weight).unsigned_abs() < 4).count();
    assert!(small < weights.len() / 10, "{small} weights of {} are next to nothing", weights.len());
}
