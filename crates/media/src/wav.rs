//! WAV files (RIFF): read 8 and 16 bit PCM and G.711, one or two channels; write headers for µ-law recordings.

use crate::g711::Law;

/// Bytes of the header [`mulaw_header`] writes.
pub const MULAW_HEADER_LENGTH: usize = 58;

/// Why bytes are not a WAV file we read, naming the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WavError {
    /// Not RIFF/WAVE.
    NotWav,
    /// No `fmt ` chunk before the `data` chunk, or a short one.
    NoFormat,
    /// No `data` chunk.
    NoData,
    /// A `wFormatTag` other than PCM, A-law and µ-law.
    Format(u16),
    /// Other than one or two channels.
    Channels(u16),
    /// Other than 8 or 16 bits a sample.
    Bits(u16),
}

impl std::fmt::Display for WavError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotWav => f.write_str("RIFF: not a WAV file"),
            Self::NoFormat => f.write_str("fmt: the chunk is missing or short"),
            Self::NoData => f.write_str("data: the chunk is missing"),
            Self::Format(tag) => write!(f, "wFormatTag: {tag} is not PCM, A-law or µ-law"),
            Self::Channels(channels) => write!(f, "nChannels: {channels} is not 1 or 2"),
            Self::Bits(bits) => write!(f, "wBitsPerSample: {bits} is not 8 or 16"),
        }
    }
}

impl std::error::Error for WavError {}

/// Sound read from a WAV file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wav {
    /// In Hz, as the file says.
    pub sample_rate: u32,
    /// Mono; two channels are averaged.
    pub samples: Vec<i16>,
}

#[derive(Clone, Copy)]
struct Format {
    tag: u16,
    channels: u16,
    sample_rate: u32,
    bits: u16,
}

impl Wav {
    /// Reads a file's bytes. A `data` chunk that is cut short is read as far as it goes.
    ///
    /// # Errors
    /// [`WavError`] names the field.
    pub fn parse(bytes: &[u8]) -> Result<Self, WavError> {
        let body = bytes.strip_prefix(b"RIFF").and_then(|rest| rest.get(4..)).ok_or(WavError::NotWav)?;
        let mut rest = body.strip_prefix(b"WAVE").ok_or(WavError::NotWav)?;
        let mut format = None;
        // Each turn takes at least eight bytes.
        while let Some((head, after)) = rest.split_first_chunk::<8>() {
            let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
            let chunk = &after[..length.min(after.len())];
            match &head[..4] {
                b"fmt " => format = Some(Format::parse(chunk).ok_or(WavError::NoFormat)?),
                b"data" => return format.ok_or(WavError::NoFormat)?.read(chunk),
                _ => {}
            }
            rest = after.get(length.saturating_add(length & 1)..).unwrap_or_default();
        }
        Err(if format.is_some() { WavError::NoData } else { WavError::NoFormat })
    }
}

impl Format {
    fn parse(chunk: &[u8]) -> Option<Self> {
        let word = |at: usize| Some(u16::from_le_bytes([*chunk.get(at)?, *chunk.get(at + 1)?]));
        let tag = match word(0)? {
            // WAVE_FORMAT_EXTENSIBLE: the tag is in the sub-format.
            0xfffe => word(24)?,
            tag => tag,
        };
        let sample_rate = u32::from(word(4)?) | u32::from(word(6)?) << 16;
        Some(Self { tag, channels: word(2)?, sample_rate, bits: word(14)? })
    }

    fn read(self, data: &[u8]) -> Result<Wav, WavError> {
        let decoded: Vec<i16> = match (self.tag, self.bits) {
            (1, 8) => data.iter().map(|byte| (i16::from(*byte) - 128) << 8).collect(),
            (1, 16) => data.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect(),
            (6, 8) => data.iter().map(|byte| Law::A.decode(*byte)).collect(),
            (7, 8) => data.iter().map(|byte| Law::Mu.decode(*byte)).collect(),
            (1 | 6 | 7, bits) => return Err(WavError::Bits(bits)),
            (tag, _) => return Err(WavError::Format(tag)),
        };
        let samples = match self.channels {
            1 => decoded,
            2 => decoded.chunks_exact(2).map(|pair| ((i32::from(pair[0]) + i32::from(pair[1])) / 2) as i16).collect(),
            channels => return Err(WavError::Channels(channels)),
        };
        Ok(Wav { sample_rate: self.sample_rate, samples })
    }
}

/// The header of a mono µ-law file at 8 kHz with `length` bytes of sound, which follow it.
#[must_use]
pub fn mulaw_header(length: u32) -> [u8; MULAW_HEADER_LENGTH] {
    let mut header = [0; MULAW_HEADER_LENGTH];
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        if let Some(place) = header.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
        at += bytes.len();
    };
    put(b"RIFF");
    put(&length.saturating_add(MULAW_HEADER_LENGTH as u32 - 8).saturating_add(length & 1).to_le_bytes());
    put(b"WAVEfmt ");
    put(&18_u32.to_le_bytes());
    for word in [7_u16, 1] {
        put(&word.to_le_bytes());
    }
    for word in [8000_u32, 8000] {
        put(&word.to_le_bytes());
    }
    for word in [1_u16, 8, 0] {
        put(&word.to_le_bytes());
    }
    put(b"fact");
    put(&4_u32.to_le_bytes());
    put(&length.to_le_bytes());
    put(b"data");
    put(&length.to_le_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(tag: u16, channels: u16, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WAVELIST\x03\0\0\0abc\0fmt \x10\0\0\0".to_vec();
        bytes.extend(tag.to_le_bytes());
        bytes.extend(channels.to_le_bytes());
        bytes.extend(rate.to_le_bytes());
        bytes.extend([0; 6]);
        bytes.extend(bits.to_le_bytes());
        bytes.extend(b"data");
        bytes.extend((data.len() as u32).to_le_bytes());
        bytes.extend(data);
        bytes
    }

    #[test]
    fn reads_the_depths_and_channels() {
        let wav = Wav::parse(&file(1, 1, 16_000, 16, &[1, 0, 0xff, 0xff])).unwrap();
        assert_eq!(wav, Wav { sample_rate: 16_000, samples: vec![1, -1] });
        assert_eq!(Wav::parse(&file(1, 2, 8000, 16, &[4, 0, 8, 0, 9])).unwrap().samples, [6]);
        assert_eq!(Wav::parse(&file(1, 1, 8000, 8, &[128, 0, 255])).unwrap().samples, [0, -32_768, 32_512]);
        assert_eq!(Wav::parse(&file(7, 1, 8000, 8, &[0xff])).unwrap().samples, [0]);
    }

    #[test]
    fn a_written_header_reads_back() {
        let mut bytes = mulaw_header(3).to_vec();
        bytes.extend([0xff, 0x80, 0x00]);
        let wav = Wav::parse(&bytes).unwrap();
        assert_eq!(wav, Wav { sample_rate: 8000, samples: vec![0, 32_124, -32_124] });
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(Wav::parse(b"OggS"), Err(WavError::NotWav));
        assert_eq!(Wav::parse(&file(3, 1, 8000, 32, &[])), Err(WavError::Format(3)));
        assert_eq!(Wav::parse(&file(1, 6, 8000, 16, &[])), Err(WavError::Channels(6)));
        assert_eq!(Wav::parse(&file(1, 1, 8000, 24, &[])), Err(WavError::Bits(24)));
        assert_eq!(Wav::parse(b"RIFF\0\0\0\0WAVEdata\0\0\0\0"), Err(WavError::NoFormat));
        let whole = file(1, 1, 8000, 16, &[0; 64]);
        for length in 0..whole.len() {
            let _ = Wav::parse(&whole[..length]);
        }
    }
}
