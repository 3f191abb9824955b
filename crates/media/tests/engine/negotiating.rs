//! Offers and answers of RTP legs.

use std::sync::Arc;

use media::sdp::Sdp;
use media::{Command, Event, LegId, Profile, RefusedSdp};

use crate::world::World;

const LEG: LegId = LegId(1);

fn sdp(lines: &str) -> Arc<[u8]> {
    let head = "v=0\no=- 77 1 IN IP4 198.51.100.1\ns=-\nc=IN IP4 198.51.100.1\nt=0 0\n";
    format!("{head}{lines}").replace('\n', "\r\n").into_bytes().into()
}

fn open(offer: Option<Arc<[u8]>>) -> World {
    let mut world = World::new();
    world.command(Command::Open { leg: LEG, profile: Profile::Rtp, offer, family: media::Family::V4, like: None });
    world
}

fn answer_to(lines: &str) -> String {
    open(Some(sdp(lines))).local_sdp(LEG)
}

fn refusal(world: &World) -> Option<RefusedSdp> {
    world.events.iter().rev().find_map(|(_, event)| match event {
        Event::Refused { why, .. } => Some(*why),
        _ => None,
    })
}

fn holds(world: &World) -> Option<bool> {
    world.events.iter().rev().find_map(|(_, event)| match event {
        Event::Negotiated { far_holds, .. } => Some(*far_holds),
        _ => None,
    })
}

#[test]
fn codecs_and_numbers_are_the_offerers() {
    // (offer, m-line of the answer, one more line of it)
    let cases = [
        (
            "m=audio 4000 RTP/AVP 0 8 101\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-16\n",
            "0 101",
            "a=fmtp:101 0-16",
        ),
        ("m=audio 4000 RTP/AVP 8 0\n", "8", "a=rtpmap:8 PCMA/8000"),
        ("m=audio 4000 RTP/AVP 18 3 0\na=rtpmap:18 G729/8000\n", "0", "a=rtpmap:0 PCMU/8000"),
        (
            "m=audio 4000 RTP/AVP 96 8 97\na=rtpmap:96 opus/48000/2\na=rtpmap:97 telephone-event/48000\n",
            "96 97",
            "a=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\na=rtpmap:97 telephone-event/48000",
        ),
        (
            "m=audio 4000 RTP/AVP 96 97\na=rtpmap:96 opus/48000/2\na=rtpmap:97 telephone-event/8000\n",
            "96 97",
            "a=rtpmap:97 telephone-event/8000",
        ),
        ("m=audio 4000 RTP/AVP 9 0 101\na=rtpmap:101 telephone-event/8000\n", "9 101", "a=rtpmap:9 G722/8000"),
        ("m=audio 4000 RTP/AVP 8 13\na=ptime:30\na=maxptime:40\n", "8", "a=ptime:20"),
        (
            "m=audio 4000 RTP/AVP 8 97 98\na=rtpmap:97 telephone-event/48000\na=rtpmap:98 TELEPHONE-EVENT/8000\n",
            "8 98",
            "a=rtpmap:98 telephone-event/8000",
        ),
        ("m=audio 4000 RTP/AVP 99\na=rtpmap:99 PCMA/8000\n", "99", "a=rtpmap:99 PCMA/8000"),
        ("m=audio 4000 RTP/AVP 0\na=ptime:30\na=rtcp:4100\n", "0", "a=sendrecv"),
        (
            "m=audio 4000 RTP/AVP 101 0\na=fmtp:101 0-15\na=rtpmap:101 telephone-event/8000\n",
            "0 101",
            "a=fmtp:101 0-15",
        ),
    ];
    for (offer, formats, line) in cases {
        let answer = answer_to(offer);
        assert!(answer.contains(&format!("m=audio 40002 RTP/AVP {formats}\r\n")), "{answer}");
        assert!(answer.contains(line), "{answer}");
        assert!(answer.contains("c=IN IP4 192.0.2.9\r\n"), "{answer}");
    }
}

#[test]
fn other_m_lines_are_answered_with_port_0_in_their_place() {
    let answer = answer_to(
        "m=video 5000 RTP/AVP 31\nm=audio 4000 RTP/SAVP 0\nm=audio 4002 RTP/AVP 8\na=mid:x\nm=image 9 udptl t38\n",
    );
    let lines: Vec<&str> = answer.lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!(
        lines,
        ["m=video 0 RTP/AVP 31", "m=audio 0 RTP/SAVP 0", "m=audio 40002 RTP/AVP 8", "m=image 0 UDPTL t38"]
    );
    assert!(answer.contains("a=mid:x\r\n"));
}

#[test]
fn what_cannot_be_spoken_is_refused_and_leaves_no_leg() {
    let cases = [
        (sdp("m=audio 4000 RTP/AVP 18\n"), RefusedSdp::NotAcceptable),
        (sdp("m=audio 0 RTP/AVP 0\n"), RefusedSdp::NotAcceptable),
        (sdp("m=audio 4000 RTP/SAVP 0\n"), RefusedSdp::NotAcceptable),
        (sdp("m=video 4000 RTP/AVP 31\n"), RefusedSdp::NotAcceptable),
        (sdp("m=audio 4000 RTP/AVP 0\na=rtpmap:0 PCMU/16000\n"), RefusedSdp::NotAcceptable),
        (sdp("m=audio 99999 RTP/AVP 0\n"), RefusedSdp::Malformed),
        (sdp("m=audio 4000 RTP/AVP 300\n"), RefusedSdp::Malformed),
        (Arc::from(b"hello".as_slice()), RefusedSdp::Malformed),
        (Arc::from(b"v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\nm=audio 4000 RTP/AVP 0\r\n".as_slice()), RefusedSdp::Malformed),
        (Arc::from(vec![b'v'; 40_000]), RefusedSdp::Malformed),
    ];
    for (offer, why) in cases {
        let world = open(Some(Arc::clone(&offer)));
        assert_eq!(refusal(&world), Some(why), "{}", String::from_utf8_lossy(&offer));
        assert_eq!(world.engine.counts().legs, 0);
    }
}

#[test]
fn directions_are_answered_and_hold_is_told() {
    for (direction, answered, held) in [
        ("sendrecv", "sendrecv", false),
        ("sendonly", "recvonly", true),
        ("recvonly", "sendonly", false),
        ("inactive", "inactive", true),
    ] {
        let world = open(Some(sdp(&format!("m=audio 4000 RTP/AVP 0\na={direction}\n"))));
        assert!(world.local_sdp(LEG).contains(&format!("a={answered}\r\n")));
        assert_eq!(holds(&world), Some(held), "{direction}");
        let session = format!("a={direction}\nm=audio 4000 RTP/AVP 0\n");
        assert!(answer_to(&session).contains(&format!("a={answered}\r\n")));
    }
    let world = open(Some(sdp("m=audio 4000 RTP/AVP 0\nc=IN IP4 0.0.0.0\n")));
    assert_eq!(holds(&world), Some(true));
    assert!(world.local_sdp(LEG).contains("a=sendrecv\r\n"));
}

#[test]
fn our_offer_has_it_all_and_takes_their_numbers() {
    let mut world = open(None);
    let offer = world.local_sdp(LEG);
    assert!(offer.contains("m=audio 40002 RTP/AVP 0 8 9 111 101 110\r\n"), "{offer}");
    assert!(offer.contains("a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"), "{offer}");
    assert!(offer.contains("a=rtpmap:110 telephone-event/48000\r\na=fmtp:110 0-15\r\n"), "{offer}");
    assert!(
        offer.contains("a=rtpmap:9 G722/8000\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\n"),
        "{offer}"
    );
    assert!(!offer.contains("a=rtcp:"), "{offer}");
    let answer = sdp("m=audio 4000 RTP/AVP 8 96\na=rtpmap:96 telephone-event/8000\n");
    world.command(Command::Answer { leg: LEG, sdp: Arc::clone(&answer) });
    assert_eq!(holds(&world), Some(false));
    // The same answer again (183, then 200) is fine.
    world.command(Command::Answer { leg: LEG, sdp: answer });
    assert_eq!(refusal(&world), None);
    world.command(Command::SendKey { leg: LEG, key: '5', duration_ms: 60 });
    world.pass(100);
    let to = crate::world::address("198.51.100.1:4000");
    assert!(world.rtp_to(to).iter().any(|(_, header, _)| header.payload_type == 96));
}

#[test]
fn wrong_moments_are_refused_and_change_nothing() {
    let mut world = open(Some(sdp("m=audio 4000 RTP/AVP 0\n")));
    world.command(Command::Answer { leg: LEG, sdp: sdp("m=audio 4000 RTP/AVP 0\n") });
    assert_eq!(refusal(&world), Some(RefusedSdp::WrongState));
    world.command(Command::Reoffer { leg: LEG, sdp: sdp("m=audio 4000 RTP/AVP 18\n") });
    assert_eq!(refusal(&world), Some(RefusedSdp::NotAcceptable));
    world.pass(1100);
    assert_eq!(world.rtp_to(crate::world::address("198.51.100.1:4000")).len(), 1, "the leg stays as it was");

    let mut world = open(None);
    world.command(Command::Reoffer { leg: LEG, sdp: sdp("m=audio 4000 RTP/AVP 0\n") });
    assert_eq!(refusal(&world), Some(RefusedSdp::WrongState));
    world.command(Command::Answer { leg: LegId(50), sdp: sdp("m=audio 4000 RTP/AVP 0\n") });
    assert_eq!(refusal(&world), Some(RefusedSdp::WrongState));

    let mut world = World::new();
    let open = Command::Open { leg: LEG, profile: Profile::Rtp, offer: None, family: media::Family::V4, like: None };
    world.engine.handle_command(world.now(), open, None, &mut world.sent);
    assert!(matches!(world.engine.poll_event(), Some(Event::Refused { why: RefusedSdp::NoPort, .. })));
}

#[test]
fn the_version_goes_up_and_the_session_stays() {
    let mut world = open(Some(sdp("m=audio 4000 RTP/AVP 0\n")));
    let origin = |world: &World| Sdp::parse(world.local_sdp(LEG).as_bytes()).unwrap().origin;
    let first = origin(&world);
    world.command(Command::Reoffer { leg: LEG, sdp: sdp("m=audio 4000 RTP/AVP 0\na=sendonly\n") });
    let second = origin(&world);
    world.command(Command::MakeOffer { leg: LEG });
    let third = origin(&world);
    assert_eq!((second.session, third.session), (first.session, first.session));
    assert_eq!((second.version, third.version), (first.version + 1, first.version + 2));
    // An offer after an offer of theirs keeps the m-lines and their order.
    let offer = sdp("m=video 5000 RTP/AVP 31\nm=audio 4000 RTP/AVP 0\n");
    world.command(Command::Reoffer { leg: LEG, sdp: offer });
    world.command(Command::MakeOffer { leg: LEG });
    let lines = world.local_sdp(LEG);
    let lines: Vec<&str> = lines.lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!(lines, ["m=video 0 RTP/AVP 31", "m=audio 40002 RTP/AVP 0 8 9 111 101 110"]);
    let answer = sdp("m=video 0 RTP/AVP 31\nm=audio 4000 RTP/AVP 0\n");
    world.command(Command::Answer { leg: LEG, sdp: answer });
    assert_eq!(refusal(&world), None);
}

#[test]
fn printing_and_parsing_again_is_identity() {
    for offer in [
        "m=audio 4000 RTP/AVP 0 101\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15\na=ptime:20\na=rtcp:9 IN IP4 1.2.3.4\na=mid:1\na=sendonly\n",
        "a=inactive\nm=audio 4000 RTP/AVP 8\nc=IN IP6 2001:db8::1\nm=video 0 RTP/AVP 31\n",
    ] {
        let parsed = Sdp::parse(&sdp(offer)).unwrap();
        let again = Sdp::parse(parsed.to_string().as_bytes()).unwrap();
        assert_eq!(parsed, again);
    }
}

#[test]
fn no_truncation_or_flipped_byte_is_more_than_an_error() {
    let whole = sdp("m=audio 4000 RTP/AVP 0 101\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15\na=rtcp:9\n");
    for at in 0..whole.len() {
        let _ = Sdp::parse(&whole[..at]);
        for byte in [0, b' ', b'=', b'9', 0xff] {
            let mut changed = whole.to_vec();
            changed[at] = byte;
            let _ = Sdp::parse(&changed);
        }
    }
}

#[test]
fn a_leg_that_was_refused_is_closed_all_the_same() {
    let mut world = open(Some(sdp("m=audio 4000 RTP/AVP 96\na=rtpmap:96 AMR/8000\n")));
    assert_eq!(refusal(&world), Some(RefusedSdp::NotAcceptable));
    world.command(Command::Close { leg: LEG });
    assert!(matches!(world.events.last(), Some((_, Event::Closed { leg: LEG, .. }))), "{:?}", world.events);
}
