//! The trace of a call: which SIP messages went and came on which leg, and how the media of each leg was. It is kept while
//! the call lasts and a little longer, for the answer to the last BYE, and handed out whole.

use media::{Figures, LegId};
use pbx::settings::RingDevice;
use pbx::{CallId, ManagerId, UnixMillis};
use sip::{Flow, Glance, Method, Transport};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, DefaultHasher, Hash as _, Hasher as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Lines of one trace; what comes later is counted only.
const MAX_LINES: usize = 512;
/// Legs of one trace; messages of more are not in it.
const MAX_LEGS: usize = 64;
/// Traces at one time; calls beyond have none.
const MAX_TRACES: usize = 50_000;
/// Room a new trace has: a plain bridged call's messages.
const USUAL_LINES: usize = 24;
/// How long messages may follow the end of a call: the answer to our BYE, sent again a few times (RFC 3261 17.1.2.2).
const LINGER: Duration = Duration::from_secs(3);
/// How much longer they may, so that several traces are told together.
const LINGER_SLACK: Duration = Duration::from_millis(100);

/// Whose leg it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegParty {
    /// The customer's.
    Customer,
    /// A manager's ring device.
    Manager(ManagerId, RingDevice),
    /// That of somebody outside to whom the customer was handed on.
    Third,
}

/// A leg in a trace.
#[derive(Clone, Debug, PartialEq)]
pub struct LegTrace {
    /// Whose.
    pub party: LegParty,
    /// By which transport its first message went or came.
    pub transport: Transport,
    /// The far end's address then.
    pub remote: SocketAddr,
    /// Its media, once that is over, and when that was, in milliseconds after the start.
    pub media: Option<(u32, Figures)>,
}

/// A message in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceLine {
    /// Milliseconds after the start of the trace.
    pub at_ms: u32,
    /// The status of a response.
    pub status: Option<std::num::NonZeroU16>,
    /// Index of the leg.
    pub leg: u8,
    /// The method of a request, and of the request a response answers.
    pub method: Method,
    /// We sent it.
    pub sent: bool,
}

/// Everything that went over the wire for a call.
#[derive(Clone, Debug, PartialEq)]
pub struct CallTrace {
    /// Which call.
    pub call: CallId,
    /// When the first leg was made.
    pub started_at: UnixMillis,
    /// Its legs, in the order they were made.
    pub legs: Vec<LegTrace>,
    /// Its messages, in order.
    pub lines: Vec<TraceLine>,
    /// Messages that are not in it because there were too many.
    pub lost: u32,
}

struct Open {
    trace: CallTrace,
    legs: Vec<LegId>,
    /// Hashes of the Call-IDs of its legs.
    call_ids: Vec<u64>,
}

/// The traces of the calls that are up, or were a moment ago.
#[derive(Default)]
pub(crate) struct Traces {
    seed: u64,
    open: BTreeMap<CallId, Open>,
    by_call_id: HashMap<u64, (CallId, u8), BuildHasherDefault<DefaultHasher>>,
    lingering: BTreeSet<(Instant, CallId)>,
    /// Calls that ended in the input worked off now.
    over: Vec<CallId>,
}

fn since(start: UnixMillis, now: UnixMillis) -> u32 {
    u32::try_from(now.since_ms(start)).unwrap_or(u32::MAX)
}

impl Traces {
    /// `seed` keeps a peer from choosing Call-IDs that hash alike.
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    fn hash(&self, call_id: &[u8]) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.seed.hash(&mut hasher);
        call_id.hash(&mut hasher);
        hasher.finish()
    }

    /// A leg was made.
    pub(crate) fn add_leg(&mut self, call: CallId, leg: LegId, party: LegParty, flow: Flow, now: UnixMillis) {
        if self.open.len() >= MAX_TRACES && !self.open.contains_key(&call) {
            return;
        }
        let open = self.open.entry(call).or_insert_with(|| Open {
            trace: CallTrace {
                call,
                started_at: now,
                legs: Vec::with_capacity(2),
                lines: Vec::with_capacity(USUAL_LINES),
                lost: 0,
            },
            legs: Vec::with_capacity(2),
            call_ids: Vec::with_capacity(2),
        });
        if open.legs.len() < MAX_LEGS {
            open.legs.push(leg);
            let leg = LegTrace { party, transport: flow.transport, remote: flow.remote, media: None };
            open.trace.legs.push(leg);
        }
    }

    /// From now on messages with this Call-ID are the leg's.
    pub(crate) fn name_leg(&mut self, call: CallId, leg: LegId, call_id: &[u8]) {
        let key = self.hash(call_id);
        let Some(open) = self.open.get_mut(&call) else { return };
        let Some(index) = open.legs.iter().position(|known| *known == leg) else { return };
        open.call_ids.push(key);
        self.by_call_id.insert(key, (call, index as u8));
    }

    /// It turned out whose leg it is.
    pub(crate) fn set_party(&mut self, call: CallId, leg: LegId, party: LegParty) {
        let Some(open) = self.open.get_mut(&call) else { return };
        let index = open.legs.iter().position(|known| *known == leg);
        if let Some(leg) = index.and_then(|index| open.trace.legs.get_mut(index)) {
            leg.party = party;
        }
    }

    /// A leg goes on in another call, and so do its messages; what it did before stays where it was.
    pub(crate) fn move_leg(&mut self, from: CallId, to: CallId, leg: LegId) {
        let Some(left) = self.open.get_mut(&from) else { return };
        let Some(index) = left.legs.iter().position(|known| *known == leg) else { return };
        let Some(moved) = left.trace.legs.get(index).cloned() else { return };
        let place = (from, index as u8);
        let key = left.call_ids.iter().position(|key| self.by_call_id.get(key) == Some(&place));
        let key = key.map(|key| left.call_ids.swap_remove(key));
        let Some(joined) = self.open.get_mut(&to).filter(|joined| joined.legs.len() < MAX_LEGS) else { return };
        joined.legs.push(leg);
        joined.trace.legs.push(moved);
        if let Some(key) = key {
            joined.call_ids.push(key);
            self.by_call_id.insert(key, (to, joined.legs.len() as u8 - 1));
        }
    }

    /// A message went or came.
    pub(crate) fn message(&mut self, sent: bool, bytes: &[u8], now: UnixMillis) {
        // Most messages of a quiet system are registrations; they belong to no call.
        if self.by_call_id.is_empty() || bytes.starts_with(b"REGISTER ") {
            return;
        }
        let Some(glance) = Glance::of(bytes) else { return };
        let Some(&(call, leg)) = self.by_call_id.get(&self.hash(glance.call_id)) else { return };
        let Some(open) = self.open.get_mut(&call) else { return };
        if open.trace.lines.len() >= MAX_LINES {
            open.trace.lost = open.trace.lost.saturating_add(1);
            return;
        }
        let at_ms = since(open.trace.started_at, now);
        let status = glance.status.and_then(std::num::NonZeroU16::new);
        open.trace.lines.push(TraceLine { at_ms, status, leg, method: glance.method, sent });
    }

    /// The media of a leg is over.
    pub(crate) fn media_closed(&mut self, call: CallId, leg: LegId, figures: Figures, now: UnixMillis) {
        let Some(open) = self.open.get_mut(&call) else { return };
        let Some(index) = open.legs.iter().position(|known| *known == leg) else { return };
        let at_ms = since(open.trace.started_at, now);
        if let Some(leg) = open.trace.legs.get_mut(index) {
            leg.media = Some((at_ms, figures));
        }
    }

    /// The last leg of a call was freed.
    pub(crate) fn call_over(&mut self, call: CallId) {
        self.over.push(call);
    }

    /// The input is worked off: calls that ended in it linger from now on.
    pub(crate) fn settle(&mut self, now: Instant) {
        for call in self.over.drain(..) {
            if self.open.contains_key(&call) {
                let (from, to) = (now + LINGER, now + LINGER + LINGER_SLACK);
                let with = self.lingering.last().map(|(at, _)| *at).filter(|at| (from..=to).contains(at));
                self.lingering.insert((with.unwrap_or(to), call));
            }
        }
    }

    /// When [`Self::take_due`] has something.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.lingering.first().map(|(at, _)| *at)
    }

    /// A trace that is whole; with `all` also one that still lingers.
    pub(crate) fn take_due(&mut self, now: Instant, all: bool) -> Option<CallTrace> {
        let (at, call) = *self.lingering.first()?;
        if at > now && !all {
            return None;
        }
        self.lingering.pop_first();
        let open = self.open.remove(&call)?;
        for key in &open.call_ids {
            self.by_call_id.remove(key);
        }
        Some(open.trace)
    }

    /// A call's trace as it stands.
    pub(crate) fn of(&self, call: CallId) -> Option<&CallTrace> {
        self.open.get(&call).map(|open| &open.trace)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }
}
