//! A customer's call from the trunk to a desk phone, and a desk phone's call out: what each side hears, through hold and back.

use crate::api::ended;
use crate::desk_phone::{Account, DeskPhone};
use crate::message::user_of;
use crate::patience::SOON;
use crate::sori::Sori;
use crate::user_agent::UserAgent;

/// The customer's tone and the manager's; no harmonic of one is near the other.
const CUSTOMER: f64 = 440.0;
const MANAGER: f64 = 700.0;
const CALLER: &str = "01012345678";

/// A call to the team's number is answered at a phone signed in as `pairing` makes of (ID, device address).
fn answered_with(pairing: impl Fn(&Account) -> (String, String)) {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let given = sori.phone();
    let (user, auth_user) = pairing(&given);
    let phone = DeskPhone::start(&sori.sip().to_string(), &Account { user, auth_user, ..given }, MANAGER);
    let call = carrier.call(sori.sip(), CALLER, "07040000001");
    call.voice.sing(CUSTOMER);
    let rang = phone.accept();
    assert!(
        rang["peeruri"].as_str().unwrap_or_default().contains("1012345678"),
        "the phone shows the customer: {rang}"
    );
    call.engaged();
    talk(&call.voice, &phone);
    phone.command("hold", "");
    call.voice.wait_until_gone(MANAGER);
    phone.command("resume", "");
    call.voice.wait_for_tone(MANAGER);
    phone.hears_again(CUSTOMER, MANAGER, &call.voice);
    call.hang_up();
    phone.wait_for("CALL_CLOSED");
    let owner = sori.owner();
    let record = owner.wait_for_call("ended", |call| ended(call, CALLER));
    assert!(record["engaged_at"].is_string(), "{record}");
    assert!(record["missed_reason"].is_null(), "{record}");
    sori.wait_until_idle();
    assert_eq!(owner.team_name(&owner.conversation_of(&record)["team_id"]), "support");
}

fn talk(customer: &crate::voice::Voice, phone: &DeskPhone) {
    customer.wait_for_tone(MANAGER);
    phone.wait_for_tone(CUSTOMER);
}

#[test]
fn phone_signed_in_by_id_with_its_device_address() {
    answered_with(|given| (given.user.clone(), given.auth_user.clone()));
}

#[test]
fn phone_signed_in_by_device_address_with_its_id() {
    answered_with(|given| (given.auth_user.clone(), given.user.clone()));
}

#[test]
fn phone_signed_in_by_id_alone() {
    answered_with(|given| (given.user.clone(), given.user.clone()));
}

#[test]
fn phone_signed_in_by_device_address_alone() {
    answered_with(|given| (given.auth_user.clone(), given.auth_user.clone()));
}

#[test]
fn the_phone_hangs_up_and_the_carrier_hears_of_it() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let phone = DeskPhone::start(&sori.sip().to_string(), &sori.phone(), MANAGER);
    let call = carrier.call(sori.sip(), CALLER, "07040000003");
    call.voice.sing(CUSTOMER);
    phone.accept();
    call.engaged();
    talk(&call.voice, &phone);
    phone.command("hangup", "");
    call.wait_for_bye(SOON);
    let owner = sori.owner();
    let record = owner.wait_for_call("ended", |call| ended(call, CALLER));
    sori.wait_until_idle();
    traced(&owner.get(&format!("/calls/{}/trace", record["id"].as_str().unwrap())));
}

/// The trace tells the steps, the messages of both legs in their order, and how the media of both was.
fn traced(trace: &serde_json::Value) {
    let told = |kind: &str, leg: Option<u64>| -> Vec<&str> {
        let items = trace["items"].as_array().unwrap().iter();
        items.filter(|i| i["kind"] == kind && i["leg"].as_u64() == leg).map(|i| i["what"].as_str().unwrap()).collect()
    };
    let steps = told("step", None);
    for step in ["arrived", "presented", "answered", "ended"] {
        assert!(steps.contains(&step), "{step} in {steps:?}");
    }
    let customer = told("sip", Some(0));
    assert_eq!((customer[0], customer.contains(&"BYE")), ("INVITE", true), "{customer:?}");
    let phone = told("sip", Some(1));
    for message in ["INVITE", "180 Ringing", "200 OK", "ACK", "BYE"] {
        assert!(phone.contains(&message), "{message} in {phone:?}");
    }
    for leg in [0, 1] {
        let media = &trace["legs"][leg]["media"];
        assert_eq!(media["codec"], "PCMU", "{trace}");
        assert!(media["received"].as_u64() > Some(10) && media["sent"].as_u64() > Some(10), "{trace}");
    }
    assert!(trace["legs"][0]["manager_id"].is_null() && trace["legs"][1]["manager_id"].is_string(), "{trace}");
    assert_eq!(trace["legs"][1]["device"], "desk_phone", "{trace}");
}

#[test]
fn a_customer_who_gives_up_stops_the_ringing() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let phone = DeskPhone::start(&sori.sip().to_string(), &sori.phone(), MANAGER);
    let call = carrier.call(sori.sip(), CALLER, "07040000003");
    phone.wait_for("CALL_INCOMING");
    call.give_up();
    phone.wait_for("CALL_CLOSED");
    let record = sori.owner().wait_for_call("missed", |call| ended(call, CALLER));
    sori.wait_until_idle();
    assert_eq!(record["missed_reason"], "customer_left", "{record}");
}

#[test]
fn a_desk_phone_calls_out_through_the_trunk() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let phone = DeskPhone::start(&sori.sip().to_string(), &sori.phone(), MANAGER);
    phone.command("dial", &format!("sip:01098765432@{}", sori.sip()));
    let (invite, call) = carrier.answer("1098765432", sori.sip());
    call.voice.sing(CUSTOMER);
    // The number routed to minji is what the customer sees.
    assert!(user_of(invite.header("From")).ends_with("7040000003"), "{}", invite.header("From"));
    phone.wait_for("CALL_ESTABLISHED");
    talk(&call.voice, &phone);
    phone.command("hangup", "");
    call.wait_for_bye(SOON);
    let record = sori
        .owner()
        .wait_for_call("outbound and over", |call| call["direction"] == "outbound" && call["state"] == "ended");
    assert!(record["engaged_at"].is_string(), "{record}");
    sori.wait_until_idle();
    assert!(record["to"].as_str().unwrap_or_default().ends_with("1098765432"), "{record}");
}

#[test]
fn a_call_over_tls_with_srtp_at_a_desk_phone() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let phone = DeskPhone::start_secure(&sori.sips().to_string(), &sori.phone(), MANAGER);
    let call = carrier.call(sori.sip(), CALLER, "07040000003");
    call.voice.sing(CUSTOMER);
    phone.accept();
    call.engaged();
    talk(&call.voice, &phone);
    phone.command("hold", "");
    call.voice.wait_until_gone(MANAGER);
    call.voice.wait_for_sound();
    phone.command("resume", "");
    call.voice.wait_for_tone(MANAGER);
    phone.hears_again(CUSTOMER, MANAGER, &call.voice);
    phone.command("hangup", "");
    call.wait_for_bye(SOON);
    sori.wait_until_idle();
}

#[test]
fn a_desk_phone_hands_a_call_on_to_a_colleague_unannounced() {
    const COLLEAGUE: f64 = 1_000.0;
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let minji = DeskPhone::start(&sori.sip().to_string(), &sori.phone(), MANAGER);
    let account = sori.second_phone();
    let jun = DeskPhone::start(&sori.sip().to_string(), &account, COLLEAGUE);
    let call = carrier.call(sori.sip(), CALLER, "07040000003");
    call.voice.sing(CUSTOMER);
    minji.accept();
    call.engaged();
    talk(&call.voice, &minji);
    minji.command("transfer", &format!("sip:{}@{}", account.user, sori.sip()));
    jun.accept();
    call.voice.wait_for_tone(COLLEAGUE);
    jun.wait_for_tone(CUSTOMER);
    minji.wait_for("CALL_CLOSED");
    call.hang_up();
    jun.wait_for("CALL_CLOSED");
    sori.wait_until_idle();
}
