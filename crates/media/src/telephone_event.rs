//! Telephone-event (RFC 4733): keys as packets, received and sent.

/// Length of the payload in bytes.
pub const PAYLOAD_LENGTH: usize = 4;
/// The keys in event order.
pub const KEYS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];
/// Volume of the keys we send: −10 dBm0.
const VOLUME: u8 = 10;

/// The key of an event code.
#[must_use]
pub fn key_of(code: u8) -> Option<char> {
    KEYS.get(usize::from(code)).copied()
}

/// The event code of a key; lower-case letters are taken.
#[must_use]
pub fn code_of(key: char) -> Option<u8> {
    let key = key.to_ascii_uppercase();
    KEYS.iter().position(|known| *known == key).and_then(|index| index.try_into().ok())
}

/// A payload (RFC 4733 section 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TelephoneEvent {
    /// Event code; 0 to 15 are keys.
    pub code: u8,
    /// The end bit.
    pub end: bool,
    /// Power in −dBm0, 0 to 63.
    pub volume: u8,
    /// Duration so far in timestamp units.
    pub duration: u16,
}

impl TelephoneEvent {
    /// Reads a payload; `None` when it is too short.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let bytes = payload.first_chunk::<PAYLOAD_LENGTH>()?;
        Some(Self {
            code: bytes[0],
            end: bytes[1] & 0x80 != 0,
            volume: bytes[1] & 0x3f,
            duration: u16::from_be_bytes([bytes[2], bytes[3]]),
        })
    }

    /// The payload's bytes.
    #[must_use]
    pub const fn bytes(self) -> [u8; PAYLOAD_LENGTH] {
        let end = if self.end { 0x80 } else { 0 };
        let duration = self.duration.to_be_bytes();
        [self.code, end | self.volume & 0x3f, duration[0], duration[1]]
    }
}

/// What a received event packet means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A new press.
    Pressed(char),
    /// The press of this key ended.
    Released(char),
    /// A press and its end in one packet: start and updates were lost, or the key was short.
    Tapped(char),
    /// A packet of an event already known, or not a key.
    Nothing,
}

/// Counts presses: all packets with one timestamp are one press (RFC 4733 section 2.5.2.1), whichever of them arrive.
#[derive(Clone, Debug, Default)]
pub struct Receiver {
    last: Option<Press>,
}

#[derive(Clone, Copy, Debug)]
struct Press {
    ssrc: u32,
    timestamp: u32,
    code: u8,
    ended: bool,
    /// Timestamp of its end as far as known.
    until: u32,
}

impl Receiver {
    /// Takes a packet that is no duplicate.
    pub fn take(&mut self, ssrc: u32, timestamp: u32, event: TelephoneEvent) -> Heard {
        let Some(key) = key_of(event.code) else {
            return Heard::Nothing;
        };
        if let Some(last) = self.last.as_mut().filter(|last| last.ssrc == ssrc) {
            let after = timestamp.wrapping_sub(last.timestamp).cast_signed();
            if after < 0 && after > -80_000 {
                // A straggler of an earlier press (within 10 s).
                return Heard::Nothing;
            }
            let same = after == 0 && last.code == event.code;
            // A press longer than 0xffff units goes on in a new segment that starts where the last one ended.
            let segment = !last.ended && last.code == event.code && timestamp == last.until && last.until_full();
            if same || segment {
                last.timestamp = timestamp;
                last.until = timestamp.wrapping_add(u32::from(event.duration));
                let released = event.end && !last.ended;
                last.ended |= event.end;
                return if released { Heard::Released(key) } else { Heard::Nothing };
            }
        }
        self.last = Some(Press {
            ssrc,
            timestamp,
            code: event.code,
            ended: event.end,
            until: timestamp.wrapping_add(u32::from(event.duration)),
        });
        if event.end { Heard::Tapped(key) } else { Heard::Pressed(key) }
    }
}

impl Press {
    fn until_full(&self) -> bool {
        self.until.wrapping_sub(self.timestamp) >= 0xff00
    }
}

/// A key being sent: one packet per 20 ms, the last one three times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sender {
    code: u8,
    duration: u16,
    total: u16,
    /// Timestamp units of 20 ms.
    step: u16,
    ends: u8,
}

impl Sender {
    /// `duration_ms` is kept between 40 and 8000.
    #[must_use]
    pub fn new(code: u8, duration_ms: u16) -> Self {
        Self::with_clock(code, duration_ms, 8000)
    }

    /// For timestamps that count `clock` units a second, 8000 to 48000. What does not fit into a duration's 16 bits
    /// (1.3 s at 48 kHz) is cut.
    #[must_use]
    pub fn with_clock(code: u8, duration_ms: u16, clock: u32) -> Self {
        let total = u32::from(duration_ms.clamp(40, 8000)) * (clock / 1000);
        let (total, step) = (u16::try_from(total).unwrap_or(u16::MAX), (clock / 50).min(960) as u16);
        Self { code, duration: 0, total, step, ends: 0 }
    }

    /// The next payload, 20 ms after the one before; `None` when the key is done.
    pub fn next_payload(&mut self) -> Option<TelephoneEvent> {
        if self.ends >= 3 {
            return None;
        }
        self.duration = self.duration.saturating_add(self.step).min(self.total);
        let end = self.duration >= self.total;
        self.ends += u8::from(end);
        Some(TelephoneEvent { code: self.code, end, volume: VOLUME, duration: self.duration })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packets(key: char, ms: u16) -> Vec<TelephoneEvent> {
        let mut sender = Sender::new(code_of(key).unwrap(), ms);
        std::iter::from_fn(|| sender.next_payload()).collect()
    }

    /// Presses heard when the packets with these indices arrive.
    fn pressed(packets: &[TelephoneEvent], arriving: &[usize]) -> usize {
        let mut receiver = Receiver::default();
        arriving
            .iter()
            .filter(|index| matches!(receiver.take(1, 8000, packets[**index]), Heard::Pressed(_) | Heard::Tapped(_)))
            .count()
    }

    #[test]
    fn a_sent_key_has_three_ends_and_its_duration() {
        let packets = packets('#', 100);
        assert_eq!(packets.len(), 7);
        assert_eq!(packets.iter().filter(|p| p.end).count(), 3);
        assert!(packets.iter().all(|p| p.code == 11));
        assert_eq!(packets[0].duration, 160);
        assert_eq!(packets[6].duration, 800);
        for packet in packets {
            assert_eq!(TelephoneEvent::parse(&packet.bytes()), Some(packet));
        }
    }

    #[test]
    fn one_press_whatever_is_lost() {
        let packets = packets('5', 100);
        for lost in 0..(1_u32 << packets.len()) - 1 {
            let arriving: Vec<usize> = (0..packets.len()).filter(|n| lost & 1 << n == 0).collect();
            assert_eq!(pressed(&packets, &arriving), 1, "{lost:b}");
        }
    }

    #[test]
    fn one_press_when_reordered() {
        let packets = packets('5', 60);
        assert_eq!(pressed(&packets, &[4, 0, 1, 2, 3]), 1);
        assert_eq!(pressed(&packets, &[2, 1, 0, 4, 3]), 1);
    }

    #[test]
    fn the_same_key_twice_is_two_presses() {
        let packets = packets('5', 60);
        let mut receiver = Receiver::default();
        let mut presses = 0;
        for timestamp in [1000, 2000] {
            for packet in &packets {
                presses += usize::from(matches!(receiver.take(1, timestamp, *packet), Heard::Pressed(_)));
            }
        }
        // A straggler of the first press.
        assert_eq!(receiver.take(1, 1000, packets[4]), Heard::Nothing);
        assert_eq!(presses, 2);
    }

    #[test]
    fn a_long_press_in_segments_is_one() {
        let mut receiver = Receiver::default();
        let event = |duration, end| TelephoneEvent { code: 1, end, volume: 10, duration };
        assert_eq!(receiver.take(1, 0, event(160, false)), Heard::Pressed('1'));
        assert_eq!(receiver.take(1, 0, event(0xffff, false)), Heard::Nothing);
        assert_eq!(receiver.take(1, 0xffff, event(160, false)), Heard::Nothing);
        assert_eq!(receiver.take(1, 0xffff, event(320, true)), Heard::Released('1'));
    }

    #[test]
    fn flash_and_short_payloads_are_nothing() {
        assert_eq!(TelephoneEvent::parse(&[1, 2, 3]), None);
        let flash = TelephoneEvent { code: 16, end: false, volume: 0, duration: 160 };
        assert_eq!(Receiver::default().take(1, 0, flash), Heard::Nothing);
    }
}
