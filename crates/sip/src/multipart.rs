//! The wanted part of a multipart body (RFC 2046 5.1, RFC 5621): carriers wrap a session description with other things.

use crate::scan::{self, Params};

/// Most parts of one multipart body that are looked at.
const MAX_PARTS: usize = 16;
/// Multipart bodies within each other that are looked at (RFC 5621 3.1 wants nesting read).
const MAX_NESTING: usize = 3;
/// Longest boundary, bytes (RFC 2046 5.1.1). It also bounds what looking for it costs.
const MAX_BOUNDARY: usize = 70;

/// Is it this media type, parameters aside?
pub(crate) fn is_type(content_type: &[u8], wanted: &[u8]) -> bool {
    media_type(content_type).0.eq_ignore_ascii_case(wanted)
}

/// Is it any multipart type?
pub(crate) fn is_multipart(content_type: &[u8]) -> bool {
    let kind = media_type(content_type).0;
    kind.get(..10).is_some_and(|start| start.eq_ignore_ascii_case(b"multipart/"))
}

fn media_type(content_type: &[u8]) -> (&[u8], Params<'_>) {
    let end = scan::find(b';', content_type).unwrap_or(content_type.len());
    let (kind, params) = content_type.split_at_checked(end).unwrap_or_default();
    (scan::trim(kind), Params(params))
}

/// The body itself when it is of the wanted type, else the first part of that type.
pub(crate) fn part<'a>(content_type: &[u8], body: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    part_within(content_type, body, wanted, MAX_NESTING)
}

fn part_within<'a>(content_type: &[u8], body: &'a [u8], wanted: &[u8], nesting: usize) -> Option<&'a [u8]> {
    if is_type(content_type, wanted) {
        return Some(body);
    }
    if !is_multipart(content_type) || nesting == 0 {
        return None;
    }
    let (_, params) = media_type(content_type);
    let boundary = scan::unquote(params.get("boundary")?);
    if boundary.is_empty() || boundary.len() > MAX_BOUNDARY {
        return None;
    }
    let mut delimiter = b"--".to_vec();
    delimiter.extend_from_slice(&boundary);
    let mut rest = after_delimiter(body, &delimiter)?;
    for _ in 0..MAX_PARTS {
        let end = find_all(rest, &delimiter)?;
        let (head, content) = split_head(rest.get(..end)?)?;
        let kind = head_value(head, b"content-type").unwrap_or(b"text/plain");
        let content = content.strip_suffix(b"\r\n").or(content.strip_suffix(b"\n")).unwrap_or(content);
        if let Some(found) = part_within(kind, content, wanted, nesting - 1) {
            return Some(found);
        }
        rest = after_delimiter(rest.get(end..)?, &delimiter)?;
    }
    None
}

/// What follows the next delimiter line; `None` at the closing one.
fn after_delimiter<'a>(bytes: &'a [u8], delimiter: &[u8]) -> Option<&'a [u8]> {
    let rest = bytes.get(find_all(bytes, delimiter)? + delimiter.len()..)?;
    if rest.starts_with(b"--") {
        return None;
    }
    rest.get(scan::find(b'\n', rest)? + 1..)
}

fn split_head(part: &[u8]) -> Option<(&[u8], &[u8])> {
    if let Some(content) = part.strip_prefix(b"\r\n") {
        return Some((&[], content));
    }
    let at = find_all(part, b"\r\n\r\n")?;
    Some((part.get(..at)?, part.get(at + 4..)?))
}

fn head_value<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    head.split(|b| *b == b'\n').find_map(|line| {
        let (label, value) = scan::split_once(line, b':')?;
        let value = value.strip_suffix(b"\r").unwrap_or(value);
        scan::trim(label).eq_ignore_ascii_case(name).then(|| scan::trim(value))
    })
}

fn find_all(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len().max(1)).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_session_description() {
        let body = b"--x\r\nContent-Type: application/isup\r\n\r\n\x01\x02\r\n--x\r\ncontent-type: Application/SDP\r\n\r\nv=0\r\n\r\n--x--\r\n";
        assert_eq!(part(b"multipart/mixed;boundary=\"x\"", body, b"application/sdp"), Some(&b"v=0\r\n"[..]));
        assert_eq!(part(b"multipart/mixed;boundary=x", body, b"text/html"), None);
        assert_eq!(part(b"multipart/mixed;boundary=y", body, b"application/sdp"), None);
        assert_eq!(part(b"application/sdp ; a=b", b"v=0", b"application/sdp"), Some(&b"v=0"[..]));
        assert_eq!(part(b"text/plain", b"v=0", b"application/sdp"), None);
    }

    #[test]
    fn parts_within_parts() {
        let nested = |depth: usize| {
            let mut kind = "application/sdp".to_owned();
            let mut body = "v=0".to_owned();
            for level in 0..depth {
                body = format!("--b{level}\r\nContent-Type: {kind}\r\n\r\n{body}\r\n--b{level}--\r\n");
                kind = format!("multipart/mixed;boundary=b{level}");
            }
            part(kind.as_bytes(), body.as_bytes(), b"application/sdp").map(<[u8]>::to_vec)
        };
        for depth in 0..MAX_NESTING {
            assert_eq!(nested(depth).as_deref(), Some(&b"v=0"[..]), "{depth}");
        }
        assert_eq!(nested(MAX_NESTING + 1), None);
        assert_eq!(nested(500), None);
    }

    #[test]
    fn boundaries_are_bounded() {
        let body = "a".repeat(60_000);
        let long = format!("multipart/mixed;boundary={}", "a".repeat(71));
        assert_eq!(part(long.as_bytes(), body.as_bytes(), b"application/sdp"), None);
        assert_eq!(part(b"multipart/mixed;boundary=\"\"", body.as_bytes(), b"application/sdp"), None);
    }
}
