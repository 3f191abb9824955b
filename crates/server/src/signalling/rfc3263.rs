//! Finding SIP servers by name: which records are asked for, and in which order what they say is tried. Nothing here asks; the
//! resolver does.

use sip::Transport;
use std::net::{IpAddr, SocketAddr};
use switch::trunks::Target;

/// NAPTR and SRV records of one name that are looked at.
const MAX_RECORDS: usize = 32;

/// What is to be found: the parts of a URI that decide it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    /// Name or address.
    pub(super) host: String,
    /// Written in the URI.
    pub(super) port: Option<u16>,
    /// Written in the URI.
    pub(super) transport: Option<Transport>,
    /// A `sips:` URI: TLS or nothing.
    pub(super) secure: bool,
}

/// Where to begin (RFC 3263 4.1, 4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing needs to be asked.
    Known(Target),
    /// The host's addresses, with this transport and port.
    Addresses(Transport, u16),
    /// The services that the name's NAPTR records tell; [`usual_services`] where it has none.
    Naptr,
    /// The SRV records of this service; [`Question::addresses`] where it has none.
    Service(Service),
}

/// A name that SRV records stand at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Service {
    /// What is spoken there.
    pub(super) transport: Transport,
    /// Such as `_sip._udp.example.com`.
    pub(super) name: String,
}

/// What counts of a NAPTR record (RFC 3403 4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Naptr {
    pub(super) order: u16,
    pub(super) preference: u16,
    pub(super) flags: String,
    pub(super) services: String,
    pub(super) replacement: String,
}

/// What counts of an SRV record (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Srv {
    pub(super) priority: u16,
    pub(super) weight: u16,
    pub(super) port: u16,
    pub(super) target: String,
}

fn default_port(transport: Transport) -> u16 {
    match transport {
        Transport::Tls | Transport::Wss => sip::uri::DEFAULT_TLS_PORT,
        Transport::Udp | Transport::Tcp | Transport::Ws => sip::uri::DEFAULT_PORT,
    }
}

impl Question {
    /// The transport where no record says more.
    fn transport(&self) -> Transport {
        match self.transport {
            _ if self.secure => Transport::Tls,
            Some(transport) => transport,
            None => Transport::Udp,
        }
    }

    /// The host's own addresses: what is left when it has no records of services.
    pub(super) fn addresses(&self) -> (Transport, u16) {
        let transport = self.transport();
        (transport, self.port.unwrap_or(default_port(transport)))
    }

    /// Where to begin.
    pub(super) fn first_step(&self) -> Step {
        let (transport, port) = self.addresses();
        if let Ok(ip) = self.host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            return Step::Known(Target { transport, address: SocketAddr::new(ip, port) });
        }
        match (self.port, self.transport) {
            (Some(_), _) => Step::Addresses(transport, port),
            (None, Some(_)) => Step::Service(service(&self.host, transport)),
            (None, None) => Step::Naptr,
        }
    }

    /// The services of a name without NAPTR records: each transport we speak, UDP before TCP as most carriers want it.
    pub(super) fn usual_services(&self) -> Vec<Service> {
        let transports: &[Transport] =
            if self.secure { &[Transport::Tls] } else { &[Transport::Udp, Transport::Tcp, Transport::Tls] };
        transports.iter().map(|transport| service(&self.host, *transport)).collect()
    }

    /// The services that NAPTR records tell, best first; those we do not speak are left out.
    pub(super) fn told_services(&self, mut records: Vec<Naptr>) -> Vec<Service> {
        records.truncate(MAX_RECORDS);
        records.sort_by_key(|record| (record.order, record.preference));
        let spoken = |record: Naptr| {
            let transport = match record.services.to_ascii_uppercase().as_str() {
                "SIP+D2U" if !self.secure => Transport::Udp,
                "SIP+D2T" if !self.secure => Transport::Tcp,
                "SIPS+D2T" => Transport::Tls,
                _ => return None,
            };
            record.flags.eq_ignore_ascii_case("s").then_some(Service { transport, name: record.replacement })
        };
        records.into_iter().filter_map(spoken).collect()
    }
}

fn service(host: &str, transport: Transport) -> Service {
    let prefix = match transport {
        Transport::Udp => "_sip._udp",
        Transport::Tcp => "_sip._tcp",
        Transport::Tls => "_sips._tcp",
        Transport::Ws => "_sip._ws",
        Transport::Wss => "_sips._ws",
    };
    Service { transport, name: format!("{prefix}.{host}") }
}

/// The order in which the targets of SRV records are tried: by priority, and among equals by chance, the heavier the sooner
/// (RFC 2782, "Weight"). `chance` gives any number. A single record whose target is the root says that there is no service.
pub(super) fn in_order(mut records: Vec<Srv>, mut chance: impl FnMut() -> u64) -> Vec<(String, u16)> {
    records.truncate(MAX_RECORDS);
    records.retain(|record| !matches!(record.target.as_str(), "." | ""));
    // Those of weight 0 first, so that they are chosen only by the smallest number.
    records.sort_by_key(|record| (record.priority, record.weight));
    let mut ordered = Vec::with_capacity(records.len());
    while let Some(priority) = records.first().map(|record| record.priority) {
        let equals = records.iter().take_while(|record| record.priority == priority);
        let total: u64 = equals.map(|record| u64::from(record.weight)).sum();
        let drawn = chance() % (total + 1);
        let mut sum = 0;
        let chosen = records.iter().position(|record| {
            sum += u64::from(record.weight);
            sum >= drawn
        });
        let record = records.remove(chosen.unwrap_or(0));
        ordered.push((record.target, record.port));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(host: &str, port: Option<u16>, transport: Option<Transport>, secure: bool) -> Question {
        Question { host: host.to_owned(), port, transport, secure }
    }

    fn named(name: &str) -> Question {
        question(name, None, None, false)
    }

    #[test]
    fn what_is_written_need_not_be_asked() {
        let target = |transport, address: &str| Step::Known(Target { transport, address: address.parse().unwrap() });
        assert_eq!(named("192.0.2.1").first_step(), target(Transport::Udp, "192.0.2.1:5060"));
        let secure = question("[2001:db8::1]", None, None, true);
        assert_eq!(secure.first_step(), target(Transport::Tls, "[2001:db8::1]:5061"));
        let tcp = question("192.0.2.1", Some(5080), Some(Transport::Tcp), false);
        assert_eq!(tcp.first_step(), target(Transport::Tcp, "192.0.2.1:5080"));
        assert_eq!(question("a.test", Some(5080), None, false).first_step(), Step::Addresses(Transport::Udp, 5080));
        let tls = question("a.test", None, Some(Transport::Tls), false).first_step();
        assert_eq!(tls, Step::Service(Service { transport: Transport::Tls, name: "_sips._tcp.a.test".to_owned() }));
        assert_eq!(named("a.test").first_step(), Step::Naptr);
    }

    #[test]
    fn naptr_records_are_taken_by_order_and_preference() {
        let record = |order, preference, services: &str, flags: &str| Naptr {
            order,
            preference,
            flags: flags.to_owned(),
            services: services.to_owned(),
            replacement: services.to_lowercase(),
        };
        let records = vec![
            record(20, 1, "SIP+D2U", "s"),
            record(10, 60, "SIP+D2T", "S"),
            record(10, 50, "sips+d2t", "s"),
            record(5, 1, "SIP+D2S", "s"),
            record(5, 1, "SIP+D2U", "u"),
        ];
        let transports = |question: &Question| -> Vec<Transport> {
            question.told_services(records.clone()).iter().map(|service| service.transport).collect()
        };
        assert_eq!(transports(&named("a.test")), [Transport::Tls, Transport::Tcp, Transport::Udp]);
        assert_eq!(transports(&question("a.test", None, None, true)), [Transport::Tls]);
        let usual: Vec<String> = named("a.test").usual_services().into_iter().map(|service| service.name).collect();
        assert_eq!(usual, ["_sip._udp.a.test", "_sip._tcp.a.test", "_sips._tcp.a.test"]);
    }

    fn srv(priority: u16, weight: u16, target: &str) -> Srv {
        Srv { priority, weight, port: 5060, target: target.to_owned() }
    }

    fn targets(records: Vec<Srv>, chance: impl FnMut() -> u64) -> Vec<String> {
        in_order(records, chance).into_iter().map(|(target, _)| target).collect()
    }

    #[test]
    fn priorities_go_first_and_weights_share() {
        let records = vec![srv(20, 0, "backup"), srv(10, 1, "light"), srv(10, 99, "heavy"), srv(10, 0, "none")];
        assert_eq!(targets(records.clone(), || 0), ["none", "light", "heavy", "backup"]);
        assert_eq!(targets(records.clone(), || 100)[0], "heavy");
        let mut drawn = 0;
        let firsts = (0..101).filter(|number| {
            drawn = *number;
            targets(records.clone(), || drawn).first().is_some_and(|first| first == "heavy")
        });
        assert_eq!(firsts.count(), 99, "weights 0, 1 and 99 share 101 numbers");
    }

    #[test]
    fn the_root_as_target_means_no_service() {
        assert!(in_order(vec![srv(0, 0, ".")], || 0).is_empty());
        assert_eq!(in_order((0..100).map(|n| srv(n, 0, "x")).collect(), || 7).len(), MAX_RECORDS);
    }
}
