//! REGISTER: challenged, too brief, refused, refreshed, failed over, taken back.

use super::peer::{Answer, Manner, challenge, granted};
use super::world::{CARRIER, World, address, registering};
use crate::trunks::TrunkCondition;
use sip::Transport;

const A: &str = "203.0.113.1:5060";
const B: &str = "203.0.113.2:5060";

#[test]
fn registers_with_its_password_and_refreshes() {
    let mut world = World::new(registering(&[A]));
    world.peer(A).on("REGISTER", [challenge(), granted(600), challenge(), granted(600)]);
    world.run(600);
    world.check(
        "
        0.0 == unregistered
        0.0 REGISTER 600 s -> 203.0.113.1
          <- 401
        0.0 REGISTER 600 s signed -> 203.0.113.1
          <- 200
        0.0 == registered
        480.0 REGISTER 600 s -> 203.0.113.1
          <- 401
        480.0 REGISTER 600 s signed -> 203.0.113.1
          <- 200
        ",
    );
    let request = &world.sent[2];
    for line in [
        "REGISTER sip:carrier.test SIP/2.0",
        "Contact: <sip:c0ffee@192.0.2.1:5060>",
        "To: <sip:trunk1@carrier.test>",
        "username=\"trunk1\"",
        "uri=\"sip:carrier.test\"",
    ] {
        assert!(request.contains(line), "{line} in {request}");
    }
    let field = |message: &str, name: &str| message.split("\r\n").find_map(|l| l.strip_prefix(name).map(str::to_owned));
    assert_eq!(field(&world.sent[0], "Call-ID: "), field(&world.sent[4], "Call-ID: "), "one registration, one Call-ID");
    let number =
        |at: usize| field(&world.sent[at], "CSeq: ").unwrap().split(' ').next().unwrap().parse::<u32>().unwrap();
    assert!(number(0) < number(2) && number(2) < number(4), "CSeq grows (RFC 3261 10.2)");
}

#[test]
fn takes_the_least_expiry_the_registrar_takes() {
    let mut world = World::new(registering(&[A]));
    world.peer(A).on("REGISTER", [Answer::new("423 Interval Too Brief").with("Min-Expires: 1800"), granted(1800)]);
    world.run(1500);
    world.check(
        "
        0.0 == unregistered
        0.0 REGISTER 600 s -> 203.0.113.1
          <- 423
        0.0 REGISTER 1800 s -> 203.0.113.1
          <- 200
        0.0 == registered
        1440.0 REGISTER 1800 s -> 203.0.113.1
          <- 200
        ",
    );
}

#[test]
fn a_registrar_that_is_never_content_is_not_asked_without_end() {
    let mut world = World::new(registering(&[A]));
    // It names a larger one each time.
    let brief = |least: u32| Answer::new("423 Interval Too Brief").with(&format!("Min-Expires: {least}"));
    world.peer(A).on("REGISTER", [brief(700), brief(800), brief(900), brief(1000), brief(1100)]);
    world.run(1);
    assert_eq!(world.sent.iter().filter(|m| m.starts_with("REGISTER")).count(), 3);
    assert_eq!(world.condition(), TrunkCondition::Unregistered);
}

#[test]
fn a_refused_account_is_asked_seldom() {
    let mut world = World::new(registering(&[A, B]));
    world.peer(A).on("REGISTER", [challenge(), Answer::new("403 Forbidden"), granted(600)]);
    world.run(200);
    world.check(
        "
        0.0 == unregistered
        0.0 REGISTER 600 s -> 203.0.113.1
          <- 401
        0.0 REGISTER 600 s signed -> 203.0.113.1
          <- 403
        0.0 == refused, 403
        ",
    );
    world.run(400);
    assert_eq!(world.condition(), TrunkCondition::Registered, "{:?}", world.ladder);
    assert_eq!(world.sent.iter().filter(|m| m.starts_with("REGISTER")).count(), 3);
}

#[test]
fn a_wrong_password_is_a_refusal() {
    let mut world = World::new(registering(&[A]));
    world.peer(A).on("REGISTER", [challenge()]);
    world.run(250);
    assert_eq!(world.condition(), TrunkCondition::Refused);
    assert_eq!(
        world.sent.iter().filter(|m| m.starts_with("REGISTER")).count(),
        2,
        "once with credentials, then a pause"
    );
}

#[test]
fn goes_to_the_next_proxy_and_stays_there() {
    let mut world = World::new(registering(&[A, B]));
    world.peer(A).manner = Manner::Silent;
    world.peer(B).on("REGISTER", [granted(100)]);
    world.run(150);
    world.check(
        "
        0.0 == unregistered
        0.0 REGISTER 600 s -> 203.0.113.1
        32.0 == unregistered, no answer
        32.0 REGISTER 600 s -> 203.0.113.2
          <- 200
        32.0 == registered
        112.0 REGISTER 600 s -> 203.0.113.2
          <- 200
        ",
    );
}

#[test]
fn pauses_grow_while_nobody_takes_it() {
    let mut world = World::new(registering(&[A]));
    world.peer(A).manner = Manner::Refuses;
    world.run(3600);
    let times: Vec<f64> = world
        .ladder
        .iter()
        .filter(|line| line.contains("REGISTER"))
        .map(|line| line.split(' ').next().unwrap().parse().unwrap())
        .collect();
    let pauses: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (turn, pause) in pauses.iter().enumerate() {
        let longest = (4.0 * 2_f64.powi(i32::try_from(turn).unwrap())).min(300.0);
        assert!((longest * 0.49..=longest * 1.01).contains(pause), "pause {turn} of {pauses:?}");
    }
    assert!((15..=30).contains(&pauses.len()), "{}", pauses.len());
    assert_eq!(world.condition(), TrunkCondition::Unregistered);
}

#[test]
fn a_registrar_that_asks_for_a_pause_gets_it() {
    let mut world = World::new(registering(&[A]));
    world.peer(A).on("REGISTER", [Answer::new("503 Service Unavailable").with("Retry-After: 120"), granted(600)]);
    world.run(119);
    assert_eq!(world.sent.iter().filter(|m| m.starts_with("REGISTER")).count(), 1);
    world.run(2);
    assert_eq!(world.condition(), TrunkCondition::Registered);
}

#[test]
fn what_was_granted_runs_out_when_refreshing_fails() {
    let mut world = World::new(registering(&[A]));
    world.peer(A).on("REGISTER", [granted(100)]);
    world.run(50);
    world.peer(A).manner = Manner::Silent;
    world.run(49);
    assert_eq!(world.condition(), TrunkCondition::Registered);
    world.run(20);
    assert_eq!(world.condition(), TrunkCondition::Unregistered);
    world.peer(A).manner = Manner::Answers;
    world.run(300);
    assert_eq!(world.condition(), TrunkCondition::Registered);
}

#[test]
fn a_carrier_that_is_removed_is_told() {
    let mut world = World::new(registering(&[A]));
    world.peer(A).on("REGISTER", [granted(600), challenge(), granted(0)]);
    world.run(10);
    world.ladder.clear();
    world.change(Vec::new());
    world.run(1000);
    world.check(
        "
        10.0 == gone
        10.0 REGISTER 0 s -> 203.0.113.1
          <- 401
        10.0 REGISTER 0 s signed -> 203.0.113.1
          <- 200
        ",
    );
    assert_eq!(world.switch.counts().trunks, Default::default());
    assert_eq!(world.switch.counts().sip.client_transactions, 0);
}

#[test]
fn a_change_of_something_else_leaves_the_binding_alone() {
    let mut world = World::new(registering(&[A]));
    world.peer(A).on("REGISTER", [granted(600)]);
    world.run(10);
    world.ladder.clear();
    world.change(vec![crate::CarrierAccount { name: "other".to_owned(), ..registering(&[A]) }]);
    world.run(10);
    world.check("");
    // Another way to the same registrar replaces the binding, for taking it back might overtake the new one.
    world.peer(B).on("REGISTER", [granted(600)]);
    world.change(vec![registering(&[B])]);
    world.run(10);
    world.check(
        "
        20.0 == unregistered
        20.0 REGISTER 600 s -> 203.0.113.2
          <- 200
        20.0 == registered
        ",
    );
}

#[test]
fn a_stopping_server_takes_its_bindings_back() {
    let mut world = World::new(registering(&[A]));
    world.peer(A).on("REGISTER", [granted(600)]);
    world.run(10);
    assert!(world.switch.trunks_left(), "nothing is waited for before it is asked");
    world.ladder.clear();
    world.switch.leave_trunks(world.now);
    world.collect();
    assert!(world.switch.trunks_left());
    world.run(2000);
    world.check("10.0 REGISTER 0 s -> 203.0.113.1\n  <- 200");
}

#[test]
fn a_dead_registrar_does_not_hold_up_the_stop() {
    let mut world = World::new(registering(&[A]));
    world.peer(A).on("REGISTER", [granted(600)]);
    world.run(10);
    world.peer(A).manner = Manner::Silent;
    world.switch.leave_trunks(world.now);
    world.collect();
    assert!(!world.switch.trunks_left());
    world.run(2);
    assert!(world.switch.trunks_left());
}

#[test]
fn a_lost_connection_is_a_lost_binding() {
    let mut account = registering(&[A]);
    account.proxies[0].transport = Some(Transport::Tcp);
    let mut world = World::new(account);
    world.peer(A).on("REGISTER", [granted(600)]);
    world.run(10);
    assert!(world.sent[0].contains("transport=tcp>"), "{}", world.sent[0]);
    world.ladder.clear();
    world.switch.handle_connection_closed(world.now, 1);
    world.collect();
    world.check("10.0 REGISTER 600 s -> 203.0.113.1\n  <- 200");
    world.switch.handle_connection_closed(world.now, 77);
    world.collect();
    world.check("");
    assert_eq!(world.switch.trunks.trunks[&CARRIER].targets[0].target.address, address(A));
}

#[test]
fn a_grant_that_leaves_our_contact_out_counts_by_its_expires() {
    let mut world = World::new(registering(&[A]));
    let other = Answer::new("200 OK").with("Contact: <sip:other@192.0.2.99>;expires=5000").with("Expires: 100");
    world.peer(A).on("REGISTER", [other]);
    world.run(90);
    assert_eq!(world.sent.iter().filter(|m| m.starts_with("REGISTER")).count(), 2, "again at 80 s");
}
