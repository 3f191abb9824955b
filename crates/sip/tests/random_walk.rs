//! Two endpoints do what comes to mind over a bad network. Whatever happens: each session ends once, and nothing is left.

use sip::{Reason, Reply, Transport};

use crate::net::{Net, label, sdp};
use crate::print_again::Dice;

fn walk(seed: u64) {
    let mut dice = Dice(seed * 2 + 1);
    let transport = if seed.is_multiple_of(4) { Transport::Tcp } else { Transport::Udp };
    let mut net = Net::new(transport);
    let mut calls = 0;
    for _ in 0..dice.below(40) + 5 {
        if transport == Transport::Udp && dice.below(4) == 0 {
            let labels =
                ["INVITE", "200 INVITE", "ACK", "BYE", "CANCEL", "487 INVITE", "180 INVITE", "200 BYE", "200 CANCEL"];
            net.lose(dice.pick(&labels));
        }
        let side = dice.below(2);
        let now = net.now;
        let id = net.sides[side].id;
        let endpoint = &mut net.sides[side].endpoint;
        match (dice.below(10), id) {
            (0 | 1, _) if calls < 3 => {
                calls += 1;
                net.call_with(|invite| {
                    if dice.below(3) == 0 {
                        invite.body = None;
                    }
                });
            }
            (2, Some(id)) => endpoint.ring(now, id, 180, None),
            (3 | 4, Some(id)) => endpoint.accept(now, id, sdp("answer")),
            (5, Some(id)) => endpoint.reinvite(now, id, (dice.below(2) == 0).then(|| sdp("offer"))),
            (6, Some(id)) => endpoint.answer_offer(now, id, sdp("ok")),
            (7, Some(id)) => endpoint.refuse_offer(now, id, 488),
            (8, Some(id)) if dice.below(3) == 0 => endpoint.reject(now, id, Reply::new(486)),
            (9, Some(id)) if dice.below(3) == 0 => endpoint.end(now, id, Some(Reason::COMPLETED_ELSEWHERE)),
            _ => {}
        }
        net.collect();
        net.run([0, 5, 10, 20, 200, 1000, 40_000][dice.below(7)]);
    }
    if dice.below(3) == 0 {
        net.is_cut = true;
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
}

#[test]
fn each_session_ends_once_and_nothing_is_left() {
    for seed in 0..400 {
        walk(seed);
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
