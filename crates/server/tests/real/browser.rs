//! One Chromium with one fake microphone, steered through `tests/browser/driver.mjs`.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A browser whose microphone hears one tone.
pub struct Browser {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Browser {
    /// Starts it and signs in at the console as one of the demo's people.
    #[track_caller]
    pub fn sign_in(console: SocketAddr, email: &str, hertz: f64) -> Self {
        Self::sign_in_at(&format!("http://{console}/"), email, hertz)
    }

    /// The same at a console of any address; a certificate that nobody vouches for is taken.
    #[track_caller]
    pub fn sign_in_at(base: &str, email: &str, hertz: f64) -> Self {
        let mut browser = Self::drive("driver.mjs", &[&hertz.to_string()]);
        browser.run(json!({ "do": "sign_in", "base": base, "email": email, "password": "sori-demo" }));
        browser
    }

    /// Starts one of the drivers in tests/browser.
    #[track_caller]
    pub fn drive(driver: &str, arguments: &[&str]) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut child = Command::new("node")
            .arg(root.join("tests/browser").join(driver))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Node is missing");
        let orders = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, orders, answers }
    }

    /// Follows a link of the console.
    #[track_caller]
    pub fn follow(&mut self, path: &str) {
        self.run(json!({ "do": "follow", "path": path }));
    }

    /// Clicks on an element.
    #[track_caller]
    pub fn click(&mut self, id: &str) {
        self.run(json!({ "do": "click", "id": id }));
    }

    /// Types into a field.
    #[track_caller]
    pub fn fill(&mut self, id: &str, text: &str) {
        self.run(json!({ "do": "fill", "id": id, "text": text }));
    }

    /// Chooses the entry of a list whose digits end so.
    #[track_caller]
    pub fn choose(&mut self, id: &str, text: &str) {
        self.run(json!({ "do": "choose", "id": id, "text": text }));
    }

    /// Waits for an element.
    #[track_caller]
    pub fn wait(&mut self, id: &str) {
        self.run(json!({ "do": "wait", "id": id }));
    }

    /// Waits for an element to be in a state.
    #[track_caller]
    pub fn wait_state(&mut self, id: &str, state: &str) {
        self.run(json!({ "do": "wait", "id": id, "state": state }));
    }

    /// Waits for an element to go.
    #[track_caller]
    pub fn wait_gone(&mut self, id: &str) {
        self.run(json!({ "do": "gone", "id": id }));
    }

    /// The words of an element.
    #[track_caller]
    pub fn text(&mut self, id: &str) -> String {
        self.run(json!({ "do": "text", "id": id }))["text"].as_str().unwrap_or_default().to_owned()
    }

    /// Waits until an audio element plays a tone.
    #[track_caller]
    pub fn hears(&mut self, id: &str, hertz: f64) {
        self.run(json!({ "do": "hears", "id": id, "hertz": hertz }));
    }

    /// Waits until an audio element does not play that tone.
    #[track_caller]
    pub fn hears_no(&mut self, id: &str, hertz: f64) {
        self.run(json!({ "do": "hears_no", "id": id, "hertz": hertz }));
    }

    /// Gives the driver an order, and its answer.
    #[track_caller]
    pub fn run(&mut self, order: Value) -> Value {
        writeln!(self.orders.as_mut().unwrap(), "{order}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let answer: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("the browser ended at {order}: {line}"));
        assert!(
            answer["ok"] == true,
            "{order} failed: {}\npage: {}\nconsole: {}",
            answer["error"],
            answer["page"],
            answer["complaints"]
        );
        answer
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // At the end of its input the driver closes the browser; killing it outright would leave Chromium behind.
        self.orders = None;
        let _ = self.child.wait();
    }
}
