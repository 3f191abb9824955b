//! Where our master keys come from.

use std::fmt::{self, Debug, Formatter};

use aws_lc_rs::hmac;

use super::master_key::{MAX_LENGTH, MasterKey};
use super::suite::Suite;

/// Makes master keys of a secret seed: HMAC-SHA-256 of a leg's number and a count. Who does not know the seed learns
/// nothing from one key about another; the same seed gives the same keys, for tests.
#[derive(Clone)]
pub struct KeySource {
    seed: [u8; 32],
    leg: u64,
    drawn: u64,
}

impl KeySource {
    /// `seed`: 32 bytes from the system's random source, for one engine alone; `leg`: never twice with one seed.
    #[must_use]
    pub const fn new(seed: [u8; 32], leg: u64) -> Self {
        Self { seed, leg, drawn: 0 }
    }

    /// A key nobody had before.
    pub fn draw(&mut self, suite: Suite) -> Option<MasterKey> {
        let bytes = self.bytes::<MAX_LENGTH>();
        MasterKey::new(suite, bytes.get(..suite.key_length() + suite.salt_length())?)
    }

    /// Bytes nobody had before.
    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, &self.seed);
        let mut bytes = [0; N];
        for block in bytes.chunks_mut(32) {
            let mut message = [0; 16];
            message[..8].copy_from_slice(&self.leg.to_be_bytes());
            message[8..].copy_from_slice(&self.drawn.to_be_bytes());
            self.drawn += 1;
            let digest = hmac::sign(&secret, &message);
            block.iter_mut().zip(digest.as_ref()).for_each(|(place, byte)| *place = *byte);
        }
        bytes
    }

    /// Another source, which never draws what this one draws.
    pub(crate) fn branch(&mut self) -> Self {
        Self::new(self.bytes(), 0)
    }
}

impl Debug for KeySource {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySource").field("leg", &self.leg).field("drawn", &self.drawn).finish_non_exhaustive()
    }
}
