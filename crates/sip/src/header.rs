//! Names of header fields, their compact forms (RFC 3261 7.3.3, 20).

macro_rules! headers {
    ($($variant:ident $text:literal,)*) => {
        /// A header field this crate reads or writes; all others are [`HeaderName::Other`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum HeaderName {
            $(#[doc = $text] $variant,)*
            /// Any other.
            Other,
        }

        impl HeaderName {
            /// As it is written in a message; empty for [`HeaderName::Other`].
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other => "",
                }
            }
        }

        #[cfg(test)]
        const ALL: &[HeaderName] = &[$(HeaderName::$variant,)*];
    };
}

headers! {
    Accept "Accept",
    Allow "Allow",
    Authorization "Authorization",
    CallId "Call-ID",
    Contact "Contact",
    ContentEncoding "Content-Encoding",
    ContentLength "Content-Length",
    ContentType "Content-Type",
    CSeq "CSeq",
    Event "Event",
    Expires "Expires",
    From "From",
    MaxForwards "Max-Forwards",
    MinExpires "Min-Expires",
    MinSe "Min-SE",
    PAssertedIdentity "P-Asserted-Identity",
    Path "Path",
    Privacy "Privacy",
    ProxyAuthenticate "Proxy-Authenticate",
    ProxyAuthorization "Proxy-Authorization",
    ProxyRequire "Proxy-Require",
    Reason "Reason",
    RecordRoute "Record-Route",
    ReferTo "Refer-To",
    Require "Require",
    RetryAfter "Retry-After",
    Route "Route",
    Server "Server",
    SessionExpires "Session-Expires",
    Subject "Subject",
    Supported "Supported",
    To "To",
    Unsupported "Unsupported",
    UserAgent "User-Agent",
    Via "Via",
    Warning "Warning",
    WwwAuthenticate "WWW-Authenticate",
}

use HeaderName as H;

impl HeaderName {
    /// Which header this name means, compact forms included; case does not matter.
    #[must_use]
    pub fn of(name: &[u8]) -> Self {
        let Some(first) = name.first().map(u8::to_ascii_lowercase) else {
            return H::Other;
        };
        if name.len() == 1 {
            return compact(first);
        }
        candidates(first)
            .iter()
            .copied()
            .find(|header| header.as_str().as_bytes().eq_ignore_ascii_case(name))
            .unwrap_or(H::Other)
    }

    /// May the header stand only once in a message (RFC 3261 7.3.1, 8.1.1)?
    pub(crate) fn is_single(self) -> bool {
        matches!(self, H::From | H::To | H::CallId | H::CSeq | H::MaxForwards | H::ContentLength)
    }
}

/// The one-letter forms in the registry of SIP parameters.
fn compact(letter: u8) -> HeaderName {
    match letter {
        b'c' => H::ContentType,
        b'e' => H::ContentEncoding,
        b'f' => H::From,
        b'i' => H::CallId,
        b'k' => H::Supported,
        b'l' => H::ContentLength,
        b'm' => H::Contact,
        b'o' => H::Event,
        b'r' => H::ReferTo,
        b's' => H::Subject,
        b't' => H::To,
        b'v' => H::Via,
        b'x' => H::SessionExpires,
        _ => H::Other,
    }
}

/// The headers that begin with a letter: few, so that a name is found with few comparisons.
fn candidates(letter: u8) -> &'static [HeaderName] {
    match letter {
        b'a' => &[H::Allow, H::Accept, H::Authorization],
        b'c' => &[H::CSeq, H::CallId, H::Contact, H::ContentLength, H::ContentType, H::ContentEncoding],
        b'e' => &[H::Expires, H::Event],
        b'f' => &[H::From],
        b'm' => &[H::MaxForwards, H::MinExpires, H::MinSe],
        b'p' => {
            &[H::Path, H::Privacy, H::ProxyAuthorization, H::ProxyAuthenticate, H::ProxyRequire, H::PAssertedIdentity]
        }
        b'r' => &[H::Route, H::RecordRoute, H::Require, H::Reason, H::RetryAfter, H::ReferTo],
        b's' => &[H::Supported, H::Server, H::Subject, H::SessionExpires],
        b't' => &[H::To],
        b'u' => &[H::UserAgent, H::Unsupported],
        b'v' => &[H::Via],
        b'w' => &[H::WwwAuthenticate, H::Warning],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_case() {
        for header in ALL {
            let name = header.as_str();
            assert_eq!(HeaderName::of(name.as_bytes()), *header, "{name}");
            assert_eq!(HeaderName::of(name.to_uppercase().as_bytes()), *header);
            assert_eq!(HeaderName::of(name.to_lowercase().as_bytes()), *header);
        }
    }

    #[test]
    fn compact_and_unknown() {
        assert_eq!(HeaderName::of(b"V"), H::Via);
        assert_eq!(HeaderName::of(b"l"), H::ContentLength);
        assert_eq!(HeaderName::of(b"z"), H::Other);
        assert_eq!(HeaderName::of(b"X-Anything"), H::Other);
        assert_eq!(HeaderName::of(b""), H::Other);
    }
}
