//! Looks names up for the switch (RFC 3263), with the cache that the records' lifetimes allow.

use super::failing::Failing;
use super::names::PeerNames;
use super::rfc3263::{Naptr, Question, Service, Srv, Step, in_order};
use super::{Input, Signalling};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::{RData, RecordType};
use sip::Transport;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use switch::trunks::{ResolveError, ResolveId, Target};
use tokio::sync::Semaphore;

/// Names and record types remembered.
const CACHE: u64 = 1024;
/// What was found is asked for again after this at the latest, whatever its record says.
const LONGEST: Duration = Duration::from_secs(3600);
/// That there is nothing is asked for again after this.
const LONGEST_NOTHING: Duration = Duration::from_secs(60);
/// One question to one server.
const ONE_QUESTION: Duration = Duration::from_secs(2);
/// All questions about one name together.
const ALL_QUESTIONS: Duration = Duration::from_secs(8);
/// Names looked up at once; the others wait their turn.
const AT_ONCE: usize = 64;
/// Targets told of one name.
const MAX_TARGETS: usize = 32;

/// See the module.
#[derive(Clone)]
pub(crate) struct Resolver {
    asker: Option<Arc<TokioResolver>>,
    turns: Arc<Semaphore>,
    names: PeerNames,
    chance: Arc<AtomicU64>,
    failing: Arc<Mutex<Failing<String>>>,
}

type Found = Result<Vec<Target>, ResolveError>;

impl Resolver {
    /// Asks `server`, or the system's name servers. `seed` decides among equals.
    pub(crate) fn new(server: Option<SocketAddr>, names: PeerNames, seed: u64) -> Self {
        Self::with_patience(server, names, seed, ONE_QUESTION)
    }

    fn with_patience(server: Option<SocketAddr>, names: PeerNames, seed: u64, one_question: Duration) -> Self {
        let asker = match asker(server, one_question) {
            Ok(asker) => Some(Arc::new(asker)),
            Err(error) => {
                tracing::warn!(%error, "names cannot be resolved: the system's name servers are unknown; give one with --dns");
                None
            }
        };
        let (turns, chance) = (Arc::new(Semaphore::new(AT_ONCE)), Arc::new(AtomicU64::new(seed)));
        Self { asker, turns, names, chance, failing: Arc::default() }
    }

    /// Looks a name up and tells the control thread. Runs on tokio's pool.
    pub(super) async fn answer(self, query: ResolveId, question: Question, signalling: Signalling) {
        let found = match self.turns.acquire().await {
            Ok(_turn) => {
                let all = tokio::time::timeout(ALL_QUESTIONS, self.find(&question)).await;
                all.unwrap_or(Err(ResolveError::Unavailable))
            }
            Err(_) => Err(ResolveError::Unavailable),
        };
        for target in found.iter().flatten().filter(|target| target.transport == Transport::Tls) {
            if question.host.parse::<std::net::IpAddr>().is_err() {
                self.names.note(target.address, &question.host);
            }
        }
        self.tell(&question.host, found.as_ref().err());
        signalling.send(Input::Resolved(query, found)).await;
    }

    fn tell(&self, host: &str, error: Option<&ResolveError>) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        match error {
            None => failing.ended(host),
            Some(error) if failing.begun(host.to_owned()) => {
                tracing::warn!(host, ?error, "a carrier's name could not be resolved");
            }
            Some(_) => {}
        }
    }

    /// All targets of a name in the order in which they should be tried; never an empty list.
    async fn find(&self, question: &Question) -> Found {
        let services = match question.first_step() {
            Step::Known(target) => return Ok(vec![target]),
            Step::Addresses(transport, port) => return self.addresses(&question.host, transport, port).await,
            Step::Service(service) => vec![service],
            Step::Naptr => match self.naptr(&question.host).await? {
                records if records.is_empty() => question.usual_services(),
                records => question.told_services(records),
            },
        };
        let mut targets = Vec::new();
        let mut is_named = false;
        for service in &services {
            let records = self.srv(service).await?;
            is_named |= !records.is_empty();
            for (host, port) in in_order(records, || self.next_chance()) {
                // One server of several that has no address is passed over.
                targets.extend(self.addresses(&host, service.transport, port).await.unwrap_or_default());
            }
        }
        if !is_named {
            let (transport, port) = question.addresses();
            return self.addresses(&question.host, transport, port).await;
        }
        let mut seen = BTreeSet::new();
        targets.retain(|target| seen.insert(*target));
        targets.truncate(MAX_TARGETS);
        if targets.is_empty() { Err(ResolveError::NotFound) } else { Ok(targets) }
    }

    async fn records(&self, name: &str, kind: RecordType) -> Result<Vec<RData>, ResolveError> {
        let asker = self.asker.as_ref().ok_or(ResolveError::Unavailable)?;
        // Closed by a dot: a name of records is a whole one, never one of this machine's domain.
        match asker.lookup(format!("{}.", name.trim_end_matches('.')), kind).await {
            Ok(found) => Ok(found.answers().iter().map(|record| record.data.clone()).collect()),
            Err(error) if is_nothing(&error) => Ok(Vec::new()),
            // Some servers refuse types they do not know; the name may have addresses all the same.
            Err(NetError::Dns(DnsError::ResponseCode(_))) => Ok(Vec::new()),
            Err(error) => {
                tracing::debug!(name, %kind, %error, "the name servers did not answer");
                Err(ResolveError::Unavailable)
            }
        }
    }

    async fn naptr(&self, host: &str) -> Result<Vec<Naptr>, ResolveError> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let read = |data: RData| match data {
            RData::NAPTR(record) => Some(Naptr {
                order: record.order,
                preference: record.preference,
                flags: text(&record.flags),
                services: text(&record.services),
                replacement: record.replacement.to_utf8(),
            }),
            _ => None,
        };
        Ok(self.records(host, RecordType::NAPTR).await?.into_iter().filter_map(read).collect())
    }

    async fn srv(&self, service: &Service) -> Result<Vec<Srv>, ResolveError> {
        let read = |data: RData| match data {
            RData::SRV(record) => Some(Srv {
                priority: record.priority,
                weight: record.weight,
                port: record.port,
                target: record.target.to_utf8(),
            }),
            _ => None,
        };
        Ok(self.records(&service.name, RecordType::SRV).await?.into_iter().filter_map(read).collect())
    }

    /// The addresses of a host, IPv4 first: carriers' media mostly has no other.
    async fn addresses(&self, host: &str, transport: Transport, port: u16) -> Found {
        let asker = self.asker.as_ref().ok_or(ResolveError::Unavailable)?;
        let found = asker.lookup_ip(host).await.map_err(|error| match is_nothing(&error) {
            true => ResolveError::NotFound,
            false => ResolveError::Unavailable,
        })?;
        let mut ips: Vec<_> = found.iter().collect();
        ips.sort_by_key(|ip| ip.is_ipv6());
        ips.truncate(MAX_TARGETS);
        let targets: Vec<Target> =
            ips.into_iter().map(|ip| Target { transport, address: SocketAddr::new(ip, port) }).collect();
        if targets.is_empty() { Err(ResolveError::NotFound) } else { Ok(targets) }
    }

    /// Numbers that the seed decides (splitmix64).
    fn next_chance(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut mixed = self.chance.fetch_add(STEP, Ordering::Relaxed);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

fn is_nothing(error: &NetError) -> bool {
    matches!(error, NetError::Dns(DnsError::NoRecordsFound(_)))
}

fn asker(server: Option<SocketAddr>, one_question: Duration) -> Result<TokioResolver, NetError> {
    let mut builder = match server {
        Some(server) => {
            let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                connection.port = server.port();
                connection
            });
            let server = NameServerConfig::new(server.ip(), true, connections.to_vec());
            let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        }
        None => TokioResolver::builder_tokio()?,
    };
    bound(builder.options_mut(), one_question);
    builder.build()
}

fn bound(options: &mut ResolverOpts, one_question: Duration) {
    options.cache_size = CACHE;
    options.timeout = one_question;
    options.attempts = 2;
    options.positive_max_ttl = Some(LONGEST);
    options.negative_max_ttl = Some(LONGEST_NOTHING);
}

#[cfg(test)]
mod tests;
