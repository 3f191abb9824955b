//! Lines of a conversation's timeline that are neither calls nor notes.

use super::Store;
use super::bulk::{Bulk, Values};
use super::column::{Columns as _, big, big_or_0};
use pbx::record::EntryRecord;
use pbx::{ConversationId, EntryId, ManagerId, UnixMillis};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

/// A line as it is stored.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct EntryRow {
    pub id: EntryId,
    pub conversation_id: ConversationId,
    pub kind: String,
    pub value: String,
    pub at: UnixMillis,
    pub by: Option<ManagerId>,
}

fn read(row: &AnyRow) -> Result<EntryRow, sqlx::Error> {
    Ok(EntryRow {
        id: EntryId(row.id("id")?),
        conversation_id: ConversationId(row.id("conversation_id")?),
        kind: row.text("kind")?,
        value: row.text("value")?,
        at: UnixMillis(row.id("at")?),
        by: row.id_or_none("by_manager_id")?.map(ManagerId),
    })
}

/// A line never changes, so one that is there already stays.
static SAVE: Bulk = Bulk::upsert("entries", &["id", "conversation_id", "kind", "value", "at", "by_manager_id"], &[]);

fn put(entry: &EntryRecord, to: &mut Values) -> Result<(), sqlx::Error> {
    to.put(big(entry.id.0))?;
    to.put(big(entry.conversation_id.0))?;
    to.put(entry.kind)?;
    to.put(entry.value.as_str())?;
    to.put(big(entry.at.0))?;
    to.put(big_or_0(entry.by.map(|m| m.0)))
}

pub(super) async fn save(to: &mut AnyConnection, entries: &[&EntryRecord]) -> Result<(), sqlx::Error> {
    SAVE.run(to, entries, put).await
}

impl Store {
    /// One line.
    ///
    /// # Errors
    /// When the database cannot be read; so for every method here.
    pub async fn entry(&self, id: EntryId) -> Result<Option<EntryRow>, sqlx::Error> {
        let row = sqlx::query("SELECT * FROM entries WHERE id = $1").bind(big(id.0)).fetch_optional(&self.pool).await?;
        row.as_ref().map(read).transpose()
    }

    /// The lines of a conversation, the newest first.
    #[allow(clippy::missing_errors_doc)]
    pub async fn entries(&self, conversation: ConversationId, limit: u32) -> Result<Vec<EntryRow>, sqlx::Error> {
        let rows = sqlx::query("SELECT * FROM entries WHERE conversation_id = $1 ORDER BY id DESC LIMIT $2")
            .bind(big(conversation.0))
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(read).collect()
    }
}
