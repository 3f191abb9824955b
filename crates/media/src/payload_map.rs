//! Which payload type carries what on a leg.

use crate::g711::Law;

/// What a payload type carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Payload {
    /// G.711 audio.
    Audio(Law),
    /// Telephone-event at 8 kHz (RFC 4733).
    Event,
}

/// The most payload types a leg listens to.
const MAX_HEARD: usize = 8;

/// The payload types agreed for a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadMap {
    /// The law we send.
    pub law: Law,
    /// The payload type we send audio with (the far end's number).
    pub audio: u8,
    /// The payload type we send telephone-events with; none when the far end has none.
    pub event: Option<u8>,
    heard: [(u8, Option<Payload>); MAX_HEARD],
}

impl PayloadMap {
    /// A map that sends `law` as `audio` and listens to that.
    #[must_use]
    pub fn new(law: Law, audio: u8, event: Option<u8>) -> Self {
        let mut map = Self { law, audio, event, heard: [(0, None); MAX_HEARD] };
        map.listen(audio, Payload::Audio(law));
        if let Some(event) = event {
            map.listen(event, Payload::Event);
        }
        map
    }

    /// Listens to one more payload type. The first meaning of a number stays; beyond eight nothing is added.
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
