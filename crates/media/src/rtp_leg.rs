//! The transport of an RTP leg: offer and answer, the latch, where RTCP goes.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::codec::Codec;
use crate::command::{LegId, RefusedSdp};
use crate::far_report::FarReports;
use crate::latch::Latch;
use crate::negotiation::{Agreed, LocalAddresses, Negotiation};
use crate::out::{Channel, Out, PacketSink};
use crate::rtp::MAX_PACKET;
use crate::sdp::Sdp;
use crate::srtp::{MAX_TRAILER, Sdes, Srtp};

/// Transport state of an RTP leg.
pub(crate) struct RtpLeg {
    negotiation: Negotiation,
    /// Who is listened to.
    pub latch: Latch,
    told_rtcp: Option<SocketAddr>,
    heard_rtcp: Option<SocketAddr>,
    /// Where our RTCP leaves from.
    rtcp_channel: Channel,
    /// What protects the packets; nothing where RTP is plain.
    pub srtp: Option<Box<Srtp>>,
    /// Our stream is to go on under another SSRC: the far end made a new context for it.
    rekeyed: bool,
    /// What the far end says of our packets.
    pub far: FarReports,
}

impl RtpLeg {
    /// `session`: a number for `o=`.
    #[must_use]
    pub fn new(local: LocalAddresses, session: u64, sdes: Sdes) -> Self {
        Self {
            negotiation: Negotiation::new(local, session, sdes),
            latch: Latch::new(None),
            told_rtcp: None,
            heard_rtcp: None,
            rtcp_channel: Channel::Rtp,
            srtp: None,
            rekeyed: false,
            far: FarReports::default(),
        }
    }

    /// Our offer. `like`: what the leg it will talk to speaks.
    pub fn offer(&mut self, like: Option<Codec>) -> Arc<[u8]> {
        bytes(&self.negotiation.offer(like))
    }

    /// Our next offers are plain RTP.
    pub fn give_up_srtp(&mut self) {
        self.negotiation.give_up_srtp();
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
        let keys = self.negotiation.sdes().keys();
        if self.srtp.as_ref().map(|srtp| &srtp.keys) == keys {
            return;
        }
        let before = self.srtp.take();
        self.rekeyed |= keys.is_some();
        self.srtp = keys.map(|keys| Box::new(Srtp::new(keys.clone(), before.map(|before| *before))));
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
            None => out.send(leg, channel, to, packet),
            Some(srtp) => {
                let protect = |room: &mut [u8]| srtp.sender.protect_rtcp(room, packet.len());
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
