//! Messages that cross, and phones that vanish.

use crate::check;

#[test]
fn cancel_crosses_the_answer() {
    check(
        &["minji", "jun"],
        "
        0 carrier calls 07040000001
        5 minji answers
        5.005 jun answers
        8 carrier hangs up
        10 end
        ",
        "
        carrier                   sori                      minji                     jun
        * carrier calls 07040000001
        |-- INVITE sdp ---------->|                         |                         |
        |<- 200 sdp --------------|                         |                         |
        |-- ACK ----------------->|                         |                         |
        * sori plays greeting to carrier
        * sori plays ringback to carrier
        |                         |-- INVITE sdp ---------->|                         |
        |                         |-- INVITE sdp ------------------------------------>|
        |                         |<- 180 ------------------|                         |
        |                         |<- 180 --------------------------------------------|
        * minji answers
        |                         |<- 200 sdp --------------|                         |
        * jun answers
        |                         |<- 200 sdp ----------------------------------------|
        |                         |-- ACK ----------------->|                         |
        |                         |-- CANCEL elsewhere ------------------------------>|
        * sori connects carrier and minji
        |                         |-- ACK ------------------------------------------->|
        |                         |-- BYE ------------------------------------------->|
        |                         |<- 200 CANCEL -------------------------------------|
        |                         |<- 200 BYE ----------------------------------------|
        * carrier hangs up
        |-- BYE ----------------->|                         |                         |
        |<- 200 BYE --------------|                         |                         |
        |                         |-- BYE ----------------->|                         |
        |                         |<- 200 BYE --------------|                         |
        ",
    );
}

#[test]
fn the_customer_leaves_as_the_manager_answers() {
    check(
        &["minji"],
        "
        0 carrier calls 07040000003
        5 minji answers
        5.004 carrier hangs up
        8 end
        ",
        "
        carrier                   sori                      minji
        * carrier calls 07040000003
        |-- INVITE sdp ---------->|                         |
        |<- 200 sdp --------------|                         |
        |-- ACK ----------------->|                         |
        * sori plays greeting to carrier
        * sori plays ringback to carrier
        |                         |-- INVITE sdp ---------->|
        |                         |<- 180 ------------------|
        * minji answers
        |                         |<- 200 sdp --------------|
        * carrier hangs up
        |-- BYE ----------------->|                         |
        |                         |-- ACK ----------------->|
        * sori connects carrier and minji
        |<- 200 BYE --------------|                         |
        |                         |-- BYE ----------------->|
        |                         |<- 200 BYE --------------|
        ",
    );
}

#[test]
fn a_phone_vanishes_in_mid_call() {
    check(
        &["minji"],
        "
        0 carrier calls 07040000003
        4 minji answers
        6 minji vanishes
        60 end
        ",
        "
        carrier                   sori                      minji
        * carrier calls 07040000003
        |-- INVITE sdp ---------->|                         |
        |<- 200 sdp --------------|                         |
        |-- ACK ----------------->|                         |
        * sori plays greeting to carrier
        * sori plays ringback to carrier
        |                         |-- INVITE sdp ---------->|
        |                         |<- 180 ------------------|
        * minji answers
        |                         |<- 200 sdp --------------|
        |                         |-- ACK ----------------->|
        * sori connects carrier and minji
        * minji vanishes
        |                         |-- BYE (lost) ---------->|
        |<- BYE ------------------|                         |
        |-- 200 BYE ------------->|                         |
        |                         |-- BYE (lost) ---------->|
        |                         |-- BYE (lost) ---------->|
        |                         |-- BYE (lost) ---------->|
        |                         |-- BYE (lost) ---------->|
        |                         |-- BYE (lost) ---------->|
        |                         |-- BYE (lost) ---------->|
        |                         |-- BYE (lost) ---------->|
        |                         |-- BYE (lost) ---------->|
        |                         |-- BYE (lost) ---------->|
        |                         |-- BYE (lost) ---------->|
        ",
    );
}

#[test]
fn a_phone_vanishes_while_it_rings() {
    check(
        &["minji"],
        "
        0 carrier calls 07040000003
        4 minji vanishes
        26 end
        ",
        "
        carrier                   sori                      minji
        * carrier calls 07040000003
        |-- INVITE sdp ---------->|                         |
        |<- 200 sdp --------------|                         |
        |-- ACK ----------------->|                         |
        * sori plays greeting to carrier
        * sori plays ringback to carrier
        |                         |-- INVITE sdp ---------->|
        |                         |<- 180 ------------------|
        * minji vanishes
        |                         |-- CANCEL (lost) ------->|
        * sori plays all busy to carrier
        |                         |-- CANCEL (lost) ------->|
        |                         |-- CANCEL (lost) ------->|
        |<- BYE ------------------|                         |
        |-- 200 BYE ------------->|                         |
        |                         |-- CANCEL (lost) ------->|
        ",
    );
}

#[test]
fn the_customer_hangs_up_before_the_ack() {
    check(
        &["minji"],
        "
        0 carrier calls 07040000003
        0.005 carrier hangs up
        4 end
        ",
        "
        carrier                   sori                      minji
        * carrier calls 07040000003
        |-- INVITE sdp ---------->|                         |
        * carrier hangs up
        |<- 200 sdp --------------|                         |
        |-- ACK ----------------->|                         |
        |-- BYE ----------------->|                         |
        * sori plays greeting to carrier
        |<- 200 BYE --------------|                         |
        ",
    );
}
