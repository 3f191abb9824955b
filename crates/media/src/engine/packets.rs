//! What arrives, and where it goes.

use std::net::SocketAddr;
use std::time::Instant;

use super::{Engine, out};
use crate::bridge::{self, Passage};
use crate::codec::Codec;
use crate::command::{Event, LegId};
use crate::dtls_leg::looks_like_dtls;
use crate::g711::Law;
use crate::latch::Verdict;
use crate::leg::{Leg, Transport};
use crate::out::{Channel, Out, PacketSink};
use crate::payload_map::Payload;
use crate::receive_stream::Arrival;
use crate::rtcp::{self, Part};
use crate::rtp::{HEADER_LENGTH, Header, looks_like_rtcp};
use crate::telephone_event::{Heard, TelephoneEvent};
use crate::timers::Timer;
use crate::webrtc_leg::News;

impl Engine {
    pub(super) fn packet<S: PacketSink>(
        &mut self,
        now: Instant,
        id: LegId,
        channel: Channel,
        from: SocketAddr,
        packet: &mut [u8],
        sink: &mut S,
    ) {
        let Some(slot) = self.legs.slot(id) else {
            self.counts.dropped_no_leg += 1;
            return;
        };
        let mut out = out!(self, now, &mut *sink);
        let Some(leg) = self.legs.get_mut(slot) else {
            return;
        };
        if let Transport::WebRtc(webrtc) = &mut leg.transport {
            if !webrtc.receive(id, from, packet, &mut out) {
                leg.dropped += 1;
                out.counts.dropped_malformed += 1;
            }
            self.hear_news(now, slot, sink);
            self.arm(slot);
            return;
        }
        if let Transport::Rtp(rtp) = &leg.transport
            && rtp.has_dtls()
            && looks_like_dtls(packet)
        {
            return self.handshake(now, slot, (channel, from), packet, sink);
        }
        let rtcp = channel == Channel::Rtcp || looks_like_rtcp(packet);
        let Some(packet) = leg.opened(packet, rtcp, &mut out) else {
            return;
        };
        if rtcp {
            leg.take_rtcp(from, packet, &mut out);
            return;
        }
        let was_quiet = leg.quiet_told;
        let Some((header, payload)) = leg.take_rtp(from, packet, &mut out) else {
            if was_quiet {
                self.arm(slot);
            }
            return;
        };
        self.route(now, slot, &header, payload, packet, sink);
        if was_quiet {
            self.arm(slot);
        }
    }

    /// Packets and states a WebRTC leg came up with.
    pub(super) fn hear_news<S: PacketSink>(&mut self, now: Instant, slot: u32, sink: &mut S) {
        // Taken out so that the engine can route from it.
        let mut scratch = std::mem::take(&mut self.scratch);
        while let Some(leg) = self.legs.get_mut(slot) {
            let Transport::WebRtc(webrtc) = &mut leg.transport else {
                break;
            };
            let Some(news) = webrtc.poll() else {
                break;
            };
            match news {
                News::Packet(packet) => {
                    let end = HEADER_LENGTH + packet.payload.len();
                    let Some(place) = scratch.get_mut(HEADER_LENGTH..end) else {
                        continue;
                    };
                    place.copy_from_slice(&packet.payload);
                    let header = Header {
                        marker: packet.header.marker,
                        payload_type: *packet.header.payload_type,
                        sequence: packet.header.sequence_number,
                        timestamp: packet.header.timestamp,
                        ssrc: *packet.header.ssrc,
                        payload: HEADER_LENGTH..end,
                    };
                    let mut out = out!(self, now, &mut *sink);
                    let Some(leg) = self.legs.get_mut(slot) else {
                        break;
                    };
                    if let Some(payload) = leg.hear(&header, &scratch[..end], &mut out) {
                        self.route(now, slot, &header, payload, &mut scratch[..end], sink);
                    }
                }
                News::Connected => {
                    let quiet = self.quiet();
                    if let Some(leg) = self.legs.get_mut(slot) {
                        leg.start_timers(now, quiet);
                    }
                    self.start_frames(now, slot);
                }
                News::Failed => self.events.push_back(Event::Failed { leg: leg.id }),
            }
        }
        self.scratch = scratch;
    }

    /// Sends what a leg said to its partner.
    fn route<S: PacketSink>(
        &mut self,
        now: Instant,
        slot: u32,
        header: &Header,
        payload: Payload,
        packet: &mut [u8],
        sink: &mut S,
    ) {
        let whole = self.is_forwarded_whole(slot, header, payload, packet);
        if !matches!(payload, Payload::Event(_)) {
            self.put_by(now, slot, header, payload, packet, whole, sink);
        }
        let Some(partner) = self.legs.get_mut(slot).and_then(|leg| leg.partner) else {
            return;
        };
        // An echo gives back what is said, not what is pressed.
        if partner == slot && matches!(payload, Payload::Event(_)) {
            return;
        }
        let withheld = self.legs.get(slot).and_then(|leg| leg.ears.withheld);
        if withheld == Some(header.timestamp) && matches!(payload, Payload::Event(_)) {
            return;
        }
        if !whole && !matches!(payload, Payload::Event(_)) {
            return;
        }
        let mut out = out!(self, now, sink);
        let ears = self.legs.get(slot).map(|leg| (leg.ears.pressed, leg.ears.filter.is_down(now)));
        let (pressed, key_is_down) = ears.unwrap_or_default();
        let passage = Passage { whole, pressed, key_is_down };
        let Some(partner_leg) = self.legs.get_mut(partner) else {
            return;
        };
        if bridge::forward(partner_leg, header, payload, passage, packet, &mut out) == bridge::Forwarded::KeyQueued {
            self.start_frames(now, partner);
            self.arm(partner);
        } else if matches!(partner_leg.transport, Transport::WebRtc(_)) {
            self.arm(partner);
        }
    }
}

impl Leg {
    pub(super) fn drop_packet(&mut self, count: &mut u64) {
        self.dropped += 1;
        *count += 1;
    }

    /// The packet in plain: decrypted where it stands, or as it is where RTP is plain.
    fn opened<'a, S>(&mut self, packet: &'a mut [u8], rtcp: bool, out: &mut Out<'_, S>) -> Option<&'a mut [u8]> {
        let Transport::Rtp(rtp) = &mut self.transport else {
            return Some(packet);
        };
        let is_plain = rtp.is_ready();
        let opened = match &mut rtp.srtp {
            Some(srtp) => if rtcp { srtp.open_rtcp(packet) } else { srtp.open_rtp(packet) }.ok(),
            None if is_plain => return Some(packet),
            // Its keys are still to come.
            None => None,
        };
        match opened {
            Some(length) => packet.get_mut(..length),
            None => {
                self.drop_packet(&mut out.counts.dropped_srtp);
                None
            }
        }
    }

    fn take_rtcp<S: PacketSink>(&mut self, from: SocketAddr, packet: &[u8], out: &mut Out<'_, S>) {
        let Transport::Rtp(rtp) = &mut self.transport else {
            return;
        };
        if !rtp.judge_rtcp(from) {
            return self.drop_packet(&mut out.counts.dropped_stranger);
        }
        let (now, since_start, ours) = (out.now, out.since_start, self.send.ssrc);
        let parsed = rtcp::parse(packet, |part| match part {
            Part::Sender(ssrc, info) => self.receive.sender_reported(ssrc, info.ntp, now),
            Part::Block(block) if block.ssrc == ours => rtp.far.report(&block, since_start),
            Part::Metrics(metrics) if metrics.ssrc == ours => rtp.far.metrics(metrics),
            _ => {}
        });
        match parsed {
            Ok(()) => out.counts.packets_in += 1,
            Err(_) => self.drop_packet(&mut out.counts.dropped_malformed),
        }
    }

    /// An RTP datagram of an RTP leg: who sent it, then what it is.
    fn take_rtp<S: PacketSink>(
        &mut self,
        from: SocketAddr,
        packet: &[u8],
        out: &mut Out<'_, S>,
    ) -> Option<(Header, Payload)> {
        let Transport::Rtp(rtp) = &mut self.transport else {
            return None;
        };
        let Ok(header) = Header::parse(packet) else {
            self.drop_packet(&mut out.counts.dropped_malformed);
            return None;
        };
        if self.agreed.is_none() {
            self.drop_packet(&mut out.counts.dropped_early);
            return None;
        }
        let continues = self.receive.continues(&header);
        if rtp.latch.judge(out.now, from, header.ssrc, continues) == Verdict::Stranger {
            self.drop_packet(&mut out.counts.dropped_stranger);
            return None;
        }
        let payload = self.hear(&header, packet, out)?;
        Some((header, payload))
    }

    /// Takes note of a packet of the far end; what is to be forwarded comes back.
    fn hear<S: PacketSink>(&mut self, header: &Header, packet: &[u8], out: &mut Out<'_, S>) -> Option<Payload> {
        let payloads = &self.agreed.as_ref()?.payloads;
        let payload = payloads.heard(header.payload_type);
        let clock = match payload {
            Some(Payload::Audio(codec)) => codec.clock(),
            Some(Payload::Event(_) | Payload::Noise) | None => payloads.codec.clock(),
        };
        let arrival = self.receive.arrive(header, clock, out.since_start);
        if arrival == Arrival::Duplicate {
            self.drop_packet(&mut out.counts.dropped_duplicate);
            return None;
        }
        out.counts.packets_in += 1;
        self.last_heard = out.now;
        if self.quiet_told {
            self.quiet_told = false;
            self.timers.set(Timer::Quiet, out.now + std::time::Duration::from_secs(1));
        }
        if !self.flowing {
            self.flowing = true;
            out.events.push_back(Event::Flowing { leg: self.id });
        }
        let Some(payload) = payload else {
            self.drop_packet(&mut out.counts.dropped_payload_type);
            return None;
        };
        let body = packet.get(header.payload.clone()).filter(|body| !body.is_empty());
        let Some(body) = body else {
            self.drop_packet(&mut out.counts.dropped_malformed);
            return None;
        };
        match payload {
            Payload::Audio(Codec::G711(law)) if arrival == Arrival::Newest => {
                self.listen_in_band((header.ssrc, header.timestamp), law, body, out);
                self.record_audio((header.ssrc, header.timestamp), law, body, out);
            }
            // What is not G.711 is listened to once it is decoded.
            Payload::Audio(_) | Payload::Noise => {}
            Payload::Event(_) => self.hear_event(header, body, out)?,
        }
        Some(payload)
    }

    fn hear_event<S: PacketSink>(&mut self, header: &Header, body: &[u8], out: &mut Out<'_, S>) -> Option<()> {
        let Some(event) = TelephoneEvent::parse(body) else {
            self.drop_packet(&mut out.counts.dropped_malformed);
            return None;
        };
        self.ears.filter.event_told(out.now);
        let heard = self.ears.events.take(header.ssrc, header.timestamp, event);
        self.ears.pressed = match heard {
            Heard::Pressed(key) | Heard::Tapped(key) => Some(key),
            Heard::Released(_) | Heard::Nothing => None,
        };
        if let Some(key) = self.ears.pressed
            && self.ears.filter.was_passed(key, out.now)
        {
            self.ears.pressed = None;
            self.ears.withheld = Some(header.timestamp);
        }
        if let Heard::Pressed(key) | Heard::Tapped(key) = heard
            && self.ears.filter.event_pressed(key, out.now)
        {
            self.pressed(key, out);
        }
        if let Heard::Released(key) | Heard::Tapped(key) = heard {
            self.ears.filter.event_released(key, out.now);
        }
        Some(())
    }

    /// Listens to samples of its audio that were decoded: µ-law at 8 kHz that begins at `time`.
    pub(crate) fn hear_samples<S: PacketSink>(&mut self, time: u32, mulaw: &[u8], out: &mut Out<'_, S>) {
        self.listen_in_band((0, time), Law::Mu, mulaw, out);
        self.record_audio((0, time), Law::Mu, mulaw, out);
    }

    fn listen_in_band<S: PacketSink>(
        &mut self,
        (ssrc, timestamp): (u32, u32),
        law: Law,
        body: &[u8],
        out: &mut Out<'_, S>,
    ) {
        let Some(mut detector) = self.ears.in_band.take() else {
            return;
        };
        /// A pause of the far end longer than this (40 ms) ends a press.
        const PAUSE: u32 = 320;
        let follows = self
            .ears
            .expected
            .is_some_and(|(known, expected)| known == ssrc && timestamp.wrapping_sub(expected) <= PAUSE);
        if !follows {
            detector.gap();
        }
        self.ears.expected = Some((ssrc, timestamp.wrapping_add(body.len() as u32)));
        detector.hear(law, body, |key| {
            if self.ears.filter.heard_in_band(key, out.now) {
                self.pressed(key, out);
            }
        });
        self.ears.in_band = Some(detector);
    }

    fn pressed<S: PacketSink>(&mut self, key: char, out: &mut Out<'_, S>) {
        out.events.push_back(Event::Key { leg: self.id, key });
        if key == '#' {
            self.end_recording(out);
        }
    }

    fn record_audio<S: PacketSink>(
        &mut self,
        (ssrc, timestamp): (u32, u32),
        law: Law,
        body: &[u8],
        out: &mut Out<'_, S>,
    ) {
        let Some(recording) = self.recording.as_mut() else {
            return;
        };
        let (leg, token) = (self.id, recording.token);
        recording.take(ssrc, timestamp, law, body, |mulaw| {
            out.events.push_back(Event::Recorded { leg, token, mulaw });
        });
        if recording.is_full() {
            self.end_recording(out);
        }
    }
}
