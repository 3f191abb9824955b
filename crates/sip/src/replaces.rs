//! The Replaces header: which dialog a new call takes the place of (RFC 3891).

use crate::request::Request;
use crate::scan::{self, Params};

/// A dialog named by somebody else. Tags are seen from the side that is asked: `to_tag` is its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaces {
    /// Call-ID of the dialog.
    pub call_id: String,
    /// Tag of the side that receives the header.
    pub to_tag: String,
    /// Tag of its peer.
    pub from_tag: String,
    /// Only to be replaced while it is not answered.
    pub early_only: bool,
}

impl Replaces {
    /// Reads the value of a header (RFC 3891 6.1). `None` when the Call-ID or one of the tags is missing or stands twice, or is
    /// not UTF-8.
    #[must_use]
    pub fn parse(value: impl AsRef<[u8]>) -> Option<Self> {
        let value = scan::trim(value.as_ref());
        let end = scan::find(b';', value)?;
        let (call_id, params) = value.split_at_checked(end)?;
        let params = Params(params);
        let one = |name: &str| {
            let mut all = params.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes()));
            let (_, value) = all.next()?;
            (all.next().is_none() && scan::is_token(value)).then(|| plain(value))?
        };
        let call_id = plain(scan::trim(call_id)).filter(|id| !id.is_empty() && !id.contains(char::is_whitespace))?;
        Some(Self {
            call_id,
            to_tag: one("to-tag")?,
            from_tag: one("from-tag")?,
            early_only: params.get("early-only").is_some(),
        })
    }

    /// Of an INVITE; `Err` when the header stands more than once or cannot be read: 400 (RFC 3891 3).
    ///
    /// # Errors
    /// The header is no Replaces header, or there are several.
    pub fn of(request: &Request) -> Result<Option<Self>, NotReplaces> {
        let mut values = request.headers("Replaces");
        let Some(value) = values.next() else { return Ok(None) };
        match (Self::parse(value), values.next()) {
            (Some(replaces), None) => Ok(Some(replaces)),
            _ => Err(NotReplaces),
        }
    }
}

/// A Replaces header that cannot be read, or that stands more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotReplaces;

impl std::fmt::Display for NotReplaces {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Replaces is no Call-ID with one to-tag and one from-tag, or stands more than once")
    }
}

impl std::error::Error for NotReplaces {}

fn plain(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let replaces = Replaces::parse("98732@sip.example.com ;from-tag=r33th4x0r; To-Tag=ff87ff;early-only").unwrap();
        assert_eq!(replaces.call_id, "98732@sip.example.com");
        assert_eq!((replaces.to_tag.as_str(), replaces.from_tag.as_str()), ("ff87ff", "r33th4x0r"));
        assert!(replaces.early_only);
        assert!(!Replaces::parse(b"a;to-tag=1;from-tag=2").unwrap().early_only);
    }

    #[test]
    fn refuses() {
        for bad in [
            "",
            "a",
            "a;to-tag=1",
            "a;from-tag=1",
            ";to-tag=1;from-tag=2",
            "a;to-tag=1;to-tag=2;from-tag=3",
            "a;to-tag=;from-tag=3",
            "a b;to-tag=1;from-tag=3",
            "a;to-tag=\"1\";from-tag=3",
        ] {
            assert_eq!(Replaces::parse(bad), None, "{bad}");
        }
        assert_eq!(Replaces::parse(b"\xff;to-tag=1;from-tag=2"), None);
    }
}
