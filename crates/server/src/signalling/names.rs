//! Which name stands behind an address: a target reached by TLS must prove the name that was asked for, not the address it
//! was found at (RFC 5922 7.1).

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Names kept at most; the oldest go first.
const MAX_NAMES: usize = 4096;

#[derive(Debug, Default)]
struct Known {
    names: HashMap<SocketAddr, String>,
    order: VecDeque<SocketAddr>,
}

/// Names by address; noted where names are resolved, read where connections are made.
#[derive(Clone, Debug, Default)]
pub(crate) struct PeerNames(Arc<Mutex<Known>>);

impl PeerNames {
    /// The name at `address` is `name` from now on.
    pub(crate) fn note(&self, address: SocketAddr, name: &str) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.names.insert(address, name.to_owned()).is_none() {
            known.order.push_back(address);
            if known.order.len() > MAX_NAMES
                && let Some(oldest) = known.order.pop_front()
            {
                known.names.remove(&oldest);
            }
        }
    }

    /// The name at `address`, if it was found by one.
    pub(crate) fn of(&self, address: SocketAddr) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).names.get(&address).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_name_counts_and_the_oldest_is_forgotten() {
        let names = PeerNames::default();
        let at = |port: u16| SocketAddr::from(([192, 0, 2, 1], port));
        names.note(at(0), "a.test");
        names.note(at(0), "b.test");
        assert_eq!(names.of(at(0)).as_deref(), Some("b.test"));
        for port in 1..=u16::try_from(MAX_NAMES).unwrap() {
            names.note(at(port), "c.test");
        }
        assert_eq!(names.of(at(0)), None);
        assert_eq!(names.of(at(1)).as_deref(), Some("c.test"));
    }
}
