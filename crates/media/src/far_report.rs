//! What the far end says of our packets: its reports about us (RFC 3550 section 6.4, RFC 3611 section 4.7).

use std::time::Duration;

use crate::rtcp::{ReportBlock, VoipMetrics, ntp, ntp_middle};

/// A round trip beyond this is a far end's wrong arithmetic.
const LONGEST_ROUND_TRIP: f32 = 30_000.0;
/// Weight of a new round trip in the smoothed one.
const SMOOTHING: f32 = 0.25;

/// The latest of a far end's reports, summed up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct FarReports {
    /// Smoothed, in milliseconds.
    rtt_ms: Option<f32>,
    /// The stream reported on, its loss and its jitter in timestamp units.
    stream: Option<(u32, u64, u32)>,
    /// Loss of our streams before that one.
    lost_before: u64,
    /// The far end's own mark for what it hears, 1 to 5.
    mos: Option<f32>,
}

impl FarReports {
    /// A report block about our stream came at `since_start`, the time our sender reports tell as NTP time.
    pub fn report(&mut self, block: &ReportBlock, since_start: Duration) {
        // A far end that lost less than nothing counted duplicates.
        let lost = u64::try_from(block.lost).unwrap_or(0);
        self.stream(block.ssrc, lost, block.jitter);
        if block.last_sender_report != 0 {
            let now = ntp_middle(ntp(since_start));
            let round_trip = now.wrapping_sub(block.last_sender_report).wrapping_sub(block.delay);
            self.round_trip_ms(round_trip as f32 * 1000.0 / 65_536.0);
        }
    }

    /// What is known of our stream by other ways: loss in all and jitter in timestamp units.
    pub fn stream(&mut self, ssrc: u32, lost: u64, jitter: u32) {
        if let Some((_, before, _)) = self.stream.filter(|(known, ..)| *known != ssrc) {
            self.lost_before += before;
        }
        self.stream = Some((ssrc, lost, jitter));
    }

    /// A measured round trip in milliseconds.
    pub fn round_trip_ms(&mut self, ms: f32) {
        if (0.0..=LONGEST_ROUND_TRIP).contains(&ms) {
            self.rtt_ms = Some(self.rtt_ms.map_or(ms, |known| known + (ms - known) * SMOOTHING));
        }
    }

    /// The far end measured what it hears.
    pub fn metrics(&mut self, metrics: VoipMetrics) {
        self.mos = metrics.mos_listening.or(metrics.mos_conversational).or(self.mos);
    }

    /// The smoothed round trip in milliseconds.
    pub const fn rtt_ms(&self) -> Option<f32> {
        self.rtt_ms
    }

    /// Packets of ours that the far end missed; `None` before its first report.
    pub fn lost(&self) -> Option<u64> {
        self.stream.map(|(_, lost, _)| self.lost_before + lost)
    }

    /// Jitter of our packets at the far end in milliseconds, where timestamps count `clock` a second.
    pub fn jitter_ms(&self, clock: u32) -> Option<f32> {
        self.stream.map(|(.., jitter)| jitter as f32 * 1000.0 / clock.max(1) as f32)
    }

    /// The far end's mark.
    pub const fn mos(&self) -> Option<f32> {
        self.mos
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_round_trip_is_what_is_left_without_the_far_ends_delay() {
        let sent = Duration::from_secs(100);
        let block = ReportBlock {
            ssrc: 1,
            lost: 7,
            jitter: 80,
            last_sender_report: ntp_middle(ntp(sent)),
            // Half a second at the far end.
            delay: 32_768,
            ..ReportBlock::default()
        };
        let mut far = FarReports::default();
        assert_eq!((far.rtt_ms(), far.lost(), far.jitter_ms(8000)), (None, None, None));
        far.report(&block, sent + Duration::from_millis(580));
        let rtt = far.rtt_ms().unwrap();
        assert!((rtt - 80.0).abs() < 0.1, "{rtt}");
        assert_eq!((far.lost(), far.jitter_ms(8000)), (Some(7), Some(10.0)));
        // Sooner than the far end's delay allows: wrong, and passed over. No sender report: nothing to measure.
        far.report(&block, sent + Duration::from_millis(400));
        far.report(&ReportBlock { last_sender_report: 0, lost: -3, ..block }, sent + Duration::from_secs(9));
        assert_eq!(far.rtt_ms(), Some(rtt));
        assert_eq!(far.lost(), Some(0));
    }

    #[test]
    fn a_new_stream_of_ours_adds_to_the_loss_of_the_old() {
        let mut far = FarReports::default();
        far.stream(1, 5, 0);
        far.stream(1, 6, 0);
        far.stream(2, 1, 0);
        assert_eq!(far.lost(), Some(7));
    }
}
