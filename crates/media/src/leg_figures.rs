//! A leg's figures, from whoever counts them.

use crate::command::Figures;
use crate::leg::{Leg, Transport};
use crate::quality;

impl Leg {
    /// Its figures so far.
    pub fn figures(&self) -> Figures {
        let (far, protection) = match &self.transport {
            Transport::Rtp(rtp) => (&rtp.far, rtp.protection()),
            Transport::WebRtc(webrtc) => (&webrtc.far, "DTLS-SRTP"),
        };
        let (codec, clock) = self.agreed.map_or(("", 0), |agreed| {
            let codec = agreed.payloads.codec;
            (codec.name(), codec.clock())
        });
        let (concealed_ms, late) = self.concealed();
        quality::rated(Figures {
            received: self.receive.received(),
            sent: self.send.packets,
            lost: self.receive.lost(),
            jitter_ms: self.receive.jitter_ms(),
            far_lost: far.lost(),
            far_jitter_ms: far.jitter_ms(clock),
            rtt_ms: far.rtt_ms(),
            concealed_ms,
            late,
            mos: None,
            far_mos: far.mos(),
            protection,
            dropped: self.dropped,
            codec,
        })
    }
}
