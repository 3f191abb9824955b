//! Connections that open late, close, and come back.

use sip::{EndCause, Event, Transport};

use crate::net::sdp;
use crate::peer::{INVITE, Peer, accepted, within};

#[test]
fn connection_made_for_a_request_is_used_from_then_on() {
    let mut peer = Peer::new(Transport::Tcp);
    peer.flow.connection = 0;
    let (id, invite) = peer.call();
    peer.flow.connection = 8;
    peer.respond(&invite, "200 OK", "b", "Contact: <sip:bob@192.0.2.2;transport=tcp>");
    assert_eq!(peer.one().0.connection, 8);
    peer.endpoint.end(peer.now, id, None);
    assert_eq!(peer.one().0.connection, 8);
}

#[test]
fn unanswered_calls_end_with_their_connection() {
    let mut peer = Peer::new(Transport::Ws);
    peer.feed(INVITE);
    peer.call();
    peer.told();
    peer.endpoint.handle_connection_closed(peer.now, 1);
    let told = peer.told();
    assert!(
        matches!(told[..], [Event::Refused { status: 503, .. }, Event::Ended { cause: EndCause::Transport, .. }]),
        "{told:?}"
    );
    assert_eq!(peer.endpoint.counts().timers, 0);
    peer.assert_nothing_left();
}

/// Rings at `peer`, whose connection closes then; its 200 comes on a new one.
#[test]
fn a_call_that_rings_waits_for_the_peer_to_come_back() {
    let mut peer = Peer::new(Transport::Tls);
    let (id, invite) = peer.call();
    peer.respond(&invite, "180 Ringing", "b", "Contact: <sip:bob@192.0.2.2;transport=tls>");
    peer.told();
    peer.endpoint.handle_connection_closed(peer.now, 1);
    peer.pass(9_999);
    assert!(peer.told().is_empty(), "it rings on");
    peer.flow.connection = 2;
    peer.respond(&invite, "200 OK", "b", "Contact: <sip:bob@192.0.2.2;transport=tls>");
    assert!(matches!(peer.told()[..], [Event::Answered { .. }]));
    let (flow, ack) = peer.one();
    assert!(flow.connection == 2 && ack.starts_with("ACK"), "{flow:?} {ack}");
    peer.pass(60_000);
    assert!(peer.told().is_empty(), "the grace is over, and so is its timer");
    peer.endpoint.end(peer.now, id, None);
    let (flow, bye) = peer.one();
    assert!(flow.connection == 2 && bye.starts_with("BYE"), "{flow:?} {bye}");
}

#[test]
fn a_call_that_rings_ends_when_the_peer_stays_away() {
    let mut peer = Peer::new(Transport::Tls);
    let (_, invite) = peer.call();
    peer.respond(&invite, "180 Ringing", "b", "Contact: <sip:bob@192.0.2.2;transport=tls>");
    peer.told();
    peer.endpoint.handle_connection_closed(peer.now, 1);
    peer.pass(10_000);
    assert!(matches!(peer.told()[..], [Event::Refused { status: 503, .. }]));
    assert_eq!(peer.endpoint.counts().timers, 0);
    peer.assert_nothing_left();
}

/// Given up while the peer was away: it hears of it once it is back, whatever it says then.
#[test]
fn a_call_given_up_while_the_peer_was_away_is_cancelled_when_it_comes_back() {
    let mut peer = Peer::new(Transport::Tls);
    let (id, invite) = peer.call();
    peer.respond(&invite, "180 Ringing", "b", "Contact: <sip:bob@192.0.2.2;transport=tls>");
    peer.endpoint.handle_connection_closed(peer.now, 1);
    peer.endpoint.end(peer.now, id, None);
    assert!(peer.sent().is_empty(), "nothing goes to a connection that is gone");
    peer.flow.connection = 2;
    peer.respond(&invite, "180 Ringing", "b", "Contact: <sip:bob@192.0.2.2;transport=tls>");
    let (flow, cancel) = peer.one();
    assert!(flow.connection == 2 && cancel.starts_with("CANCEL"), "{flow:?} {cancel}");

    let mut peer = Peer::new(Transport::Tls);
    let (id, invite) = peer.call();
    peer.respond(&invite, "180 Ringing", "b", "Contact: <sip:bob@192.0.2.2;transport=tls>");
    peer.endpoint.handle_connection_closed(peer.now, 1);
    peer.endpoint.end(peer.now, id, None);
    peer.flow.connection = 2;
    peer.respond(&invite, "200 OK", "b", "Contact: <sip:bob@192.0.2.2;transport=tls>");
    let to = "sip:bob@192.0.2.2;transport=tls SIP/2.0";
    assert_eq!(peer.starts(), [format!("ACK {to}"), format!("BYE {to}")]);
}

#[test]
fn answered_call_waits_for_the_peer_to_come_back() {
    let mut peer = Peer::new(Transport::Ws);
    let (id, ok) = accepted(&mut peer, INVITE);
    peer.endpoint.handle_connection_closed(peer.now, 1);
    peer.pass(9000);
    peer.flow.connection = 2;
    let back = format!("{}\nContent-Type: application/sdp\n\nback", within(&ok, "INVITE", 11, "r1"));
    peer.feed(&back);
    assert!(matches!(peer.told()[..], [Event::Offer { .. }]));
    peer.endpoint.answer_offer(peer.now, id, sdp("ok"));
    assert_eq!(peer.one().0.connection, 2);
    peer.feed(&within(&ok, "ACK", 11, "r2"));
    peer.pass(20_000);
    assert!(peer.told().is_empty());
    peer.endpoint.handle_connection_closed(peer.now, 2);
    peer.pass(9999);
    assert!(peer.told().is_empty());
    peer.pass(1);
    assert!(matches!(peer.told()[..], [Event::Ended { cause: EndCause::Transport, .. }]));
    peer.assert_nothing_left();
}

#[test]
fn refused_connection_fails_the_call_at_once() {
    let mut peer = Peer::new(Transport::Udp);
    peer.call();
    peer.endpoint.handle_send_failed(peer.now, peer.flow);
    assert!(matches!(peer.told()[..], [Event::Refused { status: 503, .. }]));
    assert_eq!(peer.endpoint.counts().timers, 0);
}

#[test]
fn hanging_up_on_a_dead_connection_leaves_nothing() {
    let mut peer = Peer::new(Transport::Tcp);
    let (id, _) = accepted(&mut peer, INVITE);
    peer.endpoint.handle_connection_closed(peer.now, 1);
    peer.endpoint.end(peer.now, id, None);
    peer.endpoint.handle_send_failed(peer.now, peer.flow);
    assert!(matches!(peer.told()[..], [Event::Ended { cause: EndCause::Local, .. }]));
    peer.assert_nothing_left();
}
