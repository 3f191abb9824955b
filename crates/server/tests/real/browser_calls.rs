//! Calls with a browser at one end or at both: by tone in both directions, through hold and back, to the words in the inbox.

use crate::api::ended;
use crate::browser::Browser;
use crate::desk_phone::DeskPhone;
use crate::message::{Message, user_of};
use crate::patience::SOON;
use crate::sori::Sori;
use crate::user_agent::{Call, UserAgent, reply};

const CUSTOMER: f64 = 440.0;
const MANAGER: f64 = 700.0;
const CALLER: &str = "01077778888";

/// minji's browser, signed in and able to take calls.
fn manager(sori: &Sori) -> Browser {
    let mut browser = Browser::sign_in(sori.http(), "minji@demo.test", MANAGER);
    browser.wait_state("softphone-status", "ready");
    browser
}

/// Holds the carrier's customer and takes them back, heard at both ends, and hangs up.
fn holds_and_hangs_up(manager: &mut Browser, call: &Call<'_>) {
    manager.click("softphone-hold");
    call.voice.wait_until_gone(MANAGER);
    manager.click("softphone-hold");
    call.voice.wait_for_tone(MANAGER);
    manager.hears("softphone-audio", CUSTOMER);
    manager.click("softphone-hangup");
    call.wait_for_bye(SOON);
}

#[test]
fn a_customer_in_one_browser_talks_to_a_manager_in_another() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let mut manager = manager(&sori);
    let mut customer = Browser::sign_in(sori.http(), "owner@demo.test", CUSTOMER);
    customer.follow("/call-as-customer");
    customer.choose("customer-number-select", "7040000001");
    customer.click("customer-dial");
    manager.wait("ring-prompt");
    manager.click("softphone-answer");
    customer.wait_state("customer-state", "engaged");
    manager.hears("softphone-audio", CUSTOMER);
    customer.hears("customer-audio", MANAGER);
    manager.click("softphone-hold");
    customer.hears_no("customer-audio", MANAGER);
    manager.click("softphone-hold");
    customer.hears("customer-audio", MANAGER);
    manager.hears("softphone-audio", CUSTOMER);
    customer.click("customer-hangup");
    customer.wait_state("customer-state", "ended");
    manager.wait_gone("softphone-hangup");
    let record = sori.owner().wait_for_call("over", |call| call["state"] == "ended");
    sori.wait_until_idle();
    assert!(record["engaged_at"].is_string() && record["missed_reason"].is_null(), "{record}");
    manager.click("conversation-row");
    manager.wait_state("call-bubble", "ended");
    let words = manager.text("call-outcome");
    assert!(words.chars().any(|c| c.is_ascii_digit()), "the bubble says how long: {words}");
}

#[test]
fn a_customer_on_the_trunk_talks_to_a_browser() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let mut manager = manager(&sori);
    let call = carrier.call(sori.sip(), CALLER, "07040000003");
    call.voice.sing(CUSTOMER);
    manager.wait("ring-prompt");
    let prompt = manager.text("ring-prompt").replace(|c: char| !c.is_ascii_digit(), "");
    assert!(prompt.contains("1077778888"), "the prompt shows who calls: {prompt}");
    manager.click("softphone-answer");
    call.engaged();
    call.voice.wait_for_tone(MANAGER);
    manager.hears("softphone-audio", CUSTOMER);
    holds_and_hangs_up(&mut manager, &call);
    sori.owner().wait_for_call("over", |call| ended(call, CALLER));
    sori.wait_until_idle();
}

#[test]
fn browser_and_desk_phone_ring_together_and_the_first_answer_wins() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let mut manager = manager(&sori);
    let phone = DeskPhone::start(&sori.sip().to_string(), &sori.phone(), 900.0);
    let call = carrier.call(sori.sip(), CALLER, "07040000003");
    call.voice.sing(CUSTOMER);
    manager.wait("ring-prompt");
    phone.wait_for("CALL_INCOMING");
    phone.command("accept", "");
    call.engaged();
    call.voice.wait_for_tone(900.0);
    manager.wait_gone("ring-prompt");
    call.hang_up();
    phone.wait_for("CALL_CLOSED");
    let record = sori.owner().wait_for_call("over", |call| ended(call, CALLER));
    assert!(record["missed_reason"].is_null(), "nobody missed it: {record}");
}

#[test]
fn a_browser_calls_out_through_the_trunk() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let mut manager = manager(&sori);
    manager.click("softphone-open");
    manager.fill("softphone-input", "010-9876-5432");
    manager.click("softphone-dial");
    let (invite, call) = carrier.answer("1098765432", sori.sip());
    assert!(user_of(invite.header("From")).ends_with("7040000003"), "{}", invite.header("From"));
    call.voice.sing(CUSTOMER);
    call.voice.wait_for_tone(MANAGER);
    manager.hears("softphone-audio", CUSTOMER);
    call.hang_up();
    manager.wait_gone("softphone-hangup");
    sori.owner().wait_for_call("outbound and over", |call| call["direction"] == "outbound" && call["state"] == "ended");
}

#[test]
fn a_browser_that_dials_hears_the_carriers_tone_before_the_answer() {
    const COLOUR_RING: f64 = 1_000.0;
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let mut manager = manager(&sori);
    manager.click("softphone-open");
    manager.fill("softphone-input", "010-9876-5432");
    manager.click("softphone-dial");
    let (_, call) = carrier.answer_after("1098765432", sori.sip(), "183 Session Progress", |voice| {
        voice.sing(COLOUR_RING);
        manager.hears("softphone-audio", COLOUR_RING);
    });
    call.voice.sing(CUSTOMER);
    call.voice.wait_for_tone(MANAGER);
    manager.hears("softphone-audio", CUSTOMER);
    holds_and_hangs_up(&mut manager, &call);
    sori.wait_until_idle();
}

#[test]
fn a_call_nobody_declined_or_answered_leaves_no_prompt_behind() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let mut manager = manager(&sori);
    let call = carrier.call(sori.sip(), CALLER, "07040000003");
    manager.wait("ring-prompt");
    call.give_up();
    manager.wait_gone("ring-prompt");
    let record = sori.owner().wait_for_call("missed", |call| ended(call, CALLER));
    assert_eq!(record["missed_reason"], "customer_left", "{record}");
}

/// A customer talks to the manager, who hands them on to a number outside.
fn hands_on<'a>(sori: &Sori, carrier: &'a UserAgent, manager: &mut Browser) -> Call<'a> {
    let call = carrier.call(sori.sip(), CALLER, "07040000003");
    call.voice.sing(CUSTOMER);
    manager.wait("ring-prompt");
    manager.click("softphone-answer");
    call.engaged();
    call.voice.wait_for_tone(MANAGER);
    manager.click("softphone-transfer");
    manager.fill("transfer-number", "010-9876-5432");
    manager.click("transfer-send");
    call
}

#[test]
fn a_manager_hands_a_customer_on_from_the_console() {
    const COLLEAGUE: f64 = 1_000.0;
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let mut manager = manager(&sori);
    let call = hands_on(&sori, &carrier, &mut manager);
    let (_, third) = carrier.answer("1098765432", sori.sip());
    third.voice.sing(COLLEAGUE);
    call.voice.wait_for_tone(COLLEAGUE);
    third.voice.wait_for_tone(CUSTOMER);
    manager.wait_gone("softphone-hangup");
    call.hang_up();
    third.wait_for_bye(SOON);
    sori.wait_until_idle();
}

#[test]
fn a_manager_takes_a_customer_back_while_the_other_rings() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let mut manager = manager(&sori);
    let call = hands_on(&sori, &carrier, &mut manager);
    let invite = carrier
        .wait("an INVITE to the number", SOON, |came| came.method() == "INVITE" && came.start.contains("1098765432"));
    let say = |request: &Message, status: &str| {
        let to = format!("{};tag=third", invite.header("To"));
        carrier.send(&reply(request, status, &to).with("Contact", "<sip:third@127.0.0.1>").write(), sori.sip());
    };
    say(&invite, "180 Ringing");
    call.voice.wait_until_gone(MANAGER);
    manager.wait_state("transfer-panel", "ringing");
    manager.click("transfer-take-back");
    let cancel = carrier.wait("a CANCEL of it", SOON, |came| {
        came.method() == "CANCEL" && came.header("Call-ID") == invite.header("Call-ID")
    });
    say(&cancel, "200 OK");
    say(&invite, "487 Request Terminated");
    manager.wait_state("transfer-panel", "taken_back");
    call.voice.wait_for_tone(MANAGER);
    manager.hears("softphone-audio", CUSTOMER);
    manager.click("softphone-hangup");
    call.wait_for_bye(SOON);
    sori.wait_until_idle();
}
