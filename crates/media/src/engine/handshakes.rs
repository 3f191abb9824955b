//! DTLS in front of RTP legs.

use std::net::SocketAddr;
use std::time::Instant;

use super::{Engine, out};
use crate::command::Event;
use crate::leg::Transport;
use crate::out::{Channel, PacketSink};

impl Engine {
    /// Takes a datagram of DTLS on an RTP leg.
    pub(super) fn handshake<S: PacketSink>(
        &mut self,
        now: Instant,
        slot: u32,
        from: (Channel, SocketAddr),
        packet: &[u8],
        sink: &mut S,
    ) {
        let mut out = out!(self, now, sink);
        let Some(leg) = self.legs.get_mut(slot) else {
            return;
        };
        let Transport::Rtp(rtp) = &mut leg.transport else {
            return;
        };
        if rtp.receive_dtls(leg.id, from, packet, &mut out) {
            out.counts.packets_in += 1;
        } else {
            leg.drop_packet(&mut out.counts.dropped_stranger);
        }
        self.hear_handshake(now, slot);
        self.arm(slot);
    }

    /// Keys that came are in use, and what waited for them begins; without keys the leg is lost.
    pub(super) fn hear_handshake(&mut self, now: Instant, slot: u32) {
        let quiet = self.quiet();
        let Some(leg) = self.legs.get_mut(slot) else {
            return;
        };
        let Transport::Rtp(rtp) = &mut leg.transport else {
            return;
        };
        match rtp.poll_handshake(now) {
            Some(Ok(())) if rtp.take_rekeyed() => {
                if leg.send.packets > 0 {
                    leg.send.restart(leg.seed.next_number());
                }
                leg.start_timers(now, quiet);
                self.start_frames(now, slot);
            }
            Some(Err(why)) => self.events.push_back(Event::HandshakeFailed { leg: leg.id, why }),
            Some(Ok(())) | None => {}
        }
    }
}
