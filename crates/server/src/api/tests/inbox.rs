//! Calls, conversations, customers, browser phones and events, with a real business machine behind the API.

use super::harness::{Client, Server};
use axum::http::StatusCode;
use futures_util::StreamExt as _;
use pbx::settings::RingDevice;
use pbx::{CallId, Caller, Cause, Fact, ManagerId, Party};
use serde_json::{Value, json};

fn call_arrived(server: &Server, id: u64, from: &str, to: &str) -> CallId {
    let call = CallId(id);
    let fact = Fact::CallArrived {
        call,
        from: Caller::Number(from.parse().unwrap()),
        to: Some(to.parse().unwrap()),
        dialled: to.into(),
        diverted_from: None,
    };
    server.facts.send(fact).unwrap();
    call
}

/// Waits (by asking, not by sleeping) until the database says so.
async fn until(client: &Client<'_>, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..2000 {
        let answer = client.get(path).await;
        if answer.status == StatusCode::OK && is_so(&answer.json()) {
            return answer.json();
        }
        tokio::task::yield_now().await;
    }
    panic!("{path}: {}", client.get(path).await.text);
}

/// A call to a number nobody can take: it becomes missed by itself.
async fn missed_call(server: &Server, client: &Client<'_>) -> (CallId, Value) {
    let call = call_arrived(server, crate::clock::now().0 << 20, "+821012345678", "+827040000003");
    server.facts.send(Fact::HungUp { call, party: Party::Customer, cause: Cause::Normal }).unwrap();
    let call_json = until(client, &format!("/calls/{call}"), |c| c["state"] == "ended").await;
    (call, call_json)
}

#[tokio::test]
async fn a_missed_call_stands_in_the_inbox() {
    let server = Server::demo().await;
    let minji = server.login("minji@demo.test").await;
    let (call, seen) = missed_call(&server, &minji).await;
    assert_eq!(
        (&seen["direction"], &seen["from"], &seen["kind"]),
        (&json!("inbound"), &json!("+821012345678"), &json!("call"))
    );
    assert!(seen["missed_reason"].is_string(), "{seen}");
    let list =
        until(&minji, "/calls?direction=inbound&state=ended", |l| !l["items"].as_array().unwrap().is_empty()).await;
    assert_eq!(list["items"][0]["id"], call.to_string());
    let trace = minji.get(&format!("/calls/{call}/trace")).await.json();
    assert_eq!(trace["items"][0]["what"], "arrived");
    assert_eq!(minji.get(&format!("/calls/{call}/recording")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(minji.post(&format!("/calls/{call}/hang-up"), json!({})).await.code(), "ended");
}

/// A conversation with a customer, made as the business makes them.
async fn conversation(server: &Server) -> (String, String) {
    use pbx::record::{ConversationState, Record};
    let now = crate::clock::now();
    let customer = pbx::CustomerRecord {
        id: pbx::CustomerId(server.app.store.new_id(now)),
        name: String::new(),
        phone_numbers: vec!["+821055554444".parse().unwrap()],
        alias: String::new(),
        language: None,
        is_lead: true,
        blocked: false,
        created_at: now,
    };
    let conversation = pbx::ConversationRecord {
        id: pbx::ConversationId(server.app.store.new_id(now)),
        state: ConversationState::Missed,
        customer_id: customer.id,
        number_id: None,
        team_id: None,
        assignee_id: None,
        missed_reason: Some(pbx::MissedReason::RingTimeOver),
        tags: Vec::new(),
        created_at: now,
        last_activity_at: now,
        closed_at: None,
    };
    let ids = (conversation.id.to_string(), customer.id.to_string());
    server.app.writer.send(vec![Record::Customer(Box::new(customer)), Record::Conversation(Box::new(conversation))]);
    server.app.writer.settled().await.unwrap();
    ids
}

#[tokio::test]
async fn a_conversation_is_worked_on() {
    let server = Server::demo().await;
    let minji = server.login("minji@demo.test").await;
    let (id, _) = conversation(&server).await;
    let path = format!("/conversations/{id}");
    let seen = minji.get(&path).await.json();
    assert_eq!((&seen["customer"]["is_lead"], &seen["missed_reason"]), (&json!(true), &json!("ring_time_over")));
    for action in ["open", "snooze", "close", "assign", "note", "call"] {
        assert!(seen["actions"].as_array().unwrap().contains(&json!(action)), "{action}: {seen}");
    }
    let me = minji.get("/me").await.json();
    let changed = minji.patch(&path, json!({"state": "open", "assignee_id": me["id"], "tags": ["refund"]})).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    let changed = changed.json();
    assert_eq!(
        (&changed["state"], &changed["assignee_id"], &changed["missed_reason"]),
        (&json!("open"), &me["id"], &Value::Null),
        "R88, R148"
    );
    assert_eq!(minji.patch(&path, json!({"state": "queued"})).await.fields(), [("state".into(), "invalid".into())]);
    assert_eq!(
        minji.patch(&path, json!({"team_id": "0000000000000"})).await.fields(),
        [("team_id".into(), "not_found".into())]
    );
    assert_eq!(
        minji.post(&format!("{path}/notes"), json!({"text": " "})).await.fields(),
        [("text".into(), "required".into())]
    );
    let note = minji.post(&format!("{path}/notes"), json!({"text": "환불 요청"})).await;
    assert_eq!((note.status, &note.json()["manager_id"]), (StatusCode::CREATED, &me["id"]));
    let timeline = minji.get(&format!("{path}/timeline")).await.json();
    let kinds: Vec<&str> = timeline["items"].as_array().unwrap().iter().map(|i| i["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"entry") && kinds.last() == Some(&"note"), "{timeline}");
    assert_eq!(
        minji.get(&format!("/conversations?assignee_id={}", me["id"].as_str().unwrap())).await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(minji.get("/conversations?state=missed,closed").await.json()["items"], json!([]));
    assert_eq!(minji.post(&format!("{path}/calls"), json!({})).await.code(), "no_device");
}

#[tokio::test]
async fn lists_come_in_pages() {
    let server = Server::demo().await;
    let minji = server.login("minji@demo.test").await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(conversation(&server).await.0);
    }
    let mut seen = Vec::new();
    let mut path = "/conversations?limit=2".to_owned();
    loop {
        let page = minji.get(&path).await.json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => path = format!("/conversations?limit=2&after={next}"),
            None => break,
        }
    }
    made.reverse();
    assert_eq!(seen, made);
}

#[tokio::test]
async fn customers_are_found_changed_and_blocked() {
    let server = Server::demo().await;
    let minji = server.login("minji@demo.test").await;
    let (_, id) = conversation(&server).await;
    let path = format!("/customers/{id}");
    let found = minji.get("/customers?search=010-5555").await.json();
    assert_eq!(found["items"][0]["id"], id.as_str());
    let named = minji.patch(&path, json!({"name": "김하나", "profile": {"vip": true}, "blocked": true})).await.json();
    assert_eq!(
        (&named["is_lead"], &named["blocked"], &named["actions"][1]),
        (&json!(false), &json!(true), &json!("unblock"))
    );
    assert_eq!(minji.get("/customers?search=하나").await.json()["items"][0]["profile"]["vip"], true);
    assert_eq!(minji.patch(&path, json!({"phone_numbers": ["010"]})).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let other = minji.post("/customers", json!({"name": "x", "phone_numbers": ["+821055554444"]})).await;
    assert_eq!(other.fields(), [("phone_numbers[0]".into(), "not_unique".into())]);
    let directory = server.app.store.load_directory().await.unwrap();
    assert!(directory.by_number[&"+821055554444".parse().unwrap()].blocked);
}

#[tokio::test]
async fn dialling_rings_the_callers_own_device_first() {
    let server = Server::demo().await;
    let minji = server.login("minji@demo.test").await;
    let id: ManagerId = minji.get("/me").await.json()["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(minji.post("/calls", json!({"to": "01012345678"})).await.code(), "no_device");
    server.facts.send(Fact::Reachable { manager: id, device: RingDevice::Desktop, count: 1 }).unwrap();
    assert_eq!(minji.post("/calls", json!({"to": "hello"})).await.fields(), [("to".into(), "invalid".into())]);
    let call = minji.post("/calls", json!({"to": "010-1234-5678"})).await;
    assert_eq!(call.status, StatusCode::CREATED, "{}", call.text);
    assert_eq!(call.json()["direction"], "outbound");
    let path = format!("/calls/{}", call.json()["id"].as_str().unwrap());
    assert_eq!(
        server.login("sora@demo.test").await.post(&format!("{path}/hang-up"), json!({})).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(minji.post(&format!("{path}/hang-up"), json!({})).await.json()["state"], "ended");
}

#[tokio::test]
async fn browsers_get_short_lived_accounts() {
    let server = Server::demo().await;
    let minji = server.login("minji@demo.test").await;
    let made = minji.post("/browser-phone", json!({"kind": "mobile"})).await;
    assert_eq!((made.status, &made.json()["ws_path"]), (StatusCode::CREATED, &json!("/sip")));
    assert_eq!(
        minji.post("/browser-phone", json!({"kind": "fridge"})).await.fields(),
        [("kind".into(), "invalid".into())]
    );
    assert_eq!(minji.post("/demo/customer-phone", json!({"from": "010 9999 8888"})).await.status, StatusCode::CREATED);
    // Orders are carried out in turn: when this one is, the accounts are there.
    server.app.refresh().await.unwrap();
    let accounts = server.browsers.lock().unwrap().clone();
    assert_eq!(accounts[0].username, made.json()["username"].as_str().unwrap());
    assert!(matches!(accounts[0].who, crate::control::BrowserUser::Manager(_, RingDevice::Mobile)));
    assert_eq!(accounts[1].who, crate::control::BrowserUser::Customer("+821099998888".into()));
}

/// The next event of this type on a stream of server-sent events.
async fn next_event(body: &mut axum::body::BodyDataStream, wanted: &str) -> Value {
    let mut text = String::new();
    while let Some(piece) = body.next().await {
        text.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
        while let Some((event, rest)) = text.split_once("\n\n").map(|(a, b)| (a.to_owned(), b.to_owned())) {
            text = rest;
            let field =
                |name: &str| event.lines().find_map(|l| l.strip_prefix(name)).unwrap_or_default().trim().to_owned();
            if field("event:") == wanted {
                return serde_json::from_str(&field("data:")).unwrap();
            }
        }
    }
    panic!("the stream ended without {wanted}");
}

#[tokio::test]
async fn events_tell_what_changed_to_those_who_may_see_it() {
    let server = Server::demo().await;
    let owner = server.login("owner@demo.test").await;
    let listen = async |token: &str| {
        let request = axum::http::Request::get("/api/v1/events")
            .header("authorization", format!("Bearer {token}"))
            .body(axum::body::Body::empty())
            .unwrap();
        server.raw(request).await.into_body().into_data_stream()
    };
    let sora = server.login("sora@demo.test").await;
    let (mut owners, mut soras) = (listen(&owner.token).await, listen(&sora.token).await);
    assert_eq!(next_event(&mut owners, "system").await["resync"], false);
    let phone = owner.find("/phones", "name", "민지 전화기").await;
    let path = format!("/phones/{}", phone["id"].as_str().unwrap());
    owner.patch(&path, json!({"name": "desk"})).await;
    assert_eq!(next_event(&mut owners, "phone").await["name"], "desk");
    let hidden = next_event(&mut soras, "phone").await;
    assert_eq!(hidden, json!({"id": phone["id"], "deleted": true}), "no password for others");
    let (id, _) = conversation(&server).await;
    let told = next_event(&mut soras, "conversation").await;
    assert_eq!(
        (&told["id"], told == sora.get(&format!("/conversations/{id}")).await.json()),
        (&json!(id), true),
        "as its GET gives it"
    );
}
