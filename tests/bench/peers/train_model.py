# SPDX-License-Identifier: Apache-2.0
"""train.py's model in plain PyTorch, trained without end: each step writes a line to PROGRESS.

    python3 tests/bench/peers/train_model.py PROGRESS SETTINGS

SETTINGS is a JSON object: dim, vision, text and reasoning (layers), batch, threads, compile, fused,
bf16. The batch is in memory before the first step, and always the same.
"""

import json
import sys

import torch
from torch import nn
from torch.nn import functional

CLASSES, VOCABULARY, LENGTH, SIDE, PATCH, DROPOUT = 13, 64, 12, 48, 8, 0.1


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(dim, dim) for _ in range(4))

    def split(self, x):
        return x.view(x.size(0), x.size(1), self.heads, -1).transpose(1, 2)

    def forward(self, x, mask):
        q, k, v = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        wide = None if mask is None else mask[:, None, None, :]
        mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=wide)
        return self.out(mixed.transpose(1, 2).reshape(x.shape))


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.norm_1, self.norm_2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention = Attention(dim, heads)
        self.inner, self.outer = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x, mask):
        x = x + self.dropout(self.attention(self.norm_1(x), mask))
        hidden = self.dropout(functional.gelu(self.inner(self.norm_2(x))))
        return x + self.dropout(self.outer(hidden))


class Model(nn.Module):
    """encoder.vit, encoder.text_transformer, fusion.concat, reasoning.decoder_stack and
    decoder.classifier with the settings that train.py gives them."""

    def __init__(self, dim, vision, text, reasoning):
        super().__init__()
        heads, patches = dim // 64, (SIDE // PATCH) ** 2

        def stack(layers):
            return nn.ModuleList(Block(dim, heads) for _ in range(layers))

        self.vision, self.text, self.reasoning = stack(vision), stack(text), stack(reasoning)
        self.project = nn.Linear(3 * PATCH * PATCH, dim)
        self.place = nn.Parameter(torch.randn(patches, dim) * 0.02)
        self.embedding, self.position = nn.Embedding(VOCABULARY, dim), nn.Embedding(LENGTH + 1, dim)
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(3))
        self.modality = nn.ParameterList(torch.randn(dim) * 0.02 for _ in range(2))
        self.out = nn.Linear(dim, CLASSES)
        self.dropout = nn.Dropout(DROPOUT)

    def encoded_picture(self, picture):
        n = SIDE // PATCH
        cut = picture.view(-1, 3, n, PATCH, n, PATCH).permute(0, 2, 4, 1, 3, 5)
        x = self.dropout(self.project(cut.reshape(-1, n * n, 3 * PATCH * PATCH)) + self.place)
        for block in self.vision:
            x = block(x, None)
        return self.norms[0](x)

    def encoded_text(self, tokens, mask):
        real = mask.long()
        x = self.dropout(self.embedding(tokens) + self.position(real.cumsum(1) * real))
        for block in self.text:
            x = block(x, mask)
        return self.norms[1](x)

    def forward(self, picture, tokens):
        mask = tokens != 0
        seen, read = self.encoded_picture(picture), self.encoded_text(tokens, mask)
        x = torch.cat([seen + self.modality[0], read + self.modality[1]], 1)
        both = torch.cat([torch.ones(seen.shape[:2], dtype=torch.bool), mask], 1)
        for block in self.reasoning:
            x = block(x, both)
        weight = both.to(x.dtype).unsqueeze(-1)
        return self.out((self.norms[2](x) * weight).sum(1) / weight.sum(1))


def optimizer_of(model, fused):
    """Weft decays no bias, norm, embedding or position."""
    decays = [p for name, p in model.named_parameters() if p.dim() == 2 and "embedding" not in name
              and "position" not in name and name != "place"]
    chosen = {id(p) for p in decays}
    rest = [p for p in model.parameters() if id(p) not in chosen]
    groups = [{"params": decays, "weight_decay": 0.01}, {"params": rest, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=3e-4, fused=fused or None)


def main(progress, settings):
    torch.set_num_threads(settings["threads"])
    torch.manual_seed(17)
    model = Model(*(settings[name] for name in ("dim", "vision", "text", "reasoning")))
    count = sum(p.numel() for p in model.parameters())
    optimizer = optimizer_of(model, settings["fused"])
    call = torch.compile(model) if settings["compile"] else model
    batch = settings["batch"]
    picture = torch.randn(batch, 3, SIDE, SIDE)
    tokens = torch.randint(1, VOCABULARY, (batch, LENGTH))
    tokens[torch.arange(LENGTH) >= torch.randint(5, LENGTH + 1, (batch, 1))] = 0
    target = torch.randint(0, CLASSES, (batch,))
    with open(progress, "w") as file:
        while True:
            with torch.autocast("cpu", torch.bfloat16, enabled=settings["bf16"]):
                logits = call(picture, tokens)
            loss = functional.cross_entropy(logits.float(), target)
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            step = {"event": "step", "count": count, "loss": loss.item(), "norm": norm.item()}
            print(json.dumps(step), file=file, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
