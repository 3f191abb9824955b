//! The state a decoder should be in after a loss. The encoder's predictor and scale factor went on while nothing was heard,
//! and what they were is forgotten only in 16 to 32 ms: whoever goes on with wrong ones colours the first packet.
//!
//! What is known is the state before the loss, how long it lasted, and the codes that follow. Each coefficient moves by a
//! fixed step each time two signs agree or differ (G.722 section 3.6) and leaks, so in a sound that lasts it is about as large
//! as these agreements are frequent, and the codes tell that without the state. A small network weighs it all. It was trained
//! on speech whose states are known, by `scripts/train-g722-recovery`, for a spectrum that is as little off as can be.

#[cfg(test)]
mod tests;
#[cfg(test)]
mod training;

use super::{Band, saturate};

/// Codes of a packet that are looked at: 20 ms.
pub const LOOKED_AT: usize = 160;
/// These fall into parts, which end here.
const PARTS: [usize; 4] = [20, 40, 80, LOOKED_AT];
/// Pairs of signs: those of a difference and of the six before it, of a partial reconstruction and of the two before it.
const AGREEMENTS: usize = 8;
/// The length of the loss; poles, zeros and scale factor before it; the scale factor the codes lead to; of each part the
/// agreements, and where the scale factor has got to.
const INPUTS: usize = 1 + 2 + 6 + 1 + 1 + PARTS.len() * (AGREEMENTS + 1);
const HIDDEN: usize = 48;
/// Poles, zeros, and how far the scale factor is from where the codes lead to.
const OUTPUTS: usize = 2 + 6 + 1;
/// A longer loss counts as one of so many milliseconds.
const LONGEST_MS: u32 = 80;
/// What is 1 as a coefficient, as a weight, and what doubles the scale factor.
const ONE: f32 = 16_384.0;
const WEIGHT_ONE: f32 = 2048.0;
const DOUBLING: f32 = 2048.0;
/// Of each hidden unit, which takes the inputs, then of each output, which takes the hidden units and the inputs: its bias and
/// its weights, 16 bits each, little-endian.
const WEIGHTS: &[u8; 2 * (HIDDEN * (INPUTS + 1) + OUTPUTS * (HIDDEN + INPUTS + 1))] =
    include_bytes!("recovery/weights");

/// Brings a low band from its state before a loss of `lost_ms` into the one it should have when the first of `bytes` comes.
/// `led_to` is the state the bytes lead to when they are followed backwards.
pub fn recover(low: &mut Band, led_to: &Band, bytes: &[u8; LOOKED_AT], lost_ms: u32) {
    let inputs = inputs(low, led_to, bytes, lost_ms);
    let (weights, _) = WEIGHTS.as_chunks::<2>();
    let (of_hidden, of_outputs) = weights.split_at(HIDDEN * (INPUTS + 1));
    let hidden = layer::<HIDDEN>(of_hidden, &inputs).map(f32::tanh);
    let mut known = [0.0; HIDDEN + INPUTS];
    for (place, value) in known.iter_mut().zip(hidden.into_iter().chain(inputs)) {
        *place = value;
    }
    let [first, second, zeros @ .., doublings] = layer::<OUTPUTS>(of_outputs, &known);

    low.begin_like(led_to);
    low.set_poles((first * ONE) as i32, (second * ONE) as i32);
    low.zeros = zeros.map(|zero| saturate((zero * ONE) as i32));
    low.set_low_scale(led_to.scale_log.saturating_add((doublings * DOUBLING) as i32));
}

/// One layer of the network.
fn layer<const N: usize>(weights: &[[u8; 2]], inputs: &[f32]) -> [f32; N] {
    let mut outputs = [0.0; N];
    for (output, row) in outputs.iter_mut().zip(weights.chunks_exact(inputs.len() + 1)) {
        let mut row = row.iter().map(|weight| f32::from(i16::from_le_bytes(*weight)) / WEIGHT_ONE);
        let bias = row.next().unwrap_or_default();
        *output = bias + row.zip(inputs).map(|(weight, input)| weight * input).sum::<f32>();
    }
    outputs
}

/// What the network is told.
fn inputs(before: &Band, led_to: &Band, bytes: &[u8; LOOKED_AT], lost_ms: u32) -> [f32; INPUTS] {
    let mut inputs = [0.0; INPUTS];
    let mut places = inputs.iter_mut();
    let mut tell = |value: f32| {
        if let Some(place) = places.next() {
            *place = value;
        }
    };
    tell(lost_ms.min(LONGEST_MS) as f32 / LONGEST_MS as f32);
    for coefficient in before.poles.iter().chain(&before.zeros) {
        tell(*coefficient as f32 / ONE);
    }
    tell((before.scale_log - led_to.scale_log) as f32 / DOUBLING);
    tell(led_to.scale_log as f32 / DOUBLING / 8.0);
    // The signs do not depend on the poles, and hardly on a scale factor that is off.
    let mut probe = Band::new(led_to.scale);
    probe.begin_like(led_to);
    let mut from = 0;
    for to in PARTS {
        let part = bytes.get(from..to).unwrap_or_default();
        for agreements in agreements(&mut probe, part) {
            tell(agreements as f32 / part.len() as f32);
        }
        tell((probe.scale_log - led_to.scale_log) as f32 / DOUBLING);
        from = to;
    }
    inputs
}

/// How often signs agree, less how often they differ, while a band follows codes.
fn agreements(band: &mut Band, bytes: &[u8]) -> [i32; AGREEMENTS] {
    let mut counts = [0; AGREEMENTS];
    for byte in bytes {
        let (differences, partial) = (band.differences, band.partial);
        band.follow_low(usize::from(byte & 0x3f));
        let (newest, newest_partial) = (band.differences[0], band.partial[0]);
        // A difference of zero moves no zero.
        let moved = i32::from(newest != 0);
        let of_differences = differences.iter().map(|old| moved * agreement(newest, *old));
        let of_partial = partial.iter().map(|old| agreement(newest_partial, *old));
        for (count, agreement) in counts.iter_mut().zip(of_differences.chain(of_partial)) {
            *count += agreement;
        }
    }
    counts
}

const fn agreement(one: i32, other: i32) -> i32 {
    if (one < 0) == (other < 0) { 1 } else { -1 }
}
