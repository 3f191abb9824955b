//! A desk phone that can everything: PJSUA, run by `tests/sip/pjsua.py` without a sound card and steered by JSON lines.

use crate::desk_phone::{Account, write_microphone};
use crate::patience::{SOON, until};
use crate::recording;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A running PJSUA.
pub struct PjsuaPhone {
    child: Child,
    orders: Mutex<ChildStdin>,
    events: Arc<Mutex<Vec<Value>>>,
    folder: tempfile::TempDir,
}

/// Where Python with the packages of `scripts/install-test-tools` is.
pub fn python() -> PathBuf {
    std::env::var_os("SORI_TEST_PYTHON").map_or_else(|| test_tool("python/bin/python3"), PathBuf::from)
}

/// Something that `scripts/install-test-tools` put into its own folder.
pub fn test_tool(path: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let found = target.join("test-tools").join(path);
    assert!(found.exists(), "{} is missing: run scripts/install-test-tools", found.display());
    found
}

impl PjsuaPhone {
    /// Starts a phone that registers at `server`; its microphone hears a tone of `hertz`. `setup` adds to the first line
    /// that the script reads: `transport`, `srtp`, `prack`, `timer`, `codecs` …
    #[track_caller]
    pub fn start(server: SocketAddr, account: &Account, hertz: f64, setup: Value) -> Self {
        let phone = Self::unregistered(server, account, hertz, setup);
        let registered = phone.wait_for("registration", |_| true);
        assert_eq!(registered["status"], 200, "{registered}");
        phone
    }

    /// As `start`, without waiting for the registration.
    #[track_caller]
    pub fn unregistered(server: SocketAddr, account: &Account, hertz: f64, setup: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = crate::address::own();
        let microphone = folder.path().join("microphone.wav");
        write_microphone(&microphone, hertz);
        let mut first = json!({
            "folder": folder.path(), "microphone": microphone, "address": address.to_string(), "server": server.to_string(),
            "user": account.user, "auth_user": account.auth_user, "password": account.password,
        });
        first.as_object_mut().unwrap().extend(setup.as_object().cloned().unwrap_or_default());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/sip/pjsua.py");
        let mut child = Command::new(python())
            .arg("-u")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(folder.path().join("errors")).unwrap())
            .spawn()
            .unwrap();
        let events = Arc::<Mutex<Vec<Value>>>::default();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn({
            let events = events.clone();
            move || {
                for line in output.lines().map_while(Result::ok) {
                    if let Ok(event) = serde_json::from_str(&line) {
                        events.lock().unwrap().push(event);
                    }
                }
            }
        });
        let orders = Mutex::new(child.stdin.take().unwrap());
        let phone = Self { child, orders, events, folder };
        phone.write(&first);
        phone.wait_for("ready", |_| true);
        phone
    }

    fn write(&self, line: &Value) {
        let mut orders = self.orders.lock().unwrap();
        writeln!(orders, "{line}").unwrap();
        orders.flush().unwrap();
    }

    /// Gives a command, such as `hold`, about a call.
    pub fn order(&self, command: &str, call: &Value, mut more: Value) {
        let order = more.as_object_mut().expect("an object of further fields");
        order.insert("command".to_owned(), command.into());
        order.insert("call".to_owned(), call.clone());
        self.write(&more);
    }

    /// Subscribes to the presence of somebody; `presence` events follow.
    pub fn watch(&self, uri: &str) {
        self.write(&json!({ "command": "watch", "uri": uri }));
    }

    /// Dials, and gives the call's number.
    #[track_caller]
    pub fn dial(&self, to: &str, mut more: Value) -> Value {
        let order = more.as_object_mut().expect("an object of further fields");
        order.insert("command".to_owned(), "dial".into());
        order.insert("to".to_owned(), to.into());
        self.write(&more);
        self.wait_for("dialled", |_| true)["call"].clone()
    }

    /// Waits for an event that has not been waited for before.
    #[track_caller]
    pub fn wait_for(&self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.wait_long_for(kind, SOON, wanted)
    }

    /// As `wait_for`, with a limit of its own.
    #[track_caller]
    pub fn wait_long_for(&self, kind: &str, limit: Duration, wanted: impl Fn(&Value) -> bool) -> Value {
        until(&format!("PJSUA's event {kind}"), limit, || {
            let mut events = self.events.lock().unwrap();
            let place = events.iter().position(|event| event["event"] == kind && wanted(event))?;
            Some(events.remove(place))
        })
    }

    /// Waits until a call is in a state: `incoming`, `early`, `confirmed`, `ended`.
    #[track_caller]
    pub fn wait_for_state(&self, call: &Value, state: &str) -> Value {
        self.wait_for("call", |event| event["call"] == *call && event["state"] == state)
    }

    /// Waits for a call, answers it, and gives its number.
    #[track_caller]
    pub fn accept(&self) -> Value {
        let call = self.wait_for("call", |event| event["state"] == "incoming")["call"].clone();
        self.order("answer", &call, json!({}));
        self.wait_for_state(&call, "confirmed");
        call
    }

    /// Waits until 400 ms that a call hears from now on are a tone of `hertz`.
    #[track_caller]
    pub fn wait_for_tone(&self, call: &Value, hertz: f64) {
        recording::wait_for_tone("PJSUA", hertz, || Some(self.heard_in(call)));
    }

    /// Waits until a call heard nothing of `hertz` for 400 ms.
    #[track_caller]
    pub fn wait_until_gone(&self, call: &Value, hertz: f64) {
        recording::wait_until_gone("PJSUA", hertz, &self.heard_in(call));
    }

    fn heard_in(&self, call: &Value) -> PathBuf {
        self.folder.path().join(format!("heard-{call}.wav"))
    }
}

impl Drop for PjsuaPhone {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let read = |name: &str| std::fs::read(self.folder.path().join(name)).unwrap_or_default();
            let (errors, log) = (read("errors"), read("pjsua.log"));
            let log = String::from_utf8_lossy(&log);
            let tail: Vec<&str> = log.lines().rev().take(400).collect();
            let tail: Vec<&str> = tail.into_iter().rev().collect();
            eprintln!("PJSUA's errors:\n{}\nlog:\n{}", String::from_utf8_lossy(&errors), tail.join("\n"));
            eprintln!("events nobody waited for: {:?}", self.events.lock());
        }
    }
}
