//! Calls between SIPp, step by step, and a phone of minji's: what carriers do before the answer and in mid-call, each step
//! judged by what both ends hear.

use crate::address;
use crate::codec::Codec;
use crate::patience::SOON;
use crate::pjsua_phone::PjsuaPhone;
use crate::sipp;
use crate::sipp_party::{self, SippParty};
use crate::sori::Sori;
use crate::user_agent::UserAgent;
use crate::voice::Voice;
use serde_json::{Value, json};
use std::time::Duration;

const CUSTOMER: f64 = 440.0;
const MANAGER: f64 = 700.0;
const CALLER: &str = "01012345678";

/// A customer at SIPp and minji at her phone.
struct Talk {
    customer: SippParty,
    phone: PjsuaPhone,
    leg: Value,
}

impl Talk {
    /// The customer did `step`: goes on, and both hear each other.
    #[track_caller]
    fn both_hear_after(&mut self, step: &str) {
        self.customer.wait_for(step);
        self.both_hear();
        self.customer.go();
    }

    #[track_caller]
    fn both_hear(&self) {
        self.customer.voice.wait_for_tone(MANAGER);
        self.phone.wait_for_tone(&self.leg, CUSTOMER);
    }

    /// The scenario comes to its BYE and nothing is left.
    #[track_caller]
    fn is_over(&mut self, sori: &Sori) {
        self.customer.ends_well();
        self.phone.wait_for_state(&self.leg, "ended");
        sori.wait_until_idle();
    }
}

/// SIPp plays `scenario` with minji's number, whose call her phone answers.
fn with_customer(scenario: &str, talk: impl FnOnce(&mut Talk)) {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let phone = PjsuaPhone::start(sori.sip(), &sori.phone(), MANAGER, json!({}));
    let customer = sipp_party::caller(&sori, scenario, "07040000003");
    customer.voice.sing(CUSTOMER);
    let leg = phone.accept();
    let mut both = Talk { customer, phone, leg };
    talk(&mut both);
    both.is_over(&sori);
}

#[test]
fn a_customer_without_an_offer_gets_ours() {
    with_customer("late_offer.xml", |talk| {
        talk.both_hear_after("answered");
        talk.both_hear_after("offered again");
    });
}

#[test]
fn a_customers_codec_changes_in_mid_call() {
    with_customer("codec_change.xml", |talk| {
        talk.both_hear_after("PCMU");
        for (step, codec) in [("PCMA", Codec::Pcma), ("G722", Codec::G722)] {
            talk.customer.wait_for(step);
            talk.customer.voice.speak_in(codec);
            talk.customer.voice.wait_for_tone_in(codec, MANAGER);
            talk.phone.wait_for_tone(&talk.leg, CUSTOMER);
            talk.customer.go();
        }
    });
}

#[test]
fn a_customer_holds_and_comes_back() {
    with_customer("hold.xml", |talk| {
        talk.both_hear_after("answered");
        talk.customer.wait_for("held");
        talk.customer.voice.wait_until_gone(MANAGER);
        // What the customer's exchange plays meanwhile.
        talk.phone.wait_for_tone(&talk.leg, CUSTOMER);
        talk.customer.go();
        talk.both_hear_after("back");
        talk.customer.wait_for("held again");
        talk.customer.voice.hush();
        talk.customer.voice.wait_until_gone(MANAGER);
        talk.phone.wait_until_gone(&talk.leg, CUSTOMER);
        talk.customer.go();
        talk.customer.wait_for("back again");
        talk.customer.voice.sing(CUSTOMER);
        talk.both_hear();
        talk.customer.go();
    });
}

#[test]
fn a_carrier_refreshes_the_session() {
    with_customer("refreshing.xml", |talk| {
        for step in ["answered", "refreshed by INVITE", "refreshed by UPDATE"] {
            talk.both_hear_after(step);
        }
    });
}

#[test]
fn a_phone_that_insists_acknowledges_that_it_rings() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let mut phone = sipp_party::dialler(&sori, "reliable_dialler.xml", "01098765432", &sori.phone());
    phone.voice.sing(MANAGER);
    let (_, call) = carrier.answer("1098765432", sori.sip());
    call.voice.sing(CUSTOMER);
    phone.wait_for("answered");
    phone.voice.wait_for_tone(CUSTOMER);
    call.voice.wait_for_tone(MANAGER);
    phone.go();
    phone.ends_well();
    call.wait_for_bye(SOON);
    sori.wait_until_idle();
}

/// A customer calls minji's number, which rings at her phone, SIPp with `scenario`.
fn with_phone(scenario: &str, talk: impl FnOnce(&mut SippParty, &Voice)) {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let own = address::own();
    sipp::register(&sori, own, &sori.phone(), 60);
    let mut phone = SippParty::start(&sori, scenario, own, &[]);
    phone.voice.sing(MANAGER);
    let call = carrier.call(sori.sip(), CALLER, "07040000003");
    call.voice.sing(CUSTOMER);
    talk(&mut phone, &call.voice);
    phone.voice.wait_for_tone(CUSTOMER);
    call.voice.wait_for_tone(MANAGER);
    phone.go();
    phone.ends_well();
    call.engaged().wait_for_bye(SOON);
    sori.wait_until_idle();
}

#[test]
fn a_phone_that_rings_reliably_is_told_that_it_was_heard() {
    with_phone("reliable_phone.xml", |phone, _| {
        phone.wait_for("ringing");
        phone.go();
        phone.wait_for("answered");
    });
}

#[test]
fn a_phones_session_is_refreshed_by_us() {
    // Half of the 32 s it wants.
    const REFRESH: Duration = Duration::from_secs(25);
    with_phone("refreshed_phone.xml", |phone, customer| {
        phone.wait_for("answered");
        phone.voice.wait_for_tone(CUSTOMER);
        customer.wait_for_tone(MANAGER);
        phone.wait_long_for("refreshed", REFRESH);
    });
}
