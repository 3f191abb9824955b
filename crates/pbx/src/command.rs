//! What the business orders: commands, in the imperative.

use crate::fact::{Cause, Party};
use crate::settings::RingDevices;
use crate::{AudioId, CallId, CarrierId, E164, ManagerId, PlaybackId, PresentationId, TransferId, TransferNews};

/// Default recordings that ship with sori, one per language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuiltIn {
    /// "Thank you for calling. We are connecting you to a manager."
    Greeting,
    /// "All our managers are on a call."
    AllBusy,
    /// "We are outside our opening hours." Exactly 6.000 s long.
    OutOfHours,
    /// The echo test says what it does.
    EchoIntro,
    /// The demo IVR's menu: 1 support, 2 sales, 3 voicemail, star to hear it again.
    DemoMenu,
    /// "Please leave a message after the tone."
    VoicemailIntro,
    /// "That key is not in use."
    InvalidKey,
    /// "Goodbye."
    Goodbye,
    /// To a manager: "the number you dialled cannot be reached."
    CannotConnect,
    /// Music while on hold; the same in every language.
    HoldMusic,
}

/// The languages announcements exist in (R105).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Korean.
    #[default]
    Ko,
    /// English.
    En,
    /// Japanese.
    Ja,
    /// Chinese.
    Zh,
    /// Spanish.
    Es,
}

/// Something to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audio {
    /// A recording that ships with sori.
    BuiltIn(BuiltIn, Language),
    /// An audio of the workspace.
    Prompt(AudioId),
    /// A ringback.
    Ringback(Ringback),
    /// One beep of 1 kHz, 400 ms.
    Beep,
    /// Silence of this many milliseconds.
    Silence(u32),
}

/// What a customer hears while managers ring (R77).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ringback {
    /// The soft loop.
    Loop,
    /// The national tone by the number's country (ITU-T E.180).
    National(crate::Country),
    /// The workspace's own.
    Custom(AudioId),
}

/// How often to play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Once.
    Once,
    /// Until stopped.
    Forever,
}

/// A playing to one party.
#[derive(Clone, Debug, PartialEq)]
pub struct Playback {
    /// Named in the fact that it ended.
    pub id: PlaybackId,
    /// To whom.
    pub party: Party,
    /// One after the other.
    pub audio: Vec<Audio>,
    /// The whole list again and again?
    pub repeat: Repeat,
}

/// Why a ringing device is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withdrawal {
    /// Another manager or device took the call: no "missed call" may show (Reason: SIP;cause=200).
    AnsweredElsewhere,
    /// The customer hung up.
    CallerLeft,
    /// The ring time is over.
    RingTimeOver,
}

/// A command to the switch. Commands about a call come in the order they must be carried out.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Command {
    /// Refuse the customer's call that is not answered yet.
    Reject { call: CallId, cause: Cause },
    /// Answer the customer's call.
    Answer { call: CallId },
    /// Play; replaces what this party hears now.
    Play { call: CallId, playback: Playback },
    /// Stop what this party hears.
    StopPlaying { call: CallId, party: Party },
    /// Ring every reachable one of these ring devices of the manager.
    Present {
        call: CallId,
        presentation: PresentationId,
        manager: ManagerId,
        devices: RingDevices,
        /// What the ringing device shows: the customer's name, or the number.
        display: Box<str>,
        /// The customer's number or name, for the From header.
        from: crate::Caller,
        /// The number dialled.
        to: Option<E164>,
        /// Ring-back of a call the manager asked for through the API: the browser may answer by itself.
        auto_answer: bool,
    },
    /// Stop ringing this presenting's devices.
    Withdraw { call: CallId, presentation: PresentationId, why: Withdrawal },
    /// Let the customer and this answered presenting hear each other.
    Connect { call: CallId, presentation: PresentationId },
    /// Send the customer back what the customer says.
    Echo { call: CallId },
    /// Dial the customer through a carrier; where the call has its customer, the third party they are handed on to.
    Dial { call: CallId, carrier: CarrierId, to: E164, show: E164 },
    /// Let two parties hear each other, in place of whomever either hears now.
    Join { call: CallId, a: Party, b: Party },
    /// The leg of `party` of the call `from` comes into `call`, where it is called `comes_as`.
    TakeOver { call: CallId, from: CallId, party: Party, comes_as: Party },
    /// What became of a transfer a party asked for.
    Transfer { call: CallId, transfer: TransferId, news: TransferNews },
    /// Record the customer's voice, up to `limit_seconds`, ended earlier by the key `#` or a hang-up.
    RecordVoicemail { call: CallId, limit_seconds: u32 },
    /// Hang up one party's leg (an outbound manager's leg of a call that failed, say).
    HangUp { call: CallId, party: Party, cause: Cause },
    /// End every leg that is left and forget the call.
    End { call: CallId, cause: Cause },
}
