//! Ladders a person would draw: time in seconds, the caller on the left.

use sip::{Reason, Reply, Transport};

use crate::net::{Net, sdp};

/// Runs a scenario over UDP, lets everything run out, and compares the messages with the expected ladder.
#[track_caller]
pub fn check(scenario: impl FnOnce(&mut Net), expected_ladder: &str) {
    check_over(Transport::Udp, scenario, expected_ladder);
}

#[track_caller]
pub fn check_over(transport: Transport, scenario: impl FnOnce(&mut Net), expected_ladder: &str) {
    let mut net = Net::new(transport);
    scenario(&mut net);
    net.drain();
    let plain = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
    };
    assert!(plain(&net.ladder) == plain(expected_ladder), "ladder was\n{}", net.ladder);
}

#[test]
fn call_answered_and_ended_by_the_caller() {
    check(
        |net| {
            let a = net.call();
            net.run(50);
            let b = net.sides[1].id.unwrap();
            net.sides[1].endpoint.ring(net.now, b, 180, None);
            net.run(950);
            net.sides[1].endpoint.accept(net.now, b, sdp("answer"));
            net.run(1000);
            net.sides[0].endpoint.end(net.now, a, None);
            net.run(1000);
            assert_eq!(net.told(0), "Rang 180, Answered answer, Ended Local");
            assert_eq!(net.told(1), "Invite, Confirmed, Ended Bye");
        },
        "
        0.00 |--INVITE-------->|
        0.05 |<----180 INVITE--|
        1.00 |<----200 INVITE--|
        1.01 |--ACK----------->|
        2.00 |--BYE----------->|
        2.01 |<-------200 BYE--|
        ",
    );
}

#[test]
fn trying_goes_out_by_itself_and_the_callee_ends() {
    check(
        |net| {
            net.call();
            net.run(500);
            let b = net.sides[1].id.unwrap();
            net.sides[1].endpoint.accept(net.now, b, sdp("answer"));
            net.run(500);
            let reason = Reason { protocol_cause: ("Q.850", 16), text: "Normal" };
            net.sides[1].endpoint.end(net.now, b, Some(reason));
            net.run(500);
            assert_eq!(net.told(0), "Answered answer, Ended Bye Q.850;cause=16;text=\"Normal\"");
        },
        "
        0.00 |--INVITE-------->|
        0.21 |<----100 INVITE--|
        0.50 |<----200 INVITE--|
        0.51 |--ACK----------->|
        1.00 |<-----------BYE--|
        1.01 |--200 BYE------->|
        ",
    );
}

#[test]
fn refusal_is_acknowledged_and_repeated_until_then() {
    check(
        |net| {
            net.call();
            net.run(50);
            let b = net.sides[1].id.unwrap();
            net.lose("ACK");
            net.sides[1].endpoint.reject(net.now, b, Reply::new(486));
            net.run(3000);
            assert_eq!(net.told(0), "Refused 486");
            assert_eq!(net.told(1), "Invite, Ended Local");
        },
        "
        0.00 |--INVITE-------->|
        0.05 |<----486 INVITE--|
        0.06 |--ACK--------X   |
        0.55 |<----486 INVITE--|
        0.56 |--ACK----------->|
        ",
    );
}

#[test]
fn lost_invite_and_lost_answer_are_repeated() {
    check(
        |net| {
            net.lose("INVITE");
            let a = net.call();
            net.run(600);
            let b = net.sides[1].id.unwrap();
            net.lose("200 INVITE");
            net.lose("ACK");
            net.sides[1].endpoint.accept(net.now, b, sdp("answer"));
            net.run(5000);
            assert_eq!(net.told(0), "Answered answer");
            assert_eq!(net.told(1), "Invite, Confirmed");
            net.sides[0].endpoint.end(net.now, a, None);
        },
        "
        0.00 |--INVITE-----X   |
        0.50 |--INVITE-------->|
        0.60 |   X-200 INVITE--|
        1.10 |<----200 INVITE--|
        1.11 |--ACK--------X   |
        2.10 |<----200 INVITE--|
        2.11 |--ACK----------->|
        5.60 |--BYE----------->|
        5.61 |<-------200 BYE--|
        ",
    );
}

#[test]
fn over_tcp_nothing_is_repeated_and_transactions_end_at_once() {
    check_over(
        Transport::Tcp,
        |net| {
            let a = net.call();
            net.run(50);
            let b = net.sides[1].id.unwrap();
            net.sides[1].endpoint.reject(net.now, b, Reply::new(603));
            net.run(100);
            assert_eq!(net.counts(1).server_transactions, 0);
            assert_eq!(net.counts(0).client_transactions, 0);
            assert_eq!(net.told(0), "Refused 603");
            net.sides[0].endpoint.end(net.now, a, None);
        },
        "
        0.00 |--INVITE-------->|
        0.05 |<----603 INVITE--|
        0.06 |--ACK----------->|
        ",
    );
}

#[test]
fn empty_invite_and_the_answer_in_the_ack() {
    check(
        |net| {
            let a = net.call_with(|invite| invite.body = None);
            net.run(50);
            let b = net.sides[1].id.unwrap();
            net.sides[1].endpoint.accept(net.now, b, sdp("late offer"));
            net.run(600);
            net.sides[0].endpoint.answer_offer(net.now, a, sdp("late answer"));
            net.run(600);
            assert_eq!(net.told(0), "Answered late offer");
            assert_eq!(net.told(1), "Invite, Confirmed late answer");
            net.sides[1].endpoint.end(net.now, b, None);
        },
        "
        0.00 |--INVITE-------->|
        0.05 |<----200 INVITE--|
        0.55 |<----200 INVITE--|
        0.65 |--ACK----------->|
        1.25 |<-----------BYE--|
        1.26 |--200 BYE------->|
        ",
    );
}
