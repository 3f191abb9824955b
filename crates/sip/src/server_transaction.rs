//! Server transactions: INVITE and others (RFC 3261 17.2, RFC 6026, RFC 3581).

use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::flow::Flow;
use crate::header::HeaderName;
use crate::method::Method;
use crate::print;
use crate::raw::Raw;
use crate::request::Request;
use crate::scan;
use crate::timer::{Timer, Timing};
use crate::uri;
use crate::via::{self, Via};
use crate::wire::Wire;

/// States of RFC 3261 figures 7 and 8, and RFC 6026's Accepted. A terminated transaction is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServerState {
    /// Not INVITE: nothing was sent.
    Trying,
    /// INVITE, or a provisional response was sent.
    Proceeding,
    /// A final response was sent (INVITE: not 2xx).
    Completed,
    /// INVITE: the ACK to the non-2xx came.
    Confirmed,
    /// INVITE: a 2xx was sent; the invite session repeats it.
    Accepted,
}

#[derive(Debug)]
pub(crate) struct ServerTransaction {
    pub(crate) id: u64,
    pub(crate) method: Method,
    pub(crate) state: ServerState,
    /// Where responses go.
    pub(crate) flow: Flow,
    /// Via, From, Call-ID, CSeq (and Record-Route) lines that every response repeats.
    head: Vec<u8>,
    /// The To header's value, with our tag.
    to: Vec<u8>,
    /// How much of it came with the request.
    to_received: usize,
    /// The last response; empty when none was sent.
    last: Vec<u8>,
    pause: Duration,
}

/// Status, reason phrase, further header lines and body of a response.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) reason: Option<&'a str>,
    /// Ready header lines.
    pub(crate) lines: &'a [u8],
    pub(crate) body: Option<(&'a str, &'a [u8])>,
}

impl ServerTransaction {
    /// Begins with a request. `tag` becomes the To tag of our responses when the request has none.
    pub(crate) fn start(now: Instant, id: u64, request: &Request, flow: Flow, tag: &[u8], wire: &mut Wire) -> Self {
        let mut head = wire.buffer();
        let invite = request.method() == Method::Invite;
        // What makes a dialog tells its route (RFC 3261 12.1.1, RFC 6665 4.2.1).
        let makes_dialog = invite || request.method() == Method::Subscribe;
        response_head(&mut head, request.raw(), &flow, makes_dialog);
        let mut to = wire.buffer();
        to.extend_from_slice(request.raw().values(HeaderName::To).next().unwrap_or_default());
        let to_received = to.len();
        if request.to().tag().is_none() {
            to.extend_from_slice(b";tag=");
            to.extend_from_slice(tag);
        }
        if invite {
            wire.timers.set(now, Timer::Trying(id), Timing::TRYING);
        }
        Self {
            id,
            method: request.method(),
            state: if invite { ServerState::Proceeding } else { ServerState::Trying },
            flow: response_flow(&request.via(), flow),
            head,
            to,
            to_received,
            last: Vec::new(),
            pause: wire.timing.t1,
        }
    }

    fn is_invite(&self) -> bool {
        self.method == Method::Invite
    }

    /// May a response still be sent?
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, ServerState::Trying | ServerState::Proceeding)
    }

    /// Sends a response; false when a final one was sent before.
    pub(crate) fn respond(&mut self, now: Instant, answer: &Answer<'_>, wire: &mut Wire) -> bool {
        if !self.is_open() {
            return false;
        }
        let mut out = wire.buffer();
        print::status_line(&mut out, answer.status, answer.reason);
        out.extend_from_slice(&self.head);
        // 100 is of the hop, not of the dialog: it has no tag of ours (8.2.6.2).
        let to = match answer.status {
            100 => self.to.get(..self.to_received).unwrap_or(&self.to),
            _ => &self.to,
        };
        out.extend_from_slice(b"To: ");
        out.extend_from_slice(to);
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(answer.lines);
        print::body(&mut out, answer.body);
        wire.send_copy(self.flow, &out);
        wire.recycle(std::mem::replace(&mut self.last, out));
        wire.timers.cancel(Timer::Trying(self.id));
        self.advance(now, answer.status, wire);
        true
    }

    fn advance(&mut self, now: Instant, status: u16, wire: &mut Wire) {
        let limit = wire.timing.limit();
        let reliable = self.flow.transport.is_reliable();
        match (status, self.is_invite()) {
            (..200, _) => self.state = ServerState::Proceeding,
            (200..=299, true) => {
                self.state = ServerState::Accepted;
                wire.timers.set(now, Timer::L(self.id), limit);
                // Nothing more is answered here, and timer L is long: 32 s of each call.
                wire.recycle(std::mem::take(&mut self.head));
                wire.recycle(std::mem::take(&mut self.to));
            }
            (_, true) => {
                self.state = ServerState::Completed;
                wire.timers.set(now, Timer::H(self.id), limit);
                if !reliable {
                    let t1 = wire.timing.t1;
                    wire.timers.set(now, Timer::G(self.id), t1);
                }
            }
            (_, false) => {
                self.state = ServerState::Completed;
                if !reliable {
                    wire.timers.set(now, Timer::J(self.id), limit);
                }
            }
        }
    }

    /// Over at once after its final response? So for requests other than INVITE over reliable transports (timer J is zero).
    pub(crate) fn is_over(&self) -> bool {
        self.state == ServerState::Completed && !self.is_invite() && self.flow.transport.is_reliable()
    }

    /// The bytes of the last response.
    pub(crate) fn last(&self) -> &[u8] {
        &self.last
    }

    /// Takes the 2xx away, which from now on the invite session repeats (RFC 6026 7.1).
    pub(crate) fn take_accepted(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.last)
    }

    /// The request came again: the last response goes out again.
    pub(crate) fn handle_repeat(&mut self, now: Instant, wire: &mut Wire) {
        wire.totals.repeated += 1;
        match self.state {
            ServerState::Proceeding if self.last.is_empty() => {
                self.respond(now, &Answer { status: 100, reason: None, lines: &[], body: None }, wire);
            }
            ServerState::Proceeding | ServerState::Completed => wire.send_copy(self.flow, &self.last),
            ServerState::Trying | ServerState::Confirmed | ServerState::Accepted => {}
        }
    }

    /// Was a 2xx sent, which still stands here to be repeated?
    pub(crate) fn has_accepted(&self) -> bool {
        self.last.starts_with(b"SIP/2.0 2")
    }

    /// The ACK to a non-2xx came. Is it over afterwards?
    pub(crate) fn handle_ack(&mut self, now: Instant, wire: &mut Wire) -> bool {
        if self.state != ServerState::Completed || !self.is_invite() {
            return false;
        }
        wire.timers.cancel(Timer::G(self.id));
        wire.timers.cancel(Timer::H(self.id));
        self.state = ServerState::Confirmed;
        if self.flow.transport.is_reliable() {
            return true;
        }
        wire.timers.set(now, Timer::I(self.id), Timing::T4);
        false
    }

    /// Takes one of its timers. Is it over afterwards?
    pub(crate) fn handle_timer(&mut self, now: Instant, timer: Timer, wire: &mut Wire) -> bool {
        match timer {
            Timer::Trying(_) => {
                self.respond(now, &Answer { status: 100, reason: None, lines: &[], body: None }, wire);
                false
            }
            Timer::G(_) => {
                wire.totals.retransmissions += 1;
                wire.send_copy(self.flow, &self.last);
                self.pause = wire.timing.backed_off(self.pause);
                wire.timers.set(now, timer, self.pause);
                false
            }
            _ => true,
        }
    }

    /// Frees it.
    pub(crate) fn remove(self, wire: &mut Wire) {
        let id = self.id;
        let own = match self.is_invite() {
            true => &[Timer::G(id), Timer::H(id), Timer::I(id), Timer::L(id), Timer::Trying(id)][..],
            false => &[Timer::J(id)],
        };
        for timer in own {
            wire.timers.cancel(*timer);
        }
        for buffer in [self.head, self.to, self.last] {
            wire.recycle(buffer);
        }
    }
}

/// Which transaction a request belongs to (17.2.3): by branch and sent-by, without a branch of RFC 3261 by what
/// RFC 2543 compared. A keyed 64-bit hash stands for them: nobody outside can make two alike.
pub(crate) fn key(request: &Request, method: Method, wire: &Wire) -> u64 {
    let via = request.via();
    let method = if method == Method::Ack { Method::Invite } else { method };
    let text = if method == Method::Other { request.method_text() } else { method.as_str().as_bytes() };
    let port = via.port().unwrap_or(0).to_be_bytes();
    let host = via.host().to_ascii_lowercase();
    match via.branch().filter(|branch| branch.starts_with(via::MAGIC_COOKIE)) {
        Some(branch) => wire.random.hash(&[branch, &host, &port, text]),
        None => wire.random.hash(&[
            request.raw_uri(),
            request.from().tag().unwrap_or_default(),
            request.call_id(),
            &request.cseq().to_be_bytes(),
            via.branch().unwrap_or_default(),
            &host,
            &port,
            text,
        ]),
    }
}

/// Via lines (the top one with received and rport), Record-Route, From, Call-ID, CSeq (8.2.6.2).
pub(crate) fn response_head(out: &mut Vec<u8>, raw: &Raw, flow: &Flow, with_route: bool) {
    let mut top = true;
    for line in &raw.lines {
        let value = raw.slice(line.value);
        match line.name {
            HeaderName::Via if top => {
                top = false;
                out.extend_from_slice(b"Via: ");
                top_via(out, value, flow);
                out.extend_from_slice(b"\r\n");
            }
            HeaderName::Via | HeaderName::From | HeaderName::CallId | HeaderName::CSeq => {
                print::header(out, line.name.as_str(), value);
            }
            HeaderName::RecordRoute if with_route => print::header(out, "Record-Route", value),
            _ => {}
        }
    }
}

/// Fills in where the request came from (18.2.1, RFC 3581 4).
fn top_via(out: &mut Vec<u8>, value: &[u8], flow: &Flow) {
    let (first, _) = via::first(value);
    let rest = value.get(first.len()..).unwrap_or_default();
    let Some(via) = Via::parse(first) else {
        return print::clean(out, value);
    };
    let head = first.len() - via.params().as_bytes().len();
    print::clean(out, scan::trim(first.get(..head).unwrap_or_default()));
    for (name, value) in via.params().iter() {
        if name.eq_ignore_ascii_case(b"received") || name.eq_ignore_ascii_case(b"rport") {
            continue;
        }
        out.push(b';');
        print::clean(out, name);
        if !value.is_empty() {
            out.push(b'=');
            print::clean(out, value);
        }
    }
    if via.rport() {
        out.extend_from_slice(b";rport=");
        print::number(out, u64::from(flow.remote.port()));
    }
    if via.rport() || host_differs(&via, flow.remote.ip()) {
        out.extend_from_slice(b";received=");
        print::bare_ip(out, flow.remote.ip());
    }
    print::clean(out, rest);
}

fn host_differs(via: &Via<'_>, source: IpAddr) -> bool {
    // A dual-stack socket tells IPv4 senders as mapped ones.
    uri::ip_literal(via.host()).map(|ip| ip.to_canonical()) != Some(source.to_canonical())
}

/// Where responses go (18.2.2, RFC 3581 4). Over UDP without rport: the source address and the port of sent-by, but
/// the source port when sent-by names another address, for then the sender sits behind NAT and its own port leads nowhere.
/// `maddr` is not followed: it would let a stranger aim our responses.
pub(crate) fn response_flow(via: &Via<'_>, flow: Flow) -> Flow {
    if flow.transport.is_reliable() || via.rport() || host_differs(via, flow.remote.ip()) {
        return flow;
    }
    let mut back = flow;
    back.remote.set_port(via.port().unwrap_or(uri::DEFAULT_PORT));
    back
}
