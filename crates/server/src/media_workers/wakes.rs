//! Which workers have orders they were not woken for, and how long those may wait.

use std::time::{Duration, Instant};

/// How long an order nobody waits for (a leg that is to close) may wait for company. A worker that wakes for something else,
/// such as the leg's next packet or frame, takes it then; only one that sleeps is woken for it.
const PATIENCE: Duration = Duration::from_millis(100);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Orders {
    #[default]
    None,
    /// Handed when the worker had looked for orders this often.
    Patient(u64),
    Urgent,
}

/// One entry a worker.
#[derive(Debug)]
pub(super) struct Wakes {
    orders: Vec<Orders>,
    /// When the first of the patient ones was seen.
    patient_since: Option<Instant>,
}

impl Wakes {
    pub(super) fn new(workers: usize) -> Self {
        Self { orders: vec![Orders::None; workers], patient_since: None }
    }

    /// The worker was handed an order; it had looked for orders `looks` times by then.
    pub(super) fn handed(&mut self, worker: usize, patient: bool, looks: u64) {
        let orders = &mut self.orders[worker];
        match (*orders, patient) {
            (Orders::Urgent, _) | (_, false) => *orders = Orders::Urgent,
            (_, true) => *orders = Orders::Patient(looks),
        }
    }

    /// Calls `wake` for each worker whose orders cannot wait any longer. `looks`: how often one has looked for orders by now; who
    /// looked since has taken them.
    pub(super) fn due(&mut self, now: Instant, looks: impl Fn(usize) -> u64, mut wake: impl FnMut(usize)) {
        let over = self.patient_since.is_some_and(|since| now.saturating_duration_since(since) >= PATIENCE);
        let mut patient = false;
        for (worker, orders) in self.orders.iter_mut().enumerate() {
            match *orders {
                Orders::None => {}
                Orders::Patient(before) if looks(worker) != before => *orders = Orders::None,
                Orders::Patient(_) if !over => patient = true,
                Orders::Patient(_) | Orders::Urgent => {
                    *orders = Orders::None;
                    wake(worker);
                }
            }
        }
        self.patient_since = patient.then(|| self.patient_since.unwrap_or(now));
    }

    /// When [`Self::due`] is to be asked again, if orders wait.
    pub(super) fn next(&self) -> Option<Instant> {
        self.patient_since.map(|since| since + PATIENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn woken(wakes: &mut Wakes, now: Instant) -> Vec<usize> {
        let mut woken = Vec::new();
        wakes.due(now, |_| 7, |worker| woken.push(worker));
        woken
    }

    #[test]
    fn what_is_urgent_takes_along_what_is_patient() {
        let (mut wakes, now) = (Wakes::new(2), Instant::now());
        wakes.handed(0, true, 7);
        assert_eq!(woken(&mut wakes, now), [0; 0]);
        wakes.handed(1, false, 7);
        assert_eq!(woken(&mut wakes, now), [1]);
        wakes.handed(0, false, 7);
        wakes.handed(0, true, 7);
        assert_eq!(woken(&mut wakes, now), [0]);
        assert_eq!(wakes.next(), None);
    }

    #[test]
    fn what_is_patient_waits_its_time_and_no_longer() {
        let (mut wakes, now) = (Wakes::new(3), Instant::now());
        for worker in [0, 2] {
            wakes.handed(worker, true, 7);
        }
        assert_eq!(woken(&mut wakes, now), [0; 0]);
        wakes.handed(1, true, 7);
        let later = now + PATIENCE / 2;
        assert_eq!(woken(&mut wakes, later), [0; 0]);
        assert_eq!(wakes.next(), Some(now + PATIENCE), "the first one's time counts");
        assert_eq!(woken(&mut wakes, now + PATIENCE), [0, 1, 2]);
        assert_eq!(wakes.next(), None);
        wakes.handed(0, true, 7);
        assert_eq!(woken(&mut wakes, now + PATIENCE), [0; 0], "the time counts anew");
    }

    #[test]
    fn what_was_taken_wakes_nobody() {
        let (mut wakes, now) = (Wakes::new(2), Instant::now());
        // One looked after the order was there, the other while it was handed over.
        wakes.handed(0, true, 6);
        wakes.handed(1, true, 7);
        assert_eq!(woken(&mut wakes, now), [0; 0]);
        assert_eq!(woken(&mut wakes, now + PATIENCE), [1]);
        assert_eq!(wakes.next(), None);
    }
}
