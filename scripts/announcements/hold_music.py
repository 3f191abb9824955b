"""Music on hold, made of nothing but sines: slow plucked chords, seamless when looped.

Written for a telephone: every note and the partials that carry it lie between 300 and 3,400 Hz, so nothing is lost on G.711,
and no partial pair comes near a DTMF pair for long enough to be a key.
"""

import numpy

RATE = 16_000
BAR_SECONDS = 3.0
# Four bars that come home: C maj9, A min7, F maj7, G6. MIDI note numbers, played one after another, then left to ring.
BARS = [
    [64, 67, 71, 74, 79, 74],
    [64, 69, 72, 76, 79, 76],
    [65, 69, 72, 76, 81, 76],
    [67, 71, 74, 76, 79, 74],
]
PARTIALS = [(1, 1.0), (2, 0.28), (3, 0.09)]


def note(midi, seconds):
    """One soft pluck: 12 ms of attack, an exponential fall, higher partials falling faster."""
    time = numpy.arange(int(seconds * RATE)) / RATE
    pitch = 440 * 2 ** ((midi - 69) / 12)
    sound = sum(weight * numpy.sin(2 * numpy.pi * pitch * part * time) * numpy.exp(-time * (1.1 + 0.9 * part)) for part, weight in PARTIALS)
    return sound * numpy.clip(time / 0.012, 0, 1) * numpy.clip((seconds - time) / 0.05, 0, 1)


def loop():
    """The whole loop, `len(BARS) * BAR_SECONDS` long; what rings past the end is laid over the beginning."""
    length = int(len(BARS) * BAR_SECONDS * RATE)
    out = numpy.zeros(length)
    for bar, notes in enumerate(BARS):
        for step, midi in enumerate(notes):
            start = int((bar * BAR_SECONDS + step * BAR_SECONDS / len(notes)) * RATE)
            sound = note(midi, 3.5) * (0.9 if step else 1.0)
            numpy.add.at(out, (start + numpy.arange(len(sound))) % length, sound)
    return out
