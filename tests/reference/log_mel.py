# SPDX-License-Identifier: Apache-2.0
"""Reference values for host/data/audio/log_mel: torch.stft and an HTK filter bank written out, in float64.

    python3 tests/reference/log_mel.py > tests/reference/log_mel.json

log_mel_torchaudio.json beside it is independent of this script: 4,000 samples of noise and tones at
16 kHz, and the first frames of torchaudio 2.11's MelSpectrogram(16000, n_fft=400, hop_length=160,
n_mels=64, f_min=20, f_max=7600, norm=None, mel_scale="htk") of the recording they begin, as power.
"""

import json
import math

import torch

FLOOR = 1e-6
CASES = [
    dict(samples=2400, rate=8000, fft=256, window=200, hop=80, mels=40, low_hz=20, high_hz=3800),
    dict(samples=1600, rate=16000, fft=400, window=400, hop=160, mels=32, low_hz=0, high_hz=8000),
    dict(samples=129, rate=8000, fft=256, window=256, hop=64, mels=8, low_hz=0, high_hz=4000),
]


def mel_bands(case):
    """[fft / 2 + 1, mels]: triangles of height 1 with corners even on 2595 log10(1 + f / 700)."""
    low, high = (2595 * math.log10(1 + case[k] / 700) for k in ("low_hz", "high_hz"))
    corners = 700 * (10 ** (torch.linspace(low, high, case["mels"] + 2, dtype=torch.float64) / 2595) - 1)
    hz = torch.arange(case["fft"] // 2 + 1, dtype=torch.float64) * case["rate"] / case["fft"]
    rising = (hz[:, None] - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - hz[:, None]) / (corners[2:] - corners[1:-1])
    return torch.minimum(rising, falling).clamp(min=0)


def log_mel(samples, case):
    """[samples] -> [1 + samples / hop, mels]."""
    window = torch.hann_window(case["window"], periodic=True, dtype=torch.float64)
    spectrum = torch.stft(samples, case["fft"], case["hop"], case["window"], window, center=True,
                          pad_mode="reflect", return_complex=True)
    return torch.log(spectrum.abs().square().T @ mel_bands(case) + FLOOR)


def main():
    torch.manual_seed(3)
    for case in CASES:
        time = torch.arange(case["samples"]) / case["rate"]
        tone = 0.3 * torch.sin(2 * math.pi * (300 + 900 * time) * time)
        samples = (tone + 0.05 * torch.randn(case["samples"])).mul(32768).round() / 32768
        case["frames"] = [[round(v, 6) for v in row] for row in log_mel(samples.double(), case).tolist()]
        case["samples"] = (samples * 32768).int().tolist()  # 16-bit, as a WAV file holds them
    print(json.dumps(CASES))


if __name__ == "__main__":
    main()
