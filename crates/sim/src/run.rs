//! A run by seed: a weather for the network, tempers for the agents, and a few dozen calls.

use crate::agent::{AgentSetup, Carrier, Fault, Habit, Phone};
use crate::cast;
use crate::nat::NatKind;
use crate::network::Link;
use crate::plot;
use crate::rng::Rng;
use crate::workspace::PHONES;
use crate::world::{World, WorldSetup};
use sip::Transport;
use std::time::Duration;

/// How phones speak; by WebSocket it would be browsers, whose media is another.
const TRANSPORTS: [(u64, Transport); 3] = [(60, Transport::Udp), (25, Transport::Tcp), (15, Transport::Tls)];
/// Time to sign in.
const SIGNING_IN: Duration = Duration::from_secs(3);
/// Afterwards everything must come to its end: longer than a session without refresh, and any time-out after it.
const AFTERWARDS: Duration = Duration::from_secs(2_100);
/// Lines of the ladder in a report.
const REPORT_LINES: usize = 3_000;

/// What a run showed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Calls with a record.
    pub calls: usize,
    /// Calls in which customer and manager were connected.
    pub engaged: usize,
    /// Of them, those that were listened to and found well.
    pub heard: usize,
    /// Calls that were answered by nobody.
    pub missed: usize,
    /// SIP messages that were sent again.
    pub repeated: u64,
    /// Calls in which a peer did something wrong.
    pub faulty: usize,
    /// Ways that were cut, moved or lost.
    pub upset: usize,
    /// Agents behind a box.
    pub boxed: usize,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.calls += other.calls;
        self.engaged += other.engaged;
        self.heard += other.heard;
        self.missed += other.missed;
        self.repeated += other.repeated;
        self.faulty += other.faulty;
        self.upset += other.upset;
        self.boxed += other.boxed;
    }
}

/// What a network is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weather {
    /// Nothing is lost.
    Clear,
    /// A tenth of everything is lost or late.
    Rain,
    /// A quarter is lost, and the delays reorder.
    Storm,
}

impl Weather {
    fn link(self) -> Link {
        match self {
            Self::Clear => Link { loss: 0, duplicate: 0, delay_ms: 1..40 },
            Self::Rain => Link { loss: 80, duplicate: 30, delay_ms: 1..150 },
            Self::Storm => Link { loss: 250, duplicate: 60, delay_ms: 1..700 },
        }
    }

    /// How long an ACK or a 200 may be on its way, with its repetitions.
    fn heard_within(self) -> Duration {
        match self {
            Self::Clear => Duration::from_millis(500),
            Self::Rain => Duration::from_secs(10),
            Self::Storm => Duration::from_secs(32),
        }
    }
}

/// Plays the run of a seed.
///
/// # Errors
/// The rule that was broken, with the seed, the faults and the ladder.
pub fn play(seed: u64) -> Result<Tally, String> {
    let (world, lived) = live_through(seed);
    match lived {
        Ok(()) => Ok(tally(&world)),
        Err(rule) => Err(format!(
            "seed {seed} ({:?}) at {:?}: {rule}\n{}\n{}\nreplay it with SORI_SIM_SEED={seed} cargo test -p sim --test truth",
            world.setup.sip,
            world.elapsed(),
            faults(&world),
            world.ladder.listed(&world.names(), REPORT_LINES),
        )),
    }
}

/// What was done in a run, for those who doubt that anything was.
#[derive(Clone, Debug)]
pub struct Played {
    /// What peers did wrong.
    pub faults: Vec<Fault>,
    /// Everything that passed.
    pub ladder: String,
}

/// Plays the run of a seed and tells what was done in it, whatever rule was broken.
#[must_use]
pub fn look_at(seed: u64) -> Played {
    let (world, _) = live_through(seed);
    let faults = world.agents.iter().flat_map(|agent| agent.faults.values()).flatten().copied().collect();
    Played { faults, ladder: world.ladder.listed(&world.names(), usize::MAX) }
}

fn live_through(seed: u64) -> (World, Result<(), String>) {
    let mut rng = Rng::new(seed);
    let calm = rng.chance(400);
    let setup = setup(seed, &mut rng, calm);
    let mut world = World::new(setup);
    let lived = live(&mut world, &mut rng, calm);
    (world, lived)
}

fn setup(seed: u64, rng: &mut Rng, calm: bool) -> WorldSetup {
    let weather = rng.of(&[Weather::Clear, Weather::Clear, Weather::Rain, Weather::Storm]);
    // In a calm run nobody vanishes.
    let (phones_vanish, carriers_vanish) = if calm { (0, 0) } else { (rng.of(&[30, 250]), rng.of(&[0, 100])) };
    let (faults, upsets) = if calm { (0, 0) } else { (rng.of(&[0, 100, 400, 800]), rng.of(&[0, 0, 150, 400])) };
    let phone_habit = Habit::Phone(Phone { vanishes: phones_vanish, holds: rng.of(&[0, 300]), faults, upsets });
    let carrier_habit = Habit::Carrier(Carrier { hurries: rng.of(&[50, 400]), vanishes: carriers_vanish, faults });
    let session_seconds = rng.of(&[1_800, 300, 90]);
    let carrier = |nth| AgentSetup { session_seconds, ..cast::carrier(nth, carrier_habit) };
    let mut agents = vec![carrier(1), carrier(2)];
    for (name, ..) in PHONES {
        let transport = rng.weighted(&TRANSPORTS);
        let pairing = u8::try_from(rng.between(0..4)).unwrap_or(0);
        let nat = rng.chance(500).then(|| NatKind::of_the_field(rng));
        agents.push(AgentSetup { nat, session_seconds, ..cast::phone(name, transport, pairing, phone_habit) });
    }
    let inside = Link { loss: 0, duplicate: 0, delay_ms: 0..rng.of(&[1, 3, 20]) };
    let media = match weather {
        Weather::Clear => Link { loss: 0, duplicate: 0, delay_ms: 1..15 },
        _ => Link { loss: 50, duplicate: 10, delay_ms: 1..60 },
    };
    WorldSetup {
        seed,
        sip: weather.link(),
        media,
        inside,
        heard_within: weather.heard_within(),
        closed_within_ms: 1..rng.of(&[1_000, 20_000, 120_000]),
        unsent: rng.of(&[0, 300]),
        agents,
    }
}

fn live(world: &mut World, rng: &mut Rng, calm: bool) -> Result<(), String> {
    world.run(SIGNING_IN)?;
    plot::plan(world, rng, calm);
    world.run(Duration::from_millis(plot::SPREAD_MS))?;
    world.run(AFTERWARDS)?;
    world.look_back()
}

fn tally(world: &World) -> Tally {
    let records = || world.calls.records();
    Tally {
        calls: records().count(),
        engaged: records().filter(|call| call.engaged_at.is_some()).count(),
        heard: world.calls.heard,
        missed: records().filter(|call| call.missed_reason.is_some()).count(),
        repeated: world.sent_again(),
        faulty: world.agents.iter().map(|agent| agent.faults.len()).sum(),
        upset: world.agents.iter().filter(|agent| agent.left_at.is_some()).count(),
        boxed: world.agents.iter().filter(|agent| agent.setup.nat.is_some()).count(),
    }
}

/// What went wrong on purpose: who misbehaves in which call, and whose way is what.
fn faults(world: &World) -> String {
    let mut out = String::new();
    for agent in &world.agents {
        let nat = agent.setup.nat.map_or_else(String::new, |kind| format!(", behind {kind:?}"));
        out.push_str(&format!("{} by {:?}{nat}\n", agent.setup.name, agent.setup.transport));
        for (key, faults) in &agent.faults {
            out.push_str(&format!("    call {key}: {faults:?}\n"));
        }
    }
    out
}
