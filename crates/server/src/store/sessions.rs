//! Login sessions: hashes of tokens, never the tokens.

use super::Store;
use super::column::{Columns as _, big};
use pbx::{ManagerId, UnixMillis};

impl Store {
    /// Keeps a session until `expires_at`.
    ///
    /// # Errors
    /// When the database refuses; so for every method here.
    pub async fn add_session(
        &self,
        token_hash: &[u8],
        manager: ManagerId,
        now: UnixMillis,
        expires_at: UnixMillis,
    ) -> Result<(), sqlx::Error> {
        sqlx::query("INSERT INTO sessions (token_hash, manager_id, created_at, expires_at) VALUES ($1, $2, $3, $4)")
            .bind(token_hash)
            .bind(big(manager.0))
            .bind(big(now.0))
            .bind(big(expires_at.0))
            .execute(&self.pool)
            .await
            .map(|_| ())
    }

    /// Whose session this is, if it is one now.
    #[allow(clippy::missing_errors_doc)]
    pub async fn session(&self, token_hash: &[u8], now: UnixMillis) -> Result<Option<ManagerId>, sqlx::Error> {
        let row = sqlx::query("SELECT manager_id FROM sessions WHERE token_hash = $1 AND expires_at > $2")
            .bind(token_hash)
            .bind(big(now.0))
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| row.id("manager_id").map(ManagerId)).transpose()
    }

    /// Ends a session.
    #[allow(clippy::missing_errors_doc)]
    pub async fn end_session(&self, token_hash: &[u8]) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM sessions WHERE token_hash = $1").bind(token_hash).execute(&self.pool).await.map(|_| ())
    }

    /// Ends all sessions of a manager (the password changed).
    #[allow(clippy::missing_errors_doc)]
    pub async fn end_sessions_of(&self, manager: ManagerId) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM sessions WHERE manager_id = $1")
            .bind(big(manager.0))
            .execute(&self.pool)
            .await
            .map(|_| ())
    }

    /// Forgets sessions that are over.
    #[allow(clippy::missing_errors_doc)]
    pub async fn forget_old_sessions(&self, now: UnixMillis) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM sessions WHERE expires_at <= $1")
            .bind(big(now.0))
            .execute(&self.pool)
            .await
            .map(|_| ())
    }
}
