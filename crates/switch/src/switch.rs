//! The switch: what goes in, what comes out, and the order in which its parts are asked.

use crate::accounts::{Accounts, Browser};
use crate::call::{Call, Leg};
use crate::registration::Light;
use crate::settings::Settings;
use crate::subscriptions::Subscriptions;
use crate::trace::{CallTrace, Traces};
use crate::trunks::{ResolveId, TrunkCounts, TrunkStatus, Trunks};
use media::LegId;
use pbx::settings::RingDevice;
use pbx::{CallId, CarrierId, Directory, ManagerId, Pbx, PhoneId, UnixMillis};
use sip::digest::Authenticator;
use sip::{Flow, InviteId, Registrar, Transmit};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Events and commands worked off for one input; a bound against a loop between the parts.
const MAX_STEPS_PER_INPUT: usize = 100_000;

/// The time, as both clocks say it. `unix` must not run backwards; the server derives it from the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Monotonic.
    pub instant: Instant,
    /// Wall clock.
    pub unix: UnixMillis,
}

/// What a switch is made with.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Digest realm.
    pub realm: String,
    /// Offer phones SHA-256 beside MD5 (RFC 8760)? A SHA-256 answer is taken either way.
    pub offer_sha256: bool,
    /// The host in our own URIs, such as `192.0.2.1:5060`.
    pub host: String,
    /// The UDP address that requests to carriers leave from.
    pub udp: SocketAddr,
    /// Seeds tags, branches and identifiers; unpredictable in a server, fixed in a simulation.
    pub seed: u64,
    /// Signs nonces.
    pub nonce_key: [u8; 32],
    /// SIP transactions and invite sessions kept at most.
    pub max_transactions: usize,
}

/// What comes out besides SIP messages.
#[derive(Debug)]
pub enum Output {
    /// For the media worker that owns this call.
    Media(CallId, media::Command),
    /// For the store and live screens.
    Record(pbx::Record),
    /// A light or a ring device changed.
    Live(LiveChange),
    /// The DNS is to be asked where a proxy is (RFC 3263); [`Switch::handle_resolved`] takes the answer.
    Resolve {
        /// Goes with the answer.
        query: ResolveId,
        /// A host name; numbers are never asked for.
        host: String,
        /// The port, when the configuration names one: then there is nothing to learn from NAPTR and SRV.
        port: Option<u16>,
        /// The transport, when the configuration names one.
        transport: Option<sip::Transport>,
        /// Only TLS will do (`sips:`).
        secure: bool,
    },
    /// A call is over: what went over the wire for it, and how its media was.
    Trace(Box<CallTrace>),
}

/// A change that live screens show and nothing stores (R156).
#[derive(Clone, Debug, PartialEq)]
pub enum LiveChange {
    /// A phone's light.
    Phone {
        /// Which.
        phone: PhoneId,
        /// Green or orange.
        linked: bool,
        /// What it calls itself.
        user_agent: String,
        /// Where it is.
        address: Option<SocketAddr>,
    },
    /// How many ring devices of a kind a manager has.
    Reachable {
        /// Who.
        manager: ManagerId,
        /// Which kind.
        device: RingDevice,
        /// How many.
        count: u16,
    },
    /// How the trunk to a carrier stands.
    Trunk {
        /// To which.
        carrier: CarrierId,
        /// How it stands; `None` when the carrier was removed.
        status: Option<TrunkStatus>,
    },
}

/// What is alive in the switch; all zero when nothing goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls the business knows.
    pub calls: usize,
    /// Calls the switch holds legs of.
    pub switched: usize,
    /// Legs.
    pub legs: usize,
    /// SIP's own.
    pub sip: sip::Counts,
    /// Sign-ins and calls refused for a wrong password or pairing, in all.
    pub refused_credentials: u64,
    /// Legs and calls that stood too long in a state and were ended by the sweep, in all; 0 while all is well.
    pub swept: u64,
    /// Phones and browsers signed in.
    pub bindings: usize,
    /// Traces of calls; they stay for a few seconds after a call.
    pub traces: usize,
    /// The trunks' own.
    pub trunks: TrunkCounts,
}

/// The B2BUA. One thread drives it: hand in what came, then poll until nothing is left.
pub struct Switch {
    pub(crate) configuration: Configuration,
    pub(crate) settings: Arc<Settings>,
    pub(crate) local: crate::local_addresses::LocalAddresses,
    pub(crate) endpoint: sip::Endpoint,
    pub(crate) registrar: Registrar,
    pub(crate) authenticator: Authenticator,
    pub(crate) accounts: Accounts,
    pub(crate) pbx: Pbx,
    pub(crate) calls: BTreeMap<CallId, Box<Call>>,
    pub(crate) legs: BTreeMap<LegId, Box<Leg>>,
    pub(crate) invites: BTreeMap<InviteId, LegId>,
    pub(crate) next_leg: u64,
    /// Legs that are taken as heard when their media did not show by then.
    pub(crate) assumed_flowing: BTreeSet<(Instant, LegId)>,
    pub(crate) lights: BTreeMap<PhoneId, Light>,
    /// Lights that turn orange when their phone does not come back by then (R156).
    pub(crate) grace: BTreeSet<(UnixMillis, PhoneId)>,
    pub(crate) reachable: BTreeMap<(ManagerId, RingDevice), u16>,
    pub(crate) refused_credentials: u64,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) sweep: crate::sweep::Sweep,
    pub(crate) trunks: Trunks,
    pub(crate) traces: Traces,
    /// Which offers of media far ends take.
    pub(crate) liked: crate::protection::Liked,
    /// Wall clock of the input worked off now.
    pub(crate) clock: UnixMillis,
    pub(crate) out: VecDeque<Output>,
}

impl Switch {
    /// A switch with these settings and customers.
    #[must_use]
    pub fn new(configuration: Configuration, settings: Arc<Settings>, directory: Directory) -> Self {
        let seed = configuration.seed;
        let endpoint = sip::Endpoint::new(
            sip::Config {
                user_agent: concat!("sori/", env!("CARGO_PKG_VERSION")).to_owned(),
                max_transactions: configuration.max_transactions,
                max_invites: configuration.max_transactions,
                t1_ms: 500,
                ..sip::Config::default()
            },
            seed,
        );
        let mut accounts = Accounts::default();
        let trunks = Trunks::new(&settings, seed);
        accounts.set_phones(&settings.phones, &configuration.realm);
        let authenticator = Authenticator::new(&configuration.realm, configuration.nonce_key, NONCE_SECONDS);
        let pbx = Pbx::new(Arc::clone(&settings.business), directory, seed);
        Self {
            endpoint,
            registrar: Registrar::new(),
            authenticator,
            accounts,
            pbx,
            settings,
            local: crate::local_addresses::LocalAddresses::default(),
            configuration,
            calls: BTreeMap::new(),
            legs: BTreeMap::new(),
            invites: BTreeMap::new(),
            next_leg: 0,
            assumed_flowing: BTreeSet::new(),
            lights: BTreeMap::new(),
            grace: BTreeSet::new(),
            reachable: BTreeMap::new(),
            refused_credentials: 0,
            subscriptions: Subscriptions::default(),
            sweep: crate::sweep::Sweep::default(),
            trunks,
            traces: Traces::new(seed),
            liked: crate::protection::Liked::default(),
            clock: UnixMillis(0),
            out: VecDeque::new(),
        }
    }

    /// A whole SIP message came.
    pub fn handle_message(&mut self, now: Now, flow: Flow, bytes: &[u8]) {
        self.note_trunk_connection(flow);
        self.endpoint.handle_message(now.instant, flow, bytes);
        self.pump(now);
        self.traces.message(false, bytes, now.unix);
    }

    /// A TCP or WebSocket connection closed: what was bound to it cannot be reached any more.
    pub fn handle_connection_closed(&mut self, now: Now, connection: u64) {
        self.endpoint.handle_connection_closed(now.instant, connection);
        self.registrar.remove_connection(connection);
        self.trunk_connection_closed(connection, now);
        self.pump(now);
    }

    /// A message could not be sent there.
    pub fn handle_send_failed(&mut self, now: Now, flow: Flow) {
        self.endpoint.handle_send_failed(now.instant, flow);
        self.pump(now);
    }

    /// A media worker tells.
    pub fn handle_media(&mut self, now: Now, event: media::Event) {
        self.on_media(event, now);
        self.pump(now);
    }

    /// The settings were changed.
    pub fn handle_settings(&mut self, now: Now, settings: Arc<Settings>) {
        for key in self.accounts.set_phones(&settings.phones, &self.configuration.realm) {
            self.registrar.remove_account(now.instant, key);
        }
        self.pbx.handle_settings(Arc::clone(&settings.business), now.unix);
        if self.settings.carriers != settings.carriers {
            self.liked.forget_carriers();
        }
        self.settings = settings;
        self.review_subscriptions(now);
        self.follow_carriers(now);
        self.pump(now);
        // A phone may have gone to another manager without signing in anew (R42).
        self.count_all_reachable(now);
        self.pump(now);
    }

    /// Lets a browser sign in.
    pub fn add_browser(&mut self, now: Now, browser: Browser) {
        let realm = self.configuration.realm.clone();
        for key in self.accounts.add_browser(browser, &realm, now.unix) {
            self.registrar.remove_account(now.instant, key);
        }
        self.review_subscriptions(now);
        self.pump(now);
    }

    /// Asks the business something that may change calls, such as dialling for a manager.
    pub fn with_business<T>(&mut self, now: Now, ask: impl FnOnce(&mut Pbx) -> T) -> T {
        let answer = ask(&mut self.pbx);
        self.pump(now);
        answer
    }

    /// The business, to read.
    #[must_use]
    pub fn business(&self) -> &Pbx {
        &self.pbx
    }

    /// Time went on.
    pub fn handle_timeout(&mut self, now: Now) {
        self.endpoint.handle_timeout(now.instant);
        self.registrar.handle_timeout(now.instant);
        self.pbx.handle_timeout(now.unix);
        self.trunks_due(now);
        self.assume_flowing(now);
        self.end_grace(now);
        self.sweep_if_due(now);
        self.pump(now);
        self.hand_out_traces(now, false);
    }

    /// When to call [`Self::handle_timeout`] next.
    #[must_use]
    pub fn next_timeout(&self, now: Now) -> Option<Instant> {
        let of_unix = |at: UnixMillis| now.instant + Duration::from_millis(at.since_ms(now.unix));
        [
            self.endpoint.next_timeout(),
            self.registrar.next_timeout(),
            self.pbx.next_timeout().map(of_unix),
            self.grace.first().map(|(at, _)| of_unix(*at)),
            self.assumed_flowing.first().map(|(at, _)| *at),
            self.sweep.due(),
            self.traces.next_due(),
            self.trunks.next_timeout(now.instant),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The trace of a call that is up, or was a moment ago, as it stands.
    #[must_use]
    pub fn trace(&self, call: CallId) -> Option<&CallTrace> {
        self.traces.of(call)
    }

    /// Hands out the traces of calls that are over now, without waiting for late messages: the server is stopping.
    pub fn end_traces(&mut self, now: Now) {
        self.hand_out_traces(now, true);
    }

    fn hand_out_traces(&mut self, now: Now, all: bool) {
        while let Some(trace) = self.traces.take_due(now.instant, all) {
            self.out.push_back(Output::Trace(Box::new(trace)));
        }
    }

    /// The next message to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        let transmit = self.endpoint.poll_transmit()?;
        self.traces.message(true, &transmit.bytes, self.clock);
        Some(transmit)
    }

    /// Gives a sent buffer back.
    pub fn recycle(&mut self, bytes: Vec<u8>) {
        self.endpoint.recycle(bytes);
    }

    /// The next output.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// What is alive.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            calls: self.pbx.counts().calls,
            switched: self.calls.len(),
            legs: self.legs.len(),
            sip: self.endpoint.counts(),
            refused_credentials: self.refused_credentials,
            swept: self.sweep.found,
            bindings: self.reachable.values().map(|count| usize::from(*count)).sum(),
            traces: self.traces.len(),
            trunks: self.trunks.counts(),
        }
    }

    /// Lets the parts tell each other until none has anything to say.
    pub(crate) fn pump(&mut self, now: Now) {
        self.clock = now.unix;
        for _ in 0..MAX_STEPS_PER_INPUT {
            if let Some(command) = self.pbx.poll_command() {
                self.carry_out(command, now);
            } else if let Some(event) = self.endpoint.poll_event() {
                self.on_sip(event, now);
            } else if let Some(change) = self.registrar.poll_event() {
                self.on_binding_change(change, now);
            } else if let Some(record) = self.pbx.poll_record() {
                self.on_record(&record);
                self.out.push_back(Output::Record(record));
            } else {
                break;
            }
        }
        self.traces.settle(now.instant);
        self.arm_sweep(now);
        while let Some(record) = self.pbx.poll_record() {
            self.out.push_back(Output::Record(record));
        }
    }

    pub(crate) fn media(&mut self, call: CallId, command: media::Command) {
        self.out.push_back(Output::Media(call, command));
    }
}

/// How long a nonce is good for. Longer than a phone's usual re-registration, so that most sign-ins cost one round trip.
const NONCE_SECONDS: u32 = 300;
