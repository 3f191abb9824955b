//! Phones that insist on something that protects the media, signed in where nothing says so.

use super::world::{CARRIER, MINJI, World};

#[test]
fn a_phone_that_insists_on_srtp_is_offered_it_and_the_next_time_at_once() {
    let mut world = World::new();
    world.parties[MINJI].transport = "RTP/SAVP";
    world.call(CARRIER, "07040000001", "01055556666");
    world.check(
        "
        carrier > INVITE sdp
        carrier < 200 sdp
        minji < INVITE sdp
        carrier > ACK
        minji > 488
        minji < ACK
        minji < INVITE sdp
        minji > 180
        ",
    );
    let offer = world.parties[MINJI].calls[1].far_sdp.clone();
    assert!(offer.contains(" RTP/SAVP ") && offer.contains("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"), "{offer}");
    world.answer(MINJI, 1);
    world.hang_up(CARRIER, 0);
    world.wait(40);
    world.skip();
    world.call(CARRIER, "07040000001", "01055556666");
    world.check(
        "
        carrier > INVITE sdp
        carrier < 200 sdp
        minji < INVITE sdp
        carrier > ACK
        minji > 180
        ",
    );
    assert!(world.parties[MINJI].calls[2].far_sdp.contains(" RTP/SAVP "));
    world.hang_up(CARRIER, 1);
    world.check_all_free();
}

#[test]
fn one_that_was_set_up_anew_is_asked_anew() {
    let mut world = World::new();
    world.parties[MINJI].transport = "RTP/SAVP";
    world.call(CARRIER, "07040000001", "01055556666");
    world.answer(MINJI, 1);
    world.hang_up(CARRIER, 0);
    world.wait(40);
    world.parties[MINJI].transport = "RTP/AVP";
    world.call(CARRIER, "07040000001", "01055556666");
    world.answer(MINJI, 3);
    assert_eq!(world.heard(), "carrier:2 hears minji:4, minji:4 hears carrier:2");
    world.hang_up(CARRIER, 1);
    world.check_all_free();
}

#[test]
fn one_that_insists_on_dtls_is_offered_that_last() {
    let mut world = World::new();
    world.parties[MINJI].transport = "UDP/TLS/RTP/SAVP";
    world.call(CARRIER, "07040000001", "01055556666");
    let transports: Vec<&str> = world.parties[MINJI].calls.iter().map(|call| transport(&call.far_sdp)).collect();
    assert_eq!(transports, ["RTP/AVP", "RTP/SAVP", "UDP/TLS/RTP/SAVP"]);
    let offer = &world.parties[MINJI].calls[2].far_sdp;
    assert!(offer.contains("a=setup:actpass") && offer.contains("a=fingerprint:sha-256 "), "{offer}");
    world.hang_up(CARRIER, 0);
    world.check_all_free();
}

/// Whoever takes nothing of it has refused the call.
#[test]
fn one_that_takes_nothing_is_not_asked_for_ever() {
    let mut world = World::new();
    world.parties[MINJI].transport = "TCP/MSRP";
    world.call(CARRIER, "07040000001", "01055556666");
    assert_eq!(world.parties[MINJI].calls.len(), 3);
    world.hang_up(CARRIER, 0);
    world.check_all_free();
}

fn transport(sdp: &str) -> &str {
    sdp.lines().find_map(|line| line.strip_prefix("m=audio ")?.split(' ').nth(1)).unwrap_or_default()
}
