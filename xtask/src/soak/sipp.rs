//! SIPp as the two ends of the calls.

use super::settings::Settings;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Who calls: anyone with this scenario.
const CALLER: &str = include_str!("caller.xml");
/// Who is called.
const PHONE: &str = include_str!("phone.xml");
/// Callers who take turns.
const CALLERS: u32 = 500;
/// How long a call lasts once it is answered, ms.
const TALK_MS: u32 = 500;
/// How long the phone rings, ms.
const RING_MS: u32 = 100;

/// One SIPp; ends with this.
pub struct Sipp {
    child: Child,
    folder: PathBuf,
    name: &'static str,
}

/// What it has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Calls that went as the scenario says.
    pub good: u64,
    /// Calls that did not.
    pub failed: u64,
}

impl Sipp {
    /// The called phone, at `local`.
    ///
    /// # Errors
    /// When SIPp cannot be started.
    pub fn phone(folder: &Path, local: SocketAddr, settings: Settings) -> Result<Self, String> {
        Self::start(folder, "phone", PHONE, local, &["-d", &RING_MS.to_string(), "-m", &settings.calls.to_string()])
    }

    /// The callers, at `local`.
    ///
    /// # Errors
    /// As [`Self::phone`].
    pub fn callers(
        folder: &Path,
        local: SocketAddr,
        server: SocketAddr,
        number: &str,
        settings: Settings,
    ) -> Result<Self, String> {
        let mut list = "SEQUENTIAL\n".to_owned();
        for caller in 0..CALLERS {
            let _ = writeln!(list, "0105555{caller:04}");
        }
        let file = folder.join("callers.csv");
        std::fs::write(&file, list).map_err(|problem| problem.to_string())?;
        let (calls, rate) = (settings.calls.to_string(), settings.rate.to_string());
        let file = file.to_string_lossy();
        let talk = TALK_MS.to_string();
        let server = server.to_string();
        let wanted = [&server, "-s", number, "-inf", &file, "-d", &talk, "-m", &calls, "-r", &rate];
        Self::start(folder, "callers", CALLER, local, &wanted)
    }

    fn start(
        folder: &Path,
        name: &'static str,
        scenario: &str,
        local: SocketAddr,
        arguments: &[&str],
    ) -> Result<Self, String> {
        let folder = folder.join(name);
        let text = |problem: std::io::Error| format!("SIPp ({name}): {problem}");
        std::fs::create_dir_all(&folder).map_err(text)?;
        std::fs::write(folder.join("scenario.xml"), scenario).map_err(text)?;
        let output = std::fs::File::create(folder.join("output.txt")).map_err(text)?;
        let child = Command::new("sipp")
            .args(arguments)
            .args(["-sf", "scenario.xml", "-i", &local.ip().to_string(), "-p", &local.port().to_string()])
            .args(["-nostdin", "-l", "100000", "-buff_size", "8388608", "-trace_stat", "-fd", "1", "-stf", "stat.csv"])
            .args(["-trace_err", "-error_file", "errors.log"])
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(output.try_clone().map_err(text)?)
            .stderr(output)
            .spawn()
            .map_err(|problem| format!("SIPp did not start (package sip-tester): {problem}"))?;
        Ok(Self { child, folder, name })
    }

    /// Has it made its calls?
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// What it has counted, a second ago at most.
    pub fn totals(&self) -> Totals {
        totals(&std::fs::read_to_string(self.folder.join("stat.csv")).unwrap_or_default())
    }

    /// Why it is not content, else nothing.
    pub fn problem(&self, settings: Settings) -> Option<String> {
        let totals = self.totals();
        if totals == (Totals { good: settings.calls, failed: 0 }) {
            return None;
        }
        let errors = std::fs::read_to_string(self.folder.join("errors.log")).unwrap_or_default();
        let first: String = errors.chars().take(2_000).collect();
        Some(format!("{}: {} calls went well, {} failed\n{first}", self.name, totals.good, totals.failed))
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Of the last whole line of SIPp's statistics.
fn totals(statistics: &str) -> Totals {
    let whole = statistics.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let mut lines = whole.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(';').collect();
    let last: Vec<&str> = lines.next_back().unwrap_or_default().split(';').collect();
    let field = |name: &str| {
        let place = header.iter().position(|found| *found == name)?;
        last.get(place)?.trim().parse().ok()
    };
    Totals { good: field("SuccessfulCall(C)").unwrap_or_default(), failed: field("FailedCall(C)").unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_whole_line_counts() {
        let text = "StartTime;SuccessfulCall(P);SuccessfulCall(C);FailedCall(C)\na;1;10;0\nb;2;12;1\nc;9;9";
        assert_eq!(totals(text), Totals { good: 12, failed: 1 });
        assert_eq!(totals(""), Totals::default());
    }
}
