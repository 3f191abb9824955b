//! Comfort noise (RFC 3389): a level and a spectrum told by the far end, made into noise.

use crate::seed::Seed;

/// The payload type of CN at 8 kHz (RFC 3551 table 4).
pub const PAYLOAD_TYPE: u8 = 13;
/// Reflection coefficients that are used at most; further ones change nothing one hears.
const MAX_ORDER: usize = 12;
/// The power of a full-scale square wave is 0 dBov; noise as even as ours has a root mean square of 1/√3 of its peak.
const FULL_SCALE: f32 = 32768.0;

/// Noise of a told colour and level.
#[derive(Clone, Debug)]
pub struct ComfortNoise {
    seed: Seed,
    /// Amplitude of the excitation, and where it moves to.
    gain: f32,
    wanted: f32,
    order: usize,
    reflections: [f32; MAX_ORDER],
    state: [f32; MAX_ORDER + 1],
}

impl ComfortNoise {
    /// Noise as a payload tells; an empty one tells nothing (`None`).
    #[must_use]
    pub fn new(payload: &[u8], seed: u64) -> Option<Self> {
        let mut noise = Self {
            seed: Seed::new(seed),
            gain: 0.0,
            wanted: 0.0,
            order: 0,
            reflections: [0.0; MAX_ORDER],
            state: [0.0; MAX_ORDER + 1],
        };
        noise.update(payload).then(|| {
            noise.gain = noise.wanted;
            noise
        })
    }

    /// Takes a newer payload; false when it is empty.
    pub fn update(&mut self, payload: &[u8]) -> bool {
        let Some((level, coefficients)) = payload.split_first() else {
            return false;
        };
        self.order = coefficients.len().min(MAX_ORDER);
        let mut shaping = 1.0;
        for (reflection, byte) in self.reflections.iter_mut().zip(coefficients) {
            // Section 3.2: 127 is zero, and what is quantized stays inside ±1.
            *reflection = (f32::from(*byte) - 127.0) / 128.0;
            shaping *= 1.0 - reflection.powi(2);
        }
        // An all-pole filter of these reflections amplifies white noise by 1 / Π(1 − k²).
        let level = -f32::from(level & 0x7f);
        self.wanted = FULL_SCALE * 10.0_f32.powf(level / 20.0) * shaping.max(1e-4).sqrt() * 3.0_f32.sqrt();
        true
    }

    /// Fills `samples`, at 8 kHz.
    pub fn fill(&mut self, samples: &mut [i16]) {
        for sample in samples {
            // A new level is reached in some milliseconds.
            self.gain += (self.wanted - self.gain) / 64.0;
            let even = (self.seed.next_number() >> 40) as f32 / (1 << 23) as f32 - 1.0;
            *sample = self.shape(even * self.gain).clamp(-32768.0, 32767.0) as i16;
        }
    }

    /// The lattice form of the all-pole filter.
    fn shape(&mut self, excitation: f32) -> f32 {
        let mut forward = excitation;
        for index in (0..self.order).rev() {
            let reflection = self.reflections[index];
            forward -= reflection * self.state[index];
            self.state[index + 1] = self.state[index] + reflection * forward;
        }
        self.state[0] = forward;
        forward
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn power_dbov(payload: &[u8]) -> f32 {
        let mut noise = ComfortNoise::new(payload, 5).unwrap();
        let mut samples = [0; 16_000];
        noise.fill(&mut samples);
        let power: f32 = samples[800..].iter().map(|s| f32::from(*s).powi(2)).sum::<f32>() / 15_200.0;
        10.0 * (power / FULL_SCALE.powi(2)).log10()
    }

    #[test]
    fn the_level_is_the_told_one_whatever_the_colour() {
        for level in [30_u8, 45, 60] {
            for colour in
                [&[][..], &[200], &[60, 150, 127], &[230, 40, 150, 127, 127, 127, 127, 127, 127, 127, 127, 127, 9]]
            {
                let payload: Vec<u8> = std::iter::once(level).chain(colour.iter().copied()).collect();
                let power = power_dbov(&payload);
                assert!((power + f32::from(level)).abs() < 1.0, "{payload:?}: {power}");
            }
        }
    }

    #[test]
    fn any_payload_is_harmless() {
        assert!(ComfortNoise::new(&[], 1).is_none());
        let mut seed = Seed::new(3);
        for length in 1..40 {
            let payload: Vec<u8> = (0..length).map(|_| seed.next_number() as u8).collect();
            let mut noise = ComfortNoise::new(&payload, 1).unwrap();
            noise.fill(&mut [0; 4000]);
        }
        // The extremes of the quantizer: the filter may ring, it may not blow up.
        let mut noise = ComfortNoise::new(&[0, 0, 255, 0, 255, 0, 255, 0, 255, 0, 255, 0, 255], 1).unwrap();
        let mut samples = [0; 8000];
        noise.fill(&mut samples);
        assert!(noise.state.iter().all(|state| state.is_finite()));
    }
}
