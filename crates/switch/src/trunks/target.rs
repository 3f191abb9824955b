//! Where a trunk's messages can be sent, and in which order its targets are tried (RFC 3263 4.3).

use sip::Transport;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// A target that was silent, or said 503 without Retry-After, is tried after the others for this long.
pub(super) const REST: Duration = Duration::from_secs(30);
/// A Retry-After longer than this is cut to it, so that a mistyped one does not take a trunk away for a day.
const LONGEST_REST: Duration = Duration::from_secs(600);
/// OPTIONS in a row that must stay unanswered before a target is down.
const DOWN_AFTER: u8 = 2;

/// One address a request can be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// By which transport.
    pub transport: Transport,
    /// Where.
    pub address: SocketAddr,
}

/// What is known of a target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// Nothing was sent to it yet, or it never says anything to OPTIONS.
    #[default]
    Unknown,
    /// It answered the last request, whatever it said.
    Up,
    /// It was silent or refused, or asked for a pause: tried after the others.
    Resting,
    /// It does not answer probes any more: tried last.
    Down,
}

/// A pause from a target.
#[derive(Clone, Copy, Debug)]
struct Rest {
    until: Instant,
    /// The target asked for it (Retry-After), so that a sign of life does not end it.
    was_asked: bool,
}

/// A target with what its answers and silences told.
#[derive(Clone, Debug)]
pub(crate) struct TargetState {
    pub(crate) target: Target,
    /// Which of the carrier's proxies it belongs to.
    pub(super) proxy: usize,
    answers: bool,
    answers_probes: bool,
    missed: u8,
    rest: Option<Rest>,
}

impl TargetState {
    pub(super) fn new(target: Target, proxy: usize) -> Self {
        Self { target, proxy, answers: false, answers_probes: false, missed: 0, rest: None }
    }

    pub(crate) fn health(&self, now: Instant) -> Health {
        if self.missed >= DOWN_AFTER {
            Health::Down
        } else if self.rest.is_some_and(|rest| rest.until > now) {
            Health::Resting
        } else if self.answers {
            Health::Up
        } else {
            Health::Unknown
        }
    }

    /// When its pause is over, if it has one.
    pub(super) fn rests_until(&self) -> Option<Instant> {
        self.rest.map(|rest| rest.until)
    }

    /// Any response came: it lives. `true` when that is news.
    pub(super) fn answered(&mut self, to_probe: bool) -> bool {
        let is_news = !self.answers || self.missed > 0 || self.rest.is_some();
        self.answers = true;
        self.answers_probes |= to_probe;
        self.missed = 0;
        self.rest = self.rest.filter(|rest| rest.was_asked);
        is_news
    }

    /// An OPTIONS was not answered in time. Silence says nothing of a target that never answered one: some carriers
    /// drop them.
    pub(super) fn missed_probe(&mut self) {
        if self.answers_probes {
            self.missed = self.missed.saturating_add(1);
        }
    }

    /// Nothing could be sent to it: the connection was refused, the network knows no way.
    pub(super) fn unreachable(&mut self) {
        self.missed = self.missed.saturating_add(1);
    }

    /// Is one more missed probe needed to tell that it is down?
    pub(super) fn is_doubted(&self) -> bool {
        (1..DOWN_AFTER).contains(&self.missed)
    }

    /// It is left alone for a while: as long as it asked for, or a default.
    pub(super) fn pause(&mut self, now: Instant, asked: Option<Duration>) {
        let length = asked.unwrap_or(REST).min(LONGEST_REST);
        let until = now + length;
        if self.rest.is_none_or(|rest| rest.until < until) {
            self.rest = Some(Rest { until, was_asked: asked.is_some() });
        }
    }
}

/// The targets as they should be tried: those in health first, then those that rest, last those that are down; within
/// each in the order of the configuration, the one where the trunk is registered before the others.
pub(super) fn in_order(targets: &[TargetState], registered: Option<Target>, now: Instant) -> Vec<Target> {
    let mut order: Vec<(u8, bool, Target)> = targets
        .iter()
        .map(|state| {
            let rank = match state.health(now) {
                Health::Up | Health::Unknown => 0,
                Health::Resting => 1,
                Health::Down => 2,
            };
            (rank, Some(state.target) != registered, state.target)
        })
        .collect();
    order.sort_by_key(|(rank, elsewhere, _)| (*rank, *elsewhere));
    order.into_iter().map(|(_, _, target)| target).collect()
}
