//! `make soak`: very many real calls through one server, customer to manager's phone. None may fail, nothing may be left
//! when they are over, and memory may not grow.

mod figures;
mod memory;
mod settings;
mod sipp;

use crate::bench;
use crate::demo::{Demo, MINJIS_NUMBER, Place};
use crate::user_agent::UserAgent;
use figures::Figures;
use memory::Memory;
use settings::Settings;
use sipp::Sipp;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// An address of its own, so that a demo or a benchmark that runs is not disturbed.
const HOST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// First port of the server.
const PORT: u16 = 18_180;
/// Where customers call from: the demo's carrier.
const CALLERS: u16 = 18_190;
/// Where the phone is.
const PHONE: u16 = 18_191;
/// Between two looks.
const SECOND: Duration = Duration::from_secs(1);
/// Between two lines of progress.
const PROGRESS: u64 = 30;
/// How long the last calls may take after the last one began.
const LAST_CALLS: Duration = Duration::from_secs(40);
/// How long the server may take to forget: SIP keeps transactions for 32 s (RFC 3261 17), and a wait for a BYE's answer before it.
const FORGETTING: Duration = Duration::from_secs(75);

/// Runs it; fails unless all is well.
pub fn run() -> ExitCode {
    let outcome = Settings::read(|name| std::env::var(name).ok()).and_then(soak);
    match outcome {
        Ok(problems) if problems.is_empty() => {
            println!("soak: all is well");
            ExitCode::SUCCESS
        }
        Ok(problems) => {
            problems.iter().for_each(|problem| eprintln!("soak: {problem}"));
            ExitCode::FAILURE
        }
        Err(problem) => {
            eprintln!("soak: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Everything that is not as it should be.
fn soak(settings: Settings) -> Result<Vec<String>, String> {
    let output = bench::target().join("soak");
    std::fs::create_dir_all(&output).map_err(|problem| problem.to_string())?;
    let at = |port: u16| SocketAddr::from((HOST, port));
    let mut demo = Demo::start(Place {
        program: bench::target().join("release/sori"),
        launcher: Vec::new(),
        log: output.join("sori.log"),
        host: HOST,
        port: PORT,
        carrier: at(CALLERS),
    })?;
    let account = demo.callee()?;
    // Its socket is SIPp's from then on.
    UserAgent::bind(at(PHONE), demo.place.sip(), 1)?.register(&account)?;
    let before = Figures::ask(demo.place.http())?;
    println!("soak: {} calls at {}/s, about {} s", settings.calls, settings.rate, settings.duration().as_secs());
    let mut phone = Sipp::phone(&output, at(PHONE), settings)?;
    let mut callers = Sipp::callers(&output, at(CALLERS), demo.place.sip(), MINJIS_NUMBER, settings)?;
    let memory = call(&mut demo, &mut callers, &mut phone, settings, &output)?;
    let mut problems: Vec<String> = [&callers, &phone].into_iter().filter_map(|end| end.problem(settings)).collect();
    match memory.judge() {
        Ok(told) => println!("soak: {told}"),
        Err(problem) => problems.push(problem),
    }
    problems.extend(forget(&demo, &before)?);
    Ok(problems)
}

/// Until both ends have made their calls; memory is sampled while new ones begin.
fn call(
    demo: &mut Demo,
    callers: &mut Sipp,
    phone: &mut Sipp,
    settings: Settings,
    output: &Path,
) -> Result<Memory, String> {
    let began = Instant::now();
    let mut memory = Memory::default();
    let mut seconds = 0;
    while !(callers.has_ended() && phone.has_ended()) {
        let passed = began.elapsed();
        if demo.has_ended() {
            return Err(format!("the server ended: see {}", output.join("sori.log").display()));
        }
        if passed > settings.duration() + LAST_CALLS {
            break;
        }
        if passed < settings.duration() {
            let held = memory.sample(passed, demo.process())?;
            if seconds % PROGRESS == 0 {
                let live = Figures::ask(demo.place.http())?.calls();
                let totals = callers.totals();
                println!(
                    "soak: {seconds:>5} s, {} calls went well, {} failed, {live} alive, {held} KiB",
                    totals.good, totals.failed
                );
            }
        }
        seconds += 1;
        std::thread::sleep(SECOND);
    }
    Ok(memory)
}

/// Waits until the server has forgotten all calls; what it has not forgotten in time, and what must never happen.
fn forget(demo: &Demo, before: &Figures) -> Result<Vec<String>, String> {
    let began = Instant::now();
    loop {
        let now = Figures::ask(demo.place.http())?;
        let left = now.left_over(before);
        if left.is_empty() {
            println!("soak: all live counts are back after {} s", began.elapsed().as_secs());
            return Ok(now.faults());
        }
        if began.elapsed() > FORGETTING {
            return Ok(left.into_iter().chain(now.faults()).collect());
        }
        std::thread::sleep(SECOND);
    }
}
