//! A manager goes on with another phone: INVITE with Replaces (RFC 3891).

use super::world::{CARRIER, JUN, MINJI, MINJI2, World};

fn calls_with_replaces(world: &mut World, who: usize, replaces: &str) {
    let user = world.parties[who].account.expect("a phone").user;
    world.parties[who].call("u1", user, &format!("Replaces: {replaces}\r\n"), true);
    world.settle();
}

#[test]
fn a_talk_is_taken_to_another_phone() {
    let mut world = World::new();
    world.customer_talks_to_minji();
    world.sign_in(MINJI2);
    let replaces = world.parties[MINJI].replaces(0);
    calls_with_replaces(&mut world, MINJI2, &replaces);
    world.check(
        "
        minji2 > INVITE sdp
        minji2 < 200 sdp
        minji < BYE
        minji > 200 BYE
        minji2 > ACK
        ",
    );
    assert_eq!(world.heard(), "carrier hears minji2, minji2 hears carrier");
    world.hang_up(CARRIER, 0);
    world.check(
        "
        carrier > BYE
        carrier < 200 BYE
        minji2 < BYE
        minji2 > 200 BYE
        ",
    );
    world.check_all_free();
}

#[test]
fn a_call_that_rings_is_picked_up() {
    let mut world = World::new();
    world.sign_in(MINJI2);
    world.call(CARRIER, "07040000001", "01055556666");
    world.skip();
    let replaces = world.parties[MINJI].replaces(0);
    calls_with_replaces(&mut world, MINJI2, &replaces);
    world.check(
        "
        minji2 > INVITE sdp
        minji2 < 200 sdp
        minji < CANCEL
        minji2 < CANCEL
        minji > 200 CANCEL
        minji > 487
        minji2 > ACK
        minji2 > 200 CANCEL
        minji2 > 487
        minji < ACK
        minji2 < ACK
        ",
    );
    assert_eq!(world.heard(), "carrier hears minji2:2, minji2:2 hears carrier");
    world.hang_up(MINJI2, 1);
    world.check_all_free();
}

#[test]
fn a_phone_with_no_codec_in_common_takes_nothing() {
    let mut world = World::new();
    world.customer_talks_to_minji();
    world.sign_in(MINJI2);
    world.parties[MINJI2].formats = "97";
    let replaces = world.parties[MINJI].replaces(0);
    calls_with_replaces(&mut world, MINJI2, &replaces);
    world.check(
        "
        minji2 > INVITE sdp
        minji2 < 488
        minji2 > ACK
        ",
    );
    assert_eq!(world.heard(), "carrier hears minji, minji hears carrier");
    world.hang_up(MINJI, 0);
    world.check_all_free();
}

#[test]
fn what_is_refused() {
    let mut world = World::new();
    world.customer_talks_to_minji();
    world.sign_in(MINJI2);
    let replaces = world.parties[MINJI].replaces(0);
    calls_with_replaces(&mut world, JUN, &replaces);
    calls_with_replaces(&mut world, MINJI2, "nothing;to-tag=1;from-tag=2");
    calls_with_replaces(&mut world, MINJI2, "nothing");
    let customers = world.parties[CARRIER].replaces(0);
    calls_with_replaces(&mut world, MINJI2, &customers);
    world.check(
        "
        jun > INVITE sdp
        jun < 403
        jun > ACK
        minji2 > INVITE sdp
        minji2 < 481
        minji2 > ACK
        minji2 > INVITE sdp
        minji2 < 400
        minji2 > ACK
        minji2 > INVITE sdp
        minji2 < 403
        minji2 > ACK
        ",
    );
    assert_eq!(world.heard(), "carrier hears minji, minji hears carrier");
    world.hang_up(CARRIER, 0);
    world.check_all_free();
}
