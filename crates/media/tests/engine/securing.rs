//! SRTP with keys in SDP, on RTP legs.

use std::sync::Arc;

use media::g711::Law;
use media::rtp::Header;
use media::srtp::{CryptoAttribute, KeySource, MAX_TRAILER, MasterKey, Receiver, Sender, Suite};
use media::tones::{level_dbm0, sine};
use media::{Channel, Command, EngineConfig, Event, Family, LegId, Profile, RefusedSdp};

use crate::webrtc::{Peer, exchange, join_with};
use crate::world::{Phone, World};

/// A phone whose packets are protected.
struct SecurePhone {
    phone: Phone,
    key: MasterKey,
    sender: Sender,
    receiver: Option<Receiver>,
    rollover: u64,
    last: u16,
}

fn world() -> World {
    World::with(EngineConfig { srtp_seed: Some([7; 32]), ..EngineConfig::default() })
}

fn key(suite: Suite, number: u64) -> MasterKey {
    KeySource::new([1; 32], number).draw(suite).unwrap()
}

fn line(tag: u32, key: &MasterKey) -> String {
    CryptoAttribute { tag, name: key.suite().name(), key: key.clone(), mki: Vec::new() }.to_string()
}

fn crypto_of(sdp: &str) -> Vec<CryptoAttribute> {
    let lines = sdp.lines().filter_map(|line| line.strip_prefix("a=crypto:"));
    lines.map(|line| CryptoAttribute::parse(line).unwrap()).collect()
}

impl SecurePhone {
    fn new(number: u64, suite: Suite) -> Self {
        let key = key(suite, number);
        let sender = Sender::new(&key);
        let phone = Phone::new(number, Law::Mu, Some(101));
        let last = phone.sequence;
        Self { phone, key, sender, receiver: None, rollover: 0, last }
    }

    fn sdp(&mut self, protocol: &str) -> Arc<[u8]> {
        let plain = String::from_utf8(self.phone.sdp("sendrecv").to_vec()).unwrap();
        format!("{}a=crypto:{}\r\n", plain.replace("RTP/AVP", protocol), line(5, &self.key)).into_bytes().into()
    }

    fn open(mut self, world: &mut World, protocol: &str) -> Self {
        let offer = Some(self.sdp(protocol));
        world.command(Command::Open {
            leg: self.phone.leg,
            profile: Profile::Rtp,
            offer,
            family: Family::V4,
            like: None,
        });
        self.learn(world, 5);
        self
    }

    /// Takes our key from our SDP.
    fn learn(&mut self, world: &World, tag: u32) {
        let ours = crypto_of(&world.local_sdp(self.phone.leg));
        let ours = ours.iter().find(|crypto| crypto.tag == tag).unwrap();
        assert_eq!(ours.suite(), self.key.suite());
        self.receiver = Some(Receiver::new(&ours.key, &[]));
    }

    fn protect(&mut self, plain: &[u8]) -> Vec<u8> {
        let sequence = u16::from_be_bytes([plain[2], plain[3]]);
        self.rollover += u64::from(sequence < self.last);
        self.last = sequence;
        let mut buffer = plain.to_vec();
        buffer.resize(plain.len() + MAX_TRAILER, 0);
        let length = self.sender.protect_rtp(&mut buffer, plain.len(), self.rollover << 16 | u64::from(sequence));
        buffer.truncate(length.unwrap());
        buffer
    }

    fn say(&mut self, world: &mut World, samples: &[i16]) {
        for frame in samples.chunks(160) {
            self.say_frame(world, frame);
            world.pass(20);
        }
    }

    fn say_frame(&mut self, world: &mut World, frame: &[i16]) {
        let payload: Vec<u8> = frame.iter().map(|sample| Law::Mu.encode(*sample)).collect();
        let plain = self.phone.packet(0, &payload);
        self.phone.timestamp = self.phone.timestamp.wrapping_add(160);
        let packet = self.protect(&plain);
        world.packet(self.phone.leg, Channel::Rtp, self.phone.at, &packet);
    }

    /// The RTP packets it was sent and could open, from the `from`th datagram on.
    fn heard(&mut self, world: &World, from: usize) -> Vec<(Header, Vec<u8>)> {
        let mut packets = Vec::new();
        for (_, channel, to, packet, _) in &world.sent.0[from..] {
            if *to == self.phone.at && *channel == Channel::Rtp {
                let mut packet = packet.clone();
                let length = self.receiver.as_mut().unwrap().open_rtp(&mut packet).unwrap();
                let header = Header::parse(&packet[..length]).unwrap();
                let payload = packet[header.payload.clone()].to_vec();
                packets.push((header, payload));
            }
        }
        packets
    }

    fn audio(&mut self, world: &World, from: usize) -> Vec<i16> {
        let packets = self.heard(world, from).into_iter().filter(|(header, _)| header.payload_type == 0);
        packets.flat_map(|(_, payload)| payload.into_iter().map(|byte| Law::Mu.decode(byte))).collect()
    }
}

fn media_lines(world: &World, leg: LegId) -> Vec<String> {
    world.local_sdp(leg).lines().filter(|line| line.starts_with("m=")).map(str::to_owned).collect()
}

fn refusal(world: &World) -> Option<RefusedSdp> {
    world.events.iter().rev().find_map(|(_, event)| match event {
        Event::Refused { why, .. } => Some(*why),
        _ => None,
    })
}

#[test]
fn two_phones_with_different_keys_and_suites_hear_each_other() {
    for (a_suite, b_suite) in [
        (Suite::AesCm128Sha1_80, Suite::AesCm128Sha1_32),
        (Suite::AesCm256Sha1_80, Suite::AesGcm256),
        (Suite::AesGcm128, Suite::AesCm256Sha1_32),
    ] {
        let mut world = world();
        let mut a = SecurePhone::new(1, a_suite).open(&mut world, "RTP/SAVP");
        let mut b = SecurePhone::new(2, b_suite).open(&mut world, "RTP/SAVP");
        world.command(Command::Bridge { a: a.phone.leg, b: b.phone.leg });
        // The phone's numbers roll over on the way.
        for n in 0..50 {
            a.say(&mut world, &sine(500.0, -12.0, 8000, 8000)[n * 160..][..160]);
            b.say(&mut world, &sine(1500.0, -12.0, 8000, 8000)[n * 160..][..160]);
        }
        let (at_a, at_b) = (a.audio(&world, 0), b.audio(&world, 0));
        assert!((level_dbm0(&at_b, 500.0) + 12.0).abs() < 0.3, "{a_suite:?}");
        assert!((level_dbm0(&at_a, 1500.0) + 12.0).abs() < 0.3, "{a_suite:?}");
        assert_eq!(world.engine.counts().dropped_srtp, 0);
    }
}

#[test]
fn a_secure_phone_talks_to_a_plain_one_and_keys_cross() {
    let mut world = world();
    let mut a = SecurePhone::new(1, Suite::AesCm128Sha1_80).open(&mut world, "RTP/SAVP");
    assert!(world.local_sdp(a.phone.leg).contains(" RTP/SAVP 0 101\r\n"));
    let mut b = Phone::new(2, Law::A, Some(96)).open(&mut world);
    world.command(Command::Bridge { a: a.phone.leg, b: b.leg });
    a.say(&mut world, &sine(500.0, -12.0, 8000, 8000));
    assert!((level_dbm0(&world.heard_at(b.at, Law::A), 500.0) + 12.0).abs() < 0.3);
    let from = world.sent.0.len();
    b.say(&mut world, &sine(1500.0, -12.0, 8000, 8000));
    b.press(&mut world, '7', 0..9);
    assert!((level_dbm0(&a.audio(&world, from), 1500.0) + 12.0).abs() < 0.3);
    let mut again = Receiver::new(&crypto_of(&world.local_sdp(a.phone.leg))[0].key, &[]);
    std::mem::swap(a.receiver.as_mut().unwrap(), &mut again);
    let events =
        a.heard(&world, from).into_iter().filter(|(header, payload)| header.payload_type == 101 && payload[0] == 7);
    assert_eq!(events.count(), 7);
}

#[test]
fn a_secure_phone_and_a_browser_hear_each_other() {
    let browser = LegId(7);
    let mut world = world();
    let peer = Peer::with_opus(browser, world.now(), false);
    let mut peer = join_with(&mut world, peer, true, None);
    let mut a = SecurePhone::new(1, Suite::AesCm128Sha1_80).open(&mut world, "RTP/SAVP");
    world.command(Command::Bridge { a: browser, b: a.phone.leg });
    let (low, high) = (sine(500.0, -12.0, 8000, 8000), sine(1500.0, -12.0, 8000, 8000));
    let mut at_phone = Vec::new();
    for (low, high) in low.chunks(160).zip(high.chunks(160)) {
        let payload: Vec<u8> = low.iter().map(|sample| Law::Mu.encode(*sample)).collect();
        peer.send(world.now(), 0, &payload);
        peer.timestamp += 160;
        a.say_frame(&mut world, high);
        while let Some(datagram) = peer.outbox.pop_front() {
            world.packet(browser, Channel::Rtp, peer.at, &datagram);
        }
        at_phone.extend(a.audio(&world, 0));
        exchange(&mut world, &mut [&mut peer], 20);
    }
    assert!(at_phone.len() >= 7800, "{}", at_phone.len());
    assert!((level_dbm0(&at_phone, 500.0) + 12.0).abs() < 0.3);
    let at_browser: Vec<i16> =
        peer.heard.iter().flat_map(|(_, payload)| payload.iter().map(|byte| Law::Mu.decode(*byte))).collect();
    assert!((level_dbm0(&at_browser[..7680], 1500.0) + 12.0).abs() < 0.5);
}

#[test]
fn plain_foreign_and_replayed_packets_are_dropped_and_do_not_move_the_latch() {
    let mut world = world();
    let mut a = SecurePhone::new(1, Suite::AesCm128Sha1_80).open(&mut world, "RTP/SAVP");
    let leg = a.phone.leg;
    a.say(&mut world, &[0; 160]);
    let plain = a.phone.packet(0, &[0xff; 160]);
    let thief = crate::world::address("203.0.113.66:666");
    for from in [a.phone.at, thief, thief, thief] {
        world.packet(leg, Channel::Rtp, from, &plain);
    }
    let srtp = a.protect(&plain);
    world.packet(leg, Channel::Rtp, a.phone.at, &srtp);
    world.packet(leg, Channel::Rtp, a.phone.at, &srtp);
    world.packet(leg, Channel::Rtcp, a.phone.at, &[0x80, 201, 0, 1, 0, 0, 0, 1]);
    let counts = world.engine.counts();
    assert_eq!((counts.dropped_srtp, counts.dropped_stranger), (6, 0));
    assert_eq!(counts.packets_in, 2);
}

#[test]
fn reports_are_protected_and_read() {
    let mut world = world();
    let mut a = SecurePhone::new(1, Suite::AesCm256Sha1_80).open(&mut world, "RTP/SAVP");
    world.command(Command::Echo { leg: a.phone.leg });
    a.say(&mut world, &vec![0; 80_000]);
    let reports: Vec<_> =
        world.sent.0.iter().filter(|sent| sent.1 == Channel::Rtcp).map(|sent| sent.3.clone()).collect();
    assert!(!reports.is_empty());
    for mut report in reports {
        let length = a.receiver.as_mut().unwrap().open_rtcp(&mut report).unwrap();
        media::rtcp::parse(&report[..length], |_| ()).unwrap();
    }
    let mut buffer = vec![0x80, 201, 0, 1, 0, 0, 0, 1];
    buffer.resize(8 + MAX_TRAILER, 0);
    let length = a.sender.protect_rtcp(&mut buffer, 8).unwrap();
    let before = world.engine.counts().packets_in;
    let rtcp = std::net::SocketAddr::new(a.phone.at.ip(), a.phone.at.port() + 1);
    world.packet(a.phone.leg, Channel::Rtcp, rtcp, &buffer[..length]);
    assert_eq!(world.engine.counts().packets_in, before + 1);
}

#[test]
fn best_effort_on_avp_and_two_lines_are_answered_with_srtp() {
    let mut world = world();
    SecurePhone::new(1, Suite::AesCm128Sha1_32).open(&mut world, "RTP/AVP");
    assert!(world.local_sdp(LegId(1)).contains(" RTP/AVP 0 101\r\n"));

    let plain = String::from_utf8(Phone::new(2, Law::Mu, None).sdp("sendrecv").to_vec()).unwrap();
    let secure = line(3, &key(Suite::AesCm128Sha1_80, 2));
    let both = format!("{plain}m=audio 4002 RTP/SAVP 8\r\na=crypto:{secure}\r\n");
    let open = |offer: String| Command::Open {
        leg: LegId(2),
        profile: Profile::Rtp,
        offer: Some(offer.into_bytes().into()),
        family: Family::V4,
        like: None,
    };
    world.command(open(both.clone()));
    assert_eq!(media_lines(&world, LegId(2)), ["m=audio 0 RTP/AVP 0", "m=audio 40004 RTP/SAVP 8"]);
    // An engine that has no keys to give takes the plain one.
    let mut without = World::new();
    without.command(open(both));
    assert_eq!(media_lines(&without, LegId(2)), ["m=audio 40004 RTP/AVP 0", "m=audio 0 RTP/SAVP 8"]);
}

#[test]
fn their_first_line_that_we_can_do_is_taken_and_none_is_refused() {
    let known = key(Suite::AesCm256Sha1_80, 4);
    let offer = |lines: &[String], protocol: &str| {
        let plain = String::from_utf8(Phone::new(1, Law::Mu, None).sdp("sendrecv").to_vec()).unwrap();
        let crypto: String = lines.iter().map(|line| format!("a=crypto:{line}\r\n")).collect();
        let mut world = world();
        let offer = Some((plain.replace("RTP/AVP", protocol) + &crypto).into_bytes().into());
        world.command(Command::Open { leg: LegId(1), profile: Profile::Rtp, offer, family: Family::V4, like: None });
        world
    };
    let unknown = ["1 F8_128_HMAC_SHA1_80 inline:AAAA".to_owned(), "nonsense".to_owned()];
    let lines = [unknown[0].clone(), unknown[1].clone(), line(9, &known), line(10, &key(Suite::AesCm128Sha1_80, 5))];
    let taken = crypto_of(&offer(&lines, "RTP/SAVP").local_sdp(LegId(1)));
    assert_eq!(taken.iter().map(|crypto| (crypto.tag, crypto.suite())).collect::<Vec<_>>(), [(9, known.suite())]);
    assert_ne!(taken[0].key, known, "each side has its own key");
    for (lines, protocol) in [(&unknown[..], "RTP/SAVP"), (&[], "RTP/SAVP"), (&lines[..], "UDP/TLS/RTP/SAVP")] {
        let world = offer(lines, protocol);
        assert_eq!(refusal(&world), Some(RefusedSdp::NotAcceptable), "{protocol}");
        assert_eq!(world.engine.counts().legs, 0);
    }
    // On RTP/AVP they are a wish: plain RTP is fine too.
    let world = offer(&unknown, "RTP/AVP");
    assert_eq!(refusal(&world), None);
    assert!(!world.local_sdp(LegId(1)).contains("crypto"));
}

#[test]
fn our_secure_offer_is_answered_with_one_of_its_lines() {
    let suites = [Suite::AesCm128Sha1_80, Suite::AesCm256Sha1_80, Suite::AesGcm128, Suite::AesCm128Sha1_32];
    for (tag, suite) in (1..).zip(suites) {
        let mut world = world();
        let mut b = SecurePhone::new(1, suite);
        let leg = b.phone.leg;
        world.command(Command::Open { leg, profile: Profile::Srtp, offer: None, family: Family::V4, like: None });
        let offer = world.local_sdp(leg);
        assert!(offer.contains(" RTP/SAVP "), "{offer}");
        assert_eq!(crypto_of(&offer).iter().map(CryptoAttribute::suite).collect::<Vec<_>>(), suites);
        b.learn(&world, tag);
        let plain = String::from_utf8(b.phone.sdp("sendrecv").to_vec()).unwrap().replace("RTP/AVP", "RTP/SAVP");
        let answer = |crypto: &str| Arc::from(format!("{plain}a=crypto:{crypto}\r\n").into_bytes());
        for wrong in [line(tag + 1, &b.key), line(99, &b.key), format!("{tag} NULL inline:AA")] {
            world.command(Command::Answer { leg, sdp: answer(&wrong) });
            assert_eq!(refusal(&world), Some(RefusedSdp::NotAcceptable), "{wrong}");
        }
        let right: Arc<[u8]> = answer(&line(tag, &b.key));
        world.command(Command::Answer { leg, sdp: Arc::clone(&right) });
        world.command(Command::Echo { leg });
        b.say(&mut world, &sine(700.0, -15.0, 8000, 4000));
        // The same answer again, in the 200 after the 183, changes nothing.
        world.command(Command::Answer { leg, sdp: right });
        b.say(&mut world, &sine(700.0, -15.0, 8000, 4000));
        assert!((level_dbm0(&b.audio(&world, 0), 700.0) + 15.0).abs() < 0.3, "{suite:?}");
        // A refresh of ours offers what is in use, key and all.
        world.command(Command::MakeOffer { leg });
        let again = crypto_of(&world.local_sdp(leg));
        assert_eq!(again.len(), 1);
        assert_eq!(again[0], crypto_of(&offer)[tag as usize - 1]);
    }
}

#[test]
fn a_phone_that_refuses_srtp_is_offered_plain_rtp() {
    let mut world = world();
    let mut b = Phone::new(1, Law::A, None);
    let leg = b.leg;
    world.command(Command::Open { leg, profile: Profile::Srtp, offer: None, family: Family::V4, like: None });
    world.command(Command::OfferAgain { leg, profile: Profile::Rtp, like: None });
    let offer = world.local_sdp(leg);
    assert!(offer.contains(" RTP/AVP ") && !offer.contains("crypto"), "{offer}");
    let sdp = b.sdp("sendrecv");
    world.command(Command::Answer { leg, sdp });
    world.command(Command::Echo { leg });
    b.say(&mut world, &sine(700.0, -15.0, 8000, 8000));
    assert!((level_dbm0(&world.heard_at(b.at, Law::A), 700.0) + 15.0).abs() < 0.3);
    // Once something is agreed there is nothing to give up.
    world.command(Command::OfferAgain { leg, profile: Profile::Rtp, like: None });
    assert_eq!(refusal(&world), Some(RefusedSdp::WrongState));
}

#[test]
fn a_reoffer_keeps_the_keys_or_changes_both_and_the_stream_begins_anew() {
    let mut world = world();
    let mut a = SecurePhone::new(1, Suite::AesCm128Sha1_80).open(&mut world, "RTP/SAVP");
    let leg = a.phone.leg;
    world.command(Command::Echo { leg });
    a.say(&mut world, &[0; 1600]);
    let ours = crypto_of(&world.local_sdp(leg));
    let sdp = a.sdp("RTP/SAVP");
    world.command(Command::Reoffer { leg, sdp });
    assert_eq!(crypto_of(&world.local_sdp(leg)), ours);
    a.say(&mut world, &[0; 1600]);
    let before = a.heard(&world, 0);

    let from = world.sent.0.len();
    let (key, suite) = (key(Suite::AesCm256Sha1_80, 77), Suite::AesCm256Sha1_80);
    let mut late = std::mem::replace(&mut a.sender, Sender::new(&key));
    a.key = key;
    let sdp = a.sdp("RTP/SAVP");
    world.command(Command::Reoffer { leg, sdp });
    let fresh = crypto_of(&world.local_sdp(leg));
    assert_eq!(fresh[0].suite(), suite);
    assert_ne!(fresh, ours);
    a.learn(&world, 5);
    // One packet under the old key was still on its way.
    std::mem::swap(&mut late, &mut a.sender);
    a.say(&mut world, &[0; 160]);
    std::mem::swap(&mut late, &mut a.sender);
    a.say(&mut world, &[0; 1600]);
    assert_eq!(world.engine.counts().dropped_srtp, 0);
    let after = a.heard(&world, from);
    assert_eq!(after.len(), 11);
    assert_ne!(after[0].0.ssrc, before[0].0.ssrc, "a new context for a new key");

    // From SRTP to plain, as a transfer may bring it.
    let plain = a.phone.sdp("sendrecv");
    world.command(Command::Reoffer { leg, sdp: plain });
    assert!(!world.local_sdp(leg).contains("crypto"));
    let before = world.rtp_to(a.phone.at).len();
    a.phone.say(&mut world, &sine(700.0, -15.0, 8000, 1600));
    let plain: Vec<_> = world.rtp_to(a.phone.at).split_off(before);
    assert_eq!(plain.len(), 10);
    assert!(plain.iter().all(|(_, header, payload)| header.payload_type == 0 && payload.len() == 160));
}
