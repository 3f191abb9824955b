//! Requests made from a request that was sent: CANCEL, ACK to a non-2xx, the same again with credentials
//! (RFC 3261 9.1, 17.1.1.3, 22.2).

use crate::flow::Flow;
use crate::header::HeaderName;
use crate::print;
use crate::raw::Raw;
use crate::response::Response;
use crate::scan;

/// ACK to a non-2xx: To comes from the response, the rest from the INVITE.
pub(crate) fn ack(invite: &[u8], response: &Response, out: Vec<u8>) -> Vec<u8> {
    let to = response.raw().values(HeaderName::To).next().unwrap_or_default();
    same_branch(invite, b"ACK", Some(to), &[], out)
}

/// CANCEL, with a Reason header (RFC 3326) when there is one.
pub(crate) fn cancel(invite: &[u8], reason: &[u8], out: Vec<u8>) -> Vec<u8> {
    same_branch(invite, b"CANCEL", None, reason, out)
}

/// What of an INVITE names its dialog, without the rest and without a body.
pub(crate) fn bare_invite(invite: &[u8], out: Vec<u8>) -> Vec<u8> {
    same_branch(invite, b"INVITE", None, &[], out)
}

/// A request of the same branch, Request-URI, Call-ID, From and Route.
fn same_branch(request: &[u8], method: &[u8], to: Option<&[u8]>, reason: &[u8], mut out: Vec<u8>) -> Vec<u8> {
    let Ok(raw) = Raw::split(request) else { return out };
    print::request_line(&mut out, method, request_uri(&raw));
    for line in &raw.lines {
        let value = raw.slice(line.value);
        match line.name {
            HeaderName::To => print::header(&mut out, "To", to.unwrap_or(value)),
            HeaderName::Via | HeaderName::Route | HeaderName::From | HeaderName::CallId | HeaderName::MaxForwards => {
                print::header(&mut out, line.name.as_str(), value);
            }
            HeaderName::CSeq => {
                out.extend_from_slice(b"CSeq: ");
                let number = scan::split_once(value, b' ').map_or(value, |(number, _)| number);
                out.extend_from_slice(number);
                out.push(b' ');
                out.extend_from_slice(method);
                out.extend_from_slice(b"\r\n");
            }
            _ => {}
        }
    }
    if !reason.is_empty() {
        print::header(&mut out, "Reason", reason);
    }
    print::body(&mut out, None);
    out
}

fn request_uri(raw: &Raw) -> &[u8] {
    raw.slice(raw.start).split(|b| *b == b' ').nth(1).unwrap_or_default()
}

/// Numbers of the transaction a request is sent again in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Again<'a> {
    pub(crate) flow: &'a Flow,
    pub(crate) id: u64,
    pub(crate) random: u64,
    pub(crate) cseq: u32,
}

/// The same request in a new transaction, with credentials instead of those it had.
pub(crate) fn again(request: &[u8], new: Again<'_>, credentials: (&str, &str), out: Vec<u8>) -> Vec<u8> {
    let mut lines = Vec::new();
    print::header(&mut lines, credentials.0, credentials.1.as_bytes());
    again_with(request, new, &[], &lines, out)
}

/// The same request in a new transaction, without its credentials and the headers named, with these lines instead.
pub(crate) fn again_with(
    request: &[u8],
    new: Again<'_>,
    without: &[HeaderName],
    lines: &[u8],
    mut out: Vec<u8>,
) -> Vec<u8> {
    let Ok(raw) = Raw::split(request) else { return out };
    out.extend_from_slice(raw.slice(raw.start));
    out.extend_from_slice(b"\r\n");
    print::via(&mut out, new.flow, new.id, new.random);
    for line in &raw.lines {
        let value = raw.slice(line.value);
        match line.name {
            HeaderName::Via
            | HeaderName::Authorization
            | HeaderName::ProxyAuthorization
            | HeaderName::ContentLength => {}
            name if without.contains(&name) => {}
            HeaderName::CSeq => {
                out.extend_from_slice(b"CSeq: ");
                print::number(&mut out, u64::from(new.cseq));
                let method = scan::split_once(value, b' ').map_or(value, |(_, method)| method);
                out.push(b' ');
                out.extend_from_slice(method);
                out.extend_from_slice(b"\r\n");
            }
            HeaderName::Other => {
                out.extend_from_slice(raw.slice(line.label));
                out.extend_from_slice(b": ");
                out.extend_from_slice(value);
                out.extend_from_slice(b"\r\n");
            }
            name => print::header(&mut out, name.as_str(), value),
        }
    }
    out.extend_from_slice(lines);
    let body = raw.slice(raw.body);
    print::number_header(&mut out, "Content-Length", body.len() as u64);
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
    out
}
