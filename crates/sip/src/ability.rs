//! What the peer of an invite session says it can do: Allow, Supported, Require (RFC 3261 20.5, 20.37, 20.32).

use crate::header::HeaderName;
use crate::message::Message;
use crate::scan;

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
        // One look at the lines, for this is done with each call.
        let (mut allow, mut supported, mut require) = (None, None, Options::default());
        let raw = message.raw();
        for line in &raw.lines {
            match line.name {
                HeaderName::Allow => {
                    let has_update = scan::list(raw.slice(line.value)).any(|method| method == b"UPDATE");
                    allow = Some(allow.unwrap_or(false) || has_update);
                }
                HeaderName::Supported => supported.get_or_insert_with(Options::default).add(raw.slice(line.value)),
                HeaderName::Require => require.add(raw.slice(line.value)),
                _ => {}
            }
        }
        self.update = allow.unwrap_or(self.update);
        if let Some(supported) = supported {
            self.timer = supported.timer;
            self.reliability = if supported.reliable { Reliability::Supported } else { Reliability::No };
        }
        self.timer |= require.timer;
        if require.reliable {
            self.reliability = Reliability::Required;
        }
    }
}

/// The option tags that matter here, of one header.
#[derive(Clone, Copy, Debug, Default)]
struct Options {
    timer: bool,
    reliable: bool,
}

impl Options {
    fn add(&mut self, value: &[u8]) {
        for tag in scan::list(value) {
            self.timer |= tag.eq_ignore_ascii_case(b"timer");
            self.reliable |= tag.eq_ignore_ascii_case(b"100rel");
        }
    }
}

/// Does a header with option tags hold this one?
pub(crate) fn names(message: &Message, header: HeaderName, option: &str) -> bool {
    message.list(header).any(|tag| tag.eq_ignore_ascii_case(option.as_bytes()))
}
