//! STUN Binding requests on the SIP port: how phones behind a NAT keep a UDP flow open (RFC 5626 3.5.2, RFC 5389).

use std::net::{IpAddr, SocketAddr};

/// Every message of RFC 5389 carries it; those of RFC 3489 do not.
const MAGIC_COOKIE: u32 = 0x2112_a442;
const HEADER: usize = 20;
/// Longest request that is looked at, bytes; a keep-alive has hardly more than its header.
const MAX_REQUEST: usize = 548;
/// Most attributes of a request.
const MAX_ATTRIBUTES: usize = 16;
/// Attributes below this must be understood (RFC 5389 15).
const OPTIONAL_FROM: u16 = 0x8000;

const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const BINDING_ERROR: u16 = 0x0111;
const MAPPED_ADDRESS: u16 = 0x0001;
const ERROR_CODE: u16 = 0x0009;
const UNKNOWN_ATTRIBUTES: u16 = 0x000a;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
/// Credentials and a realm: a keep-alive is not signed (RFC 5626 8), yet a client that signs it may be answered.
const UNDERSTOOD: [u16; 2] = [0x0006, 0x0008];

/// Can these bytes be STUN and nothing else? Its first two bits are zero; a SIP message begins with a letter, an empty
/// line with a byte above 3.
#[must_use]
pub fn is_stun(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| *first < 4)
}

/// The answer to a Binding request from `remote`: a Binding response with the address it was seen from, or an error
/// that names the attributes we should have understood and did not. `None` for anything else, which is dropped.
#[must_use]
pub fn answer(request: &[u8], remote: SocketAddr) -> Option<Vec<u8>> {
    let (header, attributes) = request.split_at_checked(HEADER)?;
    if request.len() > MAX_REQUEST || word(header, 0)? != BINDING_REQUEST {
        return None;
    }
    if usize::from(word(header, 2)?) != attributes.len() || attributes.len() % 4 != 0 {
        return None;
    }
    let transaction = header.get(4..)?;
    let is_classic = transaction.get(..4)? != MAGIC_COOKIE.to_be_bytes();
    let unknown = unknown_attributes(attributes)?;
    // RFC 3489 has other attributes below 0x8000; they ask for what is not done here and may be passed over.
    if !unknown.is_empty() && !is_classic {
        return Some(message(BINDING_ERROR, transaction, &error(&unknown)));
    }
    let remote = SocketAddr::new(remote.ip().to_canonical(), remote.port());
    let address = if is_classic { mapped(remote) } else { xor_mapped(remote, transaction) };
    Some(message(BINDING_SUCCESS, transaction, &address))
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    let pair = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes(pair.try_into().ok()?))
}

/// Attributes that must be understood and are not; `None` when they do not fill the message.
fn unknown_attributes(mut rest: &[u8]) -> Option<Vec<u16>> {
    let mut unknown = Vec::new();
    for _ in 0..MAX_ATTRIBUTES {
        if rest.is_empty() {
            return Some(unknown);
        }
        let (kind, length) = (word(rest, 0)?, usize::from(word(rest, 2)?));
        if kind < OPTIONAL_FROM && !UNDERSTOOD.contains(&kind) {
            unknown.push(kind);
        }
        rest = rest.get(4 + length.next_multiple_of(4)..)?;
    }
    None
}

fn message(kind: u16, transaction: &[u8], attributes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER + attributes.len());
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&u16::try_from(attributes.len()).unwrap_or(0).to_be_bytes());
    out.extend_from_slice(transaction);
    out.extend_from_slice(attributes);
    out
}

/// Kind, length and value, filled up to a multiple of four.
fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(4 + value.len());
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&u16::try_from(value.len()).unwrap_or(0).to_be_bytes());
    out.extend_from_slice(value);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

fn address_value(port: u16, family: u8, ip: impl IntoIterator<Item = u8>) -> Vec<u8> {
    let mut value = vec![0, family];
    value.extend_from_slice(&port.to_be_bytes());
    value.extend(ip);
    value
}

fn mapped(remote: SocketAddr) -> Vec<u8> {
    let value = match remote.ip() {
        IpAddr::V4(ip) => address_value(remote.port(), 1, ip.octets()),
        IpAddr::V6(ip) => address_value(remote.port(), 2, ip.octets()),
    };
    attribute(MAPPED_ADDRESS, &value)
}

/// Exclusive or with cookie and transaction id, so that no NAT on the way rewrites it (RFC 5389 15.2). `mask` is both.
fn xor_mapped(remote: SocketAddr, mask: &[u8]) -> Vec<u8> {
    let port = remote.port() ^ word(mask, 0).unwrap_or(0);
    let masked = |octets: &[u8]| octets.iter().zip(mask).map(|(octet, mask)| octet ^ mask).collect::<Vec<u8>>();
    let value = match remote.ip() {
        IpAddr::V4(ip) => address_value(port, 1, masked(&ip.octets())),
        IpAddr::V6(ip) => address_value(port, 2, masked(&ip.octets())),
    };
    attribute(XOR_MAPPED_ADDRESS, &value)
}

/// 420 and the attributes it is about (RFC 5389 7.3.1).
fn error(unknown: &[u16]) -> Vec<u8> {
    let mut value = vec![0, 0, 4, 20];
    value.extend_from_slice(b"Unknown Attribute");
    let mut out = attribute(ERROR_CODE, &value);
    let kinds: Vec<u8> = unknown.iter().flat_map(|kind| kind.to_be_bytes()).collect();
    out.extend_from_slice(&attribute(UNKNOWN_ATTRIBUTES, &kinds));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: [u8; 12] = [0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae];

    fn request(attributes: &[u8]) -> Vec<u8> {
        let mut transaction = MAGIC_COOKIE.to_be_bytes().to_vec();
        transaction.extend_from_slice(&ID);
        message(BINDING_REQUEST, &transaction, attributes)
    }

    /// The addresses and masked bytes of RFC 5769 2.2 and 2.3.
    #[test]
    fn tells_where_it_was_seen() {
        let v4 = answer(&request(&[]), "192.0.2.1:32853".parse().unwrap()).unwrap();
        assert_eq!(v4[..8], [0x01, 0x01, 0x00, 0x0c, 0x21, 0x12, 0xa4, 0x42]);
        assert_eq!(v4[8..20], ID);
        assert_eq!(v4[20..], [0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43]);
        let v6 = answer(&request(&[]), "[2001:db8:1234:5678:11:2233:4455:6677]:32853".parse().unwrap()).unwrap();
        let masked = [0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9];
        assert_eq!(v6[20..28], [0x00, 0x20, 0x00, 0x14, 0x00, 0x02, 0xa1, 0x47]);
        assert_eq!(v6[28..], masked);
    }

    #[test]
    fn a_mapped_address_is_told_as_v4() {
        let dual = answer(&request(&[]), "[::ffff:192.0.2.1]:32853".parse().unwrap());
        assert_eq!(dual, answer(&request(&[]), "192.0.2.1:32853".parse().unwrap()));
    }

    #[test]
    fn optional_attributes_pass_and_unknown_ones_are_named() {
        let remote = "192.0.2.1:1".parse().unwrap();
        let optional = answer(&request(&attribute(0x8022, b"phone")), remote).unwrap();
        assert_eq!(optional[..2], [0x01, 0x01]);
        let unknown = answer(&request(&attribute(0x0030, b"x")), remote).unwrap();
        assert_eq!(unknown[..2], [0x01, 0x11]);
        assert_eq!(unknown[20..28], [0x00, 0x09, 0x00, 21, 0, 0, 4, 20]);
        assert_eq!(unknown[unknown.len() - 8..], [0x00, 0x0a, 0x00, 0x02, 0x00, 0x30, 0x00, 0x00]);
    }

    #[test]
    fn a_client_of_rfc_3489_gets_its_own_form() {
        let classic = message(BINDING_REQUEST, &[9; 16], &attribute(0x0003, &[0, 0, 0, 0]));
        let reply = answer(&classic, "192.0.2.1:258".parse().unwrap()).unwrap();
        assert_eq!(reply[..4], [0x01, 0x01, 0x00, 0x0c]);
        assert_eq!(reply[20..], [0x00, 0x01, 0x00, 0x08, 0x00, 0x01, 0x01, 0x02, 192, 0, 2, 1]);
    }

    #[test]
    fn anything_else_is_dropped() {
        let remote = "192.0.2.1:1".parse().unwrap();
        let good = request(&attribute(0x8022, b"phone"));
        for cut in 0..good.len() {
            assert_eq!(answer(&good[..cut], remote), None, "cut at {cut}");
        }
        let mut response = request(&[]);
        response[..2].copy_from_slice(&BINDING_SUCCESS.to_be_bytes());
        assert_eq!(
            answer(&response, remote),
            None,
            "a response must not be answered: two servers would go on for ever"
        );
        assert_eq!(answer(&request(&[0x80, 0x22, 0xff, 0xff]), remote), None);
        assert_eq!(answer(&request(&attribute(0x8022, b"").repeat(17)), remote), None);
        assert_eq!(answer(&request(&vec![0; 600]), remote), None);
        assert!(!is_stun(b"\r\n\r\n") && !is_stun(b"INVITE") && !is_stun(b"") && is_stun(&good));
    }
}
