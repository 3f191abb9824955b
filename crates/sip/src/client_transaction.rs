//! Client transactions: INVITE and others (RFC 3261 17.1, RFC 6026).

use std::time::{Duration, Instant};

use crate::derive;
use crate::flow::Flow;
use crate::method::Method;
use crate::response::Response;
use crate::timer::{Timer, Timing};
use crate::wire::Wire;

/// Most different 2xx (forks) of one INVITE whose ACKs are kept.
const MAX_FORKS: usize = 8;

/// States of RFC 3261 figures 5 and 6, and RFC 6026's Accepted. A terminated transaction is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientState {
    /// INVITE: sent, nothing came.
    Calling,
    /// Not INVITE: sent, nothing came.
    Trying,
    /// A provisional response came.
    Proceeding,
    /// A final response came (INVITE: not 2xx).
    Completed,
    /// INVITE: a 2xx came; more may come.
    Accepted,
    /// INVITE: nobody waits for an answer any more (timer B, or no final response to a CANCEL). RFC 3261 knows no such state and
    /// leaves a peer that answers now alone with its answer; what comes in the next 32 s is taken back instead.
    GivenUp {
        /// A CANCEL was sent.
        cancelled: bool,
    },
}

/// What a response means to the user of the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Provisional.
    Provisional,
    /// The final one; for INVITE the first 2xx or the non-2xx (already acknowledged).
    Final,
    /// A 2xx of another fork than those acknowledged.
    OtherFork,
    /// It rings there though nobody waits for it: to be cancelled.
    RingsInVain,
    /// Known already; nothing to do.
    Nothing,
}

/// What a timer did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rang {
    /// The transaction goes on.
    Going,
    /// Nobody answered: tell the user, remove it.
    TimedOut,
    /// It is over: remove it.
    Over,
}

/// The ACK to a 2xx, kept to be sent again with each repeated 2xx of that To tag.
#[derive(Debug)]
struct KeptAck {
    tag: Vec<u8>,
    flow: Flow,
    bytes: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct ClientTransaction {
    pub(crate) id: u64,
    pub(crate) random: u64,
    pub(crate) method: Method,
    pub(crate) flow: Flow,
    pub(crate) state: ClientState,
    /// The request as sent.
    pub(crate) request: Vec<u8>,
    pause: Duration,
    /// ACK to a non-2xx.
    ack: Vec<u8>,
    acks: Vec<KeptAck>,
}

impl ClientTransaction {
    /// Sends the request and begins.
    pub(crate) fn start(
        now: Instant,
        id: u64,
        random: u64,
        method: Method,
        flow: Flow,
        request: Vec<u8>,
        wire: &mut Wire,
    ) -> Self {
        wire.send_copy(flow, &request);
        let is_invite = method == Method::Invite;
        let limit = wire.timing.limit();
        let t1 = wire.timing.t1;
        let (again, gone) = if is_invite { (Timer::A(id), Timer::B(id)) } else { (Timer::E(id), Timer::F(id)) };
        wire.timers.set(now, gone, limit);
        if !flow.transport.is_reliable() {
            wire.timers.set(now, again, t1);
        }
        let state = if is_invite { ClientState::Calling } else { ClientState::Trying };
        Self { id, random, method, flow, state, request, pause: t1, ack: Vec::new(), acks: Vec::new() }
    }

    fn is_invite(&self) -> bool {
        self.method == Method::Invite
    }

    /// Takes a response that belongs to it. Is it over afterwards, the state is `Completed` and no timer is armed:
    /// see [`ClientTransaction::is_over`].
    pub(crate) fn handle_response(&mut self, now: Instant, response: &Response, wire: &mut Wire) -> Heard {
        match (self.state, response.status()) {
            (ClientState::Calling | ClientState::Trying | ClientState::Proceeding, 100..=199) => {
                self.provisional(now, wire);
                Heard::Provisional
            }
            (ClientState::Calling | ClientState::Proceeding, 200..=299) if self.is_invite() => {
                self.stop(wire);
                self.state = ClientState::Accepted;
                let limit = wire.timing.limit();
                wire.timers.set(now, Timer::M(self.id), limit);
                self.keep_dialog(wire);
                Heard::Final
            }
            (ClientState::Accepted | ClientState::GivenUp { .. }, 200..=299) => self.repeated_success(response, wire),
            (ClientState::GivenUp { cancelled: false }, 100..=199) => {
                self.state = ClientState::GivenUp { cancelled: true };
                Heard::RingsInVain
            }
            (ClientState::GivenUp { .. }, 300..) => {
                wire.timers.cancel(Timer::M(self.id));
                self.complete(now, response, wire);
                Heard::Nothing
            }
            (ClientState::Calling | ClientState::Trying | ClientState::Proceeding, _) => {
                self.complete(now, response, wire);
                Heard::Final
            }
            (ClientState::Completed, 300..) if self.is_invite() => {
                wire.totals.repeated += 1;
                wire.send_copy(self.flow, &self.ack);
                Heard::Nothing
            }
            _ => {
                wire.totals.repeated += 1;
                Heard::Nothing
            }
        }
    }

    /// Nobody waits for an answer to this INVITE any more; its user was told.
    pub(crate) fn give_up(&mut self, now: Instant, cancelled: bool, wire: &mut Wire) {
        self.stop(wire);
        self.state = ClientState::GivenUp { cancelled };
        let limit = wire.timing.limit();
        wire.timers.set(now, Timer::M(self.id), limit);
        self.keep_dialog(wire);
    }

    /// Of an accepted INVITE, or one given up, only its dialog is asked for again, to end those of other forks. Timer M is long, 32 s of each
    /// call, and the buffer large.
    fn keep_dialog(&mut self, wire: &mut Wire) {
        let bare = derive::bare_invite(&self.request, wire.buffer());
        wire.recycle(std::mem::replace(&mut self.request, bare.as_slice().into()));
        wire.recycle(bare);
    }

    fn provisional(&mut self, now: Instant, wire: &mut Wire) {
        if self.is_invite() {
            wire.timers.cancel(Timer::A(self.id));
            wire.timers.cancel(Timer::B(self.id));
        } else if self.state == ClientState::Trying && !self.flow.transport.is_reliable() {
            // In Proceeding a request other than INVITE is repeated each T2 (17.1.2.2).
            self.pause = Timing::T2;
            wire.timers.set(now, Timer::E(self.id), Timing::T2);
        }
        self.state = ClientState::Proceeding;
    }

    fn complete(&mut self, now: Instant, response: &Response, wire: &mut Wire) {
        self.stop(wire);
        self.state = ClientState::Completed;
        let reliable = self.flow.transport.is_reliable();
        if self.is_invite() {
            self.ack = derive::ack(&self.request, response, wire.buffer());
            wire.send_copy(self.flow, &self.ack);
            if !reliable {
                wire.timers.set(now, Timer::D(self.id), Timing::D);
            }
        } else if !reliable {
            wire.timers.set(now, Timer::K(self.id), Timing::T4);
        }
    }

    /// Over at once after its final response? So over reliable transports, where timers D and K are zero.
    pub(crate) fn is_over(&self) -> bool {
        self.state == ClientState::Completed && self.flow.transport.is_reliable()
    }

    fn repeated_success(&mut self, response: &Response, wire: &mut Wire) -> Heard {
        let tag = response.to().tag().unwrap_or_default();
        if let Some(kept) = self.acks.iter().find(|kept| kept.tag == tag) {
            wire.totals.repeated += 1;
            if !kept.bytes.is_empty() {
                wire.send_copy(kept.flow, &kept.bytes);
            }
            return Heard::Nothing;
        }
        if self.acks.len() >= MAX_FORKS { Heard::Nothing } else { Heard::OtherFork }
    }

    /// Notes that the 2xx of this To tag is taken care of; `bytes` is empty while its ACK waits for an answer. They are kept for
    /// 32 s: the caller gives a copy of their length, not a buffer.
    pub(crate) fn keep_ack(&mut self, tag: &[u8], flow: Flow, bytes: Vec<u8>) {
        match self.acks.iter_mut().find(|kept| kept.tag == tag) {
            Some(kept) => (kept.flow, kept.bytes) = (flow, bytes),
            None => self.acks.push(KeptAck { tag: tag.to_vec(), flow, bytes }),
        }
    }

    /// Takes one of its timers.
    pub(crate) fn handle_timer(&mut self, now: Instant, timer: Timer, wire: &mut Wire) -> Rang {
        match timer {
            Timer::A(_) => {
                // Timer A doubles without a cap (17.1.1.2); timer B ends it after six repeats.
                self.pause *= 2;
                self.repeat(now, timer, wire);
                Rang::Going
            }
            Timer::E(_) => {
                self.pause = match self.state {
                    ClientState::Proceeding => Timing::T2,
                    _ => wire.timing.backed_off(self.pause),
                };
                self.repeat(now, timer, wire);
                Rang::Going
            }
            Timer::B(_) | Timer::F(_) => {
                self.stop(wire);
                Rang::TimedOut
            }
            _ => Rang::Over,
        }
    }

    fn repeat(&mut self, now: Instant, timer: Timer, wire: &mut Wire) {
        wire.totals.retransmissions += 1;
        wire.send_copy(self.flow, &self.request);
        wire.timers.set(now, timer, self.pause);
    }

    /// Disarms everything that waits for a response.
    fn stop(&self, wire: &mut Wire) {
        let id = self.id;
        let waiting = match self.is_invite() {
            true => [Timer::A(id), Timer::B(id)],
            false => [Timer::E(id), Timer::F(id)],
        };
        for timer in waiting {
            wire.timers.cancel(timer);
        }
    }

    /// Does it still wait for a final response?
    pub(crate) fn is_waiting(&self) -> bool {
        matches!(self.state, ClientState::Calling | ClientState::Trying | ClientState::Proceeding)
    }

    /// Frees it.
    pub(crate) fn remove(self, wire: &mut Wire) {
        self.stop(wire);
        for timer in [Timer::D(self.id), Timer::K(self.id), Timer::M(self.id)] {
            wire.timers.cancel(timer);
        }
        wire.recycle(self.request);
        wire.recycle(self.ack);
        for kept in self.acks {
            wire.recycle(kept.bytes);
        }
    }
}
