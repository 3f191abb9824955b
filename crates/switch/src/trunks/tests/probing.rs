//! OPTIONS: a proxy that stops answering is down, one that answers again is up.

use super::peer::{Answer, Manner};
use super::world::{World, carrier, udp};
use crate::CarrierAccount;
use crate::trunks::{Health, TrunkCondition};

const A: &str = "203.0.113.1:5060";
const B: &str = "203.0.113.2:5060";

fn probed(proxies: &[&str]) -> World {
    let mut world = World::new(CarrierAccount { probes: true, ..carrier(proxies) });
    for at in proxies {
        // Any final response is a sign of life.
        world.peer(at).on("OPTIONS", [Answer::new("405 Method Not Allowed")]);
    }
    world
}

fn health(world: &World, at: &str) -> Health {
    let status = world.told.last().expect("the trunk was told");
    status.targets.iter().find(|status| status.target == udp(at)).expect("the target").health
}

#[test]
fn a_proxy_that_answers_is_up() {
    let mut world = probed(&[A, B]);
    world.run(300);
    assert_eq!(world.condition(), TrunkCondition::Up);
    let probes = world.sent.iter().filter(|message| message.starts_with("OPTIONS")).count();
    assert!((18..=22).contains(&probes), "two proxies each half minute: {probes}");
    assert!(world.sent[0].starts_with("OPTIONS sip:carrier.test SIP/2.0"), "{}", world.sent[0]);
}

#[test]
fn down_and_up_again() {
    let mut world = probed(&[A, B]);
    world.run(20);
    world.peer(A).manner = Manner::Silent;
    world.run(45);
    assert_eq!((health(&world, A), health(&world, B)), (Health::Down, Health::Up));
    assert_eq!(world.condition(), TrunkCondition::Up, "the other one is there");
    // What is down is tried last.
    world.peer(B).on("INVITE", [Answer::new("180 Ringing").with("Contact: <sip:x@203.0.113.2>")]);
    world.ladder.clear();
    world.dial();
    assert!(world.ladder[0].ends_with("INVITE -> 203.0.113.2"), "{:?}", world.ladder);
    world.peer(A).manner = Manner::Answers;
    world.run(40);
    assert_eq!(health(&world, A), Health::Up);
}

#[test]
fn a_single_lost_packet_is_no_outage() {
    let mut world = probed(&[A]);
    world.run(20);
    world.peer(A).manner = Manner::Silent;
    let before = world.sent.len();
    while world.sent.len() == before {
        world.run(1);
    }
    // Longer than a probe may take, so that it counts as missed; then its repetition comes through.
    world.run(5);
    world.peer(A).manner = Manner::Answers;
    world.run(40);
    assert!(world.told.iter().all(|status| status.condition != TrunkCondition::Down), "{:?}", world.ladder);
}

#[test]
fn a_carrier_that_is_down_fails_the_call_at_once() {
    let mut world = probed(&[A, B]);
    world.run(20);
    world.peer(A).manner = Manner::Silent;
    world.peer(B).manner = Manner::Refuses;
    world.run(60);
    assert_eq!(world.condition(), TrunkCondition::Down);
    world.ladder.clear();
    world.dial();
    assert_eq!(world.failure(), Some("unreachable"));
    assert!(world.ladder.iter().all(|line| !line.contains("INVITE")), "{:?}", world.ladder);
    assert_eq!(world.opened.len(), 1, "the manager's leg alone");
}

#[test]
fn a_carrier_that_ignores_options_is_not_down() {
    let mut world = World::new(CarrierAccount { probes: true, ..carrier(&[A]) });
    world.peer(A).manner = Manner::Silent;
    world.run(600);
    assert_eq!(world.condition(), TrunkCondition::Unknown);
    world.peer(A).manner = Manner::Answers;
    world.peer(A).on("INVITE", [Answer::new("180 Ringing").with("Contact: <sip:x@203.0.113.1>")]);
    world.dial();
    assert_eq!((world.condition(), world.failure()), (TrunkCondition::Up, None));
}

#[test]
fn nothing_is_sent_where_nothing_is_to_be_probed() {
    let mut world = World::new(carrier(&[A, B]));
    assert_eq!(world.switch.next_timeout(world.now), None);
    world.run(3600);
    world.check("");
    assert_eq!(world.switch.counts().trunks, Default::default());
}

#[test]
fn requests_of_probes_end() {
    let mut world = probed(&[A]);
    world.run(10);
    world.peer(A).manner = Manner::Silent;
    world.run(600);
    let counts = world.switch.counts();
    assert!(counts.trunks.requests <= 3 && counts.sip.client_transactions <= 3, "{counts:?}");
    world.change(Vec::new());
    world.run(40);
    let counts = world.switch.counts();
    assert_eq!((counts.trunks, counts.sip.client_transactions), (Default::default(), 0));
}
