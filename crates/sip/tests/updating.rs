//! UPDATE before the answer and after it, both ways, and what stands in its way (RFC 3311).

use sip::{Event, Transport};

use crate::ladder::check;
use crate::net::{Net, sdp};
use crate::peer::{INVITE, Peer, accepted, of_callee, value, with_sdp, within, words};

/// A call with reliable early media.
fn early(net: &mut Net) -> (sip::InviteId, sip::InviteId) {
    let a = net.call();
    net.run(50);
    let b = net.sides[1].id.unwrap();
    net.sides[1].endpoint.ring(net.now, b, 183, Some(sdp("early")));
    net.run(50);
    (a, b)
}

#[test]
fn both_sides_change_before_the_answer() {
    check(
        |net| {
            let (a, b) = early(net);
            net.sides[0].endpoint.change(net.now, a, sdp("a 2"));
            net.run(50);
            net.sides[1].endpoint.answer_offer(net.now, b, sdp("to a 2"));
            net.run(50);
            net.sides[1].endpoint.change(net.now, b, sdp("b 2"));
            net.run(50);
            net.sides[0].endpoint.answer_offer(net.now, a, sdp("to b 2"));
            net.run(50);
            net.sides[1].endpoint.accept(net.now, b, sdp("early"));
            net.run(50);
            assert_eq!(net.told(0), "Rang 183 early, OfferAnswered to a 2, Offer b 2, Answered");
            assert_eq!(net.told(1), "Invite, Offer a 2, OfferAnswered to b 2, Confirmed");
            net.sides[0].endpoint.end(net.now, a, None);
        },
        "
        0.00 |--INVITE-------->|
        0.05 |<----183 INVITE--|
        0.06 |--PRACK--------->|
        0.07 |<-----200 PRACK--|
        0.10 |--UPDATE-------->|
        0.15 |<----200 UPDATE--|
        0.20 |<--------UPDATE--|
        0.25 |--200 UPDATE---->|
        0.30 |<----200 INVITE--|
        0.31 |--ACK----------->|
        0.35 |--BYE----------->|
        0.36 |<-------200 BYE--|
        ",
    );
}

#[test]
fn both_at_once_is_glare() {
    let mut net = Net::new(Transport::Udp);
    let (a, b) = early(&mut net);
    net.sides[0].endpoint.change(net.now, a, sdp("a 2"));
    net.sides[1].endpoint.change(net.now, b, sdp("b 2"));
    net.run(25);
    assert!(net.ladder.contains("|--491 UPDATE---->|") && net.ladder.contains("|<----491 UPDATE--|"), "{}", net.ladder);
    // The callee waits less.
    net.run(2000);
    assert_eq!(net.told(0), "Rang 183 early, Offer b 2");
    net.sides[0].endpoint.answer_offer(net.now, a, sdp("to b 2"));
    net.run(5000);
    assert_eq!(net.told(1), "Invite, OfferAnswered to b 2, Offer a 2");
    net.sides[1].endpoint.answer_offer(net.now, b, sdp("to a 2"));
    net.run(100);
    assert_eq!(net.told(0), "Rang 183 early, Offer b 2, OfferAnswered to a 2");
    net.sides[0].endpoint.end(net.now, a, None);
    net.drain();
}

#[test]
fn a_change_that_may_not_be_early_waits_for_the_answer() {
    check(
        |net| {
            let a = net.call();
            net.run(50);
            let b = net.sides[1].id.unwrap();
            net.sides[0].endpoint.change(net.now, a, sdp("hold"));
            net.sides[1].endpoint.ring(net.now, b, 180, None);
            net.run(50);
            net.sides[1].endpoint.accept(net.now, b, sdp("answer"));
            net.run(50);
            net.sides[1].endpoint.answer_offer(net.now, b, sdp("held"));
            net.run(50);
            assert_eq!(net.told(0), "Rang 180, Answered answer, OfferAnswered held");
            net.sides[0].endpoint.end(net.now, a, None);
        },
        "
        0.00 |--INVITE-------->|
        0.05 |<----180 INVITE--|
        0.10 |<----200 INVITE--|
        0.11 |--ACK----------->|
        0.11 |--INVITE-------->|
        0.15 |<----200 INVITE--|
        0.16 |--ACK----------->|
        0.20 |--BYE----------->|
        0.21 |<-------200 BYE--|
        ",
    );
}

#[test]
fn a_peer_that_refuses_update_gets_a_reinvite_later() {
    for refusal in ["405 Method Not Allowed", "501 Not Implemented"] {
        let mut peer = Peer::new(Transport::Udp);
        let (id, invite) = peer.call();
        let lines = "Contact: <sip:b@192.0.2.2>\nAllow: INVITE, UPDATE\nRequire: 100rel\nRSeq: 1";
        peer.respond(&invite, "183 Session Progress", "b", &with_sdp(lines, "early"));
        let (_, prack) = peer.one();
        peer.respond(&prack, "200 OK", "b", "");
        peer.endpoint.change(peer.now, id, sdp("hold"));
        let (_, update) = peer.one();
        assert!(update.starts_with("UPDATE sip:b@192.0.2.2") && update.ends_with("hold"), "{update}");
        peer.respond(&update, refusal, "b", "");
        assert!(peer.sent().is_empty());
        peer.respond(&invite, "200 OK", "b", "Contact: <sip:b@192.0.2.2>");
        let sent = peer.sent();
        assert!(sent[0].starts_with("ACK") && sent[1].starts_with("INVITE") && sent[1].ends_with("hold"), "{sent:?}");
        assert_eq!(value(&sent[1], "CSeq"), "4 INVITE");
        assert_eq!(words(peer.told()), ["Rang 183 early", "Answered early"]);
        peer.endpoint.end(peer.now, id, None);
        peer.assert_nothing_left();
    }
}

#[test]
fn an_update_that_comes_too_early_may_come_again() {
    let mut peer = Peer::new(Transport::Udp);
    peer.feed(&with_sdp(&format!("{INVITE}\nSupported: 100rel"), "v=0"));
    let Some(Event::Invite { id, .. }) = peer.told().pop() else { panic!() };
    peer.endpoint.ring(peer.now, id, 180, None);
    let (_, ringing) = peer.one();
    peer.feed(&with_sdp(&within(&ringing, "UPDATE", 11, "u1"), "other"));
    let (_, busy) = peer.one();
    assert!(busy.starts_with("SIP/2.0 500") && value(&busy, "Retry-After").parse::<u32>().unwrap() < 10, "{busy}");
    peer.feed(&with_sdp(&within(&ringing, "INVITE", 12, "r1"), "other"));
    assert!(peer.one().1.starts_with("SIP/2.0 500"), "a re-INVITE before the answer to the first");
    peer.endpoint.ring(peer.now, id, 183, Some(sdp("early")));
    let (_, progress) = peer.one();
    let rack = format!("RAck: {} 10 INVITE", value(&progress, "RSeq"));
    peer.feed(&format!("{}\n{rack}", within(&progress, "PRACK", 13, "p")));
    peer.sent();
    peer.feed(&with_sdp(&within(&ringing, "UPDATE", 14, "u2"), "other"));
    assert_eq!(words(peer.told()), ["Offer other"]);
    peer.feed(&with_sdp(&within(&ringing, "UPDATE", 15, "u3"), "more"));
    assert!(peer.one().1.starts_with("SIP/2.0 500"), "one after the other");
    peer.endpoint.refuse_offer(peer.now, id, 488);
    assert_eq!(peer.starts(), ["SIP/2.0 488 Not Acceptable Here"]);
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}

#[test]
fn our_offer_waits_as_long_as_the_peer_asks() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, ok) = accepted(&mut peer, INVITE);
    peer.endpoint.reinvite(peer.now, id, Some(sdp("hold")));
    let (_, invite) = peer.one();
    peer.respond(&invite, "500 Server Internal Error", "c1", "Retry-After: 7 (in a moment);duration=3");
    assert_eq!(peer.starts().len(), 1, "the ACK");
    peer.pass(6_999);
    assert!(peer.sent().is_empty());
    peer.pass(1);
    let (_, again) = peer.one();
    assert!(again.starts_with("INVITE") && again.ends_with("hold"));
    peer.respond(&again, "500 Server Internal Error", "c1", "Retry-After: 3600");
    assert_eq!(words(peer.told()), ["OfferRefused 500"], "that is no moment");
    peer.sent();
    // An offer of ours that waits for its answer and one of the peer's meet: 491.
    peer.endpoint.reinvite(peer.now, id, Some(sdp("hold")));
    peer.sent();
    peer.feed(&with_sdp(&within(&ok, "UPDATE", 20, "u1"), "other"));
    assert!(peer.one().1.starts_with("SIP/2.0 491"));
    peer.feed(&within(&ok, "UPDATE", 21, "u2"));
    assert!(peer.one().1.starts_with("SIP/2.0 200"), "without an offer it does no harm");
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}

#[test]
fn nobody_answers_an_early_update() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, invite) = peer.call();
    let lines = "Contact: <sip:b@192.0.2.2>\nAllow: INVITE, UPDATE\nRequire: 100rel\nRSeq: 1";
    peer.respond(&invite, "183 Session Progress", "b", &with_sdp(lines, "early"));
    let (_, prack) = peer.one();
    peer.respond(&prack, "200 OK", "b", "");
    peer.endpoint.change(peer.now, id, sdp("hold"));
    peer.pass(32_000);
    assert_eq!(words(peer.told()), ["Rang 183 early", "OfferRefused 408"], "the INVITE tells what becomes of the call");
    peer.respond(&invite, "486 Busy Here", "b", "");
    assert_eq!(words(peer.told()), ["Refused 486"]);
    peer.feed(&of_callee(&invite, "b", "UPDATE", 9, "u9"));
    assert!(peer.starts().iter().any(|start| start.starts_with("SIP/2.0 481")));
    peer.assert_nothing_left();
}
