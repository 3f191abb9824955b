//! Operator statuses that come by themselves (on a call), beside the ones managers choose.

use super::Store;
use super::bulk::{Bulk, Values};
use super::column::{big, word};
use pbx::settings::OperatorStatus;
use pbx::{ManagerId, UnixMillis};
use sqlx::AnyConnection;
use std::sync::PoisonError;

/// What a manager does, as it is stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct StatusRow {
    pub manager: ManagerId,
    pub status: OperatorStatus,
    pub since: UnixMillis,
}

static SAVE: Bulk = Bulk::upsert("operator_statuses", &["manager_id", "status", "since"], &["status", "since"]);

fn put(row: &StatusRow, to: &mut Values) -> Result<(), sqlx::Error> {
    to.put(big(row.manager.0))?;
    to.put(word(&row.status))?;
    to.put(big(row.since.0))
}

pub(super) async fn save(to: &mut AnyConnection, rows: &[StatusRow]) -> Result<(), sqlx::Error> {
    SAVE.run(to, rows, put).await
}

impl Store {
    /// What a manager does by what goes on, as recorded since the start; kept in memory.
    #[must_use]
    pub fn live_status(&self, manager: ManagerId) -> Option<OperatorStatus> {
        self.statuses.read().unwrap_or_else(PoisonError::into_inner).get(&manager).copied()
    }

    pub(super) fn set_live_status(&self, manager: ManagerId, status: OperatorStatus) {
        self.statuses.write().unwrap_or_else(PoisonError::into_inner).insert(manager, status);
    }
}
