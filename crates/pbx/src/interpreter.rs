//! The workflow interpreter: a cursor over an immutable revision. It says what is to happen next and knows neither calls
//! nor time, so that a simulation of a draft walks the same code as a customer's call.

use crate::fact::Key;
use crate::workflow::{Action, Assignee, Revision, Speech, Star, Step, StepName, Trigger};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is to happen next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Say this, then [`Run::advance`].
    Say(Speech),
    /// Say this and wait for a key: [`Run::press`] or [`Run::no_input`].
    Ask(Speech),
    /// "That key is not in use", then as `Ask`.
    AskAfterInvalid(Speech),
    /// The key means nothing here; nothing changes.
    Ignore,
    /// Assign, then [`Run::advance`].
    Assign(Assignee),
    /// Tag, then [`Run::advance`].
    Tag(Vec<String>),
    /// Ring who is assigned; when they cannot answer [`Run::go`] to `unavailable`, or tell the customer.
    TryConnect {
        /// Where to go on.
        unavailable: Option<StepName>,
    },
    /// Say this, record and hang up.
    Voicemail {
        /// The prompt.
        speech: Speech,
        /// Longest message in seconds.
        limit_seconds: u32,
    },
    /// Hang up.
    End {
        /// Left among the missed conversations?
        leave_missed: bool,
    },
    /// No action follows (R122).
    RanOut,
    /// The customer did not use the menu as often as allowed (R119).
    GaveUp,
    /// The workflow is broken here; the run is over.
    Broken(Fault),
}

/// What is wrong with a workflow that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A branch leads to a step that does not exist.
    UnknownStep(StepName),
    /// More steps were entered on end than there are, without the customer pressing a key or staying silent at a menu.
    Loop,
    /// A second try-connect of this step (R136).
    SecondTry(StepName),
}

/// A run of a revision.
#[derive(Clone, Debug)]
pub struct Run {
    revision: Arc<Revision>,
    step: usize,
    action: usize,
    /// The step of the first menu, where `*` may lead back to.
    first_menu: Option<usize>,
    /// Steps whose try-connect ran.
    tried: BTreeSet<usize>,
    /// Steps entered since the customer last had a say; more than there are is a loop.
    entered_on_end: usize,
    /// How often the present menu was said without use.
    unused: u8,
}

impl Run {
    /// A run at the first action of the first step.
    #[must_use]
    pub fn new(revision: Arc<Revision>) -> Self {
        Self { revision, step: 0, action: 0, first_menu: None, tried: BTreeSet::new(), entered_on_end: 0, unused: 0 }
    }

    fn current(&self) -> Option<&Step> {
        self.revision.steps.get(self.step)
    }

    /// The name of the step the run is in.
    #[must_use]
    pub fn step_name(&self) -> &str {
        self.current().map_or("", |step| step.name.as_str())
    }

    fn repeat_count(&self) -> u8 {
        let Trigger::CustomerCalled { repeat_count } = self.revision.trigger;
        repeat_count.clamp(1, 10)
    }

    /// The next action's effect.
    pub fn advance(&mut self) -> Effect {
        // Ends: each turn takes an action of the step or enters another one, which the guard against loops counts.
        loop {
            let Some(action) = self.current().and_then(|step| step.actions.get(self.action)).cloned() else {
                return Effect::RanOut;
            };
            self.action += 1;
            if let Some(effect) = self.effect_of(action) {
                return effect;
            }
        }
    }

    /// What an action is to outsiders; nothing when it only led to another step.
    fn effect_of(&mut self, action: Action) -> Option<Effect> {
        Some(match action {
            Action::VoiceMessage { speech } => Effect::Say(speech),
            Action::Keys { speech, .. } => {
                self.first_menu.get_or_insert(self.step);
                self.unused = 0;
                Effect::Ask(speech)
            }
            Action::Assign { to } => Effect::Assign(to),
            Action::TryConnect { unavailable } if self.tried.insert(self.step) => Effect::TryConnect { unavailable },
            Action::TryConnect { .. } => Effect::Broken(Fault::SecondTry(self.step_name().to_owned())),
            Action::Voicemail { speech, limit_seconds } => Effect::Voicemail { speech, limit_seconds },
            Action::End { leave_missed } => Effect::End { leave_missed },
            Action::Tag { tags } => Effect::Tag(tags),
            Action::Go { step } => return self.enter(&step).err().map(Effect::Broken),
        })
    }

    fn enter(&mut self, name: &str) -> Result<(), Fault> {
        let found = self.revision.steps.iter().position(|step| step.name == name);
        self.step = found.ok_or_else(|| Fault::UnknownStep(name.to_owned()))?;
        self.action = 0;
        self.entered_on_end += 1;
        if self.entered_on_end > self.revision.steps.len() { Err(Fault::Loop) } else { Ok(()) }
    }

    /// Goes on at the first action of a step.
    pub fn go(&mut self, name: &str) -> Effect {
        match self.enter(name) {
            Ok(()) => self.advance(),
            Err(fault) => Effect::Broken(fault),
        }
    }

    /// The menu the run waits at.
    fn menu(&self) -> Option<&Action> {
        let action = self.current()?.actions.get(self.action.checked_sub(1)?)?;
        matches!(action, Action::Keys { .. }).then_some(action)
    }

    /// The customer pressed a key at the menu.
    pub fn press(&mut self, key: Key) -> Effect {
        let Some(Action::Keys { speech, keys, star }) = self.menu().cloned() else { return Effect::Ignore };
        self.entered_on_end = 0;
        if key.as_char() == '*' {
            return match (star, self.first_menu) {
                (Star::Repeat, _) | (Star::First, None) => Effect::Ask(speech),
                (Star::First, Some(first)) => {
                    (self.step, self.action) = (first, 0);
                    self.skip_to_menu()
                }
                (Star::Off, _) => Effect::Ignore,
            };
        }
        match keys.get(&key.as_char()) {
            Some(step) => self.go(step),
            None => self.unused(Effect::AskAfterInvalid(speech)),
        }
    }

    /// Back to the menu of a step, past what is said before it.
    fn skip_to_menu(&mut self) -> Effect {
        if let Some(place) =
            self.current().and_then(|step| step.actions.iter().position(|action| matches!(action, Action::Keys { .. })))
        {
            self.action = place;
        }
        self.advance()
    }

    /// The customer stayed silent at the menu.
    pub fn no_input(&mut self) -> Effect {
        let Some(Action::Keys { speech, .. }) = self.menu().cloned() else { return Effect::Ignore };
        self.entered_on_end = 0;
        self.unused(Effect::Ask(speech))
    }

    fn unused(&mut self, again: Effect) -> Effect {
        self.unused = self.unused.saturating_add(1);
        if self.unused >= self.repeat_count() { Effect::GaveUp } else { again }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RevisionId;

    fn run(steps: &str) -> Run {
        let json = format!(
            r#"{{"id":"{}","name":"t","trigger":{{"kind":"customer_called","repeat_count":2}},"steps":{steps}}}"#,
            RevisionId(1)
        );
        Run::new(Arc::new(serde_json::from_str(&json).unwrap()))
    }
    fn text(text: &str) -> Speech {
        Speech { text: text.to_owned(), ..Speech::default() }
    }
    fn key(c: char) -> Key {
        Key::new(c).unwrap()
    }
    const MENU: &str = r#"[
        {"name":"hello","actions":[{"kind":"voice_message","speech":{"text":"hi"}},{"kind":"go","step":"menu"}]},
        {"name":"menu","actions":[{"kind":"keys","speech":{"text":"1 or 2"},"keys":{"1":"bye","2":"sub"},"star":"repeat"}]},
        {"name":"sub","actions":[{"kind":"keys","speech":{"text":"sub"},"keys":{"1":"nowhere"},"star":"first"}]},
        {"name":"bye","actions":[{"kind":"end"}]}]"#;

    #[test]
    fn walks_a_menu() {
        let mut run = run(MENU);
        assert_eq!(run.advance(), Effect::Say(text("hi")));
        assert_eq!(run.advance(), Effect::Ask(text("1 or 2")));
        assert_eq!(run.press(key('*')), Effect::Ask(text("1 or 2")));
        assert_eq!(run.press(key('2')), Effect::Ask(text("sub")));
        assert_eq!(run.press(key('*')), Effect::Ask(text("1 or 2")), "star leads back to the first menu");
        assert_eq!(run.press(key('1')), Effect::End { leave_missed: true });
    }

    #[test]
    fn silence_and_wrong_keys_count_together() {
        let mut run = run(MENU);
        run.advance();
        run.advance();
        assert_eq!(run.press(key('9')), Effect::AskAfterInvalid(text("1 or 2")));
        assert_eq!(run.no_input(), Effect::GaveUp);
    }

    #[test]
    fn a_branch_to_nowhere_is_a_fault() {
        let mut run = run(MENU);
        run.advance();
        run.advance();
        run.press(key('2'));
        assert_eq!(run.press(key('1')), Effect::Broken(Fault::UnknownStep("nowhere".to_owned())));
    }

    #[test]
    fn a_loop_without_input_ends() {
        let mut run = run(r#"[{"name":"a","actions":[{"kind":"go","step":"a"}]}]"#);
        assert_eq!(run.advance(), Effect::Broken(Fault::Loop));
    }

    #[test]
    fn saying_something_does_not_make_a_loop_right() {
        let mut run = run(
            r#"[{"name":"a","actions":[{"kind":"voice_message","speech":{"text":"hi"}},{"kind":"go","step":"a"}]}]"#,
        );
        assert_eq!([run.advance(), run.advance()], [Effect::Say(text("hi")), Effect::Say(text("hi"))]);
        assert_eq!(run.advance(), Effect::Broken(Fault::Loop));
    }

    #[test]
    fn a_steps_try_connect_runs_once() {
        let mut run = run(r#"[{"name":"a","actions":[{"kind":"try_connect","unavailable":"b"}]},
            {"name":"b","actions":[{"kind":"go","step":"a"}]}]"#);
        assert_eq!(run.advance(), Effect::TryConnect { unavailable: Some("b".to_owned()) });
        assert_eq!(run.go("b"), Effect::Broken(Fault::SecondTry("a".to_owned())));
    }

    #[test]
    fn a_workflow_without_steps_runs_out() {
        assert_eq!(run("[]").advance(), Effect::RanOut);
    }
}
