//! A piece of a message's own bytes, by offsets.

/// Offsets into the message that owns it. Messages are bounded by
/// [`crate::message::MAX_MESSAGE`], so 32 bits are enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// From byte offsets.
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start: u32::try_from(start).unwrap_or(u32::MAX), end: u32::try_from(end).unwrap_or(u32::MAX) }
    }

    /// Of `part`, which was sliced out of `base`; an empty span for a foreign slice.
    pub(crate) fn of(base: &[u8], part: &[u8]) -> Self {
        let start = (part.as_ptr() as usize).wrapping_sub(base.as_ptr() as usize);
        if start > base.len() || start + part.len() > base.len() {
            return Self::default();
        }
        Self::new(start, start + part.len())
    }

    /// Where it begins.
    pub(crate) fn start(self) -> usize {
        self.start as usize
    }

    /// The bytes.
    pub(crate) fn get(self, base: &[u8]) -> &[u8] {
        base.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}
