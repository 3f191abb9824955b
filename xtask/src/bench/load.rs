//! What the whole server costs under load, one group of runs per fresh server, on one core.

use super::rig::Rig;
use super::{harness, kernel, marks};
use crate::demo::{CLOSED_NUMBER, MINJIS_NUMBER};
use serde_json::Value;

/// Packets a second in each direction of a call.
const PACKETS: f64 = 50.0;

/// What a call's media is to the kernel, for the comparison.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ivr,
    Bridge,
}

/// Digest registrations at a thousand a second.
///
/// # Errors
/// When the server does not start or the harness does not run.
pub fn registrations(rig: &mut Rig) -> Result<(), String> {
    let demo = rig.server()?;
    rig.report.figure("start to ready", demo.start.as_secs_f64(), "s", Some(marks::START));
    let users = demo.users()?;
    let run = harness::run(rig, &demo, &users, &["register", "--rate", "1000", "--count", "8000"])?;
    rig.report.field(&run, "registration, CPU", "/cpu_ms_per_registration", "ms", Some(marks::REGISTRATION));
    rig.report.field(&run, "registrations failed", "/failed", "", Some(0.0));
    Ok(())
}

/// `calls` calls to a prompt, up together, each of six seconds.
///
/// # Errors
/// As [`registrations`].
pub fn ivr(rig: &mut Rig, calls: u32) -> Result<(), String> {
    let demo = rig.server()?;
    let caller = demo.caller()?;
    let run = harness::run(rig, &demo, &caller, &["ivr", "--number", CLOSED_NUMBER, "--calls", &calls.to_string()])?;
    call_seconds(rig, &run, &format!("IVR at {calls} calls"), marks::IVR, Kind::Ivr)
}

/// Two hundred calls a second that are answered and hung up at once.
///
/// # Errors
/// As [`registrations`].
pub fn set_up(rig: &mut Rig) -> Result<(), String> {
    let demo = rig.server()?;
    let caller = demo.caller()?;
    let run = harness::run(rig, &demo, &caller, &["setup", "--number", CLOSED_NUMBER, "--rate", "200"])?;
    rig.report.field(&run, "IVR set-up, CPU", "/cpu_ms_per_call", "ms", Some(marks::SET_UP));
    rig.report.field(&run, "IVR set-ups failed", "/failed", "", Some(0.0));
    Ok(())
}

/// `calls` long bridged calls, set up at `pace` a second; gives the harness's result.
///
/// # Errors
/// As [`registrations`].
pub fn bridged(rig: &mut Rig, calls: u32, pace: u32) -> Result<Value, String> {
    let demo = rig.server()?;
    let account = demo.callee()?;
    let callee = format!("{};{}", account.user, account.password);
    let caller = demo.caller()?;
    let (calls, pace) = (calls.to_string(), pace.to_string());
    let wanted = ["bridge", "--number", MINJIS_NUMBER, "--calls", &calls, "--cps", &pace, "--register-callee", &callee];
    harness::run(rig, &demo, &caller, &wanted)
}

/// [`bridged`], reported.
///
/// # Errors
/// As [`registrations`].
pub fn bridge(rig: &mut Rig, calls: u32, pace: u32) -> Result<(), String> {
    let run = bridged(rig, calls, pace)?;
    call_seconds(rig, &run, &format!("bridge at {calls} calls"), marks::BRIDGE, Kind::Bridge)
}

/// How memory grows from 100 to 400 bridged calls.
///
/// # Errors
/// As [`registrations`].
pub fn memory(rig: &mut Rig) -> Result<(), String> {
    let demo = rig.server()?;
    let account = demo.callee()?;
    let callee = format!("{};{}", account.user, account.password);
    let caller = demo.caller()?;
    let wanted = ["rss", "--mode", "bridge", "--number", MINJIS_NUMBER, "--register-callee", &callee];
    let run = harness::run(rig, &demo, &caller, &wanted)?;
    rig.report.field(&run, "memory of a bridged call", "/rss_kb_per_call", "KiB", Some(marks::MEMORY));
    rig.report.field(&run, "memory when idle", "/rss_idle_mb", "MiB", None);
    Ok(())
}

/// Cost, beside the kernel's, and quality of calls that were up together.
fn call_seconds(rig: &mut Rig, run: &Value, name: &str, mark: f64, kind: Kind) -> Result<(), String> {
    rig.report.field(run, &format!("{name}: CPU of a call-second"), "/cpu_ms_per_call_s", "ms", Some(mark));
    rig.report.field(run, &format!("{name}: calls failed"), "/failed", "", Some(0.0));
    let quality = format!("{name}: late or lost packets");
    rig.report.field(run, &quality, "/media/worst_bad_pct", "%", Some(marks::BAD_PACKETS));
    let (kinds, directions): (&[&str], f64) = match kind {
        Kind::Ivr => (&["send", "recv"], 1.0),
        Kind::Bridge => (&[kernel::RELAY], 2.0),
    };
    let found = kernel::measure(rig)?;
    let packet: Option<f64> = kinds.iter().map(|kind| kernel::cheapest(&found, kind)).sum();
    let alone = packet.ok_or("the kernel's benchmark told no cost of a packet")? * PACKETS * directions / 1_000_000.0;
    rig.report.figure(&format!("{name}: kernel alone (udplimit)"), alone, "ms", None);
    if let Some(cost) = run["cpu_ms_per_call_s"].as_f64() {
        rig.report.compared(&format!("{name}: times the kernel alone"), Some(cost / alone), "×");
    }
    Ok(())
}
