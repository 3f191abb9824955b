//! The workspace as the switch and the business see it.

use super::Workspace;
use super::carrier::{Carrier, host_and_port};
use super::workflow::WorkflowState;
use pbx::settings::LiveWorkflow;
use pbx::{CarrierId, UnixMillis};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use switch::settings::{CarrierAccount, CarrierTrust, IpPrefix, PhoneAccount};

/// Calls in progress above which new ones are refused.
pub const MOST_CALLS: u32 = 5_000;

/// Makes the snapshot. `proxies` holds where each carrier's outgoing calls go, as far as its name could be resolved.
#[must_use]
pub fn snapshot(workspace: &Workspace, proxies: &BTreeMap<CarrierId, SocketAddr>, now: UnixMillis) -> switch::Settings {
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
        carriers: workspace.carriers.values().map(|c| account(c, proxies.get(&c.id).copied())).collect(),
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

fn account(carrier: &Carrier, proxy: Option<SocketAddr>) -> CarrierAccount {
    let prefixes = carrier.prefixes();
    let fields = &carrier.fields;
    CarrierAccount {
        id: carrier.id,
        name: fields.name.clone(),
        trust: if !prefixes.is_empty() && prefixes.iter().all(is_loopback) {
            CarrierTrust::Loopback
        } else {
            CarrierTrust::Addresses(prefixes)
        },
        proxy,
        host: fields
            .outbound_uri
            .as_deref()
            .and_then(host_and_port)
            .map(|(host, port)| host_text(&host, port))
            .unwrap_or_default(),
        credentials: fields.username.clone().zip(fields.password.clone()),
        country: fields.country,
    }
}

/// A prefix that holds loopback addresses only.
fn is_loopback(prefix: &IpPrefix) -> bool {
    match prefix.address {
        std::net::IpAddr::V4(ip) => ip.octets()[0] == 127 && prefix.bits >= 8,
        std::net::IpAddr::V6(ip) => ip.is_loopback() && prefix.bits == 128,
    }
}

fn host_text(host: &str, port: u16) -> String {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    if port == 5060 { host } else { format!("{host}:{port}") }
}

/// Finds where each carrier's outgoing calls go. A name that does not resolve within the time is left out: its calls
/// then fail as unreachable, and the next refresh tries again.
pub async fn resolve_proxies(workspace: &Workspace) -> BTreeMap<CarrierId, SocketAddr> {
    const RESOLVE_TIME: std::time::Duration = std::time::Duration::from_secs(2);
    let mut found = BTreeMap::new();
    for carrier in workspace.carriers.values() {
        let Some((host, port)) =
            carrier.fields.proxy.as_deref().or(carrier.fields.outbound_uri.as_deref()).and_then(host_and_port)
        else {
            continue;
        };
        if let Ok(ip) = host.parse() {
            found.insert(carrier.id, SocketAddr::new(ip, port));
        } else if let Ok(Ok(mut addresses)) =
            tokio::time::timeout(RESOLVE_TIME, tokio::net::lookup_host((host.as_str(), port))).await
            && let Some(address) = addresses.next()
        {
            found.insert(carrier.id, address);
        } else {
            tracing::warn!(carrier = %carrier.fields.name, %host, "the carrier's name does not resolve; outgoing calls through it fail until it does");
        }
    }
    found
}
