#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes trim.json: what librosa.effects.trim() leaves of log_mel_presets.flac, as it is and with silence and soft ends around it.

Made with librosa 0.11 and soundfile 0.14, which the project does not install.
"""

import json
import os

import librosa
import numpy
import soundfile

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    recording, _ = soundfile.read(os.path.join(HERE, "log_mel_presets.flac"), dtype="float32")
    cases = []
    for silence in (0, 700, 5000):
        padded = numpy.pad(recording, (silence, 2 * silence)).astype(numpy.float32)
        for decibels in (5, 10, 20, 30, 40, 60):
            _, (begin, end) = librosa.effects.trim(padded, top_db=decibels)
            cases.append(dict(silence=silence, decibels=decibels, begin=int(begin), end=int(end)))
    with open(os.path.join(HERE, "trim.json"), "w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
