//! What agents do by themselves.

use super::{Deed, Fault};
use crate::rng::Rng;
use crate::voice::Side;
use sip::InviteId;
use std::time::Duration;

/// A phone's temper.
#[derive(Clone, Copy, Debug)]
pub struct Phone {
    /// Vanishings of a thousand calls that ring, and as many of those that are up.
    pub vanishes: u32,
    /// Holds of a thousand calls that are up.
    pub holds: u32,
    /// Calls of a thousand in which it does something wrong.
    pub faults: u32,
    /// Calls of a thousand in which something befalls its way to the server.
    pub upsets: u32,
}

/// A carrier's temper.
#[derive(Clone, Copy, Debug)]
pub struct Carrier {
    /// Calls of a thousand that are given up while they are being set up, so that CANCEL meets the 200.
    pub hurries: u32,
    /// Vanishings of a thousand calls that are up.
    pub vanishes: u32,
    /// Calls of a thousand in which it does something wrong.
    pub faults: u32,
}

/// What an agent does by itself.
#[derive(Clone, Copy, Debug)]
pub enum Habit {
    /// Rings at once and does nothing more.
    Obedient,
    /// A manager's phone, by chance.
    Phone(Phone),
    /// A carrier with its customers, by chance.
    Carrier(Carrier),
}

/// How somebody takes a call.
#[derive(Clone, Copy)]
enum Reaction {
    Answers,
    AnswersAfterEarlyMedia,
    AnswersAtOnce,
    Declines,
    IsBusy,
    IsOut,
    /// Any other refusal there is.
    Refuses,
    LetsItRing,
    SaysNothing,
}

/// A phone that nobody takes stops ringing by itself.
const RINGS_AT_MOST: Duration = Duration::from_secs(180);

/// Each so manieth customer talks long.
const LONG_TALKERS: u64 = 5;
/// As long as this, and longer.
const LONG: Duration = Duration::from_secs(130);

/// How often people take a call in which way.
const REACTIONS: [(u64, Reaction); 9] = [
    (45, Reaction::Answers),
    (10, Reaction::AnswersAfterEarlyMedia),
    (10, Reaction::AnswersAtOnce),
    (8, Reaction::Declines),
    (7, Reaction::IsBusy),
    (3, Reaction::IsOut),
    (4, Reaction::Refuses),
    (12, Reaction::LetsItRing),
    (5, Reaction::SaysNothing),
];

/// Refusals carriers and phones are known to give.
const REFUSALS: [u16; 28] = [
    300, 301, 302, 305, 380, 400, 401, 403, 404, 406, 407, 408, 410, 413, 415, 416, 420, 481, 484, 488, 491, 500, 501,
    503, 504, 580, 604, 606,
];

impl Reaction {
    fn plan(
        self,
        id: Option<InviteId>,
        rings: (Duration, Deed),
        soon: Duration,
        later: Duration,
        status: u16,
    ) -> Vec<(Duration, Deed)> {
        match self {
            Self::Answers => vec![rings, (later, Deed::Answer(id))],
            Self::AnswersAfterEarlyMedia => vec![(soon, Deed::Progress(id)), (soon + later, Deed::Answer(id))],
            Self::AnswersAtOnce => vec![(soon, Deed::Answer(id))],
            Self::Declines => vec![rings, (later, Deed::Refuse(id, 603))],
            Self::IsBusy => vec![(soon, Deed::Refuse(id, 486))],
            Self::IsOut => vec![(soon, Deed::Refuse(id, 480))],
            Self::Refuses => vec![(soon, Deed::Refuse(id, status))],
            Self::LetsItRing => vec![rings, (RINGS_AT_MOST, Deed::Refuse(id, 480))],
            Self::SaysNothing => vec![(RINGS_AT_MOST, Deed::Refuse(id, 480))],
        }
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

impl Habit {
    /// What it does wrong in a new call.
    pub(super) fn faults(self, rng: &mut Rng, called: bool) -> Vec<Fault> {
        match self {
            Self::Obedient => Vec::new(),
            Self::Phone(phone) => Fault::choose(rng, phone.faults, called, true),
            Self::Carrier(carrier) => Fault::choose(rng, carrier.faults, called, false),
        }
    }

    /// Does it ever do something wrong?
    pub(super) fn is_faulty(self) -> bool {
        match self {
            Self::Obedient => false,
            Self::Phone(Phone { faults, .. }) | Self::Carrier(Carrier { faults, .. }) => faults > 0,
        }
    }

    /// Somebody calls.
    pub(super) fn on_called(self, rng: &mut Rng, id: InviteId) -> Vec<(Duration, Deed)> {
        let id = Some(id);
        let rings = (rng.ms(5..300), Deed::Ring(id));
        match self {
            Self::Obedient => vec![(ms(20), Deed::Ring(id))],
            Self::Phone(phone) if rng.chance(phone.vanishes) => {
                let when = rng.ms(1..6000);
                vec![rings, (when, Deed::Vanish)]
            }
            Self::Phone(_) | Self::Carrier(_) => {
                let slowest = rng.of(&[2_000, 6_000, 25_000]);
                let later = rng.ms(300..slowest);
                let soon = rng.ms(0..400);
                let status = rng.of(&REFUSALS);
                rng.weighted(&REACTIONS).plan(id, rings, soon, later, status)
            }
        }
    }

    /// We call somebody.
    pub(super) fn on_calling(self, rng: &mut Rng, id: InviteId) -> Vec<(Duration, Deed)> {
        let patience = match self {
            Self::Obedient => return Vec::new(),
            Self::Carrier(carrier) if rng.chance(carrier.hurries) => rng.ms(0..120),
            // The first seconds are the most eventful.
            _ => {
                let most = rng.of(&[500, 5_000, 30_000, 60_000, 90_000, 120_000]);
                rng.ms(100..most)
            }
        };
        let mut plans = vec![(patience, Deed::HangUp(Some(id)))];
        for _ in 0..rng.of(&[0, 1, 1, 2]) {
            let key = rng.of(&['1', '2', '3', '*', '9']);
            plans.push((rng.ms(500..9_000), Deed::Press(Some(id), key)));
        }
        plans
    }

    /// A call is up.
    pub(super) fn on_up(self, rng: &mut Rng, id: InviteId, side: Side, key: u64) -> Vec<(Duration, Deed)> {
        let (vanishes, holds, upsets) = match self {
            Self::Obedient => return Vec::new(),
            Self::Phone(phone) => (phone.vanishes, phone.holds, phone.upsets),
            Self::Carrier(carrier) => (carrier.vanishes, 30, 0),
        };
        let mut plans = Vec::new();
        let most = rng.of(&[200, 5_000, 30_000, 60_000]);
        // Some managers wait for the customer, but not for ever.
        let patient = side == Side::Manager && rng.chance(300);
        // Some calls outlast a session timer, whoever is in them.
        let long = if key.is_multiple_of(LONG_TALKERS) { LONG } else { Duration::ZERO };
        let rest = long
            + match side {
                Side::Customer => ms(3_000),
                Side::Manager if patient => ms(120_000),
                Side::Manager => ms(0),
            };
        plans.push((rest + rng.ms(0..most), Deed::HangUp(Some(id))));
        if rng.chance(holds) {
            let at = rng.ms(100..8_000);
            plans.push((at, Deed::Hold(Some(id))));
            plans.push((at + rng.ms(50..15_000), Deed::Resume(Some(id))));
        }
        if rng.chance(vanishes) {
            plans.push((rng.ms(1..10_000), Deed::Vanish));
        }
        if rng.chance(upsets) {
            let upset = match rng.between(0..4) {
                0 => Deed::Reconnect,
                1 => Deed::Cut(rng.ms(100..3_000)),
                2 => Deed::Cut(rng.ms(3_000..40_000)),
                _ => Deed::Move,
            };
            plans.push((rng.ms(1..10_000), upset));
        }
        plans
    }

    /// How long somebody who vanished stays away; `None` is for good.
    pub(super) fn absence(self, rng: &mut Rng) -> Option<Duration> {
        match self {
            Self::Obedient => None,
            Self::Phone(_) | Self::Carrier(_) => Some(rng.ms(500..90_000)),
        }
    }
}
