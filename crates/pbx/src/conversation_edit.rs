//! Changing a conversation by hand: state, team, assignee, tags (R88, R148).

use crate::conversation::{MAX_TAG_CHARS, MAX_TAGS, add_tags, state_word};
use crate::pbx::Pbx;
use crate::record::{ConversationRecord, ConversationState};
use crate::{ManagerId, Record, TeamId, UnixMillis};
use std::fmt;

/// What to change; `None` leaves a field as it is, `Some(None)` empties it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConversationEdit {
    /// The state to move to.
    pub state: Option<ConversationState>,
    /// The team.
    pub team_id: Option<Option<TeamId>>,
    /// The manager it belongs to.
    pub assignee_id: Option<Option<ManagerId>>,
    /// All tags, at most [`MAX_TAGS`] of at most [`MAX_TAG_CHARS`] characters.
    pub tags: Option<Vec<String>>,
}

/// Why an edit is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditRefusal {
    /// No such team.
    UnknownTeam,
    /// No such manager.
    UnknownManager,
    /// The manager has no operator seat.
    NoSeat,
    /// Nobody moves a conversation to `missed` or `queued` by hand.
    InvalidState,
    /// A call of the conversation is in progress.
    CallInProgress,
    /// Too many tags.
    TooManyTags,
    /// An empty tag, or one that is too long.
    InvalidTag,
}

impl EditRefusal {
    /// The field that is wrong.
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            Self::UnknownTeam => "team_id",
            Self::UnknownManager | Self::NoSeat => "assignee_id",
            Self::InvalidState | Self::CallInProgress => "state",
            Self::TooManyTags | Self::InvalidTag => "tags",
        }
    }

    /// The code for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::UnknownTeam => "unknown_team",
            Self::UnknownManager => "unknown_manager",
            Self::NoSeat => "no_seat",
            Self::InvalidState => "invalid_state",
            Self::CallInProgress => "call_in_progress",
            Self::TooManyTags => "too_many",
            Self::InvalidTag => "invalid_tag",
        }
    }
}

impl fmt::Display for EditRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownTeam => f.write_str("team_id: there is no such team"),
            Self::UnknownManager => f.write_str("assignee_id: there is no such manager"),
            Self::NoSeat => f.write_str("assignee_id: the manager has no operator seat"),
            Self::InvalidState => f.write_str("state: only open, snoozed and closed can be chosen"),
            Self::CallInProgress => f.write_str("state: a conversation with a call in progress cannot be closed"),
            Self::TooManyTags => write!(f, "tags: at most {MAX_TAGS}"),
            Self::InvalidTag => write!(f, "tags: 1 to {MAX_TAG_CHARS} characters each"),
        }
    }
}
impl std::error::Error for EditRefusal {}

impl Pbx {
    /// Changes a conversation. `current` is the stored row; the row of one with a call in progress is in memory and wins.
    /// Records of the row and of its timeline follow.
    ///
    /// # Errors
    /// When the edit asks for something that cannot be; nothing has changed then.
    pub fn edit_conversation(
        &mut self,
        current: ConversationRecord,
        edit: ConversationEdit,
        by: ManagerId,
        now: UnixMillis,
    ) -> Result<ConversationRecord, EditRefusal> {
        let live = self.conversations.get(&current.id);
        let in_progress = live.is_some();
        let before = live.map_or(current, |live| live.row.clone());
        self.check_edit(&before, &edit, in_progress)?;
        let mut row = before.clone();
        if let Some(state) = edit.state {
            move_to(&mut row, state, now);
        }
        row.team_id = edit.team_id.unwrap_or(row.team_id);
        row.assignee_id = edit.assignee_id.unwrap_or(row.assignee_id);
        if let Some(tags) = &edit.tags {
            row.tags.clear();
            add_tags(&mut row.tags, tags);
        }
        if row != before {
            self.tell_edit(&before, &row, by, now);
        }
        if let Some(live) = self.conversations.get_mut(&row.id) {
            live.row = row.clone();
        }
        Ok(row)
    }

    fn check_edit(
        &self,
        before: &ConversationRecord,
        edit: &ConversationEdit,
        in_progress: bool,
    ) -> Result<(), EditRefusal> {
        use ConversationState::{Closed, Missed, Queued};
        match edit.state {
            Some(state @ (Missed | Queued)) if state != before.state => return Err(EditRefusal::InvalidState),
            Some(Closed) if in_progress => return Err(EditRefusal::CallInProgress),
            _ => {}
        }
        if let Some(Some(team)) = edit.team_id
            && !self.settings.teams.contains_key(&team)
        {
            return Err(EditRefusal::UnknownTeam);
        }
        if let Some(Some(manager)) = edit.assignee_id {
            let manager = self.settings.managers.get(&manager).ok_or(EditRefusal::UnknownManager)?;
            // Who is the assignee already may stay it without a seat.
            if !manager.seat && before.assignee_id != Some(manager.id) {
                return Err(EditRefusal::NoSeat);
            }
        }
        let tags = edit.tags.as_deref().unwrap_or_default();
        if tags.len() > MAX_TAGS {
            return Err(EditRefusal::TooManyTags);
        }
        let fits = |tag: &String| !tag.trim().is_empty() && tag.chars().count() <= MAX_TAG_CHARS;
        if tags.iter().all(fits) { Ok(()) } else { Err(EditRefusal::InvalidTag) }
    }

    fn tell_edit(&mut self, before: &ConversationRecord, row: &ConversationRecord, by: ManagerId, now: UnixMillis) {
        self.record(Record::Conversation(Box::new(row.clone())));
        let name = |id: Option<String>| id.unwrap_or_default();
        if row.state != before.state {
            self.entry(row.id, "state_changed", state_word(row.state).to_owned(), Some(by), now);
        }
        if row.team_id != before.team_id {
            self.entry(row.id, "team_assigned", name(row.team_id.map(|id| id.to_string())), Some(by), now);
        }
        if row.assignee_id != before.assignee_id {
            self.entry(row.id, "assignee_assigned", name(row.assignee_id.map(|id| id.to_string())), Some(by), now);
        }
    }
}

/// R88: the missed reason stays through closing and goes with any other move.
fn move_to(row: &mut ConversationRecord, state: ConversationState, now: UnixMillis) {
    if row.state == state {
        return;
    }
    row.state = state;
    row.closed_at = (state == ConversationState::Closed).then_some(now);
    if state != ConversationState::Closed {
        row.missed_reason = None;
    }
}
