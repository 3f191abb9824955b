//! Bridges between different codecs, and what becomes of loss, disorder and pauses on them.

use media::codec::Codec;
use media::g711::Law;
use media::tones::{level_dbm0, sine};
use media::{Channel, Command, Event};

use crate::talker::{Fate, Talker};
use crate::world::World;

const MU: Codec = Codec::G711(Law::Mu);

fn bridged(a: Codec, b: Codec) -> (World, Talker, Talker) {
    let mut world = World::new();
    let a = Talker::new(1, a, 20).open(&mut world);
    let b = Talker::new(2, b, 20).open(&mut world);
    world.command(Command::Bridge { a: a.leg, b: b.leg });
    (world, a, b)
}

/// How far a tone's level may be off, in dB. Opus for speech models a voice and wavers with tones.
fn tolerance(codecs: [Codec; 2]) -> f64 {
    if codecs.contains(&Codec::Opus) { 1.2 } else { 0.5 }
}

/// Power of the tone over that of everything else, in dB.
fn signal_to_noise(samples: &[i16], frequency: f64) -> f64 {
    let power = samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / samples.len() as f64;
    let tone = media::tones::amplitude(level_dbm0(samples, frequency)).powi(2) / 2.0;
    10.0 * (tone / (power - tone).max(1.0)).log10()
}

#[test]
fn every_pair_of_codecs_carries_tones_both_ways() {
    for a_codec in Codec::ALL {
        for b_codec in Codec::ALL {
            let (mut world, mut a, mut b) = bridged(a_codec, b_codec);
            let (low, high) = (sine(440.0, -12.0, 16_000, 24_000), sine(1300.0, -15.0, 16_000, 24_000));
            for (low, high) in low.chunks(320).zip(high.chunks(320)) {
                a.say_beat(&mut world, low, |_| Fate::Arrives);
                b.say_beat(&mut world, high, |_| Fate::Arrives);
                world.pass(20);
            }
            for (listener, frequency, level) in [(&b, 440.0, -12.0), (&a, 1300.0, -15.0)] {
                let heard = listener.heard(&world, 0);
                assert!(heard.len() >= 8 * 1400, "{a_codec:?} {b_codec:?}: {} samples", heard.len());
                // Whole periods of both tones.
                let steady = &heard[4000..10_400];
                let found = level_dbm0(steady, frequency);
                let allowed = tolerance([a_codec, b_codec]);
                assert!((found - level).abs() < allowed, "{a_codec:?} {b_codec:?} {frequency} Hz: {found}");
                let ratio = signal_to_noise(steady, frequency);
                assert!(ratio > 17.0, "{a_codec:?} {b_codec:?} {frequency} Hz: {ratio} dB");
            }
            let counts = world.engine.counts();
            let whole = a_codec.forwards_to(b_codec);
            assert_eq!((counts.forwarded > 0, counts.transcoded > 0), (whole, !whole), "{a_codec:?} {b_codec:?}");
        }
    }
}

#[test]
fn what_is_sent_is_even_and_in_the_listeners_clock() {
    for (codec, step) in [(Codec::Opus, 960), (Codec::G722, 160)] {
        let (mut world, mut a, b) = bridged(MU, codec);
        a.say(&mut world, &sine(440.0, -12.0, 16_000, 32_000), |_| Fate::Arrives);
        let packets = world.rtp_to(b.at);
        assert!((94..=100).contains(&packets.len()), "{}", packets.len());
        assert!(packets[0].1.marker);
        for pair in packets.windows(2) {
            assert_eq!(pair[1].1.sequence, pair[0].1.sequence.wrapping_add(1));
            assert_eq!(pair[1].1.timestamp, pair[0].1.timestamp.wrapping_add(step), "{codec:?}");
            assert!(!pair[1].1.marker);
        }
    }
}

#[test]
fn bursts_of_loss_are_filled_in() {
    for (a_codec, b_codec) in [(MU, Codec::Opus), (Codec::Opus, MU), (Codec::G722, MU), (MU, Codec::G722)] {
        let (mut world, mut a, b) = bridged(a_codec, b_codec);
        // Two of forty packets: 5 %.
        let fate = |n: usize| if n % 40 == 20 || n % 40 == 21 { Fate::Lost } else { Fate::Arrives };
        a.say(&mut world, &sine(440.0, -12.0, 16_000, 16_000 * 8), fate);
        let packets = world.rtp_to(b.at);
        assert!(packets.len() >= 394, "{a_codec:?} {b_codec:?}: {} packets", packets.len());
        assert!(packets.windows(2).all(|pair| pair[1].1.sequence == pair[0].1.sequence.wrapping_add(1)));
        let heard = b.heard(&world, 0);
        for (number, piece) in heard[4000..60_000].chunks_exact(160).enumerate() {
            let level = level_dbm0(piece, 440.0);
            // Opus conceals by itself, and takes a steady tone for noise.
            assert!(level > -24.0 || a_codec == Codec::Opus, "{a_codec:?} {b_codec:?}: frame {number} at {level}");
        }
        world.command(Command::Close { leg: a.leg });
        let Some((_, Event::Closed { figures, .. })) = world.events.last() else { panic!("no figures") };
        assert!((300..=480).contains(&figures.concealed_ms), "{a_codec:?}: {}", figures.concealed_ms);
        assert_eq!(figures.lost, 20);
    }
}

#[test]
fn disorder_and_duplicates_are_not_heard() {
    let (mut world, mut a, b) = bridged(MU, Codec::G722);
    let fate = |n: usize| match n % 10 {
        3 => Fate::Swapped,
        7 => Fate::Twice,
        _ => Fate::Arrives,
    };
    // The first seconds teach the buffer how late packets may be.
    a.say(&mut world, &sine(440.0, -12.0, 16_000, 48_000), fate);
    let before = b.heard(&world, 0).len();
    a.say(&mut world, &sine(440.0, -12.0, 16_000, 48_000), fate);
    let heard = b.heard(&world, 0);
    assert!((heard.len() - before).abs_diff(24_000) <= 480, "{}", heard.len() - before);
    let steady = &heard[before..before + 16_000];
    assert!((level_dbm0(steady, 440.0) + 12.0).abs() < 0.5);
    assert!(signal_to_noise(steady, 440.0) > 30.0, "{}", signal_to_noise(steady, 440.0));
}

#[test]
fn comfort_noise_is_made_where_it_is_told_and_forwarded_where_it_is_known() {
    let (mut world, mut a, b) = bridged(MU, Codec::Opus);
    a.say(&mut world, &sine(440.0, -12.0, 16_000, 16_000), |_| Fate::Arrives);
    // −40 dBov of flat noise, and nothing more for a second.
    let packet = a.packet(13, &[40, 127, 127]);
    world.packet(a.leg, Channel::Rtp, a.at, &packet);
    world.pass(200);
    let before = world.rtp_to(b.at).len();
    world.pass(1000);
    let noise = b.heard(&world, before);
    assert!((7600..=8320).contains(&noise.len()), "{}", noise.len());
    let power = noise.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / noise.len() as f64;
    let level = 10.0 * (power / 32_768.0_f64.powi(2)).log10();
    assert!((-44.0..-36.0).contains(&level), "{level} dBov");
    assert!(level_dbm0(&noise, 440.0) < -45.0);

    for (noise, expected) in [(Some(13), 1), (None, 0)] {
        let mut world = World::new();
        let mut a = Talker::new(1, MU, 20).open(&mut world);
        let mut b = Talker::new(2, MU, 20);
        b.noise = noise;
        let b = b.open(&mut world);
        world.command(Command::Bridge { a: a.leg, b: b.leg });
        let packet = a.packet(13, &[40]);
        world.packet(a.leg, Channel::Rtp, a.at, &packet);
        let sent = world.rtp_to(b.at);
        assert_eq!(sent.iter().filter(|(_, header, _)| header.payload_type == 13).count(), expected);
    }
}

#[test]
fn a_pause_of_a_far_end_that_sends_no_silence_stays_a_pause() {
    let (mut world, mut a, b) = bridged(MU, Codec::Opus);
    let tone = sine(440.0, -12.0, 16_000, 16_000);
    a.say(&mut world, &tone, |_| Fate::Arrives);
    world.pass(2000);
    let before = world.rtp_to(b.at);
    a.timestamp = a.timestamp.wrapping_add(16_000);
    a.say(&mut world, &tone, |_| Fate::Arrives);
    let after = world.rtp_to(b.at).split_off(before.len());
    let (last, first) = (before.last().unwrap(), after.first().unwrap());
    assert!(first.1.marker);
    let passed = first.1.timestamp.wrapping_sub(last.1.timestamp) / 48;
    let real = (first.0 - last.0).as_millis() as u32;
    assert!(passed.abs_diff(real) <= 20, "{passed} ms for {real} ms");
    assert!((level_dbm0(&b.heard(&world, before.len())[1600..7200], 440.0) + 12.0).abs() < 1.2);
}

#[test]
fn a_new_offer_changes_codec_and_numbers_in_mid_call() {
    let (mut world, mut a, b) = bridged(MU, MU);
    let tone = sine(440.0, -12.0, 16_000, 16_000);
    a.say(&mut world, &tone, |_| Fate::Arrives);
    assert_eq!(world.engine.counts().transcoded, 0);
    for codec in [Codec::Opus, Codec::G722, Codec::G711(Law::A)] {
        let before = world.rtp_to(b.at).len();
        a.change(&mut world, codec, 20);
        a.say(&mut world, &tone, |_| Fate::Arrives);
        let heard = b.heard(&world, before);
        assert!(heard.len() > 7000, "{codec:?}: {}", heard.len());
        let level = level_dbm0(&heard[2400..6400], 440.0);
        assert!((level + 12.0).abs() < tolerance([codec, MU]), "{codec:?}: {level}");
    }
    let before = world.rtp_to(b.at).len();
    let transcoded = world.engine.counts().transcoded;
    a.say(&mut world, &tone, |_| Fate::Arrives);
    assert_eq!(world.rtp_to(b.at).len(), before + 50, "forwarded again, packet by packet");
    assert_eq!(world.engine.counts().transcoded, transcoded);
}
