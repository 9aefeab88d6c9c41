# SPDX-License-Identifier: Apache-2.0
"""Reference values for the presets of log_mel fields, by the libraries that define them.

    python3 tests/reference/log_mel_presets.py FILTERS.npz > tests/reference/log_mel_presets.json

FILTERS.npz is mel_filters.npz of the PyPI package openai-whisper 20250625; the others are torch and torchaudio 2.11,
transformers 5.24, numpy and soundfile. The recording is log_mel_presets.flac: 2 s at 16 kHz out of President Kennedy's
inaugural address (public domain; jfk.wav of ggml-org/whisper.cpp at 233fe1fc), 16 bit. Of each result only the frames
listed beside it are kept. `torchaudio` is the power; without offset and logarithm.
"""

import json
import os
import sys

import numpy
import soundfile
import torch
import torchaudio
from transformers import WhisperFeatureExtractor

HERE = os.path.dirname(os.path.abspath(__file__))


def openai(samples, bank):
    """[mels, n / 160] by the lines of openai-whisper's log_mel_spectrogram()."""
    spectrum = torch.stft(samples, 400, 160, window=torch.hann_window(400), return_complex=True)
    logarithm = torch.clamp(torch.from_numpy(bank) @ spectrum[..., :-1].abs() ** 2, min=1e-10).log10()
    return ((torch.maximum(logarithm, logarithm.max() - 8.0) + 4.0) / 4.0).numpy()


def hugging_face(samples, mels, seconds):
    """[mels, 100 seconds]: cut or filled up with silence."""
    extract = WhisperFeatureExtractor(feature_size=mels, chunk_length=seconds)
    return extract(samples.numpy(), sampling_rate=16000)["input_features"][0]


def case(preset, source, fields, values, kept):
    rows = [[float(f"{v:.6g}") for v in values[:, t]] for t in kept]
    return dict(preset=preset, source=source, fields=fields, count=values.shape[1], kept=list(kept), frames=rows)


def main():
    wave, rate = soundfile.read(os.path.join(HERE, "log_mel_presets.flac"), dtype="float32")
    assert rate == 16000
    samples, banks = torch.from_numpy(wave), numpy.load(sys.argv[1])
    cases = [case("whisper", "openai-whisper", dict(mels=m, frames=200), openai(samples, banks[f"mel_{m}"]),
                  range(0, 200, 9)) for m in (80, 128)]
    cases += [case("whisper", "transformers", dict(mels=m, frames=100 * s), hugging_face(samples, m, s), kept)
              for m, s, kept in ((80, 3, [0, 1, 77, 198, 199, 200, 201, 202, 299]), (128, 1, [0, 1, 50, 98, 99]))]
    # In float64 throughout: torchaudio in float32 is up to 1.3e-3 away from itself in float64.
    torch.set_default_dtype(torch.float64)
    for fields in ({}, dict(fft=512, window=400, hop=160, mels=64, low_hz=20, high_hz=7600)):
        names = dict(rate="sample_rate", fft="n_fft", window="win_length", hop="hop_length", mels="n_mels",
                     low_hz="f_min", high_hz="f_max")
        power = torchaudio.transforms.MelSpectrogram(**{names[k]: v for k, v in fields.items()})(samples.double())
        cases.append(case("torchaudio", "torchaudio", dict(fields, frames=power.shape[1]), power.numpy(),
                          range(0, power.shape[1], 16)))
    print(json.dumps(cases))


if __name__ == "__main__":
    main()
