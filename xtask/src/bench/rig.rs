//! What all measurements share: where the harness and the reports are, and how a program gets a core of its own.

use super::report::Report;
use crate::demo::{Demo, Place};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// The core of whatever is measured.
pub const MEASURED_CORE: u8 = 0;
/// The core of whatever makes the load.
pub const LOAD_CORE: u8 = 1;
/// First port of the server: away from the defaults, so that a demo that runs already is not disturbed, and from the harness's.
const PORT: u16 = 18_080;
/// Where the harness answers calls, which makes it the demo's carrier too.
pub const FAR_END: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 5_090);

/// See the module.
pub struct Rig {
    /// What was measured so far.
    pub report: Report,
    /// The shared load harness.
    pub shared: PathBuf,
    /// Where reports and logs go.
    pub output: PathBuf,
}

impl Rig {
    /// Nothing measured yet.
    pub fn new(shared: PathBuf, output: PathBuf) -> Self {
        let mut report = Report::default();
        report.others(others(&shared));
        Self { report, shared, output }
    }

    /// What goes before a program so that it runs on `core`, at the highest weight; each of these becomes the program.
    pub fn on_core(&self, core: u8) -> Vec<String> {
        let top = self.shared.join("top.sh").to_string_lossy().into_owned();
        [top.as_str(), "nice", "-n", "-20", "taskset", "-c", &core.to_string()].map(str::to_owned).into()
    }

    /// A fresh server on its core.
    ///
    /// # Errors
    /// When there is no harness beside the repository, no build, or the server does not get ready.
    pub fn server(&self) -> Result<Demo, String> {
        if !self.shared.join("run.py").exists() {
            return Err(format!("there is no load harness at {}", self.shared.display()));
        }
        std::fs::create_dir_all(&self.output).map_err(|problem| problem.to_string())?;
        Demo::start(Place {
            program: super::target().join("release/sori"),
            launcher: self.on_core(MEASURED_CORE),
            log: self.output.join("sori.log"),
            host: Ipv4Addr::LOCALHOST,
            port: PORT,
            carrier: FAR_END,
        })
    }
}

/// The rows of the harness's table of other systems; none where there is no harness.
fn others(shared: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(shared.join("README.md")).unwrap_or_default();
    let table = text.lines().skip_while(|line| !line.starts_with("| | registration"));
    table.take_while(|line| line.starts_with('|')).map(str::to_owned).collect()
}
