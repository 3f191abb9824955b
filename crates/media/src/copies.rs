//! Prompts in codecs other than G.711: each is encoded once, frame by frame as it is first played, for all who hear it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::codec::Codec;
use crate::encoder::Rate;
use crate::g711::Law;
use crate::prompt::Prompt;
use crate::speaking::Speaking;

/// Bytes of all copies at most; beyond them all are made anew as they are needed.
const MAX_BYTES: usize = 32 * 1024 * 1024;
/// Frames that are encoded at once at most, for one who comes in the middle: it must not hold up the others.
const MAX_AHEAD: usize = 25;

/// The copies of one engine.
#[derive(Default)]
pub struct Copies {
    copies: BTreeMap<(usize, Codec), Copy>,
    bytes: usize,
}

struct Copy {
    /// Held so that its address names it.
    prompt: Arc<Prompt>,
    /// Where each frame ends in `bytes`.
    ends: Vec<u32>,
    bytes: Vec<u8>,
    /// Makes the next frame; gone with the last one.
    speaking: Option<Box<Speaking>>,
}

impl Copies {
    /// A frame of 20 ms of a prompt; `None` when it is not there, or too far beyond what was encoded so far.
    pub fn frame(&mut self, codec: Codec, prompt: &Arc<Prompt>, index: usize) -> Option<&[u8]> {
        if self.bytes > MAX_BYTES {
            self.copies.clear();
            self.bytes = 0;
        }
        let key = (Arc::as_ptr(prompt).addr(), codec);
        let copy = self.copies.entry(key).or_insert_with(|| Copy {
            prompt: Arc::clone(prompt),
            ends: Vec::new(),
            bytes: Vec::new(),
            speaking: Speaking::new(codec, 20, Rate::Narrow).map(Box::new),
        });
        if index >= copy.ends.len() + MAX_AHEAD {
            return None;
        }
        while copy.ends.len() <= index {
            self.bytes += copy.encode_next()?;
        }
        copy.get(index)
    }

    /// Forgets the copies of prompts that nobody else holds: the library changed.
    pub fn forget_unused(&mut self) {
        self.copies.retain(|_, copy| Arc::strong_count(&copy.prompt) > 1);
        self.bytes = self.copies.values().map(|copy| copy.bytes.len()).sum();
    }
}

impl Copy {
    fn get(&self, index: usize) -> Option<&[u8]> {
        let start = index.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.bytes.get(start as usize..*self.ends.get(index)? as usize)
    }

    /// Encodes one more frame; its length in bytes.
    fn encode_next(&mut self) -> Option<usize> {
        let frame = self.prompt.frame(Law::Mu, self.ends.len())?;
        let speaking = self.speaking.as_mut()?;
        speaking.say(&frame.map(|byte| Law::Mu.decode(byte)), Rate::Narrow);
        let payload = speaking.next_payload()?;
        self.bytes.extend_from_slice(payload);
        let length = payload.len();
        self.ends.push(u32::try_from(self.bytes.len()).ok()?);
        if self.ends.len() == self.prompt.frames() {
            self.speaking = None;
        }
        Some(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoder::Decoder;
    use crate::tones::{level_dbm0, sine};

    #[test]
    fn a_prompt_is_encoded_once_and_sounds_right() {
        let prompt = Arc::new(Prompt::from_pcm(&sine(440.0, -12.0, 8000, 8000), 8000).unwrap());
        for codec in [Codec::G722, Codec::Opus] {
            let mut copies = Copies::default();
            assert!(copies.frame(codec, &prompt, MAX_AHEAD).is_none(), "too far ahead");
            let mut decoder = Decoder::new(codec, false).unwrap();
            let mut heard = Vec::new();
            let mut first = Vec::new();
            for index in 0..50 {
                let payload = copies.frame(codec, &prompt, index).unwrap().to_vec();
                assert!(decoder.decode(codec, &payload, &mut heard));
                first.push(payload);
            }
            let frequency = if decoder.rate() == Rate::Wide { 220.0 } else { 440.0 };
            let level = level_dbm0(&heard[heard.len() / 2..], frequency);
            assert!((level + 12.0).abs() < 0.5, "{codec:?}: {level}");
            for (index, payload) in first.iter().enumerate() {
                assert_eq!(copies.frame(codec, &prompt, index), Some(payload.as_slice()));
            }
            assert!(copies.frame(codec, &prompt, 50).is_none());
            assert!(copies.copies.values().all(|copy| copy.speaking.is_none()));
        }
    }

    #[test]
    fn copies_go_with_their_prompts() {
        let mut copies = Copies::default();
        let kept = Arc::new(Prompt::encoded(&[0; 320], false));
        let gone = Arc::new(Prompt::encoded(&[0; 320], false));
        copies.frame(Codec::G722, &kept, 0);
        copies.frame(Codec::G722, &gone, 0);
        assert_eq!(copies.bytes, 320);
        drop(gone);
        copies.forget_unused();
        assert_eq!((copies.copies.len(), copies.bytes), (1, 160));
    }
}
