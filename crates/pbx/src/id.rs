//! Identifiers: 64 bits, of which the upper 44 are the millisecond of their making, so that they sort by time.
//! Outside they are opaque strings of 13 characters (Crockford base 32, lower case).

use crate::UnixMillis;
use std::fmt;
use std::str::FromStr;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Why a string is not an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidId;

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an identifier: 13 characters of 0-9 and a-z without i, l, o, u are expected")
    }
}
impl std::error::Error for InvalidId {}

fn write_base32(value: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut text = [0u8; 13];
    for (place, slot) in text.iter_mut().rev().enumerate() {
        *slot = ALPHABET[((value >> (5 * place)) & 31) as usize];
    }
    f.write_str(std::str::from_utf8(&text).unwrap_or("?"))
}

fn read_base32(text: &str) -> Result<u64, InvalidId> {
    let bytes = text.as_bytes();
    if bytes.len() != 13 {
        return Err(InvalidId);
    }
    bytes.iter().try_fold(0u64, |value, byte| {
        let digit = ALPHABET.iter().position(|c| c == byte).ok_or(InvalidId)? as u64;
        value.checked_mul(32).and_then(|v| v.checked_add(digit)).ok_or(InvalidId)
    })
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write_base32(self.0, f) }
        }
        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> { read_base32(text).map(Self) }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.collect_str(self) }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A call, from first ring to last hang-up: our call reference, never the SIP `Call-ID`.
    CallId,
    /// A conversation: the thread in the inbox.
    ConversationId,
    /// A customer, leads included.
    CustomerId,
    /// A manager.
    ManagerId,
    /// A team.
    TeamId,
    /// A phone number issued to the workspace.
    NumberId,
    /// A virtual phone: the SIP account a desk phone signs in with.
    PhoneId,
    /// A carrier.
    CarrierId,
    /// Opening hours.
    HoursId,
    /// A workflow.
    WorkflowId,
    /// An immutable, published revision of a workflow.
    RevisionId,
    /// An uploaded or spoken audio.
    AudioId,
    /// A note or another line of a conversation's timeline.
    EntryId,
    /// One presenting of a call to a manager, on all the manager's ring devices at once.
    PresentationId,
    /// One playing of audio to a party.
    PlaybackId,
    /// One handing on of a party, from the wish to its end.
    TransferId,
}

/// Makes identifiers from the time and a seed; two sources with different seeds practically never meet.
#[derive(Debug)]
pub struct IdSource {
    state: u64,
    last: u64,
}

impl IdSource {
    /// A source whose sequence depends on `seed` only.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: seed ^ 0x9e37_79b9_7f4a_7c15, last: 0 }
    }

    /// The next identifier's bits, always larger than the one before.
    pub fn next(&mut self, now: UnixMillis) -> u64 {
        // splitmix64: small, and good enough where only uniqueness is wanted.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        let id = (now.0 << 20) | (z & 0xf_ffff);
        self.last = if id > self.last { id } else { self.last + 1 + (z & 0xff) };
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn print_then_parse_is_identity() {
        let mut source = IdSource::new(7);
        for ms in 0..1000 {
            let id = CallId(source.next(UnixMillis(1_700_000_000_000 + ms / 3)));
            assert_eq!(id.to_string().parse(), Ok(id));
        }
    }

    #[test]
    fn identifiers_grow() {
        let mut source = IdSource::new(7);
        let ids: Vec<u64> = (0..1000).map(|_| source.next(UnixMillis(1_700_000_000_000))).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn refuses_what_is_no_identifier() {
        for text in ["", "0", "00000000000000", "iiiiiiiiiiiii", "zzzzzzzzzzzzz", "0000000000é"] {
            assert_eq!(text.parse::<CallId>(), Err(InvalidId), "{text}");
        }
    }
}
