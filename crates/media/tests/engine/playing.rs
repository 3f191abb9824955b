//! Prompts, tones and silence.

use std::time::Duration;

use media::g711::Law;
use media::tones::level_dbm0;
use media::{Command, Event, LegId, PromptKey, Repeat, Source, ToneKind};

use crate::world::{Phone, World};

fn play(world: &mut World, leg: LegId, sources: Vec<Source>, repeat: Repeat) {
    world.command(Command::Play { leg, token: 1, sources, repeat });
}

fn ended(world: &World) -> Vec<Duration> {
    world.events.iter().filter(|(_, e)| matches!(e, Event::PlaybackEnded { token: 1, .. })).map(|(at, _)| *at).collect()
}

#[test]
fn six_seconds_are_three_hundred_frames_at_an_even_pace() {
    for law in [Law::Mu, Law::A] {
        let mut world = World::new();
        let a = Phone::new(1, law, None).open(&mut world);
        play(&mut world, a.leg, vec![Source::Prompt(PromptKey(6))], Repeat::Once);
        world.pass(6500);
        let packets = world.rtp_to(a.at);
        assert_eq!(packets.len(), 300);
        for pair in packets.windows(2) {
            assert_eq!(pair[1].0 - pair[0].0, Duration::from_millis(20));
            assert_eq!(pair[1].1.timestamp.wrapping_sub(pair[0].1.timestamp), 160);
            assert_eq!(pair[1].1.sequence, pair[0].1.sequence.wrapping_add(1));
        }
        assert!(packets[0].1.marker && !packets[1].1.marker);
        assert!((level_dbm0(&world.heard_at(a.at, law), 800.0) + 12.0).abs() < 0.2);
        let played = ended(&world);
        assert_eq!(played.len(), 1);
        assert_eq!(played[0] - packets[0].0, Duration::from_secs(6));
    }
}

#[test]
fn nobody_wakes_for_a_leg_that_was_closed_while_it_played() {
    let mut world = World::new();
    let quiet = Phone::new(1, Law::Mu, None).open(&mut world);
    let calm =
        |world: &World| world.engine.next_timeout().is_none_or(|at| at > world.now() + Duration::from_millis(25));
    assert!(calm(&world));
    for number in 2..10 {
        let a = Phone::new(number, Law::Mu, None).open(&mut world);
        play(&mut world, a.leg, vec![Source::Prompt(PromptKey(6))], Repeat::Once);
        world.pass(30);
        assert!(!calm(&world), "the next frame is due");
        world.command(Command::Close { leg: a.leg });
        assert!(calm(&world));
    }
    world.command(Command::Close { leg: quiet.leg });
    assert_eq!(world.engine.next_timeout(), None);
}

#[test]
fn the_frames_of_all_legs_share_a_beat_whenever_they_began() {
    let mut world = World::new();
    let mut beats = std::collections::BTreeSet::new();
    for number in 1..=16 {
        let a = Phone::new(number, Law::Mu, None).open(&mut world);
        play(&mut world, a.leg, vec![Source::Prompt(PromptKey(6))], Repeat::Forever);
        // Off the beat, and for the last one so long that nothing is made up for.
        world.stall(if number < 16 { 1 } else { 333 });
    }
    world.engine.handle_tick(world.now(), &mut world.sent);
    for _ in 0..80 {
        let at = world.engine.next_timeout().unwrap();
        beats.insert(at - world.start);
        world.elapsed = at - world.start;
        world.engine.handle_tick(at, &mut world.sent);
    }
    let frames: Vec<_> = beats.iter().filter(|at| at.as_nanos() % 5_000_000 == 0).collect();
    assert!(frames.len() >= beats.len() - 2, "one wake-up in 5 ms, but for a report: {beats:?}");
    assert!(frames.windows(2).all(|pair| *pair[1] - *pair[0] == Duration::from_millis(5)), "{frames:?}");
}

#[test]
fn a_late_tick_catches_up_without_a_burst() {
    let mut world = World::new();
    let a = Phone::new(1, Law::Mu, None).open(&mut world);
    play(&mut world, a.leg, vec![Source::Prompt(PromptKey(6))], Repeat::Once);
    world.pass(1000);
    let before = world.rtp_to(a.at).len();
    world.stall(55);
    world.pass(5);
    assert_eq!(world.rtp_to(a.at).len(), before + 3);
    world.pass(1000);
    assert_eq!(world.rtp_to(a.at).len(), before + 53, "the lost time is made up");
    let before = world.rtp_to(a.at).len();
    world.stall(995);
    world.pass(5);
    assert_eq!(world.rtp_to(a.at).len(), before + 3, "a long stall is not");
    world.pass(10_000);
    assert_eq!(ended(&world).len(), 1);
    let audio = world.rtp_to(a.at).iter().filter(|(.., p)| p.iter().any(|byte| *byte != 0xff)).count();
    assert_eq!(audio, 300, "nothing of the prompt is left out");
}

#[test]
fn lists_play_in_order_and_forever_is_until_stopped() {
    let mut world = World::new();
    let a = Phone::new(1, Law::Mu, None).open(&mut world);
    let list = vec![Source::Tone(ToneKind::Beep), Source::Silence(200), Source::Prompt(PromptKey(404))];
    play(&mut world, a.leg, list.clone(), Repeat::Once);
    world.pass(1000);
    assert_eq!(ended(&world).len(), 1);
    assert_eq!(world.rtp_to(a.at).len(), 20 + 10 + 1);
    play(&mut world, a.leg, list, Repeat::Forever);
    world.pass(6200);
    assert!((300..=311).contains(&(world.rtp_to(a.at).len() - 31)));
    world.command(Command::StopPlaying { leg: a.leg });
    world.pass(100);
    let stopped = world.rtp_to(a.at).len();
    world.pass(800);
    assert_eq!(world.rtp_to(a.at).len(), stopped);
    assert_eq!(ended(&world).len(), 1, "stopping is not ending by itself");
}

#[test]
fn ringback_is_the_nations_and_never_ends() {
    let mut world = World::new();
    let a = Phone::new(1, Law::A, None).open(&mut world);
    play(&mut world, a.leg, vec![Source::Tone(ToneKind::RingbackKorea)], Repeat::Once);
    world.pass(9050);
    let heard = world.heard_at(a.at, Law::A);
    for second in [0, 3, 6] {
        let on = &heard[second * 8000..second * 8000 + 8000];
        assert!(level_dbm0(on, 440.0) > -20.0 && level_dbm0(on, 480.0) > -20.0);
        let off = &heard[second * 8000 + 8000..second * 8000 + 23_000];
        assert!(off.iter().all(|sample| sample.abs() <= 8));
    }
    assert!(ended(&world).is_empty());
}

#[test]
fn what_is_played_before_the_answer_starts_with_it() {
    let mut world = World::new();
    let leg = LegId(1);
    world.command(Command::Open {
        leg,
        profile: media::Profile::Rtp,
        offer: None,
        family: media::Family::V4,
        like: None,
    });
    play(&mut world, leg, vec![Source::Tone(ToneKind::Beep)], Repeat::Once);
    world.pass(1000);
    let mut phone = Phone::new(1, Law::Mu, None);
    assert!(world.rtp_to(phone.at).is_empty());
    let sdp = phone.sdp("sendrecv");
    world.command(Command::Answer { leg, sdp });
    world.pass(1000);
    assert_eq!(world.rtp_to(phone.at).len(), 20);
    assert_eq!(ended(&world).len(), 1);
}

#[test]
fn legs_that_start_together_do_not_send_together() {
    let mut world = World::new();
    let phones: Vec<Phone> = (1..=8).map(|n| Phone::new(n, Law::Mu, None).open(&mut world)).collect();
    for phone in &phones {
        play(&mut world, phone.leg, vec![Source::Prompt(PromptKey(6))], Repeat::Once);
    }
    world.pass(1000);
    let mut starts: Vec<Duration> = phones.iter().map(|phone| world.rtp_to(phone.at)[0].0).collect();
    starts.sort();
    starts.dedup();
    assert_eq!(starts.len(), 4);
}

#[test]
fn a_silent_leg_gets_a_frame_a_second_and_a_playing_one_none_more() {
    let mut world = World::new();
    let a = Phone::new(1, Law::Mu, None).open(&mut world);
    world.pass(5100);
    let packets = world.rtp_to(a.at);
    assert_eq!(packets.len(), 5);
    assert!(packets.iter().all(|(.., payload)| payload == &[0xff; 160]));
    assert_eq!(packets[1].1.timestamp.wrapping_sub(packets[0].1.timestamp), 8000);
}

#[test]
fn quiet_is_told_once_until_media_flows_again() {
    let quiet = |world: &World| world.events.iter().filter(|(_, e)| matches!(e, Event::Quiet { .. })).count();
    let mut world = World::new();
    let mut a = Phone::new(1, Law::Mu, None).open(&mut world);
    a.say(&mut world, &[0; 1600]);
    world.pass(29_000);
    assert_eq!(quiet(&world), 0);
    world.pass(60_000);
    assert_eq!(quiet(&world), 1);
    a.say(&mut world, &[0; 1600]);
    world.pass(29_000);
    assert_eq!(quiet(&world), 1);
    world.pass(5_000);
    assert_eq!(quiet(&world), 2);
    let sdp = a.sdp("sendonly");
    a.say(&mut world, &[0; 1600]);
    world.command(Command::Reoffer { leg: a.leg, sdp });
    world.pass(120_000);
    assert_eq!(quiet(&world), 2, "on hold");
}

#[test]
fn who_was_silent_before_a_bridge_has_the_whole_time_anew() {
    let quiet = |world: &World| world.events.iter().filter(|(_, e)| matches!(e, Event::Quiet { .. })).count();
    let mut world = World::new();
    let a = Phone::new(1, Law::Mu, None).open(&mut world);
    world.pass(31_000);
    assert_eq!(quiet(&world), 1);
    let b = Phone::new(2, Law::Mu, None).open(&mut world);
    world.command(Command::Bridge { a: b.leg, b: a.leg });
    world.pass(29_000);
    assert_eq!(quiet(&world), 1);
    world.pass(2_000);
    assert_eq!(quiet(&world), 3);
}
