//! Carriers as they are stored and edited.

use super::mistake::{Checked, Mistakes};
use super::words;
use pbx::{CarrierId, Country, E164};
use serde::{Deserialize, Serialize};
use switch::settings::IpPrefix;
use utoipa::ToSchema;

/// How a carrier is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CarrierKind {
    /// By its source addresses.
    #[default]
    Address,
}

/// Numbers from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberSpan {
    /// The first.
    #[schema(value_type = String)]
    pub from: E164,
    /// The last.
    #[schema(value_type = String)]
    pub to: E164,
}

/// The most numbers of one span.
pub const LARGEST_SPAN: u64 = 1_000_000;

/// A carrier's editable fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CarrierFields {
    /// 1–60 characters, unique.
    pub name: String,
    /// The network's label (SKB, KT …), for display only (R10).
    #[serde(default)]
    pub network: String,
    /// How it is known.
    #[serde(default)]
    pub kind: CarrierKind,
    /// `host:port` that outgoing calls are sent to, when it differs from the host of `outbound_uri`.
    #[serde(default)]
    pub proxy: Option<String>,
    /// Answers a challenge of the carrier.
    #[serde(default)]
    pub username: Option<String>,
    /// Goes with the user name; never handed out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(write_only)]
    pub password: Option<String>,
    /// Addresses and prefixes its calls come from, such as `203.0.113.0/24`; 1–64.
    pub addresses: Vec<String>,
    /// Where outgoing calls go, `sip:host[:port]`; none when it takes none.
    #[serde(default)]
    pub outbound_uri: Option<String>,
    /// The numbers it delivers.
    #[serde(default)]
    pub numbers: Vec<NumberSpan>,
    /// Whose dialling habits its called numbers follow.
    #[serde(default = "korea")]
    #[schema(value_type = words::Country)]
    pub country: Country,
}

fn korea() -> Country {
    Country::Kr
}

impl Checked for CarrierFields {
    fn check(&self, mistakes: &mut Mistakes) {
        mistakes.text("name", &self.name, 1, 60);
        mistakes.text("network", &self.network, 0, 20);
        mistakes.range("addresses", self.addresses.len() as u64, 1, 64);
        for (place, address) in self.addresses.iter().enumerate() {
            if let Err(why) = address.parse::<IpPrefix>() {
                mistakes.add(
                    format!("addresses[{place}]"),
                    "invalid",
                    why,
                    "203.0.113.7 또는 203.0.113.0/24 같은 주소여야 합니다",
                );
            }
        }
        for (path, uri) in [("outbound_uri", &self.outbound_uri), ("proxy", &self.proxy)] {
            if uri.as_deref().is_some_and(|u| host_and_port(u).is_none()) {
                mistakes.add(
                    path,
                    "invalid",
                    "must be such as sip:sip.example.net:5060",
                    "sip:sip.example.net:5060 같은 형식이어야 합니다",
                );
            }
        }
        mistakes.range("numbers", self.numbers.len() as u64, 0, 256);
        for (place, span) in self.numbers.iter().enumerate() {
            if span.to < span.from || span.to.as_u64() - span.from.as_u64() >= LARGEST_SPAN {
                mistakes.add(
                    format!("numbers[{place}].to"),
                    "out_of_range",
                    "must not be before `from`, at most 1000000 numbers",
                    "from 이상이어야 하며 최대 1000000개입니다",
                );
            }
        }
        if self.username.is_some() != self.password.is_some() {
            mistakes.add(
                "password",
                "required",
                "user name and password go together",
                "사용자 이름과 비밀번호는 함께 있어야 합니다",
            );
        }
    }
}

/// The host and port of `sip:host:port`, `host:port` or `host`; the port is 5060 where none stands.
#[must_use]
pub fn host_and_port(text: &str) -> Option<(String, u16)> {
    let rest = text.strip_prefix("sip:").unwrap_or(text);
    if rest.is_empty()
        || rest.len() > 253
        || rest.contains(|c: char| c.is_whitespace() || matches!(c, '@' | ';' | '?' | '/' | '<' | '>'))
    {
        return None;
    }
    if let Ok(address) = rest.parse::<std::net::SocketAddr>() {
        return Some((address.ip().to_string(), address.port()));
    }
    match rest.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') && !host.is_empty() => {
            Some((host.to_owned(), port.parse().ok().filter(|p| *p > 0)?))
        }
        Some(_) => None,
        None => Some((rest.to_owned(), 5060)),
    }
}

/// A carrier.
#[derive(Clone, Debug, PartialEq)]
pub struct Carrier {
    /// Which one.
    pub id: CarrierId,
    /// What can be edited.
    pub fields: CarrierFields,
}

impl Carrier {
    /// Does it deliver this number?
    #[must_use]
    pub fn delivers(&self, number: E164) -> bool {
        self.fields.numbers.iter().any(|span| (span.from..=span.to).contains(&number))
    }

    /// The prefixes its calls come from.
    #[must_use]
    pub fn prefixes(&self) -> Vec<IpPrefix> {
        self.fields.addresses.iter().filter_map(|a| a.parse().ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_where_calls_go() {
        assert_eq!(host_and_port("sip:127.0.0.1:5090"), Some(("127.0.0.1".into(), 5090)));
        assert_eq!(host_and_port("sip:[::1]:5090"), Some(("::1".into(), 5090)));
        assert_eq!(host_and_port("sip.example.net"), Some(("sip.example.net".into(), 5060)));
        for wrong in ["", "sip:", "sip:user@host", "host:0", "host:port", "a b", ":5060"] {
            assert_eq!(host_and_port(wrong), None, "{wrong}");
        }
    }
}
