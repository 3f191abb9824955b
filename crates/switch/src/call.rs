//! Calls and legs as the switch holds them: who is connected by which dialog and which media.

use crate::hops::Hops;
use crate::key_ways::KeyWays;
use media::{LegId, Profile};
use pbx::settings::RingDevice;
use pbx::{CallId, Cause, PresentationId, TransferId};
use sip::{InviteId, ReferId};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

/// Whose leg it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The customer's.
    Customer,
    /// A manager's ring device that was presented the call.
    Presented(PresentationId, RingDevice),
    /// A manager who dialled.
    Dialler,
    /// That of somebody outside to whom the customer was handed on.
    Third,
}

/// Where a leg stands.
#[derive(Debug)]
pub(crate) enum LegState {
    /// Their INVITE came; nothing was said yet. `local` is our answer once the media engine made it.
    Arrived { local: Option<Arc<[u8]>>, accept: bool, progress: Progress },
    /// Their INVITE was answered; the ACK has not come yet.
    Accepted,
    /// Our offer is being made; the INVITE goes out when it is there.
    Preparing(Box<Outgoing>),
    /// Our INVITE is out.
    Inviting { rang: bool, early_media: bool },
    /// Both sides agreed.
    Up,
    /// We ended it; what is still to come for it is of no interest.
    Ending,
}

/// What a dialling device was told of the far end before the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Progress {
    /// Nothing yet.
    None,
    /// That it rings (180); the device makes a ringback of its own.
    Rings,
    /// That there is something to hear: 183 with our answer, at once or when the media engine has made it.
    Sounds,
}

/// The INVITE that goes out when the media engine has made the offer.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) invite: sip::Invite,
}

/// What is to be told with the SDP that the media engine makes in mid-call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Renegotiation {
    /// They offered; our SDP is the answer.
    TheirOffer,
    /// They asked for our offer; theirs comes in the ACK.
    OurOffer,
}

/// One party's part of a call: one SIP dialog plus one media stream.
#[derive(Debug)]
pub(crate) struct Leg {
    pub(crate) call: CallId,
    pub(crate) role: Role,
    pub(crate) profile: Profile,
    pub(crate) invite: Option<InviteId>,
    /// INVITEs by other flows of the same phone, for when this one is dead; the next to be tried last.
    pub(crate) spare: Vec<sip::Invite>,
    /// Its media must be protected, whoever offers (a carrier that is set up so).
    pub(crate) must_protect: bool,
    /// What else is offered where our offer is refused for what protects it, until the leg is answered.
    pub(crate) again: Option<Box<crate::protection::Again>>,
    pub(crate) state: LegState,
    pub(crate) renegotiation: Option<Renegotiation>,
    /// The offer that came with their INVITE, until the media engine has it.
    pub(crate) offer: Option<Arc<[u8]>>,
    /// Where its signalling comes from.
    pub(crate) remote: Option<IpAddr>,
    /// Keys that came one way so far.
    pub(crate) keys: KeyWays,
    /// The media engine knows it.
    pub(crate) media_open: bool,
    /// The media engine was told to close it.
    pub(crate) media_asked: bool,
    /// This party put the other on hold.
    pub(crate) holds: bool,
    /// The far end's media has begun, so that it hears what is played.
    pub(crate) flowing: bool,
    /// Plays that wait until the leg can be heard.
    pub(crate) waiting: Vec<media::Command>,
    /// Its media is on the way to where the call's media is; nothing may be ordered of it meanwhile.
    pub(crate) moving: bool,
    /// The leg of the same manager whose place it takes once it is answered, and with what device.
    pub(crate) replaces: Option<(LegId, RingDevice)>,
    /// How often the sweep saw it in the state it is in.
    pub(crate) seen: crate::sweep::Seen,
    /// The SIP side ended.
    pub(crate) sip_over: bool,
    /// The media side ended.
    pub(crate) media_over: bool,
}

impl Leg {
    pub(crate) fn new(call: CallId, role: Role, profile: Profile, state: LegState) -> Self {
        Self {
            call,
            role,
            profile,
            invite: None,
            spare: Vec::new(),
            must_protect: false,
            again: None,
            state,
            renegotiation: None,
            offer: None,
            remote: None,
            keys: KeyWays::default(),
            media_open: false,
            media_asked: false,
            holds: false,
            flowing: false,
            waiting: Vec::new(),
            moving: false,
            replaces: None,
            seen: crate::sweep::Seen::default(),
            sip_over: false,
            media_over: false,
        }
    }

    /// Has its media been told to close, and not said yet that it did?
    pub(crate) fn media_closing(&self) -> bool {
        self.media_asked && !self.media_over
    }

    /// Did we end it?
    pub(crate) fn is_ending(&self) -> bool {
        matches!(self.state, LegState::Ending)
    }
}

/// One presenting: the legs to all ring devices of one manager.
#[derive(Debug, Default)]
pub(crate) struct Presenting {
    pub(crate) legs: Vec<LegId>,
    pub(crate) answered: Option<LegId>,
    pub(crate) rang: bool,
    /// The most telling refusal so far.
    pub(crate) refusal: Option<Cause>,
}

/// A call.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) customer: Option<LegId>,
    pub(crate) dialler: Option<LegId>,
    /// To whom the customer was handed on, outside.
    pub(crate) third: Option<LegId>,
    pub(crate) presentings: Vec<(PresentationId, Presenting)>,
    /// Every leg that is not freed yet.
    pub(crate) legs: Vec<LegId>,
    /// The two that talk.
    pub(crate) connected: Option<(LegId, LegId)>,
    /// When the media engine was last told to bridge them.
    pub(crate) bridged_at: Option<Instant>,
    /// REFERs whose end their devices have not been told; the business tells the end of each.
    pub(crate) referrals: Vec<(TransferId, ReferId)>,
    /// The customer's keys are listened for in the audio too.
    pub(crate) listens_for_keys: bool,
    /// How far it may be passed on.
    pub(crate) hops: Hops,
    /// The manager asked not to be shown to whom is called.
    pub(crate) withheld: bool,
    /// The business has let go of it; it goes when its last leg is freed.
    pub(crate) over: bool,
}

impl Call {
    pub(crate) fn new(listens_for_keys: bool) -> Self {
        Self {
            customer: None,
            dialler: None,
            third: None,
            presentings: Vec::new(),
            legs: Vec::new(),
            connected: None,
            bridged_at: None,
            referrals: Vec::new(),
            listens_for_keys,
            hops: Hops::default(),
            withheld: false,
            over: false,
        }
    }

    pub(crate) fn presenting(&mut self, id: PresentationId) -> Option<&mut Presenting> {
        self.presentings.iter_mut().find(|(p, _)| *p == id).map(|(_, p)| p)
    }

    /// The leg of the manager this call has, dialling or answered.
    pub(crate) fn any_manager_leg(&self) -> Option<LegId> {
        self.dialler.or_else(|| self.presentings.iter().find_map(|(_, p)| p.answered))
    }

    /// The leg of a manager: the presented device that answered, or the dialler's.
    pub(crate) fn manager_leg(&self, id: PresentationId) -> Option<LegId> {
        match self.presentings.iter().find(|(p, _)| *p == id) {
            Some((_, presenting)) => presenting.answered,
            None => self.dialler,
        }
    }
}
