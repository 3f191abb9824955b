//! Trunks: registering at carriers, the targets of their proxies, probes, and dialling with failover.
//!
//! The switch holds one [`Trunk`] a carrier of the settings. A trunk that neither registers nor is probed nor has a name
//! to resolve costs nothing while nobody dials: no timer, no request, no output.

mod binding;
mod chance;
mod connection;
mod dial;
mod incoming;
mod probe;
mod redirect;
mod register;
mod request;
mod resolve;
mod state;
mod target;
#[cfg(test)]
mod tests;
mod timer;

pub(crate) use incoming::Called;
pub use resolve::{ResolveError, ResolveId};
pub use state::{TargetStatus, TrunkCondition, TrunkCounts, TrunkReason, TrunkStatus};
pub use target::{Health, Target};

use crate::settings::{CarrierAccount, Settings};
use crate::switch::{LiveChange, Now, Output, Switch};
use binding::Registering;
use chance::Chance;
use dial::Dial;
use media::LegId;
use pbx::CarrierId;
use request::Sent;
use resolve::Query;
use sip::ClientTransactionId;
use std::collections::BTreeMap;
use std::time::Instant;
use target::TargetState;
use timer::{TrunkTimer, TrunkTimers};

/// Proxies of one carrier that are used at most.
pub const MAX_PROXIES: usize = 8;
/// Timers worked off for one wake-up; what is left is due at once again.
const MAX_DUE: usize = 10_000;

/// Is the server stopping?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaving {
    No,
    Asked,
}

/// The trunk to one carrier.
#[derive(Debug)]
struct Trunk {
    account: CarrierAccount,
    /// At most [`MAX_PROXIES`] times eight.
    targets: Vec<TargetState>,
    /// Its names gave no target yet.
    was_unresolved: bool,
    registering: Option<Registering>,
    told: TrunkStatus,
}

/// All trunks.
#[derive(Debug)]
pub(crate) struct Trunks {
    trunks: BTreeMap<CarrierId, Trunk>,
    /// Which carrier calls a Contact of ours (RFC 3261 10.2.1).
    by_contact: BTreeMap<String, CarrierId>,
    timers: TrunkTimers,
    /// One a proxy at most.
    queries: BTreeMap<ResolveId, Query>,
    /// Bounded by the endpoint's transactions.
    requests: BTreeMap<ClientTransactionId, Sent>,
    /// One a dialled leg that nobody answered yet.
    dials: BTreeMap<LegId, Dial>,
    /// Connections to registrars, by their number; one a target at most.
    connections: BTreeMap<u64, Target>,
    chance: Chance,
    last_query: u64,
    leaving: Leaving,
    /// The settings were taken before the time was known; what needs the time waits for the first wake-up.
    wants_start: bool,
}

impl Trunk {
    fn new(account: CarrierAccount, chance: &mut Chance) -> Self {
        let registering = account.registration.is_some().then(|| Registering::new([chance.next(), chance.next()]));
        let mut trunk =
            Self { account, targets: Vec::new(), was_unresolved: true, registering, told: TrunkStatus::default() };
        trunk.take_numeric();
        trunk
    }

    /// The proxies whose host is a number are targets at once.
    fn take_numeric(&mut self) {
        for (index, proxy) in self.account.proxies.iter().enumerate().take(MAX_PROXIES) {
            if let Some(target) = resolve::numeric(proxy)
                && self.targets.iter().all(|known| known.target != target)
            {
                self.targets.push(TargetState::new(target, index));
            }
        }
        self.was_unresolved = self.targets.is_empty();
    }

    /// Does it need more than to be there?
    fn is_busy(&self) -> bool {
        let has_name = self.account.proxies.iter().any(|proxy| resolve::numeric(proxy).is_none());
        self.registering.is_some() || self.account.probes || has_name
    }

    fn target_mut(&mut self, target: Target) -> Option<&mut TargetState> {
        self.targets.iter_mut().find(|state| state.target == target)
    }

    /// A target answered. `true` when that is news.
    fn answered(&mut self, target: Target, to_probe: bool) -> bool {
        self.target_mut(target).is_some_and(|state| state.answered(to_probe))
    }

    /// User part of our Contact towards this carrier.
    fn contact_user(&self) -> &str {
        self.account.registration.as_ref().map_or("sori", |registration| &registration.contact_user)
    }
}

impl Trunks {
    /// The trunks of these settings; registering, probing and resolving begin with the first wake-up.
    pub(crate) fn new(settings: &Settings, seed: u64) -> Self {
        let mut made = Self {
            trunks: BTreeMap::new(),
            by_contact: BTreeMap::new(),
            timers: TrunkTimers::default(),
            queries: BTreeMap::new(),
            requests: BTreeMap::new(),
            dials: BTreeMap::new(),
            connections: BTreeMap::new(),
            chance: Chance::new(seed),
            last_query: 0,
            leaving: Leaving::No,
            wants_start: false,
        };
        for account in &settings.carriers {
            let trunk = Trunk::new(account.clone(), &mut made.chance);
            made.wants_start |= trunk.is_busy();
            made.trunks.insert(account.id, trunk);
        }
        made.know_contacts();
        made
    }

    fn know_contacts(&mut self) {
        let contact =
            |(id, trunk): (&CarrierId, &Trunk)| Some((trunk.account.registration.as_ref()?.contact_user.clone(), *id));
        self.by_contact = self.trunks.iter().filter_map(contact).collect();
    }

    /// When something is due.
    pub(crate) fn next_timeout(&self, now: Instant) -> Option<Instant> {
        if self.wants_start { Some(now) } else { self.timers.next() }
    }

    pub(crate) fn counts(&self) -> TrunkCounts {
        TrunkCounts {
            dials: self.dials.len(),
            requests: self.requests.len(),
            queries: self.queries.len(),
            timers: self.timers.len(),
        }
    }
}

impl Switch {
    /// Follows changed settings: trunks that went are un-registered, new ones begin, those whose way is the same go on.
    pub(crate) fn follow_carriers(&mut self, now: Now) {
        let accounts: Vec<CarrierAccount> = self.settings.carriers.clone();
        let known: Vec<CarrierId> = self.trunks.trunks.keys().copied().collect();
        for gone in known.into_iter().filter(|id| accounts.iter().all(|account| account.id != *id)) {
            self.drop_trunk(gone, true, now);
            self.out.push_back(Output::Live(LiveChange::Trunk { carrier: gone, status: None }));
        }
        for account in accounts {
            self.follow_carrier(account, now);
        }
        self.trunks.know_contacts();
    }

    fn follow_carrier(&mut self, account: CarrierAccount, now: Now) {
        let id = account.id;
        match self.trunks.trunks.get_mut(&id) {
            Some(trunk) if trunk.account.has_same_way(&account) => trunk.account = account,
            Some(trunk) => {
                // A binding of the same Contact is replaced by the new one: taking it back might overtake it.
                let leaves = !trunk.account.has_same_binding(&account);
                self.drop_trunk(id, leaves, now);
                self.begin_trunk(account, now);
            }
            None => self.begin_trunk(account, now),
        }
    }

    fn drop_trunk(&mut self, carrier: CarrierId, leaves: bool, now: Now) {
        self.trunks.timers.cancel_carrier(carrier);
        if leaves {
            self.unregister(carrier, now);
        }
        self.trunks.forget_requests_of(carrier);
        self.trunks.trunks.remove(&carrier);
    }

    fn begin_trunk(&mut self, account: CarrierAccount, now: Now) {
        let id = account.id;
        let trunk = Trunk::new(account, &mut self.trunks.chance);
        self.trunks.trunks.insert(id, trunk);
        self.start_trunk(id, now);
    }

    fn start_trunk(&mut self, carrier: CarrierId, now: Now) {
        let Some(trunk) = self.trunks.trunks.get(&carrier).filter(|trunk| trunk.is_busy()) else { return };
        let named: Vec<usize> = trunk
            .account
            .proxies
            .iter()
            .enumerate()
            .take(MAX_PROXIES)
            .filter(|(_, proxy)| resolve::numeric(proxy).is_none())
            .map(|(index, _)| index)
            .collect();
        for proxy in named {
            self.resolve(carrier, proxy);
        }
        self.register_now(carrier, now);
        self.probe_soon(carrier, now);
        self.tell_trunk(carrier, now);
    }

    /// Works off what is due.
    pub(crate) fn trunks_due(&mut self, now: Now) {
        if std::mem::take(&mut self.trunks.wants_start) {
            let all: Vec<CarrierId> = self.trunks.trunks.keys().copied().collect();
            for carrier in all {
                self.start_trunk(carrier, now);
            }
        }
        for _ in 0..MAX_DUE {
            let Some(timer) = self.trunks.timers.take_due(now.instant) else { return };
            match timer {
                TrunkTimer::Resolve(carrier, proxy) => self.resolve(carrier, proxy),
                TrunkTimer::Register(carrier) => self.register_now(carrier, now),
                TrunkTimer::Expire(carrier) => self.tell_trunk(carrier, now),
                TrunkTimer::Rested(carrier) => self.tell_trunk(carrier, now),
                TrunkTimer::Probe(carrier) => self.probe_all(carrier, now),
                TrunkTimer::Missed(carrier, target) => self.probe_missed(carrier, target, now),
                TrunkTimer::Silence(leg) => self.dial_is_silent(leg, now),
                TrunkTimer::Left => {}
            }
        }
    }
}
