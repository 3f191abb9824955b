//! Full tables: new calls are sent away, memory stays bounded.

use sip::{Config, Endpoint, Event, Transport};

use crate::net::config;
use crate::peer::{INVITE, Peer, accepted, within};

#[test]
fn full_transaction_table_refuses_calls_and_drops_the_rest() {
    let mut peer = Peer::new(Transport::Udp);
    peer.endpoint = Endpoint::new(Config { max_transactions: 3, ..config() }, 7);
    for number in 0..3 {
        peer.feed(&INVITE.replace("i1", &format!("i{number}")).replace("INVITE", "OPTIONS"));
    }
    assert_eq!(peer.endpoint.counts().server_transactions, 3);
    peer.feed(INVITE);
    let (_, refusal) = peer.one();
    assert!(refusal.starts_with("SIP/2.0 503 Service Unavailable") && refusal.contains("Retry-After: 5\r\n"));
    peer.feed(&INVITE.replace("i1", "i7").replace("INVITE", "OPTIONS"));
    assert!(peer.sent().is_empty());
    assert_eq!((peer.endpoint.counts().server_transactions, peer.endpoint.counts().totals.overload), (3, 2));
}

/// A stranger's INVITE costs nothing: one challenge goes out, never again by itself, and the ACK is ignored.
#[test]
fn a_challenged_stranger_leaves_no_state() {
    let mut peer = Peer::new(Transport::Udp);
    peer.feed(INVITE);
    let told = peer.told();
    let [Event::Invite { id, request, flow }] = &told[..] else { panic!("{told:?}") };
    peer.endpoint.challenge_invite(*id, request, *flow, &sip::Reply::new(401));
    assert_eq!(peer.starts(), ["SIP/2.0 401 Unauthorized"]);
    assert!(matches!(peer.told()[..], [Event::Ended { id: ended, .. }] if ended == *id));
    let counts = peer.endpoint.counts();
    assert_eq!((counts.server_transactions, counts.invites, counts.dialogs, counts.timers), (0, 0, 0, 0));
    peer.feed(&INVITE.replacen("INVITE", "ACK", 1).replace("10 INVITE", "10 ACK"));
    assert!(peer.sent().is_empty() && peer.told().is_empty());
}

#[test]
fn a_call_ends_however_full_the_tables_are() {
    let mut peer = Peer::new(Transport::Udp);
    peer.endpoint = Endpoint::new(Config { max_transactions: 3, ..config() }, 7);
    let (id, ok) = accepted(&mut peer, INVITE);
    for number in 0..3 {
        peer.feed(&INVITE.replace("i1", &format!("o{number}")).replace("INVITE", "OPTIONS"));
    }
    peer.told();
    peer.sent();
    peer.feed(&within(&ok, "INFO", 11, "info"));
    assert!(peer.sent().is_empty(), "the table is full");
    peer.feed(&within(&ok, "BYE", 12, "bye"));
    assert_eq!(peer.starts(), ["SIP/2.0 200 OK"]);
    assert!(matches!(peer.told()[..], [Event::Ended { id: ended, .. }] if ended == id));
}

#[test]
fn full_invite_table_refuses_both_directions() {
    let mut peer = Peer::new(Transport::Udp);
    peer.endpoint = Endpoint::new(Config { max_invites: 1, ..config() }, 7);
    let (_, _) = peer.call();
    peer.feed(INVITE);
    assert_eq!(peer.starts(), ["SIP/2.0 503 Service Unavailable"]);
    let invite = sip::Invite {
        flow: peer.flow,
        request_uri: "sip:x@192.0.2.2".to_owned(),
        from: sip::NameAddrText::default(),
        to: sip::NameAddrText::default(),
        contact_user: String::new(),
        headers: Vec::new(),
        route: Vec::new(),
        body: None,
        credentials: None,
        ring_limit: None,
        reliable: true,
        max_forwards: None,
    };
    let id = peer.endpoint.invite(peer.now, invite);
    assert!(matches!(peer.told()[..], [Event::Refused { id: refused, status: 503, .. }] if refused == id));
}

#[test]
fn parts_that_make_no_invite_are_refused() {
    let mut peer = Peer::new(Transport::Udp);
    let invite = sip::Invite {
        flow: peer.flow,
        request_uri: "sip:bad host".to_owned(),
        from: sip::NameAddrText::default(),
        to: sip::NameAddrText::default(),
        contact_user: String::new(),
        headers: Vec::new(),
        route: Vec::new(),
        body: None,
        credentials: None,
        ring_limit: None,
        reliable: true,
        max_forwards: None,
    };
    peer.endpoint.invite(peer.now, invite);
    assert!(matches!(peer.told()[..], [Event::Refused { status: 400, .. }]));
    assert!(peer.sent().is_empty());
    peer.assert_nothing_left();
}
