//! How the trunk to a carrier stands, as the API tells it.

use super::app::App;
use crate::clock::Time;
use crate::workspace::carrier::{Carrier, CarrierKind};
use serde::Serialize;
use std::sync::PoisonError;
use switch::trunks::{Health, TargetStatus, TrunkCondition, TrunkReason, TrunkStatus};
use utoipa::ToSchema;

/// How a trunk stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrunkState {
    /// It does not register, and its proxies were not heard of yet.
    Unknown,
    /// It does not register, and a proxy answers.
    Up,
    /// It does not register, and no proxy answers.
    Down,
    /// It is registered.
    Registered,
    /// It is not registered; it is tried again.
    Unregistered,
    /// The carrier refuses the account; it is tried again seldom.
    Refused,
    /// It is switched off.
    Disabled,
}

/// How a proxy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TargetState {
    /// It was not heard of yet.
    Unknown,
    /// It answers.
    Up,
    /// It was silent or asked for a pause: the others are tried first.
    Resting,
    /// It does not answer any more.
    Down,
}

/// An address that a proxy of the carrier has.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrunkTarget)]
pub struct TargetView {
    /// `203.0.113.7:5060`.
    pub address: String,
    /// `udp`, `tcp` or `tls`.
    pub transport: String,
    /// How it is.
    pub state: TargetState,
}

/// How the trunk to a carrier stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Trunk)]
pub struct TrunkView {
    /// How it stands now.
    pub state: TrunkState,
    /// Why it is not better: `sip_403` (the status of the carrier's response), `no_answer`, `unresolved`.
    pub reason: Option<String>,
    /// Since when it stands so; unknown when nothing was heard since the start.
    pub since: Option<Time>,
    /// What its proxies resolved to.
    pub targets: Vec<TargetView>,
}

pub(super) fn trunk_view(app: &App, carrier: &Carrier) -> TrunkView {
    if !carrier.fields.enabled {
        return TrunkView { state: TrunkState::Disabled, reason: None, since: None, targets: Vec::new() };
    }
    let trunks = app.control.live.trunks.read().unwrap_or_else(PoisonError::into_inner);
    match trunks.get(&carrier.id) {
        Some(status) => told(status),
        // The control thread has not begun with it, or has nothing to do for it.
        None => TrunkView {
            state: match carrier.fields.kind {
                CarrierKind::Register => TrunkState::Unregistered,
                CarrierKind::Address => TrunkState::Unknown,
            },
            reason: None,
            since: None,
            targets: Vec::new(),
        },
    }
}

fn told(status: &TrunkStatus) -> TrunkView {
    TrunkView {
        state: match status.condition {
            TrunkCondition::Unknown => TrunkState::Unknown,
            TrunkCondition::Up => TrunkState::Up,
            TrunkCondition::Down => TrunkState::Down,
            TrunkCondition::Registered => TrunkState::Registered,
            TrunkCondition::Unregistered => TrunkState::Unregistered,
            TrunkCondition::Refused => TrunkState::Refused,
        },
        reason: status.reason.map(|reason| match reason {
            TrunkReason::Status(code) => format!("sip_{code}"),
            TrunkReason::NoAnswer => "no_answer".to_owned(),
            TrunkReason::Unresolved => "unresolved".to_owned(),
        }),
        since: (status.since.0 > 0).then_some(Time(status.since)),
        targets: status.targets.iter().map(target).collect(),
    }
}

fn target(status: &TargetStatus) -> TargetView {
    TargetView {
        address: status.target.address.to_string(),
        transport: status.target.transport.as_str().to_ascii_lowercase(),
        state: match status.health {
            Health::Unknown => TargetState::Unknown,
            Health::Up => TargetState::Up,
            Health::Resting => TargetState::Resting,
            Health::Down => TargetState::Down,
        },
    }
}
