//! The addresses and ports of media.

use crate::media_workers::MediaAddresses;
use std::net::IpAddr;
use std::str::FromStr;

/// One address or one of each family, and a range of ports, such as `127.0.0.1:40000-49999` or
/// `192.0.2.1,[2001:db8::1]:40000-49999`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpRange {
    /// The addresses media sockets are bound to and told to far ends.
    pub addresses: MediaAddresses,
    /// The first port, even and at least 1024.
    pub first: u16,
    /// The last port, inclusive; at least four ports.
    pub last: u16,
}

impl RtpRange {
    /// The one or two addresses.
    pub fn ips(self) -> impl Iterator<Item = IpAddr> {
        [self.addresses.v4, self.addresses.v6].into_iter().flatten()
    }
}

fn addresses(text: &str) -> Result<MediaAddresses, String> {
    let mut read = MediaAddresses { v4: None, v6: None };
    for part in text.split(',') {
        let ip: IpAddr = part.trim().trim_start_matches('[').trim_end_matches(']').parse().map_err(|_| FORM)?;
        if ip.is_unspecified() {
            return Err(format!(
                "far ends are told this address, and nobody reaches {ip}; name the address they reach"
            ));
        }
        let place = if ip.is_ipv4() { &mut read.v4 } else { &mut read.v6 };
        if place.replace(ip).is_some() {
            return Err("one address of each family (IPv4, IPv6) is taken".into());
        }
    }
    Ok(read)
}

const FORM: &str = "an address and a port range are expected, such as 127.0.0.1:40000-49999";

impl FromStr for RtpRange {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (ips, ports) = text.rsplit_once(':').ok_or(FORM)?;
        let (first, last) = ports.split_once('-').ok_or(FORM)?;
        let addresses = addresses(ips)?;
        let first: u16 = first.parse().map_err(|_| FORM)?;
        let last: u16 = last.parse().map_err(|_| FORM)?;
        if first < 1024 {
            return Err("ports below 1024 belong to the system".into());
        }
        if last < first.saturating_add(3) {
            return Err("at least four ports are needed, the smaller one first".into());
        }
        Ok(Self { addresses, first: first.saturating_add(first % 2), last })
    }
}

impl std::fmt::Display for RtpRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut between = "";
        for ip in self.ips() {
            match ip {
                IpAddr::V4(ip) => write!(f, "{between}{ip}")?,
                IpAddr::V6(ip) => write!(f, "{between}[{ip}]")?,
            }
            between = ",";
        }
        write!(f, ":{}-{}", self.first, self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::RtpRange;

    fn read(text: &str) -> Result<String, String> {
        text.parse::<RtpRange>().map(|range| range.to_string())
    }

    #[test]
    fn one_family_or_both() {
        assert_eq!(read("[::1]:40000-49999").unwrap(), "[::1]:40000-49999");
        assert_eq!(read("[::1],127.0.0.1:40001-49999").unwrap(), "127.0.0.1,[::1]:40002-49999");
        assert!(read("127.0.0.1,127.0.0.2:40000-49999").unwrap_err().contains("each family"));
        assert!(read("0.0.0.0:40000-49999").unwrap_err().contains("nobody reaches"));
    }
}
