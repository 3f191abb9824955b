//! The recordings that ship with sori, made ready to play: decoded and encoded once, at the start.

use media::{Library, Prompt, wav::Wav};
use pbx::command::{BuiltIn, Language};
use rust_embed::RustEmbed;
use std::sync::Arc;

#[derive(RustEmbed)]
#[folder = "../../assets/announcements"]
struct Recordings;

const SPOKEN: [(BuiltIn, &str); 9] = [
    (BuiltIn::Greeting, "greeting"),
    (BuiltIn::AllBusy, "all_busy"),
    (BuiltIn::OutOfHours, "out_of_hours"),
    (BuiltIn::EchoIntro, "echo_intro"),
    (BuiltIn::DemoMenu, "demo_menu"),
    (BuiltIn::VoicemailIntro, "voicemail_intro"),
    (BuiltIn::InvalidKey, "invalid_key"),
    (BuiltIn::Goodbye, "goodbye"),
    (BuiltIn::CannotConnect, "cannot_connect"),
];

/// The library with every recording that ships with sori.
///
/// # Errors
/// Names the recording that this build lacks or cannot read.
pub fn built_in() -> Result<Library, String> {
    let mut library = Library::default();
    for (what, name) in SPOKEN {
        for (language, folder) in [(Language::Ko, "ko"), (Language::En, "en")] {
            let prompt = read(&format!("{folder}/{name}.wav"))?;
            library.insert(switch::prompt_key_of_built_in(what, language), Arc::new(prompt));
        }
    }
    let music = read("hold_music.wav")?;
    library.insert(switch::prompt_key_of_built_in(BuiltIn::HoldMusic, Language::Ko), Arc::new(music));
    Ok(library)
}

fn read(path: &str) -> Result<Prompt, String> {
    let file = Recordings::get(path).ok_or_else(|| format!("the recording {path} is missing from this build"))?;
    let sound = Wav::parse(&file.data).map_err(|why| format!("the recording {path} cannot be read: {why}"))?;
    Prompt::from_pcm(&sound.samples, sound.sample_rate)
        .map_err(|why| format!("the recording {path} cannot be used: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recording_is_there_and_out_of_hours_is_six_seconds() {
        let library = built_in().unwrap();
        for (what, name) in SPOKEN {
            for language in [Language::Ko, Language::En] {
                let prompt = library.prompt(switch::prompt_key_of_built_in(what, language)).expect(name);
                assert!(prompt.frames() > 25, "{name} is shorter than half a second");
            }
        }
        for language in [Language::Ko, Language::En] {
            let prompt = library.prompt(switch::prompt_key_of_built_in(BuiltIn::OutOfHours, language)).unwrap();
            assert_eq!(prompt.frames(), 300);
        }
    }
}
