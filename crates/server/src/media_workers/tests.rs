//! Two workers with real sockets: a leg that goes from one to the other keeps its ports and can talk there.

use super::{MediaAddresses, MediaWorkers, Options};
use media::{Command, Event, Family, LegId, Library, Profile};
use pbx::CallId;
use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

const FIRST: (CallId, LegId) = (CallId(1), LegId(1));
const SECOND: (CallId, LegId) = (CallId(2), LegId(2));
/// Packets sent at most until one comes through.
const MAX_TRIES: u16 = 500;

struct World {
    workers: MediaWorkers,
    tellings: mpsc::Receiver<Vec<Event>>,
    events: VecDeque<Event>,
}

impl World {
    fn start(workers: usize, recordings: &std::path::Path) -> Self {
        let (told, tellings) = mpsc::channel(100);
        let options = Options {
            workers,
            addresses: MediaAddresses { v4: Some(Ipv4Addr::LOCALHOST.into()), v6: None },
            first_port: 52_000,
            last_port: 52_999,
            library: Arc::new(Library::default()),
            recordings: recordings.to_owned(),
            seed: 1,
        };
        Self { workers: MediaWorkers::start(&options, &told).unwrap(), tellings, events: VecDeque::new() }
    }

    fn order(&mut self, call: CallId, command: Command) {
        self.workers.send(call, command);
        self.workers.wake(Instant::now());
    }

    async fn event(&mut self, wanted: impl Fn(&Event) -> bool) -> Event {
        let next = async {
            loop {
                if let Some(event) = self.events.pop_front() {
                    if wanted(&event) {
                        return event;
                    }
                    continue;
                }
                let wake_at = self.workers.next_wake();
                let wake = tokio::time::sleep_until(wake_at.unwrap_or_else(Instant::now).into());
                tokio::select! {
                    told = self.tellings.recv() => self.events.extend(told.expect("the workers live")),
                    () = wake, if wake_at.is_some() => self.workers.wake(Instant::now()),
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), next).await.expect("an event")
    }

    /// Opens a leg for a phone at `phone`; answers where it takes media.
    async fn open(&mut self, (call, leg): (CallId, LegId), phone: &UdpSocket) -> SocketAddr {
        let port = phone.local_addr().unwrap().port();
        let offer = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n"
        );
        let offer = Some(offer.into_bytes().into());
        self.order(call, Command::Open { leg, profile: Profile::Rtp, offer, family: Family::V4, like: None });
        let Event::LocalSdp { sdp, .. } = self.event(|event| matches!(event, Event::LocalSdp { .. })).await else {
            unreachable!()
        };
        let text = std::str::from_utf8(&sdp).unwrap();
        let port = text.split("m=audio ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
        SocketAddr::from((Ipv4Addr::LOCALHOST, port))
    }
}

fn phone() -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    socket
}

/// The `n`-th packet of a phone that says `payload`.
fn packet(n: u16, payload: u8) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    packet.extend(n.to_be_bytes());
    packet.extend((u32::from(n) * 160).to_be_bytes());
    packet.extend(u32::from(payload).to_be_bytes());
    packet.extend([payload; 160]);
    packet
}

/// Speaks until the other hears a packet of this very payload.
fn comes_through(from: &UdpSocket, to: SocketAddr, other: &UdpSocket, payload: u8) -> bool {
    let mut heard = [0; 2048];
    (0..MAX_TRIES).any(|n| {
        from.send_to(&packet(n, payload), to).unwrap();
        other.recv(&mut heard).is_ok_and(|length| heard[12..length].iter().all(|byte| *byte == payload))
    })
}

async fn talks_after_a_move(workers: usize) {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::start(workers, folder.path());
    let (a, b) = (phone(), phone());
    let to_a = world.open(FIRST, &a).await;
    let to_b = world.open(SECOND, &b).await;
    world.order(SECOND.0, Command::Move { leg: SECOND.1, to: FIRST.0.0 });
    world.event(|event| matches!(event, Event::Arrived { leg } if *leg == SECOND.1)).await;
    world.order(FIRST.0, Command::Bridge { a: FIRST.1, b: SECOND.1 });
    assert!(comes_through(&a, to_a, &b, 0x11), "nothing from the first to the second");
    assert!(comes_through(&b, to_b, &a, 0x22), "nothing from the second to the first");
    for (_, leg) in [FIRST, SECOND] {
        world.order(FIRST.0, Command::Close { leg });
        world.event(|event| matches!(event, Event::Closed { leg: closed, .. } if *closed == leg)).await;
    }
    assert!(world.workers.of_call.is_empty());
    assert!(world.workers.load.iter().all(|load| *load == 0));
    let figures = Arc::clone(&world.workers.figures);
    drop(world);
    assert_eq!(figures.legs.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_burst_is_worked_off_to_its_end() {
    const BURST: u16 = 100;
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::start(1, folder.path());
    let phone = phone();
    let echo = world.open(FIRST, &phone).await;
    world.order(FIRST.0, Command::Echo { leg: FIRST.1 });
    // What came before the order was seen has nobody to go to.
    assert!(comes_through(&phone, echo, &phone, 0x33), "no echo");
    // Few legs and each packet is forwarded as it comes; many and the worker lets packets gather.
    for legs in [1, 12] {
        for leg in 2..=legs {
            world.open((FIRST.0, LegId(leg)), &phone).await;
        }
        let first = BURST * legs as u16;
        for n in first..first + BURST {
            phone.send_to(&packet(n, 0x44), echo).unwrap();
        }
        // Nothing else comes that could make the worker look again.
        let (before, mut heard) = (Instant::now(), 0);
        while heard < BURST && before.elapsed() < Duration::from_secs(1) {
            let mut packet = [0; 2048];
            heard += u16::from(phone.recv(&mut packet).is_ok_and(|length| packet[length - 1] == 0x44));
        }
        assert_eq!(heard, BURST, "{legs} legs");
    }
}

#[tokio::test]
async fn an_order_that_comes_while_packets_gather_is_taken_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::start(1, folder.path());
    let phone = phone();
    let echo = world.open(FIRST, &phone).await;
    world.order(FIRST.0, Command::Echo { leg: FIRST.1 });
    // So many legs that the worker lets packets gather.
    for leg in 2..=12 {
        world.open((FIRST.0, LegId(leg)), &phone).await;
    }
    let before = Instant::now();
    for leg in 13..=42 {
        phone.send_to(&packet(leg as u16, 0x33), echo).unwrap();
        while phone.recv(&mut [0; 2048]).is_err() {}
        // The worker has looked and waits again: what comes now is to wait for more. Nothing else would wake it for seconds.
        let came = Instant::now();
        while came.elapsed() < Duration::from_micros(200) {
            std::hint::spin_loop();
        }
        world.open((FIRST.0, LegId(leg)), &phone).await;
    }
    assert!(before.elapsed() < Duration::from_secs(2), "orders waited for something else: {:?}", before.elapsed());
}

#[tokio::test]
async fn a_leg_moves_to_another_worker() {
    talks_after_a_move(2).await;
}

#[tokio::test]
async fn a_leg_stays_where_both_calls_live() {
    talks_after_a_move(1).await;
}
