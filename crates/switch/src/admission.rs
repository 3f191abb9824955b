//! Who is calling: a new INVITE becomes a customer's call, a manager's call, a challenge or a refusal.

use crate::accounts::Owner;
use crate::call::{Call, Leg, LegState, Progress, Role};
use crate::hops::Hops;
use crate::identity;
use crate::protection::protects;
use crate::switch::{Now, Switch};
use crate::trace::LegParty;
use crate::trunks::Called;
use media::{LegId, Profile, RefusedSdp};
use pbx::settings::{RingDevice, Routing};
use pbx::{CallId, Caller, Country, E164, Fact, ManagerId};
use sip::{Flow, InviteId, Reply, Request};

impl Switch {
    pub(crate) fn on_invite(&mut self, id: InviteId, request: &Request, flow: Flow, now: Now) {
        let user = identity::account_name(request);
        match self.carrier_call(request, flow) {
            Some(called) if self.accounts.named(&user).is_none() => {
                let from = identity::caller(request, called.country);
                self.customer_called(id, request, flow, from, called, now);
            }
            _ => match self.authenticate(request, flow, &user, now) {
                Ok(key) => self.account_called(id, request, flow, key, now),
                // A refusal that is repeated until its ACK would make of one datagram under a false address eleven.
                Err(reply) => self.endpoint.challenge_invite(id, request, flow, &reply),
            },
        }
    }

    pub(crate) fn account_called(&mut self, id: InviteId, request: &Request, flow: Flow, key: u64, now: Now) {
        let Some(owner) = self.accounts.get(key).map(|account| account.owner.clone()) else {
            return self.endpoint.reject(now.instant, id, Reply::new(403));
        };
        match owner {
            Owner::Phone { manager, .. } => self.manager_called(id, request, flow, manager, RingDevice::DeskPhone, now),
            Owner::Browser { manager, device } => self.manager_called(id, request, flow, manager, device, now),
            Owner::Customer { number } => {
                let country = self.country();
                let from = E164::dialled(&number, country).map_or_else(|_| Caller::Name(number.into()), Caller::Number);
                let called = Called { country, dialled: dialled_user(request), must_protect: false };
                self.customer_called(id, request, flow, from, called, now);
            }
        }
    }

    pub(crate) fn country(&self) -> Country {
        self.settings.country.unwrap_or(Country::Kr)
    }

    fn customer_called(
        &mut self,
        id: InviteId,
        request: &Request,
        flow: Flow,
        from: Caller,
        Called { country, dialled, must_protect }: Called,
        now: Now,
    ) {
        let to = E164::dialled(&dialled, country).ok();
        let hops = match self.hops_of_customer(request, &from, to) {
            Ok(hops) => hops,
            Err(reply) => return self.endpoint.reject(now.instant, id, reply),
        };
        let call = self.pbx.new_call_id(now.unix);
        let leg = self.add_leg(call, id, request, flow, (Role::Customer, LegParty::Customer));
        let mut held = Call::new(self.listens_for_keys(to, now));
        held.customer = Some(leg);
        held.hops = hops;
        held.legs.push(leg);
        self.calls.insert(call, Box::new(held));
        let diverted_from = identity::diverted_from(request, country, to);
        let fact = Fact::CallArrived { call, from, to, dialled: dialled.into(), diverted_from };
        self.pbx.handle_fact(fact, now.unix);
        if must_protect {
            self.protect_arrived(leg, now);
        }
    }

    /// The manager whose phone or browser has this user part.
    fn colleague_named(&self, user: &str) -> Option<ManagerId> {
        let key = self.accounts.named(user)?;
        self.accounts.get(key)?.owner.ring_device().map(|(manager, _)| manager)
    }

    /// Only where a workflow may ask for keys is the audio listened to for them: it costs.
    fn listens_for_keys(&self, to: Option<E164>, now: Now) -> bool {
        let business = &self.settings.business;
        let number = to.and_then(|to| business.number_by_e164.get(&to)).and_then(|id| business.numbers.get(id));
        let Some(number) = number else { return false };
        let hours = number.hours_id.and_then(|id| business.hours.get(&id));
        let has_workflow = match number.routing {
            Routing::Workflow(_) => true,
            Routing::None => !business.workflows.is_empty(),
            Routing::Manager(_) | Routing::Team(_) | Routing::Echo => false,
        };
        has_workflow && hours.is_none_or(|hours| hours.is_open(now.unix))
    }

    fn manager_called(
        &mut self,
        id: InviteId,
        request: &Request,
        flow: Flow,
        manager: ManagerId,
        device: RingDevice,
        now: Now,
    ) {
        if self.picked_up(id, request, flow, (manager, device), now) {
            return;
        }
        let colleague = self.colleague_named(&dialled_user(request));
        let hops = match Hops::of_manager(request) {
            Ok(hops) => hops,
            Err(reply) => return self.endpoint.reject(now.instant, id, reply),
        };
        let dialled = dialled_user(request).into();
        let from_number = request.header_str("X-Sori-From-Number").and_then(|text| text.trim().parse().ok());
        let call = self.pbx.new_call_id(now.unix);
        let leg = self.add_leg(call, id, request, flow, (Role::Dialler, LegParty::Manager(manager, device)));
        let mut held = Call::new(false);
        held.dialler = Some(leg);
        held.hops = hops;
        held.withheld = identity::asks_to_be_withheld(request);
        held.legs.push(leg);
        self.calls.insert(call, Box::new(held));
        // ICE may not take long once an offer is answered, and a browser hears of our answer with the 200 only: its
        // offer waits until then. A phone's is answered now, so that it hears the ringback.
        if self.legs.get(&leg).is_some_and(|made| made.profile != Profile::WebRtc) {
            self.open_arrived(leg);
        }
        if let Some(colleague) = colleague {
            return self.pbx.handle_fact(Fact::ManagerCalled { call, manager, device, colleague }, now.unix);
        }
        self.pbx.handle_fact(Fact::ManagerDialled { call, manager, device, dialled, from_number }, now.unix);
    }

    pub(crate) fn add_leg(
        &mut self,
        call: CallId,
        id: InviteId,
        request: &Request,
        flow: Flow,
        (role, party): (Role, LegParty),
    ) -> LegId {
        let offer = request.sdp().map(std::sync::Arc::from);
        let profile = profile_of(flow, offer.as_deref());
        let leg = self.new_leg_id();
        let mut made =
            Leg::new(call, role, profile, LegState::Arrived { local: None, accept: false, progress: Progress::None });
        made.invite = Some(id);
        made.offer = offer;
        made.remote = Some(flow.remote.ip());
        self.legs.insert(leg, Box::new(made));
        self.invites.insert(id, leg);
        self.traces.add_leg(call, leg, party, flow, self.clock);
        self.traces.name_leg(call, leg, request.call_id());
        leg
    }

    pub(crate) fn new_leg_id(&mut self) -> LegId {
        self.next_leg += 1;
        LegId(self.next_leg)
    }

    /// The carrier's calls must be protected: plain media is refused, and where we are to offer it is SRTP.
    fn protect_arrived(&mut self, id: LegId, now: Now) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        leg.must_protect = true;
        match &leg.offer {
            None => leg.profile = Profile::Srtp,
            Some(offer) if protects(offer) => {}
            Some(_) => self.on_sdp_refused(id, RefusedSdp::NotAcceptable, now),
        }
    }

    /// Has the media engine answer the offer that came with the INVITE (or make one, where none came).
    pub(crate) fn open_arrived(&mut self, id: LegId) {
        let Some(leg) = self.legs.get_mut(&id).filter(|leg| !leg.media_open) else { return };
        leg.media_open = true;
        let (call, profile, remote, offer) = (leg.call, leg.profile, leg.remote, leg.offer.take());
        if offer.is_none() {
            leg.renegotiation = Some(crate::call::Renegotiation::OurOffer);
        }
        let like = self.talks_to(call, id);
        self.open_media(call, id, (profile, remote), offer, like);
        if self.calls.get(&call).is_some_and(|held| held.listens_for_keys) {
            self.media(call, media::Command::ListenKeys { leg: id, on: true });
        }
    }
}

/// The user part of the request URI: what was dialled.
fn dialled_user(request: &Request) -> String {
    request.uri().and_then(|uri| uri.user().map(std::borrow::Cow::into_owned)).unwrap_or_default()
}

/// Browsers speak ICE and DTLS-SRTP, and say so by ICE's credentials (RFC 8839) and a fingerprint (RFC 8122). A fingerprint
/// alone is a phone's.
fn profile_of(flow: Flow, offer: Option<&[u8]>) -> Profile {
    let has = |sdp: &[u8], line: &[u8]| sdp.windows(line.len()).any(|w| w == line);
    match offer {
        Some(sdp) if has(sdp, b"a=fingerprint:") && has(sdp, b"a=ice-ufrag:") => Profile::WebRtc,
        Some(_) => Profile::Rtp,
        None if matches!(flow.transport, sip::Transport::Ws | sip::Transport::Wss) => Profile::WebRtc,
        None => Profile::Rtp,
    }
}
