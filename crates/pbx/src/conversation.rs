//! Conversations of calls in progress: made when a call enters the inbox, kept until the last of its calls is over
//! (R79–R92 with continuing off).

use crate::call::Call;
use crate::pbx::Pbx;
use crate::record::{ConversationRecord, ConversationState, EntryRecord};
use crate::{ConversationId, CustomerId, EntryId, ManagerId, MissedReason, Record, UnixMillis};

/// Tags of a conversation at most (behaviour 2.7).
pub const MAX_TAGS: usize = 8;
/// Characters of a tag at most.
pub const MAX_TAG_CHARS: usize = 64;

/// A conversation's row and how many running calls are in it.
#[derive(Debug)]
pub(crate) struct LiveConversation {
    pub row: ConversationRecord,
    calls: u32,
}

impl Pbx {
    /// Makes the conversation of a call that enters the inbox; a lead too, for an unknown caller. Does nothing when the
    /// call has one.
    pub(crate) fn open_conversation(&mut self, call: &mut Call, now: UnixMillis) {
        if call.record.conversation_id.is_some() {
            return;
        }
        let customer_id = self.customer_of(call, now);
        let id = ConversationId(self.ids.next(now));
        let mut row = ConversationRecord {
            id,
            state: ConversationState::Open,
            customer_id,
            number_id: call.record.number_id,
            team_id: call.assignment.team,
            assignee_id: call.assignment.manager,
            missed_reason: None,
            tags: Vec::new(),
            created_at: now,
            last_activity_at: now,
            closed_at: None,
        };
        add_tags(&mut row.tags, &call.tags);
        call.set_conversation(id);
        self.record(Record::Conversation(Box::new(row.clone())));
        if let Some(team) = row.team_id {
            self.entry(id, "team_assigned", team.to_string(), None, now);
        }
        if let Some(manager) = row.assignee_id {
            self.entry(id, "assignee_assigned", manager.to_string(), None, now);
        }
        self.conversations.insert(id, LiveConversation { row, calls: 1 });
    }

    /// Stacks an outbound call in a conversation there is (R86, R87). The row in memory wins over the one handed in.
    pub(crate) fn join_conversation(&mut self, call: &mut Call, stored: ConversationRecord, now: UnixMillis) {
        let live = self.conversations.entry(stored.id).or_insert(LiveConversation { row: stored, calls: 0 });
        live.calls = live.calls.saturating_add(1);
        live.row.last_activity_at = now;
        let row = live.row.clone();
        call.set_customer(row.customer_id);
        call.set_conversation(row.id);
        self.record(Record::Conversation(Box::new(row)));
    }

    /// A call of the conversation is over; after the last one the row is the store's alone.
    pub(crate) fn leave_conversation(&mut self, call: &Call, now: UnixMillis) {
        let Some(id) = call.record.conversation_id else { return };
        self.change_conversation(id, now, |_| {});
        if let Some(live) = self.conversations.get_mut(&id) {
            live.calls = live.calls.saturating_sub(1);
            if live.calls == 0 {
                self.conversations.remove(&id);
            }
        }
    }

    /// Who answered is the assignee; a missed conversation is open again (R88).
    pub(crate) fn conversation_answered(&mut self, call: &Call, manager: ManagerId, now: UnixMillis) {
        let Some(id) = call.record.conversation_id else { return };
        let before = self.conversations.get(&id).map(|live| (live.row.assignee_id, live.row.state));
        self.change_conversation(id, now, |row| {
            row.assignee_id = Some(manager);
            row.missed_reason = None;
            row.state = ConversationState::Open;
            row.closed_at = None;
        });
        let Some((assignee, state)) = before else { return };
        if state != ConversationState::Open {
            self.entry(id, "state_changed", state_word(ConversationState::Open).to_owned(), Some(manager), now);
        }
        if assignee != Some(manager) {
            self.entry(id, "assignee_assigned", manager.to_string(), Some(manager), now);
        }
    }

    /// The conversation's call was missed.
    pub(crate) fn conversation_missed(&mut self, call: &Call, reason: MissedReason, now: UnixMillis) {
        let Some(id) = call.record.conversation_id else { return };
        self.change_conversation(id, now, |row| {
            row.state = ConversationState::Missed;
            row.missed_reason = Some(reason);
        });
    }

    fn change_conversation(
        &mut self,
        id: ConversationId,
        now: UnixMillis,
        change: impl FnOnce(&mut ConversationRecord),
    ) {
        let Some(live) = self.conversations.get_mut(&id) else { return };
        change(&mut live.row);
        live.row.last_activity_at = live.row.last_activity_at.max(now);
        let row = live.row.clone();
        self.record(Record::Conversation(Box::new(row)));
    }

    /// A line of the timeline.
    pub(crate) fn entry(
        &mut self,
        to: ConversationId,
        kind: &'static str,
        value: String,
        by: Option<ManagerId>,
        now: UnixMillis,
    ) {
        let id = EntryId(self.ids.next(now));
        self.record(Record::Entry(Box::new(EntryRecord { id, conversation_id: to, kind, value, at: now, by })));
    }

    /// The call's customer; a lead is made for an unknown one (R4).
    fn customer_of(&mut self, call: &mut Call, now: UnixMillis) -> CustomerId {
        let known = call.record.customer_id.or_else(|| self.customers.find(&call.caller).map(|brief| brief.id));
        let id = known.unwrap_or_else(|| {
            let id = CustomerId(self.ids.next(now));
            let lead = self.customers.new_lead(id, &call.caller, now);
            self.record(Record::Customer(Box::new(lead)));
            id
        });
        call.set_customer(id);
        id
    }
}

/// Adds tags that are not there yet, up to [`MAX_TAGS`].
pub(crate) fn add_tags(tags: &mut Vec<String>, new: &[String]) {
    for tag in new {
        if tags.len() < MAX_TAGS && !tags.contains(tag) {
            tags.push(tag.clone());
        }
    }
}

/// A state's name as in the contract.
pub(crate) fn state_word(state: ConversationState) -> &'static str {
    match state {
        ConversationState::Open => "open",
        ConversationState::Snoozed => "snoozed",
        ConversationState::Missed => "missed",
        ConversationState::Queued => "queued",
        ConversationState::Closed => "closed",
    }
}
