//! Calls between a customer and SIP.js: hold and transfers, each step judged by what every end hears.

use crate::patience::SOON;
use crate::pjsua_phone::PjsuaPhone;
use crate::sipjs_phone::SipJsPhone;
use crate::sori::Sori;
use crate::user_agent::{Call, UserAgent};
use crate::voice::Voice;
use serde_json::json;

const CUSTOMER: f64 = 440.0;
const MANAGER: f64 = 700.0;
const COLLEAGUE: f64 = 1_000.0;
const CALLER: &str = "01012345678";

/// A customer's call to minji's number, answered in her page.
#[track_caller]
fn answered<'a>(carrier: &'a UserAgent, sori: &Sori, minji: &mut SipJsPhone) -> Call<'a> {
    let call = carrier.call(sori.sip(), CALLER, "07040000003");
    call.voice.sing(CUSTOMER);
    minji.accept(0);
    call.engaged();
    both_hear(&call.voice, minji);
    call
}

#[track_caller]
fn both_hear(customer: &Voice, phone: &mut SipJsPhone) {
    customer.wait_for_tone(MANAGER);
    phone.wait_for_tone(0, CUSTOMER);
}

/// The first call is over, and before that the page was told that handing it on worked: SIP.js refuses what comes later.
#[track_caller]
fn hears_that_it_worked(minji: &mut SipJsPhone) {
    minji.wait_for_state(0, "ended");
    let heard = minji.order("toldOf", json!([0]));
    let told = heard["told"].as_array().expect("what the page was told");
    assert_eq!(told.first(), Some(&json!("SIP/2.0 100 Trying")), "{heard}");
    assert_eq!(told.last(), Some(&json!("SIP/2.0 200 OK")), "{heard}");
}

#[test]
fn hold_and_resume_at_sipjs() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let mut minji = SipJsPhone::start(&sori, "minji@demo.test", MANAGER);
    let call = answered(&carrier, &sori, &mut minji);
    minji.order("hold", json!([0]));
    call.voice.wait_until_gone(MANAGER);
    call.voice.wait_for_sound();
    minji.order("resume", json!([0]));
    both_hear(&call.voice, &mut minji);
    minji.order("hangUp", json!([0]));
    call.wait_for_bye(SOON);
    sori.wait_until_idle();
}

#[test]
fn sipjs_hands_a_call_on_to_a_number_unannounced() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let mut minji = SipJsPhone::start(&sori, "minji@demo.test", MANAGER);
    let call = answered(&carrier, &sori, &mut minji);
    minji.order("transfer", json!([0, format!("sip:01098765432@{}", sori.sip().ip())]));
    let (_, third) = carrier.answer("1098765432", sori.sip());
    third.voice.sing(COLLEAGUE);
    call.voice.wait_for_tone(COLLEAGUE);
    third.voice.wait_for_tone(CUSTOMER);
    hears_that_it_worked(&mut minji);
    call.hang_up();
    third.wait_for_bye(SOON);
    sori.wait_until_idle();
}

#[test]
fn sipjs_hands_a_call_on_after_a_word_with_the_colleague() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let mut minji = SipJsPhone::start(&sori, "minji@demo.test", MANAGER);
    let account = sori.second_phone();
    let jun = PjsuaPhone::start(sori.sip(), &account, COLLEAGUE, json!({}));
    let call = answered(&carrier, &sori, &mut minji);
    minji.order("hold", json!([0]));
    call.voice.wait_until_gone(MANAGER);
    minji.order("dial", json!([format!("sip:{}@{}", account.user, sori.sip().ip())]));
    let other = jun.accept();
    minji.wait_for_state(1, "confirmed");
    minji.wait_for_tone(1, COLLEAGUE);
    jun.wait_for_tone(&other, MANAGER);
    minji.order("transferToCall", json!([0, 1]));
    call.voice.wait_for_tone(COLLEAGUE);
    jun.wait_for_tone(&other, CUSTOMER);
    hears_that_it_worked(&mut minji);
    minji.wait_for_state(1, "ended");
    jun.order("hang_up", &other, json!({}));
    call.wait_for_bye(SOON);
    sori.wait_until_idle();
}
