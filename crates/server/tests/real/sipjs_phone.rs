//! A phone that is SIP.js in a page of Chromium: SIP over WebSocket, DTLS-SRTP, Opus. Its calls are numbered from 0.

use crate::browser::Browser;
use crate::pjsua_phone::test_tool;
use crate::sori::Sori;
use serde_json::{Value, json};

/// One such page.
pub struct SipJsPhone(Browser);

impl SipJsPhone {
    /// Registers the browser of one of the demo's people; its microphone hears a tone of `hertz`.
    #[track_caller]
    pub fn start(sori: &Sori, email: &str, hertz: f64) -> Self {
        let library = test_tool("sipjs/node_modules/sip.js");
        let mut page = Browser::drive("sipjs.mjs", &[&hertz.to_string(), &library.to_string_lossy()]);
        page.run(json!({ "do": "open", "base": format!("http://{}", sori.http()) }));
        let (status, credential) = sori.api().sign_in(email).post("/browser-phone", &json!({ "kind": "desktop" }));
        assert_eq!(status, 201, "{credential}");
        let mut phone = Self(page);
        phone.order("signIn", json!([credential]));
        phone
    }

    /// Has the phone do something (`tests/browser/sipjs-phone.mjs`), and waits until it is done.
    #[track_caller]
    pub fn order(&mut self, name: &str, given: Value) -> Value {
        self.0.run(json!({ "do": "phone", "name": name, "given": given }))
    }

    /// Waits until a call is `incoming`, `confirmed` or `ended`.
    #[track_caller]
    pub fn wait_for_state(&mut self, call: u32, state: &str) {
        self.0.run(json!({ "do": "state", "call": call, "state": state }));
    }

    /// Waits for a call and answers it.
    #[track_caller]
    pub fn accept(&mut self, call: u32) {
        self.wait_for_state(call, "incoming");
        self.order("answer", json!([call]));
        self.wait_for_state(call, "confirmed");
    }

    /// Waits until a call plays a tone of `hertz`.
    #[track_caller]
    pub fn wait_for_tone(&mut self, call: u32, hertz: f64) {
        self.0.run(json!({ "do": "hears", "call": call, "hertz": hertz }));
    }
}
