//! What agents say and hear: each party of each call has a voice of its own, a steady G.711 level.

use media::g711::Law;

/// Payload of a 20 ms packet at 8 kHz.
const FRAME: usize = 160;
/// Static payload types (RFC 3551 6).
pub const PCMU: u8 = 0;
/// See [`PCMU`].
pub const PCMA: u8 = 8;
/// The payload type agents give to telephone-event.
pub const TELEPHONE_EVENT: u8 = 101;
/// Voices apart enough to survive the way from one G.711 law to the other.
pub const VOICES: u64 = 12;
/// Samples quieter than this are silence.
const SILENCE: i32 = 64;
/// A sample this share of its value away still counts as the same voice, percent.
const SAME: i32 = 6;

/// Which party of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The customer.
    Customer,
    /// The manager.
    Manager,
}

impl Side {
    /// The party at the far end.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Customer => Self::Manager,
            Self::Manager => Self::Customer,
        }
    }
}

/// The level, a 16 bit linear sample, of a party of the call with this key. Customers are positive, managers negative.
#[must_use]
pub fn of(key: u64, side: Side) -> i16 {
    // From 1000 up, each a fifth above the one before: no two meet within what a law may round.
    let level = (0..key % VOICES).fold(1000.0_f32, |level, _| level * 1.2) as i16;
    match side {
        Side::Customer => level,
        Side::Manager => -level,
    }
}

/// An RTP packet (RFC 3550 5.1) that says `level` for 20 ms.
#[must_use]
pub fn packet(payload_type: u8, sequence: u16, timestamp: u32, ssrc: u32, level: i16) -> Vec<u8> {
    let byte = if payload_type == PCMA { Law::A.encode(level) } else { Law::Mu.encode(level) };
    let mut packet = header(payload_type, false, sequence, timestamp, ssrc);
    packet.resize(packet.len() + FRAME, byte);
    packet
}

/// A telephone-event packet (RFC 4733 2.3). `duration` in timestamp units.
#[must_use]
pub fn key_packet(key: char, end: bool, duration: u16, sequence: u16, timestamp: u32, ssrc: u32) -> Vec<u8> {
    let event = "0123456789*#ABCD".find(key).and_then(|at| u8::try_from(at).ok()).unwrap_or(0);
    let mut packet = header(TELEPHONE_EVENT, false, sequence, timestamp, ssrc);
    packet.extend([event, if end { 0x80 | 10 } else { 10 }]);
    packet.extend(duration.to_be_bytes());
    packet
}

fn header(payload_type: u8, marker: bool, sequence: u16, timestamp: u32, ssrc: u32) -> Vec<u8> {
    let mut packet = Vec::with_capacity(12 + FRAME);
    packet.extend([0x80, payload_type | u8::from(marker) << 7]);
    packet.extend(sequence.to_be_bytes());
    packet.extend(timestamp.to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet
}

/// What a packet sounds like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sound {
    /// Nothing to hear.
    Silence,
    /// A steady level: somebody's voice.
    Voice(i16),
    /// Something else: a prompt, a tone.
    Other,
}

/// Listens to an RTP packet; `None` when it is no audio packet.
#[must_use]
pub fn listen(packet: &[u8]) -> Option<Sound> {
    let (first, second) = (*packet.first()?, *packet.get(1)?);
    let payload = packet.get(12 + 4 * usize::from(first & 0x0f)..)?;
    let payload_type = second & 0x7f;
    let law = match payload_type {
        PCMU => Law::Mu,
        PCMA => Law::A,
        _ => return None,
    };
    let first = *payload.first()?;
    if payload.iter().all(|byte| *byte == first) {
        let level = law.decode(first);
        return Some(if i32::from(level).abs() < SILENCE { Sound::Silence } else { Sound::Voice(level) });
    }
    let loud = payload.iter().any(|byte| i32::from(law.decode(*byte)).abs() >= SILENCE);
    Some(if loud { Sound::Other } else { Sound::Silence })
}

/// Is this level that voice, as far as the laws' rounding lets one tell?
#[must_use]
pub fn is_same(heard: i16, voice: i16) -> bool {
    let (heard, voice) = (i32::from(heard), i32::from(voice));
    (heard - voice).abs() * 100 <= voice.abs() * SAME
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_voice_is_known_again_by_either_law_and_no_other() {
        for key in 0..VOICES {
            for side in [Side::Customer, Side::Manager] {
                let voice = of(key, side);
                for law in [PCMU, PCMA] {
                    let Some(Sound::Voice(heard)) = listen(&packet(law, 1, 2, 3, voice)) else { panic!("no voice") };
                    let like: Vec<u64> = (0..VOICES).filter(|other| is_same(heard, of(*other, side))).collect();
                    assert_eq!(like, [key]);
                    assert!(!is_same(heard, of(key, side.other())));
                }
            }
        }
    }

    #[test]
    fn silence_and_noise_are_no_voice() {
        assert_eq!(listen(&packet(PCMU, 1, 2, 3, 0)), Some(Sound::Silence));
        let mut noise = packet(PCMU, 1, 2, 3, 0);
        noise[40] = 0x10;
        assert_eq!(listen(&noise), Some(Sound::Other));
        assert_eq!(listen(&key_packet('5', true, 800, 1, 2, 3)), None);
        assert_eq!(listen(&[]), None);
    }
}
