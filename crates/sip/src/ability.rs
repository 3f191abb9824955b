//! What the peer of an invite session says it can do: Allow, Supported, Require (RFC 3261 20.5, 20.37, 20.32).

use crate::header::HeaderName;
use crate::message::Message;

/// Shall provisional responses be acknowledged (RFC 3262 3)?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Reliability {
    /// The peer does not know how.
    #[default]
    No,
    /// It can.
    Supported,
    /// It must be.
    Required,
}

/// What the latest message with such a header said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ability {
    pub(crate) reliability: Reliability,
    /// It takes UPDATE (RFC 3311).
    pub(crate) update: bool,
    /// It knows session timers (RFC 4028).
    pub(crate) timer: bool,
}

impl Ability {
    /// Of a first message.
    pub(crate) fn of(message: &Message) -> Self {
        let mut ability = Self::default();
        ability.learn(message);
        ability
    }

    /// From a later message; a header that does not stand changes nothing.
    pub(crate) fn learn(&mut self, message: &Message) {
        if message.known(HeaderName::Allow).is_some() {
            self.update = message.list(HeaderName::Allow).any(|method| method == b"UPDATE");
        }
        if message.known(HeaderName::Supported).is_some() {
            self.timer = names(message, HeaderName::Supported, "timer");
            self.reliability = match names(message, HeaderName::Supported, "100rel") {
                true => Reliability::Supported,
                false => Reliability::No,
            };
        }
        if message.known(HeaderName::Require).is_some() {
            self.timer |= names(message, HeaderName::Require, "timer");
            if names(message, HeaderName::Require, "100rel") {
                self.reliability = Reliability::Required;
            }
        }
    }
}

/// Does a header with option tags hold this one?
pub(crate) fn names(message: &Message, header: HeaderName, option: &str) -> bool {
    message.list(header).any(|tag| tag.eq_ignore_ascii_case(option.as_bytes()))
}
