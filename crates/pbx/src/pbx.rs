//! The machine: facts and time in, commands and records out.

use crate::availability::Lines;
use crate::call::{Call, Stage, State};
use crate::conversation::LiveConversation;
use crate::customer::Customers;
use crate::fact::Party;
use crate::record::{CallRecord, CustomerRecord};
use crate::timer::{Timer, Timers};
use crate::{
    CallId, Command, ConversationId, Directory, Fact, IdSource, PlaybackId, PresentationId, Record, Settings,
    UnixMillis,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// Calls at once that no setting can lift.
pub const MAX_CALLS: usize = 100_000;

/// The business of one workspace.
///
/// After each `handle_*`, [`Pbx::dial`] or [`Pbx::hang_up`] the caller takes all commands and records, in order, until
/// `None`; the two queues are bounded by what one such call can say, never by time.
#[derive(Debug)]
pub struct Pbx {
    pub(crate) settings: Arc<Settings>,
    pub(crate) customers: Customers,
    pub(crate) ids: IdSource,
    pub(crate) calls: BTreeMap<CallId, Box<Call>>,
    /// Calls that ring managers or wait to, longest waiting first (ids sort by time).
    pub(crate) ringing: BTreeSet<CallId>,
    /// Conversations with a call in progress.
    pub(crate) conversations: BTreeMap<ConversationId, LiveConversation>,
    pub(crate) lines: Lines,
    pub(crate) timers: Timers,
    pub(crate) draining: bool,
    commands: VecDeque<Command>,
    records: VecDeque<Record>,
}

/// What the machine holds now; all zero when no call is up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls in progress.
    pub calls: usize,
    /// Presentations that ring.
    pub presentations: usize,
    /// Running timers.
    pub timers: usize,
}

impl Pbx {
    /// A business without calls. `seed` decides the identifiers it will make.
    #[must_use]
    pub fn new(settings: Arc<Settings>, directory: Directory, seed: u64) -> Self {
        Self {
            settings,
            customers: Customers::new(directory),
            ids: IdSource::new(seed),
            calls: BTreeMap::new(),
            ringing: BTreeSet::new(),
            conversations: BTreeMap::new(),
            lines: Lines::default(),
            timers: Timers::default(),
            draining: false,
            commands: VecDeque::new(),
            records: VecDeque::new(),
        }
    }

    /// Takes new settings. Running calls go on with the numbers, teams and workflows they resolved; managers' seats,
    /// statuses and ring devices count at once.
    pub fn handle_settings(&mut self, settings: Arc<Settings>, now: UnixMillis) {
        self.lines.touch(settings.managers.keys().copied());
        self.settings = settings;
        self.settle(now);
    }

    /// A reference for a call that comes in or that a manager dials.
    pub fn new_call_id(&mut self, now: UnixMillis) -> CallId {
        CallId(self.ids.next(now))
    }

    /// Takes a fact. One about a call that is unknown or over is ignored.
    pub fn handle_fact(&mut self, fact: Fact, now: UnixMillis) {
        match fact {
            Fact::CallArrived { call, from, to, dialled, diverted_from } => {
                if !self.calls.contains_key(&call) {
                    self.call_arrived(call, from, to, &dialled, diverted_from, now);
                }
            }
            Fact::ManagerDialled { call, manager, device, dialled, from_number } => {
                if !self.calls.contains_key(&call) {
                    self.manager_dialled(call, manager, device, &dialled, from_number, now);
                }
            }
            Fact::ManagerCalled { call, manager, device, colleague } => {
                if !self.calls.contains_key(&call) {
                    self.manager_called(call, manager, device, colleague, now);
                }
            }
            Fact::Reachable { manager, device, count } => self.reachable(manager, device, count),
            about_call => {
                if let Some(id) = about_call.call() {
                    self.with_call(id, now, |pbx, call| pbx.fact_in_call(call, about_call, now));
                }
            }
        }
        self.settle(now);
    }

    /// Wakes up: what was to happen by `now` happens.
    pub fn handle_timeout(&mut self, now: UnixMillis) {
        for (id, timer) in self.timers.take_due(now) {
            self.with_call(id, now, |pbx, call| {
                if Timers::fire(&mut call.timers, timer, now) {
                    pbx.timer_fired(call, timer, now);
                }
            });
        }
        self.settle(now);
    }

    /// When to call [`Pbx::handle_timeout`].
    #[must_use]
    pub fn next_timeout(&self) -> Option<UnixMillis> {
        self.timers.next()
    }

    /// The next order to the switch.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// The next thing to store and tell.
    pub fn poll_record(&mut self) -> Option<Record> {
        self.records.pop_front()
    }

    /// Calls in progress, oldest first.
    pub fn live_calls(&self) -> impl Iterator<Item = &CallRecord> {
        self.calls.values().map(|call| &call.record)
    }

    /// A call in progress.
    #[must_use]
    pub fn call(&self, call: CallId) -> Option<&CallRecord> {
        self.calls.get(&call).map(|call| &call.record)
    }

    /// What the machine holds now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts { calls: self.calls.len(), presentations: self.lines.presentations(), timers: self.timers.len() }
    }

    /// While draining, new calls are refused with [`crate::Cause::Shutdown`]; running ones go on.
    pub fn set_draining(&mut self, on: bool) {
        self.draining = on;
    }

    /// The party name of the leg of the manager who dialled: of a [`Fact::ManagerDialled`] right after it was handled,
    /// and all through an outbound call. Also the manager's party while an inbound call is engaged.
    #[must_use]
    pub fn presentation_of_dialler(&self, call: CallId) -> Option<PresentationId> {
        self.calls.get(&call).and_then(|call| call.presentation)
    }

    /// The managers whose lines a call takes up now: who dialled or talks, and the colleague at the other end.
    pub fn managers_on_line(&self, call: CallId) -> impl Iterator<Item = crate::ManagerId> + '_ {
        self.calls.get(&call).into_iter().flat_map(|call| [call.on_line, call.colleague_on_line]).flatten()
    }

    /// Takes over a customer that was changed elsewhere; later calls see it so.
    pub fn edit_customer(&mut self, row: CustomerRecord) {
        self.customers.put(&row);
    }

    /// Are there as many calls as there may be? A setting of 0 leaves only [`MAX_CALLS`].
    pub(crate) fn is_full(&self) -> bool {
        let limit = match self.settings.max_calls {
            0 => MAX_CALLS,
            set => usize::try_from(set).unwrap_or(MAX_CALLS).min(MAX_CALLS),
        };
        self.calls.len() >= limit
    }

    pub(crate) fn command(&mut self, command: Command) {
        self.commands.push_back(command);
    }

    pub(crate) fn record(&mut self, record: Record) {
        self.records.push_back(record);
    }

    pub(crate) fn new_playback_id(&mut self, now: UnixMillis) -> PlaybackId {
        PlaybackId(self.ids.next(now))
    }

    pub(crate) fn new_presentation_id(&mut self, now: UnixMillis) -> PresentationId {
        PresentationId(self.ids.next(now))
    }

    pub(crate) fn start_timer(&mut self, call: &mut Call, timer: Timer, at: UnixMillis) {
        self.timers.start(call.id, &mut call.timers, timer, at);
    }

    pub(crate) fn stop_timer(&mut self, call: &mut Call, timer: Timer) {
        self.timers.stop(call.id, &mut call.timers, timer);
    }

    /// Works on a call outside the map, so that work may look at the others, and tells its record if it changed.
    pub(crate) fn with_call<R>(
        &mut self,
        id: CallId,
        now: UnixMillis,
        work: impl FnOnce(&mut Self, &mut Call) -> R,
    ) -> Option<R> {
        let mut call = self.calls.remove(&id)?;
        let result = work(self, &mut call);
        self.keep(call, now);
        Some(result)
    }

    /// Puts a call (back) among the running ones, or drops it when it is over.
    pub(crate) fn keep(&mut self, mut call: Box<Call>, now: UnixMillis) {
        let over = matches!(call.state, State::Ended);
        if std::mem::take(&mut call.changed) {
            self.record(Record::Call(Box::new(call.record.clone())));
        }
        if over {
            self.leave_conversation(&call, now);
            self.ringing.remove(&call.id);
            return;
        }
        if call.rings() {
            self.ringing.insert(call.id);
        } else {
            self.ringing.remove(&call.id);
        }
        self.calls.insert(call.id, call);
    }

    /// Lets calls that wait for managers see whose lines changed.
    pub(crate) fn settle(&mut self, now: UnixMillis) {
        if self.ringing.is_empty() {
            self.lines.forget_changes();
            return;
        }
        while let Some(manager) = self.lines.pop_changed() {
            let waiting: Vec<CallId> = self.ringing.iter().copied().collect();
            for id in waiting {
                if self.calls.get(&id).is_some_and(|call| call.rings_for(manager)) {
                    self.with_call(id, now, |pbx, call| pbx.line_changed(call, manager, now));
                }
            }
        }
    }

    fn fact_in_call(&mut self, call: &mut Call, fact: Fact, now: UnixMillis) {
        match fact {
            Fact::PresentationRang { presentation, .. } => self.presentation_rang(call, presentation, now),
            Fact::PresentationAnswered { presentation, device, .. } => {
                self.presentation_answered(call, presentation, device, now)
            }
            Fact::PresentationFailed { presentation, cause, .. } => {
                self.presentation_failed(call, presentation, cause, now)
            }
            Fact::DialRang { early_media, .. } => self.dial_rang(call, early_media, now),
            Fact::DialAnswered { .. } => self.dial_answered(call, now),
            Fact::DialFailed { cause, .. } => self.dial_failed(call, cause, now),
            Fact::HungUp { party: Party::Customer, cause, .. } => self.customer_hung_up(call, cause, now),
            Fact::HungUp { party: Party::Manager(presentation), cause, .. } => {
                self.manager_hung_up(call, presentation, cause, now);
            }
            Fact::HungUp { party: Party::Third, cause, .. } => self.third_hung_up(call, cause, now),
            Fact::TransferAsked { by, transfer, to, .. } => self.transfer_asked(call, by, transfer, &to, now),
            Fact::DeviceChanged { presentation, device, .. } => self.device_changed(call, presentation, device, now),
            Fact::PlaybackEnded { playback, .. } => self.playback_ended(call, playback, now),
            Fact::KeyPressed { party: Party::Customer, key, .. } => self.customer_pressed(call, key, now),
            Fact::RecordingEnded { file, seconds, .. } => self.recording_ended(call, file, seconds, now),
            Fact::Held { party, held, .. } => self.held(call, party, held, now),
            // A manager's keys mean nothing to the business; the switch passes them to the customer.
            Fact::KeyPressed { .. } => {}
            Fact::CallArrived { .. }
            | Fact::ManagerDialled { .. }
            | Fact::ManagerCalled { .. }
            | Fact::Reachable { .. } => {}
        }
    }

    fn playback_ended(&mut self, call: &mut Call, ended: PlaybackId, now: UnixMillis) {
        match call.state {
            State::Greeting { playback, target } if playback == ended => self.start_ringing(call, target, now),
            State::Workflow { stage, .. } => self.workflow_playback_ended(call, stage, ended, now),
            State::Announcing { playback } | State::Excusing { playback, .. } if playback == ended => {
                self.end(call, now)
            }
            State::EchoIntro { playback } if playback == ended => self.start_echo(call, now),
            _ => {}
        }
    }

    fn timer_fired(&mut self, call: &mut Call, timer: Timer, now: UnixMillis) {
        match timer {
            Timer::Stage => self.stage_took_too_long(call, now),
            Timer::Workflow => self.workflow_took_too_long(call, now),
            Timer::Length => {
                call.trace(now, "too_long", "");
                self.cut(call, now);
            }
        }
    }

    fn stage_took_too_long(&mut self, call: &mut Call, now: UnixMillis) {
        match call.state {
            State::Greeting { target, .. } => self.start_ringing(call, target, now),
            State::Workflow { stage: Stage::AwaitingKey, .. } => self.no_key_came(call, now),
            State::Workflow { stage: Stage::Recording | Stage::Saving, .. } => self.recording_ended(call, None, 0, now),
            State::Workflow { stage, .. } => self.workflow_speech_lost(call, stage, now),
            State::Ringing(_) => self.ring_time_over(call, now),
            State::EchoIntro { .. } => self.start_echo(call, now),
            State::CallingDialler { .. } => self.dialler_left(call, now),
            State::Dialling { .. } => self.dial_took_too_long(call, now),
            State::Announcing { .. } | State::Echoing | State::Excusing { .. } => self.end(call, now),
            State::HandingOver(_) => self.hand_over_took_too_long(call, now),
            State::CallingColleague { .. } => self.colleague_took_too_long(call, now),
            State::Engaged { .. } | State::Forwarded | State::Colleagues { .. } | State::Deciding | State::Ended => {}
        }
    }
}
