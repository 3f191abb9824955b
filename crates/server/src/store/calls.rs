//! Calls.

use super::Store;
use super::bulk::{Bulk, Values};
use super::column::{Columns as _, big, big_or_0, json, word, word_or_empty};
use super::filter::Filter;
use pbx::record::{CallState, Direction, KeyPress, TraceMark};
use pbx::settings::RingDevice;
use pbx::{CallId, CallRecord, ConversationId, CustomerId, ManagerId, MissedReason, NumberId, UnixMillis};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

/// A call as it is stored.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct CallRow {
    pub id: CallId,
    pub direction: Direction,
    pub state: CallState,
    pub from: String,
    pub to: String,
    pub number_id: Option<NumberId>,
    pub customer_id: Option<CustomerId>,
    pub conversation_id: Option<ConversationId>,
    pub started_at: UnixMillis,
    pub ringing_at: Option<UnixMillis>,
    pub engaged_at: Option<UnixMillis>,
    pub ended_at: Option<UnixMillis>,
    pub missed_reason: Option<MissedReason>,
    pub failure: Option<String>,
    pub manager_ids: Vec<ManagerId>,
    pub answered_by: Option<ManagerId>,
    pub device: Option<RingDevice>,
    pub held: bool,
    pub keys: Vec<KeyPress>,
    pub trace: Vec<TraceMark>,
    pub recording: Option<String>,
    pub recording_seconds: Option<u32>,
}

/// Which calls are wanted; the newest first.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct CallFilter {
    pub conversation_id: Option<ConversationId>,
    pub customer_id: Option<CustomerId>,
    pub direction: Option<Direction>,
    pub state: Option<CallState>,
    /// Calls older than this one.
    pub before: Option<CallId>,
    pub limit: u32,
}

pub(super) fn read(row: &AnyRow) -> Result<CallRow, sqlx::Error> {
    Ok(CallRow {
        id: CallId(row.id("id")?),
        direction: row.word("direction")?,
        state: row.word("state")?,
        from: row.text("caller")?,
        to: row.text("called")?,
        number_id: row.id_or_none("number_id")?.map(NumberId),
        customer_id: row.id_or_none("customer_id")?.map(CustomerId),
        conversation_id: row.id_or_none("conversation_id")?.map(ConversationId),
        started_at: UnixMillis(row.id("started_at")?),
        ringing_at: row.time_or_none("ringing_at")?,
        engaged_at: row.time_or_none("engaged_at")?,
        ended_at: row.time_or_none("ended_at")?,
        missed_reason: row.word_or_none("missed_reason")?,
        failure: Some(row.text("failure")?).filter(|f| !f.is_empty()),
        manager_ids: row.json("manager_ids")?,
        answered_by: row.id_or_none("answered_by")?.map(ManagerId),
        device: row.word_or_none("device")?,
        held: row.id("held")? != 0,
        keys: row.json("keys")?,
        trace: row.json("trace")?,
        recording: Some(row.text("recording")?).filter(|f| !f.is_empty()),
        recording_seconds: row.id_or_none("recording_seconds")?.and_then(|s| u32::try_from(s).ok()),
    })
}

/// The condition of the index of calls that are up; a query uses that index when it has these very words.
const UP: &str = "state <> 'ended'";

static SAVE: Bulk = Bulk::upsert(
    "calls",
    &[
        "id",
        "direction",
        "state",
        "caller",
        "called",
        "number_id",
        "customer_id",
        "conversation_id",
        "started_at",
        "ringing_at",
        "engaged_at",
        "ended_at",
        "missed_reason",
        "failure",
        "manager_ids",
        "answered_by",
        "device",
        "held",
        "keys",
        "trace",
        "recording",
        "recording_seconds",
    ],
    &[
        "state",
        "caller",
        "called",
        "number_id",
        "customer_id",
        "conversation_id",
        "ringing_at",
        "engaged_at",
        "ended_at",
        "missed_reason",
        "failure",
        "manager_ids",
        "answered_by",
        "device",
        "held",
        "keys",
        "trace",
        "recording",
        "recording_seconds",
    ],
);

fn put(call: &CallRecord, to: &mut Values) -> Result<(), sqlx::Error> {
    to.put(big(call.id.0))?;
    to.put(word(&call.direction))?;
    to.put(word(&call.state))?;
    to.put(call.from.as_str())?;
    to.put(call.to.as_str())?;
    to.put(big_or_0(call.number_id.map(|i| i.0)))?;
    to.put(big_or_0(call.customer_id.map(|i| i.0)))?;
    to.put(big_or_0(call.conversation_id.map(|i| i.0)))?;
    to.put(big(call.started_at.0))?;
    to.put(big_or_0(call.ringing_at.map(|t| t.0)))?;
    to.put(big_or_0(call.engaged_at.map(|t| t.0)))?;
    to.put(big_or_0(call.ended_at.map(|t| t.0)))?;
    to.put(call.missed_reason.map_or("", MissedReason::as_str))?;
    to.put(call.failure.unwrap_or_default())?;
    to.put(json(&call.manager_ids)?)?;
    to.put(big_or_0(call.answered_by.map(|i| i.0)))?;
    to.put(word_or_empty(call.device.as_ref()))?;
    to.put(i64::from(call.held))?;
    to.put(json(&call.keys)?)?;
    to.put(json(&call.trace)?)?;
    to.put(call.recording.as_deref().unwrap_or_default())?;
    to.put(i64::from(call.recording_seconds.unwrap_or(0)))
}

pub(super) async fn save(to: &mut AnyConnection, calls: &[&CallRecord]) -> Result<(), sqlx::Error> {
    SAVE.run(to, calls, put).await
}

impl Store {
    /// One call.
    ///
    /// # Errors
    /// When the database cannot be read; so for every method here.
    pub async fn call(&self, id: CallId) -> Result<Option<CallRow>, sqlx::Error> {
        let row = sqlx::query("SELECT * FROM calls WHERE id = $1").bind(big(id.0)).fetch_optional(&self.pool).await?;
        row.as_ref().map(read).transpose()
    }

    /// Calls, the newest first.
    #[allow(clippy::missing_errors_doc)]
    pub async fn calls(&self, wanted: &CallFilter) -> Result<Vec<CallRow>, sqlx::Error> {
        let mut filter = Filter::new("SELECT * FROM calls");
        filter.and_id("conversation_id = ", wanted.conversation_id.map(|i| i.0));
        filter.and_id("customer_id = ", wanted.customer_id.map(|i| i.0));
        filter.and_words("direction", wanted.direction.as_ref().map(word).as_slice());
        filter.and_words("state", wanted.state.as_ref().map(word).as_slice());
        if wanted.state.is_some_and(|state| state != CallState::Ended) {
            filter.and(UP);
        }
        filter.and_id("id < ", wanted.before.map(|i| i.0));
        filter.fetch("ORDER BY id DESC", wanted.limit, &self.pool).await?.iter().map(read).collect()
    }

    /// How many calls the database holds as not ended.
    #[allow(clippy::missing_errors_doc)]
    pub async fn calls_up(&self) -> Result<u64, sqlx::Error> {
        let count: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM calls WHERE state <> 'ended'").fetch_one(&self.pool).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}
