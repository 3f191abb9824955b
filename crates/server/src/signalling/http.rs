//! The HTTP server of console, API and SIP over WebSocket, plain or over TLS. What a proxy writes into `X-Forwarded-*` is not
//! believed: the address of a peer is the one its connection comes from.

use super::places::Places;
use super::tcp::{HANDSHAKE_WITHIN, accept};
use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use sip::Transport;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

/// HTTP connections at once at most; each browser holds a handful.
const MAX_HTTP_CONNECTIONS: usize = 20_000;
/// A browser opens this many times as many connections as a phone.
const PER_PHONE: usize = 4;
/// The head of a request is whole within this, however slowly its bytes drip; also the longest wait for the next request.
const HEAD_WITHIN: Duration = Duration::from_secs(30);

/// By which way a request came; handlers read it as an extension.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// The address the connection came to.
    pub(crate) local: SocketAddr,
    /// `Ws` or `Wss`, should it become a WebSocket.
    pub(crate) transport: Transport,
}

/// Serves requests until the program ends.
#[derive(Clone)]
pub(crate) struct HttpServer {
    router: Router,
    places: Places,
}

impl HttpServer {
    /// `per_address` is the number of SIP connections one far address may hold.
    pub(crate) fn new(router: Router, per_address: usize) -> Self {
        Self { router, places: Places::new(MAX_HTTP_CONNECTIONS, per_address.saturating_mul(PER_PHONE)) }
    }

    /// Takes connections; over TLS where `tls` is given.
    pub(crate) async fn run(self, listener: TcpListener, tls: Option<Arc<rustls::ServerConfig>>) {
        let acceptor = tls.map(TlsAcceptor::from);
        loop {
            let (stream, remote) = accept(&listener).await;
            let Some(place) = self.places.take(remote.ip()) else { continue };
            let (server, acceptor) = (self.clone(), acceptor.clone());
            tokio::spawn(async move {
                server.greet(stream, remote, acceptor).await;
                drop(place);
            });
        }
    }

    async fn greet(&self, stream: TcpStream, remote: SocketAddr, acceptor: Option<TlsAcceptor>) {
        let Ok(local) = stream.local_addr() else { return };
        let Some(acceptor) = acceptor else {
            return self.serve(stream, remote, Arrival { local, transport: Transport::Ws }).await;
        };
        if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_WITHIN, acceptor.accept(stream)).await {
            self.serve(stream, remote, Arrival { local, transport: Transport::Wss }).await;
        }
    }

    async fn serve<S>(&self, stream: S, remote: SocketAddr, arrival: Arrival)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let router = self.router.clone();
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(remote));
            request.extensions_mut().insert(arrival);
            router.clone().call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_WITHIN)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        // A connection that breaks is the peer's affair.
        let _ = connection.await;
    }
}
