//! Idempotency keys, and what happens when the database takes nothing.

use super::harness::Server;
use axum::http::StatusCode;
use serde_json::json;

#[tokio::test]
async fn a_write_with_a_key_is_done_once() {
    let server = Server::demo().await;
    let owner = server.login("owner@demo.test").await;
    let key = [("idempotency-key", "k1")];
    let body = json!({"name": "once"});
    let first = owner.send("POST", "/teams", Some(&body), &key).await;
    let second = owner.send("POST", "/teams", Some(&body), &key).await;
    assert_eq!((first.status, second.status), (StatusCode::CREATED, StatusCode::CREATED));
    assert_eq!(first.text, second.text);
    assert_eq!(second.headers["idempotency-replayed"], "true");
    let other = owner.send("POST", "/teams", Some(&json!({"name": "other"})), &key).await;
    assert_eq!((other.status, other.code().as_str()), (StatusCode::CONFLICT, "idempotency_conflict"));
    let minji = server.login("minji@demo.test").await;
    assert_eq!(
        minji.send("POST", "/teams", Some(&body), &key).await.status,
        StatusCode::FORBIDDEN,
        "another caller's key is another key"
    );
    let team = format!("/teams/{}", first.json()["id"].as_str().unwrap());
    let delete = [("idempotency-key", "k2")];
    assert_eq!(owner.send("DELETE", &team, None, &delete).await.status, StatusCode::NO_CONTENT);
    assert_eq!(
        owner.send("DELETE", &team, None, &delete).await.status,
        StatusCode::NO_CONTENT,
        "the first answer again"
    );
    assert_eq!(owner.send("DELETE", &team, None, &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        owner.send("POST", "/teams", Some(&body), &[("idempotency-key", "")]).await.code(),
        "invalid_idempotency_key"
    );
}

#[tokio::test]
async fn a_refusal_is_not_kept_under_its_key() {
    let server = Server::demo().await;
    let owner = server.login("owner@demo.test").await;
    let key = [("idempotency-key", "k")];
    assert_eq!(
        owner.send("POST", "/teams", Some(&json!({"name": ""})), &key).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        owner.send("POST", "/teams", Some(&json!({"name": "put right"})), &key).await.status,
        StatusCode::CREATED
    );
}

#[tokio::test]
async fn many_writers_at_once_make_each_thing_once() {
    let server = Server::demo().await;
    let owner = server.login("owner@demo.test").await;
    let bodies: Vec<_> = (0..20).map(|i| json!({ "name": format!("team {}", i % 10) })).collect();
    let answers =
        futures_util::future::join_all(bodies.iter().map(|body| owner.send("POST", "/teams", Some(body), &[]))).await;
    let made = answers.iter().filter(|a| a.status == StatusCode::CREATED).count();
    assert_eq!(made, 10);
    assert_eq!(server.app.store.load_workspace().await.unwrap().teams, server.app.workspace().teams);
}
