//! Customers call.

use crate::check;

#[test]
fn a_desk_phone_answers() {
    check(
        &["minji"],
        "
        0 carrier calls 07040000001
        6 minji answers
        9 carrier hangs up
        12 end
        ",
        "
        carrier                   sori                      minji
        * carrier calls 07040000001
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
        * carrier hangs up
        |-- BYE ----------------->|                         |
        |<- 200 BYE --------------|                         |
        |                         |-- BYE ----------------->|
        |                         |<- 200 BYE --------------|
        ",
    );
}

#[test]
fn the_manager_hangs_up() {
    check(
        &["minji"],
        "
        0 carrier calls 07040000003
        4 minji answers
        9 minji hangs up
        12 end
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
        * minji hangs up
        |                         |<- BYE ------------------|
        |                         |-- 200 BYE ------------->|
        |<- BYE ------------------|                         |
        |-- 200 BYE ------------->|                         |
        ",
    );
}

#[test]
fn two_managers_ring_and_the_first_answer_wins() {
    check(
        &["minji", "jun"],
        "
        0 carrier calls 07040000001
        6 jun answers
        9 jun hangs up
        12 end
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
        * jun answers
        |                         |<- 200 sdp ----------------------------------------|
        |                         |-- ACK ------------------------------------------->|
        |                         |-- CANCEL elsewhere ---->|                         |
        * sori connects carrier and jun
        |                         |<- 200 CANCEL -----------|                         |
        |                         |<- 487 ------------------|                         |
        |                         |-- ACK ----------------->|                         |
        * jun hangs up
        |                         |<- BYE --------------------------------------------|
        |                         |-- 200 BYE --------------------------------------->|
        |<- BYE ------------------|                         |                         |
        |-- 200 BYE ------------->|                         |                         |
        ",
    );
}

#[test]
fn the_customer_leaves_while_it_rings() {
    check(
        &["minji"],
        "
        0 carrier calls 07040000001
        6 carrier hangs up
        12 end
        ",
        "
        carrier                   sori                      minji
        * carrier calls 07040000001
        |-- INVITE sdp ---------->|                         |
        |<- 200 sdp --------------|                         |
        |-- ACK ----------------->|                         |
        * sori plays greeting to carrier
        * sori plays ringback to carrier
        |                         |-- INVITE sdp ---------->|
        |                         |<- 180 ------------------|
        * carrier hangs up
        |-- BYE ----------------->|                         |
        |<- 200 BYE --------------|                         |
        |                         |-- CANCEL -------------->|
        |                         |<- 200 CANCEL -----------|
        |                         |<- 487 ------------------|
        |                         |-- ACK ----------------->|
        ",
    );
}

#[test]
fn the_ring_time_is_over() {
    check(
        &["minji"],
        "
        0 carrier calls 07040000001
        28 end
        ",
        "
        carrier                   sori                      minji
        * carrier calls 07040000001
        |-- INVITE sdp ---------->|                         |
        |<- 200 sdp --------------|                         |
        |-- ACK ----------------->|                         |
        * sori plays greeting to carrier
        * sori plays ringback to carrier
        |                         |-- INVITE sdp ---------->|
        |                         |<- 180 ------------------|
        |                         |-- CANCEL -------------->|
        * sori plays all busy to carrier
        |                         |<- 200 CANCEL -----------|
        |                         |<- 487 ------------------|
        |                         |-- ACK ----------------->|
        |<- BYE ------------------|                         |
        |-- 200 BYE ------------->|                         |
        ",
    );
}

#[test]
fn everybody_is_busy() {
    check(
        &["minji"],
        "
        0 carrier calls 07040000001
        5 minji is busy
        12 end
        ",
        "
        carrier                   sori                      minji
        * carrier calls 07040000001
        |-- INVITE sdp ---------->|                         |
        |<- 200 sdp --------------|                         |
        |-- ACK ----------------->|                         |
        * sori plays greeting to carrier
        * sori plays ringback to carrier
        |                         |-- INVITE sdp ---------->|
        |                         |<- 180 ------------------|
        * minji is busy
        |                         |<- 486 ------------------|
        |                         |-- ACK ----------------->|
        * sori plays all busy to carrier
        |<- BYE ------------------|                         |
        |-- 200 BYE ------------->|                         |
        ",
    );
}

#[test]
fn nobody_is_signed_in() {
    check(
        &[],
        "
        0 carrier calls 07040000001
        12 end
        ",
        "
        carrier                   sori
        * carrier calls 07040000001
        |-- INVITE sdp ---------->|
        |<- 200 sdp --------------|
        |-- ACK ----------------->|
        * sori plays greeting to carrier
        * sori plays all busy to carrier
        |<- BYE ------------------|
        |-- 200 BYE ------------->|
        ",
    );
}

#[test]
fn out_of_hours() {
    check(
        &["minji"],
        "
        0 carrier calls 07040000004
        12 end
        ",
        "
        carrier                   sori                      minji
        * carrier calls 07040000004
        |-- INVITE sdp ---------->|                         |
        |<- 200 sdp --------------|                         |
        |-- ACK ----------------->|                         |
        * sori plays out of hours to carrier
        |<- BYE ------------------|                         |
        |-- 200 BYE ------------->|                         |
        ",
    );
}

#[test]
fn an_unknown_number() {
    check(
        &["minji"],
        "
        0 carrier calls 07040000009
        2 end
        ",
        "
        carrier                   sori                      minji
        * carrier calls 07040000009
        |-- INVITE sdp ---------->|                         |
        |<- 404 ------------------|                         |
        |-- ACK ----------------->|                         |
        ",
    );
}

#[test]
fn hold_and_resume() {
    check(
        &["minji"],
        "
        0 carrier calls 07040000003
        4 minji answers
        6 minji holds
        9 minji resumes
        12 carrier hangs up
        14 end
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
        * minji holds
        |                         |<- INVITE sendonly ------|
        |                         |-- 200 recvonly -------->|
        * sori plays hold music to carrier
        |                         |<- ACK ------------------|
        * minji resumes
        |                         |<- INVITE sdp -----------|
        |                         |-- 200 sdp ------------->|
        * sori stops playing to carrier
        |                         |<- ACK ------------------|
        * carrier hangs up
        |-- BYE ----------------->|                         |
        |<- 200 BYE --------------|                         |
        |                         |-- BYE ----------------->|
        |                         |<- 200 BYE --------------|
        ",
    );
}

#[test]
fn the_menu_leads_to_sales() {
    check(
        &["sora"],
        "
        0 carrier calls 07040000002
        2 carrier presses 2
        5 sora answers
        8 carrier hangs up
        10 end
        ",
        "
        carrier                   sori                      sora
        * carrier calls 07040000002
        |-- INVITE sdp ---------->|                         |
        |<- 200 sdp --------------|                         |
        |-- ACK ----------------->|                         |
        * sori plays demo menu to carrier
        * carrier presses 2
        * sori stops playing to carrier
        * sori plays ringback to carrier
        |                         |-- INVITE sdp ---------->|
        |                         |<- 180 ------------------|
        * sora answers
        |                         |<- 200 sdp --------------|
        |                         |-- ACK ----------------->|
        * sori connects carrier and sora
        * carrier hangs up
        |-- BYE ----------------->|                         |
        |<- 200 BYE --------------|                         |
        |                         |-- BYE ----------------->|
        |                         |<- 200 BYE --------------|
        ",
    );
}

#[test]
fn an_echo_test() {
    check(
        &[],
        "
        0 carrier calls 07040000005
        6 carrier hangs up
        8 end
        ",
        "
        carrier                   sori
        * carrier calls 07040000005
        |-- INVITE sdp ---------->|
        |<- 200 sdp --------------|
        |-- ACK ----------------->|
        * sori plays echo intro to carrier
        * sori echoes carrier
        * carrier hangs up
        |-- BYE ----------------->|
        |<- 200 BYE --------------|
        ",
    );
}

#[test]
fn a_call_without_an_offer() {
    check(
        &["minji"],
        "
        0 carrier calls 07040000003 without-offer
        4 minji answers
        6 minji hangs up
        8 end
        ",
        "
        carrier                   sori                      minji
        * carrier calls 07040000003 without-offer
        |-- INVITE -------------->|                         |
        |<- 200 sdp --------------|                         |
        |-- ACK sdp ------------->|                         |
        * sori plays greeting to carrier
        * sori plays ringback to carrier
        |                         |-- INVITE sdp ---------->|
        |                         |<- 180 ------------------|
        * minji answers
        |                         |<- 200 sdp --------------|
        |                         |-- ACK ----------------->|
        * sori connects carrier and minji
        * minji hangs up
        |                         |<- BYE ------------------|
        |                         |-- 200 BYE ------------->|
        |<- BYE ------------------|                         |
        |-- 200 BYE ------------->|                         |
        ",
    );
}

#[test]
fn one_declines_and_the_other_rings_on() {
    check(
        &["minji", "jun"],
        "
        0 carrier calls 07040000001
        3 minji declines
        5 jun answers
        6 jun hangs up
        8 end
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
        * minji declines
        |                         |<- 603 ------------------|                         |
        |                         |-- ACK ----------------->|                         |
        * jun answers
        |                         |<- 200 sdp ----------------------------------------|
        |                         |-- ACK ------------------------------------------->|
        * sori connects carrier and jun
        * jun hangs up
        |                         |<- BYE --------------------------------------------|
        |                         |-- 200 BYE --------------------------------------->|
        |<- BYE ------------------|                         |                         |
        |-- 200 BYE ------------->|                         |                         |
        ",
    );
}

#[test]
fn a_manager_takes_no_second_call() {
    check(
        &["minji"],
        "
        0 carrier calls 07040000003
        4 minji answers
        5 carrier calls 07040000003 as 01000000018
        12 minji hangs up
        14 end
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
        * carrier calls 07040000003 as 01000000018
        |-- INVITE sdp ---------->|                         |
        |<- 200 sdp --------------|                         |
        |-- ACK ----------------->|                         |
        * sori plays greeting to carrier
        * sori plays all busy to carrier
        |<- BYE ------------------|                         |
        |-- 200 BYE ------------->|                         |
        * minji hangs up
        |                         |<- BYE ------------------|
        |                         |-- 200 BYE ------------->|
        |<- BYE ------------------|                         |
        |-- 200 BYE ------------->|                         |
        ",
    );
}
