//! Handshake messages (RFC 6347 section 4.2.2), and reading and writing the vectors of RFC 5246 section 4.3.

/// Kinds of handshake messages.
pub(super) mod kind {
    pub const CLIENT_HELLO: u8 = 1;
    pub const SERVER_HELLO: u8 = 2;
    pub const HELLO_VERIFY_REQUEST: u8 = 3;
    pub const CERTIFICATE: u8 = 11;
    pub const SERVER_KEY_EXCHANGE: u8 = 12;
    pub const CERTIFICATE_REQUEST: u8 = 13;
    pub const SERVER_HELLO_DONE: u8 = 14;
    pub const CERTIFICATE_VERIFY: u8 = 15;
    pub const CLIENT_KEY_EXCHANGE: u8 = 16;
    pub const FINISHED: u8 = 20;
}

/// Bytes of a handshake header.
pub(super) const HEADER: usize = 12;

/// A whole handshake message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub kind: u8,
    pub number: u16,
    /// The epoch of the records it came in.
    pub epoch: u16,
    pub body: Vec<u8>,
}

impl Message {
    /// With its header, as one fragment: so it is sent, signed and hashed (RFC 6347 section 4.2.6).
    pub fn bytes(&self) -> Vec<u8> {
        let length = (self.body.len() as u32).to_be_bytes();
        let mut out = Vec::with_capacity(HEADER + self.body.len());
        out.push(self.kind);
        out.extend_from_slice(&length[1..]);
        out.extend_from_slice(&self.number.to_be_bytes());
        out.extend_from_slice(&[0; 3]);
        out.extend_from_slice(&length[1..]);
        out.extend_from_slice(&self.body);
        out
    }
}

/// Reads from the front of some bytes; `None` where they end too soon.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// A number of `length` bytes, 8 at most.
    fn number(&mut self, length: usize) -> Option<u64> {
        Some(self.take(length)?.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub fn u24(&mut self) -> Option<usize> {
        self.number(3).map(|number| number as usize)
    }

    pub fn u48(&mut self) -> Option<u64> {
        self.number(6)
    }

    /// A vector with a length of one byte.
    pub fn vector8(&mut self) -> Option<&'a [u8]> {
        let length = self.u8()?;
        self.take(length.into())
    }

    /// A vector with a length of two bytes.
    pub fn vector16(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(length.into())
    }

    /// A vector with a length of three bytes.
    pub fn vector24(&mut self) -> Option<&'a [u8]> {
        let length = self.u24()?;
        self.take(length)
    }

    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A vector with a length of one byte; of at most 255 bytes.
pub(super) fn vector8(bytes: &[u8]) -> Vec<u8> {
    [&[bytes.len() as u8], bytes].concat()
}

/// A vector with a length of two bytes; of at most 65,535 bytes.
pub(super) fn vector16(bytes: &[u8]) -> Vec<u8> {
    [(bytes.len() as u16).to_be_bytes().as_slice(), bytes].concat()
}

/// A vector with a length of three bytes; of less than 16 MiB.
pub(super) fn vector24(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes()[1..], bytes].concat()
}

/// The two-byte numbers of a vector, to be read in order.
pub(super) fn numbers(vector: &[u8]) -> impl Iterator<Item = u16> + '_ {
    vector.chunks_exact(2).map(|pair| pair.iter().fold(0, |sum, byte| sum << 8 | u16::from(*byte)))
}
