#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""FLAC bytes -> log-mel spectrum: Weft against torchaudio 2.11, in turn, one thread each.

    taskset -c 0 python3 tests/bench/peers/log_mel.py build/release/bin/log_mel_peer

Needs torch, torchaudio and soundfile, which the project does not install. soundfile (libFLAC) decodes for torchaudio, whose
own load() needs a further package. The recording is tests/reference/log_mel_presets.flac: 2 s at 16 kHz.
"""

import io
import json
import os
import statistics
import subprocess
import sys
import time

import soundfile
import torch
import torchaudio

FLAC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../reference/log_mel_presets.flac")
ROUNDS, CALLS = 21, 20
SPECTRUM = dict(rate=16000, fft=400, window=400, hop=160, mels=80)
FIELDS = {
    "whisper": dict(preset="whisper", frames=200),
    "torchaudio's, preset": dict(SPECTRUM, preset="torchaudio", frames=201),
    "torchaudio's, no preset": dict(SPECTRUM, frames=201),
    "torchaudio's, fft 512, no preset": dict(SPECTRUM, fft=512, frames=201),
}


def weft(program, field):
    worker = subprocess.Popen([program, FLAC, json.dumps(dict(field, kind="log_mel"))], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)

    def run(calls):
        worker.stdin.write(f"{calls}\n")
        worker.stdin.flush()
        return float(worker.stdout.readline()) / calls
    return run


def peer(field):
    torch.set_num_threads(1)
    with open(FLAC, "rb") as file:
        flac = file.read()
    transform = torchaudio.transforms.MelSpectrogram(16000, n_fft=field.get("fft", 400), win_length=400,
                                                     hop_length=160, n_mels=80)

    def run(calls):
        begun = time.perf_counter()
        for _ in range(calls):
            samples, _ = soundfile.read(io.BytesIO(flac), dtype="float32")
            torch.log(transform(torch.from_numpy(samples)) + 1e-6)
        return (time.perf_counter() - begun) / calls
    return run


def main():
    print(f"FLAC -> log-mel, 2 s of sound, ms a recording, median of {ROUNDS} rounds of {CALLS}")
    for name, field in FIELDS.items():
        ways = [weft(sys.argv[1], field), peer(field)]
        for way in ways:
            way(3)
        times = [[] for _ in ways]
        for _ in range(ROUNDS):
            for way, taken in zip(ways, times):
                taken.append(1e3 * way(CALLS))
        ours, theirs = map(statistics.median, times)
        print(f"{name:34} Weft {ours:6.2f}   torchaudio {theirs:6.2f}   ratio {theirs / ours:5.2f}")


if __name__ == "__main__":
    with torch.inference_mode():
        main()
