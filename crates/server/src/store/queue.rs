//! What waits to be written: of each row the newest version, in the order the rows came.

use super::Written;
use pbx::Record;
use std::collections::{HashMap, VecDeque};

/// Rows that may wait for the disk; over it the one that waits longest is dropped and counted.
pub const MOST_WAITING: usize = 100_000;

/// Rows of one transaction.
pub(super) const BATCH: usize = 500;

/// The row a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Row {
    Call(u64),
    Conversation(u64),
    Customer(u64),
    Entry(u64),
    Status(u64),
    Trace(u64),
}

fn row(written: &Written) -> Row {
    match written {
        Written::Record(Record::Call(call)) => Row::Call(call.id.0),
        Written::Record(Record::Conversation(conversation)) => Row::Conversation(conversation.id.0),
        Written::Record(Record::Customer(customer)) => Row::Customer(customer.id.0),
        Written::Record(Record::Entry(entry)) => Row::Entry(entry.id.0),
        Written::Record(Record::OperatorStatus { manager, .. }) => Row::Status(manager.0),
        Written::Trace(trace) => Row::Trace(trace.call.0),
    }
}

#[derive(Debug)]
struct Waiting {
    /// Of the oldest version of this row that is not written.
    sequence: u64,
    record: Written,
}

/// Records taken out to be written, no row twice.
#[derive(Debug)]
pub(super) struct Taken {
    pub records: Vec<Written>,
    /// With them written, everything accepted up to this sequence number is.
    pub reaches: u64,
}

/// The records that wait.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<Waiting>,
    /// Where each row waits, counted from the first row there ever was.
    places: HashMap<Row, u64>,
    /// The place of the first one that waits.
    first: u64,
    accepted: u64,
    lost: u64,
    /// Somebody waits for the database.
    pub hurry: bool,
}

impl Queue {
    /// Takes a record. A record is the whole row, so it takes the place of an older version that still waits.
    pub fn push(&mut self, record: impl Into<Written>) {
        let record = record.into();
        self.accepted += 1;
        let row = row(&record);
        if let Some(older) = self.older(row) {
            older.record = record;
            return;
        }
        self.places.insert(row, self.first + self.waiting.len() as u64);
        self.waiting.push_back(Waiting { sequence: self.accepted, record });
        if self.waiting.len() > MOST_WAITING && self.pop().is_some() {
            self.lost += 1;
        }
    }

    fn older(&mut self, row: Row) -> Option<&mut Waiting> {
        let place = self.places.get(&row)?.checked_sub(self.first)?;
        self.waiting.get_mut(usize::try_from(place).ok()?)
    }

    fn pop(&mut self) -> Option<Written> {
        let Waiting { record, .. } = self.waiting.pop_front()?;
        self.places.remove(&row(&record));
        self.first += 1;
        Some(record)
    }

    /// Takes out the rows that wait longest, [`BATCH`] at most.
    pub fn take(&mut self) -> Taken {
        let records = (0..BATCH).map_while(|_| self.pop()).collect();
        self.hurry = self.hurry && !self.waiting.is_empty();
        // Rows wait in the order of their oldest versions, so all before the first one's are taken.
        Taken { records, reaches: self.waiting.front().map_or(self.accepted, |next| next.sequence - 1) }
    }

    /// Rows that wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Records accepted since the start; the last one's sequence number.
    pub fn accepted(&self) -> u64 {
        self.accepted
    }

    /// Rows dropped because more than [`MOST_WAITING`] waited.
    pub fn lost(&self) -> u64 {
        self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pbx::settings::OperatorStatus;
    use pbx::{ManagerId, UnixMillis};

    fn status(manager: u64, since: u64) -> Written {
        let since = UnixMillis(since);
        Record::OperatorStatus { manager: ManagerId(manager), status: OperatorStatus::Call, since }.into()
    }

    #[test]
    fn the_newest_version_of_each_row_waits_where_the_row_came() {
        let mut queue = Queue::default();
        for (manager, since) in [(1, 1), (2, 2), (1, 3)] {
            queue.push(status(manager, since));
        }
        let taken = queue.take();
        assert_eq!(taken.records, [status(1, 3), status(2, 2)]);
        assert_eq!((taken.reaches, queue.len()), (3, 0));
        queue.push(status(1, 4));
        assert_eq!(queue.take().records, [status(1, 4)], "what was taken is no longer an older version");
    }

    #[test]
    fn a_batch_reaches_as_far_as_the_oldest_version_that_still_waits() {
        let mut queue = Queue::default();
        let rows = BATCH as u64 + 2;
        for manager in 1..=rows {
            queue.push(status(manager, 1));
        }
        // The last row waits since long, the newest version of it does not.
        queue.push(status(rows, 2));
        assert_eq!(queue.take().reaches, BATCH as u64);
        assert_eq!(queue.take().reaches, rows + 1);
    }

    #[test]
    fn the_longest_waiting_is_dropped_when_too_many_rows_wait() {
        let mut queue = Queue::default();
        for manager in 0..MOST_WAITING as u64 + 3 {
            queue.push(status(manager, 1));
        }
        queue.push(status(7, 2));
        assert_eq!((queue.len(), queue.lost()), (MOST_WAITING, 3));
        let records = queue.take().records;
        assert_eq!(records.first(), Some(&status(3, 1)));
        assert_eq!(records.get(4), Some(&status(7, 2)), "places still hold after rows were dropped");
    }
}
