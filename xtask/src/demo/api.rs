//! The demo's API, as far as measurements need it.

use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;

/// The owner of the demo workspace.
pub struct Api {
    base: String,
    agent: ureq::Agent,
    token: String,
}

impl Api {
    /// Signs in at `address`.
    ///
    /// # Errors
    /// What the server answered, as a sentence.
    pub fn sign_in(address: SocketAddr) -> Result<Self, String> {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(20)))
            .build()
            .into();
        let mut api = Self { base: format!("http://{address}"), agent, token: String::new() };
        let answer = api.send("POST", "/login", &json!({ "email": "owner@demo.test", "password": "sori-demo" }))?;
        api.token = answer["token"].as_str().ok_or("the sign-in gave no token")?.to_owned();
        Ok(api)
    }

    /// Is the server ready?
    pub fn is_ready(address: SocketAddr) -> bool {
        ureq::get(format!("http://{address}/readyz")).call().is_ok()
    }

    /// All items of a list, page by page.
    ///
    /// # Errors
    /// What the server answered, as a sentence.
    pub fn items(&self, path: &str) -> Result<Vec<Value>, String> {
        let mut items = Vec::new();
        let mut after = String::new();
        loop {
            let mut page = self.send("GET", &format!("{path}?limit=100{after}"), &Value::Null)?;
            items.extend(page["items"].as_array_mut().map(std::mem::take).unwrap_or_default());
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return Ok(items),
            }
        }
    }

    /// Does a request with a JSON body.
    ///
    /// # Errors
    /// What the server answered, as a sentence.
    pub fn send(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let uri = format!("{}/api/v1{path}", self.base);
        let kind = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        let bearer = format!("Bearer {}", self.token);
        let outcome = match method {
            "GET" => self.agent.get(uri).header("Authorization", bearer).call(),
            "PATCH" => self
                .agent
                .patch(uri)
                .header("Authorization", bearer)
                .header("Content-Type", kind)
                .send(body.to_string()),
            _ => {
                self.agent.post(uri).header("Authorization", bearer).header("Content-Type", kind).send(body.to_string())
            }
        };
        let mut response = outcome.map_err(|problem| format!("{method} {path}: {problem}"))?;
        let text = response.body_mut().read_to_string().map_err(|problem| format!("{method} {path}: {problem}"))?;
        if !response.status().is_success() {
            return Err(format!("{method} {path} gave {}: {text}", response.status()));
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}
