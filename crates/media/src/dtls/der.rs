//! As much of DER (ITU-T X.690) as a certificate needs.

/// Tags that occur.
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const UTF8_STRING: u8 = 0x0c;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// `[0]`, explicit: the version of a certificate.
pub(super) const VERSION: u8 = 0xa0;

/// An element of these contents, of less than 64 KiB.
pub(super) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = vec![tag];
    match length {
        0..=0x7f => out.push(length as u8),
        0x80..=0xff => out.extend([0x81, length as u8]),
        _ => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out
}

/// Takes the element at the front of `bytes`: its tag and contents. `None` when it is cut off or of indefinite length.
pub(super) fn next<'a>(bytes: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, mut rest) = rest.split_first()?;
    let length = match first {
        0..=0x7f => usize::from(*first),
        0x81..=0x83 => {
            let (digits, behind) = rest.split_at_checked(usize::from(first & 0x7f))?;
            rest = behind;
            digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit))
        }
        _ => return None,
    };
    let (contents, behind) = rest.split_at_checked(length)?;
    *bytes = behind;
    Some((*tag, contents))
}

/// Takes an element that must have this tag.
pub(super) fn expect<'a>(bytes: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    next(bytes).filter(|(found, _)| *found == tag).map(|(_, contents)| contents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_any_length_come_back() {
        for length in [0, 1, 127, 128, 255, 256, 5000] {
            let contents = vec![7; length];
            let bytes = element(SEQUENCE, &[&contents]);
            let mut rest = bytes.as_slice();
            assert_eq!(expect(&mut rest, SEQUENCE), Some(contents.as_slice()));
            assert!(rest.is_empty());
            assert_eq!(next(&mut &bytes[..bytes.len() - 1]), None);
        }
        assert_eq!(next(&mut [0x30, 0x80, 0, 0].as_slice()), None);
    }
}
