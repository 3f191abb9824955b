//! One run of the shared load harness.

use super::rig::Rig;
use crate::demo::Demo;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};

/// Percent of a core that other programs may take before a run's figures are called too high.
const QUIET: f64 = 10.0;

/// Runs a scenario of `run.py` against the server, gives what it printed and keeps it in the report.
///
/// # Errors
/// When the harness fails or prints no result.
pub fn run(rig: &mut Rig, demo: &Demo, users: &Path, arguments: &[&str]) -> Result<Value, String> {
    println!("load: {}", arguments.join(" "));
    let finished = Command::new("python3")
        .arg(rig.shared.join("run.py"))
        .args(arguments)
        .args(["--target", &demo.place.sip().to_string()])
        .args(["--server", &demo.process().to_string(), "--label", "sori"])
        .arg("--users")
        .arg(users)
        .arg("--tmp")
        .arg(rig.output.join("harness"))
        .stdin(Stdio::null())
        .output()
        .map_err(|problem| format!("python3 did not run: {problem}"))?;
    let printed = String::from_utf8_lossy(&finished.stdout);
    let result = printed.lines().rev().find_map(|line| serde_json::from_str::<Value>(line).ok());
    let result = result.ok_or_else(|| {
        format!("{} printed no result: {}", arguments.join(" "), String::from_utf8_lossy(&finished.stderr).trim())
    })?;
    note_neighbours(rig, &result, arguments);
    rig.report.raw(result.clone());
    Ok(result)
}

/// A machine that does other things at the same time makes every packet dearer (caches, memory).
fn note_neighbours(rig: &mut Rig, run: &Value, arguments: &[&str]) {
    if let Some(percent) = run["others_cpu_pct"].as_f64().filter(|percent| *percent > QUIET) {
        let what = arguments.join(" ");
        rig.report
            .note(format!("During `{what}` other programs took {percent:.0} % of a core: its figures are too high."));
    }
}
