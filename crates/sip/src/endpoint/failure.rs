//! Connections that close, messages that cannot be sent, peers that do not answer (RFC 3261 8.1.3.1, 18.4).

use std::time::Instant;

use super::{ClientUser, Endpoint, FLOW_GRACE};
use crate::event::{EndCause, Event, InviteId};
use crate::flow::Flow;
use crate::session::Phase;
use crate::timer::Timer;

impl Endpoint {
    /// A connection closed: requests that wait on it fail, calls on it that are not answered yet end. Calls that are answered,
    /// and those of ours that ring, get ten seconds in which the peer may come back on a new connection, with a request or with
    /// what it has to say to our INVITE.
    pub fn handle_connection_closed(&mut self, now: Instant, connection: u64) {
        let is_on = |flow: &Flow| flow.transport.is_reliable() && flow.connection == connection;
        let servers: Vec<u64> =
            self.servers.iter().filter(|(_, s)| is_on(&s.transaction.flow)).map(|(id, _)| *id).collect();
        for id in servers {
            self.remove_server(id);
        }
        let waiting = |c: &super::Client| is_on(&c.transaction.flow) && c.transaction.is_waiting() && !self.rings(c);
        let clients: Vec<u64> = self.clients.iter().filter(|(_, c)| waiting(c)).map(|(id, _)| *id).collect();
        for id in clients {
            self.client_failed(now, id, 503);
        }
        self.drop_subscriptions_on(connection);
        let sessions: Vec<u64> =
            self.invites.iter().filter(|(_, s)| is_on(&s.dialog.flow)).map(|(id, _)| *id).collect();
        for id in sessions {
            self.flow_lost(now, id);
        }
    }

    /// Is it an INVITE that rings somewhere, and is still wanted?
    fn rings(&self, client: &super::Client) -> bool {
        let ClientUser::Invite { id, .. } = client.user else { return false };
        let session = self.invites.get(&id).filter(|session| !session.told);
        session.is_some_and(|session| {
            matches!(session.phase, Phase::Calling { .. }) && !session.dialog.remote_tag.is_empty()
        })
    }

    fn flow_lost(&mut self, now: Instant, id: u64) {
        let Some(session) = self.invites.get_mut(&id) else { return };
        match &mut session.phase {
            Phase::Incoming { .. } => {
                self.tell_end(id, Event::Ended { id: InviteId(id), cause: EndCause::Transport, reason: None });
                return self.remove_invite(now, id);
            }
            _ if session.told => return self.abandon(now, id),
            // A CANCEL would go nowhere now: it waits until the peer is heard again.
            Phase::Calling { heard, .. } => *heard = false,
            _ => {}
        }
        self.wire.timers.set(now, Timer::FlowLost(id), FLOW_GRACE);
    }

    /// Nobody came back on a new connection.
    pub(super) fn flow_grace_over(&mut self, now: Instant, id: u64) {
        let Some(session) = self.invites.get(&id) else { return };
        let over = match session.phase {
            Phase::Calling { .. } => Event::refused(InviteId(id), 503),
            _ => Event::Ended { id: InviteId(id), cause: EndCause::Transport, reason: None },
        };
        self.tell_end(id, over);
        self.abandon(now, id);
    }

    /// Frees a session whose peer cannot be reached.
    pub(super) fn abandon(&mut self, now: Instant, id: u64) {
        self.refuse_open_offer(now, id);
        if let Some(session) = self.invites.get(&id)
            && let Phase::Calling { transaction, .. } = session.phase
        {
            self.remove_client(transaction);
        }
        self.remove_invite(now, id);
    }

    /// Nothing can be sent on this flow (connection refused, ICMP unreachable): requests that wait on it fail.
    pub fn handle_send_failed(&mut self, now: Instant, flow: Flow) {
        let waiting = |c: &super::Client| c.transaction.flow == flow && c.transaction.is_waiting();
        let clients: Vec<u64> = self.clients.iter().filter(|(_, c)| waiting(c)).map(|(id, _)| *id).collect();
        for id in clients {
            self.client_failed(now, id, 503);
        }
    }

    /// A request got no final response: 408 for silence, 503 for a transport that failed.
    pub(super) fn client_failed(&mut self, now: Instant, number: u64, status: u16) {
        let Some(user) = self.remove_client(number) else { return };
        match user {
            ClientUser::Invite { id, .. } => {
                self.tell_end(id, Event::refused(InviteId(id), status));
                self.remove_invite(now, id);
            }
            ClientUser::Change { id } => self.change_found_nobody(now, (id, number), status),
            ClientUser::Refresh { id } => {
                let cause = if status == 408 { EndCause::SessionExpired } else { EndCause::Transport };
                self.call_is_gone(now, id, cause);
            }
            // The INVITE tells what becomes of the call.
            ClientUser::Prack { .. } | ClientUser::Nobody => {}
            ClientUser::Bye { id } => self.remove_invite(now, id),
            ClientUser::ReferNotify { refer } => self.refer_notify_done(now, refer, status),
            ClientUser::Notify { id } => self.notify_failed(id),
            ClientUser::Sent(sent) => {
                self.events.push_back(Event::Response { transaction: sent.first, response: None });
            }
        }
    }
}
