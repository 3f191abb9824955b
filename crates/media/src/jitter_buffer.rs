//! Packets of one source that wait to be decoded, in the order of their time; bounded.

use std::collections::VecDeque;

use crate::codec::Codec;

/// Packets that wait at most; beyond them the oldest goes.
const MAX_WAITING: usize = 64;
/// A jump of the timestamp beyond this is another beginning (30 s at 48 kHz).
const MAX_JUMP: i64 = 1_440_000;

/// What a packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Audio.
    Audio(Codec),
    /// Comfort noise (RFC 3389).
    Noise,
}

/// A packet that waits.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Its timestamp, extended.
    pub time: i64,
    /// Its length in timestamp units; 0 for noise.
    pub duration: u32,
    /// Its sequence number.
    pub sequence: u16,
    /// What it carries.
    pub content: Content,
    /// Its payload.
    pub payload: Vec<u8>,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It waits.
    Waits,
    /// Its source or its time has nothing to do with what came before: everything before is gone, and it waits.
    Restarted,
}

/// The packets.
#[derive(Debug, Default)]
pub struct JitterBuffer {
    waiting: VecDeque<Waiting>,
    /// Payload buffers for packets to come.
    spare: Vec<Vec<u8>>,
    ssrc: u32,
    newest: Option<i64>,
}

impl JitterBuffer {
    /// Takes a packet; duplicates were sorted out before.
    pub fn put(
        &mut self,
        ssrc: u32,
        sequence: u16,
        timestamp: u32,
        (content, duration): (Content, u32),
        payload: &[u8],
    ) -> Put {
        let extended = self.newest.filter(|_| ssrc == self.ssrc).map(|newest| {
            let ahead = timestamp.wrapping_sub(newest as u32).cast_signed();
            newest + i64::from(ahead)
        });
        let known = extended.filter(|time| self.newest.is_some_and(|newest| (time - newest).abs() <= MAX_JUMP));
        if known.is_none() {
            while let Some(waiting) = self.waiting.pop_front() {
                self.recycle(waiting);
            }
        }
        let time = known.unwrap_or_else(|| i64::from(timestamp));
        self.ssrc = ssrc;
        self.newest = Some(known.and(self.newest).map_or(time, |newest| newest.max(time)));
        if self.waiting.len() >= MAX_WAITING
            && let Some(oldest) = self.waiting.pop_front()
        {
            self.recycle(oldest);
        }
        let mut place = self.spare.pop().unwrap_or_default();
        place.clear();
        place.extend_from_slice(payload);
        let at = self.waiting.partition_point(|waiting| waiting.time <= time);
        self.waiting.insert(at, Waiting { time, duration, sequence, content, payload: place });
        if known.is_some() { Put::Waits } else { Put::Restarted }
    }

    /// The earliest packet.
    #[must_use]
    pub fn first(&self) -> Option<&Waiting> {
        self.waiting.front()
    }

    /// Takes the earliest packet out; to be given back with [`Self::recycle`].
    pub fn take(&mut self) -> Option<Waiting> {
        self.waiting.pop_front()
    }

    /// Keeps a payload's memory for the next packet.
    pub fn recycle(&mut self, waiting: Waiting) {
        if self.spare.len() < MAX_WAITING {
            self.spare.push(waiting.payload);
        }
    }

    /// The time of the newest packet so far.
    #[must_use]
    pub const fn newest(&self) -> Option<i64> {
        self.newest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUDIO: Content = Content::Audio(Codec::G722);

    fn put(buffer: &mut JitterBuffer, sequence: u16, timestamp: u32) -> Put {
        buffer.put(7, sequence, timestamp, (AUDIO, 160), &[sequence as u8; 160])
    }

    #[test]
    fn packets_come_out_in_the_order_of_their_time_over_the_wrap() {
        let mut buffer = JitterBuffer::default();
        let start = u32::MAX - 400;
        assert_eq!(put(&mut buffer, 65_534, start), Put::Restarted);
        for n in [2_u16, 1, 4, 3] {
            let put = put(&mut buffer, 65_534_u16.wrapping_add(n), start.wrapping_add(u32::from(n) * 160));
            assert_eq!(put, Put::Waits);
        }
        let mut times = Vec::new();
        while let Some(waiting) = buffer.take() {
            times.push(waiting.time - i64::from(start));
            buffer.recycle(waiting);
        }
        assert_eq!(times, [0, 160, 320, 480, 640]);
    }

    #[test]
    fn another_source_or_a_far_time_begins_anew() {
        let mut buffer = JitterBuffer::default();
        put(&mut buffer, 1, 0);
        assert_eq!(buffer.put(8, 2, 160, (AUDIO, 160), &[1]), Put::Restarted);
        assert_eq!(buffer.first().unwrap().sequence, 2);
        assert_eq!(buffer.put(8, 3, 2_000_000_000, (AUDIO, 160), &[1]), Put::Restarted);
        assert_eq!((buffer.first().unwrap().sequence, buffer.newest()), (3, Some(2_000_000_000)));
    }

    #[test]
    fn there_is_a_bound() {
        let mut buffer = JitterBuffer::default();
        for n in 0..1000_u16 {
            put(&mut buffer, n, u32::from(n) * 160);
        }
        assert_eq!(buffer.waiting.len(), MAX_WAITING);
        assert_eq!(buffer.first().unwrap().sequence, 1000 - MAX_WAITING as u16);
    }
}
