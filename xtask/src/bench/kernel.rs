//! What the kernel alone takes for the same packets, measured beside each run: nothing that forwards RTP can be cheaper, and
//! where it takes more than elsewhere or before, so does everything.

use super::rig::Rig;
use serde_json::Value;
use std::process::Command;

/// How long each of its tests runs, s.
const SECONDS: &str = "0.5";
/// In the names of tests that forward packets.
pub const RELAY: &str = "relay";

/// Builds and runs `udplimit.c`, and gives the nanoseconds of a packet by test name.
///
/// # Errors
/// When there is no C compiler or the program fails.
pub fn measure(rig: &mut Rig) -> Result<Vec<(String, f64)>, String> {
    let program = rig.output.join("udplimit");
    let source = rig.shared.join("udplimit.c");
    let built = Command::new("cc").args(["-O2", "-w", "-pthread", "-o"]).arg(&program).arg(source).status();
    if !built.is_ok_and(|status| status.success()) {
        return Err("udplimit.c could not be built with cc".to_owned());
    }
    let run = Command::new(rig.shared.join("top.sh")).args(["nice", "-n", "-20"]).arg(&program).arg(SECONDS).output();
    let printed = run.map_err(|problem| format!("udplimit did not run: {problem}"))?.stdout;
    let mut found = Vec::new();
    for line in String::from_utf8_lossy(&printed).lines() {
        let Ok(value) = serde_json::from_str::<Value>(line) else { continue };
        if let Some((name, cost)) = value["test"].as_str().zip(value["ns_per_packet"].as_f64()) {
            found.push((name.to_owned(), cost));
        }
        rig.report.raw(value);
    }
    Ok(found)
}

/// What forwarding a packet takes now, in nanoseconds.
///
/// # Errors
/// As [`measure`].
pub fn relay(rig: &mut Rig) -> Result<f64, String> {
    let found = measure(rig)?;
    cheapest(&found, RELAY).ok_or_else(|| "the kernel's benchmark told no cost of a packet".to_owned())
}

/// The cheapest test whose name contains `kind`, in nanoseconds of a packet.
pub fn cheapest(found: &[(String, f64)], kind: &str) -> Option<f64> {
    found.iter().filter(|(name, _)| name.contains(kind)).map(|(_, cost)| *cost).min_by(f64::total_cmp)
}
