//! Conversations: the inbox.

use super::app::App;
use super::body::Patch;
use super::call_view::LastCallView;
use super::caller::Caller;
use super::problem::Problem;
use super::request::{Asked, Id, Page, limit};
use super::settle::settled;
use crate::clock::Time;
use crate::store::{ConversationFilter, ConversationRow};
use crate::workspace::mistake::{Checked, Mistakes};
use crate::workspace::words;
use axum::Json;
use axum::extract::State;
use pbx::record::ConversationState;
use pbx::{ConversationEdit, ConversationId, CustomerId, E164, EditRefusal, ManagerId, MissedReason, NumberId, TeamId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_conversations)).routes(routes!(get_conversation, update_conversation))
}

/// A conversation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Conversation)]
#[allow(missing_docs)]
pub struct ConversationView {
    #[schema(value_type = String)]
    pub id: ConversationId,
    #[schema(value_type = words::ConversationState)]
    pub state: ConversationState,
    #[schema(value_type = String)]
    pub customer_id: CustomerId,
    pub customer: CustomerBriefView,
    #[schema(value_type = Option<String>)]
    pub number_id: Option<NumberId>,
    #[schema(value_type = Option<String>)]
    pub team_id: Option<TeamId>,
    #[schema(value_type = Option<String>)]
    pub assignee_id: Option<ManagerId>,
    #[schema(value_type = Option<words::MissedReason>)]
    pub missed_reason: Option<MissedReason>,
    pub tags: Vec<String>,
    pub created_at: Time,
    pub last_activity_at: Time,
    pub closed_at: Option<Time>,
    pub last_call: Option<LastCallView>,
    /// What the caller may do: `open`, `snooze`, `close`, `assign`, `tag`, `note`, `call`.
    pub actions: Vec<&'static str>,
}

/// What the inbox shows of a customer.
#[derive(Debug, Serialize, ToSchema)]
#[allow(missing_docs)]
pub struct CustomerBriefView {
    #[schema(value_type = String)]
    pub id: CustomerId,
    pub name: String,
    #[schema(value_type = Vec<String>)]
    pub phone_numbers: Vec<E164>,
    pub is_lead: bool,
    pub blocked: bool,
}

pub(super) fn conversation_view(app: &App, row: &ConversationRow, caller: &Caller) -> ConversationView {
    let record = &row.record;
    CustomerBriefView::of(row).into_view(record, row, actions(app, row, caller))
}

impl CustomerBriefView {
    fn of(row: &ConversationRow) -> Self {
        let c = &row.customer;
        Self {
            id: c.id,
            name: c.name.clone(),
            phone_numbers: c.phone_numbers.clone(),
            is_lead: c.is_lead,
            blocked: c.blocked,
        }
    }

    fn into_view(
        self,
        record: &pbx::ConversationRecord,
        row: &ConversationRow,
        actions: Vec<&'static str>,
    ) -> ConversationView {
        ConversationView {
            id: record.id,
            state: record.state,
            customer_id: record.customer_id,
            customer: self,
            number_id: record.number_id,
            team_id: record.team_id,
            assignee_id: record.assignee_id,
            missed_reason: record.missed_reason,
            tags: record.tags.clone(),
            created_at: Time(record.created_at),
            last_activity_at: Time(record.last_activity_at),
            closed_at: Time::some(record.closed_at),
            last_call: row.last_call.as_ref().map(LastCallView::from),
            actions,
        }
    }
}

fn actions(app: &App, row: &ConversationRow, caller: &Caller) -> Vec<&'static str> {
    use ConversationState::{Closed, Open, Snoozed};
    let is_up = row.last_call.as_ref().is_some_and(|c| c.ended_at.is_none());
    let mut actions = vec!["assign", "tag", "note"];
    if !is_up {
        let moves = [("open", Open), ("snooze", Snoozed), ("close", Closed)];
        actions.extend(moves.into_iter().filter(|(_, state)| row.record.state != *state).map(|(action, _)| action));
    }
    let has_seat = app.workspace().managers.get(&caller.id).is_some_and(|m| m.fields.seat);
    if has_seat && !is_up && !row.customer.phone_numbers.is_empty() {
        actions.push("call");
    }
    actions
}

/// Which conversations.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConversationQuery {
    /// One state, or several with commas between; all when left out.
    state: Option<String>,
    /// Of this manager.
    #[param(value_type = Option<String>)]
    assignee_id: Option<ManagerId>,
    /// Of this team.
    #[param(value_type = Option<String>)]
    team_id: Option<TeamId>,
    /// With this customer.
    #[param(value_type = Option<String>)]
    customer_id: Option<CustomerId>,
    /// `next` of the page before.
    after: Option<String>,
    /// 1–200; 50 when left out.
    limit: Option<u32>,
}

fn states(text: Option<&str>) -> Result<Vec<ConversationState>, Problem> {
    text.unwrap_or_default()
        .split(',')
        .filter(|word| !word.is_empty())
        .map(|word| {
            serde_json::from_value(serde_json::Value::from(word)).map_err(|_| {
                Problem::field(
                    "state",
                    "invalid",
                    "must be open, snoozed, missed, queued or closed",
                    "open, snoozed, missed, queued, closed 중 하나여야 합니다",
                )
            })
        })
        .collect()
}

/// A place in a list by last activity: time and id.
fn place(text: Option<&str>) -> Result<Option<(u64, u64)>, Problem> {
    let wrong = || {
        Problem::field(
            "after",
            "invalid",
            "must be the `next` of a page of this list",
            "이 목록의 next 값이어야 합니다",
        )
    };
    let Some(text) = text else { return Ok(None) };
    let (at, id) = text.split_once('-').ok_or_else(wrong)?;
    let at = u64::from_str_radix(at, 16).map_err(|_| wrong())?;
    let id: ConversationId = id.parse().map_err(|_| wrong())?;
    Ok(Some((at, id.0)))
}

/// Conversations, the latest activity first
#[utoipa::path(get, path = "/conversations", tag = "conversations", params(ConversationQuery), responses((status = 200, body = Page<ConversationView>)))]
async fn list_conversations(
    State(app): State<App>,
    caller: Caller,
    Asked(query): Asked<ConversationQuery>,
) -> Result<Json<Page<ConversationView>>, Problem> {
    let limit = limit(query.limit)?;
    let filter = ConversationFilter {
        states: states(query.state.as_deref())?,
        assignee_id: query.assignee_id,
        team_id: query.team_id,
        customer_id: query.customer_id,
        after: place(query.after.as_deref())?,
        limit: limit + 1,
    };
    let rows = app.store.conversations(&filter).await?;
    let items = rows.iter().map(|r| conversation_view(&app, r, &caller)).collect();
    Ok(Json(Page::of(items, limit, |c: &ConversationView| format!("{:x}-{}", c.last_activity_at.0.0, c.id))))
}

pub(super) async fn row(app: &App, id: ConversationId) -> Result<ConversationRow, Problem> {
    app.store.conversation(id).await?.ok_or_else(Problem::not_found)
}

/// A conversation
#[utoipa::path(get, path = "/conversations/{id}", tag = "conversations", params(("id" = String, Path)), responses((status = 200, body = ConversationView)))]
async fn get_conversation(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ConversationId>,
) -> Result<Json<ConversationView>, Problem> {
    Ok(Json(conversation_view(&app, &row(&app, id).await?, &caller)))
}

/// What can be changed of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConversationFields {
    /// `open`, `snoozed` or `closed`.
    #[schema(value_type = words::ConversationState)]
    pub state: ConversationState,
    /// The team.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub team_id: Option<TeamId>,
    /// The manager it belongs to.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub assignee_id: Option<ManagerId>,
    /// All its tags.
    #[serde(default)]
    pub tags: Vec<String>,
}

impl Checked for ConversationFields {
    fn check(&self, _: &mut Mistakes) {}
}

/// Change a conversation's state, team, assignee or tags
#[utoipa::path(patch, path = "/conversations/{id}", tag = "conversations", params(("id" = String, Path)), request_body = ConversationFields, responses((status = 200, body = ConversationView)))]
async fn update_conversation(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ConversationId>,
    patch: Patch,
) -> Result<Json<ConversationView>, Problem> {
    let current = row(&app, id).await?.record;
    let before = ConversationFields {
        state: current.state,
        team_id: current.team_id,
        assignee_id: current.assignee_id,
        tags: current.tags.clone(),
    };
    let fields = patch.apply(&before)?;
    let edit = ConversationEdit {
        state: (fields.state != before.state).then_some(fields.state),
        team_id: (fields.team_id != before.team_id).then_some(fields.team_id),
        assignee_id: (fields.assignee_id != before.assignee_id).then_some(fields.assignee_id),
        tags: (fields.tags != before.tags).then_some(fields.tags),
    };
    let edited = app.control.edit_conversation(current, edit, caller.id).await?.map_err(refusal)?;
    let row = settled(&app, || app.store.conversation(id), |row| row.record == edited).await?;
    Ok(Json(conversation_view(&app, &row, &caller)))
}

fn refusal(why: EditRefusal) -> Problem {
    let (code, en, ko) = match why {
        EditRefusal::UnknownTeam => ("not_found", "there is no such team", "해당 팀이 없습니다"),
        EditRefusal::UnknownManager => ("not_found", "there is no such manager", "해당 매니저가 없습니다"),
        EditRefusal::NoSeat => ("no_seat", "this manager has no operator seat", "오퍼레이터 좌석이 없는 매니저입니다"),
        EditRefusal::InvalidState => {
            ("invalid", "must be open, snoozed or closed", "open, snoozed, closed 중 하나여야 합니다")
        }
        EditRefusal::CallInProgress => {
            return Problem::conflict(
                "call_in_progress",
                "A call of this conversation is in progress.",
                "진행 중인 통화가 있습니다.",
            );
        }
        EditRefusal::TooManyTags => ("too_many", "are too many", "태그가 너무 많습니다"),
        EditRefusal::InvalidTag => ("invalid", "hold an empty or too long tag", "비어 있거나 너무 긴 태그가 있습니다"),
    };
    Problem::field(why.field(), code, en, ko)
}
