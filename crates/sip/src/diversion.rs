//! Where a call was meant to go before it was diverted here: Diversion (RFC 5806) and History-Info (RFC 7044).

use crate::identity::{bare, subscriber};
use crate::message::Message;
use crate::name_addr::NameAddr;
use crate::request::Request;
use crate::scan::{self, Params};
use crate::uri;

/// Most entries of either header looked at; RFC 5806 7 stops at far fewer.
const MAX_ENTRIES: usize = 32;
/// Deepest index of History-Info looked at: `1.1.1`.
const MAX_DEPTH: usize = 16;

/// One Diversion entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Diversion<'a> {
    /// Whose call was diverted.
    pub address: NameAddr<'a>,
}

impl<'a> Diversion<'a> {
    /// Why: `unconditional`, `user-busy`, `no-answer` …; as written.
    #[must_use]
    pub fn reason(&self) -> Option<&'a [u8]> {
        self.address.params().get("reason")
    }
    /// How many diversions this entry stands for (RFC 5806 6.2), 1–100; one when it is not given.
    #[must_use]
    pub fn counter(&self) -> u64 {
        let given = self.address.params().get("counter").and_then(|digits| scan::number(digits, 100));
        given.unwrap_or(1).max(1)
    }
    /// May the number be shown?
    #[must_use]
    pub fn is_private(&self) -> bool {
        let privacy = self.address.params().get("privacy").map(scan::unquote);
        privacy.is_some_and(|privacy| !privacy.eq_ignore_ascii_case(b"off"))
    }
}

/// The Diversion entries, the latest diversion first.
pub fn diversions(message: &Message) -> impl Iterator<Item = Diversion<'_>> {
    let values = message.headers("Diversion").flat_map(scan::list).take(MAX_ENTRIES);
    values.filter_map(NameAddr::parse).map(|address| Diversion { address })
}

/// One History-Info entry: a target the request was sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry<'a> {
    /// The target.
    pub address: NameAddr<'a>,
    /// Its place in the tree of targets: `1.2` is `[1, 2]`.
    pub index: Vec<u16>,
}

impl<'a> HistoryEntry<'a> {
    fn parse(value: &'a [u8]) -> Option<Self> {
        let address = NameAddr::parse(value)?;
        let index = address.params().get("index")?;
        let mut numbers = index.split(|b| *b == b'.');
        let read = |digits| u16::try_from(scan::number(digits, u64::from(u16::MAX))?).ok();
        let index: Option<Vec<u16>> = numbers.by_ref().take(MAX_DEPTH).map(read).collect();
        Some(Self { address, index: index? }).filter(|_| numbers.next().is_none())
    }
    /// A header field that was escaped into the target's URI: Reason (RFC 3326), Privacy.
    #[must_use]
    pub fn escaped_header(&self, name: &str) -> Option<String> {
        let uri = self.address.raw_uri();
        let (_, headers) = scan::split_once(uri, b'?')?;
        headers.split(|b| *b == b'&').find_map(|field| {
            let (key, value) = scan::split_once(field, b'=')?;
            key.eq_ignore_ascii_case(name.as_bytes()).then(|| uri::unescape(value).into_owned())
        })
    }
    /// Why the target was left: `cause` of its Reason, or `cause` of the next target's URI (RFC 4458) as that one says it.
    #[must_use]
    pub fn cause(&self) -> Option<u16> {
        let reason = self.escaped_header("Reason");
        let from_reason = reason.as_deref().and_then(|reason| {
            let at = reason.find(';')?;
            Params(reason.as_bytes().get(at..)?).get("cause").and_then(|digits| scan::number(digits, 999))
        });
        let from_uri = || scan::number(self.address.uri()?.params().get("cause")?, 999);
        u16::try_from(from_reason.or_else(from_uri)?).ok()
    }
    /// May the target be shown (RFC 7044 10.1.2)?
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.escaped_header("Privacy")
            .is_some_and(|value| value.split([';', ',']).any(|one| one.trim().eq_ignore_ascii_case("history")))
    }
    /// The user part or telephone number of the target (see [`subscriber`]); empty when there is none.
    #[must_use]
    pub fn user(&self) -> String {
        subscriber(&self.address)
    }
}

/// The History-Info entries that can be read, in the order of the message: by RFC 7044 9 the order of their indexes.
pub fn history(message: &Message) -> impl Iterator<Item = HistoryEntry<'_>> {
    let values = message.headers("History-Info").flat_map(scan::list).take(MAX_ENTRIES);
    values.filter_map(HistoryEntry::parse)
}

/// Whom the caller called at first, where the request was diverted since and it may be told: the first target of
/// History-Info when another one followed it, else the oldest entry of Diversion, which is its last.
#[must_use]
pub fn originally_called(request: &Request) -> Option<String> {
    let dialled = request.uri().and_then(|uri| uri.user().map(|user| bare(&user).to_owned())).unwrap_or_default();
    let mut entries: Vec<HistoryEntry<'_>> = history(request).collect();
    entries.sort_by(|a, b| a.index.cmp(&b.index));
    if let Some(first) = entries.first()
        && !first.user().is_empty()
        && first.user() != dialled
    {
        return (!first.is_private()).then(|| first.user());
    }
    let oldest = diversions(request).last()?;
    let user = subscriber(&oldest.address);
    (!oldest.is_private() && !user.is_empty()).then_some(user)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invite(lines: &str) -> Request {
        let text = format!(
            "INVITE sip:07040000001@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:a@h>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n{lines}\r\n\r\n"
        );
        Request::parse(text.as_bytes()).unwrap()
    }

    fn original(lines: &str) -> Option<String> {
        originally_called(&invite(lines))
    }

    #[test]
    fn the_oldest_diversion_is_the_last_one() {
        assert_eq!(original("Subject: x"), None);
        assert_eq!(original("Diversion: <sip:0212345678@c>;reason=unconditional"), Some("0212345678".to_owned()));
        let several = "Diversion: \"B\" <tel:+82311112222>;reason=no-answer;counter=1, <sip:15881588@c;user=phone>\r\nDiversion: <sip:+82215881588;npdi@c>;reason=user-busy";
        assert_eq!(original(several), Some("+82215881588".to_owned()));
        assert_eq!(original("Diversion: <sip:0212345678@c>;privacy=full"), None);
        assert_eq!(original("Diversion: <sip:0212345678@c>;privacy=\"off\""), Some("0212345678".to_owned()));
        assert_eq!(original("Diversion: broken, <sip:1@c"), None);
        let request = invite("Diversion: <sip:1@c>;reason=user-busy;counter=7, <sip:2@c>;counter=x");
        let read: Vec<_> = diversions(&request).map(|one| (one.reason(), one.counter())).collect();
        assert_eq!(read, [(Some(&b"user-busy"[..]), 7), (None, 1)]);
    }

    #[test]
    fn the_first_target_of_the_history() {
        let diverted = "History-Info: <sip:15881588@c?Reason=SIP%3Bcause%3D302%3Btext%3D%22Moved%22>;index=1,\r\n <sip:07040000001@c;cause=302>;index=1.1;mp=1";
        assert_eq!(original(diverted), Some("15881588".to_owned()));
        let request = invite(diverted);
        let entries: Vec<_> = history(&request).collect();
        assert_eq!((entries[0].cause(), entries[1].cause()), (Some(302), Some(302)));
        assert_eq!(entries[0].escaped_header("reason").unwrap(), "SIP;cause=302;text=\"Moved\"");
        assert_eq!((&entries[1].index[..], entries[1].is_private()), (&[1, 1][..], false));
        let out_of_order = "History-Info: <sip:07040000001@c>;index=1.2\r\nHistory-Info: <tel:+82215881588?Reason=Q.850%3Bcause%3D17>;index=1";
        assert_eq!(original(out_of_order), Some("+82215881588".to_owned()));
        let plain = "History-Info: <sip:07040000001@c>;index=1, <sip:07040000001@192.0.2.1>;index=1.1;rc=1";
        assert_eq!(original(plain), None, "nobody diverted it");
        assert_eq!(original(&format!("{plain}\r\nDiversion: <sip:0312223333@c>")), Some("0312223333".to_owned()));
        let private = "History-Info: <sip:15881588@c?Privacy=history>;index=1, <sip:07040000001@c>;index=1.1";
        assert_eq!(original(private), None);
    }

    #[test]
    fn entries_that_cannot_be_read_are_passed_over() {
        let request = invite(
            "History-Info: <sip:a@c>, <sip:b@c>;index=1.x, <sip:c@c>;index=70000, <sip:d@c>;index=1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1, <sip:e@c>;index=2",
        );
        let users: Vec<_> = history(&request).map(|entry| entry.user()).collect();
        assert_eq!(users, ["e"]);
        let many = "Diversion: <sip:1@c>\r\n".repeat(100);
        assert_eq!(diversions(&invite(many.trim_end())).count(), MAX_ENTRIES);
    }
}
