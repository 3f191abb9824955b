//! What the switch must know of the workspace beyond the business: who may sign in with what, and how carriers are reached.

use pbx::{CarrierId, ManagerId, PhoneId};
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

/// A carrier's trunk.
#[derive(Clone, Debug, PartialEq)]
pub struct CarrierAccount {
    /// Which carrier.
    pub id: CarrierId,
    /// For people.
    pub name: String,
    /// Which calls are taken as this carrier's.
    pub trust: CarrierTrust,
    /// Where outgoing calls go, resolved by the server; `None` when it takes none or its name does not resolve.
    pub proxy: Option<SocketAddr>,
    /// The host written into request URIs towards it.
    pub host: String,
    /// For a challenge of the carrier: user name and password.
    pub credentials: Option<(String, String)>,
    /// The country whose dialling habits its called numbers follow.
    pub country: pbx::Country,
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
