//! A grid over the marks of ITU-T Q.24: everything inside is heard just once, whatever meets whatever, and what is
//! clearly outside is not heard.

use super::tests::{ALL, PLAIN, Press, heard, presses};
use crate::g711::Law;
use crate::seed::Seed;

/// Presses of each key at each place of the grid.
const TIMES: usize = 5;
/// Levels of the low and the high tone in dBm0: from 0 to −25, the high one from 8 dB below to 4 dB above.
const LEVELS: [(f64, f64); 10] = [
    (0.0, 0.0),
    (-10.0, -10.0),
    (-20.0, -20.0),
    (-25.0, -25.0),
    (-4.0, 0.0),
    (-14.0, -10.0),
    (-25.0, -21.0),
    (0.0, -8.0),
    (-10.0, -18.0),
    (-17.0, -25.0),
];
const NOISE: [Option<f64>; 2] = [None, Some(20.0)];

/// Each key, its press somewhere in the blocks, in either law.
fn each_key(press: Press, seed: &mut Seed, mut check: impl FnMut(char, String)) {
    for key in ALL.chars() {
        let shift = (seed.next_number() % 160) as usize;
        let law = if seed.next_number().is_multiple_of(2) { Law::Mu } else { Law::A };
        check(key, heard(&presses(key, TIMES, Press { shift, seed: seed.next_number(), ..press }), law));
    }
}

#[test]
fn forty_milliseconds_at_every_level_twist_deviation_and_noise_are_heard() {
    let mut seed = Seed::new(1);
    for (low_dbm0, high_dbm0) in LEVELS {
        for noise_db in NOISE {
            for (low_off, high_off) in [(0.0, 0.0), (0.015, 0.015), (-0.015, -0.015), (0.015, -0.015), (-0.015, 0.015)]
            {
                let press = Press { low_dbm0, high_dbm0, low_off, high_off, noise_db, ..PLAIN };
                each_key(press, &mut seed, |key, heard| {
                    let what = format!("{low_dbm0}/{high_dbm0} dBm0, {low_off}/{high_off}, noise {noise_db:?}");
                    assert_eq!(heard, String::from_iter([key; TIMES]), "{what}");
                });
            }
        }
    }
}

#[test]
fn three_and_a_half_percent_off_is_refused() {
    let mut seed = Seed::new(2);
    for (low_dbm0, high_dbm0) in LEVELS {
        for on_ms in [40, 100, 500] {
            for (low_off, high_off) in [(0.035, 0.0), (-0.035, 0.0), (0.0, 0.035), (0.0, -0.035), (0.035, -0.035)] {
                let press = Press { low_dbm0, high_dbm0, low_off, high_off, on_ms, ..PLAIN };
                each_key(press, &mut seed, |key, heard| {
                    assert_eq!(heard, "", "{key} {low_dbm0}/{high_dbm0} dBm0, {low_off}/{high_off}, {on_ms} ms");
                });
            }
        }
    }
}

#[test]
fn drop_outs_of_ten_milliseconds_do_not_part_a_press() {
    let mut seed = Seed::new(3);
    for (low_dbm0, high_dbm0) in LEVELS {
        for noise_db in NOISE {
            for key in ALL.chars() {
                let press = Press { on_ms: 300, low_dbm0, high_dbm0, noise_db, seed: seed.next_number(), ..PLAIN };
                let mut samples = presses(key, 1, press);
                // Two of them, anywhere after the press was heard.
                let first = 400 + (seed.next_number() % 600) as usize;
                let second = first + 400 + (seed.next_number() % 600) as usize;
                for place in [first, second] {
                    samples[place..place + 80].fill(0);
                }
                assert_eq!(heard(&samples, Law::A), key.to_string(), "{low_dbm0} {noise_db:?} {first} {second}");
            }
        }
    }
}
