//! RTCP (RFC 3550 section 6): sender and receiver reports, SDES with a CNAME, BYE.

/// Seconds from the NTP epoch (1900) to an arbitrary start of ours. Only differences matter to receivers,
/// so the engine counts from its own first instant.
const NTP_START_SECONDS: u64 = 3_900_000_000;

/// A 64-bit NTP timestamp of a time since the engine's start.
#[must_use]
pub fn ntp(since_start: std::time::Duration) -> u64 {
    let seconds = NTP_START_SECONDS + since_start.as_secs();
    let fraction = (u64::from(since_start.subsec_nanos()) << 32) / 1_000_000_000;
    seconds << 32 | fraction
}

/// The middle 32 bits of an NTP timestamp, as used for round trips.
#[must_use]
pub const fn ntp_middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// What a sender says of its stream (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SenderInfo {
    /// NTP timestamp, 64 bit.
    pub ntp: u64,
    /// The RTP timestamp of the same instant.
    pub timestamp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Payload bytes sent.
    pub octets: u32,
}

/// A report block about one source (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportBlock {
    /// The source reported on.
    pub ssrc: u32,
    /// Share lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost in all, −2²³ to 2²³−1.
    pub lost: i32,
    /// Extended highest sequence number received.
    pub highest: u32,
    /// Interarrival jitter in timestamp units.
    pub jitter: u32,
    /// Middle 32 bits of the last sender report's NTP timestamp; 0 for none.
    pub last_sender_report: u32,
    /// Delay since that report in 1/65536 s.
    pub delay: u32,
}

/// One part of a compound packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A sender report with its first report block.
    Sender(u32, SenderInfo, Option<ReportBlock>),
    /// A receiver report with its first report block.
    Receiver(u32, Option<ReportBlock>),
    /// Goodbye of a source.
    Bye(u32),
    /// SDES, APP, feedback: taken note of, not read.
    Other(u8),
}

/// Why a datagram is not RTCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MalformedRtcp;

/// The most parts read of one compound packet.
pub const MAX_PARTS: usize = 16;

/// Parses a compound packet and hands each part to `each`.
///
/// # Errors
/// [`MalformedRtcp`] when a header, a version or a length is wrong; parts before it were handed out.
pub fn parse(packet: &[u8], mut each: impl FnMut(Part)) -> Result<(), MalformedRtcp> {
    let mut rest = packet;
    for _ in 0..MAX_PARTS {
        if rest.is_empty() {
            return Ok(());
        }
        let head = rest.first_chunk::<4>().ok_or(MalformedRtcp)?;
        if head[0] >> 6 != 2 {
            return Err(MalformedRtcp);
        }
        let length = 4 + 4 * usize::from(u16::from_be_bytes([head[2], head[3]]));
        let body = rest.get(4..length).ok_or(MalformedRtcp)?;
        each(parse_part(head[1], head[0] & 0x1f, body).ok_or(MalformedRtcp)?);
        rest = &rest[length..];
    }
    Ok(())
}

fn parse_part(packet_type: u8, count: u8, body: &[u8]) -> Option<Part> {
    match packet_type {
        200 => {
            let info = SenderInfo {
                ntp: u64::from(word(body, 4)?) << 32 | u64::from(word(body, 8)?),
                timestamp: word(body, 12)?,
                packets: word(body, 16)?,
                octets: word(body, 20)?,
            };
            let block = if count > 0 { Some(block(body, 24)?) } else { None };
            Some(Part::Sender(word(body, 0)?, info, block))
        }
        201 => {
            let block = if count > 0 { Some(block(body, 4)?) } else { None };
            Some(Part::Receiver(word(body, 0)?, block))
        }
        203 if count > 0 => Some(Part::Bye(word(body, 0)?)),
        other => Some(Part::Other(other)),
    }
}

fn word(body: &[u8], at: usize) -> Option<u32> {
    let bytes = body.get(at..at + 4)?;
    Some(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

fn block(body: &[u8], at: usize) -> Option<ReportBlock> {
    let lost = word(body, at + 4)?;
    Some(ReportBlock {
        ssrc: word(body, at)?,
        fraction_lost: (lost >> 24) as u8,
        // Sign extension of a 24-bit number.
        lost: (lost << 8).cast_signed() >> 8,
        highest: word(body, at + 8)?,
        jitter: word(body, at + 12)?,
        last_sender_report: word(body, at + 16)?,
        delay: word(body, at + 20)?,
    })
}

/// A compound packet being written: a report, an SDES chunk with the CNAME, an optional BYE.
pub struct Writer {
    buffer: [u8; 128],
    length: usize,
}

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

impl Writer {
    /// An empty packet.
    #[must_use]
    pub const fn new() -> Self {
        Self { buffer: [0; 128], length: 0 }
    }

    /// Writes an SR when `info` is there, else an RR.
    #[must_use]
    pub fn report(mut self, ssrc: u32, info: Option<SenderInfo>, block: Option<ReportBlock>) -> Self {
        let words = 1 + if info.is_some() { 5 } else { 0 } + if block.is_some() { 6 } else { 0 };
        self.head(u8::from(block.is_some()), if info.is_some() { 200 } else { 201 }, words);
        self.word(ssrc);
        if let Some(info) = info {
            self.word((info.ntp >> 32) as u32);
            self.word(info.ntp as u32);
            self.word(info.timestamp);
            self.word(info.packets);
            self.word(info.octets);
        }
        if let Some(block) = block {
            self.word(block.ssrc);
            let lost = block.lost.clamp(-0x80_0000, 0x7f_ffff).cast_unsigned() & 0xff_ffff;
            self.word(u32::from(block.fraction_lost) << 24 | lost);
            self.word(block.highest);
            self.word(block.jitter);
            self.word(block.last_sender_report);
            self.word(block.delay);
        }
        self
    }

    /// Writes an SDES chunk whose CNAME is 16 hexadecimal digits (RFC 7022: short-term, not traceable).
    #[must_use]
    pub fn cname(mut self, ssrc: u32, name: u64) -> Self {
        // SSRC, then type, length and 16 digits, then at least one zero to the next word: 4 + 18 + 2.
        self.head(1, 202, 6);
        self.word(ssrc);
        self.byte(1);
        self.byte(16);
        for shift in (0..16).rev() {
            let digit = (name >> (shift * 4) & 0xf) as u8;
            self.byte(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
        }
        self.byte(0);
        self.byte(0);
        self
    }

    /// Writes a BYE without a reason.
    #[must_use]
    pub fn bye(mut self, ssrc: u32) -> Self {
        self.head(1, 203, 1);
        self.word(ssrc);
        self
    }

    /// The packet.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[..self.length]
    }

    fn head(&mut self, count: u8, packet_type: u8, words: u16) {
        self.byte(0x80 | count);
        self.byte(packet_type);
        self.byte((words >> 8) as u8);
        self.byte(words as u8);
    }

    fn word(&mut self, word: u32) {
        for byte in word.to_be_bytes() {
            self.byte(byte);
        }
    }

    fn byte(&mut self, byte: u8) {
        // The largest packet is SR with one block, SDES and BYE: 52 + 28 + 8 bytes.
        if let Some(slot) = self.buffer.get_mut(self.length) {
            *slot = byte;
            self.length += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(packet: &[u8]) -> Vec<Part> {
        let mut parts = Vec::new();
        parse(packet, |part| parts.push(part)).unwrap();
        parts
    }

    #[test]
    fn write_then_parse_is_identity() {
        let info = SenderInfo { ntp: 0x0102_0304_0506_0708, timestamp: 9, packets: 10, octets: 11 };
        let block = ReportBlock {
            ssrc: 5,
            fraction_lost: 12,
            lost: -3,
            highest: 70_000,
            jitter: 20,
            last_sender_report: 1,
            delay: 2,
        };
        let packet = Writer::new().report(7, Some(info), Some(block)).cname(7, 0xabc).bye(7);
        assert_eq!(packet.bytes().len() % 4, 0);
        assert_eq!(packet.bytes().len(), 52 + 28 + 8);
        assert_eq!(parts(packet.bytes()), [Part::Sender(7, info, Some(block)), Part::Other(202), Part::Bye(7)]);
        let packet = Writer::new().report(7, None, None).cname(7, 1);
        assert_eq!(parts(packet.bytes()), [Part::Receiver(7, None), Part::Other(202)]);
    }

    #[test]
    fn truncation_is_refused() {
        let packet = Writer::new().report(7, None, Some(ReportBlock::default())).cname(7, 1);
        let bytes = packet.bytes();
        for length in 1..bytes.len() {
            // A cut between two parts is a shorter valid packet.
            let cut = parse(&bytes[..length], |_| ());
            assert_eq!(cut.is_ok(), length == 32, "{length}");
        }
    }

    #[test]
    fn a_count_without_its_block_is_refused() {
        assert_eq!(parse(&[0x81, 201, 0, 1, 0, 0, 0, 1], |_| ()), Err(MalformedRtcp));
    }
}
