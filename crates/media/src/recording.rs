//! A recording of what a leg says: G.711 µ-law at 8 kHz, gaps filled with silence, handed out in pieces.

use crate::g711::Law;

/// Bytes of a piece: one second.
const PIECE: usize = 8000;
/// The longest gap that is filled with silence, in samples (2 s); beyond it time is cut.
const MAX_GAP: u32 = 16_000;

/// A recording in progress.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The recorder's name for it.
    pub token: u64,
    limit: u64,
    taken: u64,
    expected: Option<(u32, u32)>,
    piece: Vec<u8>,
}

impl Recording {
    /// `limit_ms`: its greatest length.
    #[must_use]
    pub fn new(token: u64, limit_ms: u32) -> Self {
        Self { token, limit: u64::from(limit_ms) * 8, taken: 0, expected: None, piece: Vec::with_capacity(PIECE) }
    }

    /// Takes the newest packet's audio; pieces that are full go to `each`.
    pub fn take(&mut self, ssrc: u32, timestamp: u32, law: Law, payload: &[u8], mut each: impl FnMut(Vec<u8>)) {
        if let Some((known, expected)) = self.expected
            && known == ssrc
        {
            let gap = timestamp.wrapping_sub(expected);
            if gap <= MAX_GAP {
                for _ in 0..gap {
                    self.push(Law::Mu.silence(), &mut each);
                }
            }
        }
        self.expected = Some((ssrc, timestamp.wrapping_add(payload.len() as u32)));
        for byte in payload {
            self.push(if law == Law::Mu { *byte } else { law.to_other()[usize::from(*byte)] }, &mut each);
        }
    }

    fn push(&mut self, byte: u8, each: &mut impl FnMut(Vec<u8>)) {
        if self.is_full() {
            return;
        }
        self.taken += 1;
        self.piece.push(byte);
        if self.piece.len() >= PIECE {
            each(std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE)));
        }
    }

    /// Whether it reached its limit.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.taken >= self.limit
    }

    /// Ends it: what is left, and its length in milliseconds.
    #[must_use]
    pub fn finish(self) -> (Vec<u8>, u32) {
        (self.piece, (self.taken / 8).try_into().unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_filled_and_the_limit_holds() {
        let mut recording = Recording::new(1, 1500);
        let mut bytes = Vec::new();
        let mut pieces = 0;
        for n in 0..100_u32 {
            if n == 10 {
                continue;
            }
            recording.take(5, n * 160, Law::A, &[0xd5; 160], |piece| {
                pieces += 1;
                bytes.extend(piece);
            });
        }
        assert!(recording.is_full());
        let (rest, ms) = recording.finish();
        bytes.extend(rest);
        assert_eq!((pieces, ms, bytes.len()), (1, 1500, 12_000));
        assert!(bytes[1600..1760].iter().all(|byte| *byte == 0xff));
    }
}
