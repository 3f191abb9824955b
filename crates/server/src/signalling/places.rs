//! How many connections there may be, in all and from one far address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Connections this machine itself may hold: a proxy that ends TLS for browsers, tests, benchmarks.
const PER_LOOPBACK: usize = 20_000;

/// Counts connections in and out. Asked once a connection, never per message.
#[derive(Clone, Debug)]
pub(crate) struct Places(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    total: usize,
    per_address: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    all: usize,
    /// No longer than `all`.
    by_address: HashMap<IpAddr, usize>,
    refused: u64,
}

/// A place that is held; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    of: Places,
    address: IpAddr,
}

/// Who counts as one: an IPv4 address, or the /64 that one IPv6 customer gets at least (RFC 6177).
fn holder(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
    }
}

impl Places {
    pub(crate) fn new(total: usize, per_address: usize) -> Self {
        Self(Arc::new(Inner { total, per_address, held: Mutex::default() }))
    }

    /// A place for who comes from `ip`, unless there are too many.
    pub(crate) fn take(&self, ip: IpAddr) -> Option<Place> {
        let limit = if ip.to_canonical().is_loopback() { PER_LOOPBACK } else { self.0.per_address };
        let address = holder(ip);
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        let of_address = held.by_address.get(&address).copied().unwrap_or(0);
        if held.all >= self.0.total || of_address >= limit {
            held.refused += 1;
            return None;
        }
        held.all += 1;
        held.by_address.insert(address, of_address + 1);
        Some(Place { of: self.clone(), address })
    }

    /// Connections refused so far.
    pub(crate) fn refused(&self) -> u64 {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner).refused
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.of.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.all = held.all.saturating_sub(1);
        if let Some(count) = held.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                held.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_takes_no_more_than_its_share_and_gives_back() {
        let places = Places::new(4, 2);
        let (one, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let held = [places.take(one).unwrap(), places.take(one).unwrap()];
        assert!(places.take(one).is_none());
        assert!(places.take("::ffff:192.0.2.1".parse().unwrap()).is_none(), "the same one in IPv6 clothes");
        let _others = [places.take(other).unwrap(), places.take(other).unwrap()];
        assert!(places.take("192.0.2.3".parse().unwrap()).is_none(), "all places are taken");
        drop(held);
        assert!(places.take(one).is_some());
        assert_eq!(places.refused(), 3);
    }

    #[test]
    fn a_v6_customer_is_one_however_many_addresses_he_has() {
        let places = Places::new(100, 1);
        let _held = places.take("2001:db8:0:1::1".parse().unwrap()).unwrap();
        assert!(places.take("2001:db8:0:1::2".parse().unwrap()).is_none());
        assert!(places.take("2001:db8:0:2::1".parse().unwrap()).is_some());
        assert!((0..10).map(|_| places.take(Ipv6Addr::LOCALHOST.into())).all(|place| place.is_some()));
    }
}
