//! Where a carrier takes messages, as people write it: `host`, `host:port`, `sip:host:port;transport=tcp`, `sips:host`.

use sip::Transport;
use switch::Proxy;

/// The longest host name (RFC 1035 2.3.4).
const LONGEST_HOST: usize = 253;

/// Reads one; `None` for what is none: a user part, another transport than udp, tcp and tls, a port of 0 or over 65535.
#[must_use]
pub fn read(text: &str) -> Option<Proxy> {
    let (secure, rest) = match text.split_once(':') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("sip") => (false, rest),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("sips") => (true, rest),
        _ => (false, text),
    };
    let (place, parameters) = rest.split_once(';').map_or((rest, None), |(place, rest)| (place, Some(rest)));
    let transport = match parameters {
        Some(parameters) => transport(parameters)?,
        None => None,
    };
    // `sips` over UDP is a contradiction (RFC 3261 26.2.2).
    if secure && transport == Some(Transport::Udp) {
        return None;
    }
    let (host, port) = host_and_port(place)?;
    Some(Proxy { host, port, transport, secure })
}

/// `transport=tcp`, which may stand with other parameters; these are ignored.
fn transport(parameters: &str) -> Option<Option<Transport>> {
    let named = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("transport").then(|| value.trim().to_ascii_lowercase())
    });
    match named.as_deref() {
        None => Some(None),
        Some("udp") => Some(Some(Transport::Udp)),
        Some("tcp") => Some(Some(Transport::Tcp)),
        Some("tls") => Some(Some(Transport::Tls)),
        Some(_) => None,
    }
}

fn host_and_port(place: &str) -> Option<(String, Option<u16>)> {
    if let Ok(address) = place.parse::<std::net::SocketAddr>() {
        return (address.port() > 0).then(|| (address.ip().to_string(), Some(address.port())));
    }
    let bare = place.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(place);
    if let Ok(ip) = bare.parse::<std::net::IpAddr>() {
        return Some((ip.to_string(), None));
    }
    let (host, port) = match place.split_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok().filter(|port| *port > 0)?)),
        None => (place, None),
    };
    let is_name = !host.is_empty()
        && host.len() <= LONGEST_HOST
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
        && host.split('.').all(|label| label.len() <= 63)
        && !host.starts_with('.');
    is_name.then(|| (host.to_ascii_lowercase(), port))
}

/// The host and port as they stand in a URI; an IPv6 address gets its brackets.
#[must_use]
pub fn in_uri(proxy: &Proxy) -> String {
    let host = if proxy.host.contains(':') { format!("[{}]", proxy.host) } else { proxy.host.clone() };
    let usual = if proxy.secure || proxy.transport == Some(Transport::Tls) { 5061 } else { 5060 };
    match proxy.port {
        Some(port) if port != usual => format!("{host}:{port}"),
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        let proxy =
            |host: &str, port, transport, secure| Some(Proxy { host: host.to_owned(), port, transport, secure });
        assert_eq!(read("sip:127.0.0.1:5090"), proxy("127.0.0.1", Some(5090), None, false));
        assert_eq!(read("sip:[::1]:5090"), proxy("::1", Some(5090), None, false));
        assert_eq!(read("[2001:db8::1]"), proxy("2001:db8::1", None, None, false));
        assert_eq!(read("SIP.Example.net"), proxy("sip.example.net", None, None, false));
        assert_eq!(read("sip.example.net:5080"), proxy("sip.example.net", Some(5080), None, false));
        assert_eq!(read("sip:a.test;transport=TCP"), proxy("a.test", None, Some(Transport::Tcp), false));
        assert_eq!(read("sip:a.test;lr;transport=tls"), proxy("a.test", None, Some(Transport::Tls), false));
        assert_eq!(read("sips:a.test"), proxy("a.test", None, None, true));
    }

    #[test]
    fn refuses_what_is_none() {
        for wrong in [
            "",
            "sip:",
            "sip:user@host",
            "host:0",
            "host:port",
            "host:65536",
            "a b",
            ":5060",
            "a.test;transport=sctp",
            "sips:a.test;transport=udp",
            "http://a.test",
            "a.test?x=y",
            "<sip:a.test>",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn stands_in_a_uri_without_the_usual_port() {
        let text = |given: &str| in_uri(&read(given).unwrap());
        assert_eq!(text("a.test:5060"), "a.test");
        assert_eq!(text("a.test:5070"), "a.test:5070");
        assert_eq!(text("[::1]:5070"), "[::1]:5070");
        assert_eq!(text("sips:a.test:5061"), "a.test");
    }
}
