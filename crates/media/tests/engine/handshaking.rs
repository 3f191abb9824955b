//! DTLS-SRTP without ICE on RTP legs: two legs of ours are each other's far end, and a plain phone talks to either.

use std::net::SocketAddr;
use std::sync::Arc;

use media::g711::Law;
use media::tones::{level_dbm0, sine};
use media::{Channel, Command, EngineConfig, Event, Family, LegId, Profile, RefusedSdp};

use crate::world::{Phone, World, address, local};

/// The leg that offers, and the one that answers.
const ENDS: [LegId; 2] = [LegId(11), LegId(12)];

/// What becomes of the n-th datagram between the legs.
type Fate<'a> = &'a mut dyn FnMut(usize, &[u8]) -> bool;

/// Two legs and how much of what they sent has been handed on.
struct Wire {
    world: World,
    carried: usize,
    number: usize,
}

impl Wire {
    fn new(dtls_active: Option<bool>) -> Self {
        let config = EngineConfig { srtp_seed: Some([7; 32]), dtls_active, ..EngineConfig::default() };
        Self { world: World::with(config), carried: 0, number: 0 }
    }

    fn open(&mut self, leg: LegId, profile: Profile, offer: Option<Arc<[u8]>>) {
        self.world.command(Command::Open { leg, profile, offer, family: Family::V4, like: None });
    }

    /// Our offer of DTLS-SRTP.
    fn offer(&mut self) -> String {
        self.open(ENDS[0], Profile::Dtls, None);
        self.world.local_sdp(ENDS[0])
    }

    /// Answers an offer by the other leg, and takes the answer.
    fn answer(&mut self, offer: &str) -> String {
        self.open(ENDS[1], Profile::Rtp, Some(offer.as_bytes().into()));
        let answer = self.world.local_sdp(ENDS[1]);
        self.accept(&answer);
        answer
    }

    fn accept(&mut self, answer: &str) {
        self.world.command(Command::Answer { leg: ENDS[0], sdp: answer.as_bytes().into() });
    }

    fn at(leg: LegId, channel: Channel) -> SocketAddr {
        let local = local(leg);
        if channel == Channel::Rtp { local.rtp } else { local.rtcp.unwrap() }
    }

    /// Hands on what the legs sent each other since, where `fate` lets it through.
    fn carry(&mut self, fate: Fate) {
        while let Some((leg, channel, to, packet, _)) = self.world.sent.0.get(self.carried).cloned() {
            self.carried += 1;
            let from = Self::at(leg, channel);
            for end in ENDS.into_iter().filter(|_| ENDS.contains(&leg)) {
                for into in [Channel::Rtp, Channel::Rtcp] {
                    if Self::at(end, into) == to {
                        self.number += 1;
                        if fate(self.number, &packet) {
                            self.world.packet(end, into, from, &packet);
                        }
                    }
                }
            }
        }
    }

    fn pass_with(&mut self, ms: u64, fate: Fate) {
        for _ in 0..ms / 20 {
            self.carry(fate);
            self.world.pass(20);
        }
    }

    fn pass(&mut self, ms: u64) {
        self.pass_with(ms, &mut |_, _| true);
    }

    fn failures(&self) -> Vec<(LegId, &'static str)> {
        let failed = |event: &Event| match event {
            Event::HandshakeFailed { leg, why } => Some((*leg, *why)),
            _ => None,
        };
        self.world.events.iter().filter_map(|(_, event)| failed(event)).collect()
    }

    /// Datagrams of DTLS that a leg sent.
    fn handshakes(&self, leg: LegId, channel: Channel) -> usize {
        let of = |sent: &&(LegId, Channel, SocketAddr, Vec<u8>, _)| {
            sent.0 == leg && sent.1 == channel && (20..64).contains(&sent.3[0])
        };
        self.world.sent.0.iter().filter(of).count()
    }

    /// A plain phone at either leg.
    fn with_phones(&mut self) -> [Phone; 2] {
        let [a, b] = [1, 2].map(|number| Phone::new(number, Law::Mu, Some(101)).open(&mut self.world));
        self.world.command(Command::Bridge { a: a.leg, b: ENDS[0] });
        self.world.command(Command::Bridge { a: b.leg, b: ENDS[1] });
        [a, b]
    }

    /// The first phone says a tone; how loud the second one hears it, in dBm0.
    fn tone_through(&mut self, phones: &mut [Phone; 2]) -> f64 {
        let tone = sine(800.0, -12.0, 8000, 8000);
        for frame in tone.chunks(160) {
            phones[0].say_frame(&mut self.world, frame);
            self.pass(20);
        }
        let heard = self.world.heard_at(phones[1].at, Law::Mu);
        level_dbm0(&heard[heard.len().saturating_sub(4000)..], 800.0)
    }

    fn is_protected(&self) -> bool {
        ENDS.iter().all(|leg| self.world.engine.figures(*leg).unwrap().protection == "DTLS-SRTP")
    }
}

/// Without `a=rtcp-mux`: RTCP has a handshake of its own.
fn unmuxed(sdp: &str) -> String {
    sdp.replace("a=rtcp-mux\r\n", "")
}

#[test]
fn an_offer_is_answered_and_the_phones_hear_each_other_whoever_begins() {
    for (active, setup, muxed) in [(None, "active", true), (Some(false), "passive", true), (None, "active", false)] {
        let mut wire = Wire::new(active);
        let mut offer = wire.offer();
        assert!(offer.contains(" UDP/TLS/RTP/SAVP ") && offer.contains("a=setup:actpass\r\n"), "{offer}");
        assert!(offer.contains("a=fingerprint:sha-256 ") && !offer.contains("a=crypto"), "{offer}");
        if !muxed {
            offer = unmuxed(&offer);
        }
        let answer = wire.answer(&offer);
        assert!(answer.contains(" UDP/TLS/RTP/SAVP ") && answer.contains(&format!("a=setup:{setup}\r\n")), "{answer}");
        assert_eq!(answer.contains("a=rtcp-mux"), muxed);
        let mut phones = wire.with_phones();
        let level = wire.tone_through(&mut phones);
        assert!((level + 12.0).abs() < 0.5, "{level} dBm0");
        assert!(wire.is_protected());
        phones.reverse();
        let level = wire.tone_through(&mut phones);
        assert!((level + 12.0).abs() < 0.5, "{level} dBm0 the other way");
        // Reports go over, so both know the round trip.
        wire.pass(20_000);
        assert!(wire.world.engine.figures(ENDS[0]).unwrap().rtt_ms.is_some(), "muxed: {muxed}");
        assert_eq!(wire.handshakes(ENDS[0], Channel::Rtcp) > 0, !muxed);
        assert_eq!(wire.failures(), []);
    }
}

#[test]
fn what_is_said_never_leaves_in_plain() {
    let mut wire = Wire::new(None);
    let offer = wire.offer();
    wire.answer(&offer);
    let [mut a, _] = wire.with_phones();
    // No datagram arrives: there are no keys.
    for frame in sine(800.0, -12.0, 8000, 8000).chunks(160) {
        a.say_frame(&mut wire.world, frame);
        wire.world.pass(20);
    }
    let other = |packet: &Vec<u8>| !(20..64).contains(&packet[0]);
    let left = wire.world.sent.0.iter().filter(|(leg, _, _, packet, _)| ENDS.contains(leg) && other(packet));
    assert_eq!(left.count(), 0);
    // What arrives in plain is not heard.
    let mut plain = Phone::new(3, Law::Mu, None);
    let packet = plain.packet(0, &[0x55; 160]);
    let before = wire.world.engine.counts().dropped_srtp;
    wire.world.packet(ENDS[1], Channel::Rtp, Wire::at(ENDS[0], Channel::Rtp), &packet);
    assert_eq!(wire.world.engine.counts().dropped_srtp, before + 1);
}

#[test]
fn a_prompt_waits_for_the_keys_and_begins_with_its_first_syllable() {
    let mut wire = Wire::new(None);
    let offer = wire.offer();
    wire.answer(&offer);
    let [a, _] = wire.with_phones();
    wire.world.command(Command::Unbridge { leg: ENDS[0] });
    let sources = vec![media::Source::Prompt(media::PromptKey(6))];
    wire.world.command(Command::Play { leg: ENDS[0], token: 1, sources, repeat: media::Repeat::Once });
    wire.pass_with(2000, &mut |_, _| false);
    wire.pass(10_000);
    let ended = wire.world.events.iter().any(|(_, event)| matches!(event, Event::PlaybackEnded { token: 1, .. }));
    assert!(ended);
    let sent = wire.world.engine.figures(ENDS[0]).unwrap().sent;
    assert!(sent >= 300, "{sent} packets of 20 ms for six seconds");
    let _ = a;
}

#[test]
fn lost_datagrams_are_sent_again() {
    for lost in 1..=6 {
        let mut wire = Wire::new(None);
        let offer = wire.offer();
        wire.answer(&offer);
        wire.pass_with(5000, &mut |number, _| number != lost && number != lost + 1);
        assert!(wire.is_protected(), "without the datagrams {lost} and {}", lost + 1);
    }
}

#[test]
fn another_certificate_ends_the_leg_with_a_reason() {
    let mut wire = Wire::new(None);
    let offer = wire.offer();
    let digest = offer.lines().find_map(|line| line.strip_prefix("a=fingerprint:sha-256 ")).unwrap();
    // The same bytes in another order.
    let other: Vec<&str> = digest.rsplit(':').collect();
    let other = other.join(":");
    assert_ne!(other, digest);
    wire.answer(&offer.replace(digest, &other));
    let mut phones = wire.with_phones();
    wire.tone_through(&mut phones);
    let why = "the certificate is not the one that the SDP announced";
    assert_eq!(wire.failures().first(), Some(&(ENDS[1], why)));
    assert_eq!(wire.failures().len(), 2, "the other leg hears of it by an alert");
    assert_eq!(wire.world.heard_at(phones[1].at, Law::Mu).iter().filter(|sample| sample.abs() > 100).count(), 0);
}

#[test]
fn a_handshake_that_does_not_go_on_is_given_up() {
    let mut wire = Wire::new(None);
    let offer = wire.offer();
    wire.answer(&offer);
    // The first two datagrams arrive, and nothing after them.
    wire.pass_with(25_000, &mut |number, _| number <= 2);
    let failed: Vec<LegId> = wire.failures().into_iter().map(|(leg, _)| leg).collect();
    assert!(failed.contains(&ENDS[0]) && failed.contains(&ENDS[1]), "{failed:?}");
    let asked = wire.handshakes(ENDS[1], Channel::Rtp);
    assert!((5..20).contains(&asked), "{asked} datagrams");
}

#[test]
fn a_hello_that_overtakes_the_answer_is_not_lost() {
    let mut wire = Wire::new(None);
    let offer = wire.offer();
    wire.open(ENDS[1], Profile::Rtp, Some(offer.as_bytes().into()));
    let answer = wire.world.local_sdp(ENDS[1]);
    wire.carry(&mut |_, _| true);
    assert_eq!(wire.handshakes(ENDS[1], Channel::Rtp), 1);
    wire.accept(&answer);
    wire.carry(&mut |_, _| true);
    assert!(wire.is_protected(), "without anything sent again");
}

#[test]
fn a_stranger_who_says_hello_first_neither_takes_the_place_nor_ends_it() {
    let mut wire = Wire::new(None);
    let offer = wire.offer();
    wire.answer(&offer);
    let hello = wire.world.sent.0.iter().find(|sent| sent.0 == ENDS[1]).unwrap().3.clone();
    let thief = address("203.0.113.66:666");
    wire.world.packet(ENDS[0], Channel::Rtp, thief, &hello);
    wire.world.packet(ENDS[0], Channel::Rtp, thief, &[22, 0xfe, 0xfd, 0, 0]);
    // Under the far end's address, from a port that nothing comes back from.
    wire.world.packet(ENDS[0], Channel::Rtp, address("192.0.2.9:666"), &hello);
    wire.pass(1000);
    assert!(wire.is_protected());
    wire.world.packet(ENDS[0], Channel::Rtp, thief, &hello);
    wire.pass(1000);
    assert_eq!(wire.failures(), []);
    let mut phones = wire.with_phones();
    assert!((wire.tone_through(&mut phones) + 12.0).abs() < 0.5);
}

#[test]
fn hold_and_resume_keep_keys_and_roles() {
    let mut wire = Wire::new(None);
    let offer = wire.offer();
    wire.answer(&offer);
    let mut phones = wire.with_phones();
    wire.tone_through(&mut phones);
    let before = wire.handshakes(ENDS[1], Channel::Rtp);
    for direction in ["sendonly", "sendrecv"] {
        wire.world.command(Command::MakeOffer { leg: ENDS[0] });
        let again = wire.world.local_sdp(ENDS[0]).replace("a=sendrecv", &format!("a={direction}"));
        assert!(again.contains("a=setup:passive\r\n"), "the role that stands: {again}");
        wire.world.command(Command::Reoffer { leg: ENDS[1], sdp: again.as_bytes().into() });
        let answer = wire.world.local_sdp(ENDS[1]);
        assert!(answer.contains("a=setup:active\r\n"), "{answer}");
        wire.accept(&answer);
        wire.tone_through(&mut phones);
    }
    assert_eq!(wire.handshakes(ENDS[1], Channel::Rtp), before, "no handshake is needed");
    assert!((wire.tone_through(&mut phones) + 12.0).abs() < 0.5);
    phones.reverse();
    assert!((wire.tone_through(&mut phones) + 12.0).abs() < 0.5, "the other way");
}

/// What PJSIP does at each new description: it forgets its keys and begins anew, with the same certificate.
#[test]
fn a_far_end_that_begins_anew_is_followed() {
    let mut wire = Wire::new(None);
    let offer = wire.offer();
    wire.answer(&offer);
    let mut phones = wire.with_phones();
    wire.tone_through(&mut phones);
    wire.world.command(Command::Close { leg: ENDS[1] });
    wire.open(ENDS[1], Profile::Rtp, Some(offer.as_bytes().into()));
    wire.world.command(Command::Bridge { a: phones[1].leg, b: ENDS[1] });
    for _ in 0..2 {
        assert!((wire.tone_through(&mut phones) + 12.0).abs() < 0.5);
        phones.reverse();
    }
    assert_eq!(wire.failures(), []);
}

#[test]
fn a_far_end_that_waits_for_another_handshake_gets_it() {
    for muxed in [true, false] {
        let mut wire = Wire::new(None);
        let offer = if muxed { wire.offer() } else { unmuxed(&wire.offer()) };
        let answer = wire.answer(&offer);
        let mut phones = wire.with_phones();
        wire.tone_through(&mut phones);
        wire.world.command(Command::Close { leg: ENDS[0] });
        // It is passive still, and knows nothing any more.
        wire.open(ENDS[0], Profile::Rtp, Some(answer.as_bytes().into()));
        assert!(wire.world.local_sdp(ENDS[0]).contains("a=setup:passive"));
        wire.world.command(Command::Bridge { a: phones[0].leg, b: ENDS[0] });
        wire.world
            .command(Command::Reoffer { leg: ENDS[1], sdp: offer.replace("actpass", "passive").as_bytes().into() });
        wire.pass(1000);
        for _ in 0..2 {
            assert!((wire.tone_through(&mut phones) + 12.0).abs() < 0.5, "muxed: {muxed}");
            phones.reverse();
        }
        wire.pass(20_000);
        assert!(wire.world.engine.figures(ENDS[1]).unwrap().rtt_ms.is_some(), "muxed: {muxed}");
        assert_eq!(wire.failures(), []);
    }
}

#[test]
fn other_ways_to_write_it_are_understood_and_impossible_ones_refused() {
    let offer = Wire::new(None).offer();
    let refused = |offer: String| {
        let mut wire = Wire::new(None);
        wire.open(ENDS[1], Profile::Rtp, Some(offer.as_bytes().into()));
        let why = |event: &Event| matches!(event, Event::Refused { why: RefusedSdp::NotAcceptable, .. });
        wire.world.events.iter().any(|(_, event)| why(event))
    };
    assert!(!refused(offer.replace("UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF")));
    assert!(!refused(offer.replace("UDP/TLS/RTP/SAVP", "RTP/SAVP")));
    let fingerprint = offer.lines().find(|line| line.starts_with("a=fingerprint")).unwrap();
    let without = offer.replace(&format!("{fingerprint}\r\n"), "");
    assert!(!refused(without.replace("t=0 0\r\n", &format!("t=0 0\r\n{fingerprint}\r\n"))), "of the session");
    assert!(refused(without));
    assert!(refused(offer.replace("sha-256", "md5")));
    assert!(refused(offer.replace("actpass", "holdconn")));
    // Best effort stays plain: it has no keys and says so.
    assert!(!refused(offer.replace("UDP/TLS/RTP/SAVP", "RTP/AVP")));
    // Without secrets of our own there is no certificate.
    let mut world = World::new();
    let open = Some(offer.as_bytes().into());
    world.command(Command::Open { leg: ENDS[1], profile: Profile::Rtp, offer: open, family: Family::V4, like: None });
    assert!(world.events.iter().any(|(_, event)| matches!(event, Event::Refused { .. })));
}

/// As baresip does: the answer to RTP/SAVP has a fingerprint and no keys.
#[test]
fn keys_in_the_description_may_be_answered_by_dtls() {
    let mut wire = Wire::new(None);
    wire.open(ENDS[0], Profile::Srtp, None);
    let offer = wire.world.local_sdp(ENDS[0]);
    assert!(offer.contains("a=crypto:1 ") && offer.contains("a=setup:actpass\r\n"), "{offer}");
    let without_keys: String =
        offer.lines().filter(|line| !line.starts_with("a=crypto")).flat_map(|line| [line, "\r\n"]).collect();
    let answer = wire.answer(&without_keys);
    assert!(answer.contains(" RTP/SAVP ") && answer.contains("a=fingerprint:sha-256 "), "{answer}");
    let mut phones = wire.with_phones();
    assert!((wire.tone_through(&mut phones) + 12.0).abs() < 0.5);
    assert!(wire.is_protected());
}

#[test]
fn an_answer_that_means_something_else_is_refused_and_never_taken_for_plain() {
    let key = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n";
    let answer = |profile: Profile, change: &dyn Fn(&str) -> String| {
        let mut wire = Wire::new(None);
        wire.open(ENDS[0], profile, None);
        let dtls = Wire::new(None).offer();
        wire.accept(&change(&dtls.replace("actpass", "active")));
        let refused = |event: &Event| matches!(event, Event::Refused { why: RefusedSdp::NotAcceptable, .. });
        wire.world.events.iter().any(|(_, event)| refused(event))
    };
    // Keys in the answer are no answer to an offer that had none: the fingerprint is.
    assert!(!answer(Profile::Dtls, &|dtls| format!("{dtls}{key}")));
    assert!(answer(Profile::Dtls, &|dtls| dtls.replace("UDP/TLS/RTP/SAVP", "RTP/AVP")));
    assert!(answer(Profile::Dtls, &|dtls| dtls.replace("a=fingerprint", "a=x") + key));
    assert!(answer(Profile::Dtls, &|dtls| dtls.replace("setup:active", "setup:actpass")));
    assert!(answer(Profile::Srtp, &|dtls| dtls.replace("UDP/TLS/RTP/SAVP", "RTP/AVP")));
    assert!(answer(Profile::Rtp, &str::to_owned), "it would send DTLS and we plain RTP");
}

#[test]
fn a_far_end_at_a_private_address_begins_itself() {
    let offer = Wire::new(None).offer().replace("192.0.2.9", "192.168.7.9");
    let mut wire = Wire::new(None);
    wire.open(ENDS[1], Profile::Rtp, Some(offer.as_bytes().into()));
    assert!(wire.world.local_sdp(ENDS[1]).contains("a=setup:passive\r\n"));
    wire.pass(1000);
    assert_eq!(wire.handshakes(ENDS[1], Channel::Rtp), 0);
}

#[test]
fn a_phone_that_cannot_do_it_is_offered_something_else() {
    let mut wire = Wire::new(None);
    wire.offer();
    wire.world.command(Command::OfferAgain { leg: ENDS[0], profile: Profile::Srtp, like: None });
    let offer = wire.world.local_sdp(ENDS[0]);
    assert!(offer.contains(" RTP/SAVP ") && offer.contains("a=crypto"), "{offer}");
    assert!(!offer.contains("a=rtcp-mux"), "{offer}");
    wire.answer(&offer);
    assert_eq!(wire.world.engine.figures(ENDS[0]).unwrap().protection, "AES_CM_128_HMAC_SHA1_80");
    let mut phones = wire.with_phones();
    assert!((wire.tone_through(&mut phones) + 12.0).abs() < 0.5);
}
