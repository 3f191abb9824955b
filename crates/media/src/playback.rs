//! A list of sources being played to a leg, frame by frame.

use std::sync::Arc;

use crate::command::{Repeat, Source};
use crate::g711::Law;
use crate::library::Library;
use crate::prompt::{FRAME, Prompt};

/// Sources of a list at most; the rest is not played.
pub const MAX_SOURCES: usize = 64;

/// What is played, and where it stands.
#[derive(Clone, Debug)]
pub struct Playback {
    /// The player's name for it, told back when it ends.
    pub token: u64,
    pieces: Vec<Piece>,
    repeat: Repeat,
    piece: usize,
    frame: usize,
}

#[derive(Clone, Debug)]
enum Piece {
    Prompt(Arc<Prompt>),
    /// Frames of silence.
    Silence(usize),
}

/// A frame of 20 ms of what is played.
#[derive(Clone, Debug)]
pub enum Sound {
    /// This frame of a prompt.
    Prompt(Arc<Prompt>, usize),
    /// Silence.
    Silence,
}

impl Piece {
    fn frames(&self) -> usize {
        match self {
            Self::Prompt(prompt) => prompt.frames(),
            Self::Silence(frames) => *frames,
        }
    }

    fn forever(&self) -> bool {
        matches!(self, Self::Prompt(prompt) if prompt.forever())
    }
}

impl Playback {
    /// Looks the sources up. What is looked up once is played to its end, whatever becomes of the library.
    #[must_use]
    pub fn new(token: u64, sources: &[Source], repeat: Repeat, library: &Library) -> Self {
        let pieces = sources.iter().take(MAX_SOURCES).map(|source| match *source {
            Source::Prompt(key) => library.prompt(key).map_or(Piece::Silence(1), |p| Piece::Prompt(Arc::clone(p))),
            Source::Tone(kind) => Piece::Prompt(Arc::clone(library.tone(kind))),
            Source::Silence(ms) => Piece::Silence(ms.div_ceil(20) as usize),
        });
        let mut playback = Self { token, pieces: pieces.collect(), repeat, piece: 0, frame: 0 };
        if playback.pieces.iter().all(|piece| piece.frames() == 0) {
            // Nothing to hear, once or for ever: it counts as played.
            playback.repeat = Repeat::Once;
        }
        playback
    }

    /// The next frame in G.711; `None` when the list is done.
    pub fn next_frame(&mut self, law: Law) -> Option<[u8; FRAME]> {
        let (piece, index) = self.advance()?;
        let frame = match self.pieces.get(piece) {
            Some(Piece::Prompt(prompt)) => prompt.frame(law, index).copied(),
            Some(Piece::Silence(_)) | None => None,
        };
        Some(frame.unwrap_or([law.silence(); FRAME]))
    }

    /// Where the next frame stands, for other codecs; `None` when the list is done.
    pub fn next_sound(&mut self) -> Option<Sound> {
        let (piece, index) = self.advance()?;
        Some(match self.pieces.get(piece) {
            Some(Piece::Prompt(prompt)) => Sound::Prompt(Arc::clone(prompt), index),
            Some(Piece::Silence(_)) | None => Sound::Silence,
        })
    }

    /// Goes on by a frame: its piece and number.
    fn advance(&mut self) -> Option<(usize, usize)> {
        // Empty pieces are skipped; each pass over the list has a piece that is not empty, or repeat is Once.
        for _ in 0..=2 * MAX_SOURCES {
            let Some(piece) = self.pieces.get(self.piece) else {
                if self.repeat == Repeat::Once {
                    return None;
                }
                self.piece = 0;
                self.frame = 0;
                continue;
            };
            let index = self.frame;
            if index < piece.frames() {
                self.frame += 1;
                return Some((self.piece, index));
            }
            self.frame = 0;
            if !piece.forever() || index == 0 {
                self.piece += 1;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{PromptKey, ToneKind};

    fn library() -> Library {
        let mut library = Library::new();
        library.insert(PromptKey(1), Arc::new(Prompt::encoded(&[1000; 480], false)));
        library.insert(PromptKey(2), Arc::new(Prompt::encoded(&[], false)));
        library
    }

    fn frames(sources: &[Source], repeat: Repeat, at_most: usize) -> usize {
        let mut playback = Playback::new(1, sources, repeat, &library());
        (0..at_most).take_while(|_| playback.next_frame(Law::Mu).is_some()).count()
    }

    #[test]
    fn lists_have_exact_lengths() {
        let prompt = Source::Prompt(PromptKey(1));
        assert_eq!(frames(&[prompt, Source::Silence(100), prompt], Repeat::Once, 99), 11);
        assert_eq!(frames(&[Source::Prompt(PromptKey(404))], Repeat::Once, 99), 1);
        assert_eq!(frames(&[Source::Prompt(PromptKey(2)), prompt], Repeat::Once, 99), 3);
        assert_eq!(frames(&[], Repeat::Forever, 99), 0);
        assert_eq!(frames(&[Source::Silence(0)], Repeat::Forever, 99), 0);
        assert_eq!(frames(&[Source::Prompt(PromptKey(2)), prompt], Repeat::Forever, 999), 999);
        assert_eq!(frames(&[Source::Tone(ToneKind::RingbackKorea)], Repeat::Once, 999), 999);
        assert_eq!(frames(&[Source::Tone(ToneKind::Beep)], Repeat::Once, 999), 20);
        assert_eq!(frames(&[prompt; 65], Repeat::Once, 999), 64 * 3);
    }
}
