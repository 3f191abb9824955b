//! The media sockets of one worker.

use super::PortPool;
use super::epoll::Epoll;
use media::{Channel, Family, LegId, LegMap, LocalAddresses, PacketSink, Profile};
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Ports of the range that another program holds are passed over, this many at most for one leg.
const MAX_TRIES: usize = 64;

/// A socket of a leg.
pub(crate) struct MediaSocket {
    pub(crate) socket: UdpSocket,
    pub(crate) leg: LegId,
    pub(crate) channel: Channel,
    /// When it was read last; nothing if it was not emptied then.
    read: Option<Instant>,
    /// The time stamp of the packet that was read first then.
    timestamp: Option<[u8; 4]>,
    /// How often it was read.
    reads: u8,
}

impl MediaSocket {
    fn new(socket: UdpSocket, leg: LegId, channel: Channel) -> Self {
        Self { socket, leg, channel, read: None, timestamp: None, reads: 0 }
    }

    /// `packet` was the first one read from it at `now`: whether to look for more. Where the last one came 20 ms ago there hardly
    /// is another; looking would cost a system call for each packet. A stream that stutters, has another packet time, is not RTP
    /// or ends a key (RFC 4733 2.5.1.4: three packets of the same time, often at once) is read until it is empty, and each once
    /// in a while: a packet that came early must not make all that follow late.
    pub(crate) fn may_hold_more(&mut self, now: Instant, packet: &[u8]) -> bool {
        self.reads = self.reads.wrapping_add(1);
        let timestamp = packet.get(RTP_TIMESTAMP).and_then(|bytes| bytes.try_into().ok());
        let goes_on = timestamp.is_some() && std::mem::replace(&mut self.timestamp, timestamp) != timestamp;
        let since = self.read.replace(now).map(|read| now.saturating_duration_since(read));
        let is_even = goes_on && since.is_some_and(|since| ONE_PACKET.contains(&since));
        self.channel != Channel::Rtp || !is_even || self.reads.is_multiple_of(EMPTIED_EVERY)
    }

    /// It was read, but not until it was empty: the next time it will be.
    pub(crate) fn leave_unfinished(&mut self) {
        self.read = None;
    }
}

/// Where a packet's time stamp lies (RFC 3550 5.1).
const RTP_TIMESTAMP: Range<usize> = 4..8;

/// From one packet of a stream to the next, where nothing else came in between.
const ONE_PACKET: Range<Duration> = Duration::from_millis(15)..Duration::from_millis(26);

/// Even a stream without a flaw is read until its socket is empty once in this many times.
const EMPTIED_EVERY: u8 = 16;

/// A leg's sockets on the way to another worker.
pub(crate) struct LegSockets {
    port: u16,
    rtp: MediaSocket,
    rtcp: Option<MediaSocket>,
}

struct OfLeg {
    port: u16,
    rtp: usize,
    rtcp: Option<usize>,
}

/// The addresses media is taken at, one of each family at most; at least one stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaAddresses {
    /// For far ends with IPv4.
    pub v4: Option<IpAddr>,
    /// For far ends with IPv6.
    pub v6: Option<IpAddr>,
}

impl MediaAddresses {
    /// The one for far ends of `family`; where there is none of it the other, so that the leg is refused by the far end and not
    /// by us: it may know both.
    fn of(self, family: Family) -> Option<IpAddr> {
        match family {
            Family::V4 => self.v4.or(self.v6),
            Family::V6 => self.v6.or(self.v4),
        }
    }
}

/// All media sockets of a worker, found by leg (to send) or by token (to receive).
pub(crate) struct Sockets {
    addresses: MediaAddresses,
    ports: Arc<PortPool>,
    slots: Vec<Option<MediaSocket>>,
    free: Vec<usize>,
    legs: LegMap<OfLeg>,
    /// Packets sent since the last look.
    pub(crate) sent: u64,
}

impl Sockets {
    pub(crate) fn new(addresses: MediaAddresses, ports: Arc<PortPool>) -> Self {
        Self { addresses, ports, slots: Vec::new(), free: Vec::new(), legs: LegMap::default(), sent: 0 }
    }

    /// Binds the sockets of a leg; `None` when no port of the range is left.
    pub(crate) fn open(
        &mut self,
        leg: LegId,
        profile: Profile,
        family: Family,
        epoll: &Epoll,
    ) -> Option<LocalAddresses> {
        let ip = self.addresses.of(family)?;
        for _ in 0..MAX_TRIES {
            let port = self.ports.take()?;
            match self.bind(leg, profile, (ip, port), epoll) {
                Ok(addresses) => return Some(addresses),
                Err(_) => self.ports.give_back(port),
            }
        }
        None
    }

    fn bind(
        &mut self,
        leg: LegId,
        profile: Profile,
        (ip, port): (IpAddr, u16),
        epoll: &Epoll,
    ) -> io::Result<LocalAddresses> {
        let bind = |port| -> io::Result<UdpSocket> {
            let socket = UdpSocket::bind(SocketAddr::new(ip, port))?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        };
        let rtp = bind(port)?;
        // A browser multiplexes RTCP with RTP (RFC 8834 4.5).
        let rtcp = if profile != Profile::WebRtc { Some(bind(port + 1)?) } else { None };
        let addresses =
            LocalAddresses { rtp: rtp.local_addr()?, rtcp: rtcp.as_ref().map(UdpSocket::local_addr).transpose()? };
        let rtp = self.place(MediaSocket::new(rtp, leg, Channel::Rtp), epoll)?;
        let rtcp = rtcp.map(|socket| self.place(MediaSocket::new(socket, leg, Channel::Rtcp), epoll)).transpose();
        let rtcp = rtcp.inspect_err(|_| self.vacate(rtp))?;
        self.legs.insert(leg, OfLeg { port, rtp, rtcp });
        Ok(addresses)
    }

    fn place(&mut self, socket: MediaSocket, epoll: &Epoll) -> io::Result<usize> {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        if let Err(error) = epoll.add(socket.socket.as_raw_fd(), slot as u64) {
            self.vacate(slot);
            return Err(error);
        }
        self.slots[slot] = Some(socket);
        Ok(slot)
    }

    fn vacate(&mut self, slot: usize) {
        self.slots[slot] = None;
        self.free.push(slot);
    }

    pub(crate) fn at(&self, token: u64) -> Option<&MediaSocket> {
        self.slots.get(usize::try_from(token).ok()?)?.as_ref()
    }

    /// The same, to read from it.
    pub(crate) fn at_mut(&mut self, token: u64) -> Option<&mut MediaSocket> {
        self.slots.get_mut(usize::try_from(token).ok()?)?.as_mut()
    }

    /// Asks memory for what [`Self::at`] will read.
    pub(crate) fn prefetch(&self, token: u64) {
        if let Some(slot) = usize::try_from(token).ok().and_then(|token| self.slots.get(token)) {
            media::prefetch::prefetch(slot, size_of_val(slot));
        }
    }

    pub(crate) fn close(&mut self, leg: LegId) {
        let Some(of_leg) = self.legs.remove(leg) else { return };
        for slot in [Some(of_leg.rtp), of_leg.rtcp].into_iter().flatten() {
            self.vacate(slot);
        }
        self.ports.give_back(of_leg.port);
    }

    /// Takes a leg's sockets out, open as they are.
    pub(crate) fn take(&mut self, leg: LegId, epoll: &Epoll) -> Option<LegSockets> {
        let of_leg = self.legs.remove(leg)?;
        let mut take_out = |slot: usize| {
            let socket = self.slots.get_mut(slot)?.take()?;
            self.free.push(slot);
            // Not to be removed would only mean wake-ups for a token that says nothing.
            let _ = epoll.remove(socket.socket.as_raw_fd());
            Some(socket)
        };
        let rtp = take_out(of_leg.rtp)?;
        Some(LegSockets { port: of_leg.port, rtp, rtcp: of_leg.rtcp.and_then(take_out) })
    }

    /// Takes sockets over from another worker.
    ///
    /// # Errors
    /// When they cannot be watched; they are closed then.
    pub(crate) fn put(&mut self, leg: LegId, sockets: LegSockets, epoll: &Epoll) -> io::Result<()> {
        let LegSockets { port, rtp, rtcp } = sockets;
        let placed = self.place(rtp, epoll).and_then(|rtp| {
            let rtcp = rtcp.map(|socket| self.place(socket, epoll)).transpose();
            Ok((rtp, rtcp.inspect_err(|_| self.vacate(rtp))?))
        });
        match placed {
            Ok((rtp, rtcp)) => {
                self.legs.insert(leg, OfLeg { port, rtp, rtcp });
                Ok(())
            }
            Err(error) => {
                self.ports.give_back(port);
                Err(error)
            }
        }
    }

    pub(crate) fn open_count(&self) -> usize {
        self.slots.len() - self.free.len()
    }
}

impl PacketSink for Sockets {
    fn send(&mut self, leg: LegId, channel: Channel, to: SocketAddr, packet: &[u8]) {
        let Some(of_leg) = self.legs.get(leg) else { return };
        let slot = match channel {
            Channel::Rtp => Some(of_leg.rtp),
            Channel::Rtcp => of_leg.rtcp,
        };
        if let Some(Some(socket)) = slot.and_then(|slot| self.slots.get(slot)) {
            // A full socket buffer loses the packet, as the network would: media never waits.
            if socket.socket.send_to(packet, to).is_ok() {
                self.sent += 1;
            }
        }
    }

    fn foresee(&self, leg: LegId, steps: usize) {
        if steps > 0 {
            self.legs.prefetch(leg);
        } else if let Some(of_leg) = self.legs.get(leg) {
            self.prefetch(of_leg.rtp as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_stream_is_emptied_seldom_and_any_other_always() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut socket = MediaSocket::new(socket, LegId(1), Channel::Rtp);
        let (mut now, mut timestamp) = (Instant::now(), 0u32);
        let mut emptied = |after_ms: u64, samples: u32, times: usize| {
            let empties = (0..times).filter(|_| {
                now += Duration::from_millis(after_ms);
                timestamp += samples;
                let mut packet = [0; 172];
                packet[4..8].copy_from_slice(&timestamp.to_be_bytes());
                socket.may_hold_more(now, &packet)
            });
            empties.count()
        };
        assert_eq!(emptied(20, 160, 1), 1, "the first one");
        assert_eq!(emptied(20, 160, 159), 10);
        for other in [0, 10, 30, 60] {
            assert_eq!(emptied(other, 160, 40), 40, "{other} ms");
        }
        assert_eq!(emptied(20, 0, 40), 40, "a key");
        assert_eq!(emptied(20, 160, 48), 3);
        socket.leave_unfinished();
        now += Duration::from_millis(20);
        assert!(socket.may_hold_more(now, &[1; 172]), "not emptied before");
        now += Duration::from_millis(20);
        assert!(socket.may_hold_more(now, &[0x16; 5]), "not RTP");
    }
}
