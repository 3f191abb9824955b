//! Proxies with names: asked for at the start, again after a while, kept when the DNS is away.

use super::peer::{Answer, granted};
use super::world::{World, carrier, registering, udp};
use crate::CarrierAccount;
use crate::settings::Proxy;
use crate::trunks::{ResolveError, TrunkCondition};

const A: &str = "203.0.113.1:5060";
const B: &str = "203.0.113.2:5060";

fn named(account: CarrierAccount) -> World {
    let proxies = vec![Proxy { host: "sip.carrier.test".to_owned(), port: None, transport: None, secure: false }];
    World::new(CarrierAccount { proxies, ..account })
}

impl World {
    fn resolved(&mut self, found: Result<&[&str], ResolveError>) {
        let (query, _) = self.questions.pop().expect("a question");
        let found = found.map(|all| all.iter().map(|at| udp(at)).collect());
        self.switch.handle_resolved(self.now, query, found);
        self.collect();
    }
}

#[test]
fn a_name_is_asked_for_and_then_registered_at() {
    let mut world = named(registering(&[]));
    world.peer(A).on("REGISTER", [granted(600)]);
    world.run(1);
    world.resolved(Ok(&[A, B]));
    world.check(
        "
        0.0 ?? sip.carrier.test
        0.0 == unregistered, unresolved
        1.0 == unregistered
        1.0 REGISTER 600 s -> 203.0.113.1
          <- 200
        1.0 == registered
        ",
    );
    world.run(80);
    assert_eq!(world.questions.len(), 1, "asked again within a minute or so");
}

#[test]
fn a_name_that_does_not_resolve_is_asked_for_again_soon() {
    let mut world = named(carrier(&[]));
    world.run(1);
    world.resolved(Err(ResolveError::NotFound));
    assert_eq!(world.condition(), TrunkCondition::Down);
    world.run(15);
    world.resolved(Ok(&[A]));
    world.check(
        "
        0.0 ?? sip.carrier.test
        0.0 == down, unresolved
        11.4 ?? sip.carrier.test
        16.0 == unknown
        ",
    );
}

#[test]
fn a_call_before_the_name_is_known_fails() {
    let mut world = named(carrier(&[]));
    world.run(1);
    world.dial();
    assert_eq!(world.opened.len(), 1, "the manager's leg alone");
    assert_eq!(world.failure(), Some("unreachable"));
}

#[test]
fn what_was_found_stays_while_the_dns_is_away() {
    let mut world = named(carrier(&[]));
    world.peer(A).on("INVITE", [Answer::new("180 Ringing").with("Contact: <sip:x@203.0.113.1>")]);
    world.run(1);
    world.resolved(Ok(&[A]));
    world.run(100);
    world.resolved(Err(ResolveError::Unavailable));
    world.dial();
    assert_eq!(world.failure(), None);
}

#[test]
fn what_is_known_of_a_target_stays_over_a_new_answer() {
    let mut world = named(carrier(&[]));
    world.run(1);
    world.resolved(Ok(&[A, B]));
    world.peer(A).on("INVITE", [Answer::new("503 Service Unavailable").with("Retry-After: 300")]);
    world.peer(B).on("INVITE", [Answer::new("180 Ringing").with("Contact: <sip:x@203.0.113.2>")]);
    world.dial();
    world.run(80);
    world.resolved(Ok(&[A, B, "203.0.113.3:5060"]));
    assert_eq!(world.told.last().unwrap().targets.len(), 3);
    world.ladder.clear();
    world.dial();
    assert!(world.ladder[0].ends_with("INVITE -> 203.0.113.2"), "{:?}", world.ladder);
}

#[test]
fn an_answer_nobody_waits_for_changes_nothing() {
    let mut world = named(carrier(&[]));
    world.run(1);
    let (query, _) = world.questions[0].clone();
    world.change(Vec::new());
    world.ladder.clear();
    world.switch.handle_resolved(world.now, query, Ok(vec![udp(A)]));
    world.collect();
    world.check("");
    assert_eq!(world.switch.counts().trunks, Default::default());
}

#[test]
fn what_cannot_be_reached_is_left_out() {
    let mut world = named(carrier(&[]));
    world.peer(A).on("INVITE", [Answer::new("180 Ringing").with("Contact: <sip:x@203.0.113.1>")]);
    world.run(1);
    // The switch listens on IPv4 only.
    world.resolved(Ok(&["[2001:db8::1]:5060", A]));
    assert_eq!(world.told.last().unwrap().targets.len(), 1);
    world.dial();
    assert_eq!(world.failure(), None);
}
