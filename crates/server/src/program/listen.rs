//! Taking the addresses. One that is in use is the commonest trouble at a start, so it gets a sentence with the way out.

use crate::configuration::{Configuration, StartProblem};
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::AsRawFd;

/// Bursts of signalling that wait for the control thread, in bytes.
const UDP_BUFFER: libc::c_int = 4 * 1024 * 1024;

/// The sockets of a server.
pub(crate) struct Listeners {
    pub(crate) http: TcpListener,
    pub(crate) sip_udp: UdpSocket,
    pub(crate) sip_tcp: TcpListener,
}

impl Listeners {
    pub(crate) fn bind(configuration: &Configuration) -> Result<Self, StartProblem> {
        let http = TcpListener::bind(configuration.http)
            .map_err(|why| refused("http", "SORI_HTTP", configuration.http, &why))?;
        let sip = |why: io::Error| refused("sip", "SORI_SIP", configuration.sip, &why);
        let sip_udp = UdpSocket::bind(configuration.sip).map_err(sip)?;
        enlarge(&sip_udp);
        // With port 0 both transports share the port the system picked.
        let address = sip_udp.local_addr().map_err(sip)?;
        let sip_tcp = TcpListener::bind(address).map_err(sip)?;
        http.set_nonblocking(true).map_err(|why| refused("http", "SORI_HTTP", configuration.http, &why))?;
        Ok(Self { http, sip_udp, sip_tcp })
    }
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
