//! `Idempotency-Key`: a write that is sent twice is done once; the second time gets the first answer for 24 hours.

use super::app::App;
use super::body::{LARGEST, too_large};
use super::caller::Caller;
use super::problem::Problem;
use crate::clock::now;
use crate::sign_in::hash;
use crate::store::StoredResponse;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use pbx::UnixMillis;
use std::sync::PoisonError;

/// How long answers are kept, in milliseconds.
pub const KEPT_MS: u64 = 24 * 3_600_000;

/// The longest key in bytes.
const LONGEST_KEY: usize = 255;

/// The layer, inside the gate.
pub async fn once(State(app): State<App>, request: Request, next: Next) -> Response {
    match carry_out(&app, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

/// Frees the key when its request is over, however it ends.
struct InFlight<'a>(&'a App, Vec<u8>);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

async fn carry_out(app: &App, request: Request, next: Next) -> Result<Response, Problem> {
    let caller = request.extensions().get::<Caller>().map(|c| c.id);
    let key = request.headers().get("idempotency-key").cloned();
    let (Some(caller), Some(key), false) = (caller, key, request.method().is_safe()) else {
        return Ok(next.run(request).await);
    };
    if key.is_empty() || key.len() > LONGEST_KEY {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_idempotency_key",
            "Idempotency-Key must have 1 to 255 characters.",
            "Idempotency-Key는 1~255자여야 합니다.",
        ));
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LARGEST).await.map_err(|_| too_large())?;
    let key_hash = hash(&[&caller.0.to_be_bytes(), key.as_bytes()]);
    let request_hash = hash(&[parts.method.as_str().as_bytes(), parts.uri.path().as_bytes(), &body]);
    if !app.in_flight.lock().unwrap_or_else(PoisonError::into_inner).insert(key_hash.clone()) {
        return Err(Problem::conflict(
            "idempotency_in_progress",
            "A request with this key is being carried out.",
            "같은 키의 요청을 처리하는 중입니다.",
        ));
    }
    let in_flight = InFlight(app, key_hash);
    let since = UnixMillis(now().0.saturating_sub(KEPT_MS));
    if let Some(stored) = app.store.stored_response(&in_flight.1, since).await? {
        return replay(stored, &request_hash);
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    keep(app, &in_flight.1, request_hash, response).await
}

fn replay(stored: StoredResponse, request_hash: &[u8]) -> Result<Response, Problem> {
    if stored.request_hash != request_hash {
        return Err(Problem::conflict(
            "idempotency_conflict",
            "This Idempotency-Key was used for another request.",
            "다른 요청에 이미 쓰인 Idempotency-Key입니다.",
        ));
    }
    let status = StatusCode::from_u16(stored.status).unwrap_or(StatusCode::OK);
    let mut response = (status, stored.body).into_response();
    match HeaderValue::from_str(&stored.content_type) {
        Ok(value) if !stored.content_type.is_empty() => response.headers_mut().insert(header::CONTENT_TYPE, value),
        _ => response.headers_mut().remove(header::CONTENT_TYPE),
    };
    response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    Ok(response)
}

/// Answers that changed something are kept; refusals are not, so that the request can be put right under the same key.
async fn keep(app: &App, key_hash: &[u8], request_hash: Vec<u8>, response: Response) -> Result<Response, Problem> {
    if !response.status().is_success() {
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let content_type =
        parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let stored = StoredResponse { request_hash, status: parts.status.as_u16(), content_type, body: body.to_vec() };
    if let Err(why) = app.store.store_response(key_hash, &stored, now()).await {
        tracing::warn!(%why, "an answer could not be kept for its Idempotency-Key");
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}
