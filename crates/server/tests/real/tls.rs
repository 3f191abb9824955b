//! SIP over TLS, the console and SIP over WebSocket over TLS, and certificates that change while calls are up.

use crate::api::ended;
use crate::browser::Browser;
use crate::patience::{SOON, until};
use crate::sori::{self, Sori};
use crate::tls_phone::{TlsPhone, connect, gullible, shown_at, trusting};
use crate::user_agent::UserAgent;
use crate::voice::Voice;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

const CALLER: &str = "01012345678";
const CUSTOMER: f64 = 440.0;
const MANAGER: f64 = 700.0;

/// A new certificate with its key, valid until a year, as files in `folder`.
fn write_pair(folder: &Path, until: i32) -> (PathBuf, PathBuf) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(until, 1, 1));
    let (certificate, key_file) = (folder.join("certificate.pem"), folder.join("key.pem"));
    std::fs::write(&certificate, params.self_signed(&key).unwrap().pem()).unwrap();
    std::fs::write(&key_file, key.serialize_pem()).unwrap();
    (certificate, key_file)
}

#[test]
fn a_phone_over_tls_is_called_and_certificates_change_meanwhile() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let made = std::fs::read(sori.tls_folder().join("certificate.pem")).unwrap();
    let mut phone = TlsPhone::connect(sori.sips(), trusting(&made));
    assert_eq!(phone.register(&sori.phone()).status(), 200);
    let call = carrier.call(sori.sip(), CALLER, "07040000003");
    call.voice.sing(CUSTOMER);
    let voice = Voice::open(carrier.address());
    voice.sing(MANAGER);
    phone.take_call(&voice);
    call.engaged();
    voice.wait_for_tone(CUSTOMER);
    call.voice.wait_for_tone(MANAGER);

    let first = shown_at(sori.sips());
    write_pair(&sori.tls_folder(), 2100);
    sori.signal("-HUP");
    let second =
        until("the new certificate to be shown", SOON, || Some(shown_at(sori.sips())).filter(|now| *now != first));
    let api = sori.api();
    assert!(api.figure("sori_tls_certificate_expires_seconds ") > 365.0 * 86_400.0);
    assert_eq!(api.figure("sori_tls_reload_failures_total "), 0.0);
    // Pairs that may not be shown: an old one, and a key of another certificate. The files are looked at without being asked.
    write_pair(&sori.tls_folder(), 2021);
    until("the expired certificate to be refused", SOON, || {
        (api.figure("sori_tls_reload_failures_total ") == 1.0).then_some(())
    });
    std::fs::write(sori.tls_folder().join("key.pem"), KeyPair::generate().unwrap().serialize_pem()).unwrap();
    sori.signal("-HUP");
    until("the foreign key to be refused", SOON, || {
        (api.figure("sori_tls_reload_failures_total ") == 2.0).then_some(())
    });
    assert_eq!(shown_at(sori.sips()), second);

    // The call and the connection it was made on are as they were.
    voice.wait_for_tone(CUSTOMER);
    call.hang_up();
    phone.wait_for_bye();
    sori.owner().wait_for_call("over", |call| ended(call, CALLER));
    sori.wait_until_idle();
}

#[test]
fn both_versions_of_tls_are_spoken() {
    let agent = UserAgent::start();
    let sori = Sori::start(&agent);
    let account = sori.phone();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut phone = TlsPhone::connect(sori.sips(), gullible(Some(version)));
        assert_eq!(phone.register(&account).status(), 200, "{version:?}");
    }
}

#[track_caller]
fn refused_at_start(output: &Output, word: &str, file: &Path) {
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.lines().count(), 1, "one sentence, not: {said}");
    assert!(said.contains(word) && said.contains(&file.display().to_string()), "{said}");
}

#[test]
fn a_phone_that_changes_its_connection_while_it_rings_answers_on_the_new_one() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let account = sori.phone();
    let mut phone = TlsPhone::connect(sori.sips(), gullible(None));
    assert_eq!(phone.register(&account).status(), 200);
    let call = carrier.call(sori.sip(), CALLER, "07040000003");
    call.voice.sing(CUSTOMER);
    let voice = Voice::open(carrier.address());
    voice.sing(MANAGER);
    let invite = phone.ring();
    drop(phone);
    let connections = "sori_sip_connections ";
    let mut phone = TlsPhone::connect(sori.sips(), gullible(None));
    assert_eq!(phone.register(&account).status(), 200);
    until("the old connection to be gone", SOON, || (sori.api().figure(connections) == 1.0).then_some(()));
    phone.answer(invite, &voice);
    call.engaged();
    voice.wait_for_tone(CUSTOMER);
    call.voice.wait_for_tone(MANAGER);
    call.hang_up();
    phone.wait_for_bye();
    sori.wait_until_idle();
}

#[test]
fn an_expired_certificate_or_a_foreign_key_ends_the_start_with_one_sentence() {
    let carrier = UserAgent::start();
    let folder = tempfile::tempdir().unwrap();
    let others = folder.path().join("others");
    std::fs::create_dir(&others).unwrap();
    let start = |certificate: &Path, key: &Path, verb: &str| {
        let mut command = match verb {
            "demo" => sori::demo(crate::address::own(), folder.path(), carrier.local),
            _ => std::process::Command::new(env!("CARGO_BIN_EXE_sori")),
        };
        if verb == "check" {
            command.arg(verb).arg("--data").arg(folder.path().join("data"));
        }
        command.env("SORI_TLS_CERTIFICATE", certificate).env("SORI_TLS_KEY", key);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap()
    };
    for verb in ["demo", "check"] {
        let (certificate, key) = write_pair(folder.path(), 2021);
        refused_at_start(&start(&certificate, &key, verb), "expired", &certificate);
        let (certificate, _) = write_pair(folder.path(), 2100);
        let (_, foreign) = write_pair(&others, 2100);
        refused_at_start(&start(&certificate, &foreign, verb), "does not belong", &foreign);
        let nowhere = folder.path().join("nowhere.pem");
        refused_at_start(&start(&nowhere, &foreign, verb), "cannot be read", &nowhere);
    }
}

#[test]
fn what_is_no_tls_is_not_answered_and_the_api_speaks_tls_too() {
    let agent = UserAgent::start();
    let sori = Sori::start(&agent);
    let mut plain = std::net::TcpStream::connect(sori.sips()).unwrap();
    plain.set_read_timeout(Some(SOON)).unwrap();
    plain.write_all(b"OPTIONS sip:x SIP/2.0\r\n\r\n").unwrap();
    let mut back = Vec::new();
    let _ = plain.read_to_end(&mut back);
    assert!(!back.starts_with(b"SIP"), "no SIP outside of TLS");
    let mut api = connect(sori.https(), gullible(None)).unwrap();
    api.write_all(b"GET /readyz HTTP/1.1\r\nHost: sori\r\nConnection: close\r\n\r\n").unwrap();
    let mut page = String::new();
    let _ = api.read_to_string(&mut page);
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
}

#[test]
fn a_browser_over_wss_is_called() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let mut manager = Browser::sign_in_at(&format!("https://{}/", sori.https()), "minji@demo.test", MANAGER);
    manager.wait_state("softphone-status", "ready");
    let call = carrier.call(sori.sip(), CALLER, "07040000003");
    call.voice.sing(CUSTOMER);
    manager.wait("ring-prompt");
    manager.click("softphone-answer");
    call.engaged();
    call.voice.wait_for_tone(MANAGER);
    manager.hears("softphone-audio", CUSTOMER);
    call.hang_up();
    manager.wait_gone("softphone-hangup");
    sori.wait_until_idle();
}
