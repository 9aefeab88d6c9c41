# SPDX-License-Identifier: Apache-2.0
"""Times text metrics against the tools whose numbers they give, on tests/data/metrics.

    python3 tests/bench/peers/metrics.py build/release/bin/metrics_peer

Needs sacrebleu 2.6.0, rouge-score 0.1.2, pycocoevalcap 1.2 and nltk 3.10.4. Both sides run REPEATS times over the same texts,
one thread each, in the processor's time; tokens of captions are given to both. Reading and making the arrays are left out.
"""
import contextlib
import io
import json
import pathlib
import subprocess
import sys
import time

from nltk.translate.meteor_score import meteor_score
from pycocoevalcap.cider.cider import Cider
from rouge_score import rouge_scorer
from sacrebleu.metrics import BLEU, CHRF

REPEATS = 20
DATA = pathlib.Path(__file__).resolve().parents[2] / "data/metrics"


class NoSynonyms:
    def synsets(self, *_):
        return []


def bleu(texts, _):
    return BLEU().corpus_score([a for a, _ in texts], [[b for _, b in texts]]).score


def chrf(texts, _):
    return CHRF().corpus_score([a for a, _ in texts], [[b for _, b in texts]]).score


def rouge(texts, _):
    scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL", "rougeLsum"])
    scores = [scorer.score(b, a)["rougeL"].fmeasure for a, b in texts]
    return sum(scores) / len(scores)


def cider(_, captions):
    with contextlib.redirect_stdout(io.StringIO()):
        return Cider().compute_score({i: r for i, (_, r) in enumerate(captions)}, {i: [c] for i, (c, _) in enumerate(captions)})[0]


def meteor(_, captions):
    scores = [meteor_score([one.split() for one in r], c.split(), wordnet=NoSynonyms()) for c, r in captions]
    return sum(scores) / len(scores)


def main():
    cases = {name: json.loads((DATA / f"{name}.json").read_text())["cases"] for name in ("text_pairs", "captions")}
    texts = [(one["candidate"], one["reference"]) for one in cases["text_pairs"]] * REPEATS
    captions = [(one["candidate_tokens"], one["reference_tokens"]) for one in cases["captions"]] * REPEATS
    ours = subprocess.run([sys.argv[1], str(REPEATS)], check=True, capture_output=True, text=True).stdout
    for line in ours.splitlines():
        name, seconds, value = line.split()
        begin = time.process_time()
        theirs = globals()[name](texts, captions)
        spent = time.process_time() - begin
        same = "same" if abs(theirs - float(value)) < 1e-3 * abs(theirs) else f"OTHER: {value} and {theirs}"
        print(f"{name:8} {float(seconds):8.3f} s  {spent:8.3f} s  {spent / float(seconds):7.1f} times  {same}")


main()
