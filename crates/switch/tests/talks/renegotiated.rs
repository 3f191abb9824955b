//! New offers in mid-call: hold from both sides, other codecs, other addresses (RFC 3264 8).

use super::world::{CARRIER, MINJI, World};

#[test]
fn both_hold_and_resume_in_any_order() {
    for (first, second) in [(MINJI, CARRIER), (CARRIER, MINJI)] {
        let mut world = World::new();
        world.customer_talks_to_minji();
        world.direct(MINJI, 0, "sendonly");
        assert_eq!(world.heard(), "carrier hears music, minji hears nothing");
        world.direct(CARRIER, 0, "inactive");
        world.heard();
        world.direct(first, 0, "sendrecv");
        world.direct(second, 0, "sendrecv");
        assert_eq!(world.heard(), "carrier hears minji, minji hears carrier");
        world.hang_up(first, 0);
        world.check_all_free();
    }
}

#[test]
fn one_who_resumes_hears_nothing_while_the_other_holds() {
    let mut world = World::new();
    world.customer_talks_to_minji();
    world.direct(CARRIER, 0, "inactive");
    world.direct(MINJI, 0, "inactive");
    world.direct(CARRIER, 0, "sendrecv");
    world.check(
        "
        carrier > INVITE sdp
        carrier < 200 sdp
        carrier > ACK
        minji > INVITE sdp
        minji < 200 sdp
        minji > ACK
        carrier > INVITE sdp
        carrier < 200 sdp
        carrier > ACK
        ",
    );
    assert_eq!(world.heard(), "carrier hears music, minji hears nothing");
    world.direct(MINJI, 0, "sendrecv");
    assert_eq!(world.heard(), "carrier hears minji, minji hears carrier");
    world.hang_up(CARRIER, 0);
    world.check_all_free();
}

#[test]
fn codecs_and_addresses_change_on_both_sides() {
    let mut world = World::new();
    world.customer_talks_to_minji();
    for who in [MINJI, CARRIER] {
        "8".clone_into(&mut world.parties[who].calls[0].formats);
        world.parties[who].calls[0].media.set_port(7000);
        world.direct(who, 0, "sendrecv");
        assert_eq!(world.heard(), "carrier hears minji, minji hears carrier");
    }
    world.check(
        "
        minji > INVITE sdp
        minji < 200 sdp
        minji > ACK
        carrier > INVITE sdp
        carrier < 200 sdp
        carrier > ACK
        ",
    );
    world.hang_up(CARRIER, 0);
    world.check_all_free();
}

#[test]
fn an_offer_with_no_codec_in_common_changes_nothing() {
    let mut world = World::new();
    world.customer_talks_to_minji();
    let before = std::mem::replace(&mut world.parties[MINJI].calls[0].formats, "97".to_owned());
    world.parties[MINJI].offer(0);
    world.settle();
    world.check(
        "
        minji > INVITE sdp
        minji < 488
        minji > ACK
        ",
    );
    world.parties[MINJI].calls[0].formats = before;
    assert_eq!(world.heard(), "carrier hears minji, minji hears carrier");
    world.hang_up(MINJI, 0);
    world.check_all_free();
}

#[test]
fn an_offer_may_be_asked_for_in_mid_call() {
    let mut world = World::new();
    world.customer_talks_to_minji();
    for who in [CARRIER, MINJI] {
        world.parties[who].calls[0].media.set_port(7000);
        world.parties[who].ask_for_offer(0);
        world.settle();
        assert_eq!(world.heard(), "carrier hears minji, minji hears carrier");
    }
    world.check(
        "
        carrier > INVITE
        carrier < 200 sdp
        carrier > ACK sdp
        minji > INVITE
        minji < 200 sdp
        minji > ACK sdp
        ",
    );
    world.hang_up(CARRIER, 0);
    world.check_all_free();
}
