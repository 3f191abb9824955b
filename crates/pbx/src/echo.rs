//! The echo test: says what it does, then sends back what it hears. It never enters the inbox.

use crate::call::{Call, State};
use crate::command::{Audio, BuiltIn};
use crate::pbx::Pbx;
use crate::record::CallState;
use crate::timer::Timer;
use crate::{Command, UnixMillis};

/// Longest echo, 10 minutes.
pub(crate) const MAX_ECHO_MS: u64 = 600_000;

impl Pbx {
    pub(crate) fn introduce_echo(&mut self, call: &mut Call, now: UnixMillis) {
        call.trace(now, "echo_intro", "");
        let playback = self.say(call, vec![Audio::BuiltIn(BuiltIn::EchoIntro, call.language)], now);
        call.state = State::EchoIntro { playback };
    }

    /// The machine has answered: the call counts as engaged, by nobody.
    pub(crate) fn start_echo(&mut self, call: &mut Call, now: UnixMillis) {
        self.command(Command::Echo { call: call.id });
        self.start_timer(call, Timer::Stage, now.plus_ms(MAX_ECHO_MS));
        call.state = State::Echoing;
        call.record.engaged_at = Some(now);
        call.trace(now, "echo", "");
        call.show(CallState::Engaged);
    }
}
