# SPDX-License-Identifier: Apache-2.0
"""Reference values for the losses, in float64, from torch.nn.functional and autograd.

    python3 tests/reference/losses.py          (torch 2.11, safetensors)

Writes losses.safetensors beside it. All values are sums, as the parts give them; `grad.*` are their gradients.
losses_torch.safetensors, which is not made here, has further values of the same functions in float32.
"""

import os

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
G = torch.Generator().manual_seed(0)
tensors = {}


def random(*sizes):
    return torch.randn(*sizes, generator=G, dtype=torch.float64)


def record(name, value, **inputs):
    tensors["out." + name] = value.reshape(1)
    for key, gradient in zip(inputs, torch.autograd.grad(value, list(inputs.values()))):
        tensors[f"grad.{name}.{key}"] = gradient


def tokens():
    """Next-token prediction with smoothing, a padded sample and an ignored target."""
    logits, target = random(3, 5, 7).requires_grad_(), torch.randint(0, 7, (3, 5), generator=G)
    mask = torch.arange(5)[None] < torch.tensor([5, 3, 1])[:, None]
    target[0, 2] = 4  # the test ignores token 4
    wanted = target.masked_fill(~mask | (target == 4), -100)
    tensors.update({"in.tokens.logits": logits, "in.tokens.target": target, "in.tokens.mask": mask.to(torch.uint8)})
    value = F.cross_entropy(logits[:, :-1].reshape(-1, 7), wanted[:, 1:].reshape(-1), label_smoothing=0.2,
                            ignore_index=-100, reduction="sum")
    tensors["out.tokens.weight"] = (wanted[:, 1:] != -100).sum().reshape(1)
    record("tokens", value, logits=logits)


def focal():
    logits, target = (3 * random(6, 5)).requires_grad_(), torch.randint(0, 5, (6,), generator=G)
    tensors.update({"in.focal.logits": logits, "in.focal.target": target})
    for gamma in (0.5, 2.0):
        log_p = F.log_softmax(logits, 1)[torch.arange(6), target]
        record(f"focal_{gamma}", -((1 - log_p.exp()) ** gamma * log_p).sum(), logits=logits)


def groups():
    """Rows of a group are positives of one another; projections and a learned temperature."""
    left, right = random(6, 5).requires_grad_(), random(6, 4).requires_grad_()
    w_left, w_right = random(3, 5).requires_grad_(), random(3, 4).requires_grad_()
    log_scale = torch.tensor([1.7], dtype=torch.float64).requires_grad_()
    group = torch.tensor([3, 8, 3, 5, 8, 3])
    tensors.update({"in.groups.left": left, "in.groups.right": right, "in.groups.group": group,
                    "in.groups.w_left": w_left, "in.groups.w_right": w_right, "in.groups.log_scale": log_scale})
    u, v = F.normalize(left @ w_left.T, dim=1), F.normalize(right @ w_right.T, dim=1)
    s = u @ v.T * log_scale.exp()
    positive = (group[:, None] == group[None]).double()
    positive = positive / positive.sum(1, keepdim=True)
    value = (F.cross_entropy(s, positive, reduction="sum") + F.cross_entropy(s.T, positive, reduction="sum")) / 2
    record("groups", value, left=left, right=right, w_left=w_left, w_right=w_right, log_scale=log_scale)


tokens()
focal()
groups()
save_file({k: v.detach().contiguous().clone() for k, v in tensors.items()}, os.path.join(HERE, "losses.safetensors"))
