//! Which codec two ends agree on, and under which numbers (RFC 3264 section 6.1, RFC 3551, RFC 4733, RFC 7587).

use crate::codec::Codec;
use crate::payload_map::{EventType, Payload, PayloadMap};
use crate::sdp::{Media, RtpMap};

/// The payload types of our own offers: telephone-event beside codecs of 8 kHz and beside Opus, and Opus.
pub const OUR_EVENT: u8 = 101;
/// See [`OUR_EVENT`].
pub const OUR_WIDE_EVENT: u8 = 110;
/// See [`OUR_EVENT`].
pub const OUR_OPUS: u8 = 111;
/// Events 0 to 15: the sixteen keys.
const OUR_EVENTS: &str = "0-15";
/// What we tell of Opus: we make use of its redundancy (RFC 7587 section 6.1).
const OUR_OPUS_PARAMETERS: &str = "useinbandfec=1";
/// Clocks of telephone-event that are understood.
const EVENT_CLOCKS: [u32; 3] = [8000, 16_000, 48_000];

/// An `a=rtpmap` with what we say of the codec.
pub(crate) fn rtpmap(codec: Codec, payload_type: u8) -> RtpMap {
    RtpMap {
        payload_type,
        encoding: codec.name().to_owned(),
        clock_rate: codec.clock(),
        channels: codec.channels(),
        parameters: if codec == Codec::Opus { OUR_OPUS_PARAMETERS.to_owned() } else { String::new() },
    }
}

fn event(payload_type: u8, clock_rate: u32, parameters: &str) -> RtpMap {
    RtpMap {
        payload_type,
        encoding: "telephone-event".to_owned(),
        clock_rate,
        channels: 1,
        parameters: parameters.to_owned(),
    }
}

fn our_payload_type(codec: Codec) -> u8 {
    codec.static_payload_type().unwrap_or(OUR_OPUS)
}

/// All codecs, `like` first.
fn in_order(like: Option<Codec>) -> impl Iterator<Item = Codec> {
    like.into_iter().chain(Codec::ALL.into_iter().filter(move |codec| Some(*codec) != like))
}

/// The formats of an offer of ours, `like` first.
pub(crate) fn offered_maps(like: Option<Codec>) -> Vec<RtpMap> {
    let mut maps: Vec<RtpMap> = in_order(like).map(|codec| rtpmap(codec, our_payload_type(codec))).collect();
    maps.push(event(OUR_EVENT, 8000, OUR_EVENTS));
    maps.push(event(OUR_WIDE_EVENT, Codec::Opus.clock(), OUR_EVENTS));
    maps
}

/// Listens to the numbers of our own offers too: some far ends send with them though their answer has others.
pub(crate) fn listen_to_ours(payloads: &mut PayloadMap) {
    for codec in Codec::ALL {
        payloads.listen(our_payload_type(codec), Payload::Audio(codec));
    }
    payloads.listen(OUR_EVENT, Payload::Event(8000));
    payloads.listen(OUR_WIDE_EVENT, Payload::Event(Codec::Opus.clock()));
}

/// The codecs of an m-line that we speak, in its order: the far end's preference.
pub(crate) fn codecs(media: &Media) -> impl Iterator<Item = (Codec, u8)> {
    media.formats.iter().filter_map(|format| {
        let payload_type: u8 = format.parse().ok()?;
        let map = media.maps.iter().find(|map| map.payload_type == payload_type)?;
        let codec = Codec::named(&map.encoding, map.clock_rate, map.channels)?;
        Some((codec, payload_type))
    })
}

/// The codec to speak with who wrote this m-line: `like` or what goes to it without being decoded, else their first.
pub(crate) fn choose_codec(media: &Media, like: Option<Codec>) -> Option<(Codec, u8)> {
    let same = codecs(media).find(|(codec, _)| Some(*codec) == like);
    let alike = || codecs(media).find(|(codec, _)| like.is_some_and(|like| codec.forwards_to(like)));
    same.or_else(alike).or_else(|| codecs(media).next())
}

/// Their telephone-event: the one that counts like the codec, else any (RFC 4733 section 2.1 wants the former).
pub(crate) fn event_of(media: &Media, codec: Codec) -> Option<&RtpMap> {
    let known = |map: &&RtpMap| {
        map.encoding.eq_ignore_ascii_case("telephone-event")
            && EVENT_CLOCKS.contains(&map.clock_rate)
            && media.formats.iter().any(|format| format.parse() == Ok(map.payload_type))
    };
    let mut all = media.maps.iter().filter(known);
    all.clone().find(|map| map.clock_rate == codec.clock()).or_else(|| all.next())
}

/// Their telephone-event as our answer has it.
pub(crate) fn answered_event(map: &RtpMap) -> RtpMap {
    let parameters = if map.parameters.is_empty() { OUR_EVENTS } else { &map.parameters };
    event(map.payload_type, map.clock_rate, parameters)
}

/// What their numbers mean once a codec is chosen. Everything of theirs that we know is listened to.
pub(crate) fn their_payloads(media: &Media, codec: Codec, payload_type: u8) -> PayloadMap {
    let event = event_of(media, codec);
    let event = event.map(|map| EventType { payload_type: map.payload_type, clock: map.clock_rate });
    let mut payloads = PayloadMap::new(codec, payload_type, event);
    for (codec, payload_type) in codecs(media) {
        payloads.listen(payload_type, Payload::Audio(codec));
    }
    let noise = media.maps.iter().find(|map| map.encoding.eq_ignore_ascii_case("CN") && map.clock_rate == 8000);
    payloads.noise = noise.map(|map| map.payload_type);
    payloads.listen(payloads.noise.unwrap_or(crate::comfort_noise::PAYLOAD_TYPE), Payload::Noise);
    payloads
}

/// How long packets we make should last, in milliseconds: as they wish, 20 where they say nothing, in whole tens from 10 to
/// 60 and not longer than they allow. Opus has no frames of 30 and 50 ms.
pub(crate) fn ptime(media: &Media, codec: Codec) -> u32 {
    let wished = media.ptime.filter(|wished| *wished > 0).unwrap_or(20);
    let allowed = media.max_ptime.filter(|most| *most > 0).map_or(wished, |most| wished.min(most));
    let whole = u32::from(allowed).clamp(10, 60) / 10 * 10;
    match (codec, whole) {
        (Codec::Opus, 30) => 20,
        (Codec::Opus, 50) => 40,
        (_, whole) => whole,
    }
}
