//! Where a leg's packets and events go.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::command::{Event, LegId};
use crate::copies::Copies;

/// Which of a leg's sockets. A WebRTC leg has one socket, [`Channel::Rtp`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// RTP, and all of WebRTC.
    Rtp,
    /// RTCP of an RTP leg.
    Rtcp,
}

/// Takes packets to send: a worker's sockets, the simulator's network.
pub trait PacketSink {
    /// Sends a datagram from the leg's socket. A full socket drops it, as a network may.
    fn send(&mut self, leg: LegId, channel: Channel, to: SocketAddr, packet: &[u8]);

    /// Something will be sent from the leg's RTP socket after `steps` more calls for it, 1 or none: memory can be asked for what
    /// that will need. Only a hint.
    fn foresee(&self, leg: LegId, steps: usize) {
        let _ = (leg, steps);
    }
}

/// What an engine has and has had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Legs open now.
    pub legs: usize,
    /// Bridges now.
    pub bridges: usize,
    /// Legs that hear themselves now.
    pub echoes: usize,
    /// Packets taken.
    pub packets_in: u64,
    /// Packets handed to the sink, RTCP, ICE and DTLS included.
    pub packets_out: u64,
    /// Packets forwarded over a bridge or echoed.
    pub forwarded: u64,
    /// Pieces of 20 ms that were decoded and encoded anew for a partner.
    pub transcoded: u64,
    /// Dropped: not RTP, RTCP, STUN or DTLS, or an RTP packet with nothing in it.
    pub dropped_malformed: u64,
    /// Dropped: not from the source the leg listens to.
    pub dropped_stranger: u64,
    /// Dropped: a payload type that was not agreed.
    pub dropped_payload_type: u64,
    /// Dropped: came before, or far too late.
    pub dropped_duplicate: u64,
    /// Dropped: nothing is agreed on the leg yet.
    pub dropped_early: u64,
    /// Dropped: not authentic, opened before, or plain on a leg that agreed on SRTP.
    pub dropped_srtp: u64,
    /// Dropped: for a leg that is not open.
    pub dropped_no_leg: u64,
}

/// The way out, handed down a call.
pub(crate) struct Out<'a, S> {
    pub now: Instant,
    /// Time since the engine's first instant.
    pub since_start: Duration,
    pub sink: &'a mut S,
    pub events: &'a mut VecDeque<Event>,
    /// Prompts in other codecs than G.711.
    pub copies: &'a mut Copies,
    pub counts: &'a mut Counts,
}

impl<S: PacketSink> Out<'_, S> {
    pub fn send(&mut self, leg: LegId, channel: Channel, to: SocketAddr, packet: &[u8]) {
        self.counts.packets_out += 1;
        self.sink.send(leg, channel, to, packet);
    }
}
