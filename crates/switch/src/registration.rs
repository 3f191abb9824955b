//! Signing in: REGISTER, lights (R62, R156) and which ring devices reach whom.

use crate::accounts::Owner;
use crate::switch::{LiveChange, Now, Output, Switch};
use pbx::settings::RingDevice;
use pbx::{Fact, ManagerId, PhoneId, UnixMillis};
use sip::digest::Verdict;
use sip::registrar::ChangeCause;
use sip::{BindingChange, Flow, Reply, Request, Transport};
use std::collections::BTreeSet;
use std::net::SocketAddr;

/// A phone's light while it is green.
#[derive(Debug)]
pub(crate) struct Light {
    /// How long its last sign-in is good for.
    interval_ms: u64,
    /// Where it was seen.
    address: SocketAddr,
    /// It was not heard of in time; then it turns orange.
    orange_at: Option<UnixMillis>,
}

impl Switch {
    /// Answers a REGISTER (RFC 3261 10.3).
    pub(crate) fn register(&mut self, request: &Request, flow: Flow, now: Now) -> Reply {
        let name = request.to().user().into_owned();
        let key = match self.authenticate(request, flow, &name, now) {
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
    pub(crate) fn authenticate(&mut self, request: &Request, flow: Flow, name: &str, now: Now) -> Result<u64, Reply> {
        let key = self.accounts.named(name);
        let accounts = &self.accounts;
        let lookup = |username: &str| key.and_then(|key| accounts.secret(key, username, now.unix));
        match (self.authenticator.verify(now.instant, request, lookup), key) {
            (Verdict::Accepted { .. }, Some(key)) => Ok(key),
            (Verdict::Missing, _) => Err(self.challenge(flow, false, now)),
            (Verdict::Stale, _) => Err(self.challenge(flow, true, now)),
            _ => {
                self.refused_credentials += 1;
                Err(Reply::new(403))
            }
        }
    }

    /// One MD5 challenge, unless SHA-256 is asked for: baresip 1.0 and SIPp give up when they see it in any place, JsSIP
    /// reads the last challenge and SIP.js the first, and none of the phones of R49-R61 knows it.
    fn challenge(&mut self, flow: Flow, stale: bool, now: Now) -> Reply {
        let mut reply = Reply::new(401);
        let mut values = self.authenticator.challenge(now.instant, stale);
        if !self.configuration.offer_sha256 || matches!(flow.transport, Transport::Ws | Transport::Wss) {
            values.truncate(1);
        }
        reply.headers.extend(values.into_iter().map(|value| ("WWW-Authenticate", value)));
        reply
    }

    pub(crate) fn on_binding_change(&mut self, change: BindingChange, now: Now) {
        let Some(owner) = self.accounts.get(change.account).map(|account| account.owner.clone()) else {
            return self.count_all_reachable(now);
        };
        if let Owner::Phone { phone, .. } = owner
            && change.bound == 0
        {
            self.phone_went(phone, change.cause, now);
        }
        if let Some(device) = owner.ring_device() {
            self.count_reachable(device, now);
        }
    }

    /// A phone that signed off is orange at once; one that was not heard of gets one more expiry interval (R156).
    fn phone_went(&mut self, phone: PhoneId, cause: ChangeCause, now: Now) {
        let Some(light) = self.lights.get_mut(&phone) else { return };
        match cause {
            ChangeCause::Expired | ChangeCause::Disconnected if light.orange_at.is_none() => {
                let at = now.unix.plus_ms(light.interval_ms);
                light.orange_at = Some(at);
                self.grace.insert((at, phone));
            }
            ChangeCause::Removed => self.turn_orange(phone),
            _ => {}
        }
    }

    fn turn_orange(&mut self, phone: PhoneId) {
        let Some(light) = self.lights.remove(&phone) else { return };
        if let Some(at) = light.orange_at {
            self.grace.remove(&(at, phone));
        }
        self.tell_light(phone, false, String::new(), None);
    }

    fn refresh_light(&mut self, key: u64, request: &Request, flow: Flow, now: Now) {
        let Some(Owner::Phone { phone, .. }) = self.accounts.get(key).map(|a| &a.owner) else { return };
        let phone = *phone;
        let Some(binding) = self.registrar.bindings(key).iter().max_by_key(|binding| binding.expires_at) else {
            return;
        };
        let interval = binding.expires_at.saturating_duration_since(now.instant).as_millis();
        let light =
            Light { interval_ms: u64::try_from(interval).unwrap_or(u64::MAX), address: flow.remote, orange_at: None };
        let before = self.lights.insert(phone, light);
        if let Some(at) = before.as_ref().and_then(|light| light.orange_at) {
            self.grace.remove(&(at, phone));
        }
        // A refresh from the same place says nothing new.
        if before.is_none_or(|light| light.address != flow.remote) {
            let agent = request.user_agent().unwrap_or_default();
            self.tell_light(phone, true, agent, Some(flow.remote));
        }
    }

    fn tell_light(&mut self, phone: PhoneId, linked: bool, user_agent: String, address: Option<SocketAddr>) {
        self.out.push_back(Output::Live(LiveChange::Phone { phone, linked, user_agent, address }));
    }

    pub(crate) fn end_grace(&mut self, now: Now) {
        while let Some((at, phone)) = self.grace.first().copied()
            && at <= now.unix
        {
            self.grace.remove(&(at, phone));
            self.turn_orange(phone);
        }
    }

    /// Counts every ring device anew, after accounts came or went.
    pub(crate) fn count_all_reachable(&mut self, now: Now) {
        let devices: BTreeSet<_> = self.accounts.devices().chain(self.reachable.keys().copied()).collect();
        for device in devices {
            self.count_reachable(device, now);
        }
        let gone: Vec<PhoneId> =
            self.lights.keys().copied().filter(|phone| self.accounts.get(phone.0).is_none()).collect();
        for phone in gone {
            self.turn_orange(phone);
        }
    }

    /// Tells the business when the number of ring devices of this kind changed.
    fn count_reachable(&mut self, (manager, device): (ManagerId, RingDevice), now: Now) {
        let bound: usize = self.accounts.of_manager(manager, device).map(|key| self.registrar.phones(key).len()).sum();
        let count = u16::try_from(bound).unwrap_or(u16::MAX);
        if self.reachable.get(&(manager, device)).copied().unwrap_or(0) == count {
            return;
        }
        if count == 0 {
            self.reachable.remove(&(manager, device));
        } else {
            self.reachable.insert((manager, device), count);
        }
        self.pbx.handle_fact(Fact::Reachable { manager, device, count }, now.unix);
        self.out.push_back(Output::Live(LiveChange::Reachable { manager, device, count }));
        self.manager_changed(manager);
    }
}
