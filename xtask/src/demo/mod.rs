//! A demo server to be measured: the release build at addresses of its own, with phones and room for many calls.

pub mod api;

use crate::user_agent::Account;
use api::Api;
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How many phones register.
const PHONES: usize = 200;
/// Phones in one request; more are refused (R38).
const PHONES_AT_ONCE: usize = 8;
/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The demo's number that is out of hours: answered, spoken to, hung up on.
pub const CLOSED_NUMBER: &str = "07040000004";
/// The demo's number that rings minji.
pub const MINJIS_NUMBER: &str = "07040000003";

/// Where a server runs, and how it is started.
#[derive(Clone, Debug)]
pub struct Place {
    /// The binary.
    pub program: PathBuf,
    /// What goes before it, such as `taskset -c 0`; each of these must become the program, so that its process ID stays.
    pub launcher: Vec<String>,
    /// Where its output goes.
    pub log: PathBuf,
    /// Its address.
    pub host: Ipv4Addr,
    /// First of four ports in a row: HTTP, HTTPS, SIP, SIP over TLS.
    pub port: u16,
    /// Where its carrier is; calls from this address need no password.
    pub carrier: SocketAddr,
}

impl Place {
    /// Where the API is.
    pub fn http(&self) -> SocketAddr {
        self.at(0)
    }

    /// Where SIP is.
    pub fn sip(&self) -> SocketAddr {
        self.at(2)
    }

    fn at(&self, offset: u16) -> SocketAddr {
        (self.host, self.port + offset).into()
    }

    fn command(&self) -> Command {
        match self.launcher.split_first() {
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(&self.program);
                command
            }
            None => Command::new(&self.program),
        }
    }
}

/// A running server; ends with this.
pub struct Demo {
    child: Child,
    /// Where it runs.
    pub place: Place,
    /// From start to ready.
    pub start: Duration,
    folder: tempfile::TempDir,
}

impl Demo {
    /// Starts the program and waits until it is ready.
    ///
    /// # Errors
    /// When there is no build, another program is at its place, or it does not get ready within twenty seconds.
    pub fn start(place: Place) -> Result<Self, String> {
        if !place.program.exists() {
            return Err(format!("there is no {}; build it with scripts/build", place.program.display()));
        }
        // Otherwise that one would say that it is ready, and be measured by the figures of one that has ended.
        if TcpStream::connect(place.http()).is_ok() {
            return Err(format!("another server is at {} already; end it first", place.http()));
        }
        let text = |problem: std::io::Error| problem.to_string();
        let folder = tempfile::tempdir().map_err(text)?;
        let log = std::fs::File::create(&place.log).map_err(text)?;
        let began = Instant::now();
        let child = place
            .command()
            .args(["demo", "--data"])
            .arg(folder.path().join("data"))
            .env("SORI_HTTP", place.http().to_string())
            .env("SORI_HTTPS", place.at(1).to_string())
            .env("SORI_SIP", place.sip().to_string())
            .env("SORI_SIPS", place.at(3).to_string())
            // Away from the ports of the load harness.
            .env("SORI_RTP", format!("{}:31000-39999", place.host))
            .env("SORI_DEMO_CARRIER", place.carrier.to_string())
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(text)?)
            .stderr(log)
            .spawn()
            .map_err(|problem| format!("the server did not start: {problem}"))?;
        let mut demo = Self { child, place, start: Duration::ZERO, folder };
        while !Api::is_ready(demo.place.http()) {
            if let Ok(Some(status)) = demo.child.try_wait() {
                return Err(format!("the server ended with {status}: see {}", demo.place.log.display()));
            }
            if began.elapsed() > PATIENCE {
                return Err("the server was not ready after twenty seconds".to_owned());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        demo.start = began.elapsed();
        Ok(demo)
    }

    /// Its process ID.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Has it ended by itself?
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Lets minji have a thousand calls at once and makes a phone for her.
    ///
    /// # Errors
    /// What the API answered.
    pub fn callee(&self) -> Result<Account, String> {
        let api = Api::sign_in(self.place.http())?;
        let minji = minji(&api)?;
        api.send("PATCH", &format!("/managers/{minji}"), &json!({ "max_calls": 1_000 }))?;
        phones(&api, &minji, 1)?.pop().ok_or_else(|| "the API made no phone".to_owned())
    }

    /// Makes many phones and writes them as the harness's users file.
    ///
    /// # Errors
    /// What the API answered, or why the file could not be written.
    pub fn users(&self) -> Result<PathBuf, String> {
        let api = Api::sign_in(self.place.http())?;
        let minji = minji(&api)?;
        let lines: Vec<String> = phones(&api, &minji, PHONES)?
            .into_iter()
            .map(|account| format!("{};{}", account.user, account.password))
            .collect();
        self.write_users(&lines.join("\n"))
    }

    /// A users file of one caller who is nobody's phone.
    ///
    /// # Errors
    /// Why the file could not be written.
    pub fn caller(&self) -> Result<PathBuf, String> {
        self.write_users("01012345678;none")
    }

    fn write_users(&self, lines: &str) -> Result<PathBuf, String> {
        let path = self.folder.path().join("users.csv");
        std::fs::write(&path, format!("{lines}\n")).map_err(|problem| problem.to_string())?;
        Ok(path)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn minji(api: &Api) -> Result<String, String> {
    let managers = api.items("/managers")?;
    let found = managers.iter().find(|manager| manager["email"] == "minji@demo.test");
    found
        .and_then(|manager| manager["id"].as_str())
        .map(str::to_owned)
        .ok_or_else(|| "the demo has no minji".to_owned())
}

/// Makes `count` phones of a manager and gives their accounts.
fn phones(api: &Api, manager: &str, count: usize) -> Result<Vec<Account>, String> {
    let names: Vec<Value> =
        (0..count).map(|number| json!({ "name": format!("bench {number}"), "manager_id": manager })).collect();
    for some in names.chunks(PHONES_AT_ONCE) {
        api.send("POST", "/phones", &json!({ "phones": some }))?;
    }
    let text = |phone: &Value, field: &str| {
        phone[field].as_str().map(str::to_owned).ok_or_else(|| format!("a phone has no {field}: {phone}"))
    };
    let made = api.items("/phones")?;
    let made = made.iter().filter(|phone| phone["name"].as_str().is_some_and(|name| name.starts_with("bench ")));
    made.map(|phone| Ok(Account { user: text(phone, "user_id")?, password: text(phone, "password")? })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_is_taken_is_not_measured() {
        let other = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let place = Place {
            program: std::env::current_exe().unwrap(),
            launcher: Vec::new(),
            log: std::env::temp_dir().join("sori-never-written.log"),
            host: Ipv4Addr::LOCALHOST,
            port: other.local_addr().unwrap().port(),
            carrier: other.local_addr().unwrap(),
        };
        let refused = Demo::start(place).map(drop).unwrap_err();
        assert!(refused.contains("another server is at 127.0.0.1:"), "{refused}");
    }
}
