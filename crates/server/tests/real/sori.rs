//! The program under test: `sori demo` on addresses of its own, stopped when the test ends.

use crate::api::Api;
use crate::desk_phone::Account;
use crate::patience::{SOON, until};
use crate::user_agent::UserAgent;
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// How long the server may take to be ready on a machine that is busy with other tests.
const START: Duration = Duration::from_secs(20);

/// Addresses and folder of one server, which outlive a restart of it.
struct Place {
    address: Ipv4Addr,
    data: tempfile::TempDir,
    carrier: SocketAddr,
}

/// A running server.
pub struct Sori {
    child: Child,
    place: Arc<Place>,
}

impl Sori {
    /// Starts a demo whose outgoing calls go to `carrier`, and waits until it is ready.
    #[track_caller]
    pub fn start(carrier: &UserAgent) -> Self {
        let data = tempfile::tempdir().unwrap();
        Self::start_at(Arc::new(Place { address: crate::address::own(), data, carrier: carrier.local }), |_, _| {})
    }

    /// The same with settings of the test's own; the address is the one it has to itself.
    #[track_caller]
    pub fn start_with(carrier: &UserAgent, settings: impl FnOnce(&mut Command, Ipv4Addr)) -> Self {
        let data = tempfile::tempdir().unwrap();
        Self::start_at(Arc::new(Place { address: crate::address::own(), data, carrier: carrier.local }), settings)
    }

    #[track_caller]
    fn start_at(place: Arc<Place>, settings: impl FnOnce(&mut Command, Ipv4Addr)) -> Self {
        let mut command = demo(place.address, place.data.path(), place.carrier);
        settings(&mut command, place.address);
        let child = command.spawn().unwrap();
        let mut sori = Self { child, place };
        until("the server to be ready", START, || {
            if let Some(status) = sori.child.try_wait().unwrap() {
                panic!("sori ended with {status}:\n{}", sori.log());
            }
            TcpStream::connect(sori.http()).ok()?;
            (sori.api().get_text("/readyz").0 == 200).then_some(())
        });
        sori
    }

    /// Ends it without warning, as a power cut would, and starts it again on the same data.
    #[track_caller]
    pub fn kill_and_restart(mut self) -> Self {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let place = self.place.clone();
        drop(self);
        Self::start_at(place, |_, _| {})
    }

    /// Asks it to stop, as a service manager does.
    pub fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Waits until it has stopped by itself, and gives its exit code.
    #[track_caller]
    pub fn exit_code(&mut self) -> Option<i32> {
        until("sori to stop", START, || self.child.try_wait().unwrap()).code()
    }

    /// Where console and API are.
    pub fn http(&self) -> SocketAddr {
        (self.place.address, 8_080).into()
    }

    /// Where console and API are over TLS.
    pub fn https(&self) -> SocketAddr {
        (self.place.address, 8_443).into()
    }

    /// The folder of the certificate that it made for itself.
    pub fn tls_folder(&self) -> PathBuf {
        self.place.data.path().join("data/tls")
    }

    /// Sends it a signal, such as `-HUP`.
    pub fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Where SIP is.
    pub fn sip(&self) -> SocketAddr {
        (self.place.address, 5_060).into()
    }

    /// Where SIP over TLS is.
    pub fn sips(&self) -> SocketAddr {
        (self.place.address, 5_061).into()
    }

    /// The API, not signed in.
    pub fn api(&self) -> Api {
        Api::new(self.http())
    }

    /// The API, signed in as the demo's owner.
    #[track_caller]
    pub fn owner(&self) -> Api {
        self.api().sign_in("owner@demo.test")
    }

    /// The account of minji's phone, with ID and digest name as R52 pairs them.
    #[track_caller]
    pub fn phone(&self) -> Account {
        account(&self.owner().items("/phones").remove(0))
    }

    /// The account of a new phone of jun's.
    #[track_caller]
    pub fn second_phone(&self) -> Account {
        let owner = self.owner();
        let jun = owner.items("/managers").into_iter().find(|manager| manager["email"] == "jun@demo.test").unwrap();
        let phone = json!({ "name": "jun's desk", "manager_id": jun["id"] });
        assert_eq!(owner.post("/phones", &json!({ "phones": [phone] })).0, 201);
        account(&owner.items("/phones").into_iter().find(|phone| phone["manager_id"] == jun["id"]).unwrap())
    }

    /// Waits until nothing of any call is left: no leg, dialog, media leg or socket.
    #[track_caller]
    pub fn wait_until_idle(&self) {
        const FIGURES: [&str; 4] = ["sori_legs ", "sori_sip_dialogs ", "sori_media_legs ", "sori_media_sockets "];
        let api = self.api();
        for figure in FIGURES {
            until(&format!("{figure}to be 0"), SOON, || (api.figure(figure) == 0.0).then_some(()));
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(log_of(self.place.data.path())).unwrap_or_default()
    }
}

impl Drop for Sori {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("what sori said:\n{}", self.log());
        }
    }
}

/// The SIP account of a phone as the API tells it.
fn account(phone: &Value) -> Account {
    let text = |field: &str| phone[field].as_str().unwrap_or_else(|| panic!("a phone has {field}: {phone}")).to_owned();
    Account { user: text("user_id"), auth_user: text("device_address"), password: text("password") }
}

/// The command that starts a demo on `address`; its output goes to a file beside the data.
pub fn demo(address: Ipv4Addr, data: &Path, carrier: SocketAddr) -> Command {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(log_of(data)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sori"));
    command
        .args(["demo", "--data"])
        .arg(data.join("data"))
        .env("SORI_HTTP", format!("{address}:8080"))
        .env("SORI_SIP", format!("{address}:5060"))
        .env("SORI_SIPS", format!("{address}:5061"))
        .env("SORI_HTTPS", format!("{address}:8443"))
        .env("SORI_RTP", format!("{address}:40000-40999"))
        .env("SORI_DEMO_CARRIER", carrier.to_string())
        .env_remove("SORI_TOKEN")
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    command
}

fn log_of(data: &Path) -> PathBuf {
    data.join("sori.log")
}
