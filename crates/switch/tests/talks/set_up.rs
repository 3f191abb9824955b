//! Ways to the first talk: late offers, early media of several branches, PRACK (RFC 3261 13.2.1, RFC 3262).

use super::world::{CARRIER, MINJI, World};

#[test]
fn the_offer_comes_late_from_either_side() {
    for (who, to, from, answers) in
        [(CARRIER, "07040000001", "01055556666", MINJI), (MINJI, "01033334444", "u1", CARRIER)]
    {
        let mut world = World::new();
        world.parties[who].call(to, from, "", false);
        world.settle();
        world.answer(answers, 0);
        assert_eq!(world.heard(), "carrier hears minji, minji hears carrier");
        world.hang_up(who, 0);
        world.check_all_free();
    }
}

#[test]
fn each_branch_of_a_forked_call_is_heard() {
    let mut world = World::new();
    world.dial(MINJI, "01033334444");
    world.skip();
    for (tag, port) in [("a", 8000), ("b", 8010)] {
        world.parties[CARRIER].calls[0].media.set_port(port);
        let sdp = world.parties[CARRIER].calls[0].sdp();
        world.parties[CARRIER].reply(0, "183 Session Progress", tag, "", &sdp);
        world.settle();
        assert_eq!(world.heard_early([CARRIER, MINJI]), "carrier hears minji, minji hears carrier");
    }
    world.check(
        "
        carrier > 183 sdp
        carrier > 183 sdp
        ",
    );
    // The second branch answers.
    "b".clone_into(&mut world.parties[CARRIER].calls[0].local_tag);
    world.answer(CARRIER, 0);
    world.check(
        "
        carrier > 200 sdp
        carrier < ACK
        minji < 200 sdp
        minji > ACK
        ",
    );
    assert_eq!(world.heard(), "carrier hears minji, minji hears carrier");
    world.hang_up(CARRIER, 0);
    world.check_all_free();
}

#[test]
fn early_media_that_cannot_be_heard_ends_nothing() {
    let mut world = World::new();
    world.dial(MINJI, "01033334444");
    let sdp = world.parties[CARRIER].calls[0].sdp().replace("RTP/AVP 0", "RTP/AVP 97");
    world.parties[CARRIER].reply(0, "183 Session Progress", "a", "", &sdp);
    world.settle();
    world.skip();
    world.answer(CARRIER, 0);
    world.check(
        "
        carrier > 200 sdp
        carrier < ACK
        minji < 200 sdp
        minji > ACK
        ",
    );
    assert_eq!(world.heard(), "carrier hears minji, minji hears carrier");
    world.hang_up(CARRIER, 0);
    world.check_all_free();
}

#[test]
fn provisional_answers_are_acknowledged_both_ways() {
    let mut world = World::new();
    world.parties[MINJI].abilities = "Supported: 100rel\r\n";
    world.dial(MINJI, "01033334444");
    let sdp = world.parties[CARRIER].calls[0].sdp();
    let tag = world.parties[CARRIER].calls[0].local_tag.clone();
    world.parties[CARRIER].reply(0, "183 Session Progress", &tag, "Require: 100rel\r\nRSeq: 1\r\n", &sdp);
    world.settle();
    world.check(
        "
        minji > INVITE sdp
        minji < 183 sdp
        carrier < INVITE sdp
        carrier > 180
        minji > PRACK
        minji < 200 PRACK
        carrier > 183 sdp
        carrier < PRACK
        carrier > 200 PRACK
        ",
    );
    // The answer went in the 183: the 200 needs none.
    world.parties[CARRIER].calls[0].stand = super::dialog::Stand::Up;
    world.parties[CARRIER].reply(0, "200 OK", &tag, "", "");
    world.settle();
    world.check(
        "
        carrier > 200
        carrier < ACK
        minji < 200
        minji > ACK
        ",
    );
    assert_eq!(world.heard(), "carrier hears minji, minji hears carrier");
    world.hang_up(MINJI, 0);
    world.check_all_free();
}

#[test]
fn a_phone_may_answer_in_a_reliable_183() {
    let mut world = World::new();
    world.call(CARRIER, "07040000001", "01055556666");
    let sdp = world.parties[MINJI].calls[0].sdp();
    let tag = world.parties[MINJI].calls[0].local_tag.clone();
    world.parties[MINJI].reply(0, "183 Session Progress", &tag, "Require: 100rel\r\nRSeq: 1\r\n", &sdp);
    world.settle();
    world.parties[MINJI].calls[0].stand = super::dialog::Stand::Up;
    world.parties[MINJI].reply(0, "200 OK", &tag, "", "");
    world.settle();
    world.check(
        "
        carrier > INVITE sdp
        carrier < 200 sdp
        minji < INVITE sdp
        carrier > ACK
        minji > 180
        minji > 183 sdp
        minji < PRACK
        minji > 200 PRACK
        minji > 200
        minji < ACK
        ",
    );
    assert_eq!(world.heard(), "carrier hears minji, minji hears carrier");
    world.hang_up(MINJI, 0);
    world.check_all_free();
}
