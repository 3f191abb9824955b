//! Two legs that hear each other.

use media::g711::Law;
use media::tones::{level_dbm0, sine};
use media::{Command, LegId, Repeat, Source};

use crate::world::{Phone, World};

fn bridged(a_law: Law, b_law: Law) -> (World, Phone, Phone) {
    let mut world = World::new();
    let a = Phone::new(1, a_law, Some(101)).open(&mut world);
    let b = Phone::new(2, b_law, Some(96)).open(&mut world);
    world.command(Command::Bridge { a: a.leg, b: b.leg });
    (world, a, b)
}

#[test]
fn each_side_hears_the_others_tone_in_its_own_law() {
    for (a_law, b_law) in [(Law::Mu, Law::Mu), (Law::A, Law::A), (Law::Mu, Law::A), (Law::A, Law::Mu)] {
        let (mut world, mut a, mut b) = bridged(a_law, b_law);
        let (low, high) = (sine(500.0, -12.0, 8000, 8000), sine(1500.0, -12.0, 8000, 8000));
        for (low, high) in low.chunks(160).zip(high.chunks(160)) {
            a.say_frame(&mut world, low);
            b.say_frame(&mut world, high);
            world.pass(20);
        }
        let (at_a, at_b) = (world.heard_at(a.at, a_law), world.heard_at(b.at, b_law));
        assert_eq!((at_a.len(), at_b.len()), (8000, 8000));
        let levels = (level_dbm0(&at_b, 500.0), level_dbm0(&at_a, 1500.0));
        // Centres of one law lie near edges of the other: up to 0.25 dB, undone on the way back.
        assert!((levels.0 + 12.0).abs() < 0.3 && (levels.1 + 12.0).abs() < 0.3, "{a_law:?} {b_law:?} {levels:?}");
        assert!(level_dbm0(&at_a, 500.0) < -50.0);
        assert_eq!(world.engine.counts().forwarded, 100);
        assert_eq!(world.engine.counts().bridges, 1);
    }
}

#[test]
fn the_forwarded_header_is_our_own_and_even() {
    let (mut world, mut a, b) = bridged(Law::Mu, Law::Mu);
    a.say(&mut world, &sine(500.0, -12.0, 8000, 16_000));
    let packets = world.rtp_to(b.at);
    assert_eq!(packets.len(), 100);
    for pair in packets.windows(2) {
        let ((_, before, _), (_, after, _)) = (&pair[0], &pair[1]);
        assert_eq!(after.sequence, before.sequence.wrapping_add(1));
        assert_eq!(after.timestamp, before.timestamp.wrapping_add(160));
        assert_eq!(after.ssrc, before.ssrc);
    }
    assert!(packets[0].1.marker);
    assert!(packets[1..].iter().all(|(_, header, _)| !header.marker));
    assert_ne!(packets[0].1.ssrc, a.ssrc);
}

#[test]
fn csrc_extension_and_padding_do_not_leave() {
    let (mut world, mut a, b) = bridged(Law::Mu, Law::Mu);
    let mut packet = a.packet(0, &[]);
    packet[0] = 0xb1;
    packet.extend([1; 4]);
    packet.extend([0xbe, 0xde, 0, 1, 1, 2, 3, 4]);
    packet.extend([0x55; 160]);
    packet.extend([0, 2]);
    world.packet(a.leg, media::Channel::Rtp, a.at, &packet);
    let packets = world.rtp_to(b.at);
    assert_eq!(packets[0].2, [0x55; 160]);
    assert_eq!(world.sent.0.last().unwrap().3.len(), 172);
}

#[test]
fn loss_and_order_are_kept_and_duplicates_are_not() {
    let (mut world, mut a, b) = bridged(Law::Mu, Law::Mu);
    let packets: Vec<Vec<u8>> = (0..6)
        .map(|n| {
            a.timestamp = a.timestamp.wrapping_add(160);
            a.packet(0, &[n; 160])
        })
        .collect();
    for index in [0, 1, 3, 2, 3, 5] {
        world.packet(a.leg, media::Channel::Rtp, a.at, &packets[index]);
    }
    let sent = world.rtp_to(b.at);
    let first = sent[0].1.sequence;
    let order: Vec<u16> = sent.iter().map(|(_, header, _)| header.sequence.wrapping_sub(first)).collect();
    assert_eq!(order, [0, 1, 3, 2, 5]);
    assert_eq!(world.engine.counts().dropped_duplicate, 1);
}

#[test]
fn playing_suspends_the_bridge_towards_the_listener_only() {
    let (mut world, mut a, mut b) = bridged(Law::Mu, Law::Mu);
    a.say(&mut world, &sine(500.0, -12.0, 8000, 1600));
    let sources = vec![Source::Tone(media::ToneKind::Beep)];
    world.command(Command::Play { leg: b.leg, token: 7, sources, repeat: Repeat::Once });
    let before = world.rtp_to(b.at).len();
    let quiet = vec![0; 160];
    for _ in 0..15 {
        a.say_frame(&mut world, &sine(500.0, -12.0, 8000, 160));
        b.say_frame(&mut world, &quiet);
        world.pass(20);
    }
    let to_b: Vec<i16> = world.rtp_to(b.at)[before..]
        .iter()
        .flat_map(|(.., p)| p.iter().map(|x| Law::Mu.decode(*x)).collect::<Vec<_>>())
        .collect();
    assert!(level_dbm0(&to_b, 1000.0) > -14.0);
    assert!(level_dbm0(&to_b, 500.0) < -30.0);
    assert_eq!(world.rtp_to(a.at).len(), 15);
    world.pass(400);
    let ended = world.events.iter().filter(|(_, e)| matches!(e, media::Event::PlaybackEnded { token: 7, .. })).count();
    assert_eq!(ended, 1);
    // The bridge goes on by itself, its numbers go on evenly.
    a.say(&mut world, &sine(500.0, -12.0, 8000, 1600));
    let packets = world.rtp_to(b.at);
    for pair in packets.windows(2) {
        assert_eq!(pair[1].1.sequence, pair[0].1.sequence.wrapping_add(1));
        assert!(pair[1].1.timestamp.wrapping_sub(pair[0].1.timestamp) < 0x8000_0000);
    }
    assert!(packets[packets.len() - 10].1.marker);
}

#[test]
fn an_echo_gives_back_what_is_said() {
    let mut world = World::new();
    let mut a = Phone::new(1, Law::A, Some(101)).open(&mut world);
    world.command(Command::Echo { leg: a.leg });
    a.say(&mut world, &sine(700.0, -15.0, 8000, 8000));
    let heard = world.heard_at(a.at, Law::A);
    assert_eq!(heard.len(), 8000);
    assert!((level_dbm0(&heard, 700.0) + 15.0).abs() < 0.2);
    a.press(&mut world, '4', 0..9);
    assert!(world.rtp_to(a.at).iter().all(|(_, header, _)| header.payload_type == 8));
    assert_eq!(world.keys(a.leg), "4");
    assert_eq!(world.engine.counts().echoes, 1);
    world.command(Command::Bridge { a: a.leg, b: LegId(99) });
    assert_eq!(world.engine.counts().echoes, 1, "a bridge to nobody changes nothing");
}

#[test]
fn hold_stops_what_we_send_and_resume_starts_it() {
    let (mut world, mut a, mut b) = bridged(Law::Mu, Law::Mu);
    let tone = sine(500.0, -12.0, 8000, 1600);
    a.say(&mut world, &tone);
    assert_eq!(world.rtp_to(b.at).len(), 10);
    for (direction, answered) in [("sendonly", "recvonly"), ("inactive", "inactive")] {
        let before = world.rtp_to(b.at).len();
        let sdp = b.sdp(direction);
        world.command(Command::Reoffer { leg: b.leg, sdp });
        assert!(world.local_sdp(b.leg).contains(&format!("a={answered}\r\n")));
        assert!(matches!(world.events.last(), Some((_, media::Event::Negotiated { far_holds: true, .. }))));
        a.say(&mut world, &tone);
        world.pass(3000);
        assert_eq!(world.rtp_to(b.at).len(), before, "{direction}");
    }
    // Music of the holder still comes through.
    let before = world.rtp_to(a.at).len();
    b.say(&mut world, &tone);
    assert_eq!(world.rtp_to(a.at).len(), before + 10);
    let before = world.rtp_to(b.at).len();
    let sdp = b.sdp("sendrecv");
    world.command(Command::Reoffer { leg: b.leg, sdp });
    a.say(&mut world, &tone);
    let packets = world.rtp_to(b.at);
    assert_eq!(packets.len(), before + 10);
    assert!(packets[before].1.marker);
}

#[test]
fn closing_one_leg_frees_all_and_leaves_the_other_alone() {
    let (mut world, mut a, b) = bridged(Law::Mu, Law::Mu);
    a.say(&mut world, &sine(500.0, -12.0, 8000, 1600));
    world.command(Command::Close { leg: a.leg });
    let Some((_, media::Event::Closed { figures, .. })) = world.events.last() else {
        panic!("no figures");
    };
    assert_eq!((figures.received, figures.lost, figures.codec), (10, 0, "PCMU"));
    assert_eq!((world.engine.counts().legs, world.engine.counts().bridges), (1, 0));
    world.packet(a.leg, media::Channel::Rtp, a.at, &[0x80; 172]);
    assert_eq!(world.engine.counts().dropped_no_leg, 1);
    world.command(Command::Close { leg: b.leg });
    assert_eq!(world.engine.counts().legs, 0);
    assert_eq!(world.engine.next_timeout(), None, "nobody wakes for legs that are gone");
}

#[test]
fn rtcp_reports_go_out_about_every_five_seconds() {
    let (mut world, mut a, b) = bridged(Law::Mu, Law::Mu);
    a.say(&mut world, &sine(500.0, -12.0, 8000, 30 * 8000));
    let to_a = a.at.to_string().replace(":4000", ":4001").parse().unwrap();
    let reports: Vec<_> =
        world.sent.0.iter().filter(|(_, channel, at, ..)| *channel == media::Channel::Rtcp && *at == to_a).collect();
    assert!((4..=12).contains(&reports.len()), "{}", reports.len());
    let mut blocks = 0;
    for (.., packet, _) in reports {
        media::rtcp::parse(packet, |part| {
            if let media::rtcp::Part::Block(block) = part {
                assert_eq!((block.ssrc, block.lost, block.fraction_lost), (a.ssrc, 0, 0));
                blocks += 1;
            }
        })
        .unwrap();
    }
    assert!(blocks >= 4);
    let _ = b;
}
