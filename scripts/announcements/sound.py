"""What is done to samples between the engine and the file: trimming, level, sample rate, WAV."""

import wave

import numpy

# G.711 full scale is +3.14 dBm0 for a sine (ITU-T G.711 table 5); a full-scale sine's RMS is 1/sqrt(2).
FULL_SCALE_DBM0 = 3.14


def rms_for(dbm0):
    """RMS (of samples in -1..1) that a telephone line carries as `dbm0`."""
    return 10 ** ((dbm0 - FULL_SCALE_DBM0) / 20) / numpy.sqrt(2)


def frames_rms(samples, rate, frame_ms=20):
    """RMS of each whole frame."""
    size = rate * frame_ms // 1000
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    return numpy.sqrt((frames.astype(numpy.float64) ** 2).mean(axis=1))


def active_rms(samples, rate):
    """RMS over the frames that hold speech: those within 30 dB of the loudest (the idea of ITU-T P.56, coarser)."""
    levels = frames_rms(samples, rate)
    loud = levels[levels > levels.max() * 10 ** (-30 / 20)]
    return float(numpy.sqrt((loud**2).mean()))


def level(samples, rate, dbm0):
    """Scales speech to an active level of `dbm0`; peaks are held below full scale by a soft knee, not clipped."""
    samples = samples * (rms_for(dbm0) / active_rms(samples, rate))
    knee = 0.7
    over = numpy.abs(samples) > knee
    samples[over] = numpy.sign(samples[over]) * (knee + (1 - knee) * numpy.tanh((numpy.abs(samples[over]) - knee) / (1 - knee)) * 0.95)
    return samples


def trim(samples, rate, lead_ms, tail_ms):
    """Cuts silence at both ends and leaves exactly `lead_ms` and `tail_ms` of it, faded so that nothing clicks."""
    levels = frames_rms(samples, rate, 5)
    heard = numpy.flatnonzero(levels > levels.max() * 10 ** (-42 / 20))
    size = rate * 5 // 1000
    body = samples[heard[0] * size : (heard[-1] + 1) * size].copy()
    fade = min(len(body) // 2, rate * 5 // 1000)
    body[:fade] *= numpy.linspace(0, 1, fade)
    body[-fade:] *= numpy.linspace(1, 0, fade)
    return numpy.concatenate([silence(lead_ms, rate), body, silence(tail_ms, rate)])


def silence(ms, rate):
    """`ms` of nothing."""
    return numpy.zeros(rate * ms // 1000)


def resample(samples, rate, to):
    """By a windowed sinc, 48 taps a side, low-pass at 0.46 of the lower rate. Ratio reduced, so it is exact in length."""
    low = min(rate, to)
    half = 48 * rate / low
    count = int(len(samples) * to / rate)
    at = numpy.arange(count) * rate / to
    reach = numpy.arange(-int(half), int(half) + 1)
    index = numpy.floor(at).astype(int)[:, None] + reach
    distance = at[:, None] - index
    cut = 0.92 * low / rate
    taps = cut * numpy.sinc(cut * distance) * (0.5 + 0.5 * numpy.cos(numpy.pi * numpy.clip(distance / (half + 1), -1, 1)))
    inside = (index >= 0) & (index < len(samples))
    return (taps * numpy.where(inside, samples[numpy.clip(index, 0, len(samples) - 1)], 0)).sum(axis=1)


def write(path, samples, rate):
    """A mono 16-bit WAV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(numpy.clip(numpy.round(samples * 32767), -32768, 32767).astype("<i2").tobytes())
