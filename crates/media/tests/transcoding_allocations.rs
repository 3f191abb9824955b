//! What transcoding asks of the allocator: nothing for G.711 and G.722, a few pieces a frame where Opus is made; and how much
//! memory a transcoded call holds.

use std::alloc::{GlobalAlloc, Layout, System};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use media::codec::Codec;
use media::encoder::Rate;
use media::g711::Law;
use media::rtp::write_header;
use media::speaking::Speaking;
use media::tones::sine;
use media::{Channel, Command, Engine, EngineConfig, Family, LegId, Library, LocalAddresses, PacketSink, Profile};

/// Counts what the system's allocator is asked for.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: as asked by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as asked by the caller.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

struct Nowhere(u64);

impl PacketSink for Nowhere {
    fn send(&mut self, _: LegId, _: Channel, _: SocketAddr, _: &[u8]) {
        self.0 += 1;
    }
}

fn far(leg: LegId) -> SocketAddr {
    SocketAddr::new([198, 51, 100, leg.0 as u8].into(), 4000)
}

fn payload_type(codec: Codec) -> u8 {
    codec.static_payload_type().unwrap_or(96)
}

fn open(engine: &mut Engine, now: Instant, leg: LegId, codec: Codec, sink: &mut Nowhere) {
    let pt = payload_type(codec);
    let sdp = format!(
        "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nc=IN IP4 {}\r\nt=0 0\r\nm=audio 4000 RTP/AVP {pt}\r\na=rtpmap:{pt} {}/{}/{}\r\n",
        far(leg).ip(),
        codec.name(),
        codec.clock(),
        codec.channels()
    );
    let offer: Option<Arc<[u8]>> = Some(sdp.into_bytes().into());
    let local = Some(LocalAddresses { rtp: SocketAddr::new([127, 0, 0, 1].into(), 40_000), rtcp: None });
    let open = Command::Open { leg, profile: Profile::Rtp, offer, family: Family::V4, like: None };
    engine.handle_command(now, open, local, sink);
    while engine.poll_event().is_some() {}
}

/// Allocations for each frame of 20 ms, and bytes held, of a bridge over which one side speaks.
#[allow(clippy::disallowed_methods, reason = "one arbitrary start of time; the rest is counted from it")]
fn cost(from: Codec, to: Codec) -> (f64, usize) {
    let start = Instant::now();
    let mut sink = Nowhere(0);
    let mut engine = Engine::new(EngineConfig::default(), Arc::new(Library::new()), 1);
    let (a, b) = (LegId(1), LegId(2));
    open(&mut engine, start, a, from, &mut sink);
    open(&mut engine, start, b, to, &mut sink);
    engine.handle_command(start, Command::Bridge { a, b }, None, &mut sink);
    let mut speaking = Speaking::new(from, 20, Rate::Narrow).unwrap();
    speaking.say(&sine(500.0, -12.0, 8000, 160), Rate::Narrow);
    let payload = speaking.next_payload().unwrap().to_vec();
    drop(speaking);
    let mut packet = vec![0; 12 + payload.len()];
    packet[12..].copy_from_slice(&payload);
    let held = BYTES.load(Ordering::Relaxed);
    let mut before = 0;
    for n in 0..1500_u32 {
        if n == 500 {
            before = ALLOCATIONS.load(Ordering::Relaxed);
            sink.0 = 0;
        }
        let timestamp = n * (from.clock() / 50);
        write_header(packet.first_chunk_mut().unwrap(), false, payload_type(from), n as u16, timestamp, 7);
        let now = start + Duration::from_millis(20) * n;
        engine.handle_packet(now, a, Channel::Rtp, far(a), &mut packet, &mut sink);
        for tick in 0..4 {
            engine.handle_tick(now + Duration::from_millis(5) * tick, &mut sink);
            while engine.poll_event().is_some() {}
        }
    }
    assert!(sink.0 >= 990, "{from:?} {to:?}: {}", sink.0);
    let allocations = (ALLOCATIONS.load(Ordering::Relaxed) - before) as f64 / 1000.0;
    (allocations, BYTES.load(Ordering::Relaxed) - held)
}

#[test]
fn transcoding_allocates_little_and_holds_little() {
    let mu = Codec::G711(Law::Mu);
    for (from, to, allocations, kibibytes) in [
        (mu, Codec::G711(Law::A), 0.0, 4),
        (mu, Codec::G722, 0.1, 24),
        (Codec::G722, mu, 0.1, 24),
        (Codec::Opus, mu, 1.0, 200),
        (mu, Codec::Opus, 5.0, 200),
        (Codec::G722, Codec::Opus, 5.0, 200),
    ] {
        let (found, held) = cost(from, to);
        println!("{from:?} to {to:?}: {found:.2} allocations a frame, {} KiB", held / 1024);
        assert!(found <= allocations, "{from:?} {to:?}: {found} allocations a frame");
        assert!(held <= kibibytes * 1024, "{from:?} {to:?}: {held} bytes");
    }
}
