//! RTCP (RFC 3550 section 6): sender and receiver reports, SDES with a CNAME, BYE; the VoIP metrics of XR (RFC 3611) are
//! read. Compound packets may begin with anything (RFC 5506).

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
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// A sender report; its blocks follow.
    Sender(u32, SenderInfo),
    /// A receiver report; its blocks follow.
    Receiver(u32),
    /// A report block of the report before.
    Block(ReportBlock),
    /// What the far end measured of a source (RFC 3611 section 4.7).
    Metrics(VoipMetrics),
    /// Goodbye of a source.
    Bye(u32),
    /// SDES, APP, feedback: taken note of, not read.
    Other(u8),
}

/// The VoIP metrics we care for (RFC 3611 section 4.7).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct VoipMetrics {
    /// The source that was measured.
    pub ssrc: u32,
    /// Delay within the far end in milliseconds; 0 when it does not know.
    pub end_system_ms: u16,
    /// Its mark for listening, 1 to 5.
    pub mos_listening: Option<f32>,
    /// Its mark for conversation, 1 to 5.
    pub mos_conversational: Option<f32>,
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
        parse_part(head[1], head[0] & 0x1f, body, &mut each).ok_or(MalformedRtcp)?;
        rest = &rest[length..];
    }
    Ok(())
}

fn parse_part(packet_type: u8, count: u8, body: &[u8], each: &mut impl FnMut(Part)) -> Option<()> {
    let first_block = match packet_type {
        200 => {
            let info = SenderInfo {
                ntp: u64::from(word(body, 4)?) << 32 | u64::from(word(body, 8)?),
                timestamp: word(body, 12)?,
                packets: word(body, 16)?,
                octets: word(body, 20)?,
            };
            each(Part::Sender(word(body, 0)?, info));
            24
        }
        201 => {
            each(Part::Receiver(word(body, 0)?));
            4
        }
        203 if count > 0 => {
            each(Part::Bye(word(body, 0)?));
            return Some(());
        }
        207 => return parse_extended(body, each),
        other => {
            each(Part::Other(other));
            return Some(());
        }
    };
    // Of 31 at most.
    (0..usize::from(count)).try_for_each(|number| {
        each(Part::Block(block(body, first_block + number * 24)?));
        Some(())
    })
}

/// The blocks of an extended report (RFC 3611 section 2); all but the VoIP metrics are passed over.
fn parse_extended(body: &[u8], each: &mut impl FnMut(Part)) -> Option<()> {
    let mut rest = body.get(4..)?;
    for _ in 0..MAX_PARTS {
        let Some(head) = rest.first_chunk::<4>() else {
            return rest.is_empty().then_some(());
        };
        let length = 4 + 4 * usize::from(u16::from_be_bytes([head[2], head[3]]));
        let block = rest.get(..length)?;
        if head[0] == 7 {
            // Marks are ten times as large; 127 says that there is none.
            let mark =
                |at: usize| block.get(at).filter(|mark| (10..=50).contains(*mark)).map(|mark| f32::from(*mark) / 10.0);
            each(Part::Metrics(VoipMetrics {
                ssrc: word(block, 4)?,
                end_system_ms: (word(block, 16)? & 0xffff) as u16,
                mos_listening: mark(26),
                mos_conversational: mark(27),
            }));
        }
        rest = rest.get(length..)?;
    }
    Some(())
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
        let whole = [Part::Sender(7, info), Part::Block(block), Part::Other(202), Part::Bye(7)];
        assert_eq!(parts(packet.bytes()), whole);
        let packet = Writer::new().report(7, None, None).cname(7, 1);
        assert_eq!(parts(packet.bytes()), [Part::Receiver(7), Part::Other(202)]);
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
    fn voip_metrics_are_read_among_other_blocks() {
        let mut packet = vec![0x80, 207, 0, 13, 0, 0, 0, 9];
        packet.extend([4, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8]); // receiver reference time
        packet.extend([7, 0, 0, 8, 0, 0, 0, 77]);
        packet.extend([0; 8]);
        packet.extend([0, 40, 0, 120]); // round trip and end system delay
        packet.extend([0, 0, 0, 16, 93, 127, 43, 127]);
        packet.extend([0; 8]);
        let metrics = VoipMetrics { ssrc: 77, end_system_ms: 120, mos_listening: Some(4.3), mos_conversational: None };
        assert_eq!(parts(&packet), [Part::Metrics(metrics)]);
        for length in 1..packet.len() {
            assert_eq!(parse(&packet[..length], |_| ()), Err(MalformedRtcp), "{length}");
        }
        packet[23] = 200;
        assert_eq!(parse(&packet, |_| ()), Err(MalformedRtcp), "a block longer than its packet");
    }

    #[test]
    fn a_count_without_its_block_is_refused() {
        assert_eq!(parse(&[0x81, 201, 0, 1, 0, 0, 0, 1], |_| ()), Err(MalformedRtcp));
    }
}
