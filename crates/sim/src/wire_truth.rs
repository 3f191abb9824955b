//! What must hold of every SIP message on the wire, whatever the call is about.

use crate::glance::{Glance, Start};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// After this the switch has given up an INVITE that nobody answered (timer B, RFC 3261 17.1.1.2).
const TIMER_B: Duration = Duration::from_secs(32);

/// So much longer it takes back what comes for it all the same, give or take a second.
const TAKEN_BACK: Duration = Duration::from_secs(31);

/// A dialog as the messages that passed tell of it, by its Call-ID.
#[derive(Debug, Default)]
struct Seen {
    agent: usize,
    /// When the INVITE was sent, while nothing came back for it.
    unheard_since: Option<Duration>,
    /// The switch's requests so far: CSeq number and method.
    requests: BTreeSet<(u32, String, String)>,
    /// Why no new request may go out any more.
    over: Option<&'static str>,
    /// The peer's tags of dialogs that are over, and by whose BYE.
    hung_up: BTreeMap<String, &'static str>,
    /// The switch rings a phone by it: it sent the INVITE, a response beyond 100 came, and it is not given up.
    presents: bool,
    /// The switch was told that the agent is out of reach.
    lost: bool,
    /// The first response came when the INVITE had been given up: it can only be taken back.
    in_vain: bool,
    /// And even for that it was too late.
    too_late: bool,
    /// The INVITE was the switch's.
    ours: bool,
    /// CSeq number of the peer's first INVITE, of the one with credentials when it was challenged.
    first: Option<u32>,
    /// It was answered: what comes after is not the end of it. A phone that began anew meanwhile knows the call no more and
    /// refuses a copy of the INVITE that was late.
    answered: bool,
    /// It stands among the customers' calls that arrived.
    counted: bool,
    /// The peer sent REFER.
    refers: bool,
}

/// All dialogs of a run.
#[derive(Debug, Default)]
pub struct WireTruth {
    dialogs: BTreeMap<String, Seen>,
    /// Customers' calls that reached the switch.
    pub arrived: usize,
}

impl WireTruth {
    /// The switch sent a message to an agent that may have `lines` calls at once.
    ///
    /// # Errors
    /// Says which rule it broke.
    pub fn sent(&mut self, at: Duration, agent: usize, glance: &Glance, lines: usize) -> Result<(), String> {
        match &glance.start {
            Start::Request(_) => self.request_sent(at, agent, glance, lines),
            Start::Response(status) => {
                self.response_sent(*status, glance);
                if *status == 422 && glance.method == "INVITE" {
                    self.forget_refused_timer(glance);
                }
                Ok(())
            }
        }
    }

    fn request_sent(&mut self, at: Duration, agent: usize, glance: &Glance, lines: usize) -> Result<(), String> {
        let first = glance.method == "INVITE" && !glance.in_dialog;
        if first && !self.dialogs.contains_key(&glance.call_id) {
            let held = self.dialogs.values().filter(|seen| seen.agent == agent && seen.presents).count();
            if held >= lines {
                return Err(format!("a phone that can have {lines} calls at once is called while it has {held}"));
            }
            self.dialogs
                .insert(glance.call_id.clone(), Seen { agent, ours: true, unheard_since: Some(at), ..Seen::default() });
        }
        let Some(seen) = self.dialogs.get_mut(&glance.call_id) else { return Ok(()) };
        let is_new = seen.requests.insert((glance.cseq, glance.method.clone(), glance.to_tag.clone()));
        let over = seen.over.or_else(|| seen.hung_up.get(&glance.to_tag).copied());
        // How a transfer went is told even when the call that asked for it is over (RFC 5589 6.1).
        let outlives = glance.method == "ACK" || glance.method == "NOTIFY" && seen.refers;
        if let (true, Some(why), false) = (is_new, over, outlives) {
            return Err(format!("{} is sent although {why}", glance.method));
        }
        if seen.in_vain && !matches!(glance.method.as_str(), "CANCEL" | "ACK" | "BYE") {
            return Err(format!("{} is sent although the INVITE had timed out", glance.method));
        }
        match glance.method.as_str() {
            "BYE" => {
                seen.hung_up.insert(glance.to_tag.clone(), "the switch had sent BYE");
                seen.presents = false;
            }
            "CANCEL" => seen.presents = false,
            _ => {}
        }
        Ok(())
    }

    fn response_sent(&mut self, status: u16, glance: &Glance) {
        let Some(seen) = self.dialogs.get_mut(&glance.call_id) else { return };
        // A BYE with an old CSeq number is refused, and ends nothing.
        if glance.method == "BYE" && status < 300 {
            seen.hung_up.entry(glance.from_tag.clone()).or_insert("the peer had sent BYE");
        }
        let to_first = glance.method == "INVITE" && !seen.ours && seen.first == Some(glance.cseq);
        // A challenge is followed by the same call with credentials.
        if to_first && status >= 300 && status != 401 && !seen.answered {
            seen.over = Some("the switch had refused the INVITE");
        }
        seen.answered |= to_first && (200..300).contains(&status);
    }

    /// Who asked for too short a session asks again, by the same Call-ID (RFC 4028 7.4); the business never knew.
    fn forget_refused_timer(&mut self, glance: &Glance) {
        let is_first = |seen: &Seen| !seen.ours && !seen.answered && seen.first == Some(glance.cseq);
        if self.dialogs.get(&glance.call_id).is_some_and(is_first)
            && let Some(seen) = self.dialogs.remove(&glance.call_id)
        {
            self.arrived -= usize::from(seen.counted);
        }
    }

    /// A message of an agent reached the switch.
    pub fn arrived(&mut self, at: Duration, agent: usize, is_phone: bool, glance: &Glance) {
        match &glance.start {
            Start::Request(_) if glance.method == "INVITE" && !glance.in_dialog => {
                if !self.dialogs.contains_key(&glance.call_id) {
                    self.dialogs.insert(glance.call_id.clone(), Seen { agent, counted: !is_phone, ..Seen::default() });
                    self.arrived += usize::from(!is_phone);
                }
                if let Some(seen) = self.dialogs.get_mut(&glance.call_id) {
                    seen.first = seen.first.max(Some(glance.cseq));
                }
            }
            Start::Request(_) if glance.method == "BYE" => {
                if let Some(seen) = self.dialogs.get_mut(&glance.call_id) {
                    seen.presents = false;
                }
            }
            Start::Request(_) => {
                if let Some(seen) = self.dialogs.get_mut(&glance.call_id) {
                    seen.refers |= glance.method == "REFER";
                }
            }
            Start::Response(status) => self.response_arrived(at, *status, glance),
        }
    }

    fn response_arrived(&mut self, at: Duration, status: u16, glance: &Glance) {
        let Some(seen) = self.dialogs.get_mut(&glance.call_id) else { return };
        let to_first =
            glance.method == "INVITE" && seen.requests.first().is_some_and(|(cseq, ..)| *cseq == glance.cseq);
        let is_over = seen.over.is_some() || !seen.hung_up.is_empty();
        if !seen.ours || !to_first || is_over {
            return;
        }
        let late = seen.unheard_since.take().map_or(Duration::ZERO, |sent| at.saturating_sub(sent + TIMER_B));
        seen.in_vain |= !late.is_zero();
        seen.too_late |= late > TAKEN_BACK;
        if seen.too_late {
            return;
        }
        if status >= 300 && !seen.answered {
            seen.over = Some("the peer had refused the INVITE");
            seen.presents = false;
        } else if (101..300).contains(&status) {
            seen.answered |= status >= 200;
            let given_up = seen.requests.iter().any(|(_, method, _)| method == "CANCEL");
            seen.presents = !given_up && !seen.lost && !seen.in_vain;
        }
    }

    /// Has nothing come back for this INVITE of the switch while somebody waited? Then the phone rings, or believes it
    /// talks, and nobody can tell it better: CANCEL waits for a response (RFC 3261 9.1), and a response that comes long after
    /// timer B belongs to no transaction any more and is discarded (18.1.2).
    #[must_use]
    pub fn is_unheard(&self, call_id: &str) -> bool {
        self.dialogs.get(call_id).is_some_and(|seen| seen.unheard_since.is_some() || seen.too_late)
    }

    /// An agent lost its connection, or the switch was told that it is out of reach: its calls are lost without a word.
    pub fn lost(&mut self, agent: usize) {
        for seen in self.dialogs.values_mut().filter(|seen| seen.agent == agent) {
            seen.presents = false;
            seen.lost = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(start: &str, cseq: &str, to: &str) -> Glance {
        Glance::at(
            format!("{start}\r\nCall-ID: a\r\nFrom: <sip:u@h>;tag=2\r\nTo: {to}\r\nCSeq: {cseq}\r\n\r\n").as_bytes(),
        )
        .unwrap()
    }

    fn presented() -> WireTruth {
        let mut truth = WireTruth::default();
        truth.sent(Duration::ZERO, 1, &message("INVITE sip:u SIP/2.0", "1 INVITE", "<sip:u@h>"), 1).unwrap();
        truth.arrived(Duration::ZERO, 1, true, &message("SIP/2.0 180 Ringing", "1 INVITE", "<sip:u@h>;tag=2"));
        truth
    }

    #[test]
    fn what_comes_when_nobody_waits_any_more_is_as_if_nothing_came() {
        for (second, is_unheard) in [(31, false), (33, false), (65, true)] {
            let mut truth = WireTruth::default();
            truth.sent(Duration::ZERO, 1, &message("INVITE sip:u SIP/2.0", "1 INVITE", "<sip:u@h>"), 1).unwrap();
            assert!(truth.is_unheard("a"));
            let answer = message("SIP/2.0 200 OK", "1 INVITE", "<sip:u@h>;tag=2");
            truth.arrived(Duration::from_secs(second), 1, true, &answer);
            truth.arrived(Duration::from_secs(second), 1, true, &answer);
            assert_eq!(truth.is_unheard("a"), is_unheard, "answered after {second} s");
        }
    }

    #[test]
    fn the_first_final_response_counts() {
        for (first, second, may_hang_up) in [("200 OK", "481 Gone", true), ("481 Gone", "200 OK", false)] {
            let mut truth = presented();
            for status in [first, second] {
                let response = message(&format!("SIP/2.0 {status}"), "1 INVITE", "<sip:u@h>;tag=2");
                truth.arrived(Duration::ZERO, 1, true, &response);
            }
            let bye = message("BYE sip:u SIP/2.0", "2 BYE", "<sip:u@h>;tag=2");
            assert_eq!(truth.sent(Duration::ZERO, 1, &bye, 1).is_ok(), may_hang_up, "{first}, then {second}");
        }
    }

    #[test]
    fn a_ringing_phone_may_not_be_called_again() {
        let mut truth = presented();
        let mut second = message("INVITE sip:u SIP/2.0", "1 INVITE", "<sip:u@h>");
        second.call_id = "b".to_owned();
        assert!(truth.sent(Duration::ZERO, 1, &second, 1).is_err());
        assert!(truth.sent(Duration::ZERO, 1, &second, 2).is_ok());
    }

    #[test]
    fn after_a_bye_only_its_repetition_may_come() {
        let mut truth = presented();
        let bye = message("BYE sip:u SIP/2.0", "2 BYE", "<sip:u@h>;tag=2");
        assert!(truth.sent(Duration::ZERO, 1, &bye, 1).is_ok());
        assert!(truth.sent(Duration::ZERO, 1, &bye, 1).is_ok());
        assert!(
            truth.sent(Duration::ZERO, 1, &message("INVITE sip:u SIP/2.0", "3 INVITE", "<sip:u@h>;tag=2"), 1).is_err()
        );
    }

    #[test]
    fn after_the_peers_bye_ours_may_not_come() {
        let mut truth = presented();
        truth.arrived(Duration::ZERO, 1, true, &message("BYE sip:s SIP/2.0", "9 BYE", "<sip:s@h>;tag=1"));
        truth.sent(Duration::ZERO, 1, &message("SIP/2.0 200 OK", "9 BYE", "<sip:s@h>;tag=1"), 1).unwrap();
        assert!(truth.sent(Duration::ZERO, 1, &message("BYE sip:u SIP/2.0", "2 BYE", "<sip:u@h>;tag=2"), 1).is_err());
    }
}
