//! Handing a call on: to a colleague, to a number, or into another call of the same manager; and taking it back.

use super::app::App;
use super::body::Input;
use super::call_view::{CallView, call_view, may_transfer};
use super::caller::Caller;
use super::calls::row;
use super::problem::Problem;
use super::request::Id;
use super::settle::settled;
use crate::workspace::mistake::{Checked, Mistakes};
use axum::Json;
use axum::extract::State;
use pbx::{CallId, ManagerId, TransferRefusal, TransferTarget};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whom to hand the call on to; exactly one of the three.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// A colleague: their ring devices ring, the customer hears the ringback.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub manager_id: Option<ManagerId>,
    /// A telephone number, as people dial it or with `+`; called through the carrier of the call's number.
    #[serde(default)]
    pub to: Option<String>,
    /// Another call of the caller's: its other party and the customer are connected, the caller leaves both. Where nobody has
    /// answered there yet, that call is given up and whom it rings rings for the customer.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub call_id: Option<CallId>,
}

impl Transfer {
    fn targets(&self) -> usize {
        [self.manager_id.is_some(), self.to.is_some(), self.call_id.is_some()]
            .into_iter()
            .filter(|given| *given)
            .count()
    }

    fn target(self) -> Option<TransferTarget> {
        let manager = self.manager_id.map(TransferTarget::Manager);
        let number = self.to.map(|to| TransferTarget::Number { dialled: to.into() });
        manager.or(number).or(self.call_id.map(TransferTarget::Call))
    }
}

impl Checked for Transfer {
    fn check(&self, mistakes: &mut Mistakes) {
        if self.targets() != 1 {
            mistakes.add(
                "manager_id",
                "one_of",
                "exactly one of manager_id, to and call_id says whom to hand on to",
                "manager_id, to, call_id 중 하나만 지정하세요",
            );
        }
        if let Some(to) = &self.to {
            mistakes.text("to", to, 1, 64);
        }
    }
}

/// Hand a call on
///
/// The caller must talk in the call. It answers once the target is being rung; when nobody there answers, the talk goes on.
#[utoipa::path(post, path = "/calls/{id}/transfer", tag = "calls", params(("id" = String, Path)), request_body = Transfer, responses((status = 200, body = CallView)))]
pub(super) async fn transfer(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<CallId>,
    Input(transfer): Input<Transfer>,
) -> Result<Json<CallView>, Problem> {
    let call = row(&app, id).await?;
    if !may_transfer(&call, &caller) {
        return Err(refusal(TransferRefusal::NotTalking));
    }
    // Checked above: there is one.
    let Some(target) = transfer.target() else { return Err(Problem::not_found()) };
    app.control.transfer(id, caller.id, target).await?.map_err(refusal)?;
    let call = settled(&app, || app.store.call(id), |_| true).await?;
    Ok(Json(call_view(&call, &caller)))
}

/// Take back whom the caller hands on
///
/// While nobody there has answered: who rings is let alone, and the caller talks on.
#[utoipa::path(delete, path = "/calls/{id}/transfer", tag = "calls", params(("id" = String, Path)), responses((status = 200, body = CallView)))]
pub(super) async fn take_back(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<CallId>,
) -> Result<Json<CallView>, Problem> {
    let call = row(&app, id).await?;
    if !may_transfer(&call, &caller) {
        return Err(refusal(TransferRefusal::NotHandingOn));
    }
    app.control.take_back(id, caller.id).await?.map_err(refusal)?;
    let call = settled(&app, || app.store.call(id), |_| true).await?;
    Ok(Json(call_view(&call, &caller)))
}

fn refusal(why: TransferRefusal) -> Problem {
    let ko = match why {
        TransferRefusal::UnknownCall => "이미 종료된 통화입니다",
        TransferRefusal::NotTalking => "통화 중인 매니저만 전달할 수 있고, 한 번에 하나만 전달할 수 있습니다",
        TransferRefusal::NotHandingOn => "전달 중인 매니저만, 상대가 받기 전에 취소할 수 있습니다",
        TransferRefusal::NotYourCall => "내가 통화 중인 다른 통화가 아닙니다",
        TransferRefusal::ToOneself => "이미 이 통화를 하고 있는 매니저입니다",
        TransferRefusal::UnknownManager => "해당 매니저가 없습니다",
        TransferRefusal::Away => "매니저가 자리를 비웠거나 울릴 수 있는 장치가 없습니다",
        TransferRefusal::OnCall => "매니저가 통화 중입니다",
        TransferRefusal::InvalidNumber => "전화번호가 아닙니다",
        TransferRefusal::NoCarrier => "이 번호에는 발신할 수 있는 통신사가 없습니다",
        TransferRefusal::NoCustomer => "매니저끼리의 통화는 바로 전달할 수 없습니다. 다른 통화와 연결하세요",
    };
    let en = why.to_string();
    match why.field() {
        // The text names the field already, for people who see the text alone.
        Some(field) => Problem::field(field, why.code(), en.split_once(": ").map_or(en.as_str(), |(_, text)| text), ko),
        None => Problem::conflict(why.code(), en, ko),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_target_is_right() {
        let wrong = |transfer: Transfer| {
            let mut mistakes = Mistakes::default();
            transfer.check(&mut mistakes);
            !mistakes.found.is_empty()
        };
        assert!(wrong(Transfer::default()));
        assert!(wrong(Transfer { to: Some("01012345678".to_owned()), manager_id: Some(ManagerId(1)), call_id: None }));
        assert!(wrong(Transfer { to: Some(String::new()), ..Transfer::default() }));
        assert!(!wrong(Transfer { manager_id: Some(ManagerId(1)), ..Transfer::default() }));
    }

    #[test]
    fn a_refusal_names_the_field_it_is_about() {
        let problem = refusal(TransferRefusal::OnCall);
        assert_eq!(problem.fields[0].path, "manager_id");
        assert_eq!(problem.fields[0].message.en, "the manager is on a call");
        assert!(refusal(TransferRefusal::NotTalking).fields.is_empty());
    }
}
