//! What the switch wants.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Engine, out};
use crate::codec::Codec;
use crate::command::{Command, Event, Figures, LegId, Profile, RefusedSdp};
use crate::dtmf::Detector;
use crate::leg::{Leg, Transport};
use crate::negotiation::{Agreed, LocalAddresses};
use crate::out::{Out, PacketSink};
use crate::playback::Playback;
use crate::recording::Recording;
use crate::rtcp;
use crate::rtp_leg::RtpLeg;
use crate::seed::Seed;
use crate::srtp::Security;
use crate::timers::Timer;
use crate::webrtc_leg::WebRtcLeg;

/// A recording whose audio stopped ends this much after its limit.
const RECORDING_GRACE: Duration = Duration::from_secs(1);

impl Engine {
    pub(super) fn command<S: PacketSink>(
        &mut self,
        now: Instant,
        command: Command,
        local: Option<LocalAddresses>,
        sink: &mut S,
    ) {
        let id = command.leg();
        if let Command::Open { profile, offer, like, .. } = command {
            let like = like.and_then(|like| self.legs.slot(like));
            self.open(now, id, profile, (offer.as_deref(), like), local);
            self.after(now, id, sink);
            return;
        }
        if matches!(command, Command::Move { .. }) {
            self.stay(id);
            return;
        }
        let Some(slot) = self.legs.slot(id) else {
            match command {
                Command::Answer { .. }
                | Command::Reoffer { .. }
                | Command::MakeOffer { .. }
                | Command::OfferAgain { .. } => {
                    self.refuse(id, RefusedSdp::WrongState);
                }
                // Who closes a leg before hearing that it was refused waits for this.
                Command::Close { .. } => {
                    self.events.push_back(Event::Closed { leg: id, figures: Figures::default() });
                }
                _ => {}
            }
            return;
        };
        match command {
            Command::Open { .. } | Command::Move { .. } => {}
            Command::Answer { sdp, .. } => self.answered(now, slot, &sdp),
            Command::Reoffer { sdp, .. } => {
                let partner = self.partner_of(slot);
                self.offered(now, slot, &sdp, partner);
            }
            Command::MakeOffer { .. } => {
                let partner = self.partner_of(slot);
                self.make_offer(slot, partner);
            }
            Command::OfferAgain { profile, like, .. } => {
                let like = like.and_then(|like| self.legs.slot(like));
                self.offer_again(slot, profile, like);
            }
            Command::Bridge { a, b } => self.bridge(now, a, b),
            Command::Unbridge { .. } => self.unbridge(slot),
            Command::Play { token, sources, repeat, .. } => {
                let playback = Playback::new(token, &sources, repeat, &self.library);
                if let Some(leg) = self.legs.get_mut(slot) {
                    leg.playback = Some(playback);
                }
                self.start_frames(now, slot);
            }
            Command::StopPlaying { .. } => {
                if let Some(leg) = self.legs.get_mut(slot) {
                    leg.playback = None;
                }
            }
            Command::Echo { .. } => self.echo(slot),
            Command::Expect { from, .. } => self.expect(slot, from),
            Command::ListenKeys { on, .. } => self.listen(slot, on),
            Command::Record { token, limit_ms, .. } => self.record(now, slot, token, limit_ms, sink),
            Command::StopRecording { .. } => {
                let mut out = out!(self, now, sink);
                if let Some(leg) = self.legs.get_mut(slot) {
                    leg.end_recording(&mut out);
                }
            }
            Command::SendKey { key, duration_ms, .. } => {
                if self.legs.get_mut(slot).is_some_and(|leg| leg.keys.push(key, duration_ms)) {
                    self.start_frames(now, slot);
                }
            }
            Command::PassKey { key, duration_ms, .. } => self.pass_key(now, slot, key, duration_ms),
            Command::Close { .. } => self.close(now, slot, sink),
        }
        self.after(now, id, sink);
    }

    /// ICE and DTLS may have something to send and to tell after any command.
    fn after<S: PacketSink>(&mut self, now: Instant, id: LegId, sink: &mut S) {
        if let Some(slot) = self.legs.slot(id) {
            self.run_transport(now, slot, sink);
            self.arm(slot);
        }
    }

    fn refuse(&mut self, leg: LegId, why: RefusedSdp) {
        self.events.push_back(Event::Refused { leg, why });
    }

    /// `like`: the slot of the leg it will talk to.
    fn open(
        &mut self,
        now: Instant,
        id: LegId,
        profile: Profile,
        (offer, like): (Option<&[u8]>, Option<u32>),
        local: Option<LocalAddresses>,
    ) {
        self.since_start(now);
        if self.legs.slot(id).is_some() {
            return self.refuse(id, RefusedSdp::WrongState);
        }
        let Some(local) = local.filter(|_| self.legs.len() < self.config.max_legs) else {
            return self.refuse(id, RefusedSdp::NoPort);
        };
        let mut seed = Seed::new(self.seed.next_number());
        let session = seed.next_number();
        let transport = match profile {
            Profile::Rtp | Profile::Srtp | Profile::Dtls => {
                let mut rtp = RtpLeg::new(local, session, self.sdes(), self.identity.clone());
                rtp.wish(security(profile));
                Transport::Rtp(rtp)
            }
            Profile::WebRtc => match WebRtcLeg::new(now, local.rtp, session, self.webrtc_config()) {
                Some(webrtc) => Transport::WebRtc(Box::new(webrtc)),
                None => return self.refuse(id, RefusedSdp::NoPort),
            },
        };
        let slot = self.legs.insert(Leg::new(id, transport, seed, now));
        match offer {
            Some(offer) => {
                self.offered(now, slot, offer, like);
                // An offer that is refused leaves no leg behind.
                if self.legs.get_mut(slot).is_some_and(|leg| leg.agreed.is_none()) {
                    self.legs.remove(slot);
                }
            }
            None => self.make_offer(slot, like),
        }
    }

    /// What the leg in this slot speaks.
    fn codec_of(&mut self, slot: Option<u32>) -> Option<Codec> {
        Some(self.legs.get_mut(slot?)?.agreed?.payloads.codec)
    }

    /// The leg that this one talks to.
    fn partner_of(&mut self, slot: u32) -> Option<u32> {
        self.legs.get_mut(slot)?.partner.filter(|partner| *partner != slot)
    }

    fn offer_again(&mut self, slot: u32, profile: Profile, like: Option<u32>) {
        let Some(leg) = self.legs.get_mut(slot) else {
            return;
        };
        match &mut leg.transport {
            Transport::Rtp(rtp) if leg.agreed.is_none() && profile != Profile::WebRtc => {
                rtp.wish(security(profile));
                self.make_offer(slot, like);
            }
            _ => {
                let id = leg.id;
                self.refuse(id, RefusedSdp::WrongState);
            }
        }
    }

    fn make_offer(&mut self, slot: u32, like: Option<u32>) {
        let like = self.codec_of(like);
        let Some(leg) = self.legs.get_mut(slot) else {
            return;
        };
        let offer = match &mut leg.transport {
            Transport::Rtp(rtp) => Some(rtp.offer(like)),
            Transport::WebRtc(webrtc) => webrtc.offer(like),
        };
        let leg = leg.id;
        match offer {
            Some(sdp) => self.events.push_back(Event::LocalSdp { leg, sdp }),
            None => self.refuse(leg, RefusedSdp::WrongState),
        }
    }

    fn offered(&mut self, now: Instant, slot: u32, offer: &[u8], like: Option<u32>) {
        let like = self.codec_of(like);
        let Some(leg) = self.legs.get_mut(slot) else {
            return;
        };
        let id = leg.id;
        let answer = match &mut leg.transport {
            Transport::Rtp(rtp) => rtp.answer(offer, like),
            Transport::WebRtc(webrtc) => webrtc.answer(now, offer, like),
        };
        match answer {
            Ok((sdp, agreed)) => {
                self.events.push_back(Event::LocalSdp { leg: id, sdp });
                self.agree(now, slot, agreed);
            }
            Err(why) => self.refuse(id, why),
        }
    }

    fn answered(&mut self, now: Instant, slot: u32, answer: &Arc<[u8]>) {
        let Some(leg) = self.legs.get_mut(slot) else {
            return;
        };
        let id = leg.id;
        let agreed = match &mut leg.transport {
            Transport::Rtp(rtp) => rtp.accept(answer),
            Transport::WebRtc(webrtc) => webrtc.accept(now, answer),
        };
        match agreed {
            Ok(agreed) => self.agree(now, slot, agreed),
            Err(why) => self.refuse(id, why),
        }
    }

    fn agree(&mut self, now: Instant, slot: u32, agreed: Agreed) {
        let quiet = self.quiet();
        if let Some(leg) = self.legs.get_mut(slot) {
            leg.agreed = Some(agreed);
            leg.send.set_clock(agreed.payloads.codec.clock());
            if let Transport::Rtp(rtp) = &mut leg.transport
                && rtp.take_rekeyed()
                && leg.send.packets > 0
            {
                leg.send.restart(leg.seed.next_number());
            }
            if let Transport::Rtp(rtp) = &mut leg.transport {
                rtp.was_described(now);
            }
            leg.start_timers(now, quiet);
            self.events.push_back(Event::Negotiated { leg: leg.id, far_holds: agreed.far_holds });
            self.start_frames(now, slot);
        }
    }

    fn bridge(&mut self, now: Instant, a: LegId, b: LegId) {
        let quiet = self.quiet();
        let (Some(a), Some(b)) = (self.legs.slot(a), self.legs.slot(b)) else {
            return;
        };
        if a == b {
            return;
        }
        self.unbridge(a);
        self.unbridge(b);
        for (slot, partner) in [(a, b), (b, a)] {
            if let Some(leg) = self.legs.get_mut(slot) {
                leg.playback = None;
                leg.partner = Some(partner);
                // It had nobody to talk to before: from now on silence counts anew. A phone that dials is silent until the
                // far end answers.
                leg.last_heard = leg.last_heard.max(now);
                if std::mem::take(&mut leg.quiet_told) {
                    leg.start_timers(now, quiet);
                }
            }
            self.arm(slot);
        }
        self.counts.bridges += 1;
    }

    pub(super) fn unbridge(&mut self, slot: u32) {
        let Some(partner) = self.legs.get_mut(slot).and_then(|leg| leg.partner.take()) else {
            return;
        };
        if partner == slot {
            self.counts.echoes -= 1;
            return;
        }
        self.counts.bridges -= 1;
        if let Some(partner) = self.legs.get_mut(partner) {
            partner.partner = None;
        }
    }

    fn echo(&mut self, slot: u32) {
        self.unbridge(slot);
        if let Some(leg) = self.legs.get_mut(slot) {
            leg.partner = Some(slot);
            self.counts.echoes += 1;
        }
    }

    fn pass_key(&mut self, now: Instant, slot: u32, key: char, duration_ms: u16) {
        let Some(leg) = self.legs.get_mut(slot) else {
            return;
        };
        let key = key.to_ascii_uppercase();
        let Some(partner) = leg.partner.filter(|partner| *partner != slot && leg.ears.filter.pass(key, now)) else {
            return;
        };
        let queued = |other: &mut Leg| other.playback.is_none() && other.keys.push(key, duration_ms);
        if self.legs.get_mut(partner).is_some_and(queued) {
            self.start_frames(now, partner);
        }
        self.arm(partner);
    }

    fn expect(&mut self, slot: u32, from: std::net::IpAddr) {
        if let Some(Transport::Rtp(rtp)) = self.legs.get_mut(slot).map(|leg| &mut leg.transport) {
            rtp.latch.expect(from);
        }
    }

    fn listen(&mut self, slot: u32, on: bool) {
        if let Some(leg) = self.legs.get_mut(slot)
            && leg.ears.in_band.is_some() != on
        {
            leg.ears.in_band = on.then(|| Box::new(Detector::new()));
            leg.ears.expected = None;
        }
    }

    fn record<S: PacketSink>(&mut self, now: Instant, slot: u32, token: u64, limit_ms: u32, sink: &mut S) {
        let mut out = out!(self, now, sink);
        if let Some(leg) = self.legs.get_mut(slot) {
            leg.end_recording(&mut out);
            leg.recording = Some(Box::new(Recording::new(token, limit_ms)));
            let limit = Duration::from_millis(limit_ms.into());
            leg.timers.set(Timer::Recording, now + limit + RECORDING_GRACE);
        }
    }

    fn close<S: PacketSink>(&mut self, now: Instant, slot: u32, sink: &mut S) {
        self.unbridge(slot);
        let Some(mut leg) = self.legs.remove(slot) else {
            return;
        };
        let mut out = out!(self, now, sink);
        leg.end_recording(&mut out);
        let id = leg.id;
        if let Transport::WebRtc(webrtc) = &mut leg.transport {
            webrtc.close(id, &mut out);
        } else {
            leg.report(true, &mut out);
            if let Transport::Rtp(rtp) = &mut leg.transport {
                rtp.close_dtls(id, &mut out);
            }
        }
        out.events.push_back(Event::Closed { leg: id, figures: leg.figures() });
        self.drop_stale_wake_ups();
    }
}

/// What protects the media of an RTP leg by our offers.
const fn security(profile: Profile) -> Security {
    match profile {
        Profile::Srtp => Security::Srtp,
        Profile::Dtls => Security::Dtls,
        Profile::Rtp | Profile::WebRtc => Security::Plain,
    }
}

impl Leg {
    /// Sends an RTCP report; with a goodbye when the leg closes.
    pub(super) fn report<S: PacketSink>(&mut self, bye: bool, out: &mut Out<'_, S>) {
        let Transport::Rtp(rtp) = &mut self.transport else {
            return;
        };
        if self.agreed.is_none() {
            return;
        }
        let ssrc = self.send.ssrc;
        let info = (self.send.packets > 0).then(|| rtcp::SenderInfo {
            ntp: rtcp::ntp(out.since_start),
            timestamp: self.send.timestamp_at(out.now),
            packets: self.send.packets as u32,
            octets: self.send.octets as u32,
        });
        let mut writer = rtcp::Writer::new().report(ssrc, info, self.receive.report(out.now)).cname(ssrc, self.cname);
        if bye {
            writer = writer.bye(ssrc);
        }
        rtp.send_rtcp(self.id, writer.bytes(), out);
    }
}
