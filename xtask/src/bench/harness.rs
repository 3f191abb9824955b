//! One run of the shared load harness.

use super::demo::{Demo, SIP};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs a scenario of `run.py` against the server and gives what it printed.
///
/// # Errors
/// When the harness fails or prints no result.
pub fn run(shared: &Path, output: &Path, demo: &Demo, users: &Path, arguments: &[&str]) -> Result<Value, String> {
    let scenario = arguments.first().copied().unwrap_or_default();
    println!("load: {}", arguments.join(" "));
    let finished = Command::new("python3")
        .arg(shared.join("run.py"))
        .args(arguments)
        .args(["--target", SIP, "--server", &demo.process(), "--label", "sori"])
        .arg("--users")
        .arg(users)
        .arg("--tmp")
        .arg(output.join("harness"))
        .stdin(Stdio::null())
        .output()
        .map_err(|problem| format!("python3 did not run: {problem}"))?;
    let printed = String::from_utf8_lossy(&finished.stdout);
    let result = printed.lines().rev().find_map(|line| serde_json::from_str::<Value>(line).ok());
    result.ok_or_else(|| format!("{scenario} printed no result: {}", String::from_utf8_lossy(&finished.stderr).trim()))
}
