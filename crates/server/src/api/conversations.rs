//! Conversations: the inbox.

use super::app::App;
use super::body::{Input, Patch};
use super::call_view::{CallView, LastCallView, call_view};
use super::caller::Caller;
use super::calls::{Dial, dial_in};
use super::problem::Problem;
use super::request::{Asked, Id, Page, Part, after, limit};
use super::settle::settled;
use crate::clock::{Time, now};
use crate::events::Subject;
use crate::store::{CallFilter, ConversationFilter, ConversationRow, EntryRow, NoteRow};
use crate::workspace::mistake::{Checked, Mistakes};
use crate::workspace::words;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use pbx::record::ConversationState;
use pbx::{ConversationEdit, ConversationId, CustomerId, E164, EditRefusal, EntryId, ManagerId, MissedReason, NumberId, TeamId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Things a timeline shows at most, each kind.
const TIMELINE: u32 = 200;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_conversations))
        .routes(routes!(get_conversation, update_conversation))
        .routes(routes!(get_timeline))
        .routes(routes!(list_notes, add_note))
        .routes(routes!(list_conversation_calls, call_back))
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
        Self { id: c.id, name: c.name.clone(), phone_numbers: c.phone_numbers.clone(), is_lead: c.is_lead, blocked: c.blocked }
    }

    fn into_view(self, record: &pbx::ConversationRecord, row: &ConversationRow, actions: Vec<&'static str>) -> ConversationView {
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
            serde_json::from_value(serde_json::Value::from(word))
                .map_err(|_| Problem::field("state", "invalid", "must be open, snoozed, missed, queued or closed", "open, snoozed, missed, queued, closed 중 하나여야 합니다"))
        })
        .collect()
}

/// A place in a list by last activity: time and id.
fn place(text: Option<&str>) -> Result<Option<(u64, u64)>, Problem> {
    let wrong = || Problem::field("after", "invalid", "must be the `next` of a page of this list", "이 목록의 next 값이어야 합니다");
    let Some(text) = text else { return Ok(None) };
    let (at, id) = text.split_once('-').ok_or_else(wrong)?;
    let at = u64::from_str_radix(at, 16).map_err(|_| wrong())?;
    let id: ConversationId = id.parse().map_err(|_| wrong())?;
    Ok(Some((at, id.0)))
}

/// Conversations, the latest activity first
#[utoipa::path(get, path = "/conversations", tag = "conversations", params(ConversationQuery), responses((status = 200, body = Page<ConversationView>)))]
async fn list_conversations(State(app): State<App>, caller: Caller, Asked(query): Asked<ConversationQuery>) -> Result<Json<Page<ConversationView>>, Problem> {
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

async fn row(app: &App, id: ConversationId) -> Result<ConversationRow, Problem> {
    app.store.conversation(id).await?.ok_or_else(Problem::not_found)
}

/// A conversation
#[utoipa::path(get, path = "/conversations/{id}", tag = "conversations", params(("id" = String, Path)), responses((status = 200, body = ConversationView)))]
async fn get_conversation(State(app): State<App>, caller: Caller, Id(id): Id<ConversationId>) -> Result<Json<ConversationView>, Problem> {
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
async fn update_conversation(State(app): State<App>, caller: Caller, Id(id): Id<ConversationId>, patch: Patch) -> Result<Json<ConversationView>, Problem> {
    let current = row(&app, id).await?.record;
    let before = ConversationFields { state: current.state, team_id: current.team_id, assignee_id: current.assignee_id, tags: current.tags.clone() };
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
        EditRefusal::InvalidState => ("invalid", "must be open, snoozed or closed", "open, snoozed, closed 중 하나여야 합니다"),
        EditRefusal::CallInProgress => return Problem::conflict("call_in_progress", "A call of this conversation is in progress.", "진행 중인 통화가 있습니다."),
        EditRefusal::TooManyTags => ("too_many", "are too many", "태그가 너무 많습니다"),
        EditRefusal::InvalidTag => ("invalid", "hold an empty or too long tag", "비어 있거나 너무 긴 태그가 있습니다"),
    };
    Problem::field(why.field(), code, en, ko)
}

/// A line of a conversation's timeline.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TimelineItem {
    /// A call.
    Call {
        /// The call.
        call: Box<CallView>,
    },
    /// A note.
    Note {
        /// The note.
        note: NoteView,
    },
    /// Something that happened.
    Entry {
        /// What.
        entry: EntryView,
    },
}

/// A note.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Note)]
#[allow(missing_docs)]
pub struct NoteView {
    #[schema(value_type = String)]
    pub id: EntryId,
    #[schema(value_type = String)]
    pub conversation_id: ConversationId,
    #[schema(value_type = String)]
    pub manager_id: ManagerId,
    pub text: String,
    pub at: Time,
}

/// Something that happened to a conversation.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Entry)]
#[allow(missing_docs)]
pub struct EntryView {
    #[schema(value_type = String)]
    pub id: EntryId,
    #[schema(value_type = String)]
    pub conversation_id: ConversationId,
    /// `team_assigned`, `assignee_assigned`, `state_changed`.
    pub kind: String,
    /// The id or word that goes with the kind.
    pub value: String,
    pub at: Time,
    /// Who did it; `null` is sori itself.
    #[schema(value_type = Option<String>)]
    pub by: Option<ManagerId>,
}

pub(super) fn note_view(note: &NoteRow) -> NoteView {
    NoteView { id: note.id, conversation_id: note.conversation_id, manager_id: note.manager_id, text: note.text.clone(), at: Time(note.at) }
}

pub(super) fn entry_view(entry: &EntryRow) -> EntryView {
    EntryView { id: entry.id, conversation_id: entry.conversation_id, kind: entry.kind.clone(), value: entry.value.clone(), at: Time(entry.at), by: entry.by }
}

/// A conversation's timeline.
#[derive(Debug, Serialize, ToSchema)]
pub struct Timeline {
    /// In order of time; the latest 200 calls, notes and entries.
    pub items: Vec<TimelineItem>,
}

/// Calls, notes and entries of a conversation, in order of time
#[utoipa::path(get, path = "/conversations/{id}/timeline", tag = "conversations", params(("id" = String, Path)), responses((status = 200, body = Timeline)))]
async fn get_timeline(State(app): State<App>, caller: Caller, Id(id): Id<ConversationId>) -> Result<Json<Timeline>, Problem> {
    row(&app, id).await?;
    let calls = app.store.calls(&CallFilter { conversation_id: Some(id), limit: TIMELINE, ..CallFilter::default() }).await?;
    let notes = app.store.notes(id, None, TIMELINE).await?;
    let entries = app.store.entries(id, TIMELINE).await?;
    let mut items: Vec<(u64, u64, TimelineItem)> = Vec::with_capacity(calls.len() + notes.len() + entries.len());
    items.extend(calls.iter().map(|c| (c.started_at.0, c.id.0, TimelineItem::Call { call: Box::new(call_view(c, &caller)) })));
    items.extend(notes.iter().map(|n| (n.at.0, n.id.0, TimelineItem::Note { note: note_view(n) })));
    items.extend(entries.iter().map(|e| (e.at.0, e.id.0, TimelineItem::Entry { entry: entry_view(e) })));
    items.sort_by_key(|(at, id, _)| (*at, *id));
    Ok(Json(Timeline { items: items.into_iter().map(|(_, _, item)| item).collect() }))
}

/// A conversation's notes, the newest first
#[utoipa::path(get, path = "/conversations/{id}/notes", tag = "conversations", params(("id" = String, Path), Part), responses((status = 200, body = Page<NoteView>)))]
async fn list_notes(State(app): State<App>, _: Caller, Id(id): Id<ConversationId>, Asked(part): Asked<Part>) -> Result<Json<Page<NoteView>>, Problem> {
    row(&app, id).await?;
    let limit = limit(part.limit)?;
    let rows = app.store.notes(id, after(part.after.as_deref())?, limit + 1).await?;
    Ok(Json(Page::of(rows.iter().map(note_view).collect(), limit, |n: &NoteView| n.id.to_string())))
}

/// What to note.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNote {
    /// 1–10000 characters.
    pub text: String,
}

impl Checked for NewNote {
    fn check(&self, mistakes: &mut Mistakes) {
        mistakes.text("text", &self.text, 1, 10_000);
    }
}

/// Add a note
#[utoipa::path(post, path = "/conversations/{id}/notes", tag = "conversations", params(("id" = String, Path)), request_body = NewNote, responses((status = 201, body = NoteView)))]
async fn add_note(State(app): State<App>, caller: Caller, Id(id): Id<ConversationId>, Input(new): Input<NewNote>) -> Result<(StatusCode, Json<NoteView>), Problem> {
    row(&app, id).await?;
    let at = now();
    let note = NoteRow { id: EntryId(app.store.new_id(at)), conversation_id: id, manager_id: caller.id, text: new.text, at };
    app.store.add_note(&note).await?;
    app.events.publish(Subject::Note(note.id));
    app.events.publish(Subject::Conversation(id));
    Ok((StatusCode::CREATED, Json(note_view(&note))))
}

/// A conversation's calls, the newest first
#[utoipa::path(get, path = "/conversations/{id}/calls", tag = "conversations", params(("id" = String, Path), Part), responses((status = 200, body = Page<CallView>)))]
async fn list_conversation_calls(State(app): State<App>, caller: Caller, Id(id): Id<ConversationId>, Asked(part): Asked<Part>) -> Result<Json<Page<CallView>>, Problem> {
    row(&app, id).await?;
    let limit = limit(part.limit)?;
    let filter = CallFilter { conversation_id: Some(id), before: after(part.after.as_deref())?, limit: limit + 1, ..CallFilter::default() };
    let calls = app.store.calls(&filter).await?;
    Ok(Json(Page::of(calls.iter().map(|c| call_view(c, &caller)).collect(), limit, |c: &CallView| c.id.to_string())))
}

/// Ring the customer back in this conversation (R86, R87)
#[utoipa::path(post, path = "/conversations/{id}/calls", tag = "conversations", params(("id" = String, Path)), responses((status = 201, body = CallView)))]
async fn call_back(State(app): State<App>, caller: Caller, Id(id): Id<ConversationId>) -> Result<(StatusCode, Json<CallView>), Problem> {
    let row = row(&app, id).await?;
    let Some(number) = row.customer.phone_numbers.first() else {
        return Err(Problem::conflict("no_phone_number", "This customer has no telephone number.", "고객의 전화번호가 없습니다."));
    };
    let dial = Dial { to: number.to_string(), from_number_id: row.record.number_id, conversation_id: Some(id), device: None };
    dial_in(&app, &caller, dial, Some(row.record)).await
}
