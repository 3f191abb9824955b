//! Hold and resume: the far end's new offer says who listens (RFC 3264 8.4).

use crate::call::Role;
use crate::prompts;
use crate::switch::{Now, Switch};
use media::{Command, LegId, Repeat, Source};
use pbx::command::{BuiltIn, Language};
use pbx::{Fact, Party};

/// Playbacks the switch starts by itself; the business never hears of their end.
const OWN_PLAYBACK: u64 = 0;

impl Switch {
    pub(crate) fn on_negotiated(&mut self, id: LegId, far_holds: bool, now: Now) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        if leg.holds == far_holds {
            return;
        }
        leg.holds = far_holds;
        self.carry_out_hold(id, far_holds, now);
    }

    /// Who is connected may hold already: a manager whose device rang first, before the customer answered.
    pub(crate) fn hold_if_held(&mut self, id: LegId, now: Now) {
        if self.legs.get(&id).is_some_and(|leg| leg.holds) {
            self.carry_out_hold(id, true, now);
        }
    }

    fn carry_out_hold(&mut self, id: LegId, far_holds: bool, now: Now) {
        let Some(leg) = self.legs.get(&id) else { return };
        let (call, role) = (leg.call, leg.role);
        let Some(other) = self.connected_with(id) else {
            // Who hands on is connected with nobody, and takes the customer back by resuming.
            if let Some(party @ Party::Manager(_)) = self.party_of(id).filter(|_| !far_holds) {
                self.pbx.handle_fact(Fact::Held { call, party, held: false }, now.unix);
            }
            return;
        };
        // A manager who holds leaves the other with music; the network of somebody outside plays its own.
        if !matches!(role, Role::Customer | Role::Third) {
            let command = if far_holds {
                let music = Source::Prompt(prompts::prompt_key_of_built_in(BuiltIn::HoldMusic, Language::Ko));
                Command::Play { leg: other, token: OWN_PLAYBACK, sources: vec![music], repeat: Repeat::Forever }
            } else {
                Command::StopPlaying { leg: other }
            };
            self.media(call, command);
        }
        if let Some(party) = self.party_of(id) {
            self.pbx.handle_fact(Fact::Held { call, party, held: far_holds }, now.unix);
        }
    }
}
