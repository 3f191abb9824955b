//! A datagram on an RTCP port: to the parser, to SRTCP of each kind, and to a leg that has something to be reported on.

use media::rtcp::{self, Part, ReportBlock};
use media::srtp::{KeySource, MAX_TRAILER, Receiver, Sender, Suite};

/// Whatever the bytes are: no panic, not more parts than bytes can hold, and nothing is opened that was not protected.
pub fn run(bytes: &[u8]) {
    // Nobody's media is longer, and AES-GCM opens nothing that is.
    let bytes = bytes.get(..media::rtp::MAX_PACKET).unwrap_or(bytes);
    let mut parts = 0;
    let mut block = None;
    let read = rtcp::parse(bytes, |part| {
        parts += 1;
        if let Part::Block(found) = part {
            block = Some(found);
        }
    });
    assert!(parts <= bytes.len(), "{parts} parts of {} bytes", bytes.len());
    if let (Ok(()), Some(block)) = (read, block) {
        written_again(block);
    }
    for suite in Suite::ALL {
        let Some(key) = KeySource::new([1; 32], 1).draw(suite) else { continue };
        let mut receiver = Receiver::new(&key, &[]);
        let mut packet = bytes.to_vec();
        assert!(receiver.open_rtp(&mut packet).is_err() && packet == bytes, "opened what nobody protected");
        assert!(receiver.open_rtcp(&mut packet).is_err() && packet == bytes, "opened what nobody protected");
        there_and_back(&mut Sender::new(&key), &mut receiver, bytes);
    }
}

/// A block that was read is written and read as it is.
fn written_again(block: ReportBlock) {
    let packet = rtcp::Writer::new().report(1, None, Some(block)).cname(1, 1);
    let mut again = None;
    let read = rtcp::parse(packet.bytes(), |part| {
        if let Part::Block(found) = part {
            again = Some(found);
        }
    });
    assert!(read.is_ok() && again == Some(block), "{block:?} is read again as {again:?}");
}

fn there_and_back(sender: &mut Sender, receiver: &mut Receiver, bytes: &[u8]) {
    let mut room = bytes.to_vec();
    room.resize(bytes.len() + MAX_TRAILER, 0);
    if let Some(length) = sender.protect_rtcp(&mut room, bytes.len()) {
        let opened = receiver.open_rtcp(&mut room[..length]);
        assert!(opened == Ok(bytes.len()) && room.starts_with(bytes), "{opened:?}");
    }
    room.truncate(0);
    room.extend_from_slice(bytes);
    room.resize(bytes.len() + MAX_TRAILER, 0);
    let sequence = bytes.get(2..4).map_or(0, |number| u64::from(number[0]) << 8 | u64::from(number[1]));
    if let Some(length) = sender.protect_rtp(&mut room, bytes.len(), sequence) {
        let opened = receiver.open_rtp(&mut room[..length]);
        assert!(opened == Ok(bytes.len()) && room.starts_with(bytes), "{opened:?}");
    }
}
