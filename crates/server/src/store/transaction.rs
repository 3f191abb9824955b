//! A transaction whose connection ends with it unless it was committed.
//!
//! On a full disk it is the COMMIT that fails, and SQLite keeps the transaction open then. A connection that went back to
//! its pool so would take all that is written later into that transaction, where nobody else sees it and a restart loses it.

use sqlx::any::Any;
use sqlx::pool::PoolConnection;
use sqlx::{AnyConnection, AnyPool, Executor as _};

/// Runs `work` in a transaction: all of it is written, or nothing.
///
/// # Errors
/// Those of `work`, or that the database does not begin or commit; the connection is closed then.
pub(super) async fn in_transaction<T>(
    pool: &AnyPool,
    work: impl AsyncFnOnce(&mut AnyConnection) -> Result<T, sqlx::Error>,
) -> Result<T, sqlx::Error> {
    let mut lease = Lease(Some(pool.acquire().await?));
    let Some(connection) = &mut lease.0 else { return Err(sqlx::Error::PoolClosed) };
    connection.execute("BEGIN").await?;
    let made = work(connection).await?;
    connection.execute("COMMIT").await?;
    // Only now it may be used again.
    drop(lease.0.take());
    Ok(made)
}

/// A connection that is closed, and not given back, when it is dropped: also where whoever waited for it went away.
struct Lease(Option<PoolConnection<Any>>);

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}
