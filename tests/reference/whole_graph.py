# SPDX-License-Identifier: Apache-2.0
"""A small digits_qa model and the gradients of its losses, in float64, from torch's own modules and autograd.

    python3 tests/reference/whole_graph.py          (torch 2.11, safetensors)

Writes whole_graph.safetensors beside it. There are no masks here: every sample runs alone, cut to its real length, and
only the losses see the batch. What Weft computes for a padded batch must come out the same.

`in.FIELD` is the padded batch; its padding holds noise, which must not matter. For each fusion, `FUSION.w.PATH` are
the weights under Weft's names, `FUSION.out.NODE.PORT` outputs with zeros at padding, `FUSION.loss.NAME` means over the
batch, `FUSION.loss.total` their weighted sum, and `FUSION.g.PATH` its gradients. Computed in float64 from
weights and inputs that are float32; the results are rounded to float32.
"""

import os

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch.func import functional_call

HERE = os.path.dirname(os.path.abspath(__file__))
DIM, HEADS, INNER, FUSION_INNER, DEPTH, VOCAB, PROJECT = 16, 4, 24, 256, 2, 24, 8
HEIGHT, WIDTH, PATCH, MELS, CHANNELS, KERNEL, TEMPERATURE = 8, 12, 4, 10, 32, 7, 0.07
TEXT, FRAMES, ANSWER = [8, 5, 3, 6, 1], [22, 13, 8, 19, 5], [5, 3, 4, 2, 5]  # real lengths of the five samples
WRITTEN, SPOKEN = [7, 3, 7, 0, 3], [2, 2, 5, 2, 9]
G = torch.Generator().manual_seed(0)


def single(x):
    """Float64 values that float32 can hold, so that Weft starts from the same numbers."""
    return x.float().double()


class Weights(dict):
    """Parameters by Weft's path, drawn when they are first asked for."""

    def __call__(self, path, *sizes):
        if path not in self:
            drawn = torch.randn(*sizes, generator=G, dtype=torch.float64)
            if len(sizes) > 1:
                drawn = drawn / (drawn[0].numel() ** 0.5)
                if path.endswith(("query.weight", "key.weight")):
                    drawn = 2 * drawn  # attention that tells tokens apart, so that gradients reach it
            else:
                drawn = 0.2 * drawn + (1.0 if "norm" in path and path.endswith("weight") else 0.0)
            self[path] = single(drawn).requires_grad_()
        return self[path]

    def layer(self, path, out, into):
        return {"weight": self(path + ".weight", out, into), "bias": self(path + ".bias", out)}

    def norm(self, path):
        return {"weight": self(path + ".weight", DIM), "bias": self(path + ".bias", DIM)}

    def attention(self, path):
        """As torch.nn.MultiheadAttention wants them."""
        parts = [self.layer(f"{path}.{name}", DIM, DIM) for name in ("query", "key", "value")]
        out = self.layer(path + ".out", DIM, DIM)
        return {"in_proj_weight": torch.cat([p["weight"] for p in parts]),
                "in_proj_bias": torch.cat([p["bias"] for p in parts]),
                "out_proj.weight": out["weight"], "out_proj.bias": out["bias"]}

    def block(self, path, inner, names):
        """As torch's Transformer layers want them; `names` are torch's for each of ours."""
        given = {}
        for ours, theirs in names.items():
            if "attention" in ours:
                values = self.attention(f"{path}.{ours}")
            elif ours == "feed_forward":
                values = {f"1.{k}": v for k, v in self.layer(f"{path}.{ours}.in", inner, DIM).items()}
                values |= {f"2.{k}": v for k, v in self.layer(f"{path}.{ours}.out", DIM, inner).items()}
            else:
                values = self.norm(f"{path}.{ours}")
            given |= {f"{theirs}{'' if ours == 'feed_forward' else '.'}{k}": v for k, v in values.items()}
        return given


def linear(w, path, x, out):
    return F.linear(x, **w.layer(path, out, x.shape[-1]))


def norm(w, path, x, eps=1e-5):
    return F.layer_norm(x, (DIM,), **w.norm(path), eps=eps)


def transformer_block(w, path, x, inner=INNER, eps=1e-5):
    layer = torch.nn.TransformerEncoderLayer(DIM, HEADS, inner, 0.0, F.gelu, eps, norm_first=True).double()
    names = {"norm_1": "norm1", "attention": "self_attn", "norm_2": "norm2", "feed_forward": "linear"}
    return functional_call(layer, w.block(path, inner, names), (x,), strict=True)


def decoder_block(w, path, x, state):
    layer = torch.nn.TransformerDecoderLayer(DIM, HEADS, INNER, 0.0, F.gelu, norm_first=True).double()
    names = {"norm_1": "norm1", "self_attention": "self_attn", "norm_2": "norm2", "cross_attention": "multihead_attn",
             "norm_3": "norm3", "feed_forward": "linear"}
    later = torch.triu(torch.ones(len(x), len(x), dtype=torch.bool), 1)
    return functional_call(layer, w.block(path, INNER, names), (x, state), {"tgt_mask": later}, strict=True)


# Each part takes and gives one sample: tokens [N, D] without a batch axis.


def text_encoder(w, ids):
    places = torch.arange(1, len(ids) + 1)  # row 0 is for padding
    x = F.embedding(ids, w("text.embedding.weight", VOCAB, DIM)) + w("text.position.weight", 8 + 1, DIM)[places]
    for i in range(DEPTH):
        x = transformer_block(w, f"text.block_{i}", x)
    return norm(w, "text.norm", x)


def vision_encoder(w, image):
    kernel = w("vision.project.weight", DIM, PATCH * PATCH).reshape(DIM, 1, PATCH, PATCH)
    x = F.conv2d(image[None], kernel, w("vision.project.bias", DIM), stride=PATCH)[0].flatten(1).T
    x = x + w("vision.position", (HEIGHT // PATCH) * (WIDTH // PATCH), DIM)
    for i in range(DEPTH):
        x = transformer_block(w, f"vision.block_{i}", x, eps=1e-6)
    return norm(w, "vision.norm", x, eps=1e-6)


def conformer_block(w, path, x):
    def feed_forward(name, x):
        return linear(w, f"{path}.{name}.out", F.silu(linear(w, f"{path}.{name}.in", x, INNER)), DIM)

    x = x + feed_forward("feed_forward_1", norm(w, path + ".norm_1", x)) / 2
    attention = torch.nn.MultiheadAttention(DIM, HEADS).double()
    normed = norm(w, path + ".norm_2", x)
    x = x + functional_call(attention, w.attention(path + ".attention"), (normed, normed, normed), strict=True)[0]

    path_c = path + ".convolution"
    gated = F.glu(linear(w, path_c + ".in", norm(w, path_c + ".norm", x), 2 * DIM), -1)
    mixed = F.conv1d(gated.T, w(path_c + ".depthwise.weight", DIM, 1, KERNEL), w(path_c + ".depthwise.bias", DIM),
                     padding="same", groups=DIM).T
    x = x + linear(w, path_c + ".out", F.silu(norm(w, path_c + ".frame_norm", mixed)), DIM)
    return norm(w, path + ".norm_4", x + feed_forward("feed_forward_2", norm(w, path + ".norm_3", x)) / 2)


def audio_encoder(w, features):
    x, channels = features[None], 1  # [C, T, F]
    for i in range(2):
        x = F.relu(F.conv2d(x, w(f"audio.subsample_{i}.weight", CHANNELS, channels, 3, 3),
                            w(f"audio.subsample_{i}.bias", CHANNELS), stride=2, padding=1))
        channels = CHANNELS
    x = linear(w, "audio.project", x.transpose(0, 1).flatten(1), DIM)
    angle = torch.arange(len(x)).double()[:, None] / 10000 ** (torch.arange(DIM // 2).double() * 2 / DIM)
    x = x + torch.cat([angle.sin(), angle.cos()], 1)
    for i in range(DEPTH):
        x = conformer_block(w, f"audio.block_{i}", x)
    return x


def gated(w, path, query, context):
    """docs/model.md's gated cross-attention. The identity as output projection leaves the heads side by side."""
    given = w.attention(path + ".attention")
    attended, _ = F.multi_head_attention_forward(
        query[:, None], context[:, None], context[:, None], DIM, HEADS, given["in_proj_weight"],
        given["in_proj_bias"], None, None, False, 0.0, torch.eye(DIM, dtype=torch.float64), None, need_weights=False)
    attended = attended[:, 0]
    g = torch.sigmoid(linear(w, path + ".gate", torch.cat([query, attended], -1), DIM))
    return torch.lerp(query, F.linear(attended, given["out_proj.weight"], given["out_proj.bias"]), g)


def pairwise(w, streams):
    fused = []
    for i, x in enumerate(streams):
        for j, other in enumerate(streams):
            if j != i:
                x = gated(w, f"fusion.pair_{i}_{j}", x, other)
        fused.append(x + w(f"fusion.fused_{i}", DIM))
    marked = [x + w(f"fusion.modality_{i}", DIM) for i, x in enumerate(streams)]
    both = transformer_block(w, "fusion.joint_0", torch.cat(marked + fused), FUSION_INNER)
    return both[len(both) // 2:].split([len(x) for x in streams])


def gated_cross_attention(w, streams):
    x = streams[0]
    for i, context in enumerate(streams[1:], 1):
        x = gated(w, f"fusion.context_{i}", x, context)
    return [x]


def answer_decoder(w, state, target):
    x = F.embedding(target, w("answer.embedding.weight", VOCAB, DIM)) + w("answer.position", 5, DIM)[:len(target)]
    x = norm(w, "answer.norm", decoder_block(w, "answer.block_0", x, state))
    return linear(w, "answer.out", x, VOCAB)


def contrastive(w, path, left, right, group):
    u = F.normalize(left @ w(path + ".left.weight", PROJECT, DIM).T, dim=1)
    v = F.normalize(right @ w(path + ".right.weight", PROJECT, DIM).T, dim=1)
    s = u @ v.T / TEMPERATURE
    same = (group[:, None] == group[None]).double()
    same = same / same.sum(1, keepdim=True)
    return (F.cross_entropy(s, same) + F.cross_entropy(s.T, same)) / 2


def padded(rows, size):
    """Samples [N_b, …] as one batch [B, size, …] with zeros behind each."""
    return torch.stack([F.pad(x.detach(), (0, 0) * (x.dim() - 1) + (0, size - len(x))) for x in rows])


def model(fusion, batch, minimise):
    """All outputs, losses and gradients of one batch."""
    w, kept, out = Weights(), {}, {}
    encoded = {"text": [], "vision": [], "audio": []}
    parts = {"fusion.tokens": [], "reasoning.state": []}
    logits, wanted = [], []
    for b in range(len(TEXT)):
        streams = [text_encoder(w, batch["text"][b, :TEXT[b]]), vision_encoder(w, batch["picture"][b]),
                   audio_encoder(w, batch["voice"][b, :FRAMES[b]])]
        for name, x in zip(encoded, streams):
            encoded[name].append(x)
        fused = fusion(w, streams)
        x = torch.cat(list(fused))
        for i in range(DEPTH):
            x = transformer_block(w, f"reasoning.block_{i}", x)
        x = norm(w, "reasoning.norm", x)
        parts["fusion.tokens"].append(fused)
        parts["reasoning.state"].append(x.split([len(f) for f in fused]))
        target = batch["answer"][b, :ANSWER[b]]
        logits.append(answer_decoder(w, x, target))
        wanted.append(target[1:])

    pooled = {name: torch.stack([x.mean(0) for x in rows]) for name, rows in encoded.items()}
    losses = {
        "itc": contrastive(w, "itc", pooled["vision"], pooled["text"], batch["written"]),
        "atc": contrastive(w, "atc", pooled["audio"], pooled["text"], batch["spoken"]),
        "ce": F.cross_entropy(torch.cat([x[:-1] for x in logits]), torch.cat(wanted)),
    }
    losses["total"] = sum(weight * losses[name] for name, weight in minimise.items())
    gradients = torch.autograd.grad(losses["total"], list(w.values()))

    longest = {name: max(len(x) for x in rows) for name, rows in encoded.items()}
    for name, rows in encoded.items():
        out[f"{name}.tokens"], out[f"{name}.pooled"] = padded(rows, longest[name]), pooled[name]
    for name, samples in parts.items():  # the streams lie behind one another, each with its own padding
        sizes = list(longest.values())[:len(samples[0])]
        out[name] = torch.cat([padded([s[i] for s in samples], size) for i, size in enumerate(sizes)], 1)
    out["answer.logits"] = padded(logits, max(ANSWER))
    kept |= {f"w.{k}": v for k, v in w.items()} | {f"out.{k}": v for k, v in out.items()}
    kept |= {f"loss.{k}": v.reshape(1) for k, v in losses.items()}
    return kept | {f"g.{k}": g for k, g in zip(w, gradients)}


def inputs():
    def mask(lengths):
        return torch.arange(max(lengths))[None] < torch.tensor(lengths)[:, None]

    def ids(lengths):
        return torch.randint(4, VOCAB, (len(lengths), max(lengths)), generator=G)

    count = len(TEXT)
    batch = {"picture": single(torch.randn(count, 1, HEIGHT, WIDTH, generator=G, dtype=torch.float64)),
             "voice": single(torch.randn(count, max(FRAMES), MELS, generator=G, dtype=torch.float64)),
             "text": ids(TEXT), "answer": ids(ANSWER), "written": torch.tensor(WRITTEN),
             "spoken": torch.tensor(SPOKEN)}
    batch["answer"][:, 0] = 2  # begin
    return batch | {"voice_mask": mask(FRAMES), "text_mask": mask(TEXT), "answer_mask": mask(ANSWER)}


def main():
    batch = inputs()
    tensors = {f"in.{k}": v for k, v in batch.items()}
    for fusion, minimise in ((pairwise, {"itc": 1.0, "atc": 1.0, "ce": 1.0}),  # as the stages of the recipe do
                             (gated_cross_attention, {"itc": 0.5, "atc": 0.25, "ce": 2.0})):
        tensors |= {f"{fusion.__name__}.{k}": v for k, v in model(fusion, batch, minimise).items()}
    single_precision = {k: v.detach().to(torch.float32 if v.is_floating_point() else v.dtype).contiguous().clone()
                        for k, v in tensors.items()}
    save_file(single_precision, os.path.join(HERE, "whole_graph.safetensors"))


main()
