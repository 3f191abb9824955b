//! A response came: to which client transaction it belongs, and what follows for its user (RFC 3261 17.1.3, 18.1.2).

use std::time::Instant;

use super::{ClientUser, Endpoint, MAX_ATTEMPTS, SentRequest};
use crate::client_transaction::Heard;
use crate::derive::{self, Again};
use crate::digest::Login;
use crate::event::Event;
use crate::flow::Flow;
use crate::method::Method;
use crate::response::Response;
use crate::timer::Timer;
use crate::via::MAGIC_COOKIE;

impl Endpoint {
    pub(super) fn receive_response(&mut self, now: Instant, flow: Flow, response: &Response) {
        let Some(number) = self.client_of(response) else {
            self.wire.totals.stray += 1;
            return;
        };
        self.learn_connection(number, flow);
        let Some(client) = self.clients.get_mut(&number) else { return };
        let heard = client.transaction.handle_response(now, response, &mut self.wire);
        let is_over = client.transaction.is_over();
        match heard {
            Heard::Provisional => {
                match client.user {
                    ClientUser::Invite { id, .. } => self.call_rang(now, id, response),
                    // Nobody rings for a re-INVITE: timer B goes on, or a peer that vanishes now would leave it forever.
                    ClientUser::Change { .. } if client.transaction.method == Method::Invite => {
                        let limit = self.wire.timing.limit();
                        self.wire.timers.set(now, Timer::B(number), limit);
                    }
                    _ => {}
                }
            }
            Heard::Final => self.client_done(now, number, response),
            Heard::OtherFork => self.end_fork(now, number, response),
            Heard::RingsInVain => self.start_cancel(now, number, &[]),
            Heard::Nothing => {}
        }
        if is_over {
            self.remove_client(number);
        }
    }

    /// By the numbers in our branch and the method. One Via only: a response with more was never ours (18.1.2).
    fn client_of(&mut self, response: &Response) -> Option<u64> {
        if response.has_several_vias() {
            return None;
        }
        let digits = response.via().branch()?.strip_prefix(MAGIC_COOKIE)?;
        let (number, random) = digits.split_at_checked(16)?;
        let mut number = hex(number)?;
        if response.method() == Method::Cancel {
            number = *self.cancels.get(&number)?;
        }
        let transaction = &self.clients.get(&number)?.transaction;
        let is_its =
            transaction.random == hex(random)? && transaction.method.as_str().as_bytes() == response.cseq_method();
        is_its.then_some(number)
    }

    /// A request may have opened a connection; from its first response on the number is known.
    fn learn_connection(&mut self, number: u64, flow: Flow) {
        let Some(client) = self.clients.get_mut(&number) else { return };
        let old = client.transaction.flow;
        if !flow.transport.is_reliable() || old.transport != flow.transport || old.connection == flow.connection {
            return;
        }
        client.transaction.flow = flow;
        let id = match client.user {
            ClientUser::Invite { id, .. }
            | ClientUser::Change { id }
            | ClientUser::Refresh { id }
            | ClientUser::Prack { id }
            | ClientUser::Bye { id } => id,
            ClientUser::Notify { .. } | ClientUser::ReferNotify { .. } | ClientUser::Nobody | ClientUser::Sent(_) => {
                return;
            }
        };
        if let Some(session) = self.invites.get_mut(&id)
            && session.dialog.flow.connection == old.connection
        {
            session.dialog.flow = flow;
            self.wire.timers.cancel(Timer::FlowLost(id));
        }
    }

    fn client_done(&mut self, now: Instant, number: u64, response: &Response) {
        let Some(client) = self.clients.get_mut(&number) else { return };
        match &mut client.user {
            ClientUser::Invite { id, .. } => {
                let id = *id;
                match response.status() {
                    ..300 => self.call_answered(now, id, number, response),
                    _ => self.call_refused(now, id, number, response),
                }
            }
            ClientUser::Change { id } => {
                let id = *id;
                self.change_done(now, id, number, response);
            }
            ClientUser::Refresh { id } => {
                let id = *id;
                self.refresh_done(now, id, number, response);
            }
            ClientUser::Prack { id } => {
                let id = *id;
                self.prack_done(now, id, number, response);
            }
            ClientUser::Bye { id } => {
                let id = *id;
                self.bye_done(now, id, number, response);
            }
            ClientUser::Notify { id } => {
                let id = *id;
                self.notify_done(id, number, response.status());
            }
            ClientUser::ReferNotify { refer } => {
                let refer = *refer;
                self.refer_notify_done(now, refer, response.status());
            }
            ClientUser::Nobody => {}
            ClientUser::Sent(sent) => {
                let sent = std::mem::replace(sent.as_mut(), SentRequest::nobody());
                client.user = ClientUser::Nobody;
                self.sent_done(now, number, sent, response);
            }
        }
    }

    fn sent_done(&mut self, now: Instant, number: u64, mut sent: SentRequest, response: &Response) {
        if let (Some(credentials), Some(mut login)) = (&sent.credentials, Login::of(response))
            && (sent.attempts == 0 || (login.stale && sent.attempts < MAX_ATTEMPTS))
        {
            let branch = self.new_branch();
            let Some(client) = self.clients.get(&number) else { return };
            let (flow, method) = (client.transaction.flow, client.transaction.method);
            let uri = client.transaction.request.split(|b| *b == b' ').nth(1).unwrap_or_default();
            let header = login.header(method.as_str(), uri, credentials, branch.1);
            sent.attempts += 1;
            sent.cseq = sent.cseq.wrapping_add(1) & 0x7fff_ffff;
            let new = Again { flow: &flow, id: branch.0, random: branch.1, cseq: sent.cseq };
            let bytes = derive::again(&client.transaction.request, new, (header.0, &header.1), self.wire.buffer());
            return self.start_client(now, branch, method, flow, bytes, ClientUser::Sent(Box::new(sent)));
        }
        self.events.push_back(Event::Response { transaction: sent.first, response: Some(response.clone()) });
    }
}

fn hex(digits: &[u8]) -> Option<u64> {
    if digits.len() != 16 {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
