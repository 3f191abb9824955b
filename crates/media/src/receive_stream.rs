//! What arrives from one source: sequence, duplicates, loss and jitter (RFC 3550 appendices A.1, A.3, A.8).

use std::time::{Duration, Instant};

use crate::rtcp::{ReportBlock, ntp_middle};
use crate::rtp::Header;

/// A jump larger than this is a new stream of the same source (RFC 3550 A.1 `MAX_DROPOUT`).
const MAX_DROPOUT: i16 = 3000;
/// How far back duplicates are known, in packets.
const WINDOW: u32 = 64;

/// Statistics of the source heard now, and sums over those before.
#[derive(Clone, Debug, Default)]
pub struct ReceiveStream {
    source: Option<Source>,
    received_before: u64,
    lost_before: u64,
}

#[derive(Clone, Debug)]
struct Source {
    ssrc: u32,
    /// Extended sequence numbers.
    first: u64,
    highest: u64,
    /// Bit n: `highest - n` came.
    seen: u64,
    received: u64,
    transit: u32,
    /// Timestamp units a second of what was heard last.
    clock: u32,
    /// Jitter times 16, as in RFC 3550 A.8.
    jitter: u32,
    expected_prior: u64,
    received_prior: u64,
    last_report: Option<(u32, Instant)>,
}

/// What a packet is in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// The newest so far.
    Newest,
    /// Late, not seen before.
    Late,
    /// Seen before, or too old to know: to be dropped.
    Duplicate,
}

impl ReceiveStream {
    /// Takes note of a packet whose timestamps count `clock` units a second. `since_start` counts from the engine's first
    /// instant.
    pub fn arrive(&mut self, header: &Header, clock: u32, since_start: Duration) -> Arrival {
        // Time in timestamp units, modulo 2³² as timestamps are: only differences matter.
        let arrived = since_start.as_micros() as u64 * u64::from(clock) / 1_000_000;
        let transit = (arrived as u32).wrapping_sub(header.timestamp);
        let known = self.source.as_mut().filter(|source| source.ssrc == header.ssrc);
        if let Some(source) = known {
            let ahead = header.sequence.wrapping_sub(source.highest as u16).cast_signed();
            if (-MAX_DROPOUT..=MAX_DROPOUT).contains(&ahead) {
                return source.arrive(ahead, transit, clock);
            }
        }
        self.restart(header, transit, clock);
        Arrival::Newest
    }

    fn restart(&mut self, header: &Header, transit: u32, clock: u32) {
        self.received_before = self.received();
        self.lost_before = self.lost();
        // 65536 more than the wire's number leaves room for packets before the first one.
        let first = u64::from(header.sequence) + 0x1_0000;
        self.source = Some(Source {
            ssrc: header.ssrc,
            first,
            highest: first,
            seen: 1,
            received: 1,
            transit,
            clock,
            jitter: 0,
            expected_prior: 0,
            received_prior: 0,
            last_report: None,
        });
    }

    /// Whether a sequence number would continue this stream.
    #[must_use]
    pub fn continues(&self, header: &Header) -> bool {
        self.source.as_ref().is_some_and(|source| {
            let ahead = header.sequence.wrapping_sub(source.highest as u16).cast_signed();
            source.ssrc == header.ssrc && (0..=MAX_DROPOUT).contains(&ahead)
        })
    }

    /// Packets received, duplicates excluded.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received_before + self.source.as_ref().map_or(0, |source| source.received)
    }

    /// Packets lost by sequence number.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost_before + self.source.as_ref().map_or(0, |source| source.expected().saturating_sub(source.received))
    }

    /// Interarrival jitter in milliseconds.
    #[must_use]
    pub fn jitter_ms(&self) -> f32 {
        self.source.as_ref().map_or(0.0, |source| (source.jitter >> 4) as f32 * 1000.0 / source.clock.max(1) as f32)
    }

    /// A sender report came from `ssrc`.
    pub fn sender_reported(&mut self, ssrc: u32, ntp: u64, now: Instant) {
        if let Some(source) = self.source.as_mut().filter(|source| source.ssrc == ssrc) {
            source.last_report = Some((ntp_middle(ntp), now));
        }
    }

    /// The report block about the source heard now; counts the interval since the last one.
    pub fn report(&mut self, now: Instant) -> Option<ReportBlock> {
        let source = self.source.as_mut()?;
        let expected = source.expected();
        let expected_interval = expected - source.expected_prior.min(expected);
        let received_interval = source.received - source.received_prior.min(source.received);
        source.expected_prior = expected;
        source.received_prior = source.received;
        let lost_interval = expected_interval.saturating_sub(received_interval);
        let fraction_lost = (lost_interval << 8).checked_div(expected_interval).unwrap_or(0);
        let (last_sender_report, delay) = source.last_report.map_or((0, 0), |(middle, at)| {
            let delay = now.saturating_duration_since(at);
            (middle, (delay.as_micros() * 65_536 / 1_000_000) as u32)
        });
        Some(ReportBlock {
            ssrc: source.ssrc,
            fraction_lost: fraction_lost.min(255) as u8,
            lost: (expected as i64 - source.received as i64).clamp(-0x80_0000, 0x7f_ffff) as i32,
            highest: (source.highest - 0x1_0000) as u32,
            jitter: source.jitter >> 4,
            last_sender_report,
            delay,
        })
    }
}

impl Source {
    fn arrive(&mut self, ahead: i16, transit: u32, clock: u32) -> Arrival {
        let arrival = if ahead > 0 {
            let ahead = u64::from(ahead.unsigned_abs());
            self.highest += ahead;
            self.seen = if ahead < u64::from(WINDOW) { self.seen << ahead | 1 } else { 1 };
            Arrival::Newest
        } else {
            let behind = u32::from(ahead.unsigned_abs());
            let bit = 1_u64.checked_shl(behind).unwrap_or(0);
            if bit == 0 || self.seen & bit != 0 {
                return Arrival::Duplicate;
            }
            self.seen |= bit;
            self.first = self.first.min(self.highest - u64::from(behind));
            Arrival::Late
        };
        self.received += 1;
        if clock != self.clock {
            // Units of another length: jitter begins anew.
            self.clock = clock;
            self.transit = transit;
            self.jitter = 0;
        }
        let difference = transit.wrapping_sub(self.transit).cast_signed().unsigned_abs().min(0x00ff_ffff);
        self.transit = transit;
        self.jitter = (self.jitter + difference).saturating_sub((self.jitter + 8) >> 4);
        arrival
    }

    fn expected(&self) -> u64 {
        self.highest - self.first + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(sequence: u16) -> Header {
        Header {
            marker: false,
            payload_type: 0,
            sequence,
            timestamp: u32::from(sequence) * 160,
            ssrc: 1,
            payload: 12..172,
        }
    }

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn counts_loss_and_duplicates_over_the_wrap() {
        let mut stream = ReceiveStream::default();
        for (sequence, arrival) in [
            (65534, Arrival::Newest),
            (65535, Arrival::Newest),
            (1, Arrival::Newest),
            (0, Arrival::Late),
            (1, Arrival::Duplicate),
            (4, Arrival::Newest),
        ] {
            assert_eq!(stream.arrive(&header(sequence), 8000, at(0)), arrival, "{sequence}");
        }
        assert_eq!(stream.received(), 5);
        assert_eq!(stream.lost(), 2);
        let block = stream.report(Instant::now_for_tests()).unwrap();
        assert_eq!(block.fraction_lost, (2 * 256 / 7) as u8);
        assert_eq!(block.lost, 2);
    }

    #[test]
    fn a_new_source_keeps_the_sums() {
        let mut stream = ReceiveStream::default();
        stream.arrive(&header(1), 8000, at(0));
        stream.arrive(&header(3), 8000, at(40));
        let mut other = header(9000);
        other.ssrc = 2;
        assert_eq!(stream.arrive(&other, 8000, at(60)), Arrival::Newest);
        assert_eq!((stream.received(), stream.lost()), (3, 1));
    }

    #[test]
    fn an_even_stream_has_no_jitter_and_an_uneven_one_has() {
        let mut even = ReceiveStream::default();
        let mut uneven = ReceiveStream::default();
        for n in 0..200_u16 {
            even.arrive(&header(n), 8000, at(u64::from(n) * 20));
            uneven.arrive(&header(n), 8000, at(u64::from(n) * 20 + u64::from(n % 2) * 10));
        }
        assert!(even.jitter_ms() < 0.5);
        assert!((9.0..11.0).contains(&uneven.jitter_ms()), "{}", uneven.jitter_ms());
        // Timestamps that wrap in the middle are as even as others.
        let mut wrapping = ReceiveStream::default();
        for n in 0..200_u16 {
            let timestamp = 0xffff_f000_u32.wrapping_add(u32::from(n) * 160);
            wrapping.arrive(&Header { timestamp, ..header(n) }, 8000, at(u64::from(n) * 20));
        }
        assert!(wrapping.jitter_ms() < 0.5, "{}", wrapping.jitter_ms());
    }

    trait ForTests {
        fn now_for_tests() -> Self;
    }
    impl ForTests for Instant {
        #[allow(clippy::disallowed_methods, reason = "an arbitrary start for a test")]
        fn now_for_tests() -> Self {
            Self::now()
        }
    }
}
