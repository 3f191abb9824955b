//! Virtual phones (R37–R48, R62).

use super::app::App;
use super::body::{Input, Patch};
use super::caller::Caller;
use super::problem::Problem;
use super::request::{Asked, Id, Page, Part, page_of_map};
use crate::clock::{Time, now};
use crate::sign_in::random_name;
use crate::workspace::Workspace;
use crate::workspace::mistake::{Checked, Mistakes};
use crate::workspace::phone::{Phone, PhoneFields};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use pbx::PhoneId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Phones made at once (R38).
const MOST_AT_ONCE: usize = 8;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_phones, create_phones))
        .routes(routes!(list_phone_servers))
        .routes(routes!(get_phone, update_phone, delete_phone))
}

/// A virtual phone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Phone)]
pub struct PhoneView {
    /// Which one.
    #[schema(value_type = String)]
    pub id: PhoneId,
    /// What can be edited.
    #[serde(flatten)]
    pub fields: PhoneFields,
    /// Pasted into the desk phone.
    pub device_address: String,
    /// Pasted into the desk phone ("ID").
    pub user_id: String,
    /// Pasted into the desk phone.
    pub password: String,
    /// Its light.
    pub link: LinkView,
    /// What the caller may do: `edit`, `delete`.
    pub actions: Vec<&'static str>,
}

/// Whether a phone is signed in (R62).
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkView {
    /// Green or orange.
    pub state: LinkState,
    /// Since when; unknown for a phone that was never signed in since the start.
    pub since: Option<Time>,
    /// What the phone calls itself.
    pub user_agent: Option<String>,
    /// Where it is.
    pub address: Option<String>,
}

/// Green or orange.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// Signed in.
    Linked,
    /// Not signed in.
    NoSignal,
}

fn link(app: &App, id: PhoneId) -> LinkView {
    let links = app.control.live.links.read().unwrap_or_else(PoisonError::into_inner);
    match links.get(&id) {
        None => LinkView { state: LinkState::NoSignal, since: None, user_agent: None, address: None },
        Some(link) => LinkView {
            state: if link.linked { LinkState::Linked } else { LinkState::NoSignal },
            since: Some(Time(link.since)),
            user_agent: Some(link.user_agent.clone()).filter(|u| !u.is_empty()),
            address: link.address.map(|a| a.to_string()),
        },
    }
}

/// Admins see every phone, managers their own: the password is in clear.
pub(super) fn may_see(phone: &Phone, caller: &Caller) -> bool {
    caller.is_admin() || phone.fields.manager_id == caller.id
}

pub(super) fn phone_view(app: &App, phone: &Phone, caller: &Caller) -> PhoneView {
    PhoneView {
        id: phone.id,
        fields: phone.fields.clone(),
        device_address: phone.device_address.clone(),
        user_id: phone.user_id.clone(),
        password: phone.password.clone(),
        link: link(app, phone.id),
        actions: if caller.is_admin() { vec!["edit", "delete"] } else { Vec::new() },
    }
}

fn view(app: &App, caller: &Caller, id: PhoneId) -> Result<PhoneView, Problem> {
    app.workspace()
        .phones
        .get(&id)
        .filter(|p| may_see(p, caller))
        .map(|p| phone_view(app, p, caller))
        .ok_or_else(Problem::not_found)
}

/// Phones
#[utoipa::path(get, path = "/phones", tag = "phones", params(Part), responses((status = 200, body = Page<PhoneView>)))]
async fn list_phones(
    State(app): State<App>,
    caller: Caller,
    Asked(part): Asked<Part>,
) -> Result<Json<Page<PhoneView>>, Problem> {
    let workspace = app.workspace();
    page_of_map(workspace.phones.iter().filter(|(_, p)| may_see(p, &caller)), &part, |p| phone_view(&app, p, &caller))
        .map(Json)
}

/// A phone
#[utoipa::path(get, path = "/phones/{id}", tag = "phones", params(("id" = String, Path)), responses((status = 200, body = PhoneView)))]
async fn get_phone(State(app): State<App>, caller: Caller, Id(id): Id<PhoneId>) -> Result<Json<PhoneView>, Problem> {
    view(&app, &caller, id).map(Json)
}

/// Phones to make.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneBatch {
    /// 1–8 (R38).
    pub phones: Vec<PhoneFields>,
}

impl Checked for PhoneBatch {
    fn check(&self, mistakes: &mut Mistakes) {
        mistakes.range("phones", self.phones.len() as u64, 1, MOST_AT_ONCE as u64);
        let mut names = BTreeSet::new();
        for (place, phone) in self.phones.iter().enumerate() {
            let mut inner = Mistakes::default();
            phone.check(&mut inner);
            mistakes.found.extend(inner.found.into_iter().map(|mut m| {
                m.path = format!("phones[{place}].{}", m.path);
                m
            }));
            if !names.insert(phone.name.as_str()) {
                mistakes.add(
                    format!("phones[{place}].name"),
                    "not_unique",
                    "the same name stands twice",
                    "같은 이름이 두 번 있습니다",
                );
            }
        }
    }
}

/// A phone with new credentials; its two names are no other account's.
pub fn new_phone(workspace: &Workspace, id: PhoneId, fields: PhoneFields) -> Phone {
    let is_taken = |name: &str| workspace.phones.values().any(|p| p.user_id == name || p.device_address == name);
    let fresh = |letter: char| loop {
        let name = format!("{letter}{}", random_name(9));
        if !is_taken(&name) {
            return name;
        }
    };
    Phone { id, fields, device_address: fresh('d'), user_id: fresh('u'), password: random_name(20) }
}

/// Add 1 to 8 phones
#[utoipa::path(post, path = "/phones", tag = "phones", request_body = PhoneBatch, responses((status = 201, body = Page<PhoneView>)))]
async fn create_phones(
    State(app): State<App>,
    caller: Caller,
    Input(batch): Input<PhoneBatch>,
) -> Result<(StatusCode, Json<Page<PhoneView>>), Problem> {
    caller.must_be_admin()?;
    let ids: Vec<PhoneId> = batch.phones.iter().map(|_| PhoneId(app.store.new_id(now()))).collect();
    app.change(|workspace| {
        let mut mistakes = Mistakes::default();
        for (place, phone) in batch.phones.iter().enumerate() {
            workspace.check_phone(None, &format!("phones[{place}]."), phone, &mut mistakes);
        }
        mistakes.done()?;
        for (id, fields) in ids.iter().zip(batch.phones) {
            let phone = new_phone(workspace, *id, fields);
            workspace.phones.insert(*id, Arc::new(phone));
        }
        Ok(())
    })
    .await?;
    let phones = ids.into_iter().map(|id| view(&app, &caller, id)).collect::<Result<_, _>>()?;
    Ok((StatusCode::CREATED, Json(Page::whole(phones))))
}

/// Change a phone's name or manager; it stays linked (R42)
#[utoipa::path(patch, path = "/phones/{id}", tag = "phones", params(("id" = String, Path)), request_body = PhoneFields, responses((status = 200, body = PhoneView)))]
async fn update_phone(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<PhoneId>,
    patch: Patch,
) -> Result<Json<PhoneView>, Problem> {
    caller.must_be_admin()?;
    app.change(|workspace| {
        let current = workspace.phones.get(&id).cloned().ok_or_else(Problem::not_found)?;
        let fields = patch.apply(&current.fields)?;
        let mut mistakes = Mistakes::default();
        workspace.check_phone(Some(id), "", &fields, &mut mistakes);
        mistakes.done()?;
        workspace.phones.insert(id, Arc::new(Phone { fields, ..Phone::clone(&current) }));
        Ok(())
    })
    .await?;
    view(&app, &caller, id).map(Json)
}

/// Remove a phone; it is cut off at once (R43)
#[utoipa::path(delete, path = "/phones/{id}", tag = "phones", params(("id" = String, Path)), responses((status = 204)))]
async fn delete_phone(State(app): State<App>, caller: Caller, Id(id): Id<PhoneId>) -> Result<StatusCode, Problem> {
    caller.must_be_admin()?;
    app.change(|workspace| workspace.phones.remove(&id).map(|_| StatusCode::NO_CONTENT).ok_or_else(Problem::not_found))
        .await
}

/// Where phones sign in.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhoneServer {
    /// For phones in this country.
    pub country: &'static str,
    /// The country's name in English, as on the phones' pages (R45).
    pub label: &'static str,
    /// Server address.
    pub host: String,
    /// Port number of UDP and TCP.
    pub port: u16,
    /// Port number of TLS.
    pub tls_port: u16,
    /// `udp`, `tcp`, `tls`.
    pub transports: Vec<&'static str>,
}

/// Where phones sign in
#[utoipa::path(get, path = "/phones/servers", tag = "phones", responses((status = 200, body = [PhoneServer])))]
async fn list_phone_servers(State(app): State<App>, _: Caller) -> Json<Vec<PhoneServer>> {
    let sip = app.configuration.sip.first();
    let host = app.configuration.public_host.clone().unwrap_or_else(|| sip.ip().to_string());
    let server = |country, label| PhoneServer {
        country,
        label,
        host: host.clone(),
        port: sip.port(),
        tls_port: app.configuration.sips.first().port(),
        transports: vec!["udp", "tcp", "tls"],
    };
    Json(vec![server("KR", "South Korea"), server("JP", "Japan")])
}
