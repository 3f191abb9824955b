//! SIP over a byte stream: the first byte says how the rest is cut into reads.

use sip::StreamFramer;

/// Whatever the bytes and the cuts are: no panic, and the frames do not depend on the cuts.
pub fn run(bytes: &[u8]) {
    let Some((cut, stream)) = bytes.split_first() else { return };
    let whole = frames(stream, stream.len().max(1));
    let pieces = frames(stream, usize::from(*cut).max(1));
    assert_eq!(whole, pieces, "cutting the stream elsewhere changes what is read");
}

fn frames(stream: &[u8], size: usize) -> Vec<String> {
    let mut framer = StreamFramer::new();
    let mut found = Vec::new();
    for piece in stream.chunks(size) {
        framer.push(piece);
        loop {
            match framer.next_frame() {
                Ok(Some(frame)) => found.push(format!("{frame:?}")),
                Ok(None) => break,
                // The connection is closed here; how much came with the last read makes no difference.
                Err(_) => return found,
            }
        }
    }
    found
}
