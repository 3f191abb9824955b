//! The torture messages of RFC 4475: each has its outcome, none is a surprise.

use std::path::PathBuf;

use sip::{Endpoint, Event, Request, Transport};

use crate::net::{config, flow, start};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/rfc4475")
}

/// What the endpoint does with the message: `status` of the answer, `told` to the user, or `dropped`.
const OUTCOMES: &[(&str, &str)] = &[
    // 3.1.1 valid messages
    // Its To has a tag, so it belongs to a dialog nobody knows.
    ("wsinv", "481"),
    ("intmeth", "501"),
    ("esc01", "told Invite"),
    ("escnull", "told Request REGISTER"),
    ("esc02", "501"),
    ("lwsdisp", "told Request OPTIONS"),
    ("longreq", "told Invite"),
    ("dblreq", "told Request REGISTER"),
    ("semiuri", "told Request OPTIONS"),
    ("transports", "told Request OPTIONS"),
    ("mpart01", "told Request MESSAGE"),
    ("unreason", "stray"),
    ("noreason", "stray"),
    // 3.1.2 invalid messages
    ("badinv01", "400"),
    ("clerr", "400"),
    ("ncl", "400"),
    ("scalar02", "400"),
    ("scalarlg", "malformed"),
    ("quotbal", "400"),
    ("ltgtruri", "400"),
    ("lwsruri", "400"),
    ("lwsstart", "400"),
    ("trws", "400"),
    ("escruri", "400"),
    // A Date that is no GMT is not looked at ("could ignore").
    ("baddate", "told Invite"),
    ("regbadct", "400"),
    ("badaspec", "400"),
    // Display names that should be quoted are taken all the same ("may be liberal").
    ("baddn", "told Request OPTIONS"),
    ("badvers", "505"),
    ("mismatch01", "400"),
    ("mismatch02", "400"),
    ("bigcode", "malformed"),
    // 3.2 transaction layer
    ("badbranch", "400"),
    // 3.3 application layer
    ("insuf", "400"),
    ("unkscm", "416"),
    ("novelsc", "416"),
    // Schemes in To, From and Contact are the registrar's to judge.
    ("unksm2", "told Request REGISTER"),
    ("bext01", "420"),
    ("invut", "415"),
    ("regaut01", "told Request REGISTER"),
    ("multi01", "400"),
    ("mcl01", "400"),
    ("bcast", "stray"),
    // Max-Forwards stops a proxy, not the one who is asked.
    ("zeromf", "told Request OPTIONS"),
    ("cparam01", "told Request REGISTER"),
    ("cparam02", "told Request REGISTER"),
    ("regescrt", "told Request REGISTER"),
    ("sdp01", "406"),
    // 3.4 backward compatibility
    ("inv2543", "told Invite"),
];

fn outcome(bytes: &[u8]) -> String {
    let mut endpoint = Endpoint::new(config(), 1);
    endpoint.handle_message(start(), flow(0, Transport::Udp), bytes);
    let told = endpoint.poll_event();
    if let Some(sent) = endpoint.poll_transmit() {
        // Not read as a response: an answer to a broken Via repeats it.
        return String::from_utf8_lossy(&sent.bytes).split(' ').nth(1).unwrap().to_owned();
    }
    match told {
        Some(Event::Invite { .. }) => "told Invite".to_owned(),
        Some(Event::Request { request, .. }) => format!("told Request {}", request.method()),
        Some(Event::Malformed { .. }) => "malformed".to_owned(),
        None if endpoint.counts().totals.stray == 1 => "stray".to_owned(),
        other => format!("{other:?}"),
    }
}

#[test]
fn each_message_has_its_outcome() {
    let folder = folder();
    if !folder.is_dir() {
        println!("skip: {} is not here", folder.display());
        return;
    }
    let mut wrong = Vec::new();
    for (name, expected) in OUTCOMES {
        let bytes = std::fs::read(folder.join(format!("{name}.dat"))).unwrap();
        let outcome = outcome(&bytes);
        if outcome != *expected {
            wrong.push(format!("{name}: {outcome} instead of {expected}: {:?}", Request::parse(&bytes).err()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let present = std::fs::read_dir(&folder)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "dat"));
    assert_eq!(present.count(), OUTCOMES.len(), "a message without an expected outcome");
}

#[test]
fn tortuous_invite_is_read_right() {
    let Ok(bytes) = std::fs::read(folder().join("wsinv.dat")) else {
        println!("skip: no torture messages here");
        return;
    };
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
