//! `make bench`: what each piece costs in process, and what calls cost the whole server. Absolute times differ from machine
//! to machine, so everything is judged as a ratio: to its mark, to the kernel's own cost in the same run, to other systems.

pub mod allocations;
pub mod callers;
mod delay;
mod harness;
mod kernel;
mod load;
mod marks;
mod media;
pub mod relay;
mod report;
mod rig;
mod ringing;
mod rounds;
mod selection;
mod signalling;
mod stopwatch;

use report::Report;
use rig::Rig;
use selection::{Measurement, Selection};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Everything there is to measure, in this order.
const MEASUREMENTS: [Measurement; 10] = [
    Measurement { name: "micro", what: "pieces in process: parsing, transactions, packets, keys", measure: micro },
    Measurement { name: "registration", what: "8,000 digest registrations", measure: load::registrations },
    Measurement { name: "ivr-200", what: "200 calls to a prompt", measure: |rig| load::ivr(rig, 200) },
    Measurement { name: "ivr-600", what: "600 calls to a prompt", measure: |rig| load::ivr(rig, 600) },
    Measurement { name: "setup", what: "200 set-ups a second", measure: load::set_up },
    Measurement { name: "bridge-200", what: "200 bridged calls", measure: |rig| load::bridge(rig, 200, 20) },
    Measurement { name: "delay-300", what: "a packet's delay at 300 bridged calls", measure: delay::at_300 },
    Measurement { name: "bridge-600", what: "600 bridged calls", measure: |rig| load::bridge(rig, 600, 40) },
    Measurement { name: "ringing", what: "INVITE to 180 at 100 calls a second", measure: ringing::measure },
    Measurement { name: "memory", what: "memory of a bridged call", measure: load::memory },
];

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Where cargo builds.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

fn micro(rig: &mut Rig) -> Result<(), String> {
    signalling::measure(&mut rig.report);
    media::measure(&mut rig.report);
    Ok(())
}

/// Measures what is asked for, all without arguments. Fails unless every mark is met.
pub fn run(arguments: &[String]) -> ExitCode {
    let wanted = match selection::of(arguments, &MEASUREMENTS) {
        Ok(Selection::Measure(wanted)) => wanted,
        Ok(Selection::List) => {
            selection::print(&MEASUREMENTS);
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::FAILURE;
        }
    };
    let mut rig = Rig::new(root().join("../shared/load"), target().join("bench"));
    rounds::run(&mut rig, &wanted);
    conclude(&rig.report, &rig.output)
}

fn conclude(report: &Report, output: &Path) -> ExitCode {
    match report.write(output) {
        Ok(table) => println!("\n{table}\n{}", report.verdict()),
        Err(problem) => {
            eprintln!("the report could not be written to {}: {problem}", output.display());
            return ExitCode::FAILURE;
        }
    }
    if report.all_met() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
