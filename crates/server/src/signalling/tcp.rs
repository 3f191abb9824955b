//! SIP over TCP (RFC 3261 18.3) and TLS (RFC 3261 26.2.1): taking connections.

use super::connection::Connection;
use super::patience::Patience;
use super::{Input, MAX_WAITING_WRITES, Signalling};
use sip::{Flow, Transport};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

/// Who connects by TLS has agreed on keys within this.
pub(super) const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// Pause after a connection could not be taken, for want of descriptors mostly.
const BREATH: Duration = Duration::from_millis(100);

/// Takes TCP connections as long as the server runs.
pub(crate) async fn listen(listener: TcpListener, signalling: Signalling) {
    loop {
        let (stream, remote) = accept(&listener).await;
        let Some(arrival) = signalling.admit(remote.ip()) else { continue };
        let signalling = signalling.clone();
        tokio::spawn(async move {
            let Ok(local) = stream.local_addr() else { return };
            let flow = Flow { transport: Transport::Tcp, local, remote, connection: arrival.number };
            serve(stream, flow, signalling).await;
            drop(arrival);
        });
    }
}

/// Takes TLS connections. A handshake that fails or dawdles ends the connection before the control thread hears of it.
pub(crate) async fn listen_tls(listener: TcpListener, config: Arc<rustls::ServerConfig>, signalling: Signalling) {
    let acceptor = TlsAcceptor::from(config);
    loop {
        let (stream, remote) = accept(&listener).await;
        let Some(arrival) = signalling.admit(remote.ip()) else { continue };
        let (acceptor, signalling) = (acceptor.clone(), signalling.clone());
        tokio::spawn(async move {
            let Ok(local) = stream.local_addr() else { return };
            match tokio::time::timeout(HANDSHAKE_WITHIN, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => {
                    let flow = Flow { transport: Transport::Tls, local, remote, connection: arrival.number };
                    serve(stream, flow, signalling).await;
                }
                Ok(Err(error)) => tracing::debug!(%remote, %error, "a TLS handshake failed"),
                Err(_) => tracing::debug!(%remote, "a TLS handshake took too long"),
            }
            drop(arrival);
        });
    }
}

/// The next connection. Where there are no descriptors the listener stays, and so do the calls that are up.
pub(super) async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, remote)) => {
                let _ = stream.set_nodelay(true);
                return (stream, remote);
            }
            Err(error) => {
                tracing::warn!(%error, "a TCP connection could not be taken");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(stream: S, flow: Flow, signalling: Signalling) {
    let (writes, outgoing) = mpsc::channel::<Vec<u8>>(MAX_WAITING_WRITES);
    if signalling.send(Input::Opened(flow, writes)).await {
        let patience = Patience::with_stranger(Instant::now());
        Connection { stream, flow, signalling, outgoing, patience }.run().await;
    }
}
