//! Two endpoints do what comes to mind over a bad network. Whatever happens: each session ends once, and nothing is left.

use sip::{Reason, Reply, Transport};

use crate::net::{Net, label, sdp};
use crate::print_again::Dice;

/// What is lost at times.
const LABELS: [&str; 17] = [
    "INVITE",
    "200 INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "487 INVITE",
    "180 INVITE",
    "183 INVITE",
    "200 BYE",
    "200 CANCEL",
    "PRACK",
    "200 PRACK",
    "UPDATE",
    "200 UPDATE",
    "491 INVITE",
    "NOTIFY",
    "REFER",
];

/// One of the things a user may do with a session, in whatever state it is.
fn act(net: &mut Net, dice: &mut Dice, side: usize, step: usize, id: sip::InviteId) {
    let now = net.now;
    let endpoint = &mut net.sides[side].endpoint;
    match step {
        2 => endpoint.ring(now, id, 180, None),
        3 | 4 => endpoint.accept(now, id, sdp("answer")),
        5 => endpoint.reinvite(now, id, (dice.below(2) == 0).then(|| sdp("offer"))),
        6 | 7 => endpoint.answer_offer(now, id, sdp("ok")),
        8 => endpoint.refuse_offer(now, id, 488),
        9 if dice.below(3) == 0 => endpoint.reject(now, id, Reply::new(486)),
        10 if dice.below(3) == 0 => endpoint.end(now, id, Some(Reason::COMPLETED_ELSEWHERE)),
        11 => endpoint.ring(now, id, 183, Some(sdp("early"))),
        12 => endpoint.change(now, id, sdp("change")),
        13 => net.refer(side),
        _ => {}
    }
    if let Some(refer) = net.sides[side].refers.last().copied() {
        let endpoint = &mut net.sides[side].endpoint;
        match dice.below(6) {
            0 => endpoint.accept_refer(now, refer),
            1 => endpoint.refuse_refer(now, refer, 603),
            2 => endpoint.refer_progress(now, refer, 180),
            3 => endpoint.refer_progress(now, refer, 200),
            _ => {}
        }
    }
}

/// What was sent and told.
fn walk(seed: u64) -> String {
    let mut dice = Dice(seed * 2 + 1);
    let transport = if seed.is_multiple_of(4) { Transport::Tcp } else { Transport::Udp };
    let mut net = Net::new(transport);
    let mut calls = 0;
    // Few walks are long enough for a session to be refreshed.
    let is_long = seed.is_multiple_of(8);
    for _ in 0..dice.below(40) + 5 {
        if transport == Transport::Udp && dice.below(4) == 0 {
            net.lose(dice.pick(&LABELS));
        }
        let side = dice.below(2);
        let id = net.sides[side].id;
        match (dice.below(14), id) {
            (0 | 1, _) if calls < 3 => {
                calls += 1;
                net.call_with(|invite| {
                    if dice.below(3) == 0 {
                        invite.body = None;
                    }
                    invite.reliable = dice.below(3) > 0;
                    if invite.reliable && dice.below(2) == 0 {
                        invite.headers.push(("Require", "100rel".to_owned()));
                    }
                });
            }
            (step, Some(id)) => act(&mut net, &mut dice, side, step, id),
            _ => {}
        }
        net.collect();
        net.run([0, 5, 10, 20, 200, 1000, 40_000, 900_000][dice.below(if is_long { 8 } else { 7 })]);
    }
    if dice.below(3) == 0 {
        net.is_cut = true;
    }
    if is_long && dice.below(2) == 0 {
        // Nobody hangs up: what is up ends by its session timer.
        net.is_cut = true;
        net.run(2_000_000);
    }
    // What is under way arrives or is lost: nobody answers an INVITE that comes after the hang-up.
    net.run(1000);
    // Everyone hangs up, whatever the state; ids that are gone do no harm.
    for side in 0..2 {
        for number in 0..200 {
            let now = net.now;
            net.sides[side].endpoint.end(now, sip::InviteId(number), None);
        }
    }
    net.collect();
    net.drain();
    for side in 0..2 {
        let told = &net.sides[side].told;
        let begun = told.iter().filter(|event| *event == "Invite").count() + if side == 0 { calls } else { 0 };
        let ended = told.iter().filter(|event| event.starts_with("Ended") || event.starts_with("Refused")).count();
        assert_eq!(begun, ended, "seed {seed}, side {side}: {told:?}\n{}", net.ladder);
    }
    format!("{}{}{}", net.ladder, net.told(0), net.told(1))
}

#[test]
fn each_session_ends_once_and_nothing_is_left() {
    let all: String = (0..800).map(walk).collect();
    // The walks come by what they are meant to meet.
    let met =
        ["200 PRACK", "504 INVITE", "200 UPDATE", "491 UPDATE", "491 INVITE", "500 INVITE", "NOTIFY", "603 REFER"];
    let told =
        ["OfferAnswered", "OfferRefused", "Ended SessionExpired", "Ended NoAck", "Ended Timeout", "Refer sip:7@h"];
    for word in met.iter().chain(&told) {
        assert!(all.contains(word), "no walk has {word}");
    }
}

#[test]
fn labels_are_what_the_network_loses() {
    assert_eq!(
        label(
            b"BYE sip:a SIP/2.0\r\nv: SIP/2.0/UDP h\r\nf: <sip:a>;tag=1\r\nt: <sip:b>\r\ni: c\r\nCSeq: 1 BYE\r\n\r\n"
        ),
        "BYE"
    );
}
