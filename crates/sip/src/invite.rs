//! What it takes to call, or to send a request outside of calls.

use std::time::Duration;

use crate::digest::Credentials;
use crate::flow::Flow;
use crate::method::Method;
use crate::reply::Body;

/// A display name and a URI, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameAddrText {
    /// Display name, without quotes; empty for none.
    pub display: String,
    /// `sip:user@host`
    pub uri: String,
}

/// An outgoing INVITE.
#[derive(Clone, Debug)]
pub struct Invite {
    /// Where it is sent.
    pub flow: Flow,
    /// Request-URI: for a phone the Contact it registered.
    pub request_uri: String,
    /// Who calls.
    pub from: NameAddrText,
    /// Who is called.
    pub to: NameAddrText,
    /// User part of our Contact.
    pub contact_user: String,
    /// Further header fields.
    pub headers: Vec<(&'static str, String)>,
    /// Route header values, in order (of a registration: its Path).
    pub route: Vec<String>,
    /// The offer; `None` asks the peer for one.
    pub body: Option<Body>,
    /// To answer 401 and 407 with.
    pub credentials: Option<Credentials>,
    /// After this it is cancelled and refused with 408; three minutes when `None` (timer C).
    pub ring_limit: Option<Duration>,
    /// Offer 100rel (RFC 3262): the peer may ask for its provisional responses to be acknowledged.
    pub reliable: bool,
    /// Hops this INVITE may still make, 0–255; 70 when `None`. A call that is passed on has one less than it came with, so
    /// that a ring of servers that pass it to each other ends (RFC 3261 16.6 step 3, RFC 7332).
    pub max_forwards: Option<u8>,
}

/// A request outside of calls: OPTIONS, REGISTER to a carrier, MESSAGE.
#[derive(Clone, Debug)]
pub struct OutOfDialog {
    /// Where it is sent.
    pub flow: Flow,
    /// The method; not INVITE, ACK, CANCEL, BYE.
    pub method: Method,
    /// Request-URI.
    pub request_uri: String,
    /// From.
    pub from: NameAddrText,
    /// To.
    pub to: NameAddrText,
    /// A Contact with this user part is sent when `Some`.
    pub contact_user: Option<String>,
    /// Call-ID to be the same over refreshes of a registration; a new one when `None`.
    pub call_id: Option<String>,
    /// CSeq number, 1 to 2^31 − 1; a request repeated with credentials takes the next one. 1 when `None`.
    pub cseq: Option<u32>,
    /// Further header fields.
    pub headers: Vec<(&'static str, String)>,
    /// Route header values, in order.
    pub route: Vec<String>,
    /// Body.
    pub body: Option<Body>,
    /// To answer 401 and 407 with.
    pub credentials: Option<Credentials>,
}

impl OutOfDialog {
    /// A request from and to the same URI, without anything more.
    #[must_use]
    pub fn new(flow: Flow, method: Method, uri: &str) -> Self {
        let party = NameAddrText { display: String::new(), uri: uri.to_owned() };
        Self {
            flow,
            method,
            request_uri: uri.to_owned(),
            from: party.clone(),
            to: party,
            contact_user: None,
            call_id: None,
            cseq: None,
            headers: Vec::new(),
            route: Vec::new(),
            body: None,
            credentials: None,
        }
    }
}
