//! The transport of an RTP leg: offer and answer, the latch, where RTCP goes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::codec::Codec;
use crate::command::{LegId, RefusedSdp};
use crate::dtls::Identity;
use crate::dtls_leg::{Dtls, DtlsLeg, Early, Handshake};
use crate::far_report::FarReports;
use crate::latch::Latch;
use crate::negotiation::{Agreed, LocalAddresses, Negotiation};
use crate::out::{Channel, Out, PacketSink};
use crate::rtp::MAX_PACKET;
use crate::sdp::Sdp;
use crate::srtp::{MAX_TRAILER, Sdes, Security, Srtp};

/// Transport state of an RTP leg.
// In this order: what each packet asks for lies first.
#[repr(C)]
pub(crate) struct RtpLeg {
    /// Who is listened to.
    pub latch: Latch,
    /// What protects the packets; nothing where RTP is plain, and while a handshake goes on.
    pub srtp: Option<Box<Srtp>>,
    /// The handshakes in front of it, where keys come by DTLS.
    dtls: Option<Box<Dtls>>,
    /// Our stream is to go on under another SSRC: the far end made a new context for it.
    rekeyed: bool,
    /// Where our RTCP leaves from.
    rtcp_channel: Channel,
    told_rtcp: Option<SocketAddr>,
    heard_rtcp: Option<SocketAddr>,
    negotiation: Negotiation,
    /// What the far end says of our packets.
    pub far: FarReports,
}

impl RtpLeg {
    /// `session`: a number for `o=`.
    #[must_use]
    pub fn new(local: LocalAddresses, session: u64, sdes: Sdes, identity: Option<Arc<Identity>>) -> Self {
        Self {
            negotiation: Negotiation::new(local, session, sdes).with_identity(identity),
            latch: Latch::new(None),
            told_rtcp: None,
            heard_rtcp: None,
            rtcp_channel: Channel::Rtp,
            srtp: None,
            dtls: None,
            rekeyed: false,
            far: FarReports::default(),
        }
    }

    /// Our offer. `like`: what the leg it will talk to speaks.
    pub fn offer(&mut self, like: Option<Codec>) -> Arc<[u8]> {
        let offer = self.negotiation.offer(like);
        if self.negotiation.offered_dtls() && self.dtls.is_none() {
            self.dtls = Some(Box::new(Dtls::Offered(Early::default())));
        }
        bytes(&offer)
    }

    /// What protects the media by our next offers.
    pub const fn wish(&mut self, security: Security) {
        self.negotiation.wish(security);
    }

    /// Answers an offer.
    ///
    /// # Errors
    /// Why it is refused; nothing changed then.
    pub fn answer(&mut self, offer: &[u8], like: Option<Codec>) -> Result<(Arc<[u8]>, Agreed), RefusedSdp> {
        let offer = Sdp::parse(offer).map_err(|_| RefusedSdp::Malformed)?;
        let (answer, agreed) = self.negotiation.answer(&offer, like)?;
        self.direct(&agreed);
        Ok((bytes(&answer), agreed))
    }

    /// Takes an answer.
    ///
    /// # Errors
    /// Why it is refused; nothing changed then.
    pub fn accept(&mut self, answer: &[u8]) -> Result<Agreed, RefusedSdp> {
        let answer = Sdp::parse(answer).map_err(|_| RefusedSdp::Malformed)?;
        let agreed = self.negotiation.accept(&answer)?;
        self.direct(&agreed);
        Ok(agreed)
    }

    fn direct(&mut self, agreed: &Agreed) {
        // Hold by 0.0.0.0 names no address: whoever was latched stays so.
        if agreed.rtp.is_some() || self.latch.destination().is_none() {
            self.latch.renegotiate(agreed.rtp);
        }
        let channel = if agreed.rtcp_mux { Channel::Rtp } else { Channel::Rtcp };
        if self.told_rtcp != agreed.rtcp || self.rtcp_channel != channel {
            self.told_rtcp = agreed.rtcp;
            self.rtcp_channel = channel;
            self.heard_rtcp = None;
        }
        self.change_keys();
    }

    /// Makes new contexts when other keys were agreed; the same ones go on as they are.
    fn change_keys(&mut self) {
        if self.negotiation.pact().is_some() {
            return self.change_handshake();
        }
        self.dtls = None;
        let keys = self.negotiation.sdes().keys();
        if self.srtp.as_ref().map(|srtp| &srtp.keys) == keys {
            return;
        }
        let before = self.srtp.take();
        self.rekeyed |= keys.is_some();
        self.srtp = keys.map(|keys| {
            let mut srtp = Box::new(Srtp::new(keys.clone(), before.map(|before| *before)));
            srtp.share_rtcp();
            srtp
        });
    }

    /// Another certificate or role needs another handshake; with the same ones the keys go on as they are. Until a new
    /// handshake is done the former keys hold.
    fn change_handshake(&mut self) {
        let own_rtcp = self.rtcp_channel == Channel::Rtcp;
        let stays = match self.dtls.as_deref() {
            Some(Dtls::Agreed(leg)) => Some(leg.pact()) == self.negotiation.pact() && leg.has_own_rtcp() == own_rtcp,
            _ => false,
        };
        if stays {
            return;
        }
        let pact = self.negotiation.pact().cloned();
        if let (Some(pact), Some(means)) = (pact, self.negotiation.handshake_means()) {
            let early = match self.dtls.take().map(|before| *before) {
                Some(Dtls::Offered(early)) => early,
                _ => Early::default(),
            };
            self.dtls = Some(Box::new(Dtls::Agreed(DtlsLeg::new(pact, means, own_rtcp, early))));
        }
    }

    /// Whether packets may leave: they are plain, or there are keys.
    pub const fn is_ready(&self) -> bool {
        self.srtp.is_some() || self.dtls.is_none()
    }

    /// Whether its keys come by DTLS.
    pub const fn has_dtls(&self) -> bool {
        self.dtls.is_some()
    }

    /// When [`Self::run_dtls`] is needed next.
    pub fn next_timeout(&self) -> Option<Instant> {
        match self.dtls.as_deref()? {
            Dtls::Agreed(leg) => leg.next_timeout(),
            Dtls::Offered(_) => None,
        }
    }

    /// Takes a datagram of DTLS; false when it comes from nobody we listen to.
    pub fn receive_dtls<S: PacketSink>(
        &mut self,
        leg: LegId,
        (channel, from): (Channel, SocketAddr),
        packet: &[u8],
        out: &mut Out<'_, S>,
    ) -> bool {
        let is_known = self.latch.is_known(from);
        match self.dtls.as_deref_mut() {
            Some(Dtls::Agreed(dtls)) => dtls.receive(leg, (channel, from, is_known), packet, out),
            Some(Dtls::Offered(early)) => {
                early.keep(channel, from, packet);
                true
            }
            None => false,
        }
    }

    /// The session was described anew.
    pub fn was_described(&mut self, now: Instant) {
        if let Some(Dtls::Agreed(dtls)) = self.dtls.as_deref_mut() {
            dtls.was_described(now);
        }
    }

    /// Goes on with its handshakes where that is due. `heard`: when the far end's media was heard last.
    pub fn run_dtls<S: PacketSink>(&mut self, leg: LegId, heard: Instant, out: &mut Out<'_, S>) {
        let to = [self.latch.destination(), self.rtcp_destination()];
        let Some(Dtls::Agreed(dtls)) = self.dtls.as_deref_mut() else {
            return;
        };
        let early = dtls.take_early();
        dtls.run(leg, to, heard, out);
        for (channel, from, packet) in early.take() {
            self.receive_dtls(leg, (channel, from), &packet, out);
        }
    }

    /// What its handshakes brought: `Ok` with keys that are in use from now on.
    pub fn poll_handshake(&mut self, now: Instant) -> Option<Result<(), &'static str>> {
        let Some(Dtls::Agreed(dtls)) = self.dtls.as_deref_mut() else {
            return None;
        };
        match dtls.poll()? {
            Handshake::Keys(Channel::Rtp, from, keys) => {
                let mut srtp = Srtp::new(*keys, self.srtp.take().map(|before| *before));
                if dtls.has_own_rtcp() {
                    srtp.part_rtcp(dtls.rtcp_keys.take().as_deref());
                } else {
                    srtp.share_rtcp();
                }
                self.srtp = Some(Box::new(srtp));
                self.rekeyed = true;
                // It has proved who it is.
                self.latch.settle(from, now);
            }
            Handshake::Keys(Channel::Rtcp, from, keys) => {
                self.heard_rtcp = Some(from);
                match &mut self.srtp {
                    Some(srtp) => srtp.part_rtcp(Some(&keys)),
                    None => dtls.rtcp_keys = Some(keys),
                }
            }
            Handshake::Failed(failure) => return Some(Err(failure.reason())),
            Handshake::TimedOut => return Some(Err("the DTLS handshake took too long")),
        }
        Some(Ok(()))
    }

    /// Says goodbye to the far end's DTLS.
    pub fn close_dtls<S: PacketSink>(&mut self, leg: LegId, out: &mut Out<'_, S>) {
        if let Some(Dtls::Agreed(dtls)) = self.dtls.as_deref_mut() {
            dtls.close(leg, out);
        }
    }

    /// What protects its media: a suite's name, `DTLS-SRTP`, or nothing.
    pub fn protection(&self) -> &'static str {
        match &self.srtp {
            Some(_) if self.dtls.is_some() => "DTLS-SRTP",
            Some(srtp) => srtp.keys.ours.suite().name(),
            None => "",
        }
    }

    /// Whether there are new keys since this was asked last. Our rollover counter may be past 0 and the far end's new context
    /// starts there, so the stream goes on under a new SSRC.
    pub fn take_rekeyed(&mut self) -> bool {
        std::mem::take(&mut self.rekeyed)
    }

    /// Sends an RTP packet; `sequence` is its extended sequence number.
    pub fn send_rtp<S: PacketSink>(
        &mut self,
        leg: LegId,
        to: SocketAddr,
        sequence: u64,
        packet: &[u8],
        out: &mut Out<'_, S>,
    ) {
        match &mut self.srtp {
            // There are no keys yet.
            None if self.dtls.is_some() => {}
            None => out.send(leg, Channel::Rtp, to, packet),
            Some(srtp) => {
                let protect = |room: &mut [u8]| srtp.sender.protect_rtp(room, packet.len(), sequence);
                send_protected(leg, Channel::Rtp, to, packet, protect, out);
            }
        }
    }

    /// Sends a compound RTCP packet where RTCP goes.
    pub fn send_rtcp<S: PacketSink>(&mut self, leg: LegId, packet: &[u8], out: &mut Out<'_, S>) {
        let Some(to) = self.rtcp_destination() else {
            return;
        };
        let channel = self.rtcp_channel;
        match &mut self.srtp {
            None if self.dtls.is_some() => {}
            None => out.send(leg, channel, to, packet),
            Some(srtp) => {
                let protect = |room: &mut [u8]| srtp.protect_rtcp(room, packet.len());
                send_protected(leg, channel, to, packet, protect, out);
            }
        }
    }

    /// Whether RTCP from this address is the far end's: the address we were told, or the host we listen to.
    pub fn judge_rtcp(&mut self, from: SocketAddr) -> bool {
        let known = Some(from) == self.told_rtcp || self.latch.source().is_some_and(|source| source.ip() == from.ip());
        if known {
            self.heard_rtcp = Some(from);
        }
        known
    }

    /// Where RTCP goes: where it came from, else where the SDP says unless the latch went elsewhere, else the port above.
    #[must_use]
    pub fn rtcp_destination(&self) -> Option<SocketAddr> {
        let elsewhere = self.latch.source().filter(|source| Some(source.ip()) != self.told_rtcp.map(|told| told.ip()));
        let mux = self.rtcp_channel == Channel::Rtp;
        let port = |source: SocketAddr| if mux { Some(source.port()) } else { source.port().checked_add(1) };
        let above = |source: SocketAddr| Some(SocketAddr::new(source.ip(), port(source)?));
        self.heard_rtcp.or_else(|| elsewhere.and_then(above)).or(self.told_rtcp)
    }
}

/// Protects a copy, so that there is room for the tag.
fn send_protected<S: PacketSink>(
    leg: LegId,
    channel: Channel,
    to: SocketAddr,
    packet: &[u8],
    protect: impl FnOnce(&mut [u8]) -> Option<usize>,
    out: &mut Out<'_, S>,
) {
    let mut room = [0; MAX_PACKET + MAX_TRAILER];
    let Some(place) = room.get_mut(..packet.len()) else {
        return;
    };
    place.copy_from_slice(packet);
    if let Some(protected) = protect(&mut room).and_then(|length| room.get(..length)) {
        out.send(leg, channel, to, protected);
    }
}

fn bytes(sdp: &Sdp) -> Arc<[u8]> {
    sdp.to_string().into_bytes().into()
}
