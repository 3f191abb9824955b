//! The numbers of the demo workspace, called from the trunk: what they play, what keys do, what is recorded.

use crate::api::ended;
use crate::desk_phone::DeskPhone;
use crate::patience::SOON;
use crate::sori::Sori;
use crate::user_agent::{Call, UserAgent};
use std::time::Duration;

const CALLER: &str = "01055556666";

/// Calls the IVR, presses a key while the menu plays, and gives the team the call was led to with the key that was recorded.
fn led_to(press: impl Fn(&Call)) -> (String, String) {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let call = carrier.call(sori.sip(), CALLER, "07040000002");
    call.engaged();
    call.voice.wait_for_sound();
    press(&call);
    let owner = sori.owner();
    let record = owner.wait_for_call("led to a team", |call| {
        call["conversation_id"].is_string() && !owner.conversation_of(call)["team_id"].is_null()
    });
    let keys = record["keys"].as_array().unwrap().clone();
    assert_eq!(keys.len(), 1, "one press is one key: {record}");
    (
        owner.team_name(&owner.conversation_of(&record)["team_id"]),
        keys[0]["key"].as_str().unwrap_or_default().to_owned(),
    )
}

fn led(team: &str, key: &str) -> (String, String) {
    (team.to_owned(), key.to_owned())
}

#[test]
fn key_1_by_telephone_event_leads_to_support() {
    assert_eq!(led_to(|call| call.voice.press('1')), led("support", "1"));
}

#[test]
fn key_2_by_telephone_event_leads_to_sales() {
    assert_eq!(led_to(|call| call.voice.press('2')), led("sales", "2"));
}

#[test]
fn key_1_in_band_leads_to_support() {
    assert_eq!(led_to(|call| call.voice.press_in_band('1')), led("support", "1"));
}

#[test]
fn key_2_in_band_leads_to_sales() {
    assert_eq!(led_to(|call| call.voice.press_in_band('2')), led("sales", "2"));
}

#[test]
fn the_ivr_rings_the_phone_of_the_team_that_was_chosen() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let phone = DeskPhone::start(&sori.sip().to_string(), &sori.phone(), 700.0);
    let call = carrier.call(sori.sip(), CALLER, "07040000002");
    call.engaged();
    call.voice.sing(440.0);
    call.voice.wait_for_sound();
    call.voice.press('1');
    phone.accept();
    call.voice.wait_for_tone(700.0);
    phone.wait_for_tone(440.0);
    call.hang_up();
}

#[test]
fn the_closed_number_speaks_for_six_seconds_and_hangs_up() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let call = carrier.call(sori.sip(), CALLER, "07040000004");
    call.engaged();
    call.voice.wait_for_sound();
    call.wait_for_bye(Duration::from_secs(12));
    let (frames, span) = call.voice.heard();
    assert!((299..=302).contains(&frames), "six seconds are 300 frames, {frames} came");
    assert!((5.8..6.4).contains(&span.as_secs_f64()), "{span:?}");
    let record = sori.owner().wait_for_call("ended", |call| ended(call, CALLER));
    assert_eq!(record["missed_reason"], "out_of_hours", "{record}");
    sori.wait_until_idle();
}

#[test]
fn the_echo_test_sends_back_what_it_hears() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let call = carrier.call(sori.sip(), CALLER, "07040000005");
    call.engaged();
    call.voice.wait_for_sound();
    call.voice.sing(1_000.0);
    call.voice.wait_for_tone(1_000.0);
    call.voice.sing(600.0);
    call.voice.wait_for_tone(600.0);
    call.hang_up();
    sori.owner().wait_for_call("ended", |call| ended(call, CALLER));
}

#[test]
fn a_team_without_devices_is_said_and_recorded() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let call = carrier.call(sori.sip(), CALLER, "07040000001");
    call.outcome_within(SOON);
    let record = sori.owner().wait_for_call("missed", |call| call["missed_reason"].is_string());
    assert_eq!(record["direction"], "inbound", "{record}");
    assert!(record["engaged_at"].is_null(), "{record}");
}
