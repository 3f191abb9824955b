//! Who hears whom in a call: two legs are joined, also ones that come out of another call.

use crate::call::{Call, Presenting, Role};
use crate::switch::{Now, Switch};
use media::{Command as Media, LegId};
use pbx::settings::RingDevice;
use pbx::{CallId, Cause, Fact, Party};

impl Switch {
    /// Lets two parties of a call talk, in place of whomever either talked with.
    pub(crate) fn join(&mut self, call: CallId, a: Party, b: Party, now: Now) {
        let (leg_a, leg_b) = (self.leg_of(call, a), self.leg_of(call, b));
        let (Some(leg_a), Some(leg_b)) = (leg_a, leg_b) else {
            let missing = if leg_a.is_none() { a } else { b };
            let fact = Fact::HungUp { call, party: missing, cause: Cause::Unreachable };
            return self.pbx.handle_fact(fact, now.unix);
        };
        let Some(held) = self.calls.get_mut(&call) else { return };
        held.connected = Some((leg_a, leg_b));
        if let (true, Some(customer)) = (std::mem::replace(&mut held.listens_for_keys, false), held.customer) {
            self.media(call, Media::ListenKeys { leg: customer, on: false });
        }
        for id in [leg_a, leg_b] {
            if let Some(leg) = self.legs.get_mut(&id) {
                leg.waiting.clear();
            }
            self.accept_arrived(id, now);
        }
        self.bridge_connected(call, now);
    }

    /// Bridges those who are to talk, once the media of both is where the call's media is.
    pub(crate) fn bridge_connected(&mut self, call: CallId, now: Now) {
        let Some((a, b)) = self.calls.get(&call).and_then(|held| held.connected) else { return };
        let on_the_way = |id| self.legs.get(&id).is_none_or(|leg| leg.moving);
        if on_the_way(a) || on_the_way(b) {
            return;
        }
        if let Some(held) = self.calls.get_mut(&call) {
            held.bridged_at = Some(now.instant);
        }
        self.media(call, Media::Bridge { a, b });
        self.hold_if_held(b, now);
        self.hold_if_held(a, now);
    }

    /// A party of another call comes into this one; its media follows to where this call's is.
    pub(crate) fn take_over(&mut self, call: CallId, from: CallId, party: Party, comes_as: Party) {
        let Some(id) = self.leg_of(from, party) else { return };
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let device = match leg.role {
            Role::Presented(_, device) => device,
            // Which kind the dialling device was matters to nobody any more.
            _ => RingDevice::DeskPhone,
        };
        leg.call = call;
        leg.moving = leg.media_open;
        leg.waiting.clear();
        leg.role = match comes_as {
            Party::Customer => Role::Customer,
            Party::Third => Role::Third,
            Party::Manager(presentation) => Role::Presented(presentation, device),
        };
        if leg.media_open {
            self.media(from, Media::Move { leg: id, to: call.0 });
        }
        if let Some(left) = self.calls.get_mut(&from) {
            left.forget(id);
        }
        self.traces.move_leg(from, call, id);
        let joined = self.calls.entry(call).or_insert_with(|| Box::new(Call::new(false)));
        joined.legs.push(id);
        match comes_as {
            Party::Customer => joined.customer = Some(id),
            Party::Third => joined.third = Some(id),
            Party::Manager(presentation) => {
                let presenting = Presenting { legs: vec![id], answered: Some(id), rang: true, refusal: None };
                joined.presentings.push((presentation, presenting));
            }
        }
    }

    /// A leg's media came to where its new call lives.
    pub(crate) fn on_arrived(&mut self, id: LegId, now: Now) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        leg.moving = false;
        let call = leg.call;
        if leg.is_ending() {
            return self.close_media(id);
        }
        self.flush_if_heard(id);
        self.bridge_connected(call, now);
    }

    /// The leg this one talks with.
    pub(crate) fn connected_with(&self, id: LegId) -> Option<LegId> {
        match self.calls.get(&self.legs.get(&id)?.call)?.connected? {
            (one, other) if one == id => Some(other),
            (one, other) if other == id => Some(one),
            _ => None,
        }
    }
}

impl Call {
    /// The leg is no part of this call any more.
    fn forget(&mut self, id: LegId) {
        self.legs.retain(|leg| *leg != id);
        for place in [&mut self.customer, &mut self.dialler, &mut self.third] {
            if *place == Some(id) {
                *place = None;
            }
        }
        for (_, presenting) in &mut self.presentings {
            presenting.legs.retain(|leg| *leg != id);
            if presenting.answered == Some(id) {
                presenting.answered = None;
            }
        }
        self.connected = None;
    }
}
