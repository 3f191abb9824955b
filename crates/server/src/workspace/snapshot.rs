//! The workspace as the switch and the business see it.

use super::Workspace;
use super::carrier::{Carrier, CarrierKind, FromUser, MediaProtection};
use super::workflow::WorkflowState;
use pbx::settings::LiveWorkflow;
use pbx::{CarrierId, UnixMillis};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use switch::settings::{CarrierAccount, CarrierTrust, IpPrefix, PhoneAccount, Registration};

/// Calls in progress above which new ones are refused.
pub const MOST_CALLS: u32 = 5_000;

/// Makes the snapshot.
#[must_use]
pub fn snapshot(workspace: &Workspace, now: UnixMillis) -> switch::Settings {
    switch::Settings {
        business: Arc::new(business(workspace, now)),
        phones: workspace
            .phones
            .values()
            .map(|p| PhoneAccount {
                id: p.id,
                manager_id: p.fields.manager_id,
                user_id: p.user_id.clone(),
                device_address: p.device_address.clone(),
                password: p.password.clone(),
            })
            .collect(),
        carriers: workspace.carriers.values().filter(|c| c.fields.enabled).map(|c| account(c)).collect(),
        country: Some(pbx::Country::Kr),
    }
}

fn business(workspace: &Workspace, now: UnixMillis) -> pbx::Settings {
    pbx::Settings {
        name: workspace.about.name.clone(),
        language: workspace.about.language,
        managers: workspace.managers.values().map(|m| (m.id, m.business())).collect(),
        teams: workspace
            .teams
            .values()
            .map(|t| {
                let manager_ids = workspace.members(t.id).collect();
                (t.id, pbx::settings::Team { id: t.id, name: t.name.clone(), manager_ids, hours_id: t.hours_id })
            })
            .collect(),
        numbers: workspace.numbers.values().map(|n| (n.id, n.business())).collect(),
        number_by_e164: workspace.numbers.values().map(|n| (n.e164, n.id)).collect(),
        released: workspace.released.clone(),
        hours: workspace
            .hours
            .values()
            .map(|h| (h.id, pbx::settings::Hours { open: h.fields.open_spans(now) }))
            .collect(),
        phones: workspace
            .phones
            .values()
            .map(|p| {
                (p.id, pbx::settings::Phone { id: p.id, name: p.fields.name.clone(), manager_id: p.fields.manager_id })
            })
            .collect(),
        workflows: workspace
            .workflows_in_order()
            .into_iter()
            .filter(|w| w.state == WorkflowState::Live)
            .filter_map(|w| w.latest.clone().map(|revision| LiveWorkflow { id: w.id, revision }))
            .collect(),
        max_calls: MOST_CALLS,
    }
}

fn account(carrier: &Carrier) -> CarrierAccount {
    let prefixes = carrier.prefixes();
    let is_here = !prefixes.is_empty() && prefixes.iter().all(is_loopback);
    let fields = &carrier.fields;
    let credentials = fields.username.clone().zip(fields.password.clone());
    CarrierAccount {
        id: carrier.id,
        name: fields.name.clone(),
        trust: if is_here { CarrierTrust::Loopback } else { CarrierTrust::Addresses(prefixes) },
        proxies: fields.proxies(),
        host: fields.host(),
        registration: (fields.kind == CarrierKind::Register)
            .then(|| credentials.as_ref().map(|(user, password)| registration(carrier.id, user, password)))
            .flatten(),
        credentials,
        probes: fields.probe.unwrap_or(!is_here),
        from_user: match fields.from_user {
            FromUser::Number => switch::FromUser::Number,
            FromUser::Account => switch::FromUser::Account,
        },
        protection: match fields.media_protection {
            MediaProtection::IfTls => switch::MediaProtection::IfTls,
            MediaProtection::Required => switch::MediaProtection::Required,
            MediaProtection::Off => switch::MediaProtection::Off,
        },
        numbers: fields.numbers.iter().map(|span| (span.from, span.to)).collect(),
        country: fields.country,
    }
}

/// The Contact is told to the carrier alone and cannot be guessed without the password, so that a call to it is the
/// carrier's; and it is the same after a restart, so that the registrar keeps one binding of ours.
fn registration(id: CarrierId, user: &str, password: &str) -> Registration {
    let hash = Sha256::digest(format!("sori contact\0{id}\0{user}\0{password}"));
    let contact_user = hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    Registration { user: user.to_owned(), contact_user }
}

/// A prefix that holds loopback addresses only.
fn is_loopback(prefix: &IpPrefix) -> bool {
    match prefix.address {
        std::net::IpAddr::V4(ip) => ip.octets()[0] == 127 && prefix.bits >= 8,
        std::net::IpAddr::V6(ip) => ip.is_loopback() && prefix.bits == 128,
    }
}
