//! A far end that speaks any codec, in packets of any length.

use std::net::SocketAddr;
use std::sync::Arc;

use media::codec::Codec;
use media::decoder::Decoder;
use media::encoder::Rate;
use media::rtp::{HEADER_LENGTH, write_header};
use media::speaking::Speaking;
use media::{Channel, Command, Family, LegId, Profile};

use crate::world::World;

/// What happens to a packet on its way to the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Arrives,
    Lost,
    Twice,
    /// It arrives after the one behind it.
    Swapped,
}

pub struct Talker {
    pub leg: LegId,
    pub at: SocketAddr,
    pub codec: Codec,
    /// Payload types of audio, of telephone-event with its clock, and of comfort noise.
    pub audio: u8,
    pub event: Option<(u8, u32)>,
    pub noise: Option<u8>,
    /// `a=ptime` and `a=maxptime` of its description.
    pub lengths: (Option<u32>, Option<u32>),
    speaking: Speaking,
    pub sequence: u16,
    pub timestamp: u32,
    number: usize,
    version: u32,
    held_back: Option<Vec<u8>>,
}

/// The payload type this codec is given in tests.
pub fn payload_type(codec: Codec) -> u8 {
    codec.static_payload_type().unwrap_or(97)
}

impl Talker {
    pub fn new(number: u64, codec: Codec, ptime: u32) -> Self {
        Self {
            leg: LegId(number),
            at: SocketAddr::new([198, 51, 100, number as u8].into(), 4000),
            codec,
            audio: payload_type(codec),
            event: None,
            noise: None,
            lengths: (None, None),
            speaking: Speaking::new(codec, ptime, Rate::Wide).unwrap(),
            sequence: 65_000,
            timestamp: 0xffff_0000,
            number: 0,
            version: 0,
            held_back: None,
        }
    }

    pub fn sdp(&mut self) -> Arc<[u8]> {
        self.version += 1;
        let (ip, codec) = (self.at.ip(), self.codec);
        let mut formats = self.audio.to_string();
        let channels = if codec == Codec::Opus { "/2" } else { "" };
        let mut lines = format!("a=rtpmap:{} {}/{}{channels}\r\n", self.audio, codec.name(), codec.clock());
        if let Some((event, clock)) = self.event {
            formats += &format!(" {event}");
            lines += &format!("a=rtpmap:{event} telephone-event/{clock}\r\n");
        }
        if let Some(noise) = self.noise {
            formats += &format!(" {noise}");
        }
        for (name, ms) in [("ptime", self.lengths.0), ("maxptime", self.lengths.1)] {
            lines += &ms.map(|ms| format!("a={name}:{ms}\r\n")).unwrap_or_default();
        }
        format!(
            "v=0\r\no=- 1 {} IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio 4000 RTP/AVP {formats}\r\n{lines}",
            self.version
        )
        .into_bytes()
        .into()
    }

    pub fn open(mut self, world: &mut World) -> Self {
        let offer = Some(self.sdp());
        world.command(Command::Open { leg: self.leg, profile: Profile::Rtp, offer, family: Family::V4, like: None });
        self
    }

    /// Goes on in another codec or with packets of another length, by a new offer.
    pub fn change(&mut self, world: &mut World, codec: Codec, ptime: u32) {
        self.codec = codec;
        self.audio = payload_type(codec);
        self.speaking = Speaking::new(codec, ptime, Rate::Wide).unwrap();
        let sdp = self.sdp();
        world.command(Command::Reoffer { leg: self.leg, sdp });
    }

    pub fn packet(&mut self, payload_type: u8, payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0; HEADER_LENGTH];
        let header = packet.first_chunk_mut().unwrap();
        write_header(header, false, payload_type, self.sequence, self.timestamp, 0x77);
        self.sequence = self.sequence.wrapping_add(1);
        packet.extend(payload);
        packet
    }

    /// Says a beat of 20 ms (at 16 kHz), without letting time pass.
    pub fn say_beat(&mut self, world: &mut World, beat: &[i16], fate: impl Fn(usize) -> Fate) {
        self.say_beat_at(world, (beat, Rate::Wide), fate);
    }

    /// The same with samples at any rate.
    pub fn say_beat_at(&mut self, world: &mut World, (beat, rate): (&[i16], Rate), fate: impl Fn(usize) -> Fate) {
        self.speaking.say(beat, rate);
        let duration = self.speaking.duration();
        while let Some(payload) = self.speaking.next_payload().map(<[u8]>::to_vec) {
            let packet = self.packet(self.audio, &payload);
            self.timestamp = self.timestamp.wrapping_add(duration);
            let fate = fate(self.number);
            self.number += 1;
            if fate == Fate::Swapped {
                self.held_back = Some(packet);
                continue;
            }
            for _ in 0..match fate {
                Fate::Lost => 0,
                Fate::Twice => 2,
                Fate::Arrives | Fate::Swapped => 1,
            } {
                world.packet(self.leg, Channel::Rtp, self.at, &packet);
            }
            if let Some(late) = self.held_back.take() {
                world.packet(self.leg, Channel::Rtp, self.at, &late);
            }
        }
    }

    /// Says samples at 16 kHz in real time.
    pub fn say(&mut self, world: &mut World, samples: &[i16], fate: impl Fn(usize) -> Fate) {
        for beat in samples.chunks(320) {
            self.say_beat(world, beat, &fate);
            world.pass(20);
        }
    }

    /// What it was sent as audio, decoded in order and brought to 8 kHz, from the packet with this number on.
    pub fn heard(&self, world: &World, from: usize) -> Vec<i16> {
        let mut decoder = Decoder::new(self.codec, false).unwrap();
        let (mut samples, mut narrow) = (Vec::new(), Vec::new());
        for (_, header, payload) in world.rtp_to(self.at).into_iter().skip(from) {
            if header.payload_type == self.audio {
                assert!(decoder.decode(self.codec, &payload, &mut samples), "{payload:?}");
            }
        }
        media::encoder::Converter::default().run(&samples, decoder.rate(), Rate::Narrow, &mut narrow);
        narrow
    }
}
