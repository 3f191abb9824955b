//! `a=crypto` (RFC 4568 section 9.1).

use std::fmt::{self, Display, Formatter};

use super::master_key::MasterKey;
use super::suite::Suite;

/// The longest master key identifier in bytes (RFC 4568 section 6.1).
pub const MAX_MKI: usize = 128;
/// The most session parameters read of a line.
const MAX_PARAMETERS: usize = 16;

/// One line that we can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CryptoAttribute {
    /// Names the line in offer and answer: at most nine digits.
    pub tag: u32,
    /// The suite's name as written.
    pub name: &'static str,
    /// The key of the packets that the line's writer sends.
    pub key: MasterKey,
    /// The identifier its packets carry; empty for none.
    pub mki: Vec<u8>,
}

/// Why a line is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MalformedCrypto {
    /// Not the grammar of RFC 4568.
    Grammar,
    /// A suite we do not know.
    Suite,
    /// The key has not the suite's length, or is no Base64.
    Key,
    /// More than one key, a lifetime beyond the suite's, or an identifier we cannot follow.
    KeyParameters,
    /// A session parameter that we do not do.
    SessionParameter,
}

impl CryptoAttribute {
    /// Reads the value of an `a=crypto`.
    ///
    /// # Errors
    /// [`MalformedCrypto`]: the line is to be passed over (RFC 4568 section 5.1.2).
    pub fn parse(value: &str) -> Result<Self, MalformedCrypto> {
        let mut words = value.split_ascii_whitespace();
        let tag = words.next().and_then(tag).ok_or(MalformedCrypto::Grammar)?;
        let (suite, name) =
            Suite::named(words.next().ok_or(MalformedCrypto::Grammar)?).ok_or(MalformedCrypto::Suite)?;
        let (key, mki) = key_parameters(suite, words.next().ok_or(MalformedCrypto::Grammar)?)?;
        for (count, parameter) in words.enumerate() {
            if count >= MAX_PARAMETERS || !harmless(parameter) {
                return Err(MalformedCrypto::SessionParameter);
            }
        }
        Ok(Self { tag, name, key, mki })
    }

    /// Its suite.
    #[must_use]
    pub const fn suite(&self) -> Suite {
        self.key.suite()
    }
}

impl Display for CryptoAttribute {
    /// Writes a line of ours: they never have an identifier.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} inline:{}", self.tag, self.name, self.key.to_base64())
    }
}

fn tag(text: &str) -> Option<u32> {
    let digits = text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// `inline:` key and salt, then a lifetime, then `identifier:length`.
fn key_parameters(suite: Suite, text: &str) -> Result<(MasterKey, Vec<u8>), MalformedCrypto> {
    if text.contains(';') {
        return Err(MalformedCrypto::KeyParameters);
    }
    let inline = text.get(..7).filter(|method| method.eq_ignore_ascii_case("inline:"));
    let rest = inline.and_then(|_| text.get(7..)).ok_or(MalformedCrypto::Grammar)?;
    let mut parts = rest.split('|');
    let key = parts.next().and_then(|key| MasterKey::from_base64(suite, key)).ok_or(MalformedCrypto::Key)?;
    let mut identifier = Vec::new();
    for (place, part) in parts.enumerate() {
        if let Some((value, length)) = part.split_once(':') {
            identifier = mki(value, length).filter(|_| identifier.is_empty()).ok_or(MalformedCrypto::KeyParameters)?;
        } else if place > 0 || !lifetime(part) {
            return Err(MalformedCrypto::KeyParameters);
        }
    }
    Ok((key, identifier))
}

/// Packets a key may be used for, at most 2⁴⁸ (RFC 3711 section 9.2). Phones name a number and go on beyond it with the
/// same key: it is checked, and not counted down.
fn lifetime(text: &str) -> bool {
    match text.strip_prefix("2^") {
        Some(exponent) => exponent.parse::<u8>().is_ok_and(|exponent| exponent <= 48),
        None => text.parse::<u64>().is_ok_and(|packets| packets > 0 && packets <= 1 << 48),
    }
}

/// A number, big-endian in so many bytes.
fn mki(value: &str, length: &str) -> Option<Vec<u8>> {
    let length: usize = length.parse().ok().filter(|length| (1..=MAX_MKI).contains(length))?;
    let value: u64 = value.parse().ok()?;
    let bytes = value.to_be_bytes();
    let mut identifier = vec![0; length];
    let used = bytes.iter().position(|byte| *byte != 0).map_or(&bytes[7..], |first| &bytes[first..]);
    identifier.get_mut(length.checked_sub(used.len())?..)?.copy_from_slice(used);
    Some(identifier)
}

/// Parameters that change nothing for us: a window that is as large as ours, a rate of 0, and what may be passed over.
fn harmless(parameter: &str) -> bool {
    match parameter.split_once('=') {
        Some(("KDR", rate)) => rate == "0",
        Some(("WSH", window)) => window.parse::<u32>().is_ok(),
        _ => parameter.starts_with('-'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";

    fn parse(value: &str) -> Result<CryptoAttribute, MalformedCrypto> {
        CryptoAttribute::parse(value)
    }

    #[test]
    fn the_rfcs_examples_are_read() {
        // RFC 4568 section 4.1's and 10.1's, the second's identifier included.
        let crypto = parse(&format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:4")).unwrap();
        assert_eq!((crypto.tag, crypto.suite()), (1, Suite::AesCm128Sha1_80));
        assert_eq!(crypto.mki, [0, 0, 0, 1]);
        assert_eq!(crypto.to_string(), format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"));
        let crypto = parse(&format!("999999999 aes_cm_128_hmac_sha1_32 inline:{KEY}|1048576 WSH=64 -X=1")).unwrap();
        assert_eq!((crypto.tag, crypto.suite(), crypto.mki.len()), (999_999_999, Suite::AesCm128Sha1_32, 0));
        let key = base64_of(46);
        let crypto = parse(&format!("2 AES_CM_256_HMAC_SHA1_80 inline:{key}|2^48")).unwrap();
        assert_eq!(crypto.to_string(), format!("2 AES_CM_256_HMAC_SHA1_80 inline:{key}"));
        assert_eq!(parse(&format!("2 AEAD_AES_128_GCM inline:{}", base64_of(28))).unwrap().suite(), Suite::AesGcm128);
        assert_eq!(parse(&format!("2 AEAD_AES_256_GCM inline:{}", base64_of(44))).unwrap().suite(), Suite::AesGcm256);
    }

    fn base64_of(length: u8) -> String {
        super::super::base64::encode(&(0..length).collect::<Vec<_>>())
    }

    #[test]
    fn what_we_do_not_do_is_passed_over_by_name() {
        use MalformedCrypto::{Grammar, Key, KeyParameters, SessionParameter, Suite};
        let suite = "AES_CM_128_HMAC_SHA1_80";
        for (line, why) in [
            (String::new(), Grammar),
            ("1".to_owned(), Grammar),
            (format!("x {suite} inline:{KEY}"), Grammar),
            (format!("1234567890 {suite} inline:{KEY}"), Grammar),
            (format!("1 {suite} {KEY}"), Grammar),
            (format!("1 {suite} \u{c548}\u{b155}\u{d558}\u{c138}\u{c694}"), Grammar),
            (format!("1 F8_128_HMAC_SHA1_80 inline:{KEY}"), Suite),
            (format!("1 {suite} inline:{}", &KEY[1..]), Key),
            (format!("1 {suite} inline:{KEY}{KEY}{KEY}"), Key),
            (format!("1 {suite} inline:{KEY}|1:4;inline:{KEY}|2:4"), KeyParameters),
            (format!("1 {suite} inline:{KEY}|2^49"), KeyParameters),
            (format!("1 {suite} inline:{KEY}|0"), KeyParameters),
            (format!("1 {suite} inline:{KEY}|2^20|256:1"), KeyParameters),
            (format!("1 {suite} inline:{KEY}|2^20|1:129"), KeyParameters),
            (format!("1 {suite} inline:{KEY}|1:4|2^20"), KeyParameters),
            (format!("1 {suite} inline:{KEY} KDR=4"), SessionParameter),
            (format!("1 {suite} inline:{KEY} UNENCRYPTED_SRTP"), SessionParameter),
            (format!("1 {suite} inline:{KEY} UNAUTHENTICATED_SRTP"), SessionParameter),
            (format!("1 {suite} inline:{KEY} {}", "-a ".repeat(17)), SessionParameter),
        ] {
            assert_eq!(parse(&line), Err(why), "{line}");
        }
    }
}
