//! Transfer: REFER within a call and the NOTIFYs about it (RFC 3515, RFC 4488), dialogs by Replaces (RFC 3891).

use sip::{Event, NamedDialog, Replaces, Reply, Transport};

use crate::net::sdp;
use crate::peer::{INVITE, Peer, accepted, value, within, words};

/// A call of the peer and a REFER in it; the 200 of the call.
fn referred(peer: &mut Peer, lines: &str) -> (sip::InviteId, sip::ReferId, String) {
    let (id, ok) = accepted(peer, INVITE);
    peer.feed(&format!("{}\nRefer-To: <sip:7004@192.0.2.1>{lines}", within(&ok, "REFER", 20, "r1")));
    let told = peer.told();
    let [Event::Refer { id: of, refer, .. }] = &told[..] else { panic!("{told:?}") };
    assert_eq!(*of, id);
    (id, *refer, ok)
}

#[test]
fn progress_is_told_one_by_one() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, refer, _) = referred(&mut peer, "");
    assert!(peer.sent().is_empty());
    peer.endpoint.accept_refer(peer.now, refer);
    let sent = peer.sent();
    assert!(sent[0].starts_with("SIP/2.0 202 Accepted"), "{sent:?}");
    let notify = &sent[1];
    assert!(notify.starts_with("NOTIFY sip:carol@192.0.2.2 SIP/2.0") && notify.ends_with("\r\nSIP/2.0 100 Trying\r\n"));
    assert_eq!(value(notify, "Event"), "refer");
    assert_eq!(value(notify, "Content-Type"), "message/sipfrag;version=2.0");
    assert_eq!(value(notify, "Subscription-State"), "active;expires=300");
    // What comes while the first waits for its answer is told by the latest.
    for status in [180, 183, 200, 180] {
        peer.endpoint.refer_progress(peer.now, refer, status);
    }
    assert!(peer.sent().is_empty());
    peer.respond(notify, "200 OK", "c1", "");
    let (_, last) = peer.one();
    assert!(last.ends_with("\r\nSIP/2.0 200 OK\r\n"), "{last}");
    assert_eq!(value(&last, "Subscription-State"), "terminated;reason=noresource");
    assert_eq!(peer.endpoint.counts().referrals, 1);
    peer.respond(&last, "200 OK", "c1", "");
    assert_eq!(peer.endpoint.counts().referrals, 0);
    peer.endpoint.refer_progress(peer.now, refer, 200);
    assert!(peer.sent().is_empty());
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}

#[test]
fn the_peer_leaves_before_the_transfer_is_done() {
    let mut peer = Peer::new(Transport::Udp);
    let (_, refer, ok) = referred(&mut peer, "");
    peer.endpoint.accept_refer(peer.now, refer);
    let sent = peer.sent();
    peer.respond(&sent[1], "200 OK", "c1", "");
    peer.feed(&within(&ok, "BYE", 21, "b"));
    assert_eq!(peer.starts(), ["SIP/2.0 200 OK"]);
    assert_eq!(words(peer.told()), ["Ended Bye"]);
    assert_eq!(peer.endpoint.counts().invites, 0);
    peer.endpoint.refer_progress(peer.now, refer, 200);
    let (_, notify) = peer.one();
    assert!(notify.ends_with("SIP/2.0 200 OK\r\n"));
    assert_eq!(value(&notify, "CSeq"), "2 NOTIFY");
    assert_eq!(value(&notify, "Call-ID"), "one@192.0.2.2");
    peer.respond(&notify, "481 Call/Transaction Does Not Exist", "c1", "");
    assert_eq!(peer.endpoint.counts().referrals, 0);
    peer.assert_nothing_left();
}

#[test]
fn without_a_subscription_nothing_is_told() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, refer, _) = referred(&mut peer, "\nRequire: norefersub\nRefer-Sub: false");
    peer.endpoint.accept_refer(peer.now, refer);
    let (_, accepted) = peer.one();
    assert!(accepted.starts_with("SIP/2.0 202"));
    assert_eq!(value(&accepted, "Refer-Sub"), "false");
    peer.endpoint.refer_progress(peer.now, refer, 200);
    assert!(peer.sent().is_empty());
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}

#[test]
fn refused_unanswered_and_bad() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, refer, ok) = referred(&mut peer, "");
    let again = format!("{}\nRefer-To: <sip:7005@192.0.2.1>", within(&ok, "REFER", 21, "r2"));
    peer.feed(&again);
    assert_eq!(peer.starts(), ["SIP/2.0 491 Request Pending"], "one at a time");
    peer.endpoint.refuse_refer(peer.now, refer, 603);
    assert_eq!(peer.starts(), ["SIP/2.0 603 Decline"]);
    peer.endpoint.accept_refer(peer.now, refer);
    assert!(peer.sent().is_empty(), "answered once");
    for (cseq, lines) in ["", "\nRefer-To: <sip:a@h>\nRefer-To: <sip:b@h>", "\nRefer-To: x"].iter().enumerate() {
        peer.feed(&format!("{}{lines}", within(&ok, "REFER", 30 + cseq as u32, &format!("x{cseq}"))));
        assert_eq!(peer.starts(), ["SIP/2.0 400 Bad Request"], "{lines}");
    }
    // Nobody decides: 408. The second REFER of a dialog is told apart by its number.
    peer.feed(&format!("{}\nRefer-To: <sip:7004@192.0.2.1>", within(&ok, "REFER", 40, "r4")));
    peer.pass(32_000);
    assert_eq!(peer.starts(), ["SIP/2.0 408 Request Timeout"]);
    peer.feed(&format!("{}\nRefer-To: <sip:7004@192.0.2.1>", within(&ok, "REFER", 41, "r5")));
    let Some(Event::Refer { refer, .. }) = peer.told().pop() else { panic!() };
    peer.endpoint.accept_refer(peer.now, refer);
    assert_eq!(value(&peer.sent()[1], "Event"), "refer;id=41");
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}

#[test]
fn a_transfer_that_takes_too_long_is_told_as_such() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, refer, _) = referred(&mut peer, "");
    peer.endpoint.accept_refer(peer.now, refer);
    let sent = peer.sent();
    peer.respond(&sent[1], "200 OK", "c1", "");
    peer.pass(300_000);
    let (_, notify) = peer.one();
    assert_eq!(value(&notify, "Subscription-State"), "terminated;reason=timeout");
    assert!(notify.ends_with("SIP/2.0 100 Trying\r\n"), "what is known, not how it ended: {notify}");
    assert_eq!(peer.endpoint.counts().referrals, 1);
    peer.endpoint.end(peer.now, id, None);
    // Nobody answers the NOTIFY: it is over all the same.
    peer.assert_nothing_left();
    assert_eq!(peer.endpoint.counts().referrals, 0);
}

#[test]
fn the_call_ends_before_the_refer_is_answered() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, refer, _) = referred(&mut peer, "");
    peer.endpoint.end(peer.now, id, None);
    let (_, bye) = peer.one();
    peer.respond(&bye, "200 OK", "c1", "");
    assert_eq!(peer.endpoint.counts().invites, 0);
    peer.endpoint.accept_refer(peer.now, refer);
    let starts = peer.starts();
    assert_eq!(starts[0], "SIP/2.0 202 Accepted");
    assert!(starts[1].starts_with("NOTIFY"));
    peer.endpoint.refer_progress(peer.now, refer, 503);
    peer.assert_nothing_left();
    assert_eq!(peer.endpoint.counts().referrals, 0);
}

#[test]
fn outside_of_calls_it_is_a_request_like_others() {
    let mut peer = Peer::new(Transport::Udp);
    peer.feed(&format!("{}\nRefer-To: <sip:a@h>", INVITE.replace("INVITE", "REFER")));
    let Some(Event::Request { transaction, .. }) = peer.told().pop() else { panic!() };
    peer.endpoint.respond(peer.now, transaction, Reply::new(405));
    assert_eq!(peer.starts(), ["SIP/2.0 405 Method Not Allowed"]);
}

#[test]
fn dialogs_by_replaces() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, ok) = accepted(&mut peer, INVITE);
    let ours = value(&ok, "To").split("tag=").nth(1).unwrap().to_owned();
    let named = |call_id: &str, to: &str, from: &str, early: &str| {
        Replaces::parse(format!("{call_id};to-tag={to};from-tag={from}{early}")).unwrap()
    };
    let find = |peer: &Peer, replaces: &Replaces| peer.endpoint.find_dialog(replaces);
    assert_eq!(find(&peer, &named("one@192.0.2.2", &ours, "c1", "")), Some((id, NamedDialog::Confirmed)));
    assert_eq!(find(&peer, &named("one@192.0.2.2", &ours, "c1", ";early-only")), None);
    assert_eq!(find(&peer, &named("two@192.0.2.2", &ours, "c1", "")), None);
    assert_eq!(find(&peer, &named("one@192.0.2.2", &ours, "c2", "")), None);
    assert_eq!(find(&peer, &named("one@192.0.2.2", "c1", &ours, "")), None, "tags are seen from our side");
    peer.endpoint.end(peer.now, id, None);
    assert_eq!(find(&peer, &named("one@192.0.2.2", &ours, "c1", "")), None, "over");
    // A call of ours that rings may be taken over by an INVITE; one of the peer's may not.
    let mut peer = Peer::new(Transport::Udp);
    let (id, invite) = peer.call();
    let ours = value(&invite, "From").split("tag=").nth(1).unwrap().to_owned();
    let call_id = value(&invite, "Call-ID").to_owned();
    peer.respond(&invite, "180 Ringing", "b", "Contact: <sip:b@192.0.2.2>");
    peer.respond(&invite, "180 Ringing", "c", "Contact: <sip:c@192.0.2.2>");
    for (tag, early) in [("b", ""), ("c", ";early-only")] {
        assert_eq!(find(&peer, &named(&call_id, &ours, tag, early)), Some((id, NamedDialog::EarlyOurs)), "{tag}");
    }
    peer.feed(INVITE);
    let Some(Event::Invite { id, .. }) = peer.told().pop() else { panic!() };
    peer.endpoint.ring(peer.now, id, 180, None);
    let ringing = peer.sent().pop().unwrap();
    let ours = value(&ringing, "To").split("tag=").nth(1).unwrap().to_owned();
    let theirs = Some((id, NamedDialog::EarlyTheirs));
    assert_eq!(find(&peer, &named("one@192.0.2.2", &ours, "c1", "")), theirs, "may be named by a REFER alone");
}

#[test]
fn replaces_of_an_invite() {
    let mut peer = Peer::new(Transport::Udp);
    peer.feed(&format!("{INVITE}\nRequire: replaces\nReplaces: x@h;to-tag=1;from-tag=2"));
    let Some(Event::Invite { id, request, .. }) = peer.told().pop() else { panic!() };
    assert_eq!(Replaces::of(&request).unwrap().unwrap().call_id, "x@h");
    peer.endpoint.accept(peer.now, id, sdp("answer"));
    peer.feed(&format!(
        "{}\nReplaces: x@h;to-tag=1;from-tag=2\nReplaces: y@h;to-tag=1;from-tag=2",
        INVITE.replace("one@", "two@").replace("i1", "i2")
    ));
    let Some(Event::Invite { request, .. }) = peer.told().pop() else { panic!() };
    assert!(Replaces::of(&request).is_err(), "twice is a bad request");
}

#[test]
fn the_peer_renews_and_ends_its_subscription() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, refer, ok) = referred(&mut peer, "");
    peer.endpoint.accept_refer(peer.now, refer);
    let sent = peer.sent();
    peer.respond(&sent[1], "200 OK", "c1", "");
    peer.endpoint.refer_progress(peer.now, refer, 180);
    let (_, notify) = peer.one();
    peer.respond(&notify, "200 OK", "c1", "");
    peer.feed(&format!("{}\nEvent: refer;id=20\nExpires: 9000", within(&ok, "SUBSCRIBE", 21, "s1")));
    let sent = peer.sent();
    assert_eq!((value(&sent[0], "CSeq"), value(&sent[0], "Expires")), ("21 SUBSCRIBE", "300"));
    assert!(sent[1].starts_with("NOTIFY") && sent[1].ends_with("SIP/2.0 180 Ringing\r\n"), "{sent:?}");
    peer.respond(&sent[1], "200 OK", "c1", "");
    peer.feed(&format!("{}\nEvent: refer\nExpires: 0", within(&ok, "SUBSCRIBE", 22, "s2")));
    let sent = peer.sent();
    assert_eq!(value(&sent[0], "Expires"), "0");
    assert_eq!(value(&sent[1], "Subscription-State"), "terminated;reason=timeout");
    peer.respond(&sent[1], "200 OK", "c1", "");
    assert_eq!(peer.endpoint.counts().referrals, 0);
    peer.feed(&format!("{}\nEvent: refer\nExpires: 60", within(&ok, "SUBSCRIBE", 23, "s3")));
    let (_, refusal) = peer.one();
    assert!(refusal.starts_with("SIP/2.0 4"), "nothing is left to subscribe to: {refusal}");
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}
