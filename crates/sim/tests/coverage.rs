//! What the simulation promises to do to the switch does happen: each fault, each attack, each upset, each kind of box.

use sim::agent::Fault;
use sim::run;
use std::collections::BTreeSet;

/// Runs looked at, at most.
const SEEDS: u64 = 400;

#[test]
fn every_kind_of_fault_is_drawn_and_shows_on_the_wire() {
    let mut missing: BTreeSet<String> = EVERY_FAULT.iter().chain(&SHOWN).map(|what| (*what).to_owned()).collect();
    for seed in 0..SEEDS {
        let played = run::look_at(seed);
        for fault in &played.faults {
            missing.remove(&name(fault));
        }
        missing.retain(|what| EVERY_FAULT.contains(&what.as_str()) || !played.ladder.contains(what.as_str()));
        if missing.is_empty() {
            return;
        }
    }
    panic!("never drawn, or never seen on the wire: {missing:?}");
}

const EVERY_FAULT: [&str; 24] = [
    "AnswersCancelled",
    "AnswersTwice",
    "AnswersWithoutContact",
    "AsksForShortSession",
    "AsksOddly",
    "ByesTwice",
    "ByesWithOldCseq",
    "CancelsAfterAnswer",
    "Consults",
    "ForksEarly",
    "HasNoVoice",
    "HoldsStormily",
    "IgnoresCancel",
    "IsMute",
    "LeavesAndForgets",
    "LeavesSilently",
    "LosesAcks",
    "NeverAcks",
    "NeverPracks",
    "NeverRefreshes",
    "PracksWrongly",
    "Refers",
    "RefusesUpdates",
    "StormsWithOffers",
];

/// What they do, what the switch says to it, and what befalls ways.
const SHOWN: [&str; 24] = [
    "the API hands customer",
    "the API takes customer",
    "422",
    "481 PRACK",
    "500 BYE",
    "481 BYE",
    "491",
    "504",
    "501 UPDATE",
    "202 REFER",
    "603 REFER",
    "NOTIFY",
    "UPDATE",
    "cancels what was answered",
    "is cut off",
    "is seen elsewhere",
    "connects anew",
    "a stranger sends Garbage",
    "a stranger sends ManyHeaders",
    "a stranger sends Calls",
    "a stranger sends Ghosts",
    "a stranger sends Voice",
    "(lost)",
    "501 DANCE",
];

/// The name of a fault, without its numbers.
fn name(fault: &Fault) -> String {
    format!("{fault:?}").split('(').next().unwrap_or_default().to_owned()
}
