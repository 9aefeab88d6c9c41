# SPDX-License-Identifier: Apache-2.0
"""Reference values for metric.f1, from scikit-learn.

    python3 tests/reference/metrics.py          (scikit-learn 1.9, safetensors)

Writes f1.safetensors beside it: `out.<average>` is [f1, precision, recall]. Of the five classes, class 3 never occurs
and class 4 occurs only among the predictions.
"""

import os

import numpy as np
from safetensors.numpy import save_file
from sklearn.metrics import precision_recall_fscore_support

HERE = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(0)
target = rng.integers(0, 3, 40)
logits = rng.normal(size=(40, 5)).astype(np.float32)
logits[:, 3] = -9
logits[np.arange(40), target] += 1
predicted = logits.argmax(1)
assert set(predicted) == {0, 1, 2, 4} and set(target) == {0, 1, 2}


def scores(truth, guess, **how):
    precision, recall, f1, _ = precision_recall_fscore_support(truth, guess, zero_division=0, **how)
    return np.array([f1, precision, recall])


save_file({"in.logits": logits, "in.target": target.astype(np.int64),
           "out.macro": scores(target, predicted, average="macro"),
           "out.micro": scores(target, predicted, average="micro"),
           "out.binary": scores(target == 2, predicted == 2, average="binary")}, os.path.join(HERE, "f1.safetensors"))
