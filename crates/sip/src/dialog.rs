//! Dialogs (RFC 3261 12): one type for both sides; the side is a field.

use crate::flow::{Flow, Transport};
use crate::header::HeaderName;
use crate::name_addr::NameAddr;
use crate::print;
use crate::request::Request;
use crate::response::Response;
use crate::scan;
use crate::uri::Uri;
use std::net::IpAddr;

/// Most entries of a route set.
const MAX_ROUTES: usize = 16;

/// Who began a dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// We did.
    Uac,
    /// The peer did.
    Uas,
}

#[derive(Clone, Debug)]
pub(crate) struct Dialog {
    pub(crate) role: Role,
    pub(crate) call_id: Vec<u8>,
    /// Our From or To value, with tag.
    local: Vec<u8>,
    pub(crate) local_tag: Vec<u8>,
    /// The peer's, with tag (before the peer has one: without).
    remote: Vec<u8>,
    pub(crate) remote_tag: Vec<u8>,
    /// URI of the peer's Contact.
    target: Vec<u8>,
    route: Vec<Vec<u8>>,
    pub(crate) local_cseq: u32,
    remote_cseq: Option<u32>,
    /// The flow it began on.
    pub(crate) flow: Flow,
    /// The peer's Contact leads nowhere from here (NAT): stay on the flow.
    pub(crate) stay: bool,
}

/// What a request within a dialog carries.
pub(crate) struct InDialog<'a> {
    pub(crate) method: &'a [u8],
    pub(crate) cseq: u32,
    /// Numbers of the branch.
    pub(crate) branch: (u64, u64),
    /// Ready header lines.
    pub(crate) lines: &'a [u8],
    /// User part of a Contact to send.
    pub(crate) contact_user: Option<&'a str>,
    pub(crate) body: Option<(&'a str, &'a [u8])>,
}

impl Dialog {
    /// Of an INVITE that came (12.1.1).
    pub(crate) fn of_request(request: &Request, flow: Flow, local_tag: Vec<u8>) -> Self {
        let value = |name| request.raw().values(name).next().unwrap_or_default().to_vec();
        let mut local = value(HeaderName::To);
        local.extend_from_slice(b";tag=");
        local.extend_from_slice(&local_tag);
        let contact = request.contact_address();
        Self {
            role: Role::Uas,
            call_id: request.call_id().to_vec(),
            local,
            local_tag,
            remote: value(HeaderName::From),
            remote_tag: request.from().tag().unwrap_or_default().to_vec(),
            target: contact_uri(request.contact()).unwrap_or(request.from().raw_uri().to_vec()),
            route: request.list(HeaderName::RecordRoute).take(MAX_ROUTES).map(<[u8]>::to_vec).collect(),
            local_cseq: 0,
            remote_cseq: Some(request.cseq()),
            flow,
            stay: !request.has_several_vias() && contact != Some(flow.remote),
        }
    }

    /// Of an INVITE we sent, before a response (there is no dialog yet, but its local half).
    pub(crate) fn of_invite(invite: &[u8], flow: Flow, stay: bool) -> Option<Self> {
        let invite = Request::parse(invite).ok()?;
        let value = |name| invite.raw().values(name).next().unwrap_or_default().to_vec();
        Some(Self {
            role: Role::Uac,
            call_id: invite.call_id().to_vec(),
            local: value(HeaderName::From),
            local_tag: invite.from().tag().unwrap_or_default().to_vec(),
            remote: value(HeaderName::To),
            remote_tag: Vec::new(),
            target: invite.raw_uri().to_vec(),
            route: invite.list(HeaderName::Route).map(<[u8]>::to_vec).collect(),
            local_cseq: invite.cseq(),
            remote_cseq: None,
            flow,
            stay,
        })
    }

    /// A provisional response with a To tag makes it early, a 2xx makes it whole (12.1.2, 13.2.2.4).
    pub(crate) fn confirm(&mut self, response: &Response) {
        replace(&mut self.remote, response.raw().values(HeaderName::To).next().unwrap_or_default());
        replace(&mut self.remote_tag, response.to().tag().unwrap_or_default());
        self.route = response.list(HeaderName::RecordRoute).take(MAX_ROUTES).map(<[u8]>::to_vec).collect();
        self.route.reverse();
        self.refresh(response.contact());
    }

    /// A target refresh (12.2.1.2, 12.2.2); a missing Contact leaves the target.
    pub(crate) fn refresh(&mut self, contact: Option<NameAddr<'_>>) {
        if let Some(contact) = contact {
            replace(&mut self.target, scan::trim(contact.raw_uri()));
        }
    }

    /// Is the number of a new request in order? It is remembered (12.2.2).
    pub(crate) fn accept_cseq(&mut self, cseq: u32) -> bool {
        let in_order = self.remote_cseq.is_none_or(|last| cseq > last);
        if in_order {
            self.remote_cseq = Some(cseq);
        }
        in_order
    }

    /// Number of the peer's latest request.
    pub(crate) fn last_remote_cseq(&self) -> u32 {
        self.remote_cseq.unwrap_or(0)
    }

    /// Number for our next request.
    pub(crate) fn next_cseq(&mut self) -> u32 {
        self.local_cseq = self.local_cseq.wrapping_add(1) & 0x7fff_ffff;
        self.local_cseq
    }

    /// The flow for requests: a connection stays; over UDP the first route or the Contact when it is an IP literal that
    /// can be reached from here; a name is not resolved again.
    pub(crate) fn request_flow(&self) -> Flow {
        if self.flow.transport != Transport::Udp || self.stay {
            return self.flow;
        }
        let next = match self.route.first() {
            Some(route) => NameAddr::parse(route).and_then(|route| route.uri()?.address()),
            None => Uri::parse(&self.target).and_then(|uri| uri.address()),
        };
        match next {
            Some(address) if is_reachable(address.ip(), self.flow.remote.ip()) => Flow { remote: address, ..self.flow },
            _ => self.flow,
        }
    }

    /// Request-URI of requests within the dialog.
    pub(crate) fn request_uri(&self) -> &[u8] {
        match self.strict_router() {
            Some(uri) => uri,
            None => &self.target,
        }
    }

    /// First route without `lr`: it takes the Request-URI (12.2.1.1).
    fn strict_router(&self) -> Option<&[u8]> {
        let first = NameAddr::parse(self.route.first()?)?;
        match first.uri()?.params().get("lr") {
            Some(_) => None,
            None => Some(first.raw_uri()),
        }
    }

    /// Writes a request within the dialog (12.2.1.1).
    pub(crate) fn request(&self, request: &InDialog<'_>, user_agent: &str, mut out: Vec<u8>) -> Vec<u8> {
        let flow = self.request_flow();
        print::request_line(&mut out, request.method, self.request_uri());
        print::via(&mut out, &flow, request.branch.0, request.branch.1);
        out.extend_from_slice(b"Max-Forwards: 70\r\n");
        self.routes(&mut out);
        print::header(&mut out, "From", &self.local);
        print::header(&mut out, "To", &self.remote);
        print::header(&mut out, "Call-ID", &self.call_id);
        out.extend_from_slice(b"CSeq: ");
        print::number(&mut out, u64::from(request.cseq));
        out.push(b' ');
        out.extend_from_slice(request.method);
        out.extend_from_slice(b"\r\n");
        if let Some(user) = request.contact_user {
            print::contact(&mut out, user, &flow);
        }
        print::header(&mut out, "User-Agent", user_agent.as_bytes());
        out.extend_from_slice(request.lines);
        print::body(&mut out, request.body);
        out
    }

    fn routes(&self, out: &mut Vec<u8>) {
        let strict = self.strict_router().is_some();
        for route in self.route.iter().skip(usize::from(strict)) {
            print::header(out, "Route", route);
        }
        if strict {
            out.extend_from_slice(b"Route: <");
            print::clean(out, &self.target);
            out.extend_from_slice(b">\r\n");
        }
    }

    /// Does a request of the peer belong here?
    pub(crate) fn owns(&self, request: &Request) -> bool {
        let from_tag = request.from().tag().unwrap_or_default();
        request.to().tag() == Some(&self.local_tag) && request.call_id() == self.call_id && from_tag == self.remote_tag
    }
}

/// Most often nothing changes, and nothing is allocated then.
fn replace(old: &mut Vec<u8>, new: &[u8]) {
    if old != new {
        old.clear();
        old.extend_from_slice(new);
    }
}

fn contact_uri(contact: Option<NameAddr<'_>>) -> Option<Vec<u8>> {
    Some(scan::trim(contact?.raw_uri()).to_vec())
}

/// A private or loopback address named by a peer that itself is in another kind of network leads nowhere.
fn is_reachable(address: IpAddr, from: IpAddr) -> bool {
    let kind = |ip: IpAddr| match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => 0,
        IpAddr::V4(ip) if ip.is_loopback() => 1,
        IpAddr::V4(ip) if ip.is_private() || ip.is_link_local() => 2,
        IpAddr::V6(ip) if ip.is_unspecified() => 0,
        IpAddr::V6(ip) if ip.is_loopback() => 4,
        IpAddr::V6(ip) if ip.is_unique_local() || ip.is_unicast_link_local() => 5,
        IpAddr::V4(_) => 3,
        IpAddr::V6(_) => 6,
    };
    kind(address) != 0 && (kind(address) == kind(from) || matches!((kind(address), kind(from)), (3, 2) | (6, 5)))
}
