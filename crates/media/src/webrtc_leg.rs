//! The transport of a WebRTC leg: ICE, DTLS-SRTP and rtcp-mux through str0m, in its RTP mode.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::format::{Codec, FormatParams};
use str0m::media::{Direction, Frequency, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{Extension, ExtensionMap, RtpPacket, RtpWrite, SeqNo};
use str0m::{Candidate, IceConnectionState, Input, Output, Rtc, RtcConfig};

use crate::codec_choice::{OUR_EVENT, OUR_WIDE_EVENT};
use crate::command::{LegId, RefusedSdp};
use crate::far_report::FarReports;
use crate::negotiation::Agreed;
use crate::out::{Channel, Out, PacketSink};
use crate::send_stream::Numbers;
use crate::webrtc_sdp::{agree_webrtc, check_transport, with_first, with_origin, with_setup};

/// Outputs taken from str0m at once at most.
const MAX_OUTPUTS: usize = 512;
/// Packets and news that wait at most; str0m makes a few per input.
const MAX_NEWS: usize = 64;
/// How long ICE and DTLS may take after the SDPs were exchanged.
const CONNECT_WITHIN: Duration = Duration::from_secs(30);
/// How long a lost connection may take to come back.
const RECOVER_WITHIN: Duration = Duration::from_secs(10);
/// str0m's timeouts beyond this mean that it waits for nothing.
const NEVER_AFTER: Duration = Duration::from_secs(3600);
/// How often str0m sums up the far end's reports: one small event a leg.
const STATISTICS: Duration = Duration::from_secs(5);
/// SSRCs a peer may send with without having announced them.
const MAX_UNANNOUNCED: u8 = 4;

/// How WebRTC legs behave.
#[derive(Clone, Copy, Debug)]
pub struct WebRtcConfig {
    /// We are the DTLS client (true) or server (false); `None`: client when the offer leaves it to us,
    /// and our own offers leave it to the peer.
    pub dtls_active: Option<bool>,
    /// Answer connectivity checks only (RFC 8445 section 2.5); right for a server with a reachable address.
    pub ice_lite: bool,
}

/// What a WebRTC leg tells.
pub(crate) enum News {
    Packet(Box<RtpPacket>),
    Connected,
    Failed,
}

/// Transport state of a WebRTC leg.
pub(crate) struct WebRtcLeg {
    rtc: Rtc,
    local: SocketAddr,
    config: WebRtcConfig,
    session: u64,
    version: u64,
    mid: Option<Mid>,
    pending: Option<(SdpPendingOffer, Mid)>,
    accepted: Option<Arc<[u8]>>,
    connected: bool,
    failed: bool,
    unannounced: u8,
    fail_at: Option<Instant>,
    /// What the far end says of our packets.
    pub far: FarReports,
    wake_at: Option<Instant>,
    news: VecDeque<News>,
}

impl WebRtcLeg {
    /// `local`: the socket's address as told to the far end. `None` when it is no usable candidate.
    pub fn new(now: Instant, local: SocketAddr, session: u64, config: WebRtcConfig) -> Option<Self> {
        let mut extensions = ExtensionMap::empty();
        extensions.set(4, Extension::RtpMid);
        let mut builder = RtcConfig::new()
            .set_rtp_mode(true)
            .set_ice_lite(config.ice_lite)
            .set_stats_interval(Some(STATISTICS))
            .clear_codecs()
            .enable_pcmu(true, false)
            .enable_pcma(true, false)
            .enable_opus(true, false)
            .set_extension_map(extensions);
        let event = FormatParams { telephone_event_max: Some(15), ..FormatParams::default() };
        let events = [(OUR_EVENT, Frequency::EIGHT_KHZ), (OUR_WIDE_EVENT, Frequency::FORTY_EIGHT_KHZ)];
        for (payload_type, clock) in events {
            builder.codec_config().add_config(Pt::from(payload_type), None, Codec::Tele, clock, None, event);
        }
        let mut rtc = builder.build(now);
        rtc.add_local_candidate(Candidate::host(local, "udp").ok()?)?;
        Some(Self {
            rtc,
            local,
            config,
            session: session >> 2,
            version: 0,
            mid: None,
            pending: None,
            accepted: None,
            connected: false,
            failed: false,
            unannounced: 0,
            fail_at: None,
            far: FarReports::default(),
            wake_at: Some(now),
            news: VecDeque::new(),
        })
    }

    /// Keys are exchanged, media can flow.
    pub const fn is_connected(&self) -> bool {
        self.connected
    }

    /// When [`Self::run`] is needed next.
    pub fn next_timeout(&self) -> Option<Instant> {
        [self.wake_at, self.fail_at].into_iter().flatten().min()
    }

    /// Our offer. `like`: what the leg it will talk to speaks.
    pub fn offer(&mut self, like: Option<crate::codec::Codec>) -> Option<Arc<[u8]>> {
        let mut api = self.rtc.sdp_api();
        let mid = match self.mid {
            Some(mid) => {
                api.set_direction(mid, Direction::SendRecv);
                mid
            }
            None => api.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None),
        };
        let (offer, pending) = api.apply()?;
        self.pending = Some((pending, mid));
        let text = match self.config.dtls_active.filter(|_| self.mid.is_none()) {
            Some(active) => with_setup(&offer.to_sdp_string(), active),
            None => offer.to_sdp_string(),
        };
        Some(self.finish(&with_first(&text, like)))
    }

    /// Answers an offer.
    pub fn answer(
        &mut self,
        now: Instant,
        offer: &[u8],
        like: Option<crate::codec::Codec>,
    ) -> Result<(Arc<[u8]>, Agreed), RefusedSdp> {
        if self.mid.is_none() && self.pending.is_some() {
            return Err(RefusedSdp::WrongState);
        }
        let agreed = agree_webrtc(offer, like)?;
        check_transport(offer)?;
        let text = std::str::from_utf8(offer).map_err(|_| RefusedSdp::Malformed)?;
        // str0m would be passive to `actpass`; who wants to be active reads it as `passive`. Only the first one counts.
        let active = self.config.dtls_active.unwrap_or(true);
        let read = if active && !self.connected {
            text.replace("a=setup:actpass", "a=setup:passive")
        } else {
            text.to_owned()
        };
        let offer = SdpOffer::from_sdp_string(&read).map_err(|_| RefusedSdp::Malformed)?;
        let answer = self.rtc.sdp_api().accept_offer(offer).map_err(|_| RefusedSdp::NotAcceptable)?;
        let answer = answer.to_sdp_string();
        self.pending = None;
        self.mid = self.mid.or_else(|| crate::webrtc_sdp::audio_mid(&answer).map(|mid| Mid::from(mid.as_str())));
        self.negotiated(now);
        Ok((self.finish(&with_first(&answer, Some(agreed.payloads.codec))), agreed))
    }

    /// Takes an answer to our offer; the same one again is fine.
    pub fn accept(&mut self, now: Instant, answer: &Arc<[u8]>) -> Result<Agreed, RefusedSdp> {
        let agreed = agree_webrtc(answer, None)?;
        check_transport(answer)?;
        let Some((pending, mid)) = self.pending.take() else {
            return if self.accepted.as_ref() == Some(answer) { Ok(agreed) } else { Err(RefusedSdp::WrongState) };
        };
        let text = std::str::from_utf8(answer).map_err(|_| RefusedSdp::Malformed)?;
        let parsed = SdpAnswer::from_sdp_string(text).map_err(|_| RefusedSdp::Malformed)?;
        self.rtc.sdp_api().accept_answer(pending, parsed).map_err(|_| RefusedSdp::NotAcceptable)?;
        self.accepted = Some(Arc::clone(answer));
        self.mid = Some(mid);
        self.negotiated(now);
        Ok(agreed)
    }

    fn negotiated(&mut self, now: Instant) {
        self.wake_at = Some(now);
        if !self.connected && self.fail_at.is_none() {
            self.fail_at = Some(now + CONNECT_WITHIN);
        }
    }

    fn finish(&mut self, text: &str) -> Arc<[u8]> {
        self.version += 1;
        with_origin(text, self.session, self.version, self.local.ip()).into_bytes().into()
    }

    /// Takes a datagram; false when it is not STUN, DTLS, RTP or RTCP.
    pub fn receive<S: PacketSink>(
        &mut self,
        leg: LegId,
        from: SocketAddr,
        packet: &[u8],
        out: &mut Out<'_, S>,
    ) -> bool {
        self.expect_source(packet);
        let Ok(receive) = Receive::new(Protocol::Udp, from, self.local, packet) else {
            return false;
        };
        let taken = self.rtc.handle_input(Input::Receive(out.now, receive));
        self.drain(leg, taken.is_err(), out);
        true
    }

    /// Peers that neither announce their SSRC (`a=ssrc`) nor send the MID extension are heard as well.
    fn expect_source(&mut self, packet: &[u8]) {
        let (Some(mid), Ok(header)) = (self.mid, crate::rtp::Header::parse(packet)) else {
            return;
        };
        if !self.connected || crate::rtp::looks_like_rtcp(packet) || self.unannounced >= MAX_UNANNOUNCED {
            return;
        }
        let mut api = self.rtc.direct_api();
        if api.stream_rx(&header.ssrc.into()).is_none() {
            self.unannounced += 1;
            api.expect_stream_rx(header.ssrc.into(), None, mid, None);
        }
    }

    /// Sends a payload. str0m owns what it sends, so this allocates.
    pub fn write<S: PacketSink>(
        &mut self,
        leg: LegId,
        numbers: Numbers,
        payload_type: u8,
        payload: &[u8],
        out: &mut Out<'_, S>,
    ) {
        let Some(mid) = self.mid.filter(|_| self.connected) else {
            return;
        };
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(mid, None) else {
            return;
        };
        let sequence = SeqNo::from(numbers.sequence);
        let write = RtpWrite::new(Pt::from(payload_type), sequence, numbers.timestamp, out.now, payload);
        stream.write_rtp(write.marker(numbers.marker));
        self.drain(leg, false, out);
    }

    /// Runs what is due.
    pub fn run<S: PacketSink>(&mut self, leg: LegId, out: &mut Out<'_, S>) {
        if self.fail_at.is_some_and(|at| at <= out.now) {
            self.fail(out.now);
        }
        let taken = self.rtc.handle_input(Input::Timeout(out.now));
        self.drain(leg, taken.is_err(), out);
    }

    /// Says goodbye (RTCP BYE and DTLS close_notify).
    pub fn close<S: PacketSink>(&mut self, leg: LegId, out: &mut Out<'_, S>) {
        let closed = self.rtc.close();
        self.drain(leg, closed.is_err(), out);
    }

    /// What happened since; to be asked until `None` after each call.
    pub fn poll(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    fn drain<S: PacketSink>(&mut self, leg: LegId, mut broken: bool, out: &mut Out<'_, S>) {
        for _ in 0..MAX_OUTPUTS {
            if broken {
                self.fail(out.now);
                return;
            }
            match self.rtc.poll_output() {
                Ok(Output::Timeout(at)) if at <= out.now => {
                    broken = self.rtc.handle_input(Input::Timeout(out.now)).is_err();
                }
                Ok(Output::Timeout(at)) => {
                    // "Never" is a time in a far year.
                    self.wake_at = Some(at).filter(|at| *at < out.now + NEVER_AFTER);
                    return;
                }
                Ok(Output::Transmit(transmit)) => {
                    out.send(leg, Channel::Rtp, transmit.destination, &transmit.contents);
                }
                Ok(Output::Event(event)) => self.event(event, out.now),
                Err(_) => broken = true,
            }
        }
        // More than it can mean: come back at the next tick.
        self.wake_at = Some(out.now + Duration::from_millis(5));
    }

    fn event(&mut self, event: str0m::Event, now: Instant) {
        match event {
            str0m::Event::RtpPacket(packet) => self.tell(News::Packet(Box::new(packet))),
            str0m::Event::Connected => {
                self.fail_at = None;
                if !self.connected {
                    self.connected = true;
                    self.tell(News::Connected);
                }
            }
            str0m::Event::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                self.fail_at.get_or_insert(now + RECOVER_WITHIN);
            }
            str0m::Event::IceConnectionStateChange(IceConnectionState::Connected | IceConnectionState::Completed)
                if self.connected =>
            {
                self.fail_at = None;
            }
            str0m::Event::MediaEgressStats(stats) => {
                if let Some(remote) = stats.remote {
                    self.far.stream(0, remote.packets_lost, remote.jitter);
                }
                if let Some(rtt) = stats.rtt {
                    self.far.round_trip_ms(rtt.as_secs_f32() * 1000.0);
                }
            }
            str0m::Event::Closed => self.fail(now),
            _ => {}
        }
    }

    fn fail(&mut self, now: Instant) {
        self.fail_at = None;
        self.wake_at = None;
        if !self.failed {
            self.failed = true;
            // The news is fetched at the next tick where this happens while sending.
            self.wake_at = Some(now);
            self.rtc.disconnect();
            self.tell(News::Failed);
        }
    }

    fn tell(&mut self, news: News) {
        if self.news.len() < MAX_NEWS {
            self.news.push_back(news);
        }
    }
}
