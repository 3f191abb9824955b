//! What the switch must know of the workspace beyond the business: who may sign in with what, and how carriers are reached.

use pbx::{CarrierId, E164, ManagerId, PhoneId};
use sip::Transport;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// A virtual phone's SIP account. It signs in with any of four pairings of its two names (R52, R58, R160).
#[derive(Clone, Debug, PartialEq)]
pub struct PhoneAccount {
    /// Which phone.
    pub id: PhoneId,
    /// Whose.
    pub manager_id: ManagerId,
    /// One of its two names.
    pub user_id: String,
    /// The other.
    pub device_address: String,
    /// Its password, in clear because people copy it into desk phones (R47).
    pub password: String,
}

/// How a carrier proves who it is.
#[derive(Clone, Debug, PartialEq)]
pub enum CarrierTrust {
    /// By its source address.
    Addresses(Vec<IpPrefix>),
    /// By nothing but being on this machine (the demo's carrier).
    Loopback,
}

/// An address prefix, such as `203.0.113.0/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpPrefix {
    /// The address; bits behind the prefix do not count.
    pub address: IpAddr,
    /// How many leading bits count, 0–32 or 0–128.
    pub bits: u8,
}

impl IpPrefix {
    /// Does it hold `address`?
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                self.bits == 0 || (a.to_bits() ^ b.to_bits()) >> (32 - u32::from(self.bits.min(32))) == 0
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => {
                self.bits == 0 || (a.to_bits() ^ b.to_bits()) >> (128 - u32::from(self.bits.min(128))) == 0
            }
            _ => false,
        }
    }
}

impl std::str::FromStr for IpPrefix {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "an address or prefix is expected, such as 203.0.113.7 or 203.0.113.0/24";
        let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let address: IpAddr = address.parse().map_err(|_| WRONG)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |b| b.parse().map_err(|_| WRONG))?;
        if bits > most { Err(WRONG) } else { Ok(Self { address, bits }) }
    }
}

/// A place where a carrier takes messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// A host name or an address, an IPv6 address without brackets.
    pub host: String,
    /// Its port; without one the DNS or the transport's usual port decides (RFC 3263 4.2).
    pub port: Option<u16>,
    /// The transport; without one the DNS decides, UDP for an address (RFC 3263 4.1).
    pub transport: Option<Transport>,
    /// Only TLS will do (`sips:`).
    pub secure: bool,
}

impl Proxy {
    /// The proxy at an address, over UDP.
    #[must_use]
    pub fn at(address: SocketAddr) -> Self {
        Self { host: address.ip().to_string(), port: Some(address.port()), transport: None, secure: false }
    }
}

/// How we register at a carrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// User part of the address-of-record; its domain is the carrier's `host`.
    pub user: String,
    /// User part of our Contact: letters and digits nobody can guess, the same after a restart, another for each carrier.
    /// An INVITE to it is the carrier's.
    pub contact_user: String,
}

/// What stands in From of calls to a carrier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FromUser {
    /// The number that is shown.
    #[default]
    Number,
    /// The account; the number stands in P-Asserted-Identity alone.
    Account,
}

/// What protects the media of calls to a carrier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MediaProtection {
    /// SRTP is offered where the signalling goes by TLS, and plain RTP once the carrier refuses that.
    #[default]
    IfTls,
    /// SRTP is offered, and a carrier that refuses it is not called; its own calls in plain are refused with 488.
    Required,
    /// Plain RTP is offered.
    Off,
}

/// A carrier's trunk.
#[derive(Clone, Debug, PartialEq)]
pub struct CarrierAccount {
    /// Which carrier.
    pub id: CarrierId,
    /// For people.
    pub name: String,
    /// Which calls are taken as this carrier's.
    pub trust: CarrierTrust,
    /// Where outgoing calls and registrations go, the first that answers; empty when it takes none.
    pub proxies: Vec<Proxy>,
    /// The host written into request URIs towards it, with a port where it is not the usual one.
    pub host: String,
    /// For a challenge of the carrier: user name and password.
    pub credentials: Option<(String, String)>,
    /// How we register there, when calls come only to who did.
    pub registration: Option<Registration>,
    /// Are its targets probed by OPTIONS?
    pub probes: bool,
    /// What stands in From.
    pub from_user: FromUser,
    /// What protects the media of our offers to it.
    pub protection: MediaProtection,
    /// The numbers it delivers, from one to another, both included.
    pub numbers: Vec<(E164, E164)>,
    /// The country whose dialling habits its called numbers follow.
    pub country: pbx::Country,
}

impl CarrierAccount {
    /// A carrier that neither is registered at nor probed, with one proxy at an address or none.
    #[must_use]
    pub fn plain(id: CarrierId, name: &str, trust: CarrierTrust, proxy: Option<SocketAddr>) -> Self {
        Self {
            id,
            name: name.to_owned(),
            trust,
            proxies: proxy.map(Proxy::at).into_iter().collect(),
            host: proxy.map(|address| address.to_string()).unwrap_or_default(),
            credentials: None,
            registration: None,
            probes: false,
            from_user: FromUser::Number,
            protection: MediaProtection::IfTls,
            numbers: Vec::new(),
            country: pbx::Country::Kr,
        }
    }

    /// Does it deliver this number?
    #[must_use]
    pub fn delivers(&self, number: E164) -> bool {
        self.numbers.iter().any(|(from, to)| (*from..=*to).contains(&number))
    }

    /// The number it delivers, when that is a single one.
    #[must_use]
    pub fn only_number(&self) -> Option<E164> {
        match self.numbers.as_slice() {
            [(from, to)] if from == to => Some(*from),
            _ => None,
        }
    }

    pub(crate) fn sip_credentials(&self) -> Option<sip::Credentials> {
        let (username, password) = self.credentials.clone()?;
        Some(sip::Credentials { username, password })
    }

    /// Are the same binding and the same Contact meant?
    pub(crate) fn has_same_binding(&self, other: &Self) -> bool {
        (&self.host, &self.registration) == (&other.host, &other.registration)
    }

    /// Are requests sent the same way as by `other`, so that what is known of the trunk stays true?
    pub(crate) fn has_same_way(&self, other: &Self) -> bool {
        self.has_same_binding(other)
            && (&self.proxies, &self.credentials, self.probes) == (&other.proxies, &other.credentials, other.probes)
    }
}

/// The whole snapshot; swapped when something is changed.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The business's part.
    pub business: Arc<pbx::Settings>,
    /// Every phone's account.
    pub phones: Vec<PhoneAccount>,
    /// Every carrier.
    pub carriers: Vec<CarrierAccount>,
    /// The country whose dialling habits managers follow.
    pub country: Option<pbx::Country>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_hold_what_they_should() {
        let prefix: IpPrefix = "203.0.113.0/24".parse().unwrap();
        assert!(prefix.contains("203.0.113.9".parse().unwrap()));
        assert!(prefix.contains("::ffff:203.0.113.9".parse().unwrap()));
        assert!(!prefix.contains("203.0.114.9".parse().unwrap()));
        assert!("203.0.113.0/33".parse::<IpPrefix>().is_err());
        assert!("0.0.0.0/0".parse::<IpPrefix>().unwrap().contains("1.2.3.4".parse().unwrap()));
    }
}
