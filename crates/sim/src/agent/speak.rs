//! What an agent sends over its media stream.

use super::{Agent, Deed, Stand};
use crate::voice;
use sip::InviteId;
use std::time::{Duration, Instant};

/// Between two packets of speech.
const PACKET: Duration = Duration::from_millis(20);
/// Samples of a packet.
const SAMPLES: u32 = 160;
/// So many packets go out at the true rate; then speech thins out, so that a run costs little.
const DENSE: u32 = 60;
/// Between two packets of thinned speech.
pub(crate) const THIN: Duration = Duration::from_millis(400);
/// Packets of a key press, without the repetitions of its end (RFC 4733 2.5.1.2).
const KEY_PACKETS: u16 = 4;
/// The end is told so often (RFC 4733 2.5.1.4).
const KEY_ENDS: u16 = 3;

impl Agent {
    pub(super) fn speak(&mut self, id: InviteId, now: Instant) {
        let payload_type = self.setup.payload_type;
        let Some(call) = self.calls.get_mut(&id).filter(|call| call.speaks) else { return };
        let pause = if call.speech.packets < DENSE { PACKET } else { THIN };
        // Who holds somebody says nothing: the music is the server's.
        let wanted = call.far.filter(|far| far.direction.listens() && !call.holds);
        if let Some(far) = wanted {
            let level = voice::of(call.key, call.side);
            let speech = &call.speech;
            let packet = voice::packet(payload_type, speech.sequence, speech.timestamp, speech.ssrc, level);
            self.media.push_back((call.at, far.to, packet));
            call.speech.sequence = call.speech.sequence.wrapping_add(1);
        }
        let samples = SAMPLES * u32::try_from(pause.as_millis() / PACKET.as_millis()).unwrap_or(1);
        call.speech.timestamp = call.speech.timestamp.wrapping_add(samples);
        call.speech.packets += 1;
        self.later(now, pause, Deed::Speak(id));
    }

    pub(super) fn press(&mut self, id: InviteId, key: char, now: Instant) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.pressed_at = Some(now);
            let timestamp = call.speech.timestamp;
            self.send_key(id, key, 0, timestamp, now);
        }
    }

    pub(super) fn send_key(&mut self, id: InviteId, key: char, step: u16, timestamp: u32, now: Instant) {
        let Some(call) = self.calls.get_mut(&id).filter(|call| call.stand == Stand::Up) else { return };
        let Some(far) = call.far.filter(|far| far.telephone_event.is_some()) else { return };
        let end = step >= KEY_PACKETS;
        let duration = 160 * (step.min(KEY_PACKETS) + 1);
        let speech = &mut call.speech;
        let packet = voice::key_packet(key, end, duration, speech.sequence, timestamp, speech.ssrc);
        speech.sequence = speech.sequence.wrapping_add(1);
        self.media.push_back((call.at, far.to, packet));
        if step + 1 < KEY_PACKETS + KEY_ENDS {
            self.later(now, PACKET, Deed::Key { id, key, step: step + 1, timestamp });
        }
    }
}
