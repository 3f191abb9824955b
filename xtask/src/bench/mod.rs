//! `make bench`: what each piece costs in process, and what calls cost the whole server. Absolute times differ from machine
//! to machine, so everything is judged as a ratio: to its mark, to the kernel's own cost in the same run, to other systems.

pub mod allocations;
mod api;
mod demo;
mod harness;
mod kernel;
mod load;
mod media;
mod report;
mod signalling;
mod stopwatch;

use report::Report;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The repository's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Where reports go.
fn output_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from).join("bench")
}

/// Runs the parts that were asked for, or both.
pub fn run(parts: &[String]) -> ExitCode {
    let wants = |part: &str| parts.is_empty() || parts.iter().any(|asked| asked == part);
    let mut report = Report::default();
    if wants("micro") {
        signalling::measure(&mut report);
        media::measure(&mut report);
    }
    if wants("load") {
        let shared = root().join("../shared/load");
        if shared.join("run.py").exists() {
            if let Err(problem) = load::measure(&mut report, &shared, &output_folder()) {
                eprintln!("the load part ended early: {problem}");
                report.note(format!("The load part ended early: {problem}"));
            }
        } else {
            println!("skipped the load part: there is no ../shared/load beside this repository");
            report.note("The load part was skipped: there is no ../shared/load beside this repository.".to_owned());
        }
    }
    match report.write(&output_folder()) {
        Ok(table) => {
            println!("\n{table}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("the report could not be written to {}: {problem}", output_folder().display());
            ExitCode::FAILURE
        }
    }
}
