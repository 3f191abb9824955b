//! The transport of an RTP leg: offer and answer, the latch, where RTCP goes.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::command::RefusedSdp;
use crate::latch::Latch;
use crate::negotiation::{Agreed, LocalAddresses, Negotiation};
use crate::sdp::Sdp;

/// Transport state of an RTP leg.
#[derive(Clone, Debug)]
pub struct RtpLeg {
    negotiation: Negotiation,
    /// Who is listened to.
    pub latch: Latch,
    told_rtcp: Option<SocketAddr>,
    heard_rtcp: Option<SocketAddr>,
}

impl RtpLeg {
    /// `session`: a number for `o=`.
    #[must_use]
    pub fn new(local: LocalAddresses, session: u64) -> Self {
        Self {
            negotiation: Negotiation::new(local, session),
            latch: Latch::new(None),
            told_rtcp: None,
            heard_rtcp: None,
        }
    }

    /// Our offer.
    pub fn offer(&mut self) -> Arc<[u8]> {
        bytes(&self.negotiation.offer())
    }

    /// Answers an offer.
    ///
    /// # Errors
    /// Why it is refused; nothing changed then.
    pub fn answer(&mut self, offer: &[u8]) -> Result<(Arc<[u8]>, Agreed), RefusedSdp> {
        let offer = Sdp::parse(offer).map_err(|_| RefusedSdp::Malformed)?;
        let (answer, agreed) = self.negotiation.answer(&offer)?;
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
        if self.told_rtcp != agreed.rtcp {
            self.told_rtcp = agreed.rtcp;
            self.heard_rtcp = None;
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
        let above = |source: SocketAddr| Some(SocketAddr::new(source.ip(), source.port().checked_add(1)?));
        self.heard_rtcp.or_else(|| elsewhere.and_then(above)).or(self.told_rtcp)
    }
}

fn bytes(sdp: &Sdp) -> Arc<[u8]> {
    sdp.to_string().into_bytes().into()
}
