//! Requests of ours outside of calls: OPTIONS, REGISTER to a carrier, MESSAGE (RFC 3261 8.1).

use std::time::Instant;

use super::{ClientUser, Endpoint, SentRequest};
use crate::event::{ClientTransactionId, Event};
use crate::invite::OutOfDialog;
use crate::method::Method;
use crate::print;
use crate::reply::{Body, header_lines};

impl SentRequest {
    /// What stands in the place of one that was taken out.
    pub(super) fn nobody() -> Self {
        Self { first: ClientTransactionId(0), credentials: None, attempts: 0, cseq: 0 }
    }
}

impl Endpoint {
    /// Sends a request; [`Event::Response`] follows. A method that belongs to calls, or full tables, give `None` as response at once.
    pub fn send(&mut self, now: Instant, request: OutOfDialog) -> ClientTransactionId {
        let branch = self.new_branch();
        let first = ClientTransactionId(branch.0);
        let is_for_calls =
            matches!(request.method, Method::Invite | Method::Ack | Method::Cancel | Method::Bye | Method::Other);
        if is_for_calls || self.is_full() {
            self.events.push_back(Event::Response { transaction: first, response: None });
            return first;
        }
        let cseq = request.cseq.unwrap_or(1);
        let bytes = self.print_request(branch, cseq, &request);
        let sent = SentRequest { first, credentials: request.credentials, attempts: 0, cseq };
        self.start_client(now, branch, request.method, request.flow, bytes, ClientUser::Sent(Box::new(sent)));
        first
    }

    fn print_request(&mut self, branch: (u64, u64), cseq: u32, request: &OutOfDialog) -> Vec<u8> {
        let mut out = self.wire.buffer();
        let method = request.method.as_str();
        print::request_line(&mut out, method.as_bytes(), request.request_uri.as_bytes());
        print::via(&mut out, &request.flow, branch.0, branch.1);
        out.extend_from_slice(b"Max-Forwards: 70\r\n");
        for route in &request.route {
            print::header(&mut out, "Route", route.as_bytes());
        }
        out.extend_from_slice(b"From: ");
        print::name_addr(&mut out, &request.from.display, &request.from.uri);
        out.extend_from_slice(b";tag=");
        print::hex(&mut out, self.wire.random.next());
        out.extend_from_slice(b"\r\nTo: ");
        print::name_addr(&mut out, &request.to.display, &request.to.uri);
        out.extend_from_slice(b"\r\nCall-ID: ");
        match &request.call_id {
            Some(call_id) => print::clean(&mut out, call_id.as_bytes()),
            None => {
                print::hex(&mut out, self.wire.random.next());
                print::hex(&mut out, self.wire.random.next());
            }
        }
        out.extend_from_slice(b"\r\nCSeq: ");
        print::number(&mut out, u64::from(cseq));
        out.push(b' ');
        out.extend_from_slice(method.as_bytes());
        out.extend_from_slice(b"\r\n");
        if let Some(user) = &request.contact_user {
            print::contact(&mut out, user, &request.flow);
        }
        print::header(&mut out, "User-Agent", self.config.user_agent.as_bytes());
        header_lines(&mut out, &request.headers);
        print::body(&mut out, request.body.as_ref().map(Body::parts));
        out
    }
}
