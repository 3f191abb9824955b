//! The thread that drives the switch. It alone touches it, so nothing here is locked.

use super::clocks::Clocks;
use super::figures::Figures;
use super::orders::{Draining, carry_out};
use super::outbox::Outbox;
use super::{Input, Signalling, tcp};
use crate::control::{Live, Order};
use crate::media_workers::MediaWorkers;
use crate::metrics::Metrics;
use crate::store::Writer;
use sip::{Flow, Transport};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use switch::Switch;
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::mpsc::{Receiver, UnboundedReceiver};

/// Datagrams, events or orders worked off before the outbox is emptied and the others get their turn.
const BATCH: usize = 64;
/// The longest sleep; figures for `/metrics` are taken at least this often.
const LONGEST_SLEEP: Duration = Duration::from_millis(500);

/// What the control thread is made of.
pub struct ControlParts {
    /// SIP over UDP.
    pub udp: std::net::UdpSocket,
    /// SIP over TCP.
    pub tcp: std::net::TcpListener,
    /// The switch.
    pub switch: Switch,
    /// The media workers.
    pub media: MediaWorkers,
    /// Their events.
    pub media_events: UnboundedReceiver<media::Event>,
    /// The API's orders.
    pub orders: UnboundedReceiver<Order>,
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
pub fn start(parts: ControlParts) -> std::io::Result<(Signalling, std::thread::JoinHandle<()>)> {
    let (signalling, inputs) = Signalling::new();
    let handle = signalling.clone();
    parts.udp.set_nonblocking(true)?;
    parts.tcp.set_nonblocking(true)?;
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
    media_events: UnboundedReceiver<media::Event>,
    orders: UnboundedReceiver<Order>,
    figures: Figures,
    clocks: Clocks,
    udp: Arc<UdpSocket>,
    local: SocketAddr,
    draining: Draining,
}

impl ControlThread {
    fn new(parts: ControlParts, signalling: Signalling) -> std::io::Result<Self> {
        let udp = Arc::new(UdpSocket::from_std(parts.udp)?);
        let local = udp.local_addr()?;
        tokio::spawn(tcp::listen(TcpListener::from_std(parts.tcp)?, signalling));
        Ok(Self {
            switch: parts.switch,
            outbox: Outbox::new(Arc::clone(&udp), parts.media, parts.writer, parts.live),
            media_events: parts.media_events,
            orders: parts.orders,
            figures: Figures::new(&parts.metrics),
            clocks: parts.clocks,
            udp,
            local,
            draining: Vec::new(),
        })
    }

    async fn run(mut self, mut inputs: Receiver<Input>) {
        let mut buffer = vec![0u8; 65_536];
        let mut look_at = self.clocks.now().instant + LONGEST_SLEEP;
        loop {
            let now = self.clocks.now();
            // However much comes in, time goes on.
            let due = self.switch.next_timeout(now).map_or(look_at, |at| at.min(look_at));
            if due <= now.instant {
                self.tick();
                look_at = now.instant + LONGEST_SLEEP;
            }
            // Unbiased: a flood on one way in must not starve the others.
            tokio::select! {
                () = tokio::time::sleep_until(due.into()) => {}
                ready = self.udp.readable() => {
                    if ready.is_ok() {
                        self.receive(&mut buffer);
                    }
                }
                input = inputs.recv() => {
                    let Some(input) = input else { return };
                    self.take_input(input);
                    for _ in 1..BATCH {
                        let Ok(input) = inputs.try_recv() else { break };
                        self.take_input(input);
                    }
                }
                event = self.media_events.recv() => {
                    let Some(event) = event else { return };
                    self.guarded(|switch, now| switch.handle_media(now, event));
                    for _ in 1..BATCH {
                        let Ok(event) = self.media_events.try_recv() else { break };
                        self.guarded(|switch, now| switch.handle_media(now, event));
                    }
                }
                order = self.orders.recv() => {
                    let Some(order) = order else { return };
                    self.take_order(order);
                }
            }
            self.flush();
        }
    }

    fn tick(&mut self) {
        self.clocks.follow();
        self.guarded(|switch, now| switch.handle_timeout(now));
        let counts = self.switch.counts();
        self.figures.take(&counts, &self.outbox.media.figures, self.outbox.connections.len());
        if counts.calls == 0 && counts.switched == 0 {
            for waiting in self.draining.drain(..) {
                let _ = waiting.send(());
            }
        }
    }

    fn receive(&mut self, buffer: &mut [u8]) {
        for _ in 0..BATCH {
            match self.udp.try_recv_from(buffer) {
                Ok((length, remote)) => {
                    let flow = Flow { transport: Transport::Udp, local: self.local, remote, connection: 0 };
                    // Keep-alives of phones behind a NAT (RFC 5626 4.4.2 and plain CRLF) need no look.
                    if length > 4 {
                        self.guarded(|switch, now| switch.handle_message(now, flow, &buffer[..length]));
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                // An ICMP error of an earlier send; its transaction times out or was told already.
                Err(_) => {}
            }
        }
    }

    fn take_input(&mut self, input: Input) {
        match input {
            Input::Opened(flow, writes) => {
                self.outbox.connections.insert(flow.connection, writes);
            }
            Input::Message(flow, bytes) => self.guarded(|switch, now| switch.handle_message(now, flow, &bytes)),
            Input::Closed(connection) => {
                self.outbox.connections.remove(&connection);
                self.guarded(|switch, now| switch.handle_connection_closed(now, connection));
            }
        }
    }

    fn take_order(&mut self, order: Order) {
        let now = self.clocks.now();
        self.caught(|thread| carry_out(order, &mut thread.switch, &mut thread.outbox, &mut thread.draining, now));
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
