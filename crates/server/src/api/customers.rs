//! Customers, leads included.

use super::app::App;
use super::body::{Input, Patch};
use super::caller::Caller;
use super::problem::Problem;
use super::request::{Asked, Id, Page, after, limit};
use crate::clock::{Time, now};
use crate::events::Subject;
use crate::store::CustomerRow;
use crate::workspace::mistake::{Checked, Mistakes};
use crate::workspace::words;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use pbx::command::Language;
use pbx::{CustomerId, E164};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_customers, create_customer)).routes(routes!(get_customer, update_customer))
}

/// A customer's editable fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerFields {
    /// Up to 100 characters; empty for a lead without a name.
    #[serde(default)]
    pub name: String,
    /// With `+`; at most 20. Calls of these numbers are this customer's.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub phone_numbers: Vec<E164>,
    /// The language announcements are played in; by the number's country when not set (R106).
    #[serde(default)]
    #[schema(value_type = Option<words::Language>)]
    pub language: Option<Language>,
    /// Whatever is worth knowing: at most 50 texts, numbers or yes/no.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub profile: Map<String, Value>,
    /// Calls of a blocked customer are refused.
    #[serde(default)]
    pub blocked: bool,
}

impl Checked for CustomerFields {
    fn check(&self, mistakes: &mut Mistakes) {
        mistakes.text("name", &self.name, 0, 100);
        mistakes.range("phone_numbers", self.phone_numbers.len() as u64, 0, 20);
        mistakes.range("profile", self.profile.len() as u64, 0, 50);
        for (key, value) in &self.profile {
            let is_small = match value {
                Value::String(text) => text.chars().count() <= 1000,
                Value::Number(_) | Value::Bool(_) => true,
                _ => false,
            };
            if !is_small || key.chars().count() > 50 {
                mistakes.add(
                    format!("profile.{key}"),
                    "invalid",
                    "must be a text (1000 characters), a number or yes/no",
                    "텍스트(1000자 이내), 숫자, 예/아니요만 쓸 수 있습니다",
                );
            }
        }
    }
}

/// A customer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Customer)]
pub struct CustomerView {
    /// Which one.
    #[schema(value_type = String)]
    pub id: CustomerId,
    /// What can be edited.
    #[serde(flatten)]
    pub fields: CustomerFields,
    /// Not known before the first call, and not named since.
    pub is_lead: bool,
    /// The name of a caller without a number, such as `sip:u10000`; else empty.
    pub alias: String,
    /// Since when.
    pub created_at: Time,
    /// What the caller may do: `edit`, `block`, `unblock`, `call`.
    pub actions: Vec<&'static str>,
}

fn fields(row: &CustomerRow) -> CustomerFields {
    CustomerFields {
        name: row.name.clone(),
        phone_numbers: row.phone_numbers.clone(),
        language: row.language,
        profile: row.profile.clone(),
        blocked: row.blocked,
    }
}

pub(super) fn customer_view(row: &CustomerRow) -> CustomerView {
    let mut actions = vec!["edit", if row.blocked { "unblock" } else { "block" }];
    if !row.phone_numbers.is_empty() {
        actions.push("call");
    }
    CustomerView {
        id: row.id,
        fields: fields(row),
        is_lead: row.is_lead,
        alias: row.alias.clone(),
        created_at: Time(row.created_at),
        actions,
    }
}

/// Which customers.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CustomerQuery {
    /// Part of a name or a number.
    search: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
    /// 1–200; 50 when left out.
    limit: Option<u32>,
}

/// Customers, the newest first
#[utoipa::path(get, path = "/customers", tag = "customers", params(CustomerQuery), responses((status = 200, body = Page<CustomerView>)))]
async fn list_customers(
    State(app): State<App>,
    _: Caller,
    Asked(query): Asked<CustomerQuery>,
) -> Result<Json<Page<CustomerView>>, Problem> {
    let limit = limit(query.limit)?;
    let search = query.search.as_deref().map(searchable);
    let rows = app
        .store
        .customers(search.as_deref().filter(|s| !s.is_empty()), after(query.after.as_deref())?, limit + 1)
        .await?;
    Ok(Json(Page::of(rows.iter().map(customer_view).collect(), limit, |c: &CustomerView| c.id.to_string())))
}

/// `010-1234` is looked for as it is stored: without the leading zero and the dashes.
fn searchable(text: &str) -> String {
    let text = text.trim();
    let is_number = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || "+- .()".contains(c));
    if !is_number {
        return text.to_owned();
    }
    text.chars().filter(char::is_ascii_digit).collect::<String>().trim_start_matches('0').to_owned()
}

async fn row(app: &App, id: CustomerId) -> Result<CustomerRow, Problem> {
    app.store.customer(id).await?.ok_or_else(Problem::not_found)
}

/// A customer
#[utoipa::path(get, path = "/customers/{id}", tag = "customers", params(("id" = String, Path)), responses((status = 200, body = CustomerView)))]
async fn get_customer(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<CustomerId>,
) -> Result<Json<CustomerView>, Problem> {
    Ok(Json(customer_view(&row(&app, id).await?)))
}

/// A number belongs to one customer.
async fn check_numbers(app: &App, id: CustomerId, fields: &CustomerFields) -> Result<(), Problem> {
    let mut mistakes = Mistakes::default();
    for (place, number) in fields.phone_numbers.iter().enumerate() {
        if app.store.customer_of_number(*number).await?.is_some_and(|other| other != id) {
            mistakes.add(
                format!("phone_numbers[{place}]"),
                "not_unique",
                "another customer has this number",
                "다른 고객의 번호입니다",
            );
        }
        if fields.phone_numbers.iter().take(place).any(|n| n == number) {
            mistakes.add(
                format!("phone_numbers[{place}]"),
                "not_unique",
                "the same number stands twice",
                "같은 번호가 두 번 있습니다",
            );
        }
    }
    mistakes.done()
}

async fn save(app: &App, row: &CustomerRow) -> Result<(), Problem> {
    app.store.save_customer(row).await?;
    app.control.edit_customer(row.record())?;
    app.events.publish(Subject::Customer(row.id));
    Ok(())
}

/// Add a customer
#[utoipa::path(post, path = "/customers", tag = "customers", request_body = CustomerFields, responses((status = 201, body = CustomerView)))]
async fn create_customer(
    State(app): State<App>,
    _: Caller,
    Input(fields): Input<CustomerFields>,
) -> Result<(StatusCode, Json<CustomerView>), Problem> {
    if fields.name.trim().is_empty() && fields.phone_numbers.is_empty() {
        return Err(Problem::field(
            "name",
            "required",
            "a name or a telephone number is needed",
            "이름이나 전화번호가 필요합니다",
        ));
    }
    let created_at = now();
    let id = CustomerId(app.store.new_id(created_at));
    check_numbers(&app, id, &fields).await?;
    let is_lead = fields.name.trim().is_empty();
    let CustomerFields { name, phone_numbers, language, profile, blocked } = fields;
    let row =
        CustomerRow { id, name, phone_numbers, alias: String::new(), language, is_lead, blocked, profile, created_at };
    save(&app, &row).await?;
    Ok((StatusCode::CREATED, Json(customer_view(&row))))
}

/// Change, block or unblock a customer
#[utoipa::path(patch, path = "/customers/{id}", tag = "customers", params(("id" = String, Path)), request_body = CustomerFields, responses((status = 200, body = CustomerView)))]
async fn update_customer(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<CustomerId>,
    patch: Patch,
) -> Result<Json<CustomerView>, Problem> {
    let current = row(&app, id).await?;
    let CustomerFields { name, phone_numbers, language, profile, blocked } = {
        let fields: CustomerFields = patch.apply(&fields(&current))?;
        check_numbers(&app, id, &fields).await?;
        fields
    };
    // Who has been given a name is known.
    let is_lead = current.is_lead && name.trim().is_empty();
    let row = CustomerRow { name, phone_numbers, language, profile, blocked, is_lead, ..current };
    save(&app, &row).await?;
    Ok(Json(customer_view(&row)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_are_found_as_people_write_them() {
        assert_eq!(super::searchable("010-1234"), "101234");
        assert_eq!(super::searchable("+82 10"), "8210");
        assert_eq!(super::searchable(" Kim "), "Kim");
        assert_eq!(super::searchable(""), "");
    }
}
