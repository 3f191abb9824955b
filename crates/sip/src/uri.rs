//! URIs of the schemes sip, sips and tel (RFC 3261 19.1, RFC 3966).

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use crate::scan::{self, Params};

/// Default port of UDP and TCP (RFC 3261 19.1.2).
pub const DEFAULT_PORT: u16 = 5060;
/// Default port of TLS.
pub const DEFAULT_TLS_PORT: u16 = 5061;

/// What stands before the first colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:`
    Tel,
    /// Anything else; a request to it is answered 416.
    Other,
}

/// A URI, taken apart; all parts as written (escapes untouched).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uri<'a> {
    raw: &'a [u8],
    scheme: Scheme,
    user: Option<&'a [u8]>,
    host: &'a [u8],
    port: Option<u16>,
    params: &'a [u8],
    headers: &'a [u8],
}

impl<'a> Uri<'a> {
    /// Takes a URI apart. `None` when it has no scheme, an empty host, a port above 65535,
    /// white space, or one of `<>"`.
    #[must_use]
    pub fn parse(raw: &'a [u8]) -> Option<Self> {
        let (scheme, rest) = scan::split_once(raw, b':')?;
        if !is_scheme(scheme) || scan::breaks_uri(raw) {
            return None;
        }
        let scheme = match scheme {
            s if s.eq_ignore_ascii_case(b"sip") => Scheme::Sip,
            s if s.eq_ignore_ascii_case(b"sips") => Scheme::Sips,
            s if s.eq_ignore_ascii_case(b"tel") => Scheme::Tel,
            _ => Scheme::Other,
        };
        match scheme {
            Scheme::Sip | Scheme::Sips => Self::parse_sip(raw, scheme, rest),
            Scheme::Tel => Some(Self::parse_tel(raw, rest)),
            Scheme::Other => Some(Self::bare(raw, Scheme::Other)),
        }
    }

    fn bare(raw: &'a [u8], scheme: Scheme) -> Self {
        Self { raw, scheme, user: None, host: &[], port: None, params: &[], headers: &[] }
    }

    fn parse_tel(raw: &'a [u8], rest: &'a [u8]) -> Self {
        let end = scan::find(b';', rest).unwrap_or(rest.len());
        let (number, params) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        Self { user: Some(number), params, ..Self::bare(raw, Scheme::Tel) }
    }

    fn parse_sip(raw: &'a [u8], scheme: Scheme, rest: &'a [u8]) -> Option<Self> {
        // A semicolon or question mark may stand in the user part, so the @ is looked for first.
        let (user, rest) = match scan::split_once(rest, b'@') {
            Some((user, rest)) => (Some(user), rest),
            None => (None, rest),
        };
        if user.is_some_and(<[u8]>::is_empty) {
            return None;
        }
        let (rest, headers) = match scan::split_once(rest, b'?') {
            Some((rest, headers)) => (rest, headers),
            None => (rest, &[][..]),
        };
        let end = scan::find(b';', rest).unwrap_or(rest.len());
        let (address, params) = rest.split_at_checked(end)?;
        let (host, port) = host_port(address)?;
        Some(Self { raw, scheme, user, host, port, params, headers })
    }

    /// As written.
    #[must_use]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.raw
    }
    /// As text; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn to_text(&self) -> String {
        scan::text(self.raw)
    }
    /// Its scheme.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }
    /// User part (without a password) or telephone number, escapes undone; `None` when there is none.
    #[must_use]
    pub fn user(&self) -> Option<Cow<'a, str>> {
        let user = self.user?;
        let name = match self.scheme {
            Scheme::Tel => user,
            _ => scan::split_once(user, b':').map_or(user, |(name, _)| name),
        };
        Some(unescape(name))
    }
    /// User part as written, with a password.
    #[must_use]
    pub fn raw_user(&self) -> Option<&'a [u8]> {
        self.user
    }
    /// Host, an IPv6 address with its brackets; empty for tel.
    #[must_use]
    pub fn host(&self) -> &'a [u8] {
        self.host
    }
    /// Port, when written.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }
    /// Parameters of the URI.
    #[must_use]
    pub fn params(&self) -> Params<'a> {
        Params(self.params)
    }
    /// What follows `?`, without it.
    #[must_use]
    pub fn headers(&self) -> &'a [u8] {
        self.headers
    }
    /// Host and port as an address, when the host is an IP literal.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        let default = if self.scheme == Scheme::Sips { DEFAULT_TLS_PORT } else { DEFAULT_PORT };
        Some(SocketAddr::new(ip_literal(self.host)?, self.port.unwrap_or(default)))
    }
    /// Are both equal by the rules of RFC 3261 19.1.4 as far as a registrar needs them: scheme, user, host
    /// (case does not matter), port, and the parameters user, ttl, method, maddr, transport?
    #[must_use]
    pub fn matches(&self, other: &Uri<'_>) -> bool {
        let param = |name| match (self.params().get(name), other.params().get(name)) {
            (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
            (None, None) => true,
            _ => false,
        };
        self.scheme == other.scheme
            && same_user(self.user, other.user)
            && self.host.eq_ignore_ascii_case(other.host)
            && self.port == other.port
            && (self.scheme != Scheme::Other || self.raw == other.raw)
            && ["user", "ttl", "method", "maddr", "transport"].into_iter().all(param)
    }
}

fn same_user(a: Option<&[u8]>, b: Option<&[u8]>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a == b || unescape_bytes(a) == unescape_bytes(b),
        (None, None) => true,
        _ => false,
    }
}

fn is_scheme(name: &[u8]) -> bool {
    name.first().is_some_and(u8::is_ascii_alphabetic)
        && name.iter().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b))
}

/// `host`, `host:port` or `[v6]:port`; `None` for an empty host or a bad port.
pub(crate) fn host_port(address: &[u8]) -> Option<(&[u8], Option<u16>)> {
    let end = match address.first()? {
        b'[' => scan::find(b']', address)? + 1,
        _ => scan::find(b':', address).unwrap_or(address.len()),
    };
    let (host, rest) = address.split_at_checked(end)?;
    let host = scan::trim(host);
    if host.is_empty() || !host.iter().all(|b| is_host_byte(*b)) {
        return None;
    }
    if host.starts_with(b"[") && ip_literal(host).is_none() {
        return None;
    }
    match scan::trim(rest) {
        [] => Some((host, None)),
        [b':', port @ ..] => {
            let port = scan::number(scan::trim(port), u64::from(u16::MAX))?;
            Some((host, Some(u16::try_from(port).ok()?)))
        }
        _ => None,
    }
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || b"-._[]:%~".contains(&byte)
}

/// An IPv4 address, or an IPv6 address with or without brackets; a zone (`%eth0`) is of the sender's machine and dropped.
pub(crate) fn ip_literal(host: &[u8]) -> Option<IpAddr> {
    let host = host.strip_prefix(b"[").and_then(|h| h.strip_suffix(b"]")).unwrap_or(host);
    if !host.first().is_some_and(|b| b.is_ascii_hexdigit() || *b == b':') {
        return None;
    }
    let host = scan::split_once(host, b'%').map_or(host, |(address, _)| address);
    let text = std::str::from_utf8(host).ok()?;
    match text.parse() {
        Ok(ip) => Some(ip),
        // RFC 3261's grammar wrote three colons before an IPv4 part; both must be taken (RFC 5118 4.10).
        Err(_) if text.contains('.') && text.contains(":::") => text.replacen(":::", "::", 1).parse().ok(),
        Err(_) => None,
    }
}

/// With `%41` written as `A`.
pub(crate) fn unescape(bytes: &[u8]) -> Cow<'_, str> {
    match unescape_bytes(bytes) {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => scan::text(&bytes).into(),
    }
}

pub(crate) fn unescape_bytes(bytes: &[u8]) -> Cow<'_, [u8]> {
    if scan::find(b'%', bytes).is_none() {
        return bytes.into();
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if let (Some(high), Some(low)) = (hex_digit(*high), hex_digit(*low)) => {
                out.push(high * 16 + low);
                rest = after;
            }
            _ => out.push(*first),
        }
    }
    out.into()
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_sip_uri() {
        let uri = Uri::parse(b"sip:user;par=u%40example.net:pw@example.com:5070;lr?To=x").unwrap();
        assert_eq!(uri.user().unwrap(), "user;par=u@example.net");
        assert_eq!(uri.host(), b"example.com");
        assert_eq!(uri.port(), Some(5070));
        assert_eq!(uri.params().get("lr"), Some(&b""[..]));
        assert_eq!(uri.headers(), b"To=x");
        assert_eq!(uri.address(), None);
    }

    #[test]
    fn addresses() {
        let v6 = Uri::parse(b"sips:[2001:db8::1]").unwrap();
        assert_eq!(v6.address(), Some("[2001:db8::1]:5061".parse().unwrap()));
        let v4 = Uri::parse(b"sip:a@192.0.2.1:5080;transport=tcp").unwrap();
        assert_eq!(v4.address(), Some("192.0.2.1:5080".parse().unwrap()));
        assert_eq!(Uri::parse(b"tel:+8270;phone-context=x").unwrap().user().unwrap(), "+8270");
    }

    #[test]
    fn ipv6_references() {
        let at = |uri: &str| Uri::parse(uri.as_bytes()).map(|uri| uri.address());
        assert_eq!(
            at("sip:[2001:db8::10:5070]"),
            Some("[2001:db8::10:5070]:5060".parse().ok()),
            "no port (RFC 5118 4.3)"
        );
        assert_eq!(at("sip:[2001:db8::10]:5070"), Some("[2001:db8::10]:5070".parse().ok()));
        for both in ["sip:u@[2001:db8:::192.0.2.1]", "sip:u@[2001:db8::192.0.2.1]", "sip:u@[2001:DB8::C000:201%25eth0]"]
        {
            assert_eq!(at(both), Some("[2001:db8::c000:201]:5060".parse().ok()), "{both}");
        }
        for bad in ["sip:2001:db8::10", "sip:[2001:db8::10", "sip:[]", "sip:[192.0.2.1]x", "sip:u@[1:2]", "sip:[::1]:"]
        {
            assert_eq!(at(bad), None, "{bad}");
        }
    }

    #[test]
    fn refuses_what_is_none() {
        for bad in
            [&b"user@host"[..], b"sip:", b"sip:@host", b"sip:a@", b"sip:a@h:70000", b"sip:a b@h", b"<sip:a@h>", b":x"]
        {
            assert_eq!(Uri::parse(bad), None, "{}", String::from_utf8_lossy(bad));
        }
        assert_eq!(Uri::parse(b"http://x/").unwrap().scheme(), Scheme::Other);
    }

    #[test]
    fn equality_of_contacts() {
        let same = |a: &[u8], b: &[u8]| Uri::parse(a).unwrap().matches(&Uri::parse(b).unwrap());
        assert!(same(b"sip:%61@H;transport=UDP", b"sip:a@h;transport=udp;x=1"));
        assert!(!same(b"sip:a@h", b"sip:a@h:5060"));
        assert!(!same(b"sip:a@h", b"sip:A@h"));
        assert!(!same(b"sip:a@h;transport=tcp", b"sip:a@h"));
    }
}
