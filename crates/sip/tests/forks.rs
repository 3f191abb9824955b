//! Several phones answer one INVITE: early dialogs by To tag (RFC 3261 12.1, 13.2.2.4).

use sip::Transport;

use crate::net::sdp;
use crate::peer::{Peer, of_callee, value, with_sdp, words};

/// Header lines of a reliable 183 of a fork, with a description.
fn progress(fork: &str, rseq: u32) -> String {
    with_sdp(
        &format!(
            "Contact: <sip:{fork}@192.0.2.2>\nRecord-Route: <sip:192.0.2.2;lr;fork={fork}>\nAllow: INVITE, UPDATE\nRequire: 100rel\nRSeq: {rseq}"
        ),
        &format!("early {fork}"),
    )
}

#[test]
fn each_fork_has_its_dialog_and_the_200_picks_one() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, invite) = peer.call();
    for (fork, rseq) in [("b", 1), ("c", 50)] {
        peer.respond(&invite, "183 Session Progress", fork, &progress(fork, rseq));
        let (_, prack) = peer.one();
        assert!(prack.starts_with(&format!("PRACK sip:{fork}@192.0.2.2 SIP/2.0")), "{prack}");
        assert_eq!(value(&prack, "Route"), format!("<sip:192.0.2.2;lr;fork={fork}>"));
        assert_eq!((value(&prack, "CSeq"), value(&prack, "RAck")), ("2 PRACK", format!("{rseq} 1 INVITE").as_str()));
        assert!(value(&prack, "To").ends_with(&format!(";tag={fork}")));
        peer.respond(&prack, "200 OK", fork, "");
    }
    assert_eq!(words(peer.told()), ["Rang 183 early b", "Rang 183 early c"]);
    peer.respond(&invite, "200 OK", "b", "Contact: <sip:b2@192.0.2.2>\nRecord-Route: <sip:192.0.2.2;lr;late>");
    let (_, ack) = peer.one();
    assert!(ack.starts_with("ACK sip:b2@192.0.2.2 SIP/2.0"), "{ack}");
    assert_eq!((value(&ack, "Route"), value(&ack, "CSeq")), ("<sip:192.0.2.2;lr;late>", "1 ACK"));
    assert_eq!(words(peer.told()), ["Answered early b"], "what its provisional response said stands");
    // The other one answers too: it is acknowledged and ended, with a number above that of its PRACK.
    peer.respond(&invite, "200 OK", "c", "Contact: <sip:c@192.0.2.2>");
    let sent = peer.sent();
    assert!(sent[0].starts_with("ACK sip:c@") && sent[1].starts_with("BYE sip:c@"), "{sent:?}");
    assert_eq!(value(&sent[1], "CSeq"), "3 BYE");
    peer.respond(&sent[1], "200 OK", "c", "");
    peer.endpoint.end(peer.now, id, None);
    let (_, bye) = peer.one();
    assert!(bye.starts_with("BYE sip:b2@") && bye.contains("CSeq: 3 BYE"), "{bye}");
    peer.respond(&bye, "200 OK", "b", "");
    peer.assert_nothing_left();
}

#[test]
fn requests_of_a_fork_stay_in_its_dialog() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, invite) = peer.call();
    for (fork, rseq) in [("b", 1), ("c", 1)] {
        peer.respond(&invite, "183 Session Progress", fork, &progress(fork, rseq));
        let (_, prack) = peer.one();
        peer.respond(&prack, "200 OK", fork, "");
    }
    peer.told();
    peer.feed(&with_sdp(&of_callee(&invite, "b", "UPDATE", 100, "u1"), "change b"));
    assert_eq!(words(peer.told()), ["Offer change b"]);
    // Another fork rings on meanwhile; the answer goes to the one that asked.
    peer.respond(&invite, "180 Ringing", "c", "Contact: <sip:c@192.0.2.2>");
    peer.endpoint.answer_offer(peer.now, id, sdp("to b"));
    let (_, ok) = peer.one();
    assert!(ok.contains("CSeq: 100 UPDATE") && value(&ok, "From").ends_with("tag=b") && ok.ends_with("to b"), "{ok}");
    peer.feed(&of_callee(&invite, "d", "UPDATE", 1, "u2"));
    assert_eq!(peer.starts(), ["SIP/2.0 481 Call/Transaction Does Not Exist"], "no such fork");
    // What a fork that loses asked is refused, or nobody would ever answer it.
    peer.feed(&with_sdp(&of_callee(&invite, "c", "UPDATE", 7, "u3"), "change c"));
    peer.respond(&invite, "200 OK", "b", "Contact: <sip:b@192.0.2.2>");
    let starts = peer.starts();
    assert!(starts.iter().any(|start| start == "SIP/2.0 487 Request Terminated"), "{starts:?}");
    assert_eq!(words(peer.told()), ["Rang 180", "Offer change c", "Answered"]);
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}

#[test]
fn forks_have_a_bound() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, invite) = peer.call();
    for fork in 0..20 {
        peer.respond(&invite, "180 Ringing", &format!("f{fork}"), "Contact: <sip:f@192.0.2.2>");
    }
    assert_eq!(peer.told().len(), 16);
    assert_eq!(peer.endpoint.counts().totals.overload, 4);
    // The call of one beyond the bound is a call all the same.
    peer.respond(&invite, "200 OK", "f19", "Contact: <sip:f19@192.0.2.2>");
    assert_eq!(peer.starts(), ["ACK sip:f19@192.0.2.2 SIP/2.0"]);
    assert_eq!(words(peer.told()), ["Answered"]);
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}

#[test]
fn credentials_begin_without_the_early_dialogs_before() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, invite) = peer.call();
    peer.respond(&invite, "183 Session Progress", "b", &progress("b", 9));
    let (_, prack) = peer.one();
    peer.respond(&prack, "200 OK", "b", "");
    peer.respond(
        &invite,
        "407 Proxy Authentication Required",
        "p",
        "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\"",
    );
    let sent = peer.sent();
    let again = sent.iter().find(|text| text.starts_with("INVITE")).expect("called again");
    assert!(again.starts_with("INVITE sip:bob@192.0.2.2 SIP/2.0"), "{again}");
    assert_eq!(value(again, "CSeq"), "3 INVITE", "above the PRACK's");
    peer.respond(again, "183 Session Progress", "x", &progress("x", 4));
    let (_, prack) = peer.one();
    assert_eq!((value(&prack, "RAck"), value(&prack, "CSeq")), ("4 3 INVITE", "4 PRACK"));
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}

#[test]
fn offers_of_two_forks_are_answered_one_after_the_other() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, invite) = peer.call_with(|invite| invite.body = None);
    peer.respond(&invite, "183 Session Progress", "b", &progress("b", 1));
    peer.respond(&invite, "183 Session Progress", "c", &progress("c", 1));
    assert_eq!(words(peer.told()), ["Rang 183", "Offer early b"]);
    peer.endpoint.answer_offer(peer.now, id, sdp("to b"));
    let (_, prack) = peer.one();
    assert!(prack.starts_with("PRACK sip:b@") && prack.ends_with("to b"), "{prack}");
    peer.respond(&prack, "200 OK", "b", "");
    // The other one was not acknowledged and comes again.
    peer.respond(&invite, "183 Session Progress", "c", &progress("c", 1));
    assert_eq!(words(peer.told()), ["Rang 183", "Offer early c"]);
    peer.endpoint.answer_offer(peer.now, id, sdp("to c"));
    let (_, prack) = peer.one();
    assert!(prack.starts_with("PRACK sip:c@") && prack.ends_with("to c"), "{prack}");
    peer.respond(&prack, "200 OK", "c", "");
    peer.respond(&invite, "200 OK", "c", "Contact: <sip:c@192.0.2.2>");
    assert_eq!(peer.starts(), ["ACK sip:c@192.0.2.2 SIP/2.0"], "nothing is owed");
    assert_eq!(words(peer.told()), ["Answered"]);
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}

#[test]
fn a_200_that_comes_before_the_offer_was_answered_is_answered_in_the_ack() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, invite) = peer.call_with(|invite| invite.body = None);
    peer.respond(&invite, "183 Session Progress", "b", &progress("b", 1));
    peer.respond(&invite, "200 OK", "b", &with_sdp("Contact: <sip:b@192.0.2.2>", "early b"));
    assert!(peer.sent().is_empty());
    peer.endpoint.answer_offer(peer.now, id, sdp("answer"));
    let (_, ack) = peer.one();
    assert!(ack.starts_with("ACK") && ack.ends_with("answer"), "{ack}");
    assert_eq!(words(peer.told()), ["Rang 183", "Offer early b", "Answered early b"]);
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}
