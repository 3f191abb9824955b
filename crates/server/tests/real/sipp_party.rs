//! SIPp as one party of a call, step by step: its scenario tells each step over a connection of SIPp's third-party control
//! and goes on when it is told to; its SDP names a voice of the test's.

use crate::address;
use crate::desk_phone::Account;
use crate::patience::{SOON, until};
use crate::sori::Sori;
use crate::voice::Voice;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What ends a message on SIPp's control connection.
const END: u8 = 27;

/// A running SIPp.
pub struct SippParty {
    child: Child,
    control: TcpStream,
    sori: std::net::IpAddr,
    call_id: String,
    folder: tempfile::TempDir,
    /// What it says and hears.
    pub voice: Voice,
}

/// The file of a scenario.
pub fn scenario(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/sipp").join(name)
}

impl SippParty {
    /// Starts a scenario of one call with sori, as who calls or as who is called; `arguments` are SIPp's own.
    #[track_caller]
    pub fn start(sori: &Sori, name: &str, own: std::net::Ipv4Addr, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ear = TcpListener::bind((own, 0)).unwrap();
        let voice = Voice::open(own);
        let child = Command::new("sipp")
            .arg(sori.sip().to_string())
            .arg("-sf")
            .arg(scenario(name))
            .args(["-i", &own.to_string(), "-p", "5060", "-m", "1", "-nostdin", "-timeout", "110", "-timeout_error"])
            .args(["-3pcc", &ear.local_addr().unwrap().to_string()])
            .args(["-key", "ear_ip", &own.to_string(), "-key", "ear_port", &voice.local.port().to_string()])
            .args(["-trace_err", "-error_file", "errors.log", "-trace_msg", "-message_file", "messages.log"])
            .args(arguments)
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("SIPp is missing: run scripts/install-test-tools");
        ear.set_nonblocking(true).unwrap();
        let control = until("SIPp to connect", SOON, || ear.accept().ok()).0;
        control.set_nonblocking(false).unwrap();
        control.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        Self { child, control, sori: sori.sip().ip(), call_id: String::new(), folder, voice }
    }

    /// Waits until the scenario tells that it came to `step`. Where it tells a port, the voice speaks to that from now on.
    #[track_caller]
    pub fn wait_for(&mut self, step: &str) {
        self.wait_long_for(step, SOON);
    }

    /// As `wait_for`, with a limit of its own.
    #[track_caller]
    pub fn wait_long_for(&mut self, step: &str, limit: Duration) {
        let told = self.read(step, limit);
        let field = |name: &str| told.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        assert_eq!(field("Step:"), Some(step), "{told}");
        self.call_id = field("Call-ID:").expect("a Call-ID").to_owned();
        if let Some(port) = field("Port:") {
            self.voice.line().connect((self.sori, port.parse().expect("a port")).into());
        }
    }

    fn read(&mut self, step: &str, limit: Duration) -> String {
        let deadline = Instant::now() + limit;
        let mut told = Vec::new();
        let mut byte = [0];
        loop {
            match self.control.read(&mut byte) {
                Ok(1) if byte[0] == END => return String::from_utf8_lossy(&told).into_owned(),
                Ok(1) => told.push(byte[0]),
                Ok(_) => panic!("SIPp ended before it came to {step}"),
                Err(_) => assert!(Instant::now() < deadline, "waited {limit:?} in vain for SIPp to come to {step}"),
            }
        }
    }

    /// Lets the scenario go on.
    pub fn go(&mut self) {
        let order = format!("Call-ID: {}\r\nOrder: go\r\n\r\n{}", self.call_id, char::from(END));
        self.control.write_all(order.as_bytes()).unwrap();
    }

    /// Waits until the scenario is over; each step of it must have been as it is written.
    #[track_caller]
    pub fn ends_well(&mut self) {
        let status = until("SIPp to have seen everything", SOON, || self.child.try_wait().unwrap());
        assert!(status.success(), "SIPp ended with {status}");
    }

    fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }
}

impl Drop for SippParty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("SIPp's errors:\n{}\nmessages:\n{}", self.log("errors.log"), self.log("messages.log"));
        }
    }
}

/// SIPp as a customer behind the carrier who calls `number`.
#[track_caller]
pub fn caller(sori: &Sori, name: &str, number: &str) -> SippParty {
    SippParty::start(sori, name, address::own(), &["-s", number])
}

/// SIPp as a manager's phone that dials `number` and answers the challenge.
#[track_caller]
pub fn dialler(sori: &Sori, name: &str, number: &str, phone: &Account) -> SippParty {
    let folder = tempfile::tempdir().unwrap();
    let file = credentials(folder.path(), phone);
    SippParty::start(sori, name, address::own(), &["-s", number, "-inf", &file.to_string_lossy()])
}

/// Writes what SIPp's `[field0]` and `[field1]` stand for: a phone's user and its digest.
pub fn credentials(folder: &Path, phone: &Account) -> PathBuf {
    let file = folder.join("account.csv");
    let line = format!("{};[authentication username={} password={}]", phone.user, phone.auth_user, phone.password);
    std::fs::write(&file, format!("SEQUENTIAL\n{line}\n")).unwrap();
    file
}
