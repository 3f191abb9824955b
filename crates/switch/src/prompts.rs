//! Which prompt of the media library stands for what the business names.

use media::{PromptKey, Source, ToneKind};
use pbx::command::{Audio, BuiltIn, Language, Ringback};
use pbx::{AudioId, Country};

/// Built-in prompts have the top bit set, so that they never meet an audio's identifier.
const BUILT_IN: u64 = 1 << 63;

/// The library's key of a recording that ships with sori.
#[must_use]
pub fn prompt_key_of_built_in(what: BuiltIn, language: Language) -> PromptKey {
    // Recordings exist in Korean and English; every other language hears English (R105).
    let language = match (what, language) {
        (BuiltIn::HoldMusic, _) | (_, Language::Ko) => 0,
        _ => 1,
    };
    PromptKey(BUILT_IN | (what as u64) << 8 | language)
}

/// The library's key of an audio of the workspace.
#[must_use]
pub fn prompt_key_of_audio(audio: AudioId) -> PromptKey {
    PromptKey(audio.0 & !BUILT_IN)
}

/// What the media engine is to play for what the business named.
pub(crate) fn source(audio: Audio) -> Source {
    match audio {
        Audio::BuiltIn(what, language) => Source::Prompt(prompt_key_of_built_in(what, language)),
        Audio::Prompt(id) | Audio::Ringback(Ringback::Custom(id)) => Source::Prompt(prompt_key_of_audio(id)),
        Audio::Ringback(Ringback::Loop) => Source::Tone(ToneKind::RingbackLoop),
        Audio::Ringback(Ringback::National(Country::Kr)) => Source::Tone(ToneKind::RingbackKorea),
        Audio::Ringback(Ringback::National(Country::Jp)) => Source::Tone(ToneKind::RingbackJapan),
        Audio::Beep => Source::Tone(ToneKind::Beep),
        Audio::Silence(ms) => Source::Silence(ms),
    }
}
