//! Parse and print are inverse: for made-up messages, and nothing made of noise does harm.

use sip::{Endpoint, Request, Response, StreamFramer, Transport};

use crate::net::{config, flow, start};

/// A small generator; the same seed gives the same messages.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }

    pub fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

const HEADERS: &[&str] = &[
    "Contact: <sip:a@192.0.2.1:5062;transport=tcp>;q=0.5",
    "Subject: \u{c548}\u{b155}",
    "X-Any: a, \"b;c\", <d>",
    "Record-Route: <sip:p1;lr>, <sip:p2;lr>",
    "Supported: path, timer",
    "Expires: 60",
    "Empty: ",
    "User-Agent: x/1 (y; z)",
];
const ADDRESSES: &[&str] = &[
    "<sip:a@h>",
    "\"A \\\"B\\\"\" <sip:a:pw@h;x=1?y=2>",
    "sip:a@h",
    "A B <tel:+8270;phone-context=x>",
    "<sips:[2001:db8::1]:5061>",
];

fn made_up(dice: &mut Dice) -> Vec<u8> {
    let method = dice.pick(&["INVITE", "OPTIONS", "REGISTER", "NOVEL"]);
    let mut lines = vec![
        format!(
            "Via: SIP/2.0/{} {};branch=z9hG4bK{}",
            dice.pick(&["UDP", "TCP", "WSS"]),
            dice.pick(&["h", "h:1", "[::1]:5060"]),
            dice.below(99)
        ),
        format!("From: {};tag={}", dice.pick(ADDRESSES), dice.below(1000)),
        format!("To: {}", dice.pick(ADDRESSES)),
        format!("Call-ID: {}@h", dice.below(1 << 30)),
        format!("CSeq: {} {method}", dice.below(1 << 31)),
    ];
    for _ in 0..dice.below(6) {
        lines.push(dice.pick(HEADERS).to_owned());
    }
    for at in (1..lines.len()).rev() {
        lines.swap(at, dice.below(at + 1));
    }
    let body: Vec<u8> = (0..dice.below(40)).map(|_| dice.below(256) as u8).collect();
    lines.push(format!("Content-Length: {}", body.len()));
    let uri = dice.pick(&["sip:b@h", "sips:h:5061;lr", "tel:+82"]);
    let mut bytes = format!("{method} {uri} SIP/2.0\r\n{}\r\n\r\n", lines.join("\r\n")).into_bytes();
    bytes.extend(body);
    bytes
}

fn print(request: &Request) -> Vec<u8> {
    let mut out = Vec::new();
    request.print(&mut out);
    out
}

#[test]
fn print_gives_the_same_bytes() {
    let mut dice = Dice(42);
    for round in 0..2000 {
        let bytes = made_up(&mut dice);
        let request = Request::parse(&bytes)
            .unwrap_or_else(|problem| panic!("round {round}: {problem}\n{}", String::from_utf8_lossy(&bytes)));
        assert_eq!(print(&request), bytes, "round {round}");
    }
}

#[test]
fn compact_and_folded_forms_mean_the_same() {
    let long = "INVITE sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nSubject: x y\r\nContent-Length: 0\r\n\r\n";
    let short = "INVITE sip:b@h SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1\r\nf : <sip:a@h>;tag=1\r\nT: <sip:b@h>\r\ni:c\r\ncSEQ:  1 INVITE\r\ns:\r\n x\r\n\ty\r\nl: 0\r\n\r\n";
    let (long, short) = (Request::parse(long.as_bytes()).unwrap(), Request::parse(short.as_bytes()).unwrap());
    let plain =
        |request: &Request| String::from_utf8(print(request)).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(plain(&long), plain(&short));
}

#[test]
fn noise_is_an_ordinary_event() {
    let mut dice = Dice(7);
    let mut endpoint = Endpoint::new(config(), 1);
    let (now, flow) = (start(), flow(0, Transport::Udp));
    let mut framer = StreamFramer::new();
    for _ in 0..5000 {
        let mut bytes = made_up(&mut dice);
        for _ in 0..=dice.below(8) {
            let at = dice.below(bytes.len());
            match dice.below(4) {
                0 => bytes[at] = dice.below(256) as u8,
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, dice.pick(&["\r", "\n", "\"", "<", ";", ",", ":", " "]).as_bytes()[0]),
                _ => bytes.truncate(at.max(1)),
            }
            if bytes.is_empty() {
                break;
            }
        }
        endpoint.handle_message(now, flow, &bytes);
        if let Ok(request) = Request::parse(&bytes) {
            let again = Request::parse(&print(&request)).expect("what was read once can be read again");
            assert_eq!(print(&again), print(&request));
        }
        drop(Response::parse(&bytes));
        framer.push(&bytes);
        loop {
            match framer.next_frame() {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => {
                    framer = StreamFramer::new();
                    break;
                }
            }
        }
        while let Some(sent) = endpoint.poll_transmit() {
            assert!(sent.bytes.starts_with(b"SIP/2.0 ") && sent.bytes.ends_with(b"\r\n\r\n"));
        }
        while endpoint.poll_event().is_some() {}
    }
    assert!(endpoint.counts().totals.malformed > 500);
    let counts = endpoint.counts();
    assert!(counts.server_transactions <= config().max_transactions && counts.invites <= config().max_invites);
}

#[test]
fn bounds_are_kept() {
    let head = "OPTIONS sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n";
    let many = format!("{head}{}\r\n", "A: b\r\n".repeat(252));
    assert_eq!(Request::parse(many.as_bytes()).unwrap_err().status, 513);
    let enough = format!("{head}{}\r\n", "A: b\r\n".repeat(251));
    assert!(Request::parse(enough.as_bytes()).is_ok());
    let long = format!("{head}A: {}\r\n\r\n", "x".repeat(16 * 1024));
    assert_eq!(Request::parse(long.as_bytes()).unwrap_err().field, "header field");
    let folded = format!("{head}A: {}\r\n\r\n", "x\r\n ".repeat(5000));
    assert!(Request::parse(folded.as_bytes()).is_err());
    let huge = format!("{head}\r\n{}", "x".repeat(65_536));
    assert_eq!(Request::parse(huge.as_bytes()).unwrap_err().status, 513);
}
