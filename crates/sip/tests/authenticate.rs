//! Digest: our challenges to phones, our answers to carriers (RFC 3261 22, RFC 7616, RFC 8760).

use std::time::{Duration, Instant};

use sip::digest::{Authenticator, Secret, Verdict};
use sip::{Event, Method, OutOfDialog, Request, Transport};

use crate::net::start;
use crate::peer::{INVITE, Peer, accepted, value, wire, within};

const REGISTER: &str = "REGISTER sip:sori.test SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bKr\nFrom: <sip:100@h>;tag=1\nTo: <sip:100@h>\nCall-ID: r\nCSeq: 1 REGISTER\n";

fn authenticator() -> Authenticator {
    Authenticator::new("sori", [3; 32], 300)
}

fn secret() -> Secret {
    Secret::new("100", "sori", "pass")
}

fn nonce(challenge: &str) -> String {
    challenge.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

/// A REGISTER with credentials as a phone would compute them.
fn signed(nonce: &str, algorithm: &str, nc: Option<&str>, user: &str, password: &str) -> Request {
    let hash = |text: String| match algorithm {
        "SHA-256" => hex::<sha2::Sha256>(&text),
        _ => hex::<md5::Md5>(&text),
    };
    let ha1 = hash(format!("{user}:sori:{password}"));
    let ha2 = hash("REGISTER:sip:sori.test".to_owned());
    let (response, rest) = match nc {
        Some(nc) => (hash(format!("{ha1}:{nonce}:{nc}:cn:auth:{ha2}")), format!(",qop=auth,nc={nc},cnonce=\"cn\"")),
        None => (hash(format!("{ha1}:{nonce}:{ha2}")), String::new()),
    };
    let line = format!(
        "Authorization: Digest username=\"{user}\",realm=\"sori\",nonce=\"{nonce}\",uri=\"sip:sori.test\",response=\"{response}\",algorithm={algorithm}{rest}"
    );
    Request::parse(&wire(&format!("{REGISTER}{line}\n\n"))).unwrap()
}

fn hex<D: sha2::Digest>(text: &str) -> String {
    D::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn verify(authenticator: &mut Authenticator, now: Instant, request: &Request) -> Verdict {
    let secret = secret();
    authenticator.verify(now, request, |name| (name == "100").then_some(&secret))
}

fn accepted_user() -> Verdict {
    Verdict::Accepted { username: "100".to_owned() }
}

#[test]
fn both_algorithms_are_offered_the_stronger_first() {
    let challenges = authenticator().challenge(start(), false);
    assert_eq!(challenges.len(), 2);
    assert!(challenges[0].contains("algorithm=MD5") && challenges[1].contains("algorithm=SHA-256"));
    assert!(
        challenges
            .iter()
            .all(|one| one.contains("realm=\"sori\"") && one.contains("qop=\"auth\"") && !one.contains("stale"))
    );
    assert!(authenticator().challenge(start(), true).iter().all(|one| one.contains("stale=true")));
}

#[test]
fn right_wrong_and_unknown() {
    let (mut auth, now) = (authenticator(), start());
    let nonce = nonce(&auth.challenge(now, false)[0]);
    let mut check = |request: &Request| verify(&mut auth, now, request);
    assert_eq!(check(&Request::parse(&wire(&format!("{REGISTER}\n"))).unwrap()), Verdict::Missing);
    assert_eq!(check(&signed(&nonce, "SHA-256", Some("00000001"), "100", "pass")), accepted_user());
    assert_eq!(check(&signed(&nonce, "MD5", Some("00000002"), "100", "pass")), accepted_user());
    assert_eq!(check(&signed(&nonce, "MD5", None, "100", "pass")), accepted_user(), "old phones know no qop");
    assert_eq!(check(&signed(&nonce, "SHA-256", None, "100", "pass")), Verdict::Missing);
    assert_eq!(check(&signed(&nonce, "MD5", Some("00000003"), "100", "wrong")), Verdict::Refused);
    assert_eq!(check(&signed(&nonce, "MD5", Some("00000004"), "101", "pass")), Verdict::Refused);
    assert_eq!(check(&signed(&nonce, "SHA-512-256", Some("00000005"), "100", "pass")), Verdict::Missing);
}

#[test]
fn counts_are_used_once_and_nonces_grow_old() {
    let (mut auth, now) = (authenticator(), start());
    let nonce = nonce(&auth.challenge(now, false)[0]);
    let first = signed(&nonce, "SHA-256", Some("00000001"), "100", "pass");
    assert_eq!(verify(&mut auth, now, &first), accepted_user());
    assert_eq!(verify(&mut auth, now, &first), Verdict::Stale);
    let later = now + Duration::from_secs(300);
    assert_eq!(verify(&mut auth, later, &signed(&nonce, "SHA-256", Some("00000002"), "100", "pass")), accepted_user());
    let third = signed(&nonce, "SHA-256", Some("00000003"), "100", "pass");
    assert_eq!(verify(&mut auth, later + Duration::from_secs(1), &third), Verdict::Stale);
    assert_eq!(verify(&mut auth, now, &signed("made-up", "MD5", Some("00000001"), "100", "pass")), Verdict::Stale);
    assert_eq!(verify(&mut auth, now, &signed("made-up", "MD5", Some("00000001"), "100", "no")), Verdict::Refused);
}

const CHALLENGE: &str = "Proxy-Authenticate: Digest realm=\"carrier\",nonce=\"n1\",qop=\"auth,auth-int\",opaque=\"o\"\nProxy-Authenticate: Digest realm=\"carrier\",nonce=\"n1\",qop=\"auth\",algorithm=SHA-256";

#[test]
fn carrier_that_challenges_the_call() {
    let mut peer = Peer::new(Transport::Udp);
    let (_, invite) = peer.call();
    peer.respond(&invite, "407 Proxy Authentication Required", "b", CHALLENGE);
    let sent = peer.sent();
    assert!(sent[0].starts_with("ACK "));
    let again = &sent[1];
    assert!(again.starts_with("INVITE sip:bob@192.0.2.2 SIP/2.0"));
    assert_eq!(value(again, "CSeq"), "2 INVITE");
    assert_eq!(
        (value(again, "From"), value(again, "Call-ID"), value(again, "X-Call")),
        (value(&invite, "From"), value(&invite, "Call-ID"), "17")
    );
    assert!(again.ends_with("\r\n\r\noffer"));
    let header = value(again, "Proxy-Authorization");
    assert!(
        header.contains("algorithm=SHA-256") && header.contains("username=\"trunk\"") && header.contains("nc=00000001"),
        "{header}"
    );
    let cnonce = header.split("cnonce=\"").nth(1).unwrap().split('"').next().unwrap();
    let ha1 = hex::<sha2::Sha256>("trunk:carrier:secret");
    let ha2 = hex::<sha2::Sha256>("INVITE:sip:bob@192.0.2.2");
    let expected = hex::<sha2::Sha256>(&format!("{ha1}:n1:00000001:{cnonce}:auth:{ha2}"));
    assert!(header.contains(&format!("response=\"{expected}\"")), "{header}");
    // The call goes on with the second INVITE.
    let again = again.clone();
    peer.respond(&again, "200 OK", "b", "Contact: <sip:bob@192.0.2.2>");
    let (_, ack) = peer.one();
    assert_eq!(value(&ack, "CSeq"), "2 ACK");
    let told = peer.told();
    let [Event::Answered { id, .. }] = told[..] else { panic!("{told:?}") };
    peer.endpoint.end(peer.now, id, None);
    let (_, bye) = peer.one();
    assert_eq!(value(&bye, "CSeq"), "3 BYE");
    assert!(value(&bye, "Proxy-Authorization").contains("nc=0000000"));
    peer.assert_nothing_left();
}

#[test]
fn carrier_that_refuses_the_password() {
    let mut peer = Peer::new(Transport::Udp);
    let (_, invite) = peer.call();
    peer.respond(&invite, "407 Proxy Authentication Required", "b", CHALLENGE);
    let again = peer.sent().pop().unwrap();
    peer.respond(&again, "407 Proxy Authentication Required", "b", CHALLENGE);
    assert_eq!(peer.starts(), ["ACK sip:bob@192.0.2.2 SIP/2.0"], "not tried a second time");
    assert!(matches!(peer.told()[..], [Event::Refused { status: 407, .. }]));
    peer.assert_nothing_left();
}

#[test]
fn carrier_whose_nonce_grew_old_is_tried_once_more() {
    let mut peer = Peer::new(Transport::Udp);
    let (_, invite) = peer.call();
    peer.respond(&invite, "401 Unauthorized", "b", "WWW-Authenticate: Digest realm=\"c\",nonce=\"n1\"");
    let second = peer.sent().pop().unwrap();
    assert!(!value(&second, "Authorization").contains("qop"), "a carrier of RFC 2069");
    peer.respond(&second, "401 Unauthorized", "b", "WWW-Authenticate: Digest realm=\"c\",nonce=\"n2\",stale=TRUE");
    let third = peer.sent().pop().unwrap();
    assert!(value(&third, "Authorization").contains("nonce=\"n2\""));
    assert_eq!(value(&third, "CSeq"), "3 INVITE");
}

#[test]
fn challenged_bye_and_register() {
    let mut peer = Peer::new(Transport::Udp);
    let mut register = OutOfDialog::new(peer.flow, Method::Register, "sip:carrier.test");
    register.credentials = Some(sip::Credentials { username: "t".to_owned(), password: "p".to_owned() });
    register.contact_user = Some("trunk".to_owned());
    (register.call_id, register.cseq) = (Some("stable".to_owned()), Some(41));
    let id = peer.endpoint.send(peer.now, register);
    let (_, first) = peer.one();
    assert_eq!(
        (value(&first, "Call-ID"), value(&first, "CSeq"), value(&first, "Contact")),
        ("stable", "41 REGISTER", "<sip:trunk@192.0.2.1:5060>")
    );
    peer.respond(&first, "401 Unauthorized", "b", "WWW-Authenticate: Digest realm=\"c\",nonce=\"n1\",qop=\"auth\"");
    let (_, second) = peer.one();
    assert_eq!(value(&second, "CSeq"), "42 REGISTER");
    peer.respond(&second, "200 OK", "b", "Contact: <sip:trunk@192.0.2.1:5060>;expires=60");
    let told = peer.told();
    assert!(
        matches!(&told[..], [Event::Response { transaction, response: Some(ok) }] if *transaction == id && ok.status() == 200),
        "{told:?}"
    );
    peer.assert_nothing_left();

    let (id, invite) = peer.call();
    peer.respond(&invite, "200 OK", "b", "Contact: <sip:bob@192.0.2.2>");
    peer.sent();
    peer.endpoint.end(peer.now, id, None);
    let (_, bye) = peer.one();
    peer.respond(&bye, "407 Proxy Authentication Required", "b", CHALLENGE);
    let (_, again) = peer.one();
    assert!(again.starts_with("BYE ") && value(&again, "Proxy-Authorization").contains("SHA-256"));
    peer.respond(&again, "200 OK", "b", "");
    assert_eq!(peer.endpoint.counts().invites, 0);
    peer.assert_nothing_left();
}

#[test]
fn incoming_call_has_no_credentials_to_give() {
    let mut peer = Peer::new(Transport::Udp);
    let (id, ok) = accepted(&mut peer, INVITE);
    peer.feed(&within(&ok, "BYE", 11, "b1"));
    assert_eq!(peer.starts(), ["SIP/2.0 200 OK"]);
    assert!(matches!(peer.told()[..], [Event::Ended { id: ended, .. }] if ended == id));
}

/// Credentials that were made for a call to one number, on a request for another (RFC 7616 3.4.6).
#[test]
fn credentials_speak_of_the_user_they_name() {
    let (mut auth, now) = (authenticator(), start());
    let nonce = nonce(&auth.challenge(now, false)[0]);
    let mut count = 0;
    let mut verdict = |request_uri: &str, uri: &str| {
        count += 1;
        let ha1 = hex::<md5::Md5>("100:sori:pass");
        let ha2 = hex::<md5::Md5>(&format!("INVITE:{uri}"));
        let response = hex::<md5::Md5>(&format!("{ha1}:{nonce}:{count:08x}:cn:auth:{ha2}"));
        let invite = format!(
            "INVITE {request_uri} SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bKr\nFrom: <sip:100@h>;tag=1\nTo: <sip:1@h>\nCall-ID: r\nCSeq: 1 INVITE\nAuthorization: Digest username=\"100\",realm=\"sori\",nonce=\"{nonce}\",uri=\"{uri}\",response=\"{response}\",qop=auth,nc={count:08x},cnonce=\"cn\"\n\n"
        );
        verify(&mut auth, now, &Request::parse(&wire(&invite)).unwrap())
    };
    for (request_uri, uri) in [
        ("sip:01011112222@sori.test", "sip:01011112222@sori.test"),
        ("sip:01011112222@192.0.2.1:5060;transport=tcp", "sip:01011112222@sori.test"),
        ("sip:01011112222;phone-context=+82@sori.test", "sip:%301011112222@sori.test;user=phone"),
        ("sip:01011112222@sori.test", "sip:192.0.2.1:5060"),
        ("sip:01011112222@sori.test", "192.0.2.1:5060"),
        ("sip:sori.test", "sip:100@sori.test"),
    ] {
        assert_eq!(verdict(request_uri, uri), accepted_user(), "{request_uri} {uri}");
    }
    assert_eq!(verdict("sip:0060011112222@sori.test", "sip:01011112222@sori.test"), Verdict::Refused);
    assert_eq!(verdict("sip:01011112222@sori.test", "sip:0101111222@sori.test"), Verdict::Refused);
}
