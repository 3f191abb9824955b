//! A bridge: what one leg hears goes out on the other with a rewritten header.

use crate::codec::Codec;
use crate::g711::transcode;
use crate::leg::{Leg, Transport};
use crate::out::{Out, PacketSink};
use crate::payload_map::Payload;
use crate::rtp::{HEADER_LENGTH, Header, write_header};

/// Length of a key that is sent anew, in milliseconds.
const KEY_MS: u16 = 120;

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forwarded {
    /// It went out.
    Sent,
    /// The leg hears something else, holds, or is not reachable yet.
    Not,
    /// A key that will be sent to the leg anew.
    KeyQueued,
}

/// How a packet may go over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passage {
    /// Audio goes this way too, undecoded.
    pub whole: bool,
    /// The key whose press began with this packet.
    pub pressed: Option<char>,
    /// A telephone-event is down: what is heard meanwhile may be its tone.
    pub key_is_down: bool,
}

/// Sends `packet`, of which `header` was read, to `to`. The bytes before the payload become the new header;
/// the payload is transcoded in place where the laws differ.
pub(crate) fn forward<S: PacketSink>(
    to: &mut Leg,
    header: &Header,
    payload: Payload,
    passage: Passage,
    packet: &mut [u8],
    out: &mut Out<'_, S>,
) -> Forwarded {
    if let (Payload::Event(clock), Some(sent)) = (payload, to.sends()) {
        let as_it_is = sent.event.is_some_and(|event| passage.whole && event.clock == clock);
        if !as_it_is {
            return send_key(to, passage.pressed);
        }
    }
    let Some(sent) = to.sends().filter(|_| to.takes_forward()) else {
        if to.takes_forward() {
            to.send.interrupt();
        }
        return Forwarded::Not;
    };
    let body = header.payload.clone();
    let Some(bytes) = packet.get_mut(body.clone()) else {
        return Forwarded::Not;
    };
    let payload_type = match payload {
        // Who hears keys sounded would hear the tone that some phones send beside the event as a second key.
        Payload::Audio(_) if passage.key_is_down && sent.event.is_none() => {
            to.send.interrupt();
            return Forwarded::Not;
        }
        Payload::Audio(codec) => {
            if let (Codec::G711(from), Codec::G711(into)) = (codec, sent.codec) {
                transcode(bytes, from, into);
            }
            sent.audio
        }
        Payload::Event(_) => match sent.event {
            Some(event) => event.payload_type,
            None => return Forwarded::Not,
        },
        Payload::Noise => match sent.noise {
            Some(payload_type) => payload_type,
            None => return Forwarded::Not,
        },
    };
    let forwarded = to.send.forward(out.now, header.ssrc, header.sequence, header.timestamp, header.marker);
    let Some(numbers) = forwarded else {
        return Forwarded::Not;
    };
    out.counts.forwarded += 1;
    let id = to.id;
    to.send.octets += body.len() as u64;
    match &mut to.transport {
        Transport::WebRtc(webrtc) => webrtc.write(id, numbers, payload_type, bytes, out),
        Transport::Rtp(rtp) => {
            let start = body.start.saturating_sub(HEADER_LENGTH);
            let Some(destination) = rtp.latch.destination() else {
                return Forwarded::Not;
            };
            if let Some(head) = packet.get_mut(start..).and_then(|rest| rest.first_chunk_mut()) {
                let sequence = numbers.sequence as u16;
                write_header(head, numbers.marker, payload_type, sequence, numbers.timestamp, to.send.ssrc);
            }
            rtp.send_rtp(id, destination, numbers.sequence, &packet[start..body.end], out);
        }
    }
    Forwarded::Sent
}

/// A press among audio that is decoded on its way, or counted by another clock, or unknown to the far end, is sent anew: by
/// an event of the far end's kind, or sounded where it has none. Quick presses wait for each other.
fn send_key(to: &mut Leg, pressed: Option<char>) -> Forwarded {
    let queued = to.playback.is_none() && pressed.is_some_and(|key| to.keys.push(key, KEY_MS));
    if queued { Forwarded::KeyQueued } else { Forwarded::Not }
}
