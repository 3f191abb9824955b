//! Session descriptions (RFC 8866): what a phone or a carrier needs of them, bounded.

mod parse;
mod print;

use std::net::IpAddr;

/// The most bytes of a description.
pub const MAX_BYTES: usize = 32 * 1024;
/// The most lines of a description.
pub const MAX_LINES: usize = 600;
/// The most m-lines of a description.
pub const MAX_MEDIA: usize = 16;
/// The most formats of an m-line.
pub const MAX_FORMATS: usize = 64;
/// The most `a=fingerprint` lines kept of an m-line; more are not read.
pub const MAX_FINGERPRINTS: usize = 4;
/// The most `a=crypto` lines kept of an m-line; more are not read.
pub const MAX_CRYPTO: usize = 16;

/// Why bytes are not a description, naming the field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MalformedSdp {
    /// Longer than [`MAX_BYTES`], or more lines, m-lines or formats than their bound.
    TooLong(&'static str),
    /// A line that must be there is not (`v=`, `o=`, `m=`, `c=`).
    Missing(&'static str),
    /// A line's value is wrong.
    Field(&'static str),
}

/// The `o=` line without its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// `sess-id`. Numbers beyond 64 bits are kept modulo 2⁶⁴.
    pub session: u64,
    /// `sess-version`.
    pub version: u64,
}

/// Where media is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Connection {
    /// An address.
    Address(IpAddr),
    /// A host name: we do not look it up, the latch learns the address.
    Name,
}

impl Connection {
    /// `0.0.0.0` or `::`: hold as in RFC 2543.
    #[must_use]
    pub fn is_unspecified(self) -> bool {
        matches!(self, Self::Address(address) if address.is_unspecified())
    }
}

/// The direction attribute, from its writer's view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// It only sends.
    SendOnly,
    /// It only receives.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// Whether the writer sends.
    #[must_use]
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether the writer receives.
    #[must_use]
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// The answer of one who wants both ways (RFC 3264 section 6.1).
    #[must_use]
    pub const fn answer(self) -> Self {
        match self {
            Self::SendRecv => Self::SendRecv,
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            Self::Inactive => Self::Inactive,
        }
    }
}

/// `a=setup` (RFC 4145 section 4): who begins a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Setup {
    /// The writer.
    Active,
    /// The reader.
    Passive,
    /// As the reader likes.
    ActPass,
    /// Nobody, for now.
    HoldConn,
}

/// An `a=rtpmap` with its `a=fmtp`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RtpMap {
    /// Payload type, 0 to 127.
    pub payload_type: u8,
    /// Encoding name as written.
    pub encoding: String,
    /// Clock rate in Hz.
    pub clock_rate: u32,
    /// Channels; 1 when not written.
    pub channels: u8,
    /// Format parameters; empty when there are none.
    pub parameters: String,
}

/// One m-line and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// `audio`, `video`, …
    pub kind: String,
    /// Port; 0 rejects the m-line.
    pub port: u16,
    /// Transport, such as `RTP/AVP`.
    pub protocol: String,
    /// The formats as written.
    pub formats: Vec<String>,
    /// Its own `c=` line.
    pub connection: Option<Connection>,
    /// Its own direction; the session's when not written.
    pub direction: Option<Direction>,
    /// Its `a=rtpmap` lines, and static payload types without one.
    pub maps: Vec<RtpMap>,
    /// `a=ptime` in milliseconds.
    pub ptime: Option<u16>,
    /// `a=maxptime` in milliseconds.
    pub max_ptime: Option<u16>,
    /// `a=rtcp` (RFC 3605): the port, and an address when written.
    pub rtcp: Option<(u16, Option<IpAddr>)>,
    /// `a=mid`.
    pub mid: Option<String>,
    /// The values of `a=crypto` in order (RFC 4568), read by [`crate::srtp::CryptoAttribute::parse`]; at most
    /// [`MAX_CRYPTO`].
    pub crypto: Vec<String>,
    /// The values of `a=fingerprint` (RFC 8122), its own or the session's; at most [`MAX_FINGERPRINTS`].
    pub fingerprints: Vec<String>,
    /// `a=setup`, its own or the session's.
    pub setup: Option<Setup>,
    /// `a=rtcp-mux` (RFC 5761).
    pub rtcp_mux: bool,
}

impl Media {
    /// An m-line that refuses this one: same kind, transport and formats, port 0 (RFC 3264 section 6).
    #[must_use]
    pub fn rejection(&self) -> Self {
        Self {
            kind: self.kind.clone(),
            port: 0,
            protocol: self.protocol.clone(),
            formats: self.formats.clone(),
            connection: None,
            direction: None,
            maps: Vec::new(),
            ptime: None,
            max_ptime: None,
            rtcp: None,
            mid: self.mid.clone(),
            crypto: Vec::new(),
            fingerprints: Vec::new(),
            setup: None,
            rtcp_mux: false,
        }
    }
}

/// A session description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sdp {
    /// `o=`.
    pub origin: Origin,
    /// The address of the `o=` line as we print it.
    pub origin_address: IpAddr,
    /// The session's `c=`.
    pub connection: Option<Connection>,
    /// The session's direction.
    pub direction: Option<Direction>,
    /// The m-lines in order.
    pub media: Vec<Media>,
}

impl Sdp {
    /// Where this m-line's media is to be sent: its own `c=` or the session's.
    #[must_use]
    pub fn connection_of(&self, media: &Media) -> Option<Connection> {
        media.connection.or(self.connection)
    }

    /// The direction of this m-line: its own, the session's, or both ways.
    #[must_use]
    pub fn direction_of(&self, media: &Media) -> Direction {
        media.direction.or(self.direction).unwrap_or_default()
    }

    /// The first m-line that is audio and not rejected.
    #[must_use]
    pub fn audio(&self) -> Option<(usize, &Media)> {
        self.media.iter().enumerate().find(|(_, media)| media.kind == "audio" && media.port != 0)
    }
}
