//! Messages an agent sends past its own endpoint, which would never send them.

use super::{Agent, AgentCall, Stand, last_octet};
use crate::workspace::{self, PHONES};
use sip::InviteId;
use std::time::Instant;

/// Whom a manager consults has the customer's key and a multiple of this: of the same voice, when both are joined.
const CONSULTED: u64 = 100 * crate::voice::VOICES;

/// Agents are told apart by the last part of their addresses, below this.
const MOST_AGENTS: u64 = 16;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trick {
    /// CANCEL for an INVITE that was answered.
    Cancel,
    /// So many re-INVITEs at once.
    OfferStorm(u8),
    /// A request within the dialog, of this method.
    Ask(&'static str),
    /// REFER, whereto as these bits say.
    Refer(u64),
    /// Hold, and call somebody else.
    Consult,
    /// REFER to the other call.
    Join,
}

impl Agent {
    pub(super) fn play_trick(&mut self, id: InviteId, trick: &Trick, now: Instant) {
        let Some(call) = self.calls.get(&id).filter(|call| call.stand == Stand::Up) else { return };
        let (call_id, key) = (call.call_id.clone(), call.key);
        match trick {
            Trick::Cancel => {
                self.noted.push("cancels what was answered");
                self.outbox.extend(self.meddler.cancel(&call_id));
            }
            Trick::OfferStorm(offers) => {
                self.noted.push("offers again and again");
                for _ in 0..*offers {
                    self.outbox.extend(self.meddler.offer(&call_id));
                }
            }
            Trick::Ask(method) => {
                let headers = "Event: weather\r\nRAck: 1 1 INVITE\r\n";
                self.outbox.extend(self.meddler.request(&call_id, method, headers));
            }
            Trick::Refer(bits) => self.refer(&call_id, &self.refer_target(id, key, *bits)),
            Trick::Consult => {
                self.offer_anew(id, true, now);
                let from = self.setup.sign_in.as_ref().map(|sign_in| sign_in.user.clone());
                if let Some(from) = from {
                    let to = self.somebody_to_consult(key);
                    self.dial(&format!("010{to:08}"), &from, true, now);
                }
            }
            Trick::Join => {
                if let Some(target) = self.other_call(id) {
                    self.refer(&call_id, &target);
                }
            }
        }
    }

    /// A number nobody else calls in a run, for rules find a device's call by the number: whoever consults twice, or after
    /// a colleague, would else talk in one call while another of the same number is over.
    fn somebody_to_consult(&mut self, about: u64) -> u64 {
        self.consultations += 1;
        let nth = MOST_AGENTS * self.consultations + u64::from(last_octet(self.ip()));
        about % CONSULTED + CONSULTED * nth
    }

    fn refer(&mut self, call_id: &str, target: &str) {
        self.noted.push("refers");
        self.outbox.extend(self.meddler.request(call_id, "REFER", &format!("Refer-To: <{target}>\r\n")));
    }

    /// To a colleague, a number, nowhere, oneself, a call that is not, or another call of ours.
    fn refer_target(&self, id: InviteId, key: u64, bits: u64) -> String {
        let host = self.setup.server;
        let nth = usize::try_from(bits >> 8).unwrap_or(0) % PHONES.len();
        let colleague = &workspace::names(PHONES[nth].1)[0];
        match bits % 8 {
            // The same last digits, so that whoever hears this customer then hears the customer's voice.
            0 | 1 => format!("sip:011{key:08}@{host}"),
            2 => "tel:nobody".to_owned(),
            3 => format!("sip:{colleague}@{host}?Replaces=none%40here%3Bto-tag%3Da%3Bfrom-tag%3Db"),
            4 | 5 => self.other_call(id).unwrap_or_else(|| "not a uri at all".to_owned()),
            _ => format!("sip:{colleague}@{host}"),
        }
    }

    /// The call in which somebody is consulted, or that is consulted about, as a URI that replaces it (RFC 3891).
    fn other_call(&self, id: InviteId) -> Option<String> {
        let key = self.calls.get(&id)?.key;
        let is_other = |call: &AgentCall| call.key != key && call.key % CONSULTED == key % CONSULTED;
        let mut others = self.calls.values().filter(|call| call.stand == Stand::Up && is_other(call));
        let (call_id, remote, local) = others.find_map(|call| self.meddler.dialog(&call.call_id))?;
        let call_id = call_id.replace('@', "%40");
        let host = self.setup.server;
        Some(format!("sip:x@{host}?Replaces={call_id}%3Bto-tag%3D{remote}%3Bfrom-tag%3D{local}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::Habit;
    use crate::cast;
    use crate::rng::Rng;
    use crate::voice::{Side, of};
    use sip::Transport;
    use std::collections::BTreeSet;

    #[test]
    fn nobody_is_consulted_twice_and_all_have_the_customers_voice() {
        const CUSTOMER: u64 = 15;
        let mut phones: Vec<Agent> = PHONES
            .iter()
            .map(|phone| Agent::new(cast::phone(phone.0, Transport::Udp, 0, Habit::Obedient), Rng::new(1)))
            .collect();
        let mut asked = BTreeSet::from([CUSTOMER]);
        for _ in 0..40 {
            for phone in &mut phones {
                // About whoever is consulted somebody else may be consulted too.
                for about in [CUSTOMER, CUSTOMER + CONSULTED] {
                    let key = phone.somebody_to_consult(about);
                    assert!(asked.insert(key), "{key} is called again");
                    assert_eq!(of(key, Side::Customer), of(CUSTOMER, Side::Customer));
                    assert!(key < 100_000_000, "{key} has more than eight digits");
                }
            }
        }
    }
}
