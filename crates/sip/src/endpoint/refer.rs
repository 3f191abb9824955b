//! REFER of the peer within a call, and the NOTIFYs that tell how it went (RFC 3515, RFC 4488, RFC 6665).

use std::time::{Duration, Instant};

use super::{ClientUser, Endpoint, ServerUser};
use crate::dialog::{Dialog, InDialog};
use crate::event::{Event, InviteId, ReferId};
use crate::flow::Flow;
use crate::header::HeaderName;
use crate::method::Method;
use crate::print;
use crate::reason_phrase::phrase;
use crate::refer_to::ReferTo;
use crate::reply::Reply;
use crate::request::Request;
use crate::scan;
use crate::timer::Timer;

/// How long the peer is told of a REFER; a transfer that rings longer is told as unknown.
const NOTIFY_LIMIT: Duration = Duration::from_secs(300);

/// A REFER of the peer, until its last NOTIFY was answered.
#[derive(Debug)]
pub(crate) struct Referral {
    /// Its invite session.
    invite: u64,
    stage: Stage,
    /// The peer wants NOTIFYs (no `Refer-Sub: false`).
    wants_notify: bool,
    /// `id` of the Event header: CSeq of the REFER, of all but the first in a dialog (RFC 3515 2.4.6).
    number: Option<u32>,
    /// The latest status that was told.
    latest: u16,
    /// The dialog, once the call is over and the subscription outlives it (RFC 5057 4.1).
    rest: Option<Box<Dialog>>,
}

#[derive(Debug)]
enum Stage {
    /// Waits for our user.
    Asked { transaction: u64 },
    /// NOTIFYs go out, one at a time: the one that waits for its answer, and what is to be said then.
    Told { sent: Option<State>, next: Option<State> },
}

/// What a NOTIFY says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Going(u16),
    Final(u16),
    /// The subscription ends before the outcome is known; the latest that was.
    Left(u16),
}

impl State {
    fn is_last(self) -> bool {
        !matches!(self, Self::Going(_))
    }

    fn status(self) -> u16 {
        match self {
            Self::Going(status) | Self::Final(status) | Self::Left(status) => status,
        }
    }
}

impl Endpoint {
    pub(super) fn receive_refer(&mut self, now: Instant, flow: Flow, request: &Request, id_key: (u64, u64)) {
        let (id, key) = id_key;
        let Some(session) = self.invites.get_mut(&id) else { return };
        let refusal = match ReferTo::parse(request) {
            _ if session.told => Some(Reply::new(session.refusal_at_end())),
            Err(problem) => Some(Reply::new(400).with_header("Warning", format!("399 sori \"{problem}\""))),
            // One at a time, and none before the call is up: the peer may ask again.
            Ok(_) if session.referral.is_some() || !session.has_dialog() => Some(Reply::new(491)),
            Ok(_) => None,
        };
        if let Some(reply) = refusal {
            return self.answer_stateless(flow, request.raw(), &reply);
        }
        let number = session.has_referred.then_some(request.cseq());
        session.has_referred = true;
        let refer = self.new_id();
        self.start_server(now, flow, request, key, ServerUser::Nobody);
        let wants_notify = request.header("Refer-Sub").is_none_or(|value| !value.starts_with(b"false"));
        let stage = Stage::Asked { transaction: key };
        self.referrals.insert(refer, Referral { invite: id, stage, wants_notify, number, latest: 100, rest: None });
        if let Some(session) = self.invites.get_mut(&id) {
            session.referral = Some(refer);
        }
        let limit = self.wire.timing.limit();
        self.wire.timers.set(now, Timer::Refer(refer), limit);
        self.tell(id, Event::Refer { id: InviteId(id), refer: ReferId(refer), request: request.clone() });
    }

    /// Takes a REFER on: 202, and a first NOTIFY with 100. [`Endpoint::refer_progress`] tells the rest.
    pub fn accept_refer(&mut self, now: Instant, refer: ReferId) {
        let Some(referral) = self.referrals.get_mut(&refer.0) else { return };
        let Stage::Asked { transaction } = referral.stage else { return };
        referral.stage = Stage::Told { sent: None, next: None };
        let (invite, wants_notify) = (referral.invite, referral.wants_notify);
        if self.invites.contains_key(&invite) {
            let lines: &[u8] = if wants_notify { b"" } else { b"Refer-Sub: false\r\n" };
            self.answer_in_dialog(now, invite, transaction, 202, lines, None);
        } else {
            self.refuse(now, transaction, 202);
        }
        if !wants_notify {
            return self.forget_referral(now, refer.0);
        }
        self.wire.timers.set(now, Timer::Refer(refer.0), NOTIFY_LIMIT);
        self.tell_referral(now, refer.0, State::Going(100));
    }

    /// Tells the peer how the call it asked for goes: a status of 200 and above is the end. Of statuses that follow each other
    /// faster than the peer answers only the latest is told.
    pub fn refer_progress(&mut self, now: Instant, refer: ReferId, status: u16) {
        let state = if status < 200 { State::Going(status.max(100)) } else { State::Final(status.min(699)) };
        self.tell_referral(now, refer.0, state);
    }

    /// Refuses a REFER with a status 300–699.
    pub fn refuse_refer(&mut self, now: Instant, refer: ReferId, status: u16) {
        let Some(Stage::Asked { transaction }) = self.referrals.get(&refer.0).map(|referral| &referral.stage) else {
            return;
        };
        let transaction = *transaction;
        self.refuse(now, transaction, status.clamp(300, 699));
        self.forget_referral(now, refer.0);
    }

    fn tell_referral(&mut self, now: Instant, refer: u64, state: State) {
        let Some(referral) = self.referrals.get_mut(&refer) else { return };
        let Stage::Told { sent, next } = &mut referral.stage else { return };
        if next.or(*sent).is_some_and(State::is_last) {
            return;
        }
        *next = Some(state);
        referral.latest = state.status();
        if sent.is_none() {
            self.send_refer_notify(now, refer);
        }
    }

    fn send_refer_notify(&mut self, now: Instant, refer: u64) {
        let branch = self.new_branch();
        let mut lines = self.wire.buffer();
        let Some(referral) = self.referrals.get_mut(&refer) else { return };
        let Stage::Told { sent, next } = &mut referral.stage else { return };
        let Some(state) = next.take() else { return };
        *sent = Some(state);
        let (dialog, user) = match (&mut referral.rest, self.invites.get_mut(&referral.invite)) {
            (Some(rest), _) => (rest.as_mut(), ""),
            (None, Some(session)) => (&mut session.dialog, session.contact_user.as_str()),
            (None, None) => return,
        };
        notify_lines(&mut lines, referral.number, state);
        let fragment = format!("SIP/2.0 {} {}\r\n", state.status(), phrase(state.status()));
        let notify = InDialog {
            method: b"NOTIFY",
            cseq: dialog.next_cseq(),
            branch,
            lines: &lines,
            contact_user: Some(user),
            body: Some(("message/sipfrag;version=2.0", fragment.as_bytes())),
        };
        let bytes = dialog.request(&notify, &self.config.user_agent, self.wire.buffer());
        let flow = dialog.request_flow();
        self.wire.recycle(lines);
        self.start_client(now, branch, Method::Notify, flow, bytes, ClientUser::ReferNotify { refer });
    }

    /// The final response to a NOTIFY, or 408 or 503 for none: a refusal ends the subscription (RFC 6665 4.2.2).
    pub(super) fn refer_notify_done(&mut self, now: Instant, refer: u64, status: u16) {
        let Some(referral) = self.referrals.get_mut(&refer) else { return };
        let Stage::Told { sent, next } = &mut referral.stage else { return };
        let was_last = sent.take().is_some_and(State::is_last);
        if was_last || status >= 300 {
            self.forget_referral(now, refer);
        } else if next.is_some() {
            self.send_refer_notify(now, refer);
        }
    }

    /// Nobody answered the REFER, or the call it asked for went on for too long.
    pub(super) fn refer_limit(&mut self, now: Instant, refer: u64) {
        match self.referrals.get(&refer).map(|referral| &referral.stage) {
            Some(Stage::Asked { .. }) => self.refuse_refer(now, ReferId(refer), 408),
            Some(Stage::Told { .. }) => self.leave_subscription(now, refer),
            None => {}
        }
    }

    fn leave_subscription(&mut self, now: Instant, refer: u64) {
        if let Some(latest) = self.referrals.get(&refer).map(|referral| referral.latest) {
            self.tell_referral(now, refer, State::Left(latest));
        }
    }

    /// A SUBSCRIBE within the call renews or ends the subscription that a REFER made (RFC 3515 2.4.4); false when it is
    /// about something else.
    pub(super) fn receive_refer_subscribe(
        &mut self,
        now: Instant,
        flow: Flow,
        request: &Request,
        id_key: (u64, u64),
    ) -> bool {
        let (id, key) = id_key;
        let event = request.known(HeaderName::Event).unwrap_or_default();
        let package = scan::split_once(event, b';').map_or(event, |(package, _)| package);
        let refer = self.invites.get(&id).and_then(|session| session.referral);
        let Some(refer) = refer.filter(|_| scan::trim(package).eq_ignore_ascii_case(b"refer")) else { return false };
        let Some(Stage::Told { .. }) = self.referrals.get(&refer).map(|referral| &referral.stage) else { return false };
        let limit = u32::try_from(NOTIFY_LIMIT.as_secs()).unwrap_or(u32::MAX);
        let seconds = request.expires().unwrap_or(limit).min(limit);
        self.start_server(now, flow, request, key, ServerUser::Nobody);
        let mut lines = self.wire.buffer();
        print::number_header(&mut lines, "Expires", u64::from(seconds));
        self.answer_in_dialog(now, id, key, 200, &lines, None);
        self.wire.recycle(lines);
        if seconds == 0 {
            self.leave_subscription(now, refer);
        } else if let Some(latest) = self.referrals.get(&refer).map(|referral| referral.latest) {
            self.wire.timers.set(now, Timer::Refer(refer), Duration::from_secs(u64::from(seconds)));
            self.tell_referral(now, refer, State::Going(latest));
        }
        true
    }

    /// The call is over: what the peer still is to be told goes on with the rest of its dialog.
    pub(super) fn leave_referral(&mut self, refer: u64, dialog: Dialog) {
        if let Some(referral) = self.referrals.get_mut(&refer) {
            referral.rest = Some(Box::new(dialog));
        }
    }

    fn forget_referral(&mut self, now: Instant, refer: u64) {
        self.wire.timers.cancel(Timer::Refer(refer));
        let Some(referral) = self.referrals.remove(&refer) else { return };
        if let Some(session) = self.invites.get_mut(&referral.invite)
            && session.referral == Some(refer)
        {
            session.referral = None;
            self.outcome_told(now, referral.invite);
        }
    }

    /// Is the outcome known, and the peer has not confirmed yet that it heard of it?
    pub(super) fn owes_outcome(&self, refer: u64) -> bool {
        match self.referrals.get(&refer).map(|referral| &referral.stage) {
            Some(Stage::Told { sent, next }) => next.or(*sent).is_some_and(State::is_last),
            _ => false,
        }
    }

    /// Sends the last NOTIFY even if the one before was not answered, for it is now or never.
    pub(super) fn hurry_outcome(&mut self, now: Instant, refer: u64) {
        if let Some(Stage::Told { next: Some(state), .. }) = self.referrals.get(&refer).map(|referral| &referral.stage)
            && state.is_last()
        {
            self.send_refer_notify(now, refer);
        }
    }
}

/// Event and Subscription-State of a NOTIFY (RFC 3515 2.4.4 to 2.4.7).
fn notify_lines(lines: &mut Vec<u8>, number: Option<u32>, state: State) {
    lines.extend_from_slice(b"Event: refer");
    if let Some(number) = number {
        lines.extend_from_slice(b";id=");
        print::number(lines, u64::from(number));
    }
    lines.extend_from_slice(match state {
        State::Going(_) => b"\r\nSubscription-State: active;expires=300\r\n",
        State::Final(_) => b"\r\nSubscription-State: terminated;reason=noresource\r\n",
        State::Left(_) => b"\r\nSubscription-State: terminated;reason=timeout\r\n",
    });
}
