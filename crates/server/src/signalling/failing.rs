//! What fails again and again is told once: a dead carrier is tried each half minute, and its line in the log is the same.

use std::collections::HashSet;
use std::hash::Hash;

/// Failing things remembered at most; beyond it each failure is told.
const MAX_FAILING: usize = 4096;

/// Things that failed when they were tried last.
#[derive(Debug)]
pub(super) struct Failing<T>(HashSet<T>);

impl<T> Default for Failing<T> {
    fn default() -> Self {
        Self(HashSet::new())
    }
}

impl<T: Eq + Hash> Failing<T> {
    /// It failed; `true` when that is news.
    pub(super) fn begun(&mut self, what: T) -> bool {
        if self.0.len() >= MAX_FAILING {
            return !self.0.contains(&what);
        }
        self.0.insert(what)
    }

    /// It works.
    pub(super) fn ended<Q: Eq + Hash + ?Sized>(&mut self, what: &Q)
    where
        T: std::borrow::Borrow<Q>,
    {
        self.0.remove(what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_news_once_until_it_works_again() {
        let mut failing = Failing::<String>::default();
        assert!(failing.begun("a".to_owned()));
        assert!(!failing.begun("a".to_owned()));
        failing.ended("a");
        assert!(failing.begun("a".to_owned()));
        for number in 0..MAX_FAILING {
            failing.begun(number.to_string());
        }
        assert!(failing.begun("late".to_owned()) && failing.begun("late".to_owned()), "too many to remember");
    }
}
