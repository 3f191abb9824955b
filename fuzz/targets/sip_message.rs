//! One datagram of SIP, to the parser and to an endpoint.

use sip::{Config, Endpoint, Flow, Request, Response, Transport};
use std::time::{Duration, Instant};

/// Whatever the bytes are: no panic; what is read can be printed and read again; an endpoint is left with nothing running.
pub fn run(bytes: &[u8]) {
    if let Ok(request) = Request::parse(bytes) {
        let mut printed = Vec::new();
        request.print(&mut printed);
        assert!(Request::parse(&printed).is_ok(), "a printed request is not read again");
    }
    if let Ok(response) = Response::parse(bytes) {
        let mut printed = Vec::new();
        response.print(&mut printed);
        assert!(Response::parse(&printed).is_ok(), "a printed response is not read again");
    }
    let flow = Flow {
        transport: Transport::Udp,
        local: ([192, 0, 2, 1], 5060).into(),
        remote: ([192, 0, 2, 10], 5060).into(),
        connection: 0,
    };
    let mut now = Instant::now();
    let mut endpoint = Endpoint::new(Config::default(), 1);
    endpoint.handle_message(now, flow, bytes);
    // Nobody answers: every timer runs out within the longest of RFC 3261, timer C of three minutes, and then some.
    for _ in 0..10_000 {
        while endpoint.poll_event().is_some() {}
        while endpoint.poll_transmit().is_some() {}
        let Some(at) = endpoint.next_timeout() else { return };
        now = at.max(now + Duration::from_millis(1));
        endpoint.handle_timeout(now);
    }
    panic!("a timer starts itself for ever");
}
