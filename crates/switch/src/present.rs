//! Presenting a call to a manager: every chosen ring device rings at once, the first answer wins.

use crate::call::{Leg, LegState, Outgoing, Presenting, Role};
use crate::identity;
use crate::protection::Ways;
use crate::switch::{Now, Switch};
use crate::trace::LegParty;
use media::{Command, LegId, Profile};
use pbx::settings::{RingDevice, RingDevices};
use pbx::{CallId, Caller, Cause, E164, Fact, ManagerId, PresentationId};
use sip::{Binding, Invite, NameAddrText, Reason};
use std::net::IpAddr;
use std::sync::Arc;

/// Ring devices of one manager that ring at once at most.
pub(crate) const MAX_DEVICES: usize = 16;

/// What a presenting shows and how.
pub(crate) struct Presentation {
    pub(crate) id: PresentationId,
    pub(crate) manager: ManagerId,
    pub(crate) devices: RingDevices,
    pub(crate) display: Box<str>,
    pub(crate) from: Caller,
    pub(crate) to: Option<E164>,
    pub(crate) auto_answer: bool,
}

impl Switch {
    pub(crate) fn present(&mut self, call: CallId, presentation: &Presentation, now: Now) {
        let targets = self.ring_targets(presentation);
        let id = presentation.id;
        if targets.is_empty() {
            return self
                .pbx
                .handle_fact(Fact::PresentationFailed { call, presentation: id, cause: Cause::Unreachable }, now.unix);
        }
        let mut presenting = Presenting::default();
        for (device, flows) in targets {
            let Some(binding) = flows.first() else { continue };
            let invite = self.invite_to_device(call, presentation, binding);
            let spare = self.spare_invites(call, presentation, &flows);
            let party = LegParty::Manager(presentation.manager, device);
            let role = Role::Presented(id, device);
            let leg = self.prepare_leg(call, role, party, self.ways_to_phone(binding), invite);
            if let Some(held) = self.legs.get_mut(&leg) {
                held.spare = spare;
            }
            presenting.legs.push(leg);
        }
        if let Some(held) = self.calls.get_mut(&call) {
            held.presentings.push((id, presenting));
        }
    }

    /// Makes a leg of ours whose INVITE goes out as soon as the media engine has made the offer.
    pub(crate) fn prepare_leg(
        &mut self,
        call: CallId,
        role: Role,
        party: LegParty,
        ways: Ways,
        mut invite: Invite,
    ) -> LegId {
        let id = self.new_leg_id();
        let to_carrier = party == LegParty::Customer;
        let (hops, withheld) = self.calls.get(&call).map_or_else(Default::default, |held| (held.hops, held.withheld));
        hops.pass_on(&mut invite, to_carrier);
        if withheld && to_carrier {
            identity::withhold(&mut invite);
        }
        self.traces.add_leg(call, id, party, invite.flow, self.clock);
        let remote = Some(invite.flow.remote.ip());
        let profile = ways.first;
        let again = ways.again(&invite);
        let mut leg = Leg::new(call, role, profile, LegState::Preparing(Box::new(Outgoing { invite })));
        leg.again = again;
        leg.remote = remote;
        leg.media_open = true;
        self.legs.insert(id, Box::new(leg));
        self.calls.entry(call).or_insert_with(|| Box::new(crate::call::Call::new(false))).legs.push(id);
        let like = self.talks_to(call, id);
        self.open_media(call, id, (profile, remote), None, like);
        id
    }

    /// Has the media engine make a leg whose signalling comes from `remote`.
    pub(crate) fn open_media(
        &mut self,
        call: CallId,
        leg: LegId,
        (profile, remote): (Profile, Option<IpAddr>),
        offer: Option<Arc<[u8]>>,
        like: Option<LegId>,
    ) {
        let family = remote.map_or_else(media::Family::default, media::Family::of);
        self.media(call, Command::Open { leg, profile, offer, family, like });
        if let (Profile::Rtp | Profile::Srtp | Profile::Dtls, Some(from)) = (profile, remote) {
            self.media(call, Command::Expect { leg, from });
        }
    }

    /// The leg that this one will talk to, as far as is known: the customer's, or for that one the dialler's. Their codec is
    /// best for it.
    pub(crate) fn talks_to(&self, call: CallId, leg: LegId) -> Option<LegId> {
        let held = self.calls.get(&call)?;
        [held.customer, held.dialler].into_iter().flatten().find(|other| *other != leg)
    }

    pub(crate) fn invite_to_device(&self, call: CallId, presentation: &Presentation, binding: &Binding) -> Invite {
        let host = &self.configuration.host;
        let caller = match &presentation.from {
            Caller::Number(number) if number.country() == Some(self.country()) => number.national(),
            Caller::Number(number) => number.to_string(),
            Caller::Name(name) if name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.+".contains(&b)) => {
                name.to_string()
            }
            Caller::Name(_) | Caller::Anonymous => "anonymous".to_owned(),
        };
        let mut headers = vec![("X-Sori-Call", call.to_string())];
        if let Some(to) = presentation.to {
            headers.push(("X-Sori-Number", to.to_string()));
        }
        if let Some(conversation) = self.pbx.call(call).and_then(|record| record.conversation_id) {
            headers.push(("X-Sori-Conversation", conversation.to_string()));
        }
        if presentation.auto_answer {
            headers.push(("Call-Info", format!("<sip:{host}>;answer-after=0")));
            headers.push(("Alert-Info", format!("<sip:{host}>;info=alert-autoanswer;delay=0")));
        }
        let dialled = presentation.to.map_or_else(|| "sori".to_owned(), E164::national);
        Invite {
            flow: binding.flow,
            request_uri: binding.contact_uri.clone(),
            from: NameAddrText { display: presentation.display.to_string(), uri: format!("sip:{caller}@{host}") },
            to: NameAddrText { display: String::new(), uri: format!("sip:{dialled}@{host}") },
            contact_user: "sori".to_owned(),
            headers,
            route: binding.path.clone(),
            body: None,
            credentials: None,
            ring_limit: None,
            reliable: true,
            max_forwards: None,
        }
    }

    pub(crate) fn presented_device_answered(
        &mut self,
        call: CallId,
        id: PresentationId,
        device: RingDevice,
        leg: LegId,
        now: Now,
    ) {
        let Some(presenting) = self.calls.get_mut(&call).and_then(|c| c.presenting(id)) else { return };
        if presenting.answered.is_some() {
            return self.end_leg(leg, Cause::Normal, Some(answered_elsewhere()), now);
        }
        presenting.answered = Some(leg);
        let others: Vec<LegId> = presenting.legs.iter().copied().filter(|other| *other != leg).collect();
        for other in others {
            self.end_leg(other, Cause::Normal, Some(answered_elsewhere()), now);
        }
        self.pbx.handle_fact(Fact::PresentationAnswered { call, presentation: id, device }, now.unix);
    }

    /// One device refused or failed. A person's "no" counts for all devices of that person; a device's trouble for itself.
    pub(crate) fn presented_device_failed(
        &mut self,
        call: CallId,
        id: PresentationId,
        leg: LegId,
        cause: Cause,
        now: Now,
    ) {
        let Some(presenting) = self.calls.get_mut(&call).and_then(|c| c.presenting(id)) else { return };
        presenting.legs.retain(|other| *other != leg);
        if presenting.answered.is_some() {
            return;
        }
        let worst = presenting.refusal.map_or(cause, |before| before.min_weight(cause));
        presenting.refusal = Some(worst);
        let others = if cause == Cause::Declined { std::mem::take(&mut presenting.legs) } else { Vec::new() };
        let all_failed = presenting.legs.is_empty();
        for other in others {
            self.end_leg(other, Cause::Normal, Some(answered_elsewhere()), now);
        }
        if all_failed {
            self.pbx.handle_fact(Fact::PresentationFailed { call, presentation: id, cause: worst }, now.unix);
        }
    }
}

trait Weight {
    fn min_weight(self, other: Self) -> Self;
}

impl Weight for Cause {
    /// Of two refusals the one that says more about the person.
    fn min_weight(self, other: Self) -> Self {
        let weight = |cause: Cause| match cause {
            Cause::Declined => 0,
            Cause::Busy => 1,
            Cause::NoAnswer => 2,
            _ => 3,
        };
        if weight(other) < weight(self) { other } else { self }
    }
}

/// So that no phone shows a missed call that somebody took (RFC 3326).
pub(crate) fn answered_elsewhere() -> Reason {
    Reason { protocol_cause: ("SIP", 200), text: "Call completed elsewhere" }
}
