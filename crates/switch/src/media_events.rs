//! What the media engine tells: descriptions made, keys, endings; and when a leg is heard and when it is freed.

use crate::call::{LegState, Progress, Renegotiation};
use crate::cause;
use crate::key_ways::Way;
use crate::switch::{Now, Switch};
use media::{Command, Event, LegId, RefusedSdp};
use pbx::{Cause, Fact, PlaybackId};
use sip::{Body, Reason, Reply};
use std::sync::Arc;
use std::time::Duration;

fn sdp_body(bytes: Arc<[u8]>) -> Body {
    Body { content_type: "application/sdp", bytes }
}

impl Switch {
    pub(crate) fn on_media(&mut self, event: Event, now: Now) {
        match event {
            Event::LocalSdp { leg, sdp } => self.on_local_sdp(leg, sdp, now),
            Event::Negotiated { leg, far_holds } => self.on_negotiated(leg, far_holds, now),
            Event::Refused { leg, why } => self.on_sdp_refused(leg, why, now),
            Event::Flowing { leg } => {
                if let Some(held) = self.legs.get_mut(&leg) {
                    held.flowing = true;
                    self.flush_if_heard(leg);
                }
            }
            Event::Key { leg, key } => {
                self.on_key(leg, key, Way::Media, now);
            }
            Event::PlaybackEnded { leg, token } => {
                if let Some(call) = self.legs.get(&leg).map(|l| l.call) {
                    self.pbx.handle_fact(Fact::PlaybackEnded { call, playback: PlaybackId(token) }, now.unix);
                }
            }
            // The pieces are written by the worker's recorder under the call's name.
            Event::Recorded { .. } => {}
            Event::RecordingEnded { leg, ms, .. } => {
                if let Some(call) = self.legs.get(&leg).map(|l| l.call) {
                    let file = (ms > 0).then(|| format!("{call}.wav").into());
                    self.pbx.handle_fact(Fact::RecordingEnded { call, file, seconds: ms.div_ceil(1000) }, now.unix);
                }
            }
            // Silence for this long is a phone that is gone: nobody is billed for a dead line. Before the answer it means
            // nothing, the ring time is the limit.
            Event::Quiet { leg, ms } => {
                if self.is_gone_quiet(leg, ms, now) {
                    self.fail_leg(leg, Cause::Unreachable, now);
                }
            }
            Event::Arrived { leg } => self.on_arrived(leg, now),
            Event::Failed { leg } => self.fail_leg(leg, Cause::Unreachable, now),
            // What is said may not be heard by others, so it is not said at all.
            Event::HandshakeFailed { leg, why } => {
                let reason = Reason { protocol_cause: ("SIP", 488), text: why };
                self.fail_leg_because(leg, Cause::Media, Some(reason), now);
            }
            Event::Closed { leg, figures } => {
                if let Some(held) = self.legs.get_mut(&leg) {
                    self.traces.media_closed(held.call, leg, figures, now.unix);
                    held.media_over = true;
                    self.free_if_over(leg);
                }
            }
        }
    }

    /// Was the leg answered, and silent for `ms` since it has somebody to talk to? The engine counts anew from each
    /// bridging; what it told just before that was on its way, and it tells again.
    fn is_gone_quiet(&self, leg: LegId, ms: u32, now: Now) -> bool {
        let Some(held) = self.legs.get(&leg) else { return false };
        let bridged_at = self.calls.get(&held.call).and_then(|call| call.bridged_at);
        let is_stale = bridged_at.is_some_and(|at| now.instant < at + Duration::from_millis(ms.into()));
        !is_stale && matches!(held.state, LegState::Accepted | LegState::Up)
    }

    fn on_local_sdp(&mut self, id: LegId, sdp: Arc<[u8]>, now: Now) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let invite = leg.invite;
        if leg.renegotiation == Some(Renegotiation::TheirOffer) {
            // In whatever state: UPDATE and PRACK offer before the call is answered (RFC 3311, RFC 3262 5).
            leg.renegotiation = None;
            if let LegState::Arrived { local, .. } = &mut leg.state {
                *local = Some(Arc::clone(&sdp));
            }
            if let Some(invite) = invite {
                self.endpoint.answer_offer(now.instant, invite, sdp_body(sdp));
            }
            return;
        }
        match (&mut leg.state, invite) {
            (LegState::Arrived { local, accept, progress }, Some(invite)) => {
                *local = Some(Arc::clone(&sdp));
                if *accept {
                    leg.state = LegState::Accepted;
                    self.endpoint.accept(now.instant, invite, sdp_body(sdp));
                    self.finish_pick_up(id, now);
                } else if *progress == Progress::Sounds {
                    self.endpoint.ring(now.instant, invite, 183, Some(sdp_body(sdp)));
                }
            }
            (LegState::Preparing(_), _) => self.send_invite(id, sdp, now),
            (LegState::Accepted | LegState::Up, Some(invite)) => {
                self.endpoint.answer_offer(now.instant, invite, sdp_body(sdp));
            }
            _ => {}
        }
    }

    fn send_invite(&mut self, id: LegId, sdp: Arc<[u8]>, now: Now) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let LegState::Preparing(outgoing) =
            std::mem::replace(&mut leg.state, LegState::Inviting { rang: false, early_media: false })
        else {
            return;
        };
        let mut invite = outgoing.invite;
        invite.body = Some(sdp_body(sdp));
        for spare in &mut leg.spare {
            spare.body = invite.body.clone();
            spare.max_forwards = invite.max_forwards;
        }
        self.call_out(id, invite, now);
    }

    pub(crate) fn on_sdp_refused(&mut self, id: LegId, why: RefusedSdp, now: Now) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        if leg.renegotiation == Some(Renegotiation::TheirOffer) {
            // The session stays as it was (RFC 3261 14.2).
            leg.renegotiation = None;
            if let Some(invite) = leg.invite {
                self.endpoint.refuse_offer(now.instant, invite, cause::of_refused_sdp(why));
            }
            return;
        }
        if let LegState::Inviting { early_media, .. } = &mut leg.state {
            // One branch plays what we cannot hear; what counts is the answer of the one that picks up.
            *early_media = false;
            return;
        }
        // A leg that could not be opened does not say that it closed; its sockets are given back all the same.
        leg.media_over = matches!(leg.state, LegState::Arrived { .. } | LegState::Preparing(_));
        match (&leg.state, leg.invite) {
            (LegState::Arrived { .. }, Some(invite)) => {
                leg.state = LegState::Ending;
                self.endpoint.reject(now.instant, invite, Reply::new(cause::of_refused_sdp(why)));
                self.close_media(id);
                let call = self.legs.get(&id).filter(|l| !l.is_understudy()).map(|l| l.call);
                if let (Some(call), Some(party)) = (call, self.party_of(id)) {
                    self.pbx.handle_fact(Fact::HungUp { call, party, cause: Cause::Media }, now.unix);
                }
            }
            _ => self.fail_leg(id, Cause::Media, now),
        }
    }

    /// Plays what waited, once the leg is answered and its media has begun.
    pub(crate) fn flush_if_heard(&mut self, id: LegId) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        if leg.flowing && !leg.moving && matches!(leg.state, LegState::Up) {
            let call = leg.call;
            for command in std::mem::take(&mut leg.waiting) {
                self.media(call, command);
            }
            self.assumed_flowing.retain(|(_, waiting)| *waiting != id);
        }
    }

    pub(crate) fn assume_flowing(&mut self, now: Now) {
        while let Some((at, id)) = self.assumed_flowing.first().copied()
            && at <= now.instant
        {
            self.assumed_flowing.remove(&(at, id));
            if let Some(leg) = self.legs.get_mut(&id) {
                leg.flowing = true;
                self.flush_if_heard(id);
            }
        }
    }

    /// Closes a leg's media, or notes that there is none.
    pub(crate) fn close_media(&mut self, id: LegId) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        leg.waiting.clear();
        if leg.moving {
            // Closed where it arrives.
            return;
        }
        if leg.media_open {
            let call = leg.call;
            leg.media_open = false;
            leg.media_asked = true;
            self.media(call, Command::Close { leg: id });
        } else if !leg.media_closing() {
            leg.media_over = true;
        }
    }

    /// Forgets a leg whose SIP and media are both gone, and a call whose last leg went.
    pub(crate) fn free_if_over(&mut self, id: LegId) {
        let Some(leg) = self.legs.get(&id).filter(|leg| leg.sip_over && leg.media_over) else { return };
        let call = leg.call;
        self.legs.remove(&id);
        self.forget_dial(id);
        self.assumed_flowing.retain(|(_, waiting)| *waiting != id);
        if let Some(held) = self.calls.get_mut(&call) {
            held.legs.retain(|leg| *leg != id);
            if held.over && held.legs.is_empty() {
                self.calls.remove(&call);
                self.traces.call_over(call);
            }
        }
    }
}
