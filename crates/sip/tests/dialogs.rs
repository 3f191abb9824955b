//! Dialogs by hand-written messages: routes, NAT, forks, order, UPDATE, INFO (RFC 3261 12, 13.2.2.4, 18.2).

use std::net::SocketAddr;

use sip::{EndCause, Event, Reply, Transport};

use crate::net::sdp;
use crate::peer::{INVITE, Peer, accepted, value, within};

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[test]
fn response_repeats_what_it_must() {
    let mut peer = Peer::new(Transport::Udp);
    peer.flow.remote = address("198.51.100.9:40000");
    peer.feed(&format!("{INVITE}\nRecord-Route: <sip:p2;lr>, <sip:p1;lr>\nVia: SIP/2.0/TCP other;branch=z9hG4bKx"));
    let Some(Event::Invite { id, .. }) = peer.told().pop() else { panic!() };
    peer.endpoint.ring(peer.now, id, 180, None);
    let (flow, ringing) = peer.one();
    assert_eq!(flow.remote, address("198.51.100.9:40000"));
    assert_eq!(value(&ringing, "Via"), "SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKi1;rport=40000;received=198.51.100.9");
    assert!(ringing.contains("Via: SIP/2.0/TCP other;branch=z9hG4bKx\r\n"));
    assert_eq!(value(&ringing, "Record-Route"), "<sip:p2;lr>, <sip:p1;lr>");
    assert_eq!(value(&ringing, "Contact"), "<sip:07040000001@192.0.2.1:5060>");
    assert_eq!(value(&ringing, "From"), "\"Carol\" <sip:carol@192.0.2.2>;tag=c1");
    assert!(value(&ringing, "To").starts_with("<sip:07040000001@192.0.2.1>;tag="));
    assert_eq!((value(&ringing, "CSeq"), value(&ringing, "Call-ID")), ("10 INVITE", "one@192.0.2.2"));
}

#[test]
fn without_rport_the_response_goes_to_the_port_of_sent_by() {
    let options =
        INVITE.replace("INVITE", "MESSAGE").replace(";rport", "").replace("192.0.2.2:5060;", "192.0.2.2:5070;");
    let mut peer = Peer::new(Transport::Udp);
    peer.flow.remote = address("192.0.2.2:6000");
    peer.feed(&options);
    let Some(Event::Request { transaction, .. }) = peer.told().pop() else { panic!() };
    peer.endpoint.respond(peer.now, transaction, Reply::new(200));
    assert_eq!(peer.one().0.remote, address("192.0.2.2:5070"));
}

#[test]
fn route_set_of_a_caller_and_of_a_callee() {
    let mut peer = Peer::new(Transport::Udp);
    let routed = format!(
        "{INVITE}\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx\nRecord-Route: <sip:192.0.2.2;lr>\nRecord-Route: <sip:192.0.2.9;lr>"
    );
    let (id, _) = accepted(&mut peer, &routed);
    peer.endpoint.end(peer.now, id, None);
    let (_, bye) = peer.one();
    assert!(bye.contains("Route: <sip:192.0.2.2;lr>\r\nRoute: <sip:192.0.2.9;lr>\r\n"), "{bye}");

    let mut peer = Peer::new(Transport::Udp);
    let (_, invite) = peer.call();
    peer.respond(
        &invite,
        "200 OK",
        "b",
        "Contact: <sip:bob@192.0.2.77:5099>\nRecord-Route: <sip:192.0.2.2:5080;lr>, <sip:192.0.2.3;lr>",
    );
    let (flow, ack) = peer.one();
    assert!(ack.starts_with("ACK sip:bob@192.0.2.77:5099 SIP/2.0"));
    assert!(ack.contains("Route: <sip:192.0.2.3;lr>\r\nRoute: <sip:192.0.2.2:5080;lr>\r\n"), "{ack}");
    assert_eq!(flow.remote, address("192.0.2.3:5060"));
}

#[test]
fn strict_router_takes_the_request_uri() {
    let mut peer = Peer::new(Transport::Udp);
    let (_, invite) = peer.call();
    peer.respond(&invite, "200 OK", "b", "Contact: <sip:bob@192.0.2.77>\nRecord-Route: <sip:192.0.2.2>");
    let (_, ack) = peer.one();
    assert!(ack.starts_with("ACK sip:192.0.2.2 SIP/2.0"), "{ack}");
    assert!(ack.contains("Route: <sip:bob@192.0.2.77>\r\n"));
}

#[test]
fn contact_is_followed_but_not_behind_nat() {
    // A proxy without Record-Route: two Vias, the Contact is where the phone is.
    let mut peer = Peer::new(Transport::Udp);
    let proxied = format!("{INVITE}:5099\nVia: SIP/2.0/UDP 192.0.2.5;branch=z9hG4bKx")
        .replace("<sip:carol@192.0.2.2>:5099", "<sip:carol@192.0.2.5:5099>");
    let (id, _) = accepted(&mut peer, &proxied);
    peer.endpoint.end(peer.now, id, None);
    assert_eq!(peer.one().0.remote, address("192.0.2.5:5099"));
    // A phone that names its private address.
    let mut peer = Peer::new(Transport::Udp);
    let private = INVITE.replace("Contact: <sip:carol@192.0.2.2>", "Contact: <sip:carol@10.0.0.5>");
    let (id, _) = accepted(&mut peer, &private);
    peer.endpoint.end(peer.now, id, None);
    let (flow, bye) = peer.one();
    assert_eq!(flow.remote, address("192.0.2.2:5060"));
    assert!(bye.starts_with("BYE sip:carol@10.0.0.5 SIP/2.0"));
    // An answer that names a private address.
    let mut peer = Peer::new(Transport::Udp);
    let (_, invite) = peer.call();
    peer.respond(&invite, "200 OK", "b", "Contact: <sip:bob@192.168.0.9:5090>");
    assert_eq!(peer.one().0.remote, address("192.0.2.2:5060"));
}

#[test]
fn surplus_fork_is_acknowledged_and_ended() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, invite) = peer.call();
    peer.respond(&invite, "180 Ringing", "x", "");
    peer.respond(&invite, "200 OK", "b", "Contact: <sip:bob@192.0.2.2>");
    assert_eq!(peer.starts(), ["ACK sip:bob@192.0.2.2 SIP/2.0"]);
    peer.respond(&invite, "200 OK", "c", "Contact: <sip:carl@192.0.2.2:5077>");
    let sent = peer.sent();
    assert!(
        sent[0].starts_with("ACK sip:carl@192.0.2.2:5077") && sent[1].starts_with("BYE sip:carl@192.0.2.2:5077"),
        "{sent:?}"
    );
    assert_eq!((value(&sent[0], "CSeq"), value(&sent[1], "CSeq")), ("1 ACK", "2 BYE"));
    assert!(value(&sent[1], "To").ends_with(";tag=c"));
    peer.respond(&sent[1], "200 OK", "c", "");
    peer.respond(&invite, "200 OK", "c", "Contact: <sip:carl@192.0.2.2:5077>");
    assert_eq!(peer.starts(), ["ACK sip:carl@192.0.2.2:5077 SIP/2.0"], "repeated: acknowledged again, not ended again");
    let told = peer.told();
    assert!(matches!(told[..], [Event::Rang { .. }, Event::Answered { .. }]), "{told:?}");
    peer.endpoint.end(peer.now, id, None);
    peer.assert_nothing_left();
}

#[test]
fn order_of_requests() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, ok) = accepted(&mut peer, INVITE);
    peer.feed(&within(&ok, "OPTIONS", 12, "o12"));
    assert_eq!(peer.starts(), ["SIP/2.0 200 OK"]);
    peer.feed(&within(&ok, "OPTIONS", 11, "o11"));
    assert_eq!(peer.starts(), ["SIP/2.0 500 Server Internal Error"]);
    peer.feed(&within(&ok, "BYE", 13, "b13").replace(";tag=c1", ";tag=other"));
    assert_eq!(peer.starts(), ["SIP/2.0 481 Call/Transaction Does Not Exist"]);
    peer.feed(&within(&ok, "BYE", 13, "b14").replace("Call-ID: one", "Call-ID: two"));
    assert_eq!(peer.starts(), ["SIP/2.0 481 Call/Transaction Does Not Exist"]);
    peer.feed(&within(&ok, "BYE", 13, "b15"));
    assert_eq!(peer.starts(), ["SIP/2.0 200 OK"]);
    assert!(matches!(peer.told()[..], [Event::Ended { id: ended, cause: EndCause::Bye, .. }] if ended == id));
    peer.feed(&within(&ok, "BYE", 13, "b15"));
    assert_eq!(peer.starts(), ["SIP/2.0 200 OK"], "repeated");
    peer.assert_nothing_left();
}

#[test]
fn update_and_info() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, ok) = accepted(&mut peer, INVITE);
    peer.feed(&within(&ok, "UPDATE", 11, "u1"));
    assert_eq!(peer.starts(), ["SIP/2.0 200 OK"], "without an offer it is a sign of life");
    let offer = format!("{}\nContent-Type: application/sdp\n\nhold", within(&ok, "UPDATE", 12, "u2"));
    peer.feed(&offer);
    let told = peer.told();
    assert!(matches!(&told[..], [Event::Offer { body: Some(body), .. }] if body.starts_with(b"hold")), "{told:?}");
    peer.feed(&format!("{}\nContent-Type: application/sdp\n\nmore", within(&ok, "UPDATE", 13, "u3")));
    let (_, busy) = peer.one();
    assert!(busy.starts_with("SIP/2.0 500") && busy.contains("Retry-After: "));
    peer.endpoint.answer_offer(peer.now, id, sdp("held"));
    let (_, answer) = peer.one();
    assert!(answer.starts_with("SIP/2.0 200 OK") && answer.ends_with("\r\n\r\nheld"));
    peer.feed(&format!("{}\nContent-Type: application/dtmf-relay\n\nSignal=5", within(&ok, "INFO", 14, "n1")));
    let Some(Event::Info { transaction, request, .. }) = peer.told().pop() else { panic!() };
    assert!(request.body().starts_with(b"Signal=5"));
    peer.endpoint.respond(peer.now, transaction, Reply::new(200));
    assert_eq!(peer.starts(), ["SIP/2.0 200 OK"]);
    peer.endpoint.end(peer.now, id, None);
    peer.sent();
    peer.feed(&within(&ok, "INFO", 15, "n2"));
    assert_eq!(peer.starts(), ["SIP/2.0 481 Call/Transaction Does Not Exist"], "nobody is left to answer it");
    peer.assert_nothing_left();
}

#[test]
fn nat_rebinding_is_followed() {
    let mut peer = Peer::new(Transport::Udp);
    let private = INVITE.replace("Contact: <sip:carol@192.0.2.2>", "Contact: <sip:carol@10.0.0.5>");
    let (id, ok) = accepted(&mut peer, &private);
    peer.flow.remote = address("192.0.2.2:61000");
    peer.feed(&within(&ok, "OPTIONS", 11, "o1").replace("branch", "rport;branch"));
    assert_eq!(peer.one().0.remote, address("192.0.2.2:61000"));
    peer.endpoint.end(peer.now, id, None);
    assert_eq!(peer.one().0.remote, address("192.0.2.2:61000"));
}

#[test]
fn merged_request_and_requests_of_no_call() {
    let mut peer = Peer::new(Transport::Udp);
    peer.feed(INVITE);
    peer.feed(&INVITE.replace("i1", "i2"));
    assert_eq!(peer.starts(), ["SIP/2.0 482 Loop Detected"]);
    for method in ["BYE", "CANCEL", "INFO", "UPDATE", "PRACK"] {
        peer.feed(&INVITE.replace("INVITE", method).replace("i1", "i9"));
        assert_eq!(peer.starts(), ["SIP/2.0 481 Call/Transaction Does Not Exist"], "{method}");
    }
    peer.feed(&INVITE.replace("INVITE", "ACK").replace("i1", "i9"));
    assert!(peer.sent().is_empty());
    assert_eq!(peer.endpoint.counts().totals.stray, 1);
}

#[test]
fn bytes_that_are_not_utf8_come_back_unchanged() {
    let mut peer = Peer::new(Transport::Udp);
    let text = INVITE.replace("INVITE", "OPTIONS").replace("\"Carol\"", "\"@@\"");
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut bytes = (lines.join("\r\n") + "\r\n\r\n").into_bytes();
    let at = bytes.windows(2).position(|pair| pair == b"@@").unwrap();
    bytes[at..at + 2].copy_from_slice(b"\xb1\xe8");
    peer.endpoint.handle_message(peer.now, peer.flow, &bytes);
    let Some(Event::Request { transaction, request, .. }) = peer.told().pop() else { panic!() };
    assert_eq!(&*request.from().display_bytes(), b"\xb1\xe8");
    peer.endpoint.respond(peer.now, transaction, Reply::new(200));
    let sent = peer.endpoint.poll_transmit().unwrap().bytes;
    assert!(sent.windows(4).any(|part| part == b"\"\xb1\xe8\""));
}
