//! IPv6 in URIs, Via, Contact and Record-Route: the cases of RFC 5118, and our own messages over IPv6.

use std::net::SocketAddr;

use sip::{Event, Request, Transport};

use crate::peer::{INVITE, Peer, value, within};
use crate::torture::{folder_of, over_tcp, over_udp};

/// What the RFC asks for, by section of RFC 5118 4.
const OUTCOMES: &[(&str, &str)] = &[
    // 4.1, 4.2: an IPv6 reference needs its brackets.
    ("ipv6-good", "told Request REGISTER"),
    ("ipv6-bad", "400"),
    // 4.3, 4.4: within the brackets there is no port.
    ("port-ambiguous", "told Request REGISTER"),
    ("port-unambiguous", "told Request REGISTER"),
    // 4.5: `received` with and without brackets.
    ("via-received-param-with-delim", "481"),
    ("via-received-param-no-delim", "told Request OPTIONS"),
    // 4.6 to 4.8
    ("ipv6-in-sdp", "told Invite"),
    ("mult-ip-in-header", "481"),
    ("mult-ip-in-sdp", "told Invite"),
    // 4.9: IPv4-mapped addresses.
    ("ipv4-mapped-ipv6", "told Invite"),
    // 4.10: both must be tolerated.
    ("ipv6-bug-abnf-3-colons", "told Request OPTIONS"),
    ("ipv6-correct-abnf-2-colons", "told Request OPTIONS"),
];

/// The messages as on the wire; their lengths are those of bodies with single line ends.
fn message(name: &str) -> Option<Vec<u8>> {
    let folder = folder_of("rfc5118")?;
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
    let body = body.replace('\n', "\r\n");
    let lines = head.lines().map(|line| match line.starts_with("Content-Length") {
        true => format!("Content-Length: {}\r\n", body.len()),
        false => format!("{line}\r\n"),
    });
    Some(format!("{}\r\n{body}", lines.collect::<String>()).into_bytes())
}

#[test]
fn each_case_of_rfc_5118() {
    if folder_of("rfc5118").is_none() {
        return;
    }
    let mut wrong = Vec::new();
    for (name, expected) in OUTCOMES {
        let bytes = message(name).unwrap();
        for (way, outcome) in [("UDP", over_udp(&bytes)), ("TCP", over_tcp(&bytes, 10))] {
            if outcome != *expected {
                wrong.push(format!("{name} {way}: {outcome} instead of {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let present = std::fs::read_dir(folder_of("rfc5118").unwrap()).unwrap().count();
    assert_eq!((present, OUTCOMES.len()), (12, 12), "a case without an expected outcome");
}

#[test]
fn the_cases_are_read_right() {
    let Some(ambiguous) = message("port-ambiguous") else { return };
    let uri = |bytes: &[u8]| {
        let request = Request::parse(bytes).unwrap();
        request.uri().map(|uri| (uri.port(), uri.address()))
    };
    assert_eq!(uri(&ambiguous), Some((None, "[2001:db8::10:5070]:5060".parse().ok())));
    assert_eq!(uri(&message("port-unambiguous").unwrap()), Some((Some(5070), "[2001:db8::10]:5070".parse().ok())));
    let three = uri(&message("ipv6-bug-abnf-3-colons").unwrap());
    assert_eq!(three, uri(&message("ipv6-correct-abnf-2-colons").unwrap()));
    assert_eq!(three, Some((None, "[2001:db8::192.0.2.1]:5060".parse().ok())));
    for name in ["via-received-param-no-delim", "via-received-param-with-delim"] {
        let request = Request::parse(&message(name).unwrap()).unwrap();
        assert_eq!(request.via().received(), "2001:db8::9:255".parse().ok(), "{name}");
    }
    let mapped = Request::parse(&message("ipv4-mapped-ipv6").unwrap()).unwrap();
    assert_eq!(mapped.contact_address(), Some("[::ffff:192.0.2.2]:5060".parse().unwrap()));
    assert_eq!((mapped.via().host(), mapped.via().port()), (&b"[::ffff:192.0.2.10]"[..], Some(19823)));
    let mixed = Request::parse(&message("mult-ip-in-header").unwrap()).unwrap();
    let hosts: Vec<_> =
        mixed.list(sip::HeaderName::Via).filter_map(sip::Via::parse).map(|via| via.host().to_vec()).collect();
    assert_eq!(hosts, [b"[2001:db8::9:1]".to_vec(), b"192.0.2.1".to_vec(), b"[2001:db8::9:255]".to_vec()]);
}

fn peer() -> Peer {
    let mut peer = Peer::new(Transport::Udp);
    peer.flow.local = "[2001:db8::1]:5060".parse().unwrap();
    peer.flow.remote = "[2001:db8::2]:5060".parse().unwrap();
    peer
}

fn v6(text: &str) -> String {
    text.replace("192.0.2.2", "[2001:db8::2]").replace("192.0.2.1", "[2001:db8::1]")
}

#[test]
fn our_own_messages_have_brackets() {
    let mut peer = peer();
    let (_, invite) = peer.call();
    assert!(value(&invite, "Via").starts_with("SIP/2.0/UDP [2001:db8::1]:5060;branch="), "{invite}");
    assert_eq!(value(&invite, "Contact").trim_end(), "<sip:alice@[2001:db8::1]:5060>");
}

#[test]
fn a_call_over_ipv6() {
    let mut peer = peer();
    peer.flow.remote.set_port(5071);
    peer.feed(&v6(INVITE));
    let Some(Event::Invite { id, .. }) = peer.told().pop() else { panic!("no INVITE") };
    peer.endpoint.accept(peer.now, id, crate::net::sdp("v=0"));
    let (back, ok) = peer.one();
    assert_eq!(back, peer.flow, "rport");
    assert!(value(&ok, "Via").ends_with(";rport=5071;received=2001:db8::2"), "without brackets (RFC 3261 25.1): {ok}");
    assert_eq!(value(&ok, "Contact"), "<sip:07040000001@[2001:db8::1]:5060>");
    peer.feed(&v6(&within(&ok, "ACK", 10, "ack")));
    peer.told();
    peer.endpoint.end(peer.now, id, None);
    let (_, bye) = peer.one();
    assert!(bye.starts_with("BYE sip:carol@[2001:db8::2] SIP/2.0\r\n"), "{bye}");
}

/// An address has many spellings; it is the same sender.
#[test]
fn sent_by_is_compared_as_an_address() {
    let mut peer = peer();
    peer.flow.remote.set_port(40_000);
    let invite = v6(INVITE).replace(";rport", "").replace("[2001:db8::2]:5060", "[2001:DB8:0:0::2]:5066");
    peer.feed(
        &invite
            .replacen("INVITE", "BYE", 1)
            .replace("10 INVITE", "10 BYE")
            .replace("To: <", "To: <sip:x@h>;tag=z\nSubject: <"),
    );
    let (back, response) = peer.one();
    assert_eq!(back.remote.port(), 5066, "sent-by is where it came from, so its port counts (18.2.2)");
    assert!(!value(&response, "Via").contains("received"), "{response}");
}

/// A dual-stack socket tells IPv4 peers as mapped ones; nothing of that may be seen outside.
#[test]
fn mapped_addresses_stay_inside() {
    let mut peer = Peer::new(Transport::Udp);
    peer.flow.local = "[::ffff:192.0.2.1]:5060".parse().unwrap();
    peer.flow.remote = "[::ffff:192.0.2.2]:5060".parse().unwrap();
    peer.feed(INVITE);
    let Some(Event::Invite { id, .. }) = peer.told().pop() else { panic!("no INVITE") };
    peer.endpoint.ring(peer.now, id, 180, None);
    let (_, ringing) = peer.one();
    assert!(value(&ringing, "Via").ends_with(";rport=5060;received=192.0.2.2"), "{ringing}");
    assert_eq!(value(&ringing, "Contact"), "<sip:07040000001@192.0.2.1:5060>");
    let (_, invite) = peer.call();
    assert!(value(&invite, "Via").starts_with("SIP/2.0/UDP 192.0.2.1:5060;"), "{invite}");
}

#[test]
fn a_route_of_ipv6_proxies() {
    let mut peer = peer();
    let route = "Record-Route: <sip:[2001:db8::9]:5080;lr>, <sip:[2001:db8::8];lr>";
    let two = "Via: SIP/2.0/UDP [2001:db8::2];branch=z9hG4bKi1;rport\nVia: SIP/2.0/UDP [2001:db8::7];branch=z9hG4bKi0";
    let invite = v6(INVITE).replace("Via: SIP/2.0/UDP [2001:db8::2]:5060;branch=z9hG4bKi1;rport", two);
    peer.feed(&format!("{invite}\n{route}"));
    let Some(Event::Invite { id, .. }) = peer.told().pop() else { panic!("no INVITE") };
    peer.endpoint.accept(peer.now, id, crate::net::sdp("v=0"));
    let (_, ok) = peer.one();
    peer.feed(&v6(&within(&ok, "ACK", 10, "ack")));
    peer.told();
    peer.endpoint.end(peer.now, id, None);
    let (to, bye) = peer.one();
    assert_eq!(to.remote, "[2001:db8::9]:5080".parse::<SocketAddr>().unwrap(), "the first route");
    let routes: Vec<_> = bye.lines().filter(|line| line.starts_with("Route: ")).collect();
    assert_eq!(routes, ["Route: <sip:[2001:db8::9]:5080;lr>", "Route: <sip:[2001:db8::8];lr>"]);
}
