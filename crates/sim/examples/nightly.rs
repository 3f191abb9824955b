//! Plays many calls by seed on all cores, goes on after a fault, and tells in the end which rules broke by which seeds.
//!
//! `nightly CALLS [FIRST_SEED [REPORTS_DIRECTORY]]`; ends with 1 when a rule was broken. Each report (rule, faults, ladder) is a file.

use sim::run::{self, Tally};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Reports written for each rule; the rest is counted.
const REPORTS_PER_RULE: usize = 5;
/// Seeds named for each rule.
const MAX_SEEDS_NAMED: usize = 12;
/// Seeds played at most for each call asked for; a run has about 25.
const SEEDS_PER_CALL: u64 = 1;

#[derive(Default)]
struct Found {
    sum: Tally,
    /// Seeds by the rule they broke, without what differs from call to call.
    broken: BTreeMap<String, Vec<u64>>,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let mut number = |name: &str, usual: u64| match arguments.next() {
        None => usual,
        Some(text) => text.parse().unwrap_or_else(|_| panic!("{name} must be a whole number, not {text:?}")),
    };
    let (calls, first) = (number("CALLS", 1_000_000), number("FIRST_SEED", 0));
    let reports = PathBuf::from(arguments.next().unwrap_or_else(|| "target/nightly".to_owned()));
    std::fs::create_dir_all(&reports).expect("a directory for the reports");
    let found = play(calls, first, &reports);
    println!("{:?}", found.sum);
    for (rule, seeds) in &found.broken {
        let named = &seeds[..seeds.len().min(MAX_SEEDS_NAMED)];
        println!("{:>6} × {rule}\n         seeds {named:?}", seeds.len());
    }
    if found.broken.is_empty() {
        println!("no rule was broken, seeds from {first}");
        return ExitCode::SUCCESS;
    }
    println!("reports are in {}; play one again by SORI_SIM_SEED=… cargo test -p sim --test truth", reports.display());
    ExitCode::FAILURE
}

fn play(calls: u64, first: u64, reports: &Path) -> Found {
    let (next, played) = (AtomicU64::new(first), AtomicUsize::new(0));
    let found = Mutex::new(Found::default());
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let enough = played.load(Ordering::Relaxed) as u64 >= calls;
                    if enough || seed - first > calls * SEEDS_PER_CALL {
                        return;
                    }
                    let outcome = play_one(seed);
                    let mut found = found.lock().expect("no thread panics while it adds up");
                    match outcome {
                        Ok(tally) => {
                            played.fetch_add(tally.calls, Ordering::Relaxed);
                            found.sum += tally;
                        }
                        Err(report) => {
                            let seeds = found.broken.entry(rule(&report)).or_default();
                            seeds.push(seed);
                            if seeds.len() <= REPORTS_PER_RULE {
                                std::fs::write(reports.join(format!("seed-{seed}.txt")), report)
                                    .expect("a report is written");
                            }
                        }
                    }
                }
            });
        }
    });
    found.into_inner().expect("no thread panics while it adds up")
}

/// A panic is a broken rule too.
fn play_one(seed: u64) -> Result<Tally, String> {
    std::panic::catch_unwind(|| run::play(seed)).unwrap_or_else(|panic| {
        let what = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("seed {seed}: panic: {}\n", what.unwrap_or("without a word")))
    })
}

/// The rule of a report: its first line from the rule on, without numbers, up to the first detail.
fn rule(report: &str) -> String {
    let line = report.lines().next().unwrap_or_default();
    let line = line.split_once(") at ").map_or(line, |(_, rest)| rest);
    let line = line.split_once(": ").map_or(line, |(_, rule)| rule);
    let rule: String = line.chars().take_while(|c| !"{[(".contains(*c)).filter(|c| !c.is_ascii_digit()).collect();
    rule.chars().take(100).collect()
}
