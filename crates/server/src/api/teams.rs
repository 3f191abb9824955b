//! Teams.

use super::app::App;
use super::body::{Input, Patch};
use super::caller::Caller;
use super::problem::Problem;
use super::request::{Asked, Id, Page, Part, page_of_map};
use crate::clock::now;
use crate::workspace::Workspace;
use crate::workspace::manager::{Team, TeamFields};
use crate::workspace::mistake::Mistakes;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use pbx::TeamId;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_teams, create_team)).routes(routes!(get_team, update_team, delete_team))
}

/// A team.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Team)]
pub struct TeamView {
    /// Which one.
    #[schema(value_type = String)]
    pub id: TeamId,
    /// What can be edited.
    #[serde(flatten)]
    pub fields: TeamFields,
    /// What the caller may do: `edit`, `delete`.
    pub actions: Vec<&'static str>,
}

fn fields(workspace: &Workspace, team: &Team) -> TeamFields {
    TeamFields { name: team.name.clone(), manager_ids: workspace.members(team.id).collect(), hours_id: team.hours_id }
}

pub(super) fn team_view(workspace: &Workspace, team: &Team, caller: &Caller) -> TeamView {
    let actions = if caller.is_admin() { vec!["edit", "delete"] } else { Vec::new() };
    TeamView { id: team.id, fields: fields(workspace, team), actions }
}

fn view(app: &App, caller: &Caller, id: TeamId) -> Result<TeamView, Problem> {
    let workspace = app.workspace();
    workspace.teams.get(&id).map(|t| team_view(&workspace, t, caller)).ok_or_else(Problem::not_found)
}

/// Teams
#[utoipa::path(get, path = "/teams", tag = "teams", params(Part), responses((status = 200, body = Page<TeamView>)))]
async fn list_teams(
    State(app): State<App>,
    caller: Caller,
    Asked(part): Asked<Part>,
) -> Result<Json<Page<TeamView>>, Problem> {
    let workspace = app.workspace();
    page_of_map(workspace.teams.iter(), &part, |t| team_view(&workspace, t, &caller)).map(Json)
}

/// A team
#[utoipa::path(get, path = "/teams/{id}", tag = "teams", params(("id" = String, Path)), responses((status = 200, body = TeamView)))]
async fn get_team(State(app): State<App>, caller: Caller, Id(id): Id<TeamId>) -> Result<Json<TeamView>, Problem> {
    view(&app, &caller, id).map(Json)
}

fn put(workspace: &mut Workspace, id: TeamId, is_new: bool, fields: TeamFields) -> Result<(), Problem> {
    let mut mistakes = Mistakes::default();
    workspace.check_team((!is_new).then_some(id), &fields, &mut mistakes);
    mistakes.done()?;
    workspace.teams.insert(id, Arc::new(Team { id, name: fields.name, hours_id: fields.hours_id }));
    workspace.set_members(id, &fields.manager_ids);
    Ok(())
}

/// Add a team
#[utoipa::path(post, path = "/teams", tag = "teams", request_body = TeamFields, responses((status = 201, body = TeamView)))]
async fn create_team(
    State(app): State<App>,
    caller: Caller,
    Input(fields): Input<TeamFields>,
) -> Result<(StatusCode, Json<TeamView>), Problem> {
    caller.must_be_admin()?;
    let id = TeamId(app.store.new_id(now()));
    app.change(|workspace| put(workspace, id, true, fields)).await?;
    Ok((StatusCode::CREATED, Json(view(&app, &caller, id)?)))
}

/// Change a team
#[utoipa::path(patch, path = "/teams/{id}", tag = "teams", params(("id" = String, Path)), request_body = TeamFields, responses((status = 200, body = TeamView)))]
async fn update_team(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<TeamId>,
    patch: Patch,
) -> Result<Json<TeamView>, Problem> {
    caller.must_be_admin()?;
    app.change(|workspace| {
        let current = workspace.teams.get(&id).map(|t| fields(workspace, t)).ok_or_else(Problem::not_found)?;
        put(workspace, id, false, patch.apply(&current)?)
    })
    .await?;
    view(&app, &caller, id).map(Json)
}

/// Remove a team
#[utoipa::path(delete, path = "/teams/{id}", tag = "teams", params(("id" = String, Path)), responses((status = 204)))]
async fn delete_team(State(app): State<App>, caller: Caller, Id(id): Id<TeamId>) -> Result<StatusCode, Problem> {
    caller.must_be_admin()?;
    app.change(|workspace| {
        let users = workspace.users_of_team(id);
        if !users.is_empty() {
            return Err(Problem::in_use(&users));
        }
        workspace.set_members(id, &[]);
        workspace.teams.remove(&id).map(|_| StatusCode::NO_CONTENT).ok_or_else(Problem::not_found)
    })
    .await
}
