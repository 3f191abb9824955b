//! One phone of an account as the registrar keeps it, and what a REGISTER wishes for it (RFC 3261 10.3, RFC 3327, RFC 5626 6).

use std::net::SocketAddr;
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
pub(crate) const MAX_PATH: usize = 8;
/// Most Contact values of one REGISTER.
const MAX_CONTACTS: usize = 2 * MAX_BINDINGS;
/// Longest `+sip.instance`, bytes; a URN of a UUID has 45.
const MAX_INSTANCE: usize = 255;

/// Which flow of which phone a binding is (RFC 5626 4.2): the same again replaces it, wherever it comes from now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowKey {
    /// `+sip.instance` without quotes and angles: a URN that the phone keeps for life.
    pub instance: String,
    /// `reg-id`, 1 to 2^31 − 1: the number of the flow.
    pub reg_id: u32,
}

/// One phone of an account, or one of its flows.
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
    /// When it was bound or refreshed last.
    pub seen_at: Instant,
    /// Which flow of its phone it is; `None` for a phone that does not speak of flows.
    pub flow_key: Option<FlowKey>,
    pub(crate) call_id: Vec<u8>,
    pub(crate) cseq: u32,
}

impl Binding {
    /// Is it one that this Contact means?
    pub(crate) fn is_meant(&self, wish: &Wish<'_>) -> bool {
        match (&self.flow_key, &wish.flow_key) {
            (Some(own), Some(other)) => own == other,
            _ => Uri::parse(self.contact_uri.as_bytes()).is_some_and(|own| own.matches(&wish.uri)),
        }
    }

    /// Are both flows of one phone?
    pub(crate) fn is_same_phone(&self, other: &Self) -> bool {
        match (&self.flow_key, &other.flow_key) {
            (Some(own), Some(other)) => own.instance == other.instance,
            _ => false,
        }
    }

    /// Its value in the Contact header of a response.
    pub(crate) fn contact(&self, now: Instant) -> String {
        let left = self.expires_at.saturating_duration_since(now).as_secs();
        let contact = format!("<{}>;expires={left}", self.contact_uri);
        match &self.flow_key {
            Some(key) => format!("{contact};+sip.instance=\"<{}>\";reg-id={}", key.instance, key.reg_id),
            None => contact,
        }
    }
}

/// One Contact of a REGISTER, understood.
pub(crate) struct Wish<'a> {
    uri: Uri<'a>,
    /// Seconds; 0 removes.
    pub(crate) expires: u32,
    q: u16,
    pub(crate) flow_key: Option<FlowKey>,
}

/// All Contacts of a REGISTER, or the refusal.
pub(crate) fn wishes<'a>(request: &'a Request, contacts: &[&'a [u8]]) -> Result<Vec<Wish<'a>>, Reply> {
    if contacts.len() > MAX_CONTACTS {
        return Err(bad("too many Contacts"));
    }
    let default = default_expires(request)?;
    let knows_flows = request.list(HeaderName::Supported).any(|tag| tag.eq_ignore_ascii_case(b"outbound"));
    let wishes: Vec<Wish<'a>> =
        contacts.iter().map(|contact| wish(contact, default, knows_flows)).collect::<Result<_, _>>()?;
    if wishes.iter().filter(|wish| wish.flow_key.is_some() && wish.expires > 0).count() > 1 {
        return Err(bad("Contact: one request comes by one flow, yet several have a reg-id"));
    }
    if wishes.iter().any(|wish| wish.flow_key.is_some()) && !comes_by_a_flow(request) {
        return Err(Reply::new(439));
    }
    Ok(wishes)
}

/// Does the first hop keep the flow? That is us, or an edge proxy that says so by `ob` in its Path (RFC 5626 6).
fn comes_by_a_flow(request: &Request) -> bool {
    let path = request.list(HeaderName::Path).next().and_then(NameAddr::parse);
    let says_so = path.and_then(|path| path.uri()).is_some_and(|uri| uri.params().get("ob").is_some());
    !request.has_several_vias() || says_so
}

pub(crate) fn bad(problem: &str) -> Reply {
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

fn wish(contact: &[u8], default: u32, knows_flows: bool) -> Result<Wish<'_>, Reply> {
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
    let flow_key = if knows_flows { flow_key(&address)? } else { None };
    Ok(Wish { uri, expires, q, flow_key })
}

/// `+sip.instance` and `reg-id`; without the instance a number says nothing (RFC 5626 6).
fn flow_key(address: &NameAddr<'_>) -> Result<Option<FlowKey>, Reply> {
    let params = address.params();
    let (Some(instance), Some(reg_id)) = (params.get("+sip.instance"), params.get("reg-id")) else { return Ok(None) };
    let instance = scan::unquote(instance);
    let instance = instance.strip_prefix(b"<").and_then(|urn| urn.strip_suffix(b">")).unwrap_or(&instance);
    if instance.is_empty() || instance.len() > MAX_INSTANCE || scan::breaks_uri(instance) || !instance.is_ascii() {
        return Err(bad("Contact: +sip.instance is no URN"));
    }
    let reg_id = scan::number(reg_id, 0x7fff_ffff).and_then(|number| u32::try_from(number).ok()).filter(|id| *id > 0);
    let reg_id = reg_id.ok_or_else(|| bad("Contact: reg-id is no number from 1 to 2^31 - 1"))?;
    // A URN's letters may be written large or small (RFC 4122 3, RFC 5626 4.1).
    Ok(Some(FlowKey { instance: scan::text(instance).to_ascii_lowercase(), reg_id }))
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

/// IPv4 addresses as such, however a dual-stack socket tells them.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Carries one wish out.
pub(crate) fn apply(bindings: &mut Vec<Binding>, now: Instant, wish: &Wish<'_>, request: &Request, flow: Flow) {
    // A refresh keeps its place among those of the same preference.
    let place = bindings.iter().position(|binding| binding.is_meant(wish)).unwrap_or(bindings.len());
    bindings.retain(|binding| !binding.is_meant(wish));
    if wish.expires == 0 {
        return;
    }
    let new = Binding {
        contact_uri: wish.uri.to_text(),
        path: request.list(HeaderName::Path).take(MAX_PATH).map(scan::text).collect(),
        flow,
        is_behind_nat: wish.uri.address().map(canonical) != Some(canonical(flow.remote)),
        q: wish.q,
        user_agent: request.user_agent(),
        expires_at: now + Duration::from_secs(u64::from(wish.expires)),
        seen_at: now,
        flow_key: wish.flow_key.clone(),
        call_id: request.call_id().to_vec(),
        cseq: request.cseq(),
    };
    // A phone that takes a new port at each start must not lock itself out: the one that ends first is likely gone.
    if bindings.len() >= MAX_BINDINGS
        && let Some((oldest, _)) = bindings.iter().enumerate().min_by_key(|(_, binding)| binding.expires_at)
    {
        bindings.remove(oldest);
    }
    bindings.insert(place.min(bindings.len()), new);
}
