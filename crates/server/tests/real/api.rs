//! The HTTP API as a program would use it.

use crate::patience::{SOON, until};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// The password of everybody in the demo workspace.
const PASSWORD: &str = "sori-demo";

/// One caller of the API.
pub struct Api {
    base: String,
    agent: ureq::Agent,
    token: Option<String>,
}

impl Api {
    /// Nobody in particular.
    pub fn new(address: SocketAddr) -> Self {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(SOON)).build().into();
        Self { base: format!("http://{address}"), agent, token: None }
    }

    /// One of the demo's people.
    #[track_caller]
    pub fn sign_in(mut self, email: &str) -> Self {
        let (status, answer) = self.post("/login", &json!({ "email": email, "password": PASSWORD }));
        assert_eq!(status, 200, "signing in as {email}: {answer}");
        self.token = Some(answer["token"].as_str().expect("a token").to_owned());
        self
    }

    /// A page outside `/api/v1` with its status.
    pub fn get_text(&self, path: &str) -> (u16, String) {
        match self.agent.get(format!("{}{path}", self.base)).call() {
            Ok(mut response) => (response.status().as_u16(), response.body_mut().read_to_string().unwrap_or_default()),
            Err(_) => (0, String::new()),
        }
    }

    /// A thing under `/api/v1`.
    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        let mut request = self.agent.get(format!("{}/api/v1{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let mut response = request.call().unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        assert_eq!(response.status().as_u16(), 200, "GET {path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// The things of a list.
    #[track_caller]
    pub fn items(&self, path: &str) -> Vec<Value> {
        match self.get(path) {
            Value::Array(items) => items,
            Value::Object(mut list) => match list.remove("items") {
                Some(Value::Array(items)) => items,
                _ => panic!("GET {path} has items"),
            },
            other => panic!("GET {path} is a list: {other}"),
        }
    }

    /// Makes or does something.
    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.send(self.agent.post(format!("{}/api/v1{path}", self.base)), body)
    }

    /// Changes something.
    #[track_caller]
    pub fn patch(&self, path: &str, body: &Value) -> (u16, Value) {
        self.send(self.agent.patch(format!("{}/api/v1{path}", self.base)), body)
    }

    #[track_caller]
    fn send(&self, mut request: ureq::RequestBuilder<ureq::typestate::WithBody>, body: &Value) -> (u16, Value) {
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let mut response = request.header("Content-Type", "application/json").send(body.to_string()).unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        (response.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Waits for a call that fits and gives it.
    #[track_caller]
    pub fn wait_for_call(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        until(&format!("a call that is {what}"), SOON, || self.items("/calls").into_iter().find(|call| fits(call)))
    }

    /// The conversation of a call.
    #[track_caller]
    pub fn conversation_of(&self, call: &Value) -> Value {
        self.get(&format!(
            "/conversations/{}",
            call["conversation_id"].as_str().expect("a call of a number has a conversation")
        ))
    }

    /// The name of a team.
    #[track_caller]
    pub fn team_name(&self, id: &Value) -> String {
        let team = self.items("/teams").into_iter().find(|team| team["id"] == *id);
        team.unwrap_or_else(|| panic!("no team {id}"))["name"].as_str().unwrap_or_default().to_owned()
    }

    /// The sum of the figures on `/metrics` whose name starts so.
    pub fn figure(&self, name: &str) -> f64 {
        let (_, page) = self.get_text("/metrics");
        page.lines()
            .filter(|line| line.starts_with(name))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }
}

/// Is this call of `caller` over?
pub fn ended(call: &Value, caller: &str) -> bool {
    call["state"] == "ended" && call["from"].as_str().is_some_and(|from| from.ends_with(caller.trim_start_matches('0')))
}
