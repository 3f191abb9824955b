//! What callers hear: announcements in their language, ringback, and the last words before a call ends.

use crate::call::{Call, State};
use crate::command::{Audio, BuiltIn, Language, Repeat, Ringback};
use crate::fact::Party;
use crate::pbx::Pbx;
use crate::record::CallState;
use crate::settings::{Announcement, Number, RingbackChoice, Spoken};
use crate::timer::Timer;
use crate::workflow::Speech;
use crate::{Command, MissedReason, Playback, PlaybackId, UnixMillis};

/// Longest an announcement may take before the call goes on without its end having been heard of.
pub(crate) const MAX_ANNOUNCEMENT_MS: u64 = 180_000;

/// What `announcement` says in `language` (R105): that language, else English, else the recording that ships.
pub(crate) fn spoken(announcement: Option<&Announcement>, language: Language, default: BuiltIn) -> Audio {
    let said = announcement.and_then(|announcement| {
        [language, Language::En].into_iter().find_map(|l| announcement.spoken.get(&l).map(|said| (l, *said)))
    });
    match said {
        Some((_, Spoken::Audio(id))) => Audio::Prompt(id),
        Some((language, Spoken::Default)) => Audio::BuiltIn(default, language),
        None => Audio::BuiltIn(default, language),
    }
}

/// The greeting, unless switched off.
pub(crate) fn greeting(call: &Call) -> Option<Audio> {
    let announcement = call.number().map(|number| &number.greeting);
    (!announcement.is_some_and(|a| a.off)).then(|| spoken(announcement, call.language, BuiltIn::Greeting))
}

/// What a workflow says: its audio, else its shipped recording, else the greeting (R150).
pub(crate) fn speech(call: &Call, speech: &Speech) -> Option<Audio> {
    match (speech.audio_id, speech.built_in) {
        (Some(id), _) => Some(Audio::Prompt(id)),
        (None, Some(built_in)) => Some(Audio::BuiltIn(built_in, call.language)),
        (None, None) => greeting(call),
    }
}

/// The number's ringback for customers (R77).
pub(crate) fn ringback(number: Option<&Number>) -> Ringback {
    match number.map(|number| (number.ringback, number.country)) {
        Some((RingbackChoice::National, country)) => Ringback::National(country),
        Some((RingbackChoice::Custom(audio), _)) => Ringback::Custom(audio),
        Some((RingbackChoice::Loop, _)) | None => Ringback::Loop,
    }
}

impl Pbx {
    /// Plays `audio` to a party, in place of what it hears.
    pub(crate) fn play(
        &mut self,
        call: &Call,
        party: Party,
        audio: Vec<Audio>,
        repeat: Repeat,
        now: UnixMillis,
    ) -> PlaybackId {
        let id = self.new_playback_id(now);
        self.command(Command::Play { call: call.id, playback: Playback { id, party, audio, repeat } });
        id
    }

    /// Plays once to the customer and does not wait for the end longer than [`MAX_ANNOUNCEMENT_MS`].
    pub(crate) fn say(&mut self, call: &mut Call, audio: Vec<Audio>, now: UnixMillis) -> PlaybackId {
        let id = self.play(call, Party::Customer, audio, Repeat::Once, now);
        self.start_timer(call, Timer::Stage, now.plus_ms(MAX_ANNOUNCEMENT_MS));
        id
    }

    /// Tells the customer that nobody can answer (R75, R103), then ends the call as missed. The announcement cannot be
    /// switched off: nobody is left in silence.
    pub(crate) fn announce_all_busy(&mut self, call: &mut Call, reason: MissedReason, now: UnixMillis) {
        let audio = spoken(call.number().map(|number| &number.all_busy), call.language, BuiltIn::AllBusy);
        self.announce_last(call, audio, "all_busy", reason, now);
    }

    /// Tells the customer that it is outside the opening hours (R104), then ends the call as missed.
    pub(crate) fn announce_out_of_hours(&mut self, call: &mut Call, now: UnixMillis) {
        let audio = spoken(call.number().map(|number| &number.out_of_hours), call.language, BuiltIn::OutOfHours);
        self.announce_last(call, audio, "out_of_hours", MissedReason::OutOfHours, now);
    }

    fn announce_last(&mut self, call: &mut Call, audio: Audio, what: &str, reason: MissedReason, now: UnixMillis) {
        self.open_conversation(call, now);
        self.miss(call, reason, now);
        self.last_words(call, audio, what, now);
    }

    /// Says one last thing to the customer; the call ends with it.
    pub(crate) fn last_words(&mut self, call: &mut Call, audio: Audio, what: &str, now: UnixMillis) {
        self.stop_timer(call, Timer::Workflow);
        call.trace(now, what, "");
        call.show(CallState::Workflow);
        let playback = self.say(call, vec![audio], now);
        call.state = State::Announcing { playback };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AudioId;

    #[test]
    fn a_missing_language_uses_englishs_then_the_default() {
        let mut announcement = Announcement::default();
        let say = |a: &Announcement, language| spoken(Some(a), language, BuiltIn::AllBusy);
        assert_eq!(say(&announcement, Language::Ja), Audio::BuiltIn(BuiltIn::AllBusy, Language::Ja));
        announcement.spoken.insert(Language::En, Spoken::Audio(AudioId(7)));
        announcement.spoken.insert(Language::Ko, Spoken::Default);
        assert_eq!(say(&announcement, Language::Ja), Audio::Prompt(AudioId(7)));
        assert_eq!(say(&announcement, Language::Ko), Audio::BuiltIn(BuiltIn::AllBusy, Language::Ko));
    }
}
