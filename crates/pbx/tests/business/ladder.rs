//! Ladders: a line at the margin is a fact (or time passing), the indented lines under it are what the business says.
//! [`check`] plays the facts and compares the whole ladder, so that nothing unexpected goes unseen.

use crate::fixture::{MANAGERS, START, TEAMS, directory, number, settings};
use pbx::command::{Audio, Command, Ringback};
use pbx::record::Record;
use pbx::settings::{RingDevice, Settings};
use pbx::{
    CallId, Caller, Cause, ConversationId, DialRequest, Fact, ManagerId, Party, Pbx, PlaybackId, PresentationId,
    TransferNews, TransferTarget, UnixMillis,
};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// A business that is spoken to in text.
pub struct Ladder {
    pub pbx: Pbx,
    pub now: UnixMillis,
    calls: BTreeMap<char, CallId>,
    presentations: BTreeMap<(CallId, PresentationId), ManagerId>,
    playing: BTreeMap<(CallId, Party), PlaybackId>,
    conversations: Vec<ConversationId>,
    said: String,
}

/// Plays the facts of `ladder` in the fixture's workspace and compares.
pub fn check(ladder: &str) {
    check_in(settings(), ladder);
}

/// The same in other settings.
pub fn check_in(settings: Settings, ladder: &str) -> Ladder {
    let mut world = Ladder::new(settings);
    let expected: Vec<&str> = ladder.lines().map(|line| line.strip_prefix("        ").unwrap_or(line)).collect();
    let expected = expected.join("\n").trim().to_owned();
    for line in expected.lines().filter(|line| !line.starts_with(' ')) {
        world.play(line);
    }
    let said = world.said.trim().to_owned();
    assert!(said == expected, "expected\n{expected}\n\nheard\n{said}\n");
    world
}

fn word<T: std::fmt::Debug>(value: T) -> String {
    let mut out = String::new();
    for c in format!("{value:?}").chars() {
        if c.is_uppercase() && !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

fn manager(name: &str) -> ManagerId {
    MANAGERS.iter().find(|m| m.0 == name).unwrap_or_else(|| panic!("no manager {name}")).1
}

fn manager_name(id: ManagerId) -> &'static str {
    MANAGERS.iter().find(|m| m.1 == id).map_or("?", |m| m.0)
}

fn device(name: &str) -> RingDevice {
    serde_json::from_str(&format!("\"{name}\"")).unwrap()
}

fn cause(name: &str) -> Cause {
    let causes = [Cause::Normal, Cause::Busy, Cause::Declined, Cause::NoAnswer, Cause::Unreachable];
    causes.into_iter().find(|cause| word(cause) == name).unwrap_or_else(|| panic!("no cause {name}"))
}

fn caller(text: &str) -> Caller {
    match text {
        "anonymous" => Caller::Anonymous,
        text if text.starts_with('+') => Caller::Number(number(text)),
        name => Caller::Name(name.into()),
    }
}

fn audio(audio: &Audio) -> String {
    match audio {
        Audio::BuiltIn(built_in, language) => format!("{}/{}", word(built_in), word(language)),
        Audio::Prompt(id) => format!("prompt {}", id.0),
        Audio::Ringback(Ringback::Custom(id)) => format!("ringback {}", id.0),
        Audio::Ringback(Ringback::Loop) => "ringback loop".to_owned(),
        Audio::Ringback(Ringback::National(country)) => format!("ringback {}", word(country)),
        Audio::Beep => "beep".to_owned(),
        Audio::Silence(ms) => format!("silence {ms}"),
    }
}

impl Ladder {
    pub fn new(settings: Settings) -> Self {
        Self {
            pbx: Pbx::new(Arc::new(settings), directory(), 1),
            now: START,
            calls: BTreeMap::new(),
            presentations: BTreeMap::new(),
            playing: BTreeMap::new(),
            conversations: Vec::new(),
            said: String::new(),
        }
    }

    pub fn call(&self, name: &str) -> CallId {
        self.calls[&name.chars().next().unwrap()]
    }

    pub fn last_playback(&self, name: &str) -> PlaybackId {
        self.playing[&(self.call(name), Party::Customer)]
    }

    fn name(&self, id: CallId) -> char {
        self.calls.iter().find(|(_, call)| **call == id).map_or('?', |(name, _)| *name)
    }

    /// One line of facts.
    pub fn play(&mut self, line: &str) {
        writeln!(self.said, "{line}").unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["wait", seconds] => self.wait(seconds.parse().unwrap()),
            ["drain"] => self.pbx.set_draining(true),
            [name, kind, "x", count] => {
                let fact =
                    Fact::Reachable { manager: manager(name), device: device(kind), count: count.parse().unwrap() };
                self.fact(fact);
            }
            [id, from, "calls", to] => {
                let call = self.new_call(id);
                let to_number = to.starts_with('+').then(|| number(to));
                self.fact(Fact::CallArrived {
                    call,
                    from: caller(from),
                    to: to_number,
                    dialled: (*to).into(),
                    diverted_from: None,
                });
            }
            [id, who, "dials", to] => {
                let call = self.new_call(id);
                let fact = Fact::ManagerDialled {
                    call,
                    manager: manager(who),
                    device: RingDevice::DeskPhone,
                    dialled: (*to).into(),
                    from_number: None,
                };
                self.fact(fact);
            }
            [id, who, "consults", colleague] => {
                let call = self.new_call(id);
                let (device, colleague) = (RingDevice::DeskPhone, manager(colleague));
                self.fact(Fact::ManagerCalled { call, manager: manager(who), device, colleague });
            }
            [id, who, "transfers", "to", to @ ..] => self.transfer(id, who, to),
            [id, who, "hands", "on", "to", to @ ..] => {
                let target = self.target(to);
                if let Err(refusal) = self.pbx.transfer(self.call(id), manager(who), target, self.now) {
                    writeln!(self.said, "    refused {}", refusal.code()).unwrap();
                }
            }
            [id, who, "takes", "back"] => {
                if let Err(refusal) = self.pbx.take_back(self.call(id), manager(who), self.now) {
                    writeln!(self.said, "    refused {}", refusal.code()).unwrap();
                }
            }
            [id, who, "asks", "for", to] => self.ask_for(id, who, to),
            [id, rest @ ..] => self.in_call(id, rest, line),
            _ => panic!("not understood: {line}"),
        }
        self.listen();
    }

    fn new_call(&mut self, name: &str) -> CallId {
        let call = self.pbx.new_call_id(self.now);
        self.calls.insert(name.chars().next().unwrap(), call);
        call
    }

    fn target(&self, words: &[&str]) -> TransferTarget {
        match words {
            ["call", other] => TransferTarget::Call(self.call(other)),
            [name] if MANAGERS.iter().any(|m| m.0 == *name) => TransferTarget::Manager(manager(name)),
            [dialled] => TransferTarget::Number { dialled: (*dialled).into() },
            other => panic!("no target: {other:?}"),
        }
    }

    fn transfer(&mut self, id: &str, who: &str, to: &[&str]) {
        let call = self.call(id);
        let by = match who {
            "customer" => Party::Customer,
            who => Party::Manager(self.presented(call, who)),
        };
        let transfer = self.pbx.new_transfer_id(self.now);
        self.fact(Fact::TransferAsked { call, by, transfer, to: self.target(to) });
    }

    fn ask_for(&mut self, id: &str, who: &str, to: &str) {
        let request = DialRequest {
            manager: manager(who),
            to: to.to_owned(),
            from_number: None,
            conversation: None,
            device: None,
        };
        match self.pbx.dial(request, self.now) {
            Ok(call) => {
                self.calls.insert(id.chars().next().unwrap(), call);
            }
            Err(refusal) => writeln!(self.said, "    refused {}", refusal.code()).unwrap(),
        }
    }

    fn in_call(&mut self, id: &str, rest: &[&str], line: &str) {
        let call = self.call(id);
        let customer = Party::Customer;
        let fact = match rest {
            ["customer", "hangs", "up"] => Fact::HungUp { call, party: customer, cause: Cause::Normal },
            ["third", "hangs", "up"] => Fact::HungUp { call, party: Party::Third, cause: Cause::Normal },
            ["heard", "it"] => Fact::PlaybackEnded { call, playback: self.playing[&(call, customer)] },
            ["key", key] => {
                Fact::KeyPressed { call, party: customer, key: pbx::Key::new(key.chars().next().unwrap()).unwrap() }
            }
            ["recorded", file, seconds] => {
                Fact::RecordingEnded { call, file: Some((*file).into()), seconds: seconds.parse().unwrap() }
            }
            ["far", "rings"] => Fact::DialRang { call, early_media: false },
            ["far", "plays"] => Fact::DialRang { call, early_media: true },
            ["far", "answers"] => Fact::DialAnswered { call },
            ["far", "fails", why] => Fact::DialFailed { call, cause: cause(why) },
            [who, "answers", kind] => {
                Fact::PresentationAnswered { call, presentation: self.presented(call, who), device: device(kind) }
            }
            [who, "rings"] => Fact::PresentationRang { call, presentation: self.presented(call, who) },
            [who, "fails", why] => {
                Fact::PresentationFailed { call, presentation: self.presented(call, who), cause: cause(why) }
            }
            [who, "hangs", "up"] => {
                Fact::HungUp { call, party: Party::Manager(self.presented(call, who)), cause: Cause::Normal }
            }
            [who, "holds"] => Fact::Held { call, party: Party::Manager(self.presented(call, who)), held: true },
            [who, "resumes"] => Fact::Held { call, party: Party::Manager(self.presented(call, who)), held: false },
            [who, "heard", "it"] => {
                Fact::PlaybackEnded { call, playback: self.playing[&(call, Party::Manager(self.presented(call, who)))] }
            }
            [who, "is", "cut", "by", "api"] => {
                let by = MANAGERS.iter().find(|m| m.0 == *who).map(|m| m.1);
                assert!(self.pbx.hang_up(call, by, self.now));
                return;
            }
            _ => panic!("not understood: {line}"),
        };
        self.fact(fact);
    }

    fn presented(&self, call: CallId, who: &str) -> PresentationId {
        let id = manager(who);
        let found = self.presentations.iter().rev().find(|((c, _), m)| *c == call && **m == id).map(|((_, p), _)| *p);
        found.or_else(|| self.pbx.presentation_of_dialler(call)).unwrap_or_else(|| panic!("{who} was not presented"))
    }

    pub fn fact(&mut self, fact: Fact) {
        self.pbx.handle_fact(fact, self.now);
    }

    fn wait(&mut self, seconds: u64) {
        let end = self.now.plus_ms(seconds * 1000);
        while let Some(at) = self.pbx.next_timeout().filter(|at| *at <= end) {
            self.now = at;
            self.pbx.handle_timeout(at);
        }
        self.now = end;
    }

    fn listen(&mut self) {
        while let Some(command) = self.pbx.poll_command() {
            let line = self.command(&command);
            writeln!(self.said, "    {line}").unwrap();
        }
        while let Some(record) = self.pbx.poll_record() {
            let line = self.record(&record);
            writeln!(self.said, "    * {line}").unwrap();
        }
    }

    fn party(&self, call: CallId, party: Party) -> String {
        match party {
            Party::Customer => "customer".to_owned(),
            Party::Third => "third".to_owned(),
            Party::Manager(p) => self.presentations.get(&(call, p)).map_or("dialler", |m| manager_name(*m)).to_owned(),
        }
    }

    fn command(&mut self, command: &Command) -> String {
        match command {
            Command::Reject { call, cause } => format!("reject {} {}", self.name(*call), word(cause)),
            Command::Answer { call } => format!("answer {}", self.name(*call)),
            Command::Play { call, playback } => {
                self.playing.insert((*call, playback.party), playback.id);
                let what: Vec<String> = playback.audio.iter().map(audio).collect();
                format!(
                    "play {} {} {} {}",
                    self.name(*call),
                    self.party(*call, playback.party),
                    what.join(" + "),
                    word(playback.repeat)
                )
            }
            Command::StopPlaying { call, party } => format!("stop {} {}", self.name(*call), self.party(*call, *party)),
            Command::Present { call, presentation, manager, display, auto_answer, .. } => {
                self.presentations.insert((*call, *presentation), *manager);
                let auto = if *auto_answer { " auto" } else { "" };
                format!("present {} {} \"{display}\"{auto}", self.name(*call), manager_name(*manager))
            }
            Command::Withdraw { call, presentation, why } => {
                format!(
                    "withdraw {} {} {}",
                    self.name(*call),
                    self.party(*call, Party::Manager(*presentation)),
                    word(why)
                )
            }
            Command::Connect { call, presentation } => {
                format!("connect {} {}", self.name(*call), self.party(*call, Party::Manager(*presentation)))
            }
            Command::Join { call, a, b } => {
                format!("join {} {} {}", self.name(*call), self.party(*call, *a), self.party(*call, *b))
            }
            Command::TakeOver { call, from, party, comes_as } => {
                let was = self.party(*from, *party);
                if let (Party::Manager(old), Party::Manager(new)) = (party, comes_as) {
                    let who = self.presentations.get(&(*from, *old)).copied();
                    let who = who.or_else(|| self.pbx.manager_of(*call, *new)).expect("a manager who comes over");
                    self.presentations.insert((*call, *new), who);
                }
                format!("take over {} {} of {} {was}", self.name(*call), self.party(*call, *comes_as), self.name(*from))
            }
            Command::Transfer { call, news, .. } => {
                let news = match news {
                    TransferNews::Failed(cause) => format!("failed {}", word(cause)),
                    TransferNews::Refused(cause) => format!("refused {}", word(cause)),
                    other => word(other),
                };
                format!("transfer {} {news}", self.name(*call))
            }
            Command::Echo { call } => format!("echo {}", self.name(*call)),
            Command::Dial { call, to, show, .. } => format!("dial {} {to} as {show}", self.name(*call)),
            Command::RecordVoicemail { call, limit_seconds } => format!("record {} {limit_seconds}", self.name(*call)),
            Command::HangUp { call, party, cause } => {
                format!("hang up {} {} {}", self.name(*call), self.party(*call, *party), word(cause))
            }
            Command::End { call, cause: Cause::Normal } => format!("end {}", self.name(*call)),
            Command::End { call, cause } => format!("end {} {}", self.name(*call), word(cause)),
        }
    }

    fn record(&mut self, record: &Record) -> String {
        match record {
            Record::Call(call) => {
                let mut line = format!("{} {}", self.name(call.id), word(call.state));
                let managers: Vec<&str> = call.manager_ids.iter().map(|id| manager_name(*id)).collect();
                let extras = [
                    (!managers.is_empty()).then(|| managers.join("+")),
                    call.missed_reason.map(|reason| reason.as_str().to_owned()),
                    call.failure.map(|failure| format!("failed {failure}")),
                    call.held.then(|| "held".to_owned()),
                    call.recording.clone(),
                    call.conversation_id.map(|id| self.conversation(id)),
                ];
                for extra in extras.into_iter().flatten() {
                    write!(line, " {extra}").unwrap();
                }
                line
            }
            Record::Conversation(row) => {
                let mut line = format!("{} {}", self.conversation(row.id), word(row.state));
                let team = row.team_id.and_then(|id| TEAMS.iter().find(|t| t.1 == id)).map(|t| t.0);
                let extras = [
                    team.map(str::to_owned),
                    row.assignee_id.map(|id| manager_name(id).to_owned()),
                    row.missed_reason.map(|reason| reason.as_str().to_owned()),
                    (!row.tags.is_empty()).then(|| format!("#{}", row.tags.join(" #"))),
                ];
                for extra in extras.into_iter().flatten() {
                    write!(line, " {extra}").unwrap();
                }
                line
            }
            Record::Customer(row) => {
                let key = row.phone_numbers.first().map_or_else(|| row.alias.clone(), ToString::to_string);
                format!("lead {key}").trim_end().to_owned()
            }
            Record::Entry(entry) => {
                let names =
                    MANAGERS.iter().map(|m| (m.0, m.1.to_string())).chain(TEAMS.iter().map(|t| (t.0, t.1.to_string())));
                let value =
                    names.into_iter().find(|(_, id)| *id == entry.value).map_or(entry.value.as_str(), |(name, _)| name);
                format!("{} {value}", entry.kind)
            }
            Record::OperatorStatus { manager, status, .. } => format!("{} is {}", manager_name(*manager), word(status)),
        }
    }

    fn conversation(&mut self, id: ConversationId) -> String {
        let place = self.conversations.iter().position(|known| *known == id).unwrap_or_else(|| {
            self.conversations.push(id);
            self.conversations.len() - 1
        });
        format!("talk{}", place + 1)
    }
}
