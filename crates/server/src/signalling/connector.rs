//! Connections that we make: to carriers, over TCP and TLS. One connection a target serves all calls (RFC 5923 in spirit).

use super::connection::Connection;
use super::names::PeerNames;
use super::patience::Patience;
use super::tcp::HANDSHAKE_WITHIN;
use super::tls::Peers;
use super::{Input, MAX_WAITING_WRITES, Signalling};
use rustls::pki_types::ServerName;
use sip::{Flow, Transport};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;

/// Targets connected to at once at most.
const MAX_TARGETS: usize = 4096;
/// A target takes the connection within this, or it is unreachable: another one is tried sooner than by transaction timers.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

struct Target {
    writes: mpsc::Sender<Vec<u8>>,
    /// As the switch names it, with connection 0.
    flow: Flow,
}

/// The control thread's side of connections to targets.
pub(crate) struct Connector {
    signalling: Signalling,
    dialling: Dialling,
    /// Handshakes cost more than a message: they are made on the pool's threads, not on the control thread.
    pool: tokio::runtime::Handle,
    targets: HashMap<(Transport, SocketAddr), Target>,
    by_number: HashMap<u64, (Transport, SocketAddr)>,
}

/// What it takes to reach a target.
#[derive(Clone)]
pub(crate) struct Dialling {
    /// Whose certificates are taken.
    pub(crate) peers: Arc<Peers>,
    /// Which name a target must prove.
    pub(crate) names: PeerNames,
}

impl Connector {
    pub(crate) fn new(signalling: Signalling, dialling: Dialling, pool: tokio::runtime::Handle) -> Self {
        Self { signalling, dialling, pool, targets: HashMap::new(), by_number: HashMap::new() }
    }

    /// Sends over the connection to the target of `flow`, which is made if there is none; `false` when it takes nothing.
    pub(crate) fn send(&mut self, flow: Flow, bytes: Vec<u8>) -> bool {
        let key = (flow.transport, flow.remote);
        let bytes = match self.targets.get(&key) {
            Some(target) => match target.writes.try_send(bytes) {
                Ok(()) => return true,
                // It takes nothing, and it is told so; a connection that is closed is made anew.
                Err(mpsc::error::TrySendError::Full(_)) => return false,
                Err(mpsc::error::TrySendError::Closed(bytes)) => bytes,
            },
            None => bytes,
        };
        if !matches!(flow.transport, Transport::Tcp | Transport::Tls) || self.targets.len() >= MAX_TARGETS {
            return false;
        }
        let (writes, outgoing) = mpsc::channel(MAX_WAITING_WRITES);
        let sent = writes.try_send(bytes).is_ok();
        self.targets.insert(key, Target { writes: writes.clone(), flow });
        self.pool.spawn(connect(flow, self.dialling.clone(), self.signalling.clone(), (writes, outgoing)));
        sent
    }

    /// A connection of ours is up under this number.
    pub(crate) fn opened(&mut self, flow: Flow) {
        let key = (flow.transport, flow.remote);
        if self.targets.contains_key(&key) {
            self.by_number.insert(flow.connection, key);
        }
    }

    /// A connection closed; the flow that requests wait on, if it was one of ours.
    pub(crate) fn closed(&mut self, number: u64) -> Option<Flow> {
        let key = self.by_number.remove(&number)?;
        // Another one to the same target may be on its way already.
        let is_gone = self.targets.get(&key).is_some_and(|target| target.writes.is_closed());
        if is_gone { self.targets.remove(&key).map(|target| target.flow) } else { None }
    }

    /// The target could not be reached; the flow that requests wait on.
    pub(crate) fn unreachable(&mut self, flow: Flow) {
        let key = (flow.transport, flow.remote);
        if self.targets.get(&key).is_some_and(|target| target.writes.is_closed()) {
            self.targets.remove(&key);
        }
    }
}

type Writes = (mpsc::Sender<Vec<u8>>, mpsc::Receiver<Vec<u8>>);

async fn connect(flow: Flow, dialling: Dialling, signalling: Signalling, (writes, outgoing): Writes) {
    let refused = |why: String| {
        tracing::warn!(transport = flow.transport.as_str(), remote = %flow.remote, why, "a connection could not be made");
    };
    let stream = match tokio::time::timeout(CONNECT_WITHIN, TcpStream::connect(flow.remote)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return fail(flow, &signalling, outgoing, || refused(error.to_string())).await,
        Err(_) => return fail(flow, &signalling, outgoing, || refused("nobody answers".to_owned())).await,
    };
    let _ = stream.set_nodelay(true);
    let parts = (Flow { connection: signalling.new_number(), ..flow }, signalling.clone());
    if flow.transport == Transport::Tcp {
        return carry(stream, parts, (writes, outgoing)).await;
    }
    match tokio::time::timeout(HANDSHAKE_WITHIN, handshake(stream, flow.remote, dialling)).await {
        Ok(Ok(stream)) => carry(stream, parts, (writes, outgoing)).await,
        Ok(Err(why)) => fail(flow, &signalling, outgoing, || refused(why)).await,
        Err(_) => fail(flow, &signalling, outgoing, || refused("the TLS handshake took too long".to_owned())).await,
    }
}

async fn handshake(
    stream: TcpStream,
    remote: SocketAddr,
    dialling: Dialling,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, String> {
    let peers = dialling.peers;
    let config = tokio::task::spawn_blocking(move || peers.config()).await.map_err(|why| why.to_string())??;
    let name = match dialling.names.of(remote) {
        Some(name) => ServerName::try_from(name).map_err(|why| why.to_string())?,
        None => ServerName::from(remote.ip()),
    };
    TlsConnector::from(config).connect(name, stream).await.map_err(|why| why.to_string())
}

async fn carry<S>(stream: S, (flow, signalling): (Flow, Signalling), (writes, outgoing): Writes)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    if signalling.send(Input::Connected(flow, writes)).await {
        let patience = Patience::with_known(Instant::now());
        Connection { stream, flow, signalling, outgoing, patience }.run().await;
    }
}

async fn fail(flow: Flow, signalling: &Signalling, outgoing: mpsc::Receiver<Vec<u8>>, tell: impl FnOnce()) {
    tell();
    // First the messages that wait, so that the next one for this target begins a new connection.
    drop(outgoing);
    signalling.send(Input::Unreachable(flow)).await;
}
