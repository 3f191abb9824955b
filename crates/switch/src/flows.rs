//! A phone with several flows (RFC 5626): an INVITE goes by the newest, and by the next when that one is dead.

use crate::call::LegState;
use crate::present::Presentation;
use crate::switch::{Now, Switch};
use pbx::CallId;
use pbx::settings::RingDevice;
use sip::{Binding, Invite, InviteId};

impl Switch {
    /// Where a manager's ring devices of these kinds are: one entry a phone or browser, its flows with the newest in front.
    pub(crate) fn ring_targets(&self, presentation: &Presentation) -> Vec<(RingDevice, Vec<Binding>)> {
        [RingDevice::Desktop, RingDevice::Mobile, RingDevice::DeskPhone]
            .into_iter()
            .filter(|device| presentation.devices.has(*device))
            .flat_map(|device| self.accounts.of_manager(presentation.manager, device).map(move |key| (device, key)))
            .flat_map(|(device, key)| self.registrar.phones(key).into_iter().map(move |flows| (device, flows)))
            .map(|(device, flows)| (device, flows.into_iter().cloned().collect()))
            .take(crate::present::MAX_DEVICES)
            .collect()
    }

    /// The INVITEs by the flows that are left when the first one is dead, the next to be tried last.
    pub(crate) fn spare_invites(&self, call: CallId, presentation: &Presentation, flows: &[Binding]) -> Vec<Invite> {
        flows.iter().skip(1).rev().map(|binding| self.invite_to_device(call, presentation, binding)).collect()
    }

    /// A phone's INVITE failed. `true` when it goes out again by another of its flows, so that nobody needs to hear of it:
    /// the edge proxy said that the flow is gone (430), or nothing came back at all (RFC 5626 7).
    pub(crate) fn goes_by_another_flow(&mut self, id: InviteId, status: u16, now: Now) -> bool {
        let is_dead = matches!(status, 408 | 430 | 503);
        let Some(leg_id) = self.invites.get(&id).copied().filter(|_| is_dead) else { return false };
        let Some(leg) = self.legs.get_mut(&leg_id) else { return false };
        if !matches!(leg.state, LegState::Inviting { rang: false, .. }) {
            return false;
        }
        let Some(invite) = leg.spare.pop() else { return false };
        if let Some(again) = leg.again.as_mut() {
            again.invite = Invite { body: None, ..invite.clone() };
        }
        leg.invite = None;
        self.invites.remove(&id);
        self.call_out(leg_id, invite, now);
        true
    }
}
