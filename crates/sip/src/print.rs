//! Writing messages straight into a buffer.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};

use crate::flow::{Flow, Transport};
use crate::reason_phrase::phrase;

/// `INVITE sip:… SIP/2.0`
pub(crate) fn request_line(out: &mut Vec<u8>, method: &[u8], uri: &[u8]) {
    out.extend_from_slice(method);
    out.push(b' ');
    clean(out, uri);
    out.extend_from_slice(b" SIP/2.0\r\n");
}

/// `SIP/2.0 200 OK`
pub(crate) fn status_line(out: &mut Vec<u8>, status: u16, reason: Option<&str>) {
    out.extend_from_slice(b"SIP/2.0 ");
    number(out, u64::from(status));
    out.push(b' ');
    clean(out, reason.unwrap_or(phrase(status)).as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// One header field; line ends and other control bytes in the value become spaces, so that nothing can be smuggled in.
pub(crate) fn header(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    clean(out, value);
    out.extend_from_slice(b"\r\n");
}

/// One header field with a number.
pub(crate) fn number_header(out: &mut Vec<u8>, name: &str, value: u64) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    number(out, value);
    out.extend_from_slice(b"\r\n");
}

/// Content-Type, Content-Length, the empty line and the body.
pub(crate) fn body(out: &mut Vec<u8>, body: Option<(&str, &[u8])>) {
    if let Some((kind, _)) = body {
        header(out, "Content-Type", kind.as_bytes());
    }
    let bytes = body.map_or(&[][..], |(_, bytes)| bytes);
    number_header(out, "Content-Length", bytes.len() as u64);
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(bytes);
}

/// Decimal digits.
pub(crate) fn number(out: &mut Vec<u8>, value: u64) {
    let mut digits = [0_u8; 20];
    let mut rest = value;
    let mut length = 0;
    for place in digits.iter_mut().rev() {
        *place = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        length += 1;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - length..).unwrap_or_default());
}

/// Sixteen lower-case hexadecimal digits.
pub(crate) fn hex(out: &mut Vec<u8>, value: u64) {
    for shift in (0..16).rev() {
        let digit = (value >> (shift * 4)) & 15;
        out.push(b"0123456789abcdef"[usize::try_from(digit).unwrap_or(0) & 15]);
    }
}

/// The bytes with control bytes as spaces.
pub(crate) fn clean(out: &mut Vec<u8>, bytes: &[u8]) {
    let start = out.len();
    out.extend_from_slice(bytes);
    for byte in out.iter_mut().skip(start) {
        if *byte < b' ' || *byte == 0x7f {
            *byte = b' ';
        }
    }
}

/// `192.0.2.1:5060`, `[2001:db8::1]:5060`.
pub(crate) fn address(out: &mut Vec<u8>, address: SocketAddr) {
    ip(out, address.ip());
    out.push(b':');
    number(out, u64::from(address.port()));
}

fn ip(out: &mut Vec<u8>, ip: IpAddr) {
    // `[::ffff:192.0.2.1]` is of this machine's sockets; far ends know the IPv4 address.
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            for (index, part) in v4.octets().into_iter().enumerate() {
                if index > 0 {
                    out.push(b'.');
                }
                number(out, u64::from(part));
            }
        }
        // Writing to a Vec cannot fail.
        IpAddr::V6(v6) => drop(write!(out, "[{v6}]")),
    }
}

/// An IP address as text, without brackets.
pub(crate) fn bare_ip(out: &mut Vec<u8>, ip: IpAddr) {
    match ip.to_canonical() {
        IpAddr::V6(v6) => drop(write!(out, "{v6}")),
        IpAddr::V4(_) => self::ip(out, ip),
    }
}

/// Our top Via over this flow.
pub(crate) fn via(out: &mut Vec<u8>, flow: &Flow, id: u64, random: u64) {
    out.extend_from_slice(b"Via: SIP/2.0/");
    out.extend_from_slice(flow.transport.as_str().as_bytes());
    out.push(b' ');
    address(out, flow.local);
    out.extend_from_slice(b";branch=z9hG4bK");
    hex(out, id);
    hex(out, random);
    out.extend_from_slice(b";rport\r\n");
}

/// The URI part `host:port;transport=…` of our Contact over this flow.
pub(crate) fn contact(out: &mut Vec<u8>, user: &str, flow: &Flow) {
    out.extend_from_slice(b"Contact: <sip:");
    if !user.is_empty() {
        user_part(out, user);
        out.push(b'@');
    }
    address(out, flow.local);
    out.extend_from_slice(match flow.transport {
        Transport::Udp => b"",
        Transport::Tcp => b";transport=tcp",
        Transport::Tls => b";transport=tls",
        Transport::Ws | Transport::Wss => b";transport=ws",
    });
    out.extend_from_slice(b">\r\n");
}

/// A user part with what must be escaped escaped (RFC 3261 25.1 `user`).
pub(crate) fn user_part(out: &mut Vec<u8>, user: &str) {
    for byte in user.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&byte) {
            out.push(byte);
        } else {
            out.push(b'%');
            for digit in [byte >> 4, byte & 15] {
                out.push(b"0123456789ABCDEF"[usize::from(digit & 15)]);
            }
        }
    }
}

/// `"display" <uri>` without parameters.
pub(crate) fn name_addr(out: &mut Vec<u8>, display: &str, uri: &str) {
    if !display.is_empty() {
        out.push(b'"');
        for byte in display.bytes() {
            if byte == b'"' || byte == b'\\' {
                out.push(b'\\');
            }
            clean(out, &[byte]);
        }
        out.extend_from_slice(b"\" ");
    }
    out.push(b'<');
    for byte in uri.bytes().filter(|byte| !b"<>\" ".contains(byte)) {
        clean(out, &[byte]);
    }
    out.push(b'>');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_addresses() {
        let mut out = Vec::new();
        for value in [0, 7, 10, u64::MAX] {
            number(&mut out, value);
            out.push(b' ');
        }
        address(&mut out, "192.0.2.10:5060".parse().unwrap());
        out.push(b' ');
        address(&mut out, "[2001:db8::1]:1".parse().unwrap());
        assert_eq!(String::from_utf8(out).unwrap(), "0 7 10 18446744073709551615 192.0.2.10:5060 [2001:db8::1]:1");
    }

    #[test]
    fn nothing_is_smuggled_in() {
        let mut out = Vec::new();
        name_addr(&mut out, "a\"\r\nX: 1\\", "sip:a>\r\n@h");
        header(&mut out, "Subject", b"x\r\nVia: y");
        assert_eq!(String::from_utf8(out).unwrap(), "\"a\\\"  X: 1\\\\\" <sip:a  @h>Subject: x  Via: y\r\n");
    }
}
