//! One engine, a clock that is moved by hand, and phones at addresses.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::g711::Law;
use media::rtp::{HEADER_LENGTH, Header, write_header};
use media::{
    Channel, Command, Engine, EngineConfig, Event, LegId, Library, LocalAddresses, PacketSink, Profile, Prompt,
    PromptKey,
};

#[derive(Default)]
pub struct Sent(pub Vec<(LegId, Channel, SocketAddr, Vec<u8>, Duration)>, Duration);

impl PacketSink for Sent {
    fn send(&mut self, leg: LegId, channel: Channel, to: SocketAddr, packet: &[u8]) {
        self.0.push((leg, channel, to, packet.to_vec(), self.1));
    }
}

pub struct World {
    pub engine: Engine,
    pub start: Instant,
    pub elapsed: Duration,
    pub sent: Sent,
    pub events: Vec<(Duration, Event)>,
}

pub fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// The engine's sockets of a leg.
pub fn local(leg: LegId) -> LocalAddresses {
    let port = 40_000 + leg.0 as u16 * 2;
    LocalAddresses {
        rtp: SocketAddr::new([192, 0, 2, 9].into(), port),
        rtcp: Some(SocketAddr::new([192, 0, 2, 9].into(), port + 1)),
    }
}

impl World {
    pub fn new() -> Self {
        Self::with(EngineConfig::default())
    }

    pub fn with(config: EngineConfig) -> Self {
        let mut library = Library::new();
        let six_seconds = media::tones::sine(800.0, -12.0, 16_000, 96_000);
        library.insert(PromptKey(6), Arc::new(Prompt::from_pcm(&six_seconds, 16_000).unwrap()));
        Self {
            engine: Engine::new(config, Arc::new(library), 42),
            start: Instant::now(),
            elapsed: Duration::ZERO,
            sent: Sent::default(),
            events: Vec::new(),
        }
    }

    pub fn now(&self) -> Instant {
        self.start + self.elapsed
    }

    fn collect(&mut self) {
        while let Some(event) = self.engine.poll_event() {
            self.events.push((self.elapsed, event));
        }
    }

    pub fn command(&mut self, command: Command) {
        let open = matches!(command, Command::Open { .. });
        let local = open.then(|| local(command.leg()));
        self.engine.handle_command(self.start + self.elapsed, command, local, &mut self.sent);
        self.collect();
    }

    pub fn packet(&mut self, leg: LegId, channel: Channel, from: SocketAddr, packet: &[u8]) {
        let mut packet = packet.to_vec();
        self.engine.handle_packet(self.start + self.elapsed, leg, channel, from, &mut packet, &mut self.sent);
        self.collect();
    }

    /// Lets time pass in ticks of 5 ms.
    pub fn pass(&mut self, ms: u64) {
        for _ in 0..ms / 5 {
            self.elapsed += Duration::from_millis(5);
            self.sent.1 = self.elapsed;
            self.engine.handle_tick(self.start + self.elapsed, &mut self.sent);
            self.collect();
        }
    }

    /// Lets time pass without a tick: the worker is late.
    pub fn stall(&mut self, ms: u64) {
        self.elapsed += Duration::from_millis(ms);
        self.sent.1 = self.elapsed;
    }

    /// The last SDP of ours for a leg.
    pub fn local_sdp(&self, leg: LegId) -> String {
        let found = self.events.iter().rev().find_map(|(_, event)| match event {
            Event::LocalSdp { leg: of, sdp } if *of == leg => Some(String::from_utf8(sdp.to_vec()).unwrap()),
            _ => None,
        });
        found.expect("an SDP of ours")
    }

    pub fn keys(&self, leg: LegId) -> String {
        let key = |event: &Event| match event {
            Event::Key { leg: of, key } if *of == leg => Some(*key),
            _ => None,
        };
        self.events.iter().filter_map(|(_, event)| key(event)).collect()
    }

    /// RTP sent to an address, with the time.
    pub fn rtp_to(&self, to: SocketAddr) -> Vec<(Duration, Header, Vec<u8>)> {
        let rtp = self.sent.0.iter().filter(|(_, channel, at, ..)| *at == to && *channel == Channel::Rtp);
        rtp.map(|(_, _, _, packet, at)| {
            let header = Header::parse(packet).unwrap();
            let payload = packet[header.payload.clone()].to_vec();
            (*at, header, payload)
        })
        .collect()
    }

    /// Audio sent to an address, decoded.
    pub fn heard_at(&self, to: SocketAddr, law: Law) -> Vec<i16> {
        let audio =
            self.rtp_to(to).into_iter().filter(|(_, header, _)| header.payload_type == law.static_payload_type());
        audio.flat_map(|(.., payload)| payload.into_iter().map(|byte| law.decode(byte)).collect::<Vec<_>>()).collect()
    }
}

/// The far end of an RTP leg.
pub struct Phone {
    pub leg: LegId,
    pub at: SocketAddr,
    pub law: Law,
    pub ssrc: u32,
    pub sequence: u16,
    pub timestamp: u32,
    version: u32,
    event: Option<u8>,
}

impl Phone {
    pub fn new(number: u64, law: Law, event: Option<u8>) -> Self {
        Self {
            leg: LegId(number),
            at: SocketAddr::new([198, 51, 100, number as u8].into(), 4000),
            law,
            ssrc: 0x1000 + number as u32,
            sequence: 65_500,
            timestamp: 0xffff_f000,
            version: 0,
            event,
        }
    }

    pub fn sdp(&mut self, direction: &str) -> Arc<[u8]> {
        self.version += 1;
        let pt = self.law.static_payload_type();
        let event =
            self.event.map(|e| (format!(" {e}"), format!("a=rtpmap:{e} telephone-event/8000\r\n"))).unwrap_or_default();
        format!(
            "v=0\r\no=- 1 {} IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {} RTP/AVP {pt}{}\r\n{}a={direction}\r\n",
            self.version,
            self.at.port(),
            event.0,
            event.1,
            ip = self.at.ip(),
        )
        .into_bytes()
        .into()
    }

    /// Opens a leg with this phone's offer.
    pub fn open(mut self, world: &mut World) -> Self {
        let offer = Some(self.sdp("sendrecv"));
        world.command(Command::Open {
            leg: self.leg,
            profile: Profile::Rtp,
            offer,
            family: media::Family::V4,
            like: None,
        });
        assert!(
            world
                .events
                .iter()
                .any(|(_, e)| matches!(e, Event::Negotiated { leg, far_holds: false } if *leg == self.leg))
        );
        self
    }

    pub fn packet(&mut self, payload_type: u8, payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0; HEADER_LENGTH];
        let header = packet.first_chunk_mut().unwrap();
        write_header(header, false, payload_type, self.sequence, self.timestamp, self.ssrc);
        packet.extend(payload);
        self.sequence = self.sequence.wrapping_add(1);
        packet
    }

    /// Says samples, frame by frame, in real time.
    pub fn say(&mut self, world: &mut World, samples: &[i16]) {
        for frame in samples.chunks(160) {
            self.say_frame(world, frame);
            world.pass(20);
        }
    }

    pub fn say_frame(&mut self, world: &mut World, frame: &[i16]) {
        let payload: Vec<u8> = frame.iter().map(|sample| self.law.encode(*sample)).collect();
        let packet = self.packet(self.law.static_payload_type(), &payload);
        self.timestamp = self.timestamp.wrapping_add(payload.len() as u32);
        world.packet(self.leg, Channel::Rtp, self.at, &packet);
    }

    /// Presses a key by telephone-event for 100 ms; only the packets with these numbers arrive.
    pub fn press(&mut self, world: &mut World, key: char, arriving: std::ops::Range<usize>) {
        let code = media::telephone_event::code_of(key).unwrap();
        let mut sender = media::telephone_event::Sender::new(code, 100);
        let mut number = 0;
        while let Some(event) = sender.next_payload() {
            let packet = self.packet(self.event.unwrap(), &event.bytes());
            if arriving.contains(&number) {
                world.packet(self.leg, Channel::Rtp, self.at, &packet);
            }
            number += 1;
            world.pass(20);
        }
        self.timestamp = self.timestamp.wrapping_add(160 * number as u32);
    }
}
