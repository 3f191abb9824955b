//! Keys heard and sent, in-band and by telephone-event.

use media::g711::Law;
use media::tones::{amplitude, key_frequencies, level_dbm0};
use media::{Command, Event};

use crate::world::{Phone, World};

/// A key's tone, each frequency at this level.
fn tone(key: char, ms: usize, dbm0: f64) -> Vec<i16> {
    let (low, high) = key_frequencies(key).unwrap();
    let wave = |f: f64, n: usize| (std::f64::consts::TAU * f * n as f64 / 8000.0).sin() * amplitude(dbm0);
    (0..ms * 8).map(|n| (wave(low, n) + wave(high, n)) as i16).collect()
}

#[test]
fn events_are_told_once_whatever_arrives() {
    for arriving in [0..9, 3..9, 0..2, 5..7, 6..7] {
        let mut world = World::new();
        let mut a = Phone::new(1, Law::Mu, Some(110)).open(&mut world);
        for key in "159#".chars() {
            a.press(&mut world, key, arriving.clone());
        }
        assert_eq!(world.keys(a.leg), "159#", "{arriving:?}");
    }
}

#[test]
fn in_band_is_heard_only_while_wanted() {
    let mut world = World::new();
    let mut a = Phone::new(1, Law::A, None).open(&mut world);
    a.say(&mut world, &tone('1', 100, -10.0));
    assert_eq!(world.keys(a.leg), "");
    world.command(Command::ListenKeys { leg: a.leg, on: true });
    for key in "0123456789*#ABCD".chars() {
        a.say(&mut world, &tone(key, 80, -10.0));
        a.say(&mut world, &[0; 640]);
    }
    assert_eq!(world.keys(a.leg), "0123456789*#ABCD");
    world.command(Command::ListenKeys { leg: a.leg, on: false });
    a.say(&mut world, &tone('1', 100, -10.0));
    assert_eq!(world.keys(a.leg).len(), 16);
}

#[test]
fn a_press_heard_both_ways_counts_once() {
    let mut world = World::new();
    let mut a = Phone::new(1, Law::Mu, Some(101)).open(&mut world);
    world.command(Command::ListenKeys { leg: a.leg, on: true });
    for key in "2580".chars() {
        let code = media::telephone_event::code_of(key).unwrap();
        let mut sender = media::telephone_event::Sender::new(code, 100);
        let stamp = a.timestamp;
        let samples = tone(key, 140, -8.0);
        for frame in samples.chunks(160) {
            if let Some(event) = sender.next_payload() {
                let audio_stamp = std::mem::replace(&mut a.timestamp, stamp);
                let packet = a.packet(101, &event.bytes());
                a.timestamp = audio_stamp;
                world.packet(a.leg, media::Channel::Rtp, a.at, &packet);
            }
            a.say_frame(&mut world, frame);
            world.pass(20);
        }
        a.say(&mut world, &[0; 800]);
    }
    assert_eq!(world.keys(a.leg), "2580");
}

#[test]
fn a_dtx_pause_parts_two_presses_of_one_key() {
    let mut world = World::new();
    let mut a = Phone::new(1, Law::Mu, None).open(&mut world);
    world.command(Command::ListenKeys { leg: a.leg, on: true });
    for _ in 0..3 {
        a.say(&mut world, &tone('7', 80, -10.0));
        // The phone sends nothing while it is silent.
        a.timestamp = a.timestamp.wrapping_add(800);
        world.pass(100);
    }
    assert_eq!(world.keys(a.leg), "777");
}

#[test]
fn an_event_crosses_a_bridge_with_the_far_sides_number() {
    let mut world = World::new();
    let mut a = Phone::new(1, Law::Mu, Some(101)).open(&mut world);
    let b = Phone::new(2, Law::A, Some(96)).open(&mut world);
    world.command(Command::Bridge { a: a.leg, b: b.leg });
    a.press(&mut world, '9', 0..9);
    let events: Vec<_> = world.rtp_to(b.at).into_iter().filter(|(_, header, _)| header.payload_type == 96).collect();
    assert_eq!(events.len(), 7);
    assert!(events.iter().all(|(_, header, payload)| header.timestamp == events[0].1.timestamp && payload[0] == 9));
    assert_eq!(events.iter().filter(|(.., payload)| payload[1] & 0x80 != 0).count(), 3);
    assert_eq!(world.keys(a.leg), "9");
}

#[test]
fn a_far_side_without_events_hears_the_key() {
    let mut world = World::new();
    let mut a = Phone::new(1, Law::Mu, Some(101)).open(&mut world);
    let b = Phone::new(2, Law::A, None).open(&mut world);
    world.command(Command::Bridge { a: a.leg, b: b.leg });
    a.press(&mut world, '9', 0..9);
    world.pass(200);
    let heard = world.heard_at(b.at, Law::A);
    assert!(level_dbm0(&heard[..960], 852.0) > -10.0);
    assert!(level_dbm0(&heard[..960], 1477.0) > -8.0);
    let mut detector = media::dtmf::Detector::new();
    let mut keys = String::new();
    for (.., payload) in world.rtp_to(b.at) {
        detector.hear(Law::A, &payload, |key| keys.push(key));
    }
    assert_eq!(keys, "9");
}

#[test]
fn keys_are_sent_by_event_or_in_band() {
    let mut world = World::new();
    let a = Phone::new(1, Law::Mu, Some(101)).open(&mut world);
    let b = Phone::new(2, Law::Mu, None).open(&mut world);
    for leg in [a.leg, b.leg] {
        for key in ['1', '1', '#', 'x'] {
            world.command(Command::SendKey { leg, key, duration_ms: 100 });
        }
    }
    world.pass(2000);
    let mut receiver = media::telephone_event::Receiver::default();
    let mut by_event = String::new();
    for (_, header, payload) in world.rtp_to(a.at).into_iter().filter(|(_, h, _)| h.payload_type == 101) {
        let event = media::telephone_event::TelephoneEvent::parse(&payload).unwrap();
        if let media::telephone_event::Heard::Pressed(key) = receiver.take(header.ssrc, header.timestamp, event) {
            assert!(header.marker);
            by_event.push(key);
        }
    }
    assert_eq!(by_event, "11#");
    let mut detector = media::dtmf::Detector::new();
    let mut in_band = String::new();
    for (.., payload) in world.rtp_to(b.at) {
        detector.hear(Law::Mu, &payload, |key| in_band.push(key));
    }
    assert_eq!(in_band, "11#");
    assert!(!world.events.iter().any(|(_, event)| matches!(event, Event::Key { .. })));
}

#[test]
fn the_numbers_go_on_over_sent_keys() {
    let mut world = World::new();
    let mut a = Phone::new(1, Law::Mu, Some(101)).open(&mut world);
    let b = Phone::new(2, Law::Mu, Some(101)).open(&mut world);
    world.command(Command::Bridge { a: a.leg, b: b.leg });
    a.say(&mut world, &[0; 1600]);
    world.command(Command::SendKey { leg: b.leg, key: '3', duration_ms: 100 });
    a.say(&mut world, &[0; 8000]);
    let packets = world.rtp_to(b.at);
    for pair in packets.windows(2) {
        assert_eq!(pair[1].1.sequence, pair[0].1.sequence.wrapping_add(1));
        let step = pair[1].1.timestamp.wrapping_sub(pair[0].1.timestamp);
        assert!(step <= 1600, "{step}");
    }
    let (first, last) = (&packets[0], &packets[packets.len() - 1]);
    let time = (last.0 - first.0).as_millis() as i64 * 8;
    let stamps = i64::from(last.1.timestamp.wrapping_sub(first.1.timestamp));
    assert!((time - stamps).abs() <= 320, "timestamps follow the time: {time} {stamps}");
}

#[test]
fn a_key_of_ours_that_the_line_sends_back_is_none_of_theirs() {
    let mut world = World::new();
    let mut b = Phone::new(2, Law::Mu, None).open(&mut world);
    world.command(Command::ListenKeys { leg: b.leg, on: true });
    world.command(Command::SendKey { leg: b.leg, key: '5', duration_ms: 100 });
    // A hybrid's echo: 12 dB softer, 40 ms later.
    for _ in 0..20 {
        let sent = world.heard_at(b.at, Law::Mu);
        let back: Vec<i16> = sent.iter().rev().skip(320).take(160).rev().map(|sample| sample / 4).collect();
        b.say_frame(&mut world, &if back.len() == 160 { back } else { vec![0; 160] });
        world.pass(20);
    }
    assert_eq!(world.keys(b.leg), "");
    // Their own press of the same key half a second later is one.
    b.say(&mut world, &[0; 4000]);
    b.say(&mut world, &tone('5', 80, -10.0));
    b.say(&mut world, &[0; 800]);
    assert_eq!(world.keys(b.leg), "5");
}

/// Every key by telephone-event, in-band, and both at once, at each level, with noise 20 dB below: each once.
#[test]
fn every_key_by_every_way_at_every_level_counts_once() {
    const ALL: &str = "0123456789*#ABCD";
    let mut seed = 1_u64;
    let mut noise = || {
        let mut sum = 0.0;
        for _ in 0..12 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            sum += (seed >> 11) as f64 / (1_u64 << 53) as f64;
        }
        sum - 6.0
    };
    for (by_event, in_band) in [(true, false), (false, true), (true, true)] {
        for dbm0 in [0.0, -10.0, -20.0, -25.0] {
            let mut world = World::new();
            let mut a = Phone::new(1, Law::A, Some(101)).open(&mut world);
            world.command(Command::ListenKeys { leg: a.leg, on: true });
            let gain = amplitude(dbm0) / 10.0;
            // Twice in a row, 40 ms apart, as a quick thumb does it.
            for key in ALL.chars().flat_map(|key| [key, key]) {
                let code = media::telephone_event::code_of(key).unwrap();
                let mut sender = media::telephone_event::Sender::new(code, 60);
                let stamp = a.timestamp;
                let mut samples = if in_band { tone(key, 60, dbm0) } else { vec![0; 480] };
                samples.resize(480 + 320 + 320, 0);
                for frame in samples.chunks(160) {
                    if let Some(event) = sender.next_payload().filter(|_| by_event) {
                        let audio_stamp = std::mem::replace(&mut a.timestamp, stamp);
                        let packet = a.packet(101, &event.bytes());
                        a.timestamp = audio_stamp;
                        world.packet(a.leg, media::Channel::Rtp, a.at, &packet);
                    }
                    let heard: Vec<i16> =
                        frame.iter().map(|sample| sample.saturating_add((noise() * gain) as i16)).collect();
                    a.say_frame(&mut world, &heard);
                    world.pass(20);
                }
            }
            let expected: String = ALL.chars().flat_map(|key| [key, key]).collect();
            assert_eq!(world.keys(a.leg), expected, "event {by_event}, in-band {in_band}, {dbm0} dBm0");
        }
    }
}

/// A phone that sends event and tone, quickly, to a far side that has no events: each key once, in order.
#[test]
fn event_and_tone_are_one_key_to_a_far_side_without_events() {
    for both in [true, false] {
        let mut world = World::new();
        let mut a = Phone::new(1, Law::Mu, Some(101)).open(&mut world);
        let b = Phone::new(2, Law::Mu, None).open(&mut world);
        world.command(Command::Bridge { a: a.leg, b: b.leg });
        for key in "14445#".chars() {
            let code = media::telephone_event::code_of(key).unwrap();
            let mut sender = media::telephone_event::Sender::new(code, 100);
            let mut late = None;
            let stamp = a.timestamp;
            let mut samples = if both { tone(key, 100, -10.0) } else { vec![0; 800] };
            samples.resize(800 + 480, 0);
            for (number, frame) in samples.chunks(160).enumerate() {
                if let Some(event) = sender.next_payload() {
                    let audio_stamp = std::mem::replace(&mut a.timestamp, stamp);
                    let packet = a.packet(101, &event.bytes());
                    a.timestamp = audio_stamp;
                    // One end comes late, after the next press began.
                    if number == 6 {
                        late = Some(packet);
                    } else {
                        world.packet(a.leg, media::Channel::Rtp, a.at, &packet);
                    }
                }
                a.say_frame(&mut world, frame);
                world.pass(20);
            }
            if let Some(packet) = late {
                let mut next = media::telephone_event::Sender::new(3, 40);
                let event = next.next_payload().unwrap();
                let press = a.packet(101, &event.bytes());
                world.packet(a.leg, media::Channel::Rtp, a.at, &press);
                world.packet(a.leg, media::Channel::Rtp, a.at, &packet);
                a.timestamp = a.timestamp.wrapping_add(320);
                world.pass(100);
            }
        }
        world.pass(2000);
        let mut detector = media::dtmf::Detector::new();
        let mut keys = String::new();
        for (.., payload) in world.rtp_to(b.at) {
            detector.hear(Law::Mu, &payload, |key| keys.push(key));
        }
        assert_eq!(keys, "1343434353#3", "tone beside the event: {both}");
        assert_eq!(world.keys(a.leg), "1343434353#3");
    }
}

/// A key by INFO reaches the other leg, once, whether its telephone-event comes before, after or not at all.
#[test]
fn a_key_by_signalling_goes_over_once() {
    for (before, after) in [(false, false), (true, false), (false, true)] {
        let mut world = World::new();
        let mut a = Phone::new(1, Law::Mu, Some(101)).open(&mut world);
        let b = Phone::new(2, Law::A, Some(96)).open(&mut world);
        world.command(Command::Bridge { a: a.leg, b: b.leg });
        for key in "5#5".chars() {
            if before {
                a.press(&mut world, key, 0..9);
            }
            world.command(Command::PassKey { leg: a.leg, key, duration_ms: 100 });
            if after {
                a.press(&mut world, key, 0..9);
            }
            world.pass(400);
        }
        let mut receiver = media::telephone_event::Receiver::default();
        let mut keys = String::new();
        for (_, header, payload) in world.rtp_to(b.at).into_iter().filter(|(_, h, _)| h.payload_type == 96) {
            let event = media::telephone_event::TelephoneEvent::parse(&payload).unwrap();
            if let media::telephone_event::Heard::Pressed(key) = receiver.take(header.ssrc, header.timestamp, event) {
                keys.push(key);
            }
        }
        assert_eq!(keys, "5#5", "event before {before}, after {after}");
    }
    // Nobody hears it on a leg that is alone.
    let mut world = World::new();
    let a = Phone::new(1, Law::Mu, None).open(&mut world);
    world.command(Command::PassKey { leg: a.leg, key: '5', duration_ms: 100 });
    world.command(Command::Echo { leg: a.leg });
    world.command(Command::PassKey { leg: a.leg, key: '5', duration_ms: 100 });
    world.pass(300);
    assert!(world.rtp_to(a.at).is_empty());
}

#[test]
fn a_key_whose_ends_were_lost_does_not_mute_the_talk() {
    let mut world = World::new();
    let mut a = Phone::new(1, Law::Mu, Some(101)).open(&mut world);
    let b = Phone::new(2, Law::Mu, None).open(&mut world);
    world.command(Command::Bridge { a: a.leg, b: b.leg });
    a.press(&mut world, '5', 0..4);
    world.pass(400);
    let before = world.heard_at(b.at, Law::Mu).len();
    a.say(&mut world, &media::tones::sine(500.0, -12.0, 8000, 8000));
    let heard = world.heard_at(b.at, Law::Mu);
    assert!((level_dbm0(&heard[before..], 500.0) + 12.0).abs() < 0.3);
}
