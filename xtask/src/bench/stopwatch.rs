//! How a piece of work is timed: many rounds, and the quickest counts, because a busy machine only ever adds.

use super::allocations;
use std::time::{Duration, Instant};

/// Rounds of each measurement.
const ROUNDS: usize = 30;
/// How long a round should take; long against the clock's resolution, short against a time slice.
const ROUND: Duration = Duration::from_millis(8);

/// What one piece of work costs.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// In the quickest round.
    pub nanoseconds: f64,
    /// On average over all rounds.
    pub allocations: f64,
}

/// Measures `work`, which does its thing as often as it is told.
pub fn measure(mut work: impl FnMut(u64)) -> Cost {
    let mut times = 1;
    loop {
        let began = Instant::now();
        work(times);
        if began.elapsed() >= ROUND {
            break;
        }
        times *= 2;
    }
    let mut best = f64::MAX;
    let allocated = allocations::count();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        work(times);
        best = best.min(began.elapsed().as_nanos() as f64 / times as f64);
    }
    let allocations = (allocations::count() - allocated) as f64 / (times * ROUNDS as u64) as f64;
    Cost { nanoseconds: best, allocations }
}
