//! SIP's sockets and the control thread: one thread drives the switch, everything else sends it messages.

mod clocks;
mod control_thread;
mod figures;
mod orders;
mod outbox;
mod tcp;
mod websocket;

pub use clocks::Clocks;
pub use control_thread::{ControlParts, start};
pub use websocket::route;

use sip::Flow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

/// Connections (TCP and WebSocket) taken at once at most.
pub const MAX_CONNECTIONS: usize = 20_000;
/// Messages that may wait to be written to one connection; a peer that reads slower is cut off.
pub(crate) const MAX_WAITING_WRITES: usize = 256;

/// A peer that does not take a message within this is cut off, for it would keep its place among the connections.
pub(crate) const WRITE_WITHIN: Duration = Duration::from_secs(10);

/// What reaches the control thread from a connection.
pub(crate) enum Input {
    /// A connection was made.
    Opened(Flow, mpsc::Sender<Vec<u8>>),
    /// A whole message came.
    Message(Flow, Vec<u8>),
    /// It closed.
    Closed(u64),
}

/// How connection tasks reach the control thread.
#[derive(Clone)]
pub struct Signalling {
    inputs: mpsc::Sender<Input>,
    next_connection: Arc<AtomicU64>,
    open: Arc<AtomicU64>,
}

/// Inputs that may wait for the control thread; a connection that sends more waits for its turn.
const MAX_WAITING_INPUTS: usize = 8192;

impl Signalling {
    /// A handle, and the receiving end for the control thread.
    #[must_use]
    pub(crate) fn new() -> (Self, mpsc::Receiver<Input>) {
        let (inputs, inbox) = mpsc::channel(MAX_WAITING_INPUTS);
        let made = Self { inputs, next_connection: Arc::new(AtomicU64::new(0)), open: Arc::new(AtomicU64::new(0)) };
        (made, inbox)
    }

    /// Counts a connection in, unless there are too many.
    pub(crate) fn admit(&self) -> Option<Admission> {
        if self.open.fetch_add(1, Ordering::Relaxed) >= MAX_CONNECTIONS as u64 {
            self.open.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let number = self.next_connection.fetch_add(1, Ordering::Relaxed) + 1;
        Some(Admission { number, open: Arc::clone(&self.open) })
    }

    /// Hands an input on; `false` when the server is stopping.
    pub(crate) async fn send(&self, input: Input) -> bool {
        self.inputs.send(input).await.is_ok()
    }
}

/// A place among the connections; given back when dropped.
pub(crate) struct Admission {
    pub(crate) number: u64,
    open: Arc<AtomicU64>,
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}
