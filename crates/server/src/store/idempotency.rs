//! Answers kept for 24 hours, so that a write that is sent twice is done once.

use super::Store;
use super::column::{Columns as _, big};
use pbx::UnixMillis;
use sqlx::Row as _;

/// An answer as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredResponse {
    /// Hash of what was asked.
    pub request_hash: Vec<u8>,
    /// HTTP status.
    pub status: u16,
    /// Its content type.
    pub content_type: String,
    /// Its body.
    pub body: Vec<u8>,
}

impl Store {
    /// The answer that was given under this key.
    ///
    /// # Errors
    /// When the database cannot be read; so for every method here.
    pub async fn stored_response(
        &self,
        key_hash: &[u8],
        not_before: UnixMillis,
    ) -> Result<Option<StoredResponse>, sqlx::Error> {
        let row = sqlx::query("SELECT * FROM idempotency WHERE key_hash = $1 AND created_at > $2")
            .bind(key_hash)
            .bind(big(not_before.0))
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| {
            Ok(StoredResponse {
                request_hash: row.try_get("request_hash")?,
                status: u16::try_from(row.id("status")?).unwrap_or(500),
                content_type: row.text("content_type")?,
                body: row.try_get("body")?,
            })
        })
        .transpose()
    }

    /// Keeps an answer.
    #[allow(clippy::missing_errors_doc)]
    pub async fn store_response(
        &self,
        key_hash: &[u8],
        response: &StoredResponse,
        now: UnixMillis,
    ) -> Result<(), sqlx::Error> {
        const SAVE: &str = "INSERT INTO idempotency (key_hash, request_hash, status, content_type, body, created_at) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (key_hash) DO UPDATE SET request_hash = $2, status = $3, content_type = $4, body = $5, created_at = $6";
        sqlx::query(SAVE)
            .bind(key_hash)
            .bind(response.request_hash.as_slice())
            .bind(i64::from(response.status))
            .bind(response.content_type.as_str())
            .bind(response.body.as_slice())
            .bind(big(now.0))
            .execute(&self.pool)
            .await
            .map(|_| ())
    }

    /// Forgets answers from before `limit`.
    #[allow(clippy::missing_errors_doc)]
    pub async fn forget_old_responses(&self, limit: UnixMillis) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM idempotency WHERE created_at <= $1")
            .bind(big(limit.0))
            .execute(&self.pool)
            .await
            .map(|_| ())
    }
}
