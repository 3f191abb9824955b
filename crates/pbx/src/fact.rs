//! What the business hears: facts, in the past tense.

use crate::settings::RingDevice;
use crate::{CallId, E164, ManagerId, NumberId, PlaybackId, PresentationId, TransferId, TransferTarget};

/// Who a customer's call says it is from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    /// A telephone number.
    Number(E164),
    /// A SIP user that is no telephone number, such as `u10000` or a door's name.
    Name(Box<str>),
    /// The caller withheld the number (RFC 3323).
    Anonymous,
}

/// One of the parties of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// The customer's leg.
    Customer,
    /// A manager's leg, by the presenting it came of.
    Manager(PresentationId),
    /// Somebody outside to whom a manager handed the customer on.
    Third,
}

/// A key of the telephone key pad (RFC 4733 events 0–15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "char", into = "char")]
pub struct Key(char);

impl Key {
    /// From `0-9`, `*`, `#`, `A-D`.
    #[must_use]
    pub fn new(c: char) -> Option<Self> {
        matches!(c, '0'..='9' | '*' | '#' | 'A'..='D').then_some(Self(c))
    }
    /// The character on the key.
    #[must_use]
    pub fn as_char(self) -> char {
        self.0
    }
}
impl TryFrom<char> for Key {
    type Error = &'static str;
    fn try_from(c: char) -> Result<Self, Self::Error> {
        Self::new(c).ok_or("a key is one of 0-9, *, #, A-D")
    }
}
impl From<Key> for char {
    fn from(key: Key) -> char {
        key.0
    }
}

/// Why a leg ended or could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// Somebody hung up an answered call.
    Normal,
    /// The far end is on another call (SIP 486, 600).
    Busy,
    /// The far end refused (SIP 603, 403 …).
    Declined,
    /// The far end rang and nobody answered (SIP 408, 480, 487 after our time limit).
    NoAnswer,
    /// No ring device or trunk took the call (SIP 404, 410, 5xx, no binding, transport gone).
    Unreachable,
    /// The called number does not exist here (SIP 404).
    UnknownNumber,
    /// No codec in common, or media could not be set up (SIP 488, 503).
    Media,
    /// Too many calls at once (SIP 503).
    Overload,
    /// The server is stopping.
    Shutdown,
}

/// A fact. Every fact about a call that is no longer known is ignored.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Fact {
    /// A customer's call came in; `call` was made by [`crate::Pbx::new_call_id`].
    CallArrived {
        /// Our reference.
        call: CallId,
        /// Who calls.
        from: Caller,
        /// The number dialled, when it is one.
        to: Option<E164>,
        /// The dialled text as it came.
        dialled: Box<str>,
        /// Diverted from this number, where the carrier said so (R22).
        diverted_from: Option<E164>,
    },
    /// A manager dialled `to` from a ring device of their own; that leg is up already, waiting.
    ManagerDialled {
        /// Our reference.
        call: CallId,
        /// Who dials.
        manager: ManagerId,
        /// With what.
        device: RingDevice,
        /// The dialled text as it came.
        dialled: Box<str>,
        /// The number to show, where the manager chose one.
        from_number: Option<NumberId>,
    },
    /// The manager's device rings for this presenting.
    PresentationRang { call: CallId, presentation: PresentationId },
    /// The manager answered on `device`.
    PresentationAnswered { call: CallId, presentation: PresentationId, device: RingDevice },
    /// Every device of the manager refused, failed or was gone.
    PresentationFailed { call: CallId, presentation: PresentationId, cause: Cause },
    /// The carrier says that the phone we dialled rings, the customer's or that of the third party a customer is handed on
    /// to; `early_media` when it sends its own ringback.
    DialRang { call: CallId, early_media: bool },
    /// Whom we dialled answered.
    DialAnswered { call: CallId },
    /// Whom we dialled could not be reached.
    DialFailed { call: CallId, cause: Cause },
    /// A party hung up (or, before answer, gave up).
    HungUp { call: CallId, party: Party, cause: Cause },
    /// A playing came to its end (not sent for one that was stopped or replaced).
    PlaybackEnded { call: CallId, playback: PlaybackId },
    /// A party pressed a key; each press once, however it was carried.
    KeyPressed { call: CallId, party: Party, key: Key },
    /// A party put the other on hold, or took it back.
    Held { call: CallId, party: Party, held: bool },
    /// A recording (voicemail) ended: by its limit, `#`, silence or hang-up.
    RecordingEnded { call: CallId, file: Option<Box<str>>, seconds: u32 },
    /// A manager dialled the phone of a `colleague` from a ring device of their own; that leg is up already, waiting.
    ManagerCalled { call: CallId, manager: ManagerId, device: RingDevice, colleague: ManagerId },
    /// A party wants to hand on whom it talks with; `transfer` was made by [`crate::Pbx::new_transfer_id`].
    TransferAsked { call: CallId, by: Party, transfer: TransferId, to: TransferTarget },
    /// A manager who talks took the call to another device of their own.
    DeviceChanged { call: CallId, presentation: PresentationId, device: RingDevice },
    /// How many ring devices of this kind reach this manager now (browsers signed in, phones registered).
    Reachable { manager: ManagerId, device: RingDevice, count: u16 },
}

impl Fact {
    /// The call it is about.
    #[must_use]
    pub fn call(&self) -> Option<CallId> {
        match *self {
            Self::CallArrived { call, .. }
            | Self::ManagerDialled { call, .. }
            | Self::PresentationRang { call, .. }
            | Self::PresentationAnswered { call, .. }
            | Self::PresentationFailed { call, .. }
            | Self::DialRang { call, .. }
            | Self::DialAnswered { call }
            | Self::DialFailed { call, .. }
            | Self::HungUp { call, .. }
            | Self::PlaybackEnded { call, .. }
            | Self::KeyPressed { call, .. }
            | Self::Held { call, .. }
            | Self::RecordingEnded { call, .. }
            | Self::ManagerCalled { call, .. }
            | Self::TransferAsked { call, .. }
            | Self::DeviceChanged { call, .. } => Some(call),
            Self::Reachable { .. } => None,
        }
    }
}
