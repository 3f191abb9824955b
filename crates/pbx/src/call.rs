//! A call: one type for both directions, its state an enum with the data that belongs to it.

use crate::command::Language;
use crate::dial::DialPlan;
use crate::hand_over::HandOver;
use crate::interpreter::Run;
use crate::record::{CallRecord, CallState, Direction, TraceMark};
use crate::ring::Ring;
use crate::settings::{Number, Settings};
use crate::timer::CallTimers;
use crate::{
    CallId, Caller, ConversationId, CustomerId, ManagerId, NumberId, PlaybackId, PresentationId, TeamId, UnixMillis,
};
use std::sync::Arc;

/// Longest call, 12 hours.
pub(crate) const MAX_CALL_MS: u64 = 12 * 3_600_000;
/// Marks a call's trace holds; later ones are dropped.
pub(crate) const MAX_TRACE_MARKS: usize = 200;
/// Key presses a call remembers; later ones still work.
pub(crate) const MAX_KEY_PRESSES: usize = 200;
/// Characters kept of a text that came from outside (a SIP user, a dialled text).
pub(crate) const MAX_OUTSIDE_CHARS: usize = 128;

/// Whom an inbound call rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A manager.
    Manager(ManagerId),
    /// All of a team.
    Team(TeamId),
    /// Managers with the alert for calls without assignee (R100).
    UnassignedAlert,
    /// Every manager with a seat.
    Everyone,
}

/// Where a workflow's run stands between two facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// A voice message plays.
    Speaking(PlaybackId),
    /// A menu's announcement plays; a key stops it.
    Asking(PlaybackId),
    /// The menu was said; a key is awaited.
    AwaitingKey,
    /// The voicemail's prompt and beep play.
    VoicemailPrompt { playback: PlaybackId, limit_seconds: u32 },
    /// The customer's message is recorded.
    Recording,
    /// The customer hung up; the file is still to come.
    Saving,
}

/// Where a call stands.
#[derive(Debug)]
pub(crate) enum State {
    /// Between two states, while one fact is worked on; no call rests here.
    Deciding,
    /// The greeting plays, then managers ring.
    Greeting { playback: PlaybackId, target: Target },
    /// A workflow runs.
    Workflow { run: Box<Run>, stage: Stage },
    /// Managers ring.
    Ringing(Ring),
    /// The last announcement to the customer plays, then the call ends.
    Announcing { playback: PlaybackId },
    /// The echo test says what it does.
    EchoIntro { playback: PlaybackId },
    /// The echo test.
    Echoing,
    /// The device of a manager who asked for a call through the API rings.
    CallingDialler { presentation: PresentationId, manager: ManagerId, plan: DialPlan },
    /// The customer a manager called rings.
    Dialling { presentation: PresentationId },
    /// The manager hears that the call failed, then it ends.
    Excusing { presentation: PresentationId, playback: PlaybackId },
    /// Customer and manager talk.
    Engaged { presentation: PresentationId },
    /// The customer waits for whom a manager hands them on to.
    HandingOver(Box<HandOver>),
    /// Customer and third party talk; no manager is in the call any more.
    Forwarded,
    /// The phone of a manager whom another one calls rings.
    CallingColleague { presentation: PresentationId, theirs: PresentationId, colleague: ManagerId },
    /// Two managers talk: the one on the call's line, and the colleague on the call's second line.
    Colleagues { caller: PresentationId, called: PresentationId },
    /// Over.
    Ended,
}

/// Who a call's conversation belongs to before there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub team: Option<TeamId>,
    pub manager: Option<ManagerId>,
}

impl Assignment {
    /// Is nobody assigned?
    pub(crate) fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// A call.
#[derive(Debug)]
pub(crate) struct Call {
    pub id: CallId,
    pub state: State,
    pub record: CallRecord,
    /// The record changed and is to be told.
    pub changed: bool,
    /// The settings the call resolved itself with; later changes do not touch it.
    pub settings: Arc<Settings>,
    /// The customer's end.
    pub caller: Caller,
    pub language: Language,
    pub assignment: Assignment,
    /// Tags for the conversation to come.
    pub tags: Vec<String>,
    /// The manager whose line this call takes up.
    pub on_line: Option<ManagerId>,
    /// The second manager's, in a call between managers.
    pub colleague_on_line: Option<ManagerId>,
    /// The leg of the manager who dials or talks.
    pub presentation: Option<PresentationId>,
    pub timers: CallTimers,
}

impl Call {
    /// A call that just began.
    pub(crate) fn new(
        id: CallId,
        direction: Direction,
        settings: Arc<Settings>,
        caller: Caller,
        now: UnixMillis,
    ) -> Self {
        let language = settings.language;
        Self {
            id,
            state: State::Deciding,
            record: CallRecord {
                id,
                direction,
                state: CallState::Workflow,
                from: String::new(),
                to: String::new(),
                number_id: None,
                customer_id: None,
                conversation_id: None,
                started_at: now,
                ringing_at: None,
                engaged_at: None,
                ended_at: None,
                missed_reason: None,
                failure: None,
                manager_ids: Vec::new(),
                answered_by: None,
                device: None,
                held: false,
                keys: Vec::new(),
                trace: Vec::new(),
                recording: None,
                recording_seconds: None,
            },
            changed: true,
            settings,
            caller,
            language,
            assignment: Assignment::default(),
            tags: Vec::new(),
            on_line: None,
            colleague_on_line: None,
            presentation: None,
            timers: CallTimers::default(),
        }
    }

    /// The number called, or shown.
    pub(crate) fn number(&self) -> Option<&Number> {
        self.record.number_id.and_then(|id: NumberId| self.settings.numbers.get(&id))
    }

    /// Writes into the call's trace.
    pub(crate) fn trace(&mut self, now: UnixMillis, what: impl Into<String>, detail: impl ToString) {
        self.changed = true;
        if self.record.trace.len() < MAX_TRACE_MARKS {
            self.record.trace.push(TraceMark { at_ms: now.0, what: what.into(), detail: detail.to_string() });
        }
    }

    /// Was it answered, by a manager or the echo test?
    pub(crate) fn was_answered(&self) -> bool {
        self.record.engaged_at.is_some()
    }

    /// Sets who the customer is.
    pub(crate) fn set_customer(&mut self, id: CustomerId) {
        self.record.customer_id = Some(id);
        self.changed = true;
    }

    /// Sets the conversation.
    pub(crate) fn set_conversation(&mut self, id: ConversationId) {
        self.record.conversation_id = Some(id);
        self.changed = true;
    }

    /// Changes the state as outsiders see it.
    pub(crate) fn show(&mut self, state: CallState) {
        self.record.state = state;
        self.changed = true;
    }
}

/// At most [`MAX_OUTSIDE_CHARS`] characters of a text from outside.
pub(crate) fn outside(text: &str) -> String {
    text.chars().take(MAX_OUTSIDE_CHARS).collect()
}

/// A caller as written in records: E.164, the SIP user, or nothing.
pub(crate) fn caller_text(caller: &Caller) -> String {
    match caller {
        Caller::Number(number) => number.to_string(),
        Caller::Name(name) => outside(name),
        Caller::Anonymous => String::new(),
    }
}
