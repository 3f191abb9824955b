//! Signing in, roles, languages, the cookie, and the console.

use super::harness::{Server, post};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::json;

#[tokio::test]
async fn signs_in_and_out() {
    let server = Server::demo().await;
    let answer =
        server.ask(post("/api/v1/login", &json!({"email": "MINJI@demo.test ", "password": "sori-demo"}))).await;
    assert_eq!(answer.status, StatusCode::OK);
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(
        cookie.starts_with("sori_session=") && cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    assert_eq!(answer.json()["manager"]["role"], "manager");
    assert_eq!(answer.json()["manager"]["workspace"]["demo"], true);
    let minji = server.login("minji@demo.test").await;
    assert_eq!(minji.get("/me").await.json()["email"], "minji@demo.test");
    assert_eq!(minji.post("/logout", json!({})).await.status, StatusCode::NO_CONTENT);
    let after = minji.get("/me").await;
    assert_eq!((after.status, after.code().as_str()), (StatusCode::UNAUTHORIZED, "not_signed_in"));
    assert_eq!(after.headers[header::CONTENT_TYPE], "application/problem+json");
}

#[tokio::test]
async fn a_wrong_password_tells_nothing_and_is_slowed_down() {
    let server = Server::demo().await;
    for email in ["minji@demo.test", "nobody@demo.test"] {
        let answer = server.ask(post("/api/v1/login", &json!({"email": email, "password": "wrong-wrong"}))).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNAUTHORIZED, "wrong_credentials"));
    }
    for _ in 0..9 {
        server.ask(post("/api/v1/login", &json!({"email": "minji@demo.test", "password": "wrong"}))).await;
    }
    let answer = server.ask(post("/api/v1/login", &json!({"email": "minji@demo.test", "password": "sori-demo"}))).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.headers.contains_key(header::RETRY_AFTER));
}

#[tokio::test]
async fn with_the_cookie_only_our_own_pages_write() {
    let server = Server::demo().await;
    let token = server.login("minji@demo.test").await.token;
    let request = |site: &str| {
        Request::patch("/api/v1/me")
            .header(header::COOKIE, format!("sori_session={token}"))
            .header("sec-fetch-site", site)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(r#"{"status":"eat"}"#))
            .unwrap()
    };
    let refused = server.ask(request("cross-site")).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::FORBIDDEN, "cross_origin"));
    let done = server.ask(request("same-origin")).await;
    assert_eq!((done.status, &done.json()["status"]), (StatusCode::OK, &json!("eat")));
}

#[tokio::test]
async fn problems_speak_the_callers_language() {
    let server = Server::demo().await;
    let ask = |language: &'static str| {
        Request::get("/api/v1/me").header(header::ACCEPT_LANGUAGE, language).body(Body::empty()).unwrap()
    };
    assert_eq!(server.ask(ask("ko")).await.json()["title"], "로그인 필요");
    assert_eq!(server.ask(ask("de")).await.json()["title"], "Not signed in");
    let minji = server.login("minji@demo.test").await;
    assert_eq!(minji.get("/calls/xyz").await.json()["title"], "찾을 수 없음");
    assert_eq!(minji.patch("/me", json!({"language": "en"})).await.status, StatusCode::OK);
    assert_eq!(minji.get("/calls/xyz").await.json()["title"], "Not found");
}

#[tokio::test]
async fn what_is_asked_wrongly_gets_the_right_status() {
    let server = Server::demo().await;
    let owner = server.login("owner@demo.test").await;
    for (method, path, body, status) in [
        ("GET", "/nowhere", None, 404),
        ("PUT", "/me", None, 405),
        ("GET", "/calls?limit=0", None, 422),
        ("GET", "/calls?limit=x", None, 400),
        ("GET", "/calls?colour=red", None, 400),
        ("GET", "/calls?after=zz", None, 422),
        ("GET", "/conversations?state=dreaming", None, 422),
        ("PATCH", "/me", Some(json!([])), 422),
        ("GET", "/workflows/0000000000000", None, 404),
    ] {
        let answer = owner.send(method, path, body.as_ref(), &[]).await;
        assert_eq!(answer.status.as_u16(), status, "{method} {path}: {}", answer.text);
        assert_eq!(answer.json()["status"], status, "{method} {path}");
    }
    let request = |content_type: &'static str, body: String| {
        Request::post("/api/v1/teams")
            .header(header::AUTHORIZATION, format!("Bearer {}", owner.token))
            .header(header::CONTENT_TYPE, content_type)
            .body(Body::from(body))
            .unwrap()
    };
    assert_eq!(server.ask(request("text/plain", "{}".into())).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(server.ask(request("application/json", "{".into())).await.code(), "malformed_json");
    assert_eq!(
        server.ask(request("application/json", " ".repeat(2 * 1024 * 1024))).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
}

#[tokio::test]
async fn machines_need_no_sign_in_on_loopback_and_one_elsewhere() {
    let server = Server::demo().await;
    for path in ["/healthz", "/readyz", "/metrics", "/api/openapi.json"] {
        let answer = server.ask(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
    }
    let mut far = Request::get("/metrics").body(Body::empty()).unwrap();
    far.extensions_mut().insert(axum::extract::ConnectInfo(std::net::SocketAddr::from(([192, 0, 2, 1], 1))));
    let response = tower::ServiceExt::oneshot(server.router.clone(), far).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn any_path_outside_the_api_is_the_console() {
    let server = Server::demo().await;
    let page = server.ask(Request::get("/inbox/0123").body(Body::empty()).unwrap()).await;
    assert!(page.status == StatusCode::OK || page.text.contains("make run"), "{}", page.status);
    assert!(page.headers["content-security-policy"].to_str().unwrap().contains("default-src 'self'"));
    let missing = server.ask(Request::get("/assets/gone.js").body(Body::empty()).unwrap()).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}
