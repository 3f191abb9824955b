//! Managers call.

use crate::check;

#[test]
fn a_manager_calls_and_the_customer_answers() {
    check(
        &["minji"],
        "
        0 minji calls 01011112222
        3 carrier answers
        6 minji hangs up
        8 end
        ",
        "
        carrier                   sori                      minji
        * minji calls 01011112222
        |                         |<- INVITE sdp -----------|
        |                         |-- 401 ----------------->|
        |                         |<- ACK ------------------|
        |                         |<- INVITE sdp -----------|
        * sori plays ringback to minji
        |                         |-- 183 sdp ------------->|
        |<- INVITE sdp -----------|                         |
        |                         |<- PRACK ----------------|
        |                         |-- 200 PRACK ----------->|
        |-- 180 ----------------->|                         |
        * carrier answers
        |-- 200 sdp ------------->|                         |
        |<- ACK ------------------|                         |
        |                         |-- 200 ----------------->|
        * sori connects carrier and minji
        |                         |<- ACK ------------------|
        * minji hangs up
        |                         |<- BYE ------------------|
        |                         |-- 200 BYE ------------->|
        |<- BYE ------------------|                         |
        |-- 200 BYE ------------->|                         |
        ",
    );
}

#[test]
fn a_manager_calls_and_the_customer_is_busy() {
    check(
        &["minji"],
        "
        0 minji calls 01011112222
        1 carrier is busy
        8 end
        ",
        "
        carrier                   sori                      minji
        * minji calls 01011112222
        |                         |<- INVITE sdp -----------|
        |                         |-- 401 ----------------->|
        |                         |<- ACK ------------------|
        |                         |<- INVITE sdp -----------|
        * sori plays ringback to minji
        |                         |-- 183 sdp ------------->|
        |<- INVITE sdp -----------|                         |
        |                         |<- PRACK ----------------|
        |                         |-- 200 PRACK ----------->|
        |-- 180 ----------------->|                         |
        * carrier is busy
        |-- 486 ----------------->|                         |
        |<- ACK ------------------|                         |
        |                         |-- 200 ----------------->|
        |                         |<- ACK ------------------|
        * sori plays cannot connect to minji
        |                         |-- BYE ----------------->|
        |                         |<- 200 BYE --------------|
        ",
    );
}

#[test]
fn a_manager_calls_and_gives_up() {
    check(
        &["minji"],
        "
        0 minji calls 01011112222
        3 minji hangs up
        8 end
        ",
        "
        carrier                   sori                      minji
        * minji calls 01011112222
        |                         |<- INVITE sdp -----------|
        |                         |-- 401 ----------------->|
        |                         |<- ACK ------------------|
        |                         |<- INVITE sdp -----------|
        * sori plays ringback to minji
        |                         |-- 183 sdp ------------->|
        |<- INVITE sdp -----------|                         |
        |                         |<- PRACK ----------------|
        |                         |-- 200 PRACK ----------->|
        |-- 180 ----------------->|                         |
        * minji hangs up
        |                         |<- CANCEL ---------------|
        |                         |-- 200 CANCEL ---------->|
        |                         |-- 487 ----------------->|
        |<- CANCEL ---------------|                         |
        |                         |<- ACK ------------------|
        |-- 200 CANCEL ---------->|                         |
        |-- 487 ----------------->|                         |
        |<- ACK ------------------|                         |
        ",
    );
}

#[test]
fn the_carrier_plays_its_own_ringback() {
    check(
        &["minji"],
        "
        0 minji calls 01011112222
        1 carrier plays
        4 carrier answers
        6 carrier hangs up
        8 end
        ",
        "
        carrier                   sori                      minji
        * minji calls 01011112222
        |                         |<- INVITE sdp -----------|
        |                         |-- 401 ----------------->|
        |                         |<- ACK ------------------|
        |                         |<- INVITE sdp -----------|
        * sori plays ringback to minji
        |                         |-- 183 sdp ------------->|
        |<- INVITE sdp -----------|                         |
        |                         |<- PRACK ----------------|
        |                         |-- 200 PRACK ----------->|
        |-- 180 ----------------->|                         |
        * carrier plays
        |-- 183 sdp ------------->|                         |
        |<- PRACK ----------------|                         |
        * sori connects carrier and minji
        |-- 200 PRACK ----------->|                         |
        * carrier answers
        |-- 200 ----------------->|                         |
        |<- ACK ------------------|                         |
        |                         |-- 200 ----------------->|
        * sori connects carrier and minji
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
fn the_manager_gives_up_as_the_customer_answers() {
    check(
        &["minji"],
        "
        0 minji calls 01011112222
        3 carrier answers
        3.005 minji hangs up
        6 end
        ",
        "
        carrier                   sori                      minji
        * minji calls 01011112222
        |                         |<- INVITE sdp -----------|
        |                         |-- 401 ----------------->|
        |                         |<- ACK ------------------|
        |                         |<- INVITE sdp -----------|
        * sori plays ringback to minji
        |                         |-- 183 sdp ------------->|
        |<- INVITE sdp -----------|                         |
        |                         |<- PRACK ----------------|
        |                         |-- 200 PRACK ----------->|
        |-- 180 ----------------->|                         |
        * carrier answers
        |-- 200 sdp ------------->|                         |
        * minji hangs up
        |                         |<- CANCEL ---------------|
        |<- ACK ------------------|                         |
        |                         |-- 200 ----------------->|
        * sori connects carrier and minji
        |                         |-- 200 CANCEL ---------->|
        |                         |<- ACK ------------------|
        |                         |<- BYE ------------------|
        |                         |-- 200 BYE ------------->|
        |<- BYE ------------------|                         |
        |-- 200 BYE ------------->|                         |
        ",
    );
}

#[test]
fn the_api_dials_for_a_manager() {
    check(
        &["minji"],
        "
        0 api dials 01011112222 for minji
        2 minji answers
        5 carrier answers
        8 minji hangs up
        10 end
        ",
        "
        carrier                   sori                      minji
        * the API dials 01011112222 for minji
        |                         |-- INVITE sdp ---------->|
        |                         |<- 180 ------------------|
        * minji answers
        |                         |<- 200 sdp --------------|
        |                         |-- ACK ----------------->|
        * sori plays ringback to minji
        |<- INVITE sdp -----------|                         |
        |-- 180 ----------------->|                         |
        * carrier answers
        |-- 200 sdp ------------->|                         |
        |<- ACK ------------------|                         |
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
fn a_manager_holds_before_the_customer_answers() {
    check(
        &["minji"],
        "
        0 api dials 01011112222 for minji
        2 minji answers
        4 minji holds
        6 carrier answers
        9 minji resumes
        12 carrier hangs up
        14 end
        ",
        "
        carrier                   sori                      minji
        * the API dials 01011112222 for minji
        |                         |-- INVITE sdp ---------->|
        |                         |<- 180 ------------------|
        * minji answers
        |                         |<- 200 sdp --------------|
        |                         |-- ACK ----------------->|
        * sori plays ringback to minji
        |<- INVITE sdp -----------|                         |
        |-- 180 ----------------->|                         |
        * minji holds
        |                         |<- INVITE sendonly ------|
        |                         |-- 200 recvonly -------->|
        |                         |<- ACK ------------------|
        * carrier answers
        |-- 200 sdp ------------->|                         |
        |<- ACK ------------------|                         |
        * sori connects carrier and minji
        * sori plays hold music to carrier
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
fn the_customer_takes_a_minute_and_the_waiting_phone_says_nothing() {
    check(
        &["minji"],
        "
        0 minji calls 01011112222
        50 carrier answers
        55 minji hangs up
        57 end
        ",
        "
        carrier                   sori                      minji
        * minji calls 01011112222
        |                         |<- INVITE sdp -----------|
        |                         |-- 401 ----------------->|
        |                         |<- ACK ------------------|
        |                         |<- INVITE sdp -----------|
        * sori plays ringback to minji
        |                         |-- 183 sdp ------------->|
        |<- INVITE sdp -----------|                         |
        |                         |<- PRACK ----------------|
        |                         |-- 200 PRACK ----------->|
        |-- 180 ----------------->|                         |
        |                         |<- REGISTER -------------|
        |                         |-- 401 REGISTER -------->|
        |                         |<- REGISTER -------------|
        |                         |-- 200 REGISTER -------->|
        * carrier answers
        |-- 200 sdp ------------->|                         |
        |<- ACK ------------------|                         |
        |                         |-- 200 ----------------->|
        * sori connects carrier and minji
        |                         |<- ACK ------------------|
        * minji hangs up
        |                         |<- BYE ------------------|
        |                         |-- 200 BYE ------------->|
        |<- BYE ------------------|                         |
        |-- 200 BYE ------------->|                         |
        ",
    );
}
