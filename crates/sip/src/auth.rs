//! Credentials and challenges: `Digest name=value, name="value"` (RFC 3261 25.1, RFC 7616 3).

use std::borrow::Cow;

use crate::scan;

/// A scheme and its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Auth<'a> {
    scheme: &'a [u8],
    params: &'a [u8],
}

impl<'a> Auth<'a> {
    /// Takes a header value apart; `None` without a scheme.
    #[must_use]
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let value = scan::trim(value);
        let end = value.iter().position(|b| scan::is_space(*b)).unwrap_or(value.len());
        let (scheme, params) = value.split_at_checked(end)?;
        scan::is_token(scheme).then_some(Self { scheme, params })
    }

    /// Is it of scheme Digest?
    #[must_use]
    pub fn is_digest(&self) -> bool {
        self.scheme.eq_ignore_ascii_case(b"Digest")
    }

    /// Value of a parameter, without quotes and escapes.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Cow<'a, [u8]>> {
        self.raw(name).map(scan::unquote)
    }

    /// The same as text; `None` when it is not UTF-8.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        String::from_utf8(self.get(name)?.into_owned()).ok()
    }

    fn raw(&self, name: &str) -> Option<&'a [u8]> {
        let mut rest = self.params;
        loop {
            let end = scan::find_outside(rest, b",", false).unwrap_or(rest.len());
            if let Some((key, value)) = scan::split_once(rest.get(..end)?, b'=')
                && scan::trim(key).eq_ignore_ascii_case(name.as_bytes())
            {
                return Some(scan::trim(value));
            }
            rest = rest.get(end + 1..)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters() {
        let auth = Auth::parse(br#"dIGEST  realm="a, \"b\"" ,nonce = xyz,qop="auth,auth-int""#).unwrap();
        assert!(auth.is_digest());
        assert_eq!(auth.text("realm").unwrap(), "a, \"b\"");
        assert_eq!(auth.text("NONCE").unwrap(), "xyz");
        assert_eq!(auth.text("qop").unwrap(), "auth,auth-int");
        assert_eq!(auth.get("opaque"), None);
        assert_eq!(Auth::parse(b""), None);
        assert!(!Auth::parse(b"Basic abc=").unwrap().is_digest());
    }
}
