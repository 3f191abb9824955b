//! Doing what was planned.

use super::call::Speech;
use super::{Agent, AgentCall, Deed, Fault, Hearing, KEEP_ALIVE, Stand, Upset};
use crate::description::{self, Direction};
use crate::plain;
use crate::voice::Side;
use sip::{Body, Credentials, Invite, InviteId, Method, NameAddrText, OutOfDialog, Reply, Transport};
use std::time::{Duration, Instant};

/// A caller gives up ringing after this by itself.
const RING_LIMIT: Duration = Duration::from_secs(100);

impl Agent {
    pub(super) fn act(&mut self, deed: Deed, now: Instant) {
        match deed {
            Deed::Return if self.gone => {
                self.gone = false;
                self.noted.push("comes back");
                self.start_over();
                self.later(now, Duration::ZERO, Deed::Register);
            }
            _ if self.gone => {}
            Deed::Return => {}
            Deed::Vanish => self.vanish(now),
            Deed::KeepAlive => {
                self.outbox.push_back(b"\r\n\r\n".to_vec());
                self.later(now, KEEP_ALIVE, Deed::KeepAlive);
            }
            Deed::Cut(time) => {
                self.cut_off("is cut off", now);
                self.upsets.push(Upset::Cut(time));
            }
            Deed::Move => {
                self.cut_off("is seen elsewhere", now);
                self.upsets.push(Upset::Moved);
                self.reconnect(now);
            }
            Deed::Reconnect => {
                self.cut_off("connects anew", now);
                self.reconnect(now);
            }
            Deed::Trick(id, trick) => self.play_trick(id, &trick, now),
            Deed::Register => self.register(self.setup.sign_in.as_ref().map_or(0, |s| s.expires_seconds), now),
            Deed::SignOff => {
                self.left_at = Some(now);
                self.excuse_all(now);
                self.deeds.retain(|_, deed| *deed != Deed::Register);
                self.register(0, now);
            }
            Deed::Call { to, from, offers } => self.dial(&to, &from, offers, now),
            Deed::Speak(id) => self.speak(id, now),
            Deed::Key { id, key, step, timestamp } => self.send_key(id, key, step, timestamp, now),
            Deed::Ring(id)
            | Deed::Progress(id)
            | Deed::Answer(id)
            | Deed::Refuse(id, _)
            | Deed::HangUp(id)
            | Deed::Hold(id)
            | Deed::Resume(id)
            | Deed::Press(id, _) => {
                if let Some(id) = self.call_id(id) {
                    self.act_in_call(id, &deed, now);
                }
            }
        }
    }

    fn act_in_call(&mut self, id: InviteId, deed: &Deed, now: Instant) {
        let Some(stand) = self.calls.get(&id).map(|call| call.stand) else { return };
        match (deed, stand) {
            (Deed::Ring(_), Stand::Ringing) => self.endpoint.ring(now, id, 180, None),
            (Deed::Progress(_), Stand::Ringing) => self.progress(id, now),
            (Deed::Answer(_), Stand::Ringing) => self.answer(id, now),
            (Deed::Refuse(_, status), Stand::Ringing) => self.refuse(id, *status, now),
            (Deed::HangUp(_), stand) => {
                // Who stops ringing is not who ends a call.
                if let Some(key) = self.calls.get(&id).map(|call| call.key).filter(|_| stand != Stand::Ringing) {
                    self.excuse(key, now);
                }
                self.endpoint.end(now, id, None);
            }
            (Deed::Hold(_), Stand::Up) => self.offer_anew(id, true, now),
            (Deed::Resume(_), Stand::Up) => self.offer_anew(id, false, now),
            (Deed::Press(_, key), Stand::Up) => self.press(id, *key, now),
            _ => {}
        }
    }

    fn vanish(&mut self, now: Instant) {
        self.gone = true;
        self.left_at = Some(now);
        self.excuse_all(now);
        if self.connection != 0 {
            self.upsets.push(Upset::Lost(self.connection));
        }
        self.noted.push("vanishes");
        self.start_over();
        if let Some(back) = self.setup.habit.absence(&mut self.rng) {
            self.later(now, back, Deed::Return);
        }
    }

    fn cut_off(&mut self, how: &'static str, now: Instant) {
        self.left_at = Some(now);
        self.excuse_all(now);
        self.noted.push(how);
    }

    /// Makes a new connection where one is used, and signs in by the new way.
    fn reconnect(&mut self, now: Instant) {
        if self.setup.transport != Transport::Udp {
            self.upsets.push(Upset::Lost(self.connection));
            self.connect();
        }
        self.deeds.retain(|_, deed| *deed != Deed::Register);
        self.later(now, Duration::ZERO, Deed::Register);
    }

    fn refuse(&mut self, id: InviteId, status: u16, now: Instant) {
        let mut reply = Reply::new(status);
        if (300..400).contains(&status) {
            // The same customer by another line: who follows it finds the same voice.
            let key = self.calls.get(&id).map_or(0, |call| call.key);
            reply = reply.with_header("Contact", format!("<sip:011{key:08}@{}>", self.setup.address));
        }
        self.endpoint.reject(now, id, reply);
    }

    /// CANCEL came and is not obeyed: whoever rings here answers, rather soon.
    pub(super) fn defy(&mut self, call_id: &str, now: Instant) {
        let id = self.calls.iter().find(|(_, call)| call.call_id == call_id).map(|(id, _)| *id);
        if let Some(id) = id {
            let delay = self.rng.ms(0..2_000);
            self.later(now, delay, Deed::Answer(Some(id)));
        }
    }

    fn register(&mut self, expires: u32, now: Instant) {
        let Some(sign_in) = self.setup.sign_in.clone() else { return };
        // A repetition with credentials takes the next number, so numbers go in steps.
        self.register_cseq += 10;
        let uri = format!("sip:{}@{}", sign_in.user, self.setup.server.ip());
        let request = OutOfDialog {
            request_uri: format!("sip:{}", self.setup.server.ip()),
            contact_user: Some(sign_in.user),
            call_id: Some(self.register_call_id.clone()),
            cseq: Some(self.register_cseq),
            headers: vec![("Expires", expires.to_string())],
            credentials: Some(Credentials { username: sign_in.username, password: sign_in.password }),
            ..OutOfDialog::new(self.flow(), Method::Register, &uri)
        };
        let transaction = self.endpoint.send(now, request);
        self.registering = Some((transaction, expires));
    }

    pub(super) fn dial(&mut self, to: &str, from: &str, offers: bool, now: Instant) {
        let server = self.setup.server;
        let at = self.new_media_address();
        let sdp = description::write(at, 1, self.setup.payload_type, Direction::SendRecv);
        let sign_in = self.setup.sign_in.as_ref();
        let side = if sign_in.is_some() { Side::Manager } else { Side::Customer };
        let invite = Invite {
            flow: self.flow(),
            request_uri: format!("sip:{to}@{server}"),
            from: NameAddrText { display: String::new(), uri: format!("sip:{from}@{}", self.setup.address) },
            to: NameAddrText { display: String::new(), uri: format!("sip:{to}@{server}") },
            contact_user: from.to_owned(),
            headers: Vec::new(),
            route: Vec::new(),
            body: offers.then(|| Body::sdp(sdp)),
            credentials: sign_in.map(|s| Credentials { username: s.username.clone(), password: s.password.clone() }),
            ring_limit: Some(RING_LIMIT),
            reliable: true,
            max_forwards: None,
        };
        let key = key_of(if side == Side::Manager { to } else { from });
        let faults = self.setup.habit.faults(&mut self.rng, false);
        let id = self.endpoint.invite(now, invite);
        let sent: Vec<Vec<u8>> =
            std::iter::from_fn(|| self.endpoint.poll_transmit()).map(|transmit| transmit.bytes).collect();
        let text = sent.last().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default();
        let call_id = plain::header(&text, "Call-ID").unwrap_or_default().to_owned();
        let call = self.new_call(key, side, Stand::Calling, at);
        self.calls.insert(id, AgentCall { offered: offers, ..call });
        self.take_on(id, &call_id, faults);
        for bytes in sent {
            self.outbox.extend(self.meddler.outgoing(bytes));
        }
        let plans = self.setup.habit.on_calling(&mut self.rng, id);
        self.plan_all(now, plans);
    }

    /// Notes what will be done wrong in a new call.
    pub(super) fn take_on(&mut self, id: InviteId, call_id: &str, faults: Vec<Fault>) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.call_id = call_id.to_owned();
        call.faults.clone_from(&faults);
        if !faults.is_empty() {
            self.faults.entry(call.key).or_default().extend(&faults);
        }
        if self.setup.habit.is_faulty() {
            self.meddler.begin(call_id, faults);
        }
    }

    pub(super) fn new_call(&mut self, key: u64, side: Side, stand: Stand, at: std::net::SocketAddr) -> AgentCall {
        let bits = self.rng.bits();
        let speech =
            Speech { sequence: bits as u16, timestamp: (bits >> 16) as u32, ssrc: (bits >> 32) as u32, packets: 0 };
        AgentCall {
            key,
            side,
            call_id: String::new(),
            faults: Vec::new(),
            stand,
            up_at: None,
            at,
            far: None,
            offered: true,
            speaks: false,
            holds: false,
            agreed_at: None,
            pressed_at: None,
            hearing: Hearing::default(),
            speech,
            version: 1,
        }
    }

    pub(super) fn plan_all(&mut self, now: Instant, plans: Vec<(Duration, Deed)>) {
        for (delay, deed) in plans {
            self.later(now, delay, deed);
        }
    }

    fn answer(&mut self, id: InviteId, now: Instant) {
        let Some(body) = self.our_answer(id) else { return };
        self.endpoint.accept(now, id, body);
        self.is_up(id, now);
    }

    fn progress(&mut self, id: InviteId, now: Instant) {
        let Some(body) = self.our_answer(id) else { return };
        self.endpoint.ring(now, id, 183, Some(body));
        self.begin_to_speak(id, now);
    }

    /// Our answer to the offer that came with their INVITE; the same each time.
    fn our_answer(&mut self, id: InviteId) -> Option<Body> {
        let call = self.calls.get_mut(&id)?;
        call.far = call.far.or_else(|| self.offers.remove(&id).as_deref().and_then(description::read));
        let direction = call.far.map_or(Direction::SendRecv, |far| far.direction.answer());
        Some(Body::sdp(description::write(call.at, call.version, self.setup.payload_type, direction)))
    }

    fn begin_to_speak(&mut self, id: InviteId, now: Instant) {
        let silent = self.calls.get_mut(&id).is_some_and(|call| !std::mem::replace(&mut call.speaks, true));
        if silent {
            self.later(now, Duration::ZERO, Deed::Speak(id));
        }
    }

    /// From now on both talk.
    pub(super) fn is_up(&mut self, id: InviteId, now: Instant) {
        let Some(call) = self.calls.get_mut(&id).filter(|call| call.stand != Stand::Up) else { return };
        call.stand = Stand::Up;
        call.up_at = Some(now);
        // Early media may have thinned out.
        call.speech.packets = 0;
        let (side, key, faults) = (call.side, call.key, call.faults.clone());
        if !faults.contains(&Fault::HasNoVoice) {
            self.begin_to_speak(id, now);
        }
        let mut plans = self.setup.habit.on_up(&mut self.rng, id, side, key);
        plans.extend(faults.iter().flat_map(|fault| fault.on_up(&mut self.rng, id)));
        self.plan_all(now, plans);
    }

    pub(super) fn offer_anew(&mut self, id: InviteId, holds: bool, now: Instant) {
        let Some(call) = self.calls.get_mut(&id).filter(|call| call.holds != holds) else { return };
        call.holds = holds;
        call.version += 1;
        let sdp = description::write(call.at, call.version, self.setup.payload_type, call.direction());
        self.endpoint.reinvite(now, id, Some(Body::sdp(sdp)));
    }
}

/// Which simulated call a user part belongs to: its last eight digits.
#[must_use]
pub(crate) fn key_of(user: &str) -> u64 {
    let digits: Vec<u64> = user.chars().filter_map(|c| c.to_digit(10)).map(u64::from).collect();
    let last = digits.get(digits.len().saturating_sub(8)..).unwrap_or_default();
    last.iter().fold(0, |key, digit| key * 10 + digit)
}

#[cfg(test)]
mod tests {
    use super::key_of;

    #[test]
    fn one_customer_has_one_key_however_the_number_is_written() {
        for user in ["+821000000017", "01000000017", "821000000017"] {
            assert_eq!(key_of(user), 17);
        }
        assert_eq!(key_of("anonymous"), 0);
    }
}
