//! What happens in a run: calls from outside and inside, orders of the API, phones that sign off, settings saved.

use crate::agent::Deed;
use crate::errand::Errand;
use crate::rng::Rng;
use crate::stranger::Attack;
use crate::workspace::{self, MANAGERS, PHONES};
use crate::world::World;
use pbx::ManagerId;

/// Calls of one run.
pub const CALLS: u64 = 25;
/// They begin within this, milliseconds: many at once, so that managers are short.
pub const SPREAD_MS: u64 = 240_000;
/// Carriers stand before the phones in the world's list of agents.
const CARRIERS: usize = 2;

/// How often customers call which number.
const NUMBERS: [(u64, &str); 6] = [
    (40, "07040000001"),
    (25, "07040000002"),
    (15, "07040000003"),
    (5, "07040000004"),
    (8, "07040000005"),
    (3, "07049999999"),
];

/// Plans a whole run. In a calm one nobody signs off and no settings are saved.
pub fn plan(world: &mut World, rng: &mut Rng, calm: bool) {
    for key in 1..=CALLS {
        plan_call(world, rng, key);
    }
    if !calm {
        plan_settings(world, rng);
        plan_sign_offs(world, rng);
        for _ in 0..rng.of(&[0, 0, 1, 4]) {
            let attack = Attack::some(rng);
            world.plan_attack(rng.ms(0..SPREAD_MS), attack);
        }
    }
}

fn some_manager(rng: &mut Rng) -> ManagerId {
    rng.of(&MANAGERS).1
}

fn plan_call(world: &mut World, rng: &mut Rng, key: u64) {
    let customer = format!("010{key:08}");
    let at = rng.ms(0..SPREAD_MS);
    match rng.between(0..100) {
        0..10 => world.plan_errand(at, Errand::Dial { manager: some_manager(rng), to: customer }),
        10..23 => {
            let nth = rng.of(&[0, 1, 2, 3, 4]);
            let from = workspace::names(PHONES[nth].1)[0].clone();
            world.plan(CARRIERS + nth, at, Deed::Call { to: customer, from, offers: true });
        }
        _ => {
            let to = rng.weighted(&NUMBERS).to_owned();
            let carrier = usize::from(rng.chance(300));
            world.plan(carrier, at, Deed::Call { to, from: customer, offers: !rng.chance(100) });
        }
    }
    if rng.chance(60) {
        let by = Some(some_manager(rng)).filter(|_| rng.chance(500));
        world.plan_errand(at + rng.ms(0..30_000), Errand::HangUp { by, key });
    }
    if rng.chance(60) {
        let at = at + rng.ms(3_000..30_000);
        let to = Some(some_manager(rng)).filter(|_| rng.chance(700));
        world.plan_errand(at, Errand::HandOn { key, to });
        if rng.chance(500) {
            world.plan_errand(at + rng.ms(0..8_000), Errand::TakeBack { key });
        }
    }
}

fn plan_settings(world: &mut World, rng: &mut Rng) {
    for _ in 0..rng.of(&[0, 1, 3]) {
        let without_seat = Some(some_manager(rng)).filter(|_| rng.chance(500));
        world.plan_errand(rng.ms(0..SPREAD_MS), Errand::Settings { without_seat });
    }
}

fn plan_sign_offs(world: &mut World, rng: &mut Rng) {
    for nth in 0..PHONES.len() {
        if rng.chance(200) {
            let at = rng.ms(0..SPREAD_MS);
            world.plan(CARRIERS + nth, at, Deed::SignOff);
            world.plan(CARRIERS + nth, at + rng.ms(100..60_000), Deed::Register);
        }
    }
}
