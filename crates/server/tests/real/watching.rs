//! Phones that watch: messages and presence by PJSUA, the lamp of a colleague by a subscriber written by hand.

use crate::desk_phone::Account;
use crate::message::{Message, uri_of};
use crate::patience::SOON;
use crate::pjsua_phone::PjsuaPhone;
use crate::sori::Sori;
use crate::user_agent::{UserAgent, reply};
use serde_json::json;
use sha2::{Digest, Sha256};

/// PJSUA reads what waits for it and whether its manager can be called: while it talks, the only line is taken.
#[test]
fn pjsua_watches_messages_and_presence() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let account = sori.phone();
    let phone = PjsuaPhone::start(sori.sip(), &account, 700.0, json!({ "messages": true }));
    let told = phone.wait_for("messages", |_| true);
    let summary = format!("Messages-Waiting: no\r\nMessage-Account: sip:{}@", account.user);
    assert!(told["body"].as_str().unwrap().contains(&summary), "{told}");
    phone.watch(&format!("sip:{}@{}", account.auth_user, sori.sip()));
    phone.wait_for("presence", |event| event["status"] == "online");
    let call = carrier.call(sori.sip(), "01012345678", "07040000003");
    let leg = phone.accept();
    call.engaged();
    phone.wait_for("presence", |event| event["status"] == "offline");
    call.hang_up();
    phone.wait_for_state(&leg, "ended");
    phone.wait_for("presence", |event| event["status"] == "online");
    sori.wait_until_idle();
}

/// A lamp is dark, blinks while it rings, shines during the call, and is dark again.
#[test]
fn a_lamp_follows_a_managers_calls() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let account = sori.phone();
    let phone = PjsuaPhone::start(sori.sip(), &account, 700.0, json!({}));
    let watcher = UserAgent::start();
    let subscribed = subscribe(&watcher, &sori, &account);
    assert_eq!((subscribed.status(), subscribed.header("Expires")), (200, "60"), "{}", subscribed.start);
    let lamp = |state: &str| {
        let notify = watcher.wait(&format!("a NOTIFY that says {state}"), SOON, |message| {
            message.method() == "NOTIFY" && message.body.contains(state)
        });
        assert_eq!(notify.header("Call-ID"), subscribed.header("Call-ID"));
        watcher.send(&reply(&notify, "200 OK", notify.header("To")).write(), sori.sip());
        notify
    };
    let dark = lamp("version=\"0\" state=\"full\"");
    assert!(!dark.body.contains("<dialog "), "{}", dark.body);
    let call = carrier.call(sori.sip(), "01012345678", "07040000003");
    lamp("<state>early</state>");
    let leg = phone.accept();
    call.engaged();
    let shining = lamp("<state>confirmed</state>");
    assert!(shining.body.contains("direction=\"recipient\"") && shining.body.contains("sip:+821012345678@"));
    call.hang_up();
    phone.wait_for_state(&leg, "ended");
    lamp("<state>terminated</state>");
    assert_eq!(sori.api().figure("sori_sip_subscriptions "), 1.0);
    sori.wait_until_idle();
}

/// Subscribes to the calls of whose phone `account` is: asked for the password, then with it. Gives the last answer.
fn subscribe(watcher: &UserAgent, sori: &Sori, account: &Account) -> Message {
    let uri = format!("sip:{}@{}", account.user, sori.sip());
    let plain = watcher.request("SUBSCRIBE", &uri, &account.user).with("Event", "dialog").with("Expires", "60");
    let challenge = watcher.ask(&plain, sori.sip());
    assert_eq!(challenge.status(), 401, "{}", challenge.start);
    let mut second = plain.clone();
    for (name, value) in &mut second.headers {
        match name.as_str() {
            "CSeq" => *value = "2 SUBSCRIBE".to_owned(),
            "Via" => value.insert_str(value.find(";rport").unwrap(), "second"),
            _ => {}
        }
    }
    let asked = challenge.header("WWW-Authenticate");
    let field = |name: &str| asked.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
    let (realm, nonce) = (field("realm").unwrap(), field("nonce").unwrap());
    let hash = |text: String| Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let first = hash(format!("{}:{realm}:{}", account.auth_user, account.password));
    let uri = uri_of(plain.header("To"));
    let response = hash(format!("{first}:{nonce}:00000001:c0ffee:auth:{}", hash(format!("SUBSCRIBE:{uri}"))));
    let signed = format!(
        "Digest username=\"{}\",realm=\"{realm}\",nonce=\"{nonce}\",uri=\"{uri}\",algorithm=SHA-256,qop=auth,nc=00000001,cnonce=\"c0ffee\",response=\"{response}\"",
        account.auth_user
    );
    watcher.ask(&second.with("Authorization", signed), sori.sip())
}
