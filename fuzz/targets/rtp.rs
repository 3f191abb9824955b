//! A datagram on a media port, to the parsers and to an engine whose leg is up.

use media::{
    Channel, Command, Engine, EngineConfig, Family, LegId, Library, LocalAddresses, PacketSink, Profile, rtcp, rtp,
};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// A far end in the leg's own offer.
const OFFER: &[u8] =
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0 8 101\r\n\
a=rtpmap:101 telephone-event/8000\r\n";

/// Making the tones takes longer than everything else here, and they do not change.
static LIBRARY: OnceLock<Arc<Library>> = OnceLock::new();

struct Nowhere;

impl PacketSink for Nowhere {
    fn send(&mut self, _: LegId, _: Channel, _: SocketAddr, _: &[u8]) {}
}

/// Whatever the bytes are: no panic.
pub fn run(bytes: &[u8]) {
    if let Ok(header) = rtp::Header::parse(bytes) {
        assert!(bytes.get(header.payload.clone()).is_some(), "the payload lies outside the packet");
    }
    let _ = rtcp::parse(bytes, |_| {});
    let now = Instant::now();
    let mut engine = Engine::new(EngineConfig::default(), LIBRARY.get_or_init(Arc::default).clone(), 1);
    let local = LocalAddresses { rtp: ([192, 0, 2, 1], 40_000).into(), rtcp: Some(([192, 0, 2, 1], 40_001).into()) };
    let open = Command::Open {
        leg: LegId(1),
        profile: Profile::Rtp,
        offer: Some(OFFER.into()),
        family: Family::V4,
        like: None,
    };
    engine.handle_command(now, open, Some(local), &mut Nowhere);
    engine.handle_command(now, Command::ListenKeys { leg: LegId(1), on: true }, None, &mut Nowhere);
    engine.handle_command(now, Command::Echo { leg: LegId(1) }, None, &mut Nowhere);
    for channel in [Channel::Rtp, Channel::Rtcp] {
        let mut packet = bytes.to_vec();
        engine.handle_packet(now, LegId(1), channel, ([192, 0, 2, 10], 30_000).into(), &mut packet, &mut Nowhere);
    }
    while engine.poll_event().is_some() {}
}
