//! How long a packet takes through the server, and how long it takes through a forwarder that only forwards, under the same load.

use super::rig::{LOAD_CORE, MEASURED_CORE, Rig};
use super::{load, marks, relay};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Calls that are up.
const CALLS: u32 = 300;
/// Set-ups a second until they are.
const PACE: u32 = 20;
/// Where the meter sends and hears as caller and as callee, as in the harness.
const CALLERS: &str = "127.0.0.1:20000";
const CALLEES: &str = "127.0.0.1:30000";
/// Until every stream runs.
const SETTLING: Duration = Duration::from_secs(2);
/// How long the forwarder is measured.
const WINDOW: Duration = Duration::from_secs(8);

/// Delay and cost at 300 bridged calls, with those of the kernel alone beside it.
///
/// # Errors
/// When a server does not start, or harness, meter or forwarder do not run.
pub fn at_300(rig: &mut Rig) -> Result<(), String> {
    let run = load::bridged(rig, CALLS, PACE)?;
    let name = format!("bridge at {CALLS} calls");
    rig.report.field(&run, &format!("{name}: CPU of a call-second"), "/cpu_ms_per_call_s", "ms", Some(marks::BRIDGE));
    rig.report.field(&run, &format!("{name}: calls failed"), "/failed", "", Some(0.0));
    let quality = format!("{name}: late or lost packets");
    rig.report.field(&run, &quality, "/media/worst_bad_pct", "%", Some(marks::BAD_PACKETS));
    println!("load: {} {CALLS}", relay::COMMAND);
    let (alone, cost) = bare(rig)?;
    for (percentile, mark) in [("p50", marks::DELAY_P50), ("p99", marks::DELAY_P99)] {
        let through = worse_ms(&run["media"], percentile);
        let kernel = worse_ms(&alone, percentile);
        let of = |what: &str| format!("{name}: delay of a packet, {percentile}{what}");
        rig.report.measured(&of(""), through, "ms", Some(mark));
        rig.report.measured(&of(", kernel alone (bare forwarder)"), kernel, "ms", None);
        let own = through.zip(kernel).map(|(through, kernel)| through - kernel);
        rig.report.compared(&of(", sori's own share"), own, "ms");
    }
    rig.report.figure(&format!("{name}: CPU of a call-second of a bare forwarder"), cost, "ms", None);
    rig.report.raw(alone);
    Ok(())
}

/// The slower direction, ms; nothing when a direction has none.
fn worse_ms(media: &Value, percentile: &str) -> Option<f64> {
    let of = |side: &str| {
        let delay = &media[side]["delay_us"];
        delay["n"].as_u64().filter(|&n| n > 0).and_then(|_| delay[percentile].as_f64())
    };
    Some(of("caller_side")?.max(of("callee_side")?) / 1_000.0)
}

/// What the meter tells of the forwarder, and the forwarder's CPU-ms of a call-second.
fn bare(rig: &Rig) -> Result<(Value, f64), String> {
    let program = std::env::current_exe().map_err(|problem| problem.to_string())?;
    let mut command = on_core(rig, MEASURED_CORE);
    command.arg(program).args([relay::COMMAND, &CALLS.to_string(), CALLERS, CALLEES]).stdin(Stdio::piped());
    let mut forwarder = Ends(command.stdout(Stdio::piped()).spawn().map_err(|problem| problem.to_string())?);
    let ports: Value = serde_json::from_str(&first_line(forwarder.0.stdout.as_mut(), "the bare forwarder")?)
        .map_err(|problem| problem.to_string())?;
    let streams: String = ports["ports"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
        .map(|(number, port)| format!("RTPM S {number} 127.0.0.1 {port}\n"))
        .collect();
    let control = rig.output.join("harness/streams");
    std::fs::write(&control, streams).map_err(|problem| problem.to_string())?;
    let mut meter = meter(rig, &control)?;
    first_line(meter.0.stderr.as_mut(), "rtpmeter")?;
    std::thread::sleep(SETTLING);
    signal(&meter.0, "-USR1")?;
    let before = running_ns(&forwarder.0)?;
    std::thread::sleep(WINDOW);
    let used = running_ns(&forwarder.0)?.saturating_sub(before);
    signal(&meter.0, "-TERM")?;
    let told = first_line(meter.0.stdout.as_mut(), "rtpmeter")?;
    let told = serde_json::from_str(&told).map_err(|problem| problem.to_string())?;
    Ok((told, used as f64 / 1_000_000.0 / WINDOW.as_secs_f64() / f64::from(CALLS)))
}

/// The harness's meter, which built it for the run before.
fn meter(rig: &Rig, control: &Path) -> Result<Ends, String> {
    let port = |address: &str| address.rsplit(':').next().unwrap_or_default().to_owned();
    on_core(rig, LOAD_CORE)
        .arg(rig.output.join("harness/rtpmeter"))
        .args(["--a-port", &port(CALLERS), "--b-port", &port(CALLEES), "--max-seconds", "60", "--ctl"])
        .arg(control)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map(Ends)
        .map_err(|problem| format!("rtpmeter did not start: {problem}"))
}

fn on_core(rig: &Rig, core: u8) -> Command {
    let words = rig.on_core(core);
    let mut command = Command::new(words.first().map_or("", String::as_str));
    command.args(words.get(1..).unwrap_or_default());
    command
}

/// A program that ends with this.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn first_line(stream: Option<&mut impl std::io::Read>, of: &str) -> Result<String, String> {
    let mut line = String::new();
    let stream = stream.ok_or_else(|| format!("{of} has no output"))?;
    match BufReader::new(stream).read_line(&mut line) {
        Ok(0) => Err(format!("{of} said nothing")),
        Ok(_) => Ok(line),
        Err(problem) => Err(format!("{of}: {problem}")),
    }
}

fn signal(child: &Child, signal: &str) -> Result<(), String> {
    let done = Command::new("kill").args([signal, &child.id().to_string()]).status();
    if done.is_ok_and(|status| status.success()) { Ok(()) } else { Err(format!("kill {signal} failed")) }
}

/// Time on a core so far, of its only thread.
fn running_ns(child: &Child) -> Result<u64, String> {
    let path = format!("/proc/{}/schedstat", child.id());
    let text = std::fs::read_to_string(&path).map_err(|problem| format!("{path}: {problem}"))?;
    text.split(' ').next().and_then(|first| first.parse().ok()).ok_or_else(|| format!("{path} tells nothing"))
}
