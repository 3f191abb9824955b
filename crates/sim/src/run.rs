//! A run by seed: a weather for the network, tempers for the agents, and a few dozen calls.

use crate::agent::{Carrier, Deed, Habit, Phone};
use crate::cast;
use crate::errand::Errand;
use crate::network::Link;
use crate::rng::Rng;
use crate::workspace::{self, MANAGERS, PHONES};
use crate::world::{World, WorldSetup};
use sip::Transport;
use std::time::Duration;

/// Calls of one run.
pub const CALLS: u64 = 25;
/// They begin within this, milliseconds: many at once, so that managers are short.
const SPREAD_MS: u64 = 240_000;
/// Afterwards everything must come to its end: longer than any ring time, message, silence and time-out in a row.
const AFTERWARDS: Duration = Duration::from_secs(900);
/// Lines of the ladder in a report.
const REPORT_LINES: usize = 400;

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
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.calls += other.calls;
        self.engaged += other.engaged;
        self.heard += other.heard;
        self.missed += other.missed;
        self.repeated += other.repeated;
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
        Duration::from_secs(match self {
            Self::Clear => 1,
            Self::Rain => 10,
            Self::Storm => 32,
        })
    }
}

/// Plays the run of a seed.
///
/// # Errors
/// The rule that was broken, with the seed and the ladder.
pub fn play(seed: u64) -> Result<Tally, String> {
    let mut rng = Rng::new(seed);
    let setup = setup(seed, &mut rng);
    let weather = format!("{:?}", setup.sip);
    let mut world = World::new(setup);
    let lived = live(&mut world, &mut rng);
    lived.map_err(|rule| {
        let ladder = world.ladder.listed(&world.names(), REPORT_LINES);
        format!(
            "seed {seed} ({weather}) at {:?}: {rule}\n{ladder}\nreplay it with SORI_SIM_SEED={seed} cargo test -p sim --test truth",
            world.elapsed()
        )
    })?;
    Ok(tally(&world))
}

fn setup(seed: u64, rng: &mut Rng) -> WorldSetup {
    let weather = rng.of(&[Weather::Clear, Weather::Clear, Weather::Rain, Weather::Storm]);
    let phone_habit = Habit::Phone(Phone { vanishes: rng.of(&[0, 50, 250]), holds: rng.of(&[0, 300]) });
    let carrier_habit = Habit::Carrier(Carrier { hurries: rng.of(&[50, 400]), vanishes: rng.of(&[0, 0, 100]) });
    let mut agents = vec![cast::carrier(1, carrier_habit), cast::carrier(2, carrier_habit)];
    for (name, ..) in PHONES {
        let transport = rng.of(&[Transport::Udp, Transport::Udp, Transport::Tcp]);
        let pairing = u8::try_from(rng.between(0..4)).unwrap_or(0);
        agents.push(cast::phone(name, transport, pairing, phone_habit));
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
        unsent: rng.of(&[0, 300]),
        agents,
    }
}

fn live(world: &mut World, rng: &mut Rng) -> Result<(), String> {
    // Time to sign in.
    world.run(Duration::from_secs(3))?;
    for key in 1..=CALLS {
        let customer = format!("010{key:08}");
        let at = rng.ms(0..SPREAD_MS);
        if rng.chance(60) {
            let manager = rng.of(&MANAGERS).1;
            let by = rng.of(&[None, Some(manager)]);
            world.plan_errand(at + rng.ms(0..30_000), Errand::HangUp { by, key });
        }
        if rng.chance(100) {
            world.plan_errand(at, Errand::Dial { manager: rng.of(&MANAGERS).1, to: customer });
        } else if rng.chance(150) {
            let nth = usize::try_from(rng.between(0..PHONES.len() as u64)).unwrap_or(0);
            let from = workspace::names(PHONES[nth].1)[0].clone();
            world.plan(2 + nth, at, Deed::Call { to: customer, from, offers: true });
        } else {
            let number = rng.weighted(&[
                (40, "07040000001"),
                (25, "07040000002"),
                (15, "07040000003"),
                (5, "07040000004"),
                (8, "07040000005"),
                (3, "07049999999"),
            ]);
            let carrier = usize::from(rng.chance(300));
            world.plan(carrier, at, Deed::Call { to: number.to_owned(), from: customer, offers: !rng.chance(100) });
        }
    }
    for _ in 0..rng.of(&[0, 0, 1, 3]) {
        let manager = rng.of(&MANAGERS).1;
        let without_seat = rng.of(&[None, Some(manager)]);
        world.plan_errand(rng.ms(0..SPREAD_MS), Errand::Settings { without_seat });
    }
    for nth in 0..PHONES.len() {
        if rng.chance(150) {
            let at = rng.ms(0..SPREAD_MS);
            world.plan(2 + nth, at, Deed::SignOff);
            world.plan(2 + nth, at + rng.ms(100..60_000), Deed::Register);
        }
    }
    world.run(Duration::from_millis(SPREAD_MS))?;
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
    }
}
