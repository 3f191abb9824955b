//! Calls at an even pace between two user agents through a server, timed at both ends: from the moment an INVITE is sent to the
//! moment the far end rings, and to the moment the near end hears of it.
//!
//! Run as `xtask callers`, so that it can have a core of its own; reads what to do as a line of JSON and tells the times as one.

use crate::demo::MINJIS_NUMBER;
use crate::user_agent::{Account, UserAgent};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::{Value, json};
use sip::{EndCause, Event, InviteId};
use std::collections::{BTreeMap, VecDeque};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Its name on the command line.
pub const COMMAND: &str = "callers";
/// From the far end's 180 to its 200.
const RINGS_FOR: Duration = Duration::from_millis(100);
/// From INVITE to BYE.
const LASTS: Duration = Duration::from_millis(300);
/// How long calls that do not end are waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// Calls at most, and a second at most: seven digits tell them apart.
const MAX_CALLS: u64 = 1_000_000;

/// The program.
pub fn run(_: &[String]) -> ExitCode {
    let mut line = String::new();
    let told = std::io::stdin().read_line(&mut line).map_err(|problem| problem.to_string());
    let outcome = told.and_then(|_| serde_json::from_str(&line).map_err(|problem| problem.to_string()));
    match outcome.and_then(|wanted: Value| Callers::new(&wanted)?.run()) {
        Ok(times) => {
            println!("{times}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("{COMMAND}: {problem}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Default)]
struct Call {
    began: Option<Instant>,
    heard: Option<Duration>,
    rang: Option<Duration>,
}

enum Due {
    Answer(InviteId),
    HangUp(InviteId),
}

struct Callers {
    near: UserAgent,
    far: UserAgent,
    /// The near end's account, when it is a phone that dials; else it is a carrier and the phone is called.
    dials: Option<Account>,
    total: u64,
    pace: Duration,
    started: u64,
    ended: u64,
    failed: u64,
    calls: BTreeMap<u64, Call>,
    by_near: BTreeMap<InviteId, u64>,
    confirmed: BTreeMap<InviteId, ()>,
    /// In order, for each kind waits equally long.
    answers: VecDeque<(Instant, Due)>,
    hang_ups: VecDeque<(Instant, Due)>,
}

impl Callers {
    fn new(wanted: &Value) -> Result<Self, String> {
        let text = |field: &str| {
            wanted[field].as_str().map(str::to_owned).ok_or_else(|| format!("{field} is missing or no text"))
        };
        let number = |field: &str| {
            wanted[field]
                .as_u64()
                .filter(|value| (1..=MAX_CALLS).contains(value))
                .ok_or_else(|| format!("{field} is not between 1 and {MAX_CALLS}"))
        };
        let address = |field: &str| text(field)?.parse().map_err(|_| format!("{field} is no address"));
        let server = address("server")?;
        let account = Account { user: text("user")?, password: text("password")? };
        let carrier = UserAgent::bind(address("carrier")?, server, 1)?;
        let mut phone = UserAgent::bind(address("phone")?, server, 2)?;
        phone.register(&account)?;
        let dials = wanted["dials"].as_bool().unwrap_or_default();
        let (near, far) = if dials { (phone, carrier) } else { (carrier, phone) };
        Ok(Self {
            near,
            far,
            dials: dials.then_some(account),
            total: number("calls")?,
            pace: Duration::from_secs(1) / u32::try_from(number("rate")?).unwrap_or(1),
            started: 0,
            ended: 0,
            failed: 0,
            calls: BTreeMap::new(),
            by_near: BTreeMap::new(),
            confirmed: BTreeMap::new(),
            answers: VecDeque::new(),
            hang_ups: VecDeque::new(),
        })
    }

    fn run(mut self) -> Result<Value, String> {
        let mut next = Instant::now();
        let deadline = next + self.pace * u32::try_from(self.total).unwrap_or(u32::MAX) + LASTS + PATIENCE;
        while self.ended < self.total && Instant::now() < deadline {
            if self.started < self.total && Instant::now() >= next {
                self.begin();
                next += self.pace;
            }
            self.do_due();
            let until = if self.started < self.total { next } else { deadline };
            self.wait(until)?;
            while let Some(now) = self.far.receive() {
                self.hear_far(now);
            }
            while let Some(now) = self.near.receive() {
                self.hear_near(now);
            }
        }
        Ok(self.times())
    }

    fn begin(&mut self) {
        let number = self.started;
        self.started += 1;
        let now = Instant::now();
        let id = match &self.dials {
            Some(account) => self.near.call(now, &account.user, &format!("0102{number:07}"), Some(account)),
            None => self.near.call(now, &format!("0101{number:07}"), MINJIS_NUMBER, None),
        };
        self.near.flush(now);
        self.by_near.insert(id, number);
        self.calls.insert(number, Call { began: Some(now), ..Call::default() });
        self.hang_ups.push_back((now + LASTS, Due::HangUp(id)));
    }

    fn do_due(&mut self) {
        let now = Instant::now();
        for queue in [&mut self.answers, &mut self.hang_ups] {
            while queue.front().is_some_and(|(at, _)| *at <= now) {
                match queue.pop_front() {
                    Some((_, Due::Answer(id))) => {
                        let body = self.far.description();
                        self.far.endpoint().accept(now, id, body);
                    }
                    Some((_, Due::HangUp(id))) => self.near.endpoint().end(now, id, None),
                    None => {}
                }
            }
        }
        self.near.flush(now);
        self.far.flush(now);
        // Sending makes events too.
        self.hear_near(now);
        self.hear_far(now);
    }

    /// Until a message comes or something is due; `until` at the latest.
    fn wait(&mut self, until: Instant) -> Result<(), String> {
        let due = [&self.answers, &self.hang_ups].map(|queue| queue.front().map(|(at, _)| *at));
        let timers = [self.near.endpoint().next_timeout(), self.far.endpoint().next_timeout()];
        let first = due.into_iter().chain(timers).flatten().fold(until, Instant::min);
        let left = first.saturating_duration_since(Instant::now());
        let left = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) };
        let (near, far) = (self.near.socket(), self.far.socket());
        let mut sockets = [PollFd::new(&near, PollFlags::IN), PollFd::new(&far, PollFlags::IN)];
        match poll(&mut sockets, Some(&left)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(problem) => Err(problem.to_string()),
        }
    }

    /// The near end hears 180, 183 or, where the server answers itself, 200.
    fn hear_near(&mut self, now: Instant) {
        while let Some(event) = self.near.endpoint().poll_event() {
            match event {
                Event::Rang { id, .. } | Event::Answered { id, .. } => {
                    if let Some(call) = self.by_near.get(&id).and_then(|number| self.calls.get_mut(number)) {
                        let began = call.began;
                        call.heard = call.heard.or_else(|| began.map(|began| now - began));
                    }
                }
                Event::Refused { id, status, .. } => {
                    eprintln!("{COMMAND}: call {:?} was refused with {status}", self.by_near.get(&id));
                    self.ended += 1;
                    self.failed += 1;
                }
                _ => {}
            }
        }
        self.near.flush(now);
    }

    /// The far end rings the moment it is called.
    fn hear_far(&mut self, now: Instant) {
        while let Some(event) = self.far.endpoint().poll_event() {
            match event {
                Event::Invite { id, request, .. } => {
                    self.far.endpoint().ring(now, id, 180, None);
                    self.far.flush(now);
                    self.answers.push_back((now + RINGS_FOR, Due::Answer(id)));
                    let rang = Instant::now();
                    if let Some(call) = self.number_of(&request).and_then(|number| self.calls.get_mut(&number)) {
                        call.rang = call.began.map(|began| rang - began);
                    }
                }
                Event::Confirmed { id, .. } => _ = self.confirmed.insert(id, ()),
                Event::Ended { id, cause, .. } => {
                    self.ended += 1;
                    let well = self.confirmed.remove(&id).is_some() && cause == EndCause::Bye;
                    self.failed += u64::from(!well);
                }
                _ => {}
            }
        }
        self.far.flush(now);
    }

    /// Which call it is: the last seven digits of whoever is not the phone.
    fn number_of(&self, request: &sip::Request) -> Option<u64> {
        let user = match self.dials {
            Some(_) => request.uri()?.user()?.into_owned(),
            None => request.from().user().into_owned(),
        };
        user.get(user.len().checked_sub(7)?..)?.parse().ok()
    }

    fn times(&self) -> Value {
        let missing = self.total - self.ended;
        json!({
            "scenario": if self.dials.is_some() { "ringing, a phone dials" } else { "ringing, a customer calls" },
            "calls": self.total,
            "failed": self.failed + missing,
            "heard_ms": spread(self.calls.values().filter_map(|call| call.heard)),
            "rang_ms": spread(self.calls.values().filter_map(|call| call.rang)),
        })
    }
}

/// How many there are, and some of them in order of size, ms.
fn spread(times: impl Iterator<Item = Duration>) -> Value {
    let mut sorted: Vec<Duration> = times.collect();
    sorted.sort_unstable();
    let at = |share: usize| sorted.get((sorted.len() * share / 1_000).min(sorted.len().saturating_sub(1)));
    let ms = |time: Option<&Duration>| time.map(|time| (time.as_secs_f64() * 1_000_000.0).round() / 1_000.0);
    json!({ "n": sorted.len(), "p50": ms(at(500)), "p99": ms(at(990)), "max": ms(sorted.last()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_tells_the_slowest_of_a_hundred() {
        let told = spread((1..=1_000).rev().map(Duration::from_millis));
        assert_eq!(told, json!({ "n": 1_000, "p50": 501.0, "p99": 991.0, "max": 1_000.0 }));
        assert_eq!(spread(std::iter::empty()), json!({ "n": 0, "p50": null, "p99": null, "max": null }));
    }
}
