//! The addresses one service listens on.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

/// Addresses one service may listen on at most.
const MAX_ADDRESSES: usize = 16;

/// One address or several, such as `192.0.2.1:5060,[2001:db8::1]:5060`; never none. `[::]:5060` is both `0.0.0.0:5060` and
/// `[::]:5060`: each family gets sockets of its own, so that no IPv4 address appears in IPv6 clothes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    first: SocketAddr,
    others: Vec<SocketAddr>,
}

impl Addresses {
    /// The one that is told to people where one is asked for.
    #[must_use]
    pub fn first(&self) -> SocketAddr {
        self.first
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }

    /// The same with the ports that the system picked where 0 was asked for.
    #[must_use]
    pub fn bound(&self, bound: &[SocketAddr]) -> Self {
        match bound {
            [first, others @ ..] => Self { first: *first, others: others.to_vec() },
            [] => self.clone(),
        }
    }
}

impl From<SocketAddr> for Addresses {
    fn from(first: SocketAddr) -> Self {
        Self { first, others: Vec::new() }
    }
}

impl FromStr for Addresses {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        const FORM: &str =
            "IP addresses with ports are expected, separated by commas, such as 192.0.2.1:5060,[2001:db8::1]:5060";
        let mut all: Vec<SocketAddr> = Vec::new();
        for part in text.split(',') {
            let address: SocketAddr = part.trim().parse().map_err(|_| FORM)?;
            all.push(address);
            if address.ip().is_ipv6() && address.ip().is_unspecified() {
                all.push((IpAddr::V4(Ipv4Addr::UNSPECIFIED), address.port()).into());
            }
        }
        let mut seen = Vec::new();
        all.retain(|address| {
            address.port() == 0
                || !seen.contains(address) && {
                    seen.push(*address);
                    true
                }
        });
        if all.len() > MAX_ADDRESSES {
            return Err(format!("no more than {MAX_ADDRESSES} addresses are taken"));
        }
        // People are told an IPv4 address where there is one.
        all.sort_by_key(|address| address.is_ipv6() && address.ip().is_unspecified());
        let first = *all.first().ok_or(FORM)?;
        Ok(Self { first, others: all.split_off(1) })
    }
}

impl std::fmt::Display for Addresses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.first)?;
        self.others.iter().try_for_each(|address| write!(f, ",{address}"))
    }
}

#[cfg(test)]
mod tests {
    use super::Addresses;

    fn read(text: &str) -> Result<String, String> {
        text.parse::<Addresses>().map(|addresses| addresses.to_string())
    }

    #[test]
    fn one_or_several_and_both_families() {
        assert_eq!(read("127.0.0.1:5060").unwrap(), "127.0.0.1:5060");
        assert_eq!(read("192.0.2.1:5060, [2001:db8::1]:5060").unwrap(), "192.0.2.1:5060,[2001:db8::1]:5060");
        assert_eq!(read("[::]:5060").unwrap(), "0.0.0.0:5060,[::]:5060");
        assert_eq!(read("[::]:5060,0.0.0.0:5060").unwrap(), "0.0.0.0:5060,[::]:5060");
        for wrong in ["", "5060", "127.0.0.1", "127.0.0.1:5060,", "sip.example:5060"] {
            assert!(read(wrong).unwrap_err().contains("2001:db8::1"), "{wrong}");
        }
        assert!(read(&vec!["127.0.0.1:0"; 17].join(",")).unwrap_err().contains("16"));
    }
}
