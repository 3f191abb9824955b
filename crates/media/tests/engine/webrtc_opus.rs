//! Browsers with Opus.

use media::codec::Codec;
use media::decoder::Decoder;
use media::encoder::Rate;
use media::g711::Law;
use media::speaking::Speaking;
use media::tones::{level_dbm0, sine};
use media::{Command, LegId};

use crate::talker::{Fate, Talker};
use crate::webrtc::{Peer, exchange, join_with};
use crate::world::World;

/// Opus's number in str0m's descriptions.
const OPUS: u8 = 111;
const LEG: LegId = LegId(7);

/// What the browser heard in Opus, at 8 kHz.
fn heard(peer: &Peer) -> Vec<i16> {
    let mut decoder = Decoder::new(Codec::Opus, false).unwrap();
    let mut samples = Vec::new();
    for (payload_type, payload) in &peer.heard {
        if *payload_type == OPUS {
            assert!(decoder.decode(Codec::Opus, payload, &mut samples));
        }
    }
    samples
}

/// A browser's voice.
struct Voice(Speaking);

impl Voice {
    fn new() -> Self {
        Self(Speaking::new(Codec::Opus, 20, Rate::Wide).unwrap())
    }

    fn say(&mut self, world: &World, peer: &mut Peer, beat: &[i16]) {
        self.0.say(beat, Rate::Wide);
        while let Some(payload) = self.0.next_payload().map(<[u8]>::to_vec) {
            peer.send(world.now(), OPUS, &payload);
            peer.timestamp += 960;
        }
    }
}

#[test]
fn a_browser_with_opus_and_a_phone_without_hear_each_other() {
    for (codec, peer_offers) in [(Codec::G711(Law::Mu), true), (Codec::G722, false)] {
        let mut world = World::new();
        // Our own offer has PCMU first: this browser answers that it would rather have Opus.
        let peer = Peer::with_opus(LEG, world.now(), true);
        let mut peer = join_with(&mut world, peer, peer_offers, None);
        let mut phone = Talker::new(1, codec, 20).open(&mut world);
        world.command(Command::Bridge { a: LEG, b: phone.leg });
        let mut voice = Voice::new();
        let (low, high) = (sine(500.0, -12.0, 16_000, 32_000), sine(1500.0, -12.0, 16_000, 32_000));
        let mut at_phone = Vec::new();
        let mut decoder = Decoder::new(codec, false).unwrap();
        for (low, high) in low.chunks(320).zip(high.chunks(320)) {
            voice.say(&world, &mut peer, low);
            phone.say_beat(&mut world, high, |_| Fate::Arrives);
            for _ in 0..4 {
                exchange(&mut world, &mut [&mut peer], 5);
                // What the last tick sent is there until the next exchange.
                for (_, header, payload) in world.rtp_to(phone.at) {
                    assert_eq!(header.payload_type, phone.audio);
                    assert!(decoder.decode(codec, &payload, &mut at_phone));
                }
            }
        }
        let scaled = if decoder.rate() == Rate::Wide { 250.0 } else { 500.0 };
        let level = level_dbm0(&at_phone[at_phone.len() / 2..], scaled);
        assert!((level + 12.0).abs() < 1.2, "{codec:?}: {level}");
        let at_peer = heard(&peer);
        assert!(at_peer.len() >= 8 * 1800, "{codec:?}: {}", at_peer.len());
        let level = level_dbm0(&at_peer[8000..14_400], 1500.0);
        assert!((level + 12.0).abs() < 1.2, "{codec:?}: {level}");
    }
}

#[test]
fn two_browsers_with_opus_are_not_decoded() {
    let mut world = World::new();
    let customer = Peer::with_opus(LEG, world.now(), true);
    let mut customer = join_with(&mut world, customer, true, None);
    let manager = Peer::with_opus(LegId(8), world.now(), true);
    let mut manager = join_with(&mut world, manager, false, Some(LEG));
    assert!(world.local_sdp(LegId(8)).contains("UDP/TLS/RTP/SAVPF 111 "), "{}", world.local_sdp(LegId(8)));
    world.command(Command::Bridge { a: LEG, b: LegId(8) });
    let mut voice = Voice::new();
    for beat in sine(500.0, -12.0, 16_000, 16_000).chunks(320) {
        voice.say(&world, &mut customer, beat);
        exchange(&mut world, &mut [&mut customer, &mut manager], 20);
    }
    exchange(&mut world, &mut [&mut customer, &mut manager], 20);
    let heard = heard(&manager);
    assert_eq!(heard.len(), 8000);
    assert!((level_dbm0(&heard[1600..], 500.0) + 12.0).abs() < 1.2);
    let counts = world.engine.counts();
    assert_eq!((counts.forwarded, counts.transcoded), (50, 0));
}

#[test]
fn a_browser_is_answered_in_the_codec_of_the_leg_it_will_talk_to() {
    let mut world = World::new();
    let phone = Talker::new(1, Codec::G711(Law::A), 20).open(&mut world);
    let peer = Peer::with_opus(LEG, world.now(), true);
    join_with(&mut world, peer, true, Some(phone.leg));
    let answer = world.local_sdp(LEG);
    assert!(answer.contains("UDP/TLS/RTP/SAVPF 8 "), "{answer}");
}
