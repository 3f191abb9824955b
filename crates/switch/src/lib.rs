//! The B2BUA without sockets: the only place where SIP dialogs and media streams become legs and calls.
//!
//! Messages, media events and the time go in; SIP messages, media commands, records and live changes come out.
//! Packets of media never pass here, and what a call should do next is not decided here but in `pbx`.
#![forbid(unsafe_code)]

mod accounts;
mod admission;
mod call;
mod carry_out;
mod cause;
mod flows;
mod hold;
mod hops;
mod identity;
mod info_key;
mod invite_events;
mod join;
mod key_ways;
mod local_addresses;
mod media_events;
mod pick_up;
mod present;
mod prompts;
mod protection;
mod registration;
mod requests;
pub mod settings;
mod subscriptions;
mod sweep;
mod switch;
#[cfg(test)]
mod tests;
mod trace;
mod transfer;
pub mod trunks;

pub use accounts::{Browser, BrowserUser};
pub use local_addresses::LocalAddresses;
pub use prompts::{prompt_key_of_audio, prompt_key_of_built_in};
pub use settings::{
    CarrierAccount, CarrierTrust, FromUser, IpPrefix, MediaProtection, PhoneAccount, Proxy, Registration, Settings,
};
pub use switch::{Configuration, Counts, LiveChange, Now, Output, Switch};
pub use trace::{CallTrace, LegParty, LegTrace, TraceLine};
pub use trunks::{ResolveError, ResolveId, Target};
