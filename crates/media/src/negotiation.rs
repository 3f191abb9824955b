//! Offer and answer (RFC 3264) of an RTP leg: codecs and telephone-event over RTP/AVP, RTP/SAVP and UDP/TLS/RTP/SAVP.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::codec::Codec;
use crate::codec_choice::{
    answered_event, choose_codec, event_of, listen_to_ours, offered_maps, ptime, rtpmap, their_payloads,
};
use crate::command::RefusedSdp;
use crate::dtls::{self, Identity, Pact};
use crate::payload_map::PayloadMap;
use crate::sdp::{Connection, Direction, Media, Origin, RtpMap, Sdp, Setup};
use crate::srtp::{KeySource, Sdes, Security};

/// The transport of our offers of DTLS-SRTP (RFC 5764 section 8).
const DTLS: &str = "UDP/TLS/RTP/SAVP";

/// The addresses of a leg's sockets as told to the far end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalAddresses {
    /// Where RTP arrives.
    pub rtp: SocketAddr,
    /// Where RTCP arrives; `None` where it shares the RTP socket.
    pub rtcp: Option<SocketAddr>,
}

/// What was agreed.
// In this order: what each packet asks for lies together.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
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
    /// Payload types.
    pub payloads: PayloadMap,
    /// Where to send RTP; `None` when the far end wrote a host name or `0.0.0.0`.
    pub rtp: Option<SocketAddr>,
    /// Where to send RTCP; `None` as above.
    pub rtcp: Option<SocketAddr>,
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
    /// What we show in DTLS handshakes; without it there are none.
    identity: Option<Arc<Identity>>,
    /// Our offers ask for DTLS-SRTP.
    offers_dtls: bool,
    /// Our last one did.
    offered_dtls: bool,
    /// Keys come by DTLS.
    pact: Option<Box<Pact>>,
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
            identity: None,
            offers_dtls: false,
            offered_dtls: false,
            pact: None,
            rtcp_mux: false,
        }
    }

    /// Takes DTLS too, with this certificate.
    #[must_use]
    pub(crate) fn with_identity(mut self, identity: Option<Arc<Identity>>) -> Self {
        self.identity = identity;
        self
    }

    /// What protects the media by our next offers, unless they must go on with what is in use.
    pub(crate) const fn wish(&mut self, security: Security) {
        self.sdes.wish(matches!(security, Security::Srtp));
        self.offers_dtls = matches!(security, Security::Dtls) && self.identity.is_some();
    }

    /// The DTLS handshake that was agreed on, if there is one.
    pub(crate) fn pact(&self) -> Option<&Pact> {
        self.pact.as_deref()
    }

    /// Whether our last offer asked for DTLS-SRTP.
    pub(crate) const fn offered_dtls(&self) -> bool {
        self.offered_dtls
    }

    /// What a handshake needs: our certificate, and secrets.
    pub(crate) fn handshake_means(&mut self) -> Option<(Arc<dtls::Certificate>, KeySource)> {
        let certificate = Arc::clone(&self.identity.as_ref()?.certificate);
        Some((certificate, self.sdes.secrets()?))
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
        let with_dtls = self.pact.is_some() || (self.offers_dtls && self.sdes.keys().is_none());
        if !self.agreed {
            // One handshake for both is better than two.
            self.rtcp_mux = with_dtls;
        }
        let protocol = if with_dtls { DTLS } else { self.sdes.protocol() };
        let mut audio = self.audio(protocol, offered_maps(like), Direction::SendRecv, None);
        if !with_dtls {
            audio.crypto = self.sdes.offer();
        }
        // Beside keys in the description there may be a fingerprint: phones that do DTLS alone answer RTP/SAVP with theirs.
        let with_both = !audio.crypto.is_empty() && self.sdes.keys().is_none() && self.identity.is_some();
        if with_dtls || with_both {
            let setup = self.pact.as_ref().map_or(Setup::ActPass, |pact| pact.setup());
            self.show(&mut audio, setup);
        }
        self.offered_dtls = with_dtls || with_both;
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
        if self.judge(media) == Security::Dtls {
            let identity = self.identity.as_deref().ok_or(RefusedSdp::NotAcceptable)?;
            let pact = Pact::answering(offer, media, identity, self.pact.as_deref());
            self.sdes.stop();
            self.show(&mut audio, pact.setup());
            self.pact = Some(Box::new(pact));
        } else {
            audio.crypto = self.sdes.answer(media)?;
            self.pact = None;
        }
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
        if self.offered_dtls && !self.sdes.is_answered_by(media) {
            // A far end that could not protect anything would have answered as one who refuses.
            let pact = Pact::answered(media).ok_or(RefusedSdp::NotAcceptable)?;
            self.sdes.stop();
            self.pact = Some(Box::new(pact));
        } else {
            self.sdes.accept(media)?;
            self.pact = None;
        }
        // Of what we did not offer an answer says nothing (RFC 5761 section 5.1.1).
        self.rtcp_mux &= media.rtcp_mux;
        if self.lines.is_empty() {
            self.lines.push(media.rejection());
        }
        self.offered = false;
        self.agreed = true;
        Ok(agree(answer, media, payloads, self.rtcp_mux))
    }

    /// The m-line of an offer to take: a protected one before a plain one, then the one in use, then the first.
    fn choose<'a>(&self, offer: &'a Sdp) -> Option<(usize, &'a Media)> {
        let rank = |line: usize, media: &Media| match self.judge(media) {
            Security::Unknown => None,
            security => Some((security == Security::Plain, !self.agreed || line != self.audio_line, line)),
        };
        let lines = offer.media.iter().enumerate().filter(|(_, media)| has_audio(media));
        let ranked = lines.filter_map(|(line, media)| Some((rank(line, media)?, line, media)));
        ranked.min_by_key(|(rank, ..)| *rank).map(|(_, line, media)| (line, media))
    }

    /// What protects this m-line of an offer, if we can do it.
    fn judge(&self, media: &Media) -> Security {
        match self.sdes.judge(media) {
            Security::Unknown if self.identity.is_some() && dtls::is_dtls(media) => Security::Dtls,
            security => security,
        }
    }

    /// Writes down our certificate, and who begins.
    fn show(&self, audio: &mut Media, setup: Setup) {
        audio.setup = Some(setup);
        audio.fingerprints =
            self.identity.iter().map(|identity| identity.certificate.fingerprint().to_string()).collect();
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
            fingerprints: Vec::new(),
            setup: None,
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
