//! Write-behind: records come in without waiting, one task writes them in order, in batches, and tells the listeners
//! only after the commit. So whatever the API or an event has told is in the database.

use super::queue::{BATCH, Queue, Taken};
use super::{Store, Written, batch, may_pass};
use crate::control::{Live, LiveChange};
use crate::events::{EventBus, Subject};
use pbx::record::CallState;
use pbx::{CallId, Record};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

/// How long the first record of a batch waits for others. A transaction costs the same with few rows as with many, and
/// rows that change twice in this time are written once; nobody sees a screen change a tenth of a second later, and who asks for the
/// records through the API does not wait for it at all ([`Writer::settled`]).
const GATHER: Duration = Duration::from_millis(100);

/// How often the database is told that the server lives while calls are up.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// How long [`Writer::settled`] waits.
const SETTLE_TIME: Duration = Duration::from_secs(5);

/// The longest pause between two tries to write to a failing disk.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    wake: Notify,
    committed: watch::Sender<u64>,
    failing: AtomicBool,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The database did not take the records in time (disk full, locked); they are kept and tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotSettled;

/// The handle of the writing task. Cheap to copy.
#[derive(Clone, Debug)]
pub struct Writer {
    shared: Arc<Shared>,
}

impl Writer {
    /// Starts the writing task. It ends when the runtime does; call [`Writer::settled`] before.
    #[must_use]
    pub fn start(store: Store, live: Arc<Live>, events: EventBus) -> Self {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            wake: Notify::new(),
            committed: watch::channel(0).0,
            failing: AtomicBool::new(false),
        });
        let task = Task { shared: shared.clone(), store, live, events, up: BTreeSet::new() };
        tokio::spawn(task.run());
        Self { shared }
    }

    /// Takes records to be written; never waits.
    pub fn send(&self, records: Vec<impl Into<Written>>) {
        if records.is_empty() {
            return;
        }
        let mut queue = self.shared.queue();
        let was_empty = queue.len() == 0;
        for record in records {
            queue.push(record);
        }
        // The task looks when the first record comes and when a batch is full; between, waking it is for nothing.
        let is_due = was_empty || queue.len() >= BATCH;
        drop(queue);
        if is_due {
            self.shared.wake.notify_one();
        }
    }

    /// Waits until everything sent before is in the database.
    ///
    /// # Errors
    /// When it is not within five seconds.
    pub async fn settled(&self) -> Result<(), NotSettled> {
        let target = {
            let mut queue = self.shared.queue();
            queue.hurry = true;
            queue.accepted()
        };
        self.shared.wake.notify_one();
        let mut committed = self.shared.committed.subscribe();
        let wait =
            async { committed.wait_for(|sequence| *sequence >= target).await.map(|_| ()).map_err(|_| NotSettled) };
        tokio::time::timeout(SETTLE_TIME, wait).await.map_err(|_| NotSettled)?
    }

    /// Is the database refusing records now?
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.shared.failing.load(Ordering::Relaxed)
    }

    /// Rows waiting to be written.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.queue().len()
    }

    /// Rows that had to be dropped because more than [`MOST_WAITING`](super::MOST_WAITING) waited.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.shared.queue().lost()
    }
}

struct Task {
    shared: Arc<Shared>,
    store: Store,
    live: Arc<Live>,
    events: EventBus,
    /// Calls that are up, as far as written.
    up: BTreeSet<CallId>,
}

impl Task {
    async fn run(mut self) {
        let mut due = Instant::now() + HEARTBEAT;
        loop {
            if let Ok(taken) = tokio::time::timeout_at(due, self.gather()).await {
                self.write(taken).await;
            }
            let now = Instant::now();
            if now >= due {
                due = now + HEARTBEAT;
                self.mark_alive().await;
            }
        }
    }

    async fn mark_alive(&self) {
        if self.up.is_empty() {
            return;
        }
        if let Err(why) = self.store.mark_alive(crate::clock::now()).await {
            tracing::debug!(%why, "the sign of life was not written");
        }
    }

    /// Waits for records, gathers a few more, and takes them. Cancelling it loses nothing.
    async fn gather(&self) -> Taken {
        loop {
            let (count, hurry) = self.state();
            if count == 0 {
                self.shared.wake.notified().await;
                continue;
            }
            if count < BATCH && !hurry {
                let _ = tokio::time::timeout(GATHER, self.until_full()).await;
            }
            return self.shared.queue().take();
        }
    }

    fn state(&self) -> (usize, bool) {
        let queue = self.shared.queue();
        (queue.len(), queue.hurry)
    }

    async fn until_full(&self) {
        loop {
            self.shared.wake.notified().await;
            let (count, hurry) = self.state();
            if count >= BATCH || hurry {
                return;
            }
        }
    }

    async fn write(&mut self, taken: Taken) {
        let Taken { records, reaches } = taken;
        self.write_all(&records).await;
        self.failing(false, None);
        self.tell(&records);
        self.shared.committed.send_replace(reaches);
    }

    /// A batch with a record that the database refuses is halved until that record stands alone: it keeps no other out.
    async fn write_all(&self, records: &[Written]) {
        let mut parts = vec![records];
        while let Some(part) = parts.pop() {
            let Err(why) = self.commit(part).await else { continue };
            if let [record] = part {
                tracing::error!(%why, ?record, "a record was refused and is lost");
                continue;
            }
            tracing::warn!(%why, records = part.len(), "a batch was refused; it is written in two halves");
            let (first, second) = part.split_at(part.len() / 2);
            parts.extend([second, first]);
        }
    }

    /// Tries until the database takes the records or refuses them for good.
    async fn commit(&self, records: &[Written]) -> Result<(), sqlx::Error> {
        let mut pause = Duration::from_millis(100);
        loop {
            match batch::commit(&self.store, records).await {
                Err(why) if may_pass(&why) => {
                    self.failing(true, Some(&why));
                    tracing::debug!(%why, "the records are tried again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                result => return result,
            }
        }
    }

    fn tell(&mut self, records: &[Written]) {
        self.live.records_written.fetch_add(records.len() as u64, Ordering::Relaxed);
        for written in records {
            // Nobody waits for a trace: it is looked up when somebody asks for it.
            let Written::Record(record) = written else { continue };
            let subject = match record {
                Record::Call(call) => {
                    if call.state == CallState::Ended {
                        self.up.remove(&call.id);
                    } else {
                        self.up.insert(call.id);
                    }
                    Subject::Call(call.id)
                }
                Record::Conversation(conversation) => Subject::Conversation(conversation.id),
                Record::Customer(customer) => Subject::Customer(customer.id),
                Record::Entry(entry) => Subject::Entry(entry.id),
                Record::OperatorStatus { manager, status, .. } => {
                    self.store.set_live_status(*manager, *status);
                    Subject::Manager(*manager)
                }
            };
            self.events.publish(subject);
        }
    }

    fn failing(&self, failing: bool, why: Option<&sqlx::Error>) {
        if self.shared.failing.swap(failing, Ordering::Relaxed) != failing {
            match why {
                Some(why) => {
                    tracing::error!(%why, "the database takes no records; calls go on, records are kept and tried again")
                }
                None => tracing::info!("the database takes records again"),
            }
            self.live.store_failing.store(failing, Ordering::Relaxed);
            let _ = self.live.changes.send(LiveChange::System);
        }
    }
}
