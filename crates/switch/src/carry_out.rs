//! Carrying out the business's commands.

use crate::call::{Call, LegState, Progress, Role};
use crate::cause;
use crate::present::{Presentation, answered_elsewhere};
use crate::prompts;
use crate::switch::{Now, Switch};
use media::{Command as Media, LegId, Profile};
use pbx::command::{Audio, Playback};
use pbx::{CallId, Cause, Command, Party, PresentationId, Repeat, Withdrawal};
use sip::{Body, Reason, Reply};

impl Switch {
    pub(crate) fn carry_out(&mut self, command: Command, now: Now) {
        match command {
            Command::Reject { call, cause } => self.end_call(call, cause, now),
            Command::Answer { call } => {
                if let Some(leg) = self.calls.get(&call).and_then(|c| c.customer) {
                    self.accept_arrived(leg, now);
                }
            }
            Command::Play { call, playback } => self.play(call, &playback, now),
            Command::StopPlaying { call, party } => {
                if let Some(leg) = self.leg_of(call, party) {
                    self.when_heard(leg, Media::StopPlaying { leg });
                }
            }
            Command::Present { call, presentation, manager, devices, display, from, to, auto_answer } => {
                let presentation = Presentation { id: presentation, manager, devices, display, from, to, auto_answer };
                self.present(call, &presentation, now);
            }
            Command::Withdraw { call, presentation, why } => self.withdraw(call, presentation, why, now),
            Command::Connect { call, presentation } => {
                self.join(call, Party::Customer, Party::Manager(presentation), now);
            }
            Command::Join { call, a, b } => self.join(call, a, b, now),
            Command::TakeOver { call, from, party, comes_as } => self.take_over(call, from, party, comes_as),
            Command::Transfer { call, transfer, news } => self.tell_transfer(call, transfer, news, now),
            Command::Echo { call } => {
                if let Some(leg) = self.leg_of(call, Party::Customer) {
                    self.when_heard(leg, Media::Echo { leg });
                }
            }
            Command::Dial { call, carrier, to, show } => {
                let customer = self.leg_of(call, Party::Customer);
                self.dial(call, carrier, to, show, now);
                if let Some(customer) = customer {
                    self.name_third(call, customer);
                }
            }
            Command::RecordVoicemail { call, limit_seconds } => {
                if let Some(leg) = self.leg_of(call, Party::Customer) {
                    self.when_heard(
                        leg,
                        Media::Record { leg, token: call.0, limit_ms: limit_seconds.saturating_mul(1000) },
                    );
                }
            }
            Command::HangUp { call, party, cause } => {
                if let Some(leg) = self.leg_of(call, party) {
                    self.end_leg(leg, cause, None, now);
                }
            }
            Command::End { call, cause } => self.end_call(call, cause, now),
        }
    }

    pub(crate) fn leg_of(&self, call: CallId, party: Party) -> Option<LegId> {
        let call = self.calls.get(&call)?;
        match party {
            Party::Customer => call.customer,
            Party::Third => call.third,
            Party::Manager(presentation) => call.manager_leg(presentation),
        }
    }

    fn each_leg(&mut self, call: CallId, mut act: impl FnMut(&mut Self, LegId)) {
        for leg in self.calls.get(&call).map(|c| c.legs.clone()).unwrap_or_default() {
            act(self, leg);
        }
    }

    /// Answers their INVITE, now or as soon as our answer to its offer is made.
    pub(crate) fn accept_arrived(&mut self, id: LegId, now: Now) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let LegState::Arrived { local, accept, .. } = &mut leg.state else { return };
        *accept = true;
        match (local.take(), leg.invite) {
            (Some(sdp), Some(invite)) => {
                leg.state = LegState::Accepted;
                self.endpoint.accept(now.instant, invite, Body { content_type: "application/sdp", bytes: sdp });
            }
            _ => self.open_arrived(id),
        }
    }

    /// Tells a dialling manager's device that the far end rings, or with our answer that there is something to hear.
    pub(crate) fn progress_dialler(&mut self, id: LegId, told: Progress, now: Now) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let LegState::Arrived { local, progress, .. } = &mut leg.state else { return };
        let (Some(invite), true) = (leg.invite, told > *progress) else { return };
        *progress = told;
        match (told, local) {
            (Progress::Sounds, Some(sdp)) => {
                let body = Body { content_type: "application/sdp", bytes: std::sync::Arc::clone(sdp) };
                self.endpoint.ring(now.instant, invite, 183, Some(body));
            }
            (Progress::Sounds, None) => self.open_arrived(id),
            (Progress::None | Progress::Rings, _) => self.endpoint.ring(now.instant, invite, 180, None),
        }
    }

    fn play(&mut self, call: CallId, playback: &Playback, now: Now) {
        let Some(id) = self.leg_of(call, playback.party) else { return };
        let sources = playback.audio.iter().copied().map(prompts::source).collect();
        let repeat = match playback.repeat {
            Repeat::Once => media::Repeat::Once,
            Repeat::Forever => media::Repeat::Forever,
        };
        let command = Media::Play { leg: id, token: playback.id.0, sources, repeat };
        let Some(leg) = self.legs.get_mut(&id) else { return };
        if let Some(held) = self.calls.get_mut(&call)
            && held.connected.is_some_and(|(a, b)| a == id || b == id)
        {
            // Who is played to talks with nobody: a hold of the other party must not put music in its place.
            held.connected = None;
        }
        if leg.role == Role::Dialler && matches!(leg.state, LegState::Arrived { .. }) {
            let ringback = playback.audio.iter().all(|audio| matches!(audio, Audio::Ringback(_)));
            if ringback {
                // A browser makes its own: its ICE would wait for nothing but that.
                if leg.profile == Profile::WebRtc {
                    return self.progress_dialler(id, Progress::Rings, now);
                }
                self.progress_dialler(id, Progress::Sounds, now);
                return self.media(call, command);
            }
            self.accept_arrived(id, now);
        }
        self.when_heard(id, command);
    }

    /// Hands a media command on, or keeps it until the leg can be heard. A later one replaces what waits.
    fn when_heard(&mut self, id: LegId, command: Media) {
        let Some(leg) = self.legs.get_mut(&id).filter(|leg| !leg.is_ending()) else { return };
        if leg.flowing && !leg.moving && matches!(leg.state, LegState::Up) {
            let call = leg.call;
            return self.media(call, command);
        }
        leg.waiting
            .retain(|waiting| !matches!(waiting, Media::Play { .. } | Media::StopPlaying { .. } | Media::Echo { .. }));
        if !matches!(command, Media::StopPlaying { .. }) {
            leg.waiting.push(command);
        }
    }

    fn withdraw(&mut self, call: CallId, presentation: PresentationId, why: Withdrawal, now: Now) {
        let legs = self.calls.get_mut(&call).and_then(|c| c.presenting(presentation)).map(|p| p.legs.clone());
        let reason = (why == Withdrawal::AnsweredElsewhere).then(answered_elsewhere);
        for leg in legs.unwrap_or_default() {
            self.end_leg(leg, Cause::Normal, reason, now);
        }
    }

    pub(crate) fn end_call(&mut self, call: CallId, cause: Cause, now: Now) {
        // A call that never had a leg (the manager's device was gone) is only noted to be over.
        let held = self.calls.entry(call).or_insert_with(|| Box::new(Call::new(false)));
        held.over = true;
        self.each_leg(call, |switch, leg| switch.end_leg(leg, cause, None, now));
        if self.calls.get(&call).is_some_and(|held| held.legs.is_empty()) {
            self.calls.remove(&call);
            self.traces.call_over(call);
        }
    }

    /// Ends a leg by our own wish; the business does not hear of it again.
    pub(crate) fn end_leg(&mut self, id: LegId, cause: Cause, reason: Option<Reason>, now: Now) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let was = std::mem::replace(&mut leg.state, LegState::Ending);
        self.end_sip(id, &was, cause, reason, now);
        self.close_media(id);
        self.free_if_over(id);
    }

    pub(crate) fn end_sip(&mut self, id: LegId, was: &LegState, cause: Cause, reason: Option<Reason>, now: Now) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        match (was, leg.invite) {
            (LegState::Ending, _) => {}
            (LegState::Arrived { .. }, Some(invite)) => {
                // Who dialled gave it up elsewhere (the console, a transfer): as if they had cancelled it (RFC 3261 9.2).
                let gave_up = leg.role == Role::Dialler && cause == Cause::Normal;
                let status = if gave_up { 487 } else { cause::to_status(cause) };
                self.endpoint.reject(now.instant, invite, Reply::new(status));
            }
            (LegState::Accepted | LegState::Up | LegState::Inviting { .. }, Some(invite)) => {
                self.endpoint.end(now.instant, invite, reason);
            }
            // No INVITE went out yet.
            _ => leg.sip_over = true,
        }
    }
}
