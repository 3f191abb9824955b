//! What the endpoint tells its user.

use std::sync::Arc;

use crate::flow::Flow;
use crate::request::Request;
use crate::response::Response;
use crate::subscription::{SubscriptionEnd, SubscriptionId};

/// An invite session: one leg, from the INVITE to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InviteId(pub u64);

/// A request that waits for [`crate::endpoint::Endpoint::respond`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerTransactionId(pub u64);

/// A request sent by [`crate::endpoint::Endpoint::send`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientTransactionId(pub u64);

/// A REFER of the peer, from its arrival to the last NOTIFY about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReferId(pub u64);

/// Why an invite session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndCause {
    /// The peer hung up.
    Bye,
    /// The caller gave up before we answered.
    Cancelled,
    /// Our answer was never acknowledged.
    NoAck,
    /// The connection is gone, or nothing can be sent.
    Transport,
    /// The peer does not answer any more.
    Timeout,
    /// `end` or `reject` was called.
    Local,
    /// The session was not refreshed in time (RFC 4028 10).
    SessionExpired,
}

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// A new invite session of the peer; nothing was answered yet (100 goes out by itself).
    Invite {
        /// The new session.
        id: InviteId,
        /// The INVITE.
        request: Request,
        /// Where it came from.
        flow: Flow,
    },
    /// A provisional response 101–199. Reliable ones are acknowledged by themselves and told once (RFC 3262). Several phones
    /// may answer one INVITE (forks): each new description is told, and the latest is that of who was heard last.
    Rang {
        /// Which.
        id: InviteId,
        /// 101–199.
        status: u16,
        /// Session description, when there is one (early media).
        body: Option<Arc<[u8]>>,
    },
    /// The first 2xx. ACK goes out by itself; when our INVITE had no body this one is an offer and ACK waits for `answer_offer`
    /// (unless the offer came reliably before and was answered: then there is no body here). The body is the description in
    /// force of who answered, also when it stood in an earlier response; none when UPDATE has changed it since.
    Answered {
        /// Which.
        id: InviteId,
        /// Session description.
        body: Option<Arc<[u8]>>,
    },
    /// A final response other than 2xx, no response (408), nothing could be sent (503). The id is gone.
    Refused {
        /// Which.
        id: InviteId,
        /// 300–699.
        status: u16,
        /// Reason header of the response, else nothing.
        reason: Option<String>,
        /// Of a 3xx: URIs to try instead, best first (RFC 3261 8.1.3.4).
        contacts: Vec<String>,
        /// Retry-After in seconds (RFC 3261 20.33).
        retry_after: Option<u32>,
    },
    /// The ACK to our first 2xx came.
    Confirmed {
        /// Which.
        id: InviteId,
        /// Session description: the answer, when our 2xx carried the offer.
        body: Option<Arc<[u8]>>,
    },
    /// A re-INVITE, UPDATE or PRACK of the peer waits for `answer_offer` or `refuse_offer`. Also the 2xx to our re-INVITE without a
    /// body, and a reliable provisional response to our INVITE without one: the answer goes out in ACK or PRACK. It may come
    /// before the call is answered, after offer and answer were exchanged reliably.
    Offer {
        /// Which.
        id: InviteId,
        /// The offer; `None`: the peer wants ours.
        body: Option<Arc<[u8]>>,
    },
    /// Our re-INVITE or UPDATE was accepted, or ACK or PRACK brought the answer to an offer we gave in `answer_offer` or `ring`.
    /// Also a refresh of the session that brought another description than before (RFC 4028 7.4).
    OfferAnswered {
        /// Which.
        id: InviteId,
        /// The answer.
        body: Option<Arc<[u8]>>,
    },
    /// Our re-INVITE or UPDATE was refused; the call goes on as before.
    OfferRefused {
        /// Which.
        id: InviteId,
        /// 300–699.
        status: u16,
    },
    /// INFO within a call (a key press, say) waits for `respond`.
    Info {
        /// Which.
        id: InviteId,
        /// To answer it.
        transaction: ServerTransactionId,
        /// The INFO.
        request: Request,
    },
    /// REFER within a call (transfer) waits for `accept_refer` or `refuse_refer`; its Refer-To can be read
    /// ([`crate::ReferTo::parse`]). Answered 408 by itself when neither comes in 64 × T1.
    Refer {
        /// Which.
        id: InviteId,
        /// To answer it and to tell how it went.
        refer: ReferId,
        /// The REFER.
        request: Request,
    },
    /// It is over; the id is gone. Each invite session has exactly one `Ended` or `Refused`.
    Ended {
        /// Which.
        id: InviteId,
        /// Why.
        cause: EndCause,
        /// Reason header of the peer's BYE or CANCEL.
        reason: Option<String>,
    },
    /// A request outside of calls waits for `respond`.
    Request {
        /// To answer it.
        transaction: ServerTransactionId,
        /// The request.
        request: Request,
        /// Where it came from.
        flow: Flow,
    },
    /// A new subscription waits for `accept_subscription`, `refuse_subscription` or `challenge_subscription`.
    Subscribe {
        /// The new subscription.
        id: SubscriptionId,
        /// The SUBSCRIBE; it has an Event header and a duration that can be granted.
        request: Request,
        /// Where it came from.
        flow: Flow,
    },
    /// The subscriber may and must be told the state: `notify` is awaited.
    NotifyDue {
        /// Which.
        id: SubscriptionId,
    },
    /// A subscription is over; the id is gone. Each [`Event::Subscribe`] has exactly one.
    SubscriptionEnded {
        /// Which.
        id: SubscriptionId,
        /// Why.
        cause: SubscriptionEnd,
    },
    /// The final response to a request sent by `send`.
    Response {
        /// Which.
        transaction: ClientTransactionId,
        /// `None`: nobody answered, or nothing could be sent.
        response: Option<Response>,
    },
    /// A message was not understood; it was answered or dropped as the RFC says.
    Malformed {
        /// Where it came from.
        flow: Flow,
    },
}

impl Event {
    /// The end of an INVITE that no response of the peer ended.
    pub(crate) fn refused(id: InviteId, status: u16) -> Self {
        Self::Refused { id, status, reason: None, contacts: Vec::new(), retry_after: None }
    }
}
