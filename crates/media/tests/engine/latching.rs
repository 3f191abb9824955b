//! Packets of strangers.

use media::g711::Law;
use media::tones::sine;
use media::{Channel, Command, Event};

use crate::world::{Phone, World, address};

#[test]
fn a_stranger_cannot_steer_the_stream_nor_be_heard() {
    let mut world = World::new();
    let mut a = Phone::new(1, Law::Mu, Some(101)).open(&mut world);
    let b = Phone::new(2, Law::Mu, Some(101)).open(&mut world);
    world.command(Command::Bridge { a: a.leg, b: b.leg });
    a.say(&mut world, &sine(500.0, -12.0, 8000, 1600));
    let heard = world.rtp_to(b.at).len();
    let mut thief = Phone::new(1, Law::Mu, Some(101));
    thief.at = address("203.0.113.66:666");
    // Another stream, and one that copies SSRC and numbers.
    for (ssrc, sequence) in [(9, 1), (a.ssrc, a.sequence)] {
        thief.ssrc = ssrc;
        thief.sequence = sequence;
        for _ in 0..20 {
            thief.say_frame(&mut world, &[8000; 160]);
            a.say_frame(&mut world, &[0; 160]);
            world.pass(20);
        }
    }
    assert_eq!(world.rtp_to(b.at).len(), heard + 40);
    assert!(world.rtp_to(thief.at).is_empty());
    assert_eq!(world.engine.counts().dropped_stranger, 40);
    world.command(Command::Close { leg: a.leg });
    assert!(matches!(world.events.last(), Some((_, Event::Closed { figures, .. })) if figures.dropped == 40));
}

#[test]
fn media_goes_back_to_where_it_comes_from() {
    let mut world = World::new();
    let mut a = Phone::new(1, Law::Mu, None).open(&mut world);
    world.pass(1000);
    assert_eq!(world.rtp_to(a.at).len(), 1, "before anything came: as the SDP says");
    let told = a.at;
    a.at = address("203.0.113.5:31000");
    world.command(Command::Echo { leg: a.leg });
    a.say(&mut world, &sine(500.0, -12.0, 8000, 3200));
    assert_eq!(world.rtp_to(told).len(), 1);
    assert_eq!(world.rtp_to(a.at).len(), 19, "the first packet of an untold address is only a hint");
}

#[test]
fn a_new_address_in_the_sdp_is_followed() {
    let mut world = World::new();
    let mut a = Phone::new(1, Law::Mu, None).open(&mut world);
    world.command(Command::Echo { leg: a.leg });
    a.say(&mut world, &[0; 1600]);
    a.at = address("198.51.100.1:5000");
    let sdp = a.sdp("sendrecv");
    world.command(Command::Reoffer { leg: a.leg, sdp });
    a.say(&mut world, &[0; 1600]);
    assert_eq!(world.rtp_to(a.at).len(), 10);
}

#[test]
fn malformed_and_unknown_packets_are_counted() {
    let mut world = World::new();
    let mut a = Phone::new(1, Law::Mu, None).open(&mut world);
    world.packet(a.leg, Channel::Rtp, a.at, b"not rtp");
    let unknown = a.packet(77 - 40, &[0; 160]);
    world.packet(a.leg, Channel::Rtp, a.at, &unknown);
    let empty = a.packet(0, &[]);
    world.packet(a.leg, Channel::Rtp, a.at, &empty);
    world.packet(a.leg, Channel::Rtcp, a.at, &[0x80, 200, 0, 9, 0, 0, 0, 1]);
    world.packet(a.leg, Channel::Rtcp, address("203.0.113.66:7"), &[0x80, 201, 0, 1, 0, 0, 0, 1]);
    let counts = world.engine.counts();
    assert_eq!((counts.dropped_malformed, counts.dropped_payload_type, counts.dropped_stranger), (3, 1, 1));
}
