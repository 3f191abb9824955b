//! Subscriptions as notifier (RFC 6665): durations, refresh, end, coalescing, refusals, what a lost subscriber leaves.

use sip::{Body, Event, Reply, SubscriptionEnd, SubscriptionId, TerminationReason, Transport};

use crate::peer::{Peer, value};

const SUBSCRIBE: &str = "SUBSCRIBE sip:100@192.0.2.1 SIP/2.0
    Via: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKs1;rport
    Max-Forwards: 70
    From: <sip:200@192.0.2.1>;tag=w1
    To: <sip:100@192.0.2.1>
    Call-ID: watch@192.0.2.2
    CSeq: 5 SUBSCRIBE
    Contact: <sip:200@192.0.2.2>
    Event: dialog;id=3;x=1
    Accept: application/dialog-info+xml
    Expires: 60";

fn state(text: &str) -> Option<Body> {
    Some(Body { content_type: "application/dialog-info+xml", bytes: text.as_bytes().into() })
}

/// The id of a SUBSCRIBE that was told.
fn asked(peer: &mut Peer, subscribe: &str) -> SubscriptionId {
    peer.feed(subscribe);
    match &peer.told()[..] {
        [Event::Subscribe { id, .. }] => *id,
        other => panic!("{other:?}: {:?}", peer.sent()),
    }
}

fn is_due(peer: &mut Peer, id: SubscriptionId) -> bool {
    match &peer.told()[..] {
        [] => false,
        [Event::NotifyDue { id: due }] => *due == id,
        other => panic!("{other:?}"),
    }
}

/// A subscription that runs: its id, our 200 and the first NOTIFY, answered.
fn running(peer: &mut Peer) -> (SubscriptionId, String, String) {
    let id = asked(peer, SUBSCRIBE);
    peer.endpoint.accept_subscription(peer.now, id);
    let (_, ok) = peer.one();
    assert!(is_due(peer, id), "the state is due at once");
    peer.endpoint.notify(peer.now, id, state("first").as_ref());
    let (_, notify) = peer.one();
    peer.respond(&notify, "200 OK", "", "");
    (id, ok, notify)
}

/// A later SUBSCRIBE of the same dialog.
fn again(ok: &str, cseq: u32, lines: &str) -> String {
    format!(
        "SUBSCRIBE sip:100@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKr{cseq}\nMax-Forwards: 70\nFrom: {}\nTo: {}\nCall-ID: {}\nCSeq: {cseq} SUBSCRIBE\nContact: <sip:200@192.0.2.2>\n{lines}",
        value(ok, "From"),
        value(ok, "To"),
        value(ok, "Call-ID"),
    )
}

#[test]
fn a_dialog_and_the_whole_state_at_once() {
    let mut peer = Peer::new(Transport::Udp);
    let (_, ok, notify) = running(&mut peer);
    assert!(ok.starts_with("SIP/2.0 200 OK\r\n"), "{ok}");
    assert_eq!((value(&ok, "Expires"), value(&ok, "Contact")), ("60", "<sip:100@192.0.2.1:5060>"));
    assert!(notify.starts_with("NOTIFY sip:200@192.0.2.2 SIP/2.0\r\n"), "{notify}");
    assert_eq!(value(&notify, "Event"), "dialog;id=3");
    assert_eq!(value(&notify, "Subscription-State"), "active;expires=60");
    assert_eq!(value(&notify, "Content-Type"), "application/dialog-info+xml");
    assert_eq!(value(&notify, "From"), value(&ok, "To"));
    assert_eq!((value(&notify, "To"), value(&notify, "CSeq")), ("<sip:200@192.0.2.1>;tag=w1", "1 NOTIFY"));
    assert!(notify.ends_with("\r\n\r\nfirst"));
    assert_eq!(peer.endpoint.counts().subscriptions, 1);
}

#[test]
fn a_refresh_gives_time_and_state() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, ok, _) = running(&mut peer);
    peer.pass(50_000);
    peer.feed(&again(&ok, 6, "Event: dialog;id=3\nExpires: 10"));
    let (_, refreshed) = peer.one();
    assert_eq!((value(&refreshed, "Expires"), refreshed.starts_with("SIP/2.0 200")), ("10", true));
    assert!(is_due(&mut peer, id));
    peer.endpoint.notify(peer.now, id, state("again").as_ref());
    let (_, notify) = peer.one();
    assert_eq!((value(&notify, "Subscription-State"), value(&notify, "CSeq")), ("active;expires=10", "2 NOTIFY"));
    peer.respond(&notify, "200 OK", "", "");
    peer.feed(&again(&ok, 6, "Event: dialog;id=3\nExpires: 10").replace("r6", "r6b"));
    assert_eq!(peer.starts(), ["SIP/2.0 500 Server Internal Error"], "an old number");
    peer.feed(&again(&ok, 7, "Event: dialog\nExpires: 10"));
    assert_eq!(peer.starts(), ["SIP/2.0 481 Call/Transaction Does Not Exist"], "another id is another subscription");
    peer.feed(&again(&ok, 8, "Event: dialog;id=3\nExpires: 5"));
    let (_, brief) = peer.one();
    assert_eq!((brief.starts_with("SIP/2.0 423"), value(&brief, "Min-Expires")), (true, "10"));
    assert_eq!(peer.endpoint.counts().subscriptions, 1, "it goes on as it was");
    peer.pass(10_000);
    let last = peer.sent();
    assert_eq!(value(&last[0], "Subscription-State"), "terminated;reason=timeout");
    assert!(
        matches!(peer.told()[..], [Event::SubscriptionEnded { id: ended, cause: SubscriptionEnd::Expired }] if ended == id)
    );
    peer.assert_nothing_left();
    assert_eq!(peer.endpoint.counts().subscriptions, 0);
}

#[test]
fn unsubscribing_and_asking_once() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, ok, _) = running(&mut peer);
    peer.feed(&again(&ok, 6, "Event: dialog;id=3\nExpires: 0"));
    let (_, bye) = peer.one();
    assert_eq!(value(&bye, "Expires"), "0");
    assert!(is_due(&mut peer, id));
    peer.endpoint.notify(peer.now, id, state("last").as_ref());
    let (_, last) = peer.one();
    assert_eq!(value(&last, "Subscription-State"), "terminated;reason=timeout");
    assert!(last.ends_with("last"));
    assert!(matches!(peer.told()[..], [Event::SubscriptionEnded { cause: SubscriptionEnd::Unsubscribed, .. }]));
    peer.feed(&again(&ok, 7, "Event: dialog;id=3\nExpires: 60"));
    assert_eq!(peer.starts(), ["SIP/2.0 481 Call/Transaction Does Not Exist"]);
    peer.respond(&last, "200 OK", "", "");

    let id = asked(&mut peer, &SUBSCRIBE.replace("Expires: 60", "Expires: 0").replace("s1", "s2"));
    peer.endpoint.accept_subscription(peer.now, id);
    assert_eq!(value(&peer.one().1, "Expires"), "0");
    assert!(is_due(&mut peer, id));
    peer.endpoint.notify(peer.now, id, state("once").as_ref());
    let (_, only) = peer.one();
    assert!(only.contains("Subscription-State: terminated;reason=timeout\r\n") && only.ends_with("once"));
    peer.respond(&only, "200 OK", "", "");
    peer.told();
    peer.assert_nothing_left();
    assert_eq!(peer.endpoint.counts().subscriptions, 0);
}

#[test]
fn changes_are_gathered_while_a_notify_is_under_way_and_for_a_second() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, _, _) = running(&mut peer);
    peer.endpoint.state_changed(id);
    assert!(!is_due(&mut peer, id), "less than a second after the last");
    peer.pass(1000);
    assert!(is_due(&mut peer, id));
    peer.endpoint.notify(peer.now, id, state("second").as_ref());
    let (_, second) = peer.one();
    for _ in 0..5 {
        peer.endpoint.state_changed(id);
    }
    peer.pass(1200);
    assert!(peer.sent().iter().all(|text| *text == second), "only repeats while it is not answered");
    assert!(!is_due(&mut peer, id));
    peer.respond(&second, "200 OK", "", "");
    assert!(is_due(&mut peer, id), "five changes, one NOTIFY");
    peer.endpoint.notify(peer.now, id, state("third").as_ref());
    let (_, third) = peer.one();
    peer.respond(&third, "200 OK", "", "");
    peer.pass(5000);
    assert!(peer.told().is_empty() && peer.sent().is_empty(), "nothing changed, nothing is told");
    peer.endpoint.notify(peer.now, id, state("unasked").as_ref());
    assert!(peer.sent().is_empty());
}

#[test]
fn a_subscriber_that_is_gone_is_forgotten() {
    for status in ["481 Subscription Does Not Exist", "489 Bad Event", "404 Not Found"] {
        let mut peer = Peer::new(Transport::Udp);
        let (id, _, _) = running(&mut peer);
        peer.pass(1000);
        peer.endpoint.state_changed(id);
        assert!(is_due(&mut peer, id));
        peer.endpoint.notify(peer.now, id, state("x").as_ref());
        let (_, notify) = peer.one();
        peer.respond(&notify, status, "", "");
        assert!(
            matches!(peer.told()[..], [Event::SubscriptionEnded { cause: SubscriptionEnd::Unreachable, .. }]),
            "{status}"
        );
        peer.assert_nothing_left();
    }
    let mut peer = Peer::new(Transport::Udp);
    let (id, _, _) = running(&mut peer);
    peer.pass(1000);
    peer.endpoint.state_changed(id);
    assert!(is_due(&mut peer, id));
    peer.endpoint.notify(peer.now, id, None);
    peer.pass(32_000);
    assert!(matches!(peer.told()[..], [Event::SubscriptionEnded { cause: SubscriptionEnd::Unreachable, .. }]));
    peer.sent();
    peer.assert_nothing_left();
}

#[test]
fn a_response_that_is_of_the_one_request_ends_nothing() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, _, _) = running(&mut peer);
    peer.pass(1000);
    peer.endpoint.state_changed(id);
    assert!(is_due(&mut peer, id));
    peer.endpoint.notify(peer.now, id, state("x").as_ref());
    let (_, notify) = peer.one();
    peer.respond(&notify, "500 Server Internal Error", "", "Retry-After: 1");
    assert!(peer.told().is_empty());
    assert_eq!(peer.endpoint.counts().subscriptions, 1);
}

#[test]
fn refusals() {
    let mut peer = Peer::new(Transport::Udp);
    peer.feed(&SUBSCRIBE.replace("Event: dialog;id=3;x=1", "Subject: none"));
    assert_eq!(peer.starts(), ["SIP/2.0 489 Bad Event"]);
    peer.feed(&SUBSCRIBE.replace("Expires: 60", "Expires: 9"));
    let (_, brief) = peer.one();
    assert_eq!((brief.starts_with("SIP/2.0 423 Interval Too Brief"), value(&brief, "Min-Expires")), (true, "10"));
    assert!(peer.told().is_empty());

    let id = asked(&mut peer, SUBSCRIBE);
    peer.endpoint.refuse_subscription(peer.now, id, Reply::new(406).with_header("Accept", "text/plain"));
    let (_, refused) = peer.one();
    assert_eq!((refused.starts_with("SIP/2.0 406"), value(&refused, "Accept")), (true, "text/plain"));
    assert!(matches!(peer.told()[..], [Event::SubscriptionEnded { cause: SubscriptionEnd::Local, .. }]));
    peer.assert_nothing_left();
}

#[test]
fn a_stranger_costs_no_state() {
    let mut peer = Peer::new(Transport::Udp);
    peer.feed(SUBSCRIBE);
    let told = peer.told();
    let [Event::Subscribe { id, request, flow }] = &told[..] else { panic!("{told:?}") };
    peer.endpoint.challenge_subscription(*id, request, *flow, &Reply::new(401));
    assert_eq!(peer.starts(), ["SIP/2.0 401 Unauthorized"]);
    let counts = peer.endpoint.counts();
    assert_eq!((counts.subscriptions, counts.server_transactions, counts.timers), (0, 0, 0));
}

#[test]
fn our_own_wish_and_a_closed_connection_end_it() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, _, _) = running(&mut peer);
    peer.endpoint.end_subscription(peer.now, id, TerminationReason::NoResource);
    let (_, last) = peer.one();
    assert_eq!(value(&last, "Subscription-State"), "terminated;reason=noresource");
    peer.respond(&last, "200 OK", "", "");
    assert!(matches!(peer.told()[..], [Event::SubscriptionEnded { cause: SubscriptionEnd::Local, .. }]));
    peer.assert_nothing_left();

    let mut peer = Peer::new(Transport::Ws);
    let (id, _, _) = running(&mut peer);
    peer.endpoint.handle_connection_closed(peer.now, 2);
    assert!(peer.told().is_empty());
    peer.endpoint.handle_connection_closed(peer.now, 1);
    assert!(
        matches!(peer.told()[..], [Event::SubscriptionEnded { id: ended, cause: SubscriptionEnd::Unreachable }] if ended == id)
    );
    peer.assert_nothing_left();
}

#[test]
fn a_subscriber_behind_nat_that_moved_is_told_where_it_is() {
    let mut peer = Peer::new(Transport::Udp);
    let id = asked(&mut peer, &SUBSCRIBE.replace("Contact: <sip:200@192.0.2.2>", "Contact: <sip:200@10.0.0.5>"));
    peer.endpoint.accept_subscription(peer.now, id);
    let (_, ok) = peer.one();
    assert!(is_due(&mut peer, id));
    peer.endpoint.notify(peer.now, id, None);
    let (flow, notify) = peer.one();
    assert_eq!(flow, peer.flow, "not to the private address");
    peer.respond(&notify, "200 OK", "", "");
    peer.flow.remote.set_port(61_000);
    peer.feed(
        &again(&ok, 6, "Event: dialog;id=3\nExpires: 60").replace("200@192.0.2.2>\nEvent", "200@10.0.0.5>\nEvent"),
    );
    peer.sent();
    assert!(is_due(&mut peer, id));
    peer.endpoint.notify(peer.now, id, None);
    assert_eq!(peer.one().0.remote.port(), 61_000);
}

#[test]
fn subscriptions_are_bounded() {
    let mut peer = Peer::new(Transport::Tcp);
    peer.endpoint = sip::Endpoint::new(sip::Config { max_transactions: 1_000_000, ..crate::net::config() }, 7);
    for number in 0..sip::subscription::MAX_SUBSCRIPTIONS {
        peer.feed(&SUBSCRIBE.replace("bKs1", &format!("bKs{number}")));
        let Some(Event::Subscribe { id, .. }) = peer.endpoint.poll_event() else { panic!("no Subscribe") };
        peer.endpoint.accept_subscription(peer.now, id);
        peer.endpoint.poll_event();
        while let Some(transmit) = peer.endpoint.poll_transmit() {
            peer.endpoint.recycle(transmit.bytes);
        }
    }
    peer.feed(&SUBSCRIBE.replace("bKs1", "bKsx"));
    assert_eq!(peer.starts(), ["SIP/2.0 503 Service Unavailable"]);
    assert_eq!(peer.endpoint.counts().subscriptions, sip::subscription::MAX_SUBSCRIPTIONS);
}

#[test]
fn a_subscription_through_proxies_keeps_their_route() {
    let mut peer = Peer::new(Transport::Udp);
    let routes = "Record-Route: <sip:192.0.2.7;lr>, <sip:192.0.2.8;lr>";
    let through = SUBSCRIBE.replace("Max-Forwards", "Via: SIP/2.0/UDP phone;branch=z9hG4bKp\nMax-Forwards");
    let id = asked(&mut peer, &format!("{through}\n{routes}"));
    peer.endpoint.accept_subscription(peer.now, id);
    let (_, ok) = peer.one();
    assert!(ok.contains(&format!("\r\n{routes}\r\n")), "{ok}");
    assert!(is_due(&mut peer, id));
    peer.endpoint.notify(peer.now, id, None);
    let (flow, notify) = peer.one();
    assert_eq!(flow.remote, "192.0.2.7:5060".parse().unwrap());
    let route: Vec<_> = notify.lines().filter(|line| line.starts_with("Route: ")).collect();
    assert_eq!(route, ["Route: <sip:192.0.2.7;lr>", "Route: <sip:192.0.2.8;lr>"]);
}
