//! Workflows as they are stored and edited: a draft, and published revisions that never change.

use super::mistake::{Checked, Mistakes};
use pbx::workflow::{Revision, Step, Trigger};
use pbx::{RevisionId, UnixMillis, WorkflowId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Where a workflow stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WorkflowState {
    /// Never published.
    Draft,
    /// Its latest revision runs.
    Live,
    /// Was live once.
    Stopped,
}

/// A workflow's editable fields: the draft.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkflowFields {
    /// 1–60 characters.
    pub name: String,
    /// What starts it.
    #[serde(default = "called")]
    #[schema(value_type = Object)]
    pub trigger: Trigger,
    /// Its steps; the first is where it begins.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    pub steps: Vec<Step>,
    /// Its place in the list, the topmost is 0; at the end when left out.
    #[serde(default)]
    pub position: u32,
}

fn called() -> Trigger {
    Trigger::CustomerCalled { repeat_count: 3 }
}

/// The most steps of a workflow.
pub const MOST_STEPS: usize = 500;

impl Checked for WorkflowFields {
    fn check(&self, mistakes: &mut Mistakes) {
        mistakes.text("name", &self.name, 1, 60);
        let Trigger::CustomerCalled { repeat_count } = &self.trigger;
        mistakes.range("trigger.repeat_count", (*repeat_count).into(), 1, 10);
        mistakes.range("steps", self.steps.len() as u64, 0, MOST_STEPS as u64);
        for (place, step) in self.steps.iter().enumerate() {
            mistakes.text(&format!("steps[{place}].name"), &step.name, 1, 64);
            mistakes.range(&format!("steps[{place}].actions"), step.actions.len() as u64, 0, 100);
        }
    }
}

/// A workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct Workflow {
    /// Which one.
    pub id: WorkflowId,
    /// Where it stands.
    pub state: WorkflowState,
    /// The draft.
    pub fields: WorkflowFields,
    /// The latest published revision.
    pub latest: Option<Arc<Revision>>,
    /// When that was published.
    pub published_at: Option<UnixMillis>,
}

impl Workflow {
    /// What publishing the draft would make.
    #[must_use]
    pub fn revision(&self, id: RevisionId) -> Revision {
        Revision {
            id,
            name: self.fields.name.clone(),
            trigger: self.fields.trigger.clone(),
            steps: self.fields.steps.clone(),
        }
    }
}
