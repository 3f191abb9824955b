//! WebRTC legs against a plain str0m peer.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use media::g711::Law;
use media::tones::{level_dbm0, sine};
use media::{Channel, Command, EngineConfig, Event, LegId, Profile, Repeat, Source, ToneKind};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::format::{Codec, FormatParams};
use str0m::media::{Direction, Frequency, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{RtpWrite, SeqNo};
use str0m::{Candidate, Input, Output, Rtc};

use crate::world::{Phone, World, local};

const LEG: LegId = LegId(7);

/// The browser's side.
pub struct Peer {
    pub leg: LegId,
    rtc: Rtc,
    pub at: SocketAddr,
    mid: Option<Mid>,
    pending: Option<SdpPendingOffer>,
    pub outbox: VecDeque<Vec<u8>>,
    wake: Instant,
    connected: bool,
    pub heard: Vec<(u8, Vec<u8>)>,
    sequence: u64,
    pub timestamp: u32,
}

impl Peer {
    fn new(leg: LegId, now: Instant) -> Self {
        Self::with_opus(leg, now, false)
    }

    /// One that speaks Opus before anything else.
    pub fn with_opus(leg: LegId, now: Instant, opus: bool) -> Self {
        let mut config = Rtc::builder()
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(opus, false)
            .enable_pcmu(true, false)
            .enable_pcma(true, false);
        let format = FormatParams::default();
        config.codec_config().add_config(Pt::from(126), None, Codec::Tele, Frequency::EIGHT_KHZ, None, format);
        let mut rtc = config.build(now);
        let at = SocketAddr::new([198, 51, 100, 70 + leg.0 as u8].into(), 7000);
        rtc.add_local_candidate(Candidate::host(at, "udp").unwrap()).unwrap();
        Self {
            leg,
            rtc,
            at,
            mid: None,
            pending: None,
            outbox: VecDeque::new(),
            wake: now,
            connected: false,
            heard: Vec::new(),
            sequence: 100,
            timestamp: 5000,
        }
    }

    fn offer(&mut self) -> Arc<[u8]> {
        let mut api = self.rtc.sdp_api();
        self.mid = Some(api.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None));
        let (offer, pending) = api.apply().unwrap();
        self.pending = Some(pending);
        offer.to_sdp_string().into_bytes().into()
    }

    fn accept(&mut self, answer: &str) {
        let answer = SdpAnswer::from_sdp_string(answer).unwrap();
        self.rtc.sdp_api().accept_answer(self.pending.take().unwrap(), answer).unwrap();
    }

    fn answer(&mut self, offer: &str) -> Arc<[u8]> {
        let offer = SdpOffer::from_sdp_string(offer).unwrap();
        let answer = self.rtc.sdp_api().accept_offer(offer).unwrap();
        answer.to_sdp_string().into_bytes().into()
    }

    fn drain(&mut self, now: Instant) {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(at) if at <= now => self.rtc.handle_input(Input::Timeout(now)).unwrap(),
                Output::Timeout(at) => {
                    self.wake = at;
                    return;
                }
                Output::Transmit(transmit) => self.outbox.push_back(transmit.contents.to_vec()),
                Output::Event(str0m::Event::Connected) => self.connected = true,
                Output::Event(str0m::Event::MediaAdded(added)) => self.mid = Some(added.mid),
                Output::Event(str0m::Event::RtpPacket(packet)) => {
                    self.heard.push((*packet.header.payload_type, packet.payload.to_vec()));
                }
                Output::Event(_) => {}
            }
        }
    }

    pub fn send(&mut self, now: Instant, payload_type: u8, payload: &[u8]) {
        self.drain(now);
        let mut api = self.rtc.direct_api();
        let stream = api.stream_tx_by_mid(self.mid.unwrap(), None).unwrap();
        stream.write_rtp(RtpWrite::new(
            Pt::from(payload_type),
            SeqNo::from(self.sequence),
            self.timestamp,
            now,
            payload,
        ));
        self.sequence += 1;
        self.drain(now);
    }

    fn say(&mut self, now: Instant, law: Law, frame: &[i16]) {
        let payload: Vec<u8> = frame.iter().map(|sample| law.encode(*sample)).collect();
        self.send(now, law.static_payload_type(), &payload);
        self.timestamp += 160;
    }

    fn heard(&self, law: Law) -> Vec<i16> {
        let audio = self.heard.iter().filter(|(payload_type, _)| *payload_type == law.static_payload_type());
        audio.flat_map(|(_, payload)| payload.iter().map(|byte| law.decode(*byte))).collect()
    }
}

/// Carries datagrams both ways, in steps of 5 ms.
pub fn exchange(world: &mut World, peers: &mut [&mut Peer], ms: u64) {
    let mut taken = 0;
    for _ in 0..ms / 5 {
        let now = world.now();
        for peer in peers.iter_mut() {
            peer.drain(now);
            while let Some(datagram) = peer.outbox.pop_front() {
                world.packet(peer.leg, Channel::Rtp, peer.at, &datagram);
            }
        }
        let sent: Vec<_> = world.sent.0[taken..].to_vec();
        taken = world.sent.0.len();
        for peer in peers.iter_mut() {
            for (leg, .., datagram, _) in &sent {
                if *leg == peer.leg {
                    let receive = Receive::new(Protocol::Udp, local(peer.leg).rtp, peer.at, datagram).unwrap();
                    peer.rtc.handle_input(Input::Receive(now, receive)).unwrap();
                    peer.drain(now);
                }
            }
            if peer.wake <= now {
                peer.rtc.handle_input(Input::Timeout(now)).unwrap();
                peer.drain(now);
            }
        }
        world.pass(5);
    }
    // What was sent since the last look is for the next exchange; nothing may be seen twice.
    world.sent.0.drain(..taken);
}

/// Opens a leg to a new peer and lets it connect.
fn join(world: &mut World, leg: LegId, peer_offers: bool) -> Peer {
    let peer = Peer::new(leg, world.now());
    join_with(world, peer, peer_offers, None)
}

/// Opens a leg to this peer, like another leg, and lets it connect.
pub fn join_with(world: &mut World, mut peer: Peer, peer_offers: bool, like: Option<LegId>) -> Peer {
    let leg = peer.leg;
    if peer_offers {
        let offer = Some(peer.offer());
        world.command(Command::Open { leg, profile: Profile::WebRtc, offer, family: media::Family::V4, like });
        let answer = world.local_sdp(leg);
        peer.accept(&answer);
    } else {
        world.command(Command::Open { leg, profile: Profile::WebRtc, offer: None, family: media::Family::V4, like });
        let sdp = peer.answer(&world.local_sdp(leg));
        world.command(Command::Answer { leg, sdp });
    }
    for _ in 0..100 {
        exchange(world, &mut [&mut peer], 20);
        if peer.connected {
            break;
        }
    }
    assert!(peer.connected, "{peer_offers}: {:?}", world.events);
    peer
}

fn connect(config: EngineConfig, peer_offers: bool) -> (World, Peer) {
    let mut world = World::with(config);
    let peer = join(&mut world, LEG, peer_offers);
    (world, peer)
}

#[test]
fn pcmu_flows_both_ways_with_either_dtls_role_whoever_offers() {
    for dtls_active in [None, Some(true), Some(false)] {
        for peer_offers in [true, false] {
            for ice_lite in [true, false] {
                let config = EngineConfig { dtls_active, ice_lite, ..EngineConfig::default() };
                let (mut world, mut peer) = connect(config, peer_offers);
                let sources = vec![Source::Tone(ToneKind::Beep)];
                world.command(Command::Play { leg: LEG, token: 1, sources, repeat: Repeat::Once });
                exchange(&mut world, &mut [&mut peer], 600);
                let heard = peer.heard(Law::Mu);
                assert_eq!(heard.len(), 20 * 160);
                assert!(level_dbm0(&heard, 1000.0) > -13.0);
                world.command(Command::Record { leg: LEG, token: 2, limit_ms: 1000 });
                for frame in sine(600.0, -10.0, 8000, 8000).chunks(160) {
                    peer.say(world.now(), Law::Mu, frame);
                    exchange(&mut world, &mut [&mut peer], 20);
                }
                let recorded = world.events.iter().find_map(|(_, event)| match event {
                    Event::Recorded { mulaw, .. } => {
                        Some(mulaw.iter().map(|byte| Law::Mu.decode(*byte)).collect::<Vec<_>>())
                    }
                    _ => None,
                });
                let recorded = recorded.expect("a second of what the peer said");
                assert!((level_dbm0(&recorded, 600.0) + 10.0).abs() < 0.2);
                let flowing = world.events.iter().filter(|(_, e)| matches!(e, Event::Flowing { leg: LEG })).count();
                assert_eq!(flowing, 1);
            }
        }
    }
}

#[test]
fn the_answers_role_is_the_configured_one() {
    for (dtls_active, setup) in [(None, "active"), (Some(true), "active"), (Some(false), "passive")] {
        let (world, _) = connect(EngineConfig { dtls_active, ..EngineConfig::default() }, true);
        let answer = world.local_sdp(LEG);
        assert!(answer.contains(&format!("a=setup:{setup}\r\n")), "{answer}");
        assert!(answer.contains("a=ice-lite\r\n") && answer.contains("a=rtcp-mux\r\n"), "{answer}");
        assert!(answer.contains("o=sori ") && answer.contains("192.0.2.9 40014 typ host"), "{answer}");
    }
}

#[test]
fn a_phone_and_a_browser_hear_each_other_and_each_others_keys() {
    for law in [Law::Mu, Law::A] {
        let (mut world, mut peer) = connect(EngineConfig::default(), true);
        let mut phone = Phone::new(1, law, Some(101)).open(&mut world);
        world.command(Command::Bridge { a: LEG, b: phone.leg });
        let (low, high) = (sine(500.0, -12.0, 8000, 8000), sine(1500.0, -12.0, 8000, 8000));
        for (low, high) in low.chunks(160).zip(high.chunks(160)) {
            peer.say(world.now(), Law::Mu, low);
            phone.say_frame(&mut world, high);
            exchange(&mut world, &mut [&mut peer], 20);
        }
        let at_peer = peer.heard(Law::Mu);
        assert!(at_peer.len() >= 7800, "{}", at_peer.len());
        assert!((level_dbm0(&at_peer[..7680], 1500.0) + 12.0).abs() < 0.5);
        phone.press(&mut world, '6', 0..9);
        exchange(&mut world, &mut [&mut peer], 100);
        let events: Vec<_> = peer.heard.iter().filter(|(payload_type, _)| *payload_type == 126).collect();
        assert_eq!(events.len(), 7);
        assert!(events.iter().all(|(_, payload)| payload[0] == 6));
    }
}

#[test]
fn a_browser_is_heard_by_a_phone() {
    let (mut world, mut peer) = connect(EngineConfig::default(), true);
    let phone = Phone::new(1, Law::A, Some(101)).open(&mut world);
    world.command(Command::Bridge { a: LEG, b: phone.leg });
    let mut heard = Vec::new();
    for frame in sine(500.0, -12.0, 8000, 8000).chunks(160) {
        peer.say(world.now(), Law::Mu, frame);
        peer.drain(world.now());
        while let Some(datagram) = peer.outbox.pop_front() {
            world.packet(LEG, Channel::Rtp, peer.at, &datagram);
        }
        heard.extend(world.heard_at(phone.at, Law::A));
        exchange(&mut world, &mut [&mut peer], 20);
    }
    assert_eq!(heard.len(), 8000);
    let level = level_dbm0(&heard, 500.0);
    assert!((level + 12.0).abs() < 0.3, "{level}");
    // A key of the browser's dial pad.
    let mut sender = media::telephone_event::Sender::new(3, 60);
    while let Some(event) = sender.next_payload() {
        peer.send(world.now(), 126, &event.bytes());
        exchange(&mut world, &mut [&mut peer], 20);
    }
    assert_eq!(world.keys(LEG), "3");
}

#[test]
fn hold_and_resume_are_followed_and_a_leg_that_vanishes_fails() {
    let (mut world, mut peer) = connect(EngineConfig::default(), true);
    // Hold, as JsSIP does it: a new offer with sendonly.
    let mut api = peer.rtc.sdp_api();
    api.set_direction(peer.mid.unwrap(), Direction::SendOnly);
    let (offer, pending) = api.apply().unwrap();
    peer.pending = Some(pending);
    world.command(Command::Reoffer { leg: LEG, sdp: offer.to_sdp_string().into_bytes().into() });
    assert!(
        matches!(world.events.last(), Some((_, Event::Negotiated { far_holds: true, .. }))),
        "{:?}",
        world.events.last()
    );
    peer.accept(&world.local_sdp(LEG));
    let before = peer.heard.len();
    let sources = vec![Source::Tone(ToneKind::Beep)];
    world.command(Command::Play { leg: LEG, token: 1, sources, repeat: Repeat::Once });
    exchange(&mut world, &mut [&mut peer], 600);
    assert_eq!(peer.heard.len(), before);
    assert!(
        world.events.iter().any(|(_, e)| matches!(e, Event::PlaybackEnded { token: 1, .. })),
        "time goes on under hold"
    );

    let mut api = peer.rtc.sdp_api();
    api.set_direction(peer.mid.unwrap(), Direction::SendRecv);
    let (offer, pending) = api.apply().unwrap();
    peer.pending = Some(pending);
    world.command(Command::Reoffer { leg: LEG, sdp: offer.to_sdp_string().into_bytes().into() });
    peer.accept(&world.local_sdp(LEG));
    let sources = vec![Source::Tone(ToneKind::Beep)];
    world.command(Command::Play { leg: LEG, token: 2, sources, repeat: Repeat::Once });
    exchange(&mut world, &mut [&mut peer], 600);
    assert_eq!(peer.heard.len(), before + 20);

    // The laptop is closed: no more checks, no more packets.
    world.pass(60_000);
    let failed = world.events.iter().filter(|(_, e)| matches!(e, Event::Failed { leg: LEG })).count();
    assert_eq!(failed, 1);
    world.command(Command::Close { leg: LEG });
    assert_eq!(world.engine.counts().legs, 0);
}

#[test]
fn a_leg_that_never_connects_fails_after_about_thirty_seconds() {
    let mut world = World::new();
    let mut peer = Peer::new(LEG, world.now());
    let offer = Some(peer.offer());
    world.command(Command::Open { leg: LEG, profile: Profile::WebRtc, offer, family: media::Family::V4, like: None });
    let failed = |world: &World| world.events.iter().filter(|(_, e)| matches!(e, Event::Failed { .. })).count();
    // DTLS of the active side gives up a little before us, at a random time.
    world.pass(15_000);
    let early = failed(&world);
    world.pass(20_000);
    assert_eq!((early, failed(&world)), (0, 1));
}

#[test]
fn offers_without_dtls_or_g711_are_refused() {
    let mut world = World::new();
    let mut peer = Peer::new(LEG, world.now());
    let offer = String::from_utf8(peer.offer().to_vec()).unwrap();
    for (bad, why) in [
        (offer.replace("a=fingerprint", "a=x-fingerprint"), media::RefusedSdp::NotAcceptable),
        (offer.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"), media::RefusedSdp::NotAcceptable),
        (offer.replace(" 0 8 ", " ").replace("PCMU", "X").replace("PCMA", "Y"), media::RefusedSdp::NotAcceptable),
        ("v=1".to_owned(), media::RefusedSdp::Malformed),
    ] {
        world.command(Command::Open {
            leg: LEG,
            profile: Profile::WebRtc,
            offer: Some(bad.clone().into_bytes().into()),
            family: media::Family::V4,
            like: None,
        });
        let refused = world.events.iter().rev().find_map(|(_, event)| match event {
            Event::Refused { why, .. } => Some(*why),
            _ => None,
        });
        assert_eq!(refused, Some(why), "{bad}");
        assert_eq!(world.engine.counts().legs, 0);
    }
}

#[test]
fn two_browsers_hear_each_other() {
    let (mut world, mut customer) = connect(EngineConfig::default(), true);
    let mut manager = join(&mut world, LegId(8), false);
    world.command(Command::Bridge { a: LEG, b: LegId(8) });
    let (low, high) = (sine(500.0, -12.0, 8000, 8000), sine(1500.0, -12.0, 8000, 8000));
    for (low, high) in low.chunks(160).zip(high.chunks(160)) {
        customer.say(world.now(), Law::Mu, low);
        manager.say(world.now(), Law::Mu, high);
        exchange(&mut world, &mut [&mut customer, &mut manager], 20);
    }
    exchange(&mut world, &mut [&mut customer, &mut manager], 20);
    for (peer, tone) in [(&customer, 1500.0), (&manager, 500.0)] {
        let heard = peer.heard(Law::Mu);
        assert_eq!(heard.len(), 8000);
        assert!((level_dbm0(&heard, tone) + 12.0).abs() < 0.2, "{tone}");
    }
    let mut sender = media::telephone_event::Sender::new(11, 60);
    while let Some(event) = sender.next_payload() {
        customer.send(world.now(), 126, &event.bytes());
        exchange(&mut world, &mut [&mut customer, &mut manager], 20);
    }
    assert_eq!(world.keys(LEG), "#");
    // The manager was offered 101 for events.
    assert_eq!(manager.heard.iter().filter(|(payload_type, _)| *payload_type == 101).count(), 5);
}

#[test]
fn an_engine_may_move_to_its_thread() {
    fn moves<T: Send>(_: &T) {}
    moves(&World::new().engine);
}

#[test]
fn a_browsers_own_candidates_do_not_matter() {
    let mut world = World::new();
    let mut peer = Peer::new(LEG, world.now());
    let offer = String::from_utf8(peer.offer().to_vec()).unwrap();
    // What Chromium writes: a name of mDNS, TCP, attributes nobody knows.
    let extra = "a=candidate:1 1 udp 2113937151 0b1c2d3e-1111-4222-8333-444455556666.local 51000 typ host generation 0 network-cost 999\r\n\
                 a=candidate:2 1 tcp 1518280447 192.0.2.4 9 typ host tcptype active generation 0\r\n\
                 a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-options:trickle\r\n";
    let offer = offer.replacen("a=rtcp-mux\r\n", &format!("a=rtcp-mux\r\n{extra}"), 1);
    assert!(offer.contains(".local"));
    let offer = Some(offer.into_bytes().into());
    world.command(Command::Open { leg: LEG, profile: Profile::WebRtc, offer, family: media::Family::V4, like: None });
    peer.accept(&world.local_sdp(LEG));
    for _ in 0..100 {
        exchange(&mut world, &mut [&mut peer], 20);
    }
    assert!(peer.connected, "{:?}", world.events);
}
