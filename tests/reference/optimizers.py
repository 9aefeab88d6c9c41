# SPDX-License-Identifier: Apache-2.0
"""Reference values for the rules of host/engine/optimizer.hpp, in plain Python floats (float64).

    python3 tests/reference/optimizers.py > tests/reference/optimizers.json

Written from the papers' update rules, without the host's code: Lion (Chen et al. 2023, algorithm 2), Muon (Jordan
et al. 2024, with the scaling of its reference implementation) and SGD with momentum (Sutskever et al. 2013, in the
form of torch.optim.SGD). Gradients are sines, so that no random numbers have to agree.
"""

import json
import math
import sys

STEPS = 4


def gradient(step, rows, columns):
    return [[math.sin(1.7 * step + 0.9 * i - 1.3 * j * (i + 1)) for j in range(columns)] for i in range(rows)]


def start(rows, columns):
    return [[math.cos(0.8 * i + 0.5 * j) for j in range(columns)] for i in range(rows)]


def zeros(like):
    return [[0.0] * len(row) for row in like]


def each(function, *matrices):
    return [[function(*values) for values in zip(*rows)] for rows in zip(*matrices)]


def product(a, b):
    return [[sum(x * y for x, y in zip(row, column)) for column in zip(*b)] for row in a]


def transposed(a):
    return [list(column) for column in zip(*a)]


def sign(x):
    return (x > 0) - (x < 0)


def lion(theta, m, g, rate, decay, beta1, beta2):
    c = each(lambda m, g: beta1 * m + (1 - beta1) * g, m, g)
    theta = each(lambda t, c: t - rate * (sign(c) + decay * t), theta, c)
    return theta, each(lambda m, g: beta2 * m + (1 - beta2) * g, m, g)


def newton_schulz(g, iterations):
    norm = math.sqrt(sum(x * x for row in g for x in row))
    x = each(lambda v: v / max(norm, 1e-7), g)
    for _ in range(iterations):
        a = product(x, transposed(x))
        b = each(lambda p, q: -4.7750 * p + 2.0315 * q, a, product(a, a))
        x = each(lambda p, q: 3.4445 * p + q, x, product(b, x))
    return x


def muon(theta, b, g, rate, decay, momentum, nesterov, iterations):
    b = each(lambda b, g: momentum * b + (1 - momentum) * g, b, g)
    u = each(lambda b, g: (1 - momentum) * g + momentum * b, b, g) if nesterov else b
    x = newton_schulz(u, iterations)
    scale = math.sqrt(max(1, len(theta) / len(theta[0])))
    return each(lambda t, x: t - rate * decay * t - rate * scale * x, theta, x), b


def sgd(theta, b, g, rate, decay, momentum, nesterov):
    d = each(lambda t, g: g + decay * t, theta, g)
    b = d if b is None else each(lambda b, d: momentum * b + d, b, d)
    move = each(lambda d, b: d + momentum * b, d, b) if nesterov else b
    return each(lambda t, m: t - rate * m, theta, move), b


CASES = [
    ("lion", {"beta1": 0.9, "beta2": 0.99}, 0.1, (3, 5)),
    ("muon", {"momentum": 0.95, "nesterov": True, "iterations": 5}, 0.1, (3, 5)),
    ("muon", {"momentum": 0.9, "nesterov": False, "iterations": 3}, 0.0, (6, 2)),
    ("sgd", {"momentum": 0.9, "nesterov": False}, 0.1, (3, 5)),
    ("sgd", {"momentum": 0.8, "nesterov": True}, 0.0, (3, 5)),
    ("sgd", {"momentum": 0.0, "nesterov": False}, 0.1, (3, 5)),
]
cases = []
for use, rule, decay, sizes in CASES:
    theta = start(*sizes)
    case = {"use": use, **rule, "weight_decay": decay, "sizes": sizes, "parameter": sum(theta, []), "steps": []}
    kept = None if use == "sgd" else zeros(theta)
    for step in range(STEPS):
        g, rate = gradient(step, *sizes), 0.1 / (step + 1)
        theta, kept = {"lion": lion, "muon": muon, "sgd": sgd}[use](theta, kept, g, rate, decay, **rule)
        case["steps"].append({"rate": rate, "gradient": sum(g, []), "parameter": sum(theta, [])})
    cases.append(case)
json.dump(cases, sys.stdout, indent=1)
print()
