"""Scores recordings by ITU-T P.862 (narrow band, MOS-LQO of P.862.1): pairs of original and heard at 8 kHz come in on
standard input, each as two counts (32 bits) and so many samples (16 bits); a score a line goes out."""

import struct
import sys
from multiprocessing import Pool

import numpy
from pesq import pesq


def pairs(data):
    at = 0
    while at < len(data):
        counts = struct.unpack_from("<II", data, at)
        at += 8
        pair = []
        for count in counts:
            pair.append(numpy.frombuffer(data, "<i2", count, at))
            at += 2 * count
        yield pair


def score(pair):
    original, heard = pair
    return pesq(8000, original, heard, "nb")


if __name__ == "__main__":
    with Pool() as pool:
        for mark in pool.imap(score, pairs(sys.stdin.buffer.read())):
            print(f"{mark:.4f}")
