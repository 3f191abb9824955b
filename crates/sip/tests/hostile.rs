//! Bytes that want to cost much: too many, too long, too deep. Each has a bound and a defined answer.

use sip::{Endpoint, Frame, Request, StreamFramer, Transport};

use crate::net::{config, flow, start};
use crate::torture::{outcome, over_tcp, over_udp};

const HEAD: &str = "INVITE sip:b@h SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContact: <sip:a@h>\r\n";

fn invite(lines: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{HEAD}{lines}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

#[test]
fn nine_thousand_headers() {
    let bytes = invite(&"X: y\r\n".repeat(9000), b"");
    assert_eq!((over_udp(&bytes), over_tcp(&bytes, 1000)), ("513".to_owned(), "513".to_owned()));
    let vias = invite(&"Via: SIP/2.0/UDP p;branch=z9hG4bKp\r\n".repeat(1500), b"");
    assert_eq!(over_udp(&vias), "513");
}

#[test]
fn a_header_of_twenty_kibibytes() {
    let long = invite(&format!("Subject: {}\r\n", "x".repeat(20 * 1024)), b"");
    assert_eq!(over_udp(&long), "513");
    assert_eq!(over_tcp(&long, 1000), "513, closed");
    let folded = invite(&format!("Subject: {}\r\n", "x\r\n ".repeat(5000)), b"");
    assert_eq!(over_udp(&folded), "513");
}

/// 2 MiB over TCP: the sender is told 513 as soon as the length is known, and the stream is given up.
#[test]
fn two_mebibytes_over_tcp() {
    let body = invite("Content-Type: text/plain\r\n", &vec![b'x'; 2 * 1024 * 1024]);
    assert_eq!(over_tcp(&body, 1460), "513, closed");
    let mut head = HEAD.as_bytes().to_vec();
    head.extend_from_slice(&b"X: yyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n".repeat(70_000));
    assert_eq!(over_tcp(&head, 1460), "513, closed");
    let endless = vec![b'x'; 2 * 1024 * 1024];
    assert_eq!(over_tcp(&endless, 16 * 1024), "malformed, closed", "nobody to tell");
    // As one WebSocket message.
    assert_eq!(over_udp(&body), "513");
    assert_eq!(over_udp(&endless), "malformed");
}

/// What a stream keeps is bounded by one message and one read.
#[test]
fn a_stream_keeps_no_more_than_a_message() {
    let mut framer = StreamFramer::new();
    let mut pushed = 0;
    while framer.next_frame().is_ok() {
        framer.push(&[b'x'; 4096]);
        pushed += 4096;
    }
    assert!(pushed <= 65_536 + 4096, "{pushed}");
    assert!(framer.rest().len() <= 65_536);
}

/// A body that comes byte by byte costs its head's reading once, not once a byte.
#[test]
fn a_body_in_single_bytes() {
    let lines = format!("Subject: {}\r\n", "y".repeat(15_000)).repeat(2);
    let bytes = invite(&format!("{lines}Content-Type: application/sdp\r\n"), &vec![b'v'; 30_000]);
    let mut framer = StreamFramer::new();
    let mut whole = Vec::new();
    for byte in &bytes {
        framer.push(std::slice::from_ref(byte));
        if let Some(Frame::Message(message)) = framer.next_frame().unwrap() {
            whole = message;
        }
    }
    assert_eq!(whole, bytes);
}

/// Each of these fills a message with what a parser could stumble over; each must be answered or told, and in no time.
#[test]
fn pathological_values() {
    let fill = |piece: &str| piece.repeat(15_000 / piece.len());
    for (name, piece) in [
        ("Contact", "<sip:a@h>,"),
        ("Contact", ","),
        ("Contact", "\\\""),
        ("Route", "<sip:p;lr>,"),
        ("Record-Route", "<"),
        ("Supported", "a,"),
        ("Require", ","),
        ("Accept", "*/*;q=0.1,"),
        ("Authorization", "Digest a=\"\\\","),
        ("Authorization", "Digest realm=,"),
        ("Privacy", "id;"),
        ("P-Asserted-Identity", "<tel:+1>,"),
        ("History-Info", "<sip:a@h>;index=1.1,"),
        ("Diversion", "<sip:a@h>;counter=1,"),
        ("Event", "dialog;id="),
        ("Reason", "SIP;cause=200;text=\"\\\""),
        ("Via", "SIP/2.0/UDP a;branch=z9hG4bKx,"),
        ("Expires", "9"),
        ("X-Params", ";a=\"b\""),
    ] {
        let value = fill(piece);
        let mut endpoint = Endpoint::new(config(), 1);
        let bytes = invite(&format!("{name}: {value}\r\n"), b"");
        endpoint.handle_message(start(), flow(0, Transport::Udp), &bytes);
        let outcome = outcome(&mut endpoint);
        assert!(["told Invite", "400", "420", "406"].contains(&outcome.as_str()), "{name}: {outcome}");
        if let Ok(request) = Request::parse(&bytes) {
            drop(sip::diversion::originally_called(&request));
            assert_ne!(sip::identity::CallerPrivacy::of(&request), sip::identity::CallerPrivacy::Shown);
            assert!(sip::identity::asserted(&request).count() <= 4);
            assert!(sip::diversion::history(&request).count() <= 32);
        }
    }
}

#[test]
fn uri_parameters_without_end() {
    let uri = format!("sip:b@h{}", ";a=b".repeat(10_000));
    let bytes = invite("", b"");
    let text = String::from_utf8(bytes).unwrap().replacen("sip:b@h", &uri, 1);
    assert_eq!(over_udp(text.as_bytes()), "told Invite");
    let escapes = format!("sip:{}@h", "%41".repeat(10_000));
    let text = String::from_utf8(invite("", b"")).unwrap().replacen("sip:b@h", &escapes, 1);
    assert_eq!(over_udp(text.as_bytes()), "told Invite");
}

/// A multipart body whose parts hold multipart bodies, to any depth.
#[test]
fn nesting_without_end() {
    let mut body = "v=0\r\n".to_owned();
    let mut kind = "application/sdp".to_owned();
    for level in 0..400 {
        body = format!("--b{level}\r\nContent-Type: {kind}\r\n\r\n{body}\r\n--b{level}--\r\n");
        kind = format!("multipart/mixed;boundary=b{level}");
    }
    let bytes = invite(&format!("Content-Type: {kind}\r\n"), body.as_bytes());
    assert_eq!(over_udp(&bytes), "told Invite");
    assert_eq!(Request::parse(&bytes).unwrap().sdp(), None, "too deep to be looked for");
}

/// A Binding request on the SIP port is answered where it came from; it is no SIP and no malformed message.
#[test]
fn a_keep_alive_by_stun() {
    let mut endpoint = Endpoint::new(config(), 1);
    let mut request = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    request.extend_from_slice(&[7; 12]);
    endpoint.handle_message(start(), flow(0, Transport::Udp), &request);
    let sent = endpoint.poll_transmit().unwrap();
    assert_eq!((sent.flow, &sent.bytes[..2]), (flow(0, Transport::Udp), &[1, 1][..]));
    endpoint.handle_message(start(), flow(0, Transport::Udp), &request[..19]);
    endpoint.handle_message(start(), flow(0, Transport::Udp), &sent.bytes);
    assert!(endpoint.poll_transmit().is_none() && endpoint.poll_event().is_none());
    assert_eq!(endpoint.counts().totals.malformed, 0);
}
