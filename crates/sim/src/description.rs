//! The session descriptions of agents (RFC 8866): one audio stream, written and read by the least code that can.

use crate::voice::{PCMA, PCMU, TELEPHONE_EVENT};
use std::net::{IpAddr, SocketAddr};

/// Which way an agent lets media go, as seen by the one who describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Both ways.
    SendRecv,
    /// We speak, they listen: how a phone puts somebody on hold.
    SendOnly,
    /// They speak, we listen: the answer to it.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    const ALL: [(Self, &'static str); 4] = [
        (Self::SendRecv, "sendrecv"),
        (Self::SendOnly, "sendonly"),
        (Self::RecvOnly, "recvonly"),
        (Self::Inactive, "inactive"),
    ];

    fn as_str(self) -> &'static str {
        Self::ALL.into_iter().find(|(direction, _)| *direction == self).map_or("sendrecv", |(_, word)| word)
    }

    /// What the answer to such an offer says (RFC 3264 6.1).
    #[must_use]
    pub fn answer(self) -> Self {
        match self {
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            other => other,
        }
    }

    /// Does the one who says so speak?
    #[must_use]
    pub fn speaks(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Does the one who says so listen?
    #[must_use]
    pub fn listens(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

/// The far end's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Where it wants its packets.
    pub to: SocketAddr,
    /// The first G.711 law it names.
    pub payload_type: u8,
    /// Its telephone-event payload type.
    pub telephone_event: Option<u8>,
    /// What it says of the direction.
    pub direction: Direction,
}

/// Writes an offer or answer with one law and telephone-event.
#[must_use]
pub fn write(at: SocketAddr, version: u32, payload_type: u8, direction: Direction) -> Vec<u8> {
    let (ip, port) = (at.ip(), at.port());
    let law = if payload_type == PCMA { "PCMA" } else { "PCMU" };
    format!(
        "v=0\r\no=agent {port} {version} IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP {payload_type} {TELEPHONE_EVENT}\r\n\
         a=rtpmap:{payload_type} {law}/8000\r\na=rtpmap:{TELEPHONE_EVENT} telephone-event/8000\r\n\
         a=fmtp:{TELEPHONE_EVENT} 0-15\r\na=ptime:20\r\na={}\r\n",
        direction.as_str()
    )
    .into_bytes()
}

/// Reads the far end's; `None` when it has no audio stream with a G.711 law.
#[must_use]
pub fn read(sdp: &[u8]) -> Option<Stream> {
    let text = std::str::from_utf8(sdp).ok()?;
    let value = |prefix: &str| text.lines().filter_map(|line| line.trim().strip_prefix(prefix)).collect::<Vec<_>>();
    let ip: IpAddr = value("c=IN IP4 ").first()?.parse().ok()?;
    let media = value("m=audio ");
    let mut words = media.first()?.split(' ');
    let port: u16 = words.next()?.parse().ok()?;
    let types: Vec<u8> = words.skip(1).filter_map(|word| word.parse().ok()).collect();
    let telephone_event =
        value("a=rtpmap:").into_iter().find_map(|map| map.strip_suffix(" telephone-event/8000")?.parse().ok());
    let direction = Direction::ALL.into_iter().find(|(_, word)| value("a=").contains(word));
    Some(Stream {
        to: SocketAddr::new(ip, port),
        payload_type: types.into_iter().find(|payload_type| [PCMU, PCMA].contains(payload_type))?,
        telephone_event,
        direction: direction.map_or(Direction::SendRecv, |(direction, _)| direction),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_wrote() {
        let at: SocketAddr = "10.0.0.7:20002".parse().unwrap();
        for (direction, _) in Direction::ALL {
            let stream = Stream { to: at, payload_type: PCMA, telephone_event: Some(TELEPHONE_EVENT), direction };
            assert_eq!(read(&write(at, 1, PCMA, direction)), Some(stream));
        }
        assert_eq!(read(b"v=0\r\n"), None);
    }
}
