//! A scenario in words: who does what at which second, played on a network without faults.
//!
//! ```text
//! 0   carrier calls 07040000001
//! 5.5 minji answers
//! 9   carrier hangs up
//! 12  end
//! ```

use crate::agent::{Deed, Habit};
use crate::cast;
use crate::errand::Errand;
use crate::network::Link;
use crate::workspace::{MANAGERS, PHONES};
use crate::world::{World, WorldSetup};
use sip::Transport;
use std::time::Duration;

/// Who calls from outside when the scenario does not say.
const CUSTOMER: &str = "01000000017";
/// Afterwards everything must come to its end.
const AFTERWARDS: Duration = Duration::from_secs(300);
/// The way from or to an agent, milliseconds.
const DELAY_MS: u64 = 10;

/// Plays a scenario with these phones signed in, and draws its ladder.
///
/// # Panics
/// When the scenario is not understood, a rule of the truth model is broken, or something is left over afterwards.
#[must_use]
pub fn play(phones: &[&str], scenario: &str) -> String {
    let lines: Vec<Line<'_>> = scenario.lines().map(str::trim).filter(|line| !line.is_empty()).map(line).collect();
    let mut world = world(phones);
    must(world.run(Duration::from_secs(2)), &world);
    world.ladder.clear();
    let start = world.elapsed();
    for (at, who, what) in lines {
        let wait = (start + at).saturating_sub(world.elapsed());
        must(world.run(wait), &world);
        if who == "end" {
            break;
        }
        if who == "api" {
            api(&mut world, what);
            must(world.run(Duration::ZERO), &world);
            continue;
        }
        let agent = world.names().iter().position(|name| name == who).expect("an agent of the scenario");
        let deed = deed(&world, agent, what);
        // Agents tell of this one themselves.
        if deed != Deed::Vanish {
            world.ladder.note(world.elapsed(), format!("{who} {what}"));
        }
        world.plan(agent, Duration::ZERO, deed);
        must(world.run(Duration::ZERO), &world);
    }
    let drawn = world.ladder.drawn(&world.names());
    must(world.run(AFTERWARDS), &world);
    must(world.look_back(), &world);
    drawn
}

fn must(result: Result<(), String>, world: &World) {
    if let Err(rule) = result {
        panic!("at {:?}: {rule}\n{}", world.elapsed(), world.ladder.listed(&world.names(), 200));
    }
}

/// When, who, what.
type Line<'a> = (Duration, &'a str, &'a str);

fn line(line: &str) -> Line<'_> {
    let (at, rest) = line.split_once(' ').expect("a time and who");
    let seconds: f64 = at.parse().expect("seconds");
    let rest = rest.trim();
    let (who, what) = rest.split_once(' ').unwrap_or((rest, ""));
    (Duration::from_secs_f64(seconds), who, what)
}

fn world(phones: &[&str]) -> World {
    let mut agents = vec![cast::carrier(1, Habit::Obedient)];
    let named = |name: &str| phones.contains(&name);
    for (name, ..) in PHONES.iter().filter(|phone| named(phone.0)) {
        agents.push(cast::phone(name, Transport::Udp, 0, Habit::Obedient));
    }
    let link = Link::perfect(DELAY_MS);
    World::new(WorldSetup {
        seed: 1,
        sip: link.clone(),
        media: link,
        inside: Link::perfect(0),
        heard_within: Duration::from_millis(500),
        closed_within_ms: 1..20_000,
        unsent: 0,
        agents,
    })
}

/// `dials 01011112222 for minji`
fn api(world: &mut World, what: &str) {
    let words: Vec<&str> = what.split(' ').collect();
    let ["dials", to, "for", name] = words.as_slice() else { panic!("not understood: {what}") };
    let manager = MANAGERS.iter().find(|m| m.0 == *name).expect("a manager of the workspace").1;
    world.plan_errand(Duration::ZERO, Errand::Dial { manager, to: (*to).to_owned() });
}

fn deed(world: &World, agent: usize, what: &str) -> Deed {
    let mut words = what.split(' ');
    let (verb, object) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    match verb {
        "calls" => {
            let rest: Vec<&str> = words.collect();
            let named = rest.iter().position(|word| *word == "as").and_then(|at| rest.get(at + 1)).copied();
            let user = world.agents[agent].setup.sign_in.as_ref().map(|sign_in| sign_in.user.as_str());
            let from = named.or(user).unwrap_or(CUSTOMER).to_owned();
            Deed::Call { to: object.to_owned(), from, offers: !rest.contains(&"without-offer") }
        }
        "plays" => Deed::Progress(None),
        "answers" => Deed::Answer(None),
        "declines" => Deed::Refuse(None, 603),
        "is" if object == "busy" => Deed::Refuse(None, 486),
        "hangs" => Deed::HangUp(None),
        "holds" => Deed::Hold(None),
        "resumes" => Deed::Resume(None),
        "presses" => Deed::Press(None, object.chars().next().expect("a key")),
        "vanishes" => Deed::Vanish,
        "signs" => Deed::SignOff,
        _ => panic!("not understood: {what}"),
    }
}
