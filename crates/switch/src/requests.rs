//! Events of the SIP endpoint, sorted; and requests outside a dialog (RFC 3261 8.2, 11).

use crate::subscriptions::ALLOW_EVENTS;
use crate::switch::{Now, Switch};
use sip::endpoint::{ALLOW, SUPPORTED};
use sip::{Event, Reply, Request, ServerTransactionId};

impl Switch {
    pub(crate) fn on_sip(&mut self, event: Event, now: Now) {
        match event {
            Event::Invite { id, request, flow } => self.on_invite(id, &request, flow, now),
            Event::Rang { id, body, .. } => {
                self.dial_was_heard(id, now);
                self.on_rang(id, body, now);
            }
            Event::Answered { id, body } => {
                self.dial_was_heard(id, now);
                self.on_answered(id, body, now);
            }
            Event::Refused { id, status, contacts, retry_after, .. } => {
                let goes_on = self.offers_again(id, status, now)
                    || self.dial_goes_on(id, status, &contacts, retry_after, now)
                    || self.goes_by_another_flow(id, status, now);
                if !goes_on {
                    self.on_refused(id, status, now);
                }
            }
            Event::Confirmed { id, body } => self.on_confirmed(id, body, now),
            Event::Offer { id, body } => self.on_offer(id, body, now),
            Event::Refer { id, refer, request } => self.on_refer(id, refer, &request, now),
            Event::Info { id, transaction, request } => self.on_info(id, transaction, &request, now),
            Event::Ended { id, cause, .. } => self.on_ended(id, cause, now),
            Event::Request { transaction, request, flow } => self.on_request(transaction, &request, flow, now),
            Event::Subscribe { id, request, flow } => self.on_subscribe(id, &request, flow, now),
            Event::NotifyDue { id } => self.on_notify_due(id, now),
            Event::SubscriptionEnded { id, .. } => self.on_subscription_ended(id),
            // Nothing is offered or asked by ourselves in mid-call yet, and malformed bytes are counted by the endpoint.
            Event::OfferAnswered { id, body } => self.on_confirmed(id, body, now),
            Event::OfferRefused { .. } | Event::Malformed { .. } => {}
            Event::Response { transaction, response } => self.on_own_response(transaction, response.as_ref(), now),
        }
    }

    fn on_request(&mut self, transaction: ServerTransactionId, request: &Request, flow: sip::Flow, now: Now) {
        let reply = match request.method().as_str() {
            "REGISTER" => self.register(request, flow, now),
            "OPTIONS" => {
                let mut reply = Reply::new(200);
                reply.headers.push(("Allow", ALLOW.to_owned()));
                reply.headers.push(("Accept", "application/sdp".to_owned()));
                reply.headers.push(("Supported", SUPPORTED.to_owned()));
                reply.headers.push(("Allow-Events", ALLOW_EVENTS.to_owned()));
                reply
            }
            // Nobody publishes states here (RFC 3903 6): sori knows them itself.
            "PUBLISH" => Reply::new(489).with_header("Allow-Events", ALLOW_EVENTS),
            _ => {
                let mut reply = Reply::new(405);
                reply.headers.push(("Allow", ALLOW.to_owned()));
                reply
            }
        };
        if reply.status == 401 {
            return self.endpoint.challenge(transaction, request, flow, &reply);
        }
        self.endpoint.respond(now.instant, transaction, reply);
    }
}
