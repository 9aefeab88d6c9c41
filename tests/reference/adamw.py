# SPDX-License-Identifier: Apache-2.0
"""Reference values for host/engine/optimizer.hpp: torch.optim.AdamW on the CPU, in float32.

    python3 tests/reference/adamw.py losses_torch.safetensors > tests/reference/adamw.json

The safetensors file is what torch 2.11 wrote for

    p = torch.randn(4, 5); optimizer = AdamW([p], lr=0.01, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1)
    for k in range(3): p.grad = gradient k; optimizer.step(); keep p
"""

import json
import struct
import sys

with open(sys.argv[1], "rb") as file:
    (length,) = struct.unpack("<Q", file.read(8))
    header = json.loads(file.read(length))
    data = file.read()


def values(name):
    begin, end = header[name]["data_offsets"]
    return list(struct.unpack(f"<{(end - begin) // 4}f", data[begin:end]))


json.dump(
    {
        "rate": 0.01,
        "beta1": 0.9,
        "beta2": 0.95,
        "eps": 1e-8,
        "weight_decay": 0.1,
        "sizes": header["in.adamw_param"]["shape"],
        "parameter": values("in.adamw_param"),
        "steps": [
            {"gradient": values(f"in.adamw_grad.{k}"), "parameter": values(f"out.adamw_param.{k}")} for k in range(3)
        ],
    },
    sys.stdout,
    indent=1,
)
