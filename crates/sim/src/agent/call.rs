//! A call as an agent's own device sees it.

use super::Fault;
use crate::description::{Direction, Stream};
use crate::voice::{self, Side, Sound};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// We called; no final response yet.
    Calling,
    /// They called; we have not answered.
    Ringing,
    /// Both agreed.
    Up,
}

/// What it heard so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hearing {
    /// The last packet of the other party's voice.
    pub voice: Option<Instant>,
    /// The last packet of its own voice (an echo).
    pub echo: Option<Instant>,
    /// The last packet of any sound.
    pub sound: Option<Instant>,
    /// The longest stretch without any, so far, since the call was up.
    pub longest_silence: Duration,
    /// A steady level that belongs to nobody in this call.
    pub stranger: Option<i16>,
}

/// The stream an agent sends.
#[derive(Clone, Copy, Debug)]
pub struct Speech {
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
    pub(crate) packets: u32,
}

/// A call.
#[derive(Clone, Debug)]
pub struct AgentCall {
    /// Which simulated call: the last eight digits of the customer's number.
    pub key: u64,
    /// Which party we are.
    pub side: Side,
    /// Its Call-ID.
    pub call_id: String,
    /// What this agent does wrong in it.
    pub faults: Vec<Fault>,
    /// Where it stands.
    pub stand: Stand,
    /// When it was up.
    pub up_at: Option<Instant>,
    /// Our media address.
    pub at: SocketAddr,
    /// Theirs, once it is known.
    pub far: Option<Stream>,
    /// Our INVITE, if it was ours, carried an offer.
    pub offered: bool,
    /// We send packets, as we do once it is up or with early media.
    pub speaks: bool,
    /// We put them on hold.
    pub holds: bool,
    /// When they agreed to what we offered anew, such as to be taken back from hold.
    pub agreed_at: Option<Instant>,
    /// When we last pressed a key.
    pub pressed_at: Option<Instant>,
    /// What we heard.
    pub hearing: Hearing,
    pub(crate) speech: Speech,
    pub(crate) version: u32,
}

impl AgentCall {
    /// What we say of our direction.
    #[must_use]
    pub fn direction(&self) -> Direction {
        if self.holds { Direction::SendOnly } else { Direction::SendRecv }
    }

    /// Takes in a packet.
    pub fn hear(&mut self, now: Instant, packet: &[u8]) {
        let Some(sound) = voice::listen(packet) else { return };
        if sound == Sound::Silence {
            return;
        }
        let quiet = self.silence(now);
        self.hearing.longest_silence = self.hearing.longest_silence.max(quiet);
        self.hearing.sound = Some(now);
        if let Sound::Voice(level) = sound {
            if voice::is_same(level, voice::of(self.key, self.side.other())) {
                self.hearing.voice = Some(now);
            } else if voice::is_same(level, voice::of(self.key, self.side)) {
                self.hearing.echo = Some(now);
            } else {
                self.hearing.stranger = Some(level);
            }
        }
    }

    /// Has it sent speech for so long, and does it now?
    #[must_use]
    pub fn is_heard_since(&self, now: Instant, time: Duration) -> bool {
        let is_listened_to = self.far.is_some_and(|far| far.direction.listens());
        let is_up = self.up_at.is_some_and(|up| now.saturating_duration_since(up) > time);
        self.speaks && !self.holds && is_listened_to && is_up
    }

    /// How long nothing was heard, up to now.
    #[must_use]
    pub fn silence(&self, now: Instant) -> Duration {
        let since = self.up_at.max(self.hearing.sound).max(self.agreed_at);
        since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }
}
