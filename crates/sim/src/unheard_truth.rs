//! What was said within a call and never got through: after it the call may end although nobody hung up.
//!
//! A quarter of everything is lost in the worst weather, and once in some thousand exchanges each repetition is.

use crate::glance::{Glance, Start};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Whoever asks, or waits for an ACK, gives the call up after this: 64 × T1 (timer F, RFC 3261 17.1.2.2; 13.3.1.4).
const GIVEN_UP_AFTER: Duration = Duration::from_secs(32);
/// A session that was not refreshed ends so long before it is over at most (RFC 4028 10).
const LAST_MOMENT: Duration = Duration::from_secs(32);

/// What waits for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    /// The agent refreshes: that it reaches the switch.
    Refresh,
    /// The switch changes or refreshes the session: a final response.
    Change,
    /// The switch answers an INVITE: ACK.
    Answer,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    since: Instant,
    is_heard: bool,
}

#[derive(Debug, Default)]
struct Dialog {
    /// By what it is, CSeq number, and method.
    said: BTreeMap<(Said, u32, String), Waiting>,
    /// When the switch last knew the session agreed or refreshed.
    agreed: Option<Instant>,
}

impl Dialog {
    fn said(&mut self, now: Instant, what: Said, glance: &Glance) {
        let key = (what, glance.cseq, glance.method.clone());
        self.said.entry(key).or_insert(Waiting { since: now, is_heard: false });
    }

    /// True when it was heard for the first time. What nobody was seen to say is remembered as heard.
    fn heard(&mut self, now: Instant, what: Said, cseq: u32, method: &str) -> bool {
        let key = (what, cseq, method.to_owned());
        let waiting = self.said.entry(key).or_insert(Waiting { since: now, is_heard: false });
        !std::mem::replace(&mut waiting.is_heard, true)
    }
}

/// All dialogs of a run, by their Call-ID.
#[derive(Debug, Default)]
pub struct UnheardTruth {
    dialogs: BTreeMap<String, Dialog>,
}

fn changes_session(method: &str) -> bool {
    matches!(method, "INVITE" | "UPDATE")
}

impl UnheardTruth {
    /// An agent sent this, whether or not it will arrive.
    pub fn agent_sent(&mut self, now: Instant, glance: &Glance) {
        if matches!(glance.start, Start::Request(_)) && glance.in_dialog && changes_session(&glance.method) {
            self.dialog(glance).said(now, Said::Refresh, glance);
        }
    }

    /// This reached the switch.
    pub fn arrived(&mut self, now: Instant, glance: &Glance) {
        let (method, cseq) = (glance.method.as_str(), glance.cseq);
        let dialog = self.dialog(glance);
        match glance.start {
            // Who refreshes counts from when the answer reached it.
            Start::Request(_) if method == "ACK" => {
                let is_new = dialog.heard(now, Said::Answer, cseq, "INVITE");
                dialog.agreed = Some(now).filter(|_| is_new).or(dialog.agreed);
            }
            Start::Request(_) if glance.in_dialog && changes_session(method) => {
                dialog.heard(now, Said::Refresh, cseq, method);
            }
            Start::Response(status) if status >= 200 && changes_session(method) => {
                let is_new = dialog.heard(now, Said::Change, cseq, method);
                dialog.agreed = Some(now).filter(|_| is_new && status < 300).or(dialog.agreed);
            }
            _ => {}
        }
    }

    /// The switch sent this.
    pub fn switch_sent(&mut self, now: Instant, glance: &Glance) {
        let method = glance.method.as_str();
        if !changes_session(method) {
            return;
        }
        let dialog = self.dialog(glance);
        match glance.start {
            Start::Request(_) if glance.in_dialog => dialog.said(now, Said::Change, glance),
            Start::Response(200..300) => {
                // What is repeated had not reached it.
                let key = (Said::Answer, glance.cseq, glance.method.clone());
                if method != "INVITE" || !dialog.said.contains_key(&key) {
                    dialog.agreed = Some(now);
                }
                dialog.said(now, Said::Answer, glance);
                if method != "INVITE" {
                    dialog.heard(now, Said::Answer, glance.cseq, method);
                }
            }
            _ => {}
        }
    }

    /// May the switch have ended this call by now because something never got through? `session`: its interval.
    #[must_use]
    pub fn is_given_up(&self, call_id: &str, session: Duration, now: Instant) -> bool {
        let Some(dialog) = self.dialogs.get(call_id) else { return false };
        let is_due = |since: Instant, after: Duration| now.saturating_duration_since(since) >= after;
        // The switch ends a session a third of its time before it is over, but at most so long (RFC 4028 10).
        let expires = session.saturating_sub(LAST_MOMENT.min(session / 3));
        let is_expired = dialog.agreed.is_some_and(|agreed| is_due(agreed, expires));
        dialog.said.iter().filter(|(_, waiting)| !waiting.is_heard).any(|((what, ..), waiting)| match what {
            Said::Refresh => is_expired,
            Said::Change | Said::Answer => is_due(waiting.since, GIVEN_UP_AFTER),
        })
    }

    fn dialog(&mut self, glance: &Glance) -> &mut Dialog {
        self.dialogs.entry(glance.call_id.clone()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    const SESSION: Duration = Duration::from_secs(90);

    fn message(start: &str, cseq: &str) -> Glance {
        let text =
            format!("{start}\r\nCall-ID: a\r\nFrom: <sip:u@h>;tag=1\r\nTo: <sip:s@h>;tag=2\r\nCSeq: {cseq}\r\n\r\n");
        Glance::at(text.as_bytes()).unwrap()
    }

    fn request(cseq: &str) -> Glance {
        let method = cseq.split(' ').nth(1).unwrap();
        message(&format!("{method} sip:s@h SIP/2.0"), cseq)
    }

    fn ok(cseq: &str) -> Glance {
        message("SIP/2.0 200 OK", cseq)
    }

    /// A call that the agent answered, and what is asked of it so many seconds later.
    struct Story {
        truth: UnheardTruth,
        start: Instant,
    }

    impl Story {
        fn new() -> Self {
            let start = Clock::default().instant();
            let mut truth = UnheardTruth::default();
            truth.arrived(start, &ok("1 INVITE"));
            Self { truth, start }
        }

        fn at(&self, second: u64) -> Instant {
            self.start + Duration::from_secs(second)
        }

        fn is_given_up(&self, second: u64) -> bool {
            self.truth.is_given_up("a", SESSION, self.at(second))
        }
    }

    #[test]
    fn a_session_ends_a_third_early_when_no_copy_of_its_refresh_arrived() {
        let mut story = Story::new();
        // Who was never asked to go on is no excuse: the peer would have refreshed by then.
        assert!(!story.is_given_up(60));
        story.truth.agent_sent(story.at(45), &request("2 UPDATE"));
        story.truth.agent_sent(story.at(46), &request("2 UPDATE"));
        assert!(!story.is_given_up(59));
        assert!(story.is_given_up(60));
        // A repetition of the answer is no news.
        story.truth.arrived(story.at(50), &ok("1 INVITE"));
        assert!(story.is_given_up(60));
        story.truth.arrived(story.at(58), &request("2 UPDATE"));
        assert!(!story.is_given_up(60), "the switch heard the refresh and must not end the call");
        story.truth.agent_sent(story.at(62), &request("2 UPDATE"));
        assert!(!story.is_given_up(90));
    }

    #[test]
    fn a_refresh_counts_from_when_it_was_answered_last() {
        let mut story = Story::new();
        story.truth.agent_sent(story.at(45), &request("2 UPDATE"));
        story.truth.arrived(story.at(45), &request("2 UPDATE"));
        story.truth.switch_sent(story.at(45), &ok("2 UPDATE"));
        story.truth.switch_sent(story.at(50), &ok("2 UPDATE"));
        story.truth.agent_sent(story.at(90), &request("3 UPDATE"));
        assert!(!story.is_given_up(109));
        assert!(story.is_given_up(110));
    }

    #[test]
    fn a_session_counts_from_the_ack() {
        let mut story = Story::new();
        story.truth.switch_sent(story.at(10), &ok("2 INVITE"));
        story.truth.arrived(story.at(25), &request("2 ACK"));
        story.truth.arrived(story.at(26), &request("2 ACK"));
        story.truth.agent_sent(story.at(70), &request("3 UPDATE"));
        assert!(!story.is_given_up(84));
        assert!(story.is_given_up(85));
    }

    #[test]
    fn a_change_of_the_switch_is_given_up_without_a_final_response() {
        let mut story = Story::new();
        story.truth.switch_sent(story.at(10), &request("5 INVITE"));
        story.truth.arrived(story.at(11), &message("SIP/2.0 100 Trying", "5 INVITE"));
        assert!(!story.is_given_up(41));
        assert!(story.is_given_up(42));
        story.truth.arrived(story.at(41), &ok("5 INVITE"));
        assert!(!story.is_given_up(42));
    }

    #[test]
    fn an_answer_of_the_switch_is_given_up_without_an_ack() {
        let mut story = Story::new();
        story.truth.arrived(story.at(10), &request("7 INVITE"));
        story.truth.switch_sent(story.at(10), &ok("7 INVITE"));
        assert!(story.is_given_up(42));
        story.truth.arrived(story.at(20), &request("7 ACK"));
        assert!(!story.is_given_up(42));
        // UPDATE is not acknowledged.
        story.truth.switch_sent(story.at(11), &ok("8 UPDATE"));
        assert!(!story.is_given_up(50));
    }
}
