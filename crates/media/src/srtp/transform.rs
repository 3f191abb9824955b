//! Encryption and authentication of one packet (RFC 3711 section 4; RFC 7714 sections 8 and 9).

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{EncryptingKey, EncryptionContext};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;

use super::master_key::{Label, MasterKey, counter_mode};
use super::suite::Suite;

/// Bytes of an HMAC-SHA1 key (RFC 3711 section 5.2).
const AUTHENTICATION_KEY: usize = 20;
/// Bytes of a GCM tag.
const GCM_TAG: usize = 16;

/// The session keys of one direction for RTP or for RTCP.
pub(super) struct Transform {
    cipher: Cipher,
    salt: [u8; 14],
    tag_length: usize,
}

#[allow(clippy::large_enum_variant, reason = "the large one is the common one, and sessions are boxed")]
enum Cipher {
    CounterMode { key: EncryptingKey, authentication: hmac::Key },
    Gcm(LessSafeKey),
}

/// Which packet of a stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number {
    pub ssrc: u32,
    /// SRTP: rollover counter and sequence number, 48 bits; SRTCP: the index, 31 bits.
    pub index: u64,
}

impl Transform {
    pub fn new(master: &MasterKey, rtcp: bool) -> Result<Self, Unspecified> {
        let suite = master.suite();
        let mut bytes = [0; 32];
        let key = &mut bytes[..suite.key_length()];
        master.derive(Label::Encryption, rtcp, key)?;
        let cipher = if suite.is_aead() {
            let algorithm = if suite == Suite::AesGcm128 { &AES_128_GCM } else { &AES_256_GCM };
            Cipher::Gcm(LessSafeKey::new(UnboundKey::new(algorithm, key)?))
        } else {
            let mut authentication = [0; AUTHENTICATION_KEY];
            master.derive(Label::Authentication, rtcp, &mut authentication)?;
            Cipher::CounterMode {
                key: counter_mode(key)?,
                authentication: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &authentication),
            }
        };
        let mut salt = [0; 14];
        master.derive(Label::Salt, rtcp, &mut salt[..suite.salt_length()])?;
        let tag_length = if rtcp { suite.rtcp_tag_length() } else { suite.rtp_tag_length() };
        Ok(Self { cipher, salt, tag_length })
    }

    /// Bytes of its tag.
    pub const fn tag_length(&self) -> usize {
        self.tag_length
    }

    /// Whether the tag stands before what is written behind the packet (SRTCP's index), as with GCM.
    pub const fn is_aead(&self) -> bool {
        matches!(self.cipher, Cipher::Gcm(_))
    }

    /// Encrypts `packet[from..to]` where it stands. With GCM the tag follows at `to`, and covers `aad` too.
    pub fn encrypt(
        &self,
        number: Number,
        packet: &mut [u8],
        from: usize,
        to: usize,
        aad: Option<&[u8]>,
    ) -> Result<(), Unspecified> {
        let (head, rest) = packet.split_at_mut_checked(from).ok_or(Unspecified)?;
        let length = to.checked_sub(from).ok_or(Unspecified)?;
        let (body, room) = rest.split_at_mut_checked(length).ok_or(Unspecified)?;
        match &self.cipher {
            Cipher::CounterMode { key, .. } => {
                key.less_safe_encrypt(body, self.counter(number)).map(drop)?;
            }
            Cipher::Gcm(key) => {
                let tag = key.seal_in_place_separate_tag(self.nonce(number), Aad::from(aad.unwrap_or(head)), body)?;
                room.get_mut(..GCM_TAG).ok_or(Unspecified)?.copy_from_slice(tag.as_ref());
            }
        }
        Ok(())
    }

    /// Decrypts `packet[from..to]` where it stands. With GCM the tag stands at `to` and is checked.
    pub fn decrypt(
        &self,
        number: Number,
        packet: &mut [u8],
        from: usize,
        to: usize,
        aad: Option<&[u8]>,
    ) -> Result<(), Unspecified> {
        let (head, rest) = packet.split_at_mut_checked(from).ok_or(Unspecified)?;
        let length = to.checked_sub(from).ok_or(Unspecified)?;
        match &self.cipher {
            Cipher::CounterMode { key, .. } => {
                let body = rest.get_mut(..length).ok_or(Unspecified)?;
                key.less_safe_encrypt(body, self.counter(number)).map(drop)
            }
            Cipher::Gcm(key) => {
                let body = rest.get_mut(..length + GCM_TAG).ok_or(Unspecified)?;
                // A failed opening spoils the bytes, and another key may still be tried: gather, then copy.
                let mut plain = [0; crate::rtp::MAX_PACKET];
                let plain = plain.get_mut(..length).ok_or(Unspecified)?;
                let (body, tag) = body.split_at_mut(length);
                key.open_separate_gather(self.nonce(number), Aad::from(aad.unwrap_or(head)), body, tag, plain)?;
                body.copy_from_slice(plain);
                Ok(())
            }
        }
    }

    /// The HMAC of some bytes, of which the tag is the first few; `None` with GCM.
    pub fn authenticate(&self, bytes: &[u8]) -> Option<hmac::Tag> {
        match &self.cipher {
            Cipher::CounterMode { authentication, .. } => Some(hmac::sign(authentication, bytes)),
            Cipher::Gcm(_) => None,
        }
    }

    /// Whether `tag` is that of some bytes; with GCM this is told by [`Self::decrypt`].
    pub fn verify(&self, bytes: &[u8], tag: &[u8]) -> bool {
        self.authenticate(bytes).is_none_or(|whole| {
            whole.as_ref().get(..tag.len()).is_some_and(|cut| verify_slices_are_equal(cut, tag).is_ok())
        })
    }

    /// RFC 3711 section 4.1.1: salt, SSRC and index, each at its place, and 16 bits that count blocks.
    fn counter(&self, number: Number) -> EncryptionContext {
        let mut iv = [0; 16];
        iv[..14].copy_from_slice(&self.salt);
        xor(&mut iv[4..8], &number.ssrc.to_be_bytes());
        xor(&mut iv[8..14], &number.index.to_be_bytes()[2..]);
        EncryptionContext::Iv128(FixedLength::from(iv))
    }

    /// RFC 7714 sections 8.1 and 9.1: two zeros, SSRC, then six bytes of index, with the salt.
    fn nonce(&self, number: Number) -> Nonce {
        let mut iv = [0; 12];
        iv.copy_from_slice(&self.salt[..12]);
        xor(&mut iv[2..6], &number.ssrc.to_be_bytes());
        xor(&mut iv[6..12], &number.index.to_be_bytes()[2..]);
        Nonce::assume_unique_for_key(iv)
    }
}

fn xor(into: &mut [u8], bytes: &[u8]) {
    into.iter_mut().zip(bytes).for_each(|(place, byte)| *place ^= byte);
}
