//! A leg's audio in samples: for a partner that speaks another codec, for a recording, for keys in the audio. Made when the
//! first packet needs it.

use crate::codec::Codec;
use crate::encoder::{Converter, Rate};
use crate::g711::Law;
use crate::hearing::{BEAT_MS, Beat, Hearing};
use crate::jitter_buffer::Content;
use crate::leg::{FRAME_TIME, Leg};
use crate::out::{Out, PacketSink};
use crate::rtp::Header;
use crate::timers::Timer;

/// Samples of a beat at 8 kHz.
const NARROW_BEAT: u32 = 8 * BEAT_MS;

/// The decoded audio of a leg.
pub(crate) struct Decoding {
    pub hearing: Hearing,
    /// The leg's partner hears this and not the packets.
    pub for_partner: bool,
    /// The last beat, at the hearing's rate.
    pub samples: Vec<i16>,
    converter: Converter,
    narrow: Vec<i16>,
    mulaw: Vec<u8>,
    /// The time of the next beat in samples of 8 kHz.
    time: u32,
}

impl Decoding {
    fn new(codec: Codec, wide: bool) -> Option<Box<Self>> {
        Some(Box::new(Self {
            hearing: Hearing::new(codec, wide)?,
            for_partner: false,
            samples: Vec::with_capacity(Rate::Wide.samples(BEAT_MS)),
            converter: Converter::default(),
            narrow: Vec::with_capacity(Rate::Narrow.samples(BEAT_MS)),
            mulaw: Vec::with_capacity(Rate::Narrow.samples(BEAT_MS)),
            time: 0,
        }))
    }

    /// The last beat in µ-law, and its time.
    fn in_mulaw(&mut self) -> (u32, &[u8]) {
        self.narrow.clear();
        self.converter.run(&self.samples, self.hearing.rate(), Rate::Narrow, &mut self.narrow);
        self.mulaw.clear();
        self.mulaw.extend(self.narrow.iter().map(|sample| Law::Mu.encode(*sample)));
        (self.time, &self.mulaw)
    }
}

impl Leg {
    /// Whether somebody but its partner listens to its audio.
    pub fn is_listened_to(&self) -> bool {
        self.ears.in_band.is_some() || self.recording.is_some()
    }

    /// Puts a packet of the far end into the jitter buffer. `wide`: who hears it takes 16 kHz; `for_partner`: its partner
    /// hears it. True when the beat began.
    pub fn put_by<S: PacketSink>(
        &mut self,
        header: &Header,
        content: Content,
        body: &[u8],
        (wide, for_partner): (bool, bool),
        out: &mut Out<'_, S>,
    ) -> bool {
        if let Content::Audio(codec) = content
            && !self.decoding.as_ref().is_some_and(|decoding| decoding.hearing.suits(codec, wide))
        {
            self.forget_decoding();
            self.decoding = Decoding::new(codec, wide);
        }
        let Some(decoding) = self.decoding.as_mut() else {
            return false;
        };
        decoding.for_partner = for_partner;
        if !decoding.hearing.take(out.since_start, header, content, body) {
            self.dropped += 1;
            out.counts.dropped_malformed += 1;
        }
        let begins = self.timers.get(Timer::Beat).is_none();
        if begins {
            decoding.time = (out.since_start.as_millis() * 8) as u32;
            self.timers.set(Timer::Beat, out.now + FRAME_TIME / 4);
        }
        begins
    }

    /// Nobody needs its samples any more.
    pub fn forget_decoding(&mut self) {
        if let Some(decoding) = self.decoding.take() {
            let counts = decoding.hearing.counts();
            self.concealed_ms += counts.concealed_ms;
            self.late += counts.late;
        }
        self.timers.clear(Timer::Beat);
    }

    /// Milliseconds made up, and packets that came too late, so far.
    pub fn concealed(&self) -> (u64, u64) {
        let now = self.decoding.as_ref().map(|decoding| decoding.hearing.counts()).unwrap_or_default();
        (self.concealed_ms + now.concealed_ms, self.late + now.late)
    }

    /// Runs the beat that is due, and gives what it brings to whoever listens beside the partner.
    pub fn run_beat<S: PacketSink>(&mut self, has_partner: bool, out: &mut Out<'_, S>) -> Beat {
        let Some(at) = self.timers.get(Timer::Beat) else {
            return Beat::Nothing;
        };
        let needed = |decoding: &Decoding| (has_partner && decoding.for_partner) || self.is_listened_to();
        if !self.decoding.as_deref().is_some_and(needed) {
            self.forget_decoding();
            return Beat::Nothing;
        }
        let Some(mut decoding) = self.decoding.take() else {
            self.timers.clear(Timer::Beat);
            return Beat::Nothing;
        };
        let next = at + FRAME_TIME;
        // A worker that stalled goes on from here; the jitter buffer takes care of what came meanwhile.
        self.timers.set(Timer::Beat, if next + 3 * FRAME_TIME < out.now { out.now + FRAME_TIME } else { next });
        let beat = decoding.hearing.beat(out.since_start, &mut decoding.samples);
        if beat == Beat::Audio && self.is_listened_to() && !decoding.hearing.is_g711() {
            let (time, mulaw) = decoding.in_mulaw();
            self.hear_samples(time, mulaw, out);
        }
        decoding.time = decoding.time.wrapping_add(NARROW_BEAT);
        if beat == Beat::Nothing && decoding.hearing.is_idle() {
            self.timers.clear(Timer::Beat);
        }
        self.decoding = Some(decoding);
        beat
    }
}
