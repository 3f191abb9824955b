//! What becomes of the messages an endpoint sends.

use super::FORK;
use super::meddled::Meddled;
use crate::agent::Fault;
use crate::plain;

impl Meddled {
    /// A request of the endpoint's.
    pub(super) fn ask(&mut self, text: &str, branch: u64) -> Vec<String> {
        let Some((own, method)) = plain::cseq(text) else { return vec![text.to_owned()] };
        let number = self.number(own);
        let mut sent = plain::with_header(text, "CSeq", &format!("{number} {method}"));
        match method {
            "INVITE" if plain::header(text, "To").is_some_and(|to| plain::tag(to).is_none()) => {
                sent = self.call(&sent);
                self.learn_sent(&sent);
            }
            "INVITE" => self.learn_sent(&sent),
            "ACK" if self.answered && (self.has(Fault::NeverAcks) || self.loses_ack()) => return Vec::new(),
            "PRACK" if self.has(Fault::NeverPracks) => return Vec::new(),
            "PRACK" if self.has(Fault::PracksWrongly) => sent = plain::with_header(&sent, "RAck", "77 77 INVITE"),
            "UPDATE" if self.has(Fault::NeverRefreshes) => return Vec::new(),
            "BYE" => return self.bye(&sent, branch),
            _ => {}
        }
        if self.left && method != "ACK" { Vec::new() } else { vec![sent] }
    }

    fn call(&mut self, invite: &str) -> String {
        let mut sent = invite.to_owned();
        for fault in &self.faults {
            match fault {
                Fault::AsksForShortSession(seconds) if self.invite.is_empty() => {
                    sent = plain::with_header(&sent, "Session-Expires", &seconds.to_string());
                }
                Fault::NeverRefreshes => {
                    sent = plain::with_header(&sent, "Session-Expires", "90;refresher=uac");
                }
                Fault::RefusesUpdates(_) => {
                    sent = plain::with_header(&sent, "Session-Expires", "90;refresher=uas");
                }
                _ => {}
            }
        }
        self.invite.clone_from(&sent);
        sent
    }

    fn loses_ack(&mut self) -> bool {
        let most = self.faults.iter().find_map(|fault| match fault {
            Fault::LosesAcks(most) => Some(*most),
            _ => None,
        });
        let loses = most.is_some_and(|most| self.acks_lost < most);
        self.acks_lost += u8::from(loses);
        loses
    }

    fn bye(&mut self, bye: &str, branch: u64) -> Vec<String> {
        if self.has(Fault::LeavesSilently) || self.has(Fault::LeavesAndForgets) {
            self.left = true;
            return Vec::new();
        }
        let mut sent = vec![bye.to_owned()];
        if self.has(Fault::ByesWithOldCseq) {
            sent = vec![plain::with_header(bye, "CSeq", "0 BYE")];
            if let Some((number, _)) = plain::cseq(bye) {
                self.numbers.insert(number, 0);
            }
        } else if self.has(Fault::ByesTwice) {
            sent.extend(self.request(branch, "BYE", "", ""));
        }
        sent
    }

    /// A response of the endpoint's.
    pub(super) fn reply(&mut self, text: &str) -> Vec<String> {
        let (Some(status), Some((_, method))) = (plain::status(text), plain::cseq(text)) else {
            return vec![text.to_owned()];
        };
        if method != "INVITE" || status >= 300 {
            let hidden = self.left || method == "INVITE" && self.has(Fault::IsMute);
            return if hidden { Vec::new() } else { vec![text.to_owned()] };
        }
        if self.has(Fault::IsMute) {
            return Vec::new();
        }
        self.learn_sent(text);
        let mut sent = text.to_owned();
        if status >= 200 && plain::header(&sent, "Session-Expires").is_some() {
            // The caller, here the switch, is the refresher, or the one who waits for a refresh in vain.
            let refuses = self.faults.iter().any(|fault| matches!(fault, Fault::RefusesUpdates(_)));
            let refresher = match (refuses, self.has(Fault::NeverRefreshes)) {
                (true, _) => Some("90;refresher=uac"),
                (_, true) => Some("90;refresher=uas"),
                _ => None,
            };
            if let Some(refresher) = refresher {
                sent = plain::with_header(&sent, "Session-Expires", refresher);
            }
        }
        if status >= 200 && self.has(Fault::AnswersWithoutContact) {
            sent = plain::without_header(&sent, "Contact");
        }
        if status >= 200 && self.has(Fault::AnswersTwice) && !std::mem::replace(&mut self.forked, true) {
            self.answer = Some(sent.clone());
        }
        let mut all = vec![sent];
        all.extend(self.forks(text, status));
        all
    }

    /// The same response as other devices would give it.
    fn forks(&mut self, text: &str, status: u16) -> Vec<String> {
        let early = self.faults.iter().find_map(|fault| match fault {
            Fault::ForksEarly(forks) => Some(*forks),
            _ => None,
        });
        let forks = match (status, early) {
            (101..=199, Some(forks)) if !std::mem::replace(&mut self.forked, true) => forks,
            _ => 0,
        };
        (1..=forks).filter_map(|nth| fork_of(text, nth)).collect()
    }
}

/// The same response as the `nth` further device would give it.
pub(super) fn fork_of(text: &str, nth: u8) -> Option<String> {
    let to = plain::header(text, "To")?;
    let fork = to.replace(plain::tag(to)?, &format!("{FORK}{nth}"));
    Some(plain::with_header(text, "To", &fork))
}
