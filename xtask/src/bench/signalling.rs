//! What SIP costs in process: one INVITE read, one transaction answered.

use super::report::Report;
use super::stopwatch;
use sip::{Config, Endpoint, Event, Flow, Reply, Request, Transport};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// An INVITE of 831 bytes, the size the other parsers were measured with.
fn invite() -> Vec<u8> {
    let sdp = "v=0\r\no=- 3900000000 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0 8 101\r\n\
               a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n";
    let head = |padding: &str| {
        format!(
            "INVITE sip:07040000001@192.0.2.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK776asdhds;rport\r\n\
             Max-Forwards: 70\r\nFrom: \"Kim Minji\" <sip:01012345678@192.0.2.10>;tag=1928301774\r\nTo: <sip:07040000001@192.0.2.1>\r\n\
             Call-ID: a84b4c76e66710@192.0.2.10\r\nCSeq: 314159 INVITE\r\nContact: <sip:01012345678@192.0.2.10:5060>\r\n\
             Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO\r\nSupported: timer, 100rel\r\nUser-Agent: bench{padding}\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
            sdp.len()
        )
    };
    let short = head("").len();
    head(&"x".repeat(831usize.saturating_sub(short))).into_bytes()
}

/// Reads everything a proxy or PBX looks at first, so that nothing is saved by being lazy.
fn typed(request: &Request) -> usize {
    let via = request.via();
    let (from, to) = (request.from(), request.to());
    via.host().len()
        + via.branch().map_or(0, <[u8]>::len)
        + from.tag().map_or(0, <[u8]>::len)
        + from.uri().map_or(0, |_| 1)
        + to.tag().map_or(0, <[u8]>::len)
        + to.uri().map_or(0, |_| 1)
        + request.call_id().len()
        + request.cseq() as usize
        + usize::from(request.max_forwards().unwrap_or(0))
        + request.body().len()
}

/// Both measurements.
pub fn measure(report: &mut Report) {
    let bytes = invite();
    let cost = stopwatch::measure(|times| {
        for _ in 0..times {
            match Request::parse(black_box(&bytes)) {
                Ok(request) => _ = black_box(typed(&request)),
                Err(problem) => panic!("the benchmark's own INVITE is refused: {problem:?}"),
            }
        }
    });
    let name = format!("INVITE of {} bytes read, core headers typed", bytes.len());
    report.micro(&name, cost, Some(1_500.0), Some(6.0));
    report.micro("OPTIONS answered: one server transaction", transaction(), Some(15_000.0), None);
}

/// A request comes in, the answer goes out, and the transaction ends by its timer: nothing is left behind.
fn transaction() -> stopwatch::Cost {
    let flow = Flow {
        transport: Transport::Udp,
        local: ([192, 0, 2, 1], 5_060).into(),
        remote: ([192, 0, 2, 10], 5_060).into(),
        connection: 0,
    };
    let mut endpoint = Endpoint::new(Config::default(), 1);
    let mut now = Instant::now();
    let mut number = 0u64;
    stopwatch::measure(|times| {
        for _ in 0..times {
            number += 1;
            // A thousand requests a second: timer J keeps 32 s of them.
            now += Duration::from_millis(1);
            let request = format!(
                "OPTIONS sip:192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK{number};rport\r\nMax-Forwards: 70\r\n\
                 From: <sip:a@192.0.2.10>;tag={number}\r\nTo: <sip:192.0.2.1>\r\nCall-ID: {number}@192.0.2.10\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
            );
            endpoint.handle_message(now, flow, request.as_bytes());
            while let Some(event) = endpoint.poll_event() {
                if let Event::Request { transaction, .. } = event {
                    endpoint.respond(now, transaction, Reply::new(200));
                }
            }
            while let Some(sent) = endpoint.poll_transmit() {
                endpoint.recycle(sent.bytes);
            }
            endpoint.handle_timeout(now);
        }
    })
}
