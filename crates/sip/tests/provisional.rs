//! Reliable provisional responses and PRACK (RFC 3262), with every place an offer or answer may stand in.

use sip::{Event, Transport};

use crate::ladder::check;
use crate::net::{Net, sdp};
use crate::peer::{INVITE, Peer, value, with_sdp, within, words};

#[test]
fn early_media_is_acknowledged_and_the_200_has_no_second_answer() {
    check(
        |net| {
            let a = net.call();
            net.run(50);
            let b = net.sides[1].id.unwrap();
            net.sides[1].endpoint.ring(net.now, b, 183, Some(sdp("early")));
            net.run(50);
            net.sides[1].endpoint.accept(net.now, b, sdp("early"));
            net.run(100);
            assert_eq!(net.told(0), "Rang 183 early, Answered early");
            assert_eq!(net.told(1), "Invite, Confirmed");
            net.sides[0].endpoint.end(net.now, a, None);
        },
        "
        0.00 |--INVITE-------->|
        0.05 |<----183 INVITE--|
        0.06 |--PRACK--------->|
        0.07 |<-----200 PRACK--|
        0.10 |<----200 INVITE--|
        0.11 |--ACK----------->|
        0.20 |--BYE----------->|
        0.21 |<-------200 BYE--|
        ",
    );
}

#[test]
fn what_is_lost_is_repeated_and_told_once() {
    check(
        |net| {
            let a = net.call();
            net.run(50);
            let b = net.sides[1].id.unwrap();
            net.lose("183 INVITE");
            net.lose("PRACK");
            net.lose("200 PRACK");
            net.sides[1].endpoint.ring(net.now, b, 183, Some(sdp("early")));
            net.run(5000);
            assert_eq!(net.told(0), "Rang 183 early");
            net.sides[0].endpoint.end(net.now, a, None);
        },
        "
        0.00 |--INVITE-------->|
        0.05 |   X-183 INVITE--|
        0.50 |--INVITE-------->|
        0.51 |<----183 INVITE--|
        0.52 |--PRACK------X   |
        0.55 |<----183 INVITE--|
        1.02 |--PRACK--------->|
        1.03 |   X--200 PRACK--|
        2.02 |--PRACK--------->|
        2.03 |<-----200 PRACK--|
        5.05 |--CANCEL-------->|
        5.06 |<----200 CANCEL--|
        5.06 |<----487 INVITE--|
        5.07 |--ACK----------->|
        ",
    );
}

#[test]
fn later_responses_and_the_200_wait_for_the_prack() {
    check(
        |net| {
            let a = net.call();
            net.run(50);
            let b = net.sides[1].id.unwrap();
            net.lose("PRACK");
            net.sides[1].endpoint.ring(net.now, b, 183, Some(sdp("early")));
            net.sides[1].endpoint.ring(net.now, b, 180, None);
            net.run(15);
            net.sides[1].endpoint.accept(net.now, b, sdp("early"));
            net.run(985);
            assert_eq!(net.told(0), "Rang 183 early, Answered early");
            net.sides[0].endpoint.end(net.now, a, None);
        },
        "
        0.00 |--INVITE-------->|
        0.05 |<----183 INVITE--|
        0.06 |--PRACK------X   |
        0.55 |<----183 INVITE--|
        0.56 |--PRACK--------->|
        0.57 |<-----200 PRACK--|
        0.57 |<----200 INVITE--|
        0.58 |--ACK----------->|
        1.05 |--BYE----------->|
        1.06 |<-------200 BYE--|
        ",
    );
}

#[test]
fn ringing_goes_out_after_the_prack_of_early_media() {
    let mut net = Net::new(Transport::Udp);
    let a = net.call();
    net.run(50);
    let b = net.sides[1].id.unwrap();
    net.sides[1].endpoint.ring(net.now, b, 183, Some(sdp("early")));
    net.sides[1].endpoint.ring(net.now, b, 180, None);
    net.run(100);
    assert_eq!(net.told(0), "Rang 183 early, Rang 180");
    net.sides[0].endpoint.end(net.now, a, None);
    net.drain();
}

#[test]
fn late_offer_in_a_reliable_response_is_answered_in_the_prack() {
    check(
        |net| {
            let a = net.call_with(insists_without_offer);
            net.run(50);
            let b = net.sides[1].id.unwrap();
            net.sides[1].endpoint.ring(net.now, b, 183, Some(sdp("offer")));
            net.run(600);
            net.sides[0].endpoint.answer_offer(net.now, a, sdp("answer"));
            net.run(100);
            net.sides[1].endpoint.accept(net.now, b, sdp("offer"));
            net.run(100);
            assert_eq!(net.told(0), "Rang 183, Offer offer, Answered");
            assert_eq!(net.told(1), "Invite, OfferAnswered answer, Confirmed");
            net.sides[1].endpoint.end(net.now, b, None);
        },
        "
        0.00 |--INVITE-------->|
        0.05 |<----183 INVITE--|
        0.55 |<----183 INVITE--|
        0.65 |--PRACK--------->|
        0.66 |<-----200 PRACK--|
        0.75 |<----200 INVITE--|
        0.76 |--ACK----------->|
        0.85 |<-----------BYE--|
        0.86 |--200 BYE------->|
        ",
    );
}

/// Asks for our offer, and for provisional responses that are acknowledged.
fn insists_without_offer(invite: &mut sip::Invite) {
    invite.body = None;
    invite.headers.push(("Require", "100rel".to_owned()));
}

/// A caller without an offer gets ours with the 200, whatever was to go with the 183.
fn offered_with_the_200(reliable: bool) {
    let mut net = Net::new(Transport::Udp);
    let a = net.call_with(|invite| (invite.body, invite.reliable) = (None, reliable));
    net.run(50);
    let b = net.sides[1].id.unwrap();
    net.sides[1].endpoint.ring(net.now, b, 183, Some(sdp("offer")));
    net.run(50);
    assert_eq!(net.told(0), "Rang 183");
    net.sides[1].endpoint.accept(net.now, b, sdp("offer"));
    net.run(50);
    net.sides[0].endpoint.answer_offer(net.now, a, sdp("answer"));
    net.run(50);
    assert_eq!((net.told(0).as_str(), net.told(1).as_str()), ("Rang 183, Answered offer", "Invite, Confirmed answer"));
    net.sides[0].endpoint.end(net.now, a, None);
    net.drain();
}

#[test]
fn late_offer_waits_for_the_200_where_the_caller_merely_supports_reliable_responses() {
    offered_with_the_200(true);
}

#[test]
fn late_offer_of_a_response_that_may_be_lost_is_none() {
    offered_with_the_200(false);
}

#[test]
fn refused_late_offer_ends_the_call() {
    let mut net = Net::new(Transport::Udp);
    let a = net.call_with(insists_without_offer);
    net.run(50);
    let b = net.sides[1].id.unwrap();
    net.sides[1].endpoint.ring(net.now, b, 183, Some(sdp("offer")));
    net.run(50);
    net.sides[0].endpoint.refuse_offer(net.now, a, 488);
    net.run(100);
    assert_eq!(net.told(0), "Rang 183, Offer offer, Ended Local");
    assert_eq!(net.told(1), "Invite, Ended Cancelled");
    net.drain();
}

#[test]
fn a_caller_that_requires_it_gets_each_response_reliably() {
    let mut peer = Peer::new(Transport::Udp);
    peer.feed(&format!("{INVITE}\nRequire: 100rel"));
    let Some(Event::Invite { id, .. }) = peer.told().pop() else { panic!() };
    peer.endpoint.ring(peer.now, id, 180, None);
    let (_, ringing) = peer.one();
    assert_eq!(value(&ringing, "Require"), "100rel");
    let rseq: u32 = value(&ringing, "RSeq").parse().unwrap();
    for (cseq, wrong) in
        [format!("{} 10 INVITE", rseq + 1), format!("{rseq} 9 INVITE"), "x".to_owned()].iter().enumerate()
    {
        let prack = within(&ringing, "PRACK", 11 + cseq as u32, &format!("w{cseq}"));
        peer.feed(&format!("{prack}\nRAck: {wrong}"));
        assert_eq!(peer.starts(), ["SIP/2.0 481 Call/Transaction Does Not Exist"]);
    }
    peer.feed(&format!("{}\nRAck: {rseq} 10 INVITE", within(&ringing, "PRACK", 14, "p1")));
    assert_eq!(peer.starts(), ["SIP/2.0 200 OK"]);
    peer.feed(&format!("{}\nRAck: {rseq} 10 INVITE", within(&ringing, "PRACK", 15, "p2")));
    assert_eq!(peer.starts(), ["SIP/2.0 481 Call/Transaction Does Not Exist"], "acknowledged before");
    peer.endpoint.ring(peer.now, id, 183, None);
    let (_, progress) = peer.one();
    assert_eq!(value(&progress, "RSeq").parse(), Ok(rseq + 1));
    // Nothing of it was a description: the 200 need not wait, and the PRACK may come after it.
    peer.endpoint.accept(peer.now, id, sdp("answer"));
    let (_, ok) = peer.one();
    assert!(ok.starts_with("SIP/2.0 200 OK") && ok.ends_with("answer"), "{ok}");
    peer.feed(&format!("{}\nRAck: {} 10 INVITE", within(&progress, "PRACK", 16, "p3"), rseq + 1));
    assert_eq!(peer.starts(), ["SIP/2.0 200 OK"]);
    peer.feed(&within(&ok, "ACK", 10, "a"));
    assert_eq!(words(peer.told()), ["Confirmed"]);
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}

#[test]
fn a_caller_that_cannot_gets_them_as_ever() {
    let mut peer = Peer::new(Transport::Udp);
    peer.feed(&with_sdp(INVITE, "v=0"));
    let Some(Event::Invite { id, .. }) = peer.told().pop() else { panic!() };
    peer.endpoint.ring(peer.now, id, 183, Some(sdp("early")));
    let (_, progress) = peer.one();
    assert!(!progress.contains("RSeq") && progress.ends_with("early"), "{progress}");
    peer.endpoint.accept(peer.now, id, sdp("early"));
    assert!(peer.one().1.ends_with("early"), "an answer that may be lost is given again");
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}

#[test]
fn without_prack_the_call_is_refused() {
    let mut peer = Peer::new(Transport::Tcp);
    peer.feed(&with_sdp(&format!("{INVITE}\nSupported: 100rel"), "v=0"));
    let Some(Event::Invite { id, .. }) = peer.told().pop() else { panic!() };
    peer.endpoint.ring(peer.now, id, 183, Some(sdp("early")));
    peer.endpoint.accept(peer.now, id, sdp("early"));
    assert_eq!(peer.starts(), ["SIP/2.0 183 Session Progress"]);
    peer.pass(31_999);
    assert_eq!(peer.starts().len(), 6, "at 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s, over TCP too");
    peer.pass(1);
    assert_eq!(peer.starts(), ["SIP/2.0 504 Server Time-out"]);
    assert_eq!(words(peer.told()), ["Ended Timeout"]);
    peer.assert_nothing_left();
}

#[test]
fn repeated_and_skipped_numbers_are_not_acknowledged() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, invite) = peer.call();
    let mut rang = |status: &str, rseq: u32| {
        peer.respond(&invite, status, "b", &format!("Contact: <sip:b@192.0.2.2>\nRequire: 100rel\nRSeq: {rseq}"));
        let sent = peer.sent();
        let racks: Vec<String> = sent.iter().map(|text| value(text, "RAck").to_owned()).collect();
        (racks.join(","), words(peer.told()).join(","))
    };
    assert_eq!(rang("183 Session Progress", 700), ("700 1 INVITE".into(), "Rang 183".into()));
    assert_eq!(rang("183 Session Progress", 700), (String::new(), String::new()), "again");
    assert_eq!(rang("180 Ringing", 702), (String::new(), String::new()), "701 is missing");
    assert_eq!(rang("180 Ringing", 701), ("701 1 INVITE".into(), "Rang 180".into()));
    assert_eq!(rang("180 Ringing", 702), ("702 1 INVITE".into(), "Rang 180".into()));
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}

#[test]
fn offer_in_a_prack_is_answered_in_its_200() {
    let mut peer = Peer::new(Transport::Udp);
    peer.feed(&with_sdp(&format!("{INVITE}\nSupported: 100rel"), "v=0"));
    let Some(Event::Invite { id, .. }) = peer.told().pop() else { panic!() };
    peer.endpoint.ring(peer.now, id, 183, Some(sdp("early")));
    let (_, progress) = peer.one();
    let rack = format!("RAck: {} 10 INVITE", value(&progress, "RSeq"));
    peer.feed(&with_sdp(&format!("{}\n{rack}", within(&progress, "PRACK", 11, "p")), "other"));
    assert_eq!(words(peer.told()), ["Offer other"]);
    assert!(peer.sent().is_empty());
    peer.endpoint.answer_offer(peer.now, id, sdp("to other"));
    let (_, ok) = peer.one();
    assert!(ok.starts_with("SIP/2.0 200 OK") && ok.contains("CSeq: 11 PRACK") && ok.ends_with("to other"), "{ok}");
    peer.endpoint.accept(peer.now, id, sdp("early"));
    let (_, ok) = peer.one();
    assert!(ok.contains("CSeq: 10 INVITE") && ok.contains("Content-Length: 0"), "{ok}");
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}

#[test]
fn hang_up_while_a_prack_waits_for_its_answer() {
    let mut peer = Peer::new(Transport::Udp);
    peer.feed(&with_sdp(&format!("{INVITE}\nSupported: 100rel"), "v=0"));
    let Some(Event::Invite { id, .. }) = peer.told().pop() else { panic!() };
    peer.endpoint.ring(peer.now, id, 183, Some(sdp("early")));
    let (_, progress) = peer.one();
    let rack = format!("RAck: {} 10 INVITE", value(&progress, "RSeq"));
    peer.feed(&with_sdp(&format!("{}\n{rack}", within(&progress, "PRACK", 11, "p")), "other"));
    peer.endpoint.end(peer.now, id, None);
    assert_eq!(peer.starts(), ["SIP/2.0 480 Temporarily Unavailable", "SIP/2.0 487 Request Terminated"]);
    peer.assert_nothing_left();
}

#[test]
fn what_is_required_must_be_known() {
    let mut peer = Peer::new(Transport::Udp);
    peer.feed(&format!("{INVITE}\nRequire: 100rel, timer, Replaces, norefersub, foo, bar"));
    let (_, refusal) = peer.one();
    assert!(refusal.starts_with("SIP/2.0 420"), "{refusal}");
    assert_eq!(value(&refusal, "Unsupported"), "foo, bar");
}
