//! G.722 at 64 kbit/s (ITU-T G.722): two sub-bands of ADPCM, 16 kHz, one byte for two samples. Integer arithmetic as in
//! the recommendation, so that both ends stay in step.

mod recovery;

/// Taps of one phase of the quadrature mirror filter (table 11/G.722).
const MIRROR: [i32; 12] = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];
/// Decision levels of the six-bit quantizer (table 14/G.722).
const LEVELS: [i32; 30] = [
    0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121, 1219, 1339,
    1458, 1612, 1765, 1980, 2195, 2557, 2919,
];
/// Output values of the six-bit, four-bit and two-bit inverse quantizers (tables 14 to 17/G.722).
const SIX_BITS: [i32; 64] = [
    -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576,
    -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040,
    -728, 24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456,
    4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
];
const FOUR_BITS: [i32; 16] =
    [0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0];
const TWO_BITS: [i32; 4] = [-7408, -1616, 7408, 1616];
/// How far a code moves the logarithmic scale factor.
const LOW_STEPS: [i32; 8] = [-60, -30, 58, 172, 334, 538, 1198, 3042];
const LOW_STEP_OF: [usize; 16] = [0, 7, 6, 5, 4, 3, 2, 1, 7, 6, 5, 4, 3, 2, 1, 0];
const HIGH_STEP_OF: [i32; 4] = [798, -214, 798, -214];
/// 2048 · 2^(n/32), the antilogarithm of the scale factor.
const ANTILOG: [i32; 32] = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834, 2896, 2960, 3025,
    3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];

/// The logarithm of a low band's scale factor is at most this.
const MOST_LOW: i32 = 18_432;

/// After a loss, what is decoded first is off for so long, in milliseconds, that something made up is as good.
pub const DOUBTFUL_MS: u32 = 2;

fn saturate(value: i32) -> i32 {
    value.clamp(-32768, 32767)
}

/// Predictor and scale factor of one sub-band.
#[derive(Clone, Debug)]
struct Band {
    /// The predicted sample, and the part of it the zeros predict.
    predicted: i32,
    by_zeros: i32,
    scale_log: i32,
    scale: i32,
    poles: [i32; 2],
    zeros: [i32; 6],
    differences: [i32; 6],
    reconstructed: [i32; 2],
    partial: [i32; 2],
}

impl Band {
    const fn new(scale: i32) -> Self {
        Self {
            predicted: 0,
            by_zeros: 0,
            scale_log: 0,
            scale,
            poles: [0; 2],
            zeros: [0; 6],
            differences: [0; 6],
            reconstructed: [0; 2],
            partial: [0; 2],
        }
    }

    /// Moves the scale factor: `most` bounds its logarithm, `shift` places the band.
    fn rescale(&mut self, step: i32, most: i32, shift: i32) {
        self.set_scale(((self.scale_log * 127) >> 7) + step, most, shift);
    }

    fn set_scale(&mut self, log: i32, most: i32, shift: i32) {
        self.scale_log = log.clamp(0, most);
        let antilog = ANTILOG[(self.scale_log >> 6 & 31) as usize];
        let down = shift - (self.scale_log >> 11);
        self.scale = (if down < 0 { antilog << -down } else { antilog >> down }) << 2;
    }

    fn set_low_scale(&mut self, log: i32) {
        self.set_scale(log, MOST_LOW, 8);
    }

    /// Sets the poles to what is nearest to these within the bounds of a stable predictor (blocks UPPOL1 and UPPOL2).
    fn set_poles(&mut self, first: i32, second: i32) {
        let second = second.clamp(-12_288, 12_288);
        let most = saturate(15_360 - second);
        self.poles = [first.clamp(-most, most), second];
    }

    /// Adapts the predictor to a quantized difference and predicts the next sample (block 4).
    fn adapt(&mut self, difference: i32) {
        let reconstructed = saturate(self.predicted + difference);
        let partial = saturate(self.by_zeros + difference);
        let same = |other: i32| (partial < 0) == (other < 0);

        let four = saturate(self.poles[0] << 2);
        let towards = (if same(self.partial[0]) { -four } else { four }).min(32767);
        let second = (towards >> 7) + if same(self.partial[1]) { 128 } else { -128 };
        let second = second + ((self.poles[1] * 32512) >> 15);
        let first = if same(self.partial[0]) { 192 } else { -192 };
        let first = saturate(first + ((self.poles[0] * 32640) >> 15));
        self.set_poles(first, second);

        let step = if difference == 0 { 0 } else { 128 };
        for (zero, old) in self.zeros.iter_mut().zip(self.differences) {
            let change = if (old < 0) == (difference < 0) { step } else { -step };
            *zero = saturate(change + ((*zero * 32640) >> 15));
        }
        self.differences.copy_within(0..5, 1);
        self.differences[0] = difference;
        self.reconstructed = [reconstructed, self.reconstructed[0]];
        self.partial = [partial, self.partial[0]];

        let pole = |pole: i32, sample: i32| (pole * saturate(sample * 2)) >> 15;
        let by_poles = saturate(pole(self.poles[0], reconstructed) + pole(self.poles[1], self.reconstructed[1]));
        let by_zeros = self.zeros.iter().zip(self.differences).map(|(zero, d)| (*zero * saturate(d * 2)) >> 15);
        self.by_zeros = saturate(by_zeros.sum());
        self.predicted = saturate(by_poles + self.by_zeros);
    }

    /// Takes over how another band has adapted, but not its poles, and forgets what was heard.
    const fn begin_like(&mut self, other: &Self) {
        let poles = self.poles;
        *self = Self::new(other.scale);
        self.scale_log = other.scale_log;
        self.zeros = other.zeros;
        self.poles = poles;
    }

    /// Follows a low-band code of six bits.
    fn follow_low(&mut self, code: usize) {
        let coarse = code >> 2;
        let difference = (self.scale * FOUR_BITS[coarse]) >> 15;
        self.rescale(LOW_STEPS[LOW_STEP_OF[coarse]], MOST_LOW, 8);
        self.adapt(difference);
    }

    /// Follows a high-band code of two bits; the quantized difference comes back.
    fn follow_high(&mut self, code: usize) -> i32 {
        let difference = (self.scale * TWO_BITS[code]) >> 15;
        self.rescale(HIGH_STEP_OF[code], 22528, 10);
        self.adapt(difference);
        difference
    }
}

#[derive(Clone, Debug)]
struct Bands {
    low: Band,
    high: Band,
    /// The last 24 samples of the mirror filter, oldest first.
    line: [i32; 24],
}

impl Bands {
    const fn new() -> Self {
        Self { low: Band::new(32), high: Band::new(8), line: [0; 24] }
    }

    /// Shifts two values in; the sums over the even and over the odd places come back.
    fn filter(&mut self, older: i32, newer: i32) -> (i32, i32) {
        self.line.copy_within(2.., 0);
        self.line[22] = older;
        self.line[23] = newer;
        let (pairs, _) = self.line.as_chunks::<2>();
        let (mut even, mut odd) = (0, 0);
        for (index, pair) in pairs.iter().enumerate() {
            even += pair[0] * MIRROR[index];
            odd += pair[1] * MIRROR[11 - index];
        }
        (even, odd)
    }
}

/// An encoder; one for each stream.
#[derive(Clone, Debug)]
pub struct Encoder(Bands);

impl Default for Encoder {
    fn default() -> Self {
        Self(Bands::new())
    }
}

impl Encoder {
    /// Encodes samples at 16 kHz, two a byte, to the end of `into`. An odd last sample is left out.
    pub fn encode(&mut self, samples: &[i16], into: &mut Vec<u8>) {
        let (pairs, _) = samples.as_chunks::<2>();
        into.extend(pairs.iter().map(|pair| self.pair(i32::from(pair[0]), i32::from(pair[1]))));
    }

    fn pair(&mut self, first: i32, second: i32) -> u8 {
        let (even, odd) = self.0.filter(first, second);
        let (low, high) = ((odd + even) >> 14, (odd - even) >> 14);
        let code_low = quantize_low(saturate(low - self.0.low.predicted), self.0.low.scale);
        self.0.low.follow_low(code_low);
        let error = saturate(high - self.0.high.predicted);
        let far = magnitude(error) >= (564 * self.0.high.scale) >> 12;
        let code_high = match (error < 0, far) {
            (true, false) => 1,
            (true, true) => 0,
            (false, false) => 3,
            (false, true) => 2,
        };
        self.0.high.follow_high(code_high);
        (code_high << 6 | code_low) as u8
    }
}

fn magnitude(error: i32) -> i32 {
    if error >= 0 { error } else { -(error + 1) }
}

/// The six-bit code of a difference (block 1L): counted down from 61 above zero, 63, 62, then down from 31 below.
fn quantize_low(error: i32, scale: i32) -> usize {
    let magnitude = magnitude(error);
    let above = LEVELS.iter().skip(1).take_while(|level| magnitude >= (**level * scale) >> 12).count();
    match (error < 0, above) {
        (false, above) => 61 - above,
        (true, above @ 0..=1) => 63 - above,
        (true, above) => 33 - above,
    }
}

/// A decoder; one for each stream.
#[derive(Clone, Debug)]
pub struct Decoder(Bands);

impl Default for Decoder {
    fn default() -> Self {
        Self(Bands::new())
    }
}

impl Decoder {
    /// Decodes bytes to samples at 16 kHz, two a byte, to the end of `into`.
    pub fn decode(&mut self, bytes: &[u8], into: &mut Vec<i16>) {
        for byte in bytes {
            into.extend(self.byte(*byte));
        }
    }

    /// Prepares for `bytes`, which follow a loss of `lost_ms` milliseconds: scale factors and predictors become those that the
    /// encoder is likely to have had by then, instead of those of before the loss. The bytes are followed backwards, so that
    /// the first of them, which come next, count most; for the low band what they lead to is weighed together with what was
    /// before ([`recovery`]), if there are 20 ms of them. What was heard before the loss is forgotten: something loud would
    /// ring on.
    pub fn catch_up(&mut self, bytes: &[u8], lost_ms: u32) {
        let led_to = self.led_to(bytes);
        match bytes.first_chunk() {
            Some(first) => recovery::recover(&mut self.0.low, &led_to.low, first, lost_ms),
            None => self.0.low.begin_like(&led_to.low),
        }
        self.0.high.begin_like(&led_to.high);
        self.0.line = [0; 24];
    }

    /// Where bytes lead to when they are followed backwards.
    fn led_to(&self, bytes: &[u8]) -> Bands {
        let mut ahead = self.clone();
        for byte in bytes.iter().take(recovery::LOOKED_AT).rev() {
            ahead.byte(*byte);
        }
        ahead.0
    }

    fn byte(&mut self, byte: u8) -> [i16; 2] {
        let (code_low, code_high) = (usize::from(byte & 0x3f), usize::from(byte >> 6));
        let low = self.0.low.predicted + ((self.0.low.scale * SIX_BITS[code_low]) >> 15);
        self.0.low.follow_low(code_low);
        let predicted = self.0.high.predicted;
        let high = predicted + self.0.high.follow_high(code_high);
        let (low, high) = (low.clamp(-16384, 16383), high.clamp(-16384, 16383));
        let (even, odd) = self.0.filter(low + high, low - high);
        [saturate(odd >> 11) as i16, saturate(even >> 11) as i16]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tones::sine;

    fn there_and_back(samples: &[i16]) -> Vec<i16> {
        let (mut bytes, mut heard) = (Vec::new(), Vec::new());
        Encoder::default().encode(samples, &mut bytes);
        assert_eq!(bytes.len(), samples.len() / 2);
        Decoder::default().decode(&bytes, &mut heard);
        heard
    }

    /// Power of what is said over power of what differs, over both mirror filters' delay of 22 samples, in dB.
    fn signal_to_noise(said: &[i16], heard: &[i16]) -> f64 {
        let (mut signal, mut noise) = (0.0, 0.0);
        for (said, heard) in said.iter().zip(&heard[22..]).skip(800) {
            signal += f64::from(*said).powi(2);
            noise += (f64::from(*said) - f64::from(*heard)).powi(2);
        }
        10.0 * (signal / noise).log10()
    }

    #[test]
    fn tones_of_both_bands_come_through() {
        for (frequency, least) in [(300.0, 30.0), (1000.0, 30.0), (3000.0, 25.0), (6000.0, 12.0)] {
            let said = sine(frequency, -10.0, 16_000, 16_000);
            let ratio = signal_to_noise(&said, &there_and_back(&said));
            assert!(ratio > least, "{frequency} Hz: {ratio} dB");
        }
    }

    #[test]
    fn silence_stays_silent_and_any_bytes_decode() {
        let heard = there_and_back(&[0; 3200]);
        assert!(heard.iter().all(|sample| sample.abs() < 8), "{:?}", heard.iter().max());
        let mut seed = crate::seed::Seed::new(7);
        let bytes: Vec<u8> = (0..16_000).map(|_| seed.next_number() as u8).collect();
        let mut heard = Vec::new();
        Decoder::default().decode(&bytes, &mut heard);
        assert_eq!(heard.len(), 32_000);
        let loud: Vec<i16> = (0..16_000).map(|n| if n % 3 == 0 { i16::MAX } else { i16::MIN }).collect();
        there_and_back(&loud);
    }

    /// Power of the first 10 ms after a loss, over what it would be without a loss, in dB.
    fn off_after_loss(before: f64, after: f64, catches_up: bool) -> f64 {
        let mut said = sine(440.0, before, 16_000, 3200);
        said.extend(sine(440.0, after, 16_000, 1600));
        let mut bytes = Vec::new();
        Encoder::default().encode(&said, &mut bytes);
        let (mut whole, mut decoder, mut heard) = (Vec::new(), Decoder::default(), Vec::new());
        Decoder::default().decode(&bytes, &mut whole);
        // 40 ms around the step are lost.
        decoder.decode(&bytes[..1440], &mut heard);
        heard.clear();
        if catches_up {
            decoder.catch_up(&bytes[1760..1920], 40);
        }
        decoder.decode(&bytes[1760..1920], &mut heard);
        let power = |samples: &[i16]| samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
        10.0 * (power(&heard[..160]) / power(&whole[3520..3680])).log10()
    }

    #[test]
    fn after_a_loss_loudness_is_that_of_the_bytes_that_come() {
        for (before, after) in [(-5.0, -40.0), (-40.0, -5.0)] {
            let (left, caught) = (off_after_loss(before, after, false), off_after_loss(before, after, true));
            assert!(left.abs() > 10.0, "{before} to {after}: nothing to catch up with, {left} dB");
            assert!(caught.abs() < 9.0, "{before} to {after}: {caught} dB off, {left} without");
        }
    }
}
