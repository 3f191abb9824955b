//! What every handler shares, and how settings are changed: checked on a copy, written, published, then answered.

use super::problem::Problem;
use crate::configuration::{Configuration, StartProblem};
use crate::control::Control;
use crate::events::{EventBus, Subject};
use crate::metrics::Metrics;
use crate::sign_in::{Attempts, Passwords};
use crate::store::{Store, Writer};
use crate::workspace::{Difference, Workspace, snapshot};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// What the server hands to the API.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// Its writing task.
    pub writer: Writer,
    /// The running calls.
    pub control: Control,
    /// Where changes are told.
    pub events: EventBus,
    /// How the server was started.
    pub configuration: Arc<Configuration>,
    /// Figures.
    pub metrics: Metrics,
}

/// Shared by all handlers; cheap to copy.
#[derive(Clone)]
pub struct App(Arc<Inner>);

/// What an [`App`] holds.
pub struct Inner {
    /// The database.
    pub store: Store,
    /// Its writing task.
    pub writer: Writer,
    /// The running calls.
    pub control: Control,
    /// Where changes are told.
    pub events: EventBus,
    /// How the server was started.
    pub configuration: Arc<Configuration>,
    /// Figures.
    pub metrics: Metrics,
    /// Hashes and verifies passwords.
    pub passwords: Passwords,
    /// The brake on guessing.
    pub attempts: Attempts,
    /// Idempotency keys whose request is being carried out.
    pub(super) in_flight: Mutex<BTreeSet<Vec<u8>>>,
    workspace: RwLock<Arc<Workspace>>,
    one_at_a_time: tokio::sync::Mutex<()>,
}

impl std::ops::Deref for App {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl App {
    /// Reads the workspace and gives an empty one its first owner.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn open(parts: Parts) -> Result<Self, StartProblem> {
        let Parts { store, writer, control, events, configuration, metrics } = parts;
        let mut workspace = store.load_workspace().await.map_err(|why| {
            StartProblem(format!(
                "The database {} cannot be read ({why}); restore a backup into an empty folder.",
                configuration.database
            ))
        })?;
        super::first_owner::ensure(&store, &mut workspace).await?;
        Ok(Self(Arc::new(Inner {
            store,
            writer,
            control,
            events,
            configuration,
            metrics,
            passwords: Passwords::default(),
            attempts: Attempts::default(),
            in_flight: Mutex::default(),
            workspace: RwLock::new(Arc::new(workspace)),
            one_at_a_time: tokio::sync::Mutex::new(()),
        })))
    }

    /// The workspace as it stands.
    #[must_use]
    pub fn workspace(&self) -> Arc<Workspace> {
        self.0.workspace.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The snapshot that new calls follow, for the start.
    #[must_use]
    pub fn settings(&self) -> switch::Settings {
        snapshot(&self.workspace(), crate::clock::now())
    }

    /// Changes the workspace: `edit` works on a copy and may refuse; then the difference is written, new calls follow
    /// it, and listeners are told. Only then this returns.
    ///
    /// # Errors
    /// What `edit` refuses with, when the database takes nothing, or when the server is stopping.
    pub async fn change<T>(&self, edit: impl FnOnce(&mut Workspace) -> Result<T, Problem>) -> Result<T, Problem> {
        let _turn = self.0.one_at_a_time.lock().await;
        let before = self.workspace();
        let mut after = Workspace::clone(&before);
        let outcome = edit(&mut after)?;
        let differences = before.differences(&after);
        if differences.is_empty() {
            return Ok(outcome);
        }
        follow_releases(&before, &mut after);
        self.store.write_differences(&differences, crate::clock::now()).await?;
        *self.0.workspace.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(after);
        self.control.publish(Arc::new(self.settings())).await?;
        for difference in &differences {
            self.events.publish(subject(difference));
        }
        Ok(outcome)
    }

    /// Works the snapshot out again, because opening hours are known for some days only.
    ///
    /// # Errors
    /// When the server is stopping.
    pub async fn refresh(&self) -> Result<(), crate::control::Stopping> {
        let _turn = self.0.one_at_a_time.lock().await;
        self.control.publish(Arc::new(self.settings())).await
    }
}

/// Keeps the set of numbers that the workspace once had and has not now.
fn follow_releases(before: &Workspace, after: &mut Workspace) {
    let issued: BTreeSet<_> = after.numbers.values().map(|n| n.e164).collect();
    let gone = before.numbers.values().map(|n| n.e164).filter(|n| !issued.contains(n));
    after.released.extend(gone);
    after.released.retain(|n| !issued.contains(n));
}

fn subject(difference: &Difference) -> Subject {
    match difference {
        Difference::About(_) => Subject::System,
        Difference::Manager(id, _) => Subject::Manager(*id),
        Difference::Team(id, _) => Subject::Team(*id),
        Difference::Number(id, _) => Subject::Number(*id),
        Difference::Phone(id, _) => Subject::Phone(*id),
        Difference::Carrier(id, _) => Subject::Carrier(*id),
        Difference::Hours(id, _) => Subject::Hours(*id),
        Difference::Workflow(id, _) => Subject::Workflow(*id),
    }
}
