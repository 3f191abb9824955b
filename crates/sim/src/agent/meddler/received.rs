//! What becomes of the messages that come for an endpoint.

use super::FORK;
use super::meddled::Meddled;
use super::sent::fork_of;
use crate::agent::Fault;
use crate::plain;

impl Meddled {
    /// A request came: `None` lets it pass, else these go back.
    pub(super) fn asked(&mut self, text: &str) -> Option<Vec<String>> {
        let (_, method) = plain::cseq(text)?;
        let to_tag = plain::header(text, "To").and_then(plain::tag).unwrap_or_default().to_owned();
        if to_tag.starts_with(FORK) && matches!(method, "ACK" | "BYE") {
            let replies = if method == "BYE" { vec![plain::response(text, 200, &to_tag)] } else { Vec::new() };
            return Some(replies);
        }
        if self.left {
            let answers = self.has(Fault::LeavesAndForgets) && method != "ACK";
            return Some(if answers { vec![plain::response(text, 481, "gone")] } else { Vec::new() });
        }
        match method {
            "INVITE" => {
                self.learn_received(text);
                None
            }
            "CANCEL" if self.has(Fault::IgnoresCancel) => Some(Vec::new()),
            "CANCEL" if self.has(Fault::AnswersCancelled) => Some(vec![plain::response(text, 200, "late")]),
            "UPDATE" => {
                let status = self.faults.iter().find_map(|fault| match fault {
                    Fault::RefusesUpdates(status) => Some(*status),
                    _ => None,
                })?;
                Some(vec![plain::response(text, status, &to_tag)])
            }
            "NOTIFY" => Some(vec![plain::response(text, 200, &to_tag)]),
            _ => None,
        }
    }

    /// When the first device is acknowledged, the second answers too.
    pub(super) fn second_answer(&mut self, text: &str) -> Vec<String> {
        if plain::method(text) != Some("ACK") {
            return Vec::new();
        }
        let Some(answer) = self.answer.take() else { return Vec::new() };
        fork_of(&answer, 1).into_iter().collect()
    }

    /// A response came: as the endpoint sees it, or, when it asked for nothing like it, what goes back.
    pub(super) fn answered_with(&mut self, text: &str, branch: u64) -> Result<String, Vec<String>> {
        let (Some(status), Some((number, method))) = (plain::status(text), plain::cseq(text)) else {
            return Ok(text.to_owned());
        };
        if let Some(request) = self.raw.get(&number) {
            let ack = (method == "INVITE" && status >= 200).then(|| ack(request, text, status, branch));
            return Err(ack.into_iter().collect());
        }
        if method == "INVITE" && (200..300).contains(&status) {
            self.answered = true;
            self.learn_received(text);
        }
        let own = self.own_number(number);
        Ok(if own == number { text.to_owned() } else { plain::with_header(text, "CSeq", &format!("{own} {method}")) })
    }
}

/// The ACK to a final response: by the same branch to a refusal, by a new one to a 2xx (RFC 3261 17.1.1.3, 13.2.2.4).
fn ack(request: &str, response: &str, status: u16, branch: u64) -> String {
    let line = |text: &str, name: &str| plain::header(text, name).unwrap_or_default().to_owned();
    let via = line(request, "Via");
    let via = match via.split_once("branch=") {
        Some((before, _)) if status < 300 => format!("{before}branch=z9hG4bKodd{branch:x}"),
        _ => via,
    };
    let uri = request.split(' ').nth(1).unwrap_or_default();
    let number = plain::cseq(request).map_or(0, |(number, _)| number);
    format!(
        "ACK {uri} SIP/2.0\r\nVia: {via}\r\nMax-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\nCall-ID: \r\nCSeq: {number} ACK\r\n\
         Content-Length: 0\r\n\r\n",
        line(request, "From"),
        line(response, "To"),
    )
}
