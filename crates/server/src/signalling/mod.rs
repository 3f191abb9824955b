//! SIP's sockets and the control thread: one thread drives the switch, everything else sends it messages.

mod clocks;
mod connection;
mod connector;
mod control_thread;
mod failing;
mod figures;
mod http;
mod names;
mod orders;
mod outbox;
mod packet_info;
mod patience;
mod places;
mod resolver;
mod rfc3263;
mod tcp;
pub(crate) mod tls;
mod udp;
mod websocket;

pub use clocks::Clocks;
pub(crate) use connector::Dialling;
pub(crate) use control_thread::{ControlParts, start};
pub(crate) use http::HttpServer;
pub(crate) use names::PeerNames;
pub(crate) use resolver::Resolver;
pub(crate) use tcp::listen_tls;
pub use websocket::route;

use places::{Place, Places};
use sip::Flow;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

/// SIP connections (TCP, TLS and WebSocket) taken at once at most.
pub const MAX_CONNECTIONS: usize = 20_000;
/// Messages that may wait to be written to one connection; a peer that reads slower is cut off.
pub(crate) const MAX_WAITING_WRITES: usize = 256;
/// Inputs that may wait for the control thread; a connection that sends more waits for its turn.
const MAX_WAITING_INPUTS: usize = 8192;

/// A peer that does not take a message within this is cut off, for it would keep its place among the connections.
pub(crate) const WRITE_WITHIN: Duration = Duration::from_secs(10);

/// What reaches the control thread from a connection or from the resolver.
pub(crate) enum Input {
    /// A peer made a connection.
    Opened(Flow, mpsc::Sender<Vec<u8>>),
    /// We made a connection.
    Connected(Flow, mpsc::Sender<Vec<u8>>),
    /// The target of this flow could not be reached, and why.
    Unreachable(Flow, String),
    /// A whole message came.
    Message(Flow, Vec<u8>),
    /// It closed.
    Closed(u64),
    /// A name was looked up.
    Resolved(switch::trunks::ResolveId, Result<Vec<switch::trunks::Target>, switch::trunks::ResolveError>),
}

/// How connection tasks reach the control thread.
#[derive(Clone)]
pub struct Signalling {
    inputs: mpsc::Sender<Input>,
    next_connection: Arc<AtomicU64>,
    places: Places,
}

impl Signalling {
    /// A handle, and the receiving end for the control thread.
    #[must_use]
    pub(crate) fn new(per_address: usize) -> (Self, mpsc::Receiver<Input>) {
        let (inputs, inbox) = mpsc::channel(MAX_WAITING_INPUTS);
        let places = Places::new(MAX_CONNECTIONS, per_address);
        (Self { inputs, next_connection: Arc::new(AtomicU64::new(0)), places }, inbox)
    }

    /// Counts a connection in, unless there are too many, or too many from that address.
    pub(crate) fn admit(&self, from: IpAddr) -> Option<Admission> {
        let place = self.places.take(from)?;
        Some(Admission { number: self.new_number(), _place: place })
    }

    /// A number for a connection of our own making; the connector bounds those.
    pub(crate) fn new_number(&self) -> u64 {
        self.next_connection.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Connections refused so far for being too many.
    pub(crate) fn refused(&self) -> u64 {
        self.places.refused()
    }

    /// Hands an input on; `false` when the server is stopping.
    pub(crate) async fn send(&self, input: Input) -> bool {
        self.inputs.send(input).await.is_ok()
    }
}

/// A connection's number, and its place among the connections; given back when dropped.
pub(crate) struct Admission {
    pub(crate) number: u64,
    _place: Place,
}
