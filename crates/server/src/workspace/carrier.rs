//! Carriers as they are stored and edited.

use super::mistake::{Checked, Mistakes};
use super::{proxy, words};
use pbx::{CarrierId, Country, E164};
use serde::{Deserialize, Serialize};
use switch::Proxy;
use switch::settings::IpPrefix;
use switch::trunks::MAX_PROXIES;
use utoipa::ToSchema;

/// How a carrier is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CarrierKind {
    /// By its source addresses.
    #[default]
    Address,
    /// We register at it with a user name and password; its calls come to the Contact it was told.
    Register,
}

/// What stands in From of calls to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FromUser {
    /// The number that is shown.
    #[default]
    Number,
    /// The user name; the number stands in P-Asserted-Identity alone.
    Account,
}

/// What protects the voice of calls to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MediaProtection {
    /// SRTP is offered where the proxy is reached by TLS, and plain RTP once the carrier refuses that.
    #[default]
    IfTls,
    /// SRTP is offered, and a carrier that refuses it is not called; its own calls are refused with 488 unless they offer SRTP.
    Required,
    /// Plain RTP is offered.
    Off,
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
    /// A trunk that is off is un-registered, takes no calls and sends none.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Where outgoing calls and registrations are sent, when that differs from the host of `outbound_uri`: `host`, `host:port`
    /// or a `sip:` or `sips:` URI, with `;transport=udp`, `tcp` or `tls`; several are separated by commas.
    #[serde(default)]
    pub proxy: Option<String>,
    /// The same as a list, the best first; at most 8. Instead of `proxy`.
    #[serde(default)]
    pub proxies: Vec<String>,
    /// Answers a challenge of the carrier; of kind `register` also the user of the address that is registered.
    #[serde(default)]
    pub username: Option<String>,
    /// Goes with the user name; never handed out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(write_only)]
    pub password: Option<String>,
    /// Addresses and prefixes its calls come from, such as `203.0.113.0/24`; 1–64. A carrier of kind `register` needs none:
    /// its calls come to the Contact it was told, or from its proxies.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// Where outgoing calls go, `sip:host[:port]`, and the domain of what is registered; none when it takes no calls.
    #[serde(default)]
    pub outbound_uri: Option<String>,
    /// The numbers it delivers.
    #[serde(default)]
    pub numbers: Vec<NumberSpan>,
    /// What stands in From of calls to it.
    #[serde(default)]
    pub from_user: FromUser,
    /// What protects the voice of calls to it. Calls from it are answered as they are offered.
    #[serde(default)]
    pub media_protection: MediaProtection,
    /// Are its proxies asked for a sign of life (OPTIONS) each half minute? When not said: unless it is on this machine.
    #[serde(default)]
    pub probe: Option<bool>,
    /// Whose dialling habits its called numbers follow.
    #[serde(default = "korea")]
    #[schema(value_type = words::Country)]
    pub country: Country,
}

fn korea() -> Country {
    Country::Kr
}

fn yes() -> bool {
    true
}

const PROXY_EN: &str = "must be such as sip.example.net, sip:203.0.113.7:5060 or sips:sip.example.net;transport=tls";
const PROXY_KO: &str =
    "sip.example.net, sip:203.0.113.7:5060, sips:sip.example.net;transport=tls 같은 형식이어야 합니다";

impl Checked for CarrierFields {
    fn check(&self, mistakes: &mut Mistakes) {
        mistakes.text("name", &self.name, 1, 60);
        mistakes.text("network", &self.network, 0, 20);
        self.check_addresses(mistakes);
        self.check_proxies(mistakes);
        self.check_account(mistakes);
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
    }
}

impl CarrierFields {
    fn check_addresses(&self, mistakes: &mut Mistakes) {
        let least = if self.kind == CarrierKind::Address { 1 } else { 0 };
        mistakes.range("addresses", self.addresses.len() as u64, least, 64);
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
    }

    fn check_proxies(&self, mistakes: &mut Mistakes) {
        if self.outbound_uri.as_deref().is_some_and(|uri| proxy::read(uri).is_none()) {
            mistakes.add("outbound_uri", "invalid", PROXY_EN, PROXY_KO);
        }
        if let Some(text) = &self.proxy {
            let parts: Vec<&str> = listed(text).collect();
            if parts.is_empty() || parts.iter().any(|part| proxy::read(part).is_none()) {
                mistakes.add("proxy", "invalid", PROXY_EN, PROXY_KO);
            }
            mistakes.range("proxy", parts.len() as u64, 0, MAX_PROXIES as u64);
            if !self.proxies.is_empty() {
                mistakes.add(
                    "proxies",
                    "conflict",
                    "stands instead of `proxy`; set one of them",
                    "proxy와 proxies 중 하나만 써야 합니다",
                );
            }
        }
        mistakes.range("proxies", self.proxies.len() as u64, 0, MAX_PROXIES as u64);
        for (place, text) in self.proxies.iter().enumerate() {
            if proxy::read(text).is_none() {
                mistakes.add(format!("proxies[{place}]"), "invalid", PROXY_EN, PROXY_KO);
            }
        }
    }

    fn check_account(&self, mistakes: &mut Mistakes) {
        if let Some(username) = &self.username {
            mistakes.text("username", username, 1, 128);
        }
        if self.username.is_some() != self.password.is_some() {
            mistakes.add(
                "password",
                "required",
                "user name and password go together",
                "사용자 이름과 비밀번호는 함께 있어야 합니다",
            );
        }
        if self.kind == CarrierKind::Register {
            if self.username.is_none() {
                mistakes.add("username", "required", "is needed to register", "등록하려면 사용자 이름이 있어야 합니다");
            }
            if self.outbound_uri.is_none() && self.proxies().is_empty() {
                mistakes.add(
                    "outbound_uri",
                    "required",
                    "is needed to register: where the registrar is",
                    "등록하려면 등록 서버 주소가 있어야 합니다",
                );
            }
        }
    }

    /// Where calls and registrations are sent, in the order in which it is tried.
    #[must_use]
    pub fn proxies(&self) -> Vec<Proxy> {
        let texts: Vec<&str> = match (&self.proxy, self.proxies.as_slice()) {
            (_, [_, ..]) => self.proxies.iter().map(String::as_str).collect(),
            (Some(text), []) => listed(text).collect(),
            (None, []) => self.outbound_uri.as_deref().into_iter().collect(),
        };
        texts.into_iter().filter_map(proxy::read).take(MAX_PROXIES).collect()
    }

    /// The host of its URIs: that of `outbound_uri`, else that of the first proxy; empty when it takes no calls.
    #[must_use]
    pub fn host(&self) -> String {
        let named = self.outbound_uri.as_deref().and_then(proxy::read);
        named.or_else(|| self.proxies().into_iter().next()).map(|proxy| proxy::in_uri(&proxy)).unwrap_or_default()
    }
}

/// The parts of a list separated by commas.
fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
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
    use serde_json::json;

    fn fields(more: serde_json::Value) -> CarrierFields {
        let mut all = json!({"name": "x", "addresses": ["203.0.113.1"]});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }

    fn hosts(fields: &CarrierFields) -> Vec<String> {
        fields.proxies().into_iter().map(|proxy| proxy.host).collect()
    }

    #[test]
    fn where_calls_go_is_read_from_the_most_explicit_field() {
        assert_eq!(hosts(&fields(json!({}))), [] as [&str; 0]);
        assert_eq!(hosts(&fields(json!({"outbound_uri": "sip:a.test"}))), ["a.test"]);
        assert_eq!(
            hosts(&fields(json!({"outbound_uri": "sip:a.test", "proxy": "b.test, c.test:5070"}))),
            ["b.test", "c.test"]
        );
        assert_eq!(
            hosts(&fields(json!({"outbound_uri": "sip:a.test", "proxies": ["d.test", "e.test"]}))),
            ["d.test", "e.test"]
        );
    }

    #[test]
    fn the_domain_is_the_outbound_uris() {
        assert_eq!(fields(json!({"outbound_uri": "sip:a.test", "proxy": "b.test:5070"})).host(), "a.test");
        assert_eq!(fields(json!({"proxy": "b.test:5070"})).host(), "b.test:5070");
        assert_eq!(fields(json!({})).host(), "");
    }

    #[test]
    fn what_an_older_version_wrote_is_read() {
        let old = fields(json!({"kind": "address", "proxy": null, "outbound_uri": "sip:127.0.0.1:5090"}));
        assert!(old.enabled && old.probe.is_none() && old.proxies.is_empty());
    }
}
