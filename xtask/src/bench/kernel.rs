//! What the kernel alone takes for the same packets, measured in the same run: nothing that forwards RTP can be cheaper.

use super::report::Report;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Builds and runs `udplimit.c`, and gives the nanoseconds of a packet by test name.
///
/// # Errors
/// When there is no C compiler or the program fails.
pub fn measure(report: &mut Report, shared: &Path, output: &Path) -> Result<Vec<(String, f64)>, String> {
    let program = output.join("udplimit");
    let built =
        Command::new("cc").args(["-O2", "-w", "-pthread", "-o"]).arg(&program).arg(shared.join("udplimit.c")).status();
    if !built.is_ok_and(|status| status.success()) {
        return Err("udplimit.c could not be built with cc".to_owned());
    }
    let run = Command::new(shared.join("top.sh")).args(["nice", "-n", "-20"]).arg(&program).arg("1.5").output();
    let printed = run.map_err(|problem| format!("udplimit did not run: {problem}"))?.stdout;
    let mut found = Vec::new();
    for line in String::from_utf8_lossy(&printed).lines() {
        let Ok(value) = serde_json::from_str::<Value>(line) else { continue };
        if let Some((name, cost)) = value["test"].as_str().zip(value["ns_per_packet"].as_f64()) {
            found.push((name.to_owned(), cost));
        }
        report.raw(value);
    }
    Ok(found)
}

/// The cheapest test whose name contains `kind`, in nanoseconds of a packet.
pub fn cheapest(found: &[(String, f64)], kind: &str) -> Option<f64> {
    found.iter().filter(|(name, _)| name.contains(kind)).map(|(_, cost)| *cost).min_by(f64::total_cmp)
}
