//! A trunk that registers: at SIPp, which checks the digest by its own, over UDP and TCP.

use crate::address;
use crate::api::ended;
use crate::patience::{SOON, until};
use crate::sori::Sori;
use crate::user_agent::UserAgent;
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The demo's echo number, the only one this trunk delivers.
const NUMBER: &str = "+827040000005";
const CALLER: &str = "01012345678";

/// SIPp as a registrar that ends once its binding was taken back.
struct Registrar {
    child: Child,
    address: Ipv4Addr,
    folder: tempfile::TempDir,
}

impl Registrar {
    fn start(transport: &str) -> Self {
        let (folder, address) = (tempfile::tempdir().unwrap(), address::own());
        let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/sipp/registrar.xml");
        let child = Command::new("sipp")
            .arg("-sf")
            .arg(scenario)
            .args(["-i", &address.to_string(), "-p", "5060", "-t", transport, "-m", "1", "-nostdin"])
            .args(["-timeout", "60", "-timeout_error", "-trace_err", "-error_file", "errors.log"])
            .args(["-trace_msg", "-message_file", "messages.log"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("SIPp is missing: run scripts/install-test-tools");
        Self { child, address, folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    /// The user part of the Contact that was registered.
    fn contact(&self) -> String {
        let log = self.log("messages.log");
        let line = log.lines().find(|line| line.starts_with("Contact: ")).expect("a Contact");
        line.split("sip:").nth(1).and_then(|rest| rest.split('@').next()).expect("its user").to_owned()
    }

    #[track_caller]
    fn ends_well(&mut self) {
        let status = until("SIPp to have seen everything", SOON, || self.child.try_wait().unwrap());
        assert!(status.success(), "SIPp ended with {status}\n{}\n{}", self.log("errors.log"), self.log("messages.log"));
    }
}

impl Drop for Registrar {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn trunk(proxies: &[String], password: &str) -> Value {
    json!({"name": "trunk", "kind": "register", "username": "trunk1", "password": password, "probe": false,
        "outbound_uri": "sip:carrier.test", "proxies": proxies, "numbers": [{"from": NUMBER, "to": NUMBER}]})
}

/// Registers, takes a call to the Contact, and takes the binding back at the end.
fn lives(transport: &str, sipp: &str) {
    let carrier = UserAgent::start();
    let mut registrar = Registrar::start(sipp);
    let mut sori = Sori::start(&carrier);
    let owner = sori.owner();
    // Nothing listens at the first proxy; over TCP that is told, and the next is tried.
    let nowhere = format!("sip:{}:5060;transport=tcp", address::own());
    let proxies = [nowhere, format!("sip:{};transport={transport}", registrar.address)];
    let (status, made) = owner.post("/carriers", &trunk(&proxies, "secret-of-the-trunk"));
    assert_eq!(status, 201, "{made}");
    let path = format!("/carriers/{}", made["id"].as_str().unwrap());
    let told = until("the trunk to be registered", SOON, || {
        Some(owner.get(&path)).filter(|carrier| carrier["state"] == "registered")
    });
    let targets = told["targets"].as_array().unwrap();
    assert_eq!((&targets[0]["state"], &targets[1]["state"]), (&json!("resting"), &json!("up")), "{told}");
    let figure = "sori_trunks{state=\"registered\"}";
    until("the figure", SOON, || (sori.api().figure(figure) == 1.0).then_some(()));
    // A call to the Contact is one to the only number of the trunk.
    let call = carrier.call(sori.sip(), CALLER, &registrar.contact());
    call.voice.sing(440.0);
    call.engaged();
    call.voice.wait_for_tone(440.0);
    call.hang_up();
    let record = owner.wait_for_call("ended", |call| ended(call, CALLER));
    assert_eq!(record["to"], NUMBER, "{record}");
    sori.terminate();
    assert_eq!(sori.exit_code(), Some(0));
    registrar.ends_well();
}

#[test]
fn a_trunk_over_udp() {
    lives("udp", "u1");
}

#[test]
fn a_trunk_over_tcp() {
    lives("tcp", "t1");
}

#[test]
fn a_wrong_password_is_told() {
    let carrier = UserAgent::start();
    let registrar = Registrar::start("u1");
    let sori = Sori::start(&carrier);
    let owner = sori.owner();
    let (_, made) = owner.post("/carriers", &trunk(&[registrar.address.to_string()], "another"));
    let path = format!("/carriers/{}", made["id"].as_str().unwrap());
    let told = until("the trunk to be refused", SOON, || {
        Some(owner.get(&path)).filter(|carrier| carrier["state"] == "refused")
    });
    assert_eq!(told["reason"], "sip_403");
    assert!(told["password"].is_null());
}
