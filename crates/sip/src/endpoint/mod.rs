//! The endpoint: transactions, dialogs and invite sessions of one server, all in one thread, without sockets.
//!
//! `handle_*` takes what came and the time, `poll_*` hands out what to send and what happened, `next_timeout` says when
//! to call `handle_timeout`. A call about an id that is already gone is no error: the race is the peer's and its
//! `Ended` or `Refused` is on the way.

mod ack;
mod answer;
mod ask;
mod call;
mod check;
mod close;
mod due;
mod exchange;
mod failure;
mod fork;
mod incoming;
mod leave;
mod named;
mod offer;
mod out_of_dialog;
mod prack;
mod receive;
mod refer;
mod refresh;
mod reliable;
mod responses;
mod subscribe;

pub use named::NamedDialog;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use crate::client_transaction::ClientTransaction;
use crate::digest::Credentials;
use crate::event::{ClientTransactionId, Event, InviteId, ServerTransactionId};
use crate::flow::Flow;
use crate::method::Method;
use crate::print;
use crate::reply::{Reply, header_lines};
use crate::server_transaction::{Answer, ServerTransaction};
use crate::session::{InviteSession, Phase};
use crate::subscription::Subscription;
use crate::timer::{Timer, Timers, Timing};
use crate::wire::{Totals, Transmit, Wire};

/// What we can do within dialogs and outside (RFC 3261 20.5).
pub const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, PRACK, UPDATE, OPTIONS, INFO, REFER, REGISTER, SUBSCRIBE";
/// Extensions that a peer may require (RFC 3261 20.37).
pub const SUPPORTED: &str = "100rel, timer, replaces, norefersub";
/// The same for an INVITE whose provisional responses need not be acknowledged.
const SUPPORTED_UNRELIABLE: &str = "timer, replaces, norefersub";
/// Hops a request of ours may make (RFC 3261 8.1.1.6).
const MAX_FORWARDS: u8 = 70;
/// How long an outgoing call rings when nothing else is said (timer C, RFC 3261 16.6: more than three minutes).
const RING_LIMIT: Duration = Duration::from_secs(185);
/// How long a call outlives its connection: time for a browser to come back with a request on a new one.
const FLOW_GRACE: Duration = Duration::from_secs(10);
/// How often credentials are tried for one request.
const MAX_ATTEMPTS: u8 = 2;
/// How often a re-INVITE is tried again after 491.
const MAX_GLARES: u8 = 8;

/// Settings of the endpoint.
#[derive(Clone, Debug)]
pub struct Config {
    /// For User-Agent and Server.
    pub user_agent: String,
    /// Most client and server transactions at one time; over it a new INVITE is answered 503, other requests are dropped.
    pub max_transactions: usize,
    /// Most invite sessions at one time; over it a new INVITE is answered 503.
    pub max_invites: usize,
    /// T1 in milliseconds; 500 (RFC 3261 17.1.1.1).
    pub t1_ms: u64,
    /// Session interval we ask for and grant at most, seconds; at least `min_se_s` (RFC 4028 4).
    pub session_expires_s: u32,
    /// Shortest session interval we take, seconds; at least 90 (RFC 4028 5).
    pub min_se_s: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            user_agent: "sori".to_owned(),
            max_transactions: 200_000,
            max_invites: 20_000,
            t1_ms: 500,
            session_expires_s: 1800,
            min_se_s: 90,
        }
    }
}

/// What lives now, and what was counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Client transactions.
    pub client_transactions: usize,
    /// Server transactions.
    pub server_transactions: usize,
    /// Dialogs (invite sessions that were answered).
    pub dialogs: usize,
    /// Invite sessions.
    pub invites: usize,
    /// Subscriptions we notify of.
    pub subscriptions: usize,
    /// REFERs whose outcome is still to be told.
    pub referrals: usize,
    /// Armed timers.
    pub timers: usize,
    /// Since the start.
    pub totals: Totals,
}

/// For whom a client transaction works.
#[derive(Debug)]
pub(crate) enum ClientUser {
    /// The first INVITE of a session; `stay` is that of its dialog, `last_cseq` the highest number its early dialogs used.
    Invite { id: u64, stay: bool, last_cseq: u32 },
    /// A later INVITE of a session, or an UPDATE with an offer.
    Change { id: u64 },
    /// An UPDATE that only refreshes.
    Refresh { id: u64 },
    /// A PRACK.
    Prack { id: u64 },
    /// The BYE that ends a session.
    Bye { id: u64 },
    /// A NOTIFY of a subscription.
    Notify { id: u64 },
    /// A NOTIFY of how a REFER goes.
    ReferNotify { refer: u64 },
    /// Nobody waits for it: CANCEL, BYE of a surplus fork.
    Nobody,
    /// A request of the user of the endpoint.
    Sent(Box<SentRequest>),
}

/// A request sent by [`Endpoint::send`], over its attempts.
#[derive(Debug)]
pub(crate) struct SentRequest {
    first: ClientTransactionId,
    credentials: Option<Credentials>,
    attempts: u8,
    cseq: u32,
}

#[derive(Debug)]
struct Client {
    transaction: ClientTransaction,
    user: ClientUser,
}

/// For whom a server transaction works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ServerUser {
    /// The first INVITE of a session.
    Invite(u64),
    /// A later INVITE or an UPDATE of a session.
    Offer(u64),
    /// The user of the endpoint answers.
    User,
    /// Answered here.
    Nobody,
}

#[derive(Debug)]
struct Server {
    transaction: ServerTransaction,
    user: ServerUser,
    /// Entry in `merged`, of a first INVITE.
    merged: Option<u64>,
}

/// See the module.
pub struct Endpoint {
    config: Config,
    wire: Wire,
    /// What is large stands in boxes: a tree moves its entries about.
    clients: BTreeMap<u64, Box<Client>>,
    servers: BTreeMap<u64, Box<Server>>,
    /// CANCELs by the number of their INVITE: both have the same branch.
    cancels: BTreeMap<u64, u64>,
    /// First INVITEs by From tag, Call-ID and CSeq, to find those that came by two ways (RFC 3261 8.2.2.2).
    merged: BTreeMap<u64, u64>,
    invites: BTreeMap<u64, Box<InviteSession>>,
    subscriptions: BTreeMap<u64, Subscription>,
    /// At most one an invite session, and few that outlive theirs.
    referrals: BTreeMap<u64, refer::Referral>,
    /// Invite sessions whose BYE waits until the peer heard how its REFER went.
    leaving: BTreeSet<u64>,
    events: VecDeque<Event>,
    last_id: u64,
}

impl Endpoint {
    /// `seed` must be a secret random number in a running server: tags and branches come from it.
    #[must_use]
    pub fn new(config: Config, seed: u64) -> Self {
        let t1 = Duration::from_millis(config.t1_ms.max(1));
        Self {
            config,
            wire: Wire::new(Timing { t1 }, seed),
            clients: BTreeMap::new(),
            servers: BTreeMap::new(),
            cancels: BTreeMap::new(),
            merged: BTreeMap::new(),
            invites: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            referrals: BTreeMap::new(),
            leaving: BTreeSet::new(),
            events: VecDeque::new(),
            last_id: 0,
        }
    }

    /// When `handle_timeout` is to be called next.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        self.wire.timers.next()
    }

    /// The next message to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.wire.poll()
    }

    /// Takes back the buffer of a sent message, to be used again.
    pub fn recycle(&mut self, bytes: Vec<u8>) {
        self.wire.recycle(bytes);
    }

    /// What happened next.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// What lives now, and what was counted.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            client_transactions: self.clients.len(),
            server_transactions: self.servers.len(),
            dialogs: self.invites.values().filter(|session| session.has_dialog()).count(),
            invites: self.invites.len(),
            subscriptions: self.subscriptions.len(),
            referrals: self.referrals.len(),
            timers: self.wire.timers.len(),
            totals: self.wire.totals,
        }
    }

    /// Answers a request that came as [`Event::Request`] or [`Event::Info`]; a status below 200 may come before the final one.
    pub fn respond(&mut self, now: Instant, transaction: ServerTransactionId, reply: Reply) {
        let is_ours = self.servers.get(&transaction.0).is_some_and(|server| server.user == ServerUser::User);
        if is_ours {
            self.reply(now, transaction.0, &reply);
        }
    }

    fn new_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    fn is_full(&self) -> bool {
        self.clients.len() + self.servers.len() >= self.config.max_transactions
    }

    /// Sends a response with the fields of `reply` and those every response has.
    fn reply(&mut self, now: Instant, transaction: u64, reply: &Reply) {
        let mut lines = self.wire.buffer();
        let has = |name: &str| reply.headers.iter().any(|(key, _)| key.eq_ignore_ascii_case(name));
        if reply.status == 405 && !has("Allow") {
            print::header(&mut lines, "Allow", ALLOW.as_bytes());
        }
        if reply.status > 100 && !has("Server") {
            print::header(&mut lines, "Server", self.config.user_agent.as_bytes());
        }
        header_lines(&mut lines, &reply.headers);
        let body = reply.body.as_ref().map(crate::reply::Body::parts);
        self.answer(now, transaction, &Answer { status: reply.status, reason: reply.reason, lines: &lines, body });
        self.wire.recycle(lines);
    }

    /// Sends a response and frees the transaction when that ends it.
    fn answer(&mut self, now: Instant, transaction: u64, answer: &Answer<'_>) {
        let Some(server) = self.servers.get_mut(&transaction) else { return };
        server.transaction.respond(now, answer, &mut self.wire);
        if server.transaction.is_over() {
            self.remove_server(transaction);
        }
    }

    /// Sends a response without anything more.
    fn refuse(&mut self, now: Instant, transaction: u64, status: u16) {
        self.reply(now, transaction, &Reply::new(status));
    }

    fn remove_server(&mut self, id: u64) {
        if let Some(server) = self.servers.remove(&id) {
            if let Some(merged) = server.merged {
                self.merged.remove(&merged);
            }
            server.transaction.remove(&mut self.wire);
        }
    }

    fn remove_client(&mut self, id: u64) -> Option<ClientUser> {
        let client = self.clients.remove(&id)?;
        if client.transaction.method == Method::Cancel {
            self.cancels.retain(|_, cancel| *cancel != id);
        }
        client.transaction.remove(&mut self.wire);
        Some(client.user)
    }

    /// Sends a request whose branch was made of `branch` and keeps it until its end.
    fn start_client(
        &mut self,
        now: Instant,
        branch: (u64, u64),
        method: Method,
        flow: Flow,
        bytes: Vec<u8>,
        user: ClientUser,
    ) {
        let transaction = ClientTransaction::start(now, branch.0, branch.1, method, flow, bytes, &mut self.wire);
        self.clients.insert(branch.0, Box::new(Client { transaction, user }));
    }

    /// Numbers for a new branch: those of the client transaction.
    fn new_branch(&mut self) -> (u64, u64) {
        (self.new_id(), self.wire.random.next())
    }

    /// A tag by which the session is found again.
    fn session_tag(&mut self, id: u64) -> Vec<u8> {
        let mut tag = format!("{id:x}-").into_bytes();
        print::hex(&mut tag, self.wire.random.next());
        tag
    }

    /// Tells the end of a session, once.
    fn tell_end(&mut self, id: u64, event: Event) {
        if let Some(session) = self.invites.get_mut(&id)
            && !session.told
        {
            session.told = true;
            self.events.push_back(event);
        }
    }

    /// Tells something of a session whose end was not told yet.
    fn tell(&mut self, id: u64, event: Event) {
        if self.invites.get(&id).is_some_and(|session| !session.told) {
            self.events.push_back(event);
        }
    }

    /// Refuses what the peer still waits for and frees a session.
    fn remove_invite(&mut self, now: Instant, id: u64) {
        self.drop_forks(now, id);
        self.refuse_open_offer(now, id);
        self.forget_invite(id);
    }

    /// Frees a session and its timers; its transactions end by themselves.
    fn forget_invite(&mut self, id: u64) {
        let Some(session) = self.invites.remove(&id) else { return };
        self.stop_waiting(id);
        disarm(&mut self.wire.timers, id, &session);
        if matches!(session.phase, Phase::Calling { .. }) {
            self.wire.timers.cancel(Timer::C(id));
            self.wire.timers.cancel(Timer::CancelLimit(id));
        }
        if session.dialog.flow.transport.is_reliable() {
            self.wire.timers.cancel(Timer::FlowLost(id));
        }
        if let Some(refer) = session.referral {
            self.leave_referral(refer, session.dialog);
        }
    }

    fn session(&mut self, id: InviteId) -> Option<&mut InviteSession> {
        self.invites.get_mut(&id.0).map(Box::as_mut).filter(|session| !session.told)
    }
}

/// Disarms the timers a session may have while it is answered; only those it can have, for each costs a look-up.
fn disarm(timers: &mut Timers, id: u64, session: &InviteSession) {
    if session.ringing.is_some() {
        timers.cancel(Timer::RingAgain(id));
    }
    if session.unacked.is_some() {
        timers.cancel(Timer::AnswerAgain(id));
        timers.cancel(Timer::NoAck(id));
    }
    if session.glares > 0 {
        timers.cancel(Timer::Glare(id));
    }
    if session.reliable.is_some() {
        timers.cancel(Timer::ProvisionalAgain(id));
        timers.cancel(Timer::NoPrack(id));
    }
    if !matches!(session.phase, Phase::Closing) {
        timers.cancel(Timer::Session(id));
    }
}
