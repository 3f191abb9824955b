//! The tones of national networks: ringback, busy, congestion and dial tone (ITU-T E.180 supplement 2, and the Bureau's
//! list of 2003 that brought it up to date; the United Kingdom's are those of SIN 350).
//!
//! Levels are ours: a network's tones are −10 ± 5 dBm0 (E.180 section 5), and −13 in all, whatever they are made of, is
//! as loud as speech and no louder.

use std::f64::consts::TAU;
use std::sync::{Arc, OnceLock};

use crate::command::ToneKind;
use crate::prompt::{FRAME, Prompt};
use crate::tones::{amplitude, render};

/// Level of a tone of one frequency in dBm0; two share it.
const LEVEL: f64 = -13.0;
/// A loop is so many cadences at most, until frames of 20 ms fit it.
const MAX_CADENCES: usize = 8;

/// A country of the list, by its code of ISO 3166.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CountryCode([u8; 2]);

impl CountryCode {
    /// A country whose tones are known; `code` has two letters.
    #[must_use]
    pub fn named(code: &str) -> Option<Self> {
        let code = code.to_ascii_uppercase();
        PLANS.iter().map(|plan| plan.code).find(|known| known.0 == code.as_bytes())
    }

    /// All countries of the list.
    pub fn all() -> impl Iterator<Item = Self> {
        PLANS.iter().map(|plan| plan.code)
    }

    /// Its two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// What a tone says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Ringback,
    Busy,
    Congestion,
    Dial,
}

/// A tone: what sounds, and how long it does and does not, in milliseconds by turns; without end where nothing is written.
#[derive(Clone, Copy, Debug)]
struct Tone {
    wave: Wave,
    cadence: &'static [u16],
}

#[derive(Clone, Copy, Debug)]
enum Wave {
    One(f64),
    Two(f64, f64),
    /// The first one, modulated by the second.
    Modulated(f64, f64),
}

struct Plan {
    code: CountryCode,
    /// By [`Signal`].
    tones: [Tone; 4],
}

const fn one(frequency: f64, cadence: &'static [u16]) -> Tone {
    Tone { wave: Wave::One(frequency), cadence }
}

const fn two(low: f64, high: f64, cadence: &'static [u16]) -> Tone {
    Tone { wave: Wave::Two(low, high), cadence }
}

const fn modulated(frequency: f64, by: f64, cadence: &'static [u16]) -> Tone {
    Tone { wave: Wave::Modulated(frequency, by), cadence }
}

const fn plan(code: &[u8; 2], ringback: Tone, busy: Tone, congestion: Tone, dial: Tone) -> Plan {
    Plan { code: CountryCode(*code), tones: [ringback, busy, congestion, dial] }
}

/// Twice, as in the United Kingdom and where its engineers went.
const DOUBLE: &[u16] = &[400, 200, 400, 2000];

#[rustfmt::skip]
const PLANS: [Plan; 24] = [
    plan(b"AU", two(413.0, 438.0, DOUBLE), one(425.0, &[375, 375]), one(425.0, &[375, 375]), two(413.0, 438.0, &[])),
    plan(b"BR", one(425.0, &[1000, 4000]), one(425.0, &[250, 250]), one(425.0, &[250, 250, 750, 250]), one(425.0, &[])),
    plan(b"CA", two(440.0, 480.0, &[2000, 4000]), two(480.0, 620.0, &[500, 500]), two(480.0, 620.0, &[250, 250]), two(350.0, 440.0, &[])),
    plan(b"CH", one(425.0, &[1000, 4000]), one(425.0, &[500, 500]), one(425.0, &[200, 200]), one(425.0, &[])),
    plan(b"CL", one(400.0, &[1000, 3000]), one(400.0, &[500, 500]), one(400.0, &[200, 200]), one(400.0, &[])),
    plan(b"CN", one(450.0, &[1000, 4000]), one(450.0, &[350, 350]), one(450.0, &[700, 700]), one(450.0, &[])),
    plan(b"DE", one(425.0, &[1000, 4000]), one(425.0, &[480, 480]), one(425.0, &[240, 240]), one(425.0, &[])),
    plan(b"ES", one(425.0, &[1500, 3000]), one(425.0, &[200, 200]), one(425.0, &[200, 200, 200, 200, 200, 600]), one(425.0, &[])),
    plan(b"FR", one(440.0, &[1500, 3500]), one(440.0, &[500, 500]), one(440.0, &[250, 250]), one(440.0, &[])),
    plan(b"GB", two(400.0, 450.0, DOUBLE), one(400.0, &[375, 375]), one(400.0, &[400, 350, 225, 525]), two(350.0, 440.0, &[])),
    plan(b"HK", two(440.0, 480.0, &[400, 200, 400, 3000]), two(480.0, 620.0, &[500, 500]), two(480.0, 620.0, &[250, 250]), two(350.0, 440.0, &[])),
    plan(b"IN", modulated(400.0, 25.0, DOUBLE), one(400.0, &[750, 750]), one(400.0, &[250, 250]), modulated(400.0, 25.0, &[])),
    plan(b"IT", one(425.0, &[1000, 4000]), one(425.0, &[500, 500]), one(425.0, &[200, 200]), one(425.0, &[200, 200, 600, 1000])),
    plan(b"JP", modulated(400.0, 16.0, &[1000, 2000]), one(400.0, &[500, 500]), one(400.0, &[500, 500]), one(400.0, &[])),
    plan(b"KR", two(440.0, 480.0, &[1000, 2000]), two(480.0, 620.0, &[500, 500]), two(480.0, 620.0, &[300, 200]), two(350.0, 440.0, &[])),
    plan(b"MX", one(425.0, &[1000, 4000]), one(425.0, &[250, 250]), one(425.0, &[250, 250]), one(425.0, &[])),
    plan(b"MY", one(425.0, DOUBLE), one(425.0, &[500, 500]), one(425.0, &[500, 500]), one(425.0, &[])),
    plan(b"NL", one(425.0, &[1000, 4000]), one(425.0, &[500, 500]), one(425.0, &[250, 250]), one(425.0, &[])),
    plan(b"PH", two(425.0, 480.0, &[1000, 4000]), two(480.0, 620.0, &[500, 500]), two(480.0, 620.0, &[250, 250]), one(425.0, &[])),
    plan(b"RU", one(425.0, &[800, 3200]), one(425.0, &[350, 350]), one(425.0, &[175, 175]), one(425.0, &[])),
    plan(b"SG", modulated(425.0, 24.0, DOUBLE), one(425.0, &[750, 750]), one(425.0, &[250, 250]), one(425.0, &[])),
    plan(b"TW", two(440.0, 480.0, &[1000, 2000]), two(480.0, 620.0, &[500, 500]), two(480.0, 620.0, &[250, 250]), two(350.0, 440.0, &[])),
    plan(b"US", two(440.0, 480.0, &[2000, 4000]), two(480.0, 620.0, &[500, 500]), two(480.0, 620.0, &[250, 250]), two(350.0, 440.0, &[])),
    plan(b"CZ", one(425.0, &[1000, 4000]), one(425.0, &[330, 330]), one(425.0, &[165, 165]), one(425.0, &[330, 330, 660, 660])),
];

impl Wave {
    /// The wave at `t` seconds, its level [`LEVEL`].
    fn at(self, t: f64) -> f64 {
        let sine = |frequency: f64| (TAU * frequency * t).sin();
        match self {
            Self::One(frequency) => sine(frequency) * amplitude(LEVEL),
            Self::Two(low, high) => (sine(low) + sine(high)) * amplitude(LEVEL - 3.01),
            Self::Modulated(frequency, by) => sine(frequency) * (1.0 + 0.85 * sine(by)) / 1.85 * amplitude(LEVEL + 3.0),
        }
    }
}

/// The samples of a tone at 8 kHz, to be repeated for ever; their number is that of whole frames.
pub(crate) fn samples(country: CountryCode, signal: Signal) -> Vec<i16> {
    let plan = PLANS.iter().find(|plan| plan.code == country).unwrap_or(&PLANS[0]);
    let Tone { wave, cadence } = plan.tones[signal as usize];
    if cadence.is_empty() {
        // All frequencies are whole numbers: after a second each is where it began.
        return (0..8000).map(|n| wave.at(f64::from(n) / 8000.0).round() as i16).collect();
    }
    let mut once = Vec::new();
    for pair in cadence.chunks(2) {
        let length = once.len() + pair.iter().map(|ms| usize::from(*ms) * 8).sum::<usize>();
        once.extend(render(f64::from(pair[0]) / 1000.0, |t| wave.at(t)));
        once.resize(length, 0);
    }
    let fitting = (1..=MAX_CADENCES).find(|times| (once.len() * times).is_multiple_of(FRAME));
    once.repeat(fitting.unwrap_or(1))
}

/// The national tones of a library, each made and encoded when it is first played (about two milliseconds), and shared by
/// all copies of the library.
#[derive(Clone, Debug)]
pub(crate) struct NationalTones(Arc<[[OnceLock<Arc<Prompt>>; 4]]>);

impl Default for NationalTones {
    fn default() -> Self {
        Self(PLANS.iter().map(|_| Default::default()).collect())
    }
}

impl NationalTones {
    /// A tone; `None` for a country that is not in the list.
    pub fn get(&self, country: CountryCode, signal: Signal) -> Option<&Arc<Prompt>> {
        let at = PLANS.iter().position(|plan| plan.code == country)?;
        let place = self.0.get(at)?.get(signal as usize)?;
        Some(place.get_or_init(|| Arc::new(Prompt::encoded(&samples(country, signal), true))))
    }
}

impl ToneKind {
    /// Two ringbacks are older than the list, and stay as they were made.
    pub(crate) fn kept(self) -> Self {
        match self {
            Self::Ringback(CountryCode(code)) if &code == b"KR" => Self::RingbackKorea,
            Self::Ringback(CountryCode(code)) if &code == b"JP" => Self::RingbackJapan,
            other => other,
        }
    }

    /// Which national tone it is.
    pub(crate) const fn national(self) -> Option<(CountryCode, Signal)> {
        match self {
            Self::Ringback(country) => Some((country, Signal::Ringback)),
            Self::Busy(country) => Some((country, Signal::Busy)),
            Self::Congestion(country) => Some((country, Signal::Congestion)),
            Self::Dial(country) => Some((country, Signal::Dial)),
            Self::RingbackLoop | Self::RingbackKorea | Self::RingbackJapan | Self::Beep => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tones::level_dbm0;

    const SIGNALS: [Signal; 4] = [Signal::Ringback, Signal::Busy, Signal::Congestion, Signal::Dial];

    #[test]
    fn each_tone_has_its_frequencies_cadence_and_level() {
        for plan in &PLANS {
            for signal in SIGNALS {
                let what = format!("{} {signal:?}", plan.code.as_str());
                let samples = samples(plan.code, signal);
                assert!(samples.len().is_multiple_of(FRAME), "{what}");
                let Tone { wave, cadence } = plan.tones[signal as usize];
                let on = cadence.first().map_or(8000, |ms| usize::from(*ms) * 8);
                // Whole tenths of a second hold whole cycles of all frequencies that are multiples of ten or nearly so.
                let heard = &samples[80..on - 80];
                let levels: &[(f64, f64)] = match wave {
                    Wave::One(frequency) => &[(frequency, LEVEL)],
                    Wave::Two(low, high) => &[(low, LEVEL - 3.0), (high, LEVEL - 3.0)],
                    Wave::Modulated(frequency, _) => &[(frequency, LEVEL + 3.0 - 5.34)],
                };
                for (frequency, level) in levels {
                    let measured = level_dbm0(heard, *frequency);
                    assert!((measured - level).abs() < 1.0, "{what} {frequency}: {measured}");
                }
                let mut at = 0;
                for (turn, ms) in cadence.iter().enumerate() {
                    let part = &samples[at..at + usize::from(*ms) * 8];
                    at += part.len();
                    let loud = part.iter().filter(|sample| sample.unsigned_abs() > 100).count();
                    if turn % 2 == 0 {
                        assert!(loud * 10 > part.len() * 7, "{what} sounds {ms} ms");
                    } else {
                        assert_eq!(loud, 0, "{what} rests {ms} ms");
                    }
                }
                assert_eq!(samples.len() % at.max(1), 0, "{what} repeats whole");
            }
        }
    }

    #[test]
    fn a_dial_tone_goes_round_without_a_click() {
        for plan in &PLANS {
            let samples = samples(plan.code, Signal::Dial);
            let step = |a: i16, b: i16| (i32::from(a) - i32::from(b)).abs();
            let largest = samples.windows(2).map(|pair| step(pair[0], pair[1])).max().unwrap();
            assert!(step(samples[0], samples[samples.len() - 1]) <= largest, "{}", plan.code.as_str());
        }
    }

    #[test]
    fn countries_are_found_by_name_and_tones_are_made_once() {
        assert_eq!(CountryCode::named("kr").unwrap().as_str(), "KR");
        assert_eq!(CountryCode::named("ZZ"), None);
        assert_eq!(CountryCode::named("K"), None);
        assert_eq!(CountryCode::all().collect::<std::collections::BTreeSet<_>>().len(), PLANS.len());
        let tones = NationalTones::default();
        let korea = CountryCode::named("KR").unwrap();
        let first = Arc::clone(tones.get(korea, Signal::Busy).unwrap());
        assert!(Arc::ptr_eq(&first, tones.clone().get(korea, Signal::Busy).unwrap()));
        assert!(first.forever());
        let library = crate::Library::new();
        let kept = library.tone(ToneKind::Ringback(korea));
        assert!(Arc::ptr_eq(kept, library.tone(ToneKind::RingbackKorea)));
    }
}
