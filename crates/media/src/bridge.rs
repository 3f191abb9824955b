//! A bridge: what one leg hears goes out on the other with a rewritten header.

use crate::codec::Codec;
use crate::g711::transcode;
use crate::leg::{Leg, Transport};
use crate::out::{Out, PacketSink};
use crate::payload_map::Payload;
use crate::rtp::{HEADER_LENGTH, Header, write_header};
use crate::telephone_event::TelephoneEvent;

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

/// Sends `packet`, of which `header` was read, to `to`. The bytes before the payload become the new header;
/// the payload is transcoded in place where the laws differ. `whole`: audio goes this way too, undecoded.
pub(crate) fn forward<S: PacketSink>(
    to: &mut Leg,
    header: &Header,
    payload: Payload,
    whole: bool,
    packet: &mut [u8],
    out: &mut Out<'_, S>,
) -> Forwarded {
    let Some(agreed) = to.sending().filter(|_| to.takes_forward()) else {
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
        Payload::Audio(codec) => {
            if let (Codec::G711(from), Codec::G711(into)) = (codec, agreed.payloads.codec) {
                transcode(bytes, from, into);
            }
            agreed.payloads.audio
        }
        // An event among audio that is decoded on its way, or counted by another clock, is one of our own.
        Payload::Event(clock) => match agreed.payloads.event.filter(|event| whole && event.clock == clock) {
            Some(event) => event.payload_type,
            None => return send_key(to, header, bytes),
        },
        Payload::Noise => match agreed.payloads.noise {
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

/// The press, told once by its timestamp, is sent anew: by an event of the far end's kind, or sounded where it has none.
fn send_key(to: &mut Leg, header: &Header, bytes: &[u8]) -> Forwarded {
    let Some(event) = TelephoneEvent::parse(bytes) else {
        return Forwarded::Not;
    };
    let press = (header.ssrc, header.timestamp);
    if to.sounded == Some(press) {
        return Forwarded::Not;
    }
    to.sounded = Some(press);
    let queued = crate::telephone_event::key_of(event.code).is_some_and(|key| to.keys.push(key, KEY_MS));
    if queued { Forwarded::KeyQueued } else { Forwarded::Not }
}
