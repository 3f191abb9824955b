//! The invite session: one leg from INVITE to its end, whoever began it (RFC 3261 13, 14, 15).

use std::time::Duration;

use crate::dialog::Dialog;
use crate::digest::{Credentials, Login};
use crate::flow::Flow;
use crate::reply::Body;

/// Where an invite session stands.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Our INVITE waits for its final response.
    Calling {
        /// Client transaction of the INVITE.
        transaction: u64,
        /// A provisional response came: CANCEL may be sent (9.1).
        heard: bool,
        /// What became of a wish to cancel.
        cancel: Cancel,
    },
    /// The peer's INVITE waits for our final response.
    Incoming {
        /// Server transaction of the INVITE.
        transaction: u64,
    },
    /// The 2xx to our empty INVITE brought an offer; ACK waits for our answer.
    AckOwed(OwedAck),
    /// Our 2xx waits for its ACK.
    Answered,
    /// Both sides are in the call.
    Up,
    /// BYE is under way.
    Closing,
}

/// A wish to cancel.
#[derive(Debug)]
pub(crate) enum Cancel {
    /// There is none.
    No,
    /// Waits for a provisional response; with the value of a Reason header.
    Held(Vec<u8>),
    /// Was sent.
    Sent,
}

/// An ACK that waits for our answer.
#[derive(Debug)]
pub(crate) struct OwedAck {
    pub(crate) transaction: u64,
    pub(crate) cseq: u32,
    pub(crate) tag: Vec<u8>,
}

/// A change of the session description under way within the call (RFC 3261 14, RFC 3311).
#[derive(Debug)]
pub(crate) enum Exchange {
    /// None.
    Idle,
    /// Our re-INVITE waits for its final response.
    Sent { body: Option<Body>, cseq: u32 },
    /// Our re-INVITE met the peer's; it goes out again when timer `Glare` is due.
    Glare { body: Option<Body> },
    /// The 2xx to our empty re-INVITE brought an offer; ACK waits for our answer.
    AckOwed(OwedAck),
    /// The peer's offer, or its wish for one, waits for our answer.
    Received { transaction: u64, is_update: bool, has_offer: bool, cseq: u32 },
}

/// A 2xx of ours that is repeated until its ACK comes.
#[derive(Debug)]
pub(crate) struct Unacked {
    pub(crate) bytes: Vec<u8>,
    pub(crate) flow: Flow,
    pub(crate) cseq: u32,
    pub(crate) pause: Duration,
    /// To a re-INVITE without an offer: its ACK brings the answer.
    pub(crate) is_late: bool,
}

#[derive(Debug)]
pub(crate) struct InviteSession {
    pub(crate) dialog: Dialog,
    pub(crate) phase: Phase,
    pub(crate) exchange: Exchange,
    /// `Ended` or `Refused` was told; what is left is for the wire only.
    pub(crate) told: bool,
    pub(crate) contact_user: String,
    /// Our INVITE had no body.
    pub(crate) wants_offer: bool,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) login: Option<Login>,
    /// How often credentials were sent for the request under way.
    pub(crate) attempts: u8,
    pub(crate) glares: u8,
    pub(crate) unacked: Option<Unacked>,
    /// A re-INVITE that waits until one can be sent; the latest wish wins.
    pub(crate) queued: Option<Option<Body>>,
    /// Header lines of a BYE that waits for the ACK.
    pub(crate) bye_lines: Vec<u8>,
    /// Last provisional response we sent, repeated each minute.
    pub(crate) ringing: Option<u64>,
    /// The REFER of the peer whose outcome is still to be told.
    pub(crate) referral: Option<u64>,
    /// A REFER came in this dialog before.
    pub(crate) has_referred: bool,
}

impl InviteSession {
    pub(crate) fn new(dialog: Dialog, phase: Phase, contact_user: String) -> Self {
        Self {
            dialog,
            phase,
            exchange: Exchange::Idle,
            told: false,
            contact_user,
            wants_offer: false,
            credentials: None,
            login: None,
            attempts: 0,
            glares: 0,
            unacked: None,
            queued: None,
            bye_lines: Vec::new(),
            ringing: None,
            referral: None,
            has_referred: false,
        }
    }

    /// May a re-INVITE of ours go out now?
    pub(crate) fn is_quiet(&self) -> bool {
        !self.told && self.unacked.is_none() && matches!((&self.phase, &self.exchange), (Phase::Up, Exchange::Idle))
    }

    /// Is there a whole dialog?
    pub(crate) fn has_dialog(&self) -> bool {
        matches!(self.phase, Phase::AckOwed(_) | Phase::Answered | Phase::Up | Phase::Closing)
    }
}
