//! Handing on unseen, by REFER (RFC 3515).

use super::world::{CARRIER, JUN, MINJI, World};
use pbx::{ManagerId, TransferTarget};

#[test]
fn to_a_colleague_who_answers() {
    let mut world = World::new();
    world.customer_talks_to_minji();
    world.refer(MINJI, 0, "sip:u2@192.0.2.1");
    world.check(
        "
        minji > REFER
        minji < 202 REFER
        minji < NOTIFY (100)
        minji > 200 NOTIFY
        jun < INVITE sdp
        jun > 180
        minji < NOTIFY (180)
        minji > 200 NOTIFY
        ",
    );
    assert_eq!(world.heard(), "carrier hears a tone, minji hears carrier");
    world.answer(JUN, 0);
    world.check(
        "
        jun > 200 sdp
        jun < ACK
        minji < NOTIFY (200)
        minji > 200 NOTIFY
        minji < BYE
        minji > 200 BYE
        ",
    );
    assert_eq!(world.heard(), "carrier hears jun, jun hears carrier");
    world.hang_up(CARRIER, 0);
    world.check(
        "
        carrier > BYE
        carrier < 200 BYE
        jun < BYE
        jun > 200 BYE
        ",
    );
    world.check_all_free();
}

#[test]
fn a_colleague_who_refuses() {
    let mut world = World::new();
    world.customer_talks_to_minji();
    world.direct(MINJI, 0, "sendonly");
    world.refer(MINJI, 0, "sip:u2@192.0.2.1");
    world.skip();
    assert_eq!(world.heard(), "carrier hears a tone, minji hears nothing");
    world.refuse(JUN, 0, "486 Busy Here");
    world.check(
        "
        jun > 486
        jun < ACK
        minji < NOTIFY (486)
        minji > 200 NOTIFY
        ",
    );
    assert_eq!(world.heard(), "carrier hears music, minji hears nothing");
    world.direct(MINJI, 0, "sendrecv");
    assert_eq!(world.heard(), "carrier hears minji, minji hears carrier");
    world.hang_up(MINJI, 0);
    world.check_all_free();
}

#[test]
fn who_hands_on_takes_back() {
    let mut world = World::new();
    world.customer_talks_to_minji();
    world.direct(MINJI, 0, "sendonly");
    world.refer(MINJI, 0, "sip:u2@192.0.2.1");
    world.skip();
    assert_eq!(world.heard(), "carrier hears a tone, minji hears nothing");
    world.direct(MINJI, 0, "sendrecv");
    world.check(
        "
        minji > INVITE sdp
        minji < 200 sdp
        jun < CANCEL
        minji < NOTIFY (480)
        minji > ACK
        minji > 200 NOTIFY
        jun > 200 CANCEL
        jun > 487
        jun < ACK
        ",
    );
    assert_eq!(world.heard(), "carrier hears minji, minji hears carrier");
    world.hang_up(MINJI, 0);
    world.check_all_free();
}

#[test]
fn a_colleague_who_lets_it_ring() {
    let mut world = World::new();
    world.customer_talks_to_minji();
    world.refer(MINJI, 0, "sip:u2@192.0.2.1");
    world.skip();
    world.wait_talking(20);
    world.check(
        "
        jun < CANCEL
        minji < NOTIFY (480)
        minji > 200 NOTIFY
        jun > 200 CANCEL
        jun > 487
        jun < ACK
        ",
    );
    assert_eq!(world.heard(), "carrier hears minji, minji hears carrier");
    world.hang_up(CARRIER, 0);
    world.check_all_free();
}

#[test]
fn who_left_is_rung_again() {
    let mut world = World::new();
    world.customer_talks_to_minji();
    world.refer(MINJI, 0, "sip:u2@192.0.2.1");
    world.skip();
    world.hang_up(MINJI, 0);
    assert_eq!(world.heard(), "carrier hears a tone");
    world.refuse(JUN, 0, "603 Decline");
    world.check(
        "
        minji > BYE
        minji < 200 BYE
        jun > 603
        jun < ACK
        minji < NOTIFY (603)
        minji > 200 NOTIFY
        minji < INVITE sdp
        minji > 180
        ",
    );
    world.answer(MINJI, 1);
    assert_eq!(world.heard(), "carrier hears minji:2, minji:2 hears carrier");
    world.hang_up(MINJI, 1);
    world.check_all_free();
}

#[test]
fn to_a_number() {
    let mut world = World::new();
    world.customer_talks_to_minji();
    world.refer(MINJI, 0, "tel:01033334444");
    world.check(
        "
        minji > REFER
        minji < 202 REFER
        minji < NOTIFY (100)
        minji > 200 NOTIFY
        carrier < INVITE sdp
        carrier > 180
        minji < NOTIFY (180)
        minji > 200 NOTIFY
        ",
    );
    world.answer(CARRIER, 1);
    world.check(
        "
        carrier > 200 sdp
        carrier < ACK
        minji < NOTIFY (200)
        minji > 200 NOTIFY
        minji < BYE
        minji > 200 BYE
        ",
    );
    assert_eq!(world.heard(), "carrier hears carrier:2, carrier:2 hears carrier");
    world.hang_up(CARRIER, 1);
    world.check(
        "
        carrier > BYE
        carrier < 200 BYE
        carrier < BYE
        carrier > 200 BYE
        ",
    );
    world.check_all_free();
    assert_eq!(world.ended[0].missed_reason, None);
}

/// Its BYE waits two seconds for an answer to the NOTIFY; those who talk do not.
#[test]
fn a_phone_that_falls_silent_keeps_nothing() {
    let mut world = World::new();
    world.customer_talks_to_minji();
    world.refer(MINJI, 0, "sip:u2@192.0.2.1");
    world.skip();
    world.parties[MINJI].is_gone = true;
    world.answer(JUN, 0);
    assert_eq!(world.heard(), "carrier hears jun, minji hears nothing, jun hears carrier");
    assert_eq!(world.switch.counts().sip.invites, 3);
    world.skip();
    world.wait(1);
    world.check("minji < NOTIFY (200)");
    world.wait(1);
    world.check(
        "
        minji < NOTIFY (200)
        minji < BYE
        ",
    );
    world.hang_up(JUN, 0);
    world.check_all_free();
}

#[test]
fn a_number_that_is_busy() {
    let mut world = World::new();
    world.customer_talks_to_minji();
    world.refer(MINJI, 0, "sip:01033334444@192.0.2.1");
    world.skip();
    world.refuse(CARRIER, 1, "486 Busy Here");
    world.check(
        "
        carrier > 486
        carrier < ACK
        minji < NOTIFY (486)
        minji > 200 NOTIFY
        ",
    );
    assert_eq!(world.heard(), "carrier hears minji, minji hears carrier");
    world.hang_up(MINJI, 0);
    world.check_all_free();
}

/// A carrier that refers for a customer would have us call any number at the workspace's expense.
#[test]
fn what_is_refused() {
    let mut world = World::new();
    world.customer_talks_to_minji();
    world.refer(CARRIER, 0, "sip:01033334444@192.0.2.1");
    world.refer(MINJI, 0, "sip:nobody@192.0.2.1");
    world.refer(MINJI, 0, "sip:u2@192.0.2.1;method=BYE");
    world.refer(MINJI, 0, "sip:u1@192.0.2.1");
    world.refer(MINJI, 0, "sip:u4@192.0.2.1");
    world.parties[MINJI].ask(0, "REFER", "", "");
    world.settle();
    world.check(
        "
        carrier > REFER
        carrier < 603 REFER
        minji > REFER
        minji < 202 REFER
        minji < NOTIFY (100)
        minji > 200 NOTIFY
        minji < NOTIFY (404)
        minji > 200 NOTIFY
        minji > REFER
        minji < 603 REFER
        minji > REFER
        minji < 603 REFER
        minji > REFER
        minji < 202 REFER
        minji < NOTIFY (100)
        minji > 200 NOTIFY
        minji < NOTIFY (480)
        minji > 200 NOTIFY
        minji > REFER
        minji < 400 REFER
        ",
    );
    assert_eq!(world.heard(), "carrier hears minji, minji hears carrier");
    world.hang_up(CARRIER, 0);
    world.check_all_free();
}

#[test]
fn a_device_that_wants_no_news_hears_none() {
    let mut world = World::new();
    world.customer_talks_to_minji();
    world.parties[MINJI].ask(0, "REFER", "Refer-To: <sip:u2@192.0.2.1>\r\nRefer-Sub: false\r\n", "");
    world.settle();
    world.answer(JUN, 0);
    world.check(
        "
        minji > REFER
        minji < 202 REFER
        jun < INVITE sdp
        jun > 180
        jun > 200 sdp
        jun < ACK
        minji < BYE
        minji > 200 BYE
        ",
    );
    assert_eq!(world.heard(), "carrier hears jun, jun hears carrier");
    world.hang_up(JUN, 0);
    world.check_all_free();
}

#[test]
fn the_console_hands_on() {
    let mut world = World::new();
    world.customer_talks_to_minji();
    let now = world.now;
    let call = world.switch.business().live_calls().next().expect("a call").id;
    let asked = world
        .switch
        .with_business(now, |pbx| pbx.transfer(call, ManagerId(1), TransferTarget::Manager(ManagerId(2)), now.unix));
    assert_eq!(asked, Ok(()));
    world.settle();
    world.answer(JUN, 0);
    world.check(
        "
        jun < INVITE sdp
        jun > 180
        jun > 200 sdp
        jun < ACK
        minji < BYE
        minji > 200 BYE
        ",
    );
    assert_eq!(world.heard(), "carrier hears jun, jun hears carrier");
    world.hang_up(CARRIER, 0);
    world.check_all_free();
}
