//! What we read and rewrite in the SDPs of WebRTC legs; str0m makes and reads the rest.

use std::net::IpAddr;

use crate::command::RefusedSdp;
use crate::g711::Law;
use crate::negotiation::{Agreed, event_of, first_law};
use crate::payload_map::{Payload, PayloadMap};
use crate::sdp::{Media, Sdp};

/// What an offer or answer of a browser agrees on, if it has G.711 over DTLS-SRTP.
pub(crate) fn agree_webrtc(sdp: &[u8]) -> Result<Agreed, RefusedSdp> {
    let sdp = Sdp::parse(sdp).map_err(|_| RefusedSdp::Malformed)?;
    let media = sdp.media.iter().find(|media| is_audio(media)).ok_or(RefusedSdp::NotAcceptable)?;
    let (law, payload_type) = first_law(media).ok_or(RefusedSdp::NotAcceptable)?;
    let event = event_of(media).map(|map| map.payload_type);
    let mut payloads = PayloadMap::new(law, payload_type, event);
    payloads.listen(0, Payload::Audio(Law::Mu));
    payloads.listen(8, Payload::Audio(Law::A));
    let direction = sdp.direction_of(media);
    Ok(Agreed {
        payloads,
        rtp: None,
        rtcp: None,
        // `c=0.0.0.0` is usual before ICE and means nothing here.
        far_holds: !direction.receives(),
        may_send: direction.receives(),
        may_receive: direction.sends(),
        rtcp_mux: true,
    })
}

fn is_audio(media: &Media) -> bool {
    media.kind == "audio" && media.port != 0 && media.protocol.ends_with("RTP/SAVPF")
}

/// ICE credentials and a DTLS fingerprint must be there; str0m would give up the whole leg without.
pub(crate) fn check_transport(sdp: &[u8]) -> Result<(), RefusedSdp> {
    let text = std::str::from_utf8(sdp).map_err(|_| RefusedSdp::Malformed)?;
    let has = |name: &str| text.lines().any(|line| line.starts_with(name));
    let complete = has("a=ice-ufrag:") && has("a=ice-pwd:") && has("a=fingerprint:");
    if complete { Ok(()) } else { Err(RefusedSdp::NotAcceptable) }
}

/// The `a=mid` of the audio line.
pub(crate) fn audio_mid(sdp: &str) -> Option<String> {
    let sdp = Sdp::parse(sdp.as_bytes()).ok()?;
    sdp.media.iter().find(|media| is_audio(media))?.mid.clone()
}

/// Our own `o=` line with a version that counts up, instead of the library's.
pub(crate) fn with_origin(text: &str, session: u64, version: u64, address: IpAddr) -> String {
    let family = if address.is_ipv4() { 4 } else { 6 };
    let mut out = String::with_capacity(text.len() + 64);
    for line in text.lines() {
        if line.starts_with("o=") {
            out.push_str(&format!("o=sori {session} {version} IN IP{family} {address}"));
        } else {
            out.push_str(line);
        }
        out.push_str("\r\n");
    }
    out
}

/// An offer with a DTLS role that leaves no choice.
pub(crate) fn with_setup(text: &str, active: bool) -> String {
    text.replace("a=setup:actpass", if active { "a=setup:active" } else { "a=setup:passive" })
}
