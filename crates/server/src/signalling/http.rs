//! The HTTP server of console, API and SIP over WebSocket, plain or over TLS. The address of a peer is the one its connection
//! comes from, whatever a proxy writes into `X-Forwarded-For`.

use super::places::Places;
use super::tcp::{HANDSHAKE_WITHIN, accept};
use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
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

/// What a proxy says of how the browser came to it.
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

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
        let Ok(local) = stream.local_addr().map(plain) else { return };
        let remote = plain(remote);
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
            note_scheme(request.headers_mut(), remote, arrival.transport);
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

/// An IPv4 address without its IPv6 clothes, as it comes where `[::]` is listened on.
fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Whether the browser came by TLS (its cookie is then for TLS alone): known where TLS ends here, believed of a proxy on this
/// machine, and of nobody else.
fn note_scheme(headers: &mut HeaderMap, remote: SocketAddr, transport: Transport) {
    if transport == Transport::Wss {
        headers.insert(FORWARDED_PROTO, HeaderValue::from_static("https"));
    } else if !remote.ip().is_loopback() {
        headers.remove(FORWARDED_PROTO);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proxy_on_this_machine_is_believed_to_have_ended_tls() {
        let told = |remote: &str, transport, said: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.extend(said.map(|said| (FORWARDED_PROTO, HeaderValue::from_static(said))));
            note_scheme(&mut headers, remote.parse().unwrap(), transport);
            headers.get(FORWARDED_PROTO).is_some_and(|value| value == "https")
        };
        assert!(told("127.0.0.1:1", Transport::Ws, Some("https")));
        assert!(!told("127.0.0.1:1", Transport::Ws, None));
        assert!(!told("192.0.2.1:1", Transport::Ws, Some("https")));
        assert!(told("192.0.2.1:1", Transport::Wss, Some("http")));
    }

    #[test]
    fn mapped_addresses_are_read_as_what_they_are() {
        let mapped: SocketAddr = "[::ffff:192.0.2.1]:5".parse().unwrap();
        assert_eq!(plain(mapped), "192.0.2.1:5".parse().unwrap());
    }
}
