//! Calls between a customer and PJSUA: what carriers and desk phones do in mid-call, each step judged by what both hear.

use crate::api::ended;
use crate::patience::SOON;
use crate::pjsua_phone::PjsuaPhone;
use crate::sori::Sori;
use crate::user_agent::UserAgent;
use serde_json::{Value, json};
use std::time::Duration;

const CUSTOMER: f64 = 440.0;
const MANAGER: f64 = 700.0;
const CALLER: &str = "01012345678";

/// A call to minji's number, answered at a PJSUA phone of hers that is set up with `setup`; then `talk`, then the customer
/// hangs up and nothing is left.
fn with_phone(setup: Value, talk: impl FnOnce(&Sori, &PjsuaPhone, &Value, &crate::voice::Voice)) {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let server = if setup["transport"] == "tls" { sori.sips() } else { sori.sip() };
    let phone = PjsuaPhone::start(server, &sori.phone(), MANAGER, setup);
    let call = carrier.call(sori.sip(), CALLER, "07040000003");
    call.voice.sing(CUSTOMER);
    let leg = phone.accept();
    call.engaged();
    both_hear(&call.voice, &phone, &leg);
    talk(&sori, &phone, &leg, &call.voice);
    both_hear(&call.voice, &phone, &leg);
    call.hang_up();
    phone.wait_for_state(&leg, "ended");
    let record = sori.owner().wait_for_call("ended", |call| ended(call, CALLER));
    assert!(record["engaged_at"].is_string(), "{record}");
    sori.wait_until_idle();
}

#[track_caller]
fn both_hear(customer: &crate::voice::Voice, phone: &PjsuaPhone, leg: &Value) {
    customer.wait_for_tone(MANAGER);
    phone.wait_for_tone(leg, CUSTOMER);
}

#[test]
fn hold_and_resume_over_udp() {
    with_phone(json!({}), |_, phone, leg, customer| {
        phone.order("hold", leg, json!({}));
        customer.wait_until_gone(MANAGER);
        customer.wait_for_sound();
        phone.order("resume", leg, json!({}));
    });
}

#[test]
fn a_call_over_tcp() {
    with_phone(json!({ "transport": "tcp" }), |_, _, _, _| {});
}

#[test]
fn the_codec_changes_in_mid_call() {
    with_phone(json!({}), |_, phone, leg, customer| {
        let codec =
            |wanted: &str| phone.wait_for("media", |event| event["codec"].as_str().unwrap_or("").starts_with(wanted));
        codec("PCMU");
        phone.order("reinvite", leg, json!({ "codecs": ["PCMA/8000"] }));
        codec("PCMA");
        both_hear(customer, phone, leg);
    });
}

#[test]
fn an_update_changes_nothing_that_is_heard() {
    with_phone(json!({}), |_, phone, leg, _| {
        phone.order("update", leg, json!({}));
        phone.wait_for("transaction", |event| event["method"] == "UPDATE" && event["status"] == 200);
    });
}

#[test]
fn a_reinvite_without_an_offer_gets_one() {
    with_phone(json!({}), |_, phone, leg, _| {
        phone.order("reinvite", leg, json!({ "late_offer": true }));
        phone.wait_for("transaction", |event| event["method"] == "INVITE" && event["status"] == 200);
    });
}

/// minji's PJSUA calls a customer out through the trunk.
fn calls_out(setup: Value, dial: Value, judge: impl FnOnce(&PjsuaPhone)) {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let phone = PjsuaPhone::start(sori.sip(), &sori.phone(), MANAGER, setup);
    let leg = phone.dial(&format!("sip:01098765432@{}", sori.sip()), dial);
    let (_, call) = carrier.answer("1098765432", sori.sip());
    call.voice.sing(CUSTOMER);
    phone.wait_for_state(&leg, "confirmed");
    both_hear(&call.voice, &phone, &leg);
    judge(&phone);
    both_hear(&call.voice, &phone, &leg);
    phone.order("hang_up", &leg, json!({}));
    call.wait_for_bye(SOON);
    sori.wait_until_idle();
}

#[test]
fn reliable_provisional_responses_are_acknowledged() {
    calls_out(json!({ "prack": "mandatory" }), json!({}), |phone| {
        phone.wait_for("transaction", |event| event["method"] == "PRACK" && event["status"] == 200);
    });
}

#[test]
fn a_phone_that_wants_our_offer_gets_it() {
    calls_out(json!({}), json!({ "late_offer": true }), |_| {});
}

#[test]
fn a_session_is_refreshed_in_time() {
    // The shortest interval of RFC 4028 is 90 s, so it is refreshed after 45.
    const REFRESH: Duration = Duration::from_secs(60);
    calls_out(json!({ "timer": 90 }), json!({}), |phone| {
        phone.wait_long_for("transaction", REFRESH, |event| event["method"] == "UPDATE" && event["status"] == 200);
    });
}

#[test]
fn a_call_over_tls_with_srtp() {
    with_phone(json!({ "transport": "tls", "srtp": "mandatory" }), |_, phone, leg, customer| {
        phone.order("hold", leg, json!({}));
        customer.wait_until_gone(MANAGER);
        phone.order("resume", leg, json!({}));
    });
}

#[test]
fn srtp_that_the_phone_would_rather_have() {
    with_phone(json!({ "srtp": "optional" }), |_, _, _, _| {});
}

#[test]
fn a_phone_on_udp_that_insists_on_srtp_is_offered_it() {
    with_phone(json!({ "srtp": "mandatory" }), |_, phone, leg, customer| {
        phone.order("hold", leg, json!({}));
        customer.wait_until_gone(MANAGER);
        phone.order("resume", leg, json!({}));
    });
}

/// Jun's tone.
const COLLEAGUE: f64 = 1_000.0;

/// The phone is told that handing the call on worked, and then the call is over.
#[track_caller]
fn hears_that_it_worked(minji: &PjsuaPhone, leg: &Value) {
    minji.wait_for("transfer", |event| event["status"] == 200 && event["final"] == true);
    minji.wait_for_state(leg, "ended");
}

#[test]
fn a_call_is_handed_on_to_a_colleague_unannounced() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let minji = PjsuaPhone::start(sori.sip(), &sori.phone(), MANAGER, json!({}));
    let account = sori.second_phone();
    let jun = PjsuaPhone::start(sori.sip(), &account, COLLEAGUE, json!({}));
    let call = carrier.call(sori.sip(), CALLER, "07040000003");
    call.voice.sing(CUSTOMER);
    let leg = minji.accept();
    call.engaged();
    both_hear(&call.voice, &minji, &leg);
    minji.order("transfer", &leg, json!({ "to": format!("sip:{}@{}", account.user, sori.sip()) }));
    let other = jun.accept();
    call.voice.wait_for_tone(COLLEAGUE);
    jun.wait_for_tone(&other, CUSTOMER);
    hears_that_it_worked(&minji, &leg);
    call.hang_up();
    jun.wait_for_state(&other, "ended");
    let record = sori.owner().wait_for_call("ended", |call| ended(call, CALLER));
    assert!(record["missed_reason"].is_null(), "{record}");
    sori.wait_until_idle();
}

#[test]
fn a_call_is_handed_on_to_a_number_unannounced() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let minji = PjsuaPhone::start(sori.sip(), &sori.phone(), MANAGER, json!({}));
    let call = carrier.call(sori.sip(), CALLER, "07040000003");
    call.voice.sing(CUSTOMER);
    let leg = minji.accept();
    call.engaged();
    both_hear(&call.voice, &minji, &leg);
    minji.order("transfer", &leg, json!({ "to": format!("sip:01098765432@{}", sori.sip()) }));
    let (_, third) = carrier.answer("1098765432", sori.sip());
    third.voice.sing(COLLEAGUE);
    call.voice.wait_for_tone(COLLEAGUE);
    third.voice.wait_for_tone(CUSTOMER);
    hears_that_it_worked(&minji, &leg);
    call.hang_up();
    third.wait_for_bye(SOON);
    sori.wait_until_idle();
}

#[test]
fn a_call_is_handed_on_after_a_word_with_the_colleague() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let minji = PjsuaPhone::start(sori.sip(), &sori.phone(), MANAGER, json!({}));
    let account = sori.second_phone();
    let jun = PjsuaPhone::start(sori.sip(), &account, COLLEAGUE, json!({}));
    let call = carrier.call(sori.sip(), CALLER, "07040000003");
    call.voice.sing(CUSTOMER);
    let leg = minji.accept();
    call.engaged();
    both_hear(&call.voice, &minji, &leg);
    minji.order("hold", &leg, json!({}));
    call.voice.wait_until_gone(MANAGER);
    let word = minji.dial(&format!("sip:{}@{}", account.user, sori.sip()), json!({}));
    let other = jun.accept();
    minji.wait_for_state(&word, "confirmed");
    minji.wait_for_tone(&word, COLLEAGUE);
    jun.wait_for_tone(&other, MANAGER);
    minji.order("transfer_to_call", &leg, json!({ "other": word }));
    call.voice.wait_for_tone(COLLEAGUE);
    jun.wait_for_tone(&other, CUSTOMER);
    hears_that_it_worked(&minji, &leg);
    minji.wait_for_state(&word, "ended");
    jun.order("hang_up", &other, json!({}));
    call.wait_for_bye(SOON);
    sori.wait_until_idle();
}

#[test]
fn a_call_handed_on_to_nobody_comes_back() {
    with_phone(json!({}), |sori, phone, leg, _| {
        phone.order("transfer", leg, json!({ "to": format!("sip:nobody@{}", sori.sip()) }));
        phone.wait_for("transfer", |event| event["status"] == 404 && event["final"] == true);
    });
}
