//! The world of a run: one switch with one real media engine, agents around it, and time between them.

use crate::agent::{Agent, AgentSetup, Deed};
use crate::answer_truth::AnswerTruth;
use crate::call_truth::CallTruth;
use crate::cast;
use crate::clock::Clock;
use crate::errand::Errand;
use crate::ladder::Ladder;
use crate::nat::NatBox;
use crate::network::{Link, Network};
use crate::rng::Rng;
use crate::sockets::Sockets;
use crate::stranger::{Attack, Stranger};
use crate::unheard_truth::UnheardTruth;
use crate::way::Way;
use crate::wire_truth::WireTruth;
use crate::workspace;
use media::{Engine, EngineConfig};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};
use switch::{Configuration, Switch};

/// The server's SIP address.
pub const SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 5060);
/// Something that wants to be woken so often at the same instant spins.
const MAX_STEPS_AT_ONCE: u32 = 50_000;
/// How often the truth model listens.
const LISTENING: Duration = Duration::from_millis(250);
/// How often while nobody calls.
const LISTENING_IDLE: Duration = Duration::from_secs(5);
/// When everybody is gone, the last sign-in and transaction are forgotten within this.
const FORGOTTEN_WITHIN: Duration = Duration::from_secs(200);
/// On a network without faults every phone has signed in within this.
const SIGNED_IN_WITHIN: Duration = Duration::from_secs(2);
/// Up to this loss, of a thousand, what is repeated arrives.
const FAIR_LOSS: u32 = 100;
/// Engines take a line for dead after this silence; shorter than the server's, so that runs are.
pub(crate) const QUIET_MS: u32 = 20_000;

/// What a world is made of.
#[derive(Clone, Debug)]
pub struct WorldSetup {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// What happens to SIP over UDP.
    pub sip: Link,
    /// What happens to media packets.
    pub media: Link,
    /// The way between control thread and media worker.
    pub inside: Link,
    /// Within this both parties of an engaged call hear each other.
    pub heard_within: Duration,
    /// How long after a connection died the switch hears of it, milliseconds.
    pub closed_within_ms: Range<u64>,
    /// Of a thousand datagrams to somebody who is gone, so many are answered by "nobody there".
    pub unsent: u32,
    /// The agents; the first is the carrier that takes outgoing calls.
    pub agents: Vec<AgentSetup>,
}

/// See the module.
pub struct World {
    /// The time.
    pub clock: Clock,
    /// The agents.
    pub agents: Vec<Agent>,
    /// What passed.
    pub ladder: Ladder,
    /// What holds of the wire.
    pub wire: WireTruth,
    /// What holds of answers.
    pub answers: AnswerTruth,
    /// What never got through.
    pub unheard: UnheardTruth,
    /// What holds of calls.
    pub calls: CallTruth,
    pub(crate) setup: WorldSetup,
    pub(crate) network: Network,
    pub(crate) switch: Switch,
    pub(crate) engine: Engine,
    pub(crate) sockets: Sockets,
    pub(crate) rng: Rng,
    /// Agents by each address they are or were seen at, inside and outside.
    pub(crate) by_ip: BTreeMap<IpAddr, usize>,
    pub(crate) ways: Vec<Way>,
    pub(crate) moves: u32,
    pub(crate) stranger: Stranger,
    pub(crate) leg_names: BTreeMap<media::LegId, String>,
    errands: BTreeMap<(Instant, usize), Errand>,
    pub(crate) settings_changed: bool,
    listen_at: Instant,
}

impl World {
    /// A world in which nothing has happened yet; phones sign in within its first seconds.
    #[must_use]
    pub fn new(setup: WorldSetup) -> Self {
        let mut rng = Rng::new(setup.seed);
        let clock = Clock::default();
        let proxy = setup.agents.first().map_or(SERVER, |carrier| carrier.address);
        let configuration = Configuration {
            offer_sha256: true,
            realm: workspace::REALM.to_owned(),
            host: SERVER.to_string(),
            udp: SERVER,
            seed: rng.bits(),
            nonce_key: [7; 32],
            max_transactions: 10_000,
        };
        let switch = Switch::new(configuration, Arc::new(workspace::settings(proxy, None)), pbx::Directory::default());
        let config = EngineConfig { quiet_ms: QUIET_MS, ..EngineConfig::default() };
        let engine = Engine::new(config, workspace::library(), rng.bits());
        let agents: Vec<Agent> = setup.agents.iter().map(|agent| Agent::new(agent.clone(), rng.fork())).collect();
        let ways: Vec<Way> = setup.agents.iter().enumerate().map(|(n, agent)| way(n, agent)).collect();
        let mut world = Self {
            by_ip: addresses(&agents, &ways),
            ways,
            moves: 0,
            stranger: Stranger::new(rng.fork()),
            listen_at: clock.instant() + LISTENING,
            clock,
            agents,
            ladder: Ladder::default(),
            wire: WireTruth::default(),
            answers: AnswerTruth::default(),
            unheard: UnheardTruth::default(),
            calls: CallTruth::new(setup.heard_within),
            network: Network::new(rng.fork()),
            switch,
            engine,
            sockets: Sockets::new(SERVER.ip()),
            rng,
            leg_names: BTreeMap::new(),
            errands: BTreeMap::new(),
            settings_changed: false,
            setup,
        };
        for n in 0..world.agents.len() {
            let delay = world.rng.ms(0..1000);
            world.plan(n, delay, Deed::Register);
        }
        world
    }

    /// The stranger is to do something after `delay`.
    pub fn plan_attack(&mut self, delay: Duration, attack: Attack) {
        self.stranger.plan(self.clock.instant() + delay, attack);
    }

    /// An agent is to do something after `delay`.
    pub fn plan(&mut self, agent: usize, delay: Duration, deed: Deed) {
        let at = self.clock.instant() + delay;
        if let Some(agent) = self.agents.get_mut(agent) {
            agent.plan(at, deed);
        }
    }

    /// The API is to ask something after `delay`.
    pub fn plan_errand(&mut self, delay: Duration, errand: Errand) {
        let at = self.clock.instant() + delay;
        self.errands.insert((at, self.errands.len()), errand);
    }

    /// Lets `time` pass.
    ///
    /// # Errors
    /// Says which rule of the truth model was broken.
    pub fn run(&mut self, time: Duration) -> Result<(), String> {
        let until = self.clock.instant() + time;
        let mut steps = 0;
        while let Some(at) = self.next().filter(|at| *at <= until) {
            steps = if at > self.clock.instant() { 0 } else { steps + 1 };
            if steps > MAX_STEPS_AT_ONCE {
                return Err(format!("something spins: {}", self.who_is_due()));
            }
            self.clock.advance(at);
            self.step()?;
        }
        self.clock.advance(until);
        Ok(())
    }

    /// When something happens next.
    fn next(&self) -> Option<Instant> {
        let agents = self.agents.iter().filter_map(Agent::next_timeout).min();
        let now = self.clock.now();
        let errand = self.errands.first_key_value().map(|((at, _), _)| *at);
        [
            self.network.next(),
            self.switch.next_timeout(now),
            self.engine.next_timeout(),
            agents,
            errand,
            self.stranger.next(),
            Some(self.listen_at),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn who_is_due(&self) -> String {
        let now = self.clock.now();
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now.instant);
        let (network, switch, engine) =
            (self.network.next(), self.switch.next_timeout(now), self.engine.next_timeout());
        let agents: Vec<&str> = self
            .agents
            .iter()
            .filter(|agent| due(agent.next_timeout()))
            .map(|agent| agent.setup.name.as_str())
            .collect();
        format!("network {}, switch {}, engine {}, agents {agents:?}", due(network), due(switch), due(engine))
    }

    fn step(&mut self) -> Result<(), String> {
        let now = self.clock.now();
        while let Some(parcel) = self.network.receive(now.instant) {
            self.deliver(parcel)?;
        }
        while let Some(first) = self.errands.first_entry()
            && first.key().0 <= now.instant
        {
            let errand = first.remove();
            self.run_errand(errand)?;
        }
        self.let_stranger_act();
        if self.switch.next_timeout(now).is_some_and(|at| at <= now.instant) {
            self.switch.handle_timeout(now);
            self.flush_switch()?;
        }
        if self.engine.next_timeout().is_some_and(|at| at <= now.instant) {
            self.engine.handle_tick(now.instant, &mut self.sockets);
            self.flush_engine();
        }
        for n in 0..self.agents.len() {
            if self.agents[n].next_timeout().is_some_and(|at| at <= now.instant) {
                self.agents[n].handle_timeout(now.instant);
                self.flush_agent(n);
            }
        }
        if self.listen_at <= now.instant {
            self.listen_at = now.instant + if self.is_idle() { LISTENING_IDLE } else { LISTENING };
            self.calls.listen(&self.agents, &self.wire, now)?;
            if self.setup.sip.is_clean() && self.setup.media.is_clean() {
                self.calls.look_for_silence(&self.agents, &self.wire, now)?;
            }
            if self.setup.sip.loss <= FAIR_LOSS {
                self.calls.look_for_ghosts(&self.agents, &self.wire, now)?;
            }
        }
        Ok(())
    }

    /// Are there no calls, neither in the switch nor at agents?
    fn is_idle(&self) -> bool {
        self.switch.business().counts().calls == 0 && self.agents.iter().all(|agent| agent.calls.is_empty())
    }

    /// Is every phone signed in, has been since the beginning, and may every manager take calls?
    pub(crate) fn everybody_is_there(&self) -> bool {
        let phones = || self.agents.iter().filter(|agent| agent.is_phone());
        let signed_in = self.clock.elapsed() > SIGNED_IN_WITHIN && phones().count() == workspace::PHONES.len();
        self.setup.sip.is_clean()
            && signed_in
            && !self.settings_changed
            && phones().all(|agent| agent.left_at.is_none())
    }

    /// The agents' names.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.agents.iter().map(|agent| agent.setup.name.clone()).collect()
    }

    /// SIP messages the switch sent again, in all.
    #[must_use]
    pub fn sent_again(&self) -> u64 {
        self.switch.counts().sip.totals.retransmissions
    }

    /// Looks back after the last call: everything ended, and after everybody left everything was given back.
    ///
    /// # Errors
    /// Says what is left.
    pub fn look_back(&mut self) -> Result<(), String> {
        self.calls.look_back(self.wire.arrived)?;
        self.answers.look_back()?;
        if let Some(agent) = self.agents.iter().find(|agent| !agent.gone && !agent.calls.is_empty()) {
            return Err(format!("{} still has calls: {:?}", agent.setup.name, agent.calls));
        }
        // Eleven repetitions of an answer do not all get lost in rain, with everybody there.
        let fair = self.setup.sip.loss <= FAIR_LOSS && self.agents.iter().all(|agent| agent.left_at.is_none());
        if let Some(agent) = self.agents.iter().find(|agent| fair && agent.unacknowledged > 0) {
            return Err(format!("the switch never acknowledged an answer of {}", agent.setup.name));
        }
        for agent in &mut self.agents {
            agent.leave_for_good();
        }
        // Longer than any sign-in lasts, and than any transaction.
        self.run(FORGOTTEN_WITHIN)?;
        self.look_for_leaks()
    }

    fn look_for_leaks(&self) -> Result<(), String> {
        let counts = self.switch.counts();
        let sip = sip::Counts { totals: sip::Totals::default(), ..counts.sip };
        let left = (counts.calls, counts.switched, counts.legs, counts.bindings);
        if left != (0, 0, 0, 0) || sip != sip::Counts::default() {
            return Err(format!("the switch still holds (calls, switched, legs, bindings) {left:?} and {sip:?}"));
        }
        let business = self.switch.business().counts();
        if business != pbx::Counts::default() {
            return Err(format!("the business still holds {business:?}"));
        }
        let engine = self.engine.counts();
        let media_left = (engine.legs, engine.bridges, engine.echoes, self.sockets.count());
        if media_left != (0, 0, 0, 0) {
            return Err(format!("the engine still holds (legs, bridges, echoes, sockets) {media_left:?}"));
        }
        Ok(())
    }
}

fn way(nth: usize, agent: &AgentSetup) -> Way {
    let nat = agent.nat.map(|kind| NatBox::new(kind, cast::public_address(nth, 0)));
    Way::new(agent.address.ip(), nat)
}

fn addresses(agents: &[Agent], ways: &[Way]) -> BTreeMap<IpAddr, usize> {
    let inside = agents.iter().enumerate().map(|(n, agent)| (agent.ip(), n));
    inside.chain(ways.iter().enumerate().map(|(n, way)| (way.public(), n))).collect()
}
