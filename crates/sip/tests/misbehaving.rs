//! Peers that do what no RFC says, as seen in the field: each is answered, and nothing of it stays.

use std::time::Duration;

use sip::{Event, Transport};

use crate::net::sdp;
use crate::peer::{INVITE, Peer, accepted, of_callee, value, with_sdp, within, words};

#[test]
fn lower_numbers_are_refused() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, ok) = accepted(&mut peer, INVITE);
    for (method, cseq) in [("UPDATE", 10), ("BYE", 9), ("INVITE", 1)] {
        peer.feed(&within(&ok, method, cseq, &format!("n{cseq}")));
        assert_eq!(peer.starts(), ["SIP/2.0 500 Server Internal Error"], "{method} {cseq}");
    }
    assert!(peer.told().is_empty());
    peer.feed(&within(&ok, "OPTIONS", 900_000, "far"));
    assert_eq!(peer.starts(), ["SIP/2.0 200 OK"], "gaps are allowed");
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}

#[test]
fn bye_twice() {
    let mut peer = Peer::new(Transport::Udp);
    let (_, ok) = accepted(&mut peer, INVITE);
    peer.feed(&within(&ok, "BYE", 11, "b1"));
    assert_eq!(peer.starts(), ["SIP/2.0 200 OK"]);
    peer.feed(&within(&ok, "BYE", 12, "b2"));
    assert_eq!(peer.starts(), ["SIP/2.0 481 Call/Transaction Does Not Exist"]);
    assert_eq!(words(peer.told()), ["Ended Bye"]);
    peer.assert_nothing_left();
}

#[test]
fn a_200_long_after_the_cancel() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, invite) = peer.call();
    peer.respond(&invite, "180 Ringing", "b", "Contact: <sip:b@192.0.2.2>");
    peer.endpoint.end(peer.now, id, None);
    let (_, cancel) = peer.one();
    peer.respond(&cancel, "200 OK", "b", "");
    peer.pass(20_000);
    peer.respond(&invite, "200 OK", "b", "Contact: <sip:b@192.0.2.2>");
    let starts = peer.starts();
    assert_eq!(starts, ["ACK sip:b@192.0.2.2 SIP/2.0", "BYE sip:b@192.0.2.2 SIP/2.0"]);
    assert_eq!(words(peer.told()), ["Rang 180", "Ended Local"]);
    peer.assert_nothing_left();
}

#[test]
fn a_200_long_after_the_cancel_ends_at_once() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, invite) = peer.call();
    peer.respond(&invite, "180 Ringing", "b", "");
    peer.endpoint.end(peer.now, id, None);
    peer.pass(40_000);
    peer.sent();
    peer.respond(&invite, "200 OK", "b", "Contact: <sip:b@192.0.2.2>");
    let ended = ["ACK sip:b@192.0.2.2 SIP/2.0", "BYE sip:b@192.0.2.2 SIP/2.0"];
    assert_eq!(peer.starts(), ended);
    // Its repeat is acknowledged again, no more.
    peer.respond(&invite, "200 OK", "b", "Contact: <sip:b@192.0.2.2>");
    assert_eq!(peer.starts(), ended[..1]);
    assert_eq!(words(peer.told()), ["Rang 180", "Ended Local"]);
    peer.assert_nothing_left();
}

#[test]
fn a_peer_that_wakes_up_after_timer_b_is_left_neither_ringing_nor_talking() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let mut peer = Peer::new(transport);
        let (_, invite) = peer.call();
        peer.pass(40_000);
        peer.sent();
        assert_eq!(words(peer.told()), ["Refused 408"]);
        peer.respond(&invite, "180 Ringing", "b", "Contact: <sip:b@192.0.2.2>");
        let (_, cancel) = peer.one();
        assert!(cancel.starts_with("CANCEL sip:bob@192.0.2.2 SIP/2.0"), "{cancel}");
        assert_eq!(value(&cancel, "Via"), value(&invite, "Via"));
        peer.respond(&cancel, "200 OK", "b", "");
        peer.respond(&invite, "180 Ringing", "b", "Contact: <sip:b@192.0.2.2>");
        assert!(peer.sent().is_empty(), "once is enough");
        peer.respond(&invite, "487 Request Terminated", "b", "");
        let (_, ack) = peer.one();
        assert!(ack.starts_with("ACK sip:bob@192.0.2.2 SIP/2.0"), "{ack}");
        assert_eq!((value(&ack, "Via"), value(&ack, "CSeq")), (value(&invite, "Via"), "1 ACK"));
        assert!(peer.told().is_empty());
        peer.assert_nothing_left();
        // Another one picks up at once.
        let (_, invite) = peer.call();
        peer.pass(40_000);
        peer.sent();
        peer.respond(&invite, "200 OK", "b", "Contact: <sip:b@192.0.2.2>");
        assert_eq!(peer.starts(), ["ACK sip:b@192.0.2.2 SIP/2.0", "BYE sip:b@192.0.2.2 SIP/2.0"]);
        assert_eq!(words(peer.told()), ["Refused 408"]);
        peer.assert_nothing_left();
    }
}

#[test]
fn a_200_after_all_that_is_kept_of_an_invite() {
    let mut peer = Peer::new(Transport::Udp);
    let (_, invite) = peer.call();
    peer.pass(70_000);
    peer.sent();
    peer.respond(&invite, "200 OK", "b", "Contact: <sip:b@192.0.2.2>");
    assert!(peer.sent().is_empty(), "its transaction is gone");
    assert_eq!(peer.endpoint.counts().totals.stray, 1);
    peer.assert_nothing_left();
}

#[test]
fn cancel_after_the_200() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, ok) = accepted(&mut peer, INVITE);
    peer.feed(&INVITE.replace("INVITE", "CANCEL"));
    assert_eq!(peer.starts(), ["SIP/2.0 200 OK"]);
    assert!(peer.told().is_empty(), "the call stays");
    peer.feed(&within(&ok, "OPTIONS", 11, "o"));
    assert_eq!(peer.starts(), ["SIP/2.0 200 OK"]);
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}

#[test]
fn a_storm_of_reinvites() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, ok) = accepted(&mut peer, INVITE);
    for cseq in 11..511 {
        peer.feed(&with_sdp(&within(&ok, "INVITE", cseq, &format!("s{cseq}")), "again"));
    }
    assert_eq!(words(peer.told()), ["Offer again"], "one at a time");
    let sent = peer.sent();
    assert_eq!(sent.len(), 499);
    assert!(sent.iter().all(|text| text.starts_with("SIP/2.0 500") && text.contains("Retry-After: ")));
    assert_eq!(peer.endpoint.counts().server_transactions, 501);
    peer.endpoint.answer_offer(peer.now, id, sdp("ok"));
    assert!(peer.one().1.contains("CSeq: 11 INVITE"));
    // Before its ACK another one is glare, and tables that are full take none at all.
    for cseq in 511..3000 {
        peer.feed(&with_sdp(&within(&ok, "INVITE", cseq, &format!("s{cseq}")), "again"));
    }
    assert!(peer.endpoint.counts().server_transactions <= 1000);
    assert!(peer.endpoint.counts().totals.overload > 0);
    assert!(peer.told().is_empty());
    peer.feed(&within(&ok, "BYE", 4000, "bye"));
    assert_eq!(words(peer.told()), ["Ended Bye"], "the way out stays open");
    peer.assert_nothing_left();
}

#[test]
fn the_ack_is_lost_and_the_peer_talks_on() {
    let mut peer = Peer::new(Transport::Udp);
    peer.feed(INVITE);
    let Some(Event::Invite { id, .. }) = peer.told().pop() else { panic!() };
    peer.endpoint.accept(peer.now, id, sdp("v=0"));
    let (_, ok) = peer.one();
    peer.feed(&with_sdp(&within(&ok, "UPDATE", 11, "u"), "hold"));
    assert!(peer.one().1.starts_with("SIP/2.0 491"));
    peer.pass(5_000);
    assert!(peer.starts().iter().all(|start| start == "SIP/2.0 200 OK"));
    peer.feed(&within(&ok, "ACK", 10, "a"));
    assert_eq!(words(peer.told()), ["Confirmed"]);
    peer.feed(&within(&ok, "ACK", 9, "a9"));
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}

#[test]
fn a_200_without_contact_and_without_tag() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, invite) = peer.call();
    peer.respond(&invite, "200 OK", "b", "");
    assert_eq!(peer.starts(), ["ACK sip:bob@192.0.2.2 SIP/2.0"], "what was called");
    peer.endpoint.end(peer.now, id, None);
    let (_, bye) = peer.one();
    assert!(bye.starts_with("BYE sip:bob@192.0.2.2"));
    peer.respond(&bye, "200 OK", "b", "");
    let (id, invite) = peer.call();
    let untagged = |peer: &mut Peer, request: &str, status: &str| {
        let lines: Vec<&str> = request
            .lines()
            .filter(|l| ["Via", "From", "To", "Call-ID", "CSeq"].contains(&l.split(':').next().unwrap()))
            .collect();
        peer.feed(&format!("SIP/2.0 {status}\n{}", lines.join("\n")));
    };
    untagged(&mut peer, &invite, "180 Ringing");
    untagged(&mut peer, &invite, "200 OK");
    assert_eq!(peer.starts(), ["ACK sip:bob@192.0.2.2 SIP/2.0"], "a peer of RFC 2543");
    assert_eq!(words(peer.told()), ["Answered", "Ended Local", "Rang 180", "Answered"]);
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}

#[test]
fn notify_from_nowhere() {
    let mut peer = Peer::new(Transport::Udp);
    peer.feed(&format!("{}\nEvent: message-summary", INVITE.replace("INVITE", "NOTIFY")));
    assert_eq!(peer.starts(), ["SIP/2.0 481 Call/Transaction Does Not Exist"]);
    let (id, ok) = accepted(&mut peer, &INVITE.replace("i1", "i2"));
    peer.feed(&format!("{}\nEvent: refer", within(&ok, "NOTIFY", 11, "n")));
    assert_eq!(peer.starts(), ["SIP/2.0 481 Call/Transaction Does Not Exist"]);
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}

#[test]
fn bye_in_an_early_dialog() {
    // Of the caller: it may.
    let mut peer = Peer::new(Transport::Udp);
    peer.feed(INVITE);
    let Some(Event::Invite { id, .. }) = peer.told().pop() else { panic!() };
    peer.endpoint.ring(peer.now, id, 180, None);
    let (_, ringing) = peer.one();
    peer.feed(&within(&ringing, "BYE", 11, "b"));
    assert_eq!(peer.starts(), ["SIP/2.0 200 OK", "SIP/2.0 487 Request Terminated"]);
    assert_eq!(words(peer.told()), ["Ended Bye"]);
    // Of the callee: it must not (RFC 3261 15); the call rings on.
    let (id, invite) = peer.call();
    peer.respond(&invite, "180 Ringing", "b", "Contact: <sip:b@192.0.2.2>");
    peer.feed(&of_callee(&invite, "b", "BYE", 1, "b2"));
    assert_eq!(peer.starts(), ["SIP/2.0 481 Call/Transaction Does Not Exist"]);
    peer.respond(&invite, "200 OK", "b", "Contact: <sip:b@192.0.2.2>");
    assert_eq!(words(peer.told()), ["Rang 180", "Answered"]);
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}

#[test]
fn prack_without_a_reliable_response() {
    let mut peer = Peer::new(Transport::Udp);
    peer.feed(INVITE);
    let Some(Event::Invite { id, .. }) = peer.told().pop() else { panic!() };
    peer.endpoint.ring(peer.now, id, 180, None);
    let (_, ringing) = peer.one();
    for (cseq, rack) in ["RAck: 1 10 INVITE", "RAck: 0 0 INVITE", "X: y"].iter().enumerate() {
        peer.feed(&format!("{}\n{rack}", within(&ringing, "PRACK", 11 + cseq as u32, &format!("p{cseq}"))));
        assert_eq!(peer.starts(), ["SIP/2.0 481 Call/Transaction Does Not Exist"]);
    }
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}

#[test]
fn reliable_responses_without_end() {
    let mut peer = Peer::new(Transport::Udp);
    let (_, invite) = peer.call();
    for rseq in 1..200 {
        let lines = format!("Contact: <sip:b@192.0.2.2>\nRequire: 100rel\nRSeq: {rseq}");
        peer.respond(&invite, "183 Session Progress", "b", &lines);
        let (_, prack) = peer.one();
        assert_eq!(value(&prack, "RAck"), format!("{rseq} 1 INVITE"));
        peer.respond(&prack, "200 OK", "b", "");
    }
    peer.pass(185_000);
    assert_eq!(peer.starts(), ["CANCEL sip:bob@192.0.2.2 SIP/2.0"]);
    assert!(words(peer.told()).contains(&"Refused 408".to_owned()), "it rang long enough");
    peer.assert_nothing_left();
}

#[test]
fn responses_that_end_nothing() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, invite) = peer.call();
    peer.respond(&invite, "200 OK", "b", "Contact: <sip:b@192.0.2.2>");
    peer.sent();
    // A refusal after the 200 is of no meaning, nor is a provisional response.
    peer.respond(&invite, "486 Busy Here", "b", "");
    peer.respond(&invite, "183 Session Progress", "b", "Require: 100rel\nRSeq: 1");
    assert!(peer.sent().is_empty());
    assert_eq!(words(peer.told()), ["Answered"]);
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}

#[test]
fn where_else_to_try() {
    let mut peer = Peer::new(Transport::Udp);
    let (_, invite) = peer.call();
    let lines = "Contact: <sip:low@h>;q=0.1, \"x\" <sip:top@h;user=phone>;q=0.9\nContact: sip:first@h\nContact: <sip:mid@h>;q=0.5";
    peer.respond(&invite, "302 Moved Temporarily", "b", lines);
    peer.sent();
    let told = peer.told();
    let [Event::Refused { status: 302, contacts, retry_after: None, .. }] = &told[..] else { panic!("{told:?}") };
    assert_eq!(contacts[..], ["sip:first@h", "sip:top@h;user=phone", "sip:mid@h", "sip:low@h"]);
    let (_, invite) = peer.call();
    peer.respond(&invite, "503 Service Unavailable", "b", "Contact: <sip:x@h>\nRetry-After: 120 (busy)");
    peer.sent();
    let told = peer.told();
    let [Event::Refused { status: 503, contacts, retry_after: Some(120), .. }] = &told[..] else { panic!("{told:?}") };
    assert!(contacts.is_empty());
    let many: Vec<String> = (0..50).map(|n| format!("<sip:{n}@h>")).collect();
    let (_, invite) = peer.call();
    peer.respond(&invite, "300 Multiple Choices", "b", &format!("Contact: {}\nRetry-After: soon", many.join(", ")));
    let told = peer.told();
    let [.., Event::Refused { contacts, retry_after: None, .. }] = &told[..] else { panic!("{told:?}") };
    assert_eq!(contacts.len(), 8);
    peer.assert_nothing_left();
}

#[test]
fn a_call_that_rings_for_ever_ends() {
    let mut peer = Peer::new(Transport::Udp);
    let (_, invite) = peer.call();
    let start = peer.now;
    while peer.endpoint.counts().invites > 0 {
        peer.respond(&invite, "180 Ringing", "b", "");
        peer.pass(60_000);
        peer.sent();
        assert!(peer.now - start < Duration::from_secs(400), "timer C does not begin anew");
    }
    peer.assert_nothing_left();
}
