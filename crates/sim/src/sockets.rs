//! The media sockets of the simulated server: a port pair a leg, and who is behind it.

use media::{Channel, LegId, LocalAddresses, PacketSink};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// The first port, as in the server's default range.
const FIRST_PORT: u16 = 10_000;
/// Pairs; a leg's number modulo this is its pair.
const PAIRS: u64 = 20_000;

/// See the module.
#[derive(Debug)]
pub struct Sockets {
    ip: IpAddr,
    open: BTreeMap<u16, LegId>,
    /// Packets the engine sent: from, to, bytes.
    pub sent: Vec<(SocketAddr, SocketAddr, Vec<u8>)>,
}

fn port(leg: LegId) -> u16 {
    FIRST_PORT + 2 * u16::try_from(leg.0 % PAIRS).unwrap_or(0)
}

impl Sockets {
    /// No sockets yet.
    #[must_use]
    pub fn new(ip: IpAddr) -> Self {
        Self { ip, open: BTreeMap::new(), sent: Vec::new() }
    }

    /// Binds a pair for a leg.
    pub fn open(&mut self, leg: LegId) -> LocalAddresses {
        let port = port(leg);
        self.open.insert(port, leg);
        LocalAddresses { rtp: SocketAddr::new(self.ip, port), rtcp: Some(SocketAddr::new(self.ip, port + 1)) }
    }

    /// Closes a leg's pair.
    pub fn close(&mut self, leg: LegId) {
        self.open.remove(&port(leg));
    }

    /// Whose socket an address is.
    #[must_use]
    pub fn leg_at(&self, to: SocketAddr) -> Option<(LegId, Channel)> {
        let channel = if to.port().is_multiple_of(2) { Channel::Rtp } else { Channel::Rtcp };
        self.open.get(&(to.port() & !1)).map(|leg| (*leg, channel))
    }

    /// Open pairs.
    #[must_use]
    pub fn count(&self) -> usize {
        self.open.len()
    }
}

impl PacketSink for Sockets {
    fn send(&mut self, leg: LegId, channel: Channel, to: SocketAddr, packet: &[u8]) {
        // Agents do not look at RTCP.
        if channel == Channel::Rtp {
            self.sent.push((SocketAddr::new(self.ip, port(leg)), to, packet.to_vec()));
        }
    }
}
