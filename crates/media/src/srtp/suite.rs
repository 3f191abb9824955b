//! Crypto suites: which cipher, how long keys and tags are.

/// A crypto suite of SDES.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suite {
    /// AES-128 in counter mode, HMAC-SHA1 cut to 80 bits (RFC 4568 section 6.2.1).
    AesCm128Sha1_80,
    /// AES-128 in counter mode, HMAC-SHA1 cut to 32 bits for RTP and to 80 for RTCP (RFC 4568 section 6.2.2).
    AesCm128Sha1_32,
    /// AES-256 in counter mode, HMAC-SHA1 cut to 80 bits (RFC 6188).
    AesCm256Sha1_80,
    /// AES-256 in counter mode, HMAC-SHA1 cut to 32 bits for RTP and to 80 for RTCP (RFC 6188).
    AesCm256Sha1_32,
    /// AES-128 in Galois/counter mode (RFC 7714).
    AesGcm128,
    /// AES-256 in Galois/counter mode (RFC 7714).
    AesGcm256,
}

/// Names as written in SDP. The later two are those of RFC 6188's drafts, which some phones still write.
const NAMES: [(&str, Suite); 8] = [
    ("AES_CM_128_HMAC_SHA1_80", Suite::AesCm128Sha1_80),
    ("AES_CM_128_HMAC_SHA1_32", Suite::AesCm128Sha1_32),
    ("AES_256_CM_HMAC_SHA1_80", Suite::AesCm256Sha1_80),
    ("AES_256_CM_HMAC_SHA1_32", Suite::AesCm256Sha1_32),
    ("AEAD_AES_128_GCM", Suite::AesGcm128),
    ("AEAD_AES_256_GCM", Suite::AesGcm256),
    ("AES_CM_256_HMAC_SHA1_80", Suite::AesCm256Sha1_80),
    ("AES_CM_256_HMAC_SHA1_32", Suite::AesCm256Sha1_32),
];

impl Suite {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::AesCm128Sha1_80,
        Self::AesCm128Sha1_32,
        Self::AesCm256Sha1_80,
        Self::AesCm256Sha1_32,
        Self::AesGcm128,
        Self::AesGcm256,
    ];

    /// The suite of a name, and the name as we know it (an answer repeats the offer's).
    #[must_use]
    pub fn named(name: &str) -> Option<(Self, &'static str)> {
        NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(known, suite)| (*suite, *known))
    }

    /// Its registered name.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, suite)| *suite == self).map_or("", |(name, _)| *name)
    }

    /// Bytes of the encryption key: 16 or 32.
    #[must_use]
    pub const fn key_length(self) -> usize {
        match self {
            Self::AesCm128Sha1_80 | Self::AesCm128Sha1_32 | Self::AesGcm128 => 16,
            Self::AesCm256Sha1_80 | Self::AesCm256Sha1_32 | Self::AesGcm256 => 32,
        }
    }

    /// Bytes of the salt: 14, with GCM 12.
    #[must_use]
    pub const fn salt_length(self) -> usize {
        if self.is_aead() { 12 } else { 14 }
    }

    /// Bytes of the authentication tag of an RTP packet: 4, 10 or 16.
    #[must_use]
    pub const fn rtp_tag_length(self) -> usize {
        match self {
            Self::AesCm128Sha1_80 | Self::AesCm256Sha1_80 => 10,
            Self::AesCm128Sha1_32 | Self::AesCm256Sha1_32 => 4,
            Self::AesGcm128 | Self::AesGcm256 => 16,
        }
    }

    /// Bytes of the authentication tag of an RTCP packet: 10 or 16.
    #[must_use]
    pub const fn rtcp_tag_length(self) -> usize {
        if self.is_aead() { 16 } else { 10 }
    }

    /// Whether cipher and tag are one (GCM).
    #[must_use]
    pub const fn is_aead(self) -> bool {
        matches!(self, Self::AesGcm128 | Self::AesGcm256)
    }
}
