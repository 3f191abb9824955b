//! Operator statuses that come by themselves (on a call), beside the ones managers choose.

use super::Store;
use super::column::{big, word};
use pbx::settings::OperatorStatus;
use pbx::{ManagerId, UnixMillis};
use sqlx::AnyConnection;
use std::sync::PoisonError;

pub(super) async fn save(
    to: &mut AnyConnection,
    manager: ManagerId,
    status: OperatorStatus,
    since: UnixMillis,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO operator_statuses (manager_id, status, since) VALUES ($1, $2, $3) ON CONFLICT (manager_id) DO UPDATE SET status = $2, since = $3")
        .bind(big(manager.0))
        .bind(word(&status))
        .bind(big(since.0))
        .execute(to)
        .await
        .map(|_| ())
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
