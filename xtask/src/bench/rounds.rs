//! How often things are measured. Whatever else goes on on the machine adds to a time and never takes from it, so a mark of time
//! that is missed is measured again: at once, and as long as there is patience, whenever the machine is as quiet as it has been.

use super::kernel;
use super::rig::Rig;
use super::selection::{Measurement, Wanted};
use std::ops::Range;
use std::time::{Duration, Instant};

/// Runs in a row at most.
const MAX_RUNS: usize = 3;
/// Between two looks at how quiet the machine is.
const PAUSE: Duration = Duration::from_secs(20);
/// What the kernel alone takes may be this much more than it took at best, and the machine is called as quiet.
const AS_QUIET: f64 = 1.05;

/// Measures everything that is wanted.
pub fn run(rig: &mut Rig, wanted: &Wanted<'_>) {
    let end = Instant::now() + wanted.patience;
    let mut missed: Vec<_> = wanted.measurements.iter().map(|one| (*one, in_a_row(rig, one))).collect();
    let mut quietest = f64::INFINITY;
    loop {
        missed.retain(|(_, figures)| rig.report.is_slow(figures));
        if missed.is_empty() || Instant::now() >= end {
            return;
        }
        match kernel::relay(rig) {
            Ok(cost) if cost <= quietest * AS_QUIET => {
                quietest = quietest.min(cost);
                println!("the kernel alone forwards a packet in {cost:.0} ns: what missed its mark is measured again");
                missed.retain(|(measurement, figures)| again(rig, measurement, figures.start));
            }
            Ok(_) => std::thread::sleep(PAUSE),
            Err(problem) => return rig.report.note(format!("Nothing more was measured: {problem}.")),
        }
    }
}

/// Measures until the marks of time are met, [`MAX_RUNS`] times at most; where its figures stand.
fn in_a_row(rig: &mut Rig, measurement: &Measurement) -> Range<usize> {
    let first = rig.report.len();
    for run in 1..=MAX_RUNS {
        if run > 1 {
            println!("{}: slower than its mark, measured again", measurement.name);
        }
        let goes_on = again(rig, measurement, first);
        if !goes_on || !rig.report.is_slow(&(first..rig.report.len())) {
            break;
        }
    }
    first..rig.report.len()
}

/// Measures once more what has its figures from `first` on; whether it could be measured.
fn again(rig: &mut Rig, measurement: &Measurement, first: usize) -> bool {
    let start = rig.report.len();
    // One that fails does not hide the others.
    if let Err(problem) = (measurement.measure)(rig) {
        eprintln!("{}: {problem}", measurement.name);
        rig.report.unmeasured(measurement.name, &problem);
        return false;
    }
    rig.report.fold(first, start);
    true
}
