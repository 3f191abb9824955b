//! What is wrong with a workflow, said before it is published.

use crate::conversation::{MAX_TAG_CHARS, MAX_TAGS};
use crate::voicemail::MAX_VOICEMAIL_SECONDS;
use crate::workflow::{Action, Revision, Step, StepName, Trigger};
use std::collections::{BTreeMap, BTreeSet};

/// Characters of a step's name at most (behaviour 2.1).
pub const MAX_STEP_NAME_CHARS: usize = 64;
/// Steps of a workflow at most.
pub const MAX_STEPS: usize = 200;
/// Actions of a step at most.
pub const MAX_ACTIONS: usize = 50;
/// Problems told at most; the rest shows when these are mended.
pub const MAX_PROBLEMS: usize = 100;

/// Something that keeps a workflow from being published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, such as `steps.2.actions.0.keys.1`.
    pub path: String,
    /// For programs.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

/// Everything that is wrong with a revision, at most [`MAX_PROBLEMS`]; empty when it may be published.
#[must_use]
pub fn validate(revision: &Revision) -> Vec<Problem> {
    let mut check = Check { revision, places: BTreeMap::new(), problems: Vec::new() };
    check.whole();
    check.names();
    for (place, step) in revision.steps.iter().enumerate().take(MAX_STEPS) {
        check.step(place, step);
    }
    check.reach();
    check.try_connect_once();
    check.endless();
    check.problems
}

struct Check<'a> {
    revision: &'a Revision,
    /// Each name's first step.
    places: BTreeMap<&'a str, usize>,
    problems: Vec<Problem>,
}

/// The steps an action leads to.
fn ways(action: &Action) -> Vec<&StepName> {
    match action {
        Action::Keys { keys, .. } => keys.values().collect(),
        Action::TryConnect { unavailable } => unavailable.iter().collect(),
        Action::Go { step } => vec![step],
        _ => Vec::new(),
    }
}

fn is_final(action: &Action) -> bool {
    matches!(
        action,
        Action::Keys { .. }
            | Action::TryConnect { .. }
            | Action::Voicemail { .. }
            | Action::End { .. }
            | Action::Go { .. }
    )
}

impl<'a> Check<'a> {
    fn problem(&mut self, path: String, code: &'static str, message: impl Into<String>) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(Problem { path, code, message: message.into() });
        }
    }

    fn whole(&mut self) {
        let steps = self.revision.steps.len();
        if steps == 0 {
            self.problem("steps".to_owned(), "empty", "a workflow has at least one step");
        }
        if steps > MAX_STEPS {
            self.problem("steps".to_owned(), "too_many", format!("at most {MAX_STEPS} steps"));
        }
        let Trigger::CustomerCalled { repeat_count } = self.revision.trigger;
        if !(1..=10).contains(&repeat_count) {
            self.problem("trigger.repeat_count".to_owned(), "out_of_range", "1 to 10 are expected");
        }
    }

    fn names(&mut self) {
        for (place, step) in self.revision.steps.iter().enumerate() {
            let path = || format!("steps.{place}.name");
            if step.name.trim().is_empty() {
                self.problem(path(), "empty", "a step has a name");
            }
            if step.name.chars().count() > MAX_STEP_NAME_CHARS {
                self.problem(path(), "too_long", format!("at most {MAX_STEP_NAME_CHARS} characters"));
            }
            if self.places.contains_key(step.name.as_str()) {
                self.problem(path(), "duplicate", format!("two steps are named \"{}\"", step.name));
            } else {
                self.places.insert(&step.name, place);
            }
        }
    }

    fn step(&mut self, place: usize, step: &'a Step) {
        if step.actions.len() > MAX_ACTIONS {
            self.problem(format!("steps.{place}.actions"), "too_many", format!("at most {MAX_ACTIONS} actions"));
        }
        for (nth, action) in step.actions.iter().enumerate().take(MAX_ACTIONS) {
            let path = format!("steps.{place}.actions.{nth}");
            if nth > 0 && step.actions.get(nth - 1).is_some_and(is_final) {
                self.problem(path.clone(), "after_final", "the action before it ends the step: this one never runs");
            }
            self.ways_exist(&path, action);
            self.limits(&path, action);
        }
    }

    fn ways_exist(&mut self, path: &str, action: &'a Action) {
        for way in ways(action) {
            if !self.places.contains_key(way.as_str()) {
                self.problem(path.to_owned(), "unknown_step", format!("there is no step \"{way}\""));
            }
        }
    }

    fn limits(&mut self, path: &str, action: &Action) {
        match action {
            Action::Keys { keys, .. } => {
                if keys.is_empty() {
                    self.problem(format!("{path}.keys"), "empty", "a menu has at least one key");
                }
                for key in keys.keys().filter(|key| !matches!(key, '0'..='9' | '#')) {
                    self.problem(
                        format!("{path}.keys.{key}"),
                        "invalid_key",
                        "a key is one of 0-9 and #; star has its own setting",
                    );
                }
            }
            Action::Voicemail { limit_seconds, .. } if *limit_seconds > MAX_VOICEMAIL_SECONDS => {
                let message = format!("at most {MAX_VOICEMAIL_SECONDS} seconds");
                self.problem(format!("{path}.limit_seconds"), "out_of_range", message);
            }
            Action::Tag { tags } => {
                if tags.len() > MAX_TAGS {
                    self.problem(format!("{path}.tags"), "too_many", format!("at most {MAX_TAGS} tags"));
                }
                if tags.iter().any(|tag| tag.trim().is_empty() || tag.chars().count() > MAX_TAG_CHARS) {
                    self.problem(
                        format!("{path}.tags"),
                        "invalid_tag",
                        format!("1 to {MAX_TAG_CHARS} characters each"),
                    );
                }
            }
            _ => {}
        }
    }

    /// The steps a step leads to.
    fn next(&self, place: usize) -> Vec<usize> {
        let actions = self.revision.steps.get(place).map(|step| step.actions.as_slice()).unwrap_or_default();
        actions.iter().flat_map(ways).filter_map(|way| self.places.get(way.as_str()).copied()).collect()
    }

    /// All steps that can be come to from `from`, those included.
    fn reachable(&self, from: Vec<usize>) -> BTreeSet<usize> {
        let (mut seen, mut open) = (BTreeSet::new(), from);
        while let Some(place) = open.pop() {
            if seen.insert(place) {
                open.extend(self.next(place));
            }
        }
        seen
    }

    fn reach(&mut self) {
        let reached = self.reachable(vec![0]);
        for place in (0..self.revision.steps.len()).filter(|place| !reached.contains(place)) {
            self.problem(format!("steps.{place}"), "unreachable", "nothing leads to this step");
        }
    }

    /// R136: A→B→A is not allowed.
    fn try_connect_once(&mut self) {
        for (place, step) in self.revision.steps.iter().enumerate() {
            let Some(Action::TryConnect { unavailable: Some(way) }) =
                step.actions.iter().find(|action| matches!(action, Action::TryConnect { .. }))
            else {
                continue;
            };
            let from = self.places.get(way.as_str()).copied();
            if from.is_some_and(|from| self.reachable(vec![from]).contains(&place)) {
                let message = format!("from \"{way}\" the way leads back here, but a step tries to connect only once");
                self.problem(format!("steps.{place}"), "try_connect_again", message);
            }
        }
    }

    /// Steps that only lead on to one another: the customer could never do anything.
    fn endless(&mut self) {
        for place in 0..self.revision.steps.len() {
            let (mut at, mut walked) = (place, BTreeSet::new());
            while walked.insert(at) {
                match self.revision.steps.get(at).and_then(|step| step.actions.iter().find(|action| is_final(action))) {
                    Some(Action::Go { step }) => match self.places.get(step.as_str()) {
                        Some(next) => at = *next,
                        None => break,
                    },
                    _ => break,
                }
                if at == place {
                    self.problem(
                        format!("steps.{place}"),
                        "endless",
                        "the step leads back to itself without a menu between",
                    );
                    break;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RevisionId;

    fn codes(steps: &str) -> Vec<String> {
        let json = format!(
            r#"{{"id":"{}","name":"t","trigger":{{"kind":"customer_called"}},"steps":{steps}}}"#,
            RevisionId(1)
        );
        let revision: Revision = serde_json::from_str(&json).unwrap();
        validate(&revision).into_iter().map(|problem| format!("{} {}", problem.path, problem.code)).collect()
    }

    #[test]
    fn a_sound_workflow_has_no_problem() {
        let steps = r##"[
            {"name":"menu","actions":[{"kind":"keys","speech":{},"keys":{"1":"try","#":"end"}}]},
            {"name":"try","actions":[{"kind":"assign","to":"clear_team"},{"kind":"try_connect","unavailable":"end"}]},
            {"name":"end","actions":[{"kind":"end"}]}]"##;
        assert_eq!(codes(steps), [] as [&str; 0]);
    }

    #[test]
    fn names_the_place_of_each_problem() {
        let long = "x".repeat(65);
        for (steps, expected) in [
            ("[]".to_owned(), "steps empty"),
            (r#"[{"name":"a","actions":[{"kind":"go","step":"b"}]}]"#.to_owned(), "steps.0.actions.0 unknown_step"),
            (r#"[{"name":"a","actions":[]},{"name":"b","actions":[]}]"#.to_owned(), "steps.1 unreachable"),
            (r#"[{"name":"a","actions":[]},{"name":"a","actions":[]}]"#.to_owned(), "steps.1.name duplicate"),
            (format!(r#"[{{"name":"{long}","actions":[]}}]"#), "steps.0.name too_long"),
            (r#"[{"name":"a","actions":[{"kind":"end"},{"kind":"end"}]}]"#.to_owned(), "steps.0.actions.1 after_final"),
            (
                r#"[{"name":"a","actions":[{"kind":"keys","speech":{},"keys":{"*":"a"}}]}]"#.to_owned(),
                "steps.0.actions.0.keys.* invalid_key",
            ),
            (r#"[{"name":"a","actions":[{"kind":"go","step":"a"}]}]"#.to_owned(), "steps.0 endless"),
            (
                r#"[{"name":"a","actions":[{"kind":"voicemail","speech":{},"limit_seconds":601}]}]"#.to_owned(),
                "steps.0.actions.0.limit_seconds out_of_range",
            ),
        ] {
            let found = codes(&steps);
            assert!(found.iter().any(|code| code == expected), "{expected} is not in {found:?}");
        }
    }

    #[test]
    fn a_try_connect_may_not_be_returned_to() {
        let steps = |back: &str| {
            format!(
                r#"[{{"name":"a","actions":[{{"kind":"try_connect","unavailable":"b"}}]}},
                {{"name":"b","actions":[{{"kind":"try_connect","unavailable":"{back}"}}]}},
                {{"name":"c","actions":[{{"kind":"end"}}]}}]"#
            )
        };
        assert!(codes(&steps("a")).contains(&"steps.0 try_connect_again".to_owned()));
        assert_eq!(codes(&steps("c")), [] as [&str; 0]);
    }
}
