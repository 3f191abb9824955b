//! The media of a world: two engines, as two workers have them, and the packets between parties and legs.

use media::{
    Channel, Command, Engine, EngineConfig, Event, LegId, Library, LocalAddresses, PacketSink, Prompt, PromptKey,
};
use pbx::CallId;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

/// Packets that left for the parties.
#[derive(Default)]
struct Sent(Vec<(SocketAddr, Vec<u8>)>);

impl PacketSink for Sent {
    fn send(&mut self, _: LegId, channel: Channel, to: SocketAddr, packet: &[u8]) {
        if channel == Channel::Rtp {
            self.0.push((to, packet.to_vec()));
        }
    }
}

/// See the module. A call's legs live in one engine, calls by turns in the one and the other.
pub struct MediaSide {
    engines: [Engine; 2],
    of_call: BTreeMap<CallId, usize>,
    of_leg: BTreeMap<LegId, usize>,
    ports: BTreeMap<u16, LegId>,
    next_port: u16,
    sent: Sent,
    /// Moves take until this is unset.
    pub is_slow: bool,
    under_way: Vec<(LegId, CallId)>,
    /// Legs that went from one engine to the other.
    pub moves: usize,
    /// Nothing is told any more: the workers are dead.
    pub is_dead: bool,
}

/// The byte the hold music consists of.
pub const MUSIC: i16 = 3_000;

impl MediaSide {
    pub fn new() -> Self {
        let mut library = Library::default();
        let hum = Arc::new(Prompt::from_pcm(&[MUSIC; 8000], 8000).expect("a hum can be encoded"));
        for key in built_ins() {
            library.insert(key, Arc::clone(&hum));
        }
        let library = Arc::new(library);
        let engine = |seed| {
            let srtp_seed = Some([seed as u8; 32]);
            let config = EngineConfig { quiet_ms: 60_000, srtp_seed, ..EngineConfig::default() };
            Engine::new(config, Arc::clone(&library), seed)
        };
        Self {
            engines: [engine(1), engine(2)],
            of_call: BTreeMap::new(),
            of_leg: BTreeMap::new(),
            ports: BTreeMap::new(),
            next_port: 40_000,
            sent: Sent::default(),
            is_slow: false,
            under_way: Vec::new(),
            moves: 0,
            is_dead: false,
        }
    }

    pub fn command(&mut self, now: Instant, call: CallId, command: Command) {
        if self.is_dead {
            return;
        }
        if let Command::Move { leg, to } = command {
            self.under_way.push((leg, CallId(to)));
            if !self.is_slow {
                self.arrive(now);
            }
            return;
        }
        let turn = self.of_call.len() % 2;
        let engine = *self.of_call.entry(call).or_insert(turn);
        let leg = command.leg();
        let mut local = None;
        if let Command::Open { .. } = command {
            let rtp: SocketAddr = format!("192.0.2.1:{}", self.next_port).parse().expect("an address");
            self.ports.insert(self.next_port, leg);
            self.of_leg.insert(leg, engine);
            self.next_port += 2;
            local = Some(LocalAddresses { rtp, rtcp: Some(SocketAddr::new(rtp.ip(), rtp.port() + 1)) });
        }
        assert!(!self.under_way.iter().any(|(moving, _)| *moving == leg), "an order for a leg under way: {command:?}");
        assert!(
            self.of_leg.get(&leg).is_none_or(|of_leg| *of_leg == engine),
            "an order for a leg where it is not: {command:?}"
        );
        self.engines[engine].handle_command(now, command, local, &mut self.sent);
    }

    /// What is under way arrives.
    pub fn arrive(&mut self, now: Instant) {
        for (leg, to) in std::mem::take(&mut self.under_way) {
            self.move_leg(now, leg, to);
        }
    }

    fn move_leg(&mut self, now: Instant, leg: LegId, to: CallId) {
        let from = self.of_leg[&leg];
        let to = *self.of_call.entry(to).or_insert(from);
        if from == to {
            return self.engines[to].handle_command(now, Command::Move { leg, to: 0 }, None, &mut self.sent);
        }
        let moved = self.engines[from].take_leg(leg);
        self.engines[to].put_leg(now, leg, moved);
        self.of_leg.insert(leg, to);
        self.moves += 1;
    }

    pub fn poll_event(&mut self) -> Option<Event> {
        self.engines.iter_mut().find_map(Engine::poll_event)
    }

    pub fn tick(&mut self, now: Instant) {
        for engine in &mut self.engines {
            engine.handle_tick(now, &mut self.sent);
        }
    }

    pub fn next_timeout(&self) -> Option<Instant> {
        self.engines.iter().filter_map(Engine::next_timeout).min()
    }

    /// A packet of a party.
    pub fn packet(&mut self, now: Instant, from: SocketAddr, to: SocketAddr, mut packet: Vec<u8>) {
        let Some(leg) = self.ports.get(&to.port()) else { return };
        let Some(engine) = self.of_leg.get(leg) else { return };
        self.engines[*engine].handle_packet(now, *leg, Channel::Rtp, from, &mut packet, &mut self.sent);
    }

    pub fn take_sent(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        std::mem::take(&mut self.sent.0)
    }

    pub fn legs(&self) -> usize {
        self.engines.iter().map(|engine| engine.counts().legs).sum()
    }
}

/// Everything the business can play sounds alike here.
fn built_ins() -> impl Iterator<Item = PromptKey> {
    use pbx::command::{BuiltIn, Language};
    [BuiltIn::Greeting, BuiltIn::AllBusy, BuiltIn::CannotConnect, BuiltIn::HoldMusic]
        .into_iter()
        .map(|what| switch::prompt_key_of_built_in(what, Language::Ko))
}
