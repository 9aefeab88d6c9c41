# SPDX-License-Identifier: Apache-2.0
"""Reference values for parts whose equations are short, written out in NumPy, float64.

    python3 tests/reference/shipped_parts.py          (numpy 2.4, safetensors)

Writes one file a part beside it: `w.<parameter>` by the part's own names, `in.<port>[.<wire>]`, `out.<port>`.
"""

import math
import os

import numpy as np
from safetensors.numpy import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(7)
erf = np.vectorize(math.erf)


class Weights(dict):
    """Draws a parameter when it is first asked for."""

    def get_or_draw(self, name, *shape):
        if name not in self:
            self[name] = rng.normal(size=shape) * 0.5
        return self[name]


def linear(w, name, x, out, bias=True):
    y = x @ w.get_or_draw(name + ".weight", out, x.shape[-1]).T
    return y + w.get_or_draw(name + ".bias", out) if bias else y


def layer_norm(w, name, x):
    mean, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    d = x.shape[-1]
    return (x - mean) / np.sqrt(var + 1e-5) * w.get_or_draw(name + ".weight", d) + w.get_or_draw(name + ".bias", d)


def gelu(x):
    return x * 0.5 * (1 + erf(x / math.sqrt(2)))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def attention(w, name, query, context, mask, heads):
    d = query.shape[-1]
    q, k, v = (linear(w, f"{name}.{part}", x, d) for part, x in [("query", query), ("key", context), ("value", context)])
    width, out = d // heads, []
    for h in range(heads):
        own = slice(h * width, (h + 1) * width)
        scores = np.einsum("bnd,bmd->bnm", q[..., own], k[..., own]) / math.sqrt(width)
        out.append(softmax(np.where(mask[:, None, :], scores, -1e30)) @ v[..., own])
    return linear(w, name + ".out", np.concatenate(out, -1), d)


def feed_forward(w, name, x, inner):
    return linear(w, name + ".out", gelu(linear(w, name + ".in", x, inner)), x.shape[-1])


def masked_mean(x, mask):
    weight = mask[..., None].astype(float)
    return (x * weight).sum(1) / np.maximum(weight.sum(1), 1.0)


def mask_of(lengths, size):
    return np.arange(size)[None, :] < np.array(lengths)[:, None]


def save(name, w, inputs, outputs):
    tensors = {f"w.{key}": value for key, value in w.items()}
    tensors |= {f"in.{key}": value for key, value in inputs.items()}
    tensors |= {f"out.{key}": value for key, value in outputs.items()}
    save_file({key: np.ascontiguousarray(value, dtype=np.float64 if value.dtype.kind in "fb" else np.int64)
               for key, value in tensors.items()}, os.path.join(HERE, name + ".safetensors"))


def two_streams(d):
    streams = [rng.normal(size=(2, 3, d)), rng.normal(size=(2, 4, d)), rng.normal(size=(2, 2, d))]
    masks = [mask_of([3, 2], 3), mask_of([1, 4], 4), mask_of([2, 2], 2)]
    inputs = {f"streams.{i}": s for i, s in enumerate(streams)} | {f"masks.{i}": m for i, m in enumerate(masks)}
    return streams, masks, inputs


# ---- encoders -----------------------------------------------------------------------------------------------------


def conv(w, name, x, out, size, stride, padding):
    kernel = w.get_or_draw(name + ".weight", out, x.shape[1], size, size)
    x = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
    rows, columns = (x.shape[2] - size) // stride + 1, (x.shape[3] - size) // stride + 1
    y = np.zeros((x.shape[0], out, rows, columns))
    for r in range(rows):
        for c in range(columns):
            window = x[:, :, r * stride:r * stride + size, c * stride:c * stride + size]
            y[:, :, r, c] = np.einsum("bchw,kchw->bk", window, kernel)
    return y


def group_norm(w, name, x, groups):
    b, c = x.shape[:2]
    g = x.reshape(b, groups, -1)
    g = (g - g.mean(-1, keepdims=True)) / np.sqrt(g.var(-1, keepdims=True) + 1e-5)
    return (g.reshape(x.shape) * w.get_or_draw(name + ".weight", c)[None, :, None, None]
            + w.get_or_draw(name + ".bias", c)[None, :, None, None])


def relu(x):
    return np.maximum(x, 0)


def resnet(image, stages, blocks, groups, dim):
    w = Weights()
    x = relu(group_norm(w, "stem_norm", conv(w, "stem", image, stages[0], 3, 1, 1), groups))
    for s, channels in enumerate(stages):
        for b in range(blocks):
            name, stride = f"stage_{s}.block_{b}", 2 if s > 0 and b == 0 else 1
            y = relu(group_norm(w, name + ".norm_1", conv(w, name + ".conv_1", x, channels, 3, stride, 1), groups))
            y = group_norm(w, name + ".norm_2", conv(w, name + ".conv_2", y, channels, 3, 1, 1), groups)
            if stride != 1 or channels != x.shape[1]:
                x = group_norm(w, name + ".norm_skip", conv(w, name + ".conv_skip", x, channels, 1, stride, 0), groups)
            x = relu(x + y)
    tokens = linear(w, "out", x.reshape(x.shape[0], x.shape[1], -1).transpose(0, 2, 1), dim)
    save("resnet", w, {"image": image}, {"tokens": tokens, "pooled": tokens.mean(1)})


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def one_way(w, name, steps, hidden):
    """The states of one sequence [T, in]."""
    w_in = w.get_or_draw(name + ".weight_in", 4 * hidden, steps.shape[-1])
    w_hidden = w.get_or_draw(name + ".weight_hidden", 4 * hidden, hidden)
    bias = w.get_or_draw(name + ".bias_in", 4 * hidden) + w.get_or_draw(name + ".bias_hidden", 4 * hidden)
    h, c, states = np.zeros(hidden), np.zeros(hidden), []
    for x in steps:
        i, f, g, o = np.split(w_in @ x + w_hidden @ h + bias, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        states.append(h)
    return np.array(states)


def lstm(features, mask, dim, layers):
    w, tokens = Weights(), np.zeros((*features.shape[:2], dim))
    for b in range(features.shape[0]):
        x = features[b][mask[b]]
        for layer in range(layers):
            ahead = one_way(w, f"lstm.layer_{layer}.ahead", x, dim // 2)
            back = one_way(w, f"lstm.layer_{layer}.back", x[::-1], dim // 2)[::-1]
            x = np.concatenate([ahead, back], -1)
        tokens[b][mask[b]] = x
    save("lstm", w, {"features": features, "mask": mask}, {"tokens": tokens, "pooled": masked_mean(tokens, mask)})


def mlp(x, hidden, dim):
    w, h = Weights(), x
    for i, width in enumerate(hidden):
        h = gelu(linear(w, f"hidden_{i}", h, width))
    save("mlp", w, {"features": x}, {"pooled": linear(w, "out", h, dim)})


def set_encoder(points, mask, dim, depth):
    w = Weights()
    x = linear(w, "in", points, dim)
    for i in range(depth):
        u = layer_norm(w, f"layer_{i}.norm", x)
        others = linear(w, f"layer_{i}.others", masked_mean(u, mask), dim, bias=False)
        x = x + relu(linear(w, f"layer_{i}.own", u, dim) + others[:, None])
    x = layer_norm(w, "norm", x)
    top = np.stack([x[b][mask[b]].max(0) for b in range(len(x))])
    save("set", w, {"points": points, "mask": mask}, {"max": top, "mean": masked_mean(x, mask)})


# ---- fusion -------------------------------------------------------------------------------------------------------


def fusion_sum(d):
    w, (streams, masks, inputs) = Weights(), two_streams(d)
    total = sum(linear(w, f"project_{i}", masked_mean(s, m), d) for i, (s, m) in enumerate(zip(streams, masks)))
    save("sum", w, inputs, {"tokens": total[:, None]})


def film(d):
    w, (streams, masks, inputs) = Weights(), two_streams(d)
    others = np.concatenate([masked_mean(s, m) for s, m in zip(streams[1:], masks[1:])], -1)
    gamma, beta = np.split(linear(w, "modulate", others, 2 * d), 2, -1)
    save("film", w, inputs, {"tokens": (1 + gamma[:, None]) * layer_norm(w, "norm", streams[0]) + beta[:, None]})


def low_rank(d, rank):
    """The whole outer product, contracted with the tensor that the factors stand for."""
    w, (streams, masks, inputs) = Weights(), two_streams(d)
    z = [np.concatenate([masked_mean(s, m), np.ones((2, 1))], -1) for s, m in zip(streams, masks)]
    outer = np.einsum("ba,bc,bd->bacd", *z)
    tensor = 0
    weight = w.get_or_draw("weight", 1, rank)
    for r in range(rank):
        f = [w.get_or_draw(f"factor_{m}_{r}", d, d + 1) for m in range(3)]
        tensor = tensor + weight[0, r] * np.einsum("ia,ic,id->iacd", *f)
    save("low_rank", w, inputs, {"tokens": (np.einsum("bacd,iacd->bi", outer, tensor) + w.get_or_draw("bias", d))[:, None]})


def block(w, name, x, mask, heads, inner):
    u = layer_norm(w, name + ".norm_1", x)
    x = x + attention(w, name + ".attention", u, u, mask, heads)
    return x + feed_forward(w, name + ".feed_forward", layer_norm(w, name + ".norm_2", x), inner)


def bottleneck(d, shared, depth, heads, inner):
    w, (streams, masks, inputs) = Weights(), two_streams(d)
    z = np.broadcast_to(w.get_or_draw("shared", shared, d), (2, shared, d))
    seen = np.ones((2, shared), bool)
    for layer in range(depth):
        both = [block(w, f"layer_{layer}_{i}", np.concatenate([s, z], 1), np.concatenate([m, seen], 1), heads, inner)
                for i, (s, m) in enumerate(zip(streams, masks))]
        streams = [b[:, :-shared] for b in both]
        z = np.mean([b[:, -shared:] for b in both], 0)
    save("bottleneck", w, inputs, {"tokens": layer_norm(w, "norm", np.concatenate(streams, 1)),
                                   "mask": np.concatenate(masks, 1)})


def perceiver(d, latents, depth, heads, inner):
    w, (streams, masks, inputs) = Weights(), two_streams(d)
    x = np.concatenate([s + w.get_or_draw(f"modality_{i}", d) for i, s in enumerate(streams)], 1)
    mask = np.concatenate([*masks, np.ones((2, latents), bool)], 1)
    z = np.broadcast_to(w.get_or_draw("latents", latents, d), (2, latents, d))
    for i in range(depth):
        name = f"layer_{i}"
        u = layer_norm(w, name + ".norm_latents", z)
        context = np.concatenate([layer_norm(w, name + ".norm_tokens", x), u], 1)
        z = z + attention(w, name + ".attention", u, context, mask, heads)
        z = z + feed_forward(w, name + ".feed_forward", layer_norm(w, name + ".norm", z), inner)
    save("perceiver", w, inputs, {"tokens": layer_norm(w, "norm", z)})


resnet(rng.normal(size=(2, 2, 5, 4)), [4, 4, 6], 2, 2, 3)
lstm(rng.normal(size=(2, 5, 3)), np.array([[1, 1, 1, 1, 0], [0, 1, 1, 0, 1]], bool), 4, 2)
mlp(rng.normal(size=(3, 5)), [6, 4], 3)
set_encoder(rng.normal(size=(2, 4, 3)), mask_of([4, 2], 4), 5, 2)
fusion_sum(4)
film(4)
low_rank(3, 2)
bottleneck(4, 2, 3, 2, 6)
perceiver(4, 3, 2, 2, 6)
