//! Times of the hot paths: least of many runs, in nanoseconds each. `cargo bench -p media`.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::dtmf::Detector;
use media::g711::Law;
use media::rtp::write_header;
use media::srtp::{KeySource, MAX_TRAILER, Receiver, Sender, Suite};
use media::tones::sine;
use media::{
    Channel, Command, Engine, EngineConfig, LegId, Library, LocalAddresses, PacketSink, Profile, Repeat, Source,
    ToneKind,
};

struct Nowhere;

impl PacketSink for Nowhere {
    fn send(&mut self, _: LegId, _: Channel, _: SocketAddr, packet: &[u8]) {
        black_box(packet);
    }
}

fn far(leg: u64) -> SocketAddr {
    SocketAddr::new([198, 51, (leg >> 8) as u8, leg as u8].into(), 4000)
}

fn open(engine: &mut Engine, now: Instant, leg: u64, law: Law) {
    let sdp = format!(
        "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nc=IN IP4 {}\r\nt=0 0\r\nm=audio 4000 RTP/AVP {}\r\n",
        far(leg).ip(),
        law.static_payload_type()
    );
    let offer: Option<Arc<[u8]>> = Some(sdp.into_bytes().into());
    let local = LocalAddresses { rtp: SocketAddr::new([127, 0, 0, 1].into(), 40_000), rtcp: None };
    engine.handle_command(
        now,
        Command::Open { leg: LegId(leg), profile: Profile::Rtp, offer, family: media::Family::V4, like: None },
        Some(local),
        &mut Nowhere,
    );
    while engine.poll_event().is_some() {}
}

/// The least time of 30 runs of `run`, divided by `each`.
fn report(name: &str, each: u32, mut run: impl FnMut()) {
    let least = (0..30).map(|_| {
        let start = Instant::now();
        run();
        start.elapsed()
    });
    let least = least.min().unwrap_or_default();
    println!("{name:<44} {:>9.1} ns", least.as_nanos() as f64 / f64::from(each));
}

fn bridge(name: &str, b_law: Law, listen: bool) {
    let start = Instant::now();
    let mut engine = Engine::new(EngineConfig::default(), Arc::new(Library::new()), 1);
    open(&mut engine, start, 1, Law::Mu);
    open(&mut engine, start, 2, b_law);
    engine.handle_command(start, Command::Bridge { a: LegId(1), b: LegId(2) }, None, &mut Nowhere);
    engine.handle_command(start, Command::ListenKeys { leg: LegId(1), on: listen }, None, &mut Nowhere);
    let audio: Vec<u8> = sine(300.0, -15.0, 8000, 160).iter().map(|sample| Law::Mu.encode(*sample)).collect();
    let mut packet = [0; 172];
    let mut sequence = 0_u32;
    report(name, 1000, || {
        for _ in 0..1000 {
            sequence += 1;
            packet[12..].copy_from_slice(&audio);
            if let Some(header) = packet.first_chunk_mut() {
                write_header(header, false, 0, sequence as u16, sequence.wrapping_mul(160), 7);
            }
            let now = start + Duration::from_millis(20) * sequence;
            engine.handle_packet(now, LegId(1), Channel::Rtp, far(1), &mut packet, &mut Nowhere);
        }
    });
}

fn prompts() {
    let start = Instant::now();
    let mut engine = Engine::new(EngineConfig::default(), Arc::new(Library::new()), 1);
    for leg in 0..200 {
        open(&mut engine, start, leg, Law::A);
        let sources = vec![Source::Tone(ToneKind::RingbackLoop)];
        let play = Command::Play { leg: LegId(leg), token: 1, sources, repeat: Repeat::Forever };
        engine.handle_command(start, play, None, &mut Nowhere);
    }
    let mut ticks = 0;
    report("prompt frame (200 legs, RTCP included)", 200 * 50, || {
        for _ in 0..200 {
            ticks += 1;
            engine.handle_tick(start + Duration::from_millis(5) * ticks, &mut Nowhere);
        }
    });
}

fn idle_ticks() {
    let start = Instant::now();
    let mut engine = Engine::new(EngineConfig::default(), Arc::new(Library::new()), 1);
    for leg in 0..600 {
        open(&mut engine, start, leg, Law::A);
    }
    for leg in (0..600).step_by(2) {
        engine.handle_command(start, Command::Bridge { a: LegId(leg), b: LegId(leg + 1) }, None, &mut Nowhere);
    }
    let mut ticks = 0;
    report("tick of 600 idle bridged legs", 200, || {
        for _ in 0..200 {
            ticks += 1;
            engine.handle_tick(start + Duration::from_millis(5) * ticks, &mut Nowhere);
        }
    });
}

/// Protecting and opening a packet of 20 ms of G.711.
fn srtp(suite: Suite) {
    let Some(key) = KeySource::new([1; 32], 1).draw(suite) else {
        return;
    };
    let (mut sender, mut receiver) = (Sender::new(&key), Receiver::new(&key, &[]));
    let mut packet = [0x55; 172 + MAX_TRAILER];
    let mut sequence = 0_u64;
    report(&format!("protect, {}", suite.name()), 1000, || {
        for _ in 0..1000 {
            sequence += 1;
            if let Some(header) = packet.first_chunk_mut() {
                write_header(header, false, 0, sequence as u16, 0, 7);
            }
            _ = black_box(sender.protect_rtp(&mut packet, 172, sequence));
        }
    });
    let mut opened = 0_u32;
    report(&format!("protect and open, {}", suite.name()), 1000, || {
        for _ in 0..1000 {
            sequence += 1;
            if let Some(header) = packet.first_chunk_mut() {
                write_header(header, false, 0, sequence as u16, 0, 7);
            }
            if let Some(length) = sender.protect_rtp(&mut packet, 172, sequence) {
                opened += u32::from(receiver.open_rtp(&mut packet[..length]).is_ok());
            }
        }
    });
    assert!(opened >= 29_000, "packets were refused: the figure says nothing");
}

fn main() {
    for suite in Suite::ALL {
        srtp(suite);
    }
    bridge("forward a packet, one law", Law::Mu, false);
    bridge("forward a packet, transcoded", Law::A, false);
    bridge("forward a packet and listen for keys", Law::Mu, true);
    prompts();
    idle_ticks();
    let speech: Vec<u8> = sine(700.0, -15.0, 8000, 8000).iter().map(|sample| Law::Mu.encode(*sample)).collect();
    let mut detector = Detector::new();
    report("DTMF frame of 20 ms", 50, || {
        for frame in speech.chunks(160) {
            detector.hear(Law::Mu, black_box(frame), |key| _ = black_box(key));
        }
    });
}
