//! Workflows: a draft that is edited, revisions that are published and never change.

use super::app::App;
use super::body::{Input, Patch};
use super::caller::Caller;
use super::problem::Problem;
use super::request::{Asked, Id, Page, Part, after, limit};
use crate::clock::{Time, now};
use crate::workspace::Workspace;
use crate::workspace::mistake::{Mistake, Words};
use crate::workspace::workflow::{Workflow, WorkflowFields, WorkflowState};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use pbx::{RevisionId, WorkflowId};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Workflows that may be live at once (behaviour 2.1).
const MOST_LIVE: usize = 200;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_workflows, create_workflow))
        .routes(routes!(get_workflow, update_workflow, delete_workflow))
        .routes(routes!(list_revisions))
        .routes(routes!(publish_workflow))
        .routes(routes!(stop_workflow))
}

/// A workflow.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Workflow)]
pub struct WorkflowView {
    /// Which one.
    #[schema(value_type = String)]
    pub id: WorkflowId,
    /// Where it stands.
    pub state: WorkflowState,
    /// The draft.
    #[serde(flatten)]
    pub fields: WorkflowFields,
    /// The latest published revision.
    #[schema(value_type = Option<String>)]
    pub revision_id: Option<RevisionId>,
    /// When that was published.
    pub published_at: Option<Time>,
    /// Does the draft differ from what runs?
    pub changed: bool,
    /// What the caller may do: `edit`, `publish`, `stop`, `delete`.
    pub actions: Vec<&'static str>,
}

pub(super) fn workflow_view(workflow: &Workflow, caller: &Caller) -> WorkflowView {
    let changed = match &workflow.latest {
        Some(latest) => workflow.revision(latest.id) != **latest,
        None => true,
    };
    let mut actions = Vec::new();
    if caller.is_admin() {
        actions.extend(["edit", "publish", "delete"]);
        if workflow.state == WorkflowState::Live {
            actions.push("stop");
        }
    }
    WorkflowView {
        id: workflow.id,
        state: workflow.state,
        fields: workflow.fields.clone(),
        revision_id: workflow.latest.as_ref().map(|r| r.id),
        published_at: Time::some(workflow.published_at),
        changed,
        actions,
    }
}

fn view(app: &App, caller: &Caller, id: WorkflowId) -> Result<WorkflowView, Problem> {
    app.workspace().workflows.get(&id).map(|w| workflow_view(w, caller)).ok_or_else(Problem::not_found)
}

/// Workflows, in list order
#[utoipa::path(get, path = "/workflows", tag = "workflows", params(Part), responses((status = 200, body = Page<WorkflowView>)))]
async fn list_workflows(
    State(app): State<App>,
    caller: Caller,
    Asked(part): Asked<Part>,
) -> Result<Json<Page<WorkflowView>>, Problem> {
    let limit = limit(part.limit)?;
    let start: Option<WorkflowId> = after(part.after.as_deref())?;
    let workspace = app.workspace();
    let order = workspace.workflows_in_order();
    let first = start.and_then(|s| order.iter().position(|w| w.id == s)).map_or(0, |place| place + 1);
    let items = order.into_iter().skip(first).take(limit as usize + 1).map(|w| workflow_view(w, &caller)).collect();
    Ok(Json(Page::of(items, limit, |w: &WorkflowView| w.id.to_string())))
}

/// A workflow
#[utoipa::path(get, path = "/workflows/{id}", tag = "workflows", params(("id" = String, Path)), responses((status = 200, body = WorkflowView)))]
async fn get_workflow(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<WorkflowId>,
) -> Result<Json<WorkflowView>, Problem> {
    view(&app, &caller, id).map(Json)
}

/// Add a workflow, as a draft
#[utoipa::path(post, path = "/workflows", tag = "workflows", request_body = WorkflowFields, responses((status = 201, body = WorkflowView)))]
async fn create_workflow(
    State(app): State<App>,
    caller: Caller,
    Input(mut fields): Input<WorkflowFields>,
) -> Result<(StatusCode, Json<WorkflowView>), Problem> {
    caller.must_be_admin()?;
    let id = WorkflowId(app.store.new_id(now()));
    app.change(|workspace| {
        if fields.position == 0 {
            fields.position = workspace.workflows.values().map(|w| w.fields.position + 1).max().unwrap_or(0);
        }
        workspace.workflows.insert(
            id,
            Arc::new(Workflow { id, state: WorkflowState::Draft, fields, latest: None, published_at: None }),
        );
        Ok(())
    })
    .await?;
    Ok((StatusCode::CREATED, Json(view(&app, &caller, id)?)))
}

fn change(workspace: &mut Workspace, id: WorkflowId) -> Result<&mut Workflow, Problem> {
    workspace.workflows.get_mut(&id).map(Arc::make_mut).ok_or_else(Problem::not_found)
}

/// Change a workflow's draft or its place in the list
#[utoipa::path(patch, path = "/workflows/{id}", tag = "workflows", params(("id" = String, Path)), request_body = WorkflowFields, responses((status = 200, body = WorkflowView)))]
async fn update_workflow(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<WorkflowId>,
    patch: Patch,
) -> Result<Json<WorkflowView>, Problem> {
    caller.must_be_admin()?;
    app.change(|workspace| {
        let workflow = change(workspace, id)?;
        workflow.fields = patch.apply(&workflow.fields)?;
        Ok(())
    })
    .await?;
    view(&app, &caller, id).map(Json)
}

/// Remove a workflow
#[utoipa::path(delete, path = "/workflows/{id}", tag = "workflows", params(("id" = String, Path)), responses((status = 204)))]
async fn delete_workflow(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<WorkflowId>,
) -> Result<StatusCode, Problem> {
    caller.must_be_admin()?;
    app.change(|workspace| {
        let users = workspace.users_of_workflow(id);
        if !users.is_empty() {
            return Err(Problem::in_use(&users));
        }
        workspace.workflows.remove(&id).map(|_| StatusCode::NO_CONTENT).ok_or_else(Problem::not_found)
    })
    .await
}

/// A published revision.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Revision)]
pub struct RevisionView {
    /// The revision.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub revision: pbx::workflow::Revision,
    /// When it was published.
    pub published_at: Time,
}

/// A workflow's published revisions, the newest first
#[utoipa::path(get, path = "/workflows/{id}/revisions", tag = "workflows", params(("id" = String, Path), Part), responses((status = 200, body = Page<RevisionView>)))]
async fn list_revisions(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<WorkflowId>,
    Asked(part): Asked<Part>,
) -> Result<Json<Page<RevisionView>>, Problem> {
    if !app.workspace().workflows.contains_key(&id) {
        return Err(Problem::not_found());
    }
    let limit = limit(part.limit)?;
    let rows = app.store.revisions(id, after(part.after.as_deref())?, limit + 1).await?;
    let items =
        rows.into_iter().map(|r| RevisionView { revision: r.revision, published_at: Time(r.published_at) }).collect();
    Ok(Json(Page::of(items, limit, |r: &RevisionView| r.revision.id.to_string())))
}

/// Publish the draft as a new revision; new calls follow it
#[utoipa::path(post, path = "/workflows/{id}/publish", tag = "workflows", params(("id" = String, Path)), responses((status = 200, body = WorkflowView)))]
async fn publish_workflow(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<WorkflowId>,
) -> Result<Json<WorkflowView>, Problem> {
    caller.must_be_admin()?;
    let revision_id = RevisionId(app.store.new_id(now()));
    app.change(|workspace| {
        let live = workspace.workflows.values().filter(|w| w.id != id && w.state == WorkflowState::Live).count();
        if live >= MOST_LIVE {
            return Err(Problem::conflict(
                "too_many",
                "At most 200 workflows are live.",
                "작동 중인 워크플로우는 최대 200개입니다.",
            ));
        }
        let workflow = change(workspace, id)?;
        let revision = workflow.revision(revision_id);
        publishable(&revision)?;
        workflow.latest = Some(Arc::new(revision));
        workflow.published_at = Some(now());
        workflow.state = WorkflowState::Live;
        Ok(())
    })
    .await?;
    view(&app, &caller, id).map(Json)
}

fn publishable(revision: &pbx::workflow::Revision) -> Result<(), Problem> {
    let mistakes: Vec<Mistake> = pbx::validate(revision)
        .into_iter()
        .map(|p| Mistake { path: p.path, code: p.code, message: Words::new(p.message.clone(), p.message) })
        .collect();
    if mistakes.is_empty() { Ok(()) } else { Err(Problem::fields(mistakes)) }
}

/// Stop a live workflow; calls that are in it go on
#[utoipa::path(post, path = "/workflows/{id}/stop", tag = "workflows", params(("id" = String, Path)), responses((status = 200, body = WorkflowView)))]
async fn stop_workflow(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<WorkflowId>,
) -> Result<Json<WorkflowView>, Problem> {
    caller.must_be_admin()?;
    app.change(|workspace| {
        let workflow = change(workspace, id)?;
        if workflow.state != WorkflowState::Live {
            return Err(Problem::conflict(
                "not_live",
                "This workflow is not live.",
                "작동 중인 워크플로우가 아닙니다.",
            ));
        }
        workflow.state = WorkflowState::Stopped;
        Ok(())
    })
    .await?;
    view(&app, &caller, id).map(Json)
}
