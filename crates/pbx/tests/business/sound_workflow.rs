//! What the check before publishing lets pass never breaks in a call: random workflows, random customers.

use crate::chance::Chance;
use pbx::interpreter::{Effect, Run};
use pbx::validate;
use pbx::workflow::{Action, Assignee, Revision, Speech, Star, Step, Trigger};
use pbx::{Key, RevisionId, TeamId};
use std::collections::BTreeMap;
use std::sync::Arc;

const RUNS: u64 = 30_000;

fn revision(chance: &mut Chance) -> Revision {
    let steps = 1 + chance.below(4);
    Revision {
        id: RevisionId(1),
        name: "random".to_owned(),
        trigger: Trigger::CustomerCalled { repeat_count: 3 },
        steps: (0..steps)
            .map(|nth| Step {
                name: nth.to_string(),
                actions: (0..chance.below(4)).map(|_| action(chance, steps)).collect(),
            })
            .collect(),
    }
}

fn action(chance: &mut Chance, steps: usize) -> Action {
    // Now and then to a step that does not exist.
    let way = |chance: &mut Chance| {
        let beyond = usize::from(chance.below(20) == 0);
        chance.below(steps + beyond).to_string()
    };
    let speech = Speech { text: "words".to_owned(), ..Speech::default() };
    match chance.below(12) {
        0..=2 => Action::Keys {
            speech,
            keys: (0..1 + chance.below(3))
                .map(|_| (chance.of(&['1', '2', '#']), way(chance)))
                .collect::<BTreeMap<_, _>>(),
            star: chance.of(&[Star::Repeat, Star::First, Star::Off]),
        },
        3 => Action::Go { step: way(chance) },
        4 | 5 => Action::TryConnect { unavailable: (chance.below(4) > 0).then(|| way(chance)) },
        6 => Action::Voicemail { speech, limit_seconds: 60 },
        7 => Action::End { leave_missed: true },
        8 => Action::Assign { to: Assignee::Team(TeamId(1)) },
        9 => Action::Tag { tags: vec!["tag".to_owned()] },
        _ => Action::VoiceMessage { speech },
    }
}

/// A customer who presses anything or nothing, in a workspace where nobody is ever available.
fn walk(revision: &Arc<Revision>, chance: &mut Chance) -> (Effect, u32) {
    let mut run = Run::new(Arc::clone(revision));
    let mut effect = run.advance();
    for turns in 0..2_000 {
        effect = match effect {
            Effect::Say(_) | Effect::Assign(_) | Effect::Tag(_) => run.advance(),
            Effect::TryConnect { unavailable: Some(step) } => run.go(&step),
            Effect::Ask(_) | Effect::AskAfterInvalid(_) | Effect::Ignore => match chance.below(4) {
                0 => run.no_input(),
                _ => run.press(Key::new(chance.of(&['1', '2', '#', '*', '9'])).unwrap()),
            },
            over => return (over, turns),
        };
    }
    (effect, 2_000)
}

#[test]
fn what_passes_the_check_never_breaks_in_a_call() {
    let (mut sound, mut broken, mut long) = (0, 0, 0);
    for seed in 0..RUNS {
        let mut chance = Chance::new(seed);
        let revision = Arc::new(revision(&mut chance));
        let problems = validate(&revision);
        let (end, turns) = walk(&revision, &mut chance);
        let breaks = matches!(end, Effect::Broken(_));
        assert!(!breaks || !problems.is_empty(), "seed {seed}: {end:?} in {revision:#?}");
        sound += u32::from(problems.is_empty());
        broken += u32::from(breaks);
        long += u32::from(problems.is_empty() && turns > 5);
    }
    assert!(
        sound > 500 && broken > 500 && long > 50,
        "{sound} sound, {broken} broken, {long} long: too few to prove anything"
    );
}
