//! The handshakes of one leg whose keys come by DTLS: one for RTP, and one for RTCP where that has a port of its own
//! (RFC 5764 section 4.1). In front of an ordinary SRTP leg; afterwards it only answers who asks again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::command::LegId;
use crate::dtls::{Association, Certificate, Failure, Outcome, Pact, Role};
use crate::out::{Channel, Out, PacketSink};
use crate::srtp::{KeySource, Keys};

/// How long a handshake may take from the far end's first message on.
const CONNECT_WITHIN: Duration = Duration::from_secs(20);
/// How long we ask somebody who says nothing at all: phones that ring may begin only when they are answered.
const ASK_FOR: Duration = Duration::from_secs(180);
/// How long a far end may be silent after a new description before it is taken for one that has lost its keys.
const RENEW_AFTER: Duration = Duration::from_millis(700);
/// How long a handshake after the first one may take; the keys there are hold on.
const RENEW_WITHIN: Duration = Duration::from_secs(5);
/// Bytes of a datagram that is kept for when the answer is known.
const MAX_EARLY: usize = 1500;

/// Whether a datagram is DTLS (RFC 7983 section 7).
pub(crate) const fn looks_like_dtls(packet: &[u8]) -> bool {
    matches!(packet.first(), Some(20..=63))
}

/// Whether a datagram begins with the ClientHello that begins a handshake: plain, and the first message of all.
fn is_first_hello(packet: &[u8]) -> bool {
    const RECORD: usize = 13;
    let plain = packet.first() == Some(&22) && packet.get(3..5) == Some(&[0, 0]);
    plain && packet.get(RECORD) == Some(&1) && packet.get(RECORD + 4..RECORD + 6) == Some(&[0, 0])
}

/// What a handshake brought.
#[derive(Debug)]
pub(crate) enum Handshake {
    /// Keys for what this channel carries, from the far end at this address.
    Keys(Channel, SocketAddr, Box<Keys>),
    /// It failed for good.
    Failed(Failure),
    /// Nobody went on with it.
    TimedOut,
}

/// One channel's handshake.
struct Line {
    channel: Channel,
    association: Association,
    /// Another handshake after that one, whose keys hold until it is done, and until when it is waited for.
    next: Option<(Box<Association>, Instant)>,
    /// With whom it goes on, and whether that is a host we were told of.
    peer: Option<(SocketAddr, bool)>,
    give_up_at: Option<Instant>,
    /// The far end was heard: it has less time from then on.
    heard: bool,
    over: bool,
}

impl Line {
    const fn new(channel: Channel, association: Association) -> Self {
        Self { channel, association, next: None, peer: None, give_up_at: None, heard: false, over: false }
    }

    /// Whose turn it is.
    fn current(&mut self) -> &mut Association {
        match &mut self.next {
            Some((next, _)) => next,
            None => &mut self.association,
        }
    }

    fn run(&mut self, now: Instant) {
        if self.next.as_ref().is_some_and(|(_, until)| *until <= now) {
            self.next = None;
        }
        let association = self.current();
        if association.next_timeout().is_some_and(|at| at <= now) {
            association.handle_timeout(now);
        }
    }

    fn next_timeout(&self) -> Option<Instant> {
        let next = self.next.as_ref().map(|(next, until)| next.next_timeout().map_or(*until, |at| at.min(*until)));
        [self.association.next_timeout(), self.give_up_at, next].into_iter().flatten().min()
    }
}

/// The handshakes of a leg.
pub(crate) struct DtlsLeg {
    pact: Pact,
    certificate: Arc<Certificate>,
    source: KeySource,
    lines: Vec<Line>,
    told: Option<Handshake>,
    /// The session was described anew, and when: a far end that is silent after it has lost its keys.
    described: Option<Instant>,
    /// What came before it was agreed on.
    early: Early,
    /// RTCP's keys, which came before RTP's.
    pub rtcp_keys: Option<Box<Keys>>,
}

impl DtlsLeg {
    /// `own_rtcp`: RTCP has a port of its own; `early`: what came before it was agreed on.
    pub fn new(pact: Pact, (certificate, source): (Arc<Certificate>, KeySource), own_rtcp: bool, early: Early) -> Self {
        let mut made =
            Self { pact, certificate, source, lines: Vec::new(), told: None, described: None, early, rtcp_keys: None };
        for channel in [Channel::Rtp, Channel::Rtcp].into_iter().take(1 + usize::from(own_rtcp)) {
            let association = made.association();
            made.lines.push(Line::new(channel, association));
        }
        made
    }

    fn association(&mut self) -> Association {
        let (certificate, source) = (Arc::clone(&self.certificate), self.source.branch());
        Association::new(self.pact.role, certificate, source, self.pact.trusted.clone())
    }

    /// What it was made for.
    pub const fn pact(&self) -> &Pact {
        &self.pact
    }

    /// What came before it was agreed on, once.
    pub fn take_early(&mut self) -> Early {
        std::mem::take(&mut self.early)
    }

    /// Whether RTCP has a handshake of its own.
    pub fn has_own_rtcp(&self) -> bool {
        self.lines.len() > 1
    }

    /// The session was described anew with the same certificates and roles. PJSIP takes each new description for a new
    /// handshake all the same: as a client it begins one, as a server it waits for ours and hears nothing until then.
    pub fn was_described(&mut self, now: Instant) {
        let is_up = self.lines.iter().any(|line| line.association.is_connected());
        self.described = Some(now).filter(|_| is_up && self.pact.role == Role::Client);
    }

    /// Begins another handshake on each line, unless the far end's media shows that it still has its keys.
    fn renew(&mut self, heard: Instant, now: Instant) {
        let Some(described) = self.described.filter(|described| now >= *described + RENEW_AFTER) else {
            return;
        };
        self.described = None;
        for at in 0..self.lines.len() {
            if heard <= described {
                self.begin_another(at, now);
            }
        }
    }

    fn begin_another(&mut self, at: usize, now: Instant) {
        let mut association = Box::new(self.association());
        if let Some(line) = self.lines.get_mut(at).filter(|line| line.association.is_connected()) {
            association.start(now);
            line.next = Some((association, now + RENEW_WITHIN));
        }
    }

    /// Begins what has not begun, and sends again what is due. `to`: where the far end's SDP says RTP and RTCP go; `heard`: when
    /// its media was heard last.
    pub fn run<S: PacketSink>(
        &mut self,
        leg: LegId,
        to: [Option<SocketAddr>; 2],
        heard: Instant,
        out: &mut Out<'_, S>,
    ) {
        self.renew(heard, out.now);
        for at in 0..self.lines.len() {
            let Some(line) = self.lines.get_mut(at) else { continue };
            if line.over {
                continue;
            }
            if self.pact.role == Role::Client && line.peer.is_none() {
                let told = to.get(usize::from(line.channel == Channel::Rtcp)).copied().flatten();
                line.peer = told.map(|told| (told, true));
                line.give_up_at = Some(out.now + ASK_FOR);
            }
            if self.pact.role == Role::Server || line.peer.is_some() {
                line.association.start(out.now);
            }
            line.run(out.now);
            if line.give_up_at.is_some_and(|at| at <= out.now) {
                self.give_up(at, Handshake::TimedOut);
            }
            self.drain(leg, at, out);
        }
    }

    /// Takes a datagram; false when it is nobody's whom we listen to. `is_known`: it comes from a host of the far end's SDP or
    /// signalling. Who else sends may shake hands, for a NAT may stand between, but never in the place of one who is known.
    pub fn receive<S: PacketSink>(
        &mut self,
        leg: LegId,
        (channel, from, is_known): (Channel, SocketAddr, bool),
        packet: &[u8],
        out: &mut Out<'_, S>,
    ) -> bool {
        let role = self.pact.role;
        let Some(at) = self.lines.iter().position(|line| line.channel == channel) else {
            return false;
        };
        match self.lines.get(at).map(|line| (line.peer, line)) {
            Some((Some((peer, _)), _)) if peer == from => {}
            // What it was offered went to the address of the SDP; a NAT may let it answer from another port.
            Some((peer, line)) if role == Role::Client => {
                if peer.is_none() || line.heard || !is_known {
                    return false;
                }
                self.meet(at, (from, true));
            }
            Some((Some((_, was_known)), line)) => {
                // Who has not shown that he gets our answers may be anybody under a false address.
                let gives_way = if line.association.is_proven() {
                    is_known && !was_known && !line.association.is_connected()
                } else {
                    is_known || !was_known
                };
                if !gives_way {
                    return false;
                }
                self.begin_anew(at);
                self.meet(at, (from, is_known));
            }
            _ => self.meet(at, (from, is_known)),
        }
        let Some(line) = self.lines.get_mut(at) else {
            return false;
        };
        let is_up = line.association.is_connected();
        if is_up && line.next.is_none() && role == Role::Server && is_first_hello(packet) {
            self.begin_another(at, out.now);
        }
        let Some(line) = self.lines.get_mut(at) else {
            return false;
        };
        line.current().start(out.now);
        line.current().handle_packet(out.now, packet);
        if line.association.was_heard() && !line.heard {
            line.heard = true;
            line.give_up_at = (!is_up).then(|| out.now + CONNECT_WITHIN);
        }
        self.drain(leg, at, out);
        true
    }

    fn meet(&mut self, at: usize, peer: (SocketAddr, bool)) {
        if let Some(line) = self.lines.get_mut(at) {
            line.peer = Some(peer);
        }
    }

    /// Whoever shook hands so far was a stranger: the far end is still to come.
    fn begin_anew(&mut self, at: usize) {
        let association = self.association();
        if let Some(line) = self.lines.get_mut(at) {
            *line = Line::new(line.channel, association);
        }
    }

    /// Sends what is to be sent, and notes what came of it.
    fn drain<S: PacketSink>(&mut self, leg: LegId, at: usize, out: &mut Out<'_, S>) {
        let Some(line) = self.lines.get_mut(at) else {
            return;
        };
        let (channel, peer) = (line.channel, line.peer);
        while let Some(packet) = line.current().poll_packet() {
            if let Some((peer, _)) = peer {
                out.send(leg, channel, peer, &packet);
            }
        }
        let outcome = line.current().poll_outcome();
        match (outcome, line.next.take()) {
            (Some(Outcome::Keys(keys)), next) => {
                line.give_up_at = None;
                if let Some((next, _)) = next {
                    line.association = *next;
                }
                if let Some((peer, _)) = peer {
                    self.told = Some(Handshake::Keys(channel, peer, keys));
                }
            }
            // The keys that are in use stay.
            (Some(Outcome::Failed(_)), Some(_)) => {}
            (Some(Outcome::Failed(failure)), None) => self.give_up(at, Handshake::Failed(failure)),
            (None, next) => line.next = next,
        }
    }

    /// A handshake failed. A stranger's takes nothing from the one who is to come, and without RTCP people still hear each
    /// other.
    fn give_up(&mut self, at: usize, told: Handshake) {
        match self.lines.get_mut(at) {
            Some(line) if line.peer.is_some_and(|(_, is_known)| !is_known) => self.begin_anew(at),
            Some(line) => {
                line.over = true;
                line.give_up_at = None;
                if line.channel == Channel::Rtp {
                    self.told = Some(told);
                }
            }
            None => {}
        }
    }

    /// What a handshake brought, once.
    pub const fn poll(&mut self) -> Option<Handshake> {
        self.told.take()
    }

    /// When [`Self::run`] is needed next.
    pub fn next_timeout(&self) -> Option<Instant> {
        let lines = self.lines.iter().filter(|line| !line.over);
        let renewal = self.described.map(|described| described + RENEW_AFTER);
        lines.filter_map(Line::next_timeout).chain(renewal).min()
    }

    /// Says goodbye.
    pub fn close<S: PacketSink>(&mut self, leg: LegId, out: &mut Out<'_, S>) {
        for at in 0..self.lines.len() {
            if let Some(line) = self.lines.get_mut(at) {
                line.association.close(out.now);
            }
            self.drain(leg, at, out);
        }
    }
}

/// DTLS on a leg.
pub(crate) enum Dtls {
    /// We offered it.
    Offered(Early),
    /// It was agreed on.
    Agreed(DtlsLeg),
}

/// DTLS that comes before we know what was agreed: the last datagram of each channel.
#[derive(Default)]
pub(crate) struct Early([Option<(SocketAddr, Vec<u8>)>; 2]);

impl Early {
    /// Keeps a datagram.
    pub fn keep(&mut self, channel: Channel, from: SocketAddr, packet: &[u8]) {
        if packet.len() <= MAX_EARLY
            && let Some(place) = self.0.get_mut(usize::from(channel == Channel::Rtcp))
        {
            *place = Some((from, packet.to_vec()));
        }
    }

    /// Hands them out.
    pub fn take(self) -> impl Iterator<Item = (Channel, SocketAddr, Vec<u8>)> {
        let [rtp, rtcp] = self.0;
        let told =
            |channel: Channel, kept: Option<(SocketAddr, Vec<u8>)>| kept.map(|(from, bytes)| (channel, from, bytes));
        [told(Channel::Rtp, rtp), told(Channel::Rtcp, rtcp)].into_iter().flatten()
    }
}
