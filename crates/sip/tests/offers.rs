//! Changes within a call: hold, glare, UPDATE's kin, refusals (RFC 3261 14).

use crate::ladder::check;
use crate::net::sdp;

#[test]
fn hold_by_the_callee_and_resume() {
    check(
        |net| {
            let (a, b) = net.up();
            for (offer, answer) in [("hold", "held"), ("resume", "resumed")] {
                net.sides[1].endpoint.reinvite(net.now, b, Some(sdp(offer)));
                net.run(100);
                net.sides[0].endpoint.answer_offer(net.now, a, sdp(answer));
                net.run(900);
            }
            assert_eq!(net.told(0), "Offer hold, Offer resume");
            assert_eq!(net.told(1), "OfferAnswered held, OfferAnswered resumed");
            net.sides[0].endpoint.end(net.now, a, None);
        },
        "
        0.00 |<--------INVITE--|
        0.10 |--200 INVITE---->|
        0.11 |<-----------ACK--|
        1.00 |<--------INVITE--|
        1.10 |--200 INVITE---->|
        1.11 |<-----------ACK--|
        2.00 |--BYE----------->|
        2.01 |<-------200 BYE--|
        ",
    );
}

#[test]
fn refused_offer_leaves_the_call_up() {
    check(
        |net| {
            let (a, b) = net.up();
            net.sides[0].endpoint.reinvite(net.now, a, Some(sdp("video")));
            net.run(100);
            net.sides[1].endpoint.refuse_offer(net.now, b, 488);
            net.run(100);
            assert_eq!(net.told(0), "OfferRefused 488");
            net.sides[0].endpoint.end(net.now, a, None);
        },
        "
        0.00 |--INVITE-------->|
        0.10 |<----488 INVITE--|
        0.11 |--ACK----------->|
        0.20 |--BYE----------->|
        0.21 |<-------200 BYE--|
        ",
    );
}

#[test]
fn empty_reinvite_asks_for_an_offer() {
    check(
        |net| {
            let (a, b) = net.up();
            net.sides[1].endpoint.reinvite(net.now, b, None);
            net.run(100);
            net.sides[0].endpoint.answer_offer(net.now, a, sdp("offer 2"));
            net.run(100);
            net.sides[1].endpoint.answer_offer(net.now, b, sdp("answer 2"));
            net.run(100);
            assert_eq!(net.told(0), "Offer, OfferAnswered answer 2");
            assert_eq!(net.told(1), "Offer offer 2");
            net.sides[1].endpoint.end(net.now, b, None);
        },
        "
        0.00 |<--------INVITE--|
        0.10 |--200 INVITE---->|
        0.20 |<-----------ACK--|
        0.30 |<-----------BYE--|
        0.31 |--200 BYE------->|
        ",
    );
}

#[test]
fn glare_is_resolved_by_waiting() {
    let mut net = crate::net::Net::new(sip::Transport::Udp);
    let (a, b) = net.up();
    net.sides[0].endpoint.reinvite(net.now, a, Some(sdp("from a")));
    net.sides[1].endpoint.reinvite(net.now, b, Some(sdp("from b")));
    net.run(25);
    let glare = "
  0.00 |--INVITE-------->|
  0.00 |<--------INVITE--|
  0.01 |<----491 INVITE--|
  0.01 |--491 INVITE---->|
  0.02 |--ACK----------->|
  0.02 |<-----------ACK--|";
    assert_eq!(net.ladder.trim(), glare.trim(), "{}", net.ladder);
    // The callee waits up to 2 s, the caller at least 2.1 s.
    net.run(2000);
    assert_eq!((net.told(0).as_str(), net.told(1).as_str()), ("Offer from b", ""));
    net.sides[0].endpoint.answer_offer(net.now, a, sdp("to b"));
    net.run(5000);
    assert_eq!(net.told(1), "OfferAnswered to b, Offer from a");
    net.sides[1].endpoint.answer_offer(net.now, b, sdp("to a"));
    net.run(1000);
    assert_eq!(net.told(0), "Offer from b, OfferAnswered to a");
    net.sides[0].endpoint.end(net.now, a, None);
    net.drain();
}

#[test]
fn latest_of_the_waiting_offers_is_sent() {
    let mut net = crate::net::Net::new(sip::Transport::Udp);
    let (a, b) = net.up();
    for offer in ["1", "2", "3"] {
        net.sides[0].endpoint.reinvite(net.now, a, Some(sdp(offer)));
    }
    net.run(50);
    net.sides[1].endpoint.answer_offer(net.now, b, sdp("ok 1"));
    net.run(50);
    net.sides[1].endpoint.answer_offer(net.now, b, sdp("ok 3"));
    net.run(50);
    assert_eq!(net.told(0), "OfferAnswered ok 1, OfferAnswered ok 3");
    assert_eq!(net.told(1), "Offer 1, Offer 3");
    net.sides[1].endpoint.end(net.now, b, None);
    net.drain();
}

#[test]
fn call_ends_while_an_offer_waits() {
    check(
        |net| {
            let (a, b) = net.up();
            net.sides[0].endpoint.reinvite(net.now, a, Some(sdp("hold")));
            net.run(50);
            net.sides[1].endpoint.end(net.now, b, None);
            net.run(100);
            assert_eq!(net.told(0), "OfferRefused 487, Ended Bye");
        },
        "
        0.00 |--INVITE-------->|
        0.05 |<----487 INVITE--|
        0.05 |<-----------BYE--|
        0.06 |--ACK----------->|
        0.06 |--200 BYE------->|
        ",
    );
}

#[test]
fn late_offer_of_the_caller_within_the_call() {
    check(
        |net| {
            let (a, b) = net.up();
            net.sides[0].endpoint.reinvite(net.now, a, None);
            net.run(50);
            net.sides[1].endpoint.answer_offer(net.now, b, sdp("offer 2"));
            net.lose("ACK");
            net.run(50);
            net.sides[0].endpoint.answer_offer(net.now, a, sdp("answer 2"));
            net.run(1000);
            assert_eq!(net.told(0), "Offer offer 2");
            assert_eq!(net.told(1), "Offer, OfferAnswered answer 2");
            net.sides[0].endpoint.end(net.now, a, None);
        },
        "
        0.00 |--INVITE-------->|
        0.05 |<----200 INVITE--|
        0.10 |--ACK--------X   |
        0.55 |<----200 INVITE--|
        0.56 |--ACK----------->|
        1.10 |--BYE----------->|
        1.11 |<-------200 BYE--|
        ",
    );
}

#[test]
fn late_offer_refused_within_the_call_is_acknowledged_without_an_answer() {
    check(
        |net| {
            let (a, b) = net.up();
            net.sides[0].endpoint.reinvite(net.now, a, None);
            net.run(50);
            net.sides[1].endpoint.answer_offer(net.now, b, sdp("offer 2"));
            net.run(50);
            net.sides[0].endpoint.refuse_offer(net.now, a, 488);
            net.run(100);
            assert_eq!((net.told(0).as_str(), net.told(1).as_str()), ("Offer offer 2", "Offer, OfferAnswered"));
            // The next change goes its way.
            net.sides[1].endpoint.reinvite(net.now, b, Some(sdp("3")));
            net.run(50);
            net.sides[0].endpoint.answer_offer(net.now, a, sdp("to 3"));
            net.run(50);
            assert_eq!(net.told(1), "Offer, OfferAnswered, OfferAnswered to 3");
            net.sides[0].endpoint.end(net.now, a, None);
        },
        "
        0.00 |--INVITE-------->|
        0.05 |<----200 INVITE--|
        0.10 |--ACK----------->|
        0.20 |<--------INVITE--|
        0.25 |--200 INVITE---->|
        0.26 |<-----------ACK--|
        0.30 |--BYE----------->|
        0.31 |<-------200 BYE--|
        ",
    );
}

#[test]
fn late_offer_of_the_first_200_refused_ends_the_call() {
    check(
        |net| {
            let a = net.call_with(|invite| invite.body = None);
            net.run(50);
            let b = net.sides[1].id.unwrap();
            net.sides[1].endpoint.accept(net.now, b, sdp("offer"));
            net.run(50);
            net.sides[0].endpoint.refuse_offer(net.now, a, 488);
            net.run(100);
            assert_eq!(
                (net.told(0).as_str(), net.told(1).as_str()),
                ("Answered offer, Ended Local", "Invite, Confirmed, Ended Bye")
            );
        },
        "
        0.00 |--INVITE-------->|
        0.05 |<----200 INVITE--|
        0.10 |--ACK----------->|
        0.10 |--BYE----------->|
        0.11 |<-------200 BYE--|
        ",
    );
}

#[test]
fn a_late_answer_that_never_comes_ends_the_call() {
    let mut net = crate::net::Net::new(sip::Transport::Udp);
    let (a, b) = net.up();
    net.sides[0].endpoint.reinvite(net.now, a, None);
    net.run(50);
    net.sides[1].endpoint.answer_offer(net.now, b, sdp("offer 2"));
    net.run(33_000);
    assert_eq!(net.told(1), "Offer, Ended NoAck");
    assert_eq!(net.told(0), "Offer offer 2, Ended Bye");
    net.drain();
}

#[test]
fn reinvites_of_both_without_offers_meet() {
    let mut net = crate::net::Net::new(sip::Transport::Udp);
    let (a, b) = net.up();
    net.sides[0].endpoint.reinvite(net.now, a, None);
    net.sides[1].endpoint.reinvite(net.now, b, None);
    net.run(2100);
    assert_eq!((net.told(0).as_str(), net.told(1).as_str()), ("Offer", ""), "the callee comes first");
    net.sides[0].endpoint.answer_offer(net.now, a, sdp("offer of a"));
    net.run(50);
    net.sides[1].endpoint.answer_offer(net.now, b, sdp("answer of b"));
    net.run(5000);
    assert_eq!(net.told(0), "Offer, OfferAnswered answer of b");
    assert_eq!(net.told(1), "Offer offer of a, Offer");
    net.sides[1].endpoint.end(net.now, b, None);
    net.drain();
}
