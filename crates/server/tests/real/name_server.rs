//! A name server that knows what a test told it.

use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// A name server on an address of its own.
pub struct NameServer {
    /// Where it listens.
    pub address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

/// A record of a service at `host:port`.
pub fn service(owner: &str, host: &str, port: u16) -> Record {
    Record::from_rdata(name(owner), 60, RData::SRV(SRV::new(0, 0, port, name(host))))
}

/// A record of an address.
pub fn address(owner: &str, ip: Ipv4Addr) -> Record {
    Record::from_rdata(name(owner), 60, RData::A(A(ip)))
}

impl NameServer {
    /// Answers from these records, and that there is nothing to all other questions.
    pub fn start(zone: Vec<Record>) -> Self {
        let socket = UdpSocket::bind((crate::address::own(), 5353)).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let address = socket.local_addr().unwrap();
        let stop = Arc::<AtomicBool>::default();
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 1500];
            while !stopped.load(Ordering::Relaxed) {
                if let Ok((length, from)) = socket.recv_from(&mut buffer) {
                    let _ = socket.send_to(&reply(&buffer[..length], &zone), from);
                }
            }
        });
        Self { address, stop, thread: Some(thread) }
    }
}

fn reply(bytes: &[u8], zone: &[Record]) -> Vec<u8> {
    let asked = Message::from_vec(bytes).unwrap();
    let query = asked.queries.first().unwrap().clone();
    let mut answer = Message::new(asked.metadata.id, MessageType::Response, asked.metadata.op_code);
    answer.metadata.recursion_available = true;
    let owner = query.name().to_lowercase();
    let is_asked = |record: &&Record| record.name == owner && record.record_type() == query.query_type();
    let found: Vec<Record> = zone.iter().filter(is_asked).cloned().collect();
    if !zone.iter().any(|record| record.name == owner) {
        answer.metadata.response_code = ResponseCode::NXDomain;
    }
    answer.add_query(query);
    answer.add_answers(found);
    answer.to_vec().unwrap()
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
