//! The server itself: what the console shows of its health, and the endpoints for machines.

use super::app::App;
use super::caller::{Caller, not_signed_in};
use super::problem::Problem;
use axum::Json;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_system))
}

/// The health of the server.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = System)]
pub struct SystemView {
    /// Its version.
    pub version: &'static str,
    /// The database takes nothing now (disk full): calls go on, what happens is kept in memory.
    pub store_failing: bool,
    /// In an event only: some events are lost; read the lists again.
    pub resync: bool,
}

pub(super) fn system_view(app: &App, resync: bool) -> SystemView {
    SystemView {
        version: env!("CARGO_PKG_VERSION"),
        store_failing: app.control.live.store_failing.load(Ordering::Relaxed),
        resync,
    }
}

/// The health of the server
#[utoipa::path(get, path = "/system", tag = "system", responses((status = 200, body = SystemView)))]
async fn get_system(State(app): State<App>, _: Caller) -> Json<SystemView> {
    Json(system_view(&app, false))
}

/// `/healthz`: the process answers.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// `/readyz`: the database answers and takes records, and the control thread takes orders.
pub(super) async fn readyz(State(app): State<App>) -> Response {
    let database = app.store.ping().await.is_ok();
    if database && !app.writer.is_failing() {
        return "ready\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer or takes no records\n").into_response()
}

/// `/metrics`, for signed-in admins and, on loopback, for everybody.
pub(super) async fn metrics(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    open_to(&request)?;
    let figures = &app.metrics;
    figures
        .gauge("sori_store_waiting_records", "Records waiting to be written.", &[])
        .set(i64::try_from(app.writer.waiting()).unwrap_or(i64::MAX));
    figures
        .counter("sori_store_lost_records_total", "Records dropped because too many waited.", &[])
        .set(app.writer.lost());
    figures
        .counter("sori_store_written_records_total", "Records written.", &[])
        .set(app.control.live.records_written.load(Ordering::Relaxed));
    figures
        .gauge("sori_store_failing", "1 while the database takes nothing.", &[])
        .set(i64::from(app.writer.is_failing()));
    let page = figures.render();
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"))], page)
        .into_response())
}

/// `/api/openapi.json`, like [`metrics`].
pub(super) async fn openapi(State(_): State<App>, request: Request) -> Result<Response, Problem> {
    open_to(&request)?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], super::openapi::text()).into_response())
}

/// Programs of this machine, or anybody who is signed in.
fn open_to(request: &Request) -> Result<(), Problem> {
    let is_here = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .is_some_and(|info| info.0.ip().to_canonical().is_loopback());
    if is_here || request.extensions().get::<Caller>().is_some() { Ok(()) } else { Err(not_signed_in()) }
}
