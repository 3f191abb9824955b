//! No call lives without end: session timers (RFC 4028), and the sweep.

use super::world::{CARRIER, MINJI, World};

#[test]
fn a_long_talk_is_refreshed_on_both_sides() {
    let mut world = World::new();
    world.customer_talks_to_minji();
    world.wait_talking(1_000);
    world.check(
        "
        carrier < INVITE sdp
        minji < INVITE sdp
        carrier > 200 sdp
        minji > 200 sdp
        carrier < ACK
        minji < ACK
        ",
    );
    world.wait_talking(7_200);
    assert_eq!(world.heard(), "carrier hears minji, minji hears carrier");
    world.hang_up(CARRIER, 0);
    world.check_all_free();
}

#[test]
fn either_side_may_refresh() {
    let mut world = World::new();
    world.customer_talks_to_minji();
    for who in [MINJI, CARRIER] {
        let timer = "Supported: timer\r\nSession-Expires: 1800;refresher=uac\r\n";
        world.parties[who].ask(0, "UPDATE", timer, "");
        world.settle();
        let sdp = world.parties[who].calls[0].sdp();
        world.parties[who].ask(0, "INVITE", timer, &sdp);
        world.settle();
    }
    world.check(
        "
        minji > UPDATE
        minji < 200 UPDATE
        minji > INVITE sdp
        minji < 200 sdp
        minji > ACK
        carrier > UPDATE
        carrier < 200 UPDATE
        carrier > INVITE sdp
        carrier < 200 sdp
        carrier > ACK
        ",
    );
    // They said they would refresh, and do not.
    world.wait_talking(1_900);
    assert_eq!(world.ended.len(), 1);
    world.check_all_free();
}

/// Of a line on hold media tells nothing; the session timer does.
#[test]
fn who_vanishes_on_hold_is_found_within_the_session_interval() {
    let mut world = World::new();
    world.customer_talks_to_minji();
    world.direct(MINJI, 0, "inactive");
    world.skip();
    world.parties[MINJI].is_gone = true;
    world.wait_talking(800);
    assert!(world.ended.is_empty(), "a line on hold may be silent");
    world.wait_talking(1_100);
    assert_eq!(world.ended.len(), 1);
    world.check_all_free();
}

/// A media worker that died says nothing any more: its calls are ended all the same, and it shows.
#[test]
fn legs_that_media_forgot_are_swept() {
    let mut world = World::new();
    world.customer_talks_to_minji();
    world.media.is_dead = true;
    world.hang_up(CARRIER, 0);
    world.call(CARRIER, "07040000001", "01055556666");
    world.wait(1_200);
    let counts = world.switch.counts();
    assert_eq!((counts.calls, counts.switched, counts.legs), (0, 0, 0), "{counts:?}");
    assert_eq!((counts.sip.invites, counts.sip.dialogs, counts.sip.timers), (0, 0, 0), "{counts:?}");
    assert!(counts.swept >= 3, "{counts:?}");
}
