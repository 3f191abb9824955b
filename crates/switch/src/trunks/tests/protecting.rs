//! What protects the media of calls to carriers.

use super::peer::Answer;
use super::world::{World, address, carrier};
use crate::settings::{CarrierAccount, MediaProtection, Proxy};
use sip::Transport;

const A: &str = "203.0.113.1:5061";
const B: &str = "203.0.113.2:5061";

/// A carrier that is reached by this transport.
fn reached_by(transport: Transport, protection: MediaProtection, at: &[&str]) -> CarrierAccount {
    let proxies = at.iter().map(|at| Proxy { transport: Some(transport), ..Proxy::at(address(at)) }).collect();
    CarrierAccount { proxies, protection, ..carrier(&[]) }
}

fn ringing() -> Answer {
    Answer::new("180 Ringing").with("Contact: <sip:carrier@203.0.113.1>")
}

fn refused() -> Answer {
    Answer::new("488 Not Acceptable Here")
}

#[test]
fn srtp_is_offered_over_tls_and_where_it_is_required() {
    use MediaProtection::{IfTls, Off, Required};
    let cases = [
        (Transport::Tls, IfTls, true),
        (Transport::Tls, Required, true),
        (Transport::Tls, Off, false),
        (Transport::Udp, IfTls, false),
        (Transport::Tcp, IfTls, false),
        (Transport::Udp, Required, true),
    ];
    for (transport, protection, is_secure) in cases {
        let mut world = World::new(reached_by(transport, protection, &[A]));
        world.peer(A).on("INVITE", [ringing()]);
        world.dial();
        let note = if is_secure { " srtp" } else { "" };
        let first = world.ladder.first().cloned();
        assert_eq!(first, Some(format!("0.0 INVITE{note} -> 203.0.113.1")), "{transport:?} {protection:?}");
        assert_eq!(world.failure(), None);
    }
}

#[test]
fn a_carrier_that_refuses_it_is_called_in_plain_once_and_the_next_time_at_once() {
    for status in ["488 Not Acceptable Here", "415 Unsupported Media Type", "606 Not Acceptable"] {
        let mut world = World::new(reached_by(Transport::Tls, MediaProtection::IfTls, &[A]));
        let answered = Answer::new("200 OK").with("Contact: <sip:carrier@203.0.113.1>");
        let answered = answered.with("Content-Type: application/sdp\r\nBODY");
        world.peer(A).on("INVITE", [Answer::new(status), answered]);
        world.dial();
        let code = status.split(' ').next().unwrap();
        world.check(&format!(
            "
            0.0 INVITE srtp -> 203.0.113.1
              <- {code}
            0.0 == up
            0.0 ACK -> 203.0.113.1
            0.0 INVITE -> 203.0.113.1
              <- 200
            0.0 ACK -> 203.0.113.1
            "
        ));
        world.dial();
        assert!(world.ladder.iter().any(|line| line == "0.0 INVITE -> 203.0.113.1"), "{:?}", world.ladder);
        assert!(!world.ladder.iter().any(|line| line.contains("srtp")), "it is remembered: {:?}", world.ladder);
    }
}

#[test]
fn what_is_remembered_of_a_carrier_is_forgotten_when_it_is_changed_and_after_a_day() {
    let account = reached_by(Transport::Tls, MediaProtection::IfTls, &[A]);
    let mut world = World::new(account.clone());
    let answered = || {
        let answer = Answer::new("200 OK").with("Contact: <sip:carrier@203.0.113.1>");
        answer.with("Content-Type: application/sdp\r\nBODY")
    };
    world.peer(A).on("INVITE", [refused(), answered()]);
    world.dial();
    world.hang_up();
    world.change(vec![CarrierAccount { name: "another".to_owned(), ..account }]);
    world.peer(A).on("INVITE", [refused(), answered()]);
    world.ladder.clear();
    world.dial();
    assert_eq!(world.ladder[0], "0.0 INVITE srtp -> 203.0.113.1");
    world.hang_up();
    world.run(24 * 60 * 60 + 1);
    world.ladder.clear();
    world.dial();
    assert!(world.ladder[0].contains("INVITE srtp"), "{:?}", world.ladder);
}

#[test]
fn one_that_is_required_to_protect_is_not_called_in_plain() {
    let mut world = World::new(reached_by(Transport::Tls, MediaProtection::Required, &[A]));
    world.peer(A).on("INVITE", [refused()]);
    world.dial();
    let invites = world.ladder.iter().filter(|line| line.contains("INVITE")).count();
    assert_eq!(invites, 1, "{:?}", world.ladder);
    assert!(world.failure().is_some());
}

#[test]
fn the_next_proxy_is_still_there_after_another_offer() {
    let mut world = World::new(reached_by(Transport::Tls, MediaProtection::IfTls, &[A, B]));
    world.peer(A).on("INVITE", [refused(), Answer::new("503 Service Unavailable").with("Retry-After: 60")]);
    world.peer(B).on("INVITE", [ringing()]);
    world.dial();
    world.check(
        "
        0.0 INVITE srtp -> 203.0.113.1
          <- 488
        0.0 == up
        0.0 ACK -> 203.0.113.1
        0.0 INVITE -> 203.0.113.1
          <- 503
        0.0 == unknown
        0.0 ACK -> 203.0.113.1
        0.0 INVITE -> 203.0.113.2
          <- 180
        0.0 == up
        ",
    );
}
