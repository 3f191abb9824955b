//! Redirections of a carrier: followed only to the carrier's own hosts, for whoever answers could otherwise send our
//! calls, and their cost, anywhere (RFC 3261 8.1.3.4, 21.3).

use super::Trunk;
use super::dial::Attempt;
use super::resolve::default_port;
use super::target::Target;
use crate::settings::CarrierTrust;
use sip::{Scheme, Transport, Uri};
use std::net::{IpAddr, SocketAddr};

/// Where the contacts of a 3xx lead, in their order.
pub(super) fn onward(contacts: &[String], trunk: &Trunk, from: Target) -> Vec<Attempt> {
    contacts
        .iter()
        .filter_map(|contact| Uri::parse(contact.as_bytes()))
        .flat_map(|uri| attempts(&uri, trunk, from))
        .collect()
}

fn attempts(uri: &Uri<'_>, trunk: &Trunk, from: Target) -> Vec<Attempt> {
    let Some(transport) = transport(uri, from.transport) else { return Vec::new() };
    let Ok(host) = std::str::from_utf8(uri.host()) else { return Vec::new() };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let targets = match bare.parse::<IpAddr>() {
        Ok(ip) if is_own_address(trunk, ip) => {
            vec![Target { transport, address: SocketAddr::new(ip, uri.port().unwrap_or(default_port(transport))) }]
        }
        Ok(_) => Vec::new(),
        Err(_) => targets_of(trunk, bare),
    };
    let request_uri = request_uri(uri);
    targets.into_iter().map(|target| Attempt { target, request_uri: Some(request_uri.clone()) }).collect()
}

/// The transport a contact asks for; that of the request where it asks for none. `None` for what is no trunk's.
fn transport(uri: &Uri<'_>, usual: Transport) -> Option<Transport> {
    let named = uri.params().get("transport").map(<[u8]>::to_ascii_lowercase);
    match (uri.scheme(), named.as_deref()) {
        (Scheme::Sips, Some(b"udp")) => None,
        (Scheme::Sips, _) | (Scheme::Sip, Some(b"tls")) => Some(Transport::Tls),
        (Scheme::Sip, Some(b"udp")) => Some(Transport::Udp),
        (Scheme::Sip, Some(b"tcp")) => Some(Transport::Tcp),
        (Scheme::Sip, None) => Some(usual),
        _ => None,
    }
}

fn is_own_address(trunk: &Trunk, ip: IpAddr) -> bool {
    let trusted = match &trunk.account.trust {
        CarrierTrust::Loopback => ip.is_loopback(),
        CarrierTrust::Addresses(prefixes) => prefixes.iter().any(|prefix| prefix.contains(ip)),
    };
    trusted || trunk.targets.iter().any(|state| state.target.address.ip() == ip)
}

/// The targets of the proxy of that name; all of them for the carrier's domain; none for a stranger's name.
fn targets_of(trunk: &Trunk, name: &str) -> Vec<Target> {
    let proxies = &trunk.account.proxies;
    let is_named = |index: usize| proxies.get(index).is_some_and(|proxy| proxy.host.eq_ignore_ascii_case(name));
    let of_name: Vec<Target> =
        trunk.targets.iter().filter(|state| is_named(state.proxy)).map(|state| state.target).collect();
    let domain = trunk.account.host.rsplit_once(':').map_or(trunk.account.host.as_str(), |(host, _)| host);
    if of_name.is_empty() && domain.eq_ignore_ascii_case(name) {
        return trunk.targets.iter().map(|state| state.target).collect();
    }
    of_name
}

/// The contact without what a request URI may not have (RFC 3261 19.1.1: no headers).
fn request_uri(uri: &Uri<'_>) -> String {
    let text = uri.to_text();
    text.split_once('?').map_or(text.clone(), |(uri, _)| uri.to_owned())
}
