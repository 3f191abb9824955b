//! What an agent may do, now or later.

use super::trick::Trick;
use sip::InviteId;
use std::time::Duration;

/// Something to do. Where a call is meant, `None` is the one that came last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Sign in, or refresh it.
    Register,
    /// Sign off.
    SignOff,
    /// Call this user of the server, saying to be this one.
    Call {
        /// Whom.
        to: String,
        /// Our From user.
        from: String,
        /// With an offer; without, the answer's side makes it (RFC 3261 13.2.1).
        offers: bool,
    },
    /// Say that it rings.
    Ring(Option<InviteId>),
    /// Say with a session description that it rings, and be heard already (early media).
    Progress(Option<InviteId>),
    /// Answer.
    Answer(Option<InviteId>),
    /// Refuse with this status.
    Refuse(Option<InviteId>, u16),
    /// Hang up, cancel or refuse: whatever ends it.
    HangUp(Option<InviteId>),
    /// Put the other on hold.
    Hold(Option<InviteId>),
    /// Take the other back.
    Resume(Option<InviteId>),
    /// Press a key.
    Press(Option<InviteId>, char),
    /// Send the next packet of speech.
    Speak(InviteId),
    /// Send the next packet of a key press.
    Key {
        /// In which call.
        id: InviteId,
        /// Which key.
        key: char,
        /// Packets sent for it already.
        step: u16,
        /// RTP timestamp of its beginning.
        timestamp: u32,
    },
    /// Send what no endpoint would.
    Trick(InviteId, Trick),
    /// Keep the box's binding open (RFC 5626 3.5.1).
    KeepAlive,
    /// The line is cut for so long.
    Cut(Duration),
    /// The box begins anew, or the phone goes to another network: it is seen at another address.
    Move,
    /// The connection dies without a word, and a new one is made.
    Reconnect,
    /// Be gone: cable pulled, application killed. Nothing is sent, everything is forgotten.
    Vanish,
    /// Come back and sign in anew.
    Return,
}
