//! What changed, for everybody who listens. An event only points at a thing; the thing is read once, when the first
//! listener wants it, so that events cost next to nothing while nobody listens.

use crate::store::{CallRow, ConversationRow, CustomerRow, EntryRow, NoteRow, Store};
use pbx::{
    CallId, CarrierId, ConversationId, CustomerId, EntryId, HoursId, ManagerId, NumberId, PhoneId, TeamId, WorkflowId,
};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OnceCell, broadcast};

/// Events kept for listeners that come back.
pub const RING: usize = 4096;

/// Events a slow listener may be behind before it is told to read everything again.
const BEHIND: usize = 1024;

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Subject {
    Call(CallId),
    Conversation(ConversationId),
    Customer(CustomerId),
    Entry(EntryId),
    Note(EntryId),
    Manager(ManagerId),
    Team(TeamId),
    Number(NumberId),
    Phone(PhoneId),
    Carrier(CarrierId),
    Hours(HoursId),
    Workflow(WorkflowId),
    System,
}

impl Subject {
    /// The event's type.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Call(_) => "call",
            Self::Conversation(_) => "conversation",
            Self::Customer(_) => "customer",
            Self::Entry(_) => "entry",
            Self::Note(_) => "note",
            Self::Manager(_) => "manager",
            Self::Team(_) => "team",
            Self::Number(_) => "number",
            Self::Phone(_) => "phone",
            Self::Carrier(_) => "carrier",
            Self::Hours(_) => "hours",
            Self::Workflow(_) => "workflow",
            Self::System => "system",
        }
    }
}

/// A thing of the database as it stood when the first listener wanted it.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Loaded {
    Call(CallRow),
    Conversation(Box<ConversationRow>),
    Customer(CustomerRow),
    Entry(EntryRow),
    Note(NoteRow),
}

/// An event.
#[derive(Debug)]
pub struct Event {
    /// Grows by one.
    pub number: u64,
    /// What changed.
    pub subject: Subject,
    loaded: OnceCell<Option<Loaded>>,
}

impl Event {
    /// The thing, for subjects that live in the database; nothing when it is not there or cannot be read.
    pub async fn load(&self, store: &Store) -> Option<&Loaded> {
        self.loaded.get_or_init(|| read(self.subject, store)).await.as_ref()
    }
}

async fn read(subject: Subject, store: &Store) -> Option<Loaded> {
    let result = match subject {
        Subject::Call(id) => store.call(id).await.map(|row| row.map(Loaded::Call)),
        Subject::Conversation(id) => {
            store.conversation(id).await.map(|row| row.map(|r| Loaded::Conversation(Box::new(r))))
        }
        Subject::Customer(id) => store.customer(id).await.map(|row| row.map(Loaded::Customer)),
        Subject::Entry(id) => store.entry(id).await.map(|row| row.map(Loaded::Entry)),
        Subject::Note(id) => store.note(id).await.map(|row| row.map(Loaded::Note)),
        _ => Ok(None),
    };
    result.unwrap_or_else(|why| {
        tracing::warn!(%why, "an event's thing could not be read");
        None
    })
}

#[derive(Debug, Default)]
struct Ring {
    kept: VecDeque<Arc<Event>>,
    last: u64,
}

/// Where events go and come from.
#[derive(Clone, Debug)]
pub struct EventBus {
    sender: broadcast::Sender<Arc<Event>>,
    ring: Arc<Mutex<Ring>>,
    /// Tells this run's event ids from those of another run.
    run: u64,
}

/// What a listener gets.
#[derive(Debug)]
pub struct Subscription {
    /// Events since the one the listener named.
    pub missed: Vec<Arc<Event>>,
    /// `false`: the listener named an event that is no longer kept and must read everything again.
    pub complete: bool,
    /// Events from now on.
    pub receiver: broadcast::Receiver<Arc<Event>>,
}

impl EventBus {
    /// A bus; `run` differs from run to run (the time of the start).
    #[must_use]
    pub fn new(run: u64) -> Self {
        Self { sender: broadcast::channel(BEHIND).0, ring: Arc::default(), run }
    }

    /// Tells that something changed.
    pub fn publish(&self, subject: Subject) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.last += 1;
        let event = Arc::new(Event { number: ring.last, subject, loaded: OnceCell::new() });
        if ring.kept.len() == RING {
            ring.kept.pop_front();
        }
        ring.kept.push_back(event.clone());
        let _ = self.sender.send(event);
    }

    /// The id of an event as listeners see it.
    #[must_use]
    pub fn id_of(&self, event: &Event) -> String {
        format!("{:x}-{}", self.run, event.number)
    }

    /// The id of the latest event.
    #[must_use]
    pub fn latest_id(&self) -> String {
        format!("{:x}-{}", self.run, self.ring.lock().unwrap_or_else(PoisonError::into_inner).last)
    }

    /// Listens, from after the event `last_id` when it is given.
    #[must_use]
    pub fn subscribe(&self, last_id: Option<&str>) -> Subscription {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = self.sender.subscribe();
        let Some(last_id) = last_id else { return Subscription { missed: Vec::new(), complete: true, receiver } };
        let number = last_id
            .split_once('-')
            .filter(|(run, _)| u64::from_str_radix(run, 16) == Ok(self.run))
            .and_then(|(_, number)| number.parse::<u64>().ok());
        let oldest = ring.kept.front().map_or(ring.last + 1, |e| e.number);
        match number {
            Some(number) if number + 1 >= oldest && number <= ring.last => {
                let missed = ring.kept.iter().filter(|e| e.number > number).cloned().collect();
                Subscription { missed, complete: true, receiver }
            }
            _ => Subscription { missed: Vec::new(), complete: false, receiver },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_that_comes_back_gets_what_it_missed() {
        let bus = EventBus::new(7);
        for id in 1..=5 {
            bus.publish(Subject::Call(CallId(id)));
        }
        let back = bus.subscribe(Some("7-3"));
        assert!(back.complete);
        assert_eq!(
            back.missed.iter().map(|e| e.subject).collect::<Vec<_>>(),
            [Subject::Call(CallId(4)), Subject::Call(CallId(5))]
        );
        assert!(bus.subscribe(Some("7-5")).complete);
        for unknown in ["8-3", "7-6", "x", ""] {
            assert!(!bus.subscribe(Some(unknown)).complete, "{unknown}");
        }
    }

    #[test]
    fn the_ring_is_bounded() {
        let bus = EventBus::new(7);
        for id in 0..(RING as u64 + 10) {
            bus.publish(Subject::Call(CallId(id)));
        }
        assert!(!bus.subscribe(Some("7-1")).complete);
        let back = bus.subscribe(Some("7-11"));
        assert!(back.complete);
        assert_eq!(back.missed.len(), RING - 1);
    }
}
