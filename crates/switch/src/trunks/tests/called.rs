//! Calls from carriers: whose they are, and for which number.

use super::peer::granted;
use super::world::{CARRIER, SDP, World, registering};
use crate::CarrierAccount;
use pbx::E164;

const A: &str = "203.0.113.1:5060";
const STRANGER: &str = "198.51.100.7:5060";

fn e164(text: &str) -> E164 {
    text.parse().unwrap()
}

fn world(numbers: &[(&str, &str)]) -> World {
    let numbers = numbers.iter().map(|(from, to)| (e164(from), e164(to))).collect();
    let mut world = World::new(CarrierAccount { numbers, ..registering(&[A]) });
    world.peer(A).on("REGISTER", [granted(600)]);
    world.run(1);
    world
}

fn invite(uri: &str, to: &str, more: &str) -> String {
    format!(
        "INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bK77\r\nFrom: <sip:01055556666@carrier.test>;tag=9\r\n\
         To: <{to}>\r\nCall-ID: in1\r\nCSeq: 1 INVITE\r\nContact: <sip:carrier@203.0.113.1>\r\nMax-Forwards: 70\r\n{more}\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{SDP}",
        SDP.len()
    )
}

/// The number that the call which arrived is for.
fn called(world: &World) -> Option<E164> {
    world.switch.business().live_calls().last().and_then(|call| call.to.parse().ok())
}

const MINE: &str = "+827040000001";

#[test]
fn the_contact_makes_a_call_the_carriers_wherever_it_comes_from() {
    let mut world = world(&[]);
    world.receive(STRANGER, &invite("sip:c0ffee@192.0.2.1:5060", "sip:07040000001@carrier.test", ""));
    assert_eq!(called(&world), Some(e164(MINE)));
}

#[test]
fn so_does_the_address_of_its_proxy() {
    let mut world = world(&[]);
    world.receive("203.0.113.1:40000", &invite("sip:07040000001@192.0.2.1", "sip:x@carrier.test", ""));
    assert_eq!(called(&world), Some(e164(MINE)));
}

#[test]
fn anybody_else_is_challenged() {
    let mut world = world(&[]);
    let request = invite("sip:07040000001@192.0.2.1", "sip:07040000001@carrier.test", "");
    let read = sip::Request::parse(request.as_bytes()).unwrap();
    let flow = |from: &str| sip::Flow {
        transport: sip::Transport::Udp,
        local: "192.0.2.1:5060".parse().unwrap(),
        remote: from.parse().unwrap(),
        connection: 0,
    };
    assert!(world.switch.carrier_of(&read, flow(STRANGER)).is_none());
    assert_eq!(world.switch.carrier_of(&read, flow(A)).map(|account| account.id), Some(CARRIER));
    world.receive(STRANGER, &request);
    assert_eq!(called(&world), None);
}

#[test]
fn the_number_stands_where_the_carrier_put_it() {
    for (uri, to, more) in [
        ("sip:+827040000001@192.0.2.1", "sip:someone@else.test", ""),
        ("sip:c0ffee@192.0.2.1", "sip:+827040000001@carrier.test", ""),
        ("sip:c0ffee@192.0.2.1", "sip:trunk1@carrier.test", "P-Called-Party-ID: <sip:07040000001@carrier.test>\r\n"),
        // What was dialled first stands in To; where the call came in the end, in P-Called-Party-ID (RFC 7315 4.2).
        (
            "sip:c0ffee@192.0.2.1",
            "sip:+827050000005@carrier.test",
            "P-Called-Party-ID: <sip:07040000001@carrier.test>\r\n",
        ),
    ] {
        let mut world = world(&[("+827040000000", "+827050000009")]);
        world.receive(A, &invite(uri, to, more));
        assert_eq!(called(&world), Some(e164(MINE)), "{uri} {to} {more}");
    }
}

#[test]
fn a_trunk_of_one_number_needs_no_number_in_the_call() {
    let mut world = world(&[(MINE, MINE)]);
    world.receive(A, &invite("sip:c0ffee@192.0.2.1", "sip:trunk1@carrier.test", ""));
    assert_eq!(called(&world), Some(e164(MINE)));
}
