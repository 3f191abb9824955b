//! Early dialogs: what a call is before its 2xx (RFC 3261 12.1, 13.2.2.4; RFC 3262; RFC 3311).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::dialog::Dialog;
use crate::flow::Flow;
use crate::reply::Body;
use crate::session::Exchange;

/// Most early dialogs of one INVITE: a fork beyond them is not heard until its 2xx.
pub(crate) const MAX_FORKS: usize = 16;
/// Most provisional responses that wait for the PRACK of an earlier one; the oldest goes first.
pub(crate) const MAX_WAITING: usize = 4;

/// Where an early dialog stands.
#[derive(Debug, Default)]
pub(crate) struct Early {
    /// Offer and answer were exchanged reliably: descriptions in later responses mean nothing, UPDATE may offer anew.
    pub(crate) done: bool,
    /// RSeq of the latest reliable provisional response that was taken (RFC 3262 4).
    pub(crate) rseq: Option<u32>,
    /// PRACKs of ours that wait for their answer: an UPDATE waits for them, so that it cannot overtake them.
    pub(crate) pracks: u8,
    /// The latest session description of the peer.
    pub(crate) remote: Option<Arc<[u8]>>,
}

/// An early dialog that was not heard last.
#[derive(Debug)]
pub(crate) struct Fork {
    pub(crate) dialog: Dialog,
    pub(crate) exchange: Exchange,
    pub(crate) early: Early,
}

/// Our reliable provisional responses (RFC 3262 3).
#[derive(Debug, Default)]
pub(crate) struct Reliable {
    /// RSeq of the latest.
    pub(crate) rseq: u32,
    /// The latest, until its PRACK.
    pub(crate) unacked: Option<UnackedProvisional>,
    /// Those that wait for that PRACK.
    pub(crate) waiting: VecDeque<(u16, Option<Body>)>,
    /// The 2xx that waits for that PRACK.
    pub(crate) accept: Option<Body>,
    /// One of them carried our session description.
    pub(crate) has_described: bool,
}

/// A reliable provisional response that is repeated until its PRACK comes.
#[derive(Debug)]
pub(crate) struct UnackedProvisional {
    pub(crate) bytes: Vec<u8>,
    pub(crate) flow: Flow,
    pub(crate) pause: Duration,
    pub(crate) has_description: bool,
}
