//! What a media engine is told and what it tells.

use crate::country_tones::CountryCode;
use crate::family::Family;
use std::sync::Arc;

/// A leg's media, named by the switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegId(pub u64);

/// Which media a leg speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// RTP/AVP over UDP with symmetric RTP (desk phones, carriers).
    Rtp,
    /// As [`Profile::Rtp`], but an offer of ours is RTP/SAVP with SDES keys (RFC 4568). Offers of the far end are answered
    /// with SRTP where they ask for it, under either profile.
    Srtp,
    /// As [`Profile::Rtp`], but an offer of ours is UDP/TLS/RTP/SAVP: keys come by DTLS (RFC 5764), without ICE.
    Dtls,
    /// ICE, DTLS-SRTP, rtcp-mux (browsers), through str0m.
    WebRtc,
}

/// A prompt in the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PromptKey(pub u64);

/// A tone made on the fly, encoded once per codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ToneKind {
    /// The soft ringback loop.
    RingbackLoop,
    /// Korea's ringback (ITU-T E.180): 440+480 Hz, 1 s on, 2 s off.
    RingbackKorea,
    /// Japan's ringback (ITU-T E.180): 400 Hz modulated by 16 Hz, 1 s on, 2 s off.
    RingbackJapan,
    /// 1 kHz for 400 ms.
    Beep,
    /// A country's ringback.
    Ringback(CountryCode),
    /// A country's busy tone.
    Busy(CountryCode),
    /// A country's congestion tone: no way to the called party.
    Congestion(CountryCode),
    /// A country's dial tone.
    Dial(CountryCode),
}

/// Something to play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// From the library; a key that is not there plays 20 ms of silence and counts as played.
    Prompt(PromptKey),
    /// A tone; ringbacks never end by themselves.
    Tone(ToneKind),
    /// Silence, in milliseconds.
    Silence(u32),
}

/// How often to play a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Once, then [`Event::PlaybackEnded`].
    Once,
    /// Until stopped or replaced.
    Forever,
}

/// A command to the engine. All legs of one call live in one engine.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // fields say themselves what they are
pub enum Command {
    /// Make a leg. `like`: the leg it will talk to, whose codec our offer has first and our answer chooses where it can.
    /// With the far end's `offer` an [`Event::LocalSdp`] holds our answer, without one our offer.
    /// Its sockets are of the `family` the far end is reached by, unless the offer says otherwise.
    Open { leg: LegId, profile: Profile, offer: Option<Arc<[u8]>>, family: Family, like: Option<LegId> },
    /// The far end's signalling comes from this host: behind a NAT its media most likely does too. To be told right after
    /// [`Command::Open`] of an RTP leg; without it a stranger who sends first is listened to sooner.
    Expect { leg: LegId, from: std::net::IpAddr },
    /// The far end's answer to our offer. [`Event::Negotiated`] or [`Event::Refused`] follows.
    Answer { leg: LegId, sdp: Arc<[u8]> },
    /// The far end's new offer (hold, resume, other codec, other address): [`Event::LocalSdp`] with our answer follows,
    /// or [`Event::Refused`], after which the leg stays as it was.
    Reoffer { leg: LegId, sdp: Arc<[u8]> },
    /// Make a new offer of our own (session refresh, answer to an INVITE without a body).
    MakeOffer { leg: LegId },
    /// The far end refused our offer for what protects it: another one instead, of this profile. Only before anything was
    /// agreed, and neither from nor to WebRTC ([`Event::Refused`]).
    OfferAgain { leg: LegId, profile: Profile, like: Option<LegId> },
    /// Let two legs hear each other. Ends what either plays or echoes; replaces their former bridge.
    Bridge { a: LegId, b: LegId },
    /// End the bridge of this leg and its partner.
    Unbridge { leg: LegId },
    /// Play to the leg; replaces what it plays. Suspends the bridge towards this leg while it plays.
    Play { leg: LegId, token: u64, sources: Vec<Source>, repeat: Repeat },
    /// Stop playing to the leg.
    StopPlaying { leg: LegId },
    /// Send the leg back what it says, until bridged or closed.
    Echo { leg: LegId },
    /// Listen for keys in the leg's audio (in-band), or stop doing so. Off at first: it costs CPU. Keys sent by
    /// telephone-event are always told.
    ListenKeys { leg: LegId, on: bool },
    /// Record what the leg says as G.711, until `limit_ms`, the key `#`, or [`Command::StopRecording`].
    Record { leg: LegId, token: u64, limit_ms: u32 },
    /// Stop recording.
    StopRecording { leg: LegId },
    /// Send a key to the leg by telephone-event, or in-band where the far end has none. What is not one of the sixteen
    /// keys is not sent; the duration is kept between 40 and 8000 ms.
    SendKey { leg: LegId, key: char, duration_ms: u16 },
    /// The leg belongs to another call from now on, `to` by its number; its bridge ends. [`Event::Arrived`] follows from
    /// the engine of that call; commands about the leg before that are lost.
    Move { leg: LegId, to: u64 },
    /// The far end pressed a key in its signalling (INFO): whom the leg is bridged with gets it as by
    /// [`Command::SendKey`], unless it goes over as telephone-event by itself.
    PassKey { leg: LegId, key: char, duration_ms: u16 },
    /// Forget the leg. Its sockets close. [`Event::Closed`] follows, of a leg that is not open too.
    Close { leg: LegId },
}

impl Command {
    /// The leg it is about (the first one for a bridge).
    #[must_use]
    pub fn leg(&self) -> LegId {
        match *self {
            Self::Open { leg, .. }
            | Self::Expect { leg, .. }
            | Self::Answer { leg, .. }
            | Self::Reoffer { leg, .. }
            | Self::MakeOffer { leg }
            | Self::OfferAgain { leg, .. }
            | Self::Bridge { a: leg, .. }
            | Self::Unbridge { leg }
            | Self::Play { leg, .. }
            | Self::StopPlaying { leg }
            | Self::Echo { leg }
            | Self::ListenKeys { leg, .. }
            | Self::Record { leg, .. }
            | Self::StopRecording { leg }
            | Self::SendKey { leg, .. }
            | Self::PassKey { leg, .. }
            | Self::Move { leg, .. }
            | Self::Close { leg } => leg,
        }
    }
}

/// Why an SDP was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusedSdp {
    /// Not SDP (SIP 400).
    Malformed,
    /// No audio codec in common, or a transport we do not speak (SIP 488).
    NotAcceptable,
    /// No port or socket left (SIP 503).
    NoPort,
    /// An answer or offer at the wrong moment.
    WrongState,
}

/// What the engine tells.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // fields say themselves what they are
pub enum Event {
    /// Our offer or answer.
    LocalSdp { leg: LegId, sdp: Arc<[u8]> },
    /// Codec and address are agreed. `far_holds`: the far end put us on hold (`sendonly`, `inactive`, or `c=0.0.0.0`).
    Negotiated { leg: LegId, far_holds: bool },
    /// The SDP was refused.
    Refused { leg: LegId, why: RefusedSdp },
    /// The first media of the far end arrived (for WebRTC: DTLS is up and the first packet came).
    Flowing { leg: LegId },
    /// The far end pressed a key: once per press, however it was carried.
    Key { leg: LegId, key: char },
    /// A playing ended by itself.
    PlaybackEnded { leg: LegId, token: u64 },
    /// A piece of a recording: raw G.711 µ-law at 8 kHz.
    Recorded { leg: LegId, token: u64, mulaw: Vec<u8> },
    /// A recording ended; no more pieces come.
    RecordingEnded { leg: LegId, token: u64, ms: u32 },
    /// No packet came for this long although the leg is not on hold; told once until media flows again or the leg is
    /// bridged.
    Quiet { leg: LegId, ms: u32 },
    /// A WebRTC leg's ICE or DTLS failed for good.
    Failed { leg: LegId },
    /// Keys for the media could not be agreed on by DTLS; why, for people.
    HandshakeFailed { leg: LegId, why: &'static str },
    /// The leg is where its new call lives ([`Command::Move`]), open or not.
    Arrived { leg: LegId },
    /// The leg was closed; its figures.
    Closed { leg: LegId, figures: Figures },
}

/// A leg's media figures.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Packets received and taken.
    pub received: u64,
    /// Packets sent.
    pub sent: u64,
    /// Lost by sequence number (RFC 3550 A.3).
    pub lost: u64,
    /// Interarrival jitter in milliseconds (RFC 3550 6.4.1).
    pub jitter_ms: f32,
    /// Packets of ours that the far end missed, by its reports; `None` when it sent none.
    pub far_lost: Option<u64>,
    /// Jitter of our packets at the far end in milliseconds, by its reports.
    pub far_jitter_ms: Option<f32>,
    /// Round trip in milliseconds, smoothed (RFC 3550 section 6.4.1); `None` when it could not be measured.
    pub rtt_ms: Option<f32>,
    /// Audio made up for what was missing, in milliseconds; only where it is decoded.
    pub concealed_ms: u64,
    /// Packets that came too late to be played; only where audio is decoded.
    pub late: u64,
    /// Estimated mean opinion score of the worse direction, 1 to 4.5 ([`crate::quality`]); `None` without a second of
    /// packets.
    pub mos: Option<f32>,
    /// The far end's own mark for what it hears, 1 to 5 (RFC 3611); `None` when it sends none.
    pub far_mos: Option<f32>,
    /// What protects the media: a suite's name, `DTLS-SRTP`, or nothing.
    pub protection: &'static str,
    /// Packets dropped: from a stranger, malformed, or of an unknown payload type.
    pub dropped: u64,
    /// The codec's name, such as `PCMU`; empty when nothing was agreed.
    pub codec: &'static str,
}
