//! Redirections: followed to the carrier's own hosts, not to strangers, and not for ever.

use super::peer::Answer;
use super::world::{World, carrier};

const A: &str = "203.0.113.1:5060";
const B: &str = "203.0.113.2:5060";

fn moved(contacts: &str) -> Answer {
    Answer::new("302 Moved Temporarily").with(&format!("Contact: {contacts}"))
}

fn ringing() -> Answer {
    Answer::new("180 Ringing").with("Contact: <sip:carrier@203.0.113.2>")
}

#[test]
fn an_own_host_is_followed_with_its_uri() {
    let mut world = World::new(carrier(&[A, B]));
    world.peer(A).on("INVITE", [moved("<sip:+821011112222@203.0.113.2:5060;x=1>")]);
    world.peer(B).on("INVITE", [ringing()]);
    world.dial();
    world.check(
        "
        0.0 INVITE -> 203.0.113.1
          <- 302
        0.0 == up
        0.0 ACK -> 203.0.113.1
        0.0 INVITE -> 203.0.113.2
          <- 180
        ",
    );
    let second = world.sent.iter().filter(|message| message.starts_with("INVITE")).nth(1).unwrap();
    assert!(second.starts_with("INVITE sip:+821011112222@203.0.113.2:5060;x=1 SIP/2.0"), "{second}");
}

#[test]
fn the_better_contact_is_tried_first() {
    let mut world = World::new(carrier(&[A, B]));
    let order = "<sip:x@203.0.113.1:5070>;q=0.2, <sip:x@203.0.113.2:5060>;q=0.9";
    world.peer(A).on("INVITE", [moved(order)]);
    world.peer(B).on("INVITE", [ringing()]);
    world.dial();
    assert!(world.ladder.iter().any(|line| line.ends_with("INVITE -> 203.0.113.2")), "{:?}", world.ladder);
}

#[test]
fn a_stranger_is_not_called() {
    for contact in
        ["<sip:+88213123456@198.51.100.1>", "<sip:x@premium.test>", "<tel:+88213123456>", "<http://203.0.113.2/>"]
    {
        let mut world = World::new(carrier(&[A, B]));
        world.peer("198.51.100.1:5060").on("INVITE", [ringing()]);
        world.peer(B).on("INVITE", [ringing()]);
        world.peer(A).on("INVITE", [moved(contact)]);
        world.dial();
        assert_eq!(world.failure(), Some("unreachable"), "{contact}");
        assert_eq!(world.ladder.iter().filter(|line| line.contains("INVITE")).count(), 1, "{:?}", world.ladder);
    }
}

#[test]
fn a_ring_of_redirections_ends() {
    let mut world = World::new(carrier(&[A, B]));
    world.peer(A).on("INVITE", [moved("<sip:x@203.0.113.2>")]);
    world.peer(B).on("INVITE", [moved("<sip:x@203.0.113.1>")]);
    world.dial();
    assert_eq!(world.failure(), Some("unreachable"));
    assert_eq!(world.ladder.iter().filter(|line| line.contains("INVITE")).count(), 4, "one and three more");
    assert_eq!(world.switch.counts().trunks.dials, 0);
}
