//! Whose call an INVITE is, and which number it is for.

use super::Trunk;
use crate::settings::{CarrierAccount, CarrierTrust, MediaProtection};
use crate::switch::Switch;
use pbx::{CarrierId, Country, E164};
use sip::{Flow, NameAddr, Request, Transport};

/// What a customer's INVITE asks for.
pub(crate) struct Called {
    /// Whose dialling habits the number follows.
    pub(crate) country: Country,
    /// The number as it was dialled.
    pub(crate) dialled: String,
    /// Its carrier's calls must be protected.
    pub(crate) must_protect: bool,
}

impl Switch {
    /// The carrier an INVITE comes from: the one that was told the Contact in its request URI; else one whose addresses
    /// hold the sender's; else one that registers at the sender's address.
    pub(crate) fn carrier_of(&self, request: &Request, flow: Flow) -> Option<&CarrierAccount> {
        // A browser's address is that of whoever stands before the HTTP port.
        if matches!(flow.transport, Transport::Ws | Transport::Wss) {
            return None;
        }
        let by_contact = self.trunk_of_contact(request);
        let carrier = by_contact.or_else(|| self.carrier_at(flow)).or_else(|| self.registrar_at(flow))?;
        self.trunks.trunks.get(&carrier).map(|trunk| &trunk.account)
    }

    fn trunk_of_contact(&self, request: &Request) -> Option<CarrierId> {
        if self.trunks.by_contact.is_empty() {
            return None;
        }
        let uri = request.uri()?;
        self.trunks.by_contact.get(uri.user()?.as_ref()).copied()
    }

    fn carrier_at(&self, flow: Flow) -> Option<CarrierId> {
        let address = flow.remote.ip().to_canonical();
        let holds = |account: &CarrierAccount| match &account.trust {
            CarrierTrust::Loopback => address.is_loopback(),
            CarrierTrust::Addresses(prefixes) => prefixes.iter().any(|prefix| prefix.contains(address)),
        };
        self.settings.carriers.iter().find(|account| holds(account)).map(|account| account.id)
    }

    fn registrar_at(&self, flow: Flow) -> Option<CarrierId> {
        let address = flow.remote.ip().to_canonical();
        let is_there = |trunk: &Trunk| {
            trunk.registering.is_some() && trunk.targets.iter().any(|s| s.target.address.ip() == address)
        };
        self.trunks.trunks.iter().find(|(_, trunk)| is_there(trunk)).map(|(id, _)| *id)
    }

    /// What a carrier's INVITE is for: of request URI, P-Called-Party-ID (RFC 7315 4.2) and To the first that is a number
    /// the carrier delivers or the workspace has. A registering trunk is often called at its Contact, and the number then
    /// stands in one of the others; where it stands nowhere and the trunk delivers a single number, it is that one.
    fn called_at_carrier(&self, request: &Request, account: &CarrierAccount) -> String {
        let in_uri = request.uri().and_then(|uri| uri.user().map(std::borrow::Cow::into_owned)).unwrap_or_default();
        let is_ours = |text: &str| {
            E164::dialled(text, account.country).is_ok_and(|number| {
                account.delivers(number) || self.settings.business.number_by_e164.contains_key(&number)
            })
        };
        if is_ours(&in_uri) {
            return in_uri;
        }
        let party =
            request.header("P-Called-Party-ID").and_then(NameAddr::parse).map(|party| party.user().into_owned());
        let to = request.to().user().into_owned();
        let is_contact = account.registration.as_ref().is_some_and(|r| r.contact_user == in_uri);
        match (party.filter(|party| is_ours(party)), is_ours(&to), is_contact) {
            (Some(party), ..) => party,
            (None, true, _) => to,
            (None, false, false) => in_uri,
            (None, false, true) => account.only_number().map_or(to, |number| number.to_string()),
        }
    }

    /// What an INVITE asks for, where it is a carrier's.
    pub(crate) fn carrier_call(&self, request: &Request, flow: Flow) -> Option<Called> {
        let account = self.carrier_of(request, flow)?;
        Some(Called {
            country: account.country,
            dialled: self.called_at_carrier(request, account),
            must_protect: account.protection == MediaProtection::Required,
        })
    }
}
