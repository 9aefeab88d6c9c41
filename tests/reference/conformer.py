# SPDX-License-Identifier: Apache-2.0
"""Reference values for encoder.conformer, in float64: torchaudio's Conformer, and subsampling in torch.

    python3 tests/reference/conformer.py          (torch 2.11, torchaudio 2.11, safetensors)

conformer_torchaudio.safetensors beside it holds random weights and one padded batch. torchaudio lets the padding of
that batch reach the convolutions; here each sample runs alone, at its own length, which is what the part must give for
the padded batch too.
"""

import math
import os

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torchaudio.models import Conformer

HERE = os.path.dirname(os.path.abspath(__file__))


def alone(given, norm):
    """Outputs of each sample and the gradient of sum(out * seed) to its frames; zeros at padding."""
    model = Conformer(input_dim=48, num_heads=4, ffn_dim=96, num_layers=2, depthwise_conv_kernel_size=7,
                      use_group_norm=norm == "group")
    weights = {k[2:]: v for k, v in given.items() if k.startswith("w.")}
    if norm == "group":
        weights = {k: v for k, v in weights.items() if "running" not in k}
    missing = model.load_state_dict(weights, strict=False)
    assert all(k.endswith("num_batches_tracked") for k in missing.missing_keys), missing
    model.double().eval()
    frames = given["in.frames"].double().requires_grad_()
    out = torch.zeros_like(frames)
    for i, n in enumerate(given["in.lengths"].tolist()):
        out[i, :n] = model(frames[i : i + 1, :n], torch.tensor([n]))[0][0]
    (out * given["grad.seed"].double()).sum().backward()
    return {f"out.{norm}": out.detach(), f"grad.{norm}": frames.grad}


def subsampled(generator):
    """Two strided convolutions, a projection, sinusoids and a final layer norm; samples run alone."""
    lengths, dim, channels, features = [13, 8, 1], 6, 3, 10
    shapes = {"subsample_0.weight": (channels, 1, 3, 3), "subsample_0.bias": (channels,),
              "subsample_1.weight": (channels, channels, 3, 3), "subsample_1.bias": (channels,),
              "project.weight": (dim, channels * 3), "project.bias": (dim,)}
    w = {k: torch.randn(s, generator=generator, dtype=torch.float64) for k, s in shapes.items()}
    frames = torch.randn(3, 13, features, generator=generator, dtype=torch.float64)
    out = torch.zeros(3, 4, dim, dtype=torch.float64)
    for i, n in enumerate(lengths):
        x = frames[i, :n][None, None]
        for stage in ("subsample_0", "subsample_1"):
            x = F.relu(F.conv2d(x, w[stage + ".weight"], w[stage + ".bias"], stride=2, padding=1))
        x = x[0].transpose(0, 1).flatten(1) @ w["project.weight"].T + w["project.bias"]
        for u in range(len(x)):
            for k in range(dim // 2):
                angle = u / 10000 ** (2 * k / dim)
                x[u, k] += math.sin(angle)
                x[u, dim // 2 + k] += math.cos(angle)
        out[i, : len(x)] = F.layer_norm(x, (dim,))
    return {**{"w." + k: v for k, v in w.items()}, "in.frames": frames, "in.lengths": torch.tensor(lengths),
            "out.tokens": out}


def main():
    given = load_file(os.path.join(HERE, "conformer_torchaudio.safetensors"))
    save_file({**alone(given, "batch"), **alone(given, "group")}, os.path.join(HERE, "conformer_alone.safetensors"))
    save_file(subsampled(torch.Generator().manual_seed(0)), os.path.join(HERE, "conformer_subsampled.safetensors"))


main()
