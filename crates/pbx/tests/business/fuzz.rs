//! Random facts by seed against a small truth model: whatever happens in whatever order, nothing is lost or left behind.

use crate::chance::Chance;
use crate::fixture::{JUN, MANAGERS, MINJI, START, directory, number, settings};
use pbx::command::Command;
use pbx::record::{CallRecord, CallState, Direction, Record};
use pbx::settings::{OperatorStatus, RingDevice, Settings};
use pbx::{
    CallId, Caller, Cause, Counts, DialRequest, Fact, Key, ManagerId, Party, Pbx, PlaybackId, PresentationId,
    TransferId, TransferNews, TransferTarget, UnixMillis,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const RUNS: u64 = 3_000;
const STEPS: u32 = 150;

/// What must hold of one call, as its commands and records tell.
#[derive(Default)]
struct Truth {
    over: bool,
    /// Whose leg is which, as the business named them.
    managers: BTreeMap<PresentationId, ManagerId>,
    /// The legs of managers who talk.
    talking: BTreeSet<PresentationId>,
    /// Transfers that were accepted and whose end was not told.
    transfers: BTreeSet<TransferId>,
    ended_transfers: BTreeSet<TransferId>,
    ringing: BTreeMap<PresentationId, ManagerId>,
    ever_presented: BTreeSet<PresentationId>,
    playbacks: Vec<PlaybackId>,
    last: Option<CallRecord>,
}

struct Model {
    pbx: Pbx,
    now: UnixMillis,
    chance: Chance,
    calls: BTreeMap<CallId, Truth>,
    up: BTreeMap<ManagerId, i32>,
    conversations: BTreeSet<pbx::ConversationId>,
    customers: BTreeSet<pbx::CustomerId>,
    statuses: BTreeMap<ManagerId, OperatorStatus>,
    connects: usize,
    transfers_done: usize,
    history: Vec<String>,
}

const CAUSES: [Cause; 6] =
    [Cause::Normal, Cause::Busy, Cause::Declined, Cause::NoAnswer, Cause::Unreachable, Cause::Media];
const DEVICES: [RingDevice; 3] = [RingDevice::Desktop, RingDevice::Mobile, RingDevice::DeskPhone];

impl Model {
    fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let mut model = Self {
            pbx: Pbx::new(Arc::new(fuzzed_settings(&mut chance)), directory(), seed),
            now: START,
            chance,
            calls: BTreeMap::new(),
            up: BTreeMap::new(),
            conversations: BTreeSet::new(),
            customers: [901, 902].map(pbx::CustomerId).into(),
            statuses: BTreeMap::new(),
            connects: 0,
            transfers_done: 0,
            history: Vec::new(),
        };
        for (_, manager) in MANAGERS {
            model.fact(Fact::Reachable { manager, device: RingDevice::Desktop, count: 1 });
        }
        model
    }

    fn fact(&mut self, fact: Fact) {
        self.history.push(format!("{} {fact:?}", self.now.0 - START.0));
        match &fact {
            Fact::PresentationFailed { call, presentation, .. }
            | Fact::PresentationAnswered { call, presentation, .. } => {
                if let Some(truth) = self.calls.get_mut(call) {
                    truth.ringing.remove(presentation);
                }
            }
            Fact::HungUp { call, party: Party::Manager(presentation), .. } => {
                if let Some(truth) = self.calls.get_mut(call) {
                    truth.ringing.remove(presentation);
                    truth.talking.remove(presentation);
                }
            }
            _ => {}
        }
        let dials = match fact {
            Fact::ManagerDialled { call, manager, .. } | Fact::ManagerCalled { call, manager, .. } => {
                Some((call, manager))
            }
            _ => None,
        };
        self.pbx.handle_fact(fact, self.now);
        if let Some((call, manager)) = dials
            && let Some(own) = self.pbx.presentation_of_dialler(call)
        {
            self.calls.entry(call).or_default().managers.insert(own, manager);
        }
        self.listen();
    }

    fn presented(&self, manager: ManagerId) -> i32 {
        self.calls.values().flat_map(|truth| truth.ringing.values()).filter(|m| **m == manager).count() as i32
    }

    fn listen(&mut self) {
        let (mut commands, mut records) = (Vec::new(), Vec::new());
        while let Some(command) = self.pbx.poll_command() {
            commands.push(command);
        }
        while let Some(record) = self.pbx.poll_record() {
            records.push(record);
        }
        let mut newly_presented = BTreeSet::new();
        for command in commands {
            self.history.push(format!("    {command:?}"));
            if let Command::Present { manager, .. } = command {
                newly_presented.insert(manager);
            }
            self.command(&command);
        }
        self.count_calls_up();
        for manager in newly_presented {
            let taken = self.presented(manager) + self.up.get(&manager).copied().unwrap_or(0);
            assert!(taken <= if manager == JUN { 2 } else { 1 }, "{manager:?} has {taken} calls");
        }
        for record in records {
            self.record(record);
        }
        let presentations: usize = self.calls.values().map(|truth| truth.ringing.len()).sum();
        let counts = self.pbx.counts();
        assert_eq!(counts.presentations, presentations);
        assert_eq!(counts.calls, self.calls.values().filter(|truth| !truth.over).count());
        assert!(
            counts.timers <= 3 * counts.calls && counts.timers >= counts.calls,
            "each call has its limit: {counts:?}"
        );
    }

    fn command(&mut self, command: &Command) {
        let id = match *command {
            Command::Reject { call, .. }
            | Command::Answer { call }
            | Command::Play { call, .. }
            | Command::StopPlaying { call, .. }
            | Command::Present { call, .. }
            | Command::Withdraw { call, .. }
            | Command::Connect { call, .. }
            | Command::Echo { call }
            | Command::Dial { call, .. }
            | Command::RecordVoicemail { call, .. }
            | Command::Join { call, .. }
            | Command::TakeOver { call, .. }
            | Command::Transfer { call, .. }
            | Command::HangUp { call, .. }
            | Command::End { call, .. } => call,
        };
        let truth = self.calls.entry(id).or_default();
        assert!(!truth.over, "a command about a call that is over: {command:?}");
        match command {
            Command::Present { presentation, manager, .. } => {
                assert!(truth.ever_presented.insert(*presentation), "presented twice");
                truth.ringing.insert(*presentation, *manager);
                truth.managers.insert(*presentation, *manager);
            }
            Command::Withdraw { presentation, .. } => {
                truth.ringing.remove(presentation);
            }
            Command::Connect { presentation, .. } => {
                truth.talking = [*presentation].into();
                self.connects += 1;
            }
            Command::Join { a, b, .. } => {
                truth.talking = [a, b].into_iter().filter_map(|party| presentation_of(*party)).collect();
                self.connects += 1;
            }
            Command::HangUp { party: Party::Manager(presentation), .. } => {
                truth.talking.remove(presentation);
            }
            Command::TakeOver { from, comes_as, .. } => {
                let mut who = None;
                if let Party::Manager(presentation) = comes_as {
                    who = self.calls[from].managers.get(presentation).map(|manager| (*presentation, *manager));
                    assert!(who.is_some(), "a manager's leg that was not there comes over");
                }
                assert!(!self.calls[from].over, "taken out of a call that is over");
                self.calls.get_mut(&id).expect("a call to come to").managers.extend(who);
            }
            Command::Transfer { transfer, news, .. } => {
                let is_new = !truth.transfers.contains(transfer) && !truth.ended_transfers.contains(transfer);
                match news {
                    TransferNews::Accepted => assert!(is_new && truth.transfers.insert(*transfer)),
                    TransferNews::Rang => assert!(truth.transfers.contains(transfer)),
                    TransferNews::Done | TransferNews::Failed(_) => {
                        assert!(truth.transfers.remove(transfer), "the end of a transfer that does not run");
                        truth.ended_transfers.insert(*transfer);
                        self.transfers_done += usize::from(*news == TransferNews::Done);
                    }
                    TransferNews::Refused(_) => assert!(is_new && truth.ended_transfers.insert(*transfer)),
                }
            }
            Command::Play { playback, .. } => truth.playbacks.push(playback.id),
            Command::Reject { .. } | Command::End { .. } => {
                truth.over = true;
                assert!(truth.ringing.is_empty(), "over and still ringing");
                assert!(truth.transfers.is_empty(), "over and still handed on");
            }
            _ => {}
        }
    }

    fn record(&mut self, record: Record) {
        match record {
            Record::Call(call) => {
                if let Some(conversation) = call.conversation_id {
                    assert!(self.conversations.contains(&conversation), "a call in a conversation nobody heard of");
                }
                let truth = self.calls.get_mut(&call.id).expect("a record of a call without commands");
                let before = truth.last.replace(*call.clone());
                assert!(before.is_none_or(|b| b.state != CallState::Ended), "a record of a call that had ended");
                check_record(&call, truth.over);
            }
            Record::Conversation(row) => {
                assert!(self.customers.contains(&row.customer_id), "a conversation with nobody");
                self.conversations.insert(row.id);
            }
            Record::Customer(row) => {
                assert!(self.customers.insert(row.id), "made twice");
            }
            Record::OperatorStatus { manager, status, .. } => {
                self.statuses.insert(manager, status);
            }
            Record::Entry(entry) => assert!(self.conversations.contains(&entry.conversation_id)),
        }
    }

    /// A manager's calls up, by what the commands and records say of calls that are not over.
    fn count_calls_up(&mut self) {
        self.up.clear();
        for call in self.pbx.live_calls() {
            for (_, manager) in MANAGERS {
                let truth = &self.calls[&call.id];
                let talks = truth.talking.iter().any(|leg| truth.managers.get(leg) == Some(&manager));
                let dials = call.direction == Direction::Outbound
                    && call.ringing_at.is_some()
                    && call.engaged_at.is_none()
                    && call.manager_ids[0] == manager;
                if talks || dials {
                    *self.up.entry(manager).or_insert(0) += 1;
                }
            }
        }
    }

    fn step(&mut self) {
        match self.chance.below(16) {
            0 | 1 => self.arrive(),
            2 => self.dial(),
            3 => {
                let manager = self.chance.of(&MANAGERS).1;
                let (device, count) = (self.chance.of(&DEVICES), self.chance.of(&[0, 1, 1, 2]));
                self.fact(Fact::Reachable { manager, device, count });
            }
            4 => self.pass_time(),
            6 => self.ask_colleague(),
            5 if self.chance.below(6) == 0 => {
                let settings = fuzzed_settings(&mut self.chance);
                self.history.push("settings".to_owned());
                self.pbx.handle_settings(Arc::new(settings), self.now);
                self.listen();
            }
            _ => self.in_call(),
        }
    }

    fn arrive(&mut self) {
        let call = self.pbx.new_call_id(self.now);
        let from = match self.chance.below(5) {
            0 => Caller::Anonymous,
            1 => Caller::Name("u10000".into()),
            2 => Caller::Number(number("+821066660000")),
            3 => Caller::Number(number("+821077770000")),
            _ => Caller::Number(number(&format!("+8210111122{:02}", self.chance.below(100)))),
        };
        let to = Some(number(self.chance.of(&[
            "+827040000001",
            "+827040000001",
            "+827040000002",
            "+827040000002",
            "+827040000003",
            "+827040000004",
            "+827040000005",
            "+827040000006",
            "+827040000008",
            "+827040000009",
        ])));
        self.fact(Fact::CallArrived { call, from, to, dialled: "".into(), diverted_from: None });
    }

    fn dial(&mut self) {
        let manager = self.chance.of(&MANAGERS).1;
        let to = self.chance.of(&["01011112222", "+827040000001", "hello", ""]);
        if self.chance.below(3) == 0 {
            let call = self.pbx.new_call_id(self.now);
            let (device, colleague) = (self.chance.of(&DEVICES), self.chance.of(&MANAGERS).1);
            return self.fact(Fact::ManagerCalled { call, manager, device, colleague });
        }
        if self.chance.below(2) == 0 {
            let call = self.pbx.new_call_id(self.now);
            let device = self.chance.of(&DEVICES);
            return self.fact(Fact::ManagerDialled { call, manager, device, dialled: to.into(), from_number: None });
        }
        self.history.push(format!("{manager:?} asks for {to}"));
        let request = DialRequest { manager, to: to.to_owned(), from_number: None, conversation: None, device: None };
        let _ = self.pbx.dial(request, self.now);
        self.listen();
    }

    /// Somebody who talks holds, and calls a colleague or a customer to join them with.
    fn ask_colleague(&mut self) {
        let talkers: Vec<(CallId, PresentationId, ManagerId)> = self
            .calls
            .iter()
            .filter(|(_, truth)| !truth.over)
            .flat_map(|(id, truth)| truth.talking.iter().map(|leg| (*id, *leg, truth.managers[leg])))
            .collect();
        let Some((held, leg, manager)) = talkers.get(self.chance.below(talkers.len().max(1))).copied() else { return };
        self.fact(Fact::Held { call: held, party: Party::Manager(leg), held: true });
        let (call, device) = (self.pbx.new_call_id(self.now), RingDevice::DeskPhone);
        let colleague = self.chance.of(&MANAGERS).1;
        if self.chance.below(2) == 0 {
            self.fact(Fact::ManagerDialled { call, manager, device, dialled: "01033334444".into(), from_number: None });
            self.fact(Fact::DialAnswered { call });
        } else {
            self.fact(Fact::ManagerCalled { call, manager, device, colleague });
            let rung = self.calls[&call].ringing.keys().next().copied();
            if let Some(presentation) = rung {
                self.fact(Fact::PresentationAnswered { call, presentation, device });
            }
        }
        if self.chance.below(3) > 0 {
            let transfer = self.pbx.new_transfer_id(self.now);
            let to = TransferTarget::Call(call);
            self.fact(Fact::TransferAsked { call: held, by: Party::Manager(leg), transfer, to });
        }
    }

    fn pass_time(&mut self) {
        let wake = self.pbx.next_timeout();
        self.now = match (wake, self.chance.below(3)) {
            (Some(at), 0) => at.max(self.now),
            (_, 1) if self.chance.below(4) == 0 => self.now.plus_ms(40_000),
            _ => self.now.plus_ms(self.chance.next() % 4_000),
        };
        self.history.push(format!("{} wake", self.now.0 - START.0));
        self.pbx.handle_timeout(self.now);
        self.listen();
    }

    /// A fact about some call, sensible or not, running or over.
    fn in_call(&mut self) {
        // Mostly sensible facts, or no call would ever get far.
        let sensible = self.chance.below(5) > 0;
        let ids: Vec<CallId> =
            self.calls.iter().filter(|(_, truth)| !sensible || !truth.over).map(|(id, _)| *id).collect();
        let Some(call) = ids.get(self.chance.below(ids.len().max(1))).copied() else { return };
        let truth = &self.calls[&call];
        let dialler = self.pbx.presentation_of_dialler(call);
        let presented: Vec<PresentationId> = match sensible {
            true => truth.ringing.keys().chain(&truth.talking).copied().chain(dialler).collect(),
            false => truth.managers.keys().copied().chain(dialler).collect(),
        };
        let presentation =
            presented.get(self.chance.below(presented.len().max(1))).copied().unwrap_or(PresentationId(1));
        let playback = truth.playbacks.last().copied().unwrap_or(PlaybackId(1));
        let party = match self.chance.below(9) {
            0..=3 => Party::Customer,
            4 => Party::Third,
            _ => Party::Manager(presentation),
        };
        let cause = self.chance.of(&CAUSES);
        let key = Key::new(self.chance.of(&['1', '2', '3', '4', '5', '9', '*', '#'])).unwrap();
        let fact = match self.chance.below(20) {
            16..=18 => return self.transfer(party),
            19 => Fact::DeviceChanged { call, presentation, device: RingDevice::Mobile },
            0..=2 => Fact::PlaybackEnded { call, playback },
            3 => Fact::PresentationRang { call, presentation },
            4 | 5 => Fact::PresentationAnswered { call, presentation, device: RingDevice::Desktop },
            6 => Fact::PresentationFailed { call, presentation, cause },
            7 => Fact::DialRang { call, early_media: self.chance.below(2) == 0 },
            8 => Fact::DialAnswered { call },
            9 => Fact::DialFailed { call, cause },
            10 => Fact::HungUp { call, party, cause },
            11 | 12 => Fact::KeyPressed { call, party: Party::Customer, key },
            13 => Fact::Held { call, party, held: self.chance.below(2) == 0 },
            14 => Fact::RecordingEnded { call, file: Some("m.wav".into()), seconds: 3 },
            _ if self.chance.below(4) == 0 => return self.cut(call),
            _ => Fact::KeyPressed { call, party, key },
        };
        self.fact(fact);
    }

    /// Mostly somebody asks who talks, now and then somebody who may not.
    fn transfer(&mut self, by: Party) {
        let talked_in: Vec<CallId> = self
            .calls
            .iter()
            .filter(|(_, truth)| !truth.over && !truth.talking.is_empty())
            .map(|(id, _)| *id)
            .collect();
        let Some(call) = talked_in.get(self.chance.below(talked_in.len().max(1))).copied() else { return };
        let own = self.calls[&call].talking.first().copied().map_or(by, Party::Manager);
        let by = if self.chance.below(8) == 0 { by } else { own };
        let to = match self.chance.below(4) {
            0 => TransferTarget::Number { dialled: self.chance.of(&["01033334444", "hello"]).into() },
            1 => TransferTarget::Manager(self.chance.of(&MANAGERS).1),
            _ => TransferTarget::Call(self.chance.of(&talked_in)),
        };
        let transfer = self.pbx.new_transfer_id(self.now);
        self.fact(Fact::TransferAsked { call, by, transfer, to });
        // Left to chance the target would hardly ever be the one who acts next.
        if self.chance.below(2) == 0 && !self.calls[&call].over {
            let rung = self.calls[&call].ringing.keys().next().copied();
            self.fact(match rung {
                Some(presentation) => Fact::PresentationAnswered { call, presentation, device: RingDevice::Desktop },
                None => Fact::DialAnswered { call },
            });
        }
    }

    fn cut(&mut self, call: CallId) {
        let by = self.chance.of(&[None, Some(MINJI), Some(JUN)]);
        self.history.push(format!("{call} is cut by {by:?}"));
        let ringing = self.calls[&call].ringing.clone();
        let known = self.pbx.hang_up(call, by, self.now);
        assert_eq!(known, !self.calls[&call].over);
        if !known {
            assert!(ringing.is_empty());
        }
        self.listen();
    }

    /// Nobody does anything any more: every call must end by itself.
    fn run_out(&mut self) {
        for _ in 0..10_000 {
            let Some(at) = self.pbx.next_timeout() else { break };
            self.now = at.max(self.now);
            self.pbx.handle_timeout(self.now);
            self.listen();
        }
        assert_eq!(self.pbx.counts(), Counts::default());
        for (id, truth) in &self.calls {
            let last = truth.last.as_ref().expect("a call without a record");
            assert!(truth.over && last.state == CallState::Ended, "{id} never ended");
        }
        for (manager, status) in &self.statuses {
            assert_ne!(*status, OperatorStatus::Call, "{manager} is still on a call");
        }
    }
}

fn presentation_of(party: Party) -> Option<PresentationId> {
    match party {
        Party::Manager(presentation) => Some(presentation),
        Party::Customer | Party::Third => None,
    }
}

fn check_record(call: &CallRecord, over: bool) {
    assert_eq!(call.state == CallState::Ended, over, "{call:?}");
    assert_eq!(call.state == CallState::Ended, call.ended_at.is_some());
    assert!(call.ended_at.is_none_or(|at| at >= call.started_at));
    let lost = call.trace.iter().any(|mark| mark.what == "transfer_failed");
    assert!(lost || !(call.engaged_at.is_some() && call.missed_reason.is_some()), "answered and missed: {call:?}");
    assert!(!(call.engaged_at.is_some() && call.failure.is_some()), "answered and failed: {call:?}");
    if over && call.engaged_at.is_none() {
        match call.direction {
            Direction::Inbound => assert!(call.missed_reason.is_some(), "lost without a reason: {call:?}"),
            Direction::Outbound => assert!(call.failure.is_some(), "failed without a reason: {call:?}"),
        }
    }
}

fn fuzzed_settings(chance: &mut Chance) -> Settings {
    let mut settings = Settings { max_calls: 9, ..settings() };
    settings.managers.get_mut(&JUN).unwrap().max_calls = 2;
    for manager in settings.managers.values_mut() {
        manager.seat = chance.below(10) > 0;
        manager.unassigned_call_alert = chance.below(2) == 0;
        manager.status =
            chance.of(&[OperatorStatus::Waiting, OperatorStatus::Waiting, OperatorStatus::Chat, OperatorStatus::Eat]);
    }
    if chance.below(3) == 0 {
        settings.workflows.clear();
    }
    settings
}

#[test]
fn whatever_happens_every_call_ends_with_a_reason() {
    let (mut connects, mut transfers) = (0, 0);
    for seed in 0..RUNS {
        let mut model = Model::new(seed);
        let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..STEPS {
                model.step();
            }
            model.run_out();
        }));
        if let Err(panic) = played {
            eprintln!("seed {seed}:\n{}", model.history.join("\n"));
            std::panic::resume_unwind(panic);
        }
        connects += model.connects;
        transfers += model.transfers_done;
    }
    // A run that never got anywhere would prove nothing.
    assert!(connects > RUNS as usize / 2, "only {connects} calls were connected");
    assert!(transfers > RUNS as usize / 10, "only {transfers} transfers came to a good end");
}
