//! All prompts and tones an engine can play. A snapshot: a changed library replaces the old one.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::command::{PromptKey, ToneKind};
use crate::country_tones::NationalTones;
use crate::prompt::Prompt;
use crate::tones;

/// Prompts by key, and every tone.
#[derive(Clone, Debug)]
pub struct Library {
    prompts: BTreeMap<PromptKey, Arc<Prompt>>,
    tones: [Arc<Prompt>; 4],
    national: NationalTones,
}

impl Default for Library {
    fn default() -> Self {
        Self::new()
    }
}

impl Library {
    /// Tones only.
    #[must_use]
    pub fn new() -> Self {
        let tones = [ToneKind::RingbackLoop, ToneKind::RingbackKorea, ToneKind::RingbackJapan, ToneKind::Beep];
        let encode = |kind| {
            let (samples, forever) = tones::tone(kind);
            Arc::new(Prompt::encoded(&samples, forever))
        };
        Self { prompts: BTreeMap::new(), tones: tones.map(encode), national: NationalTones::default() }
    }

    /// Adds or replaces a prompt. Copies of a library share their prompts.
    pub fn insert(&mut self, key: PromptKey, prompt: Arc<Prompt>) {
        self.prompts.insert(key, prompt);
    }

    /// Forgets a prompt; who plays it plays on.
    pub fn remove(&mut self, key: PromptKey) {
        self.prompts.remove(&key);
    }

    /// A prompt.
    #[must_use]
    pub fn prompt(&self, key: PromptKey) -> Option<&Arc<Prompt>> {
        self.prompts.get(&key)
    }

    /// A tone.
    #[must_use]
    pub fn tone(&self, kind: ToneKind) -> &Arc<Prompt> {
        let [ringback, korea, japan, beep] = &self.tones;
        let kind = kind.kept();
        if let Some((country, signal)) = kind.national() {
            return self.national.get(country, signal).unwrap_or(ringback);
        }
        match kind {
            ToneKind::RingbackLoop => ringback,
            ToneKind::RingbackKorea => korea,
            ToneKind::RingbackJapan => japan,
            _ => beep,
        }
    }

    /// How many prompts it has.
    #[must_use]
    pub fn prompts(&self) -> usize {
        self.prompts.len()
    }
}
