//! What protects the media of calls to carriers.

use super::peer::Answer;
use super::world::{SDP, World, address, carrier};
use crate::settings::{CarrierAccount, CarrierTrust, MediaProtection, Proxy};
use media::{Event as Told, Profile};
use sip::Transport;

const A: &str = "203.0.113.1:5061";
const B: &str = "203.0.113.2:5061";

/// A carrier that is reached by this transport.
fn reached_by(transport: Transport, protection: MediaProtection, at: &[&str]) -> CarrierAccount {
    let proxies = at.iter().map(|at| Proxy { transport: Some(transport), ..Proxy::at(address(at)) }).collect();
    CarrierAccount { proxies, protection, ..carrier(&[]) }
}

fn ringing() -> Answer {
    Answer::new("180 Ringing").with("Contact: <sip:carrier@203.0.113.1>")
}

fn refused() -> Answer {
    Answer::new("488 Not Acceptable Here")
}

#[test]
fn srtp_is_offered_over_tls_and_where_it_is_required() {
    use MediaProtection::{IfTls, Off, Required};
    let cases = [
        (Transport::Tls, IfTls, true),
        (Transport::Tls, Required, true),
        (Transport::Tls, Off, false),
        (Transport::Udp, IfTls, false),
        (Transport::Tcp, IfTls, false),
        (Transport::Udp, Required, true),
    ];
    for (transport, protection, is_secure) in cases {
        let mut world = World::new(reached_by(transport, protection, &[A]));
        world.peer(A).on("INVITE", [ringing()]);
        world.dial();
        let note = if is_secure { " srtp" } else { "" };
        let first = world.ladder.first().cloned();
        assert_eq!(first, Some(format!("0.0 INVITE{note} -> 203.0.113.1")), "{transport:?} {protection:?}");
        assert_eq!(world.failure(), None);
    }
}

#[test]
fn a_carrier_that_refuses_it_is_called_in_plain_once_and_the_next_time_at_once() {
    for status in ["488 Not Acceptable Here", "415 Unsupported Media Type", "606 Not Acceptable"] {
        let mut world = World::new(reached_by(Transport::Tls, MediaProtection::IfTls, &[A]));
        let answered = Answer::new("200 OK").with("Contact: <sip:carrier@203.0.113.1>");
        let answered = answered.with("Content-Type: application/sdp\r\nBODY");
        world.peer(A).on("INVITE", [Answer::new(status), answered]);
        world.dial();
        let code = status.split(' ').next().unwrap();
        world.check(&format!(
            "
            0.0 INVITE srtp -> 203.0.113.1
              <- {code}
            0.0 == up
            0.0 ACK -> 203.0.113.1
            0.0 INVITE -> 203.0.113.1
              <- 200
            0.0 ACK -> 203.0.113.1
            "
        ));
        world.dial();
        assert!(world.ladder.iter().any(|line| line == "0.0 INVITE -> 203.0.113.1"), "{:?}", world.ladder);
        assert!(!world.ladder.iter().any(|line| line.contains("srtp")), "it is remembered: {:?}", world.ladder);
    }
}

#[test]
fn what_is_remembered_of_a_carrier_is_forgotten_when_it_is_changed_and_after_a_day() {
    let account = reached_by(Transport::Tls, MediaProtection::IfTls, &[A]);
    let mut world = World::new(account.clone());
    let answered = || {
        let answer = Answer::new("200 OK").with("Contact: <sip:carrier@203.0.113.1>");
        answer.with("Content-Type: application/sdp\r\nBODY")
    };
    world.peer(A).on("INVITE", [refused(), answered()]);
    world.dial();
    world.hang_up();
    world.change(vec![CarrierAccount { name: "another".to_owned(), ..account }]);
    world.peer(A).on("INVITE", [refused(), answered()]);
    world.ladder.clear();
    world.dial();
    assert_eq!(world.ladder[0], "0.0 INVITE srtp -> 203.0.113.1");
    world.hang_up();
    world.run(24 * 60 * 60 + 1);
    world.ladder.clear();
    world.dial();
    assert!(world.ladder[0].contains("INVITE srtp"), "{:?}", world.ladder);
}

#[test]
fn one_that_is_required_to_protect_is_not_called_in_plain() {
    let mut world = World::new(reached_by(Transport::Tls, MediaProtection::Required, &[A]));
    world.peer(A).on("INVITE", [refused()]);
    world.dial();
    let invites = world.ladder.iter().filter(|line| line.contains("INVITE")).count();
    assert_eq!(invites, 1, "{:?}", world.ladder);
    assert!(world.failure().is_some());
}

#[test]
fn the_next_proxy_is_still_there_after_another_offer() {
    let mut world = World::new(reached_by(Transport::Tls, MediaProtection::IfTls, &[A, B]));
    world.peer(A).on("INVITE", [refused(), Answer::new("503 Service Unavailable").with("Retry-After: 60")]);
    world.peer(B).on("INVITE", [ringing()]);
    world.dial();
    world.check(
        "
        0.0 INVITE srtp -> 203.0.113.1
          <- 488
        0.0 == up
        0.0 ACK -> 203.0.113.1
        0.0 INVITE -> 203.0.113.1
          <- 503
        0.0 == unknown
        0.0 ACK -> 203.0.113.1
        0.0 INVITE -> 203.0.113.2
          <- 180
        0.0 == up
        ",
    );
}

/// A call of the carrier to one of our numbers; a description of `way` where there is one.
fn incoming(protection: MediaProtection, way: Option<&str>) -> World {
    let trust = CarrierTrust::Addresses(vec!["203.0.113.0/24".parse().unwrap()]);
    let mut world = World::new(CarrierAccount { trust, ..reached_by(Transport::Udp, protection, &[A]) });
    let sdp = way.map_or(String::new(), |way| SDP.replace("RTP/AVP", way));
    world.receive(
        A,
        &format!(
            "INVITE sip:07040000001@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP {A};branch=z9hG4bKin\r\n\
             From: <sip:01055556666@carrier.test>;tag=9\r\nTo: <sip:07040000001@carrier.test>\r\nCall-ID: in\r\n\
             CSeq: 1 INVITE\r\nContact: <sip:carrier@{A}>\r\nMax-Forwards: 70\r\nContent-Type: application/sdp\r\n\
             Content-Length: {}\r\n\r\n{sdp}",
            sdp.len()
        ),
    );
    world
}

#[test]
fn a_call_in_plain_of_one_that_is_required_to_protect_is_refused_and_kept() {
    for (protection, way, is_refused) in [
        (MediaProtection::Required, "RTP/AVP", true),
        (MediaProtection::Required, "RTP/SAVP", false),
        (MediaProtection::Required, "UDP/TLS/RTP/SAVP", false),
        (MediaProtection::IfTls, "RTP/AVP", false),
        (MediaProtection::Off, "RTP/AVP", false),
    ] {
        let mut world = incoming(protection, Some(way));
        let refusals = world.replies.iter().filter(|reply| reply.starts_with("SIP/2.0 488 ")).count();
        assert_eq!(refusals, usize::from(is_refused), "{protection:?} {way}: {:?}", world.replies);
        let [call] = world.kept.values().collect::<Vec<_>>()[..] else { panic!("{:?}", world.kept) };
        assert_eq!(call.ended_at.is_some(), is_refused, "{call:?}");
        assert_eq!(call.missed_reason.is_some(), is_refused, "a caller who was not heard is told of: {call:?}");
        assert!(!is_refused || world.opened.is_empty(), "{:?}", world.opened);
        world.run(60);
        assert!(!is_refused || world.switch.counts().calls == 0);
    }
}

#[test]
fn one_that_leaves_the_offer_to_us_is_offered_srtp_where_it_must_be() {
    for (protection, profile) in [(MediaProtection::Required, Profile::Srtp), (MediaProtection::IfTls, Profile::Rtp)] {
        let mut world = incoming(protection, None);
        world.run(5);
        assert_eq!(world.opened.first().map(|(_, profile)| *profile), Some(profile), "{:?}", world.replies);
    }
}

#[test]
fn what_is_protected_stays_so() {
    let mut world = World::new(reached_by(Transport::Udp, MediaProtection::Required, &[A]));
    let answered = Answer::new("200 OK").with(&format!("Contact: <sip:carrier@{A}>"));
    world.peer(A).on("INVITE", [answered.with("Content-Type: application/sdp\r\nBODY")]);
    world.dial();
    let invite = world.sent.iter().find(|message| message.starts_with("INVITE")).expect("an INVITE").clone();
    let field = |name: &str| invite.split("\r\n").find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    let mut offers = |cseq: u32, way: &str| {
        let sdp = SDP.replace("RTP/AVP", way);
        let message = format!(
            "INVITE sip:s@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP {A};branch=z9hG4bKre{cseq}\r\nFrom: {};tag=carrier\r\n\
             To: {}\r\nCall-ID: {}\r\nCSeq: {cseq} INVITE\r\nContact: <sip:carrier@{A}>\r\nMax-Forwards: 70\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
            field("To: "),
            field("From: "),
            field("Call-ID: "),
            sdp.len()
        );
        world.receive(A, &message);
        let leg = world.opened[1].0;
        world.switch.handle_media(world.now, Told::LocalSdp { leg, sdp: SDP.as_bytes().into() });
        world.collect();
        world.replies.last().cloned().unwrap_or_default()
    };
    assert!(offers(1, "RTP/AVP").starts_with("SIP/2.0 488 "));
    assert!(offers(2, "RTP/SAVP").starts_with("SIP/2.0 200 "));
}
