//! The address and ports of media.

use std::net::IpAddr;
use std::str::FromStr;

/// An address and a range of ports, such as `127.0.0.1:40000-49999`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpRange {
    /// The address media sockets are bound to and told to far ends.
    pub ip: IpAddr,
    /// The first port, even and at least 1024.
    pub first: u16,
    /// The last port, inclusive; at least four ports.
    pub last: u16,
}

impl FromStr for RtpRange {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        const FORM: &str = "an address and a port range are expected, such as 127.0.0.1:40000-49999";
        let (ip, ports) = text.rsplit_once(':').ok_or(FORM)?;
        let (first, last) = ports.split_once('-').ok_or(FORM)?;
        let ip = ip.trim_start_matches('[').trim_end_matches(']').parse().map_err(|_| FORM)?;
        let first: u16 = first.parse().map_err(|_| FORM)?;
        let last: u16 = last.parse().map_err(|_| FORM)?;
        if first < 1024 {
            return Err("ports below 1024 belong to the system".into());
        }
        if last < first.saturating_add(3) {
            return Err("at least four ports are needed, the smaller one first".into());
        }
        Ok(Self { ip, first: first.saturating_add(first % 2), last })
    }
}

impl std::fmt::Display for RtpRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.ip {
            IpAddr::V4(ip) => write!(f, "{ip}:{}-{}", self.first, self.last),
            IpAddr::V6(ip) => write!(f, "[{ip}]:{}-{}", self.first, self.last),
        }
    }
}
