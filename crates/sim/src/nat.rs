//! A box that translates addresses, in the kinds of RFC 4787: how it maps, whom it lets in, and how soon it forgets.

use crate::rng::Rng;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// Ports a box gives out, from the first on, in turns.
const FIRST_PORT: u16 = 30_000;
/// So many.
const PORTS: u16 = 30_000;
/// Bindings a box keeps at most; the one that slept longest goes first.
const MAX_BINDINGS: usize = 1_000;

/// On how much of the far end's address something depends (RFC 4787 4.1, 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// On nothing.
    EndpointIndependent,
    /// On its IP address.
    AddressDependent,
    /// On its address and port.
    AddressAndPortDependent,
}

impl Behaviour {
    /// As much of an address as matters.
    fn part(self, far: SocketAddr) -> Option<(IpAddr, u16)> {
        match self {
            Self::EndpointIndependent => None,
            Self::AddressDependent => Some((far.ip(), 0)),
            Self::AddressAndPortDependent => Some((far.ip(), far.port())),
        }
    }
}

/// A kind of box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NatKind {
    /// When another far end gets another public port.
    pub mapping: Behaviour,
    /// Who may send to a public port.
    pub filtering: Behaviour,
    /// A binding over which nothing went out for so long is gone (RFC 4787 4.3).
    pub forgets_after: Duration,
}

impl NatKind {
    /// A kind as it is found in homes, offices and mobile networks.
    #[must_use]
    pub fn of_the_field(rng: &mut Rng) -> Self {
        use Behaviour::{AddressAndPortDependent as Port, AddressDependent as Address, EndpointIndependent as Any};
        let kinds =
            [(30, (Any, Port)), (20, (Any, Address)), (15, (Any, Any)), (10, (Address, Port)), (25, (Port, Port))];
        let (mapping, filtering) = rng.weighted(&kinds);
        let forgets_after = Duration::from_secs(rng.of(&[31, 60, 120, 300]));
        Self { mapping, filtering, forgets_after }
    }
}

/// What a binding is found by from inside: the inner address, and as much of the far one as the mapping looks at.
type Inner = (SocketAddr, Option<(IpAddr, u16)>);

#[derive(Debug)]
struct Binding {
    inner: Inner,
    used: Instant,
    /// Far ends something was sent to, as much of them as the filter looks at.
    permitted: Vec<Option<(IpAddr, u16)>>,
}

/// See the module.
#[derive(Debug)]
pub struct NatBox {
    kind: NatKind,
    public: IpAddr,
    ports: BTreeMap<Inner, u16>,
    bindings: BTreeMap<u16, Binding>,
    turn: u16,
}

impl NatBox {
    /// A box without bindings at this public address.
    #[must_use]
    pub fn new(kind: NatKind, public: IpAddr) -> Self {
        Self { kind, public, ports: BTreeMap::new(), bindings: BTreeMap::new(), turn: 0 }
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> NatKind {
        self.kind
    }

    /// Its public address.
    #[must_use]
    pub fn public(&self) -> IpAddr {
        self.public
    }

    /// Something goes out: as whose it is seen outside.
    pub fn outbound(&mut self, now: Instant, inside: SocketAddr, far: SocketAddr) -> SocketAddr {
        let inner = (inside, self.kind.mapping.part(far));
        let port = self.live_port(now, inner).unwrap_or_else(|| self.bind(now, inner));
        if let Some(binding) = self.bindings.get_mut(&port) {
            binding.used = now;
            let permitted = self.kind.filtering.part(far);
            if !binding.permitted.contains(&permitted) {
                binding.permitted.push(permitted);
            }
        }
        SocketAddr::new(self.public, port)
    }

    /// Something comes in for a public port: whom it reaches inside, if it is let through.
    #[must_use]
    pub fn inbound(&self, now: Instant, port: u16, far: SocketAddr) -> Option<SocketAddr> {
        let binding = self.bindings.get(&port).filter(|binding| !self.is_stale(binding, now))?;
        binding.permitted.contains(&self.kind.filtering.part(far)).then_some(binding.inner.0)
    }

    /// It was switched off and on, or its line got another address: everything is forgotten, and ports begin elsewhere.
    pub fn restart(&mut self, public: IpAddr) {
        self.public = public;
        self.ports.clear();
        self.bindings.clear();
        self.turn = self.turn.wrapping_add(997);
    }

    fn is_stale(&self, binding: &Binding, now: Instant) -> bool {
        now.saturating_duration_since(binding.used) >= self.kind.forgets_after
    }

    fn live_port(&mut self, now: Instant, inner: Inner) -> Option<u16> {
        let port = *self.ports.get(&inner)?;
        if self.bindings.get(&port).is_some_and(|binding| !self.is_stale(binding, now)) {
            return Some(port);
        }
        self.forget(port);
        None
    }

    fn bind(&mut self, now: Instant, inner: Inner) -> u16 {
        if self.bindings.len() >= MAX_BINDINGS
            && let Some(port) = self.bindings.iter().min_by_key(|(_, binding)| binding.used).map(|(port, _)| *port)
        {
            self.forget(port);
        }
        let free = (0..PORTS).map(|n| FIRST_PORT + self.turn.wrapping_add(n) % PORTS);
        let port = free.into_iter().find(|port| !self.bindings.contains_key(port)).unwrap_or(FIRST_PORT);
        self.turn = port - FIRST_PORT + 1;
        self.ports.insert(inner, port);
        self.bindings.insert(port, Binding { inner, used: now, permitted: Vec::new() });
        port
    }

    fn forget(&mut self, port: u16) {
        if let Some(binding) = self.bindings.remove(&port) {
            self.ports.remove(&binding.inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use Behaviour::{AddressAndPortDependent, AddressDependent, EndpointIndependent};

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn a_box(mapping: Behaviour, filtering: Behaviour) -> NatBox {
        let kind = NatKind { mapping, filtering, forgets_after: Duration::from_secs(30) };
        NatBox::new(kind, "198.51.100.1".parse().unwrap())
    }

    #[test]
    fn maps_as_its_kind_says() {
        let now = Clock::default().instant();
        let (phone, far) = (address("10.0.0.1:5060"), address("192.0.2.1:5060"));
        let (same_ip, elsewhere) = (address("192.0.2.1:9"), address("192.0.2.9:5060"));
        for (kind, same, other) in [
            (EndpointIndependent, true, true),
            (AddressDependent, true, false),
            (AddressAndPortDependent, false, false),
        ] {
            let mut nat = a_box(kind, EndpointIndependent);
            let first = nat.outbound(now, phone, far);
            assert_eq!(nat.outbound(now, phone, far), first);
            assert_eq!(nat.outbound(now, phone, same_ip) == first, same, "{kind:?}");
            assert_eq!(nat.outbound(now, phone, elsewhere) == first, other, "{kind:?}");
        }
    }

    #[test]
    fn lets_in_whom_its_kind_lets_in() {
        let now = Clock::default().instant();
        let (phone, far) = (address("10.0.0.1:5060"), address("192.0.2.1:5060"));
        let (same_ip, elsewhere) = (address("192.0.2.1:9"), address("192.0.2.9:5060"));
        for (kind, same, other) in [
            (EndpointIndependent, true, true),
            (AddressDependent, true, false),
            (AddressAndPortDependent, false, false),
        ] {
            let mut nat = a_box(EndpointIndependent, kind);
            let port = nat.outbound(now, phone, far).port();
            assert_eq!(nat.inbound(now, port, far), Some(phone));
            assert_eq!(nat.inbound(now, port, same_ip).is_some(), same, "{kind:?}");
            assert_eq!(nat.inbound(now, port, elsewhere).is_some(), other, "{kind:?}");
        }
    }

    #[test]
    fn forgets_what_sleeps_and_everything_at_a_restart() {
        let now = Clock::default().instant();
        let (phone, far) = (address("10.0.0.1:5060"), address("192.0.2.1:5060"));
        let mut nat = a_box(EndpointIndependent, EndpointIndependent);
        let first = nat.outbound(now, phone, far).port();
        let later = now + Duration::from_secs(29);
        assert_eq!(nat.outbound(later, phone, far).port(), first);
        assert!(nat.inbound(later + Duration::from_secs(29), first, far).is_some());
        assert_eq!(nat.inbound(later + Duration::from_secs(30), first, far), None);
        let second = nat.outbound(later + Duration::from_secs(30), phone, far).port();
        assert_ne!(first, second);
        nat.restart("198.51.100.2".parse().unwrap());
        assert_eq!(nat.inbound(later, second, far), None);
        assert_eq!(nat.outbound(later, phone, far).ip(), nat.public());
    }
}
