//! The two hash functions, the response of a digest, and a keyed hash (RFC 7616 3.4, RFC 2104).

use md5::Md5;
use sha2::{Digest, Sha256};

/// Which hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Md5,
    Sha256,
}

impl Algorithm {
    /// By its name in a header; a missing name is MD5.
    pub(super) fn of(name: Option<&[u8]>) -> Option<Self> {
        match name {
            None => Some(Self::Md5),
            Some(name) if name.eq_ignore_ascii_case(b"MD5") => Some(Self::Md5),
            Some(name) if name.eq_ignore_ascii_case(b"SHA-256") => Some(Self::Sha256),
            Some(_) => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    /// The hash of these parts joined by colons, in lower-case hexadecimal.
    pub(super) fn hex(self, parts: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::Md5 => to_hex(&md5(parts)),
            Self::Sha256 => to_hex(&sha256(parts)),
        }
    }
}

/// MD5 of the parts joined by colons.
pub(super) fn md5(parts: &[&[u8]]) -> [u8; 16] {
    joined::<Md5>(parts).into()
}

/// SHA-256 of the parts joined by colons.
pub(super) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    joined::<Sha256>(parts).into()
}

fn joined<D: Digest>(parts: &[&[u8]]) -> sha2::digest::Output<D> {
    let mut hash = D::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            hash.update(b":");
        }
        hash.update(part);
    }
    hash.finalize()
}

/// Lower-case hexadecimal.
pub(super) fn to_hex(bytes: &[u8]) -> Vec<u8> {
    let digit = |value: u8| b"0123456789abcdef"[usize::from(value & 15)];
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// What `qop=auth` adds to the hash: nonce count and client nonce, as written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted<'a> {
    pub(super) nc: &'a [u8],
    pub(super) cnonce: &'a [u8],
}

/// The `response` value (RFC 7616 3.4.1), `ha1` in hexadecimal; without `counted` the legacy form of RFC 2069.
pub(super) fn response(
    algorithm: Algorithm,
    ha1: &[u8],
    nonce: &[u8],
    counted: Option<Counted<'_>>,
    method: &[u8],
    uri: &[u8],
) -> Vec<u8> {
    let ha2 = algorithm.hex(&[method, uri]);
    match counted {
        Some(counted) => algorithm.hex(&[ha1, nonce, counted.nc, counted.cnonce, b"auth", &ha2]),
        None => algorithm.hex(&[ha1, nonce, &ha2]),
    }
}

/// HMAC-SHA-256 (RFC 2104) with a key of 32 bytes.
pub(super) fn hmac(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let mut inner = [0x36_u8; 64];
    let mut outer = [0x5c_u8; 64];
    for (index, byte) in key.iter().enumerate() {
        inner[index] ^= byte;
        outer[index] ^= byte;
    }
    let hash: [u8; 32] = Sha256::new().chain_update(inner).chain_update(message).finalize().into();
    Sha256::new().chain_update(outer).chain_update(hash).finalize().into()
}

/// Equal, in a time that does not tell where they differ.
pub(super) fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0_u8, |sum, (a, b)| sum | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &[u8] = b"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
    const CNONCE: &[u8] = b"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

    fn example(algorithm: Algorithm) -> Vec<u8> {
        let ha1 = algorithm.hex(&[b"Mufasa", b"http-auth@example.org", b"Circle of Life"]);
        let counted = Counted { nc: b"00000001", cnonce: CNONCE };
        response(algorithm, &ha1, NONCE, Some(counted), b"GET", b"/dir/index.html")
    }

    #[test]
    fn rfc_7616_3_9_1() {
        assert_eq!(example(Algorithm::Md5), b"8ca523f5e9506fed4657c9700eebdbec");
        assert_eq!(example(Algorithm::Sha256), b"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
    }

    #[test]
    fn rfc_2069_form() {
        // RFC 2617 3.5 values computed without qop.
        let ha1 = Algorithm::Md5.hex(&[b"Mufasa", b"testrealm@host.com", b"Circle Of Life"]);
        assert_eq!(ha1, b"939e7578ed9e3c518a452acee763bce9");
        let nonce = b"dcd98b7102dd2f0e8b11d0f600bfb0c093";
        assert_eq!(
            response(Algorithm::Md5, &ha1, nonce, None, b"GET", b"/dir/index.html"),
            b"670fd8c2df070c60b045671b8b24ff02"
        );
    }

    #[test]
    fn hmac_of_one_block_key() {
        // RFC 4231 test case 2 with its key padded by zeros, which HMAC does anyway.
        let mut key = [0_u8; 32];
        key[..4].copy_from_slice(b"Jefe");
        assert_eq!(
            to_hex(&hmac(&key, b"what do ya want for nothing?")),
            b"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
