//! The power goes out during calls: what the API had confirmed is there afterwards, and nothing stays up for ever.
//! A stop that was asked for lets calls end, and hangs them up when it is asked for again.

use crate::api::ended;
use crate::desk_phone::DeskPhone;
use crate::patience::{SOON, until};
use crate::sori::Sori;
use crate::user_agent::UserAgent;
use serde_json::json;
use std::time::Duration;

#[test]
fn what_was_confirmed_outlives_a_kill_and_open_calls_are_closed() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let owner = sori.owner();
    let finished = carrier.call(sori.sip(), "01000000001", "07040000004");
    finished.engaged();
    finished.wait_for_bye(Duration::from_secs(12));
    let finished = owner.wait_for_call("ended", |call| ended(call, "01000000001"));

    let phone = DeskPhone::start(&sori.sip().to_string(), &sori.phone(), 700.0);
    let open = carrier.call(sori.sip(), "01000000002", "07040000003");
    phone.accept();
    open.engaged();
    open.voice.wait_for_tone(700.0);
    let open = owner.wait_for_call("engaged", |call| call["state"] == "engaged");
    let conversation = open["conversation_id"].as_str().unwrap();
    let (status, note) =
        owner.post(&format!("/conversations/{conversation}/notes"), &json!({ "text": "불이 꺼지기 전에" }));
    assert!((200..300).contains(&status), "{status} {note}");

    let sori = sori.kill_and_restart();
    let owner = sori.owner();
    assert_eq!(owner.get(&format!("/calls/{}", finished["id"].as_str().unwrap()))["missed_reason"], "out_of_hours");
    let closed =
        owner.wait_for_call("closed by the restart", |call| call["id"] == open["id"] && call["state"] == "ended");
    assert!(closed["ended_at"].is_string(), "{closed}");
    let notes = owner.items(&format!("/conversations/{conversation}/timeline"));
    assert!(notes.iter().any(|entry| entry.to_string().contains("불이 꺼지기 전에")), "{notes:?}");

    // The phone signs in again by itself and the next call goes through.
    let next = DeskPhone::start(&sori.sip().to_string(), &sori.phone(), 900.0);
    let call = carrier.call(sori.sip(), "01000000003", "07040000003");
    next.accept();
    call.engaged();
    call.voice.wait_for_tone(900.0);
    call.hang_up();
    owner.wait_for_call("ended", |call| ended(call, "01000000003"));
}

#[test]
fn a_stop_refuses_new_calls_and_hangs_up_the_running_ones_when_asked_again() {
    let carrier = UserAgent::start();
    let mut sori = Sori::start(&carrier);
    // The echo test goes on until somebody hangs up.
    let running = carrier.call(sori.sip(), "01000000001", "07040000005");
    running.engaged();
    sori.terminate();
    let refused = until("new calls to be refused", SOON, || {
        let next = carrier.call(sori.sip(), "01000000002", "07040000005");
        let status = next.outcome().status();
        if status == 200 {
            next.hang_up();
        }
        (status != 200).then_some(status)
    });
    assert_eq!(refused, 503);
    assert_eq!(carrier.count(|came| came.method() == "BYE"), 0, "the running call goes on");
    sori.terminate();
    running.wait_for_bye(SOON);
    assert_eq!(sori.exit_code(), Some(0));
}
