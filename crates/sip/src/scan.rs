//! Reading bytes: separators, trimming, numbers, parameters and lists (RFC 3261 25.1).

/// First place of `byte` in `bytes`; eight bytes are looked at in one step.
pub(crate) fn find(byte: u8, bytes: &[u8]) -> Option<usize> {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let pattern = LOW.wrapping_mul(u64::from(byte));
    let (chunks, rest) = bytes.as_chunks::<8>();
    for (index, chunk) in chunks.iter().enumerate() {
        let word = u64::from_le_bytes(*chunk) ^ pattern;
        let hit = word.wrapping_sub(LOW) & !word & HIGH;
        if hit != 0 {
            return Some(index * 8 + hit.trailing_zeros() as usize / 8);
        }
    }
    let base = bytes.len() - rest.len();
    rest.iter().position(|b| *b == byte).map(|at| base + at)
}

/// Space or tab; folds were turned into spaces before.
pub(crate) fn is_space(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// Without spaces and tabs at both ends.
pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    trim_end(trim_start(bytes))
}

/// Without spaces and tabs in front.
pub(crate) fn trim_start(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes
        && is_space(*first)
    {
        bytes = rest;
    }
    bytes
}

fn trim_end(mut bytes: &[u8]) -> &[u8] {
    while let [rest @ .., last] = bytes
        && is_space(*last)
    {
        bytes = rest;
    }
    bytes
}

/// Which bytes a `token` of RFC 3261 25.1 may have; a table, for every header name is checked.
const TOKEN: [bool; 256] = table(b"-.!%*_+`'~", true);
/// Which bytes end a URI: white space, control bytes, angles, quotes.
const NO_URI: [bool; 256] = table(b"<>\"\x7f", false);

/// These bytes, and letters and digits, or else all up to the space.
const fn table(bytes: &[u8], is_token: bool) -> [bool; 256] {
    let mut table = [false; 256];
    let mut at = 0;
    while at < 128 {
        let byte = at as u8;
        table[at] = if is_token { byte.is_ascii_alphanumeric() } else { byte <= b' ' };
        at += 1;
    }
    let mut at = 0;
    while at < bytes.len() {
        table[bytes[at] as usize] = true;
        at += 1;
    }
    table
}

/// Is it a `token` of RFC 3261 25.1?
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| TOKEN[usize::from(*byte)])
}

/// Has it a byte that no URI has?
pub(crate) fn breaks_uri(bytes: &[u8]) -> bool {
    bytes.iter().any(|byte| NO_URI[usize::from(*byte)])
}

/// A decimal number without sign; `None` when it is empty, has another byte or is above `max`.
pub(crate) fn number(bytes: &[u8], max: u64) -> Option<u64> {
    if bytes.is_empty() {
        return None;
    }
    let mut value: u64 = 0;
    for byte in bytes {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
        if value > max {
            return None;
        }
    }
    Some(value)
}

/// Splits at the first `byte`.
pub(crate) fn split_once(bytes: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let at = find(byte, bytes)?;
    Some((bytes.get(..at)?, bytes.get(at + 1..)?))
}

/// Length of the quoted string at the start of `bytes`, quotes included; `None` when it never ends.
pub(crate) fn quoted_len(bytes: &[u8]) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in bytes.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// First place of one of `stops` outside quoted strings and, where `angles`, outside `<…>`.
pub(crate) fn find_outside(bytes: &[u8], stops: &[u8], angles: bool) -> Option<usize> {
    if let (false, [stop]) = (angles, stops) {
        // Most values have no quotes at all.
        let found = find(*stop, bytes);
        if find(b'"', bytes.get(..found.unwrap_or(bytes.len()))?).is_none() {
            return found;
        }
    }
    let mut at = 0;
    let mut inside = false;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' if !inside => {
                at += quoted_len(bytes.get(at..)?)?;
                continue;
            }
            b'<' if angles => inside = true,
            b'>' if angles => inside = false,
            b if !inside && stops.contains(b) => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// The parts of a comma-separated header value; commas in quotes and in `<…>` do not part.
pub(crate) struct List<'a> {
    rest: Option<&'a [u8]>,
}

/// Splits a header value that may hold several values (RFC 3261 7.3.1).
pub(crate) fn list(value: &[u8]) -> List<'_> {
    List { rest: Some(value) }
}

impl<'a> Iterator for List<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest.take()?;
        match find_outside(rest, b",", true) {
            Some(at) => {
                self.rest = rest.get(at + 1..);
                Some(trim(rest.get(..at).unwrap_or_default()))
            }
            None => Some(trim(rest)),
        }
    }
}

/// The parameters `;name=value` of a header or URI.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Params<'a>(pub(crate) &'a [u8]);

impl<'a> Params<'a> {
    /// Value of the parameter `name` (case does not matter); `Some(b"")` when it has none.
    /// A quoted value comes with its quotes.
    #[must_use]
    pub fn get(self, name: &str) -> Option<&'a [u8]> {
        self.iter().find(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// All of them, in their order: name and value.
    pub fn iter(self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            loop {
                rest = trim_start(rest);
                let after = rest.strip_prefix(b";")?;
                let end = find_outside(after, b";", false).unwrap_or(after.len());
                let item = trim(after.get(..end)?);
                rest = after.get(end..)?;
                if item.is_empty() {
                    continue;
                }
                return Some(match split_once(item, b'=') {
                    Some((name, value)) => (trim(name), trim(value)),
                    None => (item, &[][..]),
                });
            }
        })
    }

    /// As written, with the first semicolon.
    #[must_use]
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }
}

/// A quoted string without its quotes and escapes; other text as it is.
pub(crate) fn unquote(bytes: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    let Some(inner) = bytes.strip_prefix(b"\"").and_then(|b| b.strip_suffix(b"\"")) else {
        return bytes.into();
    };
    if find(b'\\', inner).is_none() {
        return inner.into();
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut escaped = false;
    for byte in inner {
        if *byte == b'\\' && !escaped {
            escaped = true;
        } else {
            escaped = false;
            out.push(*byte);
        }
    }
    out.into()
}

/// As text; bytes that are not UTF-8 are replaced (only for screens and logs, never on the wire).
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_at_every_place() {
        for length in 0..40usize {
            for at in 0..length {
                let mut bytes = vec![b'a'; length];
                bytes[at] = b'\n';
                assert_eq!(find(b'\n', &bytes), Some(at));
            }
            assert_eq!(find(b'\n', &vec![0x8a; length]), None);
        }
    }

    #[test]
    fn list_keeps_quotes_and_angles_whole() {
        let parts: Vec<_> = list(br#""a, b" <sip:x,y@h>;q=1 , sip:z@h"#).collect();
        assert_eq!(parts, [&br#""a, b" <sip:x,y@h>;q=1"#[..], b"sip:z@h"]);
    }

    #[test]
    fn params_with_spaces_and_quotes() {
        let params = Params(br#" ; tag = 1 ;lr; x="a;b" ;;"#);
        assert_eq!(params.get("TAG"), Some(&b"1"[..]));
        assert_eq!(params.get("lr"), Some(&b""[..]));
        assert_eq!(params.get("x"), Some(&b"\"a;b\""[..]));
        assert_eq!(params.get("y"), None);
        assert_eq!(params.iter().count(), 3);
    }

    #[test]
    fn numbers_have_bounds() {
        assert_eq!(number(b"0255", 255), Some(255));
        assert_eq!(number(b"256", 255), None);
        assert_eq!(number(b"-1", 255), None);
        assert_eq!(number(b"", 255), None);
        assert_eq!(number(b"36893488147419103232", u64::MAX), None);
    }

    #[test]
    fn unquotes() {
        assert_eq!(&*unquote(br#""a\"b\\""#), br#"a"b\"#);
        assert_eq!(&*unquote(b"plain"), b"plain");
    }
}
