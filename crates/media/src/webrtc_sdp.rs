//! What we read and rewrite in the SDPs of WebRTC legs; str0m makes and reads the rest.

use std::net::IpAddr;

use crate::codec::Codec;
use crate::codec_choice::{choose_codec, codecs, listen_to_ours, ptime, their_payloads};
use crate::command::RefusedSdp;
use crate::negotiation::Agreed;
use crate::sdp::{Media, Sdp};

/// What an offer or answer of a browser agrees on, if it has a codec of ours over DTLS-SRTP. `like`: what the leg it will talk
/// to speaks.
pub(crate) fn agree_webrtc(sdp: &[u8], like: Option<Codec>) -> Result<Agreed, RefusedSdp> {
    let sdp = Sdp::parse(sdp).map_err(|_| RefusedSdp::Malformed)?;
    let media = sdp.media.iter().find(|media| is_audio(media)).ok_or(RefusedSdp::NotAcceptable)?;
    // G.722 is not among what str0m is told of.
    let mut spoken = codecs(media).filter(|(codec, _)| *codec != Codec::G722);
    let preferred = choose_codec(media, like).filter(|(codec, _)| *codec != Codec::G722);
    let (codec, payload_type) = preferred.or_else(|| spoken.next()).ok_or(RefusedSdp::NotAcceptable)?;
    let mut payloads = their_payloads(media, codec, payload_type);
    listen_to_ours(&mut payloads);
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
        ptime_ms: ptime(media, codec),
        max_ptime_ms: media.max_ptime.map(u32::from),
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

/// A description of ours with the codec that is wanted in the first place of its audio line, where the other end takes it for
/// our preference.
pub(crate) fn with_first(text: &str, wanted: Option<Codec>) -> String {
    let parsed = Sdp::parse(text.as_bytes()).ok();
    let audio = parsed.as_ref().and_then(|sdp| sdp.media.iter().find(|media| is_audio(media)));
    let first = audio.and_then(|media| codecs(media).find(|(codec, _)| Some(*codec) == wanted));
    let Some((_, payload_type)) = first else {
        return text.to_owned();
    };
    let first = payload_type.to_string();
    let mut out = String::with_capacity(text.len() + 4);
    for line in text.lines() {
        let mut words = line.split(' ');
        if line.starts_with("m=audio ") {
            let head: Vec<&str> = words.by_ref().take(3).collect();
            let rest = words.filter(|word| *word != first);
            out.extend([head.join(" "), " ".to_owned(), first.clone()]);
            rest.for_each(|word| out.extend([" ", word]));
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
