//! One media worker: its loop, and nothing of what media means.

use super::epoll::{Epoll, Waker};
use super::pace::Pace;
use super::recorder::{Piece, Pieces};
use super::sockets::{MediaAddresses, Sockets};
use super::teller::Teller;
use super::{Baggage, DROP_REASONS, Figures, Neighbour, Order, PortPool};
use media::{Command, Engine, EngineConfig, Event, Family, LegId, Library};
use pbx::CallId;
use std::io;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

/// The waker's token; sockets' tokens count from zero.
const WAKER: u64 = u64::MAX;
/// A packet is no longer than this (an Ethernet frame's worth, RFC 3550 says nothing).
const MAX_PACKET: usize = 2048;
/// Under load the worker looks at its sockets this often, not once per packet: the wake-up is the dear part.
const TICK: Duration = Duration::from_micros(500);
/// The same where nobody talks with anybody: nothing waits to be forwarded, and the frames of prompts begin this far apart.
const TICK_WITHOUT_BRIDGES: Duration = Duration::from_millis(5);
/// Where recordings wait for others to take them, it is tried again after this.
const CATCH_UP: Duration = Duration::from_millis(5);
/// Figures are taken once in this many wake-ups.
const COUNT_EVERY: u32 = 32;
/// Below this many legs each packet is forwarded the moment it comes.
const BUSY_LEGS: u64 = 8;
/// How long a leg may be silent before it counts as gone.
const QUIET_MS: u32 = 60_000;
/// Sockets ahead of the one that is read, for which memory is asked.
const FORESIGHT: usize = Engine::FORESIGHT + 1;
/// Packets taken from one socket in one go, so that one flooded leg cannot starve the others.
const MAX_PER_SOCKET: usize = 8;

pub(crate) struct Parts {
    pub(crate) inbox: mpsc::Receiver<Order>,
    pub(crate) waker: Arc<Waker>,
    pub(crate) events: tokio::sync::mpsc::Sender<Vec<Event>>,
    pub(crate) recorder: mpsc::SyncSender<Piece>,
    pub(crate) ports: Arc<PortPool>,
    pub(crate) addresses: MediaAddresses,
    pub(crate) library: Arc<Library>,
    pub(crate) seed: u64,
    pub(crate) figures: Arc<Figures>,
}

pub(crate) struct Worker {
    inbox: mpsc::Receiver<Order>,
    waker: Arc<Waker>,
    events: Teller,
    recorder: Pieces,
    figures: Arc<Figures>,
    epoll: Epoll,
    /// Watches the waker alone: orders do not wait for the end of a rest.
    orders: Epoll,
    sockets: Sockets,
    /// Tokens of sockets that may hold more than was taken.
    unfinished: Vec<u64>,
    engine: Engine,
    legs: u64,
    bridges: u64,
    received: u64,
    open_sockets: u64,
    dropped: [u64; DROP_REASONS.len()],
}

impl Worker {
    pub(crate) fn new(parts: Parts) -> io::Result<Self> {
        let epoll = Epoll::new()?;
        let orders = Epoll::new()?;
        for epoll in [&epoll, &orders] {
            epoll.add_waker(&parts.waker, WAKER)?;
        }
        // Each engine has its own: keys made of one seed never meet those of another.
        let mut srtp_seed = [0; 32];
        getrandom::fill(&mut srtp_seed).map_err(|why| io::Error::other(why.to_string()))?;
        let config = EngineConfig { quiet_ms: QUIET_MS, srtp_seed: Some(srtp_seed), ..EngineConfig::default() };
        Ok(Self {
            inbox: parts.inbox,
            waker: parts.waker,
            events: Teller::new(parts.events, Arc::clone(&parts.figures.events_lost)),
            recorder: Pieces::new(parts.recorder, Arc::clone(&parts.figures.sound_lost)),
            figures: parts.figures,
            epoll,
            orders,
            sockets: Sockets::new(parts.addresses, parts.ports),
            unfinished: Vec::new(),
            engine: Engine::new(config, parts.library, parts.seed),
            legs: 0,
            bridges: 0,
            received: 0,
            open_sockets: 0,
            dropped: [0; DROP_REASONS.len()],
        })
    }

    pub(crate) fn run(mut self) {
        let mut buffer = vec![0u8; MAX_PACKET];
        let mut wake_ups = 0u32;
        let mut pace = Pace::default();
        let mut rest = None;
        loop {
            if let Some(rest) = rest {
                self.rest(rest);
            }
            let before = Instant::now();
            let mut timeout = self.engine.next_timeout().map(|at| at.saturating_duration_since(before));
            let recordings = self.recorder.catch_up().then_some(CATCH_UP);
            for again in [self.events.catch_up(before), recordings].into_iter().flatten() {
                timeout = Some(timeout.map_or(again, |timeout| timeout.min(again)));
            }
            if !self.unfinished.is_empty() {
                timeout = Some(Duration::ZERO);
            }
            let mut ready = self.epoll.wait(timeout);
            let mut woken = Instant::now();
            if ready > 0
                && let Some(rest) = pace.wake(self.tick(), before, woken)
            {
                // What is told once must not be forgotten over the rest.
                self.unfinished.extend((0..ready).map(|n| self.epoll.token(n)).filter(|token| *token != WAKER));
                self.rest(rest);
                ready = self.epoll.wait(Some(Duration::ZERO));
                woken = Instant::now();
            }
            let unfinished = self.unfinished.len();
            for n in 0..unfinished {
                self.receive(self.unfinished[n], woken, &mut buffer);
            }
            self.unfinished.drain(..unfinished);
            (0..FORESIGHT).for_each(|n| self.foresee(n, ready));
            for n in 0..ready {
                self.foresee(n + FORESIGHT, ready);
                let token = self.epoll.token(n);
                if token != WAKER {
                    self.receive(token, woken, &mut buffer);
                }
            }
            // Looked for at every wake-up: some orders wait for one.
            let ControlFlow::Continue(ordered) = self.take_orders() else { return self.count(wake_ups) };
            self.guarded(None, |worker| {
                let now = Instant::now();
                if worker.engine.next_timeout().is_some_and(|due| due <= now) {
                    worker.engine.handle_tick(now, &mut worker.sockets);
                }
            });
            self.tell();
            if ordered || wake_ups >= COUNT_EVERY {
                self.count(wake_ups);
                wake_ups = 0;
            }
            rest = pace.looked(ready > 0, self.tick(), woken, Instant::now());
            wake_ups = wake_ups.wrapping_add(u32::from(!pace.is_in_a_row()));
        }
    }

    /// Lets packets gather, until there are orders.
    fn rest(&mut self, rest: Duration) {
        let end = Instant::now() + rest;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            // A wake that was seen with the sockets may be told here once more.
            if left.is_zero() || (self.orders.wait(Some(left)) > 0 && self.waker.is_pending()) {
                return;
            }
        }
    }

    /// Memory is asked for what the sockets before the n-th of the ready ones will need, and for the n-th's own place, while
    /// others are read.
    fn foresee(&self, n: usize, ready: usize) {
        if n < ready {
            self.sockets.prefetch(self.epoll.token(n));
        }
        for steps in 0..FORESIGHT {
            let Some(n) = (n + steps).checked_sub(FORESIGHT).filter(|n| *n < ready) else { continue };
            if let Some(socket) = self.sockets.at(self.epoll.token(n)) {
                self.engine.foresee(socket.leg, steps, &self.sockets);
            }
        }
    }

    /// The shortest time between two looks at the sockets; nothing where each packet is forwarded the moment it comes.
    fn tick(&self) -> Option<Duration> {
        let tick = if self.bridges > 0 { TICK } else { TICK_WITHOUT_BRIDGES };
        (self.legs > BUSY_LEGS).then_some(tick)
    }

    /// Works off the inbox; whether there was something in it, or that the worker is to end.
    fn take_orders(&mut self) -> ControlFlow<(), bool> {
        let mut ordered = false;
        self.waker.look();
        loop {
            match self.inbox.try_recv() {
                Ok(Order::Media(call, command)) => self.order(call, command),
                Ok(Order::Give(leg, to)) => self.give(leg, &to),
                Ok(Order::Take(leg, baggage)) => self.take(leg, *baggage),
                Ok(Order::Library(library)) => self.engine.set_library(library),
                Ok(Order::Stop) | Err(mpsc::TryRecvError::Disconnected) => return ControlFlow::Break(()),
                Err(mpsc::TryRecvError::Empty) => return ControlFlow::Continue(ordered),
            }
            ordered = true;
        }
    }

    fn order(&mut self, _call: CallId, command: Command) {
        let local = match &command {
            Command::Open { leg, profile, offer, family, .. } => {
                let family = offer.as_deref().and_then(Family::offered).unwrap_or(*family);
                self.sockets.open(*leg, *profile, family, &self.epoll)
            }
            _ => None,
        };
        let leg = command.leg();
        let closes = matches!(command, Command::Close { .. });
        self.guarded(Some(leg), |worker| {
            worker.engine.handle_command(Instant::now(), command, local, &mut worker.sockets);
        });
        if closes {
            self.sockets.close(leg);
        }
    }

    /// A leg's call is another worker's from now on: it goes there with its sockets. What the far end sends meanwhile waits in
    /// them.
    fn give(&mut self, leg: LegId, to: &Neighbour) {
        let mut moved = None;
        self.guarded(Some(leg), |worker| moved = worker.engine.take_leg(leg));
        let baggage = Baggage { leg: moved, sockets: self.sockets.take(leg, &self.epoll) };
        to.order(Order::Take(leg, Box::new(baggage)));
    }

    fn take(&mut self, leg: LegId, baggage: Baggage) {
        let placed = baggage.sockets.is_none_or(|sockets| self.sockets.put(leg, sockets, &self.epoll).is_ok());
        self.guarded(Some(leg), |worker| worker.engine.put_leg(Instant::now(), leg, baggage.leg));
        if !placed {
            self.events.add(Event::Failed { leg });
        }
    }

    fn receive(&mut self, token: u64, now: Instant, buffer: &mut [u8]) {
        for n in 0..MAX_PER_SOCKET {
            let Some(socket) = self.sockets.at_mut(token) else { return };
            let (leg, channel) = (socket.leg, socket.channel);
            let (length, from) = match socket.socket.recv_from(buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // What an earlier packet of ours met; others may wait behind it.
                Err(_) => continue,
            };
            let goes_on = n > 0 || socket.may_hold_more(now, &buffer[..length]);
            self.received += 1;
            self.guarded(Some(leg), |worker| {
                worker.engine.handle_packet(now, leg, channel, from, &mut buffer[..length], &mut worker.sockets);
            });
            if !goes_on {
                return;
            }
        }
        if let Some(socket) = self.sockets.at_mut(token) {
            socket.leave_unfinished();
            self.unfinished.push(token);
        }
    }

    /// A panic about one leg ends that leg, not the worker and its other calls.
    fn guarded(&mut self, leg: Option<LegId>, act: impl FnOnce(&mut Self)) {
        if catch_unwind(AssertUnwindSafe(|| act(self))).is_ok() {
            return;
        }
        tracing::error!(?leg, "media: a panic; the leg is given up");
        if let Some(leg) = leg {
            self.events.add(Event::Failed { leg });
        }
    }

    fn tell(&mut self) {
        while let Some(event) = self.engine.poll_event() {
            match event {
                Event::Recorded { token, mulaw, .. } => self.recorder.sound(CallId(token), mulaw),
                Event::RecordingEnded { token, .. } => {
                    self.recorder.end(CallId(token));
                    self.events.add(event);
                }
                _ => self.events.add(event),
            }
        }
        self.events.tell();
    }

    fn count(&mut self, wake_ups: u32) {
        Figures::add(&self.figures.wake_ups, wake_ups.into());
        Figures::add(&self.figures.received, std::mem::take(&mut self.received));
        Figures::add(&self.figures.sent, std::mem::take(&mut self.sockets.sent));
        let counts = self.engine.counts();
        change(&self.figures.legs, &mut self.legs, counts.legs as u64);
        change(&self.figures.bridges, &mut self.bridges, counts.bridges as u64);
        let dropped = [
            counts.dropped_malformed,
            counts.dropped_stranger,
            counts.dropped_payload_type,
            counts.dropped_duplicate,
            counts.dropped_early,
            counts.dropped_no_leg,
            counts.dropped_srtp,
        ];
        for ((total, own), now) in self.figures.dropped.iter().zip(&mut self.dropped).zip(dropped) {
            change(total, own, now);
        }
        change(&self.figures.sockets, &mut self.open_sockets, self.sockets.open_count() as u64);
    }
}

/// Moves a figure of all workers by what changed in this one.
fn change(total: &std::sync::atomic::AtomicU64, own: &mut u64, now: u64) {
    if now != *own {
        total.fetch_add(now.wrapping_sub(*own), Ordering::Relaxed);
        *own = now;
    }
}
