//! What is refused, and how: unknown numbers, wrong passwords, malformed bytes, a port that is taken.

use crate::desk_phone::Account;
use crate::message::Message;
use crate::patience::{SOON, until};
use crate::sori::{self, Sori};
use crate::user_agent::UserAgent;
use sha2::{Digest, Sha256};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

#[test]
fn a_number_nobody_has_is_404() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let call = carrier.call(sori.sip(), "01012345678", "07099999999");
    assert_eq!(call.outcome().status(), 404);
    let owner = sori.owner();
    owner.wait_for_call("recorded as to an unregistered number", |call| call["missed_reason"] == "unregistered_number");
}

/// Registers without and then with a digest; gives both statuses.
fn register(agent: &UserAgent, sori: &Sori, account: &Account) -> (u16, Message) {
    let uri = format!("sip:{}", sori.sip());
    let plain = agent.request("REGISTER", &uri, &account.user).with("Expires", "60");
    let plain = addressed_to_itself(plain, sori, &account.user);
    let challenge = agent.ask(&plain, sori.sip());
    let mut second = plain.clone();
    for (name, value) in &mut second.headers {
        match name.as_str() {
            "CSeq" => *value = "2 REGISTER".to_owned(),
            "Via" => value.insert_str(value.find(";rport").unwrap(), "second"),
            _ => {}
        }
    }
    let second = second.with("Authorization", answer(&challenge, account, &uri));
    (challenge.status(), agent.ask(&second, sori.sip()))
}

/// In a REGISTER, From and To are both the address-of-record (RFC 3261 section 10.2).
fn addressed_to_itself(mut request: Message, sori: &Sori, user: &str) -> Message {
    for (name, value) in &mut request.headers {
        match name.as_str() {
            "To" => *value = format!("<sip:{user}@{}>", sori.sip()),
            "From" => *value = format!("<sip:{user}@{}>;tag=1", sori.sip()),
            _ => {}
        }
    }
    request
}

/// The answer to a 401 by SHA-256 (RFC 7616, RFC 8760). It is taken whether or not it was offered: offering it to everybody would
/// shut out phones that give up at the sight of an algorithm they do not know (baresip 1.0 is one).
pub fn answer(challenge: &Message, account: &Account, uri: &str) -> String {
    let offered = challenge.header("WWW-Authenticate");
    let field = |name: &str| {
        offered.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default()
    };
    let (realm, nonce) = (field("realm"), field("nonce"));
    let Account { auth_user, password, .. } = account;
    let first = hash(&format!("{auth_user}:{realm}:{password}"));
    let response = hash(&format!("{first}:{nonce}:00000001:c0ffee:auth:{}", hash(&format!("REGISTER:{uri}"))));
    format!(
        "Digest username=\"{auth_user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", algorithm=SHA-256, qop=auth, nc=00000001, cnonce=\"c0ffee\", response=\"{response}\""
    )
}

fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_wrong_password_is_403_and_says_nothing_else() {
    let agent = UserAgent::start();
    let sori = Sori::start(&agent);
    let right = sori.phone();
    let (challenged, accepted) = register(&agent, &sori, &right);
    assert_eq!((challenged, accepted.status()), (401, 200), "{}", accepted.start);
    let wrong = Account { password: "wrong".to_owned(), ..right.clone() };
    let stranger =
        Account { user: "u000000".to_owned(), auth_user: "d000000".to_owned(), password: "wrong".to_owned() };
    let (challenged, refused) = register(&agent, &sori, &wrong);
    assert_eq!((challenged, refused.status()), (401, 403));
    let (challenged, unknown) = register(&agent, &sori, &stranger);
    assert_eq!((challenged, unknown.status()), (401, 403), "an account that does not exist is refused no differently");
    assert_eq!(refused.start, unknown.start);
    // One half of a phone's names with another phone's half is refused too (R160).
    let mixed = Account { auth_user: "somebody".to_owned(), ..right };
    assert_eq!(register(&agent, &sori, &mixed).1.status(), 403);
}

#[test]
fn malformed_sip_is_counted_and_harms_nobody() {
    const PIECES: [&[u8]; 4] = [
        b"INVITE sip:1@x SIP/2.0\r\nCSeq: nonsense INVITE\r\nContent-Length: -5\r\n\r\n",
        b"\xff\xfe\x00 SIP/2.0\r\n\r\n",
        b"REGISTER sip:x SIP/2.0\r\nVia: \r\nFrom: <<<>\r\nContent-Length: 99999\r\n\r\nx",
        b"SIP/2.0 9999 Far too much\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n\r\n",
    ];
    let agent = UserAgent::start();
    let sori = Sori::start(&agent);
    let api = sori.api();
    let before = api.figure("sori_sip_malformed_total");
    for piece in PIECES {
        agent.send(piece, sori.sip());
    }
    until("the malformed messages to be counted", SOON, || {
        (api.figure("sori_sip_malformed_total") >= before + 3.0).then_some(())
    });
    let options = agent.request("OPTIONS", &format!("sip:{}", sori.sip()), "01012345678");
    assert_eq!(agent.ask(&options, sori.sip()).status(), 200);
}

#[test]
fn a_taken_port_ends_the_start_with_one_sentence() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let folder = tempfile::tempdir().unwrap();
    let std::net::IpAddr::V4(address) = sori.sip().ip() else { unreachable!("bound to an IPv4 address") };
    let output = sori::demo(address, folder.path(), carrier.local)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    assert_eq!(said.lines().count(), 1, "one sentence, not: {said}");
    assert!(said.contains(&address.to_string()), "it names the address: {said}");
}

/// Sends a head that promises `length` bytes, then as many of them as are taken; gives what came back until the connection
/// was closed.
fn flood(sori: &Sori, length: usize) -> String {
    let mut stream = TcpStream::connect(sori.sip()).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream.set_write_timeout(Some(SOON)).unwrap();
    let local = stream.local_addr().unwrap();
    let head = format!(
        "MESSAGE sip:{} SIP/2.0\r\nVia: SIP/2.0/TCP {local};branch=z9hG4bKflood;rport\r\nMax-Forwards: 70\r\n\
         From: <sip:a@{local}>;tag=1\r\nTo: <sip:{}>\r\nCall-ID: flood\r\nCSeq: 1 MESSAGE\r\n\
         Content-Type: text/plain\r\nContent-Length: {length}\r\n\r\n",
        sori.sip(),
        sori.sip()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let piece = vec![b'x'; 64 * 1024];
    let mut written = 0;
    while written < length && stream.write_all(&piece).is_ok() {
        written += piece.len();
    }
    let mut back = Vec::new();
    // A connection that is cut while bytes are on their way ends in a reset.
    let ended = stream.read_to_end(&mut back);
    let timed_out = ended.is_err_and(|why| matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
    assert!(!timed_out, "the connection was not closed");
    String::from_utf8_lossy(&back).into_owned()
}

#[test]
fn a_message_of_2_mb_over_tcp_ends_its_connection_and_nothing_else() {
    let agent = UserAgent::start();
    let sori = Sori::start(&agent);
    let back = flood(&sori, 2 * 1024 * 1024);
    assert!(back.starts_with("SIP/2.0 513"), "too large, and told so: {back}");
    let options = agent.request("OPTIONS", &format!("sip:{}", sori.sip()), "01012345678");
    assert_eq!(agent.ask(&options, sori.sip()).status(), 200);
    let api = sori.api();
    until("the connection to be gone", SOON, || (api.figure("sori_sip_connections ") == 0.0).then_some(()));
}

#[test]
fn a_keep_alive_by_stun_hears_the_address_it_came_from() {
    let agent = UserAgent::start();
    let sori = Sori::start(&agent);
    let socket = std::net::UdpSocket::bind((agent.address(), 0)).unwrap();
    socket.set_read_timeout(Some(SOON)).unwrap();
    // RFC 5389 6: a Binding request without attributes.
    let mut request = vec![0x00, 0x01, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x42];
    request.extend_from_slice(b"twelve bytes");
    socket.send_to(&request, sori.sip()).unwrap();
    let mut buffer = [0; 128];
    let length = socket.recv(&mut buffer).unwrap();
    let answer = &buffer[..length];
    assert_eq!((&answer[..2], &answer[8..20]), (&[0x01, 0x01][..], &b"twelve bytes"[..]));
    // XOR-MAPPED-ADDRESS: type, length, family, then the port with the cookie's upper half (15.2).
    assert_eq!(&answer[20..26], &[0x00, 0x20, 0x00, 0x08, 0x00, 0x01]);
    let port = u16::from_be_bytes([answer[26], answer[27]]) ^ 0x2112;
    assert_eq!(port, socket.local_addr().unwrap().port());
}
