//! How good a leg sounds: the E-model (ITU-T G.107) with what RTCP tells, as one number for both directions.

use crate::command::Figures;

/// R without delay and loss: G.107's defaults for everything that is not measured.
const BEST: f32 = 93.2;
/// Delay of a packet that is filled and played at once, in milliseconds.
const PACKET_MS: f32 = 20.0;
/// One-way delay up to which a talk does not suffer, in milliseconds (G.107's Idd, as approximated by Cole and Rosenbluth).
const NOTICED_MS: f32 = 177.3;
/// Packets that a figure needs to say anything: a second of speech.
const LEAST_PACKETS: u64 = 50;

/// How a codec suffers: equipment impairment and robustness against random loss (ITU-T G.113 appendix I, with packet loss
/// concealment). G.722 and Opus are rated on the narrowband scale, where they have no impairment of their own; Opus's
/// robustness is not in G.113 and set to that of G.711.
const CODECS: [(&str, Impairment); 4] = [
    ("PCMU", Impairment { equipment: 0.0, robustness: 25.1 }),
    ("PCMA", Impairment { equipment: 0.0, robustness: 25.1 }),
    ("G722", Impairment { equipment: 0.0, robustness: 13.0 }),
    ("opus", Impairment { equipment: 0.0, robustness: 25.1 }),
];

#[derive(Clone, Copy, Debug)]
struct Impairment {
    /// Ie.
    equipment: f32,
    /// Bpl.
    robustness: f32,
}

/// The rating R of a direction: `delay_ms` from mouth to ear, `loss` the share of packets that were not played, 0 to 1.
#[must_use]
pub fn rating(codec: &str, delay_ms: f32, loss: f32) -> f32 {
    let known = CODECS.iter().find(|(name, _)| *name == codec);
    let Impairment { equipment, robustness } = known.map_or(CODECS[0].1, |(_, impairment)| *impairment);
    let percent = loss.clamp(0.0, 1.0) * 100.0;
    // G.107 section 7.4, equation 7-29 with random loss (BurstR = 1).
    let by_loss = equipment + (95.0 - equipment) * percent / (percent + robustness);
    let by_delay = 0.024 * delay_ms + 0.11 * (delay_ms - NOTICED_MS).max(0.0);
    (BEST - by_loss - by_delay).clamp(0.0, 100.0)
}

/// The mean opinion score of a rating, 1 to 4.5 (G.107 annex B).
#[must_use]
pub fn mos(rating: f32) -> f32 {
    if rating <= 0.0 {
        return 1.0;
    }
    let rating = rating.min(100.0);
    (1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 7e-6).clamp(1.0, 4.5)
}

/// The figures with their mark: that of the worse direction. What the far end never reported on does not count; without
/// a second of packets there is none.
pub(crate) fn rated(mut figures: Figures) -> Figures {
    let jitter_ms = figures.jitter_ms.max(figures.far_jitter_ms.unwrap_or(0.0));
    let delay_ms = figures.rtt_ms.unwrap_or(0.0) / 2.0 + PACKET_MS + 2.0 * jitter_ms;
    let heard = figures.received + figures.lost;
    let mut loss = None;
    if heard >= LEAST_PACKETS {
        loss = Some((figures.lost + figures.late) as f32 / heard as f32);
    }
    if let Some(lost) = figures.far_lost.filter(|_| figures.sent >= LEAST_PACKETS) {
        loss = Some(loss.unwrap_or(0.0).max(lost as f32 / figures.sent as f32));
    }
    figures.mos = loss.map(|loss| mos(rating(figures.codec, delay_ms, loss)));
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_those_of_the_recommendation() {
        // G.107 table B.1: R to MOS.
        for (rating, expected) in [(90.0, 4.34), (80.0, 4.03), (70.0, 3.60), (60.0, 3.10), (50.0, 2.58), (0.0, 1.0)] {
            assert!((mos(rating) - expected).abs() < 0.01, "{rating} {}", mos(rating));
        }
        assert!((mos(rating("PCMA", 0.0, 0.0)) - 4.41).abs() < 0.01);
        // G.113 table I.4: 1 % of random loss costs G.711 with concealment 3.6, 5 % 15.8.
        for (loss, cost) in [(0.01, 3.64), (0.05, 15.78)] {
            assert!((BEST - rating("PCMU", 0.0, loss) - cost).abs() < 0.1, "{loss}");
        }
    }

    #[test]
    fn more_loss_or_delay_is_never_better() {
        let mut last = 5.0;
        for percent in 0..=100 {
            let now = mos(rating("PCMU", 40.0, percent as f32 / 100.0));
            assert!(now <= last && now >= 1.0);
            last = now;
        }
        assert!(rating("PCMU", 400.0, 0.0) < rating("PCMU", 150.0, 0.0));
        assert!(mos(f32::MIN) >= 1.0 && mos(f32::MAX) <= 4.5);
    }

    #[test]
    fn the_worse_direction_counts_and_too_little_says_nothing() {
        let figures = Figures { received: 990, lost: 10, sent: 1000, codec: "PCMU", ..Figures::default() };
        let near = rated(figures).mos.unwrap();
        let far = rated(Figures { far_lost: Some(100), ..figures }).mos.unwrap();
        assert!(near > 4.25 && (3.3..3.5).contains(&far), "{near} {far}");
        assert_eq!(rated(Figures { far_lost: Some(0), ..figures }).mos, Some(near));
        assert_eq!(rated(Figures { received: 3, lost: 0, sent: 2, ..figures }).mos, None);
        let slow = rated(Figures { rtt_ms: Some(800.0), ..figures }).mos.unwrap();
        assert!(slow < near - 0.5, "{slow}");
    }
}
