//! SIP's UDP sockets, one for each address that is listened on.

use super::packet_info;
use sip::{Flow, Transport};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::task::Poll;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

struct Bound {
    /// Watched for what comes alone: that what was sent has left would wake the thread once more for each datagram.
    socket: AsyncFd<UdpSocket>,
    address: SocketAddr,
    /// Bound to all addresses of its family: each datagram tells which one it was sent to.
    is_wildcard: bool,
}

/// See the module.
pub(crate) struct UdpSockets {
    sockets: Vec<Bound>,
    /// Looked at first the next time, so that a flood on one starves no other.
    next: usize,
}

impl UdpSockets {
    /// Takes sockets that are bound and do not block.
    ///
    /// # Errors
    /// When one cannot be watched.
    pub(crate) fn new(sockets: Vec<UdpSocket>) -> io::Result<Self> {
        let bound = |socket: UdpSocket| {
            socket.set_nonblocking(true)?;
            let address = socket.local_addr()?;
            let is_wildcard = address.ip().is_unspecified();
            if is_wildcard {
                packet_info::enable(&socket, address.is_ipv6())?;
            }
            // SAFETY: the socket owns its descriptor, which stays open and the same until the `AsyncFd` drops it.
            let socket = unsafe { AsyncFd::register_with_interest(socket, Interest::READABLE) }?;
            Ok(Bound { socket, address, is_wildcard })
        };
        Ok(Self { sockets: sockets.into_iter().map(bound).collect::<io::Result<_>>()?, next: 0 })
    }

    /// Waits until one of them has something, and names it.
    pub(crate) async fn readable(&mut self) -> usize {
        let count = self.sockets.len();
        let first = self.next;
        let ready = std::future::poll_fn(|context| {
            let turn = |step: usize| (first + step) % count.max(1);
            let is_ready = |index: &usize| {
                self.sockets.get(*index).is_some_and(|bound| bound.socket.poll_read_ready(context).is_ready())
            };
            (0..count).map(turn).find(is_ready).map_or(Poll::Pending, Poll::Ready)
        })
        .await;
        self.next = ready + 1;
        ready
    }

    /// A datagram from the socket of that number: its length and its flow.
    ///
    /// # Errors
    /// `WouldBlock` when there is none; what an earlier datagram of ours met otherwise.
    pub(crate) fn receive(&self, index: usize, buffer: &mut [u8]) -> io::Result<(usize, Flow)> {
        let Some(bound) = self.sockets.get(index) else { return Err(io::ErrorKind::WouldBlock.into()) };
        let (length, remote, local) = if bound.is_wildcard {
            let read = |socket: &UdpSocket| packet_info::receive(socket.as_raw_fd(), buffer);
            let (length, remote, ip) = bound.socket.try_io(Interest::READABLE, read)?;
            (length, remote, ip.map_or(bound.address, |ip| SocketAddr::new(ip, bound.address.port())))
        } else {
            let (length, remote) = bound.socket.try_io(Interest::READABLE, |socket| socket.recv_from(buffer))?;
            (length, remote, bound.address)
        };
        Ok((length, Flow { transport: Transport::Udp, local, remote, connection: 0 }))
    }

    /// Sends a datagram on its flow.
    ///
    /// A message that is longer than 1300 bytes goes by UDP all the same, although RFC 3261 18.1.1 asks for TCP then: a phone
    /// behind a NAT that signed in by UDP cannot be reached by TCP. Carriers that want TCP are configured so.
    ///
    /// # Errors
    /// As the system says; `AddrNotAvailable` when no socket is of the far end's family.
    pub(crate) fn send(&self, flow: &Flow, bytes: &[u8]) -> io::Result<usize> {
        let is_exact = |bound: &&Bound| bound.address == flow.local;
        let may_carry = |bound: &&Bound| bound.address.is_ipv4() == flow.remote.is_ipv4();
        let bound = self.sockets.iter().find(is_exact).or_else(|| {
            let wildcard = |bound: &&Bound| bound.is_wildcard && bound.address.port() == flow.local.port();
            let of_family = self.sockets.iter().filter(may_carry);
            of_family.clone().find(wildcard).or_else(|| of_family.clone().next())
        });
        let Some(bound) = bound.filter(may_carry) else { return Err(io::ErrorKind::AddrNotAvailable.into()) };
        let has_source = !flow.local.ip().is_unspecified() && flow.local.is_ipv4() == flow.remote.is_ipv4();
        if bound.is_wildcard && has_source {
            return packet_info::send(bound.socket.as_raw_fd(), bytes, flow.remote, flow.local.ip());
        }
        bound.socket.get_ref().send_to(bytes, flow.remote)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket as Std;

    async fn heard(sockets: &mut UdpSockets) -> (Vec<u8>, Flow) {
        let mut buffer = [0; 64];
        loop {
            let ready = sockets.readable().await;
            match sockets.receive(ready, &mut buffer) {
                Ok((length, flow)) => return (buffer[..length].to_vec(), flow),
                // Readiness is a guess until it is tried.
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
        }
    }

    #[tokio::test]
    async fn a_socket_for_all_addresses_knows_which_one_was_asked_and_answers_from_it() {
        for (wildcard, asked) in [("0.0.0.0:0", "127.0.0.9"), ("[::]:0", "::1")] {
            let server = match wildcard.parse::<SocketAddr>().unwrap() {
                v6 if v6.is_ipv6() => crate::program::bind_udp(v6).unwrap(),
                v4 => Std::bind(v4).unwrap(),
            };
            let port = server.local_addr().unwrap().port();
            let mut sockets = UdpSockets::new(vec![server]).unwrap();
            let asked: std::net::IpAddr = asked.parse().unwrap();
            let client = Std::bind((asked, 0)).unwrap();
            client.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
            client.send_to(b"hello", (asked, port)).unwrap();
            let (bytes, flow) = heard(&mut sockets).await;
            assert_eq!((bytes.as_slice(), flow.local), (b"hello".as_slice(), (asked, port).into()));
            assert_eq!(flow.remote, client.local_addr().unwrap());
            sockets.send(&flow, b"answer").unwrap();
            let mut buffer = [0; 64];
            let (length, from) = client.recv_from(&mut buffer).unwrap();
            assert_eq!((&buffer[..length], from), (b"answer".as_slice(), (asked, port).into()));
        }
    }

    #[tokio::test]
    async fn several_sockets_are_heard_and_the_right_one_speaks() {
        let servers = vec![Std::bind("127.0.0.7:0").unwrap(), Std::bind("127.0.0.8:0").unwrap()];
        let addresses: Vec<SocketAddr> = servers.iter().map(|socket| socket.local_addr().unwrap()).collect();
        let mut sockets = UdpSockets::new(servers).unwrap();
        let client = Std::bind("127.0.0.1:0").unwrap();
        for address in addresses {
            client.send_to(b"x", address).unwrap();
            let (_, flow) = heard(&mut sockets).await;
            assert_eq!(flow.local, address);
            sockets.send(&flow, b"y").unwrap();
            assert_eq!(client.recv_from(&mut [0; 8]).unwrap().1, address);
        }
        let v6 = Flow {
            transport: Transport::Udp,
            local: "127.0.0.7:1".parse().unwrap(),
            remote: "[::1]:1".parse().unwrap(),
            connection: 0,
        };
        assert_eq!(sockets.send(&v6, b"z").unwrap_err().kind(), io::ErrorKind::AddrNotAvailable);
    }
}
