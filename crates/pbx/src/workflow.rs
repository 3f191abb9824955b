//! A workflow as it is stored and run: a trigger, and steps that hold actions.

use crate::command::BuiltIn;
use crate::{AudioId, ManagerId, RevisionId, TeamId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The name of a step within its workflow, at most 64 characters.
pub type StepName = String;

/// What starts a workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Trigger {
    /// A customer called (R117).
    CustomerCalled {
        /// How often an announcement is repeated without input before the call ends, 1–10 (R149).
        #[serde(default = "three")]
        repeat_count: u8,
    },
}

fn three() -> u8 {
    3
}

/// What a workflow says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speech {
    /// The words, for people to read and for a speech engine.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The audio made of them, or uploaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio_id: Option<AudioId>,
    /// A recording that ships with sori.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub built_in: Option<BuiltIn>,
}

/// What `*` does in a menu (behaviour 2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Star {
    /// Says the menu again.
    #[default]
    Repeat,
    /// Back to the first menu.
    First,
    /// Nothing.
    Off,
}

/// Whom to assign (R126).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assignee {
    /// A team.
    Team(TeamId),
    /// A manager.
    Manager(ManagerId),
    /// No team any more.
    ClearTeam,
    /// No manager any more.
    ClearManager,
}

/// An action. Fields are named by what they hold.
#[allow(missing_docs)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    /// Audio to the customer (R122).
    VoiceMessage { speech: Speech },
    /// A menu (R121): announcement, then a key leads to a step. Last action of its step.
    Keys {
        speech: Speech,
        keys: BTreeMap<char, StepName>,
        #[serde(default)]
        star: Star,
    },
    /// Assigns or clears team and assignee.
    Assign { to: Assignee },
    /// Rings who is assigned, or goes on to `unavailable` when they cannot answer (R127, R133). Last action of its step.
    TryConnect { unavailable: Option<StepName> },
    /// Takes a message and hangs up (R124). Last action of its step.
    Voicemail { speech: Speech, limit_seconds: u32 },
    /// Hangs up (R123). Last action of its step.
    End {
        /// Left among the missed conversations? Default true.
        #[serde(default = "yes")]
        leave_missed: bool,
    },
    /// Sets tags on the conversation.
    Tag { tags: Vec<String> },
    /// Goes on with another step. Last action of its step.
    Go { step: StepName },
}

fn yes() -> bool {
    true
}

/// A step: actions one after the other. When nothing follows, the call is hung up (R122).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its name; shown as the button's name in inbox and statistics.
    pub name: StepName,
    /// Its actions.
    pub actions: Vec<Action>,
}

/// A published, immutable revision. The first step is where it begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// Which one.
    pub id: RevisionId,
    /// The workflow's name.
    pub name: String,
    /// What starts it.
    pub trigger: Trigger,
    /// Its steps.
    pub steps: Vec<Step>,
}
