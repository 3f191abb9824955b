//! Offer and answer (RFC 3264) of an RTP leg: codecs and telephone-event over RTP/AVP and RTP/SAVP.

use std::net::{IpAddr, SocketAddr};

use crate::codec::Codec;
use crate::codec_choice::{
    answered_event, choose_codec, event_of, listen_to_ours, offered_maps, ptime, rtpmap, their_payloads,
};
use crate::command::RefusedSdp;
use crate::payload_map::PayloadMap;
use crate::sdp::{Connection, Direction, Media, Origin, RtpMap, Sdp};
use crate::srtp::{Sdes, Security};

/// The addresses of a leg's sockets as told to the far end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalAddresses {
    /// Where RTP arrives.
    pub rtp: SocketAddr,
    /// Where RTCP arrives; `None` where it shares the RTP socket.
    pub rtcp: Option<SocketAddr>,
}

/// What was agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Payload types.
    pub payloads: PayloadMap,
    /// Where to send RTP; `None` when the far end wrote a host name or `0.0.0.0`.
    pub rtp: Option<SocketAddr>,
    /// Where to send RTCP; `None` as above.
    pub rtcp: Option<SocketAddr>,
    /// The far end put us on hold.
    pub far_holds: bool,
    /// Whether we may send media.
    pub may_send: bool,
    /// Whether the far end sends media.
    pub may_receive: bool,
    /// RTCP shares the RTP port (RFC 5761).
    pub rtcp_mux: bool,
    /// How long packets we make should last, in milliseconds: 10 to 60.
    pub ptime_ms: u32,
    /// How long packets may last at most, where the far end said so, in milliseconds.
    pub max_ptime_ms: Option<u32>,
}

/// The side of one leg in offers and answers.
#[derive(Clone, Debug)]
pub struct Negotiation {
    local: LocalAddresses,
    origin: Origin,
    /// Our offer waits for its answer.
    offered: bool,
    /// We made the last offer, answered or not.
    ours_last: bool,
    /// Something was agreed once.
    agreed: bool,
    /// The order of the m-lines of the session, fixed once agreed (RFC 3264 section 8).
    lines: Vec<Media>,
    audio_line: usize,
    sdes: Sdes,
    /// RTCP shares the RTP port; only where the far end offered it.
    rtcp_mux: bool,
}

impl Negotiation {
    /// `session`: a number for `o=`, unlikely to repeat.
    #[must_use]
    pub fn new(local: LocalAddresses, session: u64, sdes: Sdes) -> Self {
        // Some phones take the session id as a signed number.
        let origin = Origin { session: session >> 2, version: 0 };
        Self {
            local,
            origin,
            offered: false,
            ours_last: false,
            agreed: false,
            lines: Vec::new(),
            audio_line: 0,
            sdes,
            rtcp_mux: false,
        }
    }

    /// Our next offers are plain RTP, unless SRTP is in use.
    pub fn give_up_srtp(&mut self) {
        self.sdes.give_up();
    }

    /// The exchange of SRTP keys.
    #[must_use]
    pub const fn sdes(&self) -> &Sdes {
        &self.sdes
    }

    /// Our offer of all we speak. `like`: what the leg it will talk to speaks, which comes first.
    pub fn offer(&mut self, like: Option<Codec>) -> Sdp {
        self.offered = true;
        self.ours_last = true;
        let mut audio = self.audio(self.sdes.protocol(), offered_maps(like), Direction::SendRecv, None);
        audio.crypto = self.sdes.offer();
        self.describe(audio)
    }

    /// The answer to an offer of the far end, with the codec of theirs that goes to `like` without being decoded, else the
    /// first of theirs that we speak.
    ///
    /// # Errors
    /// [`RefusedSdp`]; what was agreed before stays.
    pub fn answer(&mut self, offer: &Sdp, like: Option<Codec>) -> Result<(Sdp, Agreed), RefusedSdp> {
        if self.offered && !self.agreed {
            return Err(RefusedSdp::WrongState);
        }
        let (line, media) = self.choose(offer).ok_or(RefusedSdp::NotAcceptable)?;
        let (codec, payload_type) = choose_codec(media, like).ok_or(RefusedSdp::NotAcceptable)?;
        let direction = offer.direction_of(media);
        let their_event = event_of(media, codec);
        let payloads = their_payloads(media, codec, payload_type);
        self.rtcp_mux = media.rtcp_mux;
        let agreed = agree(offer, media, payloads, self.rtcp_mux);

        let mut maps = vec![rtpmap(codec, payload_type)];
        maps.extend(their_event.map(answered_event));
        let mut audio = self.audio(&media.protocol, maps, direction.answer(), media.mid.clone());
        audio.crypto = self.sdes.answer(media)?;
        self.lines = offer.media.iter().map(Media::rejection).collect();
        self.audio_line = line;
        self.offered = false;
        self.ours_last = false;
        self.agreed = true;
        Ok((self.describe(audio), agreed))
    }

    /// Takes the far end's answer to our offer. A later, different answer to the same offer replaces the earlier one
    /// (a 200 after a 183 from another branch).
    ///
    /// # Errors
    /// [`RefusedSdp`]; what was agreed before stays.
    pub fn accept(&mut self, answer: &Sdp) -> Result<Agreed, RefusedSdp> {
        if !self.ours_last {
            return Err(RefusedSdp::WrongState);
        }
        let media = answer.media.get(self.audio_line).filter(|m| has_audio(m)).ok_or(RefusedSdp::NotAcceptable)?;
        let (codec, payload_type) = choose_codec(media, None).ok_or(RefusedSdp::NotAcceptable)?;
        let mut payloads = their_payloads(media, codec, payload_type);
        // What we offered may come under our own numbers.
        listen_to_ours(&mut payloads);
        self.sdes.accept(media)?;
        // Of what we did not offer an answer says nothing (RFC 5761 section 5.1.1).
        self.rtcp_mux &= media.rtcp_mux;
        if self.lines.is_empty() {
            self.lines.push(media.rejection());
        }
        self.offered = false;
        self.agreed = true;
        Ok(agree(answer, media, payloads, self.rtcp_mux))
    }

    /// The m-line of an offer to take: one with SRTP before a plain one, then the one in use, then the first.
    fn choose<'a>(&self, offer: &'a Sdp) -> Option<(usize, &'a Media)> {
        let rank = |line: usize, media: &Media| match self.sdes.judge(media) {
            Security::Unknown => None,
            security => Some((security != Security::Srtp, !self.agreed || line != self.audio_line, line)),
        };
        let lines = offer.media.iter().enumerate().filter(|(_, media)| has_audio(media));
        let ranked = lines.filter_map(|(line, media)| Some((rank(line, media)?, line, media)));
        ranked.min_by_key(|(rank, ..)| *rank).map(|(_, line, media)| (line, media))
    }

    fn audio(&self, protocol: &str, maps: Vec<RtpMap>, direction: Direction, mid: Option<String>) -> Media {
        let rtcp = self.local.rtcp.filter(|rtcp| {
            // RTP's port + 1 goes without saying (RFC 3605).
            Some(rtcp.port()) != self.local.rtp.port().checked_add(1) || rtcp.ip() != self.local.rtp.ip()
        });
        Media {
            kind: "audio".to_owned(),
            port: self.local.rtp.port(),
            protocol: protocol.to_owned(),
            formats: maps.iter().map(|map| map.payload_type.to_string()).collect(),
            connection: None,
            direction: Some(direction),
            maps,
            ptime: Some(20),
            max_ptime: None,
            rtcp: rtcp
                .filter(|_| !self.rtcp_mux)
                .map(|rtcp| (rtcp.port(), (rtcp.ip() != self.local.rtp.ip()).then(|| rtcp.ip()))),
            mid,
            crypto: Vec::new(),
            rtcp_mux: self.rtcp_mux,
        }
    }

    fn describe(&mut self, audio: Media) -> Sdp {
        // RFC 3264 section 8: the version goes up by one with each description that may differ.
        self.origin.version += 1;
        let mut media: Vec<Media> = self.lines.iter().map(Media::rejection).collect();
        match media.get_mut(self.audio_line) {
            Some(line) => *line = audio,
            None => media.push(audio),
        }
        Sdp {
            origin: self.origin,
            origin_address: self.local.rtp.ip(),
            connection: Some(Connection::Address(self.local.rtp.ip())),
            direction: None,
            media,
        }
    }
}

/// An m-line with a codec of ours, whatever its transport.
fn has_audio(media: &Media) -> bool {
    media.kind == "audio" && media.port != 0 && choose_codec(media, None).is_some()
}

fn agree(sdp: &Sdp, media: &Media, payloads: PayloadMap, rtcp_mux: bool) -> Agreed {
    let direction = sdp.direction_of(media);
    let connection = sdp.connection_of(media);
    let unspecified = connection.is_some_and(Connection::is_unspecified);
    let address: Option<IpAddr> = match connection {
        Some(Connection::Address(address)) if !unspecified => Some(address),
        _ => None,
    };
    let beside = if rtcp_mux { media.port } else { media.port.wrapping_add(1) };
    let (rtcp_port, rtcp_address) = media.rtcp.filter(|_| !rtcp_mux).unwrap_or((beside, None));
    let rtcp_address = rtcp_address.filter(|address| !address.is_unspecified()).or(address);
    Agreed {
        payloads,
        rtp: address.map(|address| SocketAddr::new(address, media.port)),
        rtcp: rtcp_address.map(|address| SocketAddr::new(address, rtcp_port)),
        far_holds: unspecified || !direction.receives(),
        may_send: direction.receives() && !unspecified,
        may_receive: direction.sends(),
        rtcp_mux,
        ptime_ms: ptime(media, payloads.codec),
        max_ptime_ms: media.max_ptime.map(u32::from),
    }
}
