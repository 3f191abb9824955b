//! The thread that drives the switch. It alone touches it, so nothing here is locked.

use super::clocks::Clocks;
use super::connector::Connector;
use super::figures::Figures;
use super::orders::{Draining, carry_out};
use super::outbox::{Network, Outbox, Questions};
use super::udp::UdpSockets;
use super::{Dialling, Input, Resolver, Signalling, tcp};
use crate::control::{Live, Order};
use crate::media_workers::MediaWorkers;
use crate::metrics::Metrics;
use crate::store::Writer;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use switch::Switch;
use tokio::net::TcpListener;
use tokio::sync::mpsc::Receiver;

/// Datagrams, events or orders worked off, or a little more, before the outbox is emptied and the others get their turn.
const BATCH: usize = 64;
/// The longest sleep.
const LONGEST_SLEEP: Duration = Duration::from_millis(500);
/// Figures for `/metrics` are taken no more often than this, and no more seldom than [`LONGEST_SLEEP`].
const FIGURES_EVERY: Duration = Duration::from_millis(100);
/// Timers may be this late, so that one wake-up serves several: each call leaves a handful behind it, due one by one. The
/// shortest of SIP is 200 ms.
const TIMER_SLACK: Duration = Duration::from_millis(4);

/// What the control thread is made of.
pub(crate) struct ControlParts {
    /// SIP over UDP.
    pub udp: Vec<std::net::UdpSocket>,
    /// SIP over TCP.
    pub tcp: Vec<std::net::TcpListener>,
    /// SIP connections one far address may hold.
    pub connections_per_address: usize,
    /// How carriers are reached by TLS.
    pub dialling: Dialling,
    /// Looks carriers' names up.
    pub resolver: Resolver,
    /// Where connections to carriers are made and names are looked up.
    pub pool: tokio::runtime::Handle,
    /// The switch.
    pub switch: Switch,
    /// The media workers.
    pub media: MediaWorkers,
    /// Their events, together what happened together.
    pub media_events: Receiver<Vec<media::Event>>,
    /// The API's orders.
    pub orders: Receiver<Order>,
    /// The store's writing end.
    pub writer: Writer,
    /// What the API reads without asking.
    pub live: Arc<Live>,
    /// Figures.
    pub metrics: Metrics,
    /// Both clocks.
    pub clocks: Clocks,
}

/// Starts the thread; connections reach it through the handle.
///
/// # Errors
/// When the thread or its sockets cannot be set up.
pub(crate) fn start(parts: ControlParts) -> std::io::Result<(Signalling, std::thread::JoinHandle<()>)> {
    let (signalling, inputs) = Signalling::new(parts.connections_per_address);
    let handle = signalling.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let thread = std::thread::Builder::new().name("control".to_owned()).spawn(move || {
        runtime.block_on(async move {
            match ControlThread::new(parts, signalling) {
                Ok(thread) => thread.run(inputs).await,
                Err(error) => tracing::error!(%error, "the SIP sockets could not be used"),
            }
        });
    })?;
    Ok((handle, thread))
}

struct ControlThread {
    switch: Switch,
    outbox: Outbox,
    media_events: Receiver<Vec<media::Event>>,
    orders: Receiver<Order>,
    figures: Figures,
    /// When they are taken next, at the earliest.
    figures_at: Instant,
    clocks: Clocks,
    signalling: Signalling,
    draining: Draining,
    stopping: bool,
}

impl ControlThread {
    fn new(parts: ControlParts, signalling: Signalling) -> std::io::Result<Self> {
        for listener in parts.tcp {
            listener.set_nonblocking(true)?;
            tokio::spawn(tcp::listen(TcpListener::from_std(listener)?, signalling.clone()));
        }
        let network = Network {
            udp: UdpSockets::new(parts.udp)?,
            connections: HashMap::new(),
            connector: Connector::new(signalling.clone(), parts.dialling, parts.pool.clone()),
        };
        let questions = Questions { resolver: parts.resolver, signalling: signalling.clone(), pool: parts.pool };
        Ok(Self {
            switch: parts.switch,
            outbox: Outbox::new(network, questions, parts.media, parts.writer, parts.live),
            media_events: parts.media_events,
            orders: parts.orders,
            figures: Figures::new(&parts.metrics),
            figures_at: Instant::now(),
            clocks: parts.clocks,
            signalling,
            draining: Vec::new(),
            stopping: false,
        })
    }

    async fn run(mut self, mut inputs: Receiver<Input>) {
        let mut buffer = vec![0u8; 65_536];
        let mut look_at = self.clocks.now().instant + LONGEST_SLEEP;
        // Set anew only to wake earlier: each change takes the runtime's lock, and an earlier time one more wake-up.
        let mut alarm = std::pin::pin!(tokio::time::sleep_until(look_at.into()));
        loop {
            let now = self.clocks.now();
            // However much comes in, time goes on.
            let mut due = self.ticks_at(now, look_at);
            if due <= now.instant {
                self.tick();
                self.flush();
                look_at = now.instant + LONGEST_SLEEP;
                due = self.ticks_at(now, look_at);
            }
            let due = self.outbox.media.next_wake().map_or(due, |at| at.min(due)).into();
            if alarm.is_elapsed() || due < alarm.deadline() {
                alarm.as_mut().reset(due);
            }
            // Unbiased: a flood on one way in must not starve the others.
            tokio::select! {
                () = alarm.as_mut() => {}
                ready = self.outbox.network.udp.readable() => self.receive(ready, &mut buffer),
                input = inputs.recv() => {
                    let Some(input) = input else { return };
                    self.take_input(input);
                    for _ in 1..BATCH {
                        let Ok(input) = inputs.try_recv() else { break };
                        self.take_input(input);
                    }
                }
                events = self.media_events.recv() => {
                    let Some(events) = events else { return };
                    self.hear(events);
                }
                order = self.orders.recv() => {
                    let Some(order) = order else { return };
                    self.take_order(order);
                }
            }
            self.flush();
            if self.stopping {
                return;
            }
        }
    }

    /// When the switch has something to do next, at `look_at` at the latest.
    fn ticks_at(&self, now: switch::Now, look_at: Instant) -> Instant {
        self.switch.next_timeout(now).map_or(look_at, |at| (at + TIMER_SLACK).min(look_at))
    }

    fn tick(&mut self) {
        self.clocks.follow();
        self.guarded(|switch, now| switch.handle_timeout(now));
        let now = self.clocks.now().instant;
        if now < self.figures_at && self.draining.is_empty() {
            return;
        }
        self.figures_at = now + FIGURES_EVERY;
        let counts = self.switch.counts();
        self.figures.take(&counts, &self.outbox.media.figures, &self.outbox.network, &self.signalling);
        self.figures.take_trunks(self.switch.trunk_conditions());
        let is_empty = counts.calls == 0 && counts.switched == 0;
        if is_empty && self.switch.trunks_left() && !self.draining.is_empty() {
            // What is told now is written before the program ends.
            self.guarded(|switch, now| switch.end_traces(now));
            self.flush();
            for waiting in self.draining.drain(..) {
                let _ = waiting.send(());
            }
        }
    }

    fn receive(&mut self, socket: usize, buffer: &mut [u8]) {
        for _ in 0..BATCH {
            match self.outbox.network.udp.receive(socket, buffer) {
                Ok((length, flow)) => {
                    let datagram = buffer.get(..length).unwrap_or_default();
                    if sip::stun::is_stun(datagram) {
                        // A keep-alive of a phone behind a NAT that wants to hear its address (RFC 5626 3.5.2). Lost like
                        // any other when the socket is full.
                        if let Some(answer) = sip::stun::answer(datagram, flow.remote) {
                            let _ = self.outbox.network.udp.send(&flow, &answer);
                        }
                    } else if length > 4 {
                        // Plain line ends are keep-alives too and need no look.
                        self.guarded(|switch, now| switch.handle_message(now, flow, datagram));
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                // An ICMP error of an earlier send; its transaction times out or was told already.
                Err(_) => {}
            }
        }
    }

    fn hear(&mut self, events: Vec<media::Event>) {
        let mut heard = 0;
        let mut next = Some(events);
        while let Some(events) = next {
            heard += events.len();
            for event in events {
                self.guarded(|switch, now| switch.handle_media(now, event));
            }
            next = if heard < BATCH { self.media_events.try_recv().ok() } else { None };
        }
    }

    fn take_input(&mut self, input: Input) {
        match input {
            Input::Opened(flow, writes) => {
                self.outbox.network.connections.insert(flow.connection, writes);
            }
            Input::Connected(flow, writes) => {
                self.outbox.network.connections.insert(flow.connection, writes);
                self.outbox.network.connector.opened(flow);
            }
            Input::Unreachable(flow, why) => {
                self.outbox.network.connector.unreachable(flow, &why);
                self.guarded(|switch, now| switch.handle_send_failed(now, flow));
            }
            Input::Resolved(query, found) => self.guarded(|switch, now| switch.handle_resolved(now, query, found)),
            Input::Message(flow, bytes) => self.guarded(|switch, now| switch.handle_message(now, flow, &bytes)),
            Input::Closed(connection) => {
                self.outbox.network.connections.remove(&connection);
                let target = self.outbox.network.connector.closed(connection);
                self.guarded(|switch, now| switch.handle_connection_closed(now, connection));
                if let Some(flow) = target {
                    self.guarded(|switch, now| switch.handle_send_failed(now, flow));
                }
            }
        }
    }

    fn take_order(&mut self, order: Order) {
        let now = self.clocks.now();
        self.caught(|thread| {
            let goes_on = carry_out(order, &mut thread.switch, &mut thread.outbox, &mut thread.draining, now);
            thread.stopping |= !goes_on;
        });
    }

    fn flush(&mut self) {
        let now = self.clocks.now();
        self.caught(|thread| thread.outbox.flush(&mut thread.switch, now));
    }

    fn guarded(&mut self, act: impl FnOnce(&mut Switch, switch::Now)) {
        let now = self.clocks.now();
        self.caught(|thread| act(&mut thread.switch, now));
    }

    /// A panic over one message must not end every call.
    fn caught(&mut self, act: impl FnOnce(&mut Self)) {
        if catch_unwind(AssertUnwindSafe(|| act(self))).is_err() {
            tracing::error!("signalling: a panic; the message that caused it is dropped");
            self.figures.count_panic();
        }
    }
}
