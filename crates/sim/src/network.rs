//! Everything that is under way: SIP messages, media packets, and what switch and media engine tell each other.

use crate::rng::Rng;
use pbx::CallId;
use sip::Flow;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

/// Most parcels under way at once; a run that needs more has a storm in it.
const MAX_PARCELS: usize = 200_000;

/// What a link does to what it carries.
#[derive(Clone, Debug)]
pub struct Link {
    /// Parcels lost, of a thousand.
    pub loss: u32,
    /// Parcels that arrive twice, of a thousand.
    pub duplicate: u32,
    /// How long one takes, milliseconds; a wide range reorders.
    pub delay_ms: Range<u64>,
}

impl Link {
    /// Loses nothing and keeps the order.
    #[must_use]
    pub fn perfect(delay_ms: u64) -> Self {
        Self { loss: 0, duplicate: 0, delay_ms: delay_ms..delay_ms + 1 }
    }

    /// Does everything arrive, once?
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.loss == 0 && self.duplicate == 0
    }
}

/// Something under way.
#[derive(Clone, Debug)]
pub enum Parcel {
    /// A SIP message for the switch.
    ToSwitch(usize, Flow, Vec<u8>),
    /// A SIP message for an agent, by this connection (0 for UDP).
    ToAgent(usize, u64, Vec<u8>),
    /// A media packet for the engine: from, to.
    ToEngine(SocketAddr, SocketAddr, Vec<u8>),
    /// A media packet for an agent, sent to this address.
    Heard(usize, SocketAddr, Vec<u8>),
    /// The switch's order to the engine.
    Command(CallId, media::Command),
    /// What the engine tells the switch.
    Told(media::Event),
    /// An agent's connection closed.
    Closed(usize, u64),
    /// The switch's message could not be sent.
    Unsent(Flow),
}

/// What keeps its order on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// A connection towards the switch.
    Up(u64),
    /// A connection from the switch.
    Down(u64),
    /// The channel from switch to engine.
    Orders,
    /// The channel from engine to switch.
    Tellings,
}

/// Parcels by the time of their arrival.
#[derive(Debug)]
pub struct Network {
    under_way: BTreeMap<(Instant, u64), Parcel>,
    lanes: BTreeMap<Lane, Instant>,
    sent: u64,
    rng: Rng,
}

impl Network {
    /// An empty network whose losses and delays depend on `rng` only.
    #[must_use]
    pub fn new(rng: Rng) -> Self {
        Self { under_way: BTreeMap::new(), lanes: BTreeMap::new(), sent: 0, rng }
    }

    /// Sends a datagram: it may get lost, come twice, or be overtaken. True when it will arrive.
    ///
    /// # Panics
    /// When more than two hundred thousand parcels are under way: that is a storm.
    pub fn send(&mut self, now: Instant, link: &Link, parcel: Parcel) -> bool {
        if self.rng.chance(link.loss) {
            return false;
        }
        if self.rng.chance(link.duplicate) {
            let at = now + self.delay(link);
            self.put(at, parcel.clone());
        }
        let at = now + self.delay(link);
        self.put(at, parcel);
        true
    }

    /// Sends by a lane: it arrives, and after what went before it.
    ///
    /// # Panics
    /// As [`Self::send`].
    pub fn send_in_order(&mut self, now: Instant, link: &Link, lane: Lane, parcel: Parcel) {
        let at = now + self.delay(link);
        let at = self.lanes.get(&lane).map_or(at, |last| at.max(*last));
        self.lanes.insert(lane, at);
        self.put(at, parcel);
    }

    /// Nothing more arrives by this lane before `until`.
    pub fn hold(&mut self, lane: Lane, until: Instant) {
        let last = self.lanes.entry(lane).or_insert(until);
        *last = until.max(*last);
    }

    /// When the next parcel arrives.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.under_way.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes a parcel that has arrived by `now`.
    pub fn receive(&mut self, now: Instant) -> Option<Parcel> {
        let first = self.under_way.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    fn delay(&mut self, link: &Link) -> Duration {
        self.rng.ms(link.delay_ms.clone())
    }

    fn put(&mut self, at: Instant, parcel: Parcel) {
        assert!(self.under_way.len() < MAX_PARCELS, "a storm: too many parcels under way, the next is {parcel:?}");
        self.sent += 1;
        self.under_way.insert((at, self.sent), parcel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    fn parcel(n: u64) -> Parcel {
        Parcel::Closed(0, n)
    }

    fn arrivals(network: &mut Network, until: Instant) -> Vec<u64> {
        std::iter::from_fn(|| network.receive(until))
            .map(|parcel| match parcel {
                Parcel::Closed(_, n) => n,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn a_lane_keeps_its_order_where_datagrams_overtake() {
        let now = Clock::default().instant();
        let mut network = Network::new(Rng::new(1));
        let link = Link { loss: 0, duplicate: 0, delay_ms: 1..500 };
        for n in 0..50 {
            network.send_in_order(now, &link, Lane::Orders, parcel(n));
        }
        assert_eq!(arrivals(&mut network, now + Duration::from_secs(1)), (0..50).collect::<Vec<_>>());
        for n in 0..50 {
            network.send(now, &link, parcel(n));
        }
        assert_ne!(arrivals(&mut network, now + Duration::from_secs(1)), (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn loses_and_doubles_about_as_often_as_it_should() {
        let now = Clock::default().instant();
        let mut network = Network::new(Rng::new(2));
        let link = Link { loss: 200, duplicate: 100, delay_ms: 5..6 };
        let sent = (0..1000).filter(|n| network.send(now, &link, parcel(*n))).count();
        assert!((750..850).contains(&sent), "{sent}");
        assert!(network.receive(now + Duration::from_millis(4)).is_none());
        let came = arrivals(&mut network, now + Duration::from_millis(5)).len();
        assert!((sent + 40..sent + 140).contains(&came), "{came} of {sent}");
    }
}
