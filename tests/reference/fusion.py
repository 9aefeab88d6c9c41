# SPDX-License-Identifier: Apache-2.0
"""Reference values for fusion.gated_cross_attention and fusion.pairwise, in float64, from torch's own modules.

    python3 tests/reference/fusion.py          (torch 2.11, safetensors)

Writes gated_cross_attention and pairwise.safetensors beside it. torch.nn.MultiheadAttention with the identity as its
output projection gives the heads side by side, from which gate and fused stream are written out as the equations are.
`w.*` are torch's weights; `grad.*` are gradients of sum(out * grad.seed).
"""

import os

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
DIM, HEADS, INNER = 12, 3, 20
LENGTHS = [5, 4, 6]  # of the three streams; in the second sample the last tokens are padding
REAL = [[5, 3], [4, 2], [6, 1]]
G = torch.Generator().manual_seed(0)


def random(*sizes):
    return torch.randn(*sizes, generator=G, dtype=torch.float64)


def shaken(module):
    """Random values everywhere, so that a missing bias or a swapped norm shows."""
    module.double().eval()
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(random(*p.shape) * (0.4 if p.dim() > 1 else 0.2) + (1.0 if p.dim() == 1 else 0.0))
    return module


class Gated(torch.nn.Module):
    """docs/model.md's gated cross-attention, or Flamingo's gate around the same attention."""

    def __init__(self):
        super().__init__()
        self.attention = torch.nn.MultiheadAttention(DIM, HEADS, batch_first=True)
        self.gate = torch.nn.Linear(2 * DIM, DIM)
        self.alpha = torch.nn.Parameter(torch.zeros(1))

    def forward(self, query, context, mask, gate):
        project, bias = self.attention.out_proj.weight, self.attention.out_proj.bias
        attended, _ = F.multi_head_attention_forward(
            query.transpose(0, 1), context.transpose(0, 1), context.transpose(0, 1), DIM, HEADS,
            self.attention.in_proj_weight, self.attention.in_proj_bias, None, None, False, 0.0,
            torch.eye(DIM, dtype=torch.float64), None, training=False, key_padding_mask=~mask, need_weights=False)
        attended = attended.transpose(0, 1)
        projected = attended @ project.T + bias
        if gate == "tanh":
            return query + torch.tanh(self.alpha) * projected
        g = torch.sigmoid(self.gate(torch.cat([query, attended], -1)))
        return (1 - g) * query + g * projected


def write(name, module, tensors):
    tensors = {**{"w." + k: v for k, v in module.state_dict().items()}, **tensors}
    tensors = {k: v.detach().contiguous().clone() for k, v in tensors.items()}
    save_file(tensors, os.path.join(HERE, name + ".safetensors"))


def streams_and_masks():
    streams = [random(2, n, DIM).requires_grad_() for n in LENGTHS]
    masks = [torch.arange(n)[None] < torch.tensor(real)[:, None] for n, real in zip(LENGTHS, REAL)]
    inputs = {f"in.stream.{i}": s for i, s in enumerate(streams)}
    inputs.update({f"in.mask.{i}": m.to(torch.uint8) for i, m in enumerate(masks)})
    return streams, masks, inputs


def with_gradients(case, out, streams, tensors):
    seed = random(*out.shape)
    grads = torch.autograd.grad((out * seed).sum(), streams)
    tensors[f"out.{case}"], tensors[f"grad.{case}.seed"] = out, seed
    tensors.update({f"grad.{case}.{i}": g for i, g in enumerate(grads)})


def gated_cross_attention():
    """Two contexts into one query, in turn."""
    blocks = torch.nn.ModuleList(shaken(Gated()) for _ in range(2))
    streams, masks, tensors = streams_and_masks()
    for gate in ("sigmoid", "tanh"):
        x = streams[0]
        for block, context, mask in zip(blocks, streams[1:], masks[1:]):
            x = block(x, context, mask, gate)
        with_gradients(gate, x, streams, tensors)
    write("gated_cross_attention", blocks, tensors)


def pairwise():
    """Three streams, two joint blocks, both modes."""
    others = [[j for j in range(3) if j != i] for i in range(3)]
    pairs = torch.nn.ModuleDict({f"{i}_{j}": shaken(Gated()) for i in range(3) for j in others[i]})
    joint = torch.nn.ModuleList(shaken(torch.nn.TransformerEncoderLayer(DIM, HEADS, INNER, 0.0, F.gelu, norm_first=True,
                                                                        batch_first=True)) for _ in range(2))
    modality, fused = random(3, DIM), random(3, DIM)
    streams, masks, tensors = streams_and_masks()
    for mode in ("cascaded", "parallel"):
        results = []
        for i in range(3):
            if mode == "cascaded":
                x = streams[i]
                for j in others[i]:
                    x = pairs[f"{i}_{j}"](x, streams[j], masks[j], "sigmoid")
            else:
                x = sum(pairs[f"{i}_{j}"](streams[i], streams[j], masks[j], "sigmoid") for j in others[i]) / 2
            results.append(x + fused[i])
        x = torch.cat([s + m for s, m in zip(streams, modality)] + results, 1)
        padding = ~torch.cat(masks + masks, 1)
        for layer in joint:
            x = layer(x, src_key_padding_mask=padding)
        with_gradients(mode, x[:, sum(LENGTHS):], streams, tensors)
    tensors.update({"w.modality": modality, "w.fused": fused})
    write("pairwise", torch.nn.ModuleDict({"pair": pairs, "joint": joint}), tensors)


gated_cross_attention()
pairwise()
