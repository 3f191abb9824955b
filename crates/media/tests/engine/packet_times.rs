//! Packets of 10 to 60 ms: what the far ends wish, allow and send.

use media::codec::Codec;
use media::g711::Law;
use media::tones::{level_dbm0, sine};
use media::{Command, PromptKey, Repeat, Source};

use crate::talker::{Fate, Talker};
use crate::world::World;

const MU: Codec = Codec::G711(Law::Mu);
const A: Codec = Codec::G711(Law::A);

fn open(number: u64, codec: Codec, ptime: u32, lengths: (Option<u32>, Option<u32>), world: &mut World) -> Talker {
    let mut talker = Talker::new(number, codec, ptime);
    talker.lengths = lengths;
    talker.open(world)
}

/// How far a tone's level may be off, in dB. Opus for speech models a voice and wavers with tones.
fn tolerance(codec: Codec) -> f64 {
    if codec == Codec::Opus { 1.2 } else { 0.5 }
}

/// The lengths of the audio packets sent to a talker from the packet with this number on, in milliseconds.
fn lengths(world: &World, to: &Talker, from: usize) -> Vec<u32> {
    let audio = world.rtp_to(to.at).into_iter().skip(from).filter(|(_, header, _)| header.payload_type == to.audio);
    audio.map(|(.., payload)| to.codec.milliseconds(&payload).unwrap()).collect()
}

#[test]
fn packets_of_any_length_are_forwarded_or_cut_to_what_is_allowed() {
    for ptime in [10, 20, 30, 40, 60] {
        for (most, expected) in [(None, ptime), (Some(60), ptime), (Some(20), ptime.min(20)), (Some(30), ptime.min(30))]
        {
            let mut world = World::new();
            let mut a = open(1, MU, ptime, (None, None), &mut world);
            let b = open(2, A, 20, (most, most), &mut world);
            world.command(Command::Bridge { a: a.leg, b: b.leg });
            a.say(&mut world, &sine(440.0, -12.0, 16_000, 16_000 * 2), |_| Fate::Arrives);
            let sent = lengths(&world, &b, 0);
            assert!(sent.iter().all(|ms| *ms == expected), "{ptime} {most:?}: {sent:?}");
            let heard = b.heard(&world, 0);
            assert!(heard.len() >= 8 * 1800, "{ptime} {most:?}: {}", heard.len());
            let level = level_dbm0(&heard[4000..12_000], 440.0);
            assert!((level + 12.0).abs() < 0.3, "{ptime} {most:?}: {level}");
        }
    }
}

#[test]
fn transcoded_audio_comes_in_the_wished_length() {
    for codec in [Codec::Opus, Codec::G722] {
        for (sent, wished, expected) in
            [(20, 10, 10), (60, 20, 20), (10, 40, 40), (30, 60, 60), (40, 30, 30), (20, 35, 30)]
        {
            let mut world = World::new();
            let mut a = open(1, MU, sent, (None, None), &mut world);
            let b = open(2, codec, 20, (Some(wished), None), &mut world);
            world.command(Command::Bridge { a: a.leg, b: b.leg });
            a.say(&mut world, &sine(440.0, -12.0, 16_000, 16_000 * 2), |_| Fate::Arrives);
            // Opus has no frames of 30 ms.
            let expected = if codec == Codec::Opus && expected == 30 { 20 } else { expected };
            let sent_lengths = lengths(&world, &b, 0);
            assert!(sent_lengths.iter().all(|ms| *ms == expected), "{codec:?} {wished}: {sent_lengths:?}");
            let level = level_dbm0(&b.heard(&world, 0)[4000..12_000], 440.0);
            assert!((level + 12.0).abs() < tolerance(codec), "{codec:?} {sent} {wished}: {level}");
        }
    }
}

#[test]
fn prompts_sound_in_every_codec_and_packet_length() {
    for codec in Codec::ALL {
        for wished in [10, 20, 30, 40, 60] {
            let mut world = World::new();
            let a = open(1, codec, 20, (Some(wished), None), &mut world);
            let sources = vec![Source::Prompt(PromptKey(6))];
            world.command(Command::Play { leg: a.leg, token: 3, sources, repeat: Repeat::Once });
            world.pass(6100);
            let expected = if codec == Codec::Opus && wished == 30 { 20 } else { wished };
            let sent = lengths(&world, &a, 0);
            assert!(sent.iter().all(|ms| *ms == expected), "{codec:?} {wished}: {sent:?}");
            assert_eq!(sent.len() as u32, 6000 / expected, "{codec:?} {wished}");
            let level = level_dbm0(&a.heard(&world, 0)[8000..40_000], 800.0);
            assert!((level + 12.0).abs() < tolerance(codec), "{codec:?} {wished}: {level}");
            let ended = |event: &media::Event| matches!(event, media::Event::PlaybackEnded { token: 3, .. });
            assert_eq!(world.events.iter().filter(|(_, event)| ended(event)).count(), 1);
            let packets = world.rtp_to(a.at);
            let step = codec.clock() / 1000 * expected;
            let even = |pair: &[_]| {
                let [(_, before, _), (_, after, _)]: &[(std::time::Duration, media::rtp::Header, Vec<u8>); 2] =
                    pair.try_into().unwrap();
                after.timestamp == before.timestamp.wrapping_add(step)
            };
            assert!(packets[..sent.len()].windows(2).all(even), "{codec:?} {wished}");
        }
    }
}

#[test]
fn a_new_offer_changes_the_length_in_mid_call() {
    let mut world = World::new();
    let mut a = open(1, MU, 20, (None, None), &mut world);
    let mut b = open(2, Codec::G722, 20, (None, None), &mut world);
    world.command(Command::Bridge { a: a.leg, b: b.leg });
    let tone = sine(440.0, -12.0, 16_000, 16_000);
    for wished in [20, 60, 10, 40] {
        b.lengths = (Some(wished), Some(wished));
        b.change(&mut world, Codec::G722, 20);
        a.change(&mut world, MU, wished);
        let before = world.rtp_to(b.at).len();
        a.say(&mut world, &tone, |_| Fate::Arrives);
        let sent = lengths(&world, &b, before);
        assert!(sent.len() as u32 * wished >= 840 && sent.iter().all(|ms| *ms == wished), "{wished}: {sent:?}");
    }
}
