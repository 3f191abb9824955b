//! What makes a request outside of its content unacceptable, in the order of RFC 3261 8.2.

use super::{ALLOW, SUPPORTED};
use crate::header::HeaderName;
use crate::method::Method;
use crate::multipart;
use crate::name_addr::NameAddr;
use crate::reply::Reply;
use crate::request::Request;
use crate::scan;
use crate::uri::Scheme;
use crate::via::MAGIC_COOKIE;

/// The answer to a request that is refused whatever it wants; `None` when it may go on.
pub(super) fn refusal(request: &Request) -> Option<Reply> {
    if request.via().branch() == Some(MAGIC_COOKIE) {
        return Some(bad("Via: branch has nothing after the cookie"));
    }
    if request.method() == Method::Other {
        return Some(Reply::new(501).with_header("Allow", ALLOW));
    }
    uri(request).or_else(|| extensions(request)).or_else(|| contacts(request)).or_else(|| content(request))
}

fn bad(problem: &str) -> Reply {
    Reply::new(400).with_header("Warning", format!("399 sori \"{problem}\""))
}

fn uri(request: &Request) -> Option<Reply> {
    match request.uri() {
        None => Some(bad("Request-URI is none")),
        Some(uri) if uri.scheme() == Scheme::Other => Some(Reply::new(416)),
        Some(uri) if !uri.headers().is_empty() => Some(bad("Request-URI has header fields")),
        Some(_) => None,
    }
}

/// What is not supported is refused; Proxy-Require is for proxies.
fn extensions(request: &Request) -> Option<Reply> {
    let wanted: Vec<String> = request.list(HeaderName::Require).filter(|tag| !tag.is_empty()).map(scan::text).collect();
    // A registrar keeps Path (RFC 3327) and flows (RFC 5626) without more ado.
    let of_registrar: &[&str] = if request.method() == Method::Register { &["path", "outbound"] } else { &["path"] };
    let known = || SUPPORTED.split(", ").chain(of_registrar.iter().copied());
    let is_known = |tag: &String| known().any(|known| tag.eq_ignore_ascii_case(known));
    let unknown: Vec<String> = wanted.into_iter().filter(|tag| !is_known(tag)).collect();
    (!unknown.is_empty()).then(|| Reply::new(420).with_header("Unsupported", unknown.join(", ")))
}

fn contacts(request: &Request) -> Option<Reply> {
    let method = request.method();
    if !matches!(method, Method::Invite | Method::Register | Method::Update) {
        return None;
    }
    let mut all = request.list(HeaderName::Contact);
    let broken = all.any(|value| value != b"*" && NameAddr::parse(value).is_none());
    broken.then(|| bad("Contact is no address"))
}

/// A session description is the only content an INVITE or UPDATE may have, and what its sender must take back.
fn content(request: &Request) -> Option<Reply> {
    if !matches!(request.method(), Method::Invite | Method::Update) {
        return None;
    }
    let encoded = request.known(HeaderName::ContentEncoding).is_some_and(|e| !e.eq_ignore_ascii_case(b"identity"));
    let known = request
        .content_type()
        .is_none_or(|kind| multipart::is_type(kind, b"application/sdp") || multipart::is_multipart(kind));
    if !request.body().is_empty() && (encoded || !known) {
        return Some(Reply::new(415).with_header("Accept", "application/sdp"));
    }
    let mut accepted = request.list(HeaderName::Accept).peekable();
    let takes_sdp = accepted.peek().is_none()
        || accepted.any(|kind| {
            [&b"application/sdp"[..], b"application/*", b"*/*"].iter().any(|one| multipart::is_type(kind, one))
        });
    (!takes_sdp).then(|| Reply::new(406).with_header("Accept", "application/sdp"))
}
