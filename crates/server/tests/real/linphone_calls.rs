//! Calls between a customer and linphonec: hold, transfers and TLS with SRTP, each step judged by what every end hears.

use crate::linphone_phone::{LinphonePhone, Way};
use crate::patience::SOON;
use crate::sori::Sori;
use crate::user_agent::{Call, UserAgent};
use crate::voice::Voice;

const CUSTOMER: f64 = 440.0;
const MANAGER: f64 = 700.0;
const COLLEAGUE: f64 = 1_000.0;
const CALLER: &str = "01012345678";

/// A customer's call to minji's number, answered at her linphonec.
#[track_caller]
fn answered<'a>(carrier: &'a UserAgent, sori: &Sori, minji: &LinphonePhone) -> Call<'a> {
    let call = carrier.call(sori.sip(), CALLER, "07040000003");
    call.voice.sing(CUSTOMER);
    minji.accept();
    call.engaged();
    both_hear(&call.voice, minji);
    call
}

#[track_caller]
fn both_hear(customer: &Voice, phone: &LinphonePhone) {
    customer.wait_for_tone(MANAGER);
    phone.wait_for_tone(CUSTOMER);
}

/// minji holds the customer, who hears music meanwhile, and comes back.
#[track_caller]
fn hold_and_resume(customer: &Voice, phone: &LinphonePhone) {
    phone.command("pause");
    phone.wait_for("is now paused");
    customer.wait_until_gone(MANAGER);
    customer.wait_for_sound();
    phone.command("resume 1");
    both_hear(customer, phone);
}

#[test]
fn hold_and_resume_at_linphonec() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let minji = LinphonePhone::start(sori.sip(), &sori.phone(), MANAGER, Way::Plain);
    let call = answered(&carrier, &sori, &minji);
    hold_and_resume(&call.voice, &minji);
    minji.command("terminate");
    call.wait_for_bye(SOON);
    minji.wait_for("ended");
    sori.wait_until_idle();
}

#[test]
fn a_call_over_tls_with_srtp_at_linphonec() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let certificate = sori.tls_folder().join("certificate.pem");
    let minji = LinphonePhone::start(sori.sips(), &sori.phone(), MANAGER, Way::Secure(&certificate));
    let call = answered(&carrier, &sori, &minji);
    hold_and_resume(&call.voice, &minji);
    let log = minji.log();
    for proof in ["Via: SIP/2.0/TLS", "RTP/SAVP ", "a=crypto:", "m=audio 7078 RTP/SAVP "] {
        assert!(log.contains(proof), "no {proof} in linphonec's log");
    }
    call.hang_up();
    minji.wait_for("ended");
    sori.wait_until_idle();
}

#[test]
fn a_call_with_keys_by_dtls_at_linphonec() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let minji = LinphonePhone::start(sori.sip(), &sori.phone(), MANAGER, Way::Dtls);
    let call = answered(&carrier, &sori, &minji);
    hold_and_resume(&call.voice, &minji);
    let log = minji.log();
    for proof in ["a=fingerprint:", "m=audio 7078 UDP/TLS/RTP/SAVP"] {
        assert!(log.contains(proof), "no {proof} in linphonec's log");
    }
    call.hang_up();
    minji.wait_for("ended");
    sori.wait_until_idle();
}

/// The phone says that handing the call on worked, and the call is over.
#[track_caller]
fn hears_that_it_worked(minji: &LinphonePhone) {
    minji.wait_for("has been transfered, you can safely close the call");
    minji.wait_for("ended");
}

#[test]
fn linphonec_hands_a_call_on_to_a_colleague_unannounced() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let minji = LinphonePhone::start(sori.sip(), &sori.phone(), MANAGER, Way::Plain);
    let account = sori.second_phone();
    let jun = LinphonePhone::start(sori.sip(), &account, COLLEAGUE, Way::Plain);
    let call = answered(&carrier, &sori, &minji);
    minji.command(&format!("transfer 1 sip:{}@{}", account.user, sori.sip().ip()));
    jun.accept();
    call.voice.wait_for_tone(COLLEAGUE);
    jun.wait_for_tone(CUSTOMER);
    hears_that_it_worked(&minji);
    jun.command("terminate");
    call.wait_for_bye(SOON);
    jun.wait_for("ended");
    sori.wait_until_idle();
}

#[test]
fn linphonec_hands_a_call_on_to_a_number_unannounced() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let minji = LinphonePhone::start(sori.sip(), &sori.phone(), MANAGER, Way::Plain);
    let call = answered(&carrier, &sori, &minji);
    minji.command(&format!("transfer 1 sip:01098765432@{}", sori.sip().ip()));
    let (_, third) = carrier.answer("1098765432", sori.sip());
    third.voice.sing(COLLEAGUE);
    call.voice.wait_for_tone(COLLEAGUE);
    third.voice.wait_for_tone(CUSTOMER);
    hears_that_it_worked(&minji);
    call.hang_up();
    third.wait_for_bye(SOON);
    sori.wait_until_idle();
}

#[test]
fn linphonec_hands_a_call_on_after_a_word_with_the_colleague() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let minji = LinphonePhone::start(sori.sip(), &sori.phone(), MANAGER, Way::Plain);
    let account = sori.second_phone();
    let jun = LinphonePhone::start(sori.sip(), &account, COLLEAGUE, Way::Plain);
    let call = answered(&carrier, &sori, &minji);
    minji.command("pause");
    minji.wait_for("is now paused");
    call.voice.wait_until_gone(MANAGER);
    minji.command(&format!("call sip:{}@{}", account.user, sori.sip().ip()));
    minji.wait_for("assigned id 2");
    jun.accept();
    minji.wait_for_tone(COLLEAGUE);
    jun.wait_for_tone(MANAGER);
    minji.command("transfer 1 --to-call 2");
    call.voice.wait_for_tone(COLLEAGUE);
    jun.wait_for_tone(CUSTOMER);
    hears_that_it_worked(&minji);
    minji.wait_for("ended");
    call.hang_up();
    jun.wait_for("ended");
    sori.wait_until_idle();
}

#[test]
fn colleagues_hold_each_other_from_both_sides() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let minji = LinphonePhone::start(sori.sip(), &sori.phone(), MANAGER, Way::Plain);
    let account = sori.second_phone();
    let jun = LinphonePhone::start(sori.sip(), &account, COLLEAGUE, Way::Plain);
    minji.command(&format!("call sip:{}@{}", account.user, sori.sip().ip()));
    jun.accept();
    let talk = || {
        minji.wait_for_tone(COLLEAGUE);
        jun.wait_for_tone(MANAGER);
    };
    talk();
    for (who, other, tone) in [(&minji, &jun, MANAGER), (&jun, &minji, COLLEAGUE)] {
        who.command("pause");
        who.wait_for("is now paused");
        other.wait_until_gone(tone);
        who.command("resume 1");
        talk();
    }
    jun.command("terminate");
    minji.wait_for("ended");
    jun.wait_for("ended");
    sori.wait_until_idle();
}
