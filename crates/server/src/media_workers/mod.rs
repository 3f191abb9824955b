//! Media workers: plain threads that each own whole calls. One wake-up serves all packets and ticks that are due.

mod epoll;
mod pace;
mod ports;
mod recorder;
mod sockets;
mod teller;
#[cfg(test)]
mod tests;
mod wakes;
mod worker;

pub use ports::PortPool;
pub use sockets::MediaAddresses;
pub(crate) use teller::MAX_TELLINGS;

use media::{Command, Event, LegId, Library, MovedLeg};
use pbx::CallId;
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Instant;
use tokio::sync::mpsc::Sender;
use wakes::Wakes;

/// What a worker is sent.
pub(crate) enum Order {
    /// For the engine, about a leg of this call.
    Media(CallId, Command),
    /// A leg goes to the worker of another call.
    Give(LegId, Neighbour),
    /// A leg comes from another worker.
    Take(LegId, Box<Baggage>),
    /// Another prompt library.
    Library(Arc<Library>),
    /// End.
    Stop,
}

/// The way to a worker.
#[derive(Clone)]
pub(crate) struct Neighbour {
    orders: mpsc::Sender<Order>,
    waker: Arc<epoll::Waker>,
}

impl Neighbour {
    /// Leaves an order for when the worker is woken next. Orders of a worker that has ended are of no interest any more.
    fn hand(&self, order: Order) -> bool {
        self.orders.send(order).is_ok()
    }

    /// Gives an order and wakes the worker.
    pub(crate) fn order(&self, order: Order) {
        if self.hand(order) {
            self.waker.wake();
        }
    }
}

/// What a leg takes along to another worker; nothing of it for one that was closed on the way.
pub(crate) struct Baggage {
    pub(crate) leg: Option<MovedLeg>,
    pub(crate) sockets: Option<sockets::LegSockets>,
}

/// Why packets are dropped, as `/metrics` names it.
pub const DROP_REASONS: [&str; 7] = ["malformed", "stranger", "payload_type", "duplicate", "early", "no_leg", "srtp"];

/// Figures of all workers, for `/metrics`.
#[derive(Debug, Default)]
pub struct Figures {
    /// Legs alive.
    pub legs: AtomicU64,
    /// Bridges alive.
    pub bridges: AtomicU64,
    /// Packets received.
    pub received: AtomicU64,
    /// Packets sent.
    pub sent: AtomicU64,
    /// Packets dropped, by [`DROP_REASONS`].
    pub dropped: [AtomicU64; DROP_REASONS.len()],
    /// Sockets open.
    pub sockets: AtomicU64,
    /// Events lost because the control thread took none for long.
    pub events_lost: Arc<AtomicU64>,
    /// Pieces of recordings lost because the disk did not keep up.
    pub sound_lost: Arc<AtomicU64>,
    /// Wake-ups of all workers.
    pub wake_ups: AtomicU64,
}

/// What the workers are made with.
pub struct Options {
    /// Worker threads, at least 1.
    pub workers: usize,
    /// The addresses media is taken at, as told to the far ends.
    pub addresses: MediaAddresses,
    /// First port of the range.
    pub first_port: u16,
    /// Last port of the range.
    pub last_port: u16,
    /// Prompts.
    pub library: Arc<Library>,
    /// Where recordings are written.
    pub recordings: PathBuf,
    /// Seeds SSRCs and sequence numbers.
    pub seed: u64,
}

/// The handle the control thread holds.
pub struct MediaWorkers {
    workers: Vec<Neighbour>,
    threads: Vec<std::thread::JoinHandle<()>>,
    recorder: Option<std::thread::JoinHandle<()>>,
    of_call: HashMap<CallId, (usize, u32)>,
    load: Vec<u32>,
    wakes: Wakes,
    /// What the workers did.
    pub figures: Arc<Figures>,
}

impl MediaWorkers {
    /// Starts the threads. What happens comes on `events`, together what happened together.
    ///
    /// # Errors
    /// When a thread or its epoll cannot be made.
    pub fn start(options: &Options, events: &Sender<Vec<Event>>) -> io::Result<Self> {
        let figures = Arc::new(Figures::default());
        let ports = Arc::new(PortPool::new(options.first_port, options.last_port));
        let (recorder, recorder_thread) = recorder::start(options.recordings.clone())?;
        let mut workers = Vec::new();
        let mut threads = Vec::new();
        for index in 0..options.workers.max(1) {
            let (orders, inbox) = mpsc::channel();
            let waker = Arc::new(epoll::Waker::new()?);
            let worker = worker::Worker::new(worker::Parts {
                inbox,
                waker: Arc::clone(&waker),
                events: events.clone(),
                recorder: recorder.clone(),
                ports: Arc::clone(&ports),
                addresses: options.addresses,
                library: Arc::clone(&options.library),
                seed: options.seed.wrapping_add(index as u64 + 1),
                figures: Arc::clone(&figures),
            })?;
            let thread = std::thread::Builder::new().name(format!("media-{index}")).spawn(move || worker.run())?;
            workers.push(Neighbour { orders, waker });
            threads.push(thread);
        }
        let (load, wakes) = (vec![0; workers.len()], Wakes::new(workers.len()));
        let recorder = Some(recorder_thread);
        Ok(Self { workers, threads, recorder, of_call: HashMap::new(), load, wakes, figures })
    }

    /// Hands a command to the worker that owns the call; a call's first leg picks the least loaded one. It hears of it by
    /// [`Self::wake`]: what is said at one time is worked off in one go.
    pub fn send(&mut self, call: CallId, command: Command) {
        let Some(index) = self.owner(call, &command) else { return };
        match command {
            Command::Move { leg, to } => self.move_leg(index, leg, CallId(to)),
            command => self.hand(index, Order::Media(call, command)),
        }
    }

    fn hand(&mut self, index: usize, order: Order) {
        let patient = matches!(order, Order::Media(_, Command::Close { .. }));
        let worker = &self.workers[index];
        if worker.hand(order) {
            self.wakes.handed(index, patient, worker.waker.looks());
        }
    }

    /// Wakes the workers that were handed commands; one that was only told to close legs wakes with the next command or a little
    /// later ([`Self::next_wake`]).
    pub fn wake(&mut self, now: Instant) {
        let waker = |worker: usize| &self.workers[worker].waker;
        self.wakes.due(now, |worker| waker(worker).looks(), |worker| waker(worker).wake());
    }

    /// When [`Self::wake`] is to be asked again, if commands wait.
    #[must_use]
    pub fn next_wake(&self) -> Option<Instant> {
        self.wakes.next()
    }

    /// The leg belongs to another call. Where that one lives with another worker, the leg follows.
    fn move_leg(&mut self, from: usize, leg: LegId, to: CallId) {
        let (index, legs) = self.of_call.entry(to).or_insert((from, 0));
        let index = *index;
        *legs += 1;
        if index == from {
            return self.hand(from, Order::Media(to, Command::Move { leg, to: to.0 }));
        }
        self.load[index] += 1;
        self.load[from] = self.load[from].saturating_sub(1);
        self.hand(from, Order::Give(leg, self.workers[index].clone()));
    }

    /// The worker of the call; none for a command about a call whose legs are all closed.
    fn owner(&mut self, call: CallId, command: &Command) -> Option<usize> {
        match command {
            Command::Open { .. } => {
                let least = (0..self.load.len()).min_by_key(|index| self.load[*index]).unwrap_or(0);
                let (index, legs) = self.of_call.entry(call).or_insert((least, 0));
                *legs += 1;
                self.load[*index] += 1;
                Some(*index)
            }
            Command::Close { .. } | Command::Move { .. } => {
                let (index, legs) = self.of_call.get_mut(&call)?;
                let index = *index;
                *legs -= 1;
                if *legs == 0 {
                    self.of_call.remove(&call);
                }
                if matches!(command, Command::Close { .. }) {
                    self.load[index] = self.load[index].saturating_sub(1);
                }
                Some(index)
            }
            _ => self.of_call.get(&call).map(|(index, _)| *index),
        }
    }

    /// Gives every worker another library.
    pub fn set_library(&self, library: &Arc<Library>) {
        for worker in &self.workers {
            worker.order(Order::Library(Arc::clone(library)));
        }
    }
}

impl Drop for MediaWorkers {
    fn drop(&mut self) {
        for worker in &self.workers {
            worker.order(Order::Stop);
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
        // With the workers the last ways to it are gone: it writes what it has, and ends.
        if let Some(recorder) = self.recorder.take() {
            let _ = recorder.join();
        }
    }
}

impl Figures {
    pub(crate) fn add(counter: &AtomicU64, n: u64) {
        counter.fetch_add(n, Ordering::Relaxed);
    }
}
