//! ClientHello, ServerHello and HelloVerifyRequest (RFC 6347 section 4.2.1, RFC 5246 section 7.4.1), and what their
//! extensions say: SRTP profiles (RFC 5764), extended master secret (RFC 7627), secure renegotiation (RFC 5746).

use super::message::{Reader, numbers, vector8, vector16};
use super::peer_key::SIGNATURES;
use super::record::VERSION;
use crate::srtp::Suite;

/// TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 (RFC 5289).
pub(super) const ECDHE_ECDSA: u16 = 0xc02b;
/// TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 (RFC 5289).
pub(super) const ECDHE_RSA: u16 = 0xc02f;
/// TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 section 3.3).
const RENEGOTIATION_SCSV: u16 = 0x00ff;
/// secp256r1 (RFC 8422 section 5.1.1).
pub(super) const SECP256R1: u16 = 23;

/// Numbers of extensions.
mod extension {
    pub const SUPPORTED_GROUPS: u16 = 10;
    pub const POINT_FORMATS: u16 = 11;
    pub const SIGNATURE_ALGORITHMS: u16 = 13;
    pub const USE_SRTP: u16 = 14;
    pub const EXTENDED_MASTER_SECRET: u16 = 23;
    pub const RENEGOTIATION_INFO: u16 = 0xff01;
}

/// SRTP profiles (RFC 5764 section 4.1.2, RFC 7714 section 14.2), as we like them: what everybody has comes first.
const PROFILES: [(u16, Suite); 4] = [
    (0x0001, Suite::AesCm128Sha1_80),
    (0x0007, Suite::AesGcm128),
    (0x0008, Suite::AesGcm256),
    (0x0002, Suite::AesCm128Sha1_32),
];

/// What a ClientHello asks for, as far as it matters.
#[derive(Debug, Default)]
pub(super) struct ClientHello {
    pub random: [u8; 32],
    pub cookie: Vec<u8>,
    /// The suite that our certificate can serve is among theirs, and so are its curve and signature.
    pub is_usable: bool,
    /// The best SRTP profile of both.
    pub profile: Option<Suite>,
    pub extended_master_secret: bool,
    pub secure_renegotiation: bool,
}

/// What a ServerHello chose.
#[derive(Debug, Default)]
pub(super) struct ServerHello {
    pub random: [u8; 32],
    pub suite: u16,
    pub profile: Option<Suite>,
    pub extended_master_secret: bool,
}

/// Extensions with their contents. None at all is fine too (RFC 5246 section 7.4.1.4).
fn extensions<'a>(mut reader: Reader<'a>) -> Option<Vec<(u16, &'a [u8])>> {
    /// Extensions of a hello at most.
    const MAX: usize = 64;
    let mut found = Vec::new();
    if reader.is_empty() {
        return Some(found);
    }
    let mut list = Reader(reader.vector16()?);
    while !list.is_empty() && found.len() < MAX {
        found.push((list.u16()?, list.vector16()?));
    }
    Some(found)
}

fn extension(number: u16, contents: &[u8]) -> Vec<u8> {
    [number.to_be_bytes().as_slice(), &vector16(contents)].concat()
}

fn bytes_of(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

impl ClientHello {
    /// Reads one; `None` when it is malformed or of an older version than ours.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let mut reader = Reader(body);
        // Later versions have lower numbers.
        if reader.u16()? > VERSION {
            return None;
        }
        let random = reader.array()?;
        let _session = reader.vector8()?;
        let cookie = reader.vector8()?.to_vec();
        let suites = reader.vector16()?;
        let compressions = reader.vector8()?;
        let mut hello = Self { random, cookie, ..Self::default() };
        // Who says nothing of groups takes any (RFC 8422 section 4); of signatures it would mean SHA-1.
        let (mut has_group, mut has_signature) = (true, false);
        for (number, contents) in extensions(reader)? {
            let mut contents = Reader(contents);
            match number {
                extension::SUPPORTED_GROUPS => {
                    has_group = numbers(contents.vector16()?).any(|group| group == SECP256R1);
                }
                extension::SIGNATURE_ALGORITHMS => {
                    let ours = super::peer_key::OUR_SIGNATURE;
                    has_signature = numbers(contents.vector16()?).any(|algorithm| algorithm == ours);
                }
                extension::USE_SRTP => {
                    let theirs = contents.vector16()?;
                    let best = PROFILES.iter().find(|(number, _)| numbers(theirs).any(|theirs| theirs == *number));
                    hello.profile = best.map(|(_, suite)| *suite);
                }
                extension::EXTENDED_MASTER_SECRET => hello.extended_master_secret = true,
                extension::RENEGOTIATION_INFO => hello.secure_renegotiation = true,
                _ => {}
            }
        }
        let has_suite = numbers(suites).any(|suite| suite == ECDHE_ECDSA);
        hello.secure_renegotiation |= numbers(suites).any(|suite| suite == RENEGOTIATION_SCSV);
        hello.is_usable = has_suite && has_group && has_signature && compressions.contains(&0);
        Some(hello)
    }

    /// Ours.
    pub fn ours(random: &[u8; 32], cookie: &[u8]) -> Vec<u8> {
        let profiles: Vec<u16> = PROFILES.iter().map(|(number, _)| *number).collect();
        // No MKI (RFC 5764 section 4.1.3).
        let srtp = [vector16(&bytes_of(&profiles)), vec![0]].concat();
        let extensions = [
            extension(extension::SUPPORTED_GROUPS, &vector16(&bytes_of(&[SECP256R1]))),
            extension(extension::POINT_FORMATS, &vector8(&[0])),
            extension(extension::SIGNATURE_ALGORITHMS, &vector16(&bytes_of(&SIGNATURES))),
            extension(extension::USE_SRTP, &srtp),
            extension(extension::EXTENDED_MASTER_SECRET, &[]),
            extension(extension::RENEGOTIATION_INFO, &vector8(&[])),
        ]
        .concat();
        [
            VERSION.to_be_bytes().as_slice(),
            random,
            &vector8(&[]),
            &vector8(cookie),
            &vector16(&bytes_of(&[ECDHE_ECDSA, ECDHE_RSA])),
            &vector8(&[0]),
            &vector16(&extensions),
        ]
        .concat()
    }
}

impl ServerHello {
    /// Reads one; `None` when it is malformed, or not of our version.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let mut reader = Reader(body);
        if reader.u16()? != VERSION {
            return None;
        }
        let random = reader.array()?;
        let _session = reader.vector8()?;
        let suite = reader.u16()?;
        let compression = reader.u8()?;
        let mut hello = Self { random, suite, ..Self::default() };
        for (number, contents) in extensions(reader)? {
            let mut contents = Reader(contents);
            match number {
                extension::USE_SRTP => {
                    let chosen = contents.vector16()?;
                    let chosen = numbers(chosen).next().filter(|_| chosen.len() == 2);
                    // We offered no MKI, so none may be chosen (RFC 5764 section 4.1.3).
                    let known = PROFILES.iter().find(|(number, _)| Some(*number) == chosen);
                    hello.profile = known.map(|(_, suite)| *suite).filter(|_| contents.vector8() == Some(&[]));
                }
                extension::EXTENDED_MASTER_SECRET => hello.extended_master_secret = true,
                _ => {}
            }
        }
        (compression == 0).then_some(hello)
    }

    /// Ours to a hello that is usable.
    pub fn ours(random: &[u8; 32], client: &ClientHello) -> Vec<u8> {
        let profile = PROFILES.iter().find(|(_, suite)| Some(*suite) == client.profile);
        let mut extensions = extension(extension::POINT_FORMATS, &vector8(&[0]));
        if let Some((number, _)) = profile {
            let srtp = [vector16(&number.to_be_bytes()), vec![0]].concat();
            extensions.extend(extension(extension::USE_SRTP, &srtp));
        }
        if client.extended_master_secret {
            extensions.extend(extension(extension::EXTENDED_MASTER_SECRET, &[]));
        }
        if client.secure_renegotiation {
            extensions.extend(extension(extension::RENEGOTIATION_INFO, &vector8(&[])));
        }
        [
            VERSION.to_be_bytes().as_slice(),
            random,
            &vector8(&[]),
            &ECDHE_ECDSA.to_be_bytes(),
            &[0],
            &vector16(&extensions),
        ]
        .concat()
    }
}

/// The body of a HelloVerifyRequest. Its version says nothing (RFC 6347 section 4.2.1); DTLS 1.0's is what old stacks expect.
pub(super) fn verify_request(cookie: &[u8]) -> Vec<u8> {
    [[0xfe, 0xff].as_slice(), &vector8(cookie)].concat()
}

/// The cookie of a HelloVerifyRequest.
pub(super) fn requested_cookie(body: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader(body);
    reader.u16()?;
    reader.vector8().map(<[u8]>::to_vec)
}
