//! Bindings of accounts: where their phones are (RFC 3261 10.3, RFC 3327 for Path, RFC 5626 6 for flows).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Instant;

use crate::binding::{MAX_PATH, apply, bad, wishes};
use crate::flow::Flow;
use crate::header::HeaderName;
use crate::reply::Reply;
use crate::request::Request;
use crate::scan;

pub use crate::binding::{Binding, FlowKey, MAX_BINDINGS, MAX_EXPIRES, MIN_EXPIRES};

/// How an account's bindings changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeCause {
    /// A new phone, or one that moved to another flow.
    Bound,
    /// A phone de-registered, or its account was taken away.
    Removed,
    /// A phone did not refresh in time.
    Expired,
    /// The connection of a phone closed.
    Disconnected,
}

/// The bindings of an account changed; a plain refresh is no change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BindingChange {
    /// Which account.
    pub account: u64,
    /// Bindings it has now.
    pub bound: usize,
    /// Why.
    pub cause: ChangeCause,
}

/// What came of a REGISTER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterOutcome {
    /// The response to send.
    pub reply: Reply,
    /// What changed, if anything.
    pub change: Option<BindingChange>,
}

/// All bindings. An account is whatever the user of the registrar numbers: one virtual phone, one browser user.
#[derive(Debug, Default)]
pub struct Registrar {
    accounts: BTreeMap<u64, Vec<Binding>>,
    expiries: BTreeSet<(Instant, u64)>,
    connections: BTreeSet<(u64, u64)>,
    changes: VecDeque<BindingChange>,
}

impl Registrar {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Carries out a REGISTER whose sender is already known to be `account`.
    pub fn register(&mut self, now: Instant, account: u64, request: &Request, flow: Flow) -> RegisterOutcome {
        self.expire(now);
        match self.bind(now, account, request, flow) {
            Ok(cause) => {
                let bound = self.bindings(account).len();
                let change = cause.map(|cause| BindingChange { account, bound, cause });
                RegisterOutcome { reply: self.reply(now, account, request), change }
            }
            Err(reply) => RegisterOutcome { reply, change: None },
        }
    }

    fn bind(
        &mut self,
        now: Instant,
        account: u64,
        request: &Request,
        flow: Flow,
    ) -> Result<Option<ChangeCause>, Reply> {
        let contacts: Vec<&[u8]> = request.list(HeaderName::Contact).filter(|value| !value.is_empty()).collect();
        if contacts.contains(&&b"*"[..]) {
            if contacts.len() > 1 || request.expires() != Some(0) {
                return Err(bad("Contact: * needs Expires: 0 and no other Contact"));
            }
            self.check_order(account, request, |_| true)?;
            let had_any = !self.bindings(account).is_empty();
            self.replace(account, Vec::new());
            return Ok(had_any.then_some(ChangeCause::Removed));
        }
        let wishes = wishes(request, &contacts)?;
        self.check_order(account, request, |binding| wishes.iter().any(|wish| binding.is_meant(wish)))?;
        let before = self.bindings(account).to_vec();
        let mut after = before.clone();
        for wish in &wishes {
            apply(&mut after, now, wish, request, flow);
        }
        let cause = difference(&before, &after);
        self.replace(account, after);
        Ok(cause)
    }

    /// A request that came late must not undo a later one: same Call-ID, CSeq not higher (10.3 step 6, 7).
    fn check_order(&self, account: u64, request: &Request, concerns: impl Fn(&Binding) -> bool) -> Result<(), Reply> {
        let late = self
            .bindings(account)
            .iter()
            .any(|binding| concerns(binding) && binding.call_id == request.call_id() && binding.cseq >= request.cseq());
        if late { Err(Reply::new(500).with_header("Retry-After", "1")) } else { Ok(()) }
    }

    /// Where the phones of an account are, those rung first in front.
    #[must_use]
    pub fn bindings(&self, account: u64) -> &[Binding] {
        self.accounts.get(&account).map_or(&[], Vec::as_slice)
    }

    /// The phones of an account, those rung first in front; of each its flows, the newest in front. A request goes by one
    /// flow of each phone, by the next one when that one failed: 430, or a connection that is gone (RFC 5626 7).
    #[must_use]
    pub fn phones(&self, account: u64) -> Vec<Vec<&Binding>> {
        let mut phones: Vec<Vec<&Binding>> = Vec::new();
        for binding in self.bindings(account) {
            match phones.iter_mut().find(|phone| phone.iter().any(|flow| flow.is_same_phone(binding))) {
                Some(phone) => phone.push(binding),
                None => phones.push(vec![binding]),
            }
        }
        for phone in &mut phones {
            phone.sort_by_key(|flow| std::cmp::Reverse(flow.seen_at));
        }
        phones
    }

    /// Accounts with at least one binding.
    #[must_use]
    pub fn bound_accounts(&self) -> usize {
        self.accounts.len()
    }

    /// Drops all bindings of an account that is no more (R43).
    pub fn remove_account(&mut self, _now: Instant, account: u64) {
        if !self.bindings(account).is_empty() {
            self.replace(account, Vec::new());
            self.changes.push_back(BindingChange { account, bound: 0, cause: ChangeCause::Removed });
        }
    }

    /// Drops the bindings that came by a connection that closed.
    pub fn remove_connection(&mut self, connection: u64) {
        let range = (connection, u64::MIN)..=(connection, u64::MAX);
        let accounts: Vec<u64> = self.connections.range(range).map(|(_, account)| *account).collect();
        for account in accounts {
            let is_on =
                |binding: &Binding| binding.flow.transport.is_reliable() && binding.flow.connection == connection;
            let left = self.bindings(account).iter().filter(|binding| !is_on(binding)).cloned().collect();
            self.drop_some(account, left, ChangeCause::Disconnected);
        }
    }

    /// Drops what was not refreshed in time.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.expire(now);
    }

    /// When the next binding ends.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        self.expiries.first().map(|(at, _)| *at)
    }

    /// What changed by time, by a closed connection or by a removed account.
    pub fn poll_event(&mut self) -> Option<BindingChange> {
        self.changes.pop_front()
    }

    fn expire(&mut self, now: Instant) {
        while let Some((at, account)) = self.expiries.first().copied()
            && at <= now
        {
            let left = self.bindings(account).iter().filter(|binding| binding.expires_at > now).cloned().collect();
            self.drop_some(account, left, ChangeCause::Expired);
        }
    }

    fn drop_some(&mut self, account: u64, left: Vec<Binding>, cause: ChangeCause) {
        let bound = left.len();
        self.replace(account, left);
        self.changes.push_back(BindingChange { account, bound, cause });
    }

    /// Sets the bindings of an account and keeps the indexes true.
    fn replace(&mut self, account: u64, mut bindings: Vec<Binding>) {
        let index =
            |binding: &Binding| binding.flow.transport.is_reliable().then_some((binding.flow.connection, account));
        if let Some(old) = self.accounts.remove(&account) {
            if let Some(at) = old.iter().map(|binding| binding.expires_at).min() {
                self.expiries.remove(&(at, account));
            }
            for entry in old.iter().filter_map(index) {
                self.connections.remove(&entry);
            }
        }
        let Some(at) = bindings.iter().map(|binding| binding.expires_at).min() else { return };
        self.expiries.insert((at, account));
        self.connections.extend(bindings.iter().filter_map(index));
        bindings.sort_by_key(|binding| std::cmp::Reverse(binding.q));
        self.accounts.insert(account, bindings);
    }

    /// 200 with all bindings and what is left of them (10.3 step 8).
    fn reply(&self, now: Instant, account: u64, request: &Request) -> Reply {
        let mut reply = Reply::new(200).with_header("Supported", "path, outbound");
        for binding in self.bindings(account) {
            reply = reply.with_header("Contact", binding.contact(now));
        }
        let of_request = |binding: &&Binding| binding.cseq == request.cseq() && binding.call_id == request.call_id();
        if self.bindings(account).iter().filter(of_request).any(|binding| binding.flow_key.is_some()) {
            // The phone must learn that its flows are kept apart here (RFC 5626 6).
            reply = reply.with_header("Require", "outbound");
        }
        for path in request.list(HeaderName::Path).take(MAX_PATH) {
            reply = reply.with_header("Path", scan::text(path));
        }
        reply
    }
}

/// What a refresh is not: a phone more, a phone less, a phone elsewhere.
fn difference(before: &[Binding], after: &[Binding]) -> Option<ChangeCause> {
    let is_in = |list: &[Binding], one: &Binding| {
        list.iter().any(|other| {
            other.contact_uri == one.contact_uri && other.flow == one.flow && other.flow_key == one.flow_key
        })
    };
    if after.iter().any(|binding| !is_in(before, binding)) {
        return Some(ChangeCause::Bound);
    }
    before.iter().any(|binding| !is_in(after, binding)).then_some(ChangeCause::Removed)
}
