//! Audio that is decoded: for a partner with another codec or with shorter packets, for recordings and keys in the audio.

use std::time::Instant;

use super::{Engine, out};
use crate::codec::Codec;
use crate::hearing::Beat;
use crate::jitter_buffer::Content;
use crate::leg::Transport;
use crate::out::PacketSink;
use crate::payload_map::Payload;
use crate::rtp::Header;
use crate::timers::Timer;

/// Beats that are made up for at once when a worker was late.
const MAX_BEATS: usize = 3;

impl Engine {
    /// Whether a packet goes to the leg's partner as it is: both speak its codec (or G.711), and the partner takes packets as
    /// long as this one. Without a partner there is nothing to change either.
    pub(super) fn is_forwarded_whole(&mut self, slot: u32, header: &Header, payload: Payload, packet: &[u8]) -> bool {
        let Some(leg) = self.legs.get_mut(slot) else {
            return true;
        };
        let Some(partner) = leg.partner.filter(|partner| *partner != slot) else {
            return true;
        };
        let codec = match (payload, &leg.agreed) {
            (Payload::Audio(codec), _) => codec,
            (Payload::Event(_) | Payload::Noise, Some(agreed)) => agreed.payloads.codec,
            (Payload::Event(_) | Payload::Noise, None) => return true,
        };
        let Some(agreed) = self.legs.get_mut(partner).and_then(|partner| partner.agreed.as_ref()) else {
            return true;
        };
        if !codec.forwards_to(agreed.payloads.codec) {
            return false;
        }
        let (Some(most), Payload::Audio(_)) = (agreed.max_ptime_ms, payload) else {
            return true;
        };
        packet.get(header.payload.clone()).and_then(|body| codec.milliseconds(body)).is_none_or(|ms| ms <= most)
    }

    /// Gives a packet to the leg's jitter buffer if somebody needs its samples.
    #[allow(clippy::too_many_arguments, reason = "what a packet is")]
    pub(super) fn put_by<S: PacketSink>(
        &mut self,
        now: Instant,
        slot: u32,
        header: &Header,
        payload: Payload,
        packet: &[u8],
        whole: bool,
        sink: &mut S,
    ) {
        let content = match payload {
            Payload::Audio(codec) => Content::Audio(codec),
            Payload::Noise => Content::Noise,
            Payload::Event(_) => return,
        };
        let Some(leg) = self.legs.get_mut(slot) else {
            return;
        };
        let listened = leg.is_listened_to() && !matches!(content, Content::Audio(Codec::G711(_)));
        if whole && !listened {
            if leg.decoding.is_some() {
                leg.forget_decoding();
            }
            return;
        }
        let partner = leg.partner.filter(|_| !whole);
        let takes_wide = |codec: Codec| !matches!(codec, Codec::G711(_));
        let wide = partner
            .and_then(|partner| self.legs.get_mut(partner))
            .and_then(|partner| partner.agreed.as_ref())
            .is_some_and(|agreed| takes_wide(agreed.payloads.codec));
        let mut out = out!(self, now, sink);
        if let Some(body) = packet.get(header.payload.clone())
            && let Some(leg) = self.legs.get_mut(slot)
            && leg.put_by(header, content, body, (wide, !whole), &mut out)
        {
            self.arm(slot);
        }
    }

    /// Runs the beats of a leg that are due, and says to its partner what they bring.
    pub(super) fn run_beats<S: PacketSink>(&mut self, now: Instant, slot: u32, sink: &mut S) {
        for _ in 0..MAX_BEATS {
            let mut out = out!(self, now, &mut *sink);
            let Some(leg) = self.legs.get_mut(slot) else {
                return;
            };
            if leg.timers.get(Timer::Beat).is_none_or(|at| at > now) {
                return;
            }
            let partner = leg.partner.filter(|partner| *partner != slot);
            let beat = leg.run_beat(partner.is_some(), &mut out);
            let Some(partner) = partner else {
                continue;
            };
            let Some(decoding) = leg.decoding.take_if(|decoding| decoding.for_partner) else {
                continue;
            };
            if let Some(partner_leg) = self.legs.get_mut(partner) {
                match beat {
                    Beat::Audio => partner_leg.say_partners(&decoding.samples, decoding.hearing.rate(), &mut out),
                    Beat::Nothing => partner_leg.fall_silent(),
                }
                if matches!(partner_leg.transport, Transport::WebRtc(_)) {
                    self.arm(partner);
                }
            }
            if let Some(leg) = self.legs.get_mut(slot) {
                leg.decoding = Some(decoding);
            }
        }
    }
}
