use super::*;
use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, NAPTR, SOA, SRV};
use hickory_resolver::proto::rr::{Name, Record};
use std::collections::BTreeMap;
use std::sync::Mutex;
use tokio::net::UdpSocket;

/// A name server that knows what a test told it, and counts what it is asked.
struct NameServer {
    address: SocketAddr,
    asked: Arc<Mutex<BTreeMap<(String, RecordType), usize>>>,
}

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

impl NameServer {
    async fn with(records: Vec<(&str, RData)>) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let asked = Arc::<Mutex<BTreeMap<_, _>>>::default();
        let zone: Vec<Record> =
            records.into_iter().map(|(owner, data)| Record::from_rdata(name(owner), 300, data)).collect();
        let counts = Arc::clone(&asked);
        tokio::spawn(async move {
            let mut buffer = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                let answer = reply(&buffer[..length], &zone, &counts);
                socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
            }
        });
        Self { address, asked }
    }

    fn resolver(&self) -> Resolver {
        Resolver::new(Some(self.address), PeerNames::default(), 7)
    }

    fn times(&self, owner: &str, kind: RecordType) -> usize {
        self.asked.lock().unwrap().get(&(owner.to_owned(), kind)).copied().unwrap_or(0)
    }
}

fn reply(bytes: &[u8], zone: &[Record], counts: &Mutex<BTreeMap<(String, RecordType), usize>>) -> Message {
    let asked = Message::from_vec(bytes).unwrap();
    let query = asked.queries.first().unwrap().clone();
    let mut answer = Message::new(asked.metadata.id, MessageType::Response, asked.metadata.op_code);
    answer.metadata.recursion_available = true;
    let owner = query.name().to_lowercase();
    *counts.lock().unwrap().entry((owner.to_utf8(), query.query_type())).or_default() += 1;
    let of_owner = |record: &&Record| record.name.to_lowercase() == owner;
    let found: Vec<Record> =
        zone.iter().filter(of_owner).filter(|record| record.record_type() == query.query_type()).cloned().collect();
    if found.is_empty() {
        if !zone.iter().any(|record| of_owner(&record)) {
            answer.metadata.response_code = ResponseCode::NXDomain;
        }
        let soa = SOA::new(name("ns.test."), name("root.test."), 1, 60, 60, 60, 60);
        answer.add_authority(Record::from_rdata(name("test."), 60, RData::SOA(soa)));
    }
    answer.add_query(query);
    answer.add_answers(found);
    answer
}

fn a(last: u8) -> RData {
    RData::A(A::new(192, 0, 2, last))
}

fn srv(priority: u16, port: u16, target: &str) -> RData {
    RData::SRV(SRV::new(priority, 0, port, name(target)))
}

fn naptr(order: u16, services: &str, replacement: &str) -> RData {
    let bytes = |text: &str| text.as_bytes().to_vec().into_boxed_slice();
    RData::NAPTR(NAPTR::new(order, 0, bytes("s"), bytes(services), bytes(""), name(replacement)))
}

fn question(host: &str) -> Question {
    Question { host: host.to_owned(), port: None, transport: None, secure: false }
}

fn text(found: Found) -> Vec<String> {
    let write = |target: Target| format!("{} {}", target.transport.as_str(), target.address);
    found.unwrap().into_iter().map(write).collect()
}

#[tokio::test]
async fn naptr_leads_to_srv_and_on_to_addresses_in_order() {
    let server = NameServer::with(vec![
        ("carrier.test.", naptr(20, "SIP+D2U", "_sip._udp.carrier.test.")),
        ("carrier.test.", naptr(10, "SIPS+D2T", "_sips._tcp.carrier.test.")),
        ("_sips._tcp.carrier.test.", srv(2, 5071, "b.carrier.test.")),
        ("_sips._tcp.carrier.test.", srv(1, 5061, "a.carrier.test.")),
        ("_sip._udp.carrier.test.", srv(1, 5060, "a.carrier.test.")),
        ("a.carrier.test.", RData::AAAA(AAAA::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))),
        ("a.carrier.test.", a(1)),
        ("b.carrier.test.", a(2)),
    ])
    .await;
    let resolver = server.resolver();
    let all = [
        "TLS 192.0.2.1:5061",
        "TLS [2001:db8::1]:5061",
        "TLS 192.0.2.2:5071",
        "UDP 192.0.2.1:5060",
        "UDP [2001:db8::1]:5060",
    ];
    assert_eq!(text(resolver.find(&question("carrier.test")).await), all);
    let secure = Question { secure: true, ..question("carrier.test") };
    assert_eq!(text(resolver.find(&secure).await), all[..3]);
    // The second time nobody is asked: the records live for 300 s.
    assert_eq!(server.times("carrier.test.", RecordType::NAPTR), 1);
    assert_eq!(server.times("a.carrier.test.", RecordType::A), 1);
}

#[tokio::test]
async fn a_name_without_naptr_or_srv_still_has_addresses() {
    let server = NameServer::with(vec![
        ("plain.test.", a(1)),
        ("half.test.", a(2)),
        ("_sip._tcp.half.test.", srv(0, 5080, "plain.test.")),
    ])
    .await;
    let resolver = server.resolver();
    assert_eq!(text(resolver.find(&question("plain.test")).await), ["UDP 192.0.2.1:5060"]);
    assert_eq!(text(resolver.find(&question("half.test")).await), ["TCP 192.0.2.1:5080"]);
    let with_port = Question { port: Some(5090), ..question("half.test") };
    assert_eq!(text(resolver.find(&with_port).await), ["UDP 192.0.2.2:5090"]);
    let tls = Question { transport: Some(Transport::Tls), ..question("plain.test") };
    assert_eq!(text(resolver.find(&tls).await), ["TLS 192.0.2.1:5061"]);
    assert_eq!(text(resolver.find(&question("192.0.2.9")).await), ["UDP 192.0.2.9:5060"]);
}

#[tokio::test]
async fn nothing_is_told_from_no_answer_and_remembered_for_a_while() {
    let server = NameServer::with(vec![("_sip._udp.closed.test.", srv(0, 0, ".")), ("closed.test.", a(1))]).await;
    let resolver = server.resolver();
    assert_eq!(resolver.find(&question("gone.test")).await, Err(ResolveError::NotFound));
    let asked = server.times("gone.test.", RecordType::NAPTR);
    assert_eq!(resolver.find(&question("gone.test")).await, Err(ResolveError::NotFound));
    assert_eq!(server.times("gone.test.", RecordType::NAPTR), asked, "that there is nothing is remembered");
    let closed = Question { transport: Some(Transport::Udp), ..question("closed.test") };
    assert_eq!(resolver.find(&closed).await, Err(ResolveError::NotFound), "a target of \".\" says so (RFC 2782)");
    // Nobody listens there: the port belongs to a socket that was closed.
    let nobody = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let silent = Resolver::with_patience(Some(nobody), PeerNames::default(), 7, Duration::from_millis(50));
    assert_eq!(silent.find(&question("carrier.test")).await, Err(ResolveError::Unavailable));
}

#[tokio::test]
async fn a_target_of_tls_is_known_by_the_name_that_was_asked_for() {
    let server = NameServer::with(vec![
        ("_sips._tcp.carrier.test.", srv(0, 5061, "host7.provider.test.")),
        ("host7.provider.test.", a(7)),
    ])
    .await;
    let resolver = server.resolver();
    let (signalling, mut inbox) = Signalling::new(1);
    let tls = Question { transport: Some(Transport::Tls), ..question("carrier.test") };
    resolver.clone().answer(ResolveId(3), tls, signalling).await;
    let Some(Input::Resolved(ResolveId(3), Ok(found))) = inbox.recv().await else { panic!("no answer") };
    let address = found.first().unwrap().address;
    assert_eq!(resolver.names.of(address).as_deref(), Some("carrier.test"));
}
