//! Names of proxies become targets; the server asks the DNS for the switch (RFC 3263).

use super::target::{Target, TargetState};
use super::timer::TrunkTimer;
use crate::settings::Proxy;
use crate::switch::{Now, Output, Switch};
use pbx::CarrierId;
use sip::Transport;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Targets of one proxy that are taken at most; further ones of its name are left out.
const MAX_TARGETS_OF_PROXY: usize = 8;
/// A name is asked for again this often; the server's cache answers as long as the record lives.
const RESOLVE_EVERY: Duration = Duration::from_secs(60);
/// A name that did not resolve is asked for again after this.
const RESOLVE_AGAIN: Duration = Duration::from_secs(10);

/// A question to the DNS, answered by [`Switch::handle_resolved`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResolveId(pub u64);

/// Why a name gave no target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResolveError {
    /// There is no such name, or it has no record that leads to an address.
    NotFound,
    /// The DNS could not be asked, or did not answer in time.
    Unavailable,
}

/// Which name a question is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Query {
    pub(super) carrier: CarrierId,
    proxy: usize,
}

/// The port of a transport where none is written (RFC 3261 19.1.2).
pub(super) fn default_port(transport: Transport) -> u16 {
    match transport {
        Transport::Tls | Transport::Wss => sip::uri::DEFAULT_TLS_PORT,
        Transport::Udp | Transport::Tcp | Transport::Ws => sip::uri::DEFAULT_PORT,
    }
}

/// The target of a proxy whose host is a number (RFC 3263 4.1, 4.2: no look-up).
pub(super) fn numeric(proxy: &Proxy) -> Option<Target> {
    let ip: IpAddr = proxy.host.parse().ok()?;
    let transport = proxy.transport.unwrap_or(if proxy.secure { Transport::Tls } else { Transport::Udp });
    Some(Target { transport, address: SocketAddr::new(ip, proxy.port.unwrap_or(default_port(transport))) })
}

impl Switch {
    /// The answer to [`Output::Resolve`]: targets in the order in which they should be tried, or why there is none.
    /// What was found before stays when a name cannot be resolved for a while.
    pub fn handle_resolved(&mut self, now: Now, query: ResolveId, found: Result<Vec<Target>, ResolveError>) {
        self.take_resolved(now, query, found);
        self.pump(now);
    }

    fn take_resolved(&mut self, now: Now, query: ResolveId, found: Result<Vec<Target>, ResolveError>) {
        let Some(Query { carrier, proxy }) = self.trunks.queries.remove(&query) else { return };
        let found = self.of_our_families(found.unwrap_or_default());
        let again = if found.is_empty() { RESOLVE_AGAIN } else { RESOLVE_EVERY };
        let Some(trunk) = self.trunks.trunks.get_mut(&carrier) else { return };
        if !found.is_empty() {
            trunk.replace_targets(proxy, &found);
        }
        let is_new = trunk.was_unresolved && !trunk.targets.is_empty();
        trunk.was_unresolved = trunk.targets.is_empty();
        let at = now.instant + self.trunks.chance.around(again);
        self.trunks.timers.set(TrunkTimer::Resolve(carrier, proxy), at);
        if is_new {
            self.probe_soon(carrier, now);
            self.register_if_due(carrier, now);
        }
        self.tell_trunk(carrier, now);
    }

    /// Without the targets of a family we have no address of: nothing can be sent to them.
    fn of_our_families(&self, mut found: Vec<Target>) -> Vec<Target> {
        found.retain(|target| {
            let local = self.local_towards(target.transport, target.address);
            local.is_ipv4() == target.address.ip().to_canonical().is_ipv4()
        });
        found
    }

    /// Asks for the name of a proxy, unless the question is open already.
    pub(super) fn resolve(&mut self, carrier: CarrierId, proxy: usize) {
        let asked = self.trunks.queries.values().any(|query| query.carrier == carrier && query.proxy == proxy);
        let named = self.trunks.trunks.get(&carrier).and_then(|trunk| trunk.account.proxies.get(proxy)).cloned();
        let Some(named) = named.filter(|_| !asked) else { return };
        self.trunks.last_query += 1;
        let query = ResolveId(self.trunks.last_query);
        self.trunks.queries.insert(query, Query { carrier, proxy });
        let Proxy { host, port, transport, secure } = named;
        self.out.push_back(Output::Resolve { query, host, port, transport, secure });
    }
}

impl super::Trunk {
    /// Puts the targets of one proxy in the place of those it had; what is known of those that stay is kept.
    fn replace_targets(&mut self, proxy: usize, found: &[Target]) {
        let before = std::mem::take(&mut self.targets);
        let of_others = |state: &&TargetState, wanted: std::cmp::Ordering| state.proxy.cmp(&proxy) == wanted;
        let earlier = before.iter().filter(|state| of_others(state, std::cmp::Ordering::Less)).cloned();
        let later = before.iter().filter(|state| of_others(state, std::cmp::Ordering::Greater)).cloned();
        let own = found.iter().take(MAX_TARGETS_OF_PROXY).map(|target| {
            let known = before.iter().find(|state| state.proxy == proxy && state.target == *target);
            known.cloned().unwrap_or_else(|| TargetState::new(*target, proxy))
        });
        let mut targets: Vec<TargetState> = Vec::new();
        for state in earlier.chain(own).chain(later) {
            // Two names may lead to one machine: it is tried once.
            if targets.iter().all(|known| known.target != state.target) {
                targets.push(state);
            }
        }
        self.targets = targets;
    }
}
