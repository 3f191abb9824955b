//! Voicemail (R124): prompt, beep, the customer's message, end.

use crate::announcement;
use crate::call::{Call, Stage, State};
use crate::command::{Audio, BuiltIn};
use crate::pbx::Pbx;
use crate::timer::Timer;
use crate::workflow::Speech;
use crate::{Command, MissedReason, PlaybackId, UnixMillis};

/// Longest message in seconds; a workflow's own limit is held to it.
pub const MAX_VOICEMAIL_SECONDS: u32 = 600;
/// Limit of a voicemail that names none.
const DEFAULT_VOICEMAIL_SECONDS: u32 = 120;
/// How much longer than its limit a recording is waited for.
const RECORDING_GRACE_MS: u64 = 10_000;
/// How long after a hang-up the file is waited for.
const SAVING_MS: u64 = 5_000;

impl Pbx {
    /// Says what to do, then beeps.
    pub(crate) fn voicemail_prompt(&mut self, call: &mut Call, speech: &Speech, now: UnixMillis) -> PlaybackId {
        let intro = if speech.audio_id.is_none() && speech.built_in.is_none() {
            Audio::BuiltIn(BuiltIn::VoicemailIntro, call.language)
        } else {
            announcement::speech(call, speech).unwrap_or(Audio::BuiltIn(BuiltIn::VoicemailIntro, call.language))
        };
        self.say(call, vec![intro, Audio::Beep], now)
    }

    /// Records the message. The call enters the inbox now, so that a crash does not lose it.
    pub(crate) fn record_voicemail(&mut self, call: &mut Call, limit_seconds: u32, now: UnixMillis) {
        let limit_seconds = match limit_seconds {
            0 => DEFAULT_VOICEMAIL_SECONDS,
            set => set.min(MAX_VOICEMAIL_SECONDS),
        };
        self.stop_timer(call, Timer::Workflow);
        self.open_conversation(call, now);
        self.miss(call, MissedReason::Workflow, now);
        call.trace(now, "voicemail", limit_seconds);
        self.command(Command::RecordVoicemail { call: call.id, limit_seconds });
        self.start_timer(call, Timer::Stage, now.plus_ms(u64::from(limit_seconds) * 1000 + RECORDING_GRACE_MS));
        set_stage(call, Stage::Recording);
    }

    /// The customer hung up: the file is still to come.
    pub(crate) fn await_recording(&mut self, call: &mut Call, now: UnixMillis) {
        self.start_timer(call, Timer::Stage, now.plus_ms(SAVING_MS));
        set_stage(call, Stage::Saving);
    }

    /// The message is there, or will not come.
    pub(crate) fn recording_ended(&mut self, call: &mut Call, file: Option<Box<str>>, seconds: u32, now: UnixMillis) {
        if !matches!(call.state, State::Workflow { stage: Stage::Recording | Stage::Saving, .. }) {
            return;
        }
        if let Some(file) = file {
            call.record.recording = Some(file.into());
            call.record.recording_seconds = Some(seconds);
        }
        call.trace(now, "recorded", seconds);
        self.end(call, now);
    }
}

fn set_stage(call: &mut Call, to: Stage) {
    if let State::Workflow { stage, .. } = &mut call.state {
        *stage = to;
    }
}
