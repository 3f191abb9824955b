//! Transfers asked for by REFER (RFC 3515, RFC 3891, RFC 5589): whom the Refer-To means, and how the asking device is told
//! what became of it. We carry the transfer out ourselves; the other party's device never hears of the REFER.
//!
//! Only a manager's device may refer. A carrier that sends REFER for a customer would have us call any number at the
//! workspace's expense (toll fraud): refused with 603.

use crate::call::Role;
use crate::cause;
use crate::switch::{Now, Switch};
use media::LegId;
use pbx::{CallId, Cause, Fact, Party, TransferId, TransferNews, TransferTarget};
use sip::{InviteId, NamedDialog, ReferId, ReferTo, Replaces, Request};

/// Of a REFER that is not tried.
const DECLINED: u16 = 603;
/// The dialog that a Replaces names is unknown (RFC 3891 3).
const NO_SUCH_DIALOG: u16 = 481;

impl Switch {
    pub(crate) fn on_refer(&mut self, id: InviteId, refer: ReferId, request: &Request, now: Now) {
        let leg = self.invites.get(&id).copied();
        let asked = leg.and_then(|leg| Some((self.legs.get(&leg)?.call, self.party_of(leg)?)));
        let Some((call, by @ Party::Manager(_))) = asked else {
            return self.endpoint.refuse_refer(now.instant, refer, DECLINED);
        };
        let Ok(to) = ReferTo::parse(request) else { return self.endpoint.refuse_refer(now.instant, refer, 400) };
        if !to.method.eq_ignore_ascii_case("INVITE") {
            return self.endpoint.refuse_refer(now.instant, refer, DECLINED);
        }
        let target = match &to.replaces {
            Some(replaces) => self.call_named(replaces, call),
            None => self.target_named(&to.uri),
        };
        match target {
            Ok(to) => {
                let transfer = self.pbx.new_transfer_id(now.unix);
                if let Some(held) = self.calls.get_mut(&call) {
                    held.referrals.push((transfer, refer));
                }
                self.pbx.handle_fact(Fact::TransferAsked { call, by, transfer, to }, now.unix);
            }
            Err(status) => self.refuse_transfer(refer, status, now),
        }
    }

    /// The other call of an attended transfer, which the device names by its own dialog in it.
    fn call_named(&self, replaces: &Replaces, asked_in: CallId) -> Result<TransferTarget, u16> {
        let (invite, stands) = self.endpoint.find_dialog(replaces).ok_or(NO_SUCH_DIALOG)?;
        let leg = self.invites.get(&invite).and_then(|leg| self.legs.get(leg)).ok_or(NO_SUCH_DIALOG)?;
        let is_managers = matches!(leg.role, Role::Presented(..) | Role::Dialler);
        match stands {
            // A call that only rings the manager is none they could hand anybody on to.
            NamedDialog::EarlyOurs => Err(NO_SUCH_DIALOG),
            _ if is_managers && leg.call != asked_in => Ok(TransferTarget::Call(leg.call)),
            _ => Err(DECLINED),
        }
    }

    /// Whom a URI means: a phone's or browser's user part is its manager, digits are a number by the dialling habits here.
    fn target_named(&self, uri: &str) -> Result<TransferTarget, u16> {
        let user = user_of(uri).ok_or(404_u16)?;
        let owner = self.accounts.named(&user).and_then(|key| self.accounts.get(key)).map(|account| &account.owner);
        if let Some((manager, _)) = owner.and_then(crate::accounts::Owner::ring_device) {
            return Ok(TransferTarget::Manager(manager));
        }
        if pbx::E164::dialled(&user, self.country()).is_err() {
            return Err(404);
        }
        Ok(TransferTarget::Number { dialled: user.into() })
    }

    /// What the business tells of a transfer goes to the device that asked for it.
    pub(crate) fn tell_transfer(&mut self, call: CallId, transfer: TransferId, news: TransferNews, now: Now) {
        let Some(held) = self.calls.get_mut(&call) else { return };
        let Some(place) = held.referrals.iter().position(|(known, _)| *known == transfer) else { return };
        let refer = held.referrals[place].1;
        if !matches!(news, TransferNews::Accepted | TransferNews::Rang) {
            held.referrals.swap_remove(place);
        }
        match news {
            TransferNews::Accepted => self.endpoint.accept_refer(now.instant, refer),
            TransferNews::Rang => self.endpoint.refer_progress(now.instant, refer, 180),
            TransferNews::Done => self.endpoint.refer_progress(now.instant, refer, 200),
            TransferNews::Failed(cause) => {
                self.endpoint.refer_progress(now.instant, refer, cause::to_status(cause));
            }
            TransferNews::Refused(cause) => self.refuse_transfer(refer, cause::to_status(cause), now),
        }
    }

    /// What says something of the target (404, 480, 481) goes by NOTIFY, as from an INVITE that was tried: answered to the
    /// REFER it would end the very dialog that came in (RFC 5057 5.1).
    fn refuse_transfer(&mut self, refer: ReferId, status: u16, now: Now) {
        if matches!(status, DECLINED | 486 | 488) {
            return self.endpoint.refuse_refer(now.instant, refer, status);
        }
        self.endpoint.accept_refer(now.instant, refer);
        self.endpoint.refer_progress(now.instant, refer, status);
    }

    /// Notes that a leg of the call is that of the third party: whom we dialled when the customer was there already.
    pub(crate) fn name_third(&mut self, call: CallId, customer: LegId) {
        let Some(held) = self.calls.get_mut(&call) else { return };
        let Some(third) = held.customer.replace(customer).filter(|dialled| *dialled != customer) else { return };
        held.third = Some(third);
        if let Some(leg) = self.legs.get_mut(&third) {
            leg.role = Role::Third;
        }
        self.traces.set_party(call, third, crate::trace::LegParty::Third);
    }

    /// A leg of the third party is lost; before it answered that is a matter of the dialling.
    pub(crate) fn third_lost(call: CallId, dialled: bool, cause: Cause) -> Fact {
        if dialled { Fact::DialFailed { call, cause } } else { Fact::HungUp { call, party: Party::Third, cause } }
    }
}

/// The user part of a `sip:`, `sips:` or `tel:` URI, escapes undone.
fn user_of(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once(':')?;
    if scheme.eq_ignore_ascii_case("tel") {
        return rest.split(';').next().map(str::to_owned).filter(|number| !number.is_empty());
    }
    let uri = sip::Uri::parse(uri.as_bytes())?;
    uri.user().map(std::borrow::Cow::into_owned).filter(|user| !user.is_empty())
}

#[cfg(test)]
mod tests {
    use super::user_of;

    #[test]
    fn reads_whom_a_uri_means() {
        assert_eq!(user_of("sip:u10000@192.0.2.1;user=phone").as_deref(), Some("u10000"));
        assert_eq!(user_of("tel:+821011112222;phone-context=x").as_deref(), Some("+821011112222"));
        assert_eq!(user_of("sip:192.0.2.1"), None);
        assert_eq!(user_of("hello"), None);
    }
}
