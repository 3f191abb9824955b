//! A demo server for the load tests: release build, on one core, at the highest weight, with phones and room for many calls.

use super::api::Api;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Its addresses: away from the defaults, so that a demo that runs already is not disturbed, and from the harness's ports.
pub const HTTP: &str = "127.0.0.1:18080";
/// Where SIP is.
pub const SIP: &str = "127.0.0.1:15060";
/// How many phones register.
const PHONES: usize = 200;
/// Phones in one request; more are refused (R38).
const PHONES_AT_ONCE: usize = 8;

/// A running server; ends with this.
pub struct Demo {
    child: Child,
    /// From start to ready.
    pub start: Duration,
    folder: tempfile::TempDir,
}

/// An account that a phone signs in with.
pub struct Account {
    /// Its ID.
    pub user: String,
    /// Its password.
    pub password: String,
}

impl Demo {
    /// Starts the release build and waits until it is ready.
    ///
    /// # Errors
    /// When there is no build, or it does not get ready within twenty seconds.
    pub fn start(shared: &Path, output: &Path) -> Result<Self, String> {
        let program = binary(output);
        if !program.exists() {
            return Err(format!("there is no {}; build it with scripts/build", program.display()));
        }
        let folder = tempfile::tempdir().map_err(|problem| problem.to_string())?;
        let log = std::fs::File::create(output.join("sori.log")).map_err(|problem| problem.to_string())?;
        let began = Instant::now();
        let child = Command::new(shared.join("top.sh"))
            .args(["nice", "-n", "-20", "taskset", "-c", "0"])
            .arg(program)
            .args(["demo", "--data"])
            .arg(folder.path().join("data"))
            .env("SORI_HTTP", HTTP)
            .env("SORI_SIP", SIP)
            .env("SORI_SIPS", "127.0.0.1:15061")
            .env("SORI_RTP", "127.0.0.1:31000-39999")
            .env("SORI_DEMO_CARRIER", "127.0.0.1:5090")
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(|problem| problem.to_string())?)
            .stderr(log)
            .spawn()
            .map_err(|problem| format!("the server did not start: {problem}"))?;
        let mut demo = Self { child, start: Duration::ZERO, folder };
        while !Api::is_ready(HTTP) {
            if let Ok(Some(status)) = demo.child.try_wait() {
                return Err(format!("the server ended with {status}: see {}", output.join("sori.log").display()));
            }
            if began.elapsed() > Duration::from_secs(20) {
                return Err("the server was not ready after twenty seconds".to_owned());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        demo.start = began.elapsed();
        Ok(demo)
    }

    /// Its process, as the harness wants to hear of it: `top.sh`, `nice` and `taskset` become it.
    pub fn process(&self) -> String {
        self.child.id().to_string()
    }

    /// Lets minji have a thousand calls at once and makes a phone for her.
    ///
    /// # Errors
    /// What the API answered.
    pub fn callee(&self) -> Result<Account, String> {
        let api = Api::sign_in(HTTP)?;
        let minji = minji(&api)?;
        api.send("PATCH", &format!("/managers/{minji}"), &json!({ "max_calls": 1_000 }))?;
        Ok(phones(&api, &minji, 1)?.remove(0))
    }

    /// Makes many phones and writes them as the harness's users file.
    ///
    /// # Errors
    /// What the API answered, or why the file could not be written.
    pub fn users(&self) -> Result<PathBuf, String> {
        let api = Api::sign_in(HTTP)?;
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

/// The release build beside the report's folder.
fn binary(output: &Path) -> PathBuf {
    output.join("../release/sori")
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
