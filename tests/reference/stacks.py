# SPDX-License-Identifier: Apache-2.0
"""Reference values for reasoning.decoder_stack and the decoders, in float64, from torch's own Transformer modules.

    python3 tests/reference/stacks.py          (torch 2.11, safetensors)

Writes decoder_stack, classifier and autoregressive.safetensors beside it. `w.*` are torch's weights, except that
what torch has no module for (embeddings, queries, vectors of a pass) bears the part's name; `grad.*` are gradients of
sum(out * grad.seed).
"""

import os

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
DIM, HEADS, INNER = 16, 4, 24
G = torch.Generator().manual_seed(0)


def random(*sizes):
    return torch.randn(*sizes, generator=G, dtype=torch.float64)


def shaken(module):
    """Random values everywhere, so that a missing bias or a swapped norm shows."""
    module.double().eval()
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(random(*p.shape) * (0.3 if p.dim() > 1 else 0.2) + (1.0 if p.dim() == 1 else 0.0))
    return module


def write(name, modules, tensors):
    tensors = {**{f"w.{prefix}{k}": v for prefix, m in modules.items() for k, v in m.state_dict().items()}, **tensors}
    tensors = {k: v.detach().contiguous().clone() for k, v in tensors.items()}
    save_file(tensors, os.path.join(HERE, name + ".safetensors"))


def lengths_to_mask(lengths, size):
    return torch.arange(size)[None] < torch.tensor(lengths)[:, None]


def decoder_stack():
    """Two blocks, causal, three passes, two workspace tokens, one padded sample."""
    layers = torch.nn.ModuleList(shaken(torch.nn.TransformerEncoderLayer(DIM, HEADS, INNER, 0.0, F.gelu, norm_first=True,
                                                                         batch_first=True)) for _ in range(2))
    norm = shaken(torch.nn.LayerNorm(DIM))
    passes, latents = random(3, DIM), random(2, DIM)
    tokens, mask = random(2, 5, DIM).requires_grad_(), lengths_to_mask([5, 3], 5)
    x = torch.cat([latents.expand(2, -1, -1), tokens], 1)
    padding = torch.cat([torch.zeros(2, 2, dtype=torch.bool), ~mask], 1)
    later = torch.triu(torch.ones(7, 7, dtype=torch.bool), 1)
    for p in range(3):
        x = x + passes[p]
        for layer in layers:
            x = layer(x, src_mask=later, src_key_padding_mask=padding)
    state = norm(x)
    real = (~padding)[..., None].double()
    pooled = (state * real).sum(1) / real.sum(1)
    seed = random(*pooled.shape)
    (pooled * seed).sum().backward()
    write("decoder_stack", {"layers.": layers, "norm.": norm},
          {"w.pass": passes, "w.latents": latents, "in.tokens": tokens, "in.mask": mask.to(torch.uint8),
           "out.state": state, "out.pooled": pooled, "grad.seed": seed, "grad.tokens": tokens.grad})


def classifier():
    """Attention pooling with one learned query and a hidden layer."""
    hidden, out, query = shaken(torch.nn.Linear(DIM, 8)), shaken(torch.nn.Linear(8, 5)), random(DIM)
    state, mask = random(3, 6, DIM).requires_grad_(), lengths_to_mask([6, 4, 1], 6)
    score = (state @ query / DIM**0.5).masked_fill(~mask, -float("inf"))
    logits = out(F.gelu(hidden((score.softmax(1)[..., None] * state).sum(1))))
    seed = random(*logits.shape)
    (logits * seed).sum().backward()
    write("classifier", {"hidden.": hidden, "out.": out},
          {"w.query": query, "in.state": state, "in.mask": mask.to(torch.uint8), "out.logits": logits,
           "grad.seed": seed, "grad.state": state.grad})


def autoregressive():
    """Two decoder blocks; the embedding serves as the output layer."""
    layer = torch.nn.TransformerDecoderLayer(DIM, HEADS, INNER, 0.0, F.gelu, norm_first=True, batch_first=True)
    decoder = shaken(torch.nn.TransformerDecoder(layer, 2, torch.nn.LayerNorm(DIM)))
    embedding, position = random(11, DIM), random(6, DIM)
    state, mask = random(2, 7, DIM).requires_grad_(), lengths_to_mask([7, 2], 7)
    target = torch.randint(0, 11, (2, 5), generator=G)
    later = torch.triu(torch.ones(5, 5, dtype=torch.bool), 1)
    x = decoder(embedding[target] + position[:5], state, tgt_mask=later, memory_key_padding_mask=~mask)
    logits = x @ embedding.T
    seed = random(*logits.shape)
    (logits * seed).sum().backward()
    write("autoregressive", {"": decoder},
          {"w.embedding": embedding, "w.position": position, "in.state": state, "in.mask": mask.to(torch.uint8),
           "in.target": target, "out.logits": logits, "grad.seed": seed, "grad.state": state.grad})


decoder_stack()
classifier()
autoregressive()
