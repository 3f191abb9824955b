//! What leaves on one leg: one SSRC whose sequence numbers and timestamps go on evenly whatever is sent,
//! a prompt, a forwarded stream, keys, another forwarded stream.

use std::time::{Duration, Instant};

/// A jump of the incoming sequence or timestamp beyond this is a new stream.
const MAX_JUMP: i16 = 3000;

/// A leg's outgoing stream.
#[derive(Clone, Debug)]
pub struct SendStream {
    /// Our synchronization source.
    pub ssrc: u32,
    /// Packets sent.
    pub packets: u64,
    /// Payload bytes sent.
    pub octets: u64,
    /// Extended number of the last packet.
    sequence: u64,
    timestamp: u32,
    /// Timestamp units a second.
    clock: u32,
    /// How long the last packet of our own lasts, in timestamp units.
    own_duration: u32,
    sent_at: Option<Instant>,
    /// When the first packet with `timestamp` was sent.
    stamped_at: Option<Instant>,
    feed: Feed,
}

/// What the last packet came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Feed {
    Nothing,
    Own,
    Forward { ssrc: u32, last_in: u16, last_out: u64, first_out: u64, timestamp_offset: u32 },
}

/// The numbers of one outgoing packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// The marker bit.
    pub marker: bool,
    /// Extended sequence number; the wire's is its low 16 bits.
    pub sequence: u64,
    /// Timestamp.
    pub timestamp: u32,
}

impl SendStream {
    /// `seed` makes SSRC and first numbers (RFC 3550 section 5.1 wants them random).
    #[must_use]
    pub const fn new(seed: u64, other: u64) -> Self {
        Self {
            ssrc: seed as u32,
            packets: 0,
            octets: 0,
            // SRTP's rollover counter starts at 0, so the first number stays below 2¹⁵.
            sequence: (seed >> 32) & 0x7fff,
            timestamp: other as u32,
            clock: 8000,
            own_duration: 160,
            sent_at: None,
            stamped_at: None,
            feed: Feed::Nothing,
        }
    }

    /// Goes on under another SSRC, its numbers from the start: the far end made a new SRTP context.
    pub const fn restart(&mut self, seed: u64) {
        self.ssrc = seed as u32;
        self.sequence = (seed >> 32) & 0x7fff;
        self.feed = Feed::Nothing;
    }

    /// The clock of what is sent from now on. Timestamps go on from the last one by the time that passes; the SSRC stays
    /// (RFC 7160 section 4.2 allows it for a change of codec).
    pub const fn set_clock(&mut self, clock: u32) {
        if self.clock != clock {
            self.clock = clock;
            self.own_duration = clock / 50;
            self.feed = Feed::Nothing;
        }
    }

    /// Timestamp units a second.
    #[must_use]
    pub const fn clock(&self) -> u32 {
        self.clock
    }

    const fn units(&self, elapsed: Duration) -> u32 {
        (elapsed.as_micros() as u64 * self.clock as u64 / 1_000_000) as u32
    }

    /// When the last packet was sent.
    #[must_use]
    pub const fn last_sent(&self) -> Option<Instant> {
        self.sent_at
    }

    /// The timestamp a fresh talkspurt starts with now.
    fn fresh_timestamp(&self, now: Instant) -> u32 {
        let Some(stamped_at) = self.stamped_at else {
            return self.timestamp;
        };
        let elapsed = now.saturating_duration_since(stamped_at);
        self.timestamp.wrapping_add(self.units(elapsed).max(self.own_duration))
    }

    /// Numbers for a packet of our own that lasts `duration` timestamp units and follows the last one of ours, or starts a
    /// talkspurt.
    pub fn own(&mut self, now: Instant, duration: u32, gap: bool) -> Numbers {
        let marker = gap || self.feed != Feed::Own;
        let timestamp = if marker { self.fresh_timestamp(now) } else { self.timestamp.wrapping_add(self.own_duration) };
        self.own_duration = duration;
        self.feed = Feed::Own;
        self.stamp(now, timestamp);
        self.count(now, Numbers { marker, sequence: self.sequence + 1, timestamp })
    }

    fn stamp(&mut self, now: Instant, timestamp: u32) {
        if self.stamped_at.is_none() || timestamp != self.timestamp {
            self.timestamp = timestamp;
            self.stamped_at = Some(now);
        }
    }

    /// Numbers for a packet with the last packet's timestamp: telephone-event updates.
    pub fn own_again(&mut self, now: Instant) -> Numbers {
        let timestamp = self.timestamp;
        self.count(now, Numbers { marker: false, sequence: self.sequence + 1, timestamp })
    }

    /// Numbers for a forwarded packet; `None` when it is older than the switch to its stream.
    pub fn forward(&mut self, now: Instant, ssrc: u32, sequence: u16, timestamp: u32, marker: bool) -> Option<Numbers> {
        if let Feed::Forward { ssrc: known, last_in, last_out, first_out, timestamp_offset } = self.feed
            && known == ssrc
        {
            let ahead = sequence.wrapping_sub(last_in).cast_signed();
            if (-MAX_JUMP..=MAX_JUMP).contains(&ahead) {
                let out = last_out.checked_add_signed(i64::from(ahead)).filter(|out| *out >= first_out)?;
                let timestamp = timestamp.wrapping_add(timestamp_offset);
                if ahead > 0 {
                    self.feed = Feed::Forward { ssrc, last_in: sequence, last_out: out, first_out, timestamp_offset };
                    self.stamp(now, timestamp);
                }
                return Some(self.count(now, Numbers { marker, sequence: out, timestamp }));
            }
        }
        let out = self.sequence + 1;
        let fresh = self.fresh_timestamp(now);
        self.feed = Feed::Forward {
            ssrc,
            last_in: sequence,
            last_out: out,
            first_out: out,
            timestamp_offset: fresh.wrapping_sub(timestamp),
        };
        self.stamp(now, fresh);
        Some(self.count(now, Numbers { marker: true, sequence: out, timestamp: fresh }))
    }

    /// Something of the forwarded stream was withheld: what comes of it next starts a talkspurt.
    pub const fn interrupt(&mut self) {
        self.feed = Feed::Nothing;
    }

    fn count(&mut self, now: Instant, numbers: Numbers) -> Numbers {
        self.sequence = self.sequence.max(numbers.sequence);
        self.sent_at = Some(now);
        self.packets += 1;
        numbers
    }

    /// The timestamp of `now` for a sender report.
    #[must_use]
    pub fn timestamp_at(&self, now: Instant) -> u32 {
        let elapsed = self.stamped_at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        self.timestamp.wrapping_add(self.units(elapsed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::disallowed_methods, reason = "an arbitrary start for a test")]
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn numbers_go_on_over_switches() {
        let start = start();
        let at = |ms| start + Duration::from_millis(ms);
        let mut stream = SendStream::new(0x1234_5678_9abc_def0, 1000);
        let first = stream.own(at(0), 160, false);
        assert!(first.marker);
        let second = stream.own(at(20), 160, false);
        assert_eq!((second.marker, second.sequence), (false, first.sequence + 1));
        assert_eq!(second.timestamp, first.timestamp + 160);

        let third = stream.forward(at(40), 7, 65535, 50, false).unwrap();
        assert_eq!((third.marker, third.sequence), (true, first.sequence + 2));
        assert_eq!(third.timestamp, first.timestamp + 320);
        let fourth = stream.forward(at(60), 7, 0, 210, false).unwrap();
        assert_eq!(
            (fourth.marker, fourth.sequence, fourth.timestamp),
            (false, third.sequence + 1, third.timestamp + 160)
        );
        // Lost on the way in: lost on the way out; the late one still fits.
        let sixth = stream.forward(at(100), 7, 2, 530, false).unwrap();
        assert_eq!(sixth.sequence, third.sequence + 3);
        let fifth = stream.forward(at(101), 7, 1, 370, false).unwrap();
        assert_eq!((fifth.sequence, fifth.timestamp), (third.sequence + 2, third.timestamp + 320));
        // Older than the switch: would collide with what we sent before.
        assert_eq!(stream.forward(at(102), 7, 65534, 0, false), None);

        let other = stream.forward(at(120), 8, 9, 9, false).unwrap();
        assert_eq!((other.marker, other.sequence), (true, third.sequence + 4));
        assert!(other.timestamp > sixth.timestamp);
    }

    #[test]
    fn another_clock_goes_on_by_the_time_that_passes() {
        let start = start();
        let at = |ms| start + Duration::from_millis(ms);
        let mut stream = SendStream::new(1, 0);
        let first = stream.own(at(0), 160, false);
        stream.set_clock(48_000);
        let second = stream.own(at(20), 1920, false);
        assert_eq!((second.marker, second.timestamp - first.timestamp), (true, 960));
        // The second lasts 40 ms.
        let third = stream.own(at(60), 960, false);
        assert_eq!((third.marker, third.timestamp - second.timestamp), (false, 1920));
        assert_eq!(stream.timestamp_at(at(70)) - third.timestamp, 480);
    }

    #[test]
    fn silence_advances_the_timestamp() {
        let start = start();
        let mut stream = SendStream::new(1, 0);
        let first = stream.own(start, 160, false);
        let later = stream.own(start + Duration::from_secs(3), 160, true);
        assert!(later.marker);
        assert_eq!(later.timestamp - first.timestamp, 24_000);
    }
}
