//! A manager goes on with another device of their own: an INVITE with Replaces (RFC 3891) that names the dialog of a device
//! that talks, or that rings. Calls of colleagues are not picked up.

use crate::call::{Leg, LegState, Role};
use crate::switch::{Now, Switch};
use media::LegId;
use pbx::settings::RingDevice;
use pbx::{Cause, Fact, ManagerId, Party};
use sip::{Flow, InviteId, NamedDialog, Replaces, Reply, Request};

impl Switch {
    /// Takes an INVITE of a manager's device that names a dialog; `false` when it names none and is a call of its own.
    pub(crate) fn picked_up(
        &mut self,
        id: InviteId,
        request: &Request,
        flow: Flow,
        (manager, device): (ManagerId, RingDevice),
        now: Now,
    ) -> bool {
        let replaces = match Replaces::of(request) {
            Ok(None) => return false,
            Ok(Some(replaces)) => replaces,
            Err(_) => {
                self.endpoint.reject(now.instant, id, Reply::new(400));
                return true;
            }
        };
        match self.leg_to_replace(&replaces, manager) {
            Ok(old) => self.begin_pick_up(id, request, flow, (manager, device), old),
            Err(status) => self.endpoint.reject(now.instant, id, Reply::new(status)),
        }
        true
    }

    fn leg_to_replace(&self, replaces: &Replaces, manager: ManagerId) -> Result<LegId, u16> {
        let named = self.endpoint.find_dialog(replaces);
        let (invite, _) = named.filter(|(_, stands)| *stands != NamedDialog::EarlyTheirs).ok_or(481_u16)?;
        let id = self.invites.get(&invite).copied().ok_or(481_u16)?;
        let leg = self.legs.get(&id).filter(|leg| leg.replaces.is_none()).ok_or(481_u16)?;
        if !matches!(leg.state, LegState::Up | LegState::Inviting { .. }) {
            return Err(481);
        }
        match self.party_of(id) {
            Some(Party::Manager(presentation)) if self.pbx.manager_of(leg.call, presentation) == Some(manager) => {
                Ok(id)
            }
            _ => Err(403),
        }
    }

    fn begin_pick_up(
        &mut self,
        id: InviteId,
        request: &Request,
        flow: Flow,
        (manager, device): (ManagerId, RingDevice),
        old: LegId,
    ) {
        let Some((call, role)) = self.legs.get(&old).map(|leg| (leg.call, leg.role)) else { return };
        let role = match role {
            Role::Presented(presentation, _) => Role::Presented(presentation, device),
            other => other,
        };
        let party = crate::trace::LegParty::Manager(manager, device);
        let new = self.add_leg(call, id, request, flow, (role, party));
        if let Some(leg) = self.legs.get_mut(&new) {
            leg.replaces = Some((old, device));
            if let LegState::Arrived { accept, .. } = &mut leg.state {
                *accept = true;
            }
        }
        if let Some(held) = self.calls.get_mut(&call) {
            held.legs.push(new);
        }
        self.open_arrived(new);
    }

    /// The new device's INVITE was answered: it takes the place of the old one, which ends.
    pub(crate) fn finish_pick_up(&mut self, new: LegId, now: Now) {
        let Some(leg) = self.legs.get_mut(&new) else { return };
        let Some((old, device)) = leg.replaces.take() else { return };
        let (call, role) = (leg.call, leg.role);
        let rings = self.legs.get(&old).is_some_and(|leg| matches!(leg.state, LegState::Inviting { .. }));
        let talks = self.legs.get(&old).is_some_and(|leg| matches!(leg.state, LegState::Up));
        match role {
            Role::Presented(presentation, _) if rings => {
                if let Some(presenting) = self.calls.get_mut(&call).and_then(|held| held.presenting(presentation)) {
                    presenting.legs.push(new);
                }
                return self.presented_device_answered(call, presentation, device, new, now);
            }
            _ if talks => {}
            // What it was to replace ended meanwhile; so does the call, or it goes on without this device.
            _ => return self.end_leg(new, Cause::Normal, None, now),
        }
        if let Some(held) = self.calls.get_mut(&call) {
            held.put_in_place_of(old, new);
        }
        self.bridge_connected(call, now);
        let party = self.party_of(new);
        self.end_leg(old, Cause::Normal, None, now);
        if let Some(Party::Manager(presentation)) = party {
            self.pbx.handle_fact(Fact::DeviceChanged { call, presentation, device }, now.unix);
        }
    }
}

impl crate::call::Call {
    fn put_in_place_of(&mut self, old: LegId, new: LegId) {
        let swap = |leg: LegId| if leg == old { new } else { leg };
        self.dialler = self.dialler.map(swap);
        self.connected = self.connected.map(|(a, b)| (swap(a), swap(b)));
        for (_, presenting) in &mut self.presentings {
            presenting.answered = presenting.answered.map(swap);
            presenting.legs.iter_mut().for_each(|leg| *leg = swap(*leg));
        }
    }
}

impl Leg {
    /// Does it stand ready in the place of another leg, without being anybody yet?
    pub(crate) fn is_understudy(&self) -> bool {
        self.replaces.is_some()
    }
}
