//! SIP without sockets: messages, framing, transactions, dialogs, invite sessions, digest, registrar.
//!
//! Bytes and the time go in, bytes and events come out. Nothing here opens a socket, reads a clock or rolls dice:
//! the same input gives the same output.
#![forbid(unsafe_code)]

mod ability;
mod auth;
mod binding;
mod client_transaction;
mod cseq;
mod derive;
pub mod dialog;
pub mod digest;
pub mod diversion;
mod early;
pub mod endpoint;
pub mod event;
pub mod flow;
pub mod framing;
pub mod glance;
pub mod header;
pub mod identity;
pub mod invite;
pub mod message;
pub mod method;
mod multipart;
pub mod name_addr;
mod print;
mod random;
pub mod raw;
pub mod reason_phrase;
pub mod refer_to;
pub mod registrar;
pub mod replaces;
pub mod reply;
pub mod request;
pub mod response;
mod scan;
mod server_transaction;
mod session;
mod session_timer;
mod span;
pub mod stun;
pub mod subscription;
mod timer;
pub mod uri;
pub mod via;
mod wire;

pub use auth::Auth;
pub use digest::Credentials;
pub use endpoint::{Config, Counts, Endpoint, NamedDialog};
pub use event::{ClientTransactionId, EndCause, Event, InviteId, ReferId, ServerTransactionId};
pub use flow::{Flow, Transport};
pub use framing::{Frame, PONG, StreamFramer};
pub use glance::Glance;
pub use header::HeaderName;
pub use invite::{Invite, NameAddrText, OutOfDialog};
pub use message::Message;
pub use method::Method;
pub use name_addr::NameAddr;
pub use raw::Malformed;
pub use refer_to::{ReferTo, ReferToProblem};
pub use registrar::{Binding, BindingChange, RegisterOutcome, Registrar};
pub use replaces::{NotReplaces, Replaces};
pub use reply::{Body, Reason, Reply};
pub use request::Request;
pub use response::Response;
pub use scan::Params;
pub use subscription::{EventPackage, SubscriptionEnd, SubscriptionId, TerminationReason};
pub use uri::{Scheme, Uri};
pub use via::Via;
pub use wire::{Totals, Transmit};
