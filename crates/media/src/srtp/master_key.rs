//! A master key with its salt, and the session keys that follow from it (RFC 3711 section 4.3).

use std::fmt::{self, Debug, Formatter};

use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::iv::FixedLength;

use super::base64;
use super::suite::Suite;

/// Bytes of the longest key and salt.
pub(super) const MAX_LENGTH: usize = 32 + 14;

/// Master key and master salt of one direction. Never printed but into SDP.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey {
    suite: Suite,
    bytes: [u8; MAX_LENGTH],
}

/// What a session key is for (RFC 3711 section 4.3.1: the label; SRTCP's are 3 more).
#[derive(Clone, Copy, Debug)]
pub(super) enum Label {
    Encryption = 0,
    Authentication = 1,
    Salt = 2,
}

impl MasterKey {
    /// Takes as many bytes as the suite needs: key, then salt. `None` when there are not just so many.
    #[must_use]
    pub fn new(suite: Suite, key_and_salt: &[u8]) -> Option<Self> {
        let length = suite.key_length() + suite.salt_length();
        let mut bytes = [0; MAX_LENGTH];
        bytes.get_mut(..length)?.copy_from_slice(key_and_salt.get(..length)?);
        (key_and_salt.len() == length).then_some(Self { suite, bytes })
    }

    /// Reads the Base64 of `inline:`.
    #[must_use]
    pub fn from_base64(suite: Suite, text: &str) -> Option<Self> {
        let mut bytes = [0; MAX_LENGTH];
        let length = base64::decode(text, &mut bytes)?;
        Self::new(suite, bytes.get(..length)?)
    }

    /// Base64 as in `inline:`.
    #[must_use]
    pub fn to_base64(&self) -> String {
        base64::encode(self.bytes.get(..self.suite.key_length() + self.suite.salt_length()).unwrap_or_default())
    }

    /// Its suite.
    #[must_use]
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// Fills `into` with a session key: the keystream of AES under the master key, from the salt with the label in it
    /// (RFC 3711 section 4.3.3; RFC 6188 section 2 with 256 bits; RFC 7714 section 11 pads GCM's salt on the right).
    pub(super) fn derive(&self, label: Label, rtcp: bool, into: &mut [u8]) -> Result<(), Unspecified> {
        let (key, rest) = self.bytes.split_at(self.suite.key_length());
        let mut counter = [0; 16];
        let salt = rest.iter().take(self.suite.salt_length());
        counter.iter_mut().zip(salt).for_each(|(place, byte)| *place = *byte);
        // Key derivation rate 0: the index never enters.
        counter[7] ^= label as u8 + if rtcp { 3 } else { 0 };
        into.fill(0);
        counter_mode(key)?.less_safe_encrypt(into, EncryptionContext::Iv128(FixedLength::from(counter)))?;
        Ok(())
    }
}

impl Debug for MasterKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey").field("suite", &self.suite).finish_non_exhaustive()
    }
}

/// AES in counter mode under a key of 16 or 32 bytes.
pub(super) fn counter_mode(key: &[u8]) -> Result<EncryptingKey, Unspecified> {
    let algorithm = if key.len() == 16 { &AES_128 } else { &AES_256 };
    EncryptingKey::ctr(UnboundCipherKey::new(algorithm, key)?)
}
