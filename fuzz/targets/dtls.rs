//! A datagram of DTLS in the middle of a handshake between two legs of ours, from either end's address. The first byte says
//! how far the handshake is and to whom the datagram goes.

use media::{
    Channel, Command, Engine, EngineConfig, Event, Family, LegId, Library, LocalAddresses, PacketSink, Profile,
};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The client and the server.
const LEGS: [LegId; 2] = [LegId(1), LegId(2)];
/// Datagrams that both legs may send in the seconds of one run: two handshakes with all that is sent again.
const MOST: usize = 200;
/// A run lasts so long, in steps.
const STEPS: u32 = 40;
const STEP: Duration = Duration::from_millis(100);

/// What the legs sent, in order.
#[derive(Default)]
struct Wire {
    waiting: VecDeque<(LegId, Vec<u8>)>,
    sent: usize,
}

impl PacketSink for Wire {
    fn send(&mut self, leg: LegId, _: Channel, _: SocketAddr, packet: &[u8]) {
        self.sent += 1;
        self.waiting.push_back((leg, packet.to_vec()));
    }
}

fn at(leg: LegId) -> SocketAddr {
    ([192, 0, 2, leg.0 as u8], 40_000).into()
}

fn other(leg: LegId) -> LegId {
    if leg == LEGS[0] { LEGS[1] } else { LEGS[0] }
}

/// What the engine says of a leg's media.
fn described(engine: &mut Engine) -> Option<Arc<[u8]>> {
    let mut said = None;
    while let Some(event) = engine.poll_event() {
        if let Event::LocalSdp { sdp, .. } = event {
            said = Some(sdp);
        }
    }
    said
}

fn open(engine: &mut Engine, now: Instant, wire: &mut Wire, leg: LegId, offer: Option<Arc<[u8]>>) -> Arc<[u8]> {
    let local = LocalAddresses { rtp: at(leg), rtcp: None };
    let command = Command::Open { leg, profile: Profile::Dtls, offer, family: Family::V4, like: None };
    engine.handle_command(now, command, Some(local), wire);
    described(engine).expect("a description")
}

/// Hands on at most so many datagrams.
fn carry(engine: &mut Engine, now: Instant, wire: &mut Wire, most: usize) {
    for _ in 0..most {
        let Some((leg, mut packet)) = wire.waiting.pop_front() else { return };
        engine.handle_packet(now, other(leg), Channel::Rtp, at(leg), &mut packet, wire);
    }
}

/// Whatever the bytes are: no panic, and they do not make the legs talk without end.
pub fn run(bytes: &[u8]) {
    let Some((how, datagram)) = bytes.split_first() else { return };
    let mut now = Instant::now();
    let config = EngineConfig { srtp_seed: Some([1; 32]), ..EngineConfig::default() };
    let mut engine = Engine::new(config, Arc::new(Library::new()), 1);
    let mut wire = Wire::default();
    let offer = open(&mut engine, now, &mut wire, LEGS[1], None);
    let answer = open(&mut engine, now, &mut wire, LEGS[0], Some(offer));
    engine.handle_command(now, Command::Answer { leg: LEGS[1], sdp: answer }, None, &mut wire);
    carry(&mut engine, now, &mut wire, usize::from(how >> 1 & 7));
    let to = LEGS[usize::from(how & 1)];
    let mut packet = datagram.to_vec();
    engine.handle_packet(now, to, Channel::Rtp, at(other(to)), &mut packet, &mut wire);
    for _ in 0..STEPS {
        carry(&mut engine, now, &mut wire, MOST);
        now += STEP;
        engine.handle_tick(now, &mut wire);
        while engine.poll_event().is_some() {}
    }
    assert!(wire.sent < MOST, "{} datagrams", wire.sent);
}
