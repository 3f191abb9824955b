//! Messages out of fragments that come in any order and more than once (RFC 6347 section 4.2.3).

use super::message::{Message, Reader};

/// Bytes of the longest message: a certificate, with those of who signed it.
const MAX_MESSAGE: usize = 16 * 1024;
/// Messages ahead of the next one that are kept at most; a flight has seven.
const MAX_AHEAD: u16 = 8;
/// Bytes kept of messages that are not whole or not next.
const MAX_KEPT: usize = 32 * 1024;
/// Pieces of a message that do not touch, at most.
const MAX_PIECES: usize = 16;

/// What a fragment was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fragment {
    /// Kept.
    New,
    /// Of a message that was handed out before: the far end sends its flight again.
    Old,
    /// Not a fragment, or beyond the bounds.
    Refused,
}

/// A message that is on its way.
#[derive(Debug)]
struct Partial {
    message: Message,
    /// What is there, as ranges that do not touch.
    pieces: Vec<(usize, usize)>,
}

impl Partial {
    fn is_whole(&self) -> bool {
        self.pieces == [(0, self.message.body.len())]
    }

    fn add(&mut self, from: usize, bytes: &[u8]) -> bool {
        let to = from + bytes.len();
        let Some(place) = self.message.body.get_mut(from..to) else {
            return false;
        };
        place.copy_from_slice(bytes);
        let (mut start, mut end) = (from, to);
        self.pieces.retain(|(known_start, known_end)| {
            let apart = *known_end < start || *known_start > end;
            if !apart {
                start = start.min(*known_start);
                end = end.max(*known_end);
            }
            apart
        });
        if self.pieces.len() < MAX_PIECES {
            self.pieces.push((start, end));
        }
        true
    }
}

/// Puts the messages of one far end together.
#[derive(Debug, Default)]
pub(super) struct Reassembly {
    next: u16,
    partial: Vec<Partial>,
}

impl Reassembly {
    /// Takes the fragment at the front of a record's contents.
    pub fn take(&mut self, epoch: u16, reader: &mut Reader<'_>) -> Fragment {
        self.read(epoch, reader).unwrap_or(Fragment::Refused)
    }

    fn read(&mut self, epoch: u16, reader: &mut Reader<'_>) -> Option<Fragment> {
        let (kind, length, number) = (reader.u8()?, reader.u24()?, reader.u16()?);
        let from = reader.u24()?;
        let bytes = reader.vector24()?;
        if number < self.next {
            return Some(Fragment::Old);
        }
        if length > MAX_MESSAGE || number - self.next >= MAX_AHEAD || from + bytes.len() > length {
            return None;
        }
        let known = self.partial.iter().position(|partial| partial.message.number == number);
        let at = match known {
            Some(at) => at,
            None => {
                let kept: usize = self.partial.iter().map(|partial| partial.message.body.len()).sum();
                if kept + length > MAX_KEPT {
                    return None;
                }
                let message = Message { kind, number, epoch, body: vec![0; length] };
                self.partial.push(Partial { message, pieces: Vec::new() });
                self.partial.len() - 1
            }
        };
        let partial = self.partial.get_mut(at)?;
        let fits = partial.message.kind == kind && partial.message.body.len() == length;
        (fits && partial.message.epoch == epoch && partial.add(from, bytes)).then_some(Fragment::New)
    }

    /// The next message, once it is whole.
    pub fn next(&mut self) -> Option<Message> {
        let at = self.partial.iter().position(|partial| partial.message.number == self.next && partial.is_whole())?;
        self.next = self.next.checked_add(1)?;
        Some(self.partial.swap_remove(at).message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fragment(message: &Message, from: usize, to: usize) -> Vec<u8> {
        let mut bytes = message.bytes()[..6].to_vec();
        bytes.extend_from_slice(&(from as u32).to_be_bytes()[1..]);
        bytes.extend_from_slice(&((to - from) as u32).to_be_bytes()[1..]);
        bytes.extend_from_slice(&message.body[from..to]);
        bytes
    }

    fn message(number: u16, length: usize) -> Message {
        Message {
            kind: 11,
            number,
            epoch: 0,
            body: (0..length).map(|at| (at * 7 + usize::from(number)) as u8).collect(),
        }
    }

    #[test]
    fn fragments_in_any_order_make_the_messages_in_theirs() {
        let (first, second) = (message(0, 1000), message(1, 3));
        let mut reassembly = Reassembly::default();
        assert_eq!(reassembly.take(0, &mut Reader(&second.bytes())), Fragment::New);
        assert_eq!(reassembly.next(), None);
        for (from, to) in [(700, 1000), (0, 300), (200, 500), (0, 300)] {
            assert_eq!(reassembly.take(0, &mut Reader(&fragment(&first, from, to))), Fragment::New);
            assert_eq!(reassembly.next(), None);
        }
        assert_eq!(reassembly.take(0, &mut Reader(&fragment(&first, 450, 701))), Fragment::New);
        assert_eq!(reassembly.next(), Some(first.clone()));
        assert_eq!(reassembly.next(), Some(second));
        assert_eq!(reassembly.take(0, &mut Reader(&fragment(&first, 0, 10))), Fragment::Old);
    }

    #[test]
    fn an_empty_message_is_whole_at_once() {
        let mut reassembly = Reassembly::default();
        reassembly.take(0, &mut Reader(&message(0, 0).bytes()));
        assert_eq!(reassembly.next(), Some(message(0, 0)));
    }

    #[test]
    fn what_contradicts_itself_or_is_too_much_is_refused() {
        let mut reassembly = Reassembly::default();
        let whole = message(0, 100);
        assert_eq!(reassembly.take(0, &mut Reader(&whole.bytes()[..50])), Fragment::Refused);
        assert_eq!(reassembly.take(0, &mut Reader(&fragment(&whole, 0, 50))), Fragment::New);
        // Another length, another epoch, beyond its end.
        assert_eq!(reassembly.take(0, &mut Reader(&message(0, 90).bytes())), Fragment::Refused);
        assert_eq!(reassembly.take(1, &mut Reader(&whole.bytes())), Fragment::Refused);
        let mut beyond = fragment(&whole, 50, 100);
        beyond[8] = 60;
        assert_eq!(reassembly.take(0, &mut Reader(&beyond)), Fragment::Refused);
        assert_eq!(reassembly.take(0, &mut Reader(&message(8, 1).bytes())), Fragment::Refused);
        assert_eq!(reassembly.take(0, &mut Reader(&message(1, MAX_MESSAGE + 1).bytes())), Fragment::Refused);
        let taken = (1..8).filter(|number| {
            reassembly.take(0, &mut Reader(&fragment(&message(*number, MAX_MESSAGE), 0, 1))) == Fragment::New
        });
        assert_eq!(taken.count(), 1, "no more than {MAX_KEPT} bytes");
    }
}
