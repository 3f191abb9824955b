//! An agent's way to the server: a box that translates addresses, perhaps, and a line that is cut now and then.

use crate::nat::NatBox;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

/// Connections leave from ports above this.
const FIRST_STREAM_PORT: u16 = 49_152;

/// See the module.
#[derive(Debug)]
pub struct Way {
    inside: IpAddr,
    nat: Option<NatBox>,
    cut_until: Option<Instant>,
    /// The connection that stands, and as whose it is seen outside.
    stream: Option<(u64, SocketAddr)>,
}

impl Way {
    /// A whole line to the agent at `inside`.
    #[must_use]
    pub fn new(inside: IpAddr, nat: Option<NatBox>) -> Self {
        Self { inside, nat, cut_until: None, stream: None }
    }

    /// The address it is seen at outside.
    #[must_use]
    pub fn public(&self) -> IpAddr {
        self.nat.as_ref().map_or(self.inside, NatBox::public)
    }

    /// Is a box between?
    #[must_use]
    pub fn has_box(&self) -> bool {
        self.nat.is_some()
    }

    /// A datagram leaves: as whose it is seen.
    pub fn source(&mut self, now: Instant, from: SocketAddr, to: SocketAddr) -> SocketAddr {
        self.nat.as_mut().map_or(from, |nat| nat.outbound(now, from, to))
    }

    /// A message leaves by a connection: as whose it is seen, the same as long as it stands.
    pub fn source_of_stream(&mut self, now: Instant, connection: u64, to: SocketAddr) -> SocketAddr {
        if let Some((_, source)) = self.stream.filter(|(stands, _)| *stands == connection) {
            return source;
        }
        let port = FIRST_STREAM_PORT + u16::try_from(connection % 10_000).unwrap_or(0);
        let source = self.source(now, SocketAddr::new(self.inside, port), to);
        self.stream = Some((connection, source));
        source
    }

    /// A datagram comes for `to`: the inner address it reaches.
    #[must_use]
    pub fn arrival(&self, now: Instant, from: SocketAddr, to: SocketAddr) -> Option<SocketAddr> {
        match &self.nat {
            Some(nat) if to.ip() == nat.public() => nat.inbound(now, to.port(), from),
            // A private address leads nowhere from outside, and neither does one that was given up.
            Some(_) => None,
            None => (to.ip() == self.inside).then_some(to),
        }
    }

    /// Nothing passes until then.
    pub fn cut(&mut self, until: Instant) {
        self.cut_until = self.cut_until.max(Some(until));
    }

    /// Does nothing pass now?
    #[must_use]
    pub fn is_cut(&self, now: Instant) -> bool {
        self.cut_until.is_some_and(|until| now < until)
    }

    /// The agent is at another line, which is whole. Its box, where it has one, begins anew at this public address; false
    /// where there is none.
    pub fn restart(&mut self, public: IpAddr) -> bool {
        self.cut_until = None;
        let Some(nat) = &mut self.nat else { return false };
        nat.restart(public);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::nat::{Behaviour, NatKind};
    use std::time::Duration;

    const SERVER: &str = "192.0.2.1:5060";
    const PHONE: &str = "10.0.0.1:5060";

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn behind_a_box() -> Way {
        let kind = NatKind {
            mapping: Behaviour::EndpointIndependent,
            filtering: Behaviour::AddressAndPortDependent,
            forgets_after: Duration::from_secs(60),
        };
        Way::new(address(PHONE).ip(), Some(NatBox::new(kind, "198.51.100.1".parse().unwrap())))
    }

    #[test]
    fn a_private_address_is_out_of_reach_and_a_public_one_leads_inside() {
        let now = Clock::default().instant();
        let (phone, server) = (address(PHONE), address(SERVER));
        let mut way = behind_a_box();
        let seen = way.source(now, phone, server);
        assert_eq!(way.arrival(now, server, seen), Some(phone));
        assert_eq!(way.arrival(now, server, phone), None);
        assert!(way.restart("198.51.100.2".parse().unwrap()));
        assert_eq!(way.arrival(now, server, seen), None);
        let mut open = Way::new(phone.ip(), None);
        assert_eq!(open.source(now, phone, server), phone);
        assert_eq!(open.arrival(now, server, phone), Some(phone));
        assert!(!open.restart(phone.ip()));
    }

    #[test]
    fn a_connection_is_seen_as_the_same_while_it_stands() {
        let now = Clock::default().instant();
        let server = address(SERVER);
        let mut way = behind_a_box();
        let seen = way.source_of_stream(now, 7, server);
        assert_eq!(way.source_of_stream(now + Duration::from_secs(600), 7, server), seen);
        assert_ne!(way.source_of_stream(now, 8, server), seen);
    }

    #[test]
    fn a_cut_heals() {
        let now = Clock::default().instant();
        let mut way = behind_a_box();
        way.cut(now + Duration::from_secs(5));
        way.cut(now + Duration::from_secs(2));
        assert!(way.is_cut(now + Duration::from_secs(4)));
        assert!(!way.is_cut(now + Duration::from_secs(5)));
        way.restart("198.51.100.2".parse().unwrap());
        assert!(!way.is_cut(now), "it is at another line");
    }
}
