//! Subscriptions as notifier: SUBSCRIBE makes a dialog, NOTIFY tells the state (RFC 6665 4.2).
//!
//! The state itself is the user's: [`Event::NotifyDue`] asks for it when it can be sent, so that however often it changes
//! one NOTIFY is under way and the next one tells the latest.

use std::time::{Duration, Instant};

use super::{ClientUser, Endpoint, ServerUser};
use crate::dialog::{Dialog, InDialog};
use crate::event::Event;
use crate::flow::Flow;
use crate::header::HeaderName;
use crate::method::Method;
use crate::print;
use crate::reply::{Body, Reply};
use crate::request::Request;
use crate::scan;
use crate::server_transaction::Answer;
use crate::subscription::{
    Due, EventPackage, MAX_SUBSCRIPTIONS, NOTIFY_PAUSE, Stage, Subscription, SubscriptionEnd, SubscriptionId,
    TerminationReason, ends_usage, granted,
};
use crate::timer::Timer;

impl Endpoint {
    /// A SUBSCRIBE with or without a To tag.
    pub(super) fn receive_subscribe(&mut self, now: Instant, flow: Flow, request: Request, key: u64) {
        let Some(package) = EventPackage::of(&request) else {
            return self.answer_stateless(flow, request.raw(), &Reply::new(489));
        };
        let seconds = match granted(&request) {
            Ok(seconds) => seconds,
            Err(least) => {
                let reply = Reply::new(423).with_header("Min-Expires", least.to_string());
                return self.answer_stateless(flow, request.raw(), &reply);
            }
        };
        if request.to().tag().is_some() {
            return self.resubscribe(now, flow, &request, key, seconds);
        }
        if self.subscriptions.len() >= MAX_SUBSCRIPTIONS {
            self.wire.totals.overload += 1;
            return self.answer_stateless(flow, request.raw(), &super::receive::overloaded());
        }
        let id = self.new_id();
        let tag = self.session_tag(id);
        let mut event = package.name().to_vec();
        if let Some(package_id) = package.id() {
            event.extend_from_slice(b";id=");
            event.extend_from_slice(package_id);
        }
        self.start_server_with_tag(now, flow, &request, (key, &tag), ServerUser::Nobody);
        let subscription = Subscription {
            dialog: Dialog::of_request(&request, flow, tag),
            stage: Stage::Asked { transaction: key },
            event,
            contact_user: request.uri().and_then(|uri| uri.user()).unwrap_or_default().into_owned(),
            granted: seconds,
            ends_at: now,
            due: Due::No,
            in_flight: None,
            is_pausing: false,
        };
        self.subscriptions.insert(id, subscription);
        self.events.push_back(Event::Subscribe { id: SubscriptionId(id), request, flow });
    }

    /// A later SUBSCRIBE of the dialog: more time, or its end. The dialog's tags were told to nobody else, so no password
    /// is asked again.
    fn resubscribe(&mut self, now: Instant, flow: Flow, request: &Request, key: u64, seconds: u32) {
        let Some(id) = self.subscription_of(request) else {
            return self.answer_stateless(flow, request.raw(), &Reply::new(481));
        };
        let Some(subscription) = self.subscriptions.get_mut(&id) else { return };
        if subscription.stage != Stage::Active {
            return self.answer_stateless(flow, request.raw(), &Reply::new(481));
        }
        if !subscription.dialog.accept_cseq(request.cseq()) {
            return self.answer_stateless(flow, request.raw(), &Reply::new(500));
        }
        subscription.dialog.refresh(request.contact());
        if flow.transport.is_reliable() || subscription.dialog.stay {
            subscription.dialog.flow = flow;
        }
        self.start_server(now, flow, request, key, ServerUser::Nobody);
        self.grant(now, id, key, seconds);
    }

    /// The subscription whose tags a request has.
    fn subscription_of(&self, request: &Request) -> Option<u64> {
        let (id, _) = scan::split_once(request.to().tag()?, b'-')?;
        let id = u64::from_str_radix(std::str::from_utf8(id).ok()?, 16).ok()?;
        let subscription = self.subscriptions.get(&id).filter(|one| one.dialog.owns(request))?;
        let package = EventPackage::of(request)?;
        let (name, package_id) = match scan::split_once(&subscription.event, b';') {
            Some((name, rest)) => (name, rest.strip_prefix(b"id=")),
            None => (&subscription.event[..], None),
        };
        (package.name().eq_ignore_ascii_case(name) && package.id() == package_id).then_some(id)
    }

    /// Accepts [`Event::Subscribe`] with 200; [`Event::NotifyDue`] follows at once (RFC 6665 4.2.1.2).
    pub fn accept_subscription(&mut self, now: Instant, id: SubscriptionId) {
        let Some(subscription) = self.subscriptions.get_mut(&id.0) else { return };
        let Stage::Asked { transaction } = subscription.stage else { return };
        subscription.stage = Stage::Active;
        let seconds = subscription.granted;
        self.grant(now, id.0, transaction, seconds);
    }

    /// 200 with what is granted, and the state is due.
    fn grant(&mut self, now: Instant, id: u64, transaction: u64, seconds: u32) {
        let Some(subscription) = self.subscriptions.get_mut(&id) else { return };
        let end = Duration::from_secs(u64::from(seconds));
        subscription.granted = seconds;
        subscription.ends_at = now + end;
        subscription.due = if subscription.due == Due::Told { Due::Told } else { Due::Now };
        if seconds == 0 {
            subscription.stage = Stage::Closing;
            self.wire.timers.cancel(Timer::SubscriptionEnd(id));
        } else {
            self.wire.timers.set(now, Timer::SubscriptionEnd(id), end);
        }
        let mut lines = self.wire.buffer();
        print::contact(&mut lines, &subscription.contact_user, &subscription.dialog.flow);
        print::number_header(&mut lines, "Expires", u64::from(seconds));
        print::header(&mut lines, "Server", self.config.user_agent.as_bytes());
        self.answer(now, transaction, &Answer { status: 200, reason: None, lines: &lines, body: None });
        self.wire.recycle(lines);
        self.tell_if_due(id);
    }

    /// Refuses [`Event::Subscribe`] with a final response 300–699. [`Event::SubscriptionEnded`] follows.
    pub fn refuse_subscription(&mut self, now: Instant, id: SubscriptionId, reply: Reply) {
        let Some(transaction) = self.asked(id) else { return };
        let status = reply.status.clamp(300, 699);
        self.reply(now, transaction, &Reply { status, ..reply });
        self.drop_subscription(id.0, SubscriptionEnd::Local);
    }

    /// Refuses one whose sender is not known yet and keeps nothing of it (see [`Endpoint::challenge_invite`]).
    pub fn challenge_subscription(&mut self, id: SubscriptionId, request: &Request, flow: Flow, reply: &Reply) {
        let Some(transaction) = self.asked(id) else { return };
        self.answer_stateless(flow, request.raw(), reply);
        self.remove_server(transaction);
        self.drop_subscription(id.0, SubscriptionEnd::Local);
    }

    fn asked(&self, id: SubscriptionId) -> Option<u64> {
        match self.subscriptions.get(&id.0)?.stage {
            Stage::Asked { transaction } => Some(transaction),
            Stage::Active | Stage::Closing => None,
        }
    }

    /// What is watched changed. [`Event::NotifyDue`] follows as soon as the subscriber may be told: at once, or when the
    /// NOTIFY under way is answered and a second has passed since.
    pub fn state_changed(&mut self, id: SubscriptionId) {
        if let Some(subscription) = self.subscriptions.get_mut(&id.0)
            && subscription.due == Due::No
        {
            subscription.due = Due::Soon;
            self.tell_if_due(id.0);
        }
    }

    /// Answers [`Event::NotifyDue`] with the whole state as it is now; `None` for a package that has none to tell.
    pub fn notify(&mut self, now: Instant, id: SubscriptionId, body: Option<&Body>) {
        let Some(subscription) = self.subscriptions.get_mut(&id.0).filter(|one| one.due == Due::Told) else { return };
        subscription.due = Due::No;
        subscription.is_pausing = true;
        let state = subscription.state(now);
        let is_last = subscription.stage == Stage::Closing;
        let user = if is_last { ClientUser::Nobody } else { ClientUser::Notify { id: id.0 } };
        let number = self.send_notify(now, id.0, &state, body, user);
        if is_last {
            return self.drop_subscription(id.0, SubscriptionEnd::Unsubscribed);
        }
        if let Some(subscription) = self.subscriptions.get_mut(&id.0) {
            subscription.in_flight = number;
        }
        self.wire.timers.set(now, Timer::NotifyPause(id.0), NOTIFY_PAUSE);
    }

    /// Ends a subscription by our own wish; the subscriber is told why. [`Event::SubscriptionEnded`] follows.
    pub fn end_subscription(&mut self, now: Instant, id: SubscriptionId, reason: TerminationReason) {
        if let Some(transaction) = self.asked(id) {
            self.refuse(now, transaction, 480);
        } else {
            self.send_last(now, id.0, reason);
        }
        self.drop_subscription(id.0, SubscriptionEnd::Local);
    }

    /// Its time is over (RFC 6665 4.2.2).
    pub(super) fn subscription_expired(&mut self, now: Instant, id: u64) {
        self.send_last(now, id, TerminationReason::Timeout);
        self.drop_subscription(id, SubscriptionEnd::Expired);
    }

    fn send_last(&mut self, now: Instant, id: u64, reason: TerminationReason) {
        let state = format!("terminated;reason={}", reason.as_str());
        self.send_notify(now, id, &state, None, ClientUser::Nobody);
    }

    fn send_notify(
        &mut self,
        now: Instant,
        id: u64,
        state: &str,
        body: Option<&Body>,
        user: ClientUser,
    ) -> Option<u64> {
        let branch = self.new_branch();
        let subscription = self.subscriptions.get_mut(&id)?;
        let mut lines = self.wire.buffer();
        print::header(&mut lines, HeaderName::Event.as_str(), &subscription.event);
        print::header(&mut lines, "Subscription-State", state.as_bytes());
        let cseq = subscription.dialog.next_cseq();
        let contact_user = Some(subscription.contact_user.as_str());
        let body = body.map(Body::parts);
        let request = InDialog { method: b"NOTIFY", cseq, branch, lines: &lines, contact_user, body };
        let bytes = subscription.dialog.request(&request, &self.config.user_agent, self.wire.buffer());
        let flow = subscription.dialog.request_flow();
        self.wire.recycle(lines);
        self.start_client(now, branch, Method::Notify, flow, bytes, user);
        Some(branch.0)
    }

    /// The final response to a NOTIFY.
    pub(super) fn notify_done(&mut self, id: u64, number: u64, status: u16) {
        let Some(subscription) = self.subscriptions.get_mut(&id) else { return };
        if subscription.in_flight != Some(number) {
            return;
        }
        subscription.in_flight = None;
        if ends_usage(status) {
            return self.drop_subscription(id, SubscriptionEnd::Unreachable);
        }
        self.tell_if_due(id);
    }

    /// Nobody answered a NOTIFY, or it could not be sent.
    pub(super) fn notify_failed(&mut self, id: u64) {
        self.drop_subscription(id, SubscriptionEnd::Unreachable);
    }

    /// A second has passed since the last NOTIFY.
    pub(super) fn notify_pause_over(&mut self, id: u64) {
        if let Some(subscription) = self.subscriptions.get_mut(&id) {
            subscription.is_pausing = false;
            self.tell_if_due(id);
        }
    }

    fn tell_if_due(&mut self, id: u64) {
        if let Some(subscription) = self.subscriptions.get_mut(&id).filter(|one| one.is_ready()) {
            subscription.due = Due::Told;
            self.events.push_back(Event::NotifyDue { id: SubscriptionId(id) });
        }
    }

    /// Subscriptions that came by a connection that closed: nobody can be told anything there, and the subscriber makes
    /// new ones when it comes back (RFC 6665 4.1.2.2).
    pub(super) fn drop_subscriptions_on(&mut self, connection: u64) {
        let is_on =
            |one: &Subscription| one.dialog.flow.transport.is_reliable() && one.dialog.flow.connection == connection;
        let lost: Vec<u64> = self.subscriptions.iter().filter(|(_, one)| is_on(one)).map(|(id, _)| *id).collect();
        for id in lost {
            self.drop_subscription(id, SubscriptionEnd::Unreachable);
        }
    }

    fn drop_subscription(&mut self, id: u64, cause: SubscriptionEnd) {
        if self.subscriptions.remove(&id).is_some() {
            self.wire.timers.cancel(Timer::SubscriptionEnd(id));
            self.wire.timers.cancel(Timer::NotifyPause(id));
            self.events.push_back(Event::SubscriptionEnded { id: SubscriptionId(id), cause });
        }
    }
}
