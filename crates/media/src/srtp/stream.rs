//! Which packets of one source were opened: rollover counter and replay window (RFC 3711 section 3.3).

/// How far back packets are taken, in packets (RFC 3711 section 3.3.2 asks for 64 at least).
const WINDOW: u64 = 64;

/// The highest index of a source and a bit for each one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Window {
    /// None before the first packet.
    highest: Option<u64>,
    /// Bit n: `highest - n` came.
    seen: u64,
}

impl Window {
    /// The highest index so far.
    pub const fn highest(&self) -> Option<u64> {
        self.highest
    }

    /// Whether a packet with this index may be opened: not seen before, not too old.
    pub const fn is_new(&self, index: u64) -> bool {
        match self.highest {
            Some(highest) if index <= highest => {
                let behind = highest - index;
                behind < WINDOW && self.seen & 1 << behind == 0
            }
            _ => true,
        }
    }

    /// Takes note of a packet that was authentic.
    pub fn take(&mut self, index: u64) {
        match self.highest {
            Some(highest) if index <= highest => {
                self.seen |= 1_u64.checked_shl((highest - index).min(WINDOW) as u32).unwrap_or(0);
            }
            Some(highest) => {
                let ahead = index - highest;
                self.seen = if ahead < WINDOW { self.seen << ahead | 1 } else { 1 };
                self.highest = Some(index);
            }
            None => {
                self.highest = Some(index);
                self.seen = 1;
            }
        }
    }
}

/// The index nearest to `highest` whose low 16 bits are `sequence` (RFC 3711 appendix A); `None` below zero.
pub(super) fn nearest(highest: u64, sequence: u16) -> Option<u64> {
    let ahead = sequence.wrapping_sub(highest as u16).cast_signed();
    highest.checked_add_signed(i64::from(ahead))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_index_is_new_once_and_old_ones_are_not() {
        let mut window = Window::default();
        for index in [100, 101, 103, 102, 40] {
            assert!(window.is_new(index));
            window.take(index);
            assert!(!window.is_new(index), "{index}");
        }
        assert!(!window.is_new(39));
        window.take(200);
        assert!(!window.is_new(136));
        assert!(window.is_new(137));
        window.take(137);
        assert!(!window.is_new(137));
        assert_eq!(window.highest(), Some(200));
    }

    #[test]
    fn the_rollover_is_guessed_both_ways() {
        assert_eq!(nearest(0x1_fffe, 1), Some(0x2_0001));
        assert_eq!(nearest(0x2_0001, 0xfffe), Some(0x1_fffe));
        assert_eq!(nearest(5, 0xfffe), None);
        assert_eq!(nearest(5, 0x7fff), Some(0x7fff));
    }
}
