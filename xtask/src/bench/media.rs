//! What media costs in process, system calls left out: a packet forwarded over a bridge, a frame of a prompt, a frame heard for keys.

use super::report::Report;
use super::stopwatch::{self, Cost};
use media::dtmf::Detector;
use media::g711::Law;
use media::{
    Channel, Command, Engine, EngineConfig, Event, Family, LegId, Library, LocalAddresses, PacketSink, Profile, Prompt,
    PromptKey, Repeat, Source,
};
use std::f64::consts::TAU;
use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Samples in 20 ms.
const FRAME: usize = 160;

/// A socket that only counts.
#[derive(Default)]
struct Drain {
    packets: u64,
}

impl PacketSink for Drain {
    fn send(&mut self, _: LegId, _: Channel, _: SocketAddr, packet: &[u8]) {
        black_box(packet);
        self.packets += 1;
    }
}

/// All measurements.
pub fn measure(report: &mut Report) {
    report.micro("RTP packet forwarded over a bridge", forward(), Some(500.0), Some(0.0));
    report.micro("prompt frame sent (200 legs playing)", prompt_frame(), Some(200.0), Some(0.0));
    report.micro("20 ms heard for in-band keys, speech-like", keys(&speech()), Some(3_000.0), Some(0.0));
    report.micro("20 ms heard for in-band keys, silence", keys(&[0xff; FRAME]), None, Some(0.0));
}

fn far(leg: u64) -> SocketAddr {
    ([192, 0, 2, 10], 30_000 + (leg as u16) * 2).into()
}

/// An engine whose legs are RTP with PCMU, agreed.
fn engine(legs: u64, library: Library, now: Instant) -> Engine {
    let mut engine = Engine::new(EngineConfig::default(), Arc::new(library), 1);
    for leg in 1..=legs {
        let local = LocalAddresses { rtp: ([192, 0, 2, 1], 40_000 + (leg as u16) * 2).into(), rtcp: None };
        let port = far(leg).port();
        let offer = format!(
            "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio {port} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
        );
        let offer = Some(offer.into_bytes().into());
        let open = Command::Open { leg: LegId(leg), profile: Profile::Rtp, offer, family: Family::V4, like: None };
        engine.handle_command(now, open, Some(local), &mut Drain::default());
    }
    while let Some(event) = engine.poll_event() {
        assert!(!matches!(event, Event::Refused { .. }), "the benchmark's own offer is refused: {event:?}");
    }
    engine
}

fn forward() -> Cost {
    let mut now = Instant::now();
    let mut engine = engine(2, Library::new(), now);
    let mut sink = Drain::default();
    engine.handle_command(now, Command::Bridge { a: LegId(1), b: LegId(2) }, None, &mut sink);
    let (mut sequence, mut timestamp, mut sent) = (0u16, 0u32, 0u64);
    let mut packet = [0u8; 12 + FRAME];
    let cost = stopwatch::measure(|times| {
        for _ in 0..times {
            for leg in [1u64, 2] {
                packet[0] = 0x80;
                packet[1] = 0;
                packet[2..4].copy_from_slice(&sequence.to_be_bytes());
                packet[4..8].copy_from_slice(&timestamp.to_be_bytes());
                packet[8..12].copy_from_slice(&(leg as u32).to_be_bytes());
                engine.handle_packet(now, LegId(leg), Channel::Rtp, far(leg), &mut packet, &mut sink);
                sent += 1;
            }
            sequence = sequence.wrapping_add(1);
            timestamp = timestamp.wrapping_add(FRAME as u32);
            now += Duration::from_millis(20);
            while engine.poll_event().is_some() {}
        }
    });
    assert!(sink.packets * 100 >= sent * 99, "only {} of {sent} packets were forwarded", sink.packets);
    // Each turn forwards one packet in either direction.
    Cost { nanoseconds: cost.nanoseconds / 2.0, allocations: cost.allocations / 2.0 }
}

fn prompt_frame() -> Cost {
    const LEGS: u64 = 200;
    let mut now = Instant::now();
    let mut library = Library::new();
    let samples: Vec<i16> =
        (0..8_000 * 60).map(|at| ((TAU * 440.0 * f64::from(at) / 8_000.0).sin() * 8_000.0) as i16).collect();
    match Prompt::from_pcm(&samples, 8_000) {
        Ok(prompt) => library.insert(PromptKey(1), Arc::new(prompt)),
        Err(problem) => panic!("the benchmark's own prompt is refused: {problem:?}"),
    }
    let mut engine = engine(LEGS, library, now);
    let mut sink = Drain::default();
    for leg in 1..=LEGS {
        let play = Command::Play {
            leg: LegId(leg),
            token: leg,
            sources: vec![Source::Prompt(PromptKey(1))],
            repeat: Repeat::Forever,
        };
        engine.handle_command(now, play, None, &mut sink);
    }
    // Each turn is 20 ms, ticked every 5 ms as a worker does, so LEGS frames go out in it.
    let cost = stopwatch::measure(|times| {
        for _ in 0..times {
            for _ in 0..4 {
                now += Duration::from_millis(5);
                engine.handle_tick(now, &mut sink);
            }
            while engine.poll_event().is_some() {}
        }
    });
    assert!(sink.packets > LEGS * 100, "the legs did not play");
    Cost { nanoseconds: cost.nanoseconds / LEGS as f64, allocations: cost.allocations / LEGS as f64 }
}

/// A frame with a voice's harmonics: loud enough that nothing is decided at a glance.
fn speech() -> [u8; FRAME] {
    let mut frame = [0u8; FRAME];
    for (at, byte) in frame.iter_mut().enumerate() {
        let sum: f64 = (1..12)
            .map(|harmonic| (TAU * 140.0 * f64::from(harmonic) * at as f64 / 8_000.0).sin() / f64::from(harmonic))
            .sum();
        *byte = Law::Mu.encode((sum * 6_000.0) as i16);
    }
    frame
}

fn keys(frame: &[u8; FRAME]) -> Cost {
    let mut detector = Detector::new();
    let mut pressed = 0u64;
    stopwatch::measure(|times| {
        for _ in 0..times {
            detector.hear(Law::Mu, black_box(frame), |_| pressed += 1);
        }
        black_box(pressed);
    })
}
