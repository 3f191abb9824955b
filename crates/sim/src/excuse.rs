//! Why a rule may not hold for a call: what its parties did wrong, or what befell them.

use crate::agent::{Agent, Fault};
use pbx::record::CallRecord;
use std::time::Instant;

/// Does a party of this call do something wrong of this kind?
#[must_use]
pub fn is_faulty(agents: &[Agent], key: u64, kind: fn(Fault) -> bool) -> bool {
    agents.iter().filter_map(|agent| agent.faults.get(&key)).flatten().any(|fault| kind(*fault))
}

/// Did a party of this call hang up, vanish, move, or lose its line, by `now`?
#[must_use]
pub fn is_upset(agents: &[Agent], key: u64, now: Instant) -> bool {
    agents.iter().filter_map(|agent| agent.reasons.get(&key)).any(|since| *since <= now)
}

/// An answered call ends when somebody hung up, went, or did something after which nobody can talk; not by itself.
///
/// # Errors
/// Says that nobody wanted it to end.
pub fn check_end(call: &CallRecord, key: u64, agents: &[Agent], now: Instant) -> Result<(), String> {
    // By the API, or by a manager who joined it with another.
    let ordered = call.trace.iter().any(|mark| matches!(mark.what.as_str(), "hung_up" | "joined"));
    if ordered || is_upset(agents, key, now) || is_faulty(agents, key, Fault::ends_call) {
        return Ok(());
    }
    Err(format!("an answered call ended although nobody hung up: {call:?}"))
}
