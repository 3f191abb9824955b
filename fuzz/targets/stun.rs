//! A datagram on a browser's port: STUN, DTLS, RTP and RTCP are told apart by their first byte (RFC 7983).

use media::{Channel, Command, Engine, EngineConfig, Family, LegId, Library, LocalAddresses, PacketSink, Profile};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

/// As a browser writes it.
const OFFER: &[u8] = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
m=audio 9 UDP/TLS/RTP/SAVPF 0 8 101\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:fuzz\r\n\
a=ice-pwd:0123456789abcdef01234567\r\na=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:\
33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\na=setup:actpass\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\n\
a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n";
/// Datagrams a leg takes before it is made anew, so that what one left behind does not hide the next one's harm.
const A_LEG: u32 = 64;

struct Nowhere;

impl PacketSink for Nowhere {
    fn send(&mut self, _: LegId, _: Channel, _: SocketAddr, _: &[u8]) {}
}

thread_local! {
    /// An engine and how many datagrams its leg took: making the certificate of a leg takes longer than all else here.
    static ENGINE: RefCell<Option<(Engine, u32)>> = const { RefCell::new(None) };
}

fn engine(now: Instant) -> Engine {
    let mut engine = Engine::new(EngineConfig::default(), Arc::new(Library::new()), 1);
    let local = LocalAddresses { rtp: ([192, 0, 2, 1], 40_000).into(), rtcp: None };
    let open = Command::Open {
        leg: LegId(1),
        profile: Profile::WebRtc,
        offer: Some(OFFER.into()),
        family: Family::V4,
        like: None,
    };
    engine.handle_command(now, open, Some(local), &mut Nowhere);
    assert_eq!(engine.counts().legs, 1, "our own offer is refused");
    engine
}

/// Whatever the bytes are: no panic.
pub fn run(bytes: &[u8]) {
    let now = Instant::now();
    ENGINE.with_borrow_mut(|kept| {
        // Taken out, so that a panic leaves none behind.
        let (mut engine, taken) = kept.take().filter(|(_, taken)| *taken < A_LEG).unwrap_or_else(|| (engine(now), 0));
        let mut packet = bytes.to_vec();
        let from = ([192, 0, 2, 10], 30_000).into();
        engine.handle_packet(now, LegId(1), Channel::Rtp, from, &mut packet, &mut Nowhere);
        engine.handle_tick(now, &mut Nowhere);
        while engine.poll_event().is_some() {}
        *kept = Some((engine, taken + 1));
    });
}
