//! Timers that are due.

use std::time::Instant;

use super::{ClientUser, Endpoint};
use crate::client_transaction::Rang;
use crate::event::{Event, InviteId};
use crate::timer::{Timer, Timing};

impl Endpoint {
    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(timer) = self.wire.timers.take_due(now) {
            self.due(now, timer);
        }
    }

    fn due(&mut self, now: Instant, timer: Timer) {
        match timer {
            Timer::A(id) | Timer::B(id) | Timer::D(id) | Timer::E(id) | Timer::F(id) | Timer::K(id) | Timer::M(id) => {
                self.client_due(now, id, timer);
            }
            Timer::G(id) | Timer::H(id) | Timer::I(id) | Timer::J(id) | Timer::L(id) | Timer::Trying(id) => {
                self.server_due(now, id, timer);
            }
            Timer::C(id) => self.ring_limit(now, id),
            Timer::RingAgain(id) => self.ring_again(now, id),
            Timer::AnswerAgain(id) => self.answer_again(now, id),
            Timer::NoAck(id) => self.no_ack(now, id),
            Timer::CancelLimit(id) => self.cancel_limit(now, id),
            Timer::Glare(id) => self.glare_over(now, id),
            Timer::ProvisionalAgain(id) => self.provisional_again(now, id),
            Timer::NoPrack(id) => self.no_prack(now, id),
            Timer::Session(id) => self.session_due(now, id),
            Timer::Refer(refer) => self.refer_limit(now, refer),
            Timer::Outcome(id) => self.outcome_wait_over(now, id),
            Timer::SubscriptionEnd(id) => self.subscription_expired(now, id),
            Timer::NotifyPause(id) => self.notify_pause_over(id),
            Timer::FlowLost(id) => self.flow_grace_over(now, id),
        }
    }

    fn client_due(&mut self, now: Instant, id: u64, timer: Timer) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        match client.transaction.handle_timer(now, timer, &mut self.wire) {
            Rang::Going => {}
            Rang::Over => drop(self.remove_client(id)),
            Rang::TimedOut => match client.user {
                ClientUser::Invite { id: session, .. } => {
                    client.transaction.give_up(now, false, &mut self.wire);
                    self.tell_end(session, Event::refused(InviteId(session), 408));
                    self.remove_invite(now, session);
                }
                _ => self.client_failed(now, id, 408),
            },
        }
    }

    fn server_due(&mut self, now: Instant, id: u64, timer: Timer) {
        let Some(server) = self.servers.get_mut(&id) else { return };
        if server.transaction.handle_timer(now, timer, &mut self.wire) {
            self.remove_server(id);
        }
    }

    /// Sends the last provisional response again (13.3.1.1).
    fn ring_again(&mut self, now: Instant, id: u64) {
        let Some(transaction) = self.invites.get(&id).and_then(|session| session.ringing) else { return };
        let Some(server) = self.servers.get(&transaction).filter(|server| server.transaction.is_open()) else { return };
        self.wire.send_copy(server.transaction.flow, server.transaction.last());
        self.wire.timers.set(now, Timer::RingAgain(id), Timing::RING_AGAIN);
    }
}
