//! Thousands of calls by seed, with loss, reordering, boxes that translate addresses, cut lines and peers that do wrong: no
//! rule of the truth model is broken.
//!
//! `SORI_SIM_CALLS=20000` plays more, `SORI_SIM_SEED=17` plays one run again; `make nightly` plays a million.

use sim::run::{self, Tally};

/// Calls played without being asked for more.
const CALLS: u64 = 4_000;
/// Seeds played at the same time.
const THREADS: u64 = 2;

fn asked(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a whole number, not {text:?}")))
}

/// Plays every so manieth run until `calls` calls reached the switch, or up to the first fault.
fn play(first: u64, calls: u64) -> Result<Tally, String> {
    let mut sum = Tally::default();
    for seed in (first..).step_by(usize::try_from(THREADS).unwrap_or(1)) {
        sum += run::play(seed)?;
        if sum.calls as u64 >= calls {
            break;
        }
    }
    Ok(sum)
}

#[test]
fn whatever_the_network_does_no_call_breaks_a_rule() {
    if let Some(seed) = asked("SORI_SIM_SEED") {
        match run::play(seed) {
            Ok(tally) => return println!("seed {seed}: {tally:?}"),
            Err(report) => panic!("{report}"),
        }
    }
    let calls = asked("SORI_SIM_CALLS").unwrap_or(CALLS);
    let share = calls.div_ceil(THREADS);
    let parts: Vec<Result<Tally, String>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|first| scope.spawn(move || play(first, share))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a run panicked, see above")).collect()
    });
    let mut sum = Tally::default();
    for part in parts {
        sum += part.unwrap_or_else(|report| panic!("{report}"));
    }
    println!("{sum:?}");
    let reached = |part: usize, of_calls: u64| part as u64 * of_calls >= calls;
    assert!(reached(sum.calls, 1), "fewer calls reached the switch than were to be played: {sum:?}");
    assert!(reached(sum.engaged, 10), "hardly a call was answered: {sum:?}");
    assert!(reached(sum.heard, 40), "hardly a call was listened to: {sum:?}");
    assert!(reached(sum.missed, 10), "hardly a call was missed: {sum:?}");
    assert!(
        reached(sum.faulty, 10) && reached(sum.upset, 100) && reached(sum.boxed, 40),
        "hardly anything went wrong: {sum:?}"
    );
    assert!(sum.repeated > 0, "nothing was ever lost: {sum:?}");
}

#[test]
fn a_run_depends_on_its_seed_only() {
    assert_eq!(run::play(3), run::play(3));
}
