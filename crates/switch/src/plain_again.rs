//! A phone signed in over TLS is offered SRTP first (RFC 4568); one that cannot do it is offered plain RTP.

use crate::call::{LegState, Outgoing};
use crate::switch::Switch;
use media::{Command, Profile};
use sip::InviteId;

impl Switch {
    /// A phone refused an INVITE. `true` when it was for the SRTP in it (488, 606; some say 415) and the INVITE goes out
    /// again with plain RTP, so that nobody needs to hear of the refusal.
    pub(crate) fn goes_plain(&mut self, id: InviteId, status: u16) -> bool {
        let not_acceptable = matches!(status, 415 | 488 | 606);
        let Some(leg_id) = self.invites.get(&id).copied().filter(|_| not_acceptable) else { return false };
        let Some(leg) = self.legs.get_mut(&leg_id) else { return false };
        if leg.profile != Profile::Srtp || !matches!(leg.state, LegState::Inviting { .. }) {
            return false;
        }
        let Some(invite) = leg.plain.take() else { return false };
        leg.profile = Profile::Rtp;
        leg.state = LegState::Preparing(Box::new(Outgoing { invite: *invite }));
        leg.invite = None;
        let call = leg.call;
        self.invites.remove(&id);
        let like = self.talks_to(call, leg_id);
        self.media(call, Command::OfferPlain { leg: leg_id, like });
        true
    }
}
