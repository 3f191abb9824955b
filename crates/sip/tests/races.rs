//! CANCEL, BYE and answers that cross (RFC 3261 9, 15).

use sip::{Reason, Transport};
use std::time::Duration;

use crate::ladder::{check, check_over};
use crate::net::sdp;

#[test]
fn cancel_waits_for_a_provisional_response() {
    check(
        |net| {
            let a = net.call();
            net.sides[0].endpoint.end(net.now, a, Some(Reason::COMPLETED_ELSEWHERE));
            net.run(1000);
            assert_eq!(net.told(0), "Ended Local");
            assert_eq!(net.told(1), "Invite, Ended Cancelled SIP;cause=200;text=\"Call completed elsewhere\"");
        },
        "
        0.00 |--INVITE-------->|
        0.21 |<----100 INVITE--|
        0.22 |--CANCEL-------->|
        0.23 |<----200 CANCEL--|
        0.23 |<----487 INVITE--|
        0.24 |--ACK----------->|
        ",
    );
}

#[test]
fn answer_crosses_cancel() {
    check(
        |net| {
            let a = net.call();
            net.run(50);
            let b = net.sides[1].id.unwrap();
            net.sides[1].endpoint.ring(net.now, b, 180, None);
            net.run(50);
            net.sides[0].endpoint.end(net.now, a, Some(Reason::COMPLETED_ELSEWHERE));
            net.sides[1].endpoint.accept(net.now, b, sdp("answer"));
            net.run(1000);
            assert_eq!(net.told(0), "Rang 180, Ended Local");
            assert_eq!(net.told(1), "Invite, Confirmed, Ended Bye");
        },
        "
        0.00 |--INVITE-------->|
        0.05 |<----180 INVITE--|
        0.10 |--CANCEL-------->|
        0.10 |<----200 INVITE--|
        0.11 |<----200 CANCEL--|
        0.11 |--ACK----------->|
        0.11 |--BYE----------->|
        0.12 |<-------200 BYE--|
        ",
    );
}

#[test]
fn refusal_crosses_cancel() {
    check_over(
        Transport::Ws,
        |net| {
            let a = net.call();
            net.run(50);
            let b = net.sides[1].id.unwrap();
            net.sides[1].endpoint.ring(net.now, b, 180, None);
            net.run(50);
            net.sides[0].endpoint.end(net.now, a, None);
            net.sides[1].endpoint.reject(net.now, b, sip::Reply::new(486));
            net.run(1000);
            assert_eq!(net.told(0), "Rang 180, Ended Local");
            assert_eq!(net.told(1), "Invite, Ended Local");
        },
        "
        0.00 |--INVITE-------->|
        0.05 |<----180 INVITE--|
        0.10 |--CANCEL-------->|
        0.10 |<----486 INVITE--|
        0.11 |<----200 CANCEL--|
        0.11 |--ACK----------->|
        ",
    );
}

#[test]
fn lost_cancel_is_repeated() {
    check(
        |net| {
            let a = net.call();
            net.run(300);
            net.lose("CANCEL");
            net.sides[0].endpoint.end(net.now, a, None);
            net.run(2000);
        },
        "
        0.00 |--INVITE-------->|
        0.21 |<----100 INVITE--|
        0.30 |--CANCEL-----X   |
        0.80 |--CANCEL-------->|
        0.81 |<----200 CANCEL--|
        0.81 |<----487 INVITE--|
        0.82 |--ACK----------->|
        ",
    );
}

#[test]
fn both_hang_up_at_once() {
    check(
        |net| {
            let (a, b) = net.up();
            net.sides[0].endpoint.end(net.now, a, None);
            net.sides[1].endpoint.end(net.now, b, None);
            net.run(1000);
            assert_eq!((net.told(0), net.told(1)), ("Ended Local".into(), "Ended Local".into()));
        },
        "
        0.00 |--BYE----------->|
        0.00 |<-----------BYE--|
        0.01 |<-------200 BYE--|
        0.01 |--200 BYE------->|
        ",
    );
}

#[test]
fn callee_hangs_up_before_the_ack() {
    check(
        |net| {
            net.call();
            net.run(50);
            let b = net.sides[1].id.unwrap();
            net.lose("200 INVITE");
            net.sides[1].endpoint.accept(net.now, b, sdp("answer"));
            net.sides[1].endpoint.end(net.now, b, None);
            net.run(2000);
            assert_eq!(net.told(0), "Answered answer, Ended Bye");
            assert_eq!(net.told(1), "Invite, Ended Local");
        },
        "
        0.00 |--INVITE-------->|
        0.05 |   X-200 INVITE--|
        0.50 |--INVITE-------->|
        0.55 |<----200 INVITE--|
        0.56 |--ACK----------->|
        0.57 |<-----------BYE--|
        0.58 |--200 BYE------->|
        ",
    );
}

#[test]
fn callee_ends_before_answering() {
    check(
        |net| {
            net.call();
            net.run(50);
            let b = net.sides[1].id.unwrap();
            let busy = Reason { protocol_cause: ("SIP", 486), text: "Busy" };
            net.sides[1].endpoint.end(net.now, b, Some(busy));
            net.run(100);
            assert_eq!(net.told(0), "Refused 486");
        },
        "
        0.00 |--INVITE-------->|
        0.05 |<----486 INVITE--|
        0.06 |--ACK----------->|
        ",
    );
}

#[test]
fn ring_limit_cancels() {
    check(
        |net| {
            net.call_with(|invite| invite.ring_limit = Some(Duration::from_secs(20)));
            net.run(50);
            let b = net.sides[1].id.unwrap();
            net.sides[1].endpoint.ring(net.now, b, 180, None);
            net.run(30_000);
            assert_eq!(net.told(0), "Rang 180, Refused 408");
            assert_eq!(net.told(1), "Invite, Ended Cancelled");
        },
        "
        0.00 |--INVITE-------->|
        0.05 |<----180 INVITE--|
        20.00 |--CANCEL-------->|
        20.01 |<----200 CANCEL--|
        20.01 |<----487 INVITE--|
        20.02 |--ACK----------->|
        ",
    );
}

#[test]
fn cancel_after_the_answer_changes_nothing() {
    check(
        |net| {
            let a = net.call();
            net.run(50);
            let b = net.sides[1].id.unwrap();
            net.sides[1].endpoint.ring(net.now, b, 180, None);
            net.run(15);
            net.sides[1].endpoint.accept(net.now, b, sdp("answer"));
            net.run(5);
            net.sides[0].endpoint.end(net.now, a, None);
            net.run(1000);
            assert_eq!(net.told(1), "Invite, Confirmed, Ended Bye");
        },
        "
        0.00 |--INVITE-------->|
        0.05 |<----180 INVITE--|
        0.07 |<----200 INVITE--|
        0.07 |--CANCEL-------->|
        0.07 |--ACK----------->|
        0.07 |--BYE----------->|
        0.08 |<----200 CANCEL--|
        0.09 |<-------200 BYE--|
        ",
    );
}

#[test]
fn ringing_is_repeated_each_minute() {
    check(
        |net| {
            let a = net.call_with(|invite| invite.reliable = false);
            net.run(50);
            let b = net.sides[1].id.unwrap();
            net.sides[1].endpoint.ring(net.now, b, 183, Some(sdp("early")));
            net.run(100_000);
            assert_eq!(net.told(0), "Rang 183 early, Rang 183 early");
            net.sides[0].endpoint.end(net.now, a, None);
        },
        "
        0.00 |--INVITE-------->|
        0.05 |<----183 INVITE--|
        60.05 |<----183 INVITE--|
        100.05 |--CANCEL-------->|
        100.06 |<----200 CANCEL--|
        100.06 |<----487 INVITE--|
        100.07 |--ACK----------->|
        ",
    );
}
