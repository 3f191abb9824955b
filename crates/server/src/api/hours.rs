//! Opening hours.

use super::app::App;
use super::body::{Input, Patch};
use super::caller::Caller;
use super::problem::Problem;
use super::request::{Asked, Id, Page, Part, page_of_map};
use crate::clock::{Time, now};
use crate::workspace::Workspace;
use crate::workspace::hours::{Hours, HoursFields};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use pbx::HoursId;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Opening hours of a workspace at most (behaviour 2.6).
const MOST: usize = 30;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_hours, create_hours)).routes(routes!(
        get_hours,
        update_hours,
        delete_hours
    ))
}

/// Opening hours.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Hours)]
pub struct HoursView {
    /// Which ones.
    #[schema(value_type = String)]
    pub id: HoursId,
    /// What can be edited.
    #[serde(flatten)]
    pub fields: HoursFields,
    /// Open now?
    pub is_open: bool,
    /// When that changes next, within the days ahead.
    pub next_change_at: Option<Time>,
    /// What the caller may do: `edit`, `delete`.
    pub actions: Vec<&'static str>,
}

pub(super) fn hours_view(hours: &Hours, caller: &Caller) -> HoursView {
    let now = now();
    let open = hours.fields.open_spans(now);
    let next = open.iter().flat_map(|(from, to)| [*from, *to]).find(|edge| *edge > now);
    HoursView {
        id: hours.id,
        fields: hours.fields.clone(),
        is_open: pbx::settings::Hours { open }.is_open(now),
        next_change_at: Time::some(next),
        actions: if caller.is_admin() { vec!["edit", "delete"] } else { Vec::new() },
    }
}

fn view(app: &App, caller: &Caller, id: HoursId) -> Result<HoursView, Problem> {
    app.workspace().hours.get(&id).map(|h| hours_view(h, caller)).ok_or_else(Problem::not_found)
}

/// A manual override without an end lasts until the next automatic change (behaviour 2.6).
fn put(workspace: &mut Workspace, id: HoursId, mut fields: HoursFields) {
    let now = now();
    let next = fields.next_change(now).unwrap_or(now.plus_ms(24 * 3_600_000));
    if let Some(manual) = &mut fields.manual_override {
        manual.until.get_or_insert(Time(next));
    }
    workspace.hours.insert(id, Arc::new(Hours { id, fields }));
}

/// Opening hours
#[utoipa::path(get, path = "/hours", tag = "hours", params(Part), responses((status = 200, body = Page<HoursView>)))]
async fn list_hours(
    State(app): State<App>,
    caller: Caller,
    Asked(part): Asked<Part>,
) -> Result<Json<Page<HoursView>>, Problem> {
    page_of_map(app.workspace().hours.iter(), &part, |h| hours_view(h, &caller)).map(Json)
}

/// One set of opening hours
#[utoipa::path(get, path = "/hours/{id}", tag = "hours", params(("id" = String, Path)), responses((status = 200, body = HoursView)))]
async fn get_hours(State(app): State<App>, caller: Caller, Id(id): Id<HoursId>) -> Result<Json<HoursView>, Problem> {
    view(&app, &caller, id).map(Json)
}

/// Add opening hours
#[utoipa::path(post, path = "/hours", tag = "hours", request_body = HoursFields, responses((status = 201, body = HoursView)))]
async fn create_hours(
    State(app): State<App>,
    caller: Caller,
    Input(fields): Input<HoursFields>,
) -> Result<(StatusCode, Json<HoursView>), Problem> {
    caller.must_be_admin()?;
    let id = HoursId(app.store.new_id(now()));
    app.change(|workspace| {
        if workspace.hours.len() >= MOST {
            return Err(Problem::conflict(
                "too_many",
                "A workspace has at most 30 opening hours.",
                "운영 시간은 최대 30개입니다.",
            ));
        }
        put(workspace, id, fields);
        Ok(())
    })
    .await?;
    Ok((StatusCode::CREATED, Json(view(&app, &caller, id)?)))
}

/// Change opening hours
#[utoipa::path(patch, path = "/hours/{id}", tag = "hours", params(("id" = String, Path)), request_body = HoursFields, responses((status = 200, body = HoursView)))]
async fn update_hours(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<HoursId>,
    patch: Patch,
) -> Result<Json<HoursView>, Problem> {
    caller.must_be_admin()?;
    app.change(|workspace| {
        let current = workspace.hours.get(&id).cloned().ok_or_else(Problem::not_found)?;
        put(workspace, id, patch.apply(&current.fields)?);
        Ok(())
    })
    .await?;
    view(&app, &caller, id).map(Json)
}

/// Remove opening hours
#[utoipa::path(delete, path = "/hours/{id}", tag = "hours", params(("id" = String, Path)), responses((status = 204)))]
async fn delete_hours(State(app): State<App>, caller: Caller, Id(id): Id<HoursId>) -> Result<StatusCode, Problem> {
    caller.must_be_admin()?;
    app.change(|workspace| {
        let users = workspace.users_of_hours(id);
        if !users.is_empty() {
            return Err(Problem::in_use(&users));
        }
        workspace.hours.remove(&id).map(|_| StatusCode::NO_CONTENT).ok_or_else(Problem::not_found)
    })
    .await
}
