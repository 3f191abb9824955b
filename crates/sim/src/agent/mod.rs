//! An agent: a phone or a carrier's gateway on a SIP endpoint of its own, far from the server.
//!
//! It does what it is told by [`Deed`]s at their times; a [`Habit`] draws further deeds from chance.

mod act;
mod call;
mod deed;
mod fault;
mod habit;
mod hear;
mod meddler;
mod speak;
mod trick;

pub(crate) use act::key_of;
pub use call::{AgentCall, Hearing, Stand};
pub use deed::Deed;
pub use fault::Fault;
pub use habit::{Carrier, Habit, Phone};
pub(crate) use speak::THIN;
pub use trick::Trick;

use crate::nat::NatKind;
use crate::rng::Rng;
use meddler::{Incoming, Meddler};
use sip::{ClientTransactionId, Endpoint, Flow, InviteId, Transport};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// Media ports of an agent are taken from here upwards, in turns.
const FIRST_MEDIA_PORT: u16 = 20_000;
/// So many ports are in the turn.
const MEDIA_PORTS: u16 = 20_000;
/// Most deeds an agent may have before it; more is a fault of the simulation.
const MAX_DEEDS: usize = 10_000;
/// Between two messages that keep a box's binding open.
const KEEP_ALIVE: Duration = Duration::from_secs(25);

/// How an agent signs in.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// User part of From, To and Contact.
    pub user: String,
    /// Digest user name.
    pub username: String,
    /// Its password.
    pub password: String,
    /// Expiry asked for, seconds.
    pub expires_seconds: u32,
}

/// What an agent is made with.
#[derive(Clone, Debug)]
pub struct AgentSetup {
    /// For ladders.
    pub name: String,
    /// Its SIP address.
    pub address: SocketAddr,
    /// How it speaks SIP: UDP or TCP.
    pub transport: Transport,
    /// The server's SIP address.
    pub server: SocketAddr,
    /// How it signs in; a carrier does not.
    pub sign_in: Option<SignIn>,
    /// The G.711 law it speaks, by its payload type.
    pub payload_type: u8,
    /// The session interval it asks for, seconds (RFC 4028), at least 90.
    pub session_seconds: u32,
    /// The box before it, if there is one.
    pub nat: Option<NatKind>,
    /// What it does by itself.
    pub habit: Habit,
}

/// What befalls an agent's way to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upset {
    /// Nothing passes for so long.
    Cut(Duration),
    /// The box forgets everything.
    Moved,
    /// This connection is dead, and nobody was told.
    Lost(u64),
}

/// See the module.
pub struct Agent {
    /// How it was made.
    pub setup: AgentSetup,
    /// Vanished and not back yet?
    pub gone: bool,
    /// When it last vanished, signed off, or was cut off.
    pub left_at: Option<Instant>,
    /// Answers of it that the switch never acknowledged.
    pub unacknowledged: u32,
    /// Its calls.
    pub calls: BTreeMap<InviteId, AgentCall>,
    /// Number of its present connection; 0 by UDP.
    pub connection: u64,
    /// What befell its way, for the network to carry out.
    pub upsets: Vec<Upset>,
    /// What it did wrong in which calls.
    pub faults: BTreeMap<u64, Vec<Fault>>,
    /// Calls it left while it held the other.
    pub left_holding: BTreeSet<u64>,
    /// Calls it did or suffered something in that may end them, and since when.
    pub reasons: BTreeMap<u64, Instant>,
    /// What it did that no message shows, for ladders.
    pub noted: Vec<&'static str>,
    /// Media packets to send: from, to, bytes.
    pub media: VecDeque<(SocketAddr, SocketAddr, Vec<u8>)>,
    endpoint: Endpoint,
    meddler: Meddler,
    outbox: VecDeque<Vec<u8>>,
    deeds: BTreeMap<(Instant, u64), Deed>,
    done: u64,
    rng: Rng,
    registering: Option<(ClientTransactionId, u32)>,
    register_call_id: String,
    register_cseq: u32,
    connections: u64,
    next_port: u16,
    consultations: u64,
    offers: BTreeMap<InviteId, Vec<u8>>,
}

impl Agent {
    /// An agent that has done nothing yet.
    #[must_use]
    pub fn new(setup: AgentSetup, mut rng: Rng) -> Self {
        let endpoint = new_endpoint(&setup, &mut rng);
        let mut agent = Self {
            setup,
            gone: false,
            left_at: None,
            unacknowledged: 0,
            calls: BTreeMap::new(),
            connection: 0,
            upsets: Vec::new(),
            faults: BTreeMap::new(),
            reasons: BTreeMap::new(),
            left_holding: BTreeSet::new(),
            noted: Vec::new(),
            media: VecDeque::new(),
            endpoint,
            meddler: Meddler::new(rng.fork()),
            outbox: VecDeque::new(),
            deeds: BTreeMap::new(),
            done: 0,
            rng,
            registering: None,
            register_call_id: String::new(),
            register_cseq: 0,
            connections: 0,
            next_port: 0,
            consultations: 0,
            offers: BTreeMap::new(),
        };
        agent.start_over();
        agent
    }

    /// Its flow to the server, as seen from here.
    #[must_use]
    pub fn flow(&self) -> Flow {
        let setup = &self.setup;
        Flow { transport: setup.transport, local: setup.address, remote: setup.server, connection: self.connection }
    }

    /// Its address.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        self.setup.address.ip()
    }

    /// Is it a phone, as opposed to a carrier?
    #[must_use]
    pub fn is_phone(&self) -> bool {
        self.setup.sign_in.is_some()
    }

    /// To be done at that time.
    ///
    /// # Panics
    /// When more than ten thousand deeds wait.
    pub fn plan(&mut self, at: Instant, deed: Deed) {
        assert!(self.deeds.len() < MAX_DEEDS, "{} has too much before it, next {deed:?}", self.setup.name);
        self.done += 1;
        self.deeds.insert((at, self.done), deed);
    }

    /// A SIP message arrived.
    pub fn handle_message(&mut self, now: Instant, bytes: &[u8]) {
        if !self.gone {
            match self.meddler.incoming(bytes) {
                Incoming::Passes(bytes, replies) => {
                    self.outbox.extend(replies);
                    let flow = self.flow();
                    self.endpoint.handle_message(now, flow, &bytes);
                    self.work(now);
                }
                Incoming::Taken(replies) => self.outbox.extend(replies),
                Incoming::Defies(call_id, replies) => {
                    self.outbox.extend(replies);
                    self.defy(&call_id, now);
                }
            }
        }
    }

    /// A media packet arrived at `at`.
    pub fn handle_packet(&mut self, now: Instant, at: SocketAddr, packet: &[u8]) {
        if self.gone {
            return;
        }
        if let Some(call) = self.calls.values_mut().find(|call| call.at == at) {
            call.hear(now, packet);
        }
    }

    /// Time went on.
    pub fn handle_timeout(&mut self, now: Instant) {
        if !self.gone {
            self.endpoint.handle_timeout(now);
        }
        while let Some(first) = self.deeds.first_entry()
            && first.key().0 <= now
        {
            let deed = first.remove();
            self.act(deed, now);
        }
        self.work(now);
    }

    /// When to call [`Self::handle_timeout`].
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        let deed = self.deeds.first_key_value().map(|((at, _), _)| *at);
        let sip = if self.gone { None } else { self.endpoint.next_timeout() };
        [deed, sip].into_iter().flatten().min()
    }

    /// The next SIP message to send.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        if self.outbox.is_empty() {
            let transmit = self.endpoint.poll_transmit()?;
            self.outbox.extend(self.meddler.outgoing(transmit.bytes));
            // What was held back is no end of what there is.
            return if self.outbox.is_empty() { self.poll_transmit() } else { self.outbox.pop_front() };
        }
        self.outbox.pop_front()
    }

    /// What its endpoint holds.
    #[must_use]
    pub fn counts(&self) -> sip::Counts {
        self.endpoint.counts()
    }

    /// Leaves and does not come back.
    pub fn leave_for_good(&mut self) {
        self.gone = true;
        self.start_over();
        self.deeds.clear();
    }

    /// Forgets everything but what is planned for its return.
    fn start_over(&mut self) {
        self.endpoint = new_endpoint(&self.setup, &mut self.rng);
        let holding = self.calls.values().filter(|call| call.holds).map(|call| call.key);
        self.left_holding.extend(holding);
        self.calls.clear();
        self.offers.clear();
        self.outbox.clear();
        self.meddler = Meddler::new(self.rng.fork());
        self.media.clear();
        self.registering = None;
        self.register_call_id = format!("{:016x}@{}", self.rng.bits(), self.ip());
        self.register_cseq = 0;
        if self.setup.transport != Transport::Udp {
            self.connect();
        }
        self.deeds.retain(|_, deed| matches!(deed, Deed::Return | Deed::Vanish | Deed::Call { .. }));
    }

    fn connect(&mut self) {
        let account = u64::from(self.setup.address.port()) << 16 | u64::from(last_octet(self.ip()));
        self.connections += 1;
        self.connection = account << 16 | self.connections;
    }

    /// Does a box stand before it that forgets it when it is silent?
    #[must_use]
    pub fn must_keep_alive(&self) -> bool {
        self.setup.nat.is_some() && self.setup.transport == Transport::Udp
    }

    /// Nobody wonders from now on why this call ends.
    pub(crate) fn excuse(&mut self, key: u64, now: Instant) {
        self.reasons.entry(key).or_insert(now);
    }

    fn excuse_all(&mut self, now: Instant) {
        let keys: Vec<u64> = self.calls.values().map(|call| call.key).collect();
        for key in keys {
            self.excuse(key, now);
        }
    }

    fn later(&mut self, now: Instant, delay: Duration, deed: Deed) {
        self.plan(now + delay, deed);
    }

    fn work(&mut self, now: Instant) {
        while let Some(event) = self.endpoint.poll_event() {
            self.on_event(event, now);
        }
    }

    /// The named call, or the one that came last.
    fn call_id(&self, id: Option<InviteId>) -> Option<InviteId> {
        id.or_else(|| self.calls.last_key_value().map(|(id, _)| *id)).filter(|id| self.calls.contains_key(id))
    }

    fn new_media_address(&mut self) -> SocketAddr {
        let port = FIRST_MEDIA_PORT + 2 * (self.next_port % (MEDIA_PORTS / 2));
        self.next_port = self.next_port.wrapping_add(1);
        SocketAddr::new(self.ip(), port)
    }
}

fn last_octet(ip: IpAddr) -> u8 {
    match ip {
        IpAddr::V4(ip) => ip.octets()[3],
        IpAddr::V6(ip) => ip.octets()[15],
    }
}

fn new_endpoint(setup: &AgentSetup, rng: &mut Rng) -> Endpoint {
    let config = sip::Config {
        user_agent: format!("sim-{}", setup.name),
        session_expires_s: setup.session_seconds,
        ..sip::Config::default()
    };
    Endpoint::new(config, rng.bits())
}
