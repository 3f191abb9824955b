//! What must hold of every call, as its records tell and as the parties hear it.

use crate::agent::{Agent, AgentCall, Fault, Stand, THIN, key_of};
use crate::excuse;
use crate::unheard_truth::UnheardTruth;
use crate::voice::Side;
use crate::wire_truth::WireTruth;
use crate::workspace::{self, MANAGERS};
use pbx::record::{CallRecord, CallState, Direction};
use pbx::{CallId, ManagerId, MissedReason, Record, UnixMillis};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use switch::Now;

/// A customer hears nothing for this long at most; half a second more than a menu waits for a key.
const LONGEST_SILENCE: Duration = Duration::from_millis(5_500);

/// A device hears within as long as two parties need to hear each other, and this, that its call is over; and the switch
/// that a device is gone.
const FREED_WITHIN: Duration = Duration::from_secs(1);

/// A line on hold is silent by right: that nobody is there is found when the session is refreshed (RFC 4028 10), or not.
const FOUND_BY_REFRESH: Duration = Duration::from_secs(1_800);

/// A third repetition of an INVITE and its 180 have come by then.
const REPEATED_WITHIN: Duration = Duration::from_secs(16);

/// A party that says nothing any more is found by the silence of its line, by a provisional response that it never
/// acknowledges, or by an answer (64 × T1).
const FOUND_BY_SILENCE: Duration = Duration::from_secs(34);
const _: () = assert!(crate::world::QUIET_MS < 34_000, "silence is found by then");

/// All calls of a run.
#[derive(Debug, Default)]
pub struct CallTruth {
    calls: BTreeMap<CallId, CallRecord>,
    engaged: BTreeSet<(Instant, CallId)>,
    /// Within this both parties of an engaged call hear each other.
    heard_within: Duration,
    /// Devices, by their media address, that ring or talk in calls that are over or taken, and since when.
    ghosts: BTreeMap<SocketAddr, UnixMillis>,
    /// Parties of engaged calls that are not there any more, and since when.
    deserted: BTreeMap<(CallId, Side), UnixMillis>,
    /// Engaged calls whose two parties were found to hear each other.
    pub heard: usize,
}

impl CallTruth {
    /// A run without calls yet, whose network lets two parties hear each other within `heard_within`.
    #[must_use]
    pub fn new(heard_within: Duration) -> Self {
        Self { heard_within, ..Self::default() }
    }

    /// Takes in what the switch told for one input, whole: in between, one call may know more than another. `all_there`:
    /// every phone is signed in and every manager has a seat.
    ///
    /// # Errors
    /// Says which rule was broken by which call.
    pub fn take(
        &mut self,
        records: Vec<Record>,
        all_there: bool,
        agents: &[Agent],
        unheard: &UnheardTruth,
        now: Instant,
    ) -> Result<(), String> {
        let mut newly_presented = Vec::new();
        let mut turned_away = Vec::new();
        for record in records {
            let Record::Call(call) = record else { continue };
            check(&call).map_err(|rule| format!("{rule}: {call:?}"))?;
            let before = self.calls.get(&call.id);
            if before.is_some_and(|before| before.state == CallState::Ended) {
                return Err(format!("a call changed after its end: {call:?}"));
            }
            if call.state == CallState::Ended && call.answered_by.is_some() && call.engaged_at.is_some() {
                excuse::check_end(&call, key(&call), agents, unheard, now)?;
            }
            let rang = before.map_or_else(Vec::new, presented);
            newly_presented.extend(presented(&call).into_iter().filter(|manager| !rang.contains(manager)));
            if call.engaged_at.is_some() && before.is_none_or(|before| before.engaged_at.is_none()) {
                self.engaged.insert((now + self.heard_within, call.id));
            }
            let reason = call.missed_reason.filter(|_| before.is_none_or(|before| before.missed_reason.is_none()));
            if all_there && matches!(reason, Some(MissedReason::NoOperator | MissedReason::NoDevice)) {
                turned_away.push(call.id);
            }
            self.calls.insert(call.id, *call);
        }
        turned_away.into_iter().try_for_each(|call| self.check_turned_away(call))?;
        newly_presented.into_iter().try_for_each(|manager| self.check_lines(manager, true))?;
        MANAGERS.iter().try_for_each(|(_, manager, ..)| self.check_lines(*manager, false))
    }

    /// No manager has more calls than lines; who rings may not be beyond them either.
    fn check_lines(&self, manager: ManagerId, with_presented: bool) -> Result<(), String> {
        let lines = MANAGERS.iter().find(|m| m.1 == manager).map_or(0, |m| usize::from(m.3));
        let live = || self.calls.values().filter(|call| call.state != CallState::Ended);
        let talks = live().filter(|call| on_line(call) == Some(manager)).count();
        let rings = live().filter(|call| with_presented && presented(call).contains(&manager)).count();
        // Who dials while everybody else is held consults.
        let consults = live().any(|call| on_line(call) == Some(manager) && call.direction == Direction::Outbound);
        if talks + rings > lines + usize::from(consults) {
            return Err(format!("manager {manager} has {talks} calls up and {rings} ringing on {lines} lines"));
        }
        Ok(())
    }

    /// Nobody is told that all managers are busy while one of them has a line free and was not even rung.
    fn check_turned_away(&self, id: CallId) -> Result<(), String> {
        let Some(call) = self.calls.get(&id) else { return Ok(()) };
        if call.trace.iter().any(|mark| mark.what == "presented") {
            return Ok(());
        }
        for manager in workspace::managers_of(&call.to) {
            let lines = MANAGERS.iter().find(|m| m.1 == manager).map_or(0, |m| usize::from(m.3));
            let live = self.calls.values().filter(|call| call.state != CallState::Ended);
            if live.filter(|call| call.manager_ids.contains(&manager)).count() < lines {
                return Err(format!("a call is turned away although manager {manager} is free: {call:?}"));
            }
        }
        Ok(())
    }

    /// Looks whether the parties of engaged calls hear each other and nobody else.
    ///
    /// # Errors
    /// Says who does not.
    pub fn listen(&mut self, agents: &[Agent], wire: &WireTruth, now: Now) -> Result<(), String> {
        while let Some((at, id)) = self.engaged.first().copied()
            && at <= now.instant
        {
            self.engaged.remove(&(at, id));
            self.check_heard(id, agents, wire, now)?;
        }
        self.check_stranger(agents)
    }

    /// Looks whether a customer is left in silence, on links that lose nothing.
    ///
    /// # Errors
    /// Says who is.
    pub fn look_for_silence(&self, agents: &[Agent], wire: &WireTruth, now: Now) -> Result<(), String> {
        self.check_heard_again(agents, wire, now)?;
        let now = now.instant;
        for call in parties(agents).filter(|call| call.side == Side::Customer) {
            let is_excused =
                excuse::is_upset(agents, call.key, now) || excuse::is_faulty(agents, call.key, Fault::spoils_audio);
            if call.silence(now) > LONGEST_SILENCE && !is_excused && !self.may_be_silent(call, agents) {
                return Err(format!("customer {} hears nothing for {:?}: {call:?}", call.key, call.silence(now)));
            }
        }
        Ok(())
    }

    /// Looks whether devices still ring or talk in calls that are over, or calls still stand of which a party is gone;
    /// on links that lose little.
    ///
    /// # Errors
    /// Says which.
    pub fn look_for_ghosts(&mut self, agents: &[Agent], wire: &WireTruth, now: Now) -> Result<(), String> {
        let before = std::mem::take(&mut self.ghosts);
        for call in agents.iter().filter(|agent| !agent.gone).flat_map(|agent| agent.calls.values()) {
            let Some(record) = self.calls.values().rfind(|record| key(record) == call.key) else { continue };
            // Whose call was joined with another talks on in that one.
            let joined = record.trace.iter().any(|mark| mark.what == "joined");
            let over = record.ended_at.is_some() && !joined;
            // Who rings while others talk is a late device, unless the call is being handed on.
            let taken = record.state == CallState::Engaged && call.stand == Stand::Ringing && !is_handed_on(record);
            let is_excused = call.faults.iter().any(|fault| fault.haunts())
                || has_moved(agents, call)
                || wire.is_unheard(&call.call_id);
            if !over && !taken || is_excused {
                continue;
            }
            let since = before.get(&call.at).copied().unwrap_or(now.unix);
            if self.is_too_long(since, now.unix, Duration::ZERO) {
                return Err(format!(
                    "a device still rings or talks in a call that is over or taken: {call:?} of {record:?}"
                ));
            }
            self.ghosts.insert(call.at, since);
        }
        self.look_for_deserted(agents, now)
    }

    fn look_for_deserted(&mut self, agents: &[Agent], now: Now) -> Result<(), String> {
        // Who vanished is missed later, by the silence of the line.
        let steady = |phones: bool| {
            agents.iter().filter(|agent| agent.is_phone() == phones).all(|agent| agent.left_at.is_none())
        };
        let before = std::mem::take(&mut self.deserted);
        for record in self.calls.values().filter(|call| call.state == CallState::Engaged) {
            for (side, phones) in [(Side::Customer, false), (Side::Manager, true)] {
                // An echo test has no manager, nor has a call that was handed on to another number.
                let missing = side == Side::Manager && (record.answered_by.is_none() || is_handed_on(record));
                if missing
                    || !steady(phones)
                    || parties(agents).any(|call| call.key == key(record) && call.side == side)
                {
                    continue;
                }
                // The silence of a line counts anew when it is connected again.
                let since = before.get(&(record.id, side)).copied().unwrap_or(now.unix).max(connected_at(record));
                let untold = excuse::is_faulty(agents, key(record), Fault::leaves_untold);
                // Who held and resumed in a hurry does not know itself what was agreed last.
                let is_held = agents.iter().any(|agent| agent.left_holding.contains(&key(record)))
                    || excuse::is_faulty(agents, key(record), |fault| fault == Fault::HoldsStormily);
                let found_by_silence = match untold {
                    true if is_held => FOUND_BY_REFRESH,
                    true => FOUND_BY_SILENCE,
                    false => Duration::ZERO,
                };
                if self.is_too_long(since, now.unix, found_by_silence) {
                    return Err(format!("a call stands although its {side:?} is gone: {record:?}"));
                }
                self.deserted.insert((record.id, side), since);
            }
        }
        Ok(())
    }

    fn is_too_long(&self, since: UnixMillis, now: UnixMillis, more: Duration) -> bool {
        // On a line that loses, a CANCEL waits for the 180 to a repeated INVITE.
        let repeated = if self.heard_within > FREED_WITHIN { REPEATED_WITHIN } else { Duration::ZERO };
        Duration::from_millis(now.since_ms(since)) > self.heard_within + FREED_WITHIN + repeated + more
    }

    fn check_stranger(&self, agents: &[Agent]) -> Result<(), String> {
        match parties(agents).find_map(|call| call.hearing.stranger.map(|level| (call, level))) {
            Some((call, level)) => {
                Err(format!("{:?} of call {} hears a stranger's voice {level}: {call:?}", call.side, call.key))
            }
            None => Ok(()),
        }
    }

    fn check_heard(&mut self, id: CallId, agents: &[Agent], wire: &WireTruth, now: Now) -> Result<(), String> {
        let Some(record) = self.calls.get(&id).filter(|call| call.state == CallState::Engaged && !call.held) else {
            return Ok(());
        };
        if !has_talked_for(record, self.heard_within, now) {
            // It was handed on meanwhile.
            self.engaged.insert((now.instant + self.heard_within, id));
            return Ok(());
        }
        let (key_of_it, now) = (key(record), now.instant);
        if excuse::is_upset(agents, key_of_it, now) || excuse::is_faulty(agents, key_of_it, Fault::spoils_audio) {
            return Ok(());
        }
        let party = |side| {
            parties(agents).find(|call| {
                call.key == key_of_it && call.side == side && call.version == 1 && !is_late_device(call, wire)
            })
        };
        let (Some(customer), Some(manager)) = (party(Side::Customer), party(Side::Manager)) else { return Ok(()) };
        // The engine lets a key through and not the speech beside it; thin speech goes on that much later.
        let pressed = customer.pressed_at.max(manager.pressed_at);
        if let Some(due) = pressed.map(|at| at + THIN + self.heard_within).filter(|due| *due > now) {
            self.engaged.insert((due, id));
            return Ok(());
        }
        for call in [customer, manager] {
            if call.hearing.voice.is_none() {
                return Err(format!(
                    "{:?} does not hear the other in time after they were connected: {call:?}",
                    call.side
                ));
            }
        }
        self.heard += 1;
        Ok(())
    }

    /// Who was taken back from hold hears the other again, and the other way round.
    fn check_heard_again(&self, agents: &[Agent], wire: &WireTruth, now: Now) -> Result<(), String> {
        for call in parties(agents).filter(|call| !is_held(call)) {
            let Some(agreed) = call.agreed_at else { continue };
            let waited = now.instant.saturating_duration_since(agreed);
            let is_excused = excuse::is_upset(agents, call.key, now.instant)
                || excuse::is_faulty(agents, call.key, |fault| fault.spoils_audio() || fault == Fault::HoldsStormily);
            if waited < self.heard_within
                || waited > 2 * self.heard_within
                || is_excused
                || !self.have_talked_for(call.key, self.heard_within, now)
            {
                continue;
            }
            let other = parties(agents).find(|other| {
                other.key == call.key && other.side != call.side && !is_late_device(other, wire) && !is_held(other)
            });
            let Some(other) = other.filter(|other| other.up_at < Some(agreed) && other.agreed_at < Some(agreed)) else {
                continue;
            };
            if call.hearing.voice < Some(agreed) || other.hearing.voice < Some(agreed) {
                return Err(format!("the parties do not hear each other after the hold: {call:?} and {other:?}"));
            }
        }
        Ok(())
    }

    /// Do the parties with this key talk, and have all this time?
    fn have_talked_for(&self, of: u64, time: Duration, now: Now) -> bool {
        let mut talking = self.calls.values().filter(|record| record.state == CallState::Engaged);
        talking.find(|record| key(record) == of).is_some_and(|record| has_talked_for(record, time, now))
    }

    /// Is there a good reason that this customer hears nothing?
    fn may_be_silent(&self, call: &AgentCall, agents: &[Agent]) -> bool {
        let Some(record) = self.calls.values().find(|record| key(record) == call.key) else { return false };
        let partner = parties(agents).find(|other| other.key == call.key && other.side == Side::Manager);
        let is_recorded = record.trace.iter().any(|mark| mark.what == "voicemail");
        // A partner who vanished is noticed by the silence of the line, later.
        let alone = record.state == CallState::Engaged && partner.is_none() && record.answered_by.is_some();
        is_held(call) || record.state == CallState::Ended || is_recorded || alone
    }

    /// Looks back when everything is over.
    ///
    /// # Errors
    /// Names the call that did not end, or how many were never recorded.
    pub fn look_back(&self, arrived: usize) -> Result<(), String> {
        if let Some(call) = self.calls.values().find(|call| call.state != CallState::Ended) {
            return Err(format!("a call did not end: {call:?}"));
        }
        let inbound = self.calls.values().filter(|call| call.direction == Direction::Inbound).count();
        if inbound != arrived {
            return Err(format!("{arrived} customers' calls reached the switch, {inbound} were recorded"));
        }
        Ok(())
    }

    /// All calls.
    pub fn records(&self) -> impl Iterator<Item = &CallRecord> {
        self.calls.values()
    }
}

/// What must hold of a record for itself.
fn check(call: &CallRecord) -> Result<(), &'static str> {
    let ended = call.state == CallState::Ended;
    let answered = call.engaged_at.is_some();
    let reason = match call.direction {
        Direction::Inbound => call.missed_reason.is_some(),
        Direction::Outbound => call.failure.is_some(),
    };
    // The echo test is answered by nobody, and not missed either.
    let echoed = call.trace.iter().any(|mark| mark.what == "echo");
    let before_start = |at: UnixMillis| at < call.started_at;
    match () {
        () if ended != call.ended_at.is_some() => Err("a call has a time of its end exactly when it ended"),
        () if call.ended_at.is_some_and(before_start) => Err("a call ended before it began"),
        // Whom nobody took after who handed them on had left is missed, for somebody should call back.
        () if answered && reason && !is_given_away(call) => Err("a call was answered and has a reason why not"),
        () if ended && !answered && !reason && !echoed => Err("a call was not answered for no reason"),
        () => Ok(()),
    }
}

/// Does it hold the other, or is what was agreed last that it does?
fn is_held(call: &AgentCall) -> bool {
    call.holds || call.far.is_some_and(|far| !far.direction.speaks())
}

/// Whom a call rings: of a call that was handed on, whom it was presented to since, not who talked before.
fn presented(call: &CallRecord) -> Vec<ManagerId> {
    if call.direction != Direction::Inbound || call.state != CallState::Ringing {
        return Vec::new();
    }
    let since = call.trace.iter().rposition(|mark| mark.what == "transfer").unwrap_or(0);
    let rings = |id: &ManagerId| {
        let name = id.to_string();
        call.trace.iter().skip(since).any(|mark| mark.what == "presented" && mark.detail == name)
    };
    call.manager_ids.iter().copied().filter(rings).collect()
}

/// Did who handed it on hang up, and has nobody answered since? Then it takes up no line.
fn is_given_away(call: &CallRecord) -> bool {
    let last = |is: fn(&str, &str) -> bool| call.trace.iter().rposition(|mark| is(&mark.what, &mark.detail));
    last(|what, detail| what == "manager_left" && detail == "transfer") > last(|what, _| what == "answered")
}

/// Whose line a call takes up.
fn on_line(call: &CallRecord) -> Option<ManagerId> {
    // Who joined it with another, or whose transfer to a number was answered, is out of it.
    let is_out =
        call.trace.iter().any(|mark| mark.what == "joined" || mark.what == "answered" && mark.detail == "transfer");
    if is_out || is_given_away(call) {
        return None;
    }
    let dials = call.direction == Direction::Outbound && call.ringing_at.is_some() && call.failure.is_none();
    call.answered_by.or_else(|| call.manager_ids.first().copied().filter(|_| dials))
}

fn key(record: &CallRecord) -> u64 {
    key_of(match record.direction {
        Direction::Inbound => &record.from,
        Direction::Outbound => &record.to,
    })
}

/// The calls that are up at agents that are there.
fn parties(agents: &[Agent]) -> impl Iterator<Item = &AgentCall> {
    agents
        .iter()
        .filter(|agent| !agent.gone)
        .flat_map(|agent| agent.calls.values())
        .filter(|call| call.stand == Stand::Up)
}

/// Does whom it is handed on to ring?
fn is_being_handed_on(record: &CallRecord) -> bool {
    let last = |is: fn(&str) -> bool| record.trace.iter().rposition(|mark| is(&mark.what));
    last(|what| what == "transfer") > last(|what| matches!(what, "transfer_failed" | "answered" | "joined"))
}

/// When its parties were connected last: answered, or back with who handed on in vain.
fn connected_at(record: &CallRecord) -> UnixMillis {
    let connects = |what: &str| matches!(what, "answered" | "transfer_failed" | "joined");
    UnixMillis(record.trace.iter().rfind(|mark| connects(&mark.what)).map_or(0, |mark| mark.at_ms))
}

/// Were its parties connected with each other all this time? Who is handed on hears the ringback meanwhile, whatever who hands
/// on does with their own line.
fn has_talked_for(record: &CallRecord, time: Duration, now: Now) -> bool {
    // The wall clock knows whole milliseconds.
    let since = Duration::from_millis(now.unix.since_ms(connected_at(record)) + 1);
    !is_being_handed_on(record) && since >= time
}

/// Another device of the same call that answered when nobody waited for it any more?
fn is_late_device(call: &AgentCall, wire: &WireTruth) -> bool {
    call.faults.iter().any(|fault| fault.haunts()) || wire.is_unheard(&call.call_id)
}

/// Is it, or was it, handed on to somebody else, or joined with another?
fn is_handed_on(record: &CallRecord) -> bool {
    record.trace.iter().any(|mark| matches!(mark.what.as_str(), "transfer" | "joined"))
}

/// Was the agent of this call cut off, or seen elsewhere, so that nothing may reach it?
fn has_moved(agents: &[Agent], call: &AgentCall) -> bool {
    agents.iter().any(|agent| agent.left_at.is_some() && agent.ip() == call.at.ip())
}
