//! Ending an invite session from any state: CANCEL, BYE, a refusal, and the races between them (RFC 3261 9.1, 15).

use std::time::Instant;

use super::ack::login_lines;
use super::{ClientUser, Endpoint, disarm};
use crate::derive;
use crate::dialog::InDialog;
use crate::event::{EndCause, Event, InviteId};
use crate::method::Method;
use crate::print;
use crate::reply::{Reason, Reply};
use crate::response::Response;
use crate::session::{Cancel, Phase};
use crate::timer::Timer;

impl Endpoint {
    /// Ends a session in the way its state needs; `Ended` with cause `Local` follows at once, what is left to do on the wire
    /// is done without more events: CANCEL, BYE, which waits up to two seconds where the peer is still to hear how its REFER
    /// went, or a response. Before the peer's INVITE is answered this refuses it, by the status in a reason of
    /// protocol `SIP`, else by 480.
    pub fn end(&mut self, now: Instant, id: InviteId, reason: Option<Reason>) {
        if self.session(id).is_some() {
            self.tell_end(id.0, Event::Ended { id, cause: EndCause::Local, reason: None });
            self.close(now, id.0, reason);
        }
    }

    /// Does on the wire what the state needs to end; the end was told before.
    pub(super) fn close(&mut self, now: Instant, id: u64, reason: Option<Reason>) {
        let Some(session) = self.invites.get_mut(&id) else { return };
        let value = reason.map(|reason| reason.value()).unwrap_or_default();
        let mut lines = Vec::new();
        if !value.is_empty() {
            print::header(&mut lines, "Reason", &value);
        }
        match &mut session.phase {
            Phase::Calling { heard, cancel, .. } => {
                if matches!(cancel, Cancel::No) {
                    *cancel = Cancel::Held(value);
                }
                if *heard {
                    self.send_cancel(now, id);
                }
            }
            Phase::Incoming { transaction } => {
                let transaction = *transaction;
                self.reply(now, transaction, &refusal(reason));
                self.remove_invite(now, id);
            }
            // BYE must wait for the ACK, or for its time to be over (15).
            Phase::Answered => session.bye_lines = lines,
            Phase::AckOwed(_) => {
                session.bye_lines = lines;
                if let Phase::AckOwed(owed) = std::mem::replace(&mut session.phase, Phase::Up) {
                    self.send_ack(id, &owed, None);
                }
                self.send_bye(now, id);
            }
            Phase::Up => {
                session.bye_lines = lines;
                self.refuse_open_offer(now, id);
                self.leave(now, id);
            }
            Phase::Leaving | Phase::Closing => {}
        }
    }

    /// Sends the CANCEL that was wished for.
    pub(super) fn send_cancel(&mut self, now: Instant, id: u64) {
        let Some(session) = self.invites.get_mut(&id) else { return };
        let Phase::Calling { transaction, cancel, .. } = &mut session.phase else { return };
        let Cancel::Held(reason) = std::mem::replace(cancel, Cancel::Sent) else { return };
        let transaction = *transaction;
        self.start_cancel(now, transaction, &reason);
        let limit = self.wire.timing.limit();
        self.wire.timers.cancel(Timer::C(id));
        self.wire.timers.set(now, Timer::CancelLimit(id), limit);
    }

    /// Cancels the INVITE of a client transaction.
    pub(super) fn start_cancel(&mut self, now: Instant, invite: u64, reason: &[u8]) {
        let Some(client) = self.clients.get(&invite) else { return };
        let bytes = derive::cancel(&client.transaction.request, reason, self.wire.buffer());
        let flow = client.transaction.flow;
        // The branch is that of the INVITE; our own number only tells the transactions apart.
        let random = client.transaction.random;
        let number = self.new_id();
        self.start_client(now, (number, random), Method::Cancel, flow, bytes, ClientUser::Nobody);
        self.cancels.insert(invite, number);
    }

    /// Sends BYE and waits for its end, without events.
    pub(super) fn send_bye(&mut self, now: Instant, id: u64) {
        let branch = self.new_branch();
        self.stop_waiting(id);
        let Some(session) = self.invites.get_mut(&id) else { return };
        disarm(&mut self.wire.timers, id, session);
        session.phase = Phase::Closing;
        session.unacked = None;
        session.ringing = None;
        session.attempts = 0;
        let mut lines = login_lines(session, "BYE", branch.1);
        lines.append(&mut session.bye_lines);
        let cseq = session.dialog.next_cseq();
        let bye = InDialog { method: b"BYE", cseq, branch, lines: &lines, contact_user: None, body: None };
        let bytes = session.dialog.request(&bye, &self.config.user_agent, self.wire.buffer());
        let flow = session.dialog.request_flow();
        self.start_client(now, branch, Method::Bye, flow, bytes, ClientUser::Bye { id });
    }

    /// The final response to our BYE.
    pub(super) fn bye_done(&mut self, now: Instant, id: u64, transaction: u64, response: &Response) {
        let asks = matches!(response.status(), 401 | 407);
        if asks && let Some((bytes, branch)) = self.with_login(id, transaction, "BYE", response) {
            let Some(session) = self.invites.get(&id) else { return };
            let flow = session.dialog.request_flow();
            return self.start_client(now, branch, Method::Bye, flow, bytes, ClientUser::Bye { id });
        }
        self.remove_invite(now, id);
    }

    /// It rang long enough: the call is cancelled and told as refused by 408.
    pub(super) fn ring_limit(&mut self, now: Instant, id: u64) {
        self.tell_end(id, Event::refused(InviteId(id), 408));
        self.close(now, id, None);
    }

    /// No final response after CANCEL: the INVITE is as good as cancelled (9.1).
    pub(super) fn cancel_limit(&mut self, now: Instant, id: u64) {
        if let Some(session) = self.invites.get(&id)
            && let Phase::Calling { transaction, .. } = session.phase
        {
            if let Some(client) = self.clients.get_mut(&transaction) {
                client.transaction.give_up(now, true, &mut self.wire);
            }
            self.remove_invite(now, id);
        }
    }
}

fn refusal(reason: Option<Reason>) -> Reply {
    let status = match reason.map(|reason| reason.protocol_cause) {
        Some(("SIP", status @ 400..=699)) => status,
        _ => 480,
    };
    match reason {
        Some(reason) => Reply::new(status).with_header("Reason", String::from_utf8_lossy(&reason.value())),
        None => Reply::new(status),
    }
}
