//! Writing a description.

use std::fmt::{self, Display, Formatter};
use std::net::IpAddr;

use super::{Connection, Direction, Media, Sdp, Setup};

impl Display for Direction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        })
    }
}

impl Display for Setup {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Passive => "passive",
            Self::ActPass => "actpass",
            Self::HoldConn => "holdconn",
        })
    }
}

/// `IN IP4 192.0.2.1`.
struct Network(IpAddr);

impl Display for Network {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "IN IP{} {}", if self.0.is_ipv4() { 4 } else { 6 }, self.0)
    }
}

fn connection(f: &mut Formatter<'_>, connection: Option<Connection>) -> fmt::Result {
    match connection {
        Some(Connection::Address(address)) => write!(f, "c={}\r\n", Network(address)),
        Some(Connection::Name) => f.write_str("c=IN IP4 name.invalid\r\n"),
        None => Ok(()),
    }
}

impl Display for Sdp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("v=0\r\n")?;
        let origin = self.origin;
        write!(f, "o=sori {} {} {}\r\n", origin.session, origin.version, Network(self.origin_address))?;
        f.write_str("s=sori\r\n")?;
        connection(f, self.connection)?;
        f.write_str("t=0 0\r\n")?;
        if let Some(direction) = self.direction {
            write!(f, "a={direction}\r\n")?;
        }
        self.media.iter().try_for_each(|media| media.fmt(f))
    }
}

impl Display for Media {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "m={} {} {}", self.kind, self.port, self.protocol)?;
        self.formats.iter().try_for_each(|format| write!(f, " {format}"))?;
        f.write_str("\r\n")?;
        connection(f, self.connection)?;
        for map in &self.maps {
            write!(f, "a=rtpmap:{} {}/{}", map.payload_type, map.encoding, map.clock_rate)?;
            if map.channels != 1 {
                write!(f, "/{}", map.channels)?;
            }
            f.write_str("\r\n")?;
            if !map.parameters.is_empty() {
                write!(f, "a=fmtp:{} {}\r\n", map.payload_type, map.parameters)?;
            }
        }
        if let Some(ptime) = self.ptime {
            write!(f, "a=ptime:{ptime}\r\n")?;
        }
        if let Some(max_ptime) = self.max_ptime {
            write!(f, "a=maxptime:{max_ptime}\r\n")?;
        }
        if let Some((port, address)) = self.rtcp {
            write!(f, "a=rtcp:{port}")?;
            if let Some(address) = address {
                write!(f, " {}", Network(address))?;
            }
            f.write_str("\r\n")?;
        }
        if self.rtcp_mux {
            f.write_str("a=rtcp-mux\r\n")?;
        }
        self.crypto.iter().try_for_each(|crypto| write!(f, "a=crypto:{crypto}\r\n"))?;
        self.fingerprints.iter().try_for_each(|fingerprint| write!(f, "a=fingerprint:{fingerprint}\r\n"))?;
        if let Some(setup) = self.setup {
            write!(f, "a=setup:{setup}\r\n")?;
        }
        if let Some(mid) = &self.mid {
            write!(f, "a=mid:{mid}\r\n")?;
        }
        if let Some(direction) = self.direction {
            write!(f, "a={direction}\r\n")?;
        }
        Ok(())
    }
}
