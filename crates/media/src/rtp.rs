//! The RTP header (RFC 3550 section 5.1): parsed without copying, written in place.

use std::ops::Range;

/// Length of the header without CSRCs and extension, in bytes.
pub const HEADER_LENGTH: usize = 12;

/// The largest datagram the engine makes or takes, in bytes (Ethernet's).
pub const MAX_PACKET: usize = 1500;

/// What a header says, and where the payload is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The marker bit: the start of a talkspurt.
    pub marker: bool,
    /// Payload type, 0 to 127.
    pub payload_type: u8,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp in units of the payload's clock (8 kHz here).
    pub timestamp: u32,
    /// Synchronization source.
    pub ssrc: u32,
    /// Where the payload is in the packet: starts at 12 or later, CSRCs, extension and padding excluded.
    pub payload: Range<usize>,
}

/// Why a datagram is not RTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MalformedRtp {
    /// Shorter than its header.
    TooShort,
    /// The version is not 2.
    Version,
    /// The padding is longer than the payload.
    Padding,
}

impl Header {
    /// Parses the header of a datagram (RFC 3550 appendix A.1).
    ///
    /// # Errors
    /// [`MalformedRtp`] says what is wrong; the datagram is to be dropped.
    pub fn parse(packet: &[u8]) -> Result<Self, MalformedRtp> {
        let Some(fixed) = packet.first_chunk::<HEADER_LENGTH>() else {
            return Err(MalformedRtp::TooShort);
        };
        if fixed[0] >> 6 != 2 {
            return Err(MalformedRtp::Version);
        }
        let mut start = HEADER_LENGTH + 4 * usize::from(fixed[0] & 0x0f);
        if fixed[0] & 0x10 != 0 {
            let words = packet.get(start + 2..start + 4).ok_or(MalformedRtp::TooShort)?;
            let words = usize::from(words[0]) << 8 | usize::from(words[1]);
            start += 4 + 4 * words;
        }
        if start > packet.len() {
            return Err(MalformedRtp::TooShort);
        }
        let mut end = packet.len();
        if fixed[0] & 0x20 != 0 {
            let padding = usize::from(packet[end - 1]);
            if padding == 0 || padding > end - start {
                return Err(MalformedRtp::Padding);
            }
            end -= padding;
        }
        Ok(Self {
            marker: fixed[1] & 0x80 != 0,
            payload_type: fixed[1] & 0x7f,
            sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
            timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
            payload: start..end,
        })
    }
}

/// Writes a plain header (no CSRC, no extension, no padding).
pub fn write_header(
    into: &mut [u8; HEADER_LENGTH],
    marker: bool,
    payload_type: u8,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
) {
    into[0] = 0x80;
    into[1] = payload_type & 0x7f | if marker { 0x80 } else { 0 };
    into[2..4].copy_from_slice(&sequence.to_be_bytes());
    into[4..8].copy_from_slice(&timestamp.to_be_bytes());
    into[8..12].copy_from_slice(&ssrc.to_be_bytes());
}

/// Whether a datagram on an RTP port is RTCP: packet types 192 to 223 (RFC 5761 section 4).
#[must_use]
pub fn looks_like_rtcp(packet: &[u8]) -> bool {
    packet.len() >= 8 && packet[0] >> 6 == 2 && (192..=223).contains(&packet[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> Vec<u8> {
        let mut packet = vec![0; 172];
        let header = packet.first_chunk_mut().unwrap();
        write_header(header, true, 8, 0xfffe, 0x1234_5678, 0xdead_beef);
        packet
    }

    #[test]
    fn write_then_parse_is_identity() {
        let header = Header::parse(&plain()).unwrap();
        assert!(header.marker);
        assert_eq!(header.payload_type, 8);
        assert_eq!(header.sequence, 0xfffe);
        assert_eq!(header.timestamp, 0x1234_5678);
        assert_eq!(header.ssrc, 0xdead_beef);
        assert_eq!(header.payload, 12..172);
    }

    #[test]
    fn csrc_extension_and_padding_are_skipped() {
        let mut packet = vec![0xb2, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        packet.extend([9; 8]); // two CSRCs
        packet.extend([0xbe, 0xde, 0, 1, 1, 2, 3, 4]); // one extension word
        packet.extend([7; 10]);
        packet.extend([0, 0, 3]); // padding of three
        let header = Header::parse(&packet).unwrap();
        assert_eq!(&packet[header.payload], &[7; 10]);
    }

    #[test]
    fn malformed_packets_are_refused() {
        assert_eq!(Header::parse(&[0x80; 11]), Err(MalformedRtp::TooShort));
        let mut packet = plain();
        packet[0] = 0x40;
        assert_eq!(Header::parse(&packet), Err(MalformedRtp::Version));
        packet[0] = 0xa0;
        packet[171] = 161;
        assert_eq!(Header::parse(&packet), Err(MalformedRtp::Padding));
        packet[0] = 0x9f;
        packet.truncate(30);
        assert_eq!(Header::parse(&packet), Err(MalformedRtp::TooShort));
    }

    #[test]
    fn every_truncation_is_harmless() {
        let packet = plain();
        for first in 0..=255 {
            for length in 0..64 {
                let mut cut = packet[..length].to_vec();
                if let Some(byte) = cut.first_mut() {
                    *byte = first;
                }
                if let Ok(header) = Header::parse(&cut) {
                    assert!(cut.get(header.payload).is_some());
                }
            }
        }
    }
}
