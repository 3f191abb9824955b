//! Via: the way a request came (RFC 3261 20.42, RFC 3581).

use crate::scan::{self, Params};
use crate::uri;
use std::net::IpAddr;

/// How a branch of RFC 3261 begins.
pub const MAGIC_COOKIE: &[u8] = b"z9hG4bK";

/// One Via value, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Via<'a> {
    transport: &'a [u8],
    host: &'a [u8],
    port: Option<u16>,
    params: &'a [u8],
    branch: Option<&'a [u8]>,
    rport: bool,
}

impl<'a> Via<'a> {
    /// Takes one value apart (see [`first`] for lists). `None` when protocol, host or port are broken.
    #[must_use]
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let (protocol, rest) = scan::split_once(value, b'/')?;
        let (version, rest) = scan::split_once(rest, b'/')?;
        // Another version is the start line's to refuse; the answer needs this Via all the same.
        if !scan::trim(protocol).eq_ignore_ascii_case(b"SIP") || !scan::is_token(scan::trim(version)) {
            return None;
        }
        let rest = scan::trim_start(rest);
        let gap = rest.iter().position(|b| scan::is_space(*b))?;
        let (transport, rest) = rest.split_at_checked(gap)?;
        let end = scan::find(b';', rest).unwrap_or(rest.len());
        let (address, params) = rest.split_at_checked(end)?;
        let (host, port) = uri::host_port(scan::trim(address))?;
        let mut via = Self { transport, host, port, params, branch: None, rport: false };
        for (name, value) in Params(params).iter() {
            if name.eq_ignore_ascii_case(b"branch") {
                via.branch = Some(value);
            } else if name.eq_ignore_ascii_case(b"rport") {
                via.rport = true;
            }
        }
        scan::is_token(transport).then_some(via)
    }

    pub(crate) fn from_parts(
        transport: &'a [u8],
        host: &'a [u8],
        port: Option<u16>,
        params: &'a [u8],
        branch: Option<&'a [u8]>,
        rport: bool,
    ) -> Self {
        Self { transport, host, port, params, branch, rport }
    }
    /// `UDP`, `TCP` …
    #[must_use]
    pub fn transport(&self) -> &'a [u8] {
        self.transport
    }
    /// Host of sent-by.
    #[must_use]
    pub fn host(&self) -> &'a [u8] {
        self.host
    }
    /// Port of sent-by, when written.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }
    /// Its parameters.
    #[must_use]
    pub fn params(&self) -> Params<'a> {
        Params(self.params)
    }
    /// The branch, whatever it looks like.
    #[must_use]
    pub fn branch(&self) -> Option<&'a [u8]> {
        self.branch
    }
    /// The `received` address, with or without brackets (RFC 5118 4.5).
    #[must_use]
    pub fn received(&self) -> Option<IpAddr> {
        uri::ip_literal(self.params().get("received")?)
    }
    /// Does the sender ask for the source port (RFC 3581)?
    #[must_use]
    pub fn rport(&self) -> bool {
        self.rport
    }
}

/// The first value of a Via header that may hold several, and whether others follow.
#[must_use]
pub fn first(value: &[u8]) -> (&[u8], bool) {
    match scan::find_outside(value, b",", false) {
        Some(at) => (scan::trim(value.get(..at).unwrap_or_default()), true),
        None => (scan::trim(value), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let via = Via::parse(b"SIP/2.0/UDP 192.0.2.2:5062 ;branch=z9hG4bKx;rport").unwrap();
        assert_eq!((via.transport(), via.host(), via.port()), (&b"UDP"[..], &b"192.0.2.2"[..], Some(5062)));
        assert_eq!((via.branch(), via.rport()), (Some(&b"z9hG4bKx"[..]), true));
        let odd = Via::parse(b"SIP  / 2.0\t/  TCP   spindle.example.com  ;  branch =  z9hG4bK9 ").unwrap();
        assert_eq!((odd.host(), odd.branch()), (&b"spindle.example.com"[..], Some(&b"z9hG4bK9"[..])));
        let v6 = Via::parse(b"SIP/2.0/TLS [2001:db8::1]:5061").unwrap();
        assert_eq!((v6.host(), v6.port(), v6.branch()), (&b"[2001:db8::1]"[..], Some(5061), None));
    }

    #[test]
    fn lists_and_refusals() {
        assert_eq!(first(b"SIP/2.0/UDP a;x=\"1,2\" , SIP/2.0/UDP b"), (&b"SIP/2.0/UDP a;x=\"1,2\""[..], true));
        for bad in [&b"SIP/2.0/UDP"[..], b"HTTP/2.0/UDP a", b"SIP/2.0/UDP ;branch=x", b"SIP/2.0/UDP a:b", b"x"] {
            assert_eq!(Via::parse(bad), None, "{}", String::from_utf8_lossy(bad));
        }
    }
}
