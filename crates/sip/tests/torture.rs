//! The torture messages of RFC 4475: each has its outcome, none is a surprise.

use std::path::PathBuf;

use sip::{Endpoint, Event, Frame, Request, StreamFramer, Transport};

use crate::net::{config, flow, start};

/// What the endpoint does with each message: `status` of the answer, `told` to the user, `malformed`, `stray`. Over a
/// stream the same, unless a third column says otherwise: there a message must say how long it is, others may follow,
/// and `closed` is a stream that cannot be followed any more.
const OUTCOMES: &[(&str, &str, Option<&str>)] = &[
    // 3.1.1 valid messages
    // Its To has a tag, so it belongs to a dialog nobody knows.
    ("wsinv", "481", None),
    ("intmeth", "501", None),
    ("esc01", "told Invite", None),
    ("escnull", "told Request REGISTER", None),
    ("esc02", "501", None),
    ("lwsdisp", "told Request OPTIONS", None),
    ("longreq", "told Invite", None),
    // What follows the first message of a datagram is dropped; in a stream it is the next message, and so are the last
    // bytes of its body, for its Content-Length is too small.
    ("dblreq", "told Request REGISTER", Some("told Request REGISTER, told Invite, malformed")),
    ("semiuri", "told Request OPTIONS", None),
    ("transports", "told Request OPTIONS", None),
    ("mpart01", "told Request MESSAGE", None),
    ("unreason", "stray", None),
    ("noreason", "stray", None),
    // 3.1.2 invalid messages
    ("badinv01", "400", None),
    // More is announced than comes: a stream waits for it.
    ("clerr", "400", Some("waits")),
    ("ncl", "400", Some("400, closed")),
    ("scalar02", "400", None),
    ("scalarlg", "malformed", None),
    ("quotbal", "400", None),
    ("ltgtruri", "400", None),
    ("lwsruri", "400", None),
    ("lwsstart", "400", None),
    ("trws", "400", None),
    ("escruri", "400", None),
    // A Date that is no GMT is not looked at ("could ignore").
    ("baddate", "told Invite", None),
    ("regbadct", "400", None),
    ("badaspec", "400", None),
    // Display names that should be quoted are taken all the same ("may be liberal").
    // The empty line is missing: a datagram ends there, a stream may go on.
    ("baddn", "told Request OPTIONS", Some("waits")),
    ("badvers", "505", None),
    ("mismatch01", "400", None),
    ("mismatch02", "400", None),
    ("bigcode", "malformed", None),
    // 3.2 transaction layer
    ("badbranch", "400", None),
    // 3.3 application layer
    ("insuf", "400", None),
    ("unkscm", "416", None),
    ("novelsc", "416", None),
    // Schemes in To, From and Contact are the registrar's to judge.
    ("unksm2", "told Request REGISTER", None),
    ("bext01", "420", None),
    ("invut", "415", None),
    ("regaut01", "told Request REGISTER", None),
    ("multi01", "400", None),
    ("mcl01", "400", Some("400, closed")),
    ("bcast", "stray", None),
    // Max-Forwards stops a proxy, not the one who is asked.
    ("zeromf", "told Request OPTIONS", None),
    ("cparam01", "told Request REGISTER", None),
    ("cparam02", "told Request REGISTER", None),
    ("regescrt", "told Request REGISTER", None),
    ("sdp01", "406", None),
    // 3.4 backward compatibility
    // Without Content-Length the body is none in a stream (18.3); what there is of it waits to become a message.
    ("inv2543", "told Invite", None),
];

/// What came of the messages fed since, in words.
pub fn outcome(endpoint: &mut Endpoint) -> String {
    let mut answers = Vec::new();
    while let Some(sent) = endpoint.poll_transmit() {
        // Not read as a response: an answer to a broken Via repeats it.
        answers.push(String::from_utf8_lossy(&sent.bytes).split(' ').nth(1).unwrap().to_owned());
    }
    let mut told = Vec::new();
    while let Some(event) = endpoint.poll_event() {
        match event {
            Event::Invite { .. } => told.push("told Invite".to_owned()),
            Event::Request { request, .. } => told.push(format!("told Request {}", request.method())),
            Event::Malformed { .. } if answers.is_empty() => told.push("malformed".to_owned()),
            Event::Malformed { .. } => {}
            other => told.push(format!("{other:?}")),
        }
    }
    told.append(&mut answers);
    if told.is_empty() && endpoint.counts().totals.stray > 0 {
        return "stray".to_owned();
    }
    told.join(", ")
}

pub fn over_udp(bytes: &[u8]) -> String {
    let mut endpoint = Endpoint::new(config(), 1);
    endpoint.handle_message(start(), flow(0, Transport::Udp), bytes);
    outcome(&mut endpoint)
}

/// In pieces of this size, as a stream may be cut anywhere.
pub fn over_tcp(bytes: &[u8], piece: usize) -> String {
    let (mut endpoint, mut framer) = (Endpoint::new(config(), 1), StreamFramer::new());
    let mut out: Vec<String> = Vec::new();
    'stream: for piece in bytes.chunks(piece) {
        framer.push(piece);
        loop {
            match framer.next_frame() {
                Ok(None) => break,
                Ok(Some(Frame::Ping)) => out.push("ping".to_owned()),
                Ok(Some(Frame::Message(message))) => {
                    endpoint.handle_message(start(), flow(0, Transport::Tcp), &message);
                    out.push(outcome(&mut endpoint));
                }
                Err(_) => {
                    endpoint.handle_message(start(), flow(0, Transport::Tcp), framer.rest());
                    out.push(outcome(&mut endpoint));
                    out.push("closed".to_owned());
                    break 'stream;
                }
            }
        }
    }
    if out.is_empty() { "waits".to_owned() } else { out.join(", ") }
}

/// The folder of a set of messages; `None` outside of the whole workspace's checkout, and said so.
pub fn folder_of(name: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    if !folder.is_dir() {
        // Where the tests of every commit run it must be there, or nothing would be tested.
        assert!(std::env::var_os("CI").is_none(), "{} is missing", folder.display());
        println!("skip: {} is not here", folder.display());
        return None;
    }
    Some(folder)
}

#[test]
fn each_message_has_its_outcome() {
    let Some(folder) = folder_of("rfc4475") else { return };
    let mut wrong = Vec::new();
    for (name, by_udp, by_tcp) in OUTCOMES {
        let bytes = std::fs::read(folder.join(format!("{name}.dat"))).unwrap();
        let mut hold = |way: &str, outcome: String, expected: &str| {
            if outcome != expected {
                let problem = Request::parse(&bytes).err();
                wrong.push(format!("{name} {way}: {outcome} instead of {expected}: {problem:?}"));
            }
        };
        hold("UDP", over_udp(&bytes), by_udp);
        for piece in [1, 7, 1460, usize::MAX] {
            hold("TCP", over_tcp(&bytes, piece), by_tcp.unwrap_or(by_udp));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let present = std::fs::read_dir(&folder)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "dat"));
    assert_eq!((present.count(), OUTCOMES.len()), (49, 49), "a message without an expected outcome");
}

#[test]
fn tortuous_invite_is_read_right() {
    let Some(folder) = folder_of("rfc4475") else { return };
    let bytes = std::fs::read(folder.join("wsinv.dat")).unwrap();
    let request = Request::parse(&bytes).unwrap();
    assert_eq!(request.to().tag(), Some(&b"1918181833n"[..]));
    assert_eq!(request.from().tag(), Some(&b"98asjd8"[..]));
    assert_eq!(request.from().display(), "J Rosenberg \\\"");
    assert_eq!((request.cseq(), request.max_forwards()), (9, Some(68)));
    assert_eq!(request.via().host(), b"192.0.2.2");
    assert_eq!(request.contact().unwrap().params().get("secondparam"), Some(&b""[..]));
    assert_eq!(request.body().len(), 150);
    assert_eq!(request.list(sip::HeaderName::Via).count(), 3);
}
