//! What protects the media of our offers, and what is offered next where one is refused for it.
//!
//! Nothing can be asked beforehand: old phones refuse what they cannot read, so an offer names one way. A phone that signed in
//! over TLS is offered SRTP with keys in the description (RFC 4568) first, others plain RTP first; 488 and its kind bring
//! the next way, DTLS (RFC 5764) the last but plain. What was taken after a refusal is remembered, so that the next call does
//! not go the same way round.

use crate::call::LegState;
use crate::settings::{CarrierAccount, MediaProtection};
use crate::switch::{Now, Switch};
use media::{Command, LegId, Profile};
use pbx::{CarrierId, UnixMillis};
use sip::{Binding, Invite, InviteId, Transport};
use std::collections::BTreeMap;

/// Far ends of which it is remembered what they take, at most; then the first by name is forgotten.
const MAX_LIKED: usize = 10_000;
/// How long that is remembered: a phone that was set up anew is asked again the next day.
const LIKED_FOR_MS: u64 = 24 * 60 * 60 * 1000;

/// Who is offered media.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Offered {
    /// A phone, by the Contact it is bound with.
    Phone(String),
    Carrier(CarrierId),
}

/// The ways to offer media to somebody, in order; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ways {
    pub(crate) first: Profile,
    /// The next one last.
    left: Vec<Profile>,
    to: Offered,
}

/// What is left to be offered on a leg whose INVITE is out.
#[derive(Debug)]
pub(crate) struct Again {
    /// The INVITE without its description.
    pub(crate) invite: Invite,
    ways: Ways,
    was_refused: bool,
}

/// What far ends took after they had refused something else, and until when that is believed.
#[derive(Debug, Default)]
pub(crate) struct Liked(BTreeMap<Offered, (Profile, UnixMillis)>);

impl Liked {
    fn of(&self, whom: &Offered, now: UnixMillis) -> Option<Profile> {
        self.0.get(whom).filter(|(_, until)| *until > now).map(|(profile, _)| *profile)
    }

    fn remember(&mut self, whom: Offered, profile: Profile, now: UnixMillis) {
        if self.0.len() >= MAX_LIKED && !self.0.contains_key(&whom) {
            self.0.pop_first();
        }
        self.0.insert(whom, (profile, now.plus_ms(LIKED_FOR_MS)));
    }

    /// Carriers were changed: what is known of them may be wrong.
    pub(crate) fn forget_carriers(&mut self) {
        self.0.retain(|whom, _| !matches!(whom, Offered::Carrier(_)));
    }
}

impl Ways {
    /// `order`: at least one; what is liked goes in front where it is among them.
    fn new(order: &[Profile], liked: Option<Profile>, to: Offered) -> Self {
        let liked = liked.filter(|liked| order.contains(liked));
        let mut left: Vec<Profile> = order.iter().rev().copied().filter(|way| Some(*way) != liked).collect();
        let first = liked.or_else(|| left.pop()).unwrap_or(Profile::Rtp);
        Self { first, left, to }
    }

    /// For when the first one is refused; `None` where no other is left.
    pub(crate) fn again(self, invite: &Invite) -> Option<Box<Again>> {
        (!self.left.is_empty()).then(|| Box::new(Again { invite: invite.clone(), ways: self, was_refused: false }))
    }
}

/// Is every description of audio in it of SRTP (RFC 3711, RFC 5764)?
pub(crate) fn protects(sdp: &[u8]) -> bool {
    let mut audio = sdp.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"m=audio "));
    audio.all(|line| line.split(|byte| *byte == b' ').nth(2).is_some_and(|way| way.windows(5).any(|at| at == b"/SAVP")))
}

impl Switch {
    /// How media is offered to a phone or browser.
    pub(crate) fn ways_to_phone(&self, binding: &Binding) -> Ways {
        let order: &[Profile] = match binding.flow.transport {
            Transport::Ws | Transport::Wss => &[Profile::WebRtc],
            // Who hides the signalling would not have the talk in the open.
            Transport::Tls => &[Profile::Srtp, Profile::Dtls, Profile::Rtp],
            Transport::Udp | Transport::Tcp => &[Profile::Rtp, Profile::Srtp, Profile::Dtls],
        };
        let to = Offered::Phone(binding.contact_uri.clone());
        Ways::new(order, self.liked.of(&to, self.clock), to)
    }

    /// How media is offered to a carrier that is reached by this transport.
    pub(crate) fn ways_to_carrier(&self, account: &CarrierAccount, transport: Transport) -> Ways {
        let order: &[Profile] = match account.protection {
            MediaProtection::Required => &[Profile::Srtp],
            MediaProtection::IfTls if transport == Transport::Tls => &[Profile::Srtp, Profile::Rtp],
            MediaProtection::IfTls | MediaProtection::Off => &[Profile::Rtp],
        };
        let to = Offered::Carrier(account.id);
        Ways::new(order, self.liked.of(&to, self.clock), to)
    }

    /// An INVITE was refused. `true` when it was for what protects its media (488, 606; some say 415) and the INVITE goes out
    /// again with another offer, so that nobody needs to hear of the refusal.
    pub(crate) fn offers_again(&mut self, id: InviteId, status: u16, now: Now) -> bool {
        let not_acceptable = matches!(status, 415 | 488 | 606);
        let Some(leg_id) = self.invites.get(&id).copied().filter(|_| not_acceptable) else { return false };
        let Some(leg) = self.legs.get_mut(&leg_id) else { return false };
        if !matches!(leg.state, LegState::Inviting { .. }) {
            return false;
        }
        let Some(again) = leg.again.as_mut() else { return false };
        let Some(profile) = again.ways.left.pop() else { return false };
        again.was_refused = true;
        let mut invite = again.invite.clone();
        leg.profile = profile;
        leg.invite = None;
        let call = leg.call;
        self.invites.remove(&id);
        self.dial_offers_again(leg_id, &mut invite, now);
        if let Some(leg) = self.legs.get_mut(&leg_id) {
            leg.state = LegState::Preparing(Box::new(crate::call::Outgoing { invite }));
        }
        let like = self.talks_to(call, leg_id);
        self.media(call, Command::OfferAgain { leg: leg_id, profile, like });
        true
    }

    /// A leg was answered: what it took after a refusal is remembered, the rest is forgotten.
    pub(crate) fn offer_was_taken(&mut self, leg_id: LegId) {
        let Some(leg) = self.legs.get_mut(&leg_id) else { return };
        let profile = leg.profile;
        if let Some(again) = leg.again.take().filter(|again| again.was_refused) {
            self.liked.remember(again.ways.to, profile, self.clock);
        }
    }
}
