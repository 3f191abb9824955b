//! The invite session: one leg from INVITE to its end, whoever began it (RFC 3261 13, 14, 15).

use std::sync::Arc;
use std::time::Duration;

use crate::ability::Ability;
use crate::dialog::{Dialog, Role};
use crate::digest::{Credentials, Login};
use crate::early::{Early, Fork, Reliable};
use crate::flow::Flow;
use crate::reply::Body;
use crate::session_timer::SessionTimer;

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
    /// We are done with the call; BYE waits until the peer knows how its REFER went.
    Leaving,
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

/// What carries an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// A re-INVITE.
    Invite,
    Update,
    Prack,
}

/// A change we want.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// The offer; `None` asks the peer for one.
    pub(crate) body: Option<Body>,
    /// Nothing changes: the session is refreshed with what stands (RFC 4028 7.4), and nobody is told.
    pub(crate) is_refresh: bool,
    /// It may go out before the call is answered (RFC 3311).
    pub(crate) may_be_early: bool,
}

/// A change of the session description under way within the call (RFC 3261 14, RFC 3311).
#[derive(Debug, Default)]
pub(crate) enum Exchange {
    /// None.
    #[default]
    Idle,
    /// Our re-INVITE or UPDATE waits for its final response.
    Sent { change: Change, transaction: u64 },
    /// Ours met the peer's, or came too early; it goes out again when timer `Glare` is due.
    Glare { change: Change },
    /// The 2xx to our empty re-INVITE brought an offer; ACK waits for our answer.
    AckOwed(OwedAck),
    /// A reliable provisional response to our empty INVITE brought an offer; PRACK waits for our answer.
    PrackOwed { rseq: u32, cseq: u32 },
    /// The peer's offer, or its wish for one, waits for our answer.
    Received { transaction: u64, carrier: Carrier, has_offer: bool, cseq: u32 },
}

impl Exchange {
    /// Does it wait for our user?
    pub(crate) fn is_asking(&self) -> bool {
        matches!(self, Self::AckOwed(_) | Self::PrackOwed { .. } | Self::Received { .. })
    }
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
    /// Before a 2xx: of the fork that was heard last.
    pub(crate) dialog: Dialog,
    pub(crate) phase: Phase,
    pub(crate) exchange: Exchange,
    pub(crate) early: Early,
    /// The other early dialogs.
    pub(crate) forks: Vec<Fork>,
    /// `Ended` or `Refused` was told; what is left is for the wire only.
    pub(crate) told: bool,
    pub(crate) contact_user: String,
    /// The first INVITE had no offer.
    pub(crate) is_late: bool,
    /// CSeq of the first INVITE.
    pub(crate) invite_cseq: u32,
    /// What the peer can do.
    pub(crate) ability: Ability,
    /// Our reliable provisional responses, once there was one.
    pub(crate) reliable: Option<Box<Reliable>>,
    pub(crate) timer: SessionTimer,
    /// Our session description in force.
    pub(crate) local: Option<Body>,
    /// Hash of the peer's, 0 for none.
    pub(crate) remote_hash: u64,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) login: Option<Login>,
    /// How often credentials were sent for the request under way.
    pub(crate) attempts: u8,
    pub(crate) glares: u8,
    pub(crate) unacked: Option<Unacked>,
    /// A change that waits until it can be sent; the latest wish wins.
    pub(crate) queued: Option<Change>,
    /// Header lines of a BYE that waits for the ACK.
    pub(crate) bye_lines: Vec<u8>,
    /// Server transaction of the last provisional response we sent, repeated each minute.
    pub(crate) ringing: Option<u64>,
    /// The REFER of the peer whose outcome is still to be told.
    pub(crate) referral: Option<u64>,
    /// A REFER came in this dialog before.
    pub(crate) has_referred: bool,
}

impl InviteSession {
    pub(crate) fn new(dialog: Dialog, phase: Phase, contact_user: String, timer: SessionTimer) -> Self {
        let invite_cseq = match dialog.role {
            Role::Uac => dialog.local_cseq,
            Role::Uas => dialog.last_remote_cseq(),
        };
        Self {
            dialog,
            phase,
            exchange: Exchange::Idle,
            early: Early::default(),
            forks: Vec::new(),
            told: false,
            contact_user,
            is_late: false,
            invite_cseq,
            ability: Ability::default(),
            reliable: None,
            timer,
            local: None,
            remote_hash: 0,
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

    /// May an UPDATE of ours with an offer go out before the call is answered (RFC 3311 5.1)?
    pub(crate) fn may_update_early(&self) -> bool {
        !self.told
            && self.is_early()
            && self.early.done
            && self.early.pracks == 0
            && self.ability.update
            && matches!(self.exchange, Exchange::Idle)
            && self.reliable.as_ref().is_none_or(|reliable| reliable.unacked.is_none())
    }

    /// Does the first INVITE wait for its final response?
    pub(crate) fn is_early(&self) -> bool {
        matches!(self.phase, Phase::Calling { .. } | Phase::Incoming { .. })
    }

    /// Is there a whole dialog?
    pub(crate) fn has_dialog(&self) -> bool {
        matches!(self.phase, Phase::AckOwed(_) | Phase::Answered | Phase::Up | Phase::Leaving | Phase::Closing)
    }

    /// What a request is refused by that comes after we are done with the call: 481 would end the peer's subscription to
    /// the outcome of its REFER too (RFC 5057 5.1), so that it is asked to try again, until BYE is out.
    pub(crate) fn refusal_at_end(&self) -> u16 {
        if matches!(self.phase, Phase::Leaving) { 491 } else { 481 }
    }

    /// Why a re-INVITE or UPDATE of the peer with an offer, or a re-INVITE that wants one, cannot be taken now
    /// (RFC 3261 14.2, RFC 3311 5.2): 481, 491, or 500 for "again in a moment".
    pub(crate) fn refusal_of_offer(&self, carrier: Carrier) -> Option<u16> {
        match (&self.phase, &self.exchange) {
            _ if self.told => Some(self.refusal_at_end()),
            (Phase::Closing, _) => Some(481),
            _ if self.is_asked_elsewhere() => Some(500),
            (_, Exchange::Received { .. }) => Some(500),
            (_, Exchange::Sent { .. } | Exchange::AckOwed(_) | Exchange::PrackOwed { .. }) => Some(491),
            (Phase::Up, _) if self.unacked.is_none() => None,
            (Phase::Incoming { .. }, _) if carrier == Carrier::Invite => Some(500),
            (Phase::Incoming { .. } | Phase::Calling { .. }, _) if carrier == Carrier::Update && self.early.done => {
                None
            }
            // The first offer is the peer's and still to be answered.
            (Phase::Incoming { .. }, _) if !self.is_late => Some(500),
            _ => Some(491),
        }
    }

    /// The peer's description at the 2xx: what came reliably before stands (RFC 3261 13.2.1), and what came only in a
    /// provisional response counts when the 2xx has none.
    pub(crate) fn described_by(&mut self, body: Option<Arc<[u8]>>) -> Option<Arc<[u8]>> {
        let early = self.early.remote.take().filter(|_| !self.is_late);
        if self.early.done { early } else { body.or(early) }
    }

    /// Does another early dialog wait for our user? One at a time, for the answer does not say which it is for.
    pub(crate) fn is_asked_elsewhere(&self) -> bool {
        self.forks.iter().any(|fork| fork.exchange.is_asking())
    }

    /// Takes out the exchange that waits for our user; its early dialog comes to the front.
    pub(crate) fn take_asking(&mut self) -> Option<Exchange> {
        let is_found = self.exchange.is_asking() || self.select(|fork| fork.exchange.is_asking());
        is_found.then(|| std::mem::take(&mut self.exchange))
    }

    /// Puts the early dialog in front in which this change of ours is under way, and tells the change.
    pub(crate) fn change_sent(&mut self, number: u64) -> Option<Change> {
        let is_it =
            |exchange: &Exchange| matches!(exchange, Exchange::Sent { transaction, .. } if *transaction == number);
        if !is_it(&self.exchange) && !self.select(|fork| is_it(&fork.exchange)) {
            return None;
        }
        match &self.exchange {
            Exchange::Sent { change, .. } => Some(change.clone()),
            _ => None,
        }
    }

    /// Puts another early dialog in front; false when there is none such.
    pub(crate) fn select(&mut self, is_it: impl Fn(&Fork) -> bool) -> bool {
        let Some(fork) = self.forks.iter_mut().find(|fork| is_it(fork)) else { return false };
        std::mem::swap(&mut self.dialog, &mut fork.dialog);
        std::mem::swap(&mut self.exchange, &mut fork.exchange);
        std::mem::swap(&mut self.early, &mut fork.early);
        true
    }

    /// The same by To tag; true when it is in front already.
    pub(crate) fn select_tag(&mut self, tag: &[u8]) -> bool {
        self.dialog.remote_tag == tag || self.select(|fork| fork.dialog.remote_tag == tag)
    }
}
