//! Where the server listens: what our own messages say of us to a far end (Via, Contact).

use crate::switch::Switch;
use sip::Transport;
use std::net::SocketAddr;

/// The addresses SIP is taken at, as far ends can reach them (never `0.0.0.0` or `::`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalAddresses {
    /// UDP and TCP.
    pub plain: Vec<SocketAddr>,
    /// TLS.
    pub secure: Vec<SocketAddr>,
}

impl LocalAddresses {
    /// The first address of the transport that is of the far end's family, or else the first one at all.
    #[must_use]
    pub fn towards(&self, transport: Transport, remote: SocketAddr) -> Option<SocketAddr> {
        let all = match transport {
            Transport::Tls | Transport::Wss => &self.secure,
            Transport::Udp | Transport::Tcp | Transport::Ws => &self.plain,
        };
        let same = all.iter().find(|local| local.is_ipv4() == remote.ip().to_canonical().is_ipv4());
        same.or(all.first()).copied()
    }
}

impl Switch {
    /// Tells where SIP is taken; until then that is the configuration's one address.
    pub fn set_local_addresses(&mut self, local: LocalAddresses) {
        self.local = local;
    }

    /// Our address for a request that begins a flow to `remote`.
    pub(crate) fn local_towards(&self, transport: Transport, remote: SocketAddr) -> SocketAddr {
        self.local.towards(transport, remote).unwrap_or(self.configuration.udp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_far_end_is_told_an_address_of_its_family() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        let local = LocalAddresses {
            plain: vec![at("192.0.2.1:5060"), at("[2001:db8::1]:5060")],
            secure: vec![at("192.0.2.1:5061")],
        };
        assert_eq!(local.towards(Transport::Tcp, at("[2001:db8::9]:5060")), Some(at("[2001:db8::1]:5060")));
        assert_eq!(local.towards(Transport::Udp, at("[::ffff:192.0.2.9]:5060")), Some(at("192.0.2.1:5060")));
        assert_eq!(local.towards(Transport::Tls, at("[2001:db8::9]:5061")), Some(at("192.0.2.1:5061")));
        assert_eq!(LocalAddresses::default().towards(Transport::Udp, at("192.0.2.9:1")), None);
    }
}
