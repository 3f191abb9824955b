"""Trains the network of recovery.rs: train.py ROWS WEIGHTS. Rows are those that training.rs writes. What is made small is how
far the recovered predictor's spectrum is off, in nepers squared, and a little also how far its coefficients are."""

import sys

import numpy as np

INPUTS, HIDDEN, OUTPUTS = 47, 48, 9
WEIGHT_ONE = 2048
EPOCHS, BATCH, RATE, DECAY = 40, 512, 3e-3, 1e-3
# What counts beside the spectrum's error: that of coefficients, that of the level, and how much more peaks do than valleys.
COEFFICIENTS_COUNT, LEVEL_COUNTS, PEAKS_COUNT = 0.1, 0.8, 0.5
# Frequencies where spectra are compared: the telephone band, at the low band's 8 kHz.
DELAYS = np.exp(-2j * np.pi * np.outer(np.arange(1, 7), np.linspace(150, 3600, 28)) / 8000).astype(np.complex64)


def within_bounds(outputs):
    """Poles as recovery.rs takes them."""
    bound = outputs.copy()
    bound[:, 1] = np.clip(outputs[:, 1], -0.75, 0.75)
    most = 0.9375 - bound[:, 1]
    bound[:, 0] = np.clip(outputs[:, 0], -most, most)
    return bound


def spectrum(states):
    """Denominator, numerator and logarithm of the response; the level counts by LEVEL_COUNTS."""
    poles, zeros = 1 - states[:, :2] @ DELAYS[:2], 1 + states[:, 2:8] @ DELAYS
    level = states[:, 8:] * np.float32(np.log(2) * LEVEL_COUNTS)
    return poles, zeros, np.log(np.abs(zeros) + 1e-3) - np.log(np.abs(poles) + 1e-3) + level


def loss_and_slope(outputs, truth, counts, spread):
    """The mean loss, and its slope by each output."""
    bound = within_bounds(outputs)
    off = (outputs - truth) / spread
    poles, zeros, response = spectrum(bound)
    true_response = spectrum(truth)[2]
    error = response - true_response
    peaks = np.exp(PEAKS_COUNT * true_response)
    peaks /= peaks.mean(1, keepdims=True)
    loss = (peaks * error**2).mean(1) + COEFFICIENTS_COUNT * (off**2).sum(1)
    slope = 2 * COEFFICIENTS_COUNT * off / spread + 2 * (outputs - bound)
    error *= peaks
    by_poles = np.real(DELAYS[None, :2] / poles[:, None])
    by_zeros = np.real(DELAYS[None] / zeros[:, None])
    slope[:, :2] += 2 * (by_poles * error[:, None]).mean(2)
    slope[:, 2:8] += 2 * (by_zeros * error[:, None]).mean(2)
    slope[:, 8] += 2 * error.mean(1) * np.log(2) * LEVEL_COUNTS
    return (loss * counts).mean(), (slope * counts[:, None] / len(outputs)).astype(np.float32)


def train(inputs, truth, counts):
    """Adam with a rate that falls like a cosine."""
    random = np.random.default_rng(0)
    spread = truth.std(0)
    parts = [
        random.normal(0, INPUTS**-0.5, (INPUTS, HIDDEN)),
        np.zeros(HIDDEN),
        random.normal(0, 0.3 * HIDDEN**-0.5, (HIDDEN + INPUTS, OUTPUTS)) * spread,
        truth.mean(0),
    ]
    parts = [part.astype(np.float32) for part in parts]
    moments = [(np.zeros_like(part), np.zeros_like(part)) for part in parts]
    batches = len(inputs) // BATCH
    step = 0
    for epoch in range(EPOCHS):
        order = random.permutation(len(inputs))
        total = 0
        for batch in order[: batches * BATCH].reshape(batches, BATCH):
            hidden = np.tanh(inputs[batch] @ parts[0] + parts[1])
            known = np.c_[hidden, inputs[batch]]
            loss, slope = loss_and_slope(known @ parts[2] + parts[3], truth[batch], counts[batch], spread)
            total += loss
            back = (slope @ parts[2][:HIDDEN].T) * (1 - hidden**2)
            slopes = [inputs[batch].T @ back, back.sum(0), known.T @ slope, slope.sum(0)]
            step += 1
            rate = RATE / 2 * (1 + np.cos(np.pi * step / (EPOCHS * batches)))
            for part, (first, second), slope in zip(parts, moments, slopes):
                first += 0.1 * (slope - first)
                second += 0.001 * (slope**2 - second)
                move = first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
                part -= (rate * (move + (DECAY * part if part.ndim == 2 else 0))).astype(np.float32)
        print(f"epoch {epoch + 1} of {EPOCHS}: {total / batches:.4f}", flush=True)
    return parts


def main(rows, weights):
    rows = np.fromfile(rows, "<f4").reshape(-1, INPUTS + OUTPUTS + 1)
    inputs, truth, level = rows[:, :INPUTS], rows[:, INPUTS:-1], rows[:, -1]
    print(f"{len(rows)} losses")
    # What is hardly heard counts little.
    counts = np.clip((level * 2048 - 1500) / 5000, 0.05, 1).astype(np.float32)
    mean, spread = inputs.mean(0), inputs.std(0) + 1e-6
    first, first_bias, second, second_bias = train((inputs - mean) / spread, truth, counts)
    # The network takes inputs as they are.
    first = first / spread[:, None]
    first_bias = first_bias - mean @ first
    second[HIDDEN:] /= spread[:, None]
    second_bias = second_bias - mean @ second[HIDDEN:]
    layers = [np.c_[first_bias, first.T].ravel(), np.c_[second_bias, second.T].ravel()]
    values = np.round(np.concatenate(layers) * WEIGHT_ONE)
    assert np.abs(values).max() < 32768, "a weight is too large for 16 bits"
    values.astype("<i2").tofile(weights)


if __name__ == "__main__":
    main(*sys.argv[1:])
