//! Recordings.

use media::g711::Law;
use media::tones::{level_dbm0, sine};
use media::{Command, Event};

use crate::world::{Phone, World};

fn recorded(world: &World) -> (Vec<u8>, Vec<u32>) {
    let mut bytes = Vec::new();
    let mut ends = Vec::new();
    for (_, event) in &world.events {
        match event {
            Event::Recorded { mulaw, token: 5, .. } => bytes.extend(mulaw),
            Event::RecordingEnded { ms, token: 5, .. } => ends.push(*ms),
            _ => {}
        }
    }
    (bytes, ends)
}

#[test]
fn what_is_said_is_recorded_until_the_limit() {
    let mut world = World::new();
    let mut a = Phone::new(1, Law::A, None).open(&mut world);
    world.command(Command::Record { leg: a.leg, token: 5, limit_ms: 2500 });
    a.say(&mut world, &sine(600.0, -10.0, 8000, 24_000));
    let (bytes, ends) = recorded(&world);
    assert_eq!((bytes.len(), ends), (20_000, vec![2500]));
    let samples: Vec<i16> = bytes.iter().map(|byte| Law::Mu.decode(*byte)).collect();
    let level = level_dbm0(&samples, 600.0);
    assert!((level + 10.0).abs() < 0.3, "{level}");
    world.pass(5000);
    assert_eq!(recorded(&world).1.len(), 1);
}

#[test]
fn the_hash_key_stop_close_and_silence_end_it() {
    let ways: [fn(&mut World, &mut Phone); 4] = [
        |world, a| a.press(world, '#', 0..9),
        |world, a| world.command(Command::StopRecording { leg: a.leg }),
        |world, a| world.command(Command::Close { leg: a.leg }),
        |world, _| world.pass(12_000),
    ];
    for way in ways {
        let mut world = World::new();
        let mut a = Phone::new(1, Law::Mu, Some(101)).open(&mut world);
        world.command(Command::Record { leg: a.leg, token: 5, limit_ms: 10_000 });
        a.say(&mut world, &[0; 1600]);
        way(&mut world, &mut a);
        let (bytes, ends) = recorded(&world);
        assert_eq!((bytes.len(), ends), (1600, vec![200]));
    }
}
