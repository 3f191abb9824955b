//! One end of an RTP stream (RFC 3550) with PCMU, PCMA or G.722 and telephone-event (RFC 4733): sends a tone every 20 ms, keeps what comes back.

use crate::codec::{Codec, Ear, Mouth};
use crate::patience::{SOON, until};
use crate::tone;
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Samples in the packet of 20 ms.
const FRAME: usize = 160;
const FRAME_TIME: Duration = Duration::from_millis(20);
/// Payload type the tests use for telephone-event.
pub const EVENT_TYPE: u8 = 101;
/// How much of what was heard is kept and looked at.
const WINDOW: Duration = Duration::from_millis(400);
/// A key is held for this many packets (100 ms), well over the 40 ms every receiver must see.
const KEY_PACKETS: u16 = 5;

/// What is to be sent next.
enum Errand {
    /// telephone-event packets of one key.
    Event { key: u8, sent: u16 },
    /// The key's two tones, then silence of the same length.
    InBand { pair: [f64; 2], left: u16 },
}

#[derive(Default)]
struct Shared {
    far: Option<SocketAddr>,
    hertz: Option<f64>,
    hushed: bool,
    codec: Codec,
    errand: Option<Errand>,
    heard: VecDeque<(Instant, Codec, Vec<i16>)>,
    frames: u64,
    first_at: Option<Instant>,
    last_at: Option<Instant>,
}

/// One voice on the line; silent until told otherwise.
pub struct Voice {
    /// Where it receives.
    pub local: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Where a voice receives, and the means to say where it sends.
pub struct Line {
    /// Where it receives.
    pub local: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

impl Line {
    /// Sends to `far` from now on.
    pub fn connect(&self, far: SocketAddr) {
        self.shared.lock().unwrap().far = Some(far);
    }
}

impl Voice {
    /// Opens a port on `address`.
    pub fn open(address: impl Into<IpAddr>) -> Self {
        let socket = UdpSocket::bind((address.into(), 0)).unwrap();
        let local = socket.local_addr().unwrap();
        let shared = Arc::<Mutex<Shared>>::default();
        let stop = Arc::<AtomicBool>::default();
        let thread = std::thread::spawn({
            let (shared, stop) = (shared.clone(), stop.clone());
            move || run(&socket, &shared, &stop)
        });
        Self { local, shared, stop, thread: Some(thread) }
    }

    /// What others may hold of it.
    pub fn line(&self) -> Line {
        Line { local: self.local, shared: self.shared.clone() }
    }

    /// Sends a tone from now on.
    pub fn sing(&self, hertz: f64) {
        let mut shared = self.shared.lock().unwrap();
        (shared.hertz, shared.hushed) = (Some(hertz), false);
    }

    /// Speaks in another codec from now on; what comes in is understood in each.
    pub fn speak_in(&self, codec: Codec) {
        self.shared.lock().unwrap().codec = codec;
    }

    /// Presses a key by telephone-event and waits until it is sent.
    pub fn press(&self, key: char) {
        self.run_errand(Errand::Event { key: event_of(key), sent: 0 });
    }

    /// Presses a key by its two tones and waits until they are sent.
    pub fn press_in_band(&self, key: char) {
        self.run_errand(Errand::InBand { pair: pair_of(key), left: KEY_PACKETS * 2 });
    }

    fn run_errand(&self, errand: Errand) {
        self.shared.lock().unwrap().errand = Some(errand);
        until("a key to be sent", SOON, || self.shared.lock().unwrap().errand.is_none().then_some(()));
    }

    /// Sends nothing until it is told to sing again.
    pub fn hush(&self) {
        self.shared.lock().unwrap().hushed = true;
    }

    /// Waits until `hertz` is what is heard from now on.
    #[track_caller]
    pub fn wait_for_tone(&self, hertz: f64) {
        self.forget();
        until(&format!("a tone of {hertz} Hz"), SOON, || {
            tone::is_tone(&self.recent(), hertz, tone::RATE).then_some(())
        });
    }

    /// Waits until `hertz` is what is heard from now on, and all of it in this codec.
    #[track_caller]
    pub fn wait_for_tone_in(&self, codec: Codec, hertz: f64) {
        self.forget();
        until(&format!("a tone of {hertz} Hz in {codec:?}"), SOON, || {
            let recent = self.recent();
            let pure = self.shared.lock().unwrap().heard.iter().all(|(_, found, _)| *found == codec);
            (pure && tone::is_tone(&recent, hertz, tone::RATE)).then_some(())
        });
    }

    /// Waits until `hertz` is not heard any more, whatever else is.
    #[track_caller]
    pub fn wait_until_gone(&self, hertz: f64) {
        until(&format!("{hertz} Hz to end"), SOON, || {
            let recent = self.recent();
            (tone::power_at(&recent, hertz, tone::RATE) < 1e-6).then_some(())
        });
    }

    /// Waits until something that is no silence is heard.
    #[track_caller]
    pub fn wait_for_sound(&self) {
        until("any sound", SOON, || (tone::power(&self.recent()) > 1e-4).then_some(()));
    }

    fn forget(&self) {
        self.shared.lock().unwrap().heard.clear();
    }

    /// Frames heard so far, and the time from the first to the last.
    pub fn heard(&self) -> (u64, Duration) {
        let shared = self.shared.lock().unwrap();
        let span = shared.first_at.zip(shared.last_at).map_or(Duration::ZERO, |(first, last)| last - first);
        (shared.frames, span)
    }

    /// What was heard in the last 400 ms; time in which nothing came is missing, so it is padded with silence.
    fn recent(&self) -> Vec<i16> {
        let mut shared = self.shared.lock().unwrap();
        let now = Instant::now();
        while shared.heard.front().is_some_and(|(at, ..)| now - *at > WINDOW) {
            shared.heard.pop_front();
        }
        let mut samples: Vec<i16> = shared.heard.iter().flat_map(|(.., frame)| frame.iter().copied()).collect();
        let whole = (WINDOW.as_secs_f64() * tone::RATE) as usize;
        samples.resize(samples.len().max(whole), 0);
        samples
    }
}

impl Drop for Voice {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// RFC 4733 section 3.2: the event number of a key.
fn event_of(key: char) -> u8 {
    match key {
        '*' => 10,
        '#' => 11,
        digit => digit.to_digit(10).expect("a key of the pad") as u8,
    }
}

/// ITU-T Q.23: the two tones of a key.
fn pair_of(key: char) -> [f64; 2] {
    let place = "123456789*0#".find(key).expect("a key of the pad");
    [[697.0, 770.0, 852.0, 941.0][place / 3], [1_209.0, 1_336.0, 1_477.0][place % 3]]
}

/// The sender's counters.
struct Stream {
    sequence: u16,
    timestamp: u32,
    mouth: Mouth,
}

fn run(socket: &UdpSocket, shared: &Mutex<Shared>, stop: &AtomicBool) {
    let mut stream = Stream { sequence: 1, timestamp: 0, mouth: Mouth::default() };
    let mut ear = Ear::default();
    let mut due = Instant::now() + FRAME_TIME;
    let mut buffer = [0u8; 2_048];
    while !stop.load(Ordering::Relaxed) {
        let now = Instant::now();
        if now >= due {
            due += FRAME_TIME;
            send(socket, shared, &mut stream);
            continue;
        }
        socket.set_read_timeout(Some((due - now).max(Duration::from_millis(1)))).unwrap();
        if let Ok((length, _)) = socket.recv_from(&mut buffer) {
            take(shared, &mut ear, &buffer[..length]);
        }
    }
}

fn take(shared: &Mutex<Shared>, ear: &mut Ear, packet: &[u8]) {
    // Version 2, no extension or contributing sources: all a plain phone sends.
    if packet.len() <= 12 || packet[0] != 0x80 {
        return;
    }
    let Some(codec) = Codec::of(packet[1] & 0x7f) else { return };
    let samples = ear.hear(codec, &packet[12..]);
    let now = Instant::now();
    let mut shared = shared.lock().unwrap();
    shared.frames += 1;
    shared.first_at.get_or_insert(now);
    shared.last_at = Some(now);
    if shared.heard.len() > 100 {
        shared.heard.pop_front();
    }
    shared.heard.push_back((now, codec, samples));
}

fn send(socket: &UdpSocket, shared: &Mutex<Shared>, stream: &mut Stream) {
    let mut shared = shared.lock().unwrap();
    let Some(far) = shared.far.filter(|_| !shared.hushed) else { return };
    let (hertz, codec) = (shared.hertz, shared.codec);
    let (kind, marker, timestamp, payload) = match &mut shared.errand {
        Some(Errand::Event { key, sent }) => {
            *sent += 1;
            // Three packets carry the end bit, as RFC 4733 section 2.5.1.4 wants; the time stamp stays that of the start.
            let end = if *sent > KEY_PACKETS { 0x80 } else { 0 };
            let held = (*sent).min(KEY_PACKETS) * FRAME as u16;
            let start = stream.timestamp.wrapping_sub(u32::from(*sent - 1) * FRAME as u32);
            let payload = vec![*key, end | 10, (held >> 8) as u8, held as u8];
            let found = (EVENT_TYPE, *sent == 1, start, payload);
            if *sent == KEY_PACKETS + 3 {
                shared.errand = None;
            }
            found
        }
        Some(Errand::InBand { pair, left }) => {
            let level = if *left > KEY_PACKETS { 0.2 } else { 0.0 };
            let pair = *pair;
            *left -= 1;
            if *left == 0 {
                shared.errand = None;
            }
            (codec.payload_type(), false, stream.timestamp, stream.mouth.next(codec, &pair, level))
        }
        None => (codec.payload_type(), false, stream.timestamp, stream.mouth.next(codec, hertz.as_slice(), 0.25)),
    };
    drop(shared);
    let mut packet = vec![0x80, kind | if marker { 0x80 } else { 0 }];
    packet.extend(stream.sequence.to_be_bytes());
    packet.extend(timestamp.to_be_bytes());
    packet.extend(0x5052_4931u32.to_be_bytes());
    packet.extend(payload);
    stream.sequence = stream.sequence.wrapping_add(1);
    stream.timestamp = stream.timestamp.wrapping_add(FRAME as u32);
    // Nobody may be listening yet; the next packet follows in 20 ms.
    let _ = socket.send_to(&packet, far);
}
