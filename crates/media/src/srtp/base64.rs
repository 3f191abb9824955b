//! Base64 (RFC 4648 section 4) as `inline:` keys have it: with padding, or without where a phone forgot it.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// With padding.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let six = (bits >> (18 - 6 * place) & 0x3f) as usize;
            text.push(if place <= chunk.len() { char::from(ALPHABET[six]) } else { '=' });
        }
    }
    text
}

/// Into `bytes`; how many there were. `None` when a character is none of the alphabet's, or too many came.
pub(super) fn decode(text: &str, bytes: &mut [u8]) -> Option<usize> {
    let digits = text.trim_end_matches('=');
    if text.len() - digits.len() > 2 || digits.len() % 4 == 1 {
        return None;
    }
    let (mut bits, mut held, mut length) = (0_u32, 0, 0);
    for digit in digits.bytes() {
        let six = ALPHABET.iter().position(|known| *known == digit)?;
        bits = bits << 6 | six as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            *bytes.get_mut(length)? = (bits >> held) as u8;
            length += 1;
        }
    }
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rfcs_vectors() {
        // RFC 4648 section 10.
        for (plain, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(encode(plain.as_bytes()), text);
            for text in [text, text.trim_end_matches('=')] {
                let mut bytes = [0; 6];
                let length = decode(text, &mut bytes).unwrap();
                assert_eq!(&bytes[..length], plain.as_bytes());
            }
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in ["Z", "Zm9v=Zg", "Zm 9", "Zm9vYg===", "Zg==\u{e9}", "Zm9vYmFyYg=="] {
            assert_eq!(decode(text, &mut [0; 6]), None, "{text}");
        }
    }
}
