//! Session timers: who refreshes, how, and what ends without (RFC 4028).

use sip::{EndCause, Event, Transport};

use crate::ladder::check;
use crate::net::{Net, sdp};
use crate::peer::{INVITE, Peer, accepted, value, with_sdp, within, words};

/// A call of ours, answered with these header lines; its id.
fn answered(peer: &mut Peer, lines: &str) -> sip::InviteId {
    let (id, invite) = peer.call();
    assert_eq!((value(&invite, "Session-Expires"), value(&invite, "Min-SE")), ("1800", "90"));
    peer.respond(&invite, "200 OK", "b", &with_sdp(&format!("Contact: <sip:b@192.0.2.2>\n{lines}"), "answer"));
    assert_eq!(peer.starts(), ["ACK sip:b@192.0.2.2 SIP/2.0"]);
    peer.told();
    id
}

#[test]
fn the_callee_refreshes_by_update_at_half_time() {
    let mut net = Net::new(Transport::Udp);
    let (a, _) = net.up();
    net.run(3_000_000);
    assert_eq!((net.told(0), net.told(1)), (String::new(), String::new()), "nobody is told");
    let expected = "
899.90 |<--------UPDATE--|
899.91 |--200 UPDATE---->|
1799.92 |<--------UPDATE--|
1799.93 |--200 UPDATE---->|
2699.94 |<--------UPDATE--|
2699.95 |--200 UPDATE---->|";
    let plain = |text: &str| text.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>();
    assert_eq!(plain(net.ladder.trim()), plain(expected.trim()), "{}", net.ladder);
    net.sides[0].endpoint.end(net.now, a, None);
    net.drain();
}

#[test]
fn a_peer_that_vanished_is_found_out() {
    let mut net = Net::new(Transport::Udp);
    net.up();
    net.is_cut = true;
    net.run(1_800_000);
    assert_eq!((net.told(0).as_str(), net.told(1).as_str()), ("Ended SessionExpired", "Ended SessionExpired"));
    net.drain();
}

#[test]
fn vanished_on_hold() {
    let mut net = Net::new(Transport::Udp);
    let (a, b) = net.up();
    net.sides[0].endpoint.reinvite(net.now, a, Some(sdp("inactive")));
    net.run(50);
    net.sides[1].endpoint.answer_offer(net.now, b, sdp("inactive"));
    net.run(50);
    net.is_cut = true;
    net.run(1_800_000);
    assert_eq!(net.told(1), "Offer inactive, Ended SessionExpired");
    net.drain();
}

#[test]
fn a_caller_without_timers_is_asked_all_the_same() {
    let mut peer = Peer::new(Transport::Udp);
    let (_, ok) = accepted(&mut peer, &with_sdp(INVITE, "offer"));
    assert!(!ok.contains("Session-Expires"), "{ok}");
    peer.pass(899_999);
    assert!(peer.sent().is_empty());
    peer.pass(1);
    let (_, again) = peer.one();
    assert!(again.starts_with("INVITE sip:carol@192.0.2.2") && again.ends_with("v=0"), "what stands: {again}");
    assert_eq!(value(&again, "Session-Expires"), "1800;refresher=uac");
    peer.respond(&again, "200 OK", "c1", &with_sdp("Contact: <sip:carol@192.0.2.2>", "offer"));
    assert_eq!(peer.starts(), ["ACK sip:carol@192.0.2.2 SIP/2.0"]);
    assert!(peer.told().is_empty(), "the same description is no news");
    peer.pass(900_000);
    let (_, again) = peer.one();
    peer.respond(&again, "200 OK", "c1", &with_sdp("Contact: <sip:carol@192.0.2.2>", "other"));
    peer.sent();
    assert_eq!(words(peer.told()), ["OfferAnswered other"], "another one is");
    // Refusing is a sign of life.
    peer.pass(900_000);
    let (_, again) = peer.one();
    peer.respond(&again, "488 Not Acceptable Here", "c1", "");
    peer.sent();
    peer.pass(899_999);
    assert!(peer.sent().is_empty() && peer.told().is_empty());
    peer.pass(1);
    let (_, again) = peer.one();
    peer.respond(&again, "481 Call/Transaction Does Not Exist", "c1", "");
    let starts = peer.starts();
    assert!(starts[0].starts_with("ACK") && starts[1].starts_with("BYE"), "{starts:?}");
    assert!(matches!(peer.told()[..], [Event::Ended { cause: EndCause::SessionExpired, .. }]));
    peer.assert_nothing_left();
}

#[test]
fn silence_to_a_refresh_ends_the_call() {
    let mut peer = Peer::new(Transport::Udp);
    accepted(&mut peer, &with_sdp(INVITE, "offer"));
    peer.pass(900_000 + 32_000);
    assert!(matches!(peer.told()[..], [Event::Ended { cause: EndCause::SessionExpired, .. }]));
    peer.assert_nothing_left();
}

#[test]
fn a_callee_that_refreshes_must_do_so_in_time() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, invite) = peer.call();
    let lines = "Contact: <sip:b@192.0.2.2>\nRequire: timer\nSession-Expires: 300;refresher=uas";
    peer.respond(&invite, "200 OK", "b", lines);
    peer.sent();
    peer.pass(200_000);
    assert!(peer.sent().is_empty(), "it is not ours to do");
    let update = crate::peer::of_callee(&invite, "b", "UPDATE", 5, "u");
    peer.feed(&format!("{update}\nSupported: timer\nSession-Expires: 300;refresher=uac"));
    let (_, ok) = peer.one();
    assert_eq!((value(&ok, "Session-Expires"), value(&ok, "Require")), ("300;refresher=uac", "timer"));
    peer.pass(267_999);
    assert!(peer.sent().is_empty());
    peer.pass(1);
    assert!(peer.one().1.starts_with("BYE"), "32 s before the end");
    assert_eq!(words(peer.told()), ["Answered", "Ended SessionExpired"]);
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}

#[test]
fn a_callee_that_repeats_its_refresh_counts_from_the_last_answer() {
    let mut peer = Peer::new(Transport::Udp);
    let (_, invite) = peer.call();
    let lines = "Contact: <sip:b@192.0.2.2>\nRequire: timer\nSession-Expires: 90;refresher=uas";
    peer.respond(&invite, "200 OK", "b", lines);
    peer.sent();
    let update = crate::peer::of_callee(&invite, "b", "UPDATE", 5, "u");
    let update = format!("{update}\nSupported: timer\nSession-Expires: 90;refresher=uac");
    peer.pass(45_000);
    peer.feed(&update);
    peer.pass(20_000);
    // Nothing of what we answered reached it until now.
    peer.feed(&update);
    assert!(peer.sent().iter().all(|text| text.starts_with("SIP/2.0 200")));
    peer.pass(59_999);
    assert!(peer.sent().is_empty());
    peer.pass(1);
    assert!(peer.one().1.starts_with("BYE"));
}

#[test]
fn a_caller_that_refreshes_counts_from_what_it_acknowledges() {
    let mut peer = Peer::new(Transport::Udp);
    let lines = "Supported: timer\nSession-Expires: 90;refresher=uac";
    peer.feed(&with_sdp(&format!("{INVITE}\n{lines}"), "offer"));
    let Some(Event::Invite { id, .. }) = peer.told().pop() else { panic!("no Invite") };
    peer.endpoint.accept(peer.now, id, sdp("answer"));
    let (_, ok) = peer.one();
    peer.pass(30_000);
    peer.sent();
    peer.feed(&within(&ok, "ACK", 10, "ack"));
    assert_eq!(words(peer.told()), ["Confirmed"]);
    peer.pass(59_999);
    assert!(peer.sent().is_empty(), "60 s after the 200, 30 s after the ACK");
    peer.pass(1);
    assert!(peer.one().1.starts_with("BYE"));
    peer.endpoint.end(peer.now, id, None);
}

#[test]
fn a_refusal_is_borne_until_the_session_expires() {
    let mut peer = Peer::new(Transport::Udp);
    answered(&mut peer, "Allow: INVITE, UPDATE\nSession-Expires: 400;refresher=uac");
    let mut tries = 0;
    while peer.told().is_empty() {
        peer.jump().expect("something is awaited");
        for update in peer.sent().iter().filter(|text| text.starts_with("UPDATE")) {
            assert_eq!(value(update, "Session-Expires"), "400;refresher=uac");
            tries += 1;
            peer.respond(update, "503 Service Unavailable", "b", "");
        }
    }
    // At 200 s, 284 s, 326 s and 366 s; then the last moment, 368 s, ends it.
    assert_eq!(tries, 4);
    peer.assert_nothing_left();
}

#[test]
fn a_peer_that_refuses_update_is_refreshed_by_reinvite() {
    let mut peer = Peer::new(Transport::Udp);
    let id = answered(&mut peer, "Allow: INVITE, UPDATE");
    peer.pass(900_000);
    let (_, update) = peer.one();
    assert!(update.starts_with("UPDATE") && update.contains("Content-Length: 0"), "{update}");
    peer.respond(&update, "501 Not Implemented", "b", "");
    let (_, again) = peer.one();
    assert!(again.starts_with("INVITE") && again.ends_with("offer"), "{again}");
    peer.respond(&again, "200 OK", "b", &with_sdp("Contact: <sip:b@192.0.2.2>", "answer"));
    peer.sent();
    peer.pass(900_000);
    assert!(peer.one().1.starts_with("INVITE"), "it is remembered");
    assert!(peer.told().is_empty());
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}

#[test]
fn too_small_an_interval() {
    let mut peer = Peer::new(Transport::Udp);
    peer.feed(&format!("{INVITE}\nSupported: timer\nSession-Expires: 60"));
    let (_, refusal) = peer.one();
    assert!(refusal.starts_with("SIP/2.0 422"), "{refusal}");
    assert_eq!(value(&refusal, "Min-SE"), "90");
    assert!(peer.told().is_empty());
    // Ours is too small for the callee: once more with what it wants.
    let (id, invite) = peer.call();
    peer.respond(&invite, "422 Session Interval Too Small", "b", "Min-SE: 3600");
    let sent = peer.sent();
    assert!(sent[0].starts_with("ACK") && sent[1].starts_with("INVITE"), "{sent:?}");
    assert_eq!((value(&sent[1], "Session-Expires"), value(&sent[1], "Min-SE")), ("3600", "3600"));
    assert_eq!(value(&sent[1], "CSeq"), "2 INVITE");
    assert_eq!(sent[1].matches("Session-Expires").count(), 1);
    peer.respond(&sent[1], "422 Session Interval Too Small", "b", "Min-SE: 3600");
    assert_eq!(words(peer.told()), ["Refused 422"], "that makes no difference");
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}

#[test]
fn too_small_within_the_call() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, ok) = accepted(&mut peer, &with_sdp(&format!("{INVITE}\nSupported: timer\nAllow: UPDATE"), "offer"));
    assert_eq!(value(&ok, "Session-Expires"), "1800;refresher=uas");
    peer.feed(&format!("{}\nSupported: timer\nSession-Expires: 89", within(&ok, "UPDATE", 11, "u1")));
    assert!(peer.one().1.starts_with("SIP/2.0 422"));
    peer.pass(900_000);
    let (_, update) = peer.one();
    assert_eq!(value(&update, "Session-Expires"), "1800;refresher=uac");
    peer.respond(&update, "422 Session Interval Too Small", "c1", "Min-SE: 2000");
    let (_, update) = peer.one();
    assert_eq!(value(&update, "Session-Expires"), "2000;refresher=uac");
    peer.respond(&update, "200 OK", "c1", "Session-Expires: 2000;refresher=uac\nRequire: timer");
    peer.pass(999_999);
    assert!(peer.sent().is_empty());
    peer.pass(1);
    assert!(peer.one().1.starts_with("UPDATE"));
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}

#[test]
fn a_refresh_meets_a_change_of_the_peer() {
    check(
        |net| {
            let (a, b) = net.up();
            net.run(899_890);
            // The callee's UPDATE is under way; it carries no offer and harms nobody.
            net.sides[0].endpoint.reinvite(net.now, a, Some(sdp("hold")));
            net.run(50);
            net.sides[1].endpoint.answer_offer(net.now, b, sdp("held"));
            net.run(500);
            assert_eq!((net.told(0).as_str(), net.told(1).as_str()), ("OfferAnswered held", "Offer hold"));
            net.sides[0].endpoint.end(net.now, a, None);
        },
        "
        899.89 |--INVITE-------->|
        899.90 |<--------UPDATE--|
        899.91 |--200 UPDATE---->|
        899.94 |<----200 INVITE--|
        899.95 |--ACK----------->|
        900.44 |--BYE----------->|
        900.45 |<-------200 BYE--|
        ",
    );
}

#[test]
fn a_refresh_says_what_stands_when_it_goes_out() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, ok) = accepted(&mut peer, &with_sdp(INVITE, "offer"));
    peer.pass(900_000);
    let (_, again) = peer.one();
    assert!(again.ends_with("v=0"), "{again}");
    peer.respond(&again, "491 Request Pending", "c1", "");
    peer.feed(&with_sdp(&within(&ok, "INVITE", 11, "hold"), "hold"));
    peer.sent();
    peer.endpoint.answer_offer(peer.now, id, sdp("held"));
    peer.sent();
    peer.feed(&within(&ok, "ACK", 11, "hold-ack"));
    let (_, again) = peer.one();
    assert!(again.starts_with("INVITE") && again.ends_with("held"), "not what was before: {again}");
    peer.respond(&again, "200 OK", "c1", &with_sdp("Contact: <sip:carol@192.0.2.2>", "hold"));
    peer.sent();
    assert_eq!(words(peer.told()), ["Offer hold"]);
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}

#[test]
fn a_refresh_is_challenged() {
    let mut peer = Peer::new(Transport::Udp);
    let id = answered(&mut peer, "Allow: INVITE, UPDATE");
    peer.pass(900_000);
    let (_, update) = peer.one();
    let challenge = "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\"";
    peer.respond(&update, "407 Proxy Authentication Required", "b", challenge);
    let (_, again) = peer.one();
    assert!(again.starts_with("UPDATE") && value(&again, "Proxy-Authorization").contains("username=\"trunk\""));
    assert_eq!((value(&again, "CSeq"), value(&again, "Session-Expires")), ("3 UPDATE", "1800;refresher=uac"));
    peer.respond(&again, "200 OK", "b", "");
    peer.pass(899_000);
    assert!(peer.sent().is_empty() && peer.told().is_empty());
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}
