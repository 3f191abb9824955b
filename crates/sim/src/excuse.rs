//! Why a rule may not hold for a call: what its parties did wrong, or what befell them.

use crate::agent::{Agent, Fault};
use crate::unheard_truth::UnheardTruth;
use pbx::record::CallRecord;
use std::time::{Duration, Instant};

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

/// Did a party of this call say something, or was told something, of which no copy got through before who waited gave up?
#[must_use]
pub fn is_unheard(agents: &[Agent], key: u64, unheard: &UnheardTruth, now: Instant) -> bool {
    agents.iter().any(|agent| {
        let session = Duration::from_secs(u64::from(agent.setup.session_seconds));
        let mut calls = agent.calls.values().filter(|call| call.key == key);
        calls.any(|call| unheard.is_given_up(&call.call_id, session, now))
    })
}

/// An answered call ends when somebody hung up, went, or did something after which nobody can talk, or when what keeps it
/// up never got through; not by itself.
///
/// # Errors
/// Says that nobody wanted it to end.
pub fn check_end(
    call: &CallRecord,
    key: u64,
    agents: &[Agent],
    unheard: &UnheardTruth,
    now: Instant,
) -> Result<(), String> {
    // By the API, or by a manager who joined it with another.
    let ordered = call.trace.iter().any(|mark| matches!(mark.what.as_str(), "hung_up" | "joined"));
    let excused = is_upset(agents, key, now) || is_faulty(agents, key, Fault::ends_call);
    if ordered || excused || is_unheard(agents, key, unheard, now) {
        return Ok(());
    }
    Err(format!("an answered call ended although nobody hung up: {call:?}"))
}
