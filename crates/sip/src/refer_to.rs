//! The Refer-To header: whom the receiver of a REFER shall call (RFC 3515 2.1, RFC 3891 for the Replaces inside).

use crate::header::HeaderName;
use crate::name_addr::NameAddr;
use crate::replaces::Replaces;
use crate::request::Request;
use crate::scan;
use crate::uri::{Uri, unescape_bytes};

/// Most header fields read out of the URI of a Refer-To.
const MAX_URI_HEADERS: usize = 16;

/// Whom to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferTo {
    /// The URI without its header fields: `sip:7004@192.0.2.1`, `tel:+82…`.
    pub uri: String,
    /// What to send there: `INVITE` when the URI says nothing else.
    pub method: String,
    /// The dialog the call takes the place of (attended transfer).
    pub replaces: Option<Replaces>,
}

/// What is wrong with a Refer-To; the REFER is answered 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferToProblem {
    /// There is none.
    Missing,
    /// There are several (RFC 3515 2.4.1).
    Several,
    /// It is no address, or its URI is none of ours.
    Broken,
    /// The Replaces inside cannot be read.
    Replaces,
}

impl std::fmt::Display for ReferToProblem {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Missing => "Refer-To is missing",
            Self::Several => "Refer-To stands more than once",
            Self::Broken => "Refer-To is no address",
            Self::Replaces => "Replaces in Refer-To cannot be read",
        })
    }
}

impl std::error::Error for ReferToProblem {}

impl ReferTo {
    /// Of a REFER.
    ///
    /// # Errors
    /// What makes it a bad request (400).
    pub fn parse(request: &Request) -> Result<Self, ReferToProblem> {
        let mut values = request.list(HeaderName::ReferTo);
        let value = values.next().ok_or(ReferToProblem::Missing)?;
        if values.next().is_some() {
            return Err(ReferToProblem::Several);
        }
        // A URI with header fields must stand in <>, but old phones forget it.
        let named = NameAddr::parse(value).and_then(|address| address.uri());
        let uri = named.or_else(|| Uri::parse(value)).ok_or(ReferToProblem::Broken)?;
        let method = uri.params().get("method").map_or("INVITE".to_owned(), scan::text);
        Ok(Self { uri: without_headers(&uri), method, replaces: replaces_of(&uri)? })
    }
}

fn without_headers(uri: &Uri<'_>) -> String {
    let raw = uri.as_bytes();
    let cut = match uri.headers().len() {
        0 => raw.len(),
        length => raw.len().saturating_sub(length + 1),
    };
    scan::text(raw.get(..cut).unwrap_or(raw)).trim_end_matches('?').to_owned()
}

/// The Replaces among the header fields of the URI, escapes undone (RFC 3891 6.1, RFC 3261 19.1.1).
fn replaces_of(uri: &Uri<'_>) -> Result<Option<Replaces>, ReferToProblem> {
    let fields = uri.headers().split(|byte| *byte == b'&').take(MAX_URI_HEADERS);
    let mut found = None;
    for (name, value) in fields.filter_map(|field| scan::split_once(field, b'=')) {
        if !unescape_bytes(name).eq_ignore_ascii_case(b"Replaces") {
            continue;
        }
        let replaces = Replaces::parse(unescape_bytes(value)).ok_or(ReferToProblem::Replaces)?;
        if found.replace(replaces).is_some() {
            return Err(ReferToProblem::Replaces);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(lines: &str) -> Result<ReferTo, ReferToProblem> {
        let text = format!(
            "REFER sip:a@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKr\r\nFrom: <sip:b@h>;tag=1\r\n\
             To: <sip:a@h>;tag=2\r\nCall-ID: c\r\nCSeq: 2 REFER\r\n{lines}\r\n"
        );
        ReferTo::parse(&Request::parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn blind_and_attended() {
        let blind = parse("Refer-To: <sip:7004@192.0.2.1;user=phone>\r\n").unwrap();
        assert_eq!(blind.uri, "sip:7004@192.0.2.1;user=phone");
        assert_eq!((blind.method.as_str(), blind.replaces), ("INVITE", None));
        let attended = parse(
            "r: \"C\" <sip:c@h:5070?Require=replaces&Replaces=090459243588173445%40h%3Bto-tag%3D7m%3bfrom-tag%3D31%3B>\r\n",
        )
        .unwrap();
        assert_eq!(attended.uri, "sip:c@h:5070");
        let replaces = attended.replaces.unwrap();
        assert_eq!(replaces.call_id, "090459243588173445@h");
        assert_eq!((replaces.to_tag.as_str(), replaces.from_tag.as_str()), ("7m", "31"));
        let bare = parse("Refer-To: sip:c@h?Replaces=x%40h;to-tag=1;from-tag=2\r\n").unwrap();
        assert_eq!((bare.uri.as_str(), bare.replaces.unwrap().from_tag.as_str()), ("sip:c@h", "2"));
        assert_eq!(parse("Refer-To: <sip:c@h;method=BYE>\r\n").unwrap().method, "BYE");
        assert_eq!(parse("Refer-To: tel:+827012345678\r\n").unwrap().uri, "tel:+827012345678");
    }

    #[test]
    fn refuses() {
        assert_eq!(parse(""), Err(ReferToProblem::Missing));
        assert_eq!(parse("Refer-To: <sip:a@h>\r\nRefer-To: <sip:b@h>\r\n"), Err(ReferToProblem::Several));
        assert_eq!(parse("Refer-To: <sip:a@h>, <sip:b@h>\r\n"), Err(ReferToProblem::Several));
        assert_eq!(parse("Refer-To: nonsense\r\n"), Err(ReferToProblem::Broken));
        assert_eq!(parse("Refer-To: <sip:a@h?Replaces=x>\r\n"), Err(ReferToProblem::Replaces));
        let twice =
            "Refer-To: <sip:a@h?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2&replaces=y%3Bto-tag%3D1%3Bfrom-tag%3D2>\r\n";
        assert_eq!(parse(twice), Err(ReferToProblem::Replaces));
    }
}
