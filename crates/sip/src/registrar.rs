//! Bindings of accounts: where their phones are (RFC 3261 10.3, RFC 3327 for Path).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use crate::flow::Flow;
use crate::header::HeaderName;
use crate::message::Message;
use crate::name_addr::NameAddr;
use crate::reply::Reply;
use crate::request::Request;
use crate::scan;
use crate::uri::{Scheme, Uri};

/// Most bindings of one account; a further one takes the place of the one that ends first.
pub const MAX_BINDINGS: usize = 10;
/// Longest a binding lives without refresh, seconds.
pub const MAX_EXPIRES: u32 = 3600;
/// Shortest; less is raised to it rather than refused, phones with 10 s (R60) are the rule here.
pub const MIN_EXPIRES: u32 = 10;
/// When neither Contact nor Expires says.
const DEFAULT_EXPIRES: u32 = 3600;
/// Most Path values of a binding.
const MAX_PATH: usize = 8;

/// One phone of an account.
#[derive(Clone, Debug, PartialEq)]
pub struct Binding {
    /// URI of its Contact: the Request-URI of an INVITE to it.
    pub contact_uri: String,
    /// Path values, in order: the Route of an INVITE to it.
    pub path: Vec<String>,
    /// Where it was seen: where an INVITE is sent.
    pub flow: Flow,
    /// The Contact names another address than it was seen at (NAT); requests must stay on the flow.
    pub is_behind_nat: bool,
    /// Preference in thousandths, 0–1000; the larger is rung first.
    pub q: u16,
    /// User-Agent of its REGISTER.
    pub user_agent: Option<String>,
    /// When it ends unless refreshed.
    pub expires_at: Instant,
    call_id: Vec<u8>,
    cseq: u32,
}

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

/// One Contact of a REGISTER, understood.
struct Wish<'a> {
    uri: Uri<'a>,
    expires: u32,
    q: u16,
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
        let default = default_expires(request)?;
        let wishes = contacts.iter().map(|contact| wish(contact, default)).collect::<Result<Vec<_>, _>>()?;
        self.check_order(account, request, |binding| wishes.iter().any(|wish| is_same(binding, &wish.uri)))?;
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
        let mut reply = Reply::new(200);
        for binding in self.bindings(account) {
            let left = binding.expires_at.saturating_duration_since(now).as_secs();
            reply = reply.with_header("Contact", format!("<{}>;expires={left}", binding.contact_uri));
        }
        for path in request.list(HeaderName::Path).take(MAX_PATH) {
            reply = reply.with_header("Path", scan::text(path));
        }
        reply
    }
}

fn bad(problem: &str) -> Reply {
    Reply::new(400).with_header("Warning", format!("399 sori \"{problem}\""))
}

fn default_expires(request: &Message) -> Result<u32, Reply> {
    match request.known(HeaderName::Expires) {
        None => Ok(DEFAULT_EXPIRES),
        Some(value) => seconds(value),
    }
}

/// RFC 3261 20.19: a number up to 2^32 − 1; a larger one is wrong (RFC 4475 3.1.2.4).
fn seconds(value: &[u8]) -> Result<u32, Reply> {
    let number = scan::number(value, u64::from(u32::MAX)).and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| bad("Expires is no number below 2^32"))
}

fn wish(contact: &[u8], default: u32) -> Result<Wish<'_>, Reply> {
    let address = NameAddr::parse(contact).ok_or_else(|| bad("Contact is no address"))?;
    let uri = address.uri().filter(|uri| matches!(uri.scheme(), Scheme::Sip | Scheme::Sips));
    let uri = uri.ok_or_else(|| bad("Contact is no SIP URI"))?;
    let expires = match address.params().get("expires") {
        Some(value) => seconds(&scan::unquote(value))?,
        None => default,
    };
    let q = match address.params().get("q") {
        Some(value) => thousandths(value).ok_or_else(|| bad("Contact: q is no number from 0 to 1"))?,
        None => 1000,
    };
    let expires = if expires == 0 { 0 } else { expires.clamp(MIN_EXPIRES, MAX_EXPIRES) };
    Ok(Wish { uri, expires, q })
}

/// `0.75` is 750; at most three digits after the point (RFC 3261 25.1 qvalue).
fn thousandths(value: &[u8]) -> Option<u16> {
    let (whole, part) = scan::split_once(value, b'.').unwrap_or((value, b""));
    if part.len() > 3 {
        return None;
    }
    let whole = scan::number(whole, 1)?;
    let part = match part {
        [] => 0,
        digits => scan::number(digits, 999)? * [1, 100, 10, 1][digits.len() & 3],
    };
    u16::try_from(whole * 1000 + part).ok().filter(|q| *q <= 1000)
}

fn is_same(binding: &Binding, uri: &Uri<'_>) -> bool {
    Uri::parse(binding.contact_uri.as_bytes()).is_some_and(|own| own.matches(uri))
}

fn apply(bindings: &mut Vec<Binding>, now: Instant, wish: &Wish<'_>, request: &Request, flow: Flow) {
    let old = bindings.iter().position(|binding| is_same(binding, &wish.uri));
    if wish.expires == 0 {
        if let Some(old) = old {
            bindings.remove(old);
        }
        return;
    }
    let new = Binding {
        contact_uri: wish.uri.to_text(),
        path: request.list(HeaderName::Path).take(MAX_PATH).map(scan::text).collect(),
        flow,
        is_behind_nat: wish.uri.address() != Some(flow.remote),
        q: wish.q,
        user_agent: request.user_agent(),
        expires_at: now + Duration::from_secs(u64::from(wish.expires)),
        call_id: request.call_id().to_vec(),
        cseq: request.cseq(),
    };
    if let Some(old) = old {
        bindings.remove(old);
    }
    // A phone that takes a new port at each start must not lock itself out: the one that ends first is likely gone.
    if bindings.len() >= MAX_BINDINGS
        && let Some((oldest, _)) = bindings.iter().enumerate().min_by_key(|(_, binding)| binding.expires_at)
    {
        bindings.remove(oldest);
    }
    bindings.push(new);
}

/// What a refresh is not: a phone more, a phone less, a phone elsewhere.
fn difference(before: &[Binding], after: &[Binding]) -> Option<ChangeCause> {
    let is_in = |list: &[Binding], one: &Binding| {
        list.iter().any(|other| other.contact_uri == one.contact_uri && other.flow == one.flow)
    };
    if after.iter().any(|binding| !is_in(before, binding)) {
        return Some(ChangeCause::Bound);
    }
    before.iter().any(|binding| !is_in(after, binding)).then_some(ChangeCause::Removed)
}
