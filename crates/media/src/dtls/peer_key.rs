//! The public key of the far end's certificate, and what it signed.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_2048_8192_SHA384, UnparsedPublicKey, VerificationAlgorithm,
};

use super::certificate::{EC_PUBLIC_KEY, SECP256R1};
use super::der::{self, BIT_STRING, INTEGER, OBJECT_IDENTIFIER, SEQUENCE, VERSION};

/// rsaEncryption (RFC 3279 section 2.3.1).
const RSA_ENCRYPTION: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// secp384r1 (RFC 5480 section 2.1.1.1).
const SECP384R1: [u8; 5] = [0x2b, 0x81, 0x04, 0x00, 0x22];

/// Signature algorithms that we check, the best first: hash and signature of RFC 5246 section 7.4.1.4.1.
pub(super) const SIGNATURES: [u16; 5] = [0x0403, 0x0401, 0x0503, 0x0501, 0x0601];
/// What our own certificate signs with: ECDSA and SHA-256.
pub(super) const OUR_SIGNATURE: u16 = 0x0403;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    P256,
    P384,
    Rsa,
}

/// A public key.
#[derive(Clone, Debug)]
pub(super) struct PeerKey {
    kind: Kind,
    key: Vec<u8>,
}

impl PeerKey {
    /// The key in a certificate (DER; RFC 5280 section 4.1). `None` for a certificate that cannot be read, and for a key that
    /// is neither RSA nor on P-256 or P-384.
    pub fn of_certificate(der: &[u8]) -> Option<Self> {
        let mut certificate = der::expect(&mut &*der, SEQUENCE)?;
        let mut fields = der::expect(&mut certificate, SEQUENCE)?;
        let (mut tag, _) = der::next(&mut fields)?;
        if tag == VERSION {
            (tag, _) = der::next(&mut fields)?;
        }
        // The serial number; then signature, issuer, validity and subject.
        if tag != INTEGER {
            return None;
        }
        for _ in 0..4 {
            der::expect(&mut fields, SEQUENCE)?;
        }
        let mut info = der::expect(&mut fields, SEQUENCE)?;
        let mut algorithm = der::expect(&mut info, SEQUENCE)?;
        let key = der::expect(&mut info, BIT_STRING)?.strip_prefix(&[0])?.to_vec();
        let kind = match der::expect(&mut algorithm, OBJECT_IDENTIFIER)? {
            oid if oid == RSA_ENCRYPTION => Kind::Rsa,
            oid if oid == EC_PUBLIC_KEY => match der::expect(&mut algorithm, OBJECT_IDENTIFIER)? {
                curve if curve == SECP256R1 => Kind::P256,
                curve if curve == SECP384R1 => Kind::P384,
                _ => return None,
            },
            _ => return None,
        };
        Some(Self { kind, key })
    }

    /// Whether it is an RSA key.
    pub fn is_rsa(&self) -> bool {
        self.kind == Kind::Rsa
    }

    /// Whether `signature` is its over `message`. Short RSA keys are taken: the fingerprint says whose it is.
    pub fn verify(&self, algorithm: u16, message: &[u8], signature: &[u8]) -> bool {
        let algorithm: &'static dyn VerificationAlgorithm = match (self.kind, algorithm) {
            (Kind::P256, 0x0403) => &ECDSA_P256_SHA256_ASN1,
            (Kind::P256, 0x0503) => &ECDSA_P256_SHA384_ASN1,
            (Kind::P384, 0x0403) => &ECDSA_P384_SHA256_ASN1,
            (Kind::P384, 0x0503) => &ECDSA_P384_SHA384_ASN1,
            (Kind::Rsa, 0x0401) => &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            (Kind::Rsa, 0x0501) => &RSA_PKCS1_2048_8192_SHA384,
            (Kind::Rsa, 0x0601) => &RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
            _ => return false,
        };
        UnparsedPublicKey::new(algorithm, &self.key).verify(message, signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Certificates, and signatures over "a handshake", that OpenSSL made.
    const SIGNED: [(&[u8], u16, &[u8]); 5] = [
        (include_bytes!("certificates/rsa.der"), 0x0401, include_bytes!("certificates/rsa.sha256")),
        (include_bytes!("certificates/rsa.der"), 0x0501, include_bytes!("certificates/rsa.sha384")),
        (include_bytes!("certificates/rsa.der"), 0x0601, include_bytes!("certificates/rsa.sha512")),
        (include_bytes!("certificates/p384.der"), 0x0403, include_bytes!("certificates/p384.sha256")),
        (include_bytes!("certificates/p384.der"), 0x0503, include_bytes!("certificates/p384.sha384")),
    ];

    #[test]
    fn signatures_of_phones_are_checked() {
        for (certificate, algorithm, signature) in SIGNED {
            let key = PeerKey::of_certificate(certificate).unwrap();
            assert_eq!(key.is_rsa(), algorithm & 0xff == 1);
            assert!(key.verify(algorithm, b"a handshake", signature), "{algorithm:#06x}");
            assert!(!key.verify(algorithm, b"another one", signature), "{algorithm:#06x}");
            let others = SIGNATURES.into_iter().filter(|other| *other != algorithm);
            assert_eq!(others.filter(|other| key.verify(*other, b"a handshake", signature)).count(), 0);
        }
    }

    #[test]
    fn what_is_no_certificate_and_other_keys_are_none() {
        assert!(PeerKey::of_certificate(include_bytes!("certificates/ed25519.der")).is_none());
        let whole: &[u8] = include_bytes!("certificates/rsa.der");
        for length in 0..whole.len() {
            assert!(PeerKey::of_certificate(&whole[..length]).is_none(), "{length} bytes");
        }
    }
}
