//! The headers that are read only when somebody asks for them: who calls, who was called first, what is watched, referred
//! to or replaced, and credentials.

use sip::digest::{Authenticator, Verdict};
use sip::{
    EventPackage, Glance, Message, NameAddr, ReferTo, Replaces, Request, Response, diversion, identity, subscription,
};
use std::time::Instant;

/// Whatever the bytes are: no panic, no more is read of a list than its bound, and nobody is let in.
pub fn run(bytes: &[u8]) {
    let _ = Glance::of(bytes);
    if let Ok(response) = Response::parse(bytes) {
        read_all(&response);
    }
    let Ok(request) = Request::parse(bytes) else { return };
    read_all(&request);
    let _ = diversion::originally_called(&request);
    let _ = Replaces::of(&request);
    if let Ok(target) = ReferTo::parse(&request) {
        let _ = format!("{target:?}");
    }
    let mut authenticator = Authenticator::new("sori", [7; 32], 60);
    let verdict = authenticator.verify(Instant::now(), &request, |_| None);
    assert!(!matches!(verdict, Verdict::Accepted { .. }), "somebody unknown is let in");
}

fn read_all(message: &Message) {
    let asserted = identity::asserted(message).inspect(read_address).count();
    let preferred = identity::preferred(message).inspect(read_address).count();
    let _ = identity::remote_party(message).map(|party| read_address(&party.address));
    let _ = identity::CallerPrivacy::of(message);
    let diversions = diversion::diversions(message).inspect(|one| {
        read_address(&one.address);
        let _ = (one.reason(), one.counter(), one.is_private());
    });
    let history = diversion::history(message).inspect(|entry| {
        read_address(&entry.address);
        let _ = (entry.escaped_header("Privacy"), entry.cause(), entry.is_private(), entry.user());
    });
    let read = [asserted, preferred, diversions.count(), history.count()];
    assert!(read.iter().all(|count| *count <= 64), "a list without a bound: {read:?}");
    if let Some(package) = EventPackage::of(message) {
        let _ = (package.name(), package.is("dialog"), package.id(), package.params());
    }
    let _ = subscription::accepts(message, "application/dialog-info+xml");
    read_address(&message.from());
    read_address(&message.to());
    let _ = (message.via().received(), message.via().rport(), message.contact_address(), message.user_agent());
    let _ = (message.expires(), message.sdp(), message.content_type());
}

fn read_address(address: &NameAddr<'_>) {
    let _ = (address.display(), address.user(), address.tag());
    let _ = (identity::is_anonymous(address), identity::is_unknown(address), identity::subscriber(address));
    if let Some(uri) = address.uri() {
        let _ = (uri.address(), uri.headers(), uri.raw_user(), uri.scheme());
        assert!(uri.matches(&uri), "an address is not like itself: {:?}", String::from_utf8_lossy(uri.as_bytes()));
    }
}
