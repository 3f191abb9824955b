//! The HTTP API of the contract, its events, its document, and the console.

mod app;
mod body;
mod browser_phone;
mod call_trace;
mod call_view;
mod caller;
mod calls;
mod carriers;
mod console;
mod conversations;
mod customers;
mod first_owner;
mod gate;
mod hours;
mod idempotency;
mod managers;
mod numbers;
pub mod openapi;
pub mod phones;
mod problem;
mod recordings;
mod request;
mod session;
mod settle;
mod stream;
mod system;
mod teams;
mod timeline;
mod transfer;
mod trunk;
mod workflows;

pub use app::{App, Inner, Parts};
pub use stream::forward_live_changes;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::{Router, middleware};
use pbx::UnixMillis;
use problem::Problem;
use tower_http::compression::CompressionLayer;
use utoipa_axum::router::OpenApiRouter;

/// Every path of the contract with its handler.
fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::base())
        .merge(session::router())
        .merge(managers::router())
        .merge(teams::router())
        .merge(numbers::router())
        .merge(phones::router())
        .merge(browser_phone::router())
        .merge(carriers::router())
        .merge(hours::router())
        .merge(workflows::router())
        .merge(conversations::router())
        .merge(timeline::router())
        .merge(calls::router())
        .merge(customers::router())
        .merge(stream::router())
        .merge(system::router())
}

async fn no_such_path() -> Problem {
    Problem::not_found()
}

async fn no_such_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "This path does not know this method.",
        "지원하지 않는 메서드입니다.",
    )
}

/// The whole HTTP side. Serve it with `into_make_service_with_connect_info::<SocketAddr>()`: the address tells
/// whether a request comes from this machine, and slows down guessing. SIP over WebSocket is merged in by the caller.
/// Starts the API's background work, so it must be called within a runtime.
pub fn router(app: App) -> Router {
    tokio::spawn(forward_live_changes(app.clone()));
    tokio::spawn(forget_old(app.clone()));
    let (api, _) = routes().split_for_parts();
    let api = api
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(body::LARGEST))
        .layer(middleware::from_fn_with_state(app.clone(), idempotency::once));
    let machines = Router::new()
        .route("/metrics", axum::routing::get(system::metrics))
        .route("/readyz", axum::routing::get(system::readyz))
        .route("/healthz", axum::routing::get(system::healthz))
        .route("/api/openapi.json", axum::routing::get(system::openapi));
    Router::new()
        .nest("/api/v1", api)
        .merge(machines)
        .route("/api", axum::routing::any(no_such_path))
        .route("/api/{*rest}", axum::routing::any(no_such_path))
        .layer(middleware::from_fn_with_state(app.clone(), gate::gate))
        .fallback(console::console)
        .layer(CompressionLayer::new())
        .with_state(app)
}

/// Sessions and kept answers that are over are forgotten hourly.
async fn forget_old(app: App) {
    const HOURLY: std::time::Duration = std::time::Duration::from_secs(3600);
    let mut hours = tokio::time::interval(HOURLY);
    loop {
        hours.tick().await;
        let now = crate::clock::now();
        let responses = app.store.forget_old_responses(UnixMillis(now.0.saturating_sub(idempotency::KEPT_MS))).await;
        let sessions = app.store.forget_old_sessions(now).await;
        if let Err(why) = responses.and(sessions) {
            tracing::warn!(%why, "old sessions and answers were not forgotten");
        }
    }
}

#[cfg(test)]
mod tests;
