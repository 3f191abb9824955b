//! CSeq: number and method (RFC 3261 20.16).

use crate::scan;

/// Largest sequence number (RFC 3261 8.1.1.5: less than 2^31).
pub const MAX_CSEQ: u32 = 0x7fff_ffff;

/// Number and method; `None` when the number is no decimal below 2^31 or the method no token.
#[must_use]
pub fn parse(value: &[u8]) -> Option<(u32, &[u8])> {
    let end = value.iter().position(|b| scan::is_space(*b))?;
    let (number, method) = value.split_at_checked(end)?;
    let number = scan::number(number, u64::from(MAX_CSEQ))?;
    let method = scan::trim(method);
    scan::is_token(method).then_some((u32::try_from(number).ok()?, method))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn bounds() {
        assert_eq!(parse(b"0009     INVITE"), Some((9, &b"INVITE"[..])));
        assert_eq!(parse(b"2147483647 X"), Some((2_147_483_647, &b"X"[..])));
        for bad in [&b"2147483648 X"[..], b"-1 X", b"1", b"1 ", b"X 1", b"1 A B"] {
            assert_eq!(parse(bad), None);
        }
    }
}
