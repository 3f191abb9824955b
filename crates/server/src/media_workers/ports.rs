//! Which media ports are free. The port freed longest ago goes first, so that late packets of an old call meet no new one.

use std::collections::VecDeque;
use std::sync::Mutex;

/// Even ports of a range, each standing for itself and the odd one above it (RFC 3550 11).
#[derive(Debug)]
pub struct PortPool {
    free: Mutex<VecDeque<u16>>,
}

impl PortPool {
    /// All pairs that lie wholly within `first..=last`.
    #[must_use]
    pub fn new(first: u16, last: u16) -> Self {
        let even = u32::from(first).next_multiple_of(2);
        let free = (even..u32::from(last)).step_by(2).filter_map(|port| u16::try_from(port).ok()).collect();
        Self { free: Mutex::new(free) }
    }

    /// Takes a pair.
    #[must_use]
    pub fn take(&self) -> Option<u16> {
        self.free.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop_front()
    }

    /// Gives a pair back.
    pub fn give_back(&self, port: u16) {
        self.free.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push_back(port);
    }

    /// How many pairs are free.
    #[must_use]
    pub fn free(&self) -> usize {
        self.free.lock().unwrap_or_else(std::sync::PoisonError::into_inner).len()
    }
}

#[cfg(test)]
mod tests {
    use super::PortPool;

    #[test]
    fn hands_out_whole_pairs_oldest_first() {
        let pool = PortPool::new(40001, 40006);
        assert_eq!(pool.free(), 2);
        assert_eq!(pool.take(), Some(40002));
        pool.give_back(40002);
        assert_eq!(pool.take(), Some(40004));
        assert_eq!(pool.take(), Some(40002));
        assert_eq!(pool.take(), None);
    }
}
