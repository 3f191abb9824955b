//! What legs of G.722 and Opus do beside talking: keys, recordings, echo, and which codec is chosen.

use media::codec::Codec;
use media::g711::Law;
use media::telephone_event::TelephoneEvent;
use media::tones::{amplitude, key_frequencies, level_dbm0, sine};
use media::{Channel, Command, Event, Family, LegId, Profile};

use crate::talker::{Fate, Talker};
use crate::world::World;

const MU: Codec = Codec::G711(Law::Mu);

#[test]
fn recordings_of_any_codec_are_whole() {
    for codec in [Codec::G722, Codec::Opus] {
        let mut world = World::new();
        let mut a = Talker::new(1, codec, 20).open(&mut world);
        world.command(Command::Record { leg: a.leg, token: 5, limit_ms: 10_000 });
        a.say(&mut world, &sine(600.0, -10.0, 16_000, 48_000), |_| Fate::Arrives);
        world.pass(100);
        world.command(Command::StopRecording { leg: a.leg });
        let mut samples = Vec::new();
        for (_, event) in &world.events {
            if let Event::Recorded { mulaw, .. } = event {
                samples.extend(mulaw.iter().map(|byte| Law::Mu.decode(*byte)));
            }
        }
        assert!((23_500..=25_000).contains(&samples.len()), "{codec:?}: {}", samples.len());
        let level = level_dbm0(&samples[4000..20_000], 600.0);
        assert!((level + 10.0).abs() < 1.2, "{codec:?}: {level}");
    }
}

#[test]
fn keys_in_the_audio_of_any_codec_are_heard() {
    let tone = |key: char| -> Vec<i16> {
        let (low, high) = key_frequencies(key).unwrap();
        let wave = |f: f64, n: usize| (std::f64::consts::TAU * f * n as f64 / 16_000.0).sin() * amplitude(-10.0);
        (0..1600).map(|n| (wave(low, n) + wave(high, n)) as i16).collect()
    };
    for codec in [Codec::G722, Codec::Opus] {
        let mut world = World::new();
        let mut a = Talker::new(1, codec, 20).open(&mut world);
        world.command(Command::ListenKeys { leg: a.leg, on: true });
        for key in "0123456789*#ABCD".chars() {
            a.say(&mut world, &tone(key), |_| Fate::Arrives);
            a.say(&mut world, &[0; 1600], |_| Fate::Arrives);
        }
        world.pass(200);
        assert_eq!(world.keys(a.leg), "0123456789*#ABCD", "{codec:?}");
    }
}

#[test]
fn a_key_goes_over_in_the_clock_of_the_other_side() {
    let mut world = World::new();
    let mut a = Talker::new(1, MU, 20);
    a.event = Some((101, 8000));
    let mut a = a.open(&mut world);
    let mut b = Talker::new(2, Codec::Opus, 20);
    b.event = Some((110, 48_000));
    let b = b.open(&mut world);
    world.command(Command::Bridge { a: a.leg, b: b.leg });
    a.say(&mut world, &sine(440.0, -12.0, 16_000, 8000), |_| Fate::Arrives);
    let mut sender = media::telephone_event::Sender::new(5, 100);
    while let Some(event) = sender.next_payload() {
        let packet = a.packet(101, &event.bytes());
        world.packet(a.leg, Channel::Rtp, a.at, &packet);
        world.pass(20);
    }
    a.timestamp = a.timestamp.wrapping_add(1600);
    a.say(&mut world, &sine(440.0, -12.0, 16_000, 8000), |_| Fate::Arrives);
    assert_eq!(world.keys(a.leg), "5");
    let packets = world.rtp_to(b.at);
    let events: Vec<_> = packets.iter().filter(|(_, header, _)| header.payload_type == 110).collect();
    assert!(events.len() >= 5, "{}", events.len());
    assert!(events.iter().all(|(_, header, _)| header.timestamp == events[0].1.timestamp));
    let last = TelephoneEvent::parse(&events.last().unwrap().2).unwrap();
    assert!(last.end && last.code == 5 && (4800..=6720).contains(&last.duration), "{last:?}");
    assert!(packets.windows(2).all(|pair| pair[1].1.sequence == pair[0].1.sequence.wrapping_add(1)));
}

#[test]
fn an_echo_of_any_codec_is_as_it_was_said() {
    for codec in [Codec::G722, Codec::Opus] {
        let mut world = World::new();
        let mut a = Talker::new(1, codec, 20).open(&mut world);
        world.command(Command::Echo { leg: a.leg });
        a.say(&mut world, &sine(700.0, -15.0, 16_000, 16_000), |_| Fate::Arrives);
        let heard = a.heard(&world, 0);
        assert!((level_dbm0(&heard[2000..], 700.0) + 15.0).abs() < 1.2, "{codec:?}");
        assert_eq!(world.engine.counts().transcoded, 0);
    }
}

#[test]
fn a_leg_is_like_the_one_it_will_talk_to() {
    let first_offered = |codec: Codec| {
        let mut world = World::new();
        let a = Talker::new(1, codec, 20).open(&mut world);
        let (leg, like) = (LegId(2), Some(a.leg));
        world.command(Command::Open { leg, profile: Profile::Rtp, offer: None, family: Family::V4, like });
        world.local_sdp(leg)
    };
    for (codec, formats) in [
        (MU, "0 8 9 111 101 110"),
        (Codec::G711(Law::A), "8 0 9 111 101 110"),
        (Codec::G722, "9 0 8 111 101 110"),
        (Codec::Opus, "111 0 8 9 101 110"),
    ] {
        let offer = first_offered(codec);
        assert!(offer.contains(&format!("RTP/AVP {formats}\r\n")), "{offer}");
    }

    let answered = |codec: Codec| {
        let mut world = World::new();
        let a = Talker::new(1, codec, 20).open(&mut world);
        let offer = "v=0\r\no=- 1 1 IN IP4 198.51.100.2\r\ns=-\r\nc=IN IP4 198.51.100.2\r\nt=0 0\r\n\
                     m=audio 4000 RTP/AVP 96 9 8\r\na=rtpmap:96 opus/48000/2\r\n";
        let (leg, offer) = (LegId(2), Some(offer.as_bytes().into()));
        world.command(Command::Open { leg, profile: Profile::Rtp, offer, family: Family::V4, like: Some(a.leg) });
        world.local_sdp(leg)
    };
    for (codec, chosen) in [(MU, "8"), (Codec::G711(Law::A), "8"), (Codec::G722, "9"), (Codec::Opus, "96")] {
        let answer = answered(codec);
        assert!(answer.contains(&format!("RTP/AVP {chosen}\r\n")), "{codec:?}: {answer}");
    }
}
