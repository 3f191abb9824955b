//! ACK to 2xx, also those of forks nobody wants (RFC 3261 13.2.2.4).

use std::time::Instant;

use super::{ClientUser, Endpoint};
use crate::dialog::{Dialog, InDialog};
use crate::method::Method;
use crate::reply::Body;
use crate::response::Response;
use crate::session::OwedAck;

impl Endpoint {
    /// Sends the ACK and leaves a copy with the transaction, for each 2xx that comes again.
    pub(super) fn send_ack(&mut self, id: u64, owed: &OwedAck, body: Option<&Body>) {
        let branch = self.new_branch();
        let Some(session) = self.invites.get_mut(&id) else { return };
        let lines = login_lines(session, "ACK", branch.1);
        let request = InDialog {
            method: b"ACK",
            cseq: owed.cseq,
            branch,
            lines: &lines,
            contact_user: None,
            body: body.map(Body::parts),
        };
        let bytes = session.dialog.request(&request, &self.config.user_agent, self.wire.buffer());
        let flow = session.dialog.request_flow();
        if let Some(client) = self.clients.get_mut(&owed.transaction) {
            client.transaction.keep_ack(&owed.tag, flow, bytes.as_slice().into());
        }
        self.wire.send(flow, bytes);
    }

    /// Acknowledges a 2xx that has no session (another fork answered first, or the session is over) and ends its dialog.
    pub(super) fn end_fork(&mut self, now: Instant, transaction: u64, response: &Response) {
        let Some(client) = self.clients.get(&transaction) else { return };
        let ClientUser::Invite { stay, last_cseq, .. } = client.user else { return };
        let Some(mut dialog) = Dialog::of_invite(&client.transaction.request, client.transaction.flow, stay) else {
            return;
        };
        dialog.confirm(response);
        dialog.local_cseq = dialog.local_cseq.max(last_cseq);
        let flow = dialog.request_flow();
        let ack = InDialog {
            method: b"ACK",
            cseq: response.cseq(),
            branch: self.new_branch(),
            lines: &[],
            contact_user: None,
            body: None,
        };
        let bytes = dialog.request(&ack, &self.config.user_agent, self.wire.buffer());
        if let Some(client) = self.clients.get_mut(&transaction) {
            client.transaction.keep_ack(&dialog.remote_tag, flow, bytes.as_slice().into());
        }
        self.wire.send(flow, bytes);
        let (cseq, branch) = (dialog.next_cseq(), self.new_branch());
        let bye = InDialog { method: b"BYE", cseq, branch, ..ack };
        let bytes = dialog.request(&bye, &self.config.user_agent, self.wire.buffer());
        self.start_client(now, branch, Method::Bye, flow, bytes, ClientUser::Nobody);
    }
}

/// The credentials the peer asked for before, for the next request of the session.
pub(super) fn login_lines(session: &mut crate::session::InviteSession, method: &str, random: u64) -> Vec<u8> {
    let mut lines = Vec::new();
    if let (Some(credentials), Some(login)) = (&session.credentials, &mut session.login) {
        let (name, value) = login.header(method, session.dialog.request_uri(), credentials, random);
        crate::print::header(&mut lines, name, value.as_bytes());
    }
    lines
}
