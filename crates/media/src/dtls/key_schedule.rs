//! What follows from the shared secret (RFC 5246 sections 5, 6.3 and 8.1, RFC 7627, RFC 5705, RFC 5764 section 4.2).

use aws_lc_rs::{digest, hmac};

use crate::srtp::{MasterKey, Suite};

/// Bytes of a master secret.
pub(super) const MASTER_SECRET: usize = 48;
/// Bytes of what Finished verifies.
pub(super) const VERIFY_DATA: usize = 12;
/// Bytes of a record key; AES-128.
const KEY: usize = 16;
/// Bytes of a record salt.
const SALT: usize = 4;

/// The PRF of TLS 1.2 with SHA-256, filling `into`.
fn prf(secret: &[u8], label: &str, seed: &[&[u8]], into: &mut [u8]) {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let seed = [&[label.as_bytes()], seed].concat().concat();
    let mut a = hmac::sign(&key, &seed);
    for chunk in into.chunks_mut(32) {
        let block = hmac::sign(&key, &[a.as_ref(), &seed].concat());
        chunk.iter_mut().zip(block.as_ref()).for_each(|(place, byte)| *place = *byte);
        a = hmac::sign(&key, a.as_ref());
    }
}

/// The randoms of both hellos.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Randoms {
    pub client: [u8; 32],
    pub server: [u8; 32],
}

/// A direction's record key and salt.
pub(super) type RecordKey = ([u8; KEY], [u8; SALT]);

/// The master secret, never printed.
#[derive(Clone)]
pub(super) struct MasterSecret {
    secret: [u8; MASTER_SECRET],
    randoms: Randoms,
}

impl MasterSecret {
    /// `session`: the handshake up to the client's key, where both ends bind the secret to it (RFC 7627 section 4).
    pub fn new(shared: &[u8], randoms: Randoms, session: Option<&[u8]>) -> Self {
        let mut secret = [0; MASTER_SECRET];
        match session {
            Some(session) => {
                let hash = digest::digest(&digest::SHA256, session);
                prf(shared, "extended master secret", &[hash.as_ref()], &mut secret);
            }
            None => prf(shared, "master secret", &[&randoms.client, &randoms.server], &mut secret),
        }
        Self { secret, randoms }
    }

    /// The record keys of client and server.
    pub fn record_keys(&self) -> (RecordKey, RecordKey) {
        let mut block = [0; 2 * (KEY + SALT)];
        prf(&self.secret, "key expansion", &[&self.randoms.server, &self.randoms.client], &mut block);
        let (keys, salts) = block.split_at(2 * KEY);
        let part = |at: usize| {
            let (mut key, mut salt) = ([0; KEY], [0; SALT]);
            key.copy_from_slice(&keys[at * KEY..(at + 1) * KEY]);
            salt.copy_from_slice(&salts[at * SALT..(at + 1) * SALT]);
            (key, salt)
        };
        (part(0), part(1))
    }

    /// What the Finished of one side holds. `transcript`: the handshake so far.
    pub fn verify_data(&self, of_client: bool, transcript: &[u8]) -> [u8; VERIFY_DATA] {
        let label = if of_client { "client finished" } else { "server finished" };
        let hash = digest::digest(&digest::SHA256, transcript);
        let mut data = [0; VERIFY_DATA];
        prf(&self.secret, label, &[hash.as_ref()], &mut data);
        data
    }

    /// The SRTP keys of client and server (RFC 5764 section 4.2: both keys, then both salts).
    pub fn srtp_keys(&self, suite: Suite) -> Option<(MasterKey, MasterKey)> {
        let (key, salt) = (suite.key_length(), suite.salt_length());
        let mut block = vec![0; 2 * (key + salt)];
        prf(&self.secret, "EXTRACTOR-dtls_srtp", &[&self.randoms.client, &self.randoms.server], &mut block);
        let (keys, salts) = block.split_at(2 * key);
        let part = |at: usize| {
            let bytes = [keys.get(at * key..(at + 1) * key)?, salts.get(at * salt..(at + 1) * salt)?].concat();
            MasterKey::new(suite, &bytes)
        };
        Some((part(0)?, part(1)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test vector for the PRF with SHA-256 that the TLS working group's list has (secret, label, seed, 100 bytes).
    #[test]
    fn the_prf_agrees_with_the_known_vector() {
        let secret = [0x9b, 0xbe, 0x43, 0x6b, 0xa9, 0x40, 0xf0, 0x17, 0xb1, 0x76, 0x52, 0x84, 0x9a, 0x71, 0xdb, 0x35];
        let seed = [0xa0, 0xba, 0x9f, 0x93, 0x6c, 0xda, 0x31, 0x18, 0x27, 0xa6, 0xf7, 0x96, 0xff, 0xd5, 0x19, 0x8c];
        let mut out = [0; 100];
        prf(&secret, "test label", &[&seed], &mut out);
        assert_eq!(out[..8], [0xe3, 0xf2, 0x29, 0xba, 0x72, 0x7b, 0xe1, 0x7b]);
        assert_eq!(out[96..], [0x87, 0x34, 0x7b, 0x66]);
    }
}
