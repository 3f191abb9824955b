//! Who the network says is calling, and whether it may be shown: P-Asserted-Identity, P-Preferred-Identity (RFC 3325),
//! Privacy (RFC 3323), Remote-Party-ID (an expired draft that trunks still send).
//!
//! None of these may be believed of anybody but a trusted carrier; that is for the reader to know.

use crate::header::HeaderName;
use crate::message::Message;
use crate::name_addr::NameAddr;
use crate::scan::{self, Params};
use crate::uri::Scheme;

/// Most identities looked at; RFC 3325 9.1 allows two.
const MAX_IDENTITIES: usize = 4;
/// Most values of Privacy headers looked at.
const MAX_PRIVACY_VALUES: usize = 16;

/// What a Privacy header asks for about the caller (RFC 3323 4.2, RFC 3325 9.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerPrivacy {
    /// It says nothing about the caller.
    Unsaid,
    /// `none`: the caller wants to be shown, whatever else stands.
    Shown,
    /// `id`, `user` or `header`: nothing that tells who calls may leave those who are trusted.
    Withheld,
}

impl CallerPrivacy {
    /// Of a request.
    #[must_use]
    pub fn of(message: &Message) -> Self {
        let mut found = Self::Unsaid;
        for value in privacy_values(message) {
            if ["id", "user", "header"].iter().any(|name| value.eq_ignore_ascii_case(name.as_bytes())) {
                return Self::Withheld;
            }
            if value.eq_ignore_ascii_case(b"none") {
                found = Self::Shown;
            }
        }
        found
    }
}

/// Parted by semicolons; some send commas.
pub(crate) fn privacy_values(message: &Message) -> impl Iterator<Item = &[u8]> {
    let values = message.raw().values(HeaderName::Privacy).flat_map(|line| line.split(|b| b";,".contains(b)));
    values.map(scan::trim).filter(|value| !value.is_empty()).take(MAX_PRIVACY_VALUES)
}

/// The identities of P-Asserted-Identity in their order: a SIP URI, a tel URI or both.
pub fn asserted(message: &Message) -> impl Iterator<Item = NameAddr<'_>> {
    message.list(HeaderName::PAssertedIdentity).filter_map(NameAddr::parse).take(MAX_IDENTITIES)
}

/// Which of its identities a phone would like to be asserted (P-Preferred-Identity); a wish, no proof.
pub fn preferred(message: &Message) -> impl Iterator<Item = NameAddr<'_>> {
    message.headers("P-Preferred-Identity").flat_map(scan::list).filter_map(NameAddr::parse).take(MAX_IDENTITIES)
}

/// One Remote-Party-ID about the calling party.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteParty<'a> {
    /// Who.
    pub address: NameAddr<'a>,
    /// `privacy` is given and is not `off`: the caller may not be shown.
    pub is_private: bool,
}

/// The calling party's Remote-Party-ID; those about called parties are passed over.
#[must_use]
pub fn remote_party(message: &Message) -> Option<RemoteParty<'_>> {
    let all = message.headers("Remote-Party-ID").flat_map(scan::list).take(MAX_IDENTITIES);
    all.filter_map(NameAddr::parse).find_map(|address| {
        let params = address.params();
        let is_calling = params.get("party").is_none_or(|party| party.eq_ignore_ascii_case(b"calling"));
        let is_private = params.get("privacy").is_some_and(|privacy| !privacy.eq_ignore_ascii_case(b"off"));
        is_calling.then_some(RemoteParty { address, is_private })
    })
}

/// Is this From one of somebody who does not want to be known (RFC 3323 4.1.1.3, and what trunks make of it)?
#[must_use]
pub fn is_anonymous(address: &NameAddr<'_>) -> bool {
    let is_invalid = address.uri().is_some_and(|uri| uri.host().eq_ignore_ascii_case(b"anonymous.invalid"));
    is_invalid || is_named(address, &["anonymous", "restricted", "private"])
}

/// Is this From one that the network knew nothing to write into?
#[must_use]
pub fn is_unknown(address: &NameAddr<'_>) -> bool {
    is_named(address, &["", "unknown", "unavailable"])
}

fn is_named(address: &NameAddr<'_>, names: &[&str]) -> bool {
    let user = address.user();
    names.iter().any(|name| user.eq_ignore_ascii_case(name))
}

/// The user part of a sip or tel URI without the parameters of a telephone number in it (RFC 3261 19.1.6); empty when there
/// is none. A local number whose context is a country or an area (RFC 3966 5.1.5) comes as the global one.
#[must_use]
pub fn subscriber(address: &NameAddr<'_>) -> String {
    let Some(uri) = address.uri() else { return String::new() };
    let user = uri.user().unwrap_or_default();
    // A tel URI has no header fields, yet History-Info writers put them there.
    let user = if uri.scheme() == Scheme::Tel { user.split('?').next().unwrap_or_default() } else { &user };
    let (number, in_user) = user.split_at(user.find(';').unwrap_or(user.len()));
    let context = Params(in_user.as_bytes()).get("phone-context").or(uri.params().get("phone-context"));
    let context = context.map(scan::text).filter(|context| context.starts_with('+') && !number.starts_with('+'));
    match context {
        Some(context) => format!("{context}{}", number.strip_prefix('0').unwrap_or(number)),
        None => number.to_owned(),
    }
}

/// Without the parameters that a telephone number has in a user part.
pub(crate) fn bare(user: &str) -> &str {
    user.split(';').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Request;

    fn invite(lines: &str) -> Request {
        let text = format!(
            "INVITE sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:a@h>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n{lines}\r\n\r\n"
        );
        Request::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn privacy() {
        let of = |lines: &str| CallerPrivacy::of(&invite(lines));
        assert_eq!(of("Subject: x"), CallerPrivacy::Unsaid);
        assert_eq!(of("Privacy: session"), CallerPrivacy::Unsaid);
        assert_eq!(of("Privacy: none"), CallerPrivacy::Shown);
        assert_eq!(of("Privacy: ID;critical"), CallerPrivacy::Withheld);
        assert_eq!(of("Privacy: none ; id"), CallerPrivacy::Withheld);
        assert_eq!(of("Privacy: session\r\nPrivacy: critical, user"), CallerPrivacy::Withheld);
        assert_eq!(of("Privacy: header"), CallerPrivacy::Withheld);
    }

    #[test]
    fn identities() {
        let request = invite(
            "P-Asserted-Identity: \"Kim, M\" <sip:+821012345678@c>, <tel:+821012345678>\r\nP-Preferred-Identity: <sip:x@h>",
        );
        let users: Vec<_> = asserted(&request).map(|one| one.user().into_owned()).collect();
        assert_eq!(users, ["+821012345678", "+821012345678"]);
        assert_eq!(preferred(&request).next().unwrap().user(), "x");
        assert_eq!(asserted(&invite("P-Asserted-Identity: broken")).count(), 0);
    }

    #[test]
    fn remote_parties() {
        let request = invite(
            "Remote-Party-ID: <sip:called@h>;party=called\r\nRemote-Party-ID: \"K\" <sip:0212345678@h>;party=calling;screen=yes;privacy=full",
        );
        let party = remote_party(&request).unwrap();
        assert_eq!((party.address.user().as_ref(), party.is_private), ("0212345678", true));
        let open = invite("Remote-Party-ID: <sip:0212345678@h>;privacy=off");
        assert!(!remote_party(&open).unwrap().is_private);
        assert_eq!(remote_party(&invite("Subject: x")), None);
    }

    #[test]
    fn anonymous_callers() {
        let is = |value: &str| is_anonymous(&NameAddr::parse(value.as_bytes()).unwrap());
        assert!(is("\"Anonymous\" <sip:anonymous@anonymous.invalid>"));
        assert!(is("<sip:4711@anonymous.invalid>"));
        assert!(is("<sip:Restricted@10.0.0.1>"));
        assert!(!is("<sip:+8210@c>") && !is("<tel:+821012345678>") && !is("<sip:unknown@c>"));
        let unknown = |value: &str| is_unknown(&NameAddr::parse(value.as_bytes()).unwrap());
        assert!(unknown("<sip:Unknown@10.0.0.1>") && unknown("<sip:10.0.0.1>") && !unknown("<tel:+821012345678>"));
    }

    #[test]
    fn numbers_in_addresses() {
        let of = |value: &str| subscriber(&NameAddr::parse(value.as_bytes()).unwrap());
        assert_eq!(of("<sip:+82215881588;npdi;rn=1@c;user=phone>"), "+82215881588");
        assert_eq!(of("<tel:1588-1588;phone-context=+82>"), "+821588-1588");
        assert_eq!(of("<sip:0212345678;phone-context=+82@c>"), "+82212345678");
        assert_eq!(of("<tel:+8210;phone-context=+1>"), "+8210");
        assert_eq!(of("<tel:110;phone-context=example.com>"), "110");
        assert_eq!((of("<sip:c>"), of("<sip:u%31@c>")), (String::new(), "u1".to_owned()));
    }
}
