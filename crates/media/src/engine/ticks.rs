//! What time brings.

use std::time::Instant;

use super::{Engine, out};
use crate::command::Event;
use crate::leg::Transport;
use crate::out::PacketSink;
use crate::timers::{Timer, WakeUps};

/// So many legs are foreseen at the most while others are woken.
const FRAME_FORESIGHT: usize = 3;
/// Legs taken out of the queue at once at the most.
const DUE_AT_ONCE: usize = 64;

impl Engine {
    pub(super) fn tick<S: PacketSink>(&mut self, now: Instant, sink: &mut S) {
        loop {
            if self.due.is_empty() {
                let wake_ups = &mut self.wake_ups;
                self.due.extend(std::iter::from_fn(|| wake_ups.pop_due(now)).take(DUE_AT_ONCE));
                (0..FRAME_FORESIGHT).for_each(|n| self.foresee_due(n, sink));
            }
            self.foresee_due(FRAME_FORESIGHT, sink);
            let Some((slot, generation, at)) = self.due.pop_front() else { break };
            let meant = self.legs.tenant(slot, generation).is_some_and(|leg| WakeUps::take(&mut leg.timers, at));
            if meant {
                self.wake(now, slot, sink);
                self.arm(slot);
            }
        }
        self.drop_stale_wake_ups();
    }

    /// One wake-up serves many legs: memory is asked for what the n-th of those that are due and those before it will need,
    /// while others send. What one step asks for tells the next where to look.
    fn foresee_due<S: PacketSink>(&self, n: usize, sink: &S) {
        for steps in 0..=FRAME_FORESIGHT {
            let n = (n + steps).checked_sub(FRAME_FORESIGHT);
            let Some((slot, ..)) = n.and_then(|n| self.due.get(n)) else { continue };
            match steps {
                FRAME_FORESIGHT => self.legs.prefetch_place(*slot),
                2 => self.legs.prefetch_frame(*slot),
                _ => {
                    if let Some(leg) = self.legs.get(*slot) {
                        sink.foresee(leg.id, steps);
                    }
                }
            }
        }
    }

    /// After legs were closed or woken: what stands in front now may be of a leg that is gone.
    pub(super) fn drop_stale_wake_ups(&mut self) {
        let legs = &self.legs;
        self.wake_ups.drop_stale(|slot, generation| legs.resident(slot, generation).map(|leg| &leg.timers));
    }

    fn wake<S: PacketSink>(&mut self, now: Instant, slot: u32, sink: &mut S) {
        let quiet = self.quiet();
        let mut out = out!(self, now, &mut *sink);
        let Some(leg) = self.legs.get_mut(slot) else {
            return;
        };
        if leg.timers.get(Timer::Frame).is_some_and(|at| at <= now) {
            leg.run_frames(&mut out);
        }
        if leg.timers.take_due(Timer::Report, now) {
            leg.report(false, &mut out);
            let wait = leg.report_wait();
            leg.timers.set(Timer::Report, now + wait);
        }
        if leg.timers.take_due(Timer::KeepAlive, now) {
            leg.keep_alive(&mut out);
        }
        if leg.timers.take_due(Timer::Recording, now) {
            leg.end_recording(&mut out);
        }
        if leg.timers.take_due(Timer::Quiet, now) {
            let due = leg.last_heard + quiet;
            if due > now {
                // Packets came since the timer was set; they do not touch it.
                leg.timers.set(Timer::Quiet, due);
            } else if leg.agreed.is_some_and(|agreed| agreed.far_holds || !agreed.may_receive) {
                leg.timers.set(Timer::Quiet, now + quiet);
            } else {
                leg.quiet_told = true;
                let ms = now.saturating_duration_since(leg.last_heard).as_millis();
                out.events.push_back(Event::Quiet { leg: leg.id, ms: ms.try_into().unwrap_or(u32::MAX) });
            }
        }
        let beats = leg.timers.get(Timer::Beat).is_some_and(|at| at <= now);
        if leg.timers.take_due(Timer::Transport, now) {
            self.run_transport(now, slot, sink);
        }
        if beats {
            self.run_beats(now, slot, sink);
        }
    }

    /// Lets ICE and DTLS do what is due, and hears what they tell.
    pub(super) fn run_transport<S: PacketSink>(&mut self, now: Instant, slot: u32, sink: &mut S) {
        let mut out = out!(self, now, &mut *sink);
        let Some(leg) = self.legs.get_mut(slot) else {
            return;
        };
        match &mut leg.transport {
            Transport::WebRtc(webrtc) => {
                webrtc.run(leg.id, &mut out);
                self.hear_news(now, slot, sink);
            }
            Transport::Rtp(rtp) if rtp.has_dtls() => {
                rtp.run_dtls(leg.id, leg.last_heard, &mut out);
                self.hear_handshake(now, slot);
            }
            Transport::Rtp(_) => {}
        }
    }
}
