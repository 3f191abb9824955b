//! The pure business of a phone system: numbers, routing, presenting, ring time, conversations,
//! missed reasons and the workflow interpreter.
//!
//! It hears facts ("a call came in on this number", "key 2 was pressed", "30 s passed") and answers
//! with commands ("play this prompt", "present to these managers") and records (what the store, the
//! inbox and live screens must know). It knows no SIP, no socket, no SQL and no clock.
//!
//! [`Pbx`] is the machine. A customer's call goes through `inbound` (who is turned away, what is heard first), `routing`
//! (whom it is for), `workflow_run` with the pure [`interpreter`] where the number has an IVR, `ring` with
//! `availability` (who rings), and `ending`, the one place where lines, timers and ringing are given back. A manager's
//! call begins in `outbound`, in [`dial`] when it is asked for through the API, or in `colleague` when it is for another
//! manager. One `Call` type serves all. Who talks may hand the other on: [`transfer`], with `hand_over` where the target
//! rings first and `join` where two calls become one.
//!
//! While a fact is worked on, its call stands outside the map of calls; its record is told once, after the rows of the
//! conversation and customer that it refers to.
#![forbid(unsafe_code)]

pub mod command;
pub mod conversation;
pub mod conversation_edit;
pub mod dial;
pub mod directory;
pub mod e164;
pub mod fact;
pub mod id;
pub mod interpreter;
pub mod pbx;
pub mod record;
pub mod settings;
pub mod transfer;
pub mod voicemail;
pub mod workflow;
pub mod workflow_check;

mod announcement;
mod availability;
mod call;
mod colleague;
mod customer;
mod echo;
mod ending;
mod hand_over;
mod inbound;
mod join;
mod operator_status;
mod outbound;
mod ring;
mod routing;
mod timer;
mod workflow_run;

pub use command::{Audio, Command, Playback, Repeat, Ringback, Withdrawal};
pub use conversation_edit::{ConversationEdit, EditRefusal};
pub use dial::{DialRefusal, DialRequest};
pub use directory::{CustomerBrief, Directory};
pub use e164::{Country, E164};
pub use fact::{Caller, Cause, Fact, Key, Party};
pub use id::*;
pub use pbx::{Counts, Pbx};
pub use record::{CallRecord, ConversationRecord, CustomerRecord, MissedReason, Record};
pub use settings::Settings;
pub use transfer::{TransferNews, TransferRefusal, TransferTarget};
pub use workflow_check::{Problem, validate};

/// Wall-clock time in milliseconds since the Unix epoch (UTC). Always handed in, never read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(pub u64);

impl UnixMillis {
    /// The time `ms` milliseconds later.
    #[must_use]
    pub fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }
    /// Milliseconds from `earlier` to `self`, zero when `earlier` is later.
    #[must_use]
    pub fn since_ms(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}
