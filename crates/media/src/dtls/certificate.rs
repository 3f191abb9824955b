//! Our own certificate: ECDSA on P-256, signed by itself. One for each engine and its lifetime.

use std::fmt::{self, Debug, Formatter};

use aws_lc_rs::agreement;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};

use super::der::{BIT_STRING, INTEGER, OBJECT_IDENTIFIER, SEQUENCE, SET, UTC_TIME, UTF8_STRING, VERSION, element};
use super::fingerprint::Fingerprint;
use crate::srtp::KeySource;

/// ecdsa-with-SHA256 (RFC 5758 section 3.2).
const ECDSA_WITH_SHA256: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// id-ecPublicKey (RFC 5480 section 2.1.1).
pub(super) const EC_PUBLIC_KEY: [u8; 7] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// secp256r1 (RFC 5480 section 2.1.1.1).
pub(super) const SECP256R1: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// id-at-commonName (RFC 5280 appendix A.1).
const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
/// Nobody looks at the dates of a certificate that is known by its fingerprint; within 32 bits for old phones all the same.
const NOT_BEFORE: &[u8] = b"000101000000Z";
/// See [`NOT_BEFORE`].
const NOT_AFTER: &[u8] = b"371231235959Z";
/// Draws of a private key until one is below the order of the curve; each fails once in 2³².
const MAX_DRAWS: usize = 4;

/// A certificate with its private key.
pub(crate) struct Certificate {
    der: Vec<u8>,
    key: EcdsaKeyPair,
    fingerprint: Fingerprint,
}

impl Certificate {
    /// Makes one. The same source gives the same key. `None` when the cryptographic library fails.
    pub fn new(source: &mut KeySource) -> Option<Self> {
        let private = draw_p256(source)?;
        let public = agreement::PrivateKey::from_private_key(&agreement::ECDH_P256, &private).ok()?;
        let public = public.compute_public_key().ok()?;
        let signing = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let key = EcdsaKeyPair::from_private_key_and_public_key(signing, &private, public.as_ref()).ok()?;
        let mut serial = source.bytes::<8>();
        serial[0] = serial[0] & 0x3f | 0x40;
        let signed = to_be_signed(&serial, key.public_key().as_ref());
        let signature = key.sign(&SystemRandom::new(), &signed).ok()?;
        let der = element(SEQUENCE, &[&signed, &algorithm(), &bits(signature.as_ref())]);
        let fingerprint = Fingerprint::of(&der);
        Some(Self { der, key, fingerprint })
    }

    /// DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// For the SDP.
    pub const fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// An ECDSA signature with SHA-256, as DER.
    pub fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.key.sign(&SystemRandom::new(), message).ok().map(|signature| signature.as_ref().to_vec())
    }
}

impl Debug for Certificate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

/// A private key of P-256.
pub(super) fn draw_p256(source: &mut KeySource) -> Option<[u8; 32]> {
    (0..MAX_DRAWS)
        .map(|_| source.bytes())
        .find(|bytes| agreement::PrivateKey::from_private_key(&agreement::ECDH_P256, bytes).is_ok())
}

fn algorithm() -> Vec<u8> {
    element(SEQUENCE, &[&element(OBJECT_IDENTIFIER, &[&ECDSA_WITH_SHA256])])
}

/// A BIT STRING of whole bytes.
fn bits(bytes: &[u8]) -> Vec<u8> {
    element(BIT_STRING, &[&[0], bytes])
}

/// The TBSCertificate of RFC 5280 section 4.1, without extensions.
fn to_be_signed(serial: &[u8], public_key: &[u8]) -> Vec<u8> {
    let common_name = [element(OBJECT_IDENTIFIER, &[&COMMON_NAME]), element(UTF8_STRING, &[b"sori"])].concat();
    let name = element(SEQUENCE, &[&element(SET, &[&element(SEQUENCE, &[&common_name])])]);
    let curve = [element(OBJECT_IDENTIFIER, &[&EC_PUBLIC_KEY]), element(OBJECT_IDENTIFIER, &[&SECP256R1])].concat();
    element(
        SEQUENCE,
        &[
            &element(VERSION, &[&element(INTEGER, &[&[2]])]),
            &element(INTEGER, &[serial]),
            &algorithm(),
            &name,
            &element(SEQUENCE, &[&element(UTC_TIME, &[NOT_BEFORE]), &element(UTC_TIME, &[NOT_AFTER])]),
            &name,
            &element(SEQUENCE, &[&element(SEQUENCE, &[&curve]), &bits(public_key)]),
        ],
    )
}
