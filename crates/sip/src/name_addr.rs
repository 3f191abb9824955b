//! From, To, Contact, Route and their kind: a display name, a URI and parameters (RFC 3261 20.10, 25.1).

use std::borrow::Cow;

use crate::scan::{self, Params};
use crate::uri::Uri;

/// One value of such a header, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameAddr<'a> {
    display: &'a [u8],
    uri: &'a [u8],
    params: &'a [u8],
}

impl<'a> NameAddr<'a> {
    /// Takes one value apart (not a list: see the iterators of the message). `None` when a quote or `<` stays open,
    /// when something follows `>` that is no parameter, when the URI is empty or holds white space,
    /// or when a bare URI has `?` or `,` (RFC 3261 20).
    #[must_use]
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let value = scan::trim(value);
        let start = match value.first()? {
            b'"' => {
                let end = scan::quoted_len(value)?;
                let rest = value.get(end..)?;
                let gap = rest.len() - scan::trim_start(rest).len();
                rest.get(gap).filter(|b| **b == b'<')?;
                end + gap
            }
            _ => match scan::find(b'<', value) {
                Some(at) => at,
                None => return Self::parse_bare(value),
            },
        };
        let (display, rest) = value.split_at_checked(start)?;
        let rest = rest.get(1..)?;
        let end = scan::find(b'>', rest)?;
        let (uri, params) = (rest.get(..end)?, scan::trim_start(rest.get(end + 1..)?));
        if !is_uri(uri) || !(params.is_empty() || params.starts_with(b";")) {
            return None;
        }
        Some(Self { display: scan::trim(display), uri, params })
    }

    /// Without `<>` the parameters are the header's, not the URI's.
    fn parse_bare(value: &'a [u8]) -> Option<Self> {
        let end = scan::find(b';', value).unwrap_or(value.len());
        let (uri, params) = value.split_at_checked(end)?;
        let uri = scan::trim(uri);
        if !is_uri(uri) || uri.iter().any(|b| b"?,".contains(b)) {
            return None;
        }
        Some(Self { display: &[], uri, params })
    }

    pub(crate) fn from_parts(display: &'a [u8], uri: &'a [u8], params: &'a [u8]) -> Self {
        Self { display, uri, params }
    }
    /// Display name as written: quotes and escapes untouched, any bytes; empty when there is none.
    #[must_use]
    pub fn raw_display(&self) -> &'a [u8] {
        self.display
    }
    /// Display name without quotes and escapes, any bytes.
    #[must_use]
    pub fn display_bytes(&self) -> Cow<'a, [u8]> {
        scan::unquote(self.display)
    }
    /// Display name as text; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn display(&self) -> String {
        scan::text(&self.display_bytes())
    }
    /// The URI as written.
    #[must_use]
    pub fn raw_uri(&self) -> &'a [u8] {
        self.uri
    }
    /// The URI taken apart; `None` when it is none of ours to understand.
    #[must_use]
    pub fn uri(&self) -> Option<Uri<'a>> {
        Uri::parse(self.uri)
    }
    /// User part of the URI, escapes undone; empty when there is none.
    #[must_use]
    pub fn user(&self) -> Cow<'a, str> {
        self.uri().and_then(|uri| uri.user()).unwrap_or_default()
    }
    /// Parameters of the header (not of the URI).
    #[must_use]
    pub fn params(&self) -> Params<'a> {
        Params(self.params)
    }
    /// The `tag` parameter.
    #[must_use]
    pub fn tag(&self) -> Option<&'a [u8]> {
        self.params().get("tag").filter(|tag| !tag.is_empty())
    }
}

fn is_uri(uri: &[u8]) -> bool {
    !uri.is_empty() && scan::find(b':', uri).is_some() && !scan::breaks_uri(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let quoted = NameAddr::parse(br#""J \"R\" <x>" <sip:j@h;a=1>;tag=9 "#).unwrap();
        assert_eq!(quoted.display(), r#"J "R" <x>"#);
        assert_eq!(quoted.raw_uri(), b"sip:j@h;a=1");
        assert_eq!(quoted.tag(), Some(&b"9"[..]));
        let bare = NameAddr::parse(b"sip:j@h;tag=9").unwrap();
        assert_eq!((bare.raw_uri(), bare.tag(), bare.user()), (&b"sip:j@h"[..], Some(&b"9"[..]), "j".into()));
        let plain = NameAddr::parse(b"Bob  <tel:+82>").unwrap();
        assert_eq!((plain.display(), plain.tag()), ("Bob".to_owned(), None));
    }

    #[test]
    fn other_than_utf8_passes() {
        let name = NameAddr::parse(b"\"\xb1\xe8\" <sip:a@h>").unwrap();
        assert_eq!(&*name.display_bytes(), b"\xb1\xe8");
    }

    #[test]
    fn refuses() {
        for bad in [
            &b"\"open <sip:a@h>"[..],
            b"<sip:a@h",
            b"<sip:a@h> x",
            b"<sip:a@h >",
            b"sip:a@h?x=y",
            b"\"x\" sip:a@h",
            b"",
            b"<>",
        ] {
            assert_eq!(NameAddr::parse(bad), None, "{}", String::from_utf8_lossy(bad));
        }
    }
}
