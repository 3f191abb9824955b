//! Managers.

use super::app::App;
use super::body::{Input, Patch};
use super::caller::Caller;
use super::problem::Problem;
use super::request::{Asked, Id, Page, Part, page_of_map};
use crate::clock::now;
use crate::workspace::manager::{Manager, ManagerFields};
use crate::workspace::mistake::Mistakes;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use pbx::ManagerId;
use pbx::settings::{OperatorStatus, RingDevice, Role};
use serde::Serialize;
use std::sync::{Arc, PoisonError};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_managers, create_manager)).routes(routes!(
        get_manager,
        update_manager,
        delete_manager
    ))
}

/// A manager.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Manager)]
pub struct ManagerView {
    /// Which one.
    #[schema(value_type = String)]
    pub id: ManagerId,
    /// What can be edited; `status` is what the manager is doing now, so `call` while on a call.
    #[serde(flatten)]
    pub fields: ManagerFields,
    /// Ring devices that can ring now.
    pub reachable: Reachable,
    /// What the caller may do: `edit`, `delete`.
    pub actions: Vec<&'static str>,
}

/// How many of a manager's ring devices can ring now, by kind.
#[derive(Debug, Default, Serialize, ToSchema)]
#[allow(missing_docs)]
pub struct Reachable {
    pub desktop: u16,
    pub mobile: u16,
    pub desk_phone: u16,
}

fn reachable(app: &App, id: ManagerId) -> Reachable {
    let counts = app.control.live.reachable.read().unwrap_or_else(PoisonError::into_inner);
    let count = |device| counts.get(&(id, device)).copied().unwrap_or(0);
    Reachable {
        desktop: count(RingDevice::Desktop),
        mobile: count(RingDevice::Mobile),
        desk_phone: count(RingDevice::DeskPhone),
    }
}

pub(super) fn manager_view(app: &App, manager: &Manager, caller: &Caller) -> ManagerView {
    let mut fields = manager.fields.clone();
    if app.store.live_status(manager.id) == Some(OperatorStatus::Call) {
        fields.status = OperatorStatus::Call;
    }
    let mut actions = Vec::new();
    if may_touch(caller, manager.fields.role) {
        actions.push("edit");
        if manager.id != caller.id {
            actions.push("delete");
        }
    }
    ManagerView { id: manager.id, fields, reachable: reachable(app, manager.id), actions }
}

/// Admins change managers and admins; only owners change owners.
fn may_touch(caller: &Caller, role: Role) -> bool {
    caller.is_admin() && (role != Role::Owner || caller.role == Role::Owner)
}

/// Managers
#[utoipa::path(get, path = "/managers", tag = "managers", params(Part), responses((status = 200, body = Page<ManagerView>)))]
async fn list_managers(
    State(app): State<App>,
    caller: Caller,
    Asked(part): Asked<Part>,
) -> Result<Json<Page<ManagerView>>, Problem> {
    let workspace = app.workspace();
    page_of_map(workspace.managers.iter(), &part, |m| manager_view(&app, m, &caller)).map(Json)
}

/// A manager
#[utoipa::path(get, path = "/managers/{id}", tag = "managers", params(("id" = String, Path)), responses((status = 200, body = ManagerView)))]
async fn get_manager(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ManagerId>,
) -> Result<Json<ManagerView>, Problem> {
    view(&app, &caller, id).map(Json)
}

fn view(app: &App, caller: &Caller, id: ManagerId) -> Result<ManagerView, Problem> {
    app.workspace().managers.get(&id).map(|m| manager_view(app, m, caller)).ok_or_else(Problem::not_found)
}

fn refused_memory() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "overloaded",
        "The server is short of memory; try again.",
        "서버 메모리가 부족합니다. 다시 시도하세요.",
    )
}

/// Add a manager
#[utoipa::path(post, path = "/managers", tag = "managers", request_body = ManagerFields, responses((status = 201, body = ManagerView)))]
async fn create_manager(
    State(app): State<App>,
    caller: Caller,
    Input(mut fields): Input<ManagerFields>,
) -> Result<(StatusCode, Json<ManagerView>), Problem> {
    caller.must_be_admin()?;
    let Some(password) = fields.password.take() else {
        return Err(Problem::field("password", "required", "is required", "필수 항목입니다"));
    };
    fields.email = fields.email.trim().to_lowercase();
    check(&app, &caller, None, &fields)?;
    let password_hash = app.passwords.hash(password).await.ok_or_else(refused_memory)?;
    let id = ManagerId(app.store.new_id(now()));
    app.change(|workspace| {
        let mut mistakes = Mistakes::default();
        workspace.check_manager(None, &fields, &mut mistakes);
        mistakes.done()?;
        workspace.managers.insert(id, Arc::new(Manager { id, fields, password_hash }));
        Ok(())
    })
    .await?;
    Ok((StatusCode::CREATED, Json(view(&app, &caller, id)?)))
}

fn check(app: &App, caller: &Caller, id: Option<ManagerId>, fields: &ManagerFields) -> Result<(), Problem> {
    let mut mistakes = Mistakes::default();
    app.workspace().check_manager(id, fields, &mut mistakes);
    if !may_touch(caller, fields.role) {
        mistakes.add("role", "forbidden", "only an owner makes owners", "소유자만 소유자를 지정할 수 있습니다");
    }
    mistakes.done()
}

/// Change a manager
#[utoipa::path(patch, path = "/managers/{id}", tag = "managers", params(("id" = String, Path)), request_body = ManagerFields, responses((status = 200, body = ManagerView)))]
async fn update_manager(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ManagerId>,
    patch: Patch,
) -> Result<Json<ManagerView>, Problem> {
    let current = app.workspace().managers.get(&id).cloned().ok_or_else(Problem::not_found)?;
    if !may_touch(&caller, current.fields.role) {
        return Err(Problem::forbidden());
    }
    let mut fields = patch.apply(&current.fields)?;
    fields.email = fields.email.trim().to_lowercase();
    check(&app, &caller, Some(id), &fields)?;
    let password_hash = match fields.password.take() {
        Some(password) => Some(app.passwords.hash(password).await.ok_or_else(refused_memory)?),
        None => None,
    };
    let signs_out = password_hash.is_some();
    app.change(|workspace| {
        if fields.role != Role::Owner && current.fields.role == Role::Owner && workspace.is_last_owner(id) {
            return Err(Problem::conflict(
                "last_owner",
                "The workspace needs an owner.",
                "소유자가 한 명 이상 필요합니다.",
            ));
        }
        let mut mistakes = Mistakes::default();
        workspace.check_manager(Some(id), &fields, &mut mistakes);
        mistakes.done()?;
        let manager = Arc::make_mut(workspace.managers.get_mut(&id).ok_or_else(Problem::not_found)?);
        manager.fields = fields;
        if let Some(hash) = password_hash {
            manager.password_hash = hash;
        }
        Ok(())
    })
    .await?;
    if signs_out {
        app.store.end_sessions_of(id).await?;
    }
    view(&app, &caller, id).map(Json)
}

/// Remove a manager
#[utoipa::path(delete, path = "/managers/{id}", tag = "managers", params(("id" = String, Path)), responses((status = 204)))]
async fn delete_manager(State(app): State<App>, caller: Caller, Id(id): Id<ManagerId>) -> Result<StatusCode, Problem> {
    caller.must_be_admin()?;
    app.change(|workspace| {
        let manager = workspace.managers.get(&id).ok_or_else(Problem::not_found)?;
        if !may_touch(&caller, manager.fields.role) {
            return Err(Problem::forbidden());
        }
        if id == caller.id || workspace.is_last_owner(id) && manager.fields.role == Role::Owner {
            return Err(Problem::conflict(
                "own_account",
                "Nobody deletes the own account or the last owner.",
                "자신의 계정이나 마지막 소유자는 삭제할 수 없습니다.",
            ));
        }
        let users = workspace.users_of_manager(id);
        if !users.is_empty() {
            return Err(Problem::in_use(&users));
        }
        workspace.managers.remove(&id);
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
