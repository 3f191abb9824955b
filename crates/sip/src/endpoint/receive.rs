//! A message came: to which transaction, dialog or session it belongs (RFC 3261 8.2, 17.2.3, 18.1.2).

use std::time::Instant;

use super::{Endpoint, Server, ServerUser};
use crate::event::{Event, ServerTransactionId};
use crate::flow::{Flow, Transport};
use crate::header::HeaderName;
use crate::method::Method;
use crate::print;
use crate::raw::{Malformed, Raw};
use crate::reply::Reply;
use crate::request::Request;
use crate::response::{Response, is_status_line};
use crate::scan;
use crate::server_transaction::{self, ServerState, ServerTransaction};
use crate::stun;
use crate::via::{self, Via};

impl Endpoint {
    /// Takes one whole message: a datagram, a WebSocket message, or what a [`crate::framing::StreamFramer`] found.
    /// Empty lines (keep-alive) are no message; a STUN Binding request (RFC 5626 3.5.2) is answered here.
    pub fn handle_message(&mut self, now: Instant, flow: Flow, bytes: &[u8]) {
        if bytes.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0) {
            return;
        }
        if flow.transport == Transport::Udp && stun::is_stun(bytes) {
            if let Some(answer) = stun::answer(bytes, flow.remote) {
                self.wire.send(flow, answer);
            }
            return;
        }
        let raw = match Raw::split(bytes) {
            Ok(raw) => raw,
            Err(_) => return self.malformed(flow),
        };
        if is_status_line(raw.slice(raw.start)) {
            return match Response::read(raw) {
                Ok(response) => self.receive_response(now, flow, &response),
                Err(_) => self.malformed(flow),
            };
        }
        match Request::read(raw) {
            Ok(request) => self.receive_request(now, flow, request),
            Err((problem, raw)) => {
                self.malformed(flow);
                self.answer_malformed(flow, problem, &raw);
            }
        }
    }

    fn malformed(&mut self, flow: Flow) {
        self.wire.totals.malformed += 1;
        self.events.push_back(Event::Malformed { flow });
    }

    /// Answers a request that was not understood when it says by Via where it came from and is no ACK.
    fn answer_malformed(&mut self, flow: Flow, problem: Malformed, raw: &Raw) {
        let line = raw.slice(raw.start);
        let method = scan::split_once(line, b' ').map_or(line, |(method, _)| method);
        if scan::is_token(method) && method != b"ACK" {
            let reply = Reply::new(problem.status).with_header("Warning", format!("399 sori \"{problem}\""));
            self.answer_stateless(flow, raw, &reply);
        }
    }

    /// Answers without keeping a transaction (8.2.7); a repeated request gets the same answer.
    pub(super) fn answer_stateless(&mut self, flow: Flow, raw: &Raw, reply: &Reply) {
        let top = raw.values(HeaderName::Via).next().map(|value| via::first(value).0);
        let Some(via) = top.and_then(Via::parse) else { return };
        let back = server_transaction::response_flow(&via, flow);
        let mut out = self.wire.buffer();
        print::status_line(&mut out, reply.status, reply.reason);
        server_transaction::response_head(&mut out, raw, &flow, false);
        if let Some(to) = raw.values(HeaderName::To).next() {
            let call_id = raw.values(HeaderName::CallId).next().unwrap_or_default();
            out.extend_from_slice(b"To: ");
            print::clean(&mut out, to);
            if !to.windows(4).any(|part| part.eq_ignore_ascii_case(b"tag=")) {
                out.extend_from_slice(b";tag=");
                print::hex(&mut out, self.wire.random.hash(&[call_id, via.branch().unwrap_or_default()]));
            }
            out.extend_from_slice(b"\r\n");
        }
        print::header(&mut out, "Server", self.config.user_agent.as_bytes());
        crate::reply::header_lines(&mut out, &reply.headers);
        print::body(&mut out, None);
        self.wire.send(back, out);
    }

    fn receive_request(&mut self, now: Instant, flow: Flow, request: Request) {
        let method = request.method();
        let key = server_transaction::key(&request, method, &self.wire);
        if let Some(server) = self.servers.get_mut(&key) {
            if method != Method::Ack {
                server.transaction.handle_repeat(now, &mut self.wire);
                if method == Method::Update && server.transaction.has_accepted() {
                    self.session_began_later(now, &request);
                }
                return;
            }
            // Some callers use the branch of the INVITE for the ACK to a 2xx too.
            if server.transaction.state != ServerState::Accepted {
                if server.transaction.handle_ack(now, &mut self.wire) {
                    self.remove_server(key);
                }
                return;
            }
        }
        match method {
            Method::Ack => self.receive_ack(now, flow, &request),
            Method::Cancel => self.receive_cancel(now, flow, &request, key),
            _ => self.receive_new(now, flow, request, key),
        }
    }

    fn receive_new(&mut self, now: Instant, flow: Flow, request: Request, key: u64) {
        if let Some(refusal) = super::check::refusal(&request) {
            return self.answer_stateless(flow, request.raw(), &refusal);
        }
        // A call may end however full the tables are: that is what empties them.
        if self.is_full() && request.method() != Method::Bye {
            self.wire.totals.overload += 1;
            if request.method() == Method::Invite {
                self.answer_stateless(flow, request.raw(), &overloaded());
            }
            return;
        }
        if request.to().tag().is_some() && self.receive_in_dialog(now, flow, &request, key) {
            return;
        }
        match request.method() {
            Method::Invite if request.to().tag().is_none() => self.receive_invite(now, flow, request, key),
            Method::Subscribe => self.receive_subscribe(now, flow, request, key),
            // A NOTIFY without a subscription of ours too (RFC 6665 4.1.3).
            Method::Invite | Method::Bye | Method::Update | Method::Info | Method::Prack | Method::Notify => {
                self.answer_stateless(flow, request.raw(), &Reply::new(481));
            }
            // Of a dialog we know nothing of (RFC 3261 12.2.2).
            Method::Refer | Method::Options if request.to().tag().is_some() => {
                self.answer_stateless(flow, request.raw(), &Reply::new(481));
            }
            _ => {
                self.start_server(now, flow, &request, key, ServerUser::User);
                self.events.push_back(Event::Request { transaction: ServerTransactionId(key), request, flow });
            }
        }
    }

    /// Keeps a server transaction with a random To tag.
    pub(super) fn start_server(&mut self, now: Instant, flow: Flow, request: &Request, key: u64, user: ServerUser) {
        let mut tag = self.wire.buffer();
        print::hex(&mut tag, self.wire.random.next());
        self.start_server_with_tag(now, flow, request, (key, &tag), user);
        self.wire.recycle(tag);
    }

    pub(super) fn start_server_with_tag(
        &mut self,
        now: Instant,
        flow: Flow,
        request: &Request,
        key_tag: (u64, &[u8]),
        user: ServerUser,
    ) {
        let (key, tag) = key_tag;
        let transaction = ServerTransaction::start(now, key, request, flow, tag, &mut self.wire);
        self.servers.insert(key, Box::new(Server { transaction, user, merged: None }));
    }
}

/// 503 that asks to come again later.
pub(super) fn overloaded() -> Reply {
    Reply::new(503).with_header("Retry-After", "5")
}
