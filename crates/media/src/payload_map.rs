//! Which payload type carries what on a leg.

use crate::codec::Codec;

/// What a payload type carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Payload {
    /// Audio.
    Audio(Codec),
    /// Telephone-event (RFC 4733), its durations counted by a clock of so many Hz.
    Event(u32),
    /// Comfort noise (RFC 3389).
    Noise,
}

/// A payload type of telephone-event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventType {
    /// Its number.
    pub payload_type: u8,
    /// Its clock in Hz.
    pub clock: u32,
}

/// The most payload types a leg listens to.
const MAX_HEARD: usize = 12;

/// The payload types agreed for a leg.
// In this order: what each packet asks for lies together.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadMap {
    /// The codec we send.
    pub codec: Codec,
    /// The payload type we send audio with (the far end's number).
    pub audio: u8,
    /// The payload type of comfort noise, where the far end takes it.
    pub noise: Option<u8>,
    /// What we send telephone-events with; none when the far end has none.
    pub event: Option<EventType>,
    heard: [(u8, Option<Payload>); MAX_HEARD],
}

/// What is sent with: the part of a map that each forwarded packet asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// See [`PayloadMap::codec`].
    pub codec: Codec,
    /// See [`PayloadMap::audio`].
    pub audio: u8,
    /// See [`PayloadMap::event`].
    pub event: Option<EventType>,
    /// See [`PayloadMap::noise`].
    pub noise: Option<u8>,
}

impl PayloadMap {
    /// What is sent with.
    #[must_use]
    pub const fn sent(&self) -> Sent {
        Sent { codec: self.codec, audio: self.audio, event: self.event, noise: self.noise }
    }

    /// A map that sends `codec` as `audio` and listens to that.
    #[must_use]
    pub fn new(codec: Codec, audio: u8, event: Option<EventType>) -> Self {
        let mut map = Self { codec, audio, event, noise: None, heard: [(0, None); MAX_HEARD] };
        map.listen(audio, Payload::Audio(codec));
        if let Some(event) = event {
            map.listen(event.payload_type, Payload::Event(event.clock));
        }
        map
    }

    /// Listens to one more payload type. The first meaning of a number stays; beyond twelve nothing is added.
    pub fn listen(&mut self, payload_type: u8, payload: Payload) {
        if self.heard(payload_type).is_none()
            && let Some(slot) = self.heard.iter_mut().find(|(_, heard)| heard.is_none())
        {
            *slot = (payload_type, Some(payload));
        }
    }

    /// What a received payload type carries.
    #[must_use]
    pub fn heard(&self, payload_type: u8) -> Option<Payload> {
        self.heard.iter().find(|(number, heard)| *number == payload_type && heard.is_some())?.1
    }
}
