#!/usr/bin/env python3
"""Makes the recordings under assets/announcements from texts.json. Run by ./run, which sets up what this needs.

usage: make.py --cache DIR [NAME …]      without names: everything
"""

import argparse
import json
import pathlib

import numpy

import english
import hangul
import hold_music
import sound
from engine import SAMPLE_RATE, Engine

ASSETS = pathlib.Path(__file__).resolve().parents[2] / "assets/announcements"
FILE_RATE = 16_000  # Hz: room for a wideband codec, half the size of the engine's own rate
SPEECH_DBM0 = -20.0
MUSIC_DBM0 = -20.0
LEAD_MS, TAIL_MS, PAUSE_MS = 120, 200, 320
# Load tests count on the closed number playing for exactly this long.
EXACT_MS = {"out_of_hours": 6_000}
SPOKEN_LIMIT_MS = {"out_of_hours": 5_800}
VOICES = {"ko": ("jf_nezumi", hangul.ipa, 0.97), "en": ("af_heart", english.ipa, 0.95)}


def sentences(text):
    """One string per sentence: the model keeps its breath better on short ones."""
    out = [""]
    for char in text:
        out[-1] += char
        if char in ".?!":
            out.append("")
    return [part.strip() for part in out if part.strip()]


def speak(engine, language, text, faster=1.0):
    """A whole announcement at the engine's rate: sentence by sentence with a pause between."""
    voice, ipa, speed = VOICES[language]
    pieces = []
    for index, sentence in enumerate(sentences(text)):
        spoken = engine.speak(ipa(sentence), voice, speed * faster)
        pieces.append(sound.trim(spoken, SAMPLE_RATE, PAUSE_MS if index else 0, 0))
    return numpy.concatenate(pieces)


def announcement(engine, language, name, text):
    """The finished samples of one announcement at FILE_RATE."""
    limit = SPOKEN_LIMIT_MS.get(name)
    for faster in (1.0, 1.05, 1.1, 1.15, 1.2):
        spoken = sound.trim(speak(engine, language, text, faster), SAMPLE_RATE, LEAD_MS, TAIL_MS)
        if limit is None or len(spoken) * 1000 <= (limit + TAIL_MS) * SAMPLE_RATE:
            break
    else:
        raise SystemExit(f"{language}/{name} is spoken longer than {limit} ms: shorten the text")
    samples = sound.level(sound.resample(spoken, SAMPLE_RATE, FILE_RATE), FILE_RATE, SPEECH_DBM0)
    exact = EXACT_MS.get(name)
    if exact is not None:
        wanted = exact * FILE_RATE // 1000
        samples = numpy.concatenate([samples, numpy.zeros(max(0, wanted - len(samples)))])[:wanted]
    return samples


def main():
    """Reads the texts, speaks them, writes the files, and says how long each is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", required=True, help="where the speech model is kept; filled when empty")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    texts = json.loads((ASSETS / "texts.json").read_text("utf-8"))
    engine = Engine(options.cache)
    for language, entries in texts.items():
        for name, text in entries.items():
            if options.names and name not in options.names:
                continue
            samples = announcement(engine, language, name, text)
            sound.write(ASSETS / language / f"{name}.wav", samples, FILE_RATE)
            print(f"{language}/{name}.wav {len(samples) / FILE_RATE:.3f} s")
    if not options.names or "hold_music" in options.names:
        music = hold_music.loop()
        music *= sound.rms_for(MUSIC_DBM0) / numpy.sqrt((music**2).mean())
        sound.write(ASSETS / "hold_music.wav", music, hold_music.RATE)
        print(f"hold_music.wav {len(music) / hold_music.RATE:.3f} s, peak {numpy.abs(music).max():.2f}")


if __name__ == "__main__":
    main()
