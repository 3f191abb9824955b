//! Where a message came from or goes to.

use std::net::SocketAddr;

/// A SIP transport (RFC 3261 18, RFC 7118).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
    /// TLS over TCP.
    Tls,
    /// WebSocket.
    Ws,
    /// WebSocket over TLS.
    Wss,
}

impl Transport {
    /// As in a Via header: `UDP`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Ws => "WS",
            Self::Wss => "WSS",
        }
    }
    /// Does it deliver or fail (no retransmissions by timers A, E, G)?
    #[must_use]
    pub fn is_reliable(self) -> bool {
        self != Self::Udp
    }
}

/// A path to a peer: a UDP address pair, or one connection (RFC 5626's flow).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flow {
    /// By which transport.
    pub transport: Transport,
    /// Our address, as the peer may be told.
    pub local: SocketAddr,
    /// The peer's.
    pub remote: SocketAddr,
    /// Number of the connection; 0 for UDP and for a TCP connection that is still to be made.
    pub connection: u64,
}
