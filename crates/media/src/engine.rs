//! The engine: legs, what connects them, and the time they keep. One per media worker; owns whole calls.

mod commands;
mod handshakes;
mod moving;
mod packets;
mod ticks;
mod transcoding;

pub use moving::MovedLeg;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::command::{Command, Event, Figures, LegId};
use crate::copies::Copies;
use crate::dtls::{Certificate, Identity};
use crate::leg::{BEAT, Leg, Transport};
use crate::leg_table::LegTable;
use crate::library::Library;
use crate::negotiation::LocalAddresses;
use crate::out::{Channel, Counts, PacketSink};
use crate::rtp::{HEADER_LENGTH, MAX_PACKET};
use crate::seed::Seed;
use crate::srtp::{KeySource, Sdes};
use crate::timers::{Due, Timer, WakeUps};
use crate::webrtc_leg::WebRtcConfig;

/// How an engine behaves.
#[derive(Clone, Copy, Debug)]
pub struct EngineConfig {
    /// Milliseconds without a packet after which [`Event::Quiet`] is told; at least 1.
    pub quiet_ms: u32,
    /// DTLS role: client (true), server (false); `None`: client when an offer leaves it to us (of legs without ICE only
    /// where the far end's address is public), and our own offers leave it to the peer.
    pub dtls_active: Option<bool>,
    /// Answer ICE checks only; right for a server with a reachable address.
    pub ice_lite: bool,
    /// 32 bytes from the system's random source, other ones for each engine, of which SRTP keys are made, and the
    /// certificate of DTLS; `None`: SRTP is neither offered nor taken.
    pub srtp_seed: Option<[u8; 32]>,
    /// Legs at most; one more is refused with [`crate::RefusedSdp::NoPort`].
    pub max_legs: usize,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self { quiet_ms: 30_000, dtls_active: None, ice_lite: true, srtp_seed: None, max_legs: 20_000 }
    }
}

/// All legs of a media worker.
pub struct Engine {
    config: EngineConfig,
    library: Arc<Library>,
    seed: Seed,
    start: Option<Instant>,
    legs: LegTable,
    wake_ups: WakeUps,
    /// Legs that are being woken. Not a local list: what is left when one of them panics is woken the next time.
    due: VecDeque<Due>,
    events: VecDeque<Event>,
    copies: Copies,
    counts: Counts,
    /// Legs opened so far.
    opened: u64,
    /// What legs show in DTLS handshakes; made of the seed of their keys.
    identity: Option<Arc<Identity>>,
    /// A packet of a WebRTC leg on its way to a bridge: room for a header, then the payload.
    scratch: Vec<u8>,
}

impl Engine {
    /// So many packets before it is handed over a packet is foreseen at the most: see [`Self::foresee`].
    pub const FORESIGHT: usize = 5;

    /// An engine without legs. `seed` makes SSRCs, sequence numbers and report times.
    #[must_use]
    pub fn new(config: EngineConfig, library: Arc<Library>, seed: u64) -> Self {
        Self {
            config,
            library,
            seed: Seed::new(seed),
            start: None,
            legs: LegTable::default(),
            wake_ups: WakeUps::default(),
            due: VecDeque::new(),
            events: VecDeque::new(),
            copies: Copies::default(),
            counts: Counts::default(),
            opened: 0,
            identity: config.srtp_seed.and_then(|seed| identity(seed, config.dtls_active)),
            scratch: vec![0; MAX_PACKET + HEADER_LENGTH],
        }
    }

    /// Takes a new library. What plays plays on from the old one.
    pub fn set_library(&mut self, library: Arc<Library>) {
        self.library = library;
        self.copies.forget_unused();
    }

    /// Does a command. `local` comes with [`Command::Open`]: the leg's sockets as told to the far end; without it the
    /// leg is refused with [`crate::RefusedSdp::NoPort`]. Commands for legs that are not open do nothing, except those
    /// that carry SDP, which are refused, and [`Command::Close`], which is answered.
    pub fn handle_command(
        &mut self,
        now: Instant,
        command: Command,
        local: Option<LocalAddresses>,
        sink: &mut impl PacketSink,
    ) {
        self.command(now, command, local, sink);
    }

    /// Takes a datagram that came from `from` on a leg's socket. Its bytes may be rewritten.
    pub fn handle_packet(
        &mut self,
        now: Instant,
        leg: LegId,
        channel: Channel,
        from: SocketAddr,
        packet: &mut [u8],
        sink: &mut impl PacketSink,
    ) {
        self.packet(now, leg, channel, from, packet, sink);
    }

    /// A packet of this leg will be handed over after `steps` others: memory is asked for what it will need. To be called with
    /// [`Self::FORESIGHT`] steps first, then with each less down to none, for what one step asks for tells the next where to
    /// look. Only a hint.
    pub fn foresee(&self, leg: LegId, steps: usize, sink: &impl PacketSink) {
        if steps == Self::FORESIGHT {
            return self.legs.prefetch_name(leg);
        }
        let Some(slot) = self.legs.slot(leg) else { return };
        let partner = || self.legs.get(slot)?.partner;
        match steps {
            4 => self.legs.prefetch_place(slot),
            3 => self.legs.prefetch(slot),
            2 => partner().into_iter().for_each(|partner| self.legs.prefetch(partner)),
            _ => {
                if let Some(partner) = partner().and_then(|partner| self.legs.get(partner)) {
                    sink.foresee(partner.id, steps);
                }
            }
        }
    }

    /// Runs what is due: frames, reports, timeouts. To be called at [`Self::next_timeout`], or every 5 ms.
    pub fn handle_tick(&mut self, now: Instant, sink: &mut impl PacketSink) {
        self.tick(now, sink);
    }

    /// When [`Self::handle_tick`] is needed next; it may be early, never late.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        self.due.front().map(|(.., at)| *at).or_else(|| self.wake_ups.next())
    }

    /// What happened; to be asked until `None` after each call.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The figures of a leg so far; `None` when it is not open. Summed up when asked, so that legs nobody asks about cost
    /// nothing.
    #[must_use]
    pub fn figures(&self, leg: LegId) -> Option<Figures> {
        self.legs.get(self.legs.slot(leg)?).map(Leg::figures)
    }

    /// What it has and has had. Nothing is summed up: who asks at each wake-up pays nothing for many legs.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts { legs: self.legs.len(), ..self.counts }
    }

    fn since_start(&mut self, now: Instant) -> Duration {
        now.saturating_duration_since(*self.start.get_or_insert(now))
    }

    fn quiet(&self) -> Duration {
        Duration::from_millis(u64::from(self.config.quiet_ms.max(1)))
    }

    /// The key exchange of a new RTP leg.
    const fn sdes(&mut self) -> Sdes {
        self.opened += 1;
        let source = match self.config.srtp_seed {
            Some(seed) => Some(KeySource::new(seed, self.opened)),
            None => None,
        };
        Sdes::new(source, false)
    }

    const fn webrtc_config(&self) -> WebRtcConfig {
        WebRtcConfig { dtls_active: self.config.dtls_active, ice_lite: self.config.ice_lite }
    }

    /// Starts a leg's frames on the beat of all legs.
    fn start_frames(&mut self, now: Instant, slot: u32) {
        let since_beat = self.since_start(now).as_nanos() % BEAT.as_nanos();
        if let Some(leg) = self.legs.get_mut(slot) {
            leg.start_frames(now - Duration::from_nanos(since_beat as u64), slot);
        }
    }

    /// Enters the leg's earliest timer into the heap.
    fn arm(&mut self, slot: u32) {
        let generation = self.legs.generation(slot);
        if let Some(leg) = self.legs.get_mut(slot) {
            let transport = match &leg.transport {
                Transport::WebRtc(webrtc) => Some(webrtc.next_timeout()),
                Transport::Rtp(rtp) => rtp.has_dtls().then(|| rtp.next_timeout()),
            };
            match transport {
                Some(Some(at)) => leg.timers.set(Timer::Transport, at),
                Some(None) => leg.timers.clear(Timer::Transport),
                None => {}
            }
            let Some(start) = self.start else { return };
            self.wake_ups.schedule(slot, generation, &mut leg.timers, start);
        }
    }
}

/// The certificate of an engine. Its secrets are none of those of legs, whose numbers count from 1.
fn identity(seed: [u8; 32], active: Option<bool>) -> Option<Arc<Identity>> {
    let certificate = Arc::new(Certificate::new(&mut KeySource::new(seed, 0))?);
    Some(Arc::new(Identity { certificate, active }))
}

/// The way out for one leg, borrowed from the engine's fields so that the leg table stays free.
macro_rules! out {
    ($engine:expr, $now:expr, $sink:expr) => {{
        let since_start = $engine.since_start($now);
        crate::out::Out {
            now: $now,
            since_start,
            sink: $sink,
            events: &mut $engine.events,
            copies: &mut $engine.copies,
            counts: &mut $engine.counts,
        }
    }};
}
use out;
