//! Symmetric RTP: media goes back where it comes from, and a stranger's packet cannot steer it.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// How long the latched source must be silent before its stream may move (NAT rebinding).
const SILENT: Duration = Duration::from_secs(3);
/// How long after latching elsewhere the address of the SDP still wins.
const PREFER: Duration = Duration::from_secs(2);
/// Packets in a row a source that the SDP did not name must send to be latched, where nothing else is known.
const PROBATION: u8 = 2;
/// The same where it is known where the far end's signalling comes from, and the source is not there either: a second of
/// speech. Who sprays packets over the range of ports is not the first to send for so long.
const LONG_PROBATION: u8 = 50;

/// Which source a leg listens to, and where it sends.
// In this order: most packets ask for the state alone.
#[repr(C)]
#[derive(Clone, Debug)]
pub struct Latch {
    state: State,
    told: Option<SocketAddr>,
    /// Where the far end's signalling comes from: behind a NAT its media most likely does too.
    signalled: Option<IpAddr>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Open { candidate: Option<(SocketAddr, u32, u8)> },
    Latched { source: SocketAddr, since: Instant, last: Instant },
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// From the latched source.
    Taken,
    /// From nobody we listen to: to be dropped and counted.
    Stranger,
}

impl Latch {
    /// `told`: the address of the far end's SDP.
    #[must_use]
    pub const fn new(told: Option<SocketAddr>) -> Self {
        Self { told, signalled: None, state: State::Open { candidate: None } }
    }

    /// The far end's signalling comes from this address.
    pub const fn expect(&mut self, signalled: IpAddr) {
        self.signalled = Some(signalled);
    }

    /// Whether the SDP names this host, or the signalling comes from it.
    #[must_use]
    pub fn is_known(&self, source: SocketAddr) -> bool {
        self.told.is_some_and(|told| told.ip() == source.ip()) || self.signalled == Some(source.ip())
    }

    /// The far end proved by its certificate that this is where it is.
    pub const fn settle(&mut self, source: SocketAddr, now: Instant) {
        self.state = State::Latched { source, since: now, last: now };
    }

    /// A new SDP: another address opens the latch again, the same one changes nothing.
    pub fn renegotiate(&mut self, told: Option<SocketAddr>) {
        if told != self.told {
            *self = Self { signalled: self.signalled, ..Self::new(told) };
        }
    }

    /// Where to send: the latched source, before that the address of the SDP.
    #[must_use]
    pub fn destination(&self) -> Option<SocketAddr> {
        match self.state {
            State::Latched { source, .. } => Some(source),
            State::Open { .. } => self.told,
        }
    }

    /// The latched source.
    #[must_use]
    pub fn source(&self) -> Option<SocketAddr> {
        match self.state {
            State::Latched { source, .. } => Some(source),
            State::Open { .. } => None,
        }
    }

    /// Judges a well-formed packet. `continues`: its SSRC and sequence number continue the latched stream.
    pub fn judge(&mut self, now: Instant, from: SocketAddr, ssrc: u32, continues: bool) -> Verdict {
        if let State::Latched { source, last, .. } = &mut self.state
            && *source == from
        {
            *last = now;
            return Verdict::Taken;
        }
        let is_known = self.is_known(from);
        let holder_is_known = self.source().is_some_and(|source| self.is_known(source));
        match &mut self.state {
            State::Latched { source, since, last } => {
                let silent = now.saturating_duration_since(*last) >= SILENT;
                let preferred = Some(from) == self.told && (silent || now.saturating_duration_since(*since) < PREFER);
                let ousts = is_known && !holder_is_known;
                if preferred || ousts || (silent && continues) {
                    *source = from;
                    *since = now;
                    *last = now;
                    Verdict::Taken
                } else {
                    Verdict::Stranger
                }
            }
            State::Open { candidate } => {
                let seen = match candidate {
                    Some((source, known, seen)) if *source == from && *known == ssrc => seen.saturating_add(1),
                    _ => 1,
                };
                let probation = if self.signalled.is_some() { LONG_PROBATION } else { PROBATION };
                if is_known || seen >= probation {
                    self.state = State::Latched { source: from, since: now, last: now };
                    Verdict::Taken
                } else {
                    *candidate = Some((from, ssrc, seen));
                    Verdict::Stranger
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: &str = "192.0.2.1:4000";
    const NAT: &str = "198.51.100.7:31000";
    const THIEF: &str = "203.0.113.66:666";

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    struct Story {
        latch: Latch,
        start: Instant,
    }

    impl Story {
        #[allow(clippy::disallowed_methods, reason = "an arbitrary start for a test")]
        fn new() -> Self {
            Self { latch: Latch::new(Some(address(TOLD))), start: Instant::now() }
        }

        fn judge(&mut self, ms: u64, from: &str, continues: bool) -> Verdict {
            self.latch.judge(self.start + Duration::from_millis(ms), address(from), 5, continues)
        }

        fn to(&self) -> SocketAddr {
            self.latch.destination().unwrap()
        }
    }

    #[test]
    fn the_told_address_latches_at_once_and_keeps_strangers_out() {
        let mut story = Story::new();
        assert_eq!(story.to(), address(TOLD));
        assert_eq!(story.judge(0, TOLD, false), Verdict::Taken);
        for ms in (20..2000).step_by(20) {
            assert_eq!(story.judge(ms, THIEF, false), Verdict::Stranger);
            assert_eq!(story.judge(ms, TOLD, true), Verdict::Taken);
        }
        assert_eq!(story.to(), address(TOLD));
    }

    #[test]
    fn a_nat_is_followed_after_two_packets() {
        let mut story = Story::new();
        assert_eq!(story.judge(0, NAT, false), Verdict::Stranger);
        assert_eq!(story.to(), address(TOLD));
        assert_eq!(story.judge(20, NAT, false), Verdict::Taken);
        assert_eq!(story.to(), address(NAT));
    }

    #[test]
    fn a_thief_who_comes_first_loses_to_the_told_address() {
        let mut story = Story::new();
        story.judge(0, THIEF, false);
        assert_eq!(story.judge(20, THIEF, false), Verdict::Taken);
        assert_eq!(story.judge(60, TOLD, false), Verdict::Taken);
        assert_eq!(story.judge(80, THIEF, false), Verdict::Stranger);
        assert_eq!(story.to(), address(TOLD));
    }

    #[test]
    fn where_the_signalling_comes_from_is_followed_at_once_and_a_stranger_after_a_second() {
        let mut story = Story::new();
        story.latch.expect(address(NAT).ip());
        for ms in (0..500).step_by(20) {
            assert_eq!(story.judge(ms, THIEF, false), Verdict::Stranger);
        }
        assert_eq!(story.judge(500, NAT, false), Verdict::Taken);
        assert_eq!(story.judge(520, THIEF, false), Verdict::Stranger);
        let mut story = Story::new();
        story.latch.expect(address(TOLD).ip());
        let taken = (0..100_u64).find(|n| story.judge(n * 20, NAT, false) == Verdict::Taken);
        assert_eq!(taken, Some(49), "media from elsewhere is heard after a second");
    }

    #[test]
    fn a_stranger_who_was_alone_for_long_loses_to_where_the_signalling_comes_from() {
        let mut story = Story::new();
        story.latch.expect(address(NAT).ip());
        for n in 0..60 {
            story.judge(n * 20, THIEF, false);
        }
        assert_eq!(story.to(), address(THIEF));
        assert_eq!(story.judge(10_000, NAT, false), Verdict::Taken);
        assert_eq!(story.judge(10_020, THIEF, false), Verdict::Stranger);
    }

    #[test]
    fn silence_alone_does_not_let_a_stranger_in() {
        let mut story = Story::new();
        story.judge(0, TOLD, false);
        assert_eq!(story.judge(60_000, THIEF, false), Verdict::Stranger);
        assert_eq!(story.judge(60_020, THIEF, false), Verdict::Stranger);
    }

    #[test]
    fn a_stream_that_moves_after_silence_is_followed() {
        let mut story = Story::new();
        story.judge(0, TOLD, false);
        assert_eq!(story.judge(1000, NAT, true), Verdict::Stranger);
        assert_eq!(story.judge(3100, NAT, true), Verdict::Taken);
        assert_eq!(story.to(), address(NAT));
    }

    #[test]
    fn a_new_sdp_opens_the_latch_and_the_same_does_not() {
        let mut story = Story::new();
        story.judge(0, NAT, false);
        story.judge(20, NAT, false);
        story.latch.renegotiate(Some(address(TOLD)));
        assert_eq!(story.to(), address(NAT));
        story.latch.renegotiate(Some(address("192.0.2.1:4002")));
        assert_eq!(story.to(), address("192.0.2.1:4002"));
        assert_eq!(story.judge(40, "192.0.2.1:4002", false), Verdict::Taken);
        assert_eq!(story.judge(60, NAT, false), Verdict::Stranger);
    }
}
