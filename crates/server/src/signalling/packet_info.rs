//! Datagrams with the address they were sent to: on a socket that is bound to all addresses, answers must leave from the one
//! that was asked (RFC 3261 18.2.2), and Via and Contact must name it.

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, RawFd};

/// Room for one packet-info control message of either family, aligned as the kernel wants it.
#[repr(C, align(8))]
struct Control([u8; 64]);

/// Asks the kernel to tell the address datagrams were sent to.
pub(super) fn enable(socket: &impl AsRawFd, is_v6: bool) -> io::Result<()> {
    let on: libc::c_int = 1;
    let (level, option) =
        if is_v6 { (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO) } else { (libc::IPPROTO_IP, libc::IP_PKTINFO) };
    // SAFETY: the pointer and length are those of a live integer.
    let done = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// One datagram, who sent it, and the address it was sent to where the kernel tells.
pub(super) fn receive(fd: RawFd, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr, Option<IpAddr>)> {
    let mut name = MaybeUninit::<libc::sockaddr_storage>::zeroed();
    let mut control = Control([0; 64]);
    let mut piece = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    // SAFETY: a msghdr of zeros is a valid one; its pointers are set to live buffers of the lengths given, which outlive the call.
    let (length, header) = unsafe {
        let mut header: libc::msghdr = std::mem::zeroed();
        header.msg_name = name.as_mut_ptr().cast();
        header.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        header.msg_iov = &raw mut piece;
        header.msg_iovlen = 1;
        header.msg_control = control.0.as_mut_ptr().cast();
        header.msg_controllen = control.0.len();
        (libc::recvmsg(fd, &raw mut header, 0), header)
    };
    let length = usize::try_from(length).map_err(|_| io::Error::last_os_error())?;
    // SAFETY: the kernel wrote the sender's address, or left zeros.
    let remote = unsafe { socket_address(name.as_ptr()) }
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a datagram without a sender"))?;
    // SAFETY: the kernel filled the control buffer as msg_controllen says.
    let local = unsafe { told_address(&header) };
    Ok((length, remote, local))
}

/// # Safety
/// `name` points at a whole `sockaddr_storage`.
unsafe fn socket_address(name: *const libc::sockaddr_storage) -> Option<SocketAddr> {
    // SAFETY: storage is large and aligned enough for either family, and the family says which one it holds.
    unsafe {
        match libc::c_int::from((*name).ss_family) {
            libc::AF_INET => {
                let v4 = name.cast::<libc::sockaddr_in>().read();
                Some((Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr)), u16::from_be(v4.sin_port)).into())
            }
            libc::AF_INET6 => {
                let v6 = name.cast::<libc::sockaddr_in6>().read();
                let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
                Some(std::net::SocketAddrV6::new(ip, u16::from_be(v6.sin6_port), 0, v6.sin6_scope_id).into())
            }
            _ => None,
        }
    }
}

/// # Safety
/// `header` is one that `recvmsg` filled, its control buffer still alive.
unsafe fn told_address(header: &libc::msghdr) -> Option<IpAddr> {
    // SAFETY: the macros walk within the control buffer; what they point at is of the type that level and type say.
    unsafe {
        let message = libc::CMSG_FIRSTHDR(header);
        if message.is_null() {
            return None;
        }
        match ((*message).cmsg_level, (*message).cmsg_type) {
            (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                let info = libc::CMSG_DATA(message).cast::<libc::in_pktinfo>().read_unaligned();
                Some(Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr)).into())
            }
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                let info = libc::CMSG_DATA(message).cast::<libc::in6_pktinfo>().read_unaligned();
                Some(Ipv6Addr::from(info.ipi6_addr.s6_addr).into())
            }
            _ => None,
        }
    }
}

/// Sends a datagram from `local`, which must be of the family of `remote`.
pub(super) fn send(fd: RawFd, bytes: &[u8], remote: SocketAddr, local: IpAddr) -> io::Result<usize> {
    let name = socket2::SockAddr::from(remote);
    let mut control = Control([0; 64]);
    let mut piece = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    // SAFETY: a msghdr of zeros is a valid one; its pointers are set to live buffers of the lengths given. The kernel only
    // reads them. The control buffer has room for the larger of both messages.
    let sent = unsafe {
        let mut header: libc::msghdr = std::mem::zeroed();
        header.msg_name = name.as_ptr().cast_mut().cast();
        header.msg_namelen = name.len();
        header.msg_iov = &raw mut piece;
        header.msg_iovlen = 1;
        header.msg_control = control.0.as_mut_ptr().cast();
        match local {
            IpAddr::V4(v4) => {
                let info = libc::in_pktinfo {
                    ipi_ifindex: 0,
                    ipi_spec_dst: libc::in_addr { s_addr: u32::from(v4).to_be() },
                    ipi_addr: libc::in_addr { s_addr: 0 },
                };
                put(&mut header, libc::IPPROTO_IP, libc::IP_PKTINFO, info);
            }
            IpAddr::V6(v6) => {
                let address = libc::in6_addr { s6_addr: v6.octets() };
                let info = libc::in6_pktinfo { ipi6_addr: address, ipi6_ifindex: 0 };
                put(&mut header, libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, info);
            }
        }
        libc::sendmsg(fd, &raw const header, 0)
    };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// Writes the one control message of a header.
///
/// # Safety
/// `msg_control` of `header` points at a live, zeroed `Control`.
unsafe fn put<T>(header: &mut libc::msghdr, level: libc::c_int, kind: libc::c_int, value: T) {
    let length = size_of::<T>() as libc::c_uint;
    // SAFETY: CMSG_SPACE of either packet-info is below the 64 bytes of `Control`.
    unsafe {
        header.msg_controllen = libc::CMSG_SPACE(length) as usize;
        let message = libc::CMSG_FIRSTHDR(header);
        (*message).cmsg_level = level;
        (*message).cmsg_type = kind;
        (*message).cmsg_len = libc::CMSG_LEN(length) as usize;
        libc::CMSG_DATA(message).cast::<T>().write_unaligned(value);
    }
}
