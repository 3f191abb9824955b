//! What must become of each 200 to an INVITE of the switch: it is acknowledged, and all but one are hung up, whatever
//! proxy forked them (RFC 3261 13.2.2.4).

use crate::glance::Glance;
use std::collections::BTreeMap;
use std::time::Duration;

/// The switch waits so long for answers after it sent an INVITE, or gave it up.
const WAITS: Duration = Duration::from_secs(30);

#[derive(Debug)]
struct Answer {
    agent: usize,
    acknowledged: bool,
    ended: bool,
}

#[derive(Debug, Default)]
struct Asked {
    number: u32,
    /// When it was sent first.
    first: Duration,
    /// When it was sent last, or the CANCEL for it.
    last: Duration,
    /// Something came for it.
    is_heard: bool,
    agent: usize,
    /// A refusal came, or all of it timed out.
    is_over: bool,
}

/// All answers of a run.
#[derive(Debug, Default)]
pub struct AnswerTruth {
    asked: BTreeMap<String, Asked>,
    answers: BTreeMap<(String, String), Answer>,
}

impl AnswerTruth {
    /// The switch sent this to an agent.
    pub fn sent(&mut self, at: Duration, agent: usize, glance: &Glance) {
        match glance.method.as_str() {
            "INVITE" | "CANCEL" if !glance.in_dialog && glance.status().is_none() => {
                let asked = self.asked.entry(glance.call_id.clone()).or_default();
                if glance.cseq > asked.number {
                    *asked = Asked { number: glance.cseq, first: at, agent, ..Asked::default() };
                }
                asked.last = at;
            }
            "ACK" | "BYE" if glance.status().is_none() => {
                if let Some(answer) = self.answers.get_mut(&(glance.call_id.clone(), glance.to_tag.clone())) {
                    answer.acknowledged |= glance.method == "ACK";
                    answer.ended |= glance.method == "BYE";
                }
            }
            _ => {}
        }
    }

    /// This reached the switch.
    pub fn arrived(&mut self, at: Duration, agent: usize, glance: &Glance) {
        if glance.is_request("BYE") {
            if let Some(answer) = self.answers.get_mut(&(glance.call_id.clone(), glance.from_tag.clone())) {
                answer.ended = true;
            }
            return;
        }
        let (Some(status), "INVITE") = (glance.status(), glance.method.as_str()) else { return };
        let Some(asked) = self.asked.get_mut(&glance.call_id).filter(|asked| asked.number == glance.cseq) else {
            return;
        };
        // Nobody waits any more for what did not even ring in time (timer B, RFC 3261 17.1.1.2).
        asked.is_over |= !std::mem::replace(&mut asked.is_heard, true) && at > asked.first + WAITS;
        match status {
            200..300 if !asked.is_over && at < asked.last + WAITS => {
                let key = (glance.call_id.clone(), glance.to_tag.clone());
                self.answers.entry(key).or_insert(Answer { agent, acknowledged: false, ended: false });
            }
            300.. => asked.is_over = true,
            _ => {}
        }
    }

    /// Everything of this agent is lost: nothing is owed to it.
    pub fn lost(&mut self, agent: usize) {
        self.answers.retain(|_, answer| answer.agent != agent);
        for asked in self.asked.values_mut().filter(|asked| asked.agent == agent) {
            asked.is_over = true;
        }
    }

    /// Looks back when everything is over.
    ///
    /// # Errors
    /// Names the answer that was left alone.
    pub fn look_back(&self) -> Result<(), String> {
        let alone = self.answers.iter().find(|(_, answer)| !answer.acknowledged || !answer.ended);
        match alone {
            Some((key, answer)) => Err(format!("an answer was not acknowledged or not hung up: {key:?} {answer:?}")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(start: &str, cseq: &str, to: &str) -> Glance {
        let text = format!("{start}\r\nCall-ID: a\r\nFrom: <sip:s@h>;tag=us\r\nTo: {to}\r\nCSeq: {cseq}\r\n\r\n");
        Glance::at(text.as_bytes()).unwrap()
    }

    #[test]
    fn each_fork_that_answers_is_acknowledged_and_hung_up() {
        let mut truth = AnswerTruth::default();
        truth.sent(Duration::ZERO, 1, &message("INVITE sip:u SIP/2.0", "1 INVITE", "<sip:u@h>"));
        for tag in ["one", "two"] {
            let answer = message("SIP/2.0 200 OK", "1 INVITE", &format!("<sip:u@h>;tag={tag}"));
            truth.arrived(Duration::from_secs(1), 1, &answer);
            assert!(truth.look_back().is_err());
            let to = format!("<sip:u@h>;tag={tag}");
            truth.sent(Duration::from_secs(1), 1, &message("ACK sip:u SIP/2.0", "1 ACK", &to));
            assert!(truth.look_back().is_err());
            truth.sent(Duration::from_secs(2), 1, &message("BYE sip:u SIP/2.0", "2 BYE", &to));
            assert!(truth.look_back().is_ok());
        }
    }

    #[test]
    fn an_answer_that_comes_when_nobody_waits_is_owed_nothing() {
        let mut truth = AnswerTruth::default();
        truth.sent(Duration::ZERO, 1, &message("INVITE sip:u SIP/2.0", "1 INVITE", "<sip:u@h>"));
        truth.arrived(Duration::from_secs(60), 1, &message("SIP/2.0 200 OK", "1 INVITE", "<sip:u@h>;tag=one"));
        assert!(truth.look_back().is_ok());
    }
}
