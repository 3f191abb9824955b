//! How good recorded speech still sounds behind a bridge, by ITU-T P.862: of five voices in five languages, said by one far
//! end of an engine and heard by the other, on a clean line and on one that loses packets in bursts.
//!
//! All is scored at 8 kHz, as the recordings are: what G.722 and Opus bring is brought to that rate.

use media::Command;
use media::codec::Codec;
use media::decoder::Decoder;
use media::encoder::{Converter, Rate};
use media::g711::Law;
use media::speaking::Speaking;

use crate::bursty_line::BurstyLine;
use crate::recordings::{folder, samples};
use crate::scorer::{Pair, is_here, scores};
use crate::talker::{Fate, Talker};
use crate::world::World;

const MU: Codec = Codec::G711(Law::Mu);
const A: Codec = Codec::G711(Law::A);
const VOICES: [&str; 5] = ["en_US_f_Allison", "es_MX_f_Allison", "fr_CA_f_June", "it_IT_m_Carlo", "ru_RU_f_IvrvoiceRU"];
/// What each of them says, and so many seconds of it.
const TEXTS: [&str; 2] = ["demo-instruct.wav", "demo-congrats.wav"];
const SECONDS: usize = 9;
/// Samples of a beat of 20 ms.
const BEAT: usize = 160;
/// The line that loses: this share of the packets of 20 ms, in bursts of so many on average.
const LOST: f64 = 0.05;
const BURST: f64 = 2.5;
/// What is asked of a transcoding leg on such a line.
const MARK: f64 = 3.3;
const SEEDS: [u64; 4] = [1, 2, 3, 4];

/// The beginning of a text, said by all voices one after the other.
fn pieces(text: &str) -> Vec<Vec<i16>> {
    let piece = |voice: &str| {
        let mut piece = samples(&folder().join("sounds").join(voice).join(text));
        assert!(piece.len() >= SECONDS * 8000, "{voice} {text}");
        piece.truncate(SECONDS * 8000);
        piece
    };
    VOICES.iter().map(|voice| piece(voice)).collect()
}

/// A far end and another one that hears it.
#[derive(Clone, Copy, Debug)]
struct Path {
    from: Codec,
    to: Codec,
    /// The longest packets that the listener takes, in milliseconds, if it says so.
    longest: Option<u32>,
}

const fn path(from: Codec, to: Codec) -> Path {
    Path { from, to, longest: None }
}

/// Says a piece over a bridge; what is heard, at 8 kHz. `lost` tells which packets of 20 ms do not arrive.
fn hear(path: Path, said: &[i16], lost: &[bool]) -> (Vec<i16>, World) {
    let mut world = World::new();
    let mut talker = Talker::new(1, path.from, 20).open(&mut world);
    let mut listener = Talker::new(2, path.to, path.longest.unwrap_or(20));
    listener.lengths = (path.longest, path.longest);
    let listener = listener.open(&mut world);
    world.command(Command::Bridge { a: talker.leg, b: listener.leg });
    let fate = |n: usize| if lost.get(n).is_some_and(|lost| *lost) { Fate::Lost } else { Fate::Arrives };
    // The end is heard later than it is said.
    let silence = [0; 10 * BEAT];
    for beat in said.chunks_exact(BEAT).chain(silence.chunks_exact(BEAT)) {
        talker.say_beat_at(&mut world, (beat, Rate::Narrow), fate);
        world.pass(20);
    }
    (listener.heard(&world, 0), world)
}

fn mean(scores: &[f64]) -> f64 {
    scores.iter().sum::<f64>() / scores.len() as f64
}

/// Calls `each` for all of `of`, half of them at a time, and puts the results in order.
fn both_halves<T: Sync, R: Send>(of: &[T], each: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let (first, second) = of.split_at(of.len() / 2);
    std::thread::scope(|scope| {
        let second = scope.spawn(|| second.iter().map(&each).collect::<Vec<_>>());
        let mut all: Vec<R> = first.iter().map(&each).collect();
        all.extend(second.join().unwrap());
        all
    })
}

/// What a codec alone makes of a piece: no engine, no line.
fn alone(codec: Codec, said: &[i16]) -> Vec<i16> {
    let mut speaking = Speaking::new(codec, 20, Rate::Wide).unwrap();
    let mut decoder = Decoder::new(codec, false).unwrap();
    let (mut heard, mut narrow) = (Vec::new(), Vec::new());
    for beat in said.chunks_exact(BEAT) {
        speaking.say(beat, Rate::Narrow);
        while let Some(payload) = speaking.next_payload() {
            assert!(decoder.decode(codec, payload, &mut heard));
        }
    }
    Converter::default().run(&heard, decoder.rate(), Rate::Narrow, &mut narrow);
    narrow
}

#[test]
fn speech_over_a_clean_line_is_as_good_as_its_codec_alone() {
    if !is_here() {
        return;
    }
    let paths = [
        path(MU, MU),
        path(MU, A),
        path(A, MU),
        path(Codec::G722, MU),
        path(MU, Codec::G722),
        path(Codec::Opus, MU),
        path(MU, Codec::Opus),
    ];
    let pieces = pieces(TEXTS[0]);
    let references = [MU, Codec::Opus];
    let all = |count: usize| (0..count).flat_map(|n| pieces.iter().map(move |piece| (n, piece))).collect::<Vec<_>>();
    let mut pairs = both_halves(&all(references.len()), |(n, said)| Pair {
        said: said.to_vec(),
        heard: alone(references[*n], said),
    });
    pairs.extend(both_halves(&all(paths.len()), |(n, said)| Pair {
        said: said.to_vec(),
        heard: hear(paths[*n], said, &[]).0,
    }));
    let means: Vec<f64> = scores(&pairs).chunks_exact(pieces.len()).map(mean).collect();
    println!("PCMU alone: {:.2}; opus alone: {:.2}", means[0], means[1]);
    for (path, mean) in paths.iter().zip(&means[references.len()..]) {
        println!("{} to {}: {mean:.2}", path.from.name(), path.to.name());
        // Opus for speech costs something by itself; nothing of that is ours.
        let alone = if path.from == Codec::Opus || path.to == Codec::Opus { means[1] } else { means[0] };
        assert!(*mean >= alone - 0.1, "{path:?}: {mean}, its codec alone {alone}");
    }
}

/// What is said, and which packets of it are lost.
type Said = (Vec<i16>, Vec<bool>);

/// All voices over a line each seed makes; together they lose what they should.
fn said_over_bad_lines() -> Vec<Said> {
    let mut all: Vec<Said> = Vec::new();
    for (seed, text) in SEEDS.iter().zip(TEXTS.iter().cycle()) {
        let mut line = BurstyLine::new(*seed, LOST, BURST);
        for piece in pieces(text) {
            let lost = piece.chunks_exact(BEAT).map(|_| line.loses()).collect();
            all.push((piece, lost));
        }
    }
    let fates = || all.iter().flat_map(|(_, lost)| lost);
    let share = fates().filter(|lost| **lost).count() as f64 / fates().count() as f64;
    println!("lost: {:.2} %", share * 100.0);
    assert!((LOST..LOST * 1.1).contains(&share), "{share}");
    all
}

#[test]
fn speech_through_a_transcoding_leg_survives_bursts_of_loss() {
    if !is_here() {
        return;
    }
    let paths = [
        // Alike but for the length of packets.
        (Path { from: MU, to: A, longest: Some(10) }, MARK),
        (path(MU, Codec::G722), MARK),
        (path(Codec::Opus, MU), MARK),
        (path(MU, Codec::Opus), MARK),
        (path(Codec::Opus, Codec::G722), MARK),
        (path(Codec::G722, MU), MARK),
        (path(Codec::G722, Codec::Opus), MARK),
    ];
    let said = said_over_bad_lines();
    let all: Vec<_> = paths.iter().flat_map(|(path, _)| said.iter().map(move |said| (*path, said))).collect();
    let pairs = both_halves(&all, |(path, (piece, lost))| {
        let (heard, world) = hear(*path, piece, lost);
        assert!(world.engine.counts().transcoded > 0, "{path:?}");
        Pair { said: piece.clone(), heard }
    });
    let scores = scores(&pairs);
    let mut worse = Vec::new();
    for ((path, least), scores) in paths.iter().zip(scores.chunks_exact(said.len())) {
        let mean = mean(scores);
        println!("{} to {}: {mean:.2}, each {scores:.2?}", path.from.name(), path.to.name());
        if mean < *least {
            worse.push(format!("{path:?}: {mean:.3}"));
        }
    }
    assert!(worse.is_empty(), "{worse:?}");
}
