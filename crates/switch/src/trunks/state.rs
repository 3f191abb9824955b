//! How a trunk stands, as live screens and figures show it.

use super::Trunk;
use super::target::{Health, Target};
use crate::switch::{LiveChange, Now, Output, Switch};
use pbx::{CarrierId, UnixMillis};
use std::time::Instant;

/// How a trunk stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrunkCondition {
    /// It does not register, and nothing is known of its targets: none was heard yet, or they are not probed.
    #[default]
    Unknown,
    /// It does not register, and a target answers.
    Up,
    /// It does not register, and no target answers or none was found.
    Down,
    /// The registrar granted a binding that has not run out.
    Registered,
    /// There is no binding; it is tried again.
    Unregistered,
    /// The registrar refuses the account; it is asked again seldom.
    Refused,
}

impl TrunkCondition {
    /// All of them, for figures.
    pub const ALL: [Self; 6] =
        [Self::Unknown, Self::Up, Self::Down, Self::Registered, Self::Unregistered, Self::Refused];

    /// As the API and the figures name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::Down => "down",
            Self::Registered => "registered",
            Self::Unregistered => "unregistered",
            Self::Refused => "refused",
        }
    }
}

/// Why a trunk is not registered or not up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrunkReason {
    /// The carrier said so: the status of its response, 300–699.
    Status(u16),
    /// It said nothing, or nothing could be sent to it.
    NoAnswer,
    /// No name of its proxies resolves.
    Unresolved,
}

/// A target as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetStatus {
    /// Which.
    pub target: Target,
    /// How it is.
    pub health: Health,
}

/// A trunk as it is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrunkStatus {
    /// How it stands.
    pub condition: TrunkCondition,
    /// Why, where it could be better.
    pub reason: Option<TrunkReason>,
    /// Since when it stands so; zero when it was never told.
    pub since: UnixMillis,
    /// The targets its proxies resolved to, in the order of the configuration.
    pub targets: Vec<TargetStatus>,
}

/// What the trunks keep; all zero when no call is being dialled and no trunk registers, is probed or has a name to resolve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrunkCounts {
    /// Outgoing calls that may still go on to another target.
    pub dials: usize,
    /// REGISTER and OPTIONS requests that wait for their answer; they are among SIP's client transactions.
    pub requests: usize,
    /// Questions to the DNS.
    pub queries: usize,
    /// Armed timers.
    pub timers: usize,
}

impl Trunk {
    fn condition(&self, now: Instant) -> (TrunkCondition, Option<TrunkReason>) {
        if let Some(registering) = &self.registering {
            let (condition, reason) = registering.condition(now);
            let unresolved = reason.is_none() && self.targets.is_empty() && condition == TrunkCondition::Unregistered;
            return (condition, if unresolved { Some(TrunkReason::Unresolved) } else { reason });
        }
        let has = |health| self.targets.iter().any(|state| state.health(now) == health);
        if has(Health::Up) {
            (TrunkCondition::Up, None)
        } else if self.is_down(now) {
            (TrunkCondition::Down, Some(TrunkReason::NoAnswer))
        } else if self.targets.is_empty() && !self.account.proxies.is_empty() {
            (TrunkCondition::Down, Some(TrunkReason::Unresolved))
        } else {
            (TrunkCondition::Unknown, None)
        }
    }

    /// Does no target answer its probes any more?
    pub(super) fn is_down(&self, now: Instant) -> bool {
        !self.targets.is_empty() && self.targets.iter().all(|state| state.health(now) == Health::Down)
    }
}

impl Switch {
    /// Tells how a trunk stands, when that changed.
    pub(super) fn tell_trunk(&mut self, carrier: CarrierId, now: Now) {
        let Some(trunk) = self.trunks.trunks.get_mut(&carrier) else { return };
        let (condition, reason) = trunk.condition(now.instant);
        let before = &trunk.told;
        let targets: Vec<TargetStatus> = trunk
            .targets
            .iter()
            .map(|state| TargetStatus { target: state.target, health: state.health(now.instant) })
            .collect();
        if (before.condition, before.reason, &before.targets) == (condition, reason, &targets) {
            return;
        }
        let is_same = (before.condition, before.reason) == (condition, reason) && before.since != UnixMillis::default();
        let since = if is_same { before.since } else { now.unix };
        trunk.told = TrunkStatus { condition, reason, since, targets };
        let status = trunk.told.clone();
        self.out.push_back(Output::Live(LiveChange::Trunk { carrier, status: Some(status) }));
    }

    /// How many trunks stand in each way, in the order of [`TrunkCondition::ALL`].
    #[must_use]
    pub fn trunk_conditions(&self) -> [usize; TrunkCondition::ALL.len()] {
        TrunkCondition::ALL
            .map(|condition| self.trunks.trunks.values().filter(|trunk| trunk.told.condition == condition).count())
    }
}
