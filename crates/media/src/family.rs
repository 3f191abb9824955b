//! Which kind of addresses a far end's media has: sockets of the other kind could not reach it.

use std::net::IpAddr;

/// The family of an IP address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Family {
    /// IPv4.
    #[default]
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// That of `ip`; an IPv4 address in IPv6 clothes (`::ffff:192.0.2.1`) is IPv4.
    #[must_use]
    pub fn of(ip: IpAddr) -> Self {
        if ip.to_canonical().is_ipv4() { Self::V4 } else { Self::V6 }
    }

    /// That of the first connection line of a description (RFC 4566 5.7), which may differ from that of the signalling it
    /// came by; `None` without such a line.
    #[must_use]
    pub fn offered(sdp: &[u8]) -> Option<Self> {
        let address = |line: &[u8]| match line.get(..9)? {
            start if start.eq_ignore_ascii_case(b"c=IN IP4 ") => Some(Self::V4),
            start if start.eq_ignore_ascii_case(b"c=IN IP6 ") => Some(Self::V6),
            _ => None,
        };
        sdp.split(|byte| *byte == b'\n').find_map(address)
    }
}

/// Whether an address is of a network of its own, which we may not reach: RFC 1918, RFC 6598, link-local, and RFC 4193 for
/// IPv6.
pub(crate) fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, ..] = address.octets();
            address.is_private() || address.is_link_local() || (a == 100 && b & 0xc0 == 64)
        }
        IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::Family;

    #[test]
    fn is_read_from_addresses_and_descriptions() {
        assert_eq!(Family::of("2001:db8::1".parse().unwrap()), Family::V6);
        assert_eq!(Family::of("::ffff:192.0.2.1".parse().unwrap()), Family::V4);
        assert_eq!(Family::offered(b"v=0\r\nc=IN IP6 2001:db8::1\r\nc=IN IP4 192.0.2.1\r\n"), Some(Family::V6));
        assert_eq!(Family::offered(b"v=0\nc=IN IP4 192.0.2.1\n"), Some(Family::V4));
        assert_eq!(Family::offered(b"c=IN"), None);
    }
}
