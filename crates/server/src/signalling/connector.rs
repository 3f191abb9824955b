//! Connections that we make: to carriers, over TCP and TLS. One connection a target serves all calls (RFC 5923 in spirit).

use super::connection::Connection;
use super::failing::Failing;
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
use tokio::io::{AsyncRead, AsyncWrite};
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
    failing: Failing<(Transport, SocketAddr)>,
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
        Self {
            signalling,
            dialling,
            pool,
            targets: HashMap::new(),
            by_number: HashMap::new(),
            failing: Failing::default(),
        }
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
        self.failing.ended(&key);
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

    /// The target could not be reached.
    pub(crate) fn unreachable(&mut self, flow: Flow, why: &str) {
        let key = (flow.transport, flow.remote);
        if self.failing.begun(key) {
            tracing::warn!(transport = flow.transport.as_str(), remote = %flow.remote, why, "a connection could not be made");
        }
        if self.targets.get(&key).is_some_and(|target| target.writes.is_closed()) {
            self.targets.remove(&key);
        }
    }
}

/// TCP or TLS.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

type Writes = (mpsc::Sender<Vec<u8>>, mpsc::Receiver<Vec<u8>>);

async fn connect(flow: Flow, dialling: Dialling, signalling: Signalling, (writes, outgoing): Writes) {
    match reach(flow, dialling).await {
        Ok(stream) => {
            let flow = Flow { connection: signalling.new_number(), ..flow };
            if signalling.send(Input::Connected(flow, writes)).await {
                let patience = Patience::with_known(Instant::now());
                Connection { stream, flow, signalling, outgoing, patience }.run().await;
            }
        }
        Err(why) => {
            // First the messages that wait, so that the next one for this target begins a new connection.
            drop(outgoing);
            signalling.send(Input::Unreachable(flow, why)).await;
        }
    }
}

async fn reach(flow: Flow, dialling: Dialling) -> Result<Box<dyn Stream>, String> {
    let connecting = tokio::time::timeout(CONNECT_WITHIN, TcpStream::connect(flow.remote));
    let stream = connecting.await.map_err(|_| "nobody answers")?.map_err(|why| why.to_string())?;
    let _ = stream.set_nodelay(true);
    if flow.transport == Transport::Tcp {
        return Ok(Box::new(stream));
    }
    let agreeing = tokio::time::timeout(HANDSHAKE_WITHIN, handshake(stream, flow.remote, dialling));
    Ok(Box::new(agreeing.await.map_err(|_| "the TLS handshake took too long")??))
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

#[cfg(test)]
mod tests {
    use super::super::tls::{Keeper, kept_or_made, unix_seconds};
    use super::*;
    use crate::metrics::Metrics;
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    fn connector() -> (Connector, mpsc::Receiver<Input>) {
        let folder = tempfile::tempdir().unwrap();
        let files = kept_or_made(folder.path(), &["sori.test".to_owned()], unix_seconds()).unwrap();
        let keeper = Keeper::open(files, &Metrics::default()).unwrap();
        let (signalling, inbox) = Signalling::new(1);
        let dialling = Dialling { peers: Arc::new(Peers::new(false, keeper)), names: PeerNames::default() };
        (Connector::new(signalling, dialling, tokio::runtime::Handle::current()), inbox)
    }

    fn flow(transport: Transport, remote: SocketAddr) -> Flow {
        Flow { transport, local: "127.0.0.1:5060".parse().unwrap(), remote, connection: 0 }
    }

    #[tokio::test]
    async fn messages_share_a_connection_and_one_that_closed_is_made_anew() {
        let (mut connector, mut inbox) = connector();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = flow(Transport::Tcp, listener.local_addr().unwrap());
        for number in 1..=2u64 {
            assert!(connector.send(to, b"one ".to_vec()) && connector.send(to, b"two".to_vec()));
            let (mut stream, _) = listener.accept().await.unwrap();
            let Some(Input::Connected(flow, _)) = inbox.recv().await else { panic!("not connected") };
            assert_eq!(flow, Flow { connection: number, ..to });
            connector.opened(flow);
            let mut both = [0; 7];
            stream.read_exact(&mut both).await.unwrap();
            assert_eq!(&both, b"one two");
            drop(stream);
            assert!(matches!(inbox.recv().await, Some(Input::Closed(closed)) if closed == number));
            assert_eq!(connector.closed(number), Some(to), "who waits on it is told");
        }
    }

    #[tokio::test]
    async fn nobody_there_and_no_tls_there_are_told() {
        let (mut connector, mut inbox) = connector();
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let to = flow(Transport::Tcp, closed);
        assert!(connector.send(to, b"x".to_vec()));
        let Some(Input::Unreachable(told, why)) = inbox.recv().await else { panic!("not told") };
        assert_eq!(told, to);
        connector.unreachable(told, &why);
        let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = flow(Transport::Tls, plain.local_addr().unwrap());
        assert!(connector.send(to, b"x".to_vec()));
        plain.accept().await.unwrap();
        assert!(matches!(inbox.recv().await, Some(Input::Unreachable(told, _)) if told == to));
        assert!(!connector.send(flow(Transport::Udp, closed), b"x".to_vec()), "there is nothing to connect");
    }
}
