//! What we say to a far end ourselves, in its codec and in packets of the length it wants: prompts, tones, silence, and what
//! its partner says in another codec.

use super::{FRAME_TIME, Leg};
use crate::codec::Codec;
use crate::encoder::{MAX_PAYLOAD, Rate};
use crate::g711::Law;
use crate::negotiation::Agreed;
use crate::out::{Out, PacketSink};
use crate::playback::Sound;
use crate::prompt::FRAME;
use crate::send_stream::Numbers;
use crate::speaking::Speaking;

/// How long one of our frames lasts, in milliseconds.
const FRAME_MS: u32 = FRAME_TIME.as_millis() as u32;
/// A silent frame of Opus: 20 ms, CELT, with nothing in it (RFC 6716 section 3.1).
const OPUS_SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];

impl Leg {
    /// Plays the next frame of what is to be played; false when it is done.
    pub(super) fn play_frame<S: PacketSink>(&mut self, agreed: &Agreed, out: &mut Out<'_, S>) -> bool {
        let Some(playback) = self.playback.as_mut() else {
            return false;
        };
        if let (Codec::G711(law), FRAME_MS) = (agreed.payloads.codec, agreed.ptime_ms) {
            let frame = playback.next_frame(law);
            if let Some(frame) = &frame {
                self.send_frame(frame, out);
            }
            return frame.is_some();
        }
        let Some(sound) = playback.next_sound() else {
            return false;
        };
        match sound {
            Sound::Silence => self.say_samples(&[0; FRAME], Rate::Narrow, out),
            Sound::Prompt(prompt, index) => {
                let mut room = [0; MAX_PAYLOAD];
                let copy = if agreed.ptime_ms == FRAME_MS {
                    out.copies.frame(agreed.payloads.codec, &prompt, index)
                } else {
                    None
                };
                if let Some(place) = copy.and_then(|copy| {
                    let place = room.get_mut(..copy.len())?;
                    place.copy_from_slice(copy);
                    Some(place)
                }) {
                    self.send_frame(place, out);
                } else if let Some(frame) = prompt.frame(Law::Mu, index) {
                    self.say_samples(&frame.map(|byte| Law::Mu.decode(byte)), Rate::Narrow, out);
                }
            }
        }
        true
    }

    /// Sends a payload of 20 ms in the agreed codec, unless the far end holds.
    fn send_frame<S: PacketSink>(&mut self, payload: &[u8], out: &mut Out<'_, S>) {
        let Some(agreed) = self.sending() else {
            self.gap = true;
            return;
        };
        let numbers = self.own_numbers(agreed.payloads.codec.clock() / 1000 * FRAME_MS, out);
        self.transmit(numbers, agreed.payloads.audio, payload, out);
    }

    fn own_numbers<S>(&mut self, duration: u32, out: &Out<'_, S>) -> Numbers {
        let gap = std::mem::take(&mut self.gap);
        self.send.own(out.now, duration, gap)
    }

    /// Says samples in the agreed codec, in packets as long as the far end wants them, unless it holds.
    pub fn say_samples<S: PacketSink>(&mut self, samples: &[i16], rate: Rate, out: &mut Out<'_, S>) {
        let Some(agreed) = self.sending() else {
            self.gap = true;
            self.speaking = None;
            return;
        };
        let (codec, ptime_ms) = (agreed.payloads.codec, agreed.ptime_ms);
        let known = self.speaking.take().filter(|speaking| speaking.suits(codec, ptime_ms));
        let Some(mut speaking) = known.or_else(|| Speaking::new(codec, ptime_ms, rate).map(Box::new)) else {
            return;
        };
        speaking.say(samples, rate);
        let duration = speaking.duration();
        while let Some(payload) = speaking.next_payload() {
            if payload.is_empty() {
                self.gap = true;
                continue;
            }
            let numbers = self.own_numbers(duration, out);
            self.transmit(numbers, agreed.payloads.audio, payload, out);
        }
        self.speaking = Some(speaking);
    }

    /// Says what its partner says, unless it hears something else now.
    pub fn say_partners<S: PacketSink>(&mut self, samples: &[i16], rate: Rate, out: &mut Out<'_, S>) {
        if self.takes_forward() {
            self.say_samples(samples, rate, out);
            out.counts.transcoded += 1;
        } else if let Some(speaking) = self.speaking.as_mut() {
            speaking.interrupt();
        }
    }

    /// Its partner says nothing: what comes next is a talkspurt of its own.
    pub fn fall_silent(&mut self) {
        if self.takes_forward() {
            self.gap = true;
            if let Some(speaking) = self.speaking.as_mut() {
                speaking.interrupt();
            }
        }
    }

    /// Sends 20 ms of silence that stands alone.
    pub(super) fn send_silence<S: PacketSink>(&mut self, agreed: &Agreed, out: &mut Out<'_, S>) {
        match agreed.payloads.codec {
            Codec::G711(law) => self.send_frame(&[law.silence(); FRAME], out),
            Codec::Opus => self.send_frame(&OPUS_SILENCE, out),
            Codec::G722 => {
                let mut payload = Vec::with_capacity(FRAME);
                crate::g722::Encoder::default().encode(&[0; 2 * FRAME], &mut payload);
                self.send_frame(&payload, out);
            }
        }
    }
}
