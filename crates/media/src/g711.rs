//! G.711: µ-law (PCMU) and A-law (PCMA), table-driven (ITU-T G.711, RFC 3551 section 4.5.14).

/// Which of the two G.711 laws a byte is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Law {
    /// µ-law, `PCMU`.
    Mu,
    /// A-law, `PCMA`.
    A,
}

impl Law {
    /// The encoding name of RFC 3551.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mu => "PCMU",
            Self::A => "PCMA",
        }
    }

    /// The static payload type of RFC 3551 table 4.
    #[must_use]
    pub const fn static_payload_type(self) -> u8 {
        match self {
            Self::Mu => 0,
            Self::A => 8,
        }
    }

    /// The byte of digital silence.
    #[must_use]
    pub const fn silence(self) -> u8 {
        match self {
            Self::Mu => 0xff,
            Self::A => 0xd5,
        }
    }

    /// One linear 16-bit sample as a byte.
    #[must_use]
    pub fn encode(self, sample: i16) -> u8 {
        match self {
            Self::Mu => MU_ENCODE[usize::from((sample >> 2).cast_unsigned() & 0x3fff)],
            Self::A => A_ENCODE[usize::from((sample >> 4).cast_unsigned() & 0x0fff)],
        }
    }

    /// One byte as a linear 16-bit sample.
    #[must_use]
    pub fn decode(self, byte: u8) -> i16 {
        match self {
            Self::Mu => MU_DECODE[usize::from(byte)],
            Self::A => A_DECODE[usize::from(byte)],
        }
    }

    /// The table from this law to the other one.
    #[must_use]
    pub fn to_other(self) -> &'static [u8; 256] {
        match self {
            Self::Mu => &MU_TO_A,
            Self::A => &A_TO_MU,
        }
    }
}

/// Rewrites a payload from one law to another, in place.
pub fn transcode(payload: &mut [u8], from: Law, to: Law) {
    if from == to {
        return;
    }
    let table = from.to_other();
    for byte in payload {
        *byte = table[usize::from(*byte)];
    }
}

static MU_ENCODE: [u8; 16384] = {
    let mut table = [0; 16384];
    let mut index = 0;
    while index < table.len() {
        table[index] = mu_encode(index as u16);
        index += 1;
    }
    table
};
static A_ENCODE: [u8; 4096] = {
    let mut table = [0; 4096];
    let mut index = 0;
    while index < table.len() {
        table[index] = a_encode(index as u16);
        index += 1;
    }
    table
};
static MU_DECODE: [i16; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        table[index] = mu_decode(index as u8);
        index += 1;
    }
    table
};
static A_DECODE: [i16; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        table[index] = a_decode(index as u8);
        index += 1;
    }
    table
};
static MU_TO_A: [u8; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        table[index] = a_encode(((mu_decode(index as u8) >> 4) as u16) & 0x0fff);
        index += 1;
    }
    table
};
static A_TO_MU: [u8; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        table[index] = mu_encode(((a_decode(index as u8) >> 2) as u16) & 0x3fff);
        index += 1;
    }
    table
};

/// `bits`: the upper 14 bits of a linear sample, two's complement.
const fn mu_encode(bits: u16) -> u8 {
    let positive = bits & 0x2000 == 0;
    let magnitude = if positive { bits } else { !bits & 0x1fff };
    let mut biased = magnitude + 33;
    if biased > 0x1fff {
        biased = 0x1fff;
    }
    let mut segment = 1;
    let mut rest = biased >> 6;
    while rest != 0 {
        segment += 1;
        rest >>= 1;
    }
    let high = 8 - segment;
    let low = 0x0f - ((biased >> segment) & 0x0f);
    let byte = ((high << 4) | low) as u8;
    if positive { byte | 0x80 } else { byte }
}

const fn mu_decode(byte: u8) -> i16 {
    let inverted = !byte;
    let exponent = (inverted >> 4) & 7;
    let mantissa = (inverted & 0x0f) as i32;
    let step = 4 << (exponent + 1);
    let magnitude = (0x80 << exponent) + step * mantissa + step / 2 - 4 * 33;
    if byte & 0x80 == 0 { -magnitude as i16 } else { magnitude as i16 }
}

/// `bits`: the upper 12 bits of a linear sample, two's complement.
const fn a_encode(bits: u16) -> u8 {
    let positive = bits & 0x0800 == 0;
    let mut code = if positive { bits } else { !bits & 0x07ff };
    if code > 15 {
        let mut exponent = 1;
        while code > 31 {
            code >>= 1;
            exponent += 1;
        }
        code = code - 16 + (exponent << 4);
    }
    let byte = code as u8;
    (if positive { byte | 0x80 } else { byte }) ^ 0x55
}

const fn a_decode(byte: u8) -> i16 {
    let code = byte ^ 0x55;
    let exponent = (code >> 4) & 7;
    let mut mantissa = (code & 0x0f) as i32;
    if exponent > 0 {
        mantissa += 16;
    }
    mantissa = (mantissa << 4) + 8;
    if exponent > 1 {
        mantissa <<= exponent - 1;
    }
    if code & 0x80 == 0 { -mantissa as i16 } else { mantissa as i16 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_code_words() {
        // G.711 tables 1 and 2: extremes and zero.
        assert_eq!(Law::Mu.encode(0), 0xff);
        assert_eq!(Law::Mu.encode(i16::MAX), 0x80);
        assert_eq!(Law::Mu.encode(i16::MIN), 0x00);
        assert_eq!(Law::Mu.decode(0x80), 32124);
        assert_eq!(Law::Mu.decode(0x00), -32124);
        assert_eq!(Law::A.encode(0), 0xd5);
        assert_eq!(Law::A.encode(i16::MAX), 0xaa);
        assert_eq!(Law::A.encode(i16::MIN), 0x2a);
        assert_eq!(Law::A.decode(0xaa), 32256);
        assert_eq!(Law::A.decode(0xd5), 8);
    }

    #[test]
    fn decode_then_encode_is_identity() {
        for byte in 0..=255_u8 {
            assert_eq!(Law::A.encode(Law::A.decode(byte)), byte);
            // µ-law has two zeros; both decode to 0.
            let again = Law::Mu.encode(Law::Mu.decode(byte));
            assert!(again == byte || (byte == 0x7f && again == 0xff));
        }
    }

    #[test]
    fn quantizing_noise_is_small() {
        for law in [Law::Mu, Law::A] {
            for sample in (-32000..32000_i32).step_by(37) {
                let back = i32::from(law.decode(law.encode(sample as i16)));
                let allowed = 20 + sample.abs() / 24;
                assert!((back - sample).abs() <= allowed, "{law:?} {sample} {back}");
            }
        }
    }

    #[test]
    fn transcode_keeps_the_level() {
        let mut payload: Vec<u8> = (0..=255).collect();
        let before: Vec<i16> = payload.iter().map(|b| Law::Mu.decode(*b)).collect();
        transcode(&mut payload, Law::Mu, Law::A);
        for (byte, sample) in payload.iter().zip(before) {
            let back = i32::from(Law::A.decode(*byte));
            assert!((back - i32::from(sample)).abs() <= 16 + i32::from(sample).abs() / 20);
        }
    }
}
