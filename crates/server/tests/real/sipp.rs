//! SIPp, over UDP and TCP: many calls at once, and a registration by another digest implementation.

use crate::address;
use crate::desk_phone::Account;
use crate::sipp_party;
use crate::sori::Sori;
use crate::user_agent::UserAgent;
use std::net::Ipv4Addr;
use std::process::Command;

/// Runs a scenario against sori; every one of its calls must succeed.
#[track_caller]
fn run(sori: &Sori, own: Ipv4Addr, scenario: &str, arguments: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("sipp")
        .arg(sori.sip().to_string())
        .arg("-sf")
        .arg(sipp_party::scenario(scenario))
        .args(["-i", &own.to_string(), "-p", "5060", "-nostdin", "-timeout", "40", "-timeout_error", "-trace_err"])
        .args(["-error_file", "errors.log"])
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .expect("SIPp is missing: run scripts/install-test-tools");
    let errors = std::fs::read_to_string(folder.path().join("errors.log")).unwrap_or_default();
    assert!(
        output.status.success(),
        "SIPp ended with {}\n{errors}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Twenty calls, ten a second, so that all of them are up together.
fn closed_number(transport: &str) {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    run(
        &sori,
        address::own(),
        "closed_number.xml",
        &["-s", "07040000004", "-t", transport, "-m", "20", "-r", "10", "-l", "20"],
    );
    sori.wait_until_idle();
    let calls = sori.owner().items("/calls?limit=100");
    let closed = calls.iter().filter(|call| call["missed_reason"] == "out_of_hours" && call["state"] == "ended");
    assert_eq!(closed.count(), 20);
}

#[test]
fn twenty_calls_at_once_over_udp() {
    closed_number("u1");
}

#[test]
fn twenty_calls_at_once_over_tcp() {
    closed_number("t1");
}

/// Signs a phone in by SIPp on `own`, for `seconds`.
#[track_caller]
pub fn register(sori: &Sori, own: Ipv4Addr, phone: &Account, seconds: u32) {
    let folder = tempfile::tempdir().unwrap();
    let (file, seconds) = (sipp_party::credentials(folder.path(), phone), seconds.to_string());
    run(sori, own, "register.xml", &["-inf", &file.to_string_lossy(), "-m", "1", "-key", "expires", &seconds]);
}

#[test]
fn a_registration_shows_on_the_phone() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let owner = sori.owner();
    assert_eq!(owner.items("/phones")[0]["link"]["state"], "no_signal");
    // The shortest time that is granted.
    register(&sori, address::own(), &sori.phone(), 10);
    assert_eq!(owner.items("/phones")[0]["link"]["state"], "linked");
}
