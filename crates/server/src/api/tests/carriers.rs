//! Carriers and their trunks.

use super::harness::Server;
use axum::http::StatusCode;
use pbx::UnixMillis;
use serde_json::{Value, json};
use switch::trunks::{Health, TargetStatus, TrunkCondition, TrunkReason, TrunkStatus};
use switch::{FromUser, MediaProtection, Proxy, Target};

fn registering() -> Value {
    json!({"name": "kt", "kind": "register", "username": "trunk1", "password": "secret-secret",
        "outbound_uri": "sip:ims.example.net", "proxies": ["sip:203.0.113.1;transport=tcp", "edge.example.net:5080"],
        "from_user": "account", "media_protection": "required", "numbers": [{"from": "+827050000000", "to": "+827050000009"}]})
}

#[tokio::test]
async fn a_carrier_known_by_its_address() {
    let server = Server::demo().await;
    let owner = server.login("owner@demo.test").await;
    let carrier = json!({"name": "sk", "addresses": ["203.0.113.0/24"], "outbound_uri": "sip:203.0.113.1", "username": "u", "password": "secret-secret",
        "numbers": [{"from": "+827050000000", "to": "+827050000009"}]});
    let made = owner.post("/carriers", carrier).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert!(!made.text.contains("secret-secret"));
    assert_eq!(made.json()["state"], "unknown");
    let settings = server.app.settings();
    let account = settings.carriers.iter().find(|c| c.name == "sk").unwrap();
    assert_eq!(account.credentials, Some(("u".into(), "secret-secret".into())));
    let proxy = Proxy { host: "203.0.113.1".into(), port: None, transport: None, secure: false };
    assert_eq!((&account.proxies, account.host.as_str()), (&vec![proxy], "203.0.113.1"));
    assert!(account.registration.is_none() && account.probes);
    assert_eq!((account.protection, &made.json()["media_protection"]), (MediaProtection::IfTls, &json!("if_tls")));
    assert_eq!(server.login("minji@demo.test").await.get("/carriers").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_carrier_to_register_at() {
    let server = Server::demo().await;
    let owner = server.login("owner@demo.test").await;
    let made = owner.post("/carriers", registering()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert!(!made.text.contains("secret-secret"), "the password is never handed out");
    assert_eq!((&made.json()["state"], &made.json()["targets"]), (&json!("unregistered"), &json!([])));
    let path = format!("/carriers/{}", made.json()["id"].as_str().unwrap());
    let account = || server.app.settings().carriers.into_iter().find(|c| c.name == "kt");
    let first = account().unwrap();
    assert_eq!((first.host.as_str(), first.proxies.len(), first.from_user), ("ims.example.net", 2, FromUser::Account));
    assert_eq!(first.protection, MediaProtection::Required);
    let contact = first.registration.clone().unwrap().contact_user;
    assert_eq!(first.registration.unwrap().user, "trunk1");
    assert!(contact.len() == 24 && contact.bytes().all(|b| b.is_ascii_hexdigit()), "{contact}");
    // The Contact stays over changes that do not concern the account, and the password stays where none is given.
    owner.patch(&path, json!({"network": "KT", "proxies": ["203.0.113.2"]})).await;
    let second = account().unwrap();
    assert_eq!(second.registration.as_ref().unwrap().contact_user, contact);
    assert_eq!(second.credentials, Some(("trunk1".into(), "secret-secret".into())));
    owner.patch(&path, json!({"password": "another-one"})).await;
    assert_ne!(account().unwrap().registration.unwrap().contact_user, contact);
    // Switched off it is not there for the switch, and says so.
    assert_eq!(owner.patch(&path, json!({"enabled": false})).await.json()["state"], "disabled");
    assert!(account().is_none());
}

#[tokio::test]
async fn a_wrong_field_is_named() {
    let server = Server::demo().await;
    let owner = server.login("owner@demo.test").await;
    let wrong = |change: Value| {
        let mut body = registering();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        body.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        body
    };
    for (change, path, code) in [
        (json!({"proxies": ["a.test", "sip:user@b.test"]}), "proxies[1]", "invalid"),
        (json!({"proxies": ["a.test;transport=sctp"]}), "proxies[0]", "invalid"),
        (json!({"proxies": vec!["a.test"; 9]}), "proxies", "out_of_range"),
        (json!({"proxies": [], "proxy": "a.test,b test"}), "proxy", "invalid"),
        (json!({"proxies": [], "proxy": ""}), "proxy", "invalid"),
        (json!({"proxy": "a.test"}), "proxies", "conflict"),
        (json!({"outbound_uri": "http://a.test"}), "outbound_uri", "invalid"),
        (json!({"username": null}), "password", "required"),
        (json!({"username": null, "password": null}), "username", "required"),
        (json!({"proxies": null, "outbound_uri": null}), "outbound_uri", "required"),
        (json!({"addresses": ["nowhere"]}), "addresses[0]", "invalid"),
        (json!({"kind": "address"}), "addresses", "out_of_range"),
        (json!({"kind": "carrier_pigeon"}), "kind", "invalid"),
        (json!({"from_user": "somebody"}), "from_user", "invalid"),
        (json!({"media_protection": "sometimes"}), "media_protection", "invalid"),
        (json!({"state": "registered"}), "state", "unknown_field"),
    ] {
        let answer = owner.post("/carriers", wrong(change.clone())).await;
        assert!(answer.fields().contains(&(path.into(), code.into())), "{change}: {}", answer.text);
    }
    assert_eq!(
        owner.post("/carriers", wrong(json!({"proxies": null, "proxy": "a.test, sips:b.test"}))).await.status,
        StatusCode::CREATED
    );
}

#[tokio::test]
async fn how_the_trunk_stands_is_told() {
    let server = Server::demo().await;
    let owner = server.login("owner@demo.test").await;
    let made = owner.post("/carriers", registering()).await.json();
    let path = format!("/carriers/{}", made["id"].as_str().unwrap());
    let target = Target { transport: sip::Transport::Tcp, address: "203.0.113.1:5060".parse().unwrap() };
    let status = TrunkStatus {
        condition: TrunkCondition::Refused,
        reason: Some(TrunkReason::Status(403)),
        since: UnixMillis(1_700_000_000_000),
        targets: vec![TargetStatus { target, health: Health::Up }],
    };
    let id = made["id"].as_str().unwrap().parse().unwrap();
    server.app.control.live.trunks.write().unwrap().insert(id, status);
    let told = owner.get(&path).await.json();
    assert_eq!((&told["state"], &told["reason"]), (&json!("refused"), &json!("sip_403")));
    assert_eq!(told["since"], "2023-11-14T22:13:20.000Z");
    assert_eq!(told["targets"], json!([{"address": "203.0.113.1:5060", "transport": "tcp", "state": "up"}]));
}
