//! What a conversation holds: calls, notes and entries in order of time.

use super::app::App;
use super::body::Input;
use super::call_view::{CallView, call_view};
use super::caller::Caller;
use super::calls::{Dial, dial_in};
use super::conversations::row;
use super::problem::Problem;
use super::request::{Asked, Id, Page, Part, after, limit};
use crate::clock::{Time, now};
use crate::events::Subject;
use crate::store::{CallFilter, EntryRow, NoteRow};
use crate::workspace::mistake::{Checked, Mistakes};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use pbx::{ConversationId, EntryId, ManagerId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Things a timeline shows at most, each kind.
const TIMELINE: u32 = 200;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get_timeline))
        .routes(routes!(list_notes, add_note))
        .routes(routes!(list_conversation_calls, call_back))
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
    NoteView {
        id: note.id,
        conversation_id: note.conversation_id,
        manager_id: note.manager_id,
        text: note.text.clone(),
        at: Time(note.at),
    }
}

pub(super) fn entry_view(entry: &EntryRow) -> EntryView {
    EntryView {
        id: entry.id,
        conversation_id: entry.conversation_id,
        kind: entry.kind.clone(),
        value: entry.value.clone(),
        at: Time(entry.at),
        by: entry.by,
    }
}

/// A conversation's timeline.
#[derive(Debug, Serialize, ToSchema)]
pub struct Timeline {
    /// In order of time; the latest 200 calls, notes and entries.
    pub items: Vec<TimelineItem>,
}

/// Calls, notes and entries of a conversation, in order of time
#[utoipa::path(get, path = "/conversations/{id}/timeline", tag = "conversations", params(("id" = String, Path)), responses((status = 200, body = Timeline)))]
async fn get_timeline(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ConversationId>,
) -> Result<Json<Timeline>, Problem> {
    row(&app, id).await?;
    let calls =
        app.store.calls(&CallFilter { conversation_id: Some(id), limit: TIMELINE, ..CallFilter::default() }).await?;
    let notes = app.store.notes(id, None, TIMELINE).await?;
    let entries = app.store.entries(id, TIMELINE).await?;
    let mut items: Vec<(u64, u64, TimelineItem)> = Vec::with_capacity(calls.len() + notes.len() + entries.len());
    items.extend(
        calls.iter().map(|c| (c.started_at.0, c.id.0, TimelineItem::Call { call: Box::new(call_view(c, &caller)) })),
    );
    items.extend(notes.iter().map(|n| (n.at.0, n.id.0, TimelineItem::Note { note: note_view(n) })));
    items.extend(entries.iter().map(|e| (e.at.0, e.id.0, TimelineItem::Entry { entry: entry_view(e) })));
    items.sort_by_key(|(at, id, _)| (*at, *id));
    Ok(Json(Timeline { items: items.into_iter().map(|(_, _, item)| item).collect() }))
}

/// A conversation's notes, the newest first
#[utoipa::path(get, path = "/conversations/{id}/notes", tag = "conversations", params(("id" = String, Path), Part), responses((status = 200, body = Page<NoteView>)))]
async fn list_notes(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<ConversationId>,
    Asked(part): Asked<Part>,
) -> Result<Json<Page<NoteView>>, Problem> {
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
async fn add_note(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ConversationId>,
    Input(new): Input<NewNote>,
) -> Result<(StatusCode, Json<NoteView>), Problem> {
    row(&app, id).await?;
    let at = now();
    let note =
        NoteRow { id: EntryId(app.store.new_id(at)), conversation_id: id, manager_id: caller.id, text: new.text, at };
    app.store.add_note(&note).await?;
    app.events.publish(Subject::Note(note.id));
    app.events.publish(Subject::Conversation(id));
    Ok((StatusCode::CREATED, Json(note_view(&note))))
}

/// A conversation's calls, the newest first
#[utoipa::path(get, path = "/conversations/{id}/calls", tag = "conversations", params(("id" = String, Path), Part), responses((status = 200, body = Page<CallView>)))]
async fn list_conversation_calls(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ConversationId>,
    Asked(part): Asked<Part>,
) -> Result<Json<Page<CallView>>, Problem> {
    row(&app, id).await?;
    let limit = limit(part.limit)?;
    let filter = CallFilter {
        conversation_id: Some(id),
        before: after(part.after.as_deref())?,
        limit: limit + 1,
        ..CallFilter::default()
    };
    let calls = app.store.calls(&filter).await?;
    Ok(Json(Page::of(calls.iter().map(|c| call_view(c, &caller)).collect(), limit, |c: &CallView| c.id.to_string())))
}

/// Ring the customer back in this conversation (R86, R87)
#[utoipa::path(post, path = "/conversations/{id}/calls", tag = "conversations", params(("id" = String, Path)), responses((status = 201, body = CallView)))]
async fn call_back(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ConversationId>,
) -> Result<(StatusCode, Json<CallView>), Problem> {
    let row = row(&app, id).await?;
    let Some(number) = row.customer.phone_numbers.first() else {
        return Err(Problem::conflict(
            "no_phone_number",
            "This customer has no telephone number.",
            "고객의 전화번호가 없습니다.",
        ));
    };
    let dial =
        Dial { to: number.to_string(), from_number_id: row.record.number_id, conversation_id: Some(id), device: None };
    dial_in(&app, &caller, dial, Some(row.record)).await
}
