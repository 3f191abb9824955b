//! Conversations, with what a list of them shows.

use super::bulk::{Bulk, Values};
use super::column::{Columns as _, big, big_or_0, json, word};
use super::customers::CustomerRow;
use super::filter::Filter;
use super::{Store, customers};
use pbx::record::{CallState, ConversationState, Direction};
use pbx::{
    CallId, ConversationId, ConversationRecord, CustomerId, ManagerId, MissedReason, NumberId, TeamId, UnixMillis,
};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

/// A conversation with its customer and its last call.
#[derive(Clone, Debug, PartialEq)]
pub struct ConversationRow {
    /// The conversation itself.
    pub record: ConversationRecord,
    /// Its customer.
    pub customer: CustomerRow,
    /// The latest call in it.
    pub last_call: Option<LastCall>,
}

/// What a list shows of the latest call.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct LastCall {
    pub id: CallId,
    pub direction: Direction,
    pub state: CallState,
    pub missed_reason: Option<MissedReason>,
    pub started_at: UnixMillis,
    pub engaged_at: Option<UnixMillis>,
    pub ended_at: Option<UnixMillis>,
}

/// Which conversations are wanted; the latest activity first.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct ConversationFilter {
    /// Any of these; all when empty.
    pub states: Vec<ConversationState>,
    pub assignee_id: Option<ManagerId>,
    pub team_id: Option<TeamId>,
    pub customer_id: Option<CustomerId>,
    /// After this place in the list: last activity and id of the last one shown.
    pub after: Option<(u64, u64)>,
    pub limit: u32,
}

const SELECT: &str = "SELECT c.id, c.state, c.customer_id, c.number_id, c.team_id, c.assignee_id, c.missed_reason, c.tags, c.created_at, \
     c.last_activity_at, c.closed_at, u.name AS customer_name, u.phone_numbers AS customer_phone_numbers, u.alias AS customer_alias, \
     u.language AS customer_language, u.is_lead AS customer_is_lead, u.blocked AS customer_blocked, u.profile AS customer_profile, \
     u.created_at AS customer_created_at, COALESCE(k.id, 0) AS call_id, COALESCE(k.direction, '') AS call_direction, \
     COALESCE(k.state, '') AS call_state, COALESCE(k.missed_reason, '') AS call_missed_reason, COALESCE(k.started_at, 0) AS call_started_at, \
     COALESCE(k.engaged_at, 0) AS call_engaged_at, COALESCE(k.ended_at, 0) AS call_ended_at \
     FROM conversations c JOIN customers u ON u.id = c.customer_id \
     LEFT JOIN calls k ON k.id = (SELECT MAX(id) FROM calls WHERE conversation_id = c.id)";

fn read(row: &AnyRow) -> Result<ConversationRow, sqlx::Error> {
    let record = ConversationRecord {
        id: ConversationId(row.id("id")?),
        state: row.word("state")?,
        customer_id: CustomerId(row.id("customer_id")?),
        number_id: row.id_or_none("number_id")?.map(NumberId),
        team_id: row.id_or_none("team_id")?.map(TeamId),
        assignee_id: row.id_or_none("assignee_id")?.map(ManagerId),
        missed_reason: row.word_or_none("missed_reason")?,
        tags: row.json("tags")?,
        created_at: UnixMillis(row.id("created_at")?),
        last_activity_at: UnixMillis(row.id("last_activity_at")?),
        closed_at: row.time_or_none("closed_at")?,
    };
    let customer = customers::read_with(row, "customer_", record.customer_id)?;
    let last_call = match row.id_or_none("call_id")? {
        None => None,
        Some(id) => Some(LastCall {
            id: CallId(id),
            direction: row.word("call_direction")?,
            state: row.word("call_state")?,
            missed_reason: row.word_or_none("call_missed_reason")?,
            started_at: UnixMillis(row.id("call_started_at")?),
            engaged_at: row.time_or_none("call_engaged_at")?,
            ended_at: row.time_or_none("call_ended_at")?,
        }),
    };
    Ok(ConversationRow { record, customer, last_call })
}

static SAVE: Bulk = Bulk::upsert(
    "conversations",
    &[
        "id",
        "state",
        "customer_id",
        "number_id",
        "team_id",
        "assignee_id",
        "missed_reason",
        "tags",
        "created_at",
        "last_activity_at",
        "closed_at",
    ],
    &[
        "state",
        "customer_id",
        "number_id",
        "team_id",
        "assignee_id",
        "missed_reason",
        "tags",
        "last_activity_at",
        "closed_at",
    ],
);

fn put(conversation: &ConversationRecord, to: &mut Values) -> Result<(), sqlx::Error> {
    to.put(big(conversation.id.0))?;
    to.put(word(&conversation.state))?;
    to.put(big(conversation.customer_id.0))?;
    to.put(big_or_0(conversation.number_id.map(|i| i.0)))?;
    to.put(big_or_0(conversation.team_id.map(|i| i.0)))?;
    to.put(big_or_0(conversation.assignee_id.map(|i| i.0)))?;
    to.put(conversation.missed_reason.map_or("", MissedReason::as_str))?;
    to.put(json(&conversation.tags)?)?;
    to.put(big(conversation.created_at.0))?;
    to.put(big(conversation.last_activity_at.0))?;
    to.put(big_or_0(conversation.closed_at.map(|t| t.0)))
}

pub(super) async fn save(to: &mut AnyConnection, conversations: &[&ConversationRecord]) -> Result<(), sqlx::Error> {
    SAVE.run(to, conversations, put).await
}

impl Store {
    /// One conversation.
    ///
    /// # Errors
    /// When the database cannot be read; so for every method here.
    pub async fn conversation(&self, id: ConversationId) -> Result<Option<ConversationRow>, sqlx::Error> {
        let mut filter = Filter::new(SELECT);
        filter.and_id("c.id = ", Some(id.0));
        filter.fetch("", 1, &self.pool).await?.first().map(read).transpose()
    }

    /// Conversations, the latest activity first.
    #[allow(clippy::missing_errors_doc)]
    pub async fn conversations(&self, wanted: &ConversationFilter) -> Result<Vec<ConversationRow>, sqlx::Error> {
        let mut filter = Filter::new(SELECT);
        let words: Vec<String> = wanted.states.iter().map(word).collect();
        filter.and_words("c.state", &words);
        filter.and_id("c.assignee_id = ", wanted.assignee_id.map(|i| i.0));
        filter.and_id("c.team_id = ", wanted.team_id.map(|i| i.0));
        filter.and_id("c.customer_id = ", wanted.customer_id.map(|i| i.0));
        filter.and_before("c.last_activity_at", "c.id", wanted.after);
        filter
            .fetch("ORDER BY c.last_activity_at DESC, c.id DESC", wanted.limit, &self.pool)
            .await?
            .iter()
            .map(read)
            .collect()
    }
}
