//! The store: the only place with SQL. Settings are written at once, what happens is written behind by one [`Writer`].

mod backup;
mod batch;
mod bulk;
mod calls;
mod column;
mod conversations;
mod customers;
mod entries;
mod filter;
mod idempotency;
mod notes;
mod open;
mod queue;
mod recovery;
mod sessions;
mod statuses;
mod traces;
mod transaction;
mod workspace;
mod writer;

pub use backup::{backup, restore, safe_path};
pub use calls::{CallFilter, CallRow};
pub use conversations::{ConversationFilter, ConversationRow, LastCall};
pub use customers::CustomerRow;
pub use entries::EntryRow;
pub use idempotency::StoredResponse;
pub use notes::NoteRow;
pub use open::check;
pub use queue::MOST_WAITING;
pub use recovery::Recovered;
pub use traces::{LegRow, LineRow, MediaRow, TraceRow, Written};
pub use workspace::RevisionRow;
pub use writer::{NotSettled, Writer};

use crate::configuration::{Configuration, StartProblem};
use pbx::id::IdSource;
use pbx::settings::OperatorStatus;
use pbx::{ManagerId, UnixMillis};
use sqlx::AnyPool;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// The database and the folder beside it.
#[derive(Clone, Debug)]
pub struct Store {
    pool: AnyPool,
    /// One connection for what is written behind, which keeps its prepared statements and pages warm.
    writing: AnyPool,
    ids: Arc<Mutex<IdSource>>,
    recordings: Arc<PathBuf>,
    statuses: Arc<RwLock<BTreeMap<ManagerId, OperatorStatus>>>,
}

impl Store {
    /// Opens the database, makes it when it is not there, and brings its tables up to date.
    ///
    /// # Errors
    /// When the data folder or the database cannot be read or written, or was made by a later version.
    pub async fn open(configuration: &Configuration) -> Result<Self, StartProblem> {
        let (pool, writing) = open::open(configuration).await?;
        let recordings = configuration.recordings();
        let mut seed = [0u8; 8];
        getrandom::fill(&mut seed)
            .map_err(|why| StartProblem(format!("The system gives no random numbers ({why}); check the machine.")))?;
        let ids = Arc::new(Mutex::new(IdSource::new(u64::from_le_bytes(seed))));
        Ok(Self { pool, writing, ids, recordings: Arc::new(recordings), statuses: Arc::default() })
    }

    /// A new identifier's bits.
    #[must_use]
    pub fn new_id(&self, now: UnixMillis) -> u64 {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).next(now)
    }

    /// Where voicemails and recordings are.
    #[must_use]
    pub fn recordings(&self) -> &std::path::Path {
        &self.recordings
    }

    /// Does the database answer?
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), sqlx::Error> {
        sqlx::query("SELECT 1").execute(&self.pool).await.map(|_| ())
    }

    /// Closes every connection; SQLite then folds its log into the database file.
    pub async fn close(&self) {
        self.writing.close().await;
        self.pool.close().await;
    }
}

/// Is this error the machine's state (disk full, locked, read-only), which may pass, and not a mistake in what was written?
#[must_use]
pub fn may_pass(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(database) => {
            // SQLite's primary result codes: PERM, BUSY, LOCKED, NOMEM, READONLY, IOERR, FULL, CANTOPEN.
            let code: Option<u32> = database.code().and_then(|code| code.parse().ok());
            matches!(code.map(|c| c & 0xff), Some(3 | 5 | 6 | 7 | 8 | 10 | 13 | 14))
        }
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
