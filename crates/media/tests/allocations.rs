//! A packet through a bridge and a frame of a prompt allocate nothing; an RTP leg is small.

use std::alloc::{GlobalAlloc, Layout, System};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use media::rtp::write_header;
use media::srtp::{KeySource, MAX_TRAILER, Sender, Suite};
use media::{
    Channel, Command, Engine, EngineConfig, LegId, Library, LocalAddresses, PacketSink, Profile, Repeat, Source,
    ToneKind,
};

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

fn open(engine: &mut Engine, now: Instant, leg: LegId, sink: &mut Nowhere) -> SocketAddr {
    open_with(engine, now, (leg, "RTP/AVP", ""), sink)
}

/// Opens a leg whose far end offers this transport and these lines more.
fn open_with(
    engine: &mut Engine,
    now: Instant,
    (leg, transport, lines): (LegId, &str, &str),
    sink: &mut Nowhere,
) -> SocketAddr {
    let far = SocketAddr::new([198, 51, (leg.0 >> 8) as u8, leg.0 as u8].into(), 4000);
    let sdp = format!(
        "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nc=IN IP4 {}\r\nt=0 0\r\nm=audio 4000 {transport} 0\r\n{lines}",
        far.ip()
    );
    let offer: Option<Arc<[u8]>> = Some(sdp.into_bytes().into());
    let rtp = SocketAddr::new([127, 0, 0, 1].into(), 40_000);
    let local = Some(LocalAddresses { rtp, rtcp: None });
    engine.handle_command(
        now,
        Command::Open { leg, profile: Profile::Rtp, offer, family: media::Family::V4, like: None },
        local,
        sink,
    );
    while engine.poll_event().is_some() {}
    far
}

#[test]
#[allow(clippy::disallowed_methods, reason = "one arbitrary start of time; the rest is counted from it")]
fn media_allocates_nothing_per_packet_and_little_per_leg() {
    let start = Instant::now();
    let mut sink = Nowhere(0);
    let mut engine = Engine::new(EngineConfig::default(), Arc::new(Library::new()), 1);
    let (a, b, player) = (LegId(1), LegId(2), LegId(3));
    let far = open(&mut engine, start, a, &mut sink);
    open(&mut engine, start, b, &mut sink);
    open(&mut engine, start, player, &mut sink);
    engine.handle_command(start, Command::Bridge { a, b }, None, &mut sink);
    let sources = vec![Source::Tone(ToneKind::RingbackLoop)];
    engine.handle_command(
        start,
        Command::Play { leg: player, token: 1, sources, repeat: Repeat::Forever },
        None,
        &mut sink,
    );

    let mut packet = [0x7f; 172];
    let mut before = 0;
    for n in 0..2000_u32 {
        // The first seconds fill the heap and the queues.
        if n == 1000 {
            before = ALLOCATIONS.load(Ordering::Relaxed);
            sink.0 = 0;
        }
        let now = start + Duration::from_millis(20) * n;
        write_header(packet.first_chunk_mut().unwrap(), false, 0, n as u16, n * 160, 7);
        engine.handle_packet(now, a, Channel::Rtp, far, &mut packet, &mut sink);
        while engine.poll_event().is_some() {}
        engine.handle_tick(now, &mut sink);
        while engine.poll_event().is_some() {}
    }
    assert_eq!(ALLOCATIONS.load(Ordering::Relaxed) - before, 0);
    assert!(sink.0 >= 2000, "1000 forwarded and 1000 played: {}", sink.0);

    let before = BYTES.load(Ordering::Relaxed);
    for n in 100..1100 {
        open(&mut engine, start + Duration::from_secs(50), LegId(n), &mut sink);
    }
    let each = (BYTES.load(Ordering::Relaxed) - before) / 1000;
    assert!(each <= 6 * 1024, "{each} bytes a leg");

    protected_packets_allocate_nothing(start, &mut sink);
}

/// Two phones with SRTP of different suites: opened, forwarded and protected again.
fn protected_packets_allocate_nothing(start: Instant, sink: &mut Nowhere) {
    let config = EngineConfig { srtp_seed: Some([3; 32]), ..EngineConfig::default() };
    let mut engine = Engine::new(config, Arc::new(Library::new()), 1);
    let (a, b) = (LegId(1), LegId(2));
    let suites = [Suite::AesCm128Sha1_80, Suite::AesGcm256];
    let keys = suites.map(|suite| KeySource::new([1; 32], 1).draw(suite).unwrap());
    let lines = keys.each_ref().map(|key| format!("a=crypto:1 {} inline:{}\r\n", key.suite().name(), key.to_base64()));
    let before = BYTES.load(Ordering::Relaxed);
    let far = open_with(&mut engine, start, (a, "RTP/SAVP", &lines[0]), sink);
    open_with(&mut engine, start, (b, "RTP/SAVP", &lines[1]), sink);
    let both = BYTES.load(Ordering::Relaxed) - before;
    assert!(both <= 32 * 1024, "{both} bytes a protected call");
    engine.handle_command(start, Command::Bridge { a, b }, None, sink);
    let mut phone = Sender::new(&keys[0]);
    let mut packet = [0x7f; 172 + MAX_TRAILER];
    let mut before = 0;
    for n in 0..2000_u32 {
        if n == 1000 {
            before = ALLOCATIONS.load(Ordering::Relaxed);
            sink.0 = 0;
        }
        let now = start + Duration::from_millis(20) * n;
        write_header(packet.first_chunk_mut().unwrap(), false, 0, n as u16, n * 160, 7);
        let length = phone.protect_rtp(&mut packet, 172, n.into()).unwrap();
        engine.handle_packet(now, a, Channel::Rtp, far, &mut packet[..length], sink);
        while engine.poll_event().is_some() {}
        engine.handle_tick(now, sink);
        while engine.poll_event().is_some() {}
    }
    assert_eq!(ALLOCATIONS.load(Ordering::Relaxed) - before, 0);
    assert!(sink.0 >= 1000, "{}", sink.0);
}
