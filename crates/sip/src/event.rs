//! What the endpoint tells its user.

use std::sync::Arc;

use crate::flow::Flow;
use crate::request::Request;
use crate::response::Response;

/// An invite session: one leg, from the INVITE to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InviteId(pub u64);

/// A request that waits for [`crate::endpoint::Endpoint::respond`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerTransactionId(pub u64);

/// A request sent by [`crate::endpoint::Endpoint::send`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientTransactionId(pub u64);

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
    /// A provisional response 101–199 with a To tag.
    Rang {
        /// Which.
        id: InviteId,
        /// 101–199.
        status: u16,
        /// Session description, when there is one (early media).
        body: Option<Arc<[u8]>>,
    },
    /// The first 2xx. ACK goes out by itself; when our INVITE had no body this one is an offer and ACK waits for `answer_offer`.
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
        /// The response itself where it says what to do next (3xx with its contacts, 5xx with Retry-After).
        response: Option<Box<Response>>,
    },
    /// The ACK to our first 2xx came.
    Confirmed {
        /// Which.
        id: InviteId,
        /// Session description: the answer, when our 2xx carried the offer.
        body: Option<Arc<[u8]>>,
    },
    /// A re-INVITE or UPDATE of the peer waits for `answer_offer` or `refuse_offer`. Also the 2xx to our re-INVITE without a body.
    Offer {
        /// Which.
        id: InviteId,
        /// The offer; `None`: the peer wants ours.
        body: Option<Arc<[u8]>>,
    },
    /// Our re-INVITE was accepted, or the ACK brought the answer to the offer we gave in `answer_offer`.
    OfferAnswered {
        /// Which.
        id: InviteId,
        /// The answer.
        body: Option<Arc<[u8]>>,
    },
    /// Our re-INVITE was refused; the call goes on as before.
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
