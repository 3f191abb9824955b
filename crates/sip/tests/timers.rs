//! Each timer of RFC 3261 17 and RFC 6026, by jumping to the next wake-up.

use sip::{EndCause, Event, Method, OutOfDialog, Reply, Transport};

use crate::net::sdp;
use crate::peer::{INVITE, Peer, accepted, within};

/// What only lingers goes in groups, the first of which waits this much longer, in milliseconds.
const LINGER_SLACK: u64 = 100;

/// Jumps until something is told or nothing is armed; the pauses.
fn pauses(peer: &mut Peer) -> Vec<u64> {
    let mut out = Vec::new();
    while let Some(ms) = peer.jump() {
        out.push(ms);
    }
    out
}

#[test]
fn a_doubles_and_b_ends() {
    let mut peer = Peer::new(Transport::Udp);
    let (_, invite) = peer.call();
    let (rest, kept) = (500, 32_000 + LINGER_SLACK);
    assert_eq!(pauses(&mut peer), [500, 1000, 2000, 4000, 8000, 16000, rest, kept]);
    assert_eq!(peer.sent(), vec![invite; 6]);
    assert!(matches!(peer.told()[..], [Event::Refused { status: 408, .. }]));
    peer.assert_nothing_left();
}

#[test]
fn b_alone_over_tcp() {
    let mut peer = Peer::new(Transport::Tcp);
    peer.call();
    assert_eq!(pauses(&mut peer), [32_000, 32_000 + LINGER_SLACK]);
    assert!(matches!(peer.told()[..], [Event::Refused { status: 408, .. }]));
    peer.assert_nothing_left();
}

#[test]
fn d_keeps_the_ack_for_repeated_refusals() {
    let mut peer = Peer::new(Transport::Udp);
    let (_, invite) = peer.call();
    peer.respond(&invite, "486 Busy Here", "b", "");
    let (_, ack) = peer.one();
    assert!(ack.starts_with("ACK sip:bob@192.0.2.2 SIP/2.0"));
    peer.pass(31_000);
    peer.respond(&invite, "486 Busy Here", "b", "");
    assert_eq!(peer.one().1, ack);
    assert_eq!(peer.jump(), Some(1000 + LINGER_SLACK));
    peer.respond(&invite, "486 Busy Here", "b", "");
    assert!(peer.sent().is_empty());
    assert_eq!(peer.endpoint.counts().totals.stray, 1);
    peer.assert_nothing_left();
}

#[test]
fn e_backs_off_to_t2_and_f_ends() {
    let mut peer = Peer::new(Transport::Udp);
    peer.endpoint.send(peer.now, OutOfDialog::new(peer.flow, Method::Options, "sip:192.0.2.2"));
    assert_eq!(pauses(&mut peer), [500, 1000, 2000, 4000, 4000, 4000, 4000, 4000, 4000, 4000, 500]);
    assert_eq!(peer.starts().len(), 11);
    assert!(matches!(peer.told()[..], [Event::Response { response: None, .. }]));
    peer.assert_nothing_left();
}

#[test]
fn e_is_t2_after_a_provisional_response() {
    let mut peer = Peer::new(Transport::Udp);
    peer.endpoint.send(peer.now, OutOfDialog::new(peer.flow, Method::Options, "sip:192.0.2.2"));
    let (_, request) = peer.one();
    peer.respond(&request, "100 Trying", "b", "");
    assert_eq!(peer.jump(), Some(4000));
    assert_eq!(peer.jump(), Some(4000));
    peer.respond(&request, "200 OK", "b", "");
    assert_eq!(peer.jump(), Some(5000 + LINGER_SLACK), "timer K");
    assert_eq!(peer.jump(), None);
    assert!(matches!(peer.told()[..], [Event::Response { response: Some(_), .. }]));
}

#[test]
fn g_repeats_h_gives_up() {
    let mut peer = Peer::new(Transport::Udp);
    peer.feed(INVITE);
    let Some(Event::Invite { id, .. }) = peer.told().pop() else { panic!() };
    peer.endpoint.reject(peer.now, id, Reply::new(404));
    assert_eq!(pauses(&mut peer), [500, 1000, 2000, 4000, 4000, 4000, 4000, 4000, 4000, 4000, 500]);
    assert_eq!(peer.starts(), vec!["SIP/2.0 404 Not Found"; 11]);
    peer.assert_nothing_left();
}

#[test]
fn i_absorbs_repeated_acks() {
    let mut peer = Peer::new(Transport::Udp);
    peer.feed(INVITE);
    let Some(Event::Invite { id, .. }) = peer.told().pop() else { panic!() };
    peer.endpoint.reject(peer.now, id, Reply::new(404));
    let (_, refusal) = peer.one();
    for _ in 0..2 {
        peer.feed(&within(&refusal, "ACK", 10, "i1"));
    }
    assert_eq!(peer.endpoint.counts().totals.stray, 0);
    assert_eq!(pauses(&mut peer), [5000 + LINGER_SLACK]);
    peer.assert_nothing_left();
}

#[test]
fn j_answers_repeats() {
    let mut peer = Peer::new(Transport::Udp);
    let options = INVITE.replace("INVITE", "OPTIONS");
    peer.feed(&options);
    assert!(peer.sent().is_empty());
    peer.feed(&options);
    assert!(peer.sent().is_empty(), "not answered yet: nothing to repeat");
    let told = peer.told();
    let [Event::Request { transaction, .. }] = &told[..] else { panic!("{told:?}") };
    peer.endpoint.respond(peer.now, *transaction, Reply::new(200));
    let (_, ok) = peer.one();
    peer.feed(&options);
    assert_eq!(peer.one().1, ok);
    peer.endpoint.respond(peer.now, *transaction, Reply::new(500));
    assert!(peer.sent().is_empty(), "answered once");
    assert_eq!(pauses(&mut peer), [32000 + LINGER_SLACK]);
    peer.assert_nothing_left();
}

#[test]
fn trying_after_200_ms_or_with_the_first_repeat() {
    let mut peer = Peer::new(Transport::Udp);
    peer.feed(INVITE);
    assert_eq!(peer.jump(), Some(200));
    let (_, trying) = peer.one();
    assert!(trying.starts_with("SIP/2.0 100 Trying"));
    assert!(trying.contains("To: <sip:07040000001@192.0.2.1>\r\n"), "no tag of ours: {trying}");
    let other = INVITE.replace("i1", "i2").replace("one@", "two@");
    peer.feed(&other);
    peer.feed(&other);
    assert_eq!(peer.starts(), ["SIP/2.0 100 Trying"]);
    assert_eq!(peer.jump(), None, "100 went out before");
}

#[test]
fn l_absorbs_repeats_while_the_200_is_repeated_until_no_ack_ends() {
    let mut peer = Peer::new(Transport::Tcp);
    peer.feed(INVITE);
    let Some(Event::Invite { id, .. }) = peer.told().pop() else { panic!() };
    peer.endpoint.accept(peer.now, id, sdp("v=0"));
    peer.feed(INVITE);
    assert_eq!(peer.starts(), ["SIP/2.0 200 OK"], "the repeated INVITE is absorbed");
    peer.pass(32_000);
    let mut starts = peer.starts();
    let bye = starts.pop().unwrap();
    assert_eq!(starts, vec!["SIP/2.0 200 OK"; 10], "500 ms, doubled up to 4 s, over TCP too");
    assert!(bye.starts_with("BYE sip:carol@192.0.2.2"), "{bye}");
    assert!(matches!(peer.told()[..], [Event::Ended { cause: EndCause::NoAck, .. }]));
    peer.assert_nothing_left();
}

#[test]
fn m_repeats_the_ack_after_the_call_is_over_too() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, invite) = peer.call();
    peer.respond(&invite, "200 OK", "b", "Contact: <sip:bob@192.0.2.2>");
    let (_, ack) = peer.one();
    peer.endpoint.end(peer.now, id, None);
    let (_, bye) = peer.one();
    peer.respond(&bye, "200 OK", "b", "");
    peer.pass(31_000);
    peer.respond(&invite, "200 OK", "b", "Contact: <sip:bob@192.0.2.2>");
    assert_eq!(peer.one().1, ack);
    peer.pass(1000 + LINGER_SLACK);
    peer.respond(&invite, "200 OK", "b", "Contact: <sip:bob@192.0.2.2>");
    assert!(peer.sent().is_empty());
    peer.assert_nothing_left();
}

#[test]
fn c_ends_an_endless_ringing() {
    let mut peer = Peer::new(Transport::Udp);
    let (_, invite) = peer.call();
    peer.respond(&invite, "180 Ringing", "b", "");
    assert_eq!(peer.jump(), Some(185_000));
    assert!(peer.one().1.starts_with("CANCEL "));
    assert!(matches!(peer.told()[..], [Event::Rang { status: 180, .. }, Event::Refused { status: 408, .. }]));
    // Neither the CANCEL nor the INVITE is ever answered.
    peer.pass(32_000);
    assert_eq!(peer.endpoint.counts().invites, 0);
    peer.assert_nothing_left();
}

#[test]
fn silence_after_bye_frees_the_call() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, _) = accepted(&mut peer, INVITE);
    peer.endpoint.end(peer.now, id, None);
    peer.pass(32_000);
    assert_eq!(peer.endpoint.counts().invites, 0);
    assert!(matches!(peer.told()[..], [Event::Ended { cause: EndCause::Local, .. }]));
    peer.assert_nothing_left();
}
