//! Short-lived SIP accounts of browsers.

use super::app::App;
use super::body::Input;
use super::caller::Caller;
use super::problem::Problem;
use crate::clock::{Time, now};
use crate::control::{BrowserAccount, BrowserUser};
use crate::sign_in::{random_digits, random_name};
use crate::workspace::mistake::{Checked, Mistakes};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use pbx::settings::RingDevice;
use pbx::{Country, E164};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// How long an account is good for signing in, in milliseconds: 15 minutes.
const VALID_MS: u64 = 15 * 60_000;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(make_browser_phone)).routes(routes!(make_customer_phone))
}

/// The kind of ring device a browser is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum BrowserKind {
    Desktop,
    Mobile,
}

/// Which browser.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BrowserPhoneRequest {
    /// On a computer or a mobile.
    pub kind: BrowserKind,
}

impl Checked for BrowserPhoneRequest {
    fn check(&self, _: &mut Mistakes) {}
}

/// Which customer.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerPhoneRequest {
    /// The number the customer calls from; one of its own for each account when left out.
    #[serde(default)]
    pub from: Option<String>,
}

impl Checked for CustomerPhoneRequest {
    fn check(&self, mistakes: &mut Mistakes) {
        if self.from.as_deref().is_some_and(|f| E164::dialled(f, Country::Kr).is_err()) {
            mistakes.add("from", "invalid", "is no telephone number", "전화번호가 아닙니다");
        }
    }
}

/// A SIP account for a browser.
#[derive(Debug, Serialize, ToSchema)]
pub struct BrowserPhone {
    /// Its address-of-record.
    pub uri: String,
    /// Digest user name.
    pub username: String,
    /// Its password.
    pub password: String,
    /// Path of SIP over WebSocket on this server.
    pub ws_path: &'static str,
    /// Signing in is refused from then on; renew before. A call that is up goes on.
    pub expires_at: Time,
    /// STUN and TURN servers, for `RTCPeerConnection`.
    pub ice_servers: Vec<IceServer>,
}

/// A STUN or TURN server.
#[derive(Debug, Serialize, ToSchema)]
pub struct IceServer {
    /// Its URLs.
    pub urls: Vec<String>,
}

fn account(app: &App, headers: &HeaderMap, letter: char, who: BrowserUser) -> Result<BrowserPhone, Problem> {
    let username = format!("{letter}{}", random_name(12));
    let password = random_name(32);
    let expires_at = now().plus_ms(VALID_MS);
    let account = BrowserAccount { username: username.clone(), password: password.clone(), who, expires_at };
    app.control.add_browser(account)?;
    let host = headers
        .get(header::HOST)
        .and_then(|h| h.to_str().ok())
        .and_then(without_port)
        .unwrap_or_else(|| app.configuration.http.ip().to_string());
    Ok(BrowserPhone {
        uri: format!("sip:{username}@{host}"),
        username,
        password,
        ws_path: "/sip",
        expires_at: Time(expires_at),
        ice_servers: Vec::new(),
    })
}

fn without_port(host: &str) -> Option<String> {
    let is_plain = host.chars().all(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(c));
    let name = match host.rfind(']') {
        Some(end) => host.get(..=end)?,
        None => host.split(':').next()?,
    };
    (is_plain && !name.is_empty()).then(|| name.to_owned())
}

/// A SIP account for the signed-in manager's browser
#[utoipa::path(post, path = "/browser-phone", tag = "phones", request_body = BrowserPhoneRequest, responses((status = 201, body = BrowserPhone)))]
async fn make_browser_phone(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Input(request): Input<BrowserPhoneRequest>,
) -> Result<(StatusCode, Json<BrowserPhone>), Problem> {
    let has_seat = app.workspace().managers.get(&caller.id).is_some_and(|m| m.fields.seat);
    if !has_seat {
        return Err(Problem::conflict(
            "no_seat",
            "You have no operator seat; an admin gives you one.",
            "오퍼레이터 좌석이 없습니다. 관리자에게 요청하세요.",
        ));
    }
    let device = match request.kind {
        BrowserKind::Desktop => RingDevice::Desktop,
        BrowserKind::Mobile => RingDevice::Mobile,
    };
    Ok((StatusCode::CREATED, Json(account(&app, &headers, 'b', BrowserUser::Manager(caller.id, device))?)))
}

/// A SIP account of a customer on the screen; in the demo only
#[utoipa::path(post, path = "/demo/customer-phone", tag = "demo", request_body = CustomerPhoneRequest, responses((status = 201, body = BrowserPhone)))]
async fn make_customer_phone(
    State(app): State<App>,
    _: Caller,
    headers: HeaderMap,
    Input(request): Input<CustomerPhoneRequest>,
) -> Result<(StatusCode, Json<BrowserPhone>), Problem> {
    if !app.configuration.is_demo() {
        return Err(Problem::not_found());
    }
    let from = match request.from.as_deref().map(|f| E164::dialled(f, Country::Kr)) {
        Some(Ok(number)) => number.to_string(),
        _ => format!("+8210{}", random_digits(8)),
    };
    Ok((StatusCode::CREATED, Json(account(&app, &headers, 'c', BrowserUser::Customer(from))?)))
}

#[cfg(test)]
mod tests {
    use super::without_port;

    #[test]
    fn hosts() {
        assert_eq!(without_port("127.0.0.1:8080").as_deref(), Some("127.0.0.1"));
        assert_eq!(without_port("[::1]:8080").as_deref(), Some("[::1]"));
        assert_eq!(without_port("sori.example").as_deref(), Some("sori.example"));
        assert_eq!(without_port("a b"), None);
    }
}
