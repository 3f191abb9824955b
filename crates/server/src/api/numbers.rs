//! Numbers: issuing, settings, releasing.

use super::app::App;
use super::body::{Input, Patch};
use super::caller::Caller;
use super::problem::Problem;
use super::request::{Asked, Id, Page, Part, after, limit, page_of_map};
use crate::clock::{Time, now};
use crate::workspace::Workspace;
use crate::workspace::mistake::{Checked, Mistakes};
use crate::workspace::number::{Number, NumberFields};
use crate::workspace::words;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use pbx::{CarrierId, Country, E164, NumberId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_numbers, issue_number))
        .routes(routes!(list_available_numbers))
        .routes(routes!(get_number, update_number, release_number))
}

/// A number issued to the workspace.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Number)]
pub struct NumberView {
    /// Which one.
    #[schema(value_type = String)]
    pub id: NumberId,
    /// The number, with `+`.
    #[schema(value_type = String)]
    pub e164: E164,
    /// As people of its country dial it.
    pub national: String,
    /// Its country.
    #[schema(value_type = words::Country)]
    pub country: Country,
    /// Its network's label, for display only (R10).
    pub network: String,
    /// Its carrier.
    #[schema(value_type = Option<String>)]
    pub carrier_id: Option<CarrierId>,
    /// What can be edited.
    #[serde(flatten)]
    pub fields: NumberFields,
    /// The number shown to those who are called, when it is another one (R29).
    pub caller_id: CallerIdView,
    /// When it was issued.
    pub created_at: Time,
    /// What the caller may do: `edit`, `release`, `make_default`.
    pub actions: Vec<&'static str>,
}

/// A changed caller id.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallerIdView {
    /// `none`: the number itself is shown.
    pub state: &'static str,
    /// The number shown instead.
    pub e164: Option<String>,
}

pub(super) fn number_view(workspace: &Workspace, number: &Number, caller: &Caller) -> NumberView {
    let mut actions = Vec::new();
    if caller.is_admin() {
        actions.extend(["edit", "release"]);
        if !number.fields.is_default {
            actions.push("make_default");
        }
    }
    let carrier = number.carrier_id.and_then(|id| workspace.carriers.get(&id));
    NumberView {
        id: number.id,
        e164: number.e164,
        national: number.e164.national(),
        country: number.country(),
        network: carrier.map(|c| c.fields.network.clone()).unwrap_or_default(),
        carrier_id: number.carrier_id,
        fields: number.fields.clone(),
        caller_id: CallerIdView { state: "none", e164: None },
        created_at: Time(number.created_at),
        actions,
    }
}

fn view(app: &App, caller: &Caller, id: NumberId) -> Result<NumberView, Problem> {
    let workspace = app.workspace();
    workspace.numbers.get(&id).map(|n| number_view(&workspace, n, caller)).ok_or_else(Problem::not_found)
}

/// Numbers
#[utoipa::path(get, path = "/numbers", tag = "numbers", params(Part), responses((status = 200, body = Page<NumberView>)))]
async fn list_numbers(
    State(app): State<App>,
    caller: Caller,
    Asked(part): Asked<Part>,
) -> Result<Json<Page<NumberView>>, Problem> {
    let workspace = app.workspace();
    page_of_map(workspace.numbers.iter(), &part, |n| number_view(&workspace, n, &caller)).map(Json)
}

/// A number
#[utoipa::path(get, path = "/numbers/{id}", tag = "numbers", params(("id" = String, Path)), responses((status = 200, body = NumberView)))]
async fn get_number(State(app): State<App>, caller: Caller, Id(id): Id<NumberId>) -> Result<Json<NumberView>, Problem> {
    view(&app, &caller, id).map(Json)
}

/// Which numbers to offer.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Offer {
    /// `KR` or `JP`; all when left out.
    pub country: Option<String>,
    /// `next` of the page before.
    pub after: Option<String>,
    /// 1–200; 50 when left out.
    pub limit: Option<u32>,
}

/// A number that can be issued.
#[derive(Debug, Serialize, ToSchema)]
pub struct AvailableNumber {
    /// The number, with `+`.
    #[schema(value_type = String)]
    pub e164: E164,
    /// As people of its country dial it.
    pub national: String,
    /// Its country, where that is one whose habits are known.
    #[schema(value_type = Option<words::Country>)]
    pub country: Option<Country>,
    /// Its network's label.
    pub network: String,
    /// Its carrier.
    #[schema(value_type = String)]
    pub carrier_id: CarrierId,
}

/// Numbers that can be issued
#[utoipa::path(get, path = "/numbers/available", tag = "numbers", params(Offer), responses((status = 200, body = Page<AvailableNumber>)))]
async fn list_available_numbers(
    State(app): State<App>,
    caller: Caller,
    Asked(offer): Asked<Offer>,
) -> Result<Json<Page<AvailableNumber>>, Problem> {
    caller.must_be_admin()?;
    let limit = limit(offer.limit)?;
    let start: Option<E164> = after(offer.after.as_deref())?;
    let country = match offer.country.as_deref() {
        None => None,
        Some("KR") => Some(Country::Kr),
        Some("JP") => Some(Country::Jp),
        Some(_) => return Err(Problem::field("country", "invalid", "must be KR or JP", "KR 또는 JP여야 합니다")),
    };
    let items = available(&app.workspace(), start, country, limit as usize + 1);
    Ok(Json(Page::of(items, limit, |n| n.e164.to_string())))
}

/// The numbers after `start` that carriers deliver and nobody has, ascending, at most `most`.
fn available(
    workspace: &Workspace,
    start: Option<E164>,
    country: Option<Country>,
    most: usize,
) -> Vec<AvailableNumber> {
    let mut spans: Vec<_> =
        workspace.carriers.values().flat_map(|c| c.fields.numbers.iter().map(move |s| (*s, c))).collect();
    spans.sort_by_key(|(span, _)| span.from);
    let mut found: Vec<AvailableNumber> = Vec::new();
    for (span, carrier) in spans {
        let first = span.from.as_u64().max(start.map_or(0, |s| s.as_u64() + 1));
        for digits in first..=span.to.as_u64() {
            if found.len() == most {
                return found;
            }
            let Ok(e164) = E164::from_digits(&digits.to_string()) else { continue };
            let is_wanted = country.is_none_or(|c| e164.country() == Some(c));
            let is_taken = workspace.number_by_e164(e164).is_some() || found.last().is_some_and(|n| n.e164 >= e164);
            if is_wanted && !is_taken {
                found.push(AvailableNumber {
                    e164,
                    national: e164.national(),
                    country: e164.country(),
                    network: carrier.fields.network.clone(),
                    carrier_id: carrier.id,
                });
            }
        }
    }
    found
}

/// Which number to issue.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Issue {
    /// One of the available numbers, with `+`.
    #[schema(value_type = String)]
    pub e164: E164,
}

impl Checked for Issue {
    fn check(&self, _: &mut Mistakes) {}
}

/// Issue a number
#[utoipa::path(post, path = "/numbers", tag = "numbers", request_body = Issue, responses((status = 201, body = NumberView)))]
async fn issue_number(
    State(app): State<App>,
    caller: Caller,
    Input(Issue { e164 }): Input<Issue>,
) -> Result<(StatusCode, Json<NumberView>), Problem> {
    caller.must_be_admin()?;
    let created_at = now();
    let id = NumberId(app.store.new_id(created_at));
    app.change(|workspace| {
        if workspace.number_by_e164(e164).is_some() {
            return Err(Problem::conflict(
                "already_issued",
                "This number is issued already.",
                "이미 발급된 번호입니다.",
            ));
        }
        let Some(carrier_id) = workspace.carriers.values().find(|c| c.delivers(e164)).map(|c| c.id) else {
            return Err(Problem::field(
                "e164",
                "not_available",
                "no carrier delivers this number",
                "제공되지 않는 번호입니다",
            ));
        };
        let fields =
            NumberFields { is_default: workspace.numbers.is_empty(), ring_seconds: 30, ..NumberFields::default() };
        workspace.numbers.insert(id, Arc::new(Number { id, e164, carrier_id: Some(carrier_id), fields, created_at }));
        Ok(())
    })
    .await?;
    Ok((StatusCode::CREATED, Json(view(&app, &caller, id)?)))
}

/// Change a number
#[utoipa::path(patch, path = "/numbers/{id}", tag = "numbers", params(("id" = String, Path)), request_body = NumberFields, responses((status = 200, body = NumberView)))]
async fn update_number(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<NumberId>,
    patch: Patch,
) -> Result<Json<NumberView>, Problem> {
    caller.must_be_admin()?;
    app.change(|workspace| {
        let current = workspace.numbers.get(&id).cloned().ok_or_else(Problem::not_found)?;
        let fields = patch.apply(&current.fields)?;
        let mut mistakes = Mistakes::default();
        workspace.check_number(&fields, &mut mistakes);
        if current.fields.is_default && !fields.is_default {
            mistakes.add(
                "is_default",
                "needed",
                "make another number the default instead",
                "다른 번호를 기본 번호로 지정하세요",
            );
        }
        mistakes.done()?;
        let becomes_default = fields.is_default && !current.fields.is_default;
        if let Some(number) = workspace.numbers.get_mut(&id) {
            Arc::make_mut(number).fields = fields;
        }
        if becomes_default {
            workspace.set_default_number(id);
        }
        Ok(())
    })
    .await?;
    view(&app, &caller, id).map(Json)
}

/// Release a number
#[utoipa::path(delete, path = "/numbers/{id}", tag = "numbers", params(("id" = String, Path)), responses((status = 204)))]
async fn release_number(State(app): State<App>, caller: Caller, Id(id): Id<NumberId>) -> Result<StatusCode, Problem> {
    caller.must_be_admin()?;
    app.change(|workspace| {
        let number = workspace.numbers.remove(&id).ok_or_else(Problem::not_found)?;
        if number.fields.is_default
            && let Some(next) = workspace.next_default(id)
        {
            workspace.set_default_number(next);
        }
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
