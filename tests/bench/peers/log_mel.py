#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""FLAC bytes -> log-mel spectrum: Weft against torchaudio 2.11, in turn, one thread each.

    taskset -c 0 python3 tests/bench/peers/log_mel.py build/release/bin/log_mel_peer

Needs torch, torchaudio and soundfile, which the project does not install. soundfile (libFLAC) decodes for torchaudio, whose
own load() needs a further package. The recording is tests/reference/log_mel_presets.flac, 2 s at 16 kHz, as it is and
seven and a half times in a row. What is compared is the processor's time, since other programs on the machine take turns
with these.
"""

import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy
import soundfile
import torch
import torchaudio

FLAC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../reference/log_mel_presets.flac")
ROUNDS = 21
SPECTRUM = dict(rate=16000, fft=400, window=400, hop=160, mels=80)
FIELDS = {
    "whisper": dict(preset="whisper"),
    "torchaudio's, preset": dict(SPECTRUM, preset="torchaudio"),
    "torchaudio's, no preset": dict(SPECTRUM),
    "torchaudio's, fft 512, no preset": dict(SPECTRUM, fft=512),
}


def weft(program, path, field):
    worker = subprocess.Popen([program, path, json.dumps(dict(field, kind="log_mel"))], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)

    def run(calls):
        worker.stdin.write(f"{calls}\n")
        worker.stdin.flush()
        return float(worker.stdout.readline()) / calls
    return run


def peer(path, field):
    torch.set_num_threads(1)
    with open(path, "rb") as file:
        flac = file.read()
    transform = torchaudio.transforms.MelSpectrogram(16000, n_fft=field.get("fft", 400), win_length=400,
                                                     hop_length=160, n_mels=80)

    def run(calls):
        begun = time.process_time()
        for _ in range(calls):
            samples, _ = soundfile.read(io.BytesIO(flac), dtype="float32")
            torch.log(transform(torch.from_numpy(samples)) + 1e-6)
        return (time.process_time() - begun) / calls
    return run


def compare(path, seconds, calls):
    print(f"FLAC -> log-mel, {seconds} s of sound, ms a recording, median of {ROUNDS} rounds of {calls}")
    for name, field in FIELDS.items():
        ways = [weft(sys.argv[1], path, dict(field, frames=100 * seconds)), peer(path, field)]
        for way in ways:
            way(3)
        times = [[] for _ in ways]
        for _ in range(ROUNDS):
            for way, taken in zip(ways, times):
                taken.append(1e3 * way(calls))
        ours, theirs = map(statistics.median, times)
        print(f"{name:34} Weft {ours:6.2f}   torchaudio {theirs:6.2f}   ratio {theirs / ours:5.2f}", flush=True)


def main():
    compare(FLAC, 2, 20)
    samples, rate = soundfile.read(FLAC, dtype="int16")
    with tempfile.TemporaryDirectory() as folder:
        longer = os.path.join(folder, "longer.flac")
        soundfile.write(longer, numpy.resize(samples, 15 * rate), rate)
        compare(longer, 15, 5)


if __name__ == "__main__":
    with torch.inference_mode():
        main()
