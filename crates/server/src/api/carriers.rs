//! Carriers: the far ends of SIP trunks.

use super::app::App;
use super::body::{Input, Patch};
use super::caller::Caller;
use super::problem::Problem;
use super::request::{Asked, Id, Page, Part, page_of_map};
use super::trunk::{TrunkView, trunk_view};
use crate::clock::now;
use crate::workspace::Workspace;
use crate::workspace::carrier::{Carrier, CarrierFields};
use crate::workspace::mistake::Mistakes;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use pbx::CarrierId;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_carriers, create_carrier)).routes(routes!(
        get_carrier,
        update_carrier,
        delete_carrier
    ))
}

/// A carrier.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Carrier)]
pub struct CarrierView {
    /// Which one.
    #[schema(value_type = String)]
    pub id: CarrierId,
    /// What can be edited; the password is never handed out.
    #[serde(flatten)]
    pub fields: CarrierFields,
    /// How its trunk stands.
    #[serde(flatten)]
    pub trunk: TrunkView,
    /// What the caller may do: `edit`, `delete`.
    pub actions: Vec<&'static str>,
}

pub(super) fn carrier_view(app: &App, carrier: &Carrier, caller: &Caller) -> CarrierView {
    CarrierView {
        id: carrier.id,
        fields: CarrierFields { password: None, ..carrier.fields.clone() },
        trunk: trunk_view(app, carrier),
        actions: if caller.is_admin() { vec!["edit", "delete"] } else { Vec::new() },
    }
}

fn view(app: &App, caller: &Caller, id: CarrierId) -> Result<CarrierView, Problem> {
    app.workspace().carriers.get(&id).map(|c| carrier_view(app, c, caller)).ok_or_else(Problem::not_found)
}

fn put(workspace: &mut Workspace, id: CarrierId, fields: CarrierFields) -> Result<(), Problem> {
    let mut mistakes = Mistakes::default();
    if workspace.carriers.values().any(|c| c.id != id && c.fields.name == fields.name) {
        mistakes.add("name", "not_unique", "another carrier has this name", "같은 이름의 통신사가 있습니다");
    }
    mistakes.done()?;
    workspace.carriers.insert(id, Arc::new(Carrier { id, fields }));
    Ok(())
}

/// Carriers
#[utoipa::path(get, path = "/carriers", tag = "carriers", params(Part), responses((status = 200, body = Page<CarrierView>)))]
async fn list_carriers(
    State(app): State<App>,
    caller: Caller,
    Asked(part): Asked<Part>,
) -> Result<Json<Page<CarrierView>>, Problem> {
    caller.must_be_admin()?;
    page_of_map(app.workspace().carriers.iter(), &part, |c| carrier_view(&app, c, &caller)).map(Json)
}

/// A carrier
#[utoipa::path(get, path = "/carriers/{id}", tag = "carriers", params(("id" = String, Path)), responses((status = 200, body = CarrierView)))]
async fn get_carrier(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<CarrierId>,
) -> Result<Json<CarrierView>, Problem> {
    caller.must_be_admin()?;
    view(&app, &caller, id).map(Json)
}

/// Add a carrier
#[utoipa::path(post, path = "/carriers", tag = "carriers", request_body = CarrierFields, responses((status = 201, body = CarrierView)))]
async fn create_carrier(
    State(app): State<App>,
    caller: Caller,
    Input(fields): Input<CarrierFields>,
) -> Result<(StatusCode, Json<CarrierView>), Problem> {
    caller.must_be_admin()?;
    let id = CarrierId(app.store.new_id(now()));
    app.change(|workspace| put(workspace, id, fields)).await?;
    Ok((StatusCode::CREATED, Json(view(&app, &caller, id)?)))
}

/// Change a carrier
#[utoipa::path(patch, path = "/carriers/{id}", tag = "carriers", params(("id" = String, Path)), request_body = CarrierFields, responses((status = 200, body = CarrierView)))]
async fn update_carrier(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<CarrierId>,
    patch: Patch,
) -> Result<Json<CarrierView>, Problem> {
    caller.must_be_admin()?;
    app.change(|workspace| {
        let current = workspace.carriers.get(&id).cloned().ok_or_else(Problem::not_found)?;
        put(workspace, id, patch.apply(&current.fields)?)
    })
    .await?;
    view(&app, &caller, id).map(Json)
}

/// Remove a carrier
#[utoipa::path(delete, path = "/carriers/{id}", tag = "carriers", params(("id" = String, Path)), responses((status = 204)))]
async fn delete_carrier(State(app): State<App>, caller: Caller, Id(id): Id<CarrierId>) -> Result<StatusCode, Problem> {
    caller.must_be_admin()?;
    app.change(|workspace| {
        let users: Vec<String> =
            workspace.numbers.values().filter(|n| n.carrier_id == Some(id)).map(|n| n.e164.to_string()).collect();
        if !users.is_empty() {
            return Err(Problem::in_use(&users));
        }
        workspace.carriers.remove(&id).map(|_| StatusCode::NO_CONTENT).ok_or_else(Problem::not_found)
    })
    .await
}
