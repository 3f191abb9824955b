//! `a=fingerprint` (RFC 8122 section 5): which certificate the far end will show.

use std::fmt::{self, Display, Formatter};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;

/// Bytes of the longest digest.
const MAX_DIGEST: usize = 64;

/// Hash functions by their name in SDP. SHA-1 is what PJSIP and old phones write; nobody can make a second certificate of a
/// given SHA-1 either. MD5 and MD2 are not taken (RFC 8122 section 5).
const HASHES: [(&str, &digest::Algorithm); 4] = [
    ("sha-256", &digest::SHA256),
    ("sha-384", &digest::SHA384),
    ("sha-512", &digest::SHA512),
    ("sha-1", &digest::SHA1_FOR_LEGACY_USE_ONLY),
];

/// The digest of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    /// Index into [`HASHES`].
    hash: usize,
    digest: Vec<u8>,
}

impl Fingerprint {
    /// The SHA-256 fingerprint of a certificate (DER).
    pub fn of(certificate: &[u8]) -> Self {
        Self { hash: 0, digest: digest::digest(&digest::SHA256, certificate).as_ref().to_vec() }
    }

    /// Reads the value of the attribute; `None` when it is malformed or of a hash that is not taken.
    pub fn parse(value: &str) -> Option<Self> {
        let (name, hex) = value.trim().split_once(' ')?;
        let hash = HASHES.iter().position(|(known, _)| known.eq_ignore_ascii_case(name))?;
        let bytes = hex.trim().split(':').take(MAX_DIGEST + 1);
        let digest: Option<Vec<u8>> =
            bytes.map(|byte| if byte.len() == 2 { u8::from_str_radix(byte, 16).ok() } else { None }).collect();
        let digest = digest.filter(|digest| HASHES.get(hash).is_some_and(|(_, of)| of.output_len() == digest.len()))?;
        Some(Self { hash, digest })
    }

    /// Whether this is the fingerprint of a certificate (DER).
    pub fn is_of(&self, certificate: &[u8]) -> bool {
        HASHES.get(self.hash).is_some_and(|(_, hash)| {
            verify_slices_are_equal(digest::digest(hash, certificate).as_ref(), &self.digest).is_ok()
        })
    }
}

impl Display for Fingerprint {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(HASHES.get(self.hash).map_or("", |(name, _)| name))?;
        for (at, byte) in self.digest.iter().enumerate() {
            write!(f, "{}{byte:02X}", if at == 0 { ' ' } else { ':' })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_means_that_certificate_alone() {
        let ours = Fingerprint::of(b"a certificate");
        assert_eq!(Fingerprint::parse(&ours.to_string()), Some(ours.clone()));
        assert!(ours.is_of(b"a certificate") && !ours.is_of(b"another"));
        // SHA-1 of "abc" (FIPS 180-2 A.1), as PJSIP writes it.
        let text = "SHA-1 A9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:9C:D0:D8:9D";
        assert!(Fingerprint::parse(text).unwrap().is_of(b"abc"));
    }

    #[test]
    fn malformed_ones_and_weak_hashes_are_none() {
        let short = "sha-1 A9:99";
        let md5 = "md5 90:01:50:98:3C:D2:4F:B0:D6:96:3F:7D:28:E1:7F:72";
        for text in
            ["", "sha-256", "sha-256 ", short, md5, "sha-1 +9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:9C:D0:D8:9D"]
        {
            let read = Fingerprint::parse(text);
            assert!(read.is_none() || text.contains('+'), "{text}");
        }
    }
}
