//! Signing in: REGISTER, lights (R62, R156) and which ring devices reach whom.

use crate::accounts::Owner;
use crate::switch::{LiveChange, Now, Output, Switch};
use pbx::settings::RingDevice;
use pbx::{Fact, ManagerId, PhoneId};
use sip::digest::Verdict;
use sip::{BindingChange, Flow, Reply, Request};
use std::collections::BTreeMap;

impl Switch {
    /// Answers a REGISTER (RFC 3261 10.3).
    pub(crate) fn register(&mut self, request: &Request, flow: Flow, now: Now) -> Reply {
        let name = request.to().user().unwrap_or_default().to_owned();
        let key = match self.authenticate(request, &name, now) {
            Ok(key) => key,
            Err(reply) => return reply,
        };
        let outcome = self.registrar.register(now.instant, key, request, flow);
        if let Some(change) = outcome.change {
            self.on_binding_change(change, now);
        }
        // A refresh changes no count, yet the light must know it is alive and where.
        self.refresh_light(key, request, flow, now);
        outcome.reply
    }

    /// Whether the request comes from whom `name` stands for; else the reply that says so. A name that does not exist
    /// is answered like a wrong password (nothing reveals whether a phone exists).
    pub(crate) fn authenticate(&mut self, request: &Request, name: &str, now: Now) -> Result<u64, Reply> {
        let key = self.accounts.named(name);
        let accounts = &self.accounts;
        let lookup = |username: &str| key.and_then(|key| accounts.secret(key, username, now.unix));
        match (self.authenticator.verify(now.instant, request, lookup), key) {
            (Verdict::Accepted { .. }, Some(key)) => Ok(key),
            (Verdict::Missing, _) => Err(self.challenge(false, now)),
            (Verdict::Stale, _) => Err(self.challenge(true, now)),
            _ => {
                self.refused_credentials += 1;
                Err(Reply::new(403))
            }
        }
    }

    fn challenge(&mut self, stale: bool, now: Now) -> Reply {
        let mut reply = Reply::new(401);
        let values = self.authenticator.challenge(now.instant, stale);
        reply.headers.extend(values.into_iter().map(|value| ("WWW-Authenticate", value)));
        reply
    }

    pub(crate) fn on_binding_change(&mut self, change: BindingChange, now: Now) {
        let owner = self.accounts.get(change.account).map(|account| account.owner.clone());
        if let Some(Owner::Phone { phone, .. }) = owner
            && change.bound == 0
        {
            // Signed off at once, or not refreshed in time: then the light waits one more expiry interval (R156).
            if change.expired {
                self.grace.insert(phone, now.unix.plus_ms(change.expires_ms));
            } else {
                self.grace.remove(&phone);
                self.tell_light(phone, false, String::new(), None);
            }
        }
        self.count_reachable(now);
    }

    fn refresh_light(&mut self, key: u64, request: &Request, flow: Flow, now: Now) {
        let Some(Owner::Phone { phone, .. }) = self.accounts.get(key).map(|a| a.owner.clone()) else { return };
        if self.registrar.bindings(key).is_empty() {
            return;
        }
        self.grace.remove(&phone);
        let agent = request.user_agent().unwrap_or_default().to_owned();
        self.tell_light(phone, true, agent, Some(flow.remote));
        let _ = now;
    }

    fn tell_light(&mut self, phone: PhoneId, linked: bool, user_agent: String, address: Option<std::net::SocketAddr>) {
        self.out.push_back(Output::Live(LiveChange::Phone { phone, linked, user_agent, address }));
    }

    pub(crate) fn end_grace(&mut self, now: Now) {
        let due: Vec<PhoneId> = self.grace.iter().filter(|(_, at)| **at <= now.unix).map(|(phone, _)| *phone).collect();
        for phone in due {
            self.grace.remove(&phone);
            self.tell_light(phone, false, String::new(), None);
        }
    }

    /// Tells the business about every ring device that came or went.
    pub(crate) fn count_reachable(&mut self, now: Now) {
        let mut counts: BTreeMap<(ManagerId, RingDevice), u16> = self.reachable.keys().map(|key| (*key, 0)).collect();
        for (account, bindings) in self.registrar.accounts() {
            if let Some(device) = self.accounts.get(account).and_then(|a| a.owner.ring_device()) {
                *counts.entry(device).or_default() += u16::try_from(bindings.len()).unwrap_or(u16::MAX);
            }
        }
        for ((manager, device), count) in counts {
            if self.reachable.get(&(manager, device)).copied().unwrap_or(0) == count {
                continue;
            }
            if count == 0 {
                self.reachable.remove(&(manager, device));
            } else {
                self.reachable.insert((manager, device), count);
            }
            self.pbx.handle_fact(Fact::Reachable { manager, device, count }, now.unix);
            self.out.push_back(Output::Live(LiveChange::Reachable { manager, device, count }));
        }
    }
}
