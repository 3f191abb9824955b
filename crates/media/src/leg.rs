//! A leg: one far end's media.

mod speech;

use std::mem::offset_of;
use std::time::{Duration, Instant};

use crate::command::{Event, LegId};
use crate::decoding::Decoding;
use crate::dtmf::Detector;
use crate::encoder::{MAX_PAYLOAD, Rate};
use crate::key_filter::KeyFilter;
use crate::key_queue::{KeyQueue, Sending};
use crate::negotiation::Agreed;
use crate::out::{Out, PacketSink};
use crate::payload_map::Sent;
use crate::playback::Playback;
use crate::prefetch::prefetch;
use crate::prompt::FRAME;
use crate::receive_stream::ReceiveStream;
use crate::recording::Recording;
use crate::rtp::{HEADER_LENGTH, write_header};
use crate::rtp_leg::RtpLeg;
use crate::seed::Seed;
use crate::send_stream::{Numbers, SendStream};
use crate::speaking::Speaking;
use crate::telephone_event;
use crate::timers::{Timer, Timers};
use crate::webrtc_leg::WebRtcLeg;

/// Time of a frame.
pub(crate) const FRAME_TIME: Duration = Duration::from_millis(20);
/// Frames of all legs of an engine begin at whole multiples of this, so that one wake-up serves many.
pub(crate) const BEAT: Duration = Duration::from_millis(5);
/// Frames sent at once at most when a tick comes late.
const MAX_BURST: u32 = 3;
/// A leg that was sent nothing for this long gets a silent frame.
const KEEP_ALIVE: Duration = Duration::from_secs(1);

/// How packets reach the far end.
// Which one it is stands first, not somewhere in what most packets do not ask for.
#[repr(u8)]
#[allow(clippy::large_enum_variant, reason = "the large one is the common one, and legs are boxed")]
pub(crate) enum Transport {
    Rtp(RtpLeg),
    WebRtc(Box<WebRtcLeg>),
}

/// Listening for keys.
// In this order: what each packet asks for lies first.
#[repr(C)]
#[derive(Default)]
pub(crate) struct Ears {
    /// The key whose press began with the last telephone-event packet.
    pub pressed: Option<char>,
    /// The timestamp of a press by telephone-event that does not go over: signalling passed it on.
    pub withheld: Option<u32>,
    /// In-band detection, while it is wanted.
    pub in_band: Option<Box<Detector>>,
    pub filter: KeyFilter,
    pub events: telephone_event::Receiver,
    /// SSRC and timestamp after the last audio the detector heard.
    pub expected: Option<(u32, u32)>,
}

/// Media state of one leg.
// In this order, and so on inside: what each packet asks for lies together, for a forwarded packet's time goes into waiting for
// memory that the kernel's own work has displaced since the last one.
#[repr(C)]
pub(crate) struct Leg {
    pub id: LegId,
    /// The slot of the leg it hears and is heard by; its own slot for an echo.
    pub partner: Option<u32>,
    pub last_heard: Instant,
    pub flowing: bool,
    pub quiet_told: bool,
    /// The next own frame does not follow the last one in time.
    pub gap: bool,
    pub recording: Option<Box<Recording>>,
    /// What it says in samples, while somebody needs that.
    pub decoding: Option<Box<Decoding>>,
    pub playback: Option<Playback>,
    pub keys: KeyQueue,
    pub send: SendStream,
    pub receive: ReceiveStream,
    pub agreed: Option<Agreed>,
    pub transport: Transport,
    pub ears: Ears,
    pub timers: Timers,
    /// What encodes for it, while something is to be encoded.
    pub speaking: Option<Box<Speaking>>,
    pub dropped: u64,
    pub seed: Seed,
    pub cname: u64,
    /// Milliseconds made up by decoders that are gone, and packets too late for them.
    pub concealed_ms: u64,
    /// See [`Self::concealed_ms`].
    pub late: u64,
}

impl Leg {
    pub fn new(id: LegId, transport: Transport, mut seed: Seed, now: Instant) -> Self {
        let send = SendStream::new(seed.next_number(), seed.next_number());
        Self {
            id,
            transport,
            agreed: None,
            partner: None,
            playback: None,
            keys: KeyQueue::default(),
            recording: None,
            ears: Ears::default(),
            receive: ReceiveStream::default(),
            send,
            timers: Timers::default(),
            dropped: 0,
            flowing: false,
            quiet_told: false,
            last_heard: now,
            cname: seed.next_number(),
            seed,
            gap: true,
            decoding: None,
            speaking: None,
            concealed_ms: 0,
            late: 0,
        }
    }

    /// Asks memory for what each packet needs of it: see the order of its fields.
    pub fn prefetch(&self) {
        prefetch(self, offset_of!(Self, agreed) + 80);
        prefetch(&self.transport, 160);
        prefetch(&self.ears, 64);
    }

    /// Asks memory for what its next wake-up needs beside that.
    pub fn prefetch_timers(&self) {
        prefetch(&self.timers, size_of::<Timers>());
    }

    /// Codec agreed and, where they come by DTLS, keys exchanged.
    pub fn is_ready(&self) -> bool {
        self.agreed.is_some()
            && match &self.transport {
                Transport::Rtp(rtp) => rtp.is_ready(),
                Transport::WebRtc(webrtc) => webrtc.is_connected(),
            }
    }

    /// What may be sent with, unless the far end holds or is not reachable yet.
    pub fn sending(&self) -> Option<Agreed> {
        self.agreed.filter(|agreed| agreed.may_send && self.is_ready())
    }

    /// The payload types to send with, as [`Self::sending`], without the rest.
    pub fn sends(&self) -> Option<Sent> {
        let agreed = self.agreed.as_ref().filter(|agreed| agreed.may_send)?;
        self.is_ready().then(|| agreed.payloads.sent())
    }

    /// Whether what its partner says goes to it now.
    pub fn takes_forward(&self) -> bool {
        self.playback.is_none() && self.keys.is_empty()
    }

    /// Starts sending a frame each 20 ms if there is something to play, one to four beats from the last one: slots spread over
    /// the frame.
    pub fn start_frames(&mut self, last_beat: Instant, slot: u32) {
        if !self.takes_forward() && self.is_ready() && self.timers.get(Timer::Frame).is_none() {
            self.gap = true;
            self.timers.set(Timer::Frame, last_beat + BEAT * (slot % 4 + 1));
        }
    }

    /// Starts the slow timers of a leg that may send.
    pub fn start_timers(&mut self, now: Instant, quiet: Duration) {
        if self.timers.get(Timer::Report).is_none() {
            let wait = self.report_wait();
            self.timers.set(Timer::Report, now + wait);
        }
        if matches!(self.transport, Transport::Rtp(_)) && self.timers.get(Timer::KeepAlive).is_none() {
            self.timers.set(Timer::KeepAlive, now + KEEP_ALIVE);
        }
        self.last_heard = self.last_heard.max(now);
        self.timers.set(Timer::Quiet, now + quiet);
    }

    /// RFC 3550 section 6.2: five seconds, spread from a half to one and a half.
    pub fn report_wait(&mut self) -> Duration {
        Duration::from_micros(2_500_000 + self.seed.next_number() % 5_000_000)
    }

    /// Sends the frames that are due.
    pub fn run_frames<S: PacketSink>(&mut self, out: &mut Out<'_, S>) {
        let Some(mut at) = self.timers.get(Timer::Frame) else {
            return;
        };
        self.timers.clear(Timer::Frame);
        for _ in 0..MAX_BURST {
            if at > out.now {
                break;
            }
            if !self.run_frame(out) {
                return;
            }
            at += FRAME_TIME;
        }
        if at <= out.now {
            // Stalled for longer than a burst makes up: go on from here on the same beat, a talkspurt later.
            let behind = (out.now - at).as_nanos() / FRAME_TIME.as_nanos() + 1;
            at += FRAME_TIME.saturating_mul(behind.try_into().unwrap_or(u32::MAX));
            self.gap = true;
        }
        self.timers.set(Timer::Frame, at);
    }

    /// One beat; false when nothing is left to send.
    fn run_frame<S: PacketSink>(&mut self, out: &mut Out<'_, S>) -> bool {
        let event = self.agreed.and_then(|agreed| agreed.payloads.event);
        self.keys.advance(event.map(|event| event.clock));
        if self.keys.current.is_some() {
            self.run_key(out);
            return true;
        }
        let Some(agreed) = self.agreed else {
            return false;
        };
        if self.play_frame(&agreed, out) {
            return true;
        }
        if let Some(playback) = self.playback.take() {
            out.events.push_back(Event::PlaybackEnded { leg: self.id, token: playback.token });
        }
        false
    }

    fn run_key<S: PacketSink>(&mut self, out: &mut Out<'_, S>) {
        let Some(agreed) = self.agreed else {
            return;
        };
        match self.keys.current {
            Some(Sending::Event { mut sender, first }) => {
                let Some(event) = sender.next_payload() else {
                    self.keys.pause();
                    self.gap = true;
                    return;
                };
                self.keys.current = Some(Sending::Event { sender, first: false });
                if let (Some(event_type), true) = (agreed.payloads.event, self.sending().is_some()) {
                    let numbers = if first {
                        Numbers { marker: true, ..self.send.own(out.now, self.send.clock() / 50, true) }
                    } else {
                        self.send.own_again(out.now)
                    };
                    self.transmit(numbers, event_type.payload_type, &event.bytes(), out);
                }
            }
            Some(Sending::Tone(mut tone)) => match tone.next_frame() {
                Some(frame) => {
                    self.keys.current = Some(Sending::Tone(tone));
                    self.ears.filter.sounded(tone.key(), out.now);
                    self.say_samples(&frame, Rate::Narrow, out);
                }
                None => {
                    self.keys.pause();
                    self.say_samples(&[0; FRAME], Rate::Narrow, out);
                }
            },
            Some(Sending::Pause(frames)) => {
                self.keys.current = frames.checked_sub(1).map(Sending::Pause);
                self.say_samples(&[0; FRAME], Rate::Narrow, out);
            }
            None => {}
        }
    }

    /// Sends a payload of our own, of at most [`MAX_PAYLOAD`] bytes.
    pub fn transmit<S: PacketSink>(
        &mut self,
        numbers: Numbers,
        payload_type: u8,
        payload: &[u8],
        out: &mut Out<'_, S>,
    ) {
        self.send.octets += payload.len() as u64;
        match &mut self.transport {
            Transport::Rtp(rtp) => {
                let Some(to) = rtp.latch.destination() else {
                    return;
                };
                let mut packet = [0; HEADER_LENGTH + MAX_PAYLOAD];
                let length = HEADER_LENGTH + payload.len();
                if let Some(header) = packet.first_chunk_mut() {
                    let Numbers { marker, sequence, timestamp } = numbers;
                    write_header(header, marker, payload_type, sequence as u16, timestamp, self.send.ssrc);
                }
                if let Some(place) = packet.get_mut(HEADER_LENGTH..length) {
                    place.copy_from_slice(payload);
                    rtp.send_rtp(self.id, to, numbers.sequence, &packet[..length], out);
                }
            }
            Transport::WebRtc(webrtc) => webrtc.write(self.id, numbers, payload_type, payload, out),
        }
    }

    /// A silent frame when nothing was sent for a while, so that a NAT stays open.
    pub fn keep_alive<S: PacketSink>(&mut self, out: &mut Out<'_, S>) {
        let busy_until = self.send.last_sent().map(|last| last + KEEP_ALIVE).filter(|until| *until > out.now);
        if let Some(until) = busy_until {
            self.timers.set(Timer::KeepAlive, until);
            return;
        }
        self.timers.set(Timer::KeepAlive, out.now + KEEP_ALIVE);
        if let (Some(agreed), None) = (self.sending(), self.timers.get(Timer::Frame)) {
            self.gap = true;
            self.send_silence(&agreed, out);
        }
    }

    /// Ends the recording, if there is one.
    pub fn end_recording<S: PacketSink>(&mut self, out: &mut Out<'_, S>) {
        self.timers.clear(Timer::Recording);
        if let Some(recording) = self.recording.take() {
            let token = recording.token;
            let (mulaw, ms) = recording.finish();
            if !mulaw.is_empty() {
                out.events.push_back(Event::Recorded { leg: self.id, token, mulaw });
            }
            out.events.push_back(Event::RecordingEnded { leg: self.id, token, ms });
        }
    }
}
