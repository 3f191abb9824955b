//! Server-sent events: every change of what the caller may see, each with the whole thing as its GET gives it.

use super::app::App;
use super::call_view::call_view;
use super::caller::Caller;
use super::carriers::carrier_view;
use super::conversations::conversation_view;
use super::customers::customer_view;
use super::hours::hours_view;
use super::managers::manager_view;
use super::numbers::number_view;
use super::phones::{may_see, phone_view};
use super::system::system_view;
use super::teams::team_view;
use super::timeline::{entry_view, note_view};
use super::workflows::workflow_view;
use crate::clock::now;
use crate::events::{Event, Loaded, Subject, Subscription};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event as Message, KeepAlive};
use futures_util::Stream;
use serde::Serialize;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Between two signs of life on a quiet stream, and between two looks whether the session still holds.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_events))
}

/// What changes
///
/// `event:` is `call`, `conversation`, `customer`, `entry`, `note`, `phone`, `manager`, `number`, `team`, `carrier`, `hours`,
/// `workflow` or `system`; `data:` the thing as its GET gives it, or `{"id": …, "deleted": true}`. `Last-Event-ID` brings what
/// was missed; when that is no longer kept, the first event is `system` with `"resync": true`: read the lists again.
#[utoipa::path(get, path = "/events", tag = "events", params(("Last-Event-ID" = Option<String>, Header)), responses((status = 200, content_type = "text/event-stream", body = String)))]
async fn get_events(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Message, Infallible>>> {
    let last_id = headers.get("last-event-id").and_then(|v| v.to_str().ok());
    // Listening begins here, not when the body is first read: nothing may fall between.
    let subscription = app.events.subscribe(last_id);
    Sse::new(messages(app, caller, subscription)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

fn messages(
    app: App,
    caller: Caller,
    mut subscription: Subscription,
) -> impl Stream<Item = Result<Message, Infallible>> {
    async_stream::stream! {
        // The first message comes at once: it opens the stream and carries an id to come back with.
        yield Ok(system_message(&app, !subscription.complete));
        for event in std::mem::take(&mut subscription.missed) {
            if let Some(message) = message(&app, &caller, &event).await {
                yield Ok(message);
            }
        }
        let mut look = tokio::time::interval(KEEP_ALIVE);
        let mut caller = caller;
        loop {
            tokio::select! {
                _ = look.tick() => match still_signed_in(&app, &caller).await {
                    Some(renewed) => caller = renewed,
                    None => break,
                },
                received = subscription.receiver.recv() => match received {
                    Ok(event) => {
                        if let Some(message) = message(&app, &caller, &event).await {
                            yield Ok(message);
                        }
                    }
                    Err(RecvError::Lagged(_)) => yield Ok(system_message(&app, true)),
                    Err(RecvError::Closed) => break,
                },
            }
        }
    }
}

/// The caller as they are now (role and language may have changed); nothing when they are signed out.
async fn still_signed_in(app: &App, caller: &Caller) -> Option<Caller> {
    if let Some(session) = &caller.session {
        match app.store.session(session, now()).await {
            Ok(Some(_)) => {}
            Ok(None) => return None,
            // The database is away; the stream says so elsewhere and goes on.
            Err(_) => return Some(caller.clone()),
        }
    }
    let workspace = app.workspace();
    let manager = workspace.managers.get(&caller.id)?;
    Some(Caller { role: manager.fields.role, language: manager.fields.language, ..caller.clone() })
}

fn system_message(app: &App, resync: bool) -> Message {
    let message = Message::default().event("system").id(app.events.latest_id());
    message.json_data(system_view(app, resync)).unwrap_or_default()
}

async fn message(app: &App, caller: &Caller, event: &Event) -> Option<Message> {
    let data = data(app, caller, event).await?;
    Some(Message::default().event(event.subject.kind()).id(app.events.id_of(event)).data(data))
}

fn text(view: &impl Serialize) -> Option<String> {
    serde_json::to_string(view).ok()
}

fn deleted(id: impl ToString) -> Option<String> {
    text(&serde_json::json!({ "id": id.to_string(), "deleted": true }))
}

async fn data(app: &App, caller: &Caller, event: &Event) -> Option<String> {
    let workspace = app.workspace();
    match event.subject {
        Subject::System => text(&system_view(app, false)),
        Subject::Manager(id) => {
            workspace.managers.get(&id).map_or_else(|| deleted(id), |m| text(&manager_view(app, m, caller)))
        }
        Subject::Team(id) => {
            workspace.teams.get(&id).map_or_else(|| deleted(id), |t| text(&team_view(&workspace, t, caller)))
        }
        Subject::Number(id) => {
            workspace.numbers.get(&id).map_or_else(|| deleted(id), |n| text(&number_view(&workspace, n, caller)))
        }
        Subject::Hours(id) => workspace.hours.get(&id).map_or_else(|| deleted(id), |h| text(&hours_view(h, caller))),
        Subject::Workflow(id) => {
            workspace.workflows.get(&id).map_or_else(|| deleted(id), |w| text(&workflow_view(w, caller)))
        }
        Subject::Carrier(_) if !caller.is_admin() => None,
        Subject::Carrier(id) => {
            workspace.carriers.get(&id).map_or_else(|| deleted(id), |c| text(&carrier_view(app, c, caller)))
        }
        Subject::Phone(id) => match workspace.phones.get(&id) {
            Some(phone) if may_see(phone, caller) => text(&phone_view(app, phone, caller)),
            // Gone, or handed to somebody else: not on this caller's list any more.
            _ => deleted(id),
        },
        _ => match event.load(&app.store).await? {
            Loaded::Call(call) => text(&call_view(call, caller)),
            Loaded::Conversation(row) => text(&conversation_view(app, row, caller)),
            Loaded::Customer(customer) => text(&customer_view(customer)),
            Loaded::Entry(entry) => text(&entry_view(entry)),
            Loaded::Note(note) => text(&note_view(note)),
        },
    }
}

/// Hands the live changes that never touch the database (lights of phones, browsers that come and go) to the listeners.
pub async fn forward_live_changes(app: App) {
    use crate::control::LiveChange;
    let mut changes = app.control.live.changes.subscribe();
    loop {
        match changes.recv().await {
            Ok(LiveChange::Phone(id)) => app.events.publish(Subject::Phone(id)),
            Ok(LiveChange::Manager(id)) => app.events.publish(Subject::Manager(id)),
            Ok(LiveChange::Carrier(id)) => app.events.publish(Subject::Carrier(id)),
            Ok(LiveChange::System) | Err(RecvError::Lagged(_)) => app.events.publish(Subject::System),
            Err(RecvError::Closed) => return,
        }
    }
}
