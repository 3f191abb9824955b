//! A workflow in a call: carries out what the interpreter says (R111–R136).

use crate::announcement;
use crate::availability::Outlook;
use crate::call::{Assignment, Call, MAX_KEY_PRESSES, Stage, State, Target};
use crate::command::{Audio, BuiltIn};
use crate::conversation::add_tags;
use crate::fact::{Key, Party};
use crate::interpreter::{Effect, Fault, Run};
use crate::pbx::Pbx;
use crate::record::KeyPress;
use crate::routing;
use crate::timer::Timer;
use crate::workflow::{Assignee, Revision, Speech, StepName};
use crate::{Command, MissedReason, PlaybackId, UnixMillis};
use std::sync::Arc;

/// Longest a call may stay in its workflow, 15 minutes.
pub(crate) const MAX_WORKFLOW_MS: u64 = 900_000;
/// How long a key is waited for after a menu's announcement.
pub(crate) const KEY_WAIT_MS: u64 = 5_000;
/// What a menu without any audio sounds like, in milliseconds.
const SILENT_MENU_MS: u32 = 500;

/// The run and its next effect; nothing when the run stands and waits for a fact, or is over.
type Next = Option<(Box<Run>, Effect)>;

/// The run waits in the call for a fact.
fn stand(call: &mut Call, run: Box<Run>, stage: Stage) -> Next {
    call.state = State::Workflow { run, stage };
    None
}

/// Goes on with the next action.
fn advance(mut run: Box<Run>) -> Next {
    let effect = run.advance();
    Some((run, effect))
}

fn trace_step(call: &mut Call, run: &Run, now: UnixMillis) {
    call.trace(now, format!("step:{}", run.step_name()), "");
}

impl Pbx {
    pub(crate) fn start_workflow(&mut self, call: &mut Call, revision: Arc<Revision>, now: UnixMillis) {
        call.trace(now, "workflow", &revision.name);
        self.start_timer(call, Timer::Workflow, now.plus_ms(MAX_WORKFLOW_MS));
        if revision.steps.iter().all(|step| step.actions.is_empty()) {
            // R150: an empty workflow says the greeting; then there is nothing more to do than to ring.
            return self.greet_for_empty_workflow(call, now);
        }
        let mut run = Box::new(Run::new(revision));
        let effect = run.advance();
        self.carry_out(call, run, effect, now);
    }

    fn greet_for_empty_workflow(&mut self, call: &mut Call, now: UnixMillis) {
        self.stop_timer(call, Timer::Workflow);
        let target = Target::UnassignedAlert;
        let Some(audio) = announcement::greeting(call) else { return self.start_ringing(call, target, now) };
        let playback = self.say(call, vec![audio], now);
        call.state = State::Greeting { playback, target };
    }

    /// Carries out effects until the run waits or is over. The interpreter's guard against loops bounds this one.
    fn carry_out(&mut self, call: &mut Call, run: Box<Run>, effect: Effect, now: UnixMillis) {
        let mut next = Some((run, effect));
        while let Some((run, effect)) = next {
            next = self.carry_out_one(call, run, effect, now);
        }
    }

    fn carry_out_one(&mut self, call: &mut Call, run: Box<Run>, effect: Effect, now: UnixMillis) -> Next {
        match effect {
            Effect::Say(speech) => {
                trace_step(call, &run, now);
                let Some(audio) = announcement::speech(call, &speech) else { return advance(run) };
                let playback = self.say(call, vec![audio], now);
                stand(call, run, Stage::Speaking(playback))
            }
            Effect::Ask(speech) => self.ask(call, run, &speech, None, now),
            Effect::AskAfterInvalid(speech) => {
                let invalid = Audio::BuiltIn(BuiltIn::InvalidKey, call.language);
                self.ask(call, run, &speech, Some(invalid), now)
            }
            Effect::Assign(to) => {
                assign(call, to, now);
                advance(run)
            }
            Effect::Tag(tags) => {
                add_tags(&mut call.tags, &tags);
                advance(run)
            }
            Effect::TryConnect { unavailable } => {
                trace_step(call, &run, now);
                self.try_connect(call, run, unavailable, now)
            }
            Effect::Voicemail { speech, limit_seconds } => {
                trace_step(call, &run, now);
                let playback = self.voicemail_prompt(call, &speech, now);
                stand(call, run, Stage::VoicemailPrompt { playback, limit_seconds })
            }
            over => {
                self.finish_workflow(call, over, now);
                None
            }
        }
    }

    fn ask(&mut self, call: &mut Call, run: Box<Run>, speech: &Speech, before: Option<Audio>, now: UnixMillis) -> Next {
        trace_step(call, &run, now);
        let menu = announcement::speech(call, speech).unwrap_or(Audio::Silence(SILENT_MENU_MS));
        let playback = self.say(call, before.into_iter().chain([menu]).collect(), now);
        stand(call, run, Stage::Asking(playback))
    }

    /// Rings who is assigned, when they can answer; else goes on with the other step (R127, R133).
    fn try_connect(
        &mut self,
        call: &mut Call,
        mut run: Box<Run>,
        unavailable: Option<StepName>,
        now: UnixMillis,
    ) -> Next {
        let target = self.connect_target(call);
        call.trace(now, "try_connect", target_word(target));
        let outlook = match target {
            Target::Team(team) if !routing::team_is_open(&call.settings, team, now) => {
                Outlook::Nobody(MissedReason::NoOperator)
            }
            _ => self.outlook(call, target),
        };
        match (unavailable, outlook) {
            // Managers who only ring for another call are waited for when the workflow names no other way.
            (Some(_), Outlook::Available) | (None, Outlook::Available | Outlook::Soon) => {
                self.start_ringing(call, target, now);
                None
            }
            (Some(step), Outlook::Soon | Outlook::Nobody(_)) => {
                call.trace(now, "unavailable", &step);
                let effect = run.go(&step);
                Some((run, effect))
            }
            (None, Outlook::Nobody(reason)) => {
                self.announce_all_busy(call, reason, now);
                None
            }
        }
    }

    /// Behaviour 2.2: the manager, else the team, else all. A manager who lost the seat is replaced by all.
    fn connect_target(&self, call: &Call) -> Target {
        match (call.assignment.manager, call.assignment.team) {
            (Some(id), _) if self.settings.managers.get(&id).is_none_or(|manager| !manager.seat) => Target::Everyone,
            (Some(id), _) => Target::Manager(id),
            (None, Some(team)) => Target::Team(team),
            (None, None) => Target::Everyone,
        }
    }

    fn finish_workflow(&mut self, call: &mut Call, over: Effect, now: UnixMillis) {
        match over {
            Effect::End { leave_missed } => {
                call.trace(now, "workflow_ended", if leave_missed { "missed" } else { "" });
                if leave_missed {
                    self.open_conversation(call, now);
                }
                self.miss(call, MissedReason::Workflow, now);
                self.end(call, now);
            }
            // R112: whom the keys assigned is connected, also where the author left out the try-connect.
            Effect::RanOut if !call.assignment.is_empty() => {
                let target = self.connect_target(call);
                self.start_ringing(call, target, now);
            }
            Effect::GaveUp => {
                call.trace(now, "no_input", "");
                self.leave_workflow(call, MissedReason::Workflow, now);
                self.last_words(call, Audio::BuiltIn(BuiltIn::Goodbye, call.language), "goodbye", now);
            }
            Effect::Broken(Fault::SecondTry(step)) => {
                call.trace(now, "second_try_connect", step);
                self.announce_all_busy(call, MissedReason::NoOperator, now);
            }
            Effect::Broken(fault) => {
                let (what, detail) = match fault {
                    Fault::UnknownStep(step) | Fault::SecondTry(step) => ("unknown_step", step),
                    Fault::Loop => ("workflow_loop", String::new()),
                };
                call.trace(now, what, detail);
                self.leave_workflow(call, MissedReason::Workflow, now);
                self.end(call, now);
            }
            _ => {
                self.leave_workflow(call, MissedReason::Workflow, now);
                self.end(call, now);
            }
        }
    }

    /// Missed out of a workflow. Without an assignment the intention is not confirmed and nothing enters the inbox (R114).
    pub(crate) fn leave_workflow(&mut self, call: &mut Call, reason: MissedReason, now: UnixMillis) {
        if !call.assignment.is_empty() {
            self.open_conversation(call, now);
        }
        self.miss(call, reason, now);
    }

    /// The customer hung up in the workflow. A message being recorded is still waited for.
    pub(crate) fn customer_left_workflow(&mut self, call: &mut Call, stage: Stage, now: UnixMillis) {
        match stage {
            Stage::Recording => self.await_recording(call, now),
            Stage::Saving => {}
            _ => {
                self.leave_workflow(call, MissedReason::CustomerLeft, now);
                self.end(call, now);
            }
        }
    }

    pub(crate) fn workflow_playback_ended(
        &mut self,
        call: &mut Call,
        stage: Stage,
        ended: PlaybackId,
        now: UnixMillis,
    ) {
        match stage {
            Stage::Speaking(playback) | Stage::Asking(playback) | Stage::VoicemailPrompt { playback, .. }
                if playback == ended =>
            {
                self.workflow_speech_over(call, stage, now);
            }
            _ => {}
        }
    }

    /// The end of what was said was never heard of: on as if it had been.
    pub(crate) fn workflow_speech_lost(&mut self, call: &mut Call, stage: Stage, now: UnixMillis) {
        call.trace(now, "playback_lost", "");
        self.workflow_speech_over(call, stage, now);
    }

    fn workflow_speech_over(&mut self, call: &mut Call, stage: Stage, now: UnixMillis) {
        match stage {
            Stage::Speaking(_) => self.drive(call, now, Run::advance),
            Stage::Asking(_) => {
                if let State::Workflow { stage, .. } = &mut call.state {
                    *stage = Stage::AwaitingKey;
                }
                self.start_timer(call, Timer::Stage, now.plus_ms(KEY_WAIT_MS));
            }
            Stage::VoicemailPrompt { limit_seconds, .. } => self.record_voicemail(call, limit_seconds, now),
            Stage::AwaitingKey | Stage::Recording | Stage::Saving => {}
        }
    }

    pub(crate) fn no_key_came(&mut self, call: &mut Call, now: UnixMillis) {
        self.drive(call, now, Run::no_input);
    }

    /// A key counts in a menu, while its announcement plays too (barge-in).
    pub(crate) fn customer_pressed(&mut self, call: &mut Call, key: Key, now: UnixMillis) {
        let State::Workflow { run, stage: Stage::Asking(_) | Stage::AwaitingKey } = &call.state else { return };
        let press = KeyPress { step: run.step_name().to_owned(), key, at_ms: now.0 };
        if call.record.keys.len() < MAX_KEY_PRESSES {
            call.record.keys.push(press);
        }
        call.trace(now, "key", key.as_char());
        self.drive(call, now, |run| run.press(key));
    }

    /// Moves the run and carries out what comes of it.
    fn drive(&mut self, call: &mut Call, now: UnixMillis, step: impl FnOnce(&mut Run) -> Effect) {
        match std::mem::replace(&mut call.state, State::Deciding) {
            State::Workflow { mut run, stage } => {
                let effect = step(&mut run);
                if effect == Effect::Ignore {
                    call.state = State::Workflow { run, stage };
                    return;
                }
                if matches!(stage, Stage::Asking(_)) {
                    self.command(Command::StopPlaying { call: call.id, party: Party::Customer });
                }
                self.carry_out(call, run, effect, now);
            }
            other => call.state = other,
        }
    }

    pub(crate) fn workflow_took_too_long(&mut self, call: &mut Call, now: UnixMillis) {
        if matches!(call.state, State::Workflow { stage: Stage::Recording | Stage::Saving, .. }) {
            return;
        }
        call.trace(now, "workflow_too_long", "");
        self.leave_workflow(call, MissedReason::Workflow, now);
        self.end(call, now);
    }
}

fn assign(call: &mut Call, to: Assignee, now: UnixMillis) {
    let Assignment { team, manager } = &mut call.assignment;
    let detail = match to {
        Assignee::Team(id) => {
            *team = Some(id);
            format!("team {id}")
        }
        Assignee::Manager(id) => {
            *manager = Some(id);
            format!("manager {id}")
        }
        Assignee::ClearTeam => {
            *team = None;
            "no team".to_owned()
        }
        Assignee::ClearManager => {
            *manager = None;
            "no manager".to_owned()
        }
    };
    call.trace(now, "assigned", detail);
}

fn target_word(target: Target) -> String {
    match target {
        Target::Manager(id) => format!("manager {id}"),
        Target::Team(id) => format!("team {id}"),
        Target::UnassignedAlert => "unassigned alert".to_owned(),
        Target::Everyone => "everyone".to_owned(),
    }
}
