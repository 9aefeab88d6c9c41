"""Writes paired.json: intervals and p values of paired differences by scipy, Holm by its definition. Needs numpy and scipy.

Usage: python3 paired.py > paired.json
"""
import json

import numpy
from scipy import stats


def over_rows(seed, rows, shift, is_binary):
    random = numpy.random.default_rng(seed)
    first = random.normal(size=rows)
    other = first + random.normal(loc=shift, size=rows)
    if is_binary:
        first, other = (first > 0).astype(float), (other > 0).astype(float)
    first, other = first.round(4), other.round(4)
    found = stats.bootstrap((other - first,), numpy.mean, n_resamples=100_000, method="percentile", random_state=1)
    return {"first": first.tolist(), "other": other.tolist(), "difference": float(numpy.mean(other - first)),
            "low": float(found.confidence_interval.low), "high": float(found.confidence_interval.high),
            "error": float(found.standard_error)}


def over_seeds(first, other):
    found = stats.ttest_ind(other, first, equal_var=False)
    interval = found.confidence_interval(0.95)
    return {"first": first, "other": other, "error": float(numpy.hypot(stats.sem(first), stats.sem(other))), "degrees": float(found.df),
            "p": float(found.pvalue), "low": float(interval.low), "high": float(interval.high)}


def holm(p):
    """Holm 1979: the smallest p times m, the next times m - 1, never below the one before."""
    order = numpy.argsort(p)
    adjusted = numpy.minimum(1, numpy.maximum.accumulate((len(p) - numpy.arange(len(p))) * numpy.array(p)[order]))
    return {"p": p, "adjusted": adjusted[numpy.argsort(order)].tolist()}


print(json.dumps({
    "rows": [over_rows(1, 80, 0.2, False), over_rows(2, 150, 0.0, True), over_rows(3, 60, 0.5, True)],
    "seeds": [over_seeds([0.81, 0.84, 0.79], [0.86, 0.85, 0.83]), over_seeds([0.81, 0.84, 0.79, 0.8], [0.9, 0.87, 0.83, 0.88]),
              over_seeds([0.81, 0.84, 0.79], [0.86, 0.85, 0.83, 0.9, 0.81])],
    "holm": [holm([0.01, 0.04, 0.03, 0.005]), holm([0.2]), holm([0.5, 0.6, 0.01])],
    "normal": {str(p): float(stats.norm.ppf(p)) for p in (0.001, 0.025, 0.5, 0.8, 0.975, 0.9995)}}, indent=1))
