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

/// A REFER taken on, its NOTIFY (100), and the call.
fn taken_on(peer: &mut Peer) -> (sip::InviteId, sip::ReferId, String, String) {
    let (id, refer, ok) = referred(peer, "");
    peer.endpoint.accept_refer(peer.now, refer);
    let trying = peer.sent().pop().unwrap();
    (id, refer, ok, trying)
}

#[test]
fn bye_waits_for_the_outcome_to_be_heard() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, refer, ok, trying) = taken_on(&mut peer);
    peer.endpoint.refer_progress(peer.now, refer, 200);
    peer.endpoint.end(peer.now, id, None);
    assert_eq!(words(peer.told()), ["Ended Local"], "to our user it is over");
    assert!(peer.sent().is_empty(), "neither NOTIFY nor BYE overtakes NOTIFY (100)");
    peer.respond(&trying, "200 OK", "c1", "");
    let (_, last) = peer.one();
    assert!(last.ends_with("SIP/2.0 200 OK\r\n"), "{last}");
    // The dialog still stands: what comes meanwhile is put off, for 481 would end all of it.
    let meanwhile = [("INVITE", "491"), ("UPDATE", "491"), ("INFO", "491"), ("REFER", "491"), ("OPTIONS", "200")];
    for (cseq, (method, status)) in (30..).zip(meanwhile) {
        peer.feed(&within(&ok, method, cseq, method));
        let (_, answer) = peer.one();
        assert!(answer.starts_with(&format!("SIP/2.0 {status}")), "{method}: {answer}");
    }
    let named =
        Replaces::parse(format!("one@192.0.2.2;to-tag={};from-tag=c1", value(&ok, "To").split("tag=").nth(1).unwrap()));
    assert_eq!(peer.endpoint.find_dialog(&named.unwrap()), None, "nobody may take it over");
    assert!(peer.told().is_empty());
    peer.respond(&last, "200 OK", "c1", "");
    let (_, bye) = peer.one();
    assert!(bye.starts_with("BYE "), "{bye}");
    assert_eq!(value(&bye, "CSeq"), "3 BYE");
    peer.respond(&bye, "200 OK", "c1", "");
    assert_eq!((peer.endpoint.counts().invites, peer.endpoint.counts().referrals), (0, 0));
    peer.assert_nothing_left();
}

const NORMAL: sip::Reason = sip::Reason { protocol_cause: ("Q.850", 16), text: "" };

#[test]
fn bye_keeps_its_reason_while_it_waits() {
    let mut peer = Peer::new(Transport::Tcp);
    let (id, refer, _, trying) = taken_on(&mut peer);
    peer.respond(&trying, "200 OK", "c1", "");
    peer.endpoint.refer_progress(peer.now, refer, 486);
    let (_, last) = peer.one();
    peer.endpoint.end(peer.now, id, Some(NORMAL));
    assert!(peer.sent().is_empty());
    // A refusal is an answer: the peer wants no news.
    peer.respond(&last, "481 Call/Transaction Does Not Exist", "c1", "");
    let (_, bye) = peer.one();
    assert!(bye.starts_with("BYE ") && value(&bye, "Reason").contains("cause=16"), "{bye}");
    peer.assert_nothing_left();
}

#[test]
fn bye_does_not_wait_for_an_outcome_that_is_not_known() {
    let mut peer = Peer::new(Transport::Tcp);
    let (id, refer, _, trying) = taken_on(&mut peer);
    peer.endpoint.refer_progress(peer.now, refer, 180);
    peer.endpoint.end(peer.now, id, None);
    assert!(peer.one().1.starts_with("BYE "));
    peer.respond(&trying, "200 OK", "c1", "");
    assert!(peer.one().1.ends_with("SIP/2.0 180 Ringing\r\n"));
    peer.assert_nothing_left();
}

#[test]
fn bye_waits_two_seconds_at_most() {
    // The NOTIFY that tells the outcome is never answered.
    let mut peer = Peer::new(Transport::Tcp);
    let (id, refer, _, trying) = taken_on(&mut peer);
    peer.respond(&trying, "200 OK", "c1", "");
    peer.endpoint.refer_progress(peer.now, refer, 200);
    let (_, last) = peer.one();
    peer.endpoint.end(peer.now, id, None);
    peer.pass(1_999);
    assert!(peer.sent().is_empty());
    peer.pass(1);
    let (_, bye) = peer.one();
    assert!(bye.starts_with("BYE "), "{bye}");
    peer.respond(&last, "200 OK", "c1", "");
    assert!(peer.sent().is_empty(), "BYE went out");
    peer.respond(&bye, "200 OK", "c1", "");
    peer.assert_nothing_left();
    // Nor is the one before: the outcome is told before BYE all the same.
    let mut peer = Peer::new(Transport::Tcp);
    let (id, refer, _, trying) = taken_on(&mut peer);
    peer.endpoint.refer_progress(peer.now, refer, 200);
    peer.endpoint.end(peer.now, id, None);
    peer.pass(1_999);
    assert!(peer.sent().is_empty());
    peer.pass(1);
    let sent = peer.sent();
    assert!(sent[0].starts_with("NOTIFY ") && sent[0].ends_with("SIP/2.0 200 OK\r\n"), "{sent:?}");
    assert!(sent[1].starts_with("BYE "), "{sent:?}");
    assert_eq!(sent.len(), 2);
    peer.respond(&trying, "200 OK", "c1", "");
    peer.respond(&sent[0], "200 OK", "c1", "");
    assert!(peer.sent().is_empty());
    assert_eq!(peer.endpoint.counts().referrals, 0);
    peer.assert_nothing_left();
}

#[test]
fn who_hangs_up_while_bye_waits_is_not_hung_up_on() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, refer, ok, trying) = taken_on(&mut peer);
    peer.endpoint.refer_progress(peer.now, refer, 200);
    peer.endpoint.end(peer.now, id, None);
    peer.feed(&within(&ok, "BYE", 21, "b"));
    assert_eq!(peer.starts(), ["SIP/2.0 200 OK"]);
    assert_eq!(words(peer.told()), ["Ended Local"], "once");
    assert_eq!(peer.endpoint.counts().invites, 0);
    peer.respond(&trying, "200 OK", "c1", "");
    assert!(peer.one().1.ends_with("SIP/2.0 200 OK\r\n"));
    peer.assert_nothing_left();
}

#[test]
fn a_connection_that_closes_while_bye_waits_leaves_nothing() {
    let mut peer = Peer::new(Transport::Ws);
    let (id, refer, _, _) = taken_on(&mut peer);
    peer.endpoint.refer_progress(peer.now, refer, 200);
    peer.endpoint.end(peer.now, id, None);
    peer.endpoint.handle_connection_closed(peer.now, peer.flow.connection);
    assert_eq!((peer.endpoint.counts().invites, peer.endpoint.counts().referrals), (0, 0));
    peer.assert_nothing_left();
}

#[test]
fn a_phone_that_is_called_anew_gets_its_bye_first() {
    let mut peer = Peer::new(Transport::Tcp);
    let (id, refer, _, _) = taken_on(&mut peer);
    peer.endpoint.refer_progress(peer.now, refer, 200);
    peer.endpoint.end(peer.now, id, None);
    assert!(peer.sent().is_empty());
    peer.endpoint.invite(peer.now, peer.invitation());
    let sent: Vec<String> = peer.starts().iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(sent, ["NOTIFY", "BYE", "INVITE"]);
    peer.assert_nothing_left();
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
