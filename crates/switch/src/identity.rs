//! Who calls and whom they called at first, as a trusted carrier says it; and how our own number is withheld.

use pbx::{Caller, Country, E164};
use sip::identity::{CallerPrivacy, asserted, is_anonymous, is_unknown, preferred, remote_party, subscriber};
use sip::{Invite, NameAddr, NameAddrText, Request};

/// From of a caller who is not to be known (RFC 3323 4.1.1.3).
const ANONYMOUS: &str = "sip:anonymous@anonymous.invalid";

/// Who calls: the identity the network vouches for (RFC 3325), else From, else Remote-Party-ID. A caller who asks not to be
/// shown is anonymous although the network told us the number: managers are not among those who may see it.
pub(crate) fn caller(request: &Request, country: Country) -> Caller {
    let privacy = CallerPrivacy::of(request);
    let from = request.from();
    let party = remote_party(request);
    let is_private = match privacy {
        CallerPrivacy::Withheld => true,
        CallerPrivacy::Shown => false,
        // What the oldest trunks have instead of a Privacy header.
        CallerPrivacy::Unsaid => is_anonymous(&from) || party.is_some_and(|party| party.is_private),
    };
    if is_private {
        return Caller::Anonymous;
    }
    let said = || asserted(request).chain([from]).chain(party.map(|party| party.address));
    let number = |address: NameAddr<'_>| E164::dialled(&subscriber(&address), country).ok();
    if let Some(number) = said().find_map(number) {
        return Caller::Number(number);
    }
    let name = said().find(|address| !is_anonymous(address) && !is_unknown(address));
    name.map_or(Caller::Anonymous, |address| Caller::Name(subscriber(&address).into()))
}

/// The number that was called at first, where the call was diverted to the one it came for (R22).
pub(crate) fn diverted_from(request: &Request, country: Country, to: Option<E164>) -> Option<E164> {
    let original = sip::diversion::originally_called(request)?;
    E164::dialled(&original, country).ok().filter(|number| Some(*number) != to)
}

/// By which name a caller of ours is to be checked: From, or where that is anonymous the identity the phone would like to
/// have asserted (RFC 3325 9.2). Neither is believed without the password.
pub(crate) fn account_name(request: &Request) -> String {
    let from = request.from();
    if is_anonymous(&from)
        && let Some(identity) = preferred(request).next()
    {
        return identity.user().into_owned();
    }
    from.user().into_owned()
}

/// Does a caller of ours ask not to be shown, call by call?
pub(crate) fn asks_to_be_withheld(request: &Request) -> bool {
    CallerPrivacy::of(request) == CallerPrivacy::Withheld
}

/// Withholds who calls from whom is called: From says nothing, and the carrier, which must know, is asked by Privacy to keep
/// P-Asserted-Identity to itself (RFC 3323 4.2, RFC 3325 7).
pub(crate) fn withhold(invite: &mut Invite) {
    invite.from = NameAddrText { display: "Anonymous".to_owned(), uri: ANONYMOUS.to_owned() };
    invite.headers.retain(|(name, _)| *name != "Privacy");
    invite.headers.push(("Privacy", "id".to_owned()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invite(from: &str, lines: &str) -> Request {
        let text = format!(
            "INVITE sip:07040000001@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nFrom: {from};tag=1\r\nTo: <sip:a@h>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n{lines}\r\n\r\n"
        );
        Request::parse(text.as_bytes()).unwrap()
    }

    fn who(from: &str, lines: &str) -> Caller {
        caller(&invite(from, lines), Country::Kr)
    }

    fn number(text: &str) -> Caller {
        Caller::Number(text.parse().unwrap())
    }

    #[test]
    fn the_network_is_believed_before_from() {
        assert_eq!(who("<sip:01011112222@c>", "Subject: x"), number("+821011112222"));
        let asserted = "P-Asserted-Identity: <sip:+821033334444@c>, <tel:+821033334444>";
        assert_eq!(who("<sip:01011112222@c>", asserted), number("+821033334444"));
        assert_eq!(who("<sip:01011112222@c>", "P-Asserted-Identity: <sip:trunk7@c>"), number("+821011112222"));
        assert_eq!(
            who("<sip:c>", "P-Asserted-Identity: <tel:010-3333-4444;phone-context=+82>"),
            number("+821033334444")
        );
        assert_eq!(who("<sip:door@c>", "P-Asserted-Identity: <sip:trunk7@c>"), Caller::Name("trunk7".into()));
        assert_eq!(who("<sip:door@c>", "P-Preferred-Identity: <sip:01099998888@c>"), Caller::Name("door".into()));
        assert_eq!(who("<sip:unknown@c>", "Remote-Party-ID: <sip:0212345678@c>;party=calling"), number("+82212345678"));
        assert_eq!(who("<sip:unknown@c>", "Subject: x"), Caller::Anonymous);
    }

    #[test]
    fn who_does_not_want_to_be_shown_is_not() {
        let asserted = "P-Asserted-Identity: <tel:+821033334444>";
        for wish in ["Privacy: id", "Privacy: user;id", "Privacy: header;critical"] {
            assert_eq!(who("<sip:01011112222@c>", &format!("{asserted}\r\n{wish}")), Caller::Anonymous, "{wish}");
        }
        let anonymous = "\"Anonymous\" <sip:anonymous@anonymous.invalid>";
        assert_eq!(who(anonymous, asserted), Caller::Anonymous);
        assert_eq!(who(anonymous, &format!("{asserted}\r\nPrivacy: none")), number("+821033334444"));
        assert_eq!(who(anonymous, "Privacy: none"), Caller::Anonymous, "there is nothing to show");
        let party = "Remote-Party-ID: <sip:0212345678@c>;party=calling;privacy=full";
        assert_eq!(who("<sip:01011112222@c>", party), Caller::Anonymous);
    }

    #[test]
    fn a_phone_that_hides_its_number_says_whose_it_is() {
        let hidden = invite("<sip:anonymous@anonymous.invalid>", "P-Preferred-Identity: <sip:u1@sori>\r\nPrivacy: id");
        assert_eq!((account_name(&hidden), asks_to_be_withheld(&hidden)), ("u1".to_owned(), true));
        let plain = invite("<sip:u1@sori>", "P-Preferred-Identity: <sip:u2@sori>\r\nPrivacy: none");
        assert_eq!((account_name(&plain), asks_to_be_withheld(&plain)), ("u1".to_owned(), false));
        assert_eq!(account_name(&invite("<sip:anonymous@anonymous.invalid>", "Privacy: id")), "anonymous");
    }

    #[test]
    fn the_number_called_at_first() {
        let of = |lines: &str| {
            let request = invite("<sip:01011112222@c>", lines);
            diverted_from(&request, Country::Kr, "+827040000001".parse().ok())
        };
        assert_eq!(of("Diversion: <sip:0212345678@carrier.test>;reason=unconditional"), "+82212345678".parse().ok());
        assert_eq!(
            of("History-Info: <tel:+82215881588>;index=1, <sip:07040000001@c;cause=302>;index=1.1"),
            "+82215881588".parse().ok()
        );
        assert_eq!(of("Diversion: <sip:+827040000001@c>;reason=no-answer"), None, "the number itself");
        assert_eq!(of("Diversion: nonsense"), None);
        assert_eq!(of("Subject: x"), None);
    }
}
