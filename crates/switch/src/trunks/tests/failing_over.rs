//! Calls that go on to the next proxy, and those that do not (RFC 3263 4.3).

use super::peer::{Answer, Manner, challenge, granted};
use super::world::{World, carrier, registering, udp};
use crate::settings::FromUser;
use crate::trunks::{Health, TrunkCondition};

const A: &str = "203.0.113.1:5060";
const B: &str = "203.0.113.2:5060";

fn trying() -> Answer {
    Answer::new("180 Ringing").with("Contact: <sip:carrier@203.0.113.2>")
}

fn health(world: &World, at: &str) -> Health {
    let status = world.told.last().expect("the trunk was told");
    status.targets.iter().find(|status| status.target == udp(at)).expect("the target").health
}

#[test]
fn unavailable_means_the_next() {
    let mut world = World::new(carrier(&[A, B]));
    world.peer(A).on("INVITE", [Answer::new("503 Service Unavailable").with("Retry-After: 60")]);
    world.peer(B).on("INVITE", [trying()]);
    world.dial();
    world.check(
        "
        0.0 INVITE -> 203.0.113.1
          <- 503
        0.0 ACK -> 203.0.113.1
        0.0 INVITE -> 203.0.113.2
          <- 180
        0.0 == up
        ",
    );
    assert_eq!((health(&world, A), health(&world, B)), (Health::Resting, Health::Up));
    assert_eq!(world.failure(), None);
    // While the first rests, calls begin with the second.
    world.ladder.clear();
    world.run(10);
    world.dial();
    world.check("10.0 INVITE -> 203.0.113.2\n  <- 180");
}

#[test]
fn a_rest_ends() {
    let mut world = World::new(carrier(&[A, B]));
    world.peer(A).on("INVITE", [Answer::new("503 Service Unavailable").with("Retry-After: 60"), trying()]);
    world.peer(B).on("INVITE", [trying()]);
    world.dial();
    world.run(61);
    assert_ne!(health(&world, A), Health::Resting);
    world.ladder.clear();
    world.dial();
    assert!(world.ladder[0].ends_with("INVITE -> 203.0.113.1"), "{:?}", world.ladder);
}

#[test]
fn silence_means_the_next_after_four_seconds() {
    let mut world = World::new(carrier(&[A, B]));
    world.peer(A).manner = Manner::Silent;
    world.peer(B).on("INVITE", [trying()]);
    world.dial();
    world.run(20);
    world.check(
        "
        0.0 INVITE -> 203.0.113.1
        4.0 INVITE -> 203.0.113.2
          <- 180
        4.0 == up
        ",
    );
    assert_eq!(health(&world, A), Health::Resting);
    // The INVITE that nobody answered is forgotten by itself.
    world.run(60);
    assert_eq!(world.switch.counts().sip.invites, 2, "the manager's and the carrier's");
}

#[test]
fn trying_is_no_silence() {
    let mut world = World::new(carrier(&[A, B]));
    world.peer(A).on("INVITE", [Answer::new("100 Trying")]);
    world.peer(B).on("INVITE", [trying()]);
    world.dial();
    world.run(60);
    world.check(
        "
        0.0 INVITE -> 203.0.113.1
          <- 100
        4.0 == up
        ",
    );
}

#[test]
fn a_refused_connection_means_the_next_at_once() {
    let mut world = World::new(carrier(&[A, B]));
    world.peer(A).manner = Manner::Refuses;
    world.peer(B).on("INVITE", [trying()]);
    world.dial();
    world.check(
        "
        0.0 INVITE -> 203.0.113.1
        0.0 INVITE -> 203.0.113.2
          <- 180
        0.0 == up
        ",
    );
}

#[test]
fn nothing_goes_on_once_it_rang() {
    let mut world = World::new(carrier(&[A, B]));
    world.peer(A).on("INVITE", [trying()]);
    world.peer(B).on("INVITE", [trying()]);
    world.dial();
    let invite = world.sent.iter().find(|message| message.starts_with("INVITE")).unwrap().clone();
    let late = world.peer(A).on("INVITE", [Answer::new("503 Service Unavailable")]).answer(&invite).unwrap();
    world.receive(A, &late);
    assert_eq!(world.failure(), Some("unreachable"));
    assert!(world.ladder.iter().all(|line| !line.contains("203.0.113.2")), "{:?}", world.ladder);
}

#[test]
fn a_busy_customer_is_not_asked_twice() {
    for (status, failure) in [
        ("486 Busy Here", "busy"),
        ("603 Decline", "declined"),
        ("404 Not Found", "unreachable"),
        ("500 Server Internal Error", "unreachable"),
    ] {
        let mut world = World::new(carrier(&[A, B]));
        world.peer(A).on("INVITE", [Answer::new(status)]);
        world.peer(B).on("INVITE", [trying()]);
        world.dial();
        assert_eq!(world.failure(), Some(failure), "{status}");
        assert!(world.ladder.iter().all(|line| !line.contains("203.0.113.2")), "{:?}", world.ladder);
        assert_eq!(world.switch.counts().trunks.dials, 0);
    }
}

#[test]
fn a_5xx_that_asks_for_a_pause_is_final_and_gets_it() {
    let mut world = World::new(carrier(&[A, B]));
    world.peer(A).on("INVITE", [Answer::new("500 Server Internal Error").with("Retry-After: 60")]);
    world.dial();
    assert_eq!(world.failure(), Some("unreachable"));
    assert_eq!(health(&world, A), Health::Resting);
}

#[test]
fn a_carrier_without_a_live_proxy_fails_the_call() {
    let mut world = World::new(carrier(&[A, B]));
    world.peer(A).manner = Manner::Refuses;
    world.peer(B).on("INVITE", [Answer::new("503 Service Unavailable")]);
    world.dial();
    assert_eq!(world.failure(), Some("unreachable"));
    assert_eq!(world.switch.counts().trunks.dials, 0);
}

#[test]
fn the_password_is_given_when_asked_for() {
    let mut world = World::new(registering(&[A]));
    world.peer(A).on("REGISTER", [granted(600)]).on("INVITE", [challenge(), trying()]);
    world.run(1);
    world.ladder.clear();
    world.dial();
    world.check(
        "
        1.0 INVITE -> 203.0.113.1
          <- 401
        1.0 ACK -> 203.0.113.1
        1.0 INVITE signed -> 203.0.113.1
          <- 180
        ",
    );
    let invite = world.sent.iter().find(|message| message.starts_with("INVITE")).unwrap();
    for line in [
        "INVITE sip:+821011112222@carrier.test SIP/2.0",
        "From: <sip:+827040000001@carrier.test>",
        "P-Asserted-Identity: <sip:+827040000001@carrier.test>",
        "Contact: <sip:c0ffee@192.0.2.1:5060>",
    ] {
        assert!(invite.contains(line), "{line} in {invite}");
    }
}

#[test]
fn some_carriers_want_their_account_in_from() {
    let account = crate::CarrierAccount { from_user: FromUser::Account, ..registering(&[A]) };
    let mut world = World::new(account);
    world.dial();
    let invite = world.sent.iter().find(|message| message.starts_with("INVITE")).unwrap();
    assert!(invite.contains("From: <sip:trunk1@carrier.test>"), "{invite}");
    assert!(invite.contains("P-Asserted-Identity: <sip:+827040000001@carrier.test>"), "{invite}");
}

#[test]
fn calls_go_where_the_trunk_is_registered() {
    let mut world = World::new(registering(&[A, B]));
    world.peer(A).manner = Manner::Refuses;
    world.peer(B).on("REGISTER", [granted(600)]).on("INVITE", [trying()]);
    world.run(40);
    assert_eq!(world.condition(), TrunkCondition::Registered);
    // The first one rests no more by now, yet the registrar knows us at the second.
    world.ladder.clear();
    world.dial();
    assert!(world.ladder[0].ends_with("INVITE -> 203.0.113.2"), "{:?}", world.ladder);
}

#[test]
fn a_manager_who_gives_up_ends_the_search() {
    let mut world = World::new(carrier(&[A, B]));
    world.peer(A).manner = Manner::Silent;
    world.dial();
    world.hang_up();
    world.run(60);
    assert!(world.ladder.iter().all(|line| !line.contains("203.0.113.2")), "{:?}", world.ladder);
    assert_eq!(world.switch.counts().trunks.dials, 0);
}
