//! What the whole server costs under load, one group of runs per fresh server, on one core.

use super::demo::Demo;
use super::report::Report;
use super::{harness, kernel};
use serde_json::Value;
use std::path::Path;

/// Calls that are up together in the IVR and bridge runs.
const CALLS: &str = "200";
const CLOSED_NUMBER: &str = "07040000004";
const MINJIS_NUMBER: &str = "07040000003";
/// Packets a second in each direction of a call.
const PACKETS: f64 = 50.0;
/// What the kernel alone took when the other systems were measured, CPU-ms per call-second (shared/load/README.md).
const KERNEL_IVR: f64 = 0.31;
const KERNEL_BRIDGE: f64 = 0.47;

/// All load runs.
///
/// # Errors
/// When a server does not start or the harness does not run; what was measured before stays in the report.
pub fn measure(report: &mut Report, shared: &Path, output: &Path) -> Result<(), String> {
    std::fs::create_dir_all(output).map_err(|problem| problem.to_string())?;
    others(report, shared);
    let kernel = kernel::measure(report, shared, output)?;
    registrations(report, shared, output)?;
    ivr(report, shared, output, &kernel)?;
    bridge(report, shared, output, &kernel)?;
    memory(report, shared, output)
}

/// The rows of the README's table of other systems.
fn others(report: &mut Report, shared: &Path) {
    let text = std::fs::read_to_string(shared.join("README.md")).unwrap_or_default();
    let rows =
        text.lines().skip_while(|line| !line.starts_with("| | registration")).take_while(|line| line.starts_with('|'));
    rows.for_each(|row| report.other(row.to_owned()));
}

fn registrations(report: &mut Report, shared: &Path, output: &Path) -> Result<(), String> {
    let demo = Demo::start(shared, output)?;
    report.figure("start to ready", demo.start.as_secs_f64(), "s", Some(1.0));
    let users = demo.users()?;
    let run = harness::run(shared, output, &demo, &users, &["register", "--rate", "1000", "--count", "8000"])?;
    figure(report, &run, "registration, CPU", "cpu_ms_per_registration", "ms", Some(0.15));
    figure(report, &run, "registrations failed", "failed", "", Some(0.0));
    report.raw(run);
    Ok(())
}

fn ivr(report: &mut Report, shared: &Path, output: &Path, kernel: &[(String, f64)]) -> Result<(), String> {
    let demo = Demo::start(shared, output)?;
    let caller = demo.caller()?;
    let run = harness::run(shared, output, &demo, &caller, &["ivr", "--number", CLOSED_NUMBER, "--calls", CALLS])?;
    figure(report, &run, "IVR call-second at 200 calls, CPU", "cpu_ms_per_call_s", "ms", Some(0.9));
    beside_kernel(report, &run, "IVR", kernel, &["send", "recv"], KERNEL_IVR);
    figure(report, &run, "IVR calls failed", "failed", "", Some(0.0));
    quality(report, &run, "IVR");
    report.raw(run);
    drop(demo);
    let demo = Demo::start(shared, output)?;
    let caller = demo.caller()?;
    let run = harness::run(shared, output, &demo, &caller, &["setup", "--number", CLOSED_NUMBER, "--rate", "200"])?;
    figure(report, &run, "IVR set-up, CPU", "cpu_ms_per_call", "ms", Some(0.7));
    figure(report, &run, "IVR set-ups failed", "failed", "", Some(0.0));
    report.raw(run);
    Ok(())
}

fn bridge(report: &mut Report, shared: &Path, output: &Path, kernel: &[(String, f64)]) -> Result<(), String> {
    let demo = Demo::start(shared, output)?;
    let account = demo.callee()?;
    let callee = format!("{};{}", account.user, account.password);
    let caller = demo.caller()?;
    let wanted = ["bridge", "--number", MINJIS_NUMBER, "--calls", CALLS, "--register-callee", &callee];
    let run = harness::run(shared, output, &demo, &caller, &wanted)?;
    figure(report, &run, "bridge call-second at 200 calls, CPU", "cpu_ms_per_call_s", "ms", Some(1.2));
    beside_kernel(report, &run, "bridge", kernel, &["relay"], KERNEL_BRIDGE);
    figure(report, &run, "bridged calls failed", "failed", "", Some(0.0));
    quality(report, &run, "bridge");
    report.raw(run);
    Ok(())
}

fn memory(report: &mut Report, shared: &Path, output: &Path) -> Result<(), String> {
    let demo = Demo::start(shared, output)?;
    let account = demo.callee()?;
    let callee = format!("{};{}", account.user, account.password);
    let caller = demo.caller()?;
    let wanted = ["rss", "--mode", "bridge", "--number", MINJIS_NUMBER, "--register-callee", &callee];
    let run = harness::run(shared, output, &demo, &caller, &wanted)?;
    figure(report, &run, "memory of a bridged call", "rss_kb_per_call", "KiB", Some(64.0));
    figure(report, &run, "memory when idle", "rss_idle_mb", "MiB", None);
    report.raw(run);
    Ok(())
}

/// Takes one field of a run; one that is missing is said instead of left out.
fn figure(report: &mut Report, run: &Value, name: &str, field: &str, unit: &'static str, mark: Option<f64>) {
    match run[field].as_f64() {
        Some(value) => report.figure(name, value, unit, mark),
        None => report.note(format!("{name}: the harness gave no {field}.")),
    }
}

/// Late and lost packets; more than one in a hundred is heard.
fn quality(report: &mut Report, run: &Value, name: &str) {
    match run["media"]["worst_bad_pct"].as_f64() {
        Some(value) => report.figure(&format!("{name}: bad packets"), value, "%", Some(1.0)),
        None => report.note(format!("{name}: the harness gave no media figures.")),
    }
}

/// The cost as a multiple of what the kernel alone takes for the same packets, in this run.
fn beside_kernel(report: &mut Report, run: &Value, name: &str, kernel: &[(String, f64)], kinds: &[&str], usual: f64) {
    let Some(cost) = run["cpu_ms_per_call_s"].as_f64() else { return };
    let nanoseconds: Option<f64> = kinds.iter().map(|kind| kernel::cheapest(kernel, kind)).sum();
    let directions = if name == "bridge" { 2.0 } else { 1.0 };
    let limit = nanoseconds.map_or(usual, |cost| cost * PACKETS * directions / 1_000_000.0);
    report.figure(&format!("{name}, kernel alone (udplimit)"), limit, "ms", None);
    report.figure(&format!("{name}, times the kernel alone"), cost / limit, "×", None);
}
