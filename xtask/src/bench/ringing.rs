//! How long it takes until a call rings, at a hundred calls a second, both ways: a customer calls and a phone rings, a phone
//! dials and hears that it rings.

use super::rig::{FAR_END, LOAD_CORE, Rig};
use super::{callers, marks};
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Calls a second.
const RATE: u32 = 100;
/// Calls each way.
const CALLS: u32 = 1_200;
/// Where the phone is.
const PHONE: &str = "127.0.0.1:5092";

/// Both ways, each with a fresh server.
///
/// # Errors
/// When a server does not start or the calls cannot be made.
pub fn measure(rig: &mut Rig) -> Result<(), String> {
    let run = calls(rig, false)?;
    judge(rig, &run, "customer's INVITE to the phone's 180", "/rang_ms");
    rig.report.field(&run, "customer's INVITE to the customer's 200, p99", "/heard_ms/p99", "ms", None);
    rig.report.raw(run);
    let run = calls(rig, true)?;
    judge(rig, &run, "phone's INVITE to the phone's 183, the carrier's 180", "/heard_ms");
    rig.report.raw(run);
    Ok(())
}

fn judge(rig: &mut Rig, run: &Value, what: &str, times: &str) {
    let name = format!("{what} at {RATE} calls/s");
    rig.report.field(run, &format!("{name}, p50"), &format!("{times}/p50"), "ms", None);
    rig.report.field(run, &format!("{name}, p99"), &format!("{times}/p99"), "ms", Some(marks::RINGING_P99));
    rig.report.field(run, &format!("{name}: calls failed"), "/failed", "", Some(0.0));
    // A call whose time is missing would flatter the others.
    let timed = run.pointer(&format!("{times}/n")).and_then(Value::as_u64).unwrap_or_default();
    let untimed = u64::from(CALLS).saturating_sub(timed);
    rig.report.figure(&format!("{name}: calls not timed"), untimed as f64, "", Some(0.0));
}

fn calls(rig: &mut Rig, dials: bool) -> Result<Value, String> {
    let demo = rig.server()?;
    let account = demo.callee()?;
    let wanted = json!({
        "server": demo.place.sip().to_string(), "carrier": FAR_END.to_string(), "phone": PHONE,
        "user": account.user, "password": account.password, "dials": dials, "calls": CALLS, "rate": RATE,
    });
    println!("load: {} {CALLS} at {RATE}/s{}", callers::COMMAND, if dials { ", dialled" } else { "" });
    let words = rig.on_core(LOAD_CORE);
    let program = std::env::current_exe().map_err(|problem| problem.to_string())?;
    let mut child = Command::new(words.first().map_or("", String::as_str))
        .args(words.get(1..).unwrap_or_default())
        .arg(program)
        .arg(callers::COMMAND)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|problem| problem.to_string())?;
    if let Some(mut input) = child.stdin.take() {
        writeln!(input, "{wanted}").map_err(|problem| problem.to_string())?;
    }
    let finished = child.wait_with_output().map_err(|problem| problem.to_string())?;
    serde_json::from_slice(&finished.stdout).map_err(|_| format!("{} ended with {}", callers::COMMAND, finished.status))
}
