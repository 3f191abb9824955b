//! Two calls become one: REFER with Replaces (RFC 3891, RFC 5589). The calls live in different media engines.

use super::world::{CARRIER, JUN, MINJI, World};

/// Minji holds the customer and asks jun.
fn minji_asks_jun() -> World {
    let mut world = World::new();
    world.customer_talks_to_minji();
    world.direct(MINJI, 0, "sendonly");
    world.dial(MINJI, "u2");
    world.answer(JUN, 0);
    world
}

#[test]
fn a_colleague_is_asked_first() {
    let mut world = minji_asks_jun();
    world.check(
        "
        minji > INVITE sdp
        minji < 200 sdp
        minji > ACK
        minji > INVITE sdp
        minji < 183 sdp
        jun < INVITE sdp
        jun > 180
        jun > 200 sdp
        jun < ACK
        minji < 200 sdp
        minji > ACK
        ",
    );
    assert_eq!(world.heard(), "carrier hears music, minji hears nothing, minji:2 hears jun, jun hears minji:2");
    world.refer_to_call(MINJI, 0, 1);
    world.check(
        "
        minji > REFER
        minji < 202 REFER
        minji < NOTIFY (100)
        minji < BYE
        minji > 200 NOTIFY
        minji > 200 BYE
        minji < NOTIFY (200)
        minji > 200 NOTIFY
        minji < BYE
        minji > 200 BYE
        ",
    );
    assert_eq!(world.media.moves, 1);
    assert_eq!(world.heard(), "carrier hears jun, jun hears carrier");
    world.hang_up(JUN, 0);
    world.check(
        "
        jun > BYE
        jun < 200 BYE
        carrier < BYE
        carrier > 200 BYE
        ",
    );
    world.check_all_free();
    assert_eq!(world.ended.len(), 2);
}

/// Asked in the call between managers, it is the customer's that stays.
#[test]
fn the_other_way_round() {
    let mut world = minji_asks_jun();
    world.refer_to_call(MINJI, 1, 0);
    assert_eq!(world.heard(), "carrier hears jun, jun hears carrier");
    world.hang_up(CARRIER, 0);
    world.check_all_free();
}

#[test]
fn two_customers_are_joined() {
    let mut world = World::new();
    world.customer_talks_to_minji();
    world.direct(MINJI, 0, "sendonly");
    world.dial(MINJI, "01033334444");
    world.answer(CARRIER, 1);
    assert_eq!(
        world.heard(),
        "carrier hears music, carrier:2 hears minji:2, minji hears nothing, minji:2 hears carrier:2"
    );
    world.skip();
    world.refer_to_call(MINJI, 0, 1);
    world.check(
        "
        minji > REFER
        minji < 202 REFER
        minji < NOTIFY (100)
        minji < BYE
        minji > 200 NOTIFY
        minji > 200 BYE
        minji < NOTIFY (200)
        minji > 200 NOTIFY
        minji < BYE
        minji > 200 BYE
        ",
    );
    assert_eq!(world.heard(), "carrier hears carrier:2, carrier:2 hears carrier");
    world.hang_up(CARRIER, 0);
    world.check_all_free();
}

/// Minji lets go before jun has answered ("semi-attended"): jun's phone rings for the customer.
#[test]
fn a_colleague_who_still_rings() {
    let mut world = World::new();
    world.customer_talks_to_minji();
    world.direct(MINJI, 0, "sendonly");
    world.dial(MINJI, "u2");
    world.skip();
    world.refer_to_call(MINJI, 0, 1);
    world.check(
        "
        minji > REFER
        jun < CANCEL
        minji < 487
        minji < 202 REFER
        minji < NOTIFY (100)
        minji > ACK
        minji > 200 NOTIFY
        jun > 200 CANCEL
        jun > 487
        jun < INVITE sdp
        jun < ACK
        jun > 180
        minji < NOTIFY (180)
        minji > 200 NOTIFY
        ",
    );
    world.answer(JUN, 1);
    assert_eq!(world.heard(), "carrier hears jun:2, jun:2 hears carrier");
    world.hang_up(CARRIER, 0);
    world.check_all_free();
}

#[test]
fn a_dialog_that_nobody_knows() {
    let mut world = World::new();
    world.customer_talks_to_minji();
    world.refer(MINJI, 0, "sip:u2@192.0.2.1?Replaces=nothing%3Bto-tag%3D1%3Bfrom-tag%3D2");
    world.check(
        "
        minji > REFER
        minji < 202 REFER
        minji < NOTIFY (100)
        minji > 200 NOTIFY
        minji < NOTIFY (481)
        minji > 200 NOTIFY
        ",
    );
    assert_eq!(world.heard(), "carrier hears minji, minji hears carrier");
    world.hang_up(MINJI, 0);
    world.check_all_free();
}

#[test]
fn who_is_held_still_is_held_by_whom_they_come_to() {
    let mut world = minji_asks_jun();
    world.direct(JUN, 0, "sendonly");
    world.refer_to_call(MINJI, 0, 1);
    assert_eq!(world.heard(), "carrier hears music, jun hears nothing");
    world.direct(JUN, 0, "sendrecv");
    assert_eq!(world.heard(), "carrier hears jun, jun hears carrier");
    world.hang_up(CARRIER, 0);
    world.check_all_free();
}

#[test]
fn hanging_up_while_the_media_is_under_way_leaves_nothing() {
    let mut world = minji_asks_jun();
    world.media.is_slow = true;
    world.refer_to_call(MINJI, 0, 1);
    world.skip();
    world.hang_up(JUN, 0);
    world.check(
        "
        jun > BYE
        jun < 200 BYE
        carrier < BYE
        carrier > 200 BYE
        ",
    );
    world.media.is_slow = false;
    world.media.arrive(world.now.instant);
    world.check_all_free();
}

#[test]
fn an_offer_while_the_media_is_under_way_is_to_be_tried_again() {
    let mut world = minji_asks_jun();
    world.media.is_slow = true;
    world.refer_to_call(MINJI, 0, 1);
    world.skip();
    world.direct(JUN, 0, "sendonly");
    world.check(
        "
        jun > INVITE sdp
        jun < 491
        jun > ACK
        ",
    );
    world.media.is_slow = false;
    world.media.arrive(world.now.instant);
    world.settle();
    world.direct(JUN, 0, "sendrecv");
    assert_eq!(world.heard(), "carrier hears jun, jun hears carrier");
    world.hang_up(JUN, 0);
    world.check_all_free();
}
