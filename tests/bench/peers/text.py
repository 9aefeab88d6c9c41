#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lines of text -> token ids: Weft against SentencePiece's Python binding and Hugging Face's tokenizers, in turn, one thread each.

    taskset -c 0 python3 tests/bench/peers/text.py build/release/bin/text_peer TEXTS FILE…

TEXTS holds one text a line; a FILE is a SentencePiece model or a tokenizer.json. Needs sentencepiece 0.2.3 and tokenizers 0.23.3,
which the project does not install. The peers are called once for each line, as Weft is, and once for all lines.
"""

import os
import statistics
import subprocess
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

import sentencepiece  # noqa: E402
import tokenizers  # noqa: E402

ROUNDS, CALLS = 9, 1


def weft(program, file, texts):
    worker = subprocess.Popen([program, file, texts], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(calls):
        worker.stdin.write(f"{calls}\n")
        worker.stdin.flush()
        return float(worker.stdout.readline().split()[0]) / calls
    return run


def timed(action):
    def run(calls):
        begun = time.perf_counter()
        for _ in range(calls):
            action()
        return (time.perf_counter() - begun) / calls
    return run


def peers(file, lines):
    if file.endswith(".json"):
        tokenizer = tokenizers.Tokenizer.from_file(file)
        tokenizer.no_truncation()
        tokenizer.no_padding()
        yield timed(lambda: [tokenizer.encode(line, add_special_tokens=False).ids for line in lines])
        yield timed(lambda: [row.ids for row in tokenizer.encode_batch_fast(lines, add_special_tokens=False)])
    else:
        processor = sentencepiece.SentencePieceProcessor(model_file=file)
        yield timed(lambda: [processor.encode(line) for line in lines])
        yield timed(lambda: processor.encode(lines, num_threads=1))


def main(program, texts, files):
    with open(texts, encoding="utf-8", newline="\n") as file:
        lines = file.read().split("\n")[:-1]
    print(f"{len(lines)} lines of {sum(map(len, lines)) / len(lines):.0f} characters, thousands a second, median of {ROUNDS} rounds")
    for file in files:
        ways = [weft(program, file, texts), *peers(file, lines)]
        for way in ways:
            way(1)
        times = [[] for _ in ways]
        for _ in range(ROUNDS):
            for way, taken in zip(ways, times):
                taken.append(way(CALLS))
        ours, single, batch = (len(lines) / statistics.median(taken) / 1e3 for taken in times)
        print(f"{os.path.basename(file):20} Weft {ours:7.1f}   peer {single:7.1f}, all at once {batch:7.1f}   "
              f"ratio {ours / single:5.2f}, {ours / batch:5.2f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
