//! Notes: internal messages in a conversation.

use super::Store;
use super::column::{Columns as _, big};
use super::transaction::in_transaction;
use pbx::{ConversationId, EntryId, ManagerId, UnixMillis};
use sqlx::any::AnyRow;

/// A note as it is stored.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct NoteRow {
    pub id: EntryId,
    pub conversation_id: ConversationId,
    pub manager_id: ManagerId,
    pub text: String,
    pub at: UnixMillis,
}

fn read(row: &AnyRow) -> Result<NoteRow, sqlx::Error> {
    Ok(NoteRow {
        id: EntryId(row.id("id")?),
        conversation_id: ConversationId(row.id("conversation_id")?),
        manager_id: ManagerId(row.id("manager_id")?),
        text: row.text("text")?,
        at: UnixMillis(row.id("at")?),
    })
}

impl Store {
    /// Writes a note and moves its conversation to the top of the list (R80).
    ///
    /// # Errors
    /// When the database refuses; so for every method here.
    pub async fn add_note(&self, note: &NoteRow) -> Result<(), sqlx::Error> {
        in_transaction(&self.pool, async |connection| {
            sqlx::query("INSERT INTO notes (id, conversation_id, manager_id, text, at) VALUES ($1, $2, $3, $4, $5)")
                .bind(big(note.id.0))
                .bind(big(note.conversation_id.0))
                .bind(big(note.manager_id.0))
                .bind(note.text.as_str())
                .bind(big(note.at.0))
                .execute(&mut *connection)
                .await?;
            sqlx::query("UPDATE conversations SET last_activity_at = $1 WHERE id = $2 AND last_activity_at < $1")
                .bind(big(note.at.0))
                .bind(big(note.conversation_id.0))
                .execute(connection)
                .await
                .map(|_| ())
        })
        .await
    }

    /// One note.
    #[allow(clippy::missing_errors_doc)]
    pub async fn note(&self, id: EntryId) -> Result<Option<NoteRow>, sqlx::Error> {
        let row = sqlx::query("SELECT * FROM notes WHERE id = $1").bind(big(id.0)).fetch_optional(&self.pool).await?;
        row.as_ref().map(read).transpose()
    }

    /// The notes of a conversation, the newest first.
    #[allow(clippy::missing_errors_doc)]
    pub async fn notes(
        &self,
        conversation: ConversationId,
        before: Option<EntryId>,
        limit: u32,
    ) -> Result<Vec<NoteRow>, sqlx::Error> {
        let rows = sqlx::query("SELECT * FROM notes WHERE conversation_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3")
            .bind(big(conversation.0))
            .bind(before.map_or(i64::MAX, |id| big(id.0)))
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(read).collect()
    }
}
