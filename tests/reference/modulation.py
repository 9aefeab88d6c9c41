"""Writes modulation.json: what the functions that scale gradients should give, in plain Python from the papers' formulas.

Usage: modulation.py > modulation.json. Derivatives are differences, projections are of explicit vectors, and CAGrad's weights
come from a grid, so that nothing is computed as the plug-ins do.
"""
import json
import math
import statistics


def numbers(count, seed):
    return [round(math.sin(1.7 * i + seed) + 0.5 * math.cos(0.3 * i * seed), 4) for i in range(count)]


def softmax(row):
    powers = [math.exp(x) for x in row]
    return [x / sum(powers) for x in powers]


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def gram(vectors):
    return [[dot(a, b) for b in vectors] for a in vectors]


def ogm_ge(logits, target, alpha):
    scores = [sum(softmax(row)[label] for row, label in zip(rows, target)) for rows in logits]
    ratios = [s / statistics.mean(scores[:m] + scores[m + 1:]) for m, s in enumerate(scores)]
    return {"alpha": alpha, "logits": logits, "target": target, "ratio": ratios,
            "scale": [1 - math.tanh(alpha * ratio) if ratio > 1 else 1 for ratio in ratios]}


def pcgrad(vectors):
    total = [0.0] * len(vectors[0])
    for t, vector in enumerate(vectors):
        moved = list(vector)
        for j, other in enumerate(vectors):
            if j != t and dot(moved, other) < 0:
                share = dot(moved, other) / dot(other, other)
                moved = [x - share * y for x, y in zip(moved, other)]
        total = [x + y for x, y in zip(total, moved)]
    return {"vectors": vectors, "gram": gram(vectors), "sum": total}


def cagrad(vectors, c):
    first, second = vectors
    mean = [(x + y) / 2 for x, y in zip(first, second)]
    radius = c * math.sqrt(dot(mean, mean))

    def mixed(w):
        return [w * x + (1 - w) * y for x, y in zip(first, second)]

    best = min((i / 20000 for i in range(20001)),
               key=lambda w: dot(mixed(w), mean) + radius * math.sqrt(dot(mixed(w), mixed(w))))
    along = mixed(best)
    length = math.sqrt(dot(along, along))
    return {"c": c, "vectors": vectors, "gram": gram(vectors),
            "sum": [2 * (m + radius / length * x) for m, x in zip(mean, along)]}


def gradnorm(norms, losses, alpha, lr):
    weights, scales = [1.0] * len(norms[0]), []
    for norm, loss in zip(norms, losses):
        scales.append(weights)
        fallen = [now / first for now, first in zip(loss, losses[0])]
        pace = [x / statistics.mean(fallen) for x in fallen]
        mean = statistics.mean(w * n for w, n in zip(weights, norm))
        targets = [mean * r ** alpha for r in pace]

        def apart(w):
            return sum(abs(x * n - target) for x, n, target in zip(w, norm, targets))

        moved = []
        for t, weight in enumerate(weights):
            up, down = list(weights), list(weights)
            up[t] += 1e-7
            down[t] -= 1e-7
            moved.append(max(weight - lr * (apart(up) - apart(down)) / 2e-7, 1e-4))
        weights = [len(moved) * w / sum(moved) for w in moved]
    return {"alpha": alpha, "lr": lr, "norms": norms, "losses": losses, "scales": scales}


def uncertainty(losses, lr):
    logs, scales = [0.0] * len(losses[0]), []
    for loss in losses:
        scales.append([math.exp(-s) for s in logs])

        def objective(s, value):
            return 0.5 * math.exp(-s) * value + 0.5 * s

        logs = [s - lr * (objective(s + 1e-6, value) - objective(s - 1e-6, value)) / 2e-6 for s, value in zip(logs, loss)]
    return {"lr": lr, "losses": losses, "scales": scales}


def dwa(losses, window, temperature):
    scales, count = [], len(losses[0])
    for step in range(len(losses)):
        whole = step // window
        if whole < 2:
            scales.append([1.0] * count)
            continue
        means = [[statistics.mean(loss[t] for loss in losses[w * window:(w + 1) * window]) for t in range(count)]
                 for w in (whole - 2, whole - 1)]
        powers = [math.exp(now / before / temperature) for before, now in zip(*means)]
        scales.append([count * power / sum(powers) for power in powers])
    return {"window": window, "temperature": temperature, "losses": losses, "scales": scales}


def agm(joint, without, target, alpha):
    """Lists by step."""
    seen, scales = [], []
    for both, (no_first, no_second), labels in zip(joint, without, target):
        losses = []
        for take, give in ((no_second, no_first), (no_first, no_second)):
            shares = [[0.5 * (x - y + z) for x, y, z in zip(*rows)] for rows in zip(both, give, take)]
            losses.append(statistics.mean(-math.log(softmax(row)[label]) for row, label in zip(shares, labels)))
        seen.append(losses)
        mean = [statistics.mean(one[m] for one in seen) for m in (0, 1)]
        scales.append([math.exp(alpha * min(math.exp(mean[1 - m] - mean[m]) - math.exp(losses[1 - m] - losses[m]), 10))
                       for m in (0, 1)])
    return {"alpha": alpha, "joint": joint, "without": without, "target": target, "scales": scales}


def standardise(steps):
    """Rows of one feature by step; what the buffers are after each."""
    rows, after = [], []
    for step in steps:
        rows += step
        after.append([statistics.fmean(rows), statistics.pvariance(rows)])
    return {"steps": steps, "after": after}


def table(rows, columns, seed):
    flat = numbers(rows * columns, seed)
    return [flat[i * columns:(i + 1) * columns] for i in range(rows)]


print(json.dumps({
    "ogm_ge": ogm_ge([table(4, 3, 1), table(4, 3, 2), table(4, 3, 5)], [0, 2, 1, 1], 0.7),
    "pcgrad": [pcgrad([[1, 2, 0.5], [-2, 0.5, 0.1]]), pcgrad([[1, 2, 0.5], [2, 0.5, 0.1]])],
    "cagrad": cagrad([[1, 2, 0.5], [-0.4, 0.5, 0.1]], 0.4),
    "gradnorm": gradnorm([[1.0, 3.0], [1.2, 2.5], [0.8, 2.0], [0.9, 1.5]], [[2.0, 1.0], [1.5, 0.9], [1.4, 0.5], [1.2, 0.4]], 1.5, 0.05),
    "uncertainty": uncertainty([[2.0, 0.5], [1.5, 0.4], [1.2, 0.6]], 0.1),
    "dwa": dwa([[2.0, 1.0], [1.8, 0.9], [1.5, 0.9], [1.2, 0.8], [1.1, 0.5], [1.0, 0.4], [0.9, 0.4]], 2, 1.5),
    "agm": agm([table(2, 3, 1), table(2, 3, 2)], [[table(2, 3, 3), table(2, 3, 4)], [table(2, 3, 5), table(2, 3, 6)]],
               [[0, 2], [1, 1]], 0.8),
    "standardise": standardise([[1.0, 4.0, -2.0], [0.5, 3.0], [10.0, 11.0, 9.0, 8.0]]),
}, indent=1))
