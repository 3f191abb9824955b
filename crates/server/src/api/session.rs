//! Signing in and out, and the signed-in manager.

use super::app::App;
use super::body::{Input, Patch};
use super::caller::Caller;
use super::gate::COOKIE;
use super::managers::{ManagerView, manager_view};
use super::problem::Problem;
use crate::clock::now;
use crate::sign_in::{LONGEST, hash, random_token};
use crate::workspace::manager::can_be_chosen;
use crate::workspace::mistake::{Checked, Mistakes};
use crate::workspace::words;
use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pbx::command::Language;
use pbx::settings::{OperatorStatus, RingDevices};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// How long a session lasts, in milliseconds: 14 days.
const SESSION_MS: u64 = 14 * 24 * 3_600_000;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(login))
        .routes(routes!(logout))
        .routes(routes!(me, update_me))
        .routes(routes!(get_workspace))
}

/// An e-mail address and a password.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The manager's e-mail address.
    pub email: String,
    /// The password.
    pub password: String,
}

impl Checked for Credentials {
    fn check(&self, mistakes: &mut Mistakes) {
        mistakes.text("email", &self.email, 1, 254);
        mistakes.range("password", self.password.len() as u64, 1, LONGEST as u64);
    }
}

/// A new session.
#[derive(Debug, Serialize, ToSchema)]
pub struct Session {
    /// For `Authorization: Bearer`.
    pub token: String,
    /// Who signed in.
    pub manager: Me,
}

/// The signed-in manager.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// The manager.
    #[serde(flatten)]
    pub manager: ManagerView,
    /// Where.
    pub workspace: WorkspaceView,
}

/// The workspace.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkspaceView {
    /// Its name.
    pub name: String,
    /// Its base language.
    #[schema(value_type = words::Language)]
    pub language: Language,
    /// Is it the demo?
    pub demo: bool,
}

fn view_of_me(app: &App, caller: &Caller) -> Result<Me, Problem> {
    let workspace = app.workspace();
    let manager = workspace.managers.get(&caller.id).ok_or_else(Problem::not_found)?;
    let mut view = manager_view(app, manager, caller);
    view.actions = vec!["edit"];
    if manager.fields.seat {
        view.actions.push("dial");
    }
    if caller.is_admin() {
        view.actions.push("manage_settings");
    }
    Ok(Me { manager: view, workspace: workspace_view(app) })
}

fn workspace_view(app: &App) -> WorkspaceView {
    let about = app.workspace().about.clone();
    WorkspaceView { name: about.name, language: about.language, demo: app.configuration.is_demo() }
}

/// Whose workspace this is; known before signing in
#[utoipa::path(get, path = "/workspace", tag = "session", responses((status = 200, body = WorkspaceView)), security(()))]
async fn get_workspace(State(app): State<App>) -> Json<WorkspaceView> {
    Json(workspace_view(&app))
}

/// Sign in
#[utoipa::path(post, path = "/login", tag = "session", request_body = Credentials, responses((status = 200, body = Session)), security(()))]
async fn login(
    State(app): State<App>,
    address: Option<axum::Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    Input(credentials): Input<Credentials>,
) -> Result<Response, Problem> {
    let address = address.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |a| a.0.0.ip().to_canonical());
    let email = credentials.email.trim().to_lowercase();
    app.attempts.check(address, &email, now()).map_err(|wait| {
        let mut problem = Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_attempts",
            "Too many wrong passwords; wait a few minutes.",
            "비밀번호를 여러 번 틀렸습니다. 잠시 후 다시 시도하세요.",
        );
        problem.retry_seconds = Some(wait.retry_seconds);
        problem
    })?;
    let manager = app.workspace().manager_by_email(&email).cloned();
    if !app.passwords.verify(credentials.password, manager.as_ref().map(|m| m.password_hash.clone())).await {
        app.attempts.was_wrong(address, &email, now());
        app.metrics
            .counter("sori_logins_refused_total", "Sign-ins refused for a wrong e-mail address or password.", &[])
            .add(1);
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "wrong_credentials",
            "The e-mail address or the password is wrong.",
            "이메일 또는 비밀번호가 올바르지 않습니다.",
        ));
    }
    let Some(manager) = manager else { return Err(Problem::not_found()) };
    app.attempts.was_right(address, &email);
    let token = random_token();
    let session = hash(&[token.as_bytes()]);
    app.store.add_session(&session, manager.id, now(), now().plus_ms(SESSION_MS)).await?;
    let caller =
        Caller { id: manager.id, role: manager.fields.role, language: manager.fields.language, session: Some(session) };
    let body = Session { token: token.clone(), manager: view_of_me(&app, &caller)? };
    Ok(([(header::SET_COOKIE, set_cookie(&token, SESSION_MS / 1000, &headers))], Json(body)).into_response())
}

fn set_cookie(token: &str, seconds: u64, headers: &HeaderMap) -> HeaderValue {
    // Behind a proxy that speaks TLS the cookie is for TLS only.
    let secure = if headers.get("x-forwarded-proto").is_some_and(|v| v == "https") { "; Secure" } else { "" };
    HeaderValue::try_from(format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}"))
        .unwrap_or(HeaderValue::from_static("sori_session=; Path=/; Max-Age=0"))
}

/// Sign out
#[utoipa::path(post, path = "/logout", tag = "session", responses((status = 204)))]
async fn logout(State(app): State<App>, caller: Caller, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(session) = &caller.session {
        app.store.end_session(session).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, set_cookie("", 0, &headers))]).into_response())
}

/// The signed-in manager
#[utoipa::path(get, path = "/me", tag = "session", responses((status = 200, body = Me)))]
async fn me(State(app): State<App>, caller: Caller) -> Result<Json<Me>, Problem> {
    view_of_me(&app, &caller).map(Json)
}

/// What managers change of themselves.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MyFields {
    /// The console's language.
    #[schema(value_type = words::Language)]
    pub language: Language,
    /// Where my calls ring (R63).
    #[schema(value_type = words::RingDevices)]
    pub ring_devices: RingDevices,
    /// What I am doing.
    #[schema(value_type = words::OperatorStatus)]
    pub status: OperatorStatus,
}

impl Checked for MyFields {
    fn check(&self, mistakes: &mut Mistakes) {
        if !can_be_chosen(self.status) {
            mistakes.add(
                "status",
                "not_choosable",
                "this status comes by itself and cannot be chosen",
                "직접 선택할 수 없는 상태입니다",
            );
        }
    }
}

/// Change language, ring devices or status of the signed-in manager
#[utoipa::path(patch, path = "/me", tag = "session", request_body = MyFields, responses((status = 200, body = Me)))]
async fn update_me(State(app): State<App>, caller: Caller, patch: Patch) -> Result<Json<Me>, Problem> {
    let language = app
        .change(|workspace| {
            let manager = workspace.managers.get_mut(&caller.id).ok_or_else(Problem::not_found)?;
            let f = &manager.fields;
            let fields =
                patch.apply(&MyFields { language: f.language, ring_devices: f.ring_devices, status: f.status })?;
            let changed = &mut Arc::make_mut(manager).fields;
            (changed.language, changed.ring_devices, changed.status) =
                (fields.language, fields.ring_devices, fields.status);
            Ok(fields.language)
        })
        .await?;
    view_of_me(&app, &Caller { language, ..caller }).map(Json)
}
