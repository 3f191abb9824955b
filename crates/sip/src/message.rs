//! What requests and responses have in common: the header fields every message must carry, read at once, and
//! the others, read when asked for.

use std::net::SocketAddr;

use crate::cseq;
use crate::header::HeaderName;
use crate::multipart;
use crate::name_addr::NameAddr;
use crate::raw::{MAX_MESSAGE, Malformed, Raw};
use crate::scan;
use crate::span::Span;
use crate::via::{self, Via};

#[derive(Clone, Copy, Debug, Default)]
struct AddrSpans {
    display: Span,
    uri: Span,
    params: Span,
}

#[derive(Clone, Copy, Debug, Default)]
struct ViaSpans {
    transport: Span,
    host: Span,
    params: Span,
    branch: Option<Span>,
    port: Option<u16>,
    rport: bool,
}

/// The fields of every message (RFC 3261 8.1.1), by offsets.
#[derive(Clone, Copy, Debug, Default)]
struct CoreSpans {
    via: Option<ViaSpans>,
    several_vias: bool,
    from: Option<AddrSpans>,
    to: Option<AddrSpans>,
    call_id: Option<Span>,
    cseq: Option<(u32, Span)>,
    max_forwards: Option<u8>,
    content_length: Option<u32>,
}

/// Header fields and body of a request or response. Bytes that are not UTF-8 pass through.
#[derive(Clone, Debug)]
pub struct Message {
    raw: Raw,
    core: CoreSpans,
}

impl Message {
    /// Reads the core fields of split lines. On an error the lines come back, so that an answer can be built.
    pub(crate) fn read(mut raw: Raw) -> Result<Self, (Malformed, Box<Raw>)> {
        if let Some(problem) = raw.problem {
            return Err((problem, Box::new(raw)));
        }
        match read_core(&raw).and_then(|core| Ok((core, cut_body(&raw, core.content_length)?))) {
            Ok((core, body)) => {
                raw.body = body;
                Ok(Self { raw, core })
            }
            Err(problem) => Err((problem, Box::new(raw))),
        }
    }

    pub(crate) fn raw(&self) -> &Raw {
        &self.raw
    }
    pub(crate) fn into_raw(self) -> Raw {
        self.raw
    }

    /// The topmost Via.
    #[must_use]
    pub fn via(&self) -> Via<'_> {
        let via = self.core.via.unwrap_or_default();
        let get = |span| self.raw.slice(span);
        Via::from_parts(get(via.transport), get(via.host), via.port, get(via.params), via.branch.map(get), via.rport)
    }
    /// Did the message pass a proxy (more than one Via)?
    #[must_use]
    pub fn has_several_vias(&self) -> bool {
        self.core.several_vias
    }
    /// From.
    #[must_use]
    pub fn from(&self) -> NameAddr<'_> {
        self.address(self.core.from)
    }
    /// To.
    #[must_use]
    pub fn to(&self) -> NameAddr<'_> {
        self.address(self.core.to)
    }
    fn address(&self, spans: Option<AddrSpans>) -> NameAddr<'_> {
        let spans = spans.unwrap_or_default();
        let get = |span| self.raw.slice(span);
        NameAddr::from_parts(get(spans.display), get(spans.uri), get(spans.params))
    }
    /// Call-ID.
    #[must_use]
    pub fn call_id(&self) -> &[u8] {
        self.core.call_id.map_or(&[], |span| self.raw.slice(span))
    }
    /// Number of CSeq, below 2^31.
    #[must_use]
    pub fn cseq(&self) -> u32 {
        self.core.cseq.map_or(0, |(number, _)| number)
    }
    /// Method of CSeq, as written.
    #[must_use]
    pub fn cseq_method(&self) -> &[u8] {
        self.core.cseq.map_or(&[], |(_, method)| self.raw.slice(method))
    }
    /// Max-Forwards, 0–255, when it stands.
    #[must_use]
    pub fn max_forwards(&self) -> Option<u8> {
        self.core.max_forwards
    }
    /// First value of a header this crate knows, as written.
    #[must_use]
    pub fn known(&self, name: HeaderName) -> Option<&[u8]> {
        self.raw.values(name).next()
    }
    /// First value of the header of that name (compact forms included; case does not matter), as written.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers(name).next()
    }
    /// The same as text; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn header_str(&self, name: &str) -> Option<String> {
        self.header(name).map(scan::text)
    }
    /// Values of all header fields of that name, one per line of the message.
    pub fn headers(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let known = HeaderName::of(name.as_bytes());
        self.raw
            .lines
            .iter()
            .filter(move |line| {
                line.name == known
                    && (known != HeaderName::Other || self.raw.slice(line.label).eq_ignore_ascii_case(name.as_bytes()))
            })
            .map(|line| self.raw.slice(line.value))
    }
    /// Single values of a header that may hold lists, over all its lines.
    pub fn list(&self, name: HeaderName) -> impl Iterator<Item = &[u8]> {
        self.raw.values(name).flat_map(scan::list)
    }
    /// First Contact with a URI; `None` for none, a broken one, or `*`.
    #[must_use]
    pub fn contact(&self) -> Option<NameAddr<'_>> {
        self.list(HeaderName::Contact).next().and_then(NameAddr::parse)
    }
    /// Address of the first Contact, when its host is an IP literal.
    #[must_use]
    pub fn contact_address(&self) -> Option<SocketAddr> {
        self.contact()?.uri()?.address()
    }
    /// Expires in seconds; `None` when it does not stand or is no number below 2^32.
    #[must_use]
    pub fn expires(&self) -> Option<u32> {
        let value = scan::number(self.known(HeaderName::Expires)?, u64::from(u32::MAX))?;
        u32::try_from(value).ok()
    }
    /// User-Agent (of a response: Server) as text.
    #[must_use]
    pub fn user_agent(&self) -> Option<String> {
        self.known(HeaderName::UserAgent).or_else(|| self.known(HeaderName::Server)).map(scan::text)
    }
    /// Content-Type, as written.
    #[must_use]
    pub fn content_type(&self) -> Option<&[u8]> {
        self.known(HeaderName::ContentType)
    }
    /// The whole body; empty when there is none.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.raw.slice(self.raw.body)
    }
    /// The session description: the body, or the part of a multipart body, of type application/sdp.
    /// A body without a Content-Type is taken as one.
    #[must_use]
    pub fn sdp(&self) -> Option<&[u8]> {
        if self.body().is_empty() {
            return None;
        }
        match self.content_type() {
            None => Some(self.body()),
            Some(kind) => multipart::part(kind, self.body(), b"application/sdp"),
        }
    }
    /// The whole message again, byte for byte except for folds and the spelling of header names.
    pub fn print(&self, out: &mut Vec<u8>) {
        self.raw.print(out);
    }
}

fn read_core(raw: &Raw) -> Result<CoreSpans, Malformed> {
    let mut core = CoreSpans::default();
    let mut seen = 0_u64;
    for line in &raw.lines {
        if line.name.is_single() {
            let bit = 1 << (line.name as u64);
            if seen & bit != 0 {
                return Err(Malformed::new(line.name.as_str(), "stands more than once"));
            }
            seen |= bit;
        }
        read_field(&mut core, raw, line.name, line.value)?;
    }
    let missing = |name: HeaderName| Malformed::new(name.as_str(), "is missing");
    core.via.ok_or(missing(HeaderName::Via))?;
    core.cseq.ok_or(missing(HeaderName::CSeq))?;
    core.from.ok_or(missing(HeaderName::From))?;
    core.to.ok_or(missing(HeaderName::To))?;
    core.call_id.ok_or(missing(HeaderName::CallId))?;
    Ok(core)
}

fn read_field(core: &mut CoreSpans, raw: &Raw, name: HeaderName, span: Span) -> Result<(), Malformed> {
    let value = raw.slice(span);
    let broken = |problem| Malformed::new(name.as_str(), problem);
    match name {
        HeaderName::Via => read_via(core, raw, value)?,
        HeaderName::From => core.from = Some(read_address(raw, value).ok_or(broken("is no address"))?),
        HeaderName::To => core.to = Some(read_address(raw, value).ok_or(broken("is no address"))?),
        HeaderName::CallId if value.is_empty() => return Err(broken("is empty")),
        HeaderName::CallId => core.call_id = Some(span),
        HeaderName::CSeq => {
            let (number, method) = cseq::parse(value).ok_or(broken("is no number below 2^31 and a method"))?;
            core.cseq = Some((number, Span::of(&raw.bytes, method)));
        }
        HeaderName::MaxForwards => {
            let hops = scan::number(value, 255).ok_or(broken("is no number from 0 to 255"))?;
            core.max_forwards = u8::try_from(hops).ok();
        }
        HeaderName::ContentLength => {
            let length = scan::number(value, u64::from(u32::MAX)).ok_or(broken("is no number"))?;
            core.content_length = u32::try_from(length).ok();
        }
        _ => {}
    }
    Ok(())
}

fn read_via(core: &mut CoreSpans, raw: &Raw, value: &[u8]) -> Result<(), Malformed> {
    let broken = Malformed::new("Via", "is no protocol, transport and host");
    if core.via.is_some() {
        core.several_vias = true;
        return Ok(());
    }
    let (first, more) = via::first(value);
    let via = Via::parse(first).ok_or(broken)?;
    if more {
        core.several_vias = true;
        if !scan::list(value).skip(1).all(|other| Via::parse(other).is_some()) {
            return Err(broken);
        }
    }
    let span = |part| Span::of(&raw.bytes, part);
    core.via = Some(ViaSpans {
        transport: span(via.transport()),
        host: span(via.host()),
        params: span(via.params().as_bytes()),
        branch: via.branch().map(span),
        port: via.port(),
        rport: via.rport(),
    });
    Ok(())
}

fn read_address(raw: &Raw, value: &[u8]) -> Option<AddrSpans> {
    let address = NameAddr::parse(value)?;
    let span = |part| Span::of(&raw.bytes, part);
    Some(AddrSpans {
        display: span(address.raw_display()),
        uri: span(address.raw_uri()),
        params: span(address.params().as_bytes()),
    })
}

/// The body by Content-Length; what follows it in a datagram is dropped, a datagram too short for it is an error
/// (RFC 3261 18.3). Without Content-Length the rest of the datagram is the body.
fn cut_body(raw: &Raw, content_length: Option<u32>) -> Result<Span, Malformed> {
    let start = raw.body.start();
    let Some(length) = content_length.map(|length| length as usize) else {
        return Ok(raw.body);
    };
    if length > MAX_MESSAGE {
        return Err(Malformed::too_large("Content-Length", "message is longer than 65535 bytes"));
    }
    if length > raw.slice(raw.body).len() {
        return Err(Malformed::new("Content-Length", "is larger than the body"));
    }
    Ok(Span::new(start, start + length))
}
