//! What phones may watch: their messages, the calls of a manager, whether a manager can be called (RFC 6665 with RFC 3842,
//! RFC 4235, RFC 3856). Who watches is asked for the password like who signs in.

mod dialog_info;
mod message_summary;
mod pidf;
#[cfg(test)]
mod tests;
mod watched;
mod xml;

use crate::accounts::Owner;
use crate::switch::{Now, Switch};
use dialog_info::WatchedDialog;
use pbx::{CallId, ManagerId};
use sip::{Body, EventPackage, Flow, Reply, Request, SubscriptionId, TerminationReason};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Packages that can be watched (RFC 6665 8.2.2).
pub(crate) const ALLOW_EVENTS: &str = "message-summary, dialog, presence";
/// Most subscriptions of one account: a desk phone with its side cars has fewer lamps.
const MAX_PER_ACCOUNT: usize = 256;

/// A package that can be watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Package {
    MessageSummary,
    Dialog,
    Presence,
}

impl Package {
    fn of(event: EventPackage<'_>) -> Option<Self> {
        let all = [("message-summary", Self::MessageSummary), ("dialog", Self::Dialog), ("presence", Self::Presence)];
        all.into_iter().find(|(name, _)| event.is(name)).map(|(_, package)| package)
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::MessageSummary => message_summary::MEDIA_TYPE,
            Self::Dialog => dialog_info::MEDIA_TYPE,
            Self::Presence => pidf::MEDIA_TYPE,
        }
    }
}

/// What a subscriber was told last.
#[derive(Debug)]
enum Told {
    Nothing,
    Messages,
    Dialogs(BTreeMap<CallId, WatchedDialog>),
    Open(bool),
}

/// One subscription.
#[derive(Debug)]
struct Watch {
    package: Package,
    /// Account of the watcher.
    watcher: u64,
    /// Account that is watched.
    target: u64,
    manager: ManagerId,
    /// The address watched, as the watcher wrote it.
    entity: String,
    /// Of the next document (RFC 4235 4.1).
    version: u32,
    told: Told,
}

/// Every subscription.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    watches: BTreeMap<SubscriptionId, Watch>,
    by_manager: BTreeMap<ManagerId, BTreeSet<SubscriptionId>>,
    by_watcher: BTreeMap<u64, BTreeSet<SubscriptionId>>,
    /// Live calls of the managers that are watched.
    dialogs: BTreeMap<ManagerId, BTreeMap<CallId, WatchedDialog>>,
    /// Which of them a call is with.
    managers_of: BTreeMap<CallId, Vec<ManagerId>>,
}

impl Subscriptions {
    fn add(&mut self, id: SubscriptionId, watch: Watch) {
        self.by_manager.entry(watch.manager).or_default().insert(id);
        self.by_watcher.entry(watch.watcher).or_default().insert(id);
        self.watches.insert(id, watch);
    }

    fn remove(&mut self, id: SubscriptionId) {
        let Some(watch) = self.watches.remove(&id) else { return };
        if let Some(own) = self.by_watcher.get_mut(&watch.watcher) {
            own.remove(&id);
            if own.is_empty() {
                self.by_watcher.remove(&watch.watcher);
            }
        }
        let Some(others) = self.by_manager.get_mut(&watch.manager) else { return };
        others.remove(&id);
        if others.is_empty() {
            self.by_manager.remove(&watch.manager);
            self.forget_calls(watch.manager);
        }
    }
}

impl Switch {
    /// Takes or refuses a new subscription.
    pub(crate) fn on_subscribe(&mut self, id: SubscriptionId, request: &Request, flow: Flow, now: Now) {
        let name = request.from().user().into_owned();
        let watcher = match self.authenticate(request, flow, &name, now) {
            Ok(key) => key,
            Err(reply) if reply.status == 401 => {
                return self.endpoint.challenge_subscription(id, request, flow, &reply);
            }
            Err(reply) => return self.endpoint.refuse_subscription(now.instant, id, reply),
        };
        match self.watch(request, watcher) {
            Ok(watch) => {
                self.watch_calls_of(watch.manager);
                self.subscriptions.add(id, watch);
                self.endpoint.accept_subscription(now.instant, id);
            }
            Err(reply) => self.endpoint.refuse_subscription(now.instant, id, reply),
        }
    }

    fn watch(&self, request: &Request, watcher: u64) -> Result<Watch, Reply> {
        let package = EventPackage::of(request).and_then(Package::of);
        let package = package.ok_or_else(|| Reply::new(489).with_header("Allow-Events", ALLOW_EVENTS))?;
        if !sip::subscription::accepts(request, package.media_type()) {
            return Err(Reply::new(406).with_header("Accept", package.media_type()));
        }
        let own = self.subscriptions.by_watcher.get(&watcher).map_or(0, BTreeSet::len);
        if own >= MAX_PER_ACCOUNT {
            return Err(Reply::new(403).with_header("Warning", "399 sori \"too many subscriptions of this account\""));
        }
        let name = request.uri().and_then(|uri| uri.user()).unwrap_or_default().into_owned();
        let target = self.accounts.named(&name).ok_or_else(|| Reply::new(404))?;
        let manager_of = |key| self.accounts.get(key).and_then(|account| manager_of(&account.owner));
        // A caller from the web page watches nobody, and how many messages wait is for nobody else.
        let Some(own_manager) = manager_of(watcher) else { return Err(Reply::new(403)) };
        let manager = manager_of(target).ok_or_else(|| Reply::new(404))?;
        if package == Package::MessageSummary && manager != own_manager {
            return Err(Reply::new(403));
        }
        let entity = format!("sip:{name}@{}", self.configuration.host);
        Ok(Watch { package, watcher, target, manager, entity, version: 0, told: Told::Nothing })
    }

    /// The subscriber is to be told the state.
    pub(crate) fn on_notify_due(&mut self, id: SubscriptionId, now: Now) {
        let Some((manager, package)) = self.subscriptions.watches.get(&id).map(|watch| (watch.manager, watch.package))
        else {
            return self.endpoint.end_subscription(now.instant, id, TerminationReason::NoResource);
        };
        let is_open = self.is_open(manager);
        let dialogs = match package {
            Package::Dialog => self.subscriptions.dialogs.get(&manager).cloned().unwrap_or_default(),
            Package::MessageSummary | Package::Presence => BTreeMap::new(),
        };
        let Some(watch) = self.subscriptions.watches.get_mut(&id) else { return };
        let (text, told) = match package {
            // Voice messages are in the inbox and not counted by manager: none waits at a phone.
            Package::MessageSummary => (message_summary::document(&watch.entity, 0, 0), Told::Messages),
            Package::Presence => (pidf::document(&watch.entity, is_open), Told::Open(is_open)),
            Package::Dialog => {
                let nothing = BTreeMap::new();
                let before = if let Told::Dialogs(before) = &watch.told { before } else { &nothing };
                let host = &self.configuration.host;
                (dialog_info::document(&watch.entity, host, watch.version, &dialogs, before), Told::Dialogs(dialogs))
            }
        };
        watch.version = watch.version.wrapping_add(1);
        watch.told = told;
        let body = Body { content_type: package.media_type(), bytes: Arc::from(text.into_bytes()) };
        self.endpoint.notify(now.instant, id, Some(&body));
    }

    pub(crate) fn on_subscription_ended(&mut self, id: SubscriptionId) {
        self.subscriptions.remove(id);
    }

    /// Accounts came, went or changed hands: who is no more watches nothing (R43) and cannot be watched; a phone that went
    /// to another manager (R42) is to be watched anew.
    pub(crate) fn review_subscriptions(&mut self, now: Now) {
        let manager_of = |key| self.accounts.get(key).and_then(|account| manager_of(&account.owner));
        let verdict = |watch: &Watch| {
            if self.accounts.get(watch.watcher).is_none() {
                return Some(TerminationReason::Rejected);
            }
            match manager_of(watch.target) {
                None => Some(TerminationReason::NoResource),
                Some(manager) => (manager != watch.manager).then_some(TerminationReason::Deactivated),
            }
        };
        let over: Vec<(SubscriptionId, TerminationReason)> =
            self.subscriptions.watches.iter().filter_map(|(id, watch)| Some((*id, verdict(watch)?))).collect();
        for (id, reason) in over {
            self.endpoint.end_subscription(now.instant, id, reason);
        }
        let watched: Vec<ManagerId> = self.subscriptions.by_manager.keys().copied().collect();
        for manager in watched {
            self.manager_changed(manager);
        }
    }
}

fn manager_of(owner: &Owner) -> Option<ManagerId> {
    owner.ring_device().map(|(manager, _)| manager)
}
