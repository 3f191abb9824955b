//! Random secrets and their hashes.

use sha2::{Digest as _, Sha256};

/// Letters and digits that are not mistaken for one another when read aloud or copied by hand.
const READABLE: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";

fn fill(bytes: &mut [u8]) {
    // Without random numbers no secret can be made; Linux gives them from the first seconds of a boot on.
    if let Err(why) = getrandom::fill(bytes) {
        panic!("the system gives no random numbers: {why}");
    }
}

/// A token of 256 random bits, 64 hexadecimal digits.
#[must_use]
pub fn random_token() -> String {
    let mut bytes = [0u8; 32];
    fill(&mut bytes);
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// `length` readable characters, each one of 31 (almost 5 bits).
#[must_use]
pub fn random_name(length: usize) -> String {
    random_of(READABLE, length)
}

/// `length` digits.
#[must_use]
pub fn random_digits(length: usize) -> String {
    random_of(b"0123456789", length)
}

fn random_of(alphabet: &[u8], length: usize) -> String {
    let fair = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(length);
    let mut bytes = [0u8; 64];
    while text.len() < length {
        fill(&mut bytes);
        let usable = bytes.iter().filter(|b| usize::from(**b) < fair).take(length - text.len());
        text.extend(usable.map(|b| char::from(alphabet[usize::from(*b) % alphabet.len()])));
    }
    text
}

/// SHA-256, for tokens: they are random enough to need no slow hash.
#[must_use]
pub fn hash(parts: &[&[u8]]) -> Vec<u8> {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part);
    }
    sha.finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_have_their_length() {
        assert_ne!(random_token(), random_token());
        assert_eq!(random_token().len(), 64);
        assert_eq!(random_name(20).len(), 20);
        assert!(random_digits(100).bytes().all(|b| b.is_ascii_digit()));
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(hash(&[b"ab", b"c"]), hash(&[b"a", b"bc"]));
    }
}
