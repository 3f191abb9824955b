//! Calls: lists, dialling, hanging up, traces and recordings.

use super::app::App;
use super::body::Input;
use super::call_view::{CallView, call_view, may_hang_up};
use super::caller::Caller;
use super::problem::Problem;
use super::request::{Asked, Id, Page, after, limit};
use super::settle::settled;
use crate::store::{CallFilter, CallRow};
use crate::workspace::mistake::{Checked, Mistakes};
use crate::workspace::words;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use pbx::record::{CallState, Direction};
use pbx::settings::RingDevice;
use pbx::{CallId, ConversationId, ConversationRecord, CustomerId, DialRefusal, DialRequest, NumberId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_calls, dial))
        .routes(routes!(get_call))
        .routes(routes!(hang_up))
        .routes(routes!(super::transfer::transfer, super::transfer::take_back))
        .routes(routes!(super::call_trace::get_trace))
        .routes(routes!(super::recordings::get_recording))
}

/// Which calls.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CallQuery {
    /// Calls of this conversation.
    #[param(value_type = Option<String>)]
    conversation_id: Option<ConversationId>,
    /// Calls of this customer.
    #[param(value_type = Option<String>)]
    customer_id: Option<CustomerId>,
    /// This way only.
    #[param(value_type = Option<words::Direction>)]
    direction: Option<Direction>,
    /// In this state only.
    #[param(value_type = Option<words::CallState>)]
    state: Option<CallState>,
    /// `next` of the page before.
    after: Option<String>,
    /// 1–200; 50 when left out.
    limit: Option<u32>,
}

/// Calls, the newest first
#[utoipa::path(get, path = "/calls", tag = "calls", params(CallQuery), responses((status = 200, body = Page<CallView>)))]
async fn list_calls(
    State(app): State<App>,
    caller: Caller,
    Asked(query): Asked<CallQuery>,
) -> Result<Json<Page<CallView>>, Problem> {
    let limit = limit(query.limit)?;
    let filter = CallFilter {
        conversation_id: query.conversation_id,
        customer_id: query.customer_id,
        direction: query.direction,
        state: query.state,
        before: after(query.after.as_deref())?,
        limit: limit + 1,
    };
    let calls = app.store.calls(&filter).await?;
    let items = calls.iter().map(|c| call_view(c, &caller)).collect();
    Ok(Json(Page::of(items, limit, |c: &CallView| c.id.to_string())))
}

pub(super) async fn row(app: &App, id: CallId) -> Result<CallRow, Problem> {
    app.store.call(id).await?.ok_or_else(Problem::not_found)
}

/// A call
#[utoipa::path(get, path = "/calls/{id}", tag = "calls", params(("id" = String, Path)), responses((status = 200, body = CallView)))]
async fn get_call(State(app): State<App>, caller: Caller, Id(id): Id<CallId>) -> Result<Json<CallView>, Problem> {
    Ok(Json(call_view(&row(&app, id).await?, &caller)))
}

/// Whom to call.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Dial {
    /// As people dial it, or with `+`.
    pub to: String,
    /// The number to show; by R101 when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub from_number_id: Option<NumberId>,
    /// The conversation the call belongs to; a new one when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub conversation_id: Option<ConversationId>,
    /// Only this kind of ring device rings first; the chosen ones when left out.
    #[serde(default)]
    #[schema(value_type = Option<words::RingDevice>)]
    pub device: Option<RingDevice>,
}

impl Checked for Dial {
    fn check(&self, mistakes: &mut Mistakes) {
        mistakes.text("to", &self.to, 1, 64);
    }
}

/// Ring the caller's own device, then dial
#[utoipa::path(post, path = "/calls", tag = "calls", request_body = Dial, responses((status = 201, body = CallView)))]
async fn dial(
    State(app): State<App>,
    caller: Caller,
    Input(dial): Input<Dial>,
) -> Result<(StatusCode, Json<CallView>), Problem> {
    let conversation = match dial.conversation_id {
        None => None,
        Some(id) => match app.store.conversation(id).await? {
            Some(row) => Some(row.record),
            None => {
                return Err(Problem::field(
                    "conversation_id",
                    "not_found",
                    "there is no such conversation",
                    "해당 상담이 없습니다",
                ));
            }
        },
    };
    dial_in(&app, &caller, dial, conversation).await
}

pub(super) async fn dial_in(
    app: &App,
    caller: &Caller,
    dial: Dial,
    conversation: Option<ConversationRecord>,
) -> Result<(StatusCode, Json<CallView>), Problem> {
    let request = DialRequest {
        manager: caller.id,
        to: dial.to,
        from_number: dial.from_number_id,
        conversation,
        device: dial.device,
    };
    let id = app.control.dial(request).await?.map_err(refusal)?;
    let call = settled(app, || app.store.call(id), |_| true).await?;
    Ok((StatusCode::CREATED, Json(call_view(&call, caller))))
}

fn refusal(why: DialRefusal) -> Problem {
    match why {
        DialRefusal::UnknownManager | DialRefusal::NoSeat => Problem::conflict(
            "no_seat",
            "You have no operator seat; an admin gives you one.",
            "오퍼레이터 좌석이 없습니다. 관리자에게 요청하세요.",
        ),
        DialRefusal::OnCall => Problem::conflict("on_call", "You are on a call already.", "이미 통화 중입니다."),
        DialRefusal::NoDevice => Problem::conflict(
            "no_device",
            "None of your devices can ring: keep the console open, or link a phone.",
            "울릴 수 있는 장치가 없습니다. 콘솔을 열어 두거나 전화기를 연동하세요.",
        ),
        DialRefusal::InvalidNumber => Problem::field("to", "invalid", "is no telephone number", "전화번호가 아닙니다"),
        DialRefusal::UnknownFromNumber => {
            Problem::field("from_number_id", "not_found", "there is no such number", "해당 번호가 없습니다")
        }
        DialRefusal::NoNumber => Problem::conflict(
            "no_number",
            "There is no number to call from; issue one first.",
            "발신할 번호가 없습니다. 먼저 번호를 발급하세요.",
        ),
        DialRefusal::NoCarrier => Problem::conflict(
            "no_carrier",
            "The number has no carrier that takes calls.",
            "발신할 수 있는 통신사가 없습니다.",
        ),
        DialRefusal::TooManyCalls => {
            let mut problem = Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "too_many_calls",
                "Too many calls at once; try again.",
                "동시 통화가 너무 많습니다. 다시 시도하세요.",
            );
            problem.retry_seconds = Some(5);
            problem
        }
        DialRefusal::Draining => Problem::stopping(),
    }
}

/// End a call
#[utoipa::path(post, path = "/calls/{id}/hang-up", tag = "calls", params(("id" = String, Path)), responses((status = 200, body = CallView)))]
async fn hang_up(State(app): State<App>, caller: Caller, Id(id): Id<CallId>) -> Result<Json<CallView>, Problem> {
    let call = row(&app, id).await?;
    if call.state != CallState::Ended && !may_hang_up(&call, &caller) {
        return Err(Problem::forbidden());
    }
    if !app.control.hang_up(id, Some(caller.id)).await? {
        return Err(Problem::conflict("ended", "This call has ended.", "이미 종료된 통화입니다."));
    }
    let call = settled(&app, || app.store.call(id), |call| call.state == CallState::Ended).await?;
    Ok(Json(call_view(&call, &caller)))
}
