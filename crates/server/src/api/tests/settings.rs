//! Managers, teams, numbers, phones, carriers, hours and workflows.

use super::harness::Server;
use axum::http::StatusCode;
use serde_json::{Value, json};

#[tokio::test]
async fn the_demo_is_the_contracts() {
    let server = Server::demo().await;
    let owner = server.login("owner@demo.test").await;
    let support = owner.find("/teams", "name", "support").await;
    let minji = owner.find("/managers", "email", "minji@demo.test").await;
    let jun = owner.find("/managers", "email", "jun@demo.test").await;
    let mut members: Vec<&Value> = support["manager_ids"].as_array().unwrap().iter().collect();
    members.sort_by_key(|v| v.to_string());
    assert_eq!(members, [&minji["id"], &jun["id"]]);
    let number = |last: u8| owner.find("/numbers", "e164", Box::leak(format!("+82704000000{last}").into_boxed_str()));
    assert_eq!(number(1).await["routing"], json!({"kind": "team", "id": support["id"]}));
    assert_eq!(number(2).await["routing"]["kind"], "workflow");
    assert_eq!(number(3).await["routing"], json!({"kind": "manager", "id": minji["id"]}));
    assert_eq!(number(3).await["is_default"], true);
    assert_eq!(number(5).await["routing"]["kind"], "echo");
    let hours = owner.find("/hours", "id", number(4).await["hours_id"].as_str().unwrap()).await;
    assert_eq!((&hours["is_open"], &hours["next_change_at"]), (&json!(false), &Value::Null));
    let phone = owner.find("/phones", "manager_id", minji["id"].as_str().unwrap()).await;
    assert_eq!(phone["link"]["state"], "no_signal");
    assert_ne!(phone["device_address"], phone["user_id"]);
    let settings = server.app.settings();
    assert_eq!(settings.business.workflows.len(), 1);
    assert!(
        pbx::validate(&settings.business.workflows[0].revision).is_empty(),
        "{:?}",
        pbx::validate(&settings.business.workflows[0].revision)
    );
    assert_eq!(settings.carriers[0].trust, switch::settings::CarrierTrust::Loopback);
    assert_eq!(settings.carriers[0].proxies, [switch::Proxy::at("127.0.0.1:5090".parse().unwrap())]);
    assert!(!settings.carriers[0].probes, "the demo's carrier is usually not there");
}

#[tokio::test]
async fn a_number_is_issued_changed_and_released() {
    let server = Server::demo().await;
    let owner = server.login("owner@demo.test").await;
    let offered = owner.get("/numbers/available?country=KR&limit=2").await.json();
    assert_eq!(offered["items"][0]["e164"], "+827040000006");
    let next = owner
        .get(&format!("/numbers/available?limit=2&after={}", offered["next"].as_str().unwrap().replace('+', "%2B")))
        .await
        .json();
    assert_eq!(next["items"][0]["e164"], "+827040000008");
    let issued = owner.post("/numbers", json!({"e164": "+827040000006"})).await;
    assert_eq!(issued.status, StatusCode::CREATED, "{}", issued.text);
    let path = format!("/numbers/{}", issued.json()["id"].as_str().unwrap());
    assert_eq!(owner.post("/numbers", json!({"e164": "+827040000006"})).await.code(), "already_issued");
    assert_eq!(
        owner.post("/numbers", json!({"e164": "+82215880000"})).await.fields(),
        [("e164".into(), "not_available".into())]
    );
    let changed =
        owner.patch(&path, json!({"ring_seconds": 45, "ringback": {"kind": "national"}, "is_default": true})).await;
    assert_eq!((changed.status, &changed.json()["ring_seconds"]), (StatusCode::OK, &json!(45)));
    assert_eq!(owner.find("/numbers", "e164", "+827040000003").await["is_default"], false);
    {
        let published = server.published.lock().unwrap().clone().unwrap();
        let id = published.business.number_by_e164[&"+827040000006".parse().unwrap()];
        assert_eq!(published.business.numbers[&id].ring_seconds, 45);
    }
    assert_eq!(
        owner.patch(&path, json!({"is_default": false})).await.fields(),
        [("is_default".into(), "needed".into())]
    );
    assert_eq!(
        owner.patch(&path, json!({"routing": {"kind": "team", "id": "0000000000000"}})).await.fields(),
        [("routing.id".into(), "not_found".into())]
    );
    assert_eq!(owner.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(owner.get(&path).await.status, StatusCode::NOT_FOUND);
    assert!(server.app.settings().business.released.contains(&"+827040000006".parse().unwrap()));
    assert_eq!(owner.find("/numbers", "e164", "+827040000001").await["is_default"], true);
    assert_eq!(
        owner.post("/numbers", json!({"e164": "+827040000006"})).await.status,
        StatusCode::CREATED,
        "issued anew"
    );
    assert!(server.app.settings().business.released.is_empty());
}

#[tokio::test]
async fn phones_by_the_rules() {
    let server = Server::demo().await;
    let owner = server.login("owner@demo.test").await;
    let jun = owner.find("/managers", "email", "jun@demo.test").await["id"].clone();
    let phone = |name: &str| json!({"name": name, "manager_id": jun});
    let made = owner.post("/phones", json!({"phones": [phone("a"), phone("b")]})).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(made.json()["items"].as_array().unwrap().len(), 2);
    let nine: Vec<Value> = (0..9).map(|i| phone(&format!("n{i}"))).collect();
    assert_eq!(
        owner.post("/phones", json!({"phones": nine})).await.fields(),
        [("phones".into(), "out_of_range".into())]
    );
    assert_eq!(
        owner.post("/phones", json!({"phones": [phone("a")]})).await.fields(),
        [("phones[0].name".into(), "not_unique".into())]
    );
    assert_eq!(
        owner.post("/phones", json!({"phones": [phone("c"), phone("c")]})).await.fields(),
        [("phones[1].name".into(), "not_unique".into())]
    );
    assert_eq!(
        owner.post("/phones", json!({"phones": [phone(&"가".repeat(30))]})).await.fields(),
        [("phones[0].name".into(), "length".into())]
    );
    assert_eq!(owner.post("/phones", json!({"phones": [phone(&"가".repeat(29))]})).await.status, StatusCode::CREATED);
    assert_eq!(
        owner.post("/phones", json!({"phones": [{"name": "d", "manager_id": "nope"}]})).await.fields(),
        [("phones[0].manager_id".into(), "invalid".into())]
    );
    assert_eq!(
        owner.post("/phones", json!({"phones": [{"name": "d", "manager_id": jun, "colour": 1}]})).await.fields(),
        [("phones[0].colour".into(), "unknown_field".into())]
    );
    let path = format!("/phones/{}", made.json()["items"][0]["id"].as_str().unwrap());
    let before = owner.get(&path).await.json();
    let after = owner.patch(&path, json!({"name": "desk"})).await.json();
    assert_eq!(
        (&after["name"], &after["password"], &after["user_id"]),
        (&json!("desk"), &before["password"], &before["user_id"]),
        "R42"
    );
    assert_eq!(
        server.login("sora@demo.test").await.get(&path).await.status,
        StatusCode::NOT_FOUND,
        "the password is the owner's and admins' to see"
    );
    assert_eq!(server.login("jun@demo.test").await.get(&path).await.status, StatusCode::OK);
    assert_eq!(owner.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert!(
        !server.published.lock().unwrap().clone().unwrap().phones.iter().any(|p| p.user_id == before["user_id"]),
        "R43"
    );
    let servers = owner.get("/phones/servers").await.json();
    assert_eq!((&servers[0]["country"], &servers[0]["port"]), (&json!("KR"), &json!(5060)));
    assert_eq!((&servers[0]["transports"], &servers[0]["tls_port"]), (&json!(["udp", "tcp", "tls"]), &json!(5061)));
}

#[tokio::test]
async fn managers_by_role() {
    let server = Server::demo().await;
    let owner = server.login("owner@demo.test").await;
    let minji = server.login("minji@demo.test").await;
    let new = json!({"name": "하나", "email": "Hana@demo.test", "password": "long-enough", "role": "admin"});
    assert_eq!(minji.post("/managers", new.clone()).await.status, StatusCode::FORBIDDEN);
    let made = owner.post("/managers", new.clone()).await;
    assert_eq!((made.status, &made.json()["email"]), (StatusCode::CREATED, &json!("hana@demo.test")));
    assert!(made.json().get("password").is_none());
    assert_eq!(owner.post("/managers", new).await.fields(), [("email".into(), "not_unique".into())]);
    assert_eq!(
        owner.post("/managers", json!({"name": "x", "email": "x@demo.test"})).await.fields(),
        [("password".into(), "required".into())]
    );
    let path = format!("/managers/{}", made.json()["id"].as_str().unwrap());
    assert_eq!(owner.patch(&path, json!({"max_calls": 1000})).await.json()["max_calls"], 1000);
    assert_eq!(
        owner.patch(&path, json!({"max_calls": 0})).await.fields(),
        [("max_calls".into(), "out_of_range".into())]
    );
    assert_eq!(
        owner.patch(&path, json!({"status": "call"})).await.fields(),
        [("status".into(), "not_choosable".into())]
    );
    assert_eq!(owner.patch(&path, json!({"role": "boss"})).await.fields(), [("role".into(), "invalid".into())]);
    assert_eq!(owner.patch(&path, json!({"password": "sori-demo"})).await.status, StatusCode::OK);
    let hana = server.login("hana@demo.test").await;
    let me = owner.get("/me").await.json();
    let owner_path = format!("/managers/{}", me["id"].as_str().unwrap());
    assert_eq!(hana.patch(&owner_path, json!({"name": "x"})).await.status, StatusCode::FORBIDDEN);
    assert_eq!(hana.patch(&path, json!({"role": "owner"})).await.fields(), [("role".into(), "forbidden".into())]);
    assert_eq!(owner.patch(&owner_path, json!({"role": "admin"})).await.code(), "last_owner");
    let minji_path =
        format!("/managers/{}", owner.find("/managers", "email", "minji@demo.test").await["id"].as_str().unwrap());
    assert_eq!(owner.delete(&minji_path).await.code(), "in_use", "number 3 and a phone are hers");
    assert_eq!(owner.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(hana.get("/me").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn teams_and_hours() {
    let server = Server::demo().await;
    let owner = server.login("owner@demo.test").await;
    let sora = owner.find("/managers", "email", "sora@demo.test").await["id"].clone();
    let team = owner.post("/teams", json!({"name": "night", "manager_ids": [sora]})).await;
    assert_eq!((team.status, &team.json()["manager_ids"]), (StatusCode::CREATED, &json!([sora])));
    assert_eq!(owner.post("/teams", json!({"name": "night"})).await.fields(), [("name".into(), "not_unique".into())]);
    let path = format!("/teams/{}", team.json()["id"].as_str().unwrap());
    assert_eq!(owner.patch(&path, json!({"manager_ids": []})).await.json()["manager_ids"], json!([]));
    assert_eq!(owner.delete(&path).await.status, StatusCode::NO_CONTENT);
    let support = owner.find("/teams", "name", "support").await;
    assert_eq!(owner.delete(&format!("/teams/{}", support["id"].as_str().unwrap())).await.code(), "in_use");

    let hours =
        owner.post("/hours", json!({"name": "Day", "weekly": {"monday": [{"from": "09:00", "to": "18:00"}]}})).await;
    assert_eq!((hours.status, &hours.json()["time_zone"]), (StatusCode::CREATED, &json!("Asia/Seoul")));
    let path = format!("/hours/{}", hours.json()["id"].as_str().unwrap());
    let opened = owner.patch(&path, json!({"manual_override": {"open": true}})).await.json();
    assert_eq!(opened["is_open"], true);
    assert!(opened["manual_override"]["until"].is_string(), "until the next automatic change");
    assert_eq!(owner.patch(&path, json!({"manual_override": null})).await.json()["manual_override"], Value::Null);
}

#[tokio::test]
async fn a_workflow_is_published_as_a_revision_that_stays() {
    let server = Server::demo().await;
    let owner = server.login("owner@demo.test").await;
    let made = owner
        .post(
            "/workflows",
            json!({"name": "bye", "steps": [{"name": "a", "actions": [{"kind": "go", "step": "nowhere"}]}]}),
        )
        .await;
    assert_eq!((made.status, &made.json()["state"]), (StatusCode::CREATED, &json!("draft")), "{}", made.text);
    let path = format!("/workflows/{}", made.json()["id"].as_str().unwrap());
    let refused = owner.post(&format!("{path}/publish"), json!({})).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "invalid_input"));
    assert!(!refused.fields().is_empty());
    assert_eq!(
        owner.patch(&path, json!({"steps": [{"name": "a", "actions": [{"kind": "end", "colour": 1}]}]})).await.fields(),
        [("steps[0].actions[0].colour".into(), "unknown_field".into())]
    );
    assert_eq!(
        owner.patch(&path, json!({"steps": [{"name": "a", "actions": [{"kind": "end"}]}]})).await.status,
        StatusCode::OK
    );
    let live = owner.post(&format!("{path}/publish"), json!({})).await.json();
    assert_eq!((&live["state"], &live["changed"]), (&json!("live"), &json!(false)));
    assert_eq!(owner.patch(&path, json!({"name": "good bye"})).await.json()["changed"], true);
    owner.post(&format!("{path}/publish"), json!({})).await;
    let revisions = owner.get(&format!("{path}/revisions")).await.json();
    let names: Vec<&Value> = revisions["items"].as_array().unwrap().iter().map(|r| &r["name"]).collect();
    assert_eq!(names, [&json!("good bye"), &json!("bye")]);
    assert_eq!(owner.post(&format!("{path}/stop"), json!({})).await.json()["state"], "stopped");
    assert_eq!(owner.post(&format!("{path}/stop"), json!({})).await.code(), "not_live");
    let again = server.app.store.load_workspace().await.unwrap();
    assert_eq!(again.workflows, server.app.workspace().workflows, "what is in memory is what is in the database");
}
