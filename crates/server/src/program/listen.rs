//! Taking the addresses. One that is in use is the commonest trouble at a start, so it gets a sentence with the way out.

use crate::configuration::{Addresses, Configuration, StartProblem};
use socket2::{Domain, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::AsRawFd;

/// Bursts of signalling that wait for the control thread, in bytes.
const UDP_BUFFER: libc::c_int = 4 * 1024 * 1024;

/// Connections that may wait to be taken.
const BACKLOG: libc::c_int = 1024;

/// The sockets of a server.
pub(crate) struct Listeners {
    pub(crate) http: TcpListener,
    pub(crate) https: Option<TcpListener>,
    pub(crate) sip_udp: Vec<UdpSocket>,
    pub(crate) sip_tcp: Vec<TcpListener>,
    pub(crate) sips: Vec<TcpListener>,
}

impl Listeners {
    pub(crate) fn bind(configuration: &Configuration) -> Result<Self, StartProblem> {
        let http = named("http", "SORI_HTTP", configuration.http, bind_http)?;
        let https = configuration.https.map(|address| named("https", "SORI_HTTPS", address, bind_http)).transpose()?;
        let (mut sip_udp, mut sip_tcp) = (Vec::new(), Vec::new());
        for address in configuration.sip.iter() {
            let udp = named("sip", "SORI_SIP", address, bind_udp)?;
            // With port 0 both transports share the port the system picked.
            let address = udp.local_addr().unwrap_or(address);
            sip_tcp.push(named("sip", "SORI_SIP", address, bind_tcp)?);
            sip_udp.push(udp);
        }
        let sips: Result<_, _> =
            configuration.sips.iter().map(|address| named("sips", "SORI_SIPS", address, bind_tcp)).collect();
        Ok(Self { http, https, sip_udp, sip_tcp, sips: sips? })
    }

    /// The configuration with the ports that the system picked where 0 was asked for.
    pub(crate) fn told(&self, mut configuration: Configuration) -> Configuration {
        let bound = |listeners: &[TcpListener]| -> Vec<SocketAddr> {
            listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
        };
        configuration.http = self.http.local_addr().unwrap_or(configuration.http);
        configuration.https = self.https.as_ref().and_then(|https| https.local_addr().ok()).or(configuration.https);
        configuration.sip = configuration.sip.bound(&bound(&self.sip_tcp));
        configuration.sips = configuration.sips.bound(&bound(&self.sips));
        configuration
    }
}

fn named<T>(
    flag: &str,
    variable: &str,
    address: SocketAddr,
    bind: impl FnOnce(SocketAddr) -> io::Result<T>,
) -> Result<T, StartProblem> {
    bind(address).map_err(|why| refused(flag, variable, address, &why))
}

fn socket(address: SocketAddr, kind: Type, only_v6: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(only_v6)?;
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// A UDP socket of one family alone that does not block: the other family has sockets of its own.
pub(crate) fn bind_udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = socket(address, Type::DGRAM, true)?;
    socket.bind(&address.into())?;
    let socket = UdpSocket::from(socket);
    enlarge(&socket);
    Ok(socket)
}

/// SIP's: one family alone, as with UDP.
fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    bind_stream(address, true)
}

/// HTTP has one address, so that `[::]` is to be both families.
fn bind_http(address: SocketAddr) -> io::Result<TcpListener> {
    bind_stream(address, false)
}

fn bind_stream(address: SocketAddr, only_v6: bool) -> io::Result<TcpListener> {
    let socket = socket(address, Type::STREAM, only_v6)?;
    // Connections of a server that just ended are no hindrance.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// The addresses as far ends reach them: where all addresses of a family are listened on, the one that this machine's way
/// to the world begins at. Who has several and is particular about them names them.
pub(crate) fn reachable(addresses: &Addresses) -> Vec<SocketAddr> {
    let concrete = |address: SocketAddr| match address.ip() {
        ip if ip.is_unspecified() => SocketAddr::new(way_out(ip), address.port()),
        _ => address,
    };
    addresses.iter().map(concrete).collect()
}

/// The address a packet to the world would leave from; nothing is sent. The far ends are those of RFC 5737 and RFC 3849.
fn way_out(unspecified: IpAddr) -> IpAddr {
    let (far, loopback): (SocketAddr, IpAddr) = match unspecified {
        IpAddr::V4(_) => (([192, 0, 2, 1], 5060).into(), Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(_) => (([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], 5060).into(), Ipv6Addr::LOCALHOST.into()),
    };
    let way = UdpSocket::bind((unspecified, 0)).and_then(|socket| {
        socket.connect(far)?;
        socket.local_addr()
    });
    way.map_or(loopback, |local| local.ip())
}

fn refused(flag: &str, variable: &str, address: SocketAddr, why: &io::Error) -> StartProblem {
    StartProblem(match why.kind() {
        io::ErrorKind::AddrInUse => format!(
            "The address {address} is in use by another program; end that one, or choose another with --{flag} or {variable}, such as {}:{}.",
            address.ip(),
            address.port().saturating_add(10)
        ),
        io::ErrorKind::PermissionDenied => {
            format!(
                "The address {address} may not be used without more rights; choose a port above 1023 with --{flag} or {variable}."
            )
        }
        _ => format!(
            "The address {address} cannot be used ({why}); choose one of this machine with --{flag} or {variable}."
        ),
    })
}

/// As large as the system allows; a smaller buffer is no reason not to start.
fn enlarge(socket: &UdpSocket) {
    let size = UDP_BUFFER;
    for option in [libc::SO_RCVBUF, libc::SO_SNDBUF] {
        // SAFETY: the pointer and length are those of a live integer, the descriptor of a live socket.
        unsafe {
            libc::setsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                option,
                (&raw const size).cast(),
                size_of_val(&size) as libc::socklen_t,
            );
        }
    }
}

/// Allows as many open files as the system lets this user have: a call takes four sockets, and the usual limit of 1024
/// would be reached by some 250 calls. Where it cannot be raised the server runs with what there is.
pub(crate) fn allow_open_files() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: both calls are given a live structure of the type they expect.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 && limit.rlim_cur < limit.rlim_max {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_limit_of_open_files_is_what_the_system_allows() {
        super::allow_open_files();
        let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
        let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[3], words[4], "{line}");
    }
}
